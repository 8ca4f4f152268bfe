"""Optimisers: one step of equations on one flat tensor of all weights, in place.

All weights of a network lie in one tensor (see `flat`), so an optimiser is a handful of array operations whatever the
network is made of, and what it remembers is a few tensors of the same length: the whole of its checkpoint. Defaults are
Keras 3's. Letters: w weights, g gradient, η rate, t step counted from 1.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from tidegate.component import Component

if TYPE_CHECKING:
    import torch

__all__ = ["SGD", "Adam", "AdamW", "Optimiser", "RMSprop"]


class Optimiser(Component):
    """Weights, gradient and memory → weights and memory."""

    family: ClassVar[str] = "optimiser"

    rate: float = Field(default=0.001, gt=0, description="learning rate, before the schedule")

    @property
    @abstractmethod
    def remembers(self) -> tuple[str, ...]:
        """Names of the tensors it keeps between steps, each as long as the weights and zero at first."""

    @abstractmethod
    def step(
        self, w: "torch.Tensor", g: "torch.Tensor", memory: "dict[str, torch.Tensor]", t: int, rate: float
    ) -> None:
        """Do step `t` at learning rate `rate`; changes `w` and `memory` in place and leaves `g` undefined."""


class SGD(Optimiser):
    """Stochastic gradient descent with momentum: ``v ← μ v - η g``, ``w ← w + v``.

    Defaults (Keras): rate 0.01, momentum 0.

    >>> import torch
    >>> w = torch.tensor([1.0])
    >>> SGD(rate=0.5).step(w, torch.tensor([1.0]), {}, 1, 0.5)
    >>> w.item()
    0.5
    """

    name: ClassVar[str] = "sgd"

    rate: float = Field(default=0.01, gt=0, description="learning rate, before the schedule")
    momentum: float = Field(default=0.0, ge=0, lt=1, description="share of the last step that is kept")

    @property
    def remembers(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def step(
        self,
        w: "torch.Tensor",
        g: "torch.Tensor",
        memory: "dict[str, torch.Tensor]",
        t: int,  # noqa: ARG002
        rate: float,
    ) -> None:
        """Do one step."""
        if self.momentum:
            v = memory["velocity"]
            v.mul_(self.momentum).sub_(g, alpha=rate)
            w.add_(v)
        else:
            w.sub_(g, alpha=rate)


class RMSprop(Optimiser):
    """``v ← ρ v + (1 - ρ) g²``, ``w ← w - η g / √(v + ε)`` (Tieleman & Hinton 2012).

    Defaults (Keras): rate 0.001, rho 0.9, epsilon 1e-7, which Keras adds under the root and torch after it.

    >>> import torch
    >>> w, memory = torch.tensor([1.0]), {"square": torch.zeros(1)}
    >>> RMSprop().step(w, torch.tensor([2.0]), memory, 1, 0.001)
    >>> round(w.item(), 6)
    0.996838
    """

    name: ClassVar[str] = "rmsprop"

    rho: float = Field(default=0.9, ge=0, lt=1, description="share of the mean square that is kept")
    epsilon: float = Field(default=1e-7, gt=0, description="added under the root")

    @property
    def remembers(self) -> tuple[str, ...]:
        """The mean square."""
        return ("square",)

    def step(
        self,
        w: "torch.Tensor",
        g: "torch.Tensor",
        memory: "dict[str, torch.Tensor]",
        t: int,  # noqa: ARG002
        rate: float,
    ) -> None:
        """Do one step."""
        v = memory["square"]
        v.mul_(self.rho).addcmul_(g, g, value=1.0 - self.rho)
        w.addcdiv_(g, v.add(self.epsilon).sqrt_(), value=-rate)


class Adam(Optimiser):
    """``m ← β₁m + (1-β₁)g``, ``v ← β₂v + (1-β₂)g²``, ``w ← w - η m̂ / (√v̂ + ε)``, hats unbiased (Kingma & Ba 2015).

    Defaults (Keras): rate 0.001, beta_1 0.9, beta_2 0.999, epsilon 1e-7.

    >>> import torch
    >>> w, memory = torch.tensor([1.0]), {"mean": torch.zeros(1), "square": torch.zeros(1)}
    >>> Adam().step(w, torch.tensor([2.0]), memory, 1, 0.001)
    >>> round(w.item(), 6)
    0.999
    """

    name: ClassVar[str] = "adam"

    beta_1: float = Field(default=0.9, ge=0, lt=1, description="share of the mean gradient that is kept")
    beta_2: float = Field(default=0.999, ge=0, lt=1, description="share of the mean square that is kept")
    epsilon: float = Field(default=1e-7, gt=0, description="added to the root")

    @property
    def remembers(self) -> tuple[str, ...]:
        """The mean gradient and the mean square."""
        return ("mean", "square")

    def step(
        self, w: "torch.Tensor", g: "torch.Tensor", memory: "dict[str, torch.Tensor]", t: int, rate: float
    ) -> None:
        """Do one step."""
        _adam(w, g, memory, t, rate, self.beta_1, self.beta_2, self.epsilon)


class AdamW(Optimiser):
    """Adam with weights that decay by themselves: ``w ← w - η λ w`` first, then Adam's step (Loshchilov & Hutter 2019).

    Defaults (Keras): as Adam, with weight_decay 0.004 on every weight.

    >>> import torch
    >>> w, memory = torch.tensor([1.0]), {"mean": torch.zeros(1), "square": torch.zeros(1)}
    >>> AdamW(weight_decay=0.1).step(w, torch.tensor([0.0]), memory, 1, 0.01)
    >>> round(w.item(), 6)
    0.999
    """

    name: ClassVar[str] = "adamw"

    beta_1: float = Field(default=0.9, ge=0, lt=1, description="share of the mean gradient that is kept")
    beta_2: float = Field(default=0.999, ge=0, lt=1, description="share of the mean square that is kept")
    epsilon: float = Field(default=1e-7, gt=0, description="added to the root")
    weight_decay: float = Field(default=0.004, ge=0, description="share of the weights lost per step, times the rate")

    @property
    def remembers(self) -> tuple[str, ...]:
        """The mean gradient and the mean square."""
        return ("mean", "square")

    def step(
        self, w: "torch.Tensor", g: "torch.Tensor", memory: "dict[str, torch.Tensor]", t: int, rate: float
    ) -> None:
        """Do one step."""
        w.mul_(1.0 - rate * self.weight_decay)
        _adam(w, g, memory, t, rate, self.beta_1, self.beta_2, self.epsilon)


def _adam(
    w: "torch.Tensor",
    g: "torch.Tensor",
    memory: "dict[str, torch.Tensor]",
    t: int,
    rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    m, v = memory["mean"], memory["square"]
    m.lerp_(g, 1.0 - beta_1)
    v.mul_(beta_2).addcmul_(g, g, value=1.0 - beta_2)
    root = v.sqrt().mul_((1.0 - beta_2**t) ** -0.5).add_(epsilon)
    w.addcdiv_(m, root, value=-rate / (1.0 - beta_1**t))
