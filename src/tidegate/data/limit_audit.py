"""Computed price limits against the prices that happened: where the rules of board and flag did not hold, and why.

A limit is computed from the reference price, the board and the risk warning of the day alone. A high above the upper
one or a low below the lower one is a *breach*: a day without limits, or an error of the data or of ours. Each breach is
given the first class of `CLASSES` whose rule it meets; a rule looks at the listing, at how long the share had been
halted, and at its numbers of shares; but for `warning`, never at how far the price went.
"""

from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.market.boards import SHARE_TICK, board_of
from tidegate.market.instruments import Instruments
from tidegate.market.limits import limit_ticks
from tidegate.market.prices import whole_ticks
from tidegate.market.share_limits import ShareLimits
from tidegate.market.share_rows import ShareRows
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.bars import Bars

__all__ = ["CLASSES", "LimitAudit", "ReferenceAudit", "audit_limits", "audit_references"]

CLASSES: dict[str, str] = {
    "listing": "first session after listing",
    "registration": "sessions 2 to 5 of a STAR share",
    "warning": "under a risk warning, and within the limits of a share without one",
    "unseen": "first bar of a share that was listed earlier: what came before it is not in the data",
    "long halt": "resumption after 60 sessions or more: restructuring, or a listing that had been suspended",
    "share reform": "resumption after 5 to 59 sessions with more shares in free float",
    "resumption": "resumption after 5 to 59 sessions, shares in free float as before",
    "float": "shares in free float rose on this session: a later payment of a share reform, most likely",
    "new shares": "the number of shares rose on this session or the 60 before: additional shares begin to trade",
    "unexplained": "none of these",
}
"""Class → its rule in words, in the order in which they are tried."""
_FIVE_FREE, _SHORT, _LONG, _ISSUED = 5, 5, 60, 60
_WHOLE = 10


class LimitAudit(NamedTuple):
    """Breaches, and what they are out of."""

    breaches: pl.DataFrame
    """asset, session, open, high, low, close, preclose, row (of the bars), percent, halted (sessions without a bar
    before), upper, lower, float_growth, class; sorted by session, then asset."""
    bars: int
    """Bars with a reference price, so with computed limits."""
    at_upper: int
    """Highs that stand exactly on the upper limit."""
    at_lower: int
    """Lows that stand exactly on the lower limit."""

    def by_year(self) -> pl.DataFrame:
        """Count breaches: one row a year, one column a class."""
        table = self.breaches.group_by(pl.col("session").dt.year().alias("year"), "class").len()
        wide = table.pivot(on="class", index="year", values="len").sort("year").fill_null(0)
        return wide.select("year", *(name for name in CLASSES if name in wide.columns))


class ReferenceAudit(NamedTuple):
    """What reference prices say: days on which shares changed hands with their rights gone, and continuity."""

    ex_days: pl.DataFrame
    """asset, session, close_before, reference, ratio; sorted by session, then asset."""
    returns: int
    """Bars whose return is held against the reference price: all but each asset's first."""
    worst: float
    """Largest distance of an adjusted return from ``close / preclose − 1``."""

    def by_year(self) -> pl.DataFrame:
        """Count ex-days by year."""
        return self.ex_days.group_by(pl.col("session").dt.year().alias("year")).len().sort("year")


def audit_limits(bars: Bars, instruments: Instruments | None = None) -> LimitAudit:
    """Hold the computed limits of every A share against its highs and lows.

    Without `instruments` an asset's first bar counts as unseen, since nothing tells its listing.

    Errors
        `DataError` as `tidegate.market.a_share.AShare`.

    >>> from tidegate.testing.history import example_bars
    >>> audit_limits(example_bars(sessions=60)).breaches.height
    0
    """
    reference, high, low = (whole_ticks(bars.column(name), SHARE_TICK, name) for name in ("preclose", "high", "low"))
    asset = np.repeat(np.arange(len(bars.assets)), np.diff(bars.offsets))
    ruled = _ruled(bars, asset)
    percent, (up, down, _) = ruled.percent, ruled.ruled
    known = reference > 0
    at = np.flatnonzero(known & ((high > up) | (low < down)))
    wide_up, wide_down = limit_ticks(reference[at], _WHOLE)
    inside = (high[at] <= wide_up) & (low[at] >= wide_down)
    before = np.append(-1, bars.places[:-1])
    before[bars.offsets[:-1]] = -1
    floating = np.nan_to_num(_growth(bars, "float_shares"))
    told = _classes(
        bars, _Found(at, asset[at], percent[at], (bars.places - before - 1)[at], floating[at], inside), instruments
    )
    breaches = (
        bars.frame[at.tolist()]
        .select("asset", "session", "open", "high", "low", "close", "preclose")
        .with_columns(
            row=pl.Series(at), percent=pl.Series(percent[at]), halted=pl.Series((bars.places - before - 1)[at]),
            upper=pl.Series(up[at] / 100), lower=pl.Series(down[at] / 100), float_growth=pl.Series(floating[at]),
            **{"class": pl.Series(told, dtype=pl.String)},
        )
        .sort("session", "asset")
    )  # fmt: skip
    return LimitAudit(breaches, int(known.sum()), int((known & (high == up)).sum()), int((known & (low == down)).sum()))


