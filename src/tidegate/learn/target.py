"""How a label is scaled for training, and how a score comes back into the label's own unit.

A scaling is fitted on the training targets alone; what it learned is a `TargetScale`:
``model = (clip(unit, low, high) - centre) / scale``.
"""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.component import Component, Settings
from tidegate.errors import RecordError, SettingError
from tidegate.types.axes import FloatArray

__all__ = [
    "AsIs",
    "Classes",
    "ClippedTarget",
    "MinMaxTarget",
    "StandardTarget",
    "TargetScale",
    "TargetScaling",
    "Times",
]


class TargetScale(Settings):
    """A fitted scaling of the target; exact to undo but for rounding and for what was clipped.

    >>> TargetScale(centre=1.0, scale=0.5).to_model(np.array([1.0, 2.0])).tolist()
    [0.0, 2.0]
    >>> TargetScale(centre=1.0, scale=0.5).to_unit(np.array([0.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    centre: float = 0.0
    scale: float = Field(default=1.0, gt=0)
    low: float | None = None
    high: float | None = None

    def to_model(self, target: FloatArray) -> FloatArray:
        """Turn the label's unit into what the network is trained on."""
        if self.low is not None or self.high is not None:
            target = np.clip(target, self.low, self.high)
        return (target - self.centre) / self.scale

    def to_unit(self, score: FloatArray) -> FloatArray:
        """Turn what the network says into the label's unit."""
        return score * self.scale + self.centre


class TargetScaling(Component):
    """Training targets → `TargetScale`."""

    family: ClassVar[str] = "target-scaling"

    @abstractmethod
    def fit(self, target: FloatArray) -> TargetScale:
        """Learn centre and scale from the training targets ``[M]``, in the label's unit; every one must be finite."""


class AsIs(TargetScaling):
    """No scaling: the network speaks the label's unit.

    >>> AsIs().fit(np.array([1.0, 3.0]))
    TargetScale(centre=0.0, scale=1.0, low=None, high=None)
    """

    name: ClassVar[str] = "as-is"

    def fit(self, target: FloatArray) -> TargetScale:
        """Learn nothing."""
        _finite(target)
        return TargetScale()


class Times(TargetScaling):
    """The label times a fixed factor: ``model = factor · y``.

    >>> Times(factor=10).fit(np.array([0.01])).to_model(np.array([0.5])).tolist()
    [5.0]
    """

    name: ClassVar[str] = "times"
    example: ClassVar[dict[str, Any]] = {"factor": 100.0}

    factor: float = Field(gt=0, description="what the label is multiplied by")

    def fit(self, target: FloatArray) -> TargetScale:
        """Learn nothing: the factor is declared."""
        _finite(target)
        return TargetScale(scale=1.0 / self.factor)


class Classes(TargetScaling):
    """Number the evenly spaced values of a label of classes from zero: ``model = (y - first) / step``.

    A loss of classes learns numbers 0 … K - 1; its score, the expected class, comes back as the label's expected value.

    >>> Classes(first=-1.0).fit(np.array([-1.0, 0.0, 1.0])).to_model(np.array([-1.0, 0.0, 1.0])).tolist()
    [0.0, 1.0, 2.0]
    """

    name: ClassVar[str] = "classes"
    example: ClassVar[dict[str, Any]] = {"first": -1.0}

    first: float = Field(description="the label's value for the lowest class")
    step: float = Field(default=1.0, gt=0, description="how far apart the values of two neighbouring classes are")

    def fit(self, target: FloatArray) -> TargetScale:
        """Learn nothing; raises `SettingError` where a target is no class."""
        _finite(target)
        scale = TargetScale(centre=self.first, scale=self.step)
        numbers = scale.to_model(target)
        wrong = target[(numbers < 0) | (numbers != np.round(numbers))]
        if wrong.size:
            raise SettingError(
                "a training target is no class",
                where=self.name,
                expected=f"{self.first:g}, {self.first + self.step:g}, {self.first + 2 * self.step:g}, …",
                found=float(wrong[0]),
                hint="take a label of classes, and its lowest value as `first`",
            )
        return scale


class MinMaxTarget(TargetScaling):
    """Training targets to 0 … 1: ``model = (y - min) / (max - min)``.

    >>> MinMaxTarget().fit(np.array([2.0, 4.0])).to_model(np.array([3.0])).tolist()
    [0.5]
    """

    name: ClassVar[str] = "min-max-target"

    def fit(self, target: FloatArray) -> TargetScale:
        """Learn lowest and highest; raises `SettingError` where they are one."""
        _finite(target)
        low, high = float(np.min(target)), float(np.max(target))
        return TargetScale(centre=low, scale=_spread(high - low))


class StandardTarget(TargetScaling):
    """Training targets to mean zero and deviation one: ``model = (y - mean) / std``, std with n below.

    >>> StandardTarget().fit(np.array([1.0, 3.0])).to_model(np.array([3.0])).tolist()
    [1.0]
    """

    name: ClassVar[str] = "standard-target"

    def fit(self, target: FloatArray) -> TargetScale:
        """Learn mean and deviation; raises `SettingError` where all are one."""
        _finite(target)
        return TargetScale(centre=float(np.mean(target)), scale=_spread(float(np.std(target))))


class ClippedTarget(TargetScaling):
    """Training targets clipped at two of their quantiles, then to mean zero and deviation one.

    ``model = (clip(y, low, high) - mean) / std`` with the quantiles of the training targets (interpolated), and the
    moments of what they left. A score comes back into the label's unit unclipped, and is judged on labels unclipped.

    Known at
        The training cut: no later target moves a quantile or a moment. Later targets are clipped at the same values.
    Source
        The public template of the stock-selection study, which takes both over its whole table.

    >>> scale = ClippedTarget(lower=0.25, upper=0.75).fit(np.array([-9.0, 1.0, 2.0, 3.0, 90.0]))
    >>> scale.low, scale.high, scale.centre
    (1.0, 3.0, 2.0)
    """

    name: ClassVar[str] = "clipped-target"

    lower: float = Field(default=0.01, ge=0, lt=0.5, description="share of the training targets below the lower bound")
    upper: float = Field(default=0.99, gt=0.5, le=1, description="share of the training targets below the upper bound")

    def fit(self, target: FloatArray) -> TargetScale:
        """Learn bounds, then moments; raises `SettingError` where nothing varies between them."""
        _finite(target)
        low, high = (float(bound) for bound in np.quantile(target, (self.lower, self.upper)))
        left = np.clip(target, low, high)
        return TargetScale(centre=float(left.mean()), scale=_spread(float(left.std())), low=low, high=high)


def _finite(target: FloatArray) -> None:
    if target.size == 0 or not bool(np.isfinite(target).all()):
        raise RecordError(
            "training targets are missing or not finite",
            found=f"{target.size} targets",
            hint="only anchors with a known target can be learned from",
        )


def _spread(width: float) -> float:
    if width <= 0:
        raise SettingError(
            "all training targets are equal", found=width, hint="take the target scaling 'as-is' or 'times'"
        )
    return width
