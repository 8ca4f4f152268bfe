"""What reports say at the wanted rows: the latest period, an earlier one, sums of quarters, and the market value then.

Every number is looked up as it was last stated by the row's own close: a report that becomes usable later, or a later
restatement of an earlier one, is not there yet.
"""

import numpy as np

from tidegate.errors import DataError
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts, PanelRows
from tidegate.types.history import History

__all__ = ["OLDEST", "Known", "earlier"]

OLDEST = 366
"""Days after its period's end from which on a number is no longer taken for the present one."""

_DAYS = 1 << 20
_MONTHS = 1 << 12
_YEAR = 12
_QUARTER = 3


class Known:
    """The facts of a history beside its wanted rows ``[R]``; periods are counted in months, -1 is none.

    Known at
        CLOSE(t) of each row.
    Missing values
        NaN: no report by then, a report that does not give the field, or one whose period ended more than `OLDEST`
        days ago.
    Errors
        `DataError` for a history without reports, `UnknownNameError` for a field that they lack.
    """

    def __init__(self, history: History, asker: str) -> None:
        facts = history.reported.facts
        if facts is None:
            raise DataError(
                f"{asker} reads reports and the history has none",
                where=history.bars.spec.title,
                expected="facts beside the bars",
                hint="bring reports along (`tidegate data import FOLDER --as stock-panel`), or take world:share-world",
            )
        self.facts: Facts = facts
        self.history = history
        self.rows = history.wanted
        self.session: IntArray = self.rows.sessions.astype(np.int64)
        self.place: IntArray = np.repeat(np.arange(len(self.rows.assets)), np.diff(self.rows.offsets))
        self._bar_worth = _worth(history.bars)
        self.worth: FloatArray = self._bar_worth[history.at]
        self._bar_keys = PanelRows.of(history.bars).keys
        self._held: dict[str, tuple[IntArray, IntArray, FloatArray]] = {}
        self._latest: dict[str, IntArray] = {}

    @property
    def stamps(self) -> tuple[str, ...]:
        """What a report on numbers made of the fields looked up so far must say."""
        guessed = any((self.facts.only(field)["by"] == "deadline").any() for field in self._held)
        return ("Reports without a day of announcement are used from legal deadlines on.",) if guessed else ()

    def latest(self, field: str) -> IntArray:
        """The period of the newest report of a field ``[R]``, months since 1970; -1 where there is none."""
        if field not in self._latest:
            period = self.facts.period_of(field, self.rows)
            old = self.session - period.astype(np.int64) > OLDEST
            month = period.astype("datetime64[M]").astype(np.int64)
            self._latest[field] = np.where(np.isnat(period) | old, -1, month)
        return self._latest[field]

    def at(self, field: str, month: IntArray) -> FloatArray:
        """What was last stated by the row's close of a period ``[R]``."""
        return self._taken(field, month)[0]

    def now(self, field: str) -> FloatArray:
        """The newest report's value ``[R]``."""
        return self.at(field, self.latest(field))

    def annual(self, field: str) -> FloatArray:
        """A ratio year to date × 12 / months of the year that it holds ``[R]``."""
        return self.now(field) * _YEAR / (self.latest(field) % _YEAR + 1)

    def year_earlier(self, field: str) -> FloatArray:
        """The same period of the year before, as known by the row's close ``[R]``."""
        return self.at(field, earlier(self.latest(field), _YEAR))

    def twelve_months(self, field: str, *, shares: bool = False) -> FloatArray:
        """Twelve months of money year to date ``[R]``: ``Yk + Y4 of the year before - Yk of the year before``.

        With `shares`, each number is a share's and is first multiplied by the shares at its period's end.
        """
        month = self.latest(field)
        year_end = earlier(month, month % _YEAR + 1)
        own, same, year = (self._money(field, m, shares) for m in (month, earlier(month, _YEAR), year_end))
        return np.where(month % _YEAR == _YEAR - 1, own, own + year - same)

    def quarters(self, field: str, count: int, *, shares: bool = False) -> FloatArray:
        """Single quarters of money year to date, the newest first ``[R, count]``; `shares` as in `twelve_months`."""
        month = self.latest(field)
        ends = [earlier(month, _QUARTER * number) for number in range(count + 1)]
        told = [self._money(field, end, shares) for end in ends]
        made = [
            np.where(end % _YEAR == _QUARTER - 1, own, own - before)
            for end, own, before in zip(ends, told[:-1], told[1:], strict=False)
        ]
        return np.column_stack(made)

    def quoted_worth(self, field: str) -> FloatArray:
        """The asset's ``close × total shares`` at the session of its newest market number ``[R]``."""
        usable = self._taken(field, self.latest(field))[1]
        return self._at_bar(self._bar_worth, usable)

    def _money(self, field: str, month: IntArray, shares: bool) -> FloatArray:
        value = self.at(field, month)
        if not shares:
            return value
        ended = (month + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
        return value * self._at_bar(self.history.bars.column("total_shares"), np.where(month >= 0, ended, -1))

    def _taken(self, field: str, month: IntArray) -> tuple[FloatArray, IntArray]:
        """Value and day of use of the last statement of a period ``[R]``."""
        keys, usable, values = self._field(field)
        told = np.full(month.size, np.nan), np.full(month.size, -1, dtype=np.int64)
        if not keys.size:
            return told
        group = self.place * _MONTHS + month
        at = np.searchsorted(keys, group * _DAYS + self.session, side="right") - 1
        there: BoolArray = (month >= 0) & (at >= 0) & (keys[np.maximum(at, 0)] // _DAYS == group)
        told[0][there], told[1][there] = values[at[there]], usable[at[there]]
        return told

    def _field(self, field: str) -> tuple[IntArray, IntArray, FloatArray]:
        if field not in self._held:
            held = self.facts.only(field)
            number = {asset: at for at, asset in enumerate(self.rows.assets)}
            place = held["asset"].replace_strict(number, default=-1, return_dtype=held["usable"].to_physical().dtype)
            own = place.to_numpy().astype(np.int64)
            month = held["period"].to_numpy().astype("datetime64[M]").astype(np.int64)
            usable = held["usable"].to_numpy().astype("datetime64[D]").astype(np.int64)
            kept = np.flatnonzero(own >= 0)
            key = (own[kept] * _MONTHS + month[kept]) * _DAYS + usable[kept]
            order = np.argsort(key)
            values = held["value"].fill_null(np.nan).to_numpy()
            self._held[field] = key[order], usable[kept][order], values[kept][order]
        return self._held[field]

    def _at_bar(self, column: FloatArray, day: IntArray) -> FloatArray:
        """A column of the bars at the asset's last bar at or before a day ``[R]``; NaN before its first, or for -1."""
        bars = self.history.bars
        number = {asset: at for at, asset in enumerate(bars.assets)}
        own = np.array([number[asset] for asset in self.rows.assets], dtype=np.int64)[self.place]
        at = np.searchsorted(self._bar_keys, own * 1_000_000 + day, side="right") - 1
        there = (day >= 0) & (at >= bars.offsets[own])
        return np.where(there, column[np.maximum(at, 0)], np.nan)


def _worth(bars: Bars) -> FloatArray:
    if not bars.has("total_shares"):
        raise DataError(
            "the bars have no total_shares, so nobody knows what a company is worth", where=bars.spec.title,
            found=bars.frame.columns, hint="import shares outstanding, or leave these factors out",
        )  # fmt: skip
    return bars.column("close") * bars.column("total_shares")


def earlier(month: IntArray, count: IntArray | int) -> IntArray:
    """Periods some months before, -1 for none ``[R]``."""
    return np.where(month >= 0, month - count, -1)
