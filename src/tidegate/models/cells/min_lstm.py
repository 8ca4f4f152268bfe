"""The minimal LSTM (Feng et al. 2024): two gates that see the input alone and share one unit between them."""

from typing import TYPE_CHECKING, Any, ClassVar

from tidegate.models.cells.base import State, Weights
from tidegate.models.cells.mixing import Mixing, log_positive, positive

if TYPE_CHECKING:
    import torch

__all__ = ["MinLSTM"]


class MinLSTM(Mixing):
    """The minimal LSTM, with state ``(h,)`` and output ``h``.

    ``f, i = σ(W x + b)``, ``n = g(W x + b)``, ``h' = (f h + i n) / (f + i)``, with ``g`` as in the minimal GRU.

    Shapes
        kernel ``[3H, F]``, bias ``[3H]``; blocks in the order f, i, n.
    Missing values
        None are allowed: a NaN in a window makes its output NaN.
    Source
        Feng, Tung, Ahmed, Bengio & Hajimirsadeghi (2024), in the form that has a scan in log space; h starts at zero
        here, at ½ there.

    >>> import torch
    >>> MinLSTM(hidden=3).draw(4, torch.Generator())["kernel"].shape
    torch.Size([9, 4])
    """

    name: ClassVar[str] = "min-lstm"
    example: ClassVar[dict[str, Any]] = {"hidden": 8}

    @property
    def gates(self) -> tuple[str, ...]:
        """Forget gate, input gate, candidate."""
        return ("forget", "input", "candidate")

    def shares(self, sums: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """``log f / (f + i)`` and ``log i / (f + i) + log n``."""
        import torch

        f, i, n = sums.chunk(3, dim=-1)
        odds = _odds(f, i)
        keep = torch.nn.functional.logsigmoid(odds)
        return keep, torch.nn.functional.logsigmoid(-odds) + log_positive(n)

    def step(
        self,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        noise: "torch.Tensor | None" = None,  # noqa: ARG002 - there is no recurrent product
    ) -> "tuple[torch.Tensor, State]":
        """Do one step of the equations above."""
        f, i, n = (self.product(x, weights["kernel"]) + weights["bias"]).chunk(3, dim=1)
        keep = _odds(f, i).sigmoid()  # f / (f + i), also where both are too small to be told from zero
        h = keep * state[0] + (1.0 - keep) * positive(n)
        return h, (h,)


def _odds(f: "torch.Tensor", i: "torch.Tensor") -> "torch.Tensor":
    """``log σ(f) - log σ(i)``."""
    import torch

    return torch.nn.functional.logsigmoid(f) - torch.nn.functional.logsigmoid(i)
