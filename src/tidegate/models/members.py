"""The module behind `Ensemble`: its members side by side, and what their training scores were."""

import torch

__all__ = ["GRADES", "Members"]

GRADES = 1001


class Members(torch.nn.Module):
    """Members of an ensemble; forward gives the mean of their outputs.

    With `graded`, buffers keep quantiles of training scores, in the network's unit, at evenly spaced shares:
    ``grades [members, GRADES]`` of each member, ``together [GRADES]`` of all.
    """

    grades: torch.Tensor
    together: torch.Tensor

    def __init__(self, modules: list[torch.nn.Module], *, graded: bool) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(modules)
        self.graded = graded
        if graded:
            self.register_buffer("grades", torch.zeros(len(modules), GRADES, dtype=torch.float64))
            self.register_buffer("together", torch.zeros(GRADES, dtype=torch.float64))

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        """Windows ``[B, L, F]`` and context ``[B, C]`` → the mean outputs ``[B, O]``."""
        total: torch.Tensor = self.members[0](x, c)
        for member in self.members[1:]:
            total = total + member(x, c)
        return total / len(self.members)
