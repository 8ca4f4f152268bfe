"""What dropout draws: a Mersenne twister in two compiled loops, draw for draw that of `torch.Generator`.

Torch's own ``bernoulli_`` with a generator takes some 10 nanoseconds an element; here the same numbers come in two. Of
every two words of 32 bits the first gives the upper bits, and an element is kept where their lower 53 bits, as a
fraction, are below the chance.

Source
    Matsumoto & Nishimura (1998), MT19937; the mapping is that of torch's ``uniform_real_distribution<double>``.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.compiling import keep

__all__ = ["Noise"]

_WORDS, _AHEAD = 624, 397
_UPPER, _LOWER, _TWIST = np.uint32(0x80000000), np.uint32(0x7FFFFFFF), np.uint32(0x9908B0DF)
_FRACTION = 1 << 53


class Noise:
    """A generator with its own state; one seed gives the same draws on every machine.

    >>> source = Noise(1)
    >>> source.kept((4,), 0.5, torch.zeros(())).tolist() == source.manual_seed(1).kept(
    ...     (4,), 0.5, torch.zeros(())
    ... ).tolist()
    True
    """

    def __init__(self, seed: int) -> None:
        self._state, self._words = np.empty(_WORDS, np.uint32), np.empty(_WORDS, np.uint32)
        self._next = _WORDS
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> "Noise":
        """Begin anew; of the seed the lower 32 bits count, as in torch."""
        _sow(self._state, np.uint32(seed & 0xFFFFFFFF))
        self._next = _WORDS
        return self

    def kept(self, shape: tuple[int, ...], keep: float, like: torch.Tensor) -> torch.Tensor:
        """Draw factors for elements of `shape`: ``1 / keep`` with the chance `keep`, else zero; alike to `like`."""
        kind = np.float64 if like.dtype == torch.float64 else np.float32
        drawn = np.empty(shape, kind)
        limit = np.uint64(math.ceil(keep * _FRACTION))
        self._next = _draw(self._state, self._words, self._next, limit, kind(1.0 / keep), drawn.reshape(-1))
        factors = torch.from_numpy(drawn)
        alike = like.is_cpu and factors.dtype == like.dtype
        return factors if alike else factors.to(like.device, like.dtype)


def _compiled(function: Any) -> Any:
    return keep(function, Path(__file__).parent, error_model="numpy", nogil=True)


@_compiled
def _sow(state: NDArray[np.uint32], seed: Any) -> None:
    """Fill the state from a seed."""
    state[0] = seed
    for i in range(1, _WORDS):
        state[i] = np.uint32(1812433253) * (state[i - 1] ^ (state[i - 1] >> np.uint32(30))) + np.uint32(i)


@_compiled
def _turn(s: NDArray[np.uint32], words: NDArray[np.uint32]) -> None:
    """Go on to the next 624 words: twist the state, then temper it into `words`."""
    for i in range(_WORDS - _AHEAD):
        y = (s[i] & _UPPER) | (s[i + 1] & _LOWER)
        s[i] = s[i + _AHEAD] ^ (y >> np.uint32(1)) ^ (np.uint32(0) - (y & np.uint32(1))) & _TWIST
    for i in range(_WORDS - _AHEAD, _WORDS - 1):
        y = (s[i] & _UPPER) | (s[i + 1] & _LOWER)
        s[i] = s[i + _AHEAD - _WORDS] ^ (y >> np.uint32(1)) ^ (np.uint32(0) - (y & np.uint32(1))) & _TWIST
    y = (s[_WORDS - 1] & _UPPER) | (s[0] & _LOWER)
    s[_WORDS - 1] = s[_AHEAD - 1] ^ (y >> np.uint32(1)) ^ (np.uint32(0) - (y & np.uint32(1))) & _TWIST
    for i in range(_WORDS):
        y = s[i]
        y ^= y >> np.uint32(11)
        y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
        y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
        words[i] = y ^ (y >> np.uint32(18))


@_compiled
def _draw(
    state: NDArray[np.uint32], words: NDArray[np.uint32], at: int, limit: Any, scale: Any, out: NDArray[Any]
) -> int:
    """Fill `out` with `scale` and zeros from two words each, from word `at` on; returns where it has come to."""
    done = 0
    while done < out.size:
        if at == words.size:
            _turn(state, words)
            at = 0
        count = min((words.size - at) // 2, out.size - done)
        for j in range(count):
            upper, lower = words[at + 2 * j], words[at + 2 * j + 1]
            drawn = (np.uint64(upper & np.uint32(0x1FFFFF)) << np.uint64(32)) | np.uint64(lower)
            out[done + j] = scale if drawn < limit else out.dtype.type(0)
        at += 2 * count
        done += count
    return at
