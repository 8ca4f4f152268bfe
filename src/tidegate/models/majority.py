"""The rival that always says what has been right more often than not."""

from typing import ClassVar

import numpy as np

from tidegate.models.base import Rival, Seen
from tidegate.types.axes import FloatArray

__all__ = ["Majority"]


class Majority(Rival):
    """The more frequent sign of the training targets, times their mean size.

    ``s · mean|y|`` with ``s = +1`` where targets above zero weigh at least as much as those below, else ``-1``.

    >>> import numpy as np
    >>> from tidegate.types import Horizon
    >>> x = np.zeros((3, 1, 1))
    >>> seen = Seen(x=x, z=x, context=np.zeros((3, 0)), fields=("close",), horizon=Horizon(lag=1, span=1))
    >>> Majority().predict(Majority().fit(seen, np.array([-1.0, 3.0, -2.0]), np.ones(3)), seen).tolist()
    [-2.0, -2.0, -2.0]
    """

    name: ClassVar[str] = "majority"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:  # noqa: ARG002
        """Learn one number."""
        above, below = np.sum(weight[target > 0]), np.sum(weight[target < 0])
        size = np.sum(np.abs(target) * weight) / np.sum(weight)
        return {"score": np.array([size if above >= below else -size])}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """Say it for every window."""
        return np.full(seen.x.shape[0], float(learned["score"][0]))
