"""Bars of futures, as vendors label them, brought to one convention: the label is the end, the session the trading day.

Vendors differ in three ways. A label is the *start* or the *end* of its bar. A night is printed under the *calendar*
date on which it began or under the *trading day* it is settled in, Friday's under Monday. And a bar that a break or the
end of the night cuts short is labelled as if it had been whole. Each is declared, or told from the file where the file
tells it for certain; else the file is refused, since a wrong guess is a look into the future.
"""

from typing import Literal, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.data.import_settings import ImportSettings
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.market.calendar import Calendar
from tidegate.market.sessions import HOURS, Plans, Stretch, TradingHours, minutes_of
from tidegate.types.axes import BoolArray, IntArray

__all__ = ["clocked", "flag_holes", "known_hours", "label_of", "share_outside"]

Days = NDArray[np.datetime64]
_DAY, _MORNING = 24 * 60, 6 * 60
_CLEAR, _HALF = 4, 0.5
_WORDS = {"calendar": "the calendar date", "trading-day": "their trading day"}


class _Rows(NamedTuple):
    """Labels of the rows, as printed and as ends of bars."""

    printed: Days
    minutes: IntArray
    evening: BoolArray
    night: BoolArray


def label_of(frame: pl.DataFrame, hours: str) -> Literal["end", "start", ""]:
    """Tell whether labels are starts or ends: the day begins with a start and closes with an end.

    Formula
        With b the day's first minute and e its last: "start" where labels at b are found and none at e, "end" where
        labels at e are found and none at b; else an empty text.
    Known at
        Of the whole file: how a vendor labels bars is one fact of it, and no number of a bar.

    >>> import datetime as dt
    >>> day = dt.datetime(2020, 1, 2)
    >>> label_of(pl.DataFrame({"time": [day.replace(hour=hour) for hour in (9, 10, 11, 14)]}), "shfe-rebar")
    'start'
    """
    if hours not in HOURS:
        return ""
    clock = set(minutes_of(frame["time"].to_numpy().astype("datetime64[us]")).tolist())
    stretches = [plan for plan in HOURS[hours].day if {plan[0].begin, plan[-1].end} & clock]
    starts = any(plan[0].begin in clock for plan in stretches)
    ends = any(plan[-1].end in clock for plan in stretches)
    return "start" if starts and not ends else "end" if ends and not starts else ""


def known_hours() -> str:
    """The names of hours, as they are typed.

    >>> known_hours()
    '"shfe-rebar" or "cffex-index"'
    """
    return " or ".join(f'"{name}"' for name in HOURS)


def share_outside(frame: pl.DataFrame, hours: str) -> float:
    """Share of labels that lie outside all hours that a product ever had: 0 … 1, and 0 where no hours are given.

    Known at
        Of the whole file, for a hint where it is refused.

    >>> import datetime as dt
    >>> day = dt.datetime(2020, 1, 2)
    >>> times = pl.DataFrame({"time": [day.replace(hour=hour) for hour in (9, 11, 14, 21)]})
    >>> share_outside(times, "shfe-rebar"), share_outside(times, "cffex-index")
    (0.0, 0.5)
    """
    if hours not in HOURS or not frame.height:
        return 0.0
    minutes = minutes_of(frame["time"].to_numpy().astype("datetime64[us]"))
    inside = (minutes < _MORNING) & HOURS[hours].nights
    for stretch in (one for plan in HOURS[hours].day for one in plan):
        inside |= (minutes >= stretch.begin) & (minutes <= stretch.end)
    return float(np.mean(~inside))


