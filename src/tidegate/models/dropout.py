"""Dropout that draws from a generator of its own, so that a run can be resumed bit for bit.

`torch.nn.Dropout` draws from the process's global state: whatever else draws from it changes the weights. What is drawn
is drawn on the processor and then taken to the device, so that every device drops the same.
"""

import torch

from tidegate.models.noise import Noise

__all__ = ["Dropout", "WindowDropout", "generators"]


class Dropout(torch.nn.Module):
    """Drop a share of the elements in training and scale the rest by ``1 / (1 - rate)``; pass all of them otherwise.

    Source
        Srivastava et al. (2014), inverted form.

    >>> layer = Dropout(0.5, Noise(1))
    >>> sorted(set(layer(torch.ones(1000)).tolist()))
    [0.0, 2.0]
    >>> layer.eval()(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, rate: float, generator: Noise) -> None:
        super().__init__()
        self.rate = rate
        self.generator = generator

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Draw a new mask for `x` of any shape."""
        drawn = self.drawn(x) if self.training else None
        return x if drawn is None else x * drawn

    def drawn(self, x: torch.Tensor) -> torch.Tensor | None:
        """Draw what `x` is multiplied by in training; None where nothing is dropped."""
        return None if self.rate == 0.0 else self.generator.kept(tuple(x.shape), 1.0 - self.rate, x)


class WindowDropout(torch.nn.Module):
    """Draw once per window which units are dropped, to be dropped at every one of its steps.

    Source
        Gal & Ghahramani (2016), as Keras does it; inverted form.

    >>> layer = WindowDropout(0.5, Noise(1))
    >>> sorted(set(layer(torch.ones(100, 5, 3), 8).flatten().tolist()))
    [0.0, 2.0]
    >>> layer.eval()(torch.ones(100, 5, 3), 8) is None
    True
    """

    def __init__(self, rate: float, generator: Noise) -> None:
        super().__init__()
        self.rate = rate
        self.generator = generator

    def forward(self, like: torch.Tensor, units: int) -> torch.Tensor | None:
        """Return factors ``[B, units]`` for the windows `like`, or None where nothing is dropped."""
        return self.drawn(like, units) if self.training else None

    def drawn(self, like: torch.Tensor, units: int) -> torch.Tensor | None:
        """Draw the factors of training."""
        return None if self.rate == 0.0 else self.generator.kept((like.shape[0], units), 1.0 - self.rate, like)


def generators(module: torch.nn.Module) -> dict[str, Noise]:
    """Every generator that `module` draws from in training, by the name of the first layer that draws from it."""
    found: dict[str, Noise] = {}
    for name, part in module.named_modules():
        drawing = isinstance(part, (Dropout, WindowDropout))
        if drawing and all(part.generator is not known for known in found.values()):
            found[name] = part.generator
    return found
