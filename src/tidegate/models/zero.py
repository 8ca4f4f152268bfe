"""The rival that says nothing: zero, always."""

from typing import ClassVar

import numpy as np

from tidegate.models.base import Rival, Seen
from tidegate.types.axes import FloatArray

__all__ = ["Zero"]


class Zero(Rival):
    """``score = 0``: what an error or a return must be better than.

    >>> from tidegate.types import Horizon
    >>> x = np.ones((2, 3, 1))
    >>> seen = Seen(x=x, z=x, context=np.zeros((2, 0)), fields=("close",), horizon=Horizon(lag=1, span=1))
    >>> Zero().predict({}, seen).tolist()
    [0.0, 0.0]
    """

    name: ClassVar[str] = "zero"

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:  # noqa: ARG002
        """Learn nothing."""
        return {}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:  # noqa: ARG002
        """Say zero for every window."""
        return np.zeros(seen.x.shape[0])
