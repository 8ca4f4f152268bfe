"""The rival that ranks by one factor alone."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.errors import UnknownNameError
from tidegate.models.base import Rival, Seen
from tidegate.types.axes import FloatArray

__all__ = ["OneField"]


class OneField(Rival):
    """The mean of the training targets, moved by one normalised field: ``mean(y) + slope · (z(t) - mean(z))``.

    The slope is that of a regression on the field alone, unless `direction` fixes its sign: one that learned the other
    sign says nothing but the mean. A network on several factors must be better than the best of them.

    Known at
        CLOSE(t) of the window's last bar; the slope at the training cut.
    Errors
        `UnknownNameError` where the windows have no such field.

    >>> from tidegate.types import Horizon
    >>> z = np.array([[[-1.0]], [[1.0]]])
    >>> seen = Seen(x=z, z=z, context=np.zeros((2, 0)), fields=("close",), horizon=Horizon(lag=1, span=1))
    >>> rival = OneField(field="close")
    >>> rival.predict(rival.fit(seen, np.array([0.03, 0.01]), np.ones(2)), seen).round(3).tolist()
    [0.03, 0.01]
    """

    name: ClassVar[str] = "one-field"
    example: ClassVar[dict[str, Any]] = {"field": "close"}

    field: str = Field(description="the field that it ranks by, at the window's last row")
    direction: Literal["learned", "up", "down"] = Field(
        default="learned", description="whether more of it is better: as learned, always, or never"
    )

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn a mean and a slope."""
        z = self._last(seen)
        mean = float(np.sum(target * weight) / np.sum(weight))
        centre = float(np.sum(z * weight) / np.sum(weight))
        spread = float(np.sum(weight * (z - centre) ** 2))
        slope = float(np.sum(weight * (z - centre) * (target - mean))) / spread if spread > 0 else 0.0
        wrong = (self.direction == "up" and slope < 0) or (self.direction == "down" and slope > 0)
        return {"mean": np.array([mean]), "centre": np.array([centre]), "slope": np.array([0.0 if wrong else slope])}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Say it of every window."""
        return np.asarray(learned["mean"][0] + learned["slope"][0] * (self._last(seen) - learned["centre"][0]))

    def _last(self, seen: Seen) -> FloatArray:
        if self.field not in seen.fields:
            raise UnknownNameError.among("field", self.field, seen.fields, where="windows")
        return seen.z[:, -1, seen.fields.index(self.field)]
