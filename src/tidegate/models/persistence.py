"""The rival that says: as it was, so it will be."""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.base import Rival, Seen
from tidegate.types.axes import FloatArray

__all__ = ["Persistence", "closes"]


def closes(seen: Seen) -> FloatArray:
    """Raw closes of every window ``[M, L]``; raises `UnknownNameError` where the windows have no field `close`."""
    if "close" not in seen.fields:
        raise UnknownNameError.among("field", "close", seen.fields, where="windows")
    return seen.x[:, :, seen.fields.index("close")]


class Persistence(Rival):
    """The last close (a level), or the return of the last `horizon.span` bars (a return).

    ``close[t]``, or ``close[t] / close[t - span] - 1``.

    Known at
        CLOSE(t) of the window's last bar.

    Errors
        `UnknownNameError` without a field `close`; `SettingError` where the window is not longer than the span.

    >>> import numpy as np
    >>> from tidegate.types import Horizon
    >>> x = np.array([[[10.0], [11.0], [12.0]]])
    >>> seen = Seen(x=x, z=x, context=np.zeros((1, 0)), fields=("close",), horizon=Horizon(lag=1, span=2))
    >>> Persistence(speaks="level").predict({}, seen), Persistence(speaks="return").predict({}, seen).round(3)
    (array([12.]), array([0.2]))
    """

    name: ClassVar[str] = "persistence"
    example: ClassVar[dict[str, Any]] = {"speaks": "return"}

    speaks: Literal["level", "return"] = Field(description="what the label is: a price level or a return")

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:  # noqa: ARG002
        """Learn nothing; refuse windows that `predict` could not read."""
        self.predict({}, seen)
        return {}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:  # noqa: ARG002
        """Repeat the last close, or the last return."""
        close = closes(seen)
        if self.speaks == "level":
            return close[:, -1].copy()
        span = seen.horizon.span
        if close.shape[1] <= span:
            raise SettingError(
                "a window must be longer than the horizon's span",
                expected=f"lookback > {span}",
                found=close.shape[1],
                where="persistence",
                hint="take a longer lookback, or the rival 'drift'",
            )
        return np.asarray(close[:, -1] / close[:, -1 - span] - 1.0)
