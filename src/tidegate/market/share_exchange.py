"""All A shares of some bars as one exchange, block by block of long columns, without a loop over assets.

The numbers are those of `AShare.conditions`, stacked; a test holds the two against each other.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.market.alarms import Alarm, alarm, merged
from tidegate.market.boards import FEN_PER_YUAN, SHARE_TICK, BoardRules, board_of
from tidegate.market.exchange import FEE_COLUMNS, NO_LIMIT, Actions, Exchange, Ticks
from tidegate.market.given_fees import GivenFee
from tidegate.market.instruments import Instruments
from tidegate.market.limits import ONE_TICK
from tidegate.market.share_events import HeldFor, Rights, ShareEvents, event_stamps
from tidegate.market.share_fees import share_fees
from tidegate.market.share_limits import ShareLimits
from tidegate.market.share_rows import ShareRows, share_stamps
from tidegate.market.stacking import (
    ODD_AVERAGE,
    end_stamps,
    ends,
    int32_ticks,
    limits_with_bans,
    session_axis,
    volume_stamps,
    volume_step,
    whole_average,
)
from tidegate.types.axes import IntArray, frozen
from tidegate.types.bars import Bars

__all__ = ["ShareTerms", "share_exchange"]

_BLOCK = 1 << 18
_BEFORE = {"SH": None, "SZ": None, "BJ": 0}
"""Fees before the first row of an exchange's tables: Beijing had no sessions then, though others do."""


class ShareTerms(NamedTuple):
    """What a market of A shares leaves to its reader."""

    commission: int
    """1e-8 of value."""
    minimum_commission: int
    """Fen an order."""
    slippage_ticks: int
    at_risk: bool
    recovery: float
    given_fees: tuple[GivenFee, ...] = ()
    on_top: bool = False
    """Whether handling and regulatory fees are charged beside the commission."""
    held_for: HeldFor = "no tax"
    rights: Rights = "subscribe"


def share_exchange(bars: Bars, terms: ShareTerms, instruments: Instruments | None = None) -> Exchange:
    """Lay every share's rows on one axis of time; raises `DataError` as `AShare.conditions` does."""
    days, session = session_axis(bars)
    boards = [board_of(name) for name in bars.assets]
    count = len(bars.assets)
    step = volume_step(bars)
    cells = _Cells((len(days), count), step, averaged=step > 0 and bars.has("amount"))
    actions = ends(instruments, bars.assets, days, terms.recovery)
    alarms = []
    for first, end in _blocks(bars.offsets):
        rows = _rows(bars, days, first, end, at_risk=terms.at_risk)
        limits = ShareLimits(rows, instruments)
        alarms.append(cells.fill(rows, limits, first))
        events = ShareEvents(rows, terms.held_for, terms.rights)
        actions += events.actions(first)
        alarms += [limits.alarms, events.alarms]
    fees, group, notes, differing = _fees(days, boards, terms)
    alarms.append(differing)
    told = merged(alarms)
    return Exchange(
        times=frozen(bars.times),
        session=frozen(session),
        assets=bars.assets,
        open=frozen(cells.prices["open"]),
        high=frozen(cells.prices["high"]),
        low=frozen(cells.prices["low"]),
        close=frozen(cells.prices["close"]),
        limit_up=frozen(cells.prices["limit_up"]),
        limit_down=frozen(cells.prices["limit_down"]),
        volume=frozen(cells.volume),
        vwap=None if cells.vwap is None else frozen(cells.vwap),
        actions=Actions.of(actions),
        tick=frozen(np.full(count, SHARE_TICK)),
        tick_value=frozen(np.ones(count, dtype=np.int64)),
        lot=frozen(np.array([board.lot for board in boards], dtype=np.int64)),
        minimum=frozen(np.array([board.minimum for board in boards], dtype=np.int64)),
        waits=frozen(np.ones(count, dtype=np.int64)),
        fees=frozen(fees),
        group=frozen(group),
        minimum_commission=terms.minimum_commission,
        slippage_ticks=terms.slippage_ticks,
        money_scale=FEN_PER_YUAN,
        shorts=False,
        currency="CNY",
        stamps=(
            *share_stamps(bars, at_risk=terms.at_risk),
            *event_stamps(bars, terms.held_for, terms.rights),
            *notes,
            *volume_stamps(bars),
            *end_stamps(instruments, terms.recovery),
            *(one.told for one in told),
        ),
        alarms=told,
        counted=step > 0,
    )


def _blocks(offsets: IntArray) -> Iterator[tuple[int, int]]:
    """Runs of assets, first and end, of about `_BLOCK` rows each: what fits near the processor."""
    first = 0
    while first < len(offsets) - 1:
        end = max(int(np.searchsorted(offsets, offsets[first] + _BLOCK, side="right")) - 1, first + 1)
        yield first, end
        first = end