def clocked(
    frame: pl.DataFrame, settings: ImportSettings, sieve: Sieve, *, minutes: int, label: str, where: str
) -> pl.DataFrame:
    """Give every row its session and the end of its bar; `frame` has labels already moved by a bar where `label` says.

    Rows on days without a session, in nights that were not held and outside the hours are quarantined. What was done
    is noted in the sieve. Raises `FileRefusedError` where the file does not tell what it must.

    Known at
        A bar's session and end in advance, from the calendar and the hours; how a file dates its nights is read off
        all of its rows, one fact of it.
    """
    hours = HOURS[str(settings.hours)]
    frame = _within(frame, hours, where)
    if not minutes:
        sessions = frame["session"].to_numpy().astype("datetime64[D]")
        return sieve.drop(frame, _lit(~_held(hours, sessions)), "non_session", "time", "{session}")
    rows = _rows(frame, minutes, label)
    dated = settings.night_dates
    if bool(rows.night.any()):
        dated = _dated(rows, dated, hours, sieve, where, frame["row"].to_numpy().astype(np.int64))
    evening = rows.printed - (rows.night & ~rows.evening).astype(np.int64)
    on = np.where(rows.night & (dated == "calendar"), evening, rows.printed)
    held = _held(hours, on)
    frame = frame.with_columns(on=pl.Series(on.astype("datetime64[D]")), minute=pl.Series(rows.minutes),
                               night=pl.Series(rows.night))  # fmt: skip
    frame = sieve.drop(frame, _lit(~held), "non_session", "time", "{time}")
    frame = frame.with_columns(session=pl.Series(_sessions(frame, hours, dated == "calendar")))
    return _ended(frame, hours, settings, sieve, minutes=minutes, where=where)


def flag_holes(frame: pl.DataFrame, sieve: Sieve, hours: str) -> None:
    """Flag labels that at least half of the sessions of one plan have and this one has not.

    Known at
        Never: what is usual is counted over the whole file. A flag tells of the file, and is no column to learn from.
    """
    for (asset,), held in frame.group_by("asset", maintain_order=True):
        told = held.with_columns(minute=pl.Series(minutes_of(held["time"].to_numpy().astype("datetime64[us]"))))
        days = told.group_by("session", maintain_order=True).agg(pl.col("row").first())
        plans = HOURS[hours].plans(days["session"].to_numpy().astype("datetime64[D]"))
        days = days.with_columns(plan=pl.Series(plans.which))
        sizes = days.group_by("plan").agg(sessions=pl.len())
        told = told.select("session", "minute").join(days, on="session", how="left")
        usual = told.group_by("plan", "minute").agg(seen=pl.len()).join(sizes, on="plan")
        usual = usual.filter(pl.col("seen") >= _HALF * pl.col("sessions")).select("plan", "minute")
        absent = days.join(usual, on="plan").join(told, on=["session", "minute"], how="anti").sort("row", "minute")
        clock = pl.format(
            "{}:{}", (pl.col("minute") % _DAY) // 60, (pl.col("minute") % 60).cast(pl.String).str.zfill(2)
        )
        absent = absent.with_columns(clock=clock, asset=pl.lit(asset))
        sieve.flag(absent, pl.lit(value=True), "missing_bar", "time", "{clock} of session {session}")


def _within(frame: pl.DataFrame, hours: TradingHours, where: str) -> pl.DataFrame:
    first = max(hours.dates.rows[0].since, hours.calendar.first)
    out = frame.filter(~pl.col("session").is_between(first, hours.calendar.days[-2].item()))
    if out.height:
        raise FileRefusedError(
            f"the hours of {hours.name} are unknown on a day of the file", where=f"{where}, row {out['row'][0]}",
            expected=f"{first} … {hours.calendar.days[-2]}", found=str(out["time"][0]),
            hint="leave these rows out, or add dated rows of hours",
        )  # fmt: skip
    return frame


def _rows(frame: pl.DataFrame, minutes: int, label: str) -> _Rows:
    ends = frame["time"].to_numpy().astype("datetime64[us]")
    printed = (ends - np.timedelta64(minutes if label == "start" else 0, "m")).astype("datetime64[us]")
    begins = minutes_of(printed)
    at = begins + minutes if label == "start" else begins
    return _Rows(printed.astype("datetime64[D]"), at, begins < 0, begins < _MORNING)


def _held(hours: TradingHours, days: Days) -> BoolArray:
    return np.isin(days.astype("datetime64[D]"), hours.calendar.days)


