"""The letters of the house, and the arrays they measure.

    T  bars on the time axis (sessions for daily data)      N  assets        F  fields
    R  rows of a ragged panel (one per bar and asset)       L  lookback      B  batch
    M  anchors                                              H  hidden units  P  ponder steps

A time axis is a strictly increasing array of ``datetime64[us]``. For daily bars a label is midnight of the session; for
shorter bars it is the moment the bar **ends**, in the exchange's own local time.
"""

from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import RecordError

__all__ = ["BoolArray", "FloatArray", "IntArray", "Single", "TimeArray", "frozen", "require"]

FloatArray: TypeAlias = NDArray[np.float64]
Single: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
TimeArray: TypeAlias = Annotated[NDArray[np.datetime64], "datetime64[us], increasing"]


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` as a read-only view: records are never changed after they are made."""
    view = array.view()
    view.flags.writeable = False
    return view


def require(*, holds: bool, what: str, expected: object = None, found: object = None, hint: str | None = None) -> None:
    """Raise `RecordError` unless an invariant holds."""
    if not holds:
        raise RecordError(what, expected=expected, found=found, hint=hint)
