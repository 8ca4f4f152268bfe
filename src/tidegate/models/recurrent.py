"""A recurrent network: cell → dense stack → head, with the context joined before the dense layers.

This file holds the settings; the module that they build is in `stacked`, so that a declaration never loads torch.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tidegate.component import Settings
from tidegate.models.activations import Activation
from tidegate.models.base import Network, Part
from tidegate.models.cells.base import Cell

if TYPE_CHECKING:
    import torch

__all__ = ["Penalty", "RecurrentNetwork"]

_PENALISED_AS: Mapping[str, str] = MappingProxyType(
    {
        "kernel": "kernel",
        "recurrent": "recurrent",
        "peephole": "recurrent",
        "bias": "bias",
        "recurrent_bias": "bias",
    }
)


class Penalty(Settings):
    """Weight penalties by group: coefficients of ``Σ|w|`` or ``Σw²`` (not halved, as in Keras).

    Gains and shifts of a layer norm are in no group: they scale what is penalised, and zero is no place for them. The
    halting unit of a cell that ponders is in none either: its price is the pondering itself.
    """

    kernel: float = Field(default=0.0, ge=0, description="input weights of the cells")
    recurrent: float = Field(default=0.0, ge=0, description="recurrent weights of the cells, peepholes among them")
    bias: float = Field(default=0.0, ge=0, description="biases of the cells")
    dense: float = Field(default=0.0, ge=0, description="kernels of the dense layers and the head")


class RecurrentNetwork(Network):
    """A cell over the window; its last output goes through dense layers to one score.

    ``score = head(dense(... dense([h_L, context])))``, dropout after the cell and after each dense layer.

    Shapes
        ``x [B, L, F]``, ``context [B, C]`` → ``[B, outputs]``. With C > 0 this is the two-input network: the context is
        concatenated, as it is, to the cell's last output.

    >>> import torch
    >>> from tidegate.models.cells.lstm import LSTM
    >>> network = RecurrentNetwork(cell=LSTM(hidden=8), dense=(4,), l2={"kernel": 0.01})
    >>> module = network.build(features=6, context=1, generator=torch.Generator().manual_seed(1))
    >>> module(torch.zeros(5, 30, 6), torch.zeros(5, 1)).shape
    torch.Size([5, 1])
    """

    name: ClassVar[str] = "recurrent-network"
    example: ClassVar[dict[str, Any]] = {"cell": {"name": "lstm", "hidden": 8}}

    cell: Cell = Field(description="the recurrent cell")
    dense: tuple[int, ...] = Field(default=(32, 16), description="units of the dense layers after the cell")
    activation: Activation = Field(default="relu", description="of the dense layers")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="share dropped after the cell and each dense layer")
    outputs: int = Field(default=1, ge=1, description="scores per window")
    output_activation: Activation = Field(default="linear", description="of the head; tanh bounds the score to ±1")
    l1: Penalty = Field(default=Penalty(), description="penalty on absolute weights")
    l2: Penalty = Field(default=Penalty(), description="penalty on squared weights")

    def build(self, features: int, context: int, generator: "torch.Generator") -> "torch.nn.Module":
        """Build the module; weights and the dropout's own seed are drawn from `generator`."""
        from tidegate.models.stacked import RecurrentModule

        return RecurrentModule(self, features, context, generator)

    @property
    def penalised(self) -> bool:
        """Whether any coefficient is above zero."""
        return any(getattr(p, group) > 0 for p in (self.l1, self.l2) for group in Penalty.model_fields)

    def penalty(self, module: "torch.nn.Module") -> "torch.Tensor":
        """``Σ_groups l1 Σ|w| + l2 Σw²``."""
        import torch

        total = torch.zeros(())
        for name, weight in module.named_parameters():
            within, _, kind = name.rpartition(".")
            group = _PENALISED_AS.get(kind) if within.startswith("stack.") else "dense" if kind == "kernel" else None
            if group is None:
                continue
            if l1 := getattr(self.l1, group):
                total = total + l1 * weight.abs().sum()
            if l2 := getattr(self.l2, group):
                total = total + l2 * weight.square().sum()
        return total

    def ponder_cost(self, module: "torch.nn.Module") -> "torch.Tensor | None":
        """``Σ_layers price(ponder)`` of the last forward pass of `module`, per window ``[B]``."""
        from tidegate.models.stacked import RecurrentModule

        assert isinstance(module, RecurrentModule)
        total: torch.Tensor | None = None
        for ponder in module.stack.ponder:
            price = self.cell.price(ponder)
            if price is not None:
                total = price if total is None else total + price
        return total

    def parts(self, lookback: int, features: int, context: int) -> tuple[Part, ...]:
        """List inputs, layers and head in the order of the computation."""
        import torch

        module = self.build(features, context, torch.Generator().manual_seed(0))
        sizes = {name: weight.numel() for name, weight in module.named_parameters()}

        def weights(prefix: str) -> int:
            return sum(size for name, size in sizes.items() if name.startswith(prefix))

        parts = [Part("window", "window", (lookback, features), 0, ())]
        if context:
            parts.append(Part("context", "context", (context,), 0, ()))
        wide = self.cell.hidden * (2 if self.cell.bidirectional else 1)
        inner = getattr(self.cell, "cell", None)
        over = f" over {inner.name}" if isinstance(inner, Cell) else ""
        both = ", both ways" if self.cell.bidirectional else ""
        label = f"{self.cell.name}{over}{both} ({self.cell.computed_by})"
        for at in range(self.cell.layers):
            last = at == self.cell.layers - 1
            shape = (wide,) if last else (lookback, wide)
            held = weights(f"stack.layers.{at}.") + weights(f"stack.backwards.{at}.")
            parts.append(Part(f"cell-{at + 1}", label, shape, held, (parts[0].key if not at else f"cell-{at}",)))
        before: tuple[str, ...] = (parts[-1].key,)
        if context:
            parts.append(Part("join", "concatenate", (wide + context,), 0, (*before, "context")))
            before = ("join",)
        for at, width in enumerate(self.dense):
            parts.append(
                Part(f"dense-{at + 1}", f"dense, {self.activation}", (width,), weights(f"dense.{at}."), before)
            )
            before = (f"dense-{at + 1}",)
        parts.append(Part("head", f"dense, {self.output_activation}", (self.outputs,), weights("head."), before))
        return tuple(parts)