def _sessions(frame: pl.DataFrame, hours: TradingHours, calendar: bool) -> Days:
    days, night = frame["on"].to_numpy().astype("datetime64[D]"), frame["night"].to_numpy()
    return _following(hours.calendar, days, night & calendar)


def _following(calendar: Calendar, days: Days, after: BoolArray) -> Days:
    """Give the session after each day where asked for, else the day."""
    return np.where(after, calendar.days[np.searchsorted(calendar.days, days, side="right")], days)


def _dated(
    rows: _Rows, declared: str, hours: TradingHours, sieve: Sieve, where: str, order: IntArray
) -> Literal["calendar", "trading-day"]:
    """Tell how nights are dated: by what is declared, by the order of rows, or by the eves of holidays."""
    dates = np.unique(rows.printed[rows.evening])
    if declared in _WORDS:
        sieve.note(f"nights carry {_WORDS[declared]}, as declared")
        return "calendar" if declared == "calendar" else "trading-day"
    known = dates[_held(hours, dates)]
    nights = [int(np.sum(~hours.calendar.has_night(days))) if hours.nights else len(days)
              for days in (known, _following(hours.calendar, known, np.ones(len(known), dtype=bool)))]  # fmt: skip
    first = _before_day(rows, order)
    by_order = first > _HALF * max(len(known), 1)
    trading, calendar = nights
    clear = max(trading, calendar) >= _CLEAR * max(min(trading, calendar), 1) or min(trading, calendar) == 0 != max(
        trading, calendar
    )
    if by_order and (not clear or trading <= calendar):
        sieve.note(
            f"nights carry {_WORDS['trading-day']}: they stand before the day's bars on {first} of {len(known)} dates"
        )
        return "trading-day"
    if clear and not by_order:
        found: Literal["calendar", "trading-day"] = "calendar" if calendar < trading else "trading-day"
        sieve.note(
            f"nights carry {_WORDS[found]}: {max(nights)} of {len(known)} printed evenings would fall on"
            f" sessions without a night otherwise, {min(nights)} do so now"
        )
        return found
    raise FileRefusedError(
        "the file does not tell whose date its nights carry", where=f"{where}, column time",
        found=f"{len(known)} printed evenings, {trading} or {calendar} of which were no nights of those sessions",
        expected="the eve of a holiday in the file, or nights printed before the day's bars",
        hint='ask the vendor, then say night_dates="calendar" or night_dates="trading-day"',
    )  # fmt: skip


def _before_day(rows: _Rows, order: IntArray) -> int:
    """Count printed dates whose evening stands before their day, in a file that goes forward in time."""
    told = pl.DataFrame({"on": rows.printed, "evening": rows.evening, "night": rows.night, "order": order})
    evening = told.filter("evening").group_by("on").agg(evening=pl.col("order").max())
    day = told.filter(~pl.col("night")).group_by("on").agg(day=pl.col("order").min())
    both = evening.join(day, on="on").sort("on")
    if both.height > 1 and both["day"][0] > both["day"][-1]:
        return 0
    return both.filter(pl.col("evening") < pl.col("day")).height


