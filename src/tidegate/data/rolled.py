"""Main contracts: three ways to keep a roll from being a return, two of them where nobody wrote it into the file.

A vendor's short bars of a main contract change contract without a word. Where daily bars of the same series tell when
(`RolledBars`), their factor is taken, session by session. Where nobody does (`DeliveryWeeks`), prices begin anew on
every session in which a change may lie: nothing reaches across it, neither a window nor a label. Where changes are
known, levels of the contracts themselves can be had in the same way (`ContractLevels`): no factor, a new beginning at
each change.
"""

from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.data.futures_chain import with_recorded_factor, with_recorded_settlement
from tidegate.data.source import Source
from tidegate.errors import DataError
from tidegate.market.calendar import XSHG, Calendar
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars

__all__ = ["ContractLevels", "DeliveryWeeks", "RolledBars"]

_Days = np.ndarray[Any, np.dtype[np.datetime64]]
_BEFORE, _AFTER = 5, 1


class RolledBars(Source):
    """Short bars of a main contract with the factor of daily bars of the same series.

    Formula
        Every bar of a session has the factor of that session's daily bar. Where the factor steps, a first bar that
        opens nearer to the last close of the contract *left* than to that close in prices of the new one holds two
        contracts: it is left out, and counted in a stamp. A session's last bar has the daily settlement price, if any.
    Known at
        As the daily bars' factor, at the session's first open; settlement after its close; whether a bar holds two
        contracts at its own open.
    Errors
        `DataError` where a session has no daily bar, or the daily bars hold several assets.

    >>> from tidegate.data.rebar_world import RebarWorld
    >>> short, daily = (RebarWorld(sessions=30, seed=1, roll=12, frequency=f) for f in ("60min", "1d"))
    >>> joined = RolledBars(short=short, daily=daily).bars()
    >>> bool((joined.adjustment == short.bars().adjustment).all())
    True
    """

    name: ClassVar[str] = "rolled-bars"
    example: ClassVar[dict[str, Any]] = {
        side: {"name": "rebar-world", "sessions": 30, "seed": 1, "roll": 12, "frequency": frequency}
        for side, frequency in (("short", "60min"), ("daily", "1d"))
    }

    short: Source = Field(description="bars within the day, unadjusted")
    daily: Source = Field(description="daily bars of the same series, with the factor that a vendor recorded")

    def bars(self) -> Bars:
        """Read both, and take the factor over."""
        daily = self.daily.bars()
        joined = with_recorded_factor(self.short.bars(), daily)
        joined = with_recorded_settlement(joined, daily) if daily.has("settle") else joined
        mixed = _mixed(joined)
        if not mixed.any():
            return joined
        told = f"{int(mixed.sum())} first bars after a change of contract open at the contract left, and are left out."
        spec = joined.spec.model_copy(update={"stamps": (*joined.spec.stamps, told)})
        return Bars.of(joined.frame.filter(~pl.Series(mixed)), spec)


class DeliveryWeeks(Source):
    """Bars of a monthly main contract whose changes nobody recorded: prices begin anew around each delivery.

    Formula
        `reset` at the first bar of each session from five sessions before a month's third Friday (the first session
        after it, where it is none) to one after it, sessions of the exchange's calendar. No window, label or return
        reaches across such a bar; what is lost is one label a session in these weeks.
    Known at
        In advance: the calendar is announced, and no bar, nor the end of the bars, moves a reset. That the change lies
        within these sessions is an assumption, and stamped.
    Errors
        `DataError` for a session that the calendar does not know.

    >>> from tidegate.data.rebar_world import RebarWorld
    >>> bars = DeliveryWeeks(held=RebarWorld(sessions=20, seed=1, frequency="60min")).bars()
    >>> bars.frame.filter("reset")["session"].cast(str).to_list()
    ['2016-07-08', '2016-07-11', '2016-07-12', '2016-07-13', '2016-07-14', '2016-07-15', '2016-07-18']
    """

    name: ClassVar[str] = "delivery-weeks"
    example: ClassVar[dict[str, Any]] = {
        "held": {"name": "rebar-world", "sessions": 30, "seed": 1, "roll": 12, "frequency": "60min"}
    }

    held: Source = Field(description="bars of one main contract, unadjusted")

    def bars(self) -> Bars:
        """Read the bars and mark where prices begin anew."""
        bars = self.held.bars()
        days, first = np.unique(bars.frame["session"].to_numpy().astype("datetime64[D]"), return_index=True)
        marked = np.zeros(bars.frame.height, dtype=bool)
        marked[first[_near_third_fridays(days, XSHG)]] = True
        told = "Changes of contract are not recorded: prices begin anew on each session around a month's third Friday."
        spec = bars.spec.model_copy(update={"stamps": (*bars.spec.stamps, told)})
        return Bars.of(bars.frame.with_columns(reset=pl.Series(marked)), spec)


