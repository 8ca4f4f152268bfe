"""Dropout that draws from a generator of its own, so that a run can be resumed bit for bit.

`torch.nn.Dropout` draws from the process's global state: whatever else draws from it changes the weights.
"""

import torch

__all__ = ["Dropout", "generators"]


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
        keep = 1.0 - self.rate
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).mul_(1.0 / keep)


def generators(module: torch.nn.Module) -> dict[str, torch.Generator]:
    """Every generator that `module` draws from in training, by the name of the first layer that draws from it."""
    found: dict[str, torch.Generator] = {}
    for name, part in module.named_modules():
        if isinstance(part, Dropout) and all(part.generator is not known for known in found.values()):
            found[name] = part.generator
    return found
