"""Texts → moments: dates and times of several shapes, read strictly, judged as a column.

One value alone may mislead (is 05.01.2015 in January or in May? is 2015-1-1 the first, or the eleventh cut off?). So
the column decides: the order of day and month needs evidence from the column itself or from the user, and a value
shaped otherwise than most of its column (no padding among padded ones, no time among times) is a defect, not a date.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from tidegate.errors import FileRefusedError

__all__ = [
    "FIRST_MOMENT",
    "LAST_MOMENT",
    "DateOrder",
    "Epoch",
    "Moments",
    "looks_like_moment",
    "read_clocks",
    "read_moments",
]

DateOrder = Literal["auto", "ymd", "dmy", "mdy"]
Epoch = Literal["none", "s", "ms"]

_WEEK = "一二三四五六日"
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = (
    r"(?:[ ,，]*(?:\(|（)?(?:(?:星期|周|礼拜)?(?P<w>[一二三四五六日天])|(?P<e>Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*)"
    r"(?:\)|）)?)?"
)
_TIME = r"(?:(?:[T ]+|(?<=\d)-)(?P<H>\d{1,2}):(?P<M>\d{2})(?P<S>:\d{2}(?:\.0{1,9})?)?|[ ](?P<h>\d{2})-(?P<half>AM|PM))?"
_SEPARATED = re.compile(
    rf"(?P<a>\d{{1,4}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<c>\d{{1,4}}){_WEEKDAY}{_TIME}",
    re.ASCII | re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"(?P<a>\d{{4}})年(?P<b>\d{{1,2}})月(?P<c>\d{{1,2}})日{_WEEKDAY}{_TIME}", re.ASCII | re.IGNORECASE
)
_COMPACT = re.compile(rf"(?P<a>\d{{4}})(?P<b>\d{{2}})(?P<c>\d{{2}}){_WEEKDAY}{_TIME}", re.ASCII | re.IGNORECASE)
_STAMP = re.compile(r"(?P<a>\d{4})(?P<b>\d{2})(?P<c>\d{2})(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?", re.ASCII)
_CLOCK = re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2})(?P<S>:\d{2}(?:\.0{1,9})?)?", re.ASCII)
_DIGITS = re.compile(r"(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})?", re.ASCII)
_EPOCHS = {"s": (10, 1), "ms": (13, 1000)}
FIRST_MOMENT, LAST_MOMENT = datetime(1850, 1, 1), datetime(2150, 12, 31)  # noqa: DTZ001
_YEAR_DIGITS, _MONTHS, _EVIDENCE = 4, 12, 2


class Moments(NamedTuple):
    """What each distinct text is: a moment, or why it is none ("weekday" or "unreadable_time")."""

    moments: dict[str, datetime]
    broken: dict[str, str]
    timed: bool
    order: str


class _Read(NamedTuple):
    """A text taken apart; its column must agree on `shape` and on padding (of date, of hour)."""

    parts: tuple[int, int, int]
    order: str
    clock: tuple[int, int, int]
    weekday: int | None
    shape: tuple[bool, bool]
    loose: tuple[bool, bool]
    padded: tuple[bool, bool]


def looks_like_moment(text: str) -> bool:
    """Whether one text alone could be a date.

    >>> looks_like_moment("2015/1/5"), looks_like_moment("close")
    (True, False)
    """
    return _take_apart(text.strip()) is not None


def read_moments(
    counts: dict[str, int], where: str, order: DateOrder = "auto", epoch: Epoch = "none", epoch_hours: float = 0.0
) -> Moments:
    """Read the distinct texts of a column, given how often each occurs.

    Raises `FileRefusedError` where the order of day and month cannot be told, and for numbers of seconds since 1970
    unless `epoch` says that they are; these are moved by `epoch_hours` to the exchange's own time.

    >>> read_moments({"2015-01-05": 1, "2015-01-06 星期二": 1, "2015-1-7": 1}, "a.csv").broken
    {'2015-1-7': 'unreadable_time'}
    """
    if epoch != "none":
        return _epochs(counts, epoch, epoch_hours)
    _refuse_epochs(counts, where)
    read = {text: _take_apart(text) for text in counts}
    broken = {text: "unreadable_time" for text, one in read.items() if one is None}
    good = {text: one for text, one in read.items() if one is not None}
    turned = _order(good, counts, order, where)
    agreed = _agreed(good, counts)
    moments: dict[str, datetime] = {}
    for text, one in good.items():
        moment = _moment(one, turned)
        if moment is None or not agreed(one):
            broken[text] = "unreadable_time"
        elif one.weekday is not None and one.weekday != moment.weekday():
            broken[text] = "weekday"
        else:
            moments[text] = moment
    timed = sum(counts[text] for text in moments if good[text].shape[0]) > 0
    return Moments(moments, broken, timed, turned)


def read_clocks(counts: dict[str, int]) -> dict[str, timedelta]:
    """Read times of day (09:35, 09:35:00, 0935, 093500); what cannot be read is not in the answer.

    >>> read_clocks({"09:35": 2, "9:40": 1, "25:00": 1})
    {'09:35': datetime.timedelta(seconds=34500)}
    """
    matches = {text: _CLOCK.fullmatch(text) or _DIGITS.fullmatch(text) for text in counts}
    shapes: Counter[tuple[bool, bool]] = Counter()
    for text, match in matches.items():
        if match is not None:
            shapes[":" in text, match["S"] is not None] += counts[text]
    best = max(shapes, key=lambda shape: shapes[shape], default=None)
    padded = any(match is not None and match["H"].startswith("0") and len(match["H"]) > 1 for match in matches.values())
    clocks = {}
    for text, match in matches.items():
        if match is None or (":" in text, match["S"] is not None) != best or (padded and len(match["H"]) == 1):
            continue
        hour, minute, second = int(match["H"]), int(match["M"]), int(float((match["S"] or "0").lstrip(":")))
        if hour < 24 and minute < 60 and second < 60:  # noqa: PLR2004
            clocks[text] = timedelta(hours=hour, minutes=minute, seconds=second)
    return clocks


def _take_apart(text: str) -> _Read | None:
    match = _SEPARATED.fullmatch(text) or _CHINESE.fullmatch(text) or _COMPACT.fullmatch(text) or _STAMP.fullmatch(text)
    if match is None:
        return None
    held = match.groupdict()
    a, b, c = held["a"], held["b"], held["c"]
    if len(a) == _YEAR_DIGITS and len(c) < _YEAR_DIGITS - 1:
        order, parts, small = "ymd", (int(a), int(b), int(c)), (b, c)
    elif len(c) == _YEAR_DIGITS and len(a) < _YEAR_DIGITS - 1:
        order, parts, small = "?", (int(a), int(b), int(c)), (a, b)
    else:
        return None
    clock = _clock(held)
    if clock is None or any(not 0 < len(part) <= 2 for part in small):  # noqa: PLR2004
        return None
    hour = held.get("H") or held.get("h") or ""
    weekday = None
    if held.get("w"):
        weekday = _WEEK.index(held["w"].replace("天", "日"))
    elif held.get("e"):
        weekday = _ENGLISH.index(held["e"].lower())
    return _Read(
        parts, order, clock, weekday, (bool(hour), held.get("S") is not None),
        loose=(any(len(part) == 1 for part in small), len(hour) == 1),
        padded=(any(len(part) > 1 and part[0] == "0" for part in small), len(hour) > 1 and hour[0] == "0"),
    )  # fmt: skip


def _clock(held: dict[str, str | None]) -> tuple[int, int, int] | None:
    if held.get("half"):
        hour = int(held["h"] or 0)
        if not 1 <= hour <= 12:  # noqa: PLR2004
            return None
        return hour % 12 + (12 if str(held["half"]).upper() == "PM" else 0), 0, 0
    if not held.get("H"):
        return 0, 0, 0
    hour, minute, second = int(held["H"] or 0), int(held["M"] or 0), int(float((held.get("S") or "0").lstrip(":")))
    return (hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None  # noqa: PLR2004


def _order(good: dict[str, _Read], counts: dict[str, int], order: DateOrder, where: str) -> str:
    open_ones = [text for text, one in good.items() if one.order == "?"]
    rows = sum(counts[text] for text in open_ones)
    if not open_ones or rows * 2 < sum(counts[text] for text in good):
        return "ymd"
    if order in {"dmy", "mdy"}:
        return order
    first = sum(good[text].parts[0] > _MONTHS for text in open_ones)
    second = sum(good[text].parts[1] > _MONTHS for text in open_ones)
    if first >= _EVIDENCE and not second:
        return "dmy"
    if second >= _EVIDENCE and not first:
        return "mdy"
    raise FileRefusedError(
        "the order of day and month cannot be told", where=where, found=open_ones[0],
        expected="several dates with a day after the 12th, all in one place", hint='say it: date_order="dmy" or "mdy"',
    )  # fmt: skip


def _agreed(good: dict[str, _Read], counts: dict[str, int]) -> Callable[[_Read], bool]:
    """Find what most of the column agrees on: time or none, seconds or none, padding or none."""
    shapes: Counter[tuple[bool, bool]] = Counter()
    loose, padded = [0, 0], [0, 0]
    for text, one in good.items():
        shapes[one.shape] += counts[text]
        for part in range(2):
            loose[part] += counts[text] * one.loose[part]
            padded[part] += counts[text] * one.padded[part]
    best = max(shapes, key=lambda shape: shapes[shape], default=None)

    def agrees(one: _Read) -> bool:
        fits = (not (one.loose if padded[part] > loose[part] else one.padded)[part] for part in range(2))
        return one.shape == best and all(fits)

    return agrees


def _moment(one: _Read, order: str) -> datetime | None:
    a, b, c = one.parts
    if one.order == "?":
        if order == "ymd":
            return None
        year, month, day = (c, b, a) if order == "dmy" else (c, a, b)
    elif order != "ymd":
        return None
    else:
        year, month, day = a, b, c
    if not FIRST_MOMENT.year <= year <= LAST_MOMENT.year:
        return None
    try:
        return datetime(year, month, day, *one.clock)  # noqa: DTZ001 - the exchange's own local time
    except ValueError:
        return None


def _refuse_epochs(counts: dict[str, int], where: str) -> None:
    total = sum(counts.values())
    for epoch, (digits, _) in _EPOCHS.items():
        rows = sum(count for text, count in counts.items() if text.isascii() and text.isdigit() and len(text) == digits)
        if rows * 2 > total:
            example = next(text for text in counts if text.isdigit() and len(text) == digits)
            raise FileRefusedError(
                "the times look like a count since 1970", where=where, found=example,
                hint=f'if so, say it and the exchange\'s offset from UTC: epoch="{epoch}", epoch_hours=8',
            )  # fmt: skip


def _epochs(counts: dict[str, int], epoch: Epoch, hours: float) -> Moments:
    digits, per_second = _EPOCHS[epoch]
    start = datetime(1970, 1, 1) + timedelta(hours=hours)  # noqa: DTZ001 - moved to the exchange's own local time
    moments: dict[str, datetime] = {}
    broken: dict[str, str] = {}
    for text in counts:
        if text.isascii() and text.isdigit() and digits - 1 <= len(text) <= digits:
            moments[text] = start + timedelta(milliseconds=int(text) * (1000 // per_second))
        else:
            broken[text] = "unreadable_time"
    return Moments(moments, broken, any(moment.time() != datetime.min.time() for moment in moments.values()), "epoch")
