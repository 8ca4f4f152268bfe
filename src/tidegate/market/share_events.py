"""Dividends, bonus shares and rights issues as the bars tell them, row by row of their ex-days.

Reference prices alone say only that something was taken off a price. Columns say what it was: `cash_dividend` (yuan a
share, before tax), `bonus_shares` (free new shares a share: bonus and converted reserves), `rights_shares` and
`rights_price` (new shares a share that may be bought, and for how much). Then cash is paid as cash, taxed if one likes,
and shares are given as shares.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tidegate.market.alarms import Alarm, alarm
from tidegate.market.boards import FEN_PER_YUAN
from tidegate.market.costs import DIVIDEND_TAX
from tidegate.market.exchange import DIVIDEND, REFERENCE, SPLIT
from tidegate.market.share_rows import ShareRows, reference_after
from tidegate.types.axes import IntArray, frozen
from tidegate.types.bars import EVENTS, Bars

__all__ = ["HeldFor", "Rights", "ShareEvents", "event_stamps"]

HeldFor = Literal["no tax", "up to a month", "up to a year", "over a year"]
"""How long shares count as held where dividends are taxed."""
Rights = Literal["subscribe", "lapse"]
_FINE = 1_000_000
_PERCENT = 100
Action = tuple[int, int, int, int, int, int]


@dataclass(frozen=True)
class ShareEvents:
    """What happened to the shares of some rows between one traded bar and the next.

    Known at
        Before OPEN of the ex-day; an event of a suspension counts at the open that ends it.
    Missing values
        A cell without a value is 0. Where the reference price moved and no column says why, or two events lie between
        two traded bars, shares × close / reference, the remainder in cash.
    """

    rows: ShareRows
    held_for: HeldFor = "no tax"
    rights: Rights = "subscribe"

    def actions(self, first: int) -> list[Action]:
        """Rows of (bar, asset, kind, numerator, denominator, bar of payment); `first` is the place of the first asset.

        Formula
            A dividend is paid at once, after tax; bonus shares are a split. Rights that are subscribed are paid for by
            selling shares at the reference price: (close − dividend) / reference for every share, which takes in bonus
            shares of the same day. Rights that lapse change nothing but the price.
        """
        made: list[Action] = []
        last, row, at = self._exact
        tax = self._tax[at]
        for place in range(len(at)):
            one, bar, asset = int(at[place]), int(self.rows.bar[row[place]]), int(self.rows.asset[row[place]]) + first
            cash, bonus, offered = (float(self.rows.event(name)[one]) for name in EVENTS[:3])
            if cash > 0:
                paid = round(cash * FEN_PER_YUAN * _FINE) * (_PERCENT - int(tax[place])) // _PERCENT
                made.append((bar, asset, DIVIDEND, paid, _FINE, bar))
            if offered > 0 and self.rights == "subscribe":
                above = max(int(self.rows.close[last[place]]) - round(cash * FEN_PER_YUAN), 1)
                made.append((bar, asset, REFERENCE, above, int(self.rows.reference[self.rows.start[row[place]]]), bar))
            elif bonus > 0:
                made.append((bar, asset, SPLIT, _FINE + round(bonus * _FINE), _FINE, bar))
        after, before = self.rows.moved
        keep = ~np.isin(after, row)
        told = (
            self.rows.bar[after[keep]], self.rows.asset[after[keep]] + first, self.rows.close[before[keep]],
            self.rows.reference[self.rows.start[after[keep]]],
        )  # fmt: skip
        moved = zip(*(values.tolist() for values in told), strict=True)
        return made + [(bar, asset, REFERENCE, above, below, bar) for bar, asset, above, below in moved]

    @property
    def alarms(self) -> list[Alarm]:
        """Events that are not what the reference price says, or that come two at once."""
        if not self.rows.acts.any():
            return []
        rows = self.rows
        last, row, at = self._exact
        given = rows.reference[rows.start[row]]
        ours = reference_after(rows.close[last], *(rows.event(name)[at] for name in EVENTS))
        differs = np.zeros(len(rows.asset), dtype=bool)
        differs[row] = np.abs(given - ours) > 1
        twice = np.zeros(len(rows.asset), dtype=bool)
        twice[self._between[1][self._between[2] > 1]] = True
        return [
            *alarm("a reference price is not that of its dividend and shares", differs, rows.told),
            *alarm("two events between two traded bars; the reference price is read instead", twice, rows.told),
        ]

    @cached_property
    def _tax(self) -> IntArray:
        """Percent of a dividend that is withheld, by row."""
        if self.held_for == "no tax":
            return np.zeros(len(self.rows.asset), dtype=np.int64)
        return DIVIDEND_TAX[self.held_for].at(self.rows.days)[self.rows.bar]

    @cached_property
    def _between(self) -> tuple[IntArray, IntArray, IntArray]:
        """Neighbouring traded rows of one asset in two sessions, and how many events lie after the first, up to it."""
        rows = np.flatnonzero(self.rows.trades)
        last, row = rows[:-1], rows[1:]
        step = (self.rows.asset[last] == self.rows.asset[row]) & (self.rows.start[last] != self.rows.start[row])
        count = np.cumsum(self.rows.acts)
        return last[step], row[step], (count[row] - count[last])[step]

    @cached_property
    def _exact(self) -> tuple[IntArray, IntArray, IntArray]:
        """The traded rows before and after each event that stands alone, and the row that tells it."""
        if not self.rows.acts.any():
            none = np.zeros(0, dtype=np.int64)
            return none, none, none
        last, row, count = self._between
        alone = count == 1
        latest = np.maximum.accumulate(np.where(self.rows.acts, np.arange(len(self.rows.acts)), -1))
        return last[alone], row[alone], latest[row[alone]]


def event_stamps(bars: Bars, held_for: HeldFor, rights: Rights) -> tuple[str, ...]:
    """Say what is done with dividends and rights.

    >>> from tidegate.testing.history import example_bars
    >>> event_stamps(example_bars(sessions=3, assets=1), "no tax", "subscribe")
    ('Dividends are not taxed.',)
    """
    made = []
    days: NDArray[np.datetime64] = frozen(bars.times.astype("datetime64[D]"))
    if held_for == "no tax":
        made.append("Dividends are not taxed.")
    elif not bars.has("cash_dividend"):
        made.append("Dividends are not taxed: the bars do not tell them apart from new shares.")
    else:
        made.append(
            f"Dividends are taxed when they are paid, as of shares held {held_for}; the law looks at each purchase, and"
            " since 2013 takes part or all of it at the sale."
        )
        made += DIVIDEND_TAX[held_for].unconfirmed(days)
    if bars.has("rights_shares"):
        what = "are subscribed, and paid for by selling shares at the reference price"
        made.append(f"Rights {what}." if rights == "subscribe" else "Rights lapse: what they were worth is lost.")
    return tuple(made)
