"""Targets: what a strategy wants to hold, decided after a close and filled no earlier than the next open."""

from dataclasses import dataclass

import polars as pl

from tidegate.types.axes import require

__all__ = ["Targets"]

_COLUMNS = {"time": pl.Datetime("us"), "asset": pl.String(), "weight": pl.Float64(), "reason": pl.String()}


@dataclass(frozen=True)
class Targets:
    """One row per (time, asset): the weight of the book wanted, and why; made only through `Targets.of`.

    Known at
        Decided after CLOSE(time); the first fill is at OPEN of the next bar.
    Units
        `weight` is a fraction of equity; 1.0 is all of it, negative is short.
    """

    frame: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Targets":
        """Check columns, key and finiteness."""
        require(
            holds=set(_COLUMNS) <= set(frame.columns),
            what="targets lack columns",
            expected=list(_COLUMNS),
            found=frame.columns,
        )
        tidy = frame.select(pl.col(c).cast(t) for c, t in _COLUMNS.items()).sort("time", "asset")
        require(
            holds=bool(tidy["weight"].is_finite().fill_null(value=False).all()),
            what="a target weight is missing or not finite",
        )
        require(
            holds=not tidy.select(pl.struct("time", "asset").is_duplicated().any()).item(),
            what="two targets for one time and asset",
        )
        return cls(tidy.rechunk())
