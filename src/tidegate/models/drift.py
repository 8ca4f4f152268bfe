"""The rival that says: on average, as it has gone so far."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.models.base import Rival, Seen
from tidegate.models.persistence import closes
from tidegate.types.axes import FloatArray

__all__ = ["Drift"]


class Drift(Rival):
    """The mean target of the training windows (a return), or the last close moved by the mean change (a level).

    ``mean(y)``, or ``close[t] · (1 + mean(y / close - 1))``.

    >>> import numpy as np
    >>> from tidegate.types import Horizon
    >>> x = np.array([[[10.0]], [[20.0]]])
    >>> seen = Seen(x=x, z=x, context=np.zeros((2, 0)), fields=("close",), horizon=Horizon(lag=1, span=1))
    >>> rival = Drift(speaks="level")
    >>> rival.predict(rival.fit(seen, np.array([11.0, 22.0]), np.ones(2)), seen).round(6).tolist()
    [11.0, 22.0]
    """

    name: ClassVar[str] = "drift"
    example: ClassVar[dict[str, Any]] = {"speaks": "return"}

    speaks: Literal["level", "return"] = Field(description="what the label is: a price level or a return")

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn one number, the weighted mean."""
        change = target if self.speaks == "return" else target / closes(seen)[:, -1] - 1.0
        return {"mean": np.array([np.sum(change * weight) / np.sum(weight)])}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Say the mean for every window."""
        mean = float(learned["mean"][0])
        if self.speaks == "return":
            return np.full(seen.x.shape[0], mean)
        return np.asarray(closes(seen)[:, -1] * (1.0 + mean))
