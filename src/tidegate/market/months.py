"""The last session of a month, as the calendar knows it on that day."""

import numpy as np

from tidegate.errors import SettingError
from tidegate.market.calendar import XSHG, Calendar
from tidegate.types.axes import FloatArray, TimeArray

__all__ = ["month_ends"]


def month_ends(times: TimeArray, calendar: Calendar = XSHG) -> FloatArray:
    """A gate that is 1 at the last session of each month, else 0: labels of daily bars ``[T]`` → ``[T]``.

    Known at
        CLOSE(t): the calendar says when the next session is, as the exchange announced it; whether a bar of it is there
        makes no difference.
    Errors
        `DataError` for days that the calendar doesn't know; `SettingError` where a day has two bars.

    >>> month_ends(np.array(["2020-01-22", "2020-01-23", "2020-02-03"], dtype="datetime64[us]")).tolist()
    [0.0, 1.0, 0.0]
    """
    days = times.astype("datetime64[D]")
    if bool((np.diff(days) <= np.timedelta64(0, "D")).any()):
        raise SettingError("a month's end is told of daily bars", expected="one bar a day, in order")
    closed = calendar.check(days)
    after = np.searchsorted(calendar.days, days, side="right")
    if len(days) and after[-1] == len(calendar.days):
        calendar.next_session(days[-1].item())  # nobody knows it
    last = calendar.days[after].astype("datetime64[M]") != days.astype("datetime64[M]")
    return np.asarray(last & ~np.isin(days, closed), dtype=np.float64)
