"""Factor sets that know the future, one trick each, and honest ones that look like them."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from tidegate.errors import ClockError
from tidegate.factors.base import FactorSet, panel_of
from tidegate.testing.blind_factors import check_factor_set
from tidegate.testing.history import example_bars
from tidegate.types import Bars, Panel

BARS = example_bars(sessions=70)
CLOSE, OPEN, HIGH, LOW, VOLUME = (pl.col(name) for name in ("close", "open", "high", "low", "volume"))


class Trick(FactorSet):
    """One column, written as an expression over one asset's bars."""

    @abstractmethod
    def made(self) -> pl.Expr: ...

    def compute(self, bars: Bars) -> Panel:
        made = bars.frame.select(
            self.made().cast(pl.Float64).fill_null(np.nan).over("asset", order_by="time").alias("trick")
        )
        return panel_of(bars, {"trick": made["trick"].to_numpy()})


class CentredMean(Trick):
    name: ClassVar[str] = "leak-centred-mean"

    def made(self) -> pl.Expr:
        return CLOSE.rolling_mean(5, center=True)


class WholeSampleZScore(Trick):
    name: ClassVar[str] = "leak-whole-sample-z-score"

    def made(self) -> pl.Expr:
        return (CLOSE - CLOSE.mean()) / CLOSE.std()


class NextClose(Trick):
    name: ClassVar[str] = "leak-next-close"

    def made(self) -> pl.Expr:
        return CLOSE.shift(-1)


class NextOpen(Trick):
    name: ClassVar[str] = "leak-next-open"

    def made(self) -> pl.Expr:
        return OPEN.shift(-1) / CLOSE


class NextRatio(Trick):
    """A ratio within the next bar: invisible to whoever multiplies a whole bar by one factor."""

    name: ClassVar[str] = "leak-next-close-over-open"

    def made(self) -> pl.Expr:
        return (CLOSE / OPEN).shift(-1)


class BackwardFill(Trick):
    name: ClassVar[str] = "leak-backward-fill"

    def made(self) -> pl.Expr:
        return pl.when(VOLUME > 1_000_000).then(CLOSE).otherwise(None).backward_fill()


class Interpolated(Trick):
    name: ClassVar[str] = "leak-interpolated"

    def made(self) -> pl.Expr:
        return pl.when(VOLUME > 1_000_000).then(CLOSE).otherwise(None).interpolate()


class MinMaxOfAll(Trick):
    name: ClassVar[str] = "leak-min-max-of-all"

    def made(self) -> pl.Expr:
        return (CLOSE - CLOSE.min()) / (CLOSE.max() - CLOSE.min())


class RankOverTime(Trick):
    name: ClassVar[str] = "leak-rank-over-time"

    def made(self) -> pl.Expr:
        return CLOSE.rank() / pl.len()


class ClippedByAll(Trick):
    name: ClassVar[str] = "leak-clipped-by-all"

    def made(self) -> pl.Expr:
        return CLOSE.clip(CLOSE.quantile(0.05), CLOSE.quantile(0.95))


class FutureLow(Trick):
    name: ClassVar[str] = "leak-future-low"

    def made(self) -> pl.Expr:
        return LOW.cum_min(reverse=True)


class WeekClose(Trick):
    """A week's close on every day of the week: right on Fridays."""

    name: ClassVar[str] = "leak-week-close"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        made = bars.frame.select(CLOSE.last().over("asset", pl.col("time").dt.truncate("1w")))
        return panel_of(bars, {"week": made["close"].to_numpy()})


class AdjustedFromTheEnd(Trick):
    """Prices adjusted so that the last one is raw: the vendor's favourite."""

    name: ClassVar[str] = "leak-adjusted-from-the-end"

    def made(self) -> pl.Expr:
        return CLOSE * pl.col("factor") / pl.col("factor").last()


class TradesTomorrow(Trick):
    """Whether the asset has a bar on the common next session: a suspension foretold."""

    name: ClassVar[str] = "leak-trades-tomorrow"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        position = np.searchsorted(bars.times, bars.frame["time"].to_numpy())
        asset = bars.frame["asset"].to_numpy()
        follows = np.append((np.diff(position) == 1) & (asset[1:] == asset[:-1]), False)
        return panel_of(bars, {"trades": np.where(position == len(bars.times) - 1, 1.0, follows.astype(float))})


class Survivors(Trick):
    """A cross-sectional mean over the names that live to the end."""

    name: ClassVar[str] = "leak-survivors"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        alive = bars.frame.filter(pl.col("time") == bars.times[-1])["asset"].to_list()
        made = bars.frame.with_columns(CLOSE.filter(pl.col("asset").is_in(alive)).mean().over("time").alias("mean"))
        return panel_of(bars, {"mean": made["mean"].fill_null(np.nan).to_numpy()})


class SmoothedByFourier(Trick):
    name: ClassVar[str] = "leak-smoothed-by-fourier"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        spectrum = np.fft.rfft(bars.column("close"))
        spectrum[8:] = 0
        return panel_of(bars, {"smooth": np.fft.irfft(spectrum, n=bars.frame.height)})


class BetterOfTwo(Trick):
    """A full-sample selection: whichever lookback went better with the next day, in hindsight."""

    name: ClassVar[str] = "leak-better-of-two"

    def made(self) -> pl.Expr:
        short, long, ahead = CLOSE.pct_change(2), CLOSE.pct_change(10), CLOSE.pct_change().shift(-1)
        return pl.when(pl.corr(short, ahead) > pl.corr(long, ahead)).then(short).otherwise(long)


