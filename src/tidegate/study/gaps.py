"""What must be true of data before a frozen model is asked about their last day; each refusal says what was found.

The day is there and over; no session is missing before it; as many assets have a bar as usual; and where the data reach
back into what the model learned from, they are still the same bars.
"""

from collections.abc import Collection
from datetime import datetime, timedelta, timezone

import numpy as np

from tidegate.data.recent import Recent
from tidegate.errors import DataError, IntegrityError
from tidegate.market.calendar import XSHG
from tidegate.market.months import month_ends
from tidegate.study.frozen import Frozen
from tidegate.study.marks import marks_of
from tidegate.study.stations import shown
from tidegate.types.axes import TimeArray
from tidegate.types.bars import BarSpec

__all__ = [
    "LABELS",
    "refuse_gaps",
    "refuse_other_kind",
    "refuse_revised",
    "refuse_unfinished",
    "refuse_within_month",
    "row_at",
]

LABELS = 60
"""Labels before a day that are looked at."""
USUAL = 0.9
"""Share of the usual number of assets below which a day is taken to be incomplete."""
_COMPARED = 20
"""Labels whose median number of assets is the usual one."""
_BEIJING = timezone(timedelta(hours=8))
_CLOSES = 15


def row_at(times: TimeArray, when: np.datetime64) -> int:
    """Place of a label among `times`; raises `DataError` that names what is nearest."""
    place = int(np.searchsorted(times, when))
    if place < len(times) and times[place] == when:
        return place
    near = [shown(times[at]) for at in (place - 1, place) if 0 <= at < len(times)]
    raise DataError(
        "the data have no bar of that day",
        where=shown(when),
        expected=" or ".join(near),
        found="the data end before it" if place == len(times) else "no bar of any asset",
        hint="update the data (`tidegate data pull`, `tidegate data import`), or ask for a day that is a session",
    )


def refuse_within_month(sessions: TimeArray, when: np.datetime64) -> None:
    """Say no to a session that ends no month; `sessions` are all labels of the data, later ones too.

    Errors
        `DataError` that names the months' ends around it, and tells whether its month is not over in the data, or
        its last session, as the calendar tells it, has no bar.
    """
    ends = sessions[month_ends(sessions) > 0]
    if when in ends or when not in sessions:
        return
    month = when.astype("datetime64[M]")
    before = [shown(end) for end in ends[ends < when][-1:]]
    own = [shown(end) for end in ends[(ends > when) & (ends.astype("datetime64[M]") == month)]]
    later = bool((sessions.astype("datetime64[M]") > month).any())
    if own:
        found, hint = "a session within a month", "ask for a month's last session"
    elif later:
        found = "a month whose last session has no bar"
        hint = "update the data (`tidegate data pull`, `tidegate data import`), or ask for another month's end"
    else:
        found = "a month that is not over in these data"
        hint = "ask again after the month's last close, or for the end of the month before"
    raise DataError(
        "this study decides at the last close of a month",
        where=shown(when),
        expected=" or ".join([*before, *own]) or "the last session of a month",
        found=found,
        hint=hint,
    )


def refuse_other_kind(spec: BarSpec, frozen: Frozen) -> None:
    """Say no to bars of another frequency, kind, currency or unit of volume than those that were learned from."""
    for what in ("frequency", "kind", "currency", "volume_unit"):
        wanted, found = getattr(frozen.spec, what), getattr(spec, what)
        if wanted != found:
            raise DataError(
                f"the data are of another {what.replace('_', ' ')}", where=spec.title, expected=wanted, found=found,
                hint=f"the model learned from {frozen.spec.title}: name newer data of the same market",
            )  # fmt: skip


def refuse_unfinished(when: np.datetime64, spec: BarSpec, now: datetime) -> None:
    """Say no to a day that is not over where its market is; never to be allowed: the bar is not the day's bar yet."""
    here = now.astimezone(_BEIJING if spec.currency == "CNY" else now.tzinfo)
    day = when.astype("datetime64[D]").item()
    if spec.frequency == "1d":
        over = day < here.date() or (day == here.date() and here.hour >= _CLOSES)
    else:
        over = when.astype("datetime64[us]").item() <= here.replace(tzinfo=None)
    if not over:
        raise DataError(
            "that day is not over",
            where=shown(when),
            expected="a session that has closed",
            found=f"{here:%Y-%m-%d %H:%M}",
            hint="a forecast is made after the close: ask again then",
        )


def refuse_gaps(recent: Recent, frozen: Frozen, spec: BarSpec, allow: Collection[str]) -> None:
    """Say no to missing sessions and to days with fewer assets than usual; raises `DataError`."""
    if "gaps" in allow:
        return
    days = recent.times[-LABELS:].astype("datetime64[D]")
    if spec.frequency == "1d" and _follows(frozen.times):
        expected = XSHG.sessions(days[0].item(), days[-1].item())
        lost = expected[~np.isin(expected, days)]
        if len(lost):
            raise DataError(
                "sessions are missing before that day",
                where=str(days[-1]),
                expected=f"{len(expected)} sessions from {days[0]} on",
                found=f"{len(days)}, the first that is missing: {lost[0]}",
                hint="fill the gap, or allow it (--allow gaps)",
            )
    before = recent.counts[-1 - _COMPARED : -1]
    if before.size and recent.counts[-1] < USUAL * np.median(before):
        raise DataError(
            "fewer assets have a bar on that day than usual",
            where=shown(recent.times[-1]),
            expected=f"about {int(np.median(before))}, as on the {before.size} days before",
            found=int(recent.counts[-1]),
            hint="the day may be incomplete: import it again, or allow it (--allow gaps)",
        )


def refuse_revised(recent: Recent, frozen: Frozen, allow: Collection[str]) -> None:
    """Say no to other bars than those that the run saw, on every label of `recent.near` that it knew.

    Errors
        `IntegrityError` with the first label that differs, unless ``"data"`` is allowed; `DataError` where columns are
        gone that the run had.
    """
    missing = [name for name in frozen.columns if name not in recent.near.frame.columns]
    if missing:
        raise DataError("the data lack a column that the run had", expected=frozen.columns, found=missing)
    known = np.isin(recent.near.times, frozen.times)
    at = np.searchsorted(frozen.times, recent.near.times[known])
    differs = marks_of(recent.near, frozen.columns)[known] != frozen.marks[at]
    if bool(differs.any()) and "data" not in allow:
        first = recent.near.times[known][differs][0]
        raise IntegrityError(
            "the data are not those that the model learned from",
            where=f"{frozen.label}, {shown(first)}",
            expected="the prices, volumes and assets that the run saw",
            found=f"others on {int(differs.sum())} of {int(known.sum())} days that were compared",
            hint="they were revised: run the study again on them, or allow it (--allow data)",
        )


def _follows(times: TimeArray) -> bool:
    """Whether labels are sessions of Shanghai, none left out within a year from the first."""
    days = times[:_COMPARED].astype("datetime64[D]")
    if days[0] < np.datetime64(XSHG.first) or times[-1].astype("datetime64[D]") > np.datetime64(XSHG.last):
        return False
    return bool(np.array_equal(XSHG.sessions(days[0].item(), days[-1].item()), days))
