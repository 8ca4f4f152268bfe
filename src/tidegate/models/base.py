"""The family of models: numbers → numbers. No dates, no files, no frames.

A `Network` builds a torch module and is fitted by the one training loop of `learn`. A `Rival` is fitted in one go and
speaks in the label's own unit. Both are declared the same way and stand in the same tables.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from tidegate.component import Component
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.clock import Horizon

if TYPE_CHECKING:
    import torch

__all__ = ["Model", "Network", "Part", "Rival", "Seen"]


class Part(NamedTuple):
    """One layer of a network as it is drawn: its shape per window, its weights, and the parts it sees."""

    key: str
    label: str
    shape: tuple[int, ...]
    parameters: int
    sees: tuple[str, ...]


class Model(Component):
    """Anything that can be fitted and asked."""

    family: ClassVar[str] = "model"
    needs: ClassVar[dict[str, str]] = {}
    """Packages beside the house's own that it computes with, and the extra that installs each."""


class Network(Model):
    """A neural network: settings here, weights in the module that `build` returns."""

    reads_context: ClassVar[int] = 0
    """How many context fields it cannot do without; the first of them tells a window's group."""

    @abstractmethod
    def build(self, features: int, context: int, generator: "torch.Generator") -> "torch.nn.Module":
        """Build a module whose ``forward(x [B, L, F], c [B, C])`` gives ``[B, outputs]``.

        Every initial weight is drawn from `generator`, so that a seed decides it alone.
        """

    @property
    @abstractmethod
    def penalised(self) -> bool:
        """Whether `penalty` can be anything but zero."""

    @abstractmethod
    def parts(self, lookback: int, features: int, context: int) -> tuple[Part, ...]:
        """List the layers in the order of the computation; their parameters add up to the module's."""

    @abstractmethod
    def penalty(self, module: "torch.nn.Module") -> "torch.Tensor":
        """Compute the weight penalty added to the loss: a scalar, zero where none is set."""

    @abstractmethod
    def ponder_cost(self, module: "torch.nn.Module") -> "torch.Tensor | None":
        """Compute what the last forward pass of `module` pondered, per window ``[B]``; None where nothing does."""


@dataclass(frozen=True)
class Seen:
    """What a rival sees of windows: raw inputs ``x [M, L, F]``, normalised ``z [M, L, F]``, context ``[M, C]``.

    `time` says which windows stand beside each other: the position of each anchor on the time axis ``[M]``; None where
    nobody said. It groups, and is nothing to learn from.
    """

    x: FloatArray
    z: FloatArray
    context: FloatArray
    fields: tuple[str, ...]
    horizon: Horizon
    time: IntArray | None = None


class Rival(Model):
    """A model without a training loop; deterministic, in float64."""

    @abstractmethod
    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn from targets in the label's own unit; returns all that was learned, as named arrays (possibly none)."""

    @abstractmethod
    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Forecast in the label's own unit ``[M]``; row by row, so that no forecast depends on its neighbours."""