class FieldsByHindsight(Trick):
    """Values are honest, but which fields there are is not."""

    name: ClassVar[str] = "leak-fields-by-hindsight"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        kept = "close" if bars.column("close")[-1] > bars.column("close")[len(bars.times) - 2] else "open"
        return panel_of(bars, {kept: bars.column(kept)})


class Shifted(Trick):
    name: ClassVar[str] = "fair-last-close"

    def made(self) -> pl.Expr:
        return CLOSE.shift(1)


class TrailingMean(Trick):
    name: ClassVar[str] = "fair-trailing-mean"

    def made(self) -> pl.Expr:
        return CLOSE.rolling_mean(5)


class ExpandingZScore(Trick):
    name: ClassVar[str] = "fair-expanding-z-score"

    def made(self) -> pl.Expr:
        mean = CLOSE.cum_sum() / CLOSE.cum_count()
        return (CLOSE - mean) / ((CLOSE * CLOSE).cum_sum() / CLOSE.cum_count() - mean * mean).clip(1e-9).sqrt()


class RunningMinMax(Trick):
    name: ClassVar[str] = "fair-running-min-max"

    def made(self) -> pl.Expr:
        return (CLOSE - CLOSE.cum_min()) / (CLOSE.cum_max() - CLOSE.cum_min() + 1)


class ForwardFill(Trick):
    name: ClassVar[str] = "fair-forward-fill"

    def made(self) -> pl.Expr:
        return pl.when(VOLUME > 1_000_000).then(CLOSE).otherwise(None).forward_fill()


class SinceTheFirst(Trick):
    """Divided by one number of the whole sample, which happens to be its first."""

    name: ClassVar[str] = "fair-since-the-first"

    def made(self) -> pl.Expr:
        return CLOSE / CLOSE.first()


class WeekSoFar(Trick):
    name: ClassVar[str] = "fair-week-so-far"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        made = bars.frame.select(HIGH.cum_max().over("asset", pl.col("time").dt.truncate("1w")))
        return panel_of(bars, {"week": made["high"].to_numpy()})


class CrossRank(Trick):
    """A rank, but across the names of one day."""

    name: ClassVar[str] = "fair-cross-rank"

    def made(self) -> pl.Expr:
        return CLOSE

    def compute(self, bars: Bars) -> Panel:
        made = bars.frame.select((CLOSE.rank() / pl.len()).over("time"))
        return panel_of(bars, {"rank": made["close"].to_numpy()})


class GapOfToday(Trick):
    name: ClassVar[str] = "fair-gap-of-today"

    def made(self) -> pl.Expr:
        return OPEN / CLOSE.shift(1)


class Exponential(Trick):
    name: ClassVar[str] = "fair-exponential-mean"

    def made(self) -> pl.Expr:
        return CLOSE.ewm_mean(half_life=5)


class Weekday(Trick):
    name: ClassVar[str] = "fair-weekday"

    def made(self) -> pl.Expr:
        return pl.col("time").dt.weekday()


class AdjustedFromTheStart(Trick):
    name: ClassVar[str] = "fair-adjusted-from-the-start"

    def made(self) -> pl.Expr:
        return CLOSE * pl.col("factor") / pl.col("factor").first()


TRICKS = [kind for kind in Trick.__subclasses__() if kind.__module__ == __name__]
LEAKS = [kind for kind in TRICKS if kind.name.startswith("leak-")]
FAIR = [kind for kind in TRICKS if kind.name.startswith("fair-")]


def test_there_are_enough_of_both():
    assert len(LEAKS) >= 16
    assert len(FAIR) >= 8


@pytest.mark.parametrize("kind", LEAKS, ids=lambda kind: kind.name)
def test_a_leak_is_caught_at_its_first_number(kind):
    with pytest.raises(ClockError) as caught:
        check_factor_set(kind(), BARS)
    told = str(caught.value)
    assert kind.name in told
    assert "expected" in told
    assert "found" in told
    if kind is not FieldsByHindsight:
        assert "row " in told
        assert ".SZ, " in told


@pytest.mark.parametrize("kind", FAIR, ids=lambda kind: kind.name)
def test_an_honest_look_alike_is_not_flagged(kind):
    assert check_factor_set(kind(), BARS) >= 8


@pytest.mark.parametrize("seed", range(1, 2))
def test_no_honest_look_alike_is_flagged_in_other_histories(seed):
    bars = example_bars(sessions=60, seed=seed)
    for kind in FAIR:
        check_factor_set(kind(), bars, seed=seed, cuts=4)


def test_a_panel_with_other_rows_is_refused():
    class Shuffled(Trick):
        name: ClassVar[str] = "broken-rows"

        def made(self):
            return CLOSE

        def compute(self, bars):
            return panel_of(bars.upto(bars.times[-2]), {"close": bars.upto(bars.times[-2]).column("close")})

    with pytest.raises(ClockError, match="not the bars' rows"):
        check_factor_set(Shuffled(), BARS)


def test_the_message_says_row_time_asset_field_before_and_after():
    with pytest.raises(ClockError) as caught:
        check_factor_set(NextClose(), BARS)
    error = caught.value
    assert "2014-" in error.where
    assert "trick" in error.where
    assert "000001.SZ" in error.where
    assert np.float32(error.expected) != np.float32(error.found)
