"""What an audit stands on: a study's own bars and reports, fewer of them where there are many, and other futures.

A whole market is not needed to find out that a line of code looks ahead; a few dozen assets over the whole of time are.
They are chosen to hold the places where leaks show: splits, late listings, ends of listing. What was left out is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.data.months import by_month
from tidegate.errors import DataError
from tidegate.study.beside import Beside
from tidegate.study.declare import Study
from tidegate.study.ground import seen_bars, seen_reports
from tidegate.testing.corridor import other_beside
from tidegate.testing.reports import scramble_reports
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import TimeArray
from tidegate.types.bars import Bars
from tidegate.types.history import History, Reported
from tidegate.types.report import Text

__all__ = ["MOST_ASSETS", "Ground", "cuts_of", "ground_of", "history_of", "sampled"]

MOST_ASSETS, MOST_ROWS = 40, 160_000
"""Assets and rows of bars that the default set looks at; the full set looks at four times as many."""
_FEWEST = 12


@dataclass(frozen=True)
class Ground:
    """A study with bars, reports and what is beside them, as the audit looks at them; `whole` says how much there is."""

    study: Study
    bars: Bars
    reported: Reported
    beside: Beside
    whole: tuple[int, int]
    digest: str = ""
    """Of all bars that the study may see."""

    @property
    def history(self) -> History:
        """Everything that factors may look at."""
        return history_of(self.study, self.bars, self.reported)

    @property
    def on(self) -> Text:
        """How much of the data is looked at."""
        assets, rows = len(self.bars.assets), self.bars.frame.height
        if (assets, rows) == self.whole:
            return Text(en=f"all {rows:,} bars", zh=f"全部 {rows:,} 根K线")
        return Text(
            en=f"{assets} of {self.whole[0]:,} assets, {rows:,} of {self.whole[1]:,} bars",
            zh=f"{self.whole[0]:,} 个标的中的 {assets} 个，{self.whole[1]:,} 根K线中的 {rows:,} 根",
        )

    @property
    def partial(self) -> bool:
        """Whether it is less than there is."""
        return (len(self.bars.assets), self.bars.frame.height) != self.whole

    def cut_off(self, cut: np.datetime64) -> "Ground":
        """What was known at the close of a bar: everything later is cut off."""
        reported = self.reported.upto(cut.astype("datetime64[D]").item())
        return Ground(self.study, self.bars.upto(cut), reported, self.beside, self.whole)

    def scrambled(
        self,
        cut: np.datetime64,
        seed: int,
        *,
        keep_open_of_next: bool = False,
        keep_factor_of_next: bool = False,
        rows: bool = True,
        keep_sessions: bool = False,
    ) -> "Ground":
        """Another valid future after the close of a bar; with `rows` unset, no bar vanishes and none is new."""
        more = {
            "keep_open_of_next": keep_open_of_next,
            "keep_factor_of_next": keep_factor_of_next,
            "keep_sessions": keep_sessions,
        }
        few = {} if rows else {"vanish": 0.0, "listings": False}
        bars = scramble_future(self.bars, cut, seed, **more, **few)  # type: ignore[arg-type]
        beside = other_beside(self.beside, self.bars, cut, seed) or Beside()
        return Ground(self.study, bars, self._other_reports(cut, seed), beside, self.whole)

    def with_other_reports(self, cut: np.datetime64, seed: int) -> "Ground":
        """Other reports, restatements, memberships and ends of listing after a close; bars stay as they are."""
        beside = other_beside(self.beside, self.bars, cut, seed) or Beside()
        return Ground(self.study, self.bars, self._other_reports(cut, seed), beside, self.whole)

    def with_other_factors(self, cut: np.datetime64, seed: int) -> "Ground":
        """Other adjustment factors after a close; everything else stays as it is."""
        later = pl.col("time") > pl.lit(cut).cast(pl.Datetime("us"))
        jumps = np.exp(0.2 * np.random.default_rng((seed, 5)).standard_normal(len(self.bars.assets)))
        jump = pl.Series(np.repeat(jumps, np.diff(self.bars.offsets)))
        frame = self.bars.frame.with_columns(
            factor=pl.when(later).then(pl.col("factor") * jump).otherwise(pl.col("factor"))
        )
        return Ground(self.study, Bars.of(frame, self.bars.spec), self.reported, self.beside, self.whole)

    def _other_reports(self, cut: np.datetime64, seed: int) -> Reported:
        if self.reported == Reported():
            return self.reported
        return scramble_reports(History.of(self.bars, reported=self.reported), cut.astype("datetime64[D]").item(), seed)


def history_of(study: Study, bars: Bars, reported: Reported) -> History:
    """Bars, the rows that the study wants of them, and reports; raises `DataError` where no row is wanted."""
    rows = by_month(bars) if study.cadence == "months" else bars
    if rows.frame.height == 0:
        raise DataError("there is no row to compute factors for", where=study.name)
    return History.of(bars, rows, reported)


def ground_of(study: Study, read: tuple[Bars, Reported], beside: Beside, *, times: float = 1) -> Ground:
    """The ground of an audit on what a source gave: what the study may see, and `times` the usual part of it."""
    bars = seen_bars(study, read[0])
    whole = (len(bars.assets), bars.frame.height)
    return Ground(
        study,
        sampled(bars, max(_FEWEST, round(times * MOST_ASSETS)), round(times * MOST_ROWS)),
        seen_reports(study, read[1]),
        beside,
        whole,
        bars.digest,
    )


def sampled(bars: Bars, most_assets: int, most_rows: int) -> Bars:
    """Fewer assets over the same time: first those with splits, late listings and early ends, then every so many.

    >>> from tidegate.testing.history import example_bars
    >>> sampled(example_bars(sessions=60, assets=5), 2, 10**6).assets
    ('000001.SZ', '000005.SZ')
    >>> len(sampled(example_bars(sessions=60, assets=20), 40, 60).assets)
    12
    """
    each = bars.frame.height / len(bars.assets)
    fewest = min(_FEWEST, int(MOST_ROWS / each))  # however slow factors are, a dozen where their bars are few
    count = min(len(bars.assets), most_assets, max(1, fewest, int(most_rows / each)))
    if count == len(bars.assets):
        return bars
    rows = np.diff(bars.offsets)
    first, last = bars.places[bars.offsets[:-1]], bars.places[bars.offsets[1:] - 1]
    late, ended = np.flatnonzero(first > 0), np.flatnonzero(last < len(bars.times) - 1)
    split = _split(bars)
    special = [int(n) for group in (late, ended, split) for n in group[: max(1, count // 5)]]
    longest = np.argsort(-rows, kind="stable")[: max(1, count // 2)]
    spread = np.linspace(0, len(bars.assets) - 1, 4 * count).astype(int)
    wanted = list(dict.fromkeys([*special, *longest.tolist(), *spread.tolist()]))[:count]
    names = [bars.assets[n] for n in wanted]
    return Bars.of(bars.frame.filter(pl.col("asset").is_in(names)), bars.spec)


def _split(bars: Bars) -> TimeArray:
    if not bars.has("factor"):
        return np.array([], dtype=np.int64)
    changed = np.diff(bars.column("factor"), prepend=np.nan)
    changed[bars.offsets[:-1]] = 0
    rows = np.flatnonzero(np.nan_to_num(changed) != 0)
    return np.unique(np.searchsorted(bars.offsets, rows, side="right") - 1)


def cuts_of(ground: Ground, count: int, seed: int) -> Iterator[tuple[int, np.datetime64]]:
    """Cuts that leave some history: their seeds and labels, spread over time and around splits and listings."""
    labels = cut_times(ground.bars, count, seed)
    least = min(len(ground.bars.times) // 20, 60)
    for number, cut in enumerate(labels):
        if int(np.searchsorted(ground.bars.times, cut)) >= least:
            yield seed + number, cut
