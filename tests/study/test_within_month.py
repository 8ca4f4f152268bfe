"""Asked about a day within a month, a monthly study names the months' ends around it."""

import numpy as np
import pytest

from tidegate.errors import DataError
from tidegate.market.calendar import XSHG
from tidegate.study.gaps import refuse_within_month


def sessions(first, last):
    days = XSHG.sessions(np.datetime64(first).item(), np.datetime64(last).item())
    return days.astype("datetime64[us]")


def without(times, *days):
    return times[~np.isin(times.astype("datetime64[D]"), np.array(days, dtype="datetime64[D]"))]


WHOLE = sessions("2016-05-03", "2016-07-20")


@pytest.mark.parametrize("when", ["2016-05-31", "2016-06-30", "2016-06-18"])
def test_a_months_end_is_let_pass_and_a_day_that_is_no_session_is_left_to_others(when):
    refuse_within_month(WHOLE, np.datetime64(when, "us"))


@pytest.mark.parametrize(
    ("times", "when", "expected", "found", "hint"),
    [
        (WHOLE, "2016-06-15", "2016-05-31 or 2016-06-30", "a session within a month", "a month's last session"),
        (WHOLE, "2016-05-10", "2016-05-31", "a session within a month", "a month's last session"),
        (WHOLE, "2016-07-15", "2016-06-30", "not over in these data", "after the month's last close"),
        (
            sessions("2016-05-03", "2016-06-30"),
            "2016-06-15",
            "2016-05-31 or 2016-06-30",
            "within a month",
            "last session",
        ),
        (without(WHOLE, "2016-06-30"), "2016-06-29", "2016-05-31", "last session has no bar", "update the data"),
        (
            sessions("2016-05-03", "2016-05-20"),
            "2016-05-10",
            "the last session of a month",
            "not over",
            "after the month",
        ),
    ],
    ids=["between two", "in the first", "in the last", "data end with it", "its end is missing", "no month is whole"],
)
def test_a_day_within_a_month_is_told_the_ends_around_it(times, when, expected, found, hint):
    with pytest.raises(DataError, match="decides at the last close of a month") as refused:
        refuse_within_month(times, np.datetime64(when, "us"))
    for words in (f"expected {expected},", found, hint):
        assert words in str(refused.value)
