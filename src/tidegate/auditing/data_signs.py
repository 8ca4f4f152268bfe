"""What data say of themselves without being computed with: prices adjusted from their end, universes of survivors.

Neither can be told for certain afterwards, so that what is found here is a warning: ask where the data came from.
"""

from collections.abc import Iterator

import numpy as np

from tidegate.auditing.verdict import Change
from tidegate.types.bars import Bars

__all__ = ["data_signs"]

_MANY, _YEARS = 20, 3.0
_NEAR = 1e-9


def data_signs(bars: Bars) -> Iterator[Change]:
    """Signs of hindsight in bars.

    * Adjustment factors that end at 1 wherever they ever change: prices adjusted from the last day, whose earlier
      levels tell of splits and dividends to come.
    * Many stocks over years of which every one lives to the last session: those that died were left out.
    """
    if bars.has("factor"):
        factor = bars.column("factor")
        first, last = factor[bars.offsets[:-1]], factor[bars.offsets[1:] - 1]
        moved = np.abs(first - last) > _NEAR
        if (
            moved.any()
            and bool((np.abs(last[moved] - 1) < _NEAR).all())
            and bool((np.abs(first[moved] - 1) > _NEAR).any())
        ):
            asset = bars.assets[int(np.flatnonzero(moved)[0])]
            yield Change(
                room="data", where=f"adjustment factor of {asset}", expected="1 at its first bar (or any number of that day)",
                found=f"{first[moved][0]:.6g} at the first bar, 1 at the last: adjusted from the last day", count=int(moved.sum()), moved=False,
            )  # fmt: skip
    years = float((bars.times[-1] - bars.times[0]) / np.timedelta64(1, "D")) / 365.25
    if bars.spec.kind == "stock" and len(bars.assets) >= _MANY and years >= _YEARS:
        ends = bars.places[bars.offsets[1:] - 1]
        if bool((ends >= len(bars.times) - 10).all()):
            yield Change(
                room="data", where=f"{len(bars.assets)} assets over {years:.0f} years", expected="some whose listing ends",
                found="every one lives to the last session: survivors?", count=len(bars.assets), moved=False,
            )  # fmt: skip
