"""The module behind `Pooled`: its members side by side, and which group each of them speaks for."""

import torch

__all__ = ["NOBODY", "Routed"]

NOBODY = -1.0
"""Number of a group in the table where no group has that member."""


class Routed(torch.nn.Module):
    """One member a group, the last one for the rest; forward asks each window's own.

    The buffer `codes` ``[groups]`` holds the number of each member's group, `NOBODY` where it has none.
    """

    codes: torch.Tensor

    def __init__(self, modules: list[torch.nn.Module]) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(modules)
        self.register_buffer("codes", torch.full((len(modules) - 1,), NOBODY))

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        """Windows ``[B, L, F]`` and context ``[B, 1 + C]``, the group's number first → scores ``[B, outputs]``."""
        rest = len(self.members) - 1
        hit = c[:, :1] == self.codes
        place = torch.where(hit.any(dim=1), hit.int().argmax(dim=1), rest)
        made: torch.Tensor | None = None
        for at, member in enumerate(self.members):
            rows = torch.nonzero(place == at).squeeze(1)
            if not rows.numel():
                continue
            said = member(x.index_select(0, rows), c.index_select(0, rows)[:, 1:])
            made = said.new_zeros(x.shape[0], said.shape[1]) if made is None else made
            made = made.index_copy(0, rows, said)
        assert made is not None
        return made
