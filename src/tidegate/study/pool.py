"""Jobs in processes of their own, started by spawn: one thread each, so that a result never depends on how many run.

A worker ends by itself when its parent is gone, however the parent ended; what it had computed is kept by its stages.
"""

import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from tidegate.errors import TidegateError
from tidegate.study.fitting import Job, perform
from tidegate.study.progress import Event, Tell
from tidegate.study.worker import begin, tell

__all__ = ["perform_all"]

_LOOK_SECONDS = 0.5
_FIRST = "reading windows; the first fit after an installation compiles its kernels"


def perform_all(jobs: Sequence[Job], root: Path, processes: int, hear: Tell) -> list[str]:
    """Perform every job, at most `processes` at a time; returns the forecast keys in the order of the jobs.

    Ctrl-C (or the first failure) stops handing out work; running fits keep their last checkpoint. Raises
    `TidegateError` where a worker was ended from outside.
    """
    if processes <= 1 or len(jobs) <= 1:
        return [_begun(job, root, hear) for job in jobs]
    context = get_context("spawn")
    queue: SimpleQueue[Event | None] = context.SimpleQueue()
    far, near = context.Pipe(duplex=False)
    listener = threading.Thread(target=_listen, args=(queue, hear), daemon=True)
    listener.start()
    pool = ProcessPoolExecutor(
        min(processes, len(jobs)), mp_context=context, initializer=begin, initargs=(queue, far, os.getpid())
    )
    try:
        futures = _submit(pool, jobs, root)
        _await(futures)
        keys = [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise TidegateError(
            "a process that fitted a model was ended from outside",
            hint="what was computed is kept: run the same again, with fewer jobs where memory ran out; a script of "
            'your own needs its work below `if __name__ == "__main__":`',
        ) from error
    finally:
        near.close()
        far.close()
        pool.shutdown(wait=True, cancel_futures=True)
    queue.put(None)
    listener.join(timeout=2)
    return keys


def _submit(pool: ProcessPoolExecutor, jobs: Sequence[Job], root: Path) -> list[Future[str]]:
    """Hand all jobs out; workers start with Ctrl-C blocked, so that none dies of it while it is still loading."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return [pool.submit(_work, job, root) for job in jobs]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _await(futures: Sequence[Future[str]]) -> None:
    """Wait for all, or for the first failure; looking up now and then, since a signal may wake another thread."""
    waiting = True
    while waiting:
        done, rest = wait(futures, timeout=_LOOK_SECONDS, return_when=FIRST_EXCEPTION)
        waiting = bool(rest) and not any(future.exception() for future in done)


def _listen(queue: "SimpleQueue[Event | None]", hear: Tell) -> None:
    while (event := queue.get()) is not None:
        hear(event)


def _work(job: Job, root: Path) -> str:
    return _begun(job, root, tell)


def _begun(job: Job, root: Path, hear: Tell) -> str:
    """Say that a job has begun before it has a step to show: kernels may be compiled first, which takes a minute."""
    hear(Event("step", job.title, note=_FIRST if job.member == "model" else "reading windows"))
    return perform(job, root, hear)
