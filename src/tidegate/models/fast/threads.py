"""Tiles over plain threads.

Compiled kernels release the interpreter's lock, so plain threads are enough, and safer than the compiler's own parallel
loops, whose layers of threads clash with those of a BLAS. Between two calls a thread is back in Python, where Ctrl-C is
heard. Which thread takes which tile is left to chance; nothing may depend on it.

To wake a thread takes some fifty microseconds, and to call a kernel a few: so tiles are handed out in runs that are
worth it, and a batch that is one run is done where it is.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache

__all__ = ["spread"]

_WORTH = 16_000_000  # multiply-adds: some 0.4 milliseconds


@cache
def _helpers(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="tidegate-tile")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # a child has none of its parent's threads


def spread(work: Callable[[int, int], None], items: int, cost: int | None, threads: int) -> None:
    """Call ``work(first, last)`` for runs of items, by at most `threads` threads, the caller's own among them.

    A run has so many items of `cost` multiply-adds each as are worth a call; one item, where the cost is not known.
    Where one call raises, no further one is begun, and the error is raised here once all threads have stopped.

    >>> done = []
    >>> spread(lambda first, last: done.append((first, last)), 3, cost=100_000_000, threads=2)
    >>> spread(lambda first, last: done.append((first, last)), 3, cost=100, threads=2)
    >>> sorted(done)
    [(0, 1), (0, 3), (1, 2), (2, 3)]
    """
    calls = items if cost is None else min(max(items * cost // _WORTH, 1), items)
    left = iter([(call * items // calls, (call + 1) * items // calls) for call in range(calls)])
    helpers = min(threads, calls) - 1
    if helpers < 1:
        _toil(work, left)
        return
    pool = _helpers(threads - 1)
    given: list[Future[None]] = [pool.submit(_toil, work, left) for _ in range(helpers)]
    try:
        _toil(work, left)
    finally:
        wait(given)
    for future in given:
        future.result()


def _toil(work: Callable[[int, int], None], left: Iterator[tuple[int, int]]) -> None:
    try:
        for first, last in left:
            work(first, last)
    except BaseException:
        for _ in left:
            pass
        raise
