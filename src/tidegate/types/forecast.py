"""Forecast: what one fitted model (or an ensemble) said, bar by bar and asset by asset."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from tidegate.types.axes import FloatArray, require
from tidegate.types.clock import Horizon

__all__ = ["Forecast", "Reading"]

Reading = Literal["score", "likeliest class", "highest class", "middle class", "lowest class"]
"""What of a forecast is ranked by."""

_COLUMNS = {
    "time": pl.Datetime("us"),
    "asset": pl.String(),
    "fold": pl.Int32(),
    "score": pl.Float64(),
    "truth": pl.Float64(),
}


_SPREAD = "spread"
_NEAR = 1e-6


@dataclass(frozen=True)
class Forecast:
    """One row per (time, asset), sorted by asset, then time; made only through `Forecast.of`.

    Columns: `time`, `asset`, `fold`, `score` (in the label's own unit, after every scaling is undone), `truth` (the
    label that came, NaN where it has not come yet; it is there to be judged against and is never an input).

    A classifier adds `p_0` … `p_{K-1}`, the probability of each class from the lowest to the highest; its score is the
    expected class in the label's unit. An ensemble adds `spread`, the standard deviation between its members' scores.

    Known at
        `score`, `spread` and probabilities after CLOSE(time); `truth` at ``horizon.exit_at(time)``.
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
        more = [*_chances(frame), *([_SPREAD] if _SPREAD in frame.columns else [])]
        kept = {**_COLUMNS, **dict.fromkeys(more, pl.Float64())}
        tidy = frame.select(pl.col(c).cast(t) for c, t in kept.items()).sort("asset", "time")
        require(
            holds=not tidy.select(pl.struct("time", "asset").is_duplicated().any()).item(),
            what="two forecasts for one time and asset",
        )
        require(
            holds=bool(tidy["score"].is_finite().fill_null(value=False).all()),
            what="a score is missing or not finite",
            hint="a model that says nothing has no row",
        )
        _check_more(tidy, more)
        folds = set(tidy["fold"].unique().to_list())
        require(
            holds=folds <= set(fingerprints),
            what="a fold has no model fingerprint",
            expected=sorted(folds),
            found=sorted(fingerprints),
        )
        return cls(tidy.rechunk(), horizon, unit, dict(fingerprints))

    @classmethod
    def mean(cls, members: list["Forecast"], fingerprints: dict[int, str]) -> "Forecast":
        """Average the scores and probabilities of members that spoke of the same bars; their deviation is the spread.

        The standard deviation has n below, so that one member has a spread of zero. Raises `RecordError` where the
        members spoke of other bars than the first.
        """
        first = members[0]
        key = first.frame.select("time", "asset")
        require(
            holds=all(member.frame.select("time", "asset").equals(key) for member in members),
            what="members of an ensemble spoke of different bars",
        )
        scores = np.stack([member.score for member in members])
        made = {"score": np.mean(scores, axis=0), _SPREAD: np.std(scores, axis=0)}
        for name in _chances(first.frame):
            made[name] = np.mean(np.stack([member.frame[name].to_numpy() for member in members]), axis=0)
        frame = first.frame.with_columns(pl.Series(name, values) for name, values in made.items())
        return cls.of(frame, first.horizon, first.unit, fingerprints)

    @property
    def score(self) -> FloatArray:
        """The scores, float64."""
        return self.frame["score"].to_numpy()

    @property
    def probabilities(self) -> FloatArray | None:
        """The probability of each class ``[rows, K]``; None where no classifier spoke."""
        names = _chances(self.frame)
        return self.frame.select(names).to_numpy() if names else None

    def read(self, what: Reading) -> FloatArray:
        """What somebody ranks by ``[rows]``: the score, the likeliest class in the label's unit, or a probability.

        Formula
            *likeliest class* is ``argmax_k p_k`` (the lower of two alike) minus ``(K - 1) / 2``: -1, 0 and +1 of three.
            *highest*, *middle* and *lowest class* are ``p_{K-1}``, ``p_{(K-1)/2}`` and ``p_0``.
            Of a forecast without probabilities they are the score rounded, the score, minus its size, and minus it.
        Errors
            `RecordError` where an even number of classes is asked for its middle.

        >>> rows = {"time": [0], "asset": ["a"], "fold": [0], "score": [0.4], "truth": [1.0]}
        >>> chances = {"p_0": [0.2], "p_1": [0.2], "p_2": [0.6]}
        >>> said = Forecast.of(pl.DataFrame({**rows, **chances}), Horizon(lag=1, span=1), "class", {0: "f"})
        >>> said.read("likeliest class").tolist(), said.read("lowest class").tolist()
        ([1.0], [0.2])
        """
        chances, score = self.probabilities, self.score
        if what == "score":
            return score
        if chances is None:
            rounded = np.round(score) + 0.0
            held = {"likeliest class": rounded, "highest class": score, "middle class": -np.abs(score)}
            return held.get(what, -score)
        last = chances.shape[1] - 1
        if what == "likeliest class":
            return np.asarray(np.argmax(chances, axis=1) - last / 2)
        require(holds=what != "middle class" or last % 2 == 0, what="an even number of classes has no middle")
        return np.asarray(chances[:, {"highest class": last, "middle class": last // 2, "lowest class": 0}[what]])

    @property
    def spread(self) -> FloatArray | None:
        """How far the members of an ensemble disagree, float64; None where one model spoke."""
        return self.frame[_SPREAD].to_numpy() if _SPREAD in self.frame.columns else None

    @property
    def truth(self) -> FloatArray:
        """What came, float64, NaN where unknown."""
        return self.frame["truth"].fill_null(np.nan).to_numpy()


def _chances(frame: pl.DataFrame) -> list[str]:
    """The columns of class probabilities, lowest class first."""
    names = [f"p_{number}" for number in range(len(frame.columns))]
    return names[: next(count for count in range(len(names) + 1) if count == len(names) or names[count] not in frame)]


def _check_more(frame: pl.DataFrame, names: list[str]) -> None:
    """Refuse probabilities that are no law, and a spread below zero."""
    chances = [name for name in names if name != _SPREAD]
    numbers = frame.select(names).to_numpy() if names else np.zeros((0, 0))
    require(
        holds=bool(np.all(np.isfinite(numbers) & (numbers >= 0))),
        what="a probability or spread is missing or below zero",
        found=names,
    )
    require(holds=len(chances) != 1, what="one class is no choice", expected="p_0, p_1, …", found=chances)
    if chances:
        total = frame.select(pl.sum_horizontal(chances)).to_series().to_numpy()
        require(
            holds=bool(np.all(np.abs(total - 1.0) <= _NEAR)),
            what="class probabilities must sum to one",
            expected=1.0,
            found=float(total[np.argmax(np.abs(total - 1.0))]) if total.size else None,
        )