def _ended(
    frame: pl.DataFrame, hours: TradingHours, settings: ImportSettings, sieve: Sieve, *, minutes: int, where: str
) -> pl.DataFrame:
    sessions = frame["session"].unique().sort()
    plans = hours.plans(sessions.to_numpy().astype("datetime64[D]"))
    frame = frame.join(pl.DataFrame({"session": sessions, "plan": plans.which}), on="session", how="left",
                       maintain_order="left")  # fmt: skip
    kinds = frame.select("plan", "minute").unique().sort("plan", "minute")
    ends = [_end(plans.plans[plan], minute, minutes) for plan, minute in kinds.iter_rows()]
    frame = frame.join(
        kinds.with_columns(end=pl.Series(ends, dtype=pl.Int64)),
        on=["plan", "minute"],
        how="left",
        maintain_order="left",
    )
    dark = pl.Series([not plan[0].night for plan in plans.plans])
    lost = pl.col("plan").is_in(dark.arg_true().implode()) & pl.col("night")
    frame = sieve.drop(frame, lost, "no_night", "time", "{time}, session {session}")
    frame = sieve.drop(frame, pl.col("end").is_null(), "outside_hours", "time", "{time}")
    cut = frame.filter(pl.col("end") != pl.col("minute")).height
    if cut:
        sieve.note(f"{cut} labels were moved back to where trading broke off or ended within their bar")
    frame = _tailed(frame, plans, settings, sieve, where)
    _note_cover(frame, plans, sieve, minutes)
    before = hours.calendar.days[
        np.searchsorted(hours.calendar.days, frame["session"].to_numpy().astype("datetime64[D]")) - 1
    ]
    midnight = pl.when("night").then(pl.col("evening") + pl.duration(days=1)).otherwise(pl.col("session"))
    frame = frame.with_columns(evening=pl.Series(before)).with_columns(
        time=(midnight.cast(pl.Datetime("us")) + pl.duration(minutes=pl.col("end"))).cast(pl.Datetime("us"))
    )
    nights = frame.filter("night")
    if nights.height:
        sieve.note(f"{nights.height} bars of {nights['session'].n_unique()} nights belong to the session after them")
    return frame.drop("on", "minute", "night", "plan", "end", "evening")


def _end(plan: tuple[Stretch, ...], minute: int, length: int) -> int | None:
    """Find where a bar that is said to end at `minute` ends: there, or where trading stopped within it."""
    if any(held.holds(minute) for held in plan):
        return minute
    cut = [held.end for held in plan if minute - length < held.end <= minute]
    return max(cut, default=None)


def _tailed(frame: pl.DataFrame, plans: Plans, settings: ImportSettings, sieve: Sieve, where: str) -> pl.DataFrame:
    """See to nights whose last bar is labelled, in every session, before the night ends."""
    for place, plan in enumerate(plans.plans):
        night = frame.filter((pl.col("plan") == place) & pl.col("night"))
        last = night["end"].max()
        if not plan[0].night or not isinstance(last, int) or last >= plan[0].end:
            continue
        sessions = night["session"].n_unique()
        told = f"{sessions} nights to {_clock(plan[0].end)} have no label after {_clock(last)}"
        if settings.night_tail == "refuse":
            raise FileRefusedError(
                "the last bar of a night may hold more than its label says", where=f"{where}, column time",
                found=told, expected=f"labels up to {_clock(plan[0].end)}",
                hint='say what it holds: night_tail="to the close" (all until the night ends) or "as labelled"',
            )  # fmt: skip
        if settings.night_tail == "to the close":
            tail = (pl.col("plan") == place) & pl.col("night") & (pl.col("end") == last)
            frame = frame.with_columns(end=pl.when(tail).then(pl.lit(plan[0].end)).otherwise("end"))
        done = "moved to the night's end" if settings.night_tail == "to the close" else "left as labelled"
        sieve.note(f"{told}: the last bar was {done}, as declared")
    return frame


def _note_cover(frame: pl.DataFrame, plans: Plans, sieve: Sieve, minutes: int) -> None:
    """Say where bars never reach the first or last hours of the exchange."""
    for place, plan in enumerate(plans.plans):
        day = frame.filter((pl.col("plan") == place) & ~pl.col("night"))
        first, last = day["end"].min(), day["end"].max()
        begin = next(held.begin for held in plan if not held.night)
        if not isinstance(first, int) or not isinstance(last, int):
            continue
        if first - minutes > begin or last < plan[-1].end:
            days = day["session"].sort()
            sieve.note(
                f"labels of {days[0]} … {days[-1]} run from {_clock(first)} to {_clock(last)},"
                f" trading from {_clock(begin)} to {_clock(plan[-1].end)}: the rest is not in the file"
            )


def _clock(minute: int) -> str:
    return f"{minute % _DAY // 60:02}:{minute % 60:02}"


def _lit(which: BoolArray) -> pl.Expr:
    return pl.lit(pl.Series(which))