def audit_references(bars: Bars) -> ReferenceAudit:
    """Hold adjusted returns against reference prices, and list the days on which a reference is not the last close.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=60, assets=2)
    >>> bars = Bars.of(bars.frame.drop("factor"), bars.spec.but(kind="stock"))
    >>> audit = audit_references(bars)
    >>> audit.ex_days.height, audit.worst < 1e-12
    (3, True)
    """
    close, reference, adjusted = bars.column("close"), bars.column("preclose"), bars.adjusted("close")
    held = np.ones(len(close), dtype=bool)
    held[bars.offsets[:-1]] = False
    held &= np.isfinite(reference)
    at = np.flatnonzero(held)
    gap = np.abs(adjusted[at] / adjusted[at - 1] - close[at] / reference[at])
    ex = at[np.rint(close[at - 1] * 100) != np.rint(reference[at] * 100)]
    ex_days = bars.frame[ex.tolist()].select("asset", "session").with_columns(
        close_before=pl.Series(close[ex - 1]), reference=pl.Series(reference[ex]),
        ratio=pl.Series(close[ex - 1] / reference[ex]),
    )  # fmt: skip
    return ReferenceAudit(ex_days.sort("session", "asset"), len(at), float(gap.max(initial=0.0)))


def _growth(bars: Bars, name: str) -> FloatArray:
    """Relative change since the asset's bar before, NaN where not known."""
    if not bars.has(name):
        return np.full(bars.frame.height, np.nan)
    held = bars.column(name)
    before = np.append(np.nan, held[:-1])
    before[bars.offsets[:-1]] = np.nan
    ratio: FloatArray = np.divide(held, before, out=np.full(len(held), np.nan), where=before > 0)
    return ratio - 1.0


def _ruled(bars: Bars, asset: IntArray) -> ShareLimits:
    """Give the market's own limits of every row, by board, risk warning and day alone."""
    days = bars.times.astype("datetime64[D]")
    return ShareLimits(ShareRows(bars.frame, bars.assets, asset, bars.places, days, at_risk=False))


class _Found(NamedTuple):
    """What the rules look at, one number a breach; `row` is its row of the bars."""

    row: IntArray
    asset: IntArray
    percent: IntArray
    halted: IntArray
    floating: FloatArray
    inside: BoolArray


def _classes(bars: Bars, found: _Found, instruments: Instruments | None) -> list[str]:
    """Give each breach the first class whose rule it meets."""
    starts = bars.offsets[:-1][found.asset]
    age = _age(bars, found, instruments)
    star = np.array([board_of(name).board == "star" for name in bars.assets])[found.asset]
    short = (found.halted >= _SHORT) & (found.halted < _LONG)
    rules = {
        "listing": age == 0,
        "registration": star & (age < _FIVE_FREE),
        "warning": (found.percent < _WHOLE) & found.inside,
        "unseen": found.row == starts,
        "long halt": found.halted >= _LONG,
        "share reform": short & (found.floating > 0),
        "resumption": short,
        "float": (found.floating > 0) & ~_rose(bars, found.row - 1, found.row),
        "new shares": _rose(bars, np.maximum(starts, found.row - _ISSUED - 1), found.row),
        "unexplained": np.ones(len(age), dtype=bool),
    }
    first_met = np.argmax(np.stack([rules[name] for name in CLASSES]), axis=0)
    return [list(CLASSES)[place] for place in first_met]


def _age(bars: Bars, found: _Found, instruments: Instruments | None) -> IntArray:
    """Sessions since listing, very many where it lies before the data or is not known."""
    age = np.full(len(found.row), np.iinfo(np.int64).max)
    if instruments is not None:
        sessions = bars.times.astype("datetime64[D]")
        first = instruments.days("listed", bars.assets)[found.asset]
        told = ~np.isnat(first) & (first >= sessions[0])
        age[told] = bars.places[found.row[told]] - np.searchsorted(sessions, first[told])
    return age


def _rose(bars: Bars, since: IntArray, upto: IntArray) -> BoolArray:
    """Whether the total number of shares rose after row `since`, up to row `upto`."""
    if not bars.has("total_shares"):
        return np.zeros(len(upto), dtype=bool)
    steps = np.cumsum(np.append(False, np.diff(bars.column("total_shares")) > 0))
    return np.asarray(steps[upto] > steps[since])
