"""Memory that is used again: fresh pages cost more to get than the numbers put into them cost to compute.

A buffer is an array whose memory goes back to the pool when the last view of it is gone, wherever that happens: in a
tensor that a graph has kept, or in an output that a caller holds. So nobody has to say when a buffer is free.
"""

import math
import threading
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Pool", "pool"]

_LINE = 64
_SMALLEST = 1 << 12
_MOST = 1 << 29


class _Lease:
    """A block on loan, speaking NumPy's array protocol."""

    def __init__(self, owner: "Pool", block: "_Block") -> None:
        self.owner, self.block = owner, block
        self.__array_interface__ = block.told

    def __del__(self) -> None:
        self.owner.give_back(self.block)


class _Block(NamedTuple):
    """Bytes that belong to the pool, and what NumPy's protocol tells of them, which takes longer than to use it."""

    held: NDArray[np.uint8]
    told: dict[str, Any]


class Pool:
    """Blocks of memory by size; keeps at most `most` bytes that nobody uses.

    >>> pool = Pool()
    >>> first = pool.take((100, 100), np.float32)
    >>> where = first.ctypes.data
    >>> del first
    >>> pool.take((100, 100), np.float32).ctypes.data == where
    True
    """

    def __init__(self, most: int = _MOST) -> None:
        self.most, self.kept = most, 0
        self.free: dict[int, list[_Block]] = {}
        self.lock = threading.RLock()  # an array may die, and come back here, while its own thread is inside

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return an array with undefined numbers, its first one at the start of a cache line."""
        kind = np.dtype(dtype)
        count = math.prod(shape)
        size = _rounded(max(count * kind.itemsize, _SMALLEST))
        with self.lock:
            held = self.free.get(size)
            block = held.pop() if held else None
            if block is not None:
                self.kept -= size
        if block is None:
            raw = np.empty(size + _LINE, np.uint8)
            start = -raw.ctypes.data % _LINE
            held_bytes = raw[start : start + size]
            block = _Block(held_bytes, held_bytes.__array_interface__)
        return np.ndarray(shape, kind, np.asarray(_Lease(self, block)))

    def give_back(self, block: _Block) -> None:
        """Keep a block for later, or let it go where enough is kept."""
        with self.lock:
            size = block.held.size
            if self.kept + size <= self.most:
                self.kept += size
                self.free.setdefault(size, []).append(block)


def _rounded(size: int) -> int:
    """Round up to an eighth of the power of two below, so that alike sizes share their blocks."""
    step = max(1 << (size.bit_length() - 4), 1)
    return -(-size // step) * step


@cache
def pool() -> Pool:
    """Return the pool of this process."""
    return Pool()
