"""Times as tables of users write them: text is read where it can be read in one way only, and never ordered as text.

`2010/4/20` stands after `2010/10/8` where dates are ordered letter by letter, and a cut then keeps the wrong rows. What
begins with its year can be read in one way; what begins with a day or a month can't, and is refused.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SettingError

__all__ = ["moments_of", "require_order", "rows_in_order"]

_CLOCK = r"(?:[ T]?(?P<h>\d{1,2}):?(?P<min>\d{2})(?::?(?P<s>\d{2})(?P<f>[.,]\d+)?)?)?"
_ZONE = r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
_DAY_CLOCK, _CHINESE_CLOCK = _CLOCK.replace("[ T]?", "[ T]+"), _CLOCK.replace("[ T]?", " *")
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<y>\d{{4}})(?P<sep>[-/.])(?P<m>\d{{1,2}})(?P=sep)(?P<d>\d{{1,2}}){_DAY_CLOCK}{_ZONE}",
        rf"(?P<y>\d{{4}})年(?P<m>\d{{1,2}})月(?P<d>\d{{1,2}})日{_CHINESE_CLOCK}",
        rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}}){_CLOCK}{_ZONE}",
        r"(?P<y>\d{4})[-/.年]?(?P<m>\d{1,2})月?",
        r"(?P<y>\d{4})-?Q(?P<q>[1-4])",
        r"(?P<y>\d{4})",
    )
)
_FIRST_YEAR, _LAST_YEAR = 1700, 2200


def moments_of(column: NDArray[Any], *, strict: bool = True) -> NDArray[Any]:
    """A column of times as times that can be ordered: text as ``datetime64[us]``, anything else as it is.

    ISO 8601, ``2010/4/20`` and ``2010.4.20`` with or without leading zeros, ``20100420``, ``2010年4月20日``, all with
    or without a time of the day; months, quarters and years. Zones are taken to UTC.

    Errors
        `SettingError` for text that can't be read, or could be read in more than one way; with `strict` unset such a
        column is given back as it is.

    >>> moments_of(np.array(["2010/4/20", "2010/10/8"])).astype("datetime64[D]").tolist()
    [datetime.date(2010, 4, 20), datetime.date(2010, 10, 8)]
    >>> moments_of(np.array([20100420, 20101008])).tolist()
    [20100420, 20101008]
    >>> moments_of(np.array(["02/13/2017"]))
    Traceback (most recent call last):
        ...
    tidegate.errors.SettingError: these times can't be read in one way only: expected dates, ... found '02/13/2017'. ...
    """
    if column.dtype.kind not in "US" and not (column.dtype == object and _holds_text(column)):
        return column
    held = column.tolist()
    read: dict[Any, np.datetime64 | None] = {}
    for value in held:
        if value not in read:
            read[value] = _read(value)
            if read[value] is None:
                if not strict:
                    return column
                raise SettingError(
                    "these times can't be read in one way only",
                    expected="dates, or text that begins with the year (2010-04-20, 2010/4/20, 20100420)",
                    found=repr(value),
                    hint="turn them into dates first, as pd.to_datetime(column, format=...) does",
                )
    return np.array([read[value] for value in held], dtype="datetime64[us]")


def _holds_text(column: NDArray[Any]) -> bool:
    return any(isinstance(value, str) for value in column.tolist())


def _read(value: Any) -> np.datetime64 | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    found = next((match for match in (form.fullmatch(text) for form in _FORMS) if match), None)
    if found is None:
        return None
    told = found.groupdict()
    if not _FIRST_YEAR <= int(told["y"]) <= _LAST_YEAR:
        return None
    month = int(told.get("m") or 3 * int(told.get("q") or 1) - 2)
    clock = [int(told.get(part) or 0) for part in ("h", "min", "s")]
    try:
        made = np.datetime64(f"{told['y']}-{month:02d}-{int(told.get('d') or 1):02d}", "us")
    except ValueError:  # no such day
        return None
    if clock[0] > 24 or clock[1] > 59 or clock[2] > 60:  # noqa: PLR2004 - 24:00 and leap seconds are written
        return None
    made += np.timedelta64((clock[0] * 60 + clock[1]) * 60 + clock[2], "s")
    if told.get("f"):
        made += np.timedelta64(round(float(f"0.{told['f'][1:]}") * 1e6), "us")
    zone = told.get("zone")
    if zone and zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        made += np.timedelta64(-minutes if zone[0] == "+" else minutes, "m")
    return made


def require_order(time: NDArray[Any], asset: NDArray[Any]) -> None:
    """Raise `SettingError` where the rows of an asset are in no order of their times: neither that nor its reverse.

    >>> require_order(np.array([1, 2, 1, 2]), np.array(["a", "a", "b", "b"]))
    >>> require_order(np.array([3, 2, 1]), np.zeros(3))
    >>> require_order(np.array([1, 4, 2, 3]), np.zeros(4))
    Traceback (most recent call last):
        ...
    tidegate.errors.SettingError: 1 row is not in the order of its time (the first is row 2): expected ...
    """
    _, code = np.unique(asset.astype(str), return_inverse=True)
    order = np.argsort(code, kind="stable")
    same = np.diff(code[order]) == 0
    before, after = time[order][:-1][same], time[order][1:][same]
    back = np.asarray(after < before)
    if not back.any() or not np.asarray(after > before).any():
        return
    rows = np.sort(order[1:][same][back])
    one = rows.size == 1
    first = int(rows[0])
    raise SettingError(
        f"{rows.size:,} {'row is' if one else 'rows are'} not in the order of {'its time' if one else 'their times'} "
        f"(the first is row {first})",
        expected="the rows of an asset by their times, or newest first",
        found=f"{time[first]} after a later one",
        hint="sort by time; or name the column that orders them: time=, of what many assets share: asset=; "
        "or time='rows' where the order of the rows is the true one",
    )


def rows_in_order(labels: NDArray[Any] | None, asset: NDArray[Any] | None, rows: int) -> NDArray[np.int64]:
    """The order of the rows as their time: row numbers, or of several assets where each label comes up first.

    Errors
        `SettingError` where the rows of some asset go back in that order.

    >>> rows_in_order(np.array(["21:00", "09:00"]), None, 2).tolist()
    [0, 1]
    >>> rows_in_order(np.array([8, 8, 7, 7]), np.array(["a", "b", "a", "b"]), 4).tolist()
    [0, 0, 1, 1]
    """
    if labels is None or asset is None:
        return np.arange(rows)
    _, first, code = np.unique(labels, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))[code].astype(np.int64)
    _, whose = np.unique(asset.astype(str), return_inverse=True)
    order = np.argsort(whose, kind="stable")
    back = (np.diff(whose[order]) == 0) & (np.diff(place[order]) < 0)
    if back.any():
        raise SettingError(
            "the rows of these assets are in no common order",
            expected="every asset's rows in the order in which their times come up first",
            found=f"{int(back.sum()):,} rows that step back",
            hint="order the rows by moment and then by asset, or check an asset at a time",
        )
    return place
