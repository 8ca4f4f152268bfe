"""Cells whose gates see the input alone, so that all steps of a window can be taken at once (Feng et al. 2024).

Each step mixes the former output with a candidate: ``h' = a h + v``, where the share ``a`` and the addition ``v`` come
from one product of the whole window. Three forms do the same:

*fast*   one product for all steps, then the mixing, step by step and elementwise
*torch*  one product for all steps, then a parallel scan in log space: ``h_t = e^{A_t} (h_0 + Σ_s e^{log v_s - A_s})``
         with ``A_t = Σ_{s ≤ t} log a_s``
*plain*  one step after the other, product and all

On a processor the steps are few and the scan's exponentials dear: measured at 2,000 windows of 20 steps and 64 units
the mixing takes a quarter of the scan's time, and rounds less. Where steps are many or kernels are started from afar
the scan has its day.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Self

from tidegate.models.cells.base import Form, Run, State, Weights
from tidegate.models.cells.layered import Layered
from tidegate.models.initialisers import initial
from tidegate.models.unroll import unroll

if TYPE_CHECKING:
    import torch

__all__ = ["Mixing", "log_positive", "positive"]


class Mixing(Layered):
    """A cell with state ``(h,)`` and output ``h``, whose next state is linear in the former one."""

    @property
    def recurrent_dropout(self) -> float:
        """Nothing is dropped: there is no recurrent product."""
        return 0.0

    @property
    def blocks(self) -> int:
        """Number of gates and candidates that share the product."""
        return len(self.gates)

    @abstractmethod
    def shares(self, sums: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """Turn ``W x + b`` ``[..., blocks H]`` into the logarithms of share and addition, ``[..., H]``."""

    def forms(self, *, device: str, masked: bool) -> tuple[Form, ...]:  # noqa: ARG002
        """Mix step by step on the processor, scan elsewhere; every form knows masks."""
        return ("fast", "torch", "plain", "apart") if device == "cpu" else ("torch", "fast", "plain", "apart")

    @property
    def apart(self) -> Self:
        """The fast form with a product that keeps rows apart; nothing else sees two rows."""
        return self.but(form="apart")

    def draw(self, inputs: int, generator: "torch.Generator") -> Weights:
        """Draw kernel and bias of one layer."""
        wide = self.blocks * self.hidden
        kernel = initial(self.kernel_initialiser, (wide, inputs), generator)
        return {"kernel": kernel, "bias": initial("zeros", (wide,), generator)}

    def start(self, batch: int, like: "torch.Tensor") -> State:
        """Return zeros for ``h``."""
        return (like.new_zeros(batch, self.hidden),)

    def run_as(
        self,
        form: Form,
        weights: Weights,
        x: "torch.Tensor",
        state: State,
        mask: "torch.Tensor | None",
        noise: "torch.Tensor | None",
    ) -> Run:
        """Do all steps by `form`."""
        import torch

        if form == "plain":
            return unroll(self, weights, x, state, mask, noise)
        share, addition = self.shares(self.product(x, weights["kernel"]) + weights["bias"])
        if mask is not None:
            share = torch.where(mask.unsqueeze(2), share, share.new_zeros(()))
            addition = torch.where(mask.unsqueeze(2), addition, addition.new_full((), torch.finfo(x.dtype).min / 4))
        mixed = _scan(share, addition, state[0]) if form == "torch" else _mix(share, addition, state[0])
        outputs = mixed
        if mask is not None:
            begun = mask.cumsum(1) > 0
            outputs = torch.where(begun.unsqueeze(2), mixed, mixed.new_zeros(()))
        return Run(outputs, (mixed[:, -1],))


def positive(a: "torch.Tensor") -> "torch.Tensor":
    """``a + ½`` above zero and ``σ(a)`` below: a curve that is positive everywhere, so that it has a logarithm."""
    import torch

    return torch.where(a >= 0, a + 0.5, a.sigmoid())


def log_positive(a: "torch.Tensor") -> "torch.Tensor":
    """``log positive(a)``, without leaving the logarithms where `a` is far below zero."""
    import torch

    return torch.where(a >= 0, (a.relu() + 0.5).log(), torch.nn.functional.logsigmoid(a))


def _mix(share: "torch.Tensor", addition: "torch.Tensor", h: "torch.Tensor") -> "torch.Tensor":
    import torch

    outputs = []
    for a, v in zip(share.exp().unbind(1), addition.exp().unbind(1), strict=True):
        h = torch.addcmul(v, a, h)
        outputs.append(h)
    return torch.stack(outputs, dim=1)


def _scan(share: "torch.Tensor", addition: "torch.Tensor", h: "torch.Tensor") -> "torch.Tensor":
    import torch

    total = share.cumsum(1)
    return total.exp() * h.unsqueeze(1) + (total + torch.logcumsumexp(addition - total, dim=1)).exp()
