"""The module behind `ScrambledAxes`: a reshaping, then the network that it is done to."""

import torch

__all__ = ["Scrambled"]


class Scrambled(torch.nn.Module):
    """``inner(x.reshape(B, rows, columns), c)``."""

    def __init__(self, inner: torch.nn.Module, rows: int, columns: int) -> None:
        super().__init__()
        self.inner, self.rows, self.columns = inner, rows, columns

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        """Windows ``[B, L, F]`` and context ``[B, C]`` → the inner network's outputs ``[B, O]``."""
        said: torch.Tensor = self.inner(x.reshape(x.shape[0], self.rows, self.columns), c)
        return said
