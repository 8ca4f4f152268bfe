"""Forecast: what one fitted model (or an ensemble) said, bar by bar and asset by asset."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.types.axes import FloatArray, require
from tidegate.types.clock import Horizon

__all__ = ["Forecast"]

_COLUMNS = {
    "time": pl.Datetime("us"),
    "asset": pl.String(),
    "fold": pl.Int32(),
    "score": pl.Float64(),
    "truth": pl.Float64(),
}


@dataclass(frozen=True)
class Forecast:
    """One row per (time, asset), sorted by asset, then time; made only through `Forecast.of`.

    Columns: `time`, `asset`, `fold`, `score` (in the label's own unit, after every scaling is undone), `truth` (the
    label that came, NaN where it has not come yet; it is there to be judged against and is never an input).

    Known at
        `score` after CLOSE(time); `truth` at ``horizon.exit_at(time)``.
    """

    frame: pl.DataFrame
    horizon: Horizon
    unit: str
    fingerprints: dict[int, str]
    """Fold → SHA-256 of the fitted model that spoke there."""

    @classmethod
    def of(cls, frame: pl.DataFrame, horizon: Horizon, unit: str, fingerprints: dict[int, str]) -> "Forecast":
        """Check columns, key and finiteness of the scores."""
        require(
            holds=set(_COLUMNS) <= set(frame.columns),
            what="a forecast lacks columns",
            expected=list(_COLUMNS),
            found=frame.columns,
        )
        tidy = frame.select(pl.col(c).cast(t) for c, t in _COLUMNS.items()).sort("asset", "time")
        require(
            holds=not tidy.select(pl.struct("time", "asset").is_duplicated().any()).item(),
            what="two forecasts for one time and asset",
        )
        require(
            holds=bool(tidy["score"].is_finite().fill_null(value=False).all()),
            what="a score is missing or not finite",
            hint="a model that says nothing has no row",
        )
        folds = set(tidy["fold"].unique().to_list())
        require(
            holds=folds <= set(fingerprints),
            what="a fold has no model fingerprint",
            expected=sorted(folds),
            found=sorted(fingerprints),
        )
        return cls(tidy.rechunk(), horizon, unit, dict(fingerprints))

    @property
    def score(self) -> FloatArray:
        """The scores, float64."""
        return self.frame["score"].to_numpy()

    @property
    def truth(self) -> FloatArray:
        """What came, float64, NaN where unknown."""
        return self.frame["truth"].fill_null(np.nan).to_numpy()
