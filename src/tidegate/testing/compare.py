"""Equal to the last bit, and where not: the first number that the future changed."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import ClockError
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars

__all__ = ["Place", "bit_equal", "name_rows", "require_same"]

Place = Callable[[tuple[int, ...]], str]


def bit_equal(before: NDArray[np.generic], after: NDArray[np.generic]) -> BoolArray:
    """Where two arrays of one shape hold the same bits; any NaN equals any NaN, and 0.0 is not -0.0.

    >>> bit_equal(np.array([0.0, np.nan, 1.0]), np.array([-0.0, np.nan, 1.0])).tolist()
    [False, True, True]
    """
    equal = np.asarray(before == after)
    if np.issubdtype(before.dtype, np.floating) and np.issubdtype(after.dtype, np.floating):
        equal = (equal & (np.signbit(before) == np.signbit(after))) | (np.isnan(before) & np.isnan(after))
    return equal


def require_same(before: NDArray[np.generic], after: NDArray[np.generic], what: str, place: Place, hint: str) -> None:
    """Raise `ClockError` with the first number that differs: where, what it was, what it became."""
    if before.shape != after.shape:
        raise ClockError(
            f"{what}: the future changes how many numbers there are",
            expected=before.shape,
            found=after.shape,
            hint=hint,
        )
    wrong = np.argwhere(~bit_equal(before, after))
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise ClockError(
            f"{what}; {len(wrong)} numbers changed", expected=before[at], found=after[at], where=place(at), hint=hint
        )


def name_rows(bars: Bars, kept: BoolArray, columns: tuple[str, ...]) -> Place:
    """Say row, time, asset and field of a number in ``values[kept]`` (one row per bar)."""
    rows = np.flatnonzero(kept)

    def place(at: tuple[int, ...]) -> str:
        line = bars.frame.row(int(rows[at[0]]), named=True)
        field = columns[at[1]] if len(at) > 1 else columns[0]
        return f"row {rows[at[0]]}, {line['time']:%Y-%m-%d %H:%M}, {line['asset']}, {field}"

    return place
