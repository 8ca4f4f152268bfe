"""From exposures to the record of what was wanted, bar by bar, with the reason."""

import numpy as np
import polars as pl

from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.targets import Targets

__all__ = ["targets_of"]


def targets_of(times: TimeArray, asset: str, exposure: FloatArray) -> Targets:
    """One row per bar: the exposure ``[T]`` wanted after its close, and whether it opened, kept, changed or closed.

    Known at
        Each row after CLOSE(time); first filled at the next bar's open.

    >>> days = np.array(["2020-01-02", "2020-01-03"], dtype="datetime64[us]")
    >>> targets_of(days, "index", np.array([1.0, 0.0])).frame["reason"].to_list()
    ['open', 'close']
    """
    before = np.concatenate([[0.0], exposure[:-1]])
    reason = np.select(
        [(exposure == before) & (exposure == 0), exposure == before, exposure == 0, before == 0],
        ["stay out", "keep", "close", "open"],
        default="change",
    )
    return Targets.of(
        pl.DataFrame({"time": times, "asset": [asset] * len(times), "weight": exposure, "reason": reason})
    )
