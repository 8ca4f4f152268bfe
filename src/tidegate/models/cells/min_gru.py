"""The minimal GRU (Feng et al. 2024): an update gate and a candidate that see the input alone."""

from typing import TYPE_CHECKING, Any, ClassVar

from tidegate.models.cells.base import State, Weights
from tidegate.models.cells.mixing import Mixing, log_positive, positive

if TYPE_CHECKING:
    import torch

__all__ = ["MinGRU"]


class MinGRU(Mixing):
    """The minimal GRU, with state ``(h,)`` and output ``h``.

    ``z = σ(W x + b)``, ``n = g(W x + b)``, ``h' = (1 - z) h + z n``, with ``g(a) = a + ½`` above zero, ``σ(a)`` below.

    Shapes
        kernel ``[2H, F]``, bias ``[2H]``; blocks in the order z, n.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Feng, Tung, Ahmed, Bengio & Hajimirsadeghi (2024), in the form that has a scan in log space; h starts at zero
        here, at ½ there.

    >>> import torch
    >>> cell, x = MinGRU(hidden=3), torch.ones(2, 5, 4)
    >>> weights = cell.draw(4, torch.Generator().manual_seed(1))
    >>> at_once, by_steps = (cell.but(form=form).run(weights, x, cell.start(2, x)) for form in ("torch", "plain"))
    >>> torch.allclose(at_once.outputs, by_steps.outputs)
    True
    """

    name: ClassVar[str] = "min-gru"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    @property
    def gates(self) -> tuple[str, ...]:
        """Update gate, candidate."""
        return ("update", "candidate")

    def shares(self, sums: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """``log (1 - z)`` and ``log z + log n``."""
        import torch

        z, n = sums.chunk(2, dim=-1)
        keep = torch.nn.functional.logsigmoid(-z)
        return keep, torch.nn.functional.logsigmoid(z) + log_positive(n)

    def step(
        self,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        noise: "torch.Tensor | None" = None,  # noqa: ARG002 - there is no recurrent product
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        z, n = (self.product(x, weights["kernel"]) + weights["bias"]).chunk(2, dim=1)
        z = z.sigmoid()
        h = (1.0 - z) * state[0] + z * positive(n)
        return h, (h,)
