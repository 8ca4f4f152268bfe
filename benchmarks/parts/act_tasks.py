"""Two tasks of Graves (2016), drawn anew for every batch: parity of a vector, and sums of numbers written in digits.

parity     one time step: of n places, k (uniform among 1 … n) hold -1 or 1, the others 0; told is whether the count of
           ones is odd. Difficulty: k.
addition   a sequence of numbers of 1 … d digits, each digit a one-hot block of ten, the lowest digit first; told at
           every step after the first is the sum so far, as d + 1 digits of eleven classes, the last being "no digit".
           Difficulty of a step: digits of its number.
"""

from typing import NamedTuple

import torch

__all__ = ["Addition", "Drawn", "Parity"]


class Drawn(NamedTuple):
    """A batch: inputs ``[B, L, F]``, classes told ``[B, L, D]`` (-1 where nothing is), difficulty ``[B, L]``."""

    x: torch.Tensor
    told: torch.Tensor
    difficulty: torch.Tensor


class Parity(NamedTuple):
    """Parity of the ones among `size` places."""

    size: int

    @property
    def features(self):
        """Inputs per step."""
        return self.size

    @property
    def answer(self):
        """Number of answers per step, and of classes per answer."""
        return 1, 2

    def draw(self, batch, generator):
        """Draw a batch from `generator`."""
        count = torch.randint(1, self.size + 1, (batch, 1), generator=generator)
        order = torch.rand(batch, self.size, generator=generator).argsort(dim=1)
        sign = torch.randint(0, 2, (batch, self.size), generator=generator) * 2.0 - 1.0
        x = torch.where(order < count, sign, 0.0)
        told = (x == 1).sum(dim=1) % 2
        return Drawn(x[:, None], told[:, None, None], count.double())


class Addition(NamedTuple):
    """Sums so far of `length` numbers of up to `digits` digits."""

    digits: int
    length: int

    @property
    def features(self):
        """Inputs per step."""
        return 10 * self.digits

    @property
    def answer(self):
        """Number of answers per step, and of classes per answer."""
        return self.digits + 1, 11

    def draw(self, batch, generator):
        """Draw a batch from `generator`."""
        shape = (batch, self.length)
        digits = torch.randint(1, self.digits + 1, shape, generator=generator)
        low = 10 ** (digits - 1) * (digits > 1)
        number = low + (torch.rand(shape, generator=generator, dtype=torch.float64) * (10**digits - low)).long()
        places = 10 ** torch.arange(self.digits)
        written = torch.nn.functional.one_hot(number[..., None] // places % 10, 10).float()
        written[torch.arange(self.digits) >= digits[..., None]] = 0.0
        total = number.cumsum(dim=1)[..., None]
        places = 10 ** torch.arange(self.digits + 1)
        told = torch.where((total >= places) | (places == 1), total // places % 10, 10)
        told[:, 0] = -1
        return Drawn(written.flatten(2), told, digits.double())