def _rows(bars: Bars, days: NDArray[np.datetime64], first: int, end: int, *, at_risk: bool) -> ShareRows:
    """Rows of the assets ``first … end - 1``."""
    start, stop = int(bars.offsets[first]), int(bars.offsets[end])
    return ShareRows(
        frame=bars.frame[start:stop],
        names=bars.assets[first:end],
        asset=np.repeat(np.arange(end - first), np.diff(bars.offsets[first : end + 1])),
        bar=bars.places[start:stop],
        days=days,
        at_risk=at_risk,
    )


class _Cells:
    """The exchange's large arrays, time-major, filled from blocks of asset-major rows."""

    def __init__(self, shape: tuple[int, int], step: int, *, averaged: bool) -> None:
        self.step = step
        names = ("open", "high", "low", "close", "limit_up", "limit_down")
        self.prices: dict[str, Ticks] = {name: np.empty(shape, dtype=np.int32) for name in names}
        self.volume = np.empty(shape, dtype=np.int64)
        self.vwap: Ticks | None = np.empty(shape, dtype=np.int32) if averaged else None

    def fill(self, rows: ShareRows, limits: ShareLimits, first: int) -> list[Alarm]:
        """Write the rows of a block whose assets begin at place `first`; what is suspended keeps price 0.

        Gives an alarm of the bars whose average price is none.
        """
        trades = rows.trades
        up, down, holds = limits.limits
        banned = limits_with_bans(
            (np.where(holds[0], up, NO_LIMIT), np.where(holds[1], down, 0)),
            rows.open,
            ~holds[0] | (rows.open < up),
            ~holds[1] | (rows.open > down),
        )
        high, low = rows.high, rows.low
        prices = {"open": rows.open, "high": high, "low": low, "close": rows.close}
        told = [int32_ticks(values, f"{name} of {rows.names[0]} … {rows.names[-1]}") for name, values in prices.items()]
        told += [limit.astype(np.int32) for limit in banned]
        end = first + len(rows.names)
        place = rows.bar * len(rows.names) + rows.asset
        keep = slice(None) if bool(trades.all()) else trades
        for (name, made), values in zip(self.prices.items(), told, strict=True):
            self._lay(made, values[keep], place[keep], first, end, NO_LIMIT if name == "limit_up" else 0)
        volume = self.step * np.nan_to_num(rows.column("volume")) if self.step else np.zeros(len(place))
        self._lay(self.volume, np.rint(volume).astype(np.int64)[keep], place[keep], first, end)
        if self.vwap is None:
            return []
        average, odd = whole_average(rows.column("amount"), volume, SHARE_TICK, low, high)
        self._lay(self.vwap, average[keep], place[keep], first, end)
        return alarm(ODD_AVERAGE, odd & trades, rows.told)

    @staticmethod
    def _lay(made: NDArray[Any], values: NDArray[Any], place: IntArray, first: int, end: int, empty: int = 0) -> None:
        """Write a block's values at its flat places ``bar · assets + asset``, then beside the other blocks."""
        block = np.full((len(made), end - first), empty, dtype=made.dtype)
        block.reshape(-1)[place] = values
        made[:, first:end] = block


def _fees(
    days: NDArray[np.datetime64], boards: list[BoardRules], terms: ShareTerms
) -> tuple[IntArray, IntArray, tuple[str, ...], list[Alarm]]:
    """Rates by day for each exchange, group of each asset, what must be said, and where a vendor's fee is another."""
    exchanges = sorted({board.exchange for board in boards})
    group = np.array([exchanges.index(board.exchange) for board in boards], dtype=np.int64)
    made = np.zeros((len(days), len(exchanges), FEE_COLUMNS), dtype=np.int64)
    made[:, :, [0, 3]] = terms.commission
    notes: list[str] = []
    alarms: list[Alarm] = []
    for place, exchange in enumerate(exchanges):
        fees = share_fees(exchange, days, terms.given_fees, on_top=terms.on_top, before=_BEFORE[exchange])
        made[:, place, 1], made[:, place, 4] = fees.stamp_duty_buy, fees.stamp_duty_sell
        made[:, place, [2, 5]] = fees.transfer_fee[:, None]
        made[:, place, [8, 11]] = FEN_PER_YUAN * fees.transfer_per_share[:, None]
        notes += (*fees.stamps, *ONE_TICK[exchange].unconfirmed(days))
        alarms += fees.alarms
    return made, group, tuple(dict.fromkeys(notes)), alarms
