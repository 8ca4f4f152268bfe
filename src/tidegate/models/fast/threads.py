"""Tiles over plain threads.

Compiled kernels release the interpreter's lock, so plain threads are enough, and safer than the compiler's own parallel
loops, whose layers of threads clash with those of a BLAS. Between two tiles a thread is back in Python, where Ctrl-C is
heard. Which thread takes which tile is left to chance; nothing may depend on it.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache

__all__ = ["spread"]


@cache
def _helpers(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="tidegate-tile")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # a child has none of its parent's threads


def spread(work: Callable[[int], None], items: int, threads: int) -> None:
    """Call ``work(item)`` for every item, by at most `threads` threads, the caller's own among them.

    Where one call raises, no further item is begun, and the error is raised here once all threads have stopped.

    >>> done = []
    >>> spread(done.append, 5, threads=2)
    >>> sorted(done)
    [0, 1, 2, 3, 4]
    """
    left = iter(range(items))
    helpers = min(threads, items) - 1
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


def _toil(work: Callable[[int], None], left: Iterator[int]) -> None:
    try:
        for item in left:
            work(item)
    except BaseException:
        for _ in left:
            pass
        raise
