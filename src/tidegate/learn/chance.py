"""Randomness, always explicit: a generator is named by a seed, a purpose and, where it recurs, a count.

The order of the data in epoch *e* is a function of (seed, e) alone, so a resumed run sees what it would have seen.
"""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from tidegate.types.axes import IntArray

if TYPE_CHECKING:
    import torch

__all__ = ["chance", "noise_seed", "order", "weights_generator"]


def _entropy(seed: int, purpose: str, count: int = 0) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}/{count}".encode()).digest()[:8], "little")


def chance(seed: int, purpose: str, count: int = 0) -> np.random.Generator:
    """Make the generator of one purpose, the same wherever and whenever it is asked for.

    >>> bool(chance(1, "dates", 3).integers(99) == chance(1, "dates", 3).integers(99))
    True
    """
    return np.random.Generator(np.random.PCG64(_entropy(seed, purpose, count)))


def weights_generator(seed: int) -> "torch.Generator":
    """Return the generator that a network's first weights, and the seed of its dropout, are drawn from."""
    import torch

    return torch.Generator().manual_seed(_entropy(seed, "weights") >> 1)


def order(which: IntArray, seed: int, epoch: int) -> IntArray:
    """Shuffle the training windows for one epoch.

    >>> a, b = order(np.arange(5), 1, 0), order(np.arange(5), 1, 1)
    >>> bool((a == order(np.arange(5), 1, 0)).all()), bool((a == b).all())
    (True, False)
    """
    return chance(seed, "order", epoch).permutation(which)


def noise_seed(seed: int, layer: str, step: int, part: int) -> int:
    """Name what dropout draws for one part of one step's batch; torch's generator takes 32 bits of it."""
    return _entropy(seed, f"noise/{layer}/{part}", step) >> 1
