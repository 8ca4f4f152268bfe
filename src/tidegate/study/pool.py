"""Jobs in processes of their own, started by spawn: one thread each, so that a result never depends on how many run.

A worker ends by itself when its parent is gone, however the parent ended; what it had computed is kept by its stages.
"""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from tidegate.study.fitting import Job, perform
from tidegate.study.progress import Event, Tell

__all__ = ["perform_all"]

_channel: "list[SimpleQueue[Event | None]]" = []


def perform_all(jobs: Sequence[Job], root: Path, processes: int, tell: Tell) -> list[str]:
    """Perform every job, at most `processes` at a time; returns the forecast keys in the order of the jobs.

    Ctrl-C (or the first failure) stops handing out work; running fits keep their last checkpoint.
    """
    if processes <= 1 or len(jobs) <= 1:
        return [perform(job, root, tell) for job in jobs]
    context = get_context("spawn")
    queue: SimpleQueue[Event | None] = context.SimpleQueue()
    listener = threading.Thread(target=_listen, args=(queue, tell), daemon=True)
    listener.start()
    pool = ProcessPoolExecutor(
        min(processes, len(jobs)), mp_context=context, initializer=_begin, initargs=(queue, os.getpid())
    )
    futures: list[Future[str]] = []
    try:
        futures = [pool.submit(_work, job, root) for job in jobs]
        wait(futures, return_when=FIRST_EXCEPTION)
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=all(future.done() for future in futures), cancel_futures=True)
        queue.put(None)
        listener.join(timeout=2)


def _listen(queue: "SimpleQueue[Event | None]", tell: Tell) -> None:
    while (event := queue.get()) is not None:
        tell(event)


def _begin(queue: "SimpleQueue[Event | None]", parent: int) -> None:
    _channel.append(queue)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def _work(job: Job, root: Path) -> str:
    return perform(job, root, _channel[0].put)
