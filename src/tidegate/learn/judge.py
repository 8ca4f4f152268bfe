"""Judge: the mean loss over some windows, with dropout off; it draws nothing and changes nothing."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch

from tidegate.learn.device import lower
from tidegate.learn.ground import Facts
from tidegate.learn.ranks import Ranks
from tidegate.types.axes import IntArray

__all__ = ["Hear", "Judge"]

_LARGE = 1024

Hear: TypeAlias = Callable[[torch.nn.Module, torch.Tensor, torch.Tensor], None]


class Judge:
    """Mean losses of one module as it is when asked; several ranks share the work and hear the same number."""

    def __init__(self, module: torch.nn.Module, facts: Facts, precision: str, ranks: Ranks) -> None:
        self.module, self.facts, self.precision, self.ranks = module, facts, precision, ranks

    def mean(self, which: IntArray, hear: "Hear | None" = None) -> float | None:
        """Mean loss over the windows at positions `which`; None without windows, or where none counts.

        `hear` is called after each forward pass, with the module, what it said and the targets.
        """
        if not which.size:
            return None
        training = self.module.training
        if training:
            self.module.eval()
        parts = self.facts.cut(which, _LARGE)
        sums = torch.zeros(len(parts), dtype=torch.float64, device=self.facts.device)
        gather = self.facts.ground.gather
        with torch.no_grad():
            for at in self.ranks.mine(len(parts)):
                held = gather.admit(parts[at])
                x, c = gather.batch(held)
                with lower(self.facts.device, self.precision):
                    score = self.module(x, c)
                facts = self.facts.of(held)
                sums[at] = self.facts.loss.value(score.float(), *facts)
                if hear is not None:
                    hear(self.module, score, facts.target)
            self.ranks.add(sums)
        if training:
            self.module.train()
        masses = [self.facts.mass(part) for part in parts]
        return float(np.average(sums.cpu().numpy(), weights=masses)) if any(masses) else None
