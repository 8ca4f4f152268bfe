"""Losses of classes: cross-entropy, focal loss, and cross-entropy of two classes with one output.

Targets are class numbers 0 … K - 1, carried as floats in the network's unit; the target scaling `classes` numbers the
values of a label. A class weight multiplies a window's loss, and the mean is divided by the windows' own weights: so
batches add up, and with balanced weights (whose mean over the training windows is one) the scale of the loss stays.

Score
    ``Σ_k k p_k``, the expected class: brought back into the label's unit it is the label's expected value. For classes
    at -1, 0 and +1 that is ``P(top) - P(bottom)``.
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from tidegate.errors import SettingError
from tidegate.learn.losses.base import Loss, Said
from tidegate.learn.losses.mean import weighted_mean, weights_sum
from tidegate.types.axes import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = ["BinaryCrossEntropy", "ClassLoss", "CrossEntropy", "Focal", "SoftmaxLoss", "balanced"]

_PAIR = 2


def balanced(target: FloatArray, weight: FloatArray, classes: int) -> tuple[float, ...]:
    """Class weights ``W / (K W_k)`` of class numbers ``[M]``, with ``W_k`` the weight of the windows of class *k*.

    Raises `SettingError` where a class has no window.

    >>> balanced(np.array([0.0, 1.0, 1.0, 1.0]), np.ones(4), 2)
    (2.0, 0.6666666666666666)
    """
    sums = np.bincount(target.astype(np.int64), weights=weight, minlength=classes)
    if bool((sums <= 0).any()):
        raise SettingError(
            "a class has no training window, so it can't be balanced",
            expected=f"classes 0 … {classes - 1}",
            found=np.flatnonzero(sums > 0).tolist(),
            hint="move the label's thresholds, or give class weights as numbers",
        )
    return tuple(float(share) for share in sums.sum() / (classes * sums))


class ClassLoss(Loss):
    """A loss of class numbers, window by window: ``Σ w c_y e / Σ w`` with class weights ``c``."""

    by_window: ClassVar[bool] = True

    class_weights: tuple[float, ...] | Literal["balanced"] | None = Field(
        default=None,
        description="how much each class counts; balanced: all alike, by the training targets; null: as they come",
    )

    @model_validator(mode="after")
    def _positive(self) -> "ClassLoss":
        given = self.class_weights
        if isinstance(given, tuple) and (len(given) < _PAIR or min(given) < 0 or max(given) == 0):
            raise SettingError(
                "class weights are one per class, none below zero and not all zero", where=self.name, found=given
            )
        return self

    @abstractmethod
    def errors(self, outputs: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """How wrong each window's outputs ``[B, O]`` are, before class weights ``[B]``."""

    @abstractmethod
    def counted(self, target: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """The class weight of each window ``[B]``, from one weight per class ``[K]``."""

    @abstractmethod
    def classes(self, outputs: int) -> int:
        """How many classes K a network of so many outputs speaks of; raises `SettingError`."""

    @abstractmethod
    def known(self, target: FloatArray, classes: int) -> bool:
        """Whether all targets ``[M]`` are of `classes` classes."""

    def value(
        self,
        score: "torch.Tensor",
        target: "torch.Tensor",
        weight: "torch.Tensor | None",
        group: "torch.Tensor | None" = None,  # noqa: ARG002
    ) -> "torch.Tensor":
        """Weigh the errors by window and class; the sessions don't matter."""
        if self.class_weights == "balanced":
            raise SettingError(
                "balanced class weights are not known yet", where=self.name, hint="call `fit` with training targets"
            )
        errors = self.errors(score, target)
        if self.class_weights is not None:
            self._refuse_number(self.classes(score.shape[1]))
            errors = errors * self.counted(target, score.new_tensor(self.class_weights))
        return weighted_mean(errors, weight)

    def mass(
        self,
        target: "torch.Tensor",
        weight: "torch.Tensor | None",
        group: "torch.Tensor | None" = None,  # noqa: ARG002
    ) -> "torch.Tensor":
        """Sum the weights of the windows."""
        return weights_sum(target, weight)

    def check(self, target: FloatArray, outputs: int) -> None:
        """Refuse targets that are no class numbers."""
        classes = self.classes(outputs)
        self._refuse_number(classes)
        if not self.known(target, classes):
            seen = np.unique(target)
            raise SettingError(
                f"the loss {self.name!r} is of class numbers",
                expected=f"whole numbers 0 … {classes - 1}",
                found=[float(number) for number in seen[:6]] + ([] if seen.size <= 6 else ["…"]),  # noqa: PLR2004
                where="training targets, scaled",
                hint="take a label of classes with the target scaling 'classes' (or 'as-is' where it counts from 0)",
            )

    def fit(self, target: FloatArray, weight: FloatArray, outputs: int) -> Loss:
        """Learn balanced class weights, if they are asked for."""
        self.check(target, outputs)
        if self.class_weights != "balanced":
            return self
        return self.but(class_weights=balanced(target, weight, self.classes(outputs)))

    def _refuse_number(self, classes: int) -> None:
        if isinstance(self.class_weights, tuple) and len(self.class_weights) != classes:
            raise SettingError("one weight per class", where=self.name, expected=classes, found=self.class_weights)


class SoftmaxLoss(ClassLoss):
    """A loss of K outputs, one per class: the logits of a softmax."""

    def counted(self, target: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Look up the weight of each window's class."""
        return _chosen(weights.expand(len(target), -1), target)

    def classes(self, outputs: int) -> int:
        """As many as there are outputs."""
        if outputs < _PAIR:
            raise SettingError(
                f"the loss {self.name!r} needs one output per class",
                expected="2 or more outputs",
                found=outputs,
                hint="set the network's outputs to the number of classes",
            )
        return outputs

    def known(self, target: FloatArray, classes: int) -> bool:
        """Whether all are whole numbers below K."""
        return bool(((target == np.round(target)) & (target >= 0) & (target < classes)).all())

    def said(self, outputs: FloatArray) -> Said:
        """``p = softmax(outputs)`` and the expected class number."""
        shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        total, expected = np.zeros(len(outputs)), np.zeros(len(outputs))
        for number in range(outputs.shape[1]):
            total += shares[:, number]
            expected += number * shares[:, number]
        return Said(expected / total, shares / total[:, None])


class CrossEntropy(SoftmaxLoss):
    """``-Σ_k q_k log p_k`` with ``p = softmax(outputs)``; *q* is one at the target's class.

    With label smoothing ε, ``q = (1 - ε) onehot(y) + ε / K`` (Szegedy et al. 2016).

    >>> import torch
    >>> round(CrossEntropy().value(torch.zeros(2, 3), torch.tensor([0.0, 2.0]), None).item(), 4)
    1.0986
    """

    name: ClassVar[str] = "cross-entropy"

    label_smoothing: float = Field(default=0.0, ge=0, lt=1, description="share ε spread evenly over all classes")

    def errors(self, outputs: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Take minus the logarithm of what was given to the true class."""
        logs = outputs.log_softmax(dim=1)
        said = _chosen(logs, target)
        if self.label_smoothing:
            said = (1.0 - self.label_smoothing) * said + self.label_smoothing * logs.mean(dim=1)
        return -said


class Focal(SoftmaxLoss):
    """``-(1 - p_y)^γ log p_y``: windows already told apart count less (Lin et al. 2017).

    Their α is `class_weights`; with ``γ = 0`` this is cross-entropy.

    >>> import torch
    >>> round(Focal(gamma=2.0).value(torch.zeros(1, 2), torch.tensor([1.0]), None).item(), 4)
    0.1733
    """

    name: ClassVar[str] = "focal"

    gamma: float = Field(default=2.0, ge=0, description="how fast sure windows lose weight")

    def errors(self, outputs: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Weigh cross-entropy by how unsure it was."""
        said = _chosen(outputs.log_softmax(dim=1), target)
        if not self.gamma:
            return -said
        unsure = (-said.expm1()).clamp(min=1e-12)
        return -(unsure**self.gamma) * said


class BinaryCrossEntropy(ClassLoss):
    """Two classes with one output, the log-odds s of class one: ``log(1 + e^s) - y s``.

    A target between 0 and 1 is taken as a probability.

    >>> import torch
    >>> round(BinaryCrossEntropy().value(torch.zeros(2, 1), torch.tensor([0.0, 1.0]), None).item(), 4)
    0.6931
    """

    name: ClassVar[str] = "binary-cross-entropy"

    def errors(self, outputs: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
        """Take minus the logarithm of what was given to what came."""
        odds = outputs[:, 0]
        return odds.clamp(min=0.0) + (-odds.abs()).exp().log1p() - odds * target

    def counted(self, target: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """``c_0 (1 - y) + c_1 y``."""
        return weights[0] * (1.0 - target) + weights[1] * target

    def classes(self, outputs: int) -> int:
        """Two."""
        if outputs != 1:
            raise SettingError(
                f"the loss {self.name!r} tells two classes apart with one output",
                expected="1 output",
                found=outputs,
                hint="set the network's outputs to 1, or take 'cross-entropy'",
            )
        return _PAIR

    def known(self, target: FloatArray, classes: int) -> bool:  # noqa: ARG002
        """Whether all lie in 0 … 1; balanced weights need whole numbers."""
        inside = (target >= 0) & (target <= 1)
        return bool((inside & ((target == np.round(target)) | (self.class_weights != "balanced"))).all())

    def said(self, outputs: FloatArray) -> Said:
        """``p_1 = 1 / (1 + e^-s)``, which is the expected class too."""
        fall = np.exp(-np.abs(np.ascontiguousarray(outputs[:, 0])))
        near, far = 1.0 / (1.0 + fall), fall / (1.0 + fall)
        above = outputs[:, 0] >= 0
        rise = np.where(above, near, far)
        return Said(rise, np.column_stack([np.where(above, far, near), rise]))


def _chosen(table: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
    """The entry of each row ``[B, K]`` at its class number ``[B]``; a sum, whose gradient is the same on any device."""
    numbers = table.new_tensor(range(table.shape[1]))
    return table.where(target[:, None] == numbers, table.new_zeros(())).sum(dim=1)
