"""Dropout that draws from a generator of its own, so that a run can be resumed bit for bit.

`torch.nn.Dropout` draws from the process's global state: whatever else draws from it changes the weights. What is drawn
is drawn where the generator lives and then taken to the device, so that every device drops the same.
"""

import torch

__all__ = ["Dropout", "WindowDropout", "generators"]


class Dropout(torch.nn.Module):
    """Drop a share of the elements in training and scale the rest by ``1 / (1 - rate)``; pass all of them otherwise.

    Source
        Srivastava et al. (2014), inverted form.

    >>> layer = Dropout(0.5, torch.Generator().manual_seed(1))
    >>> sorted(set(layer(torch.ones(1000)).tolist()))
    [0.0, 2.0]
    >>> layer.eval()(torch.ones(2)).tolist()
    [1.0, 1.0]
    """

    def __init__(self, rate: float, generator: torch.Generator) -> None:
        super().__init__()
        self.rate = rate
        self.generator = generator

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Draw a new mask for `x` of any shape."""
        if not self.training or self.rate == 0.0:
            return x
        return x * _kept(x.shape, self.rate, self.generator, x)


class WindowDropout(torch.nn.Module):
    """Draw once per window which units are dropped, to be dropped at every one of its steps.

    Source
        Gal & Ghahramani (2016), as Keras does it; inverted form.

    >>> layer = WindowDropout(0.5, torch.Generator().manual_seed(1))
    >>> sorted(set(layer(torch.ones(100, 5, 3), 8).flatten().tolist()))
    [0.0, 2.0]
    >>> layer.eval()(torch.ones(100, 5, 3), 8) is None
    True
    """

    def __init__(self, rate: float, generator: torch.Generator) -> None:
        super().__init__()
        self.rate = rate
        self.generator = generator

    def forward(self, like: torch.Tensor, units: int) -> torch.Tensor | None:
        """Return factors ``[B, units]`` for the windows `like`, or None where nothing is dropped."""
        if not self.training or self.rate == 0.0:
            return None
        return _kept((like.shape[0], units), self.rate, self.generator, like)


def _kept(shape: tuple[int, ...], rate: float, generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    keep = 1.0 - rate
    drawn = torch.empty(shape, dtype=like.dtype, device=generator.device).bernoulli_(keep, generator=generator)
    return drawn.mul_(1.0 / keep).to(like.device)


def generators(module: torch.nn.Module) -> dict[str, torch.Generator]:
    """Every generator that `module` draws from in training, by the name of the first layer that draws from it."""
    found: dict[str, torch.Generator] = {}
    for name, part in module.named_modules():
        drawing = isinstance(part, (Dropout, WindowDropout))
        if drawing and all(part.generator is not known for known in found.values()):
            found[name] = part.generator
    return found