class ContractLevels(Source):
    """Prices of the contracts themselves: nothing is joined, and prices begin anew at each change of contract.

    Formula
        `factor` is taken away, with `roll_from`; `reset` marks the first bar after each step of it. No window, label or
        return reaches across such a bar; levels stay those that were traded, and drift no further than the market did.
    Known at
        As the factor's steps, at the session's first open.
    Errors
        `DataError` where the bars hold several assets, or no factor.

    >>> from tidegate.data.rebar_world import RebarWorld
    >>> bars = ContractLevels(held=RebarWorld(sessions=30, seed=1, roll=12, frequency="1d")).bars()
    >>> bars.has("factor"), bars.frame.filter("reset").height
    (False, 2)
    """

    name: ClassVar[str] = "contract-levels"
    example: ClassVar[dict[str, Any]] = {
        "held": {"name": "rebar-world", "sessions": 30, "seed": 1, "roll": 12, "frequency": "60min"}
    }

    held: Source = Field(description="bars of one main contract, with the factor that joins its contracts")

    def bars(self) -> Bars:
        """Read the bars, mark where the factor steps, and take it away."""
        bars = self.held.bars()
        if len(bars.assets) != 1 or not bars.has("factor"):
            raise DataError(
                "levels of contracts are taken from one main series that was joined by a factor",
                where=bars.spec.title, expected="one asset with `factor`",
                found=f"{len(bars.assets)} assets, {'a' if bars.has('factor') else 'no'} factor",
            )  # fmt: skip
        stepped = np.append(False, np.diff(bars.adjustment) != 0.0)
        if bars.has("reset"):
            stepped |= bars.frame["reset"].fill_null(value=False).to_numpy()
        kept = bars.frame.drop("factor", "roll_from", strict=False)
        told = "Levels of the contracts themselves: prices begin anew at each change of contract."
        spec = bars.spec.model_copy(update={"stamps": (*bars.spec.stamps, told)})
        return Bars.of(kept.with_columns(reset=pl.Series(stepped)), spec)


def _mixed(bars: Bars) -> BoolArray:
    """First bars after a step of the factor that open nearer to the contract left."""
    opens, closes, factor = bars.column("open"), bars.column("close"), bars.adjustment
    step = np.append(1.0, factor[1:] / factor[:-1])
    before = np.append(np.nan, closes[:-1])
    left, new = np.abs(opens - before), np.abs(opens - before / step)
    return np.asarray((step != 1.0) & (left < new))


def _near_third_fridays(days: _Days, calendar: Calendar) -> BoolArray:
    """Whether each session lies near a third Friday, or near the first session after one that was none."""
    calendar.check(days)
    known = np.asarray(calendar.days)
    months = np.unique(days.astype("datetime64[M]"))
    months = np.unique(np.append(months, months + 1))
    fridays = np.busday_offset(months.astype("datetime64[D]"), 2, roll="forward", weekmask="Fri")
    fridays = fridays[fridays <= known[-1]]
    at = np.searchsorted(known, fridays)[:, None] + np.arange(-_BEFORE, _AFTER + 1)
    near: BoolArray = np.isin(days, known[at[(at >= 0) & (at < len(known))]])
    return near
