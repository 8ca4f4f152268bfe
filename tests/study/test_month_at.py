"""Asked about a day within a month, a monthly study names the months' ends around it."""

import numpy as np
import pytest

from tidegate.errors import DataError
from tidegate.study.gaps import month_at

SESSIONS = np.array(["2016-05-30", "2016-05-31", "2016-06-15", "2016-06-30", "2016-07-01"], dtype="datetime64[us]")
ENDS = SESSIONS[[1, 3]]


def day(text):
    return np.datetime64(text, "us")


def test_a_months_end_has_its_place():
    assert month_at(ENDS, SESSIONS, day("2016-06-30")) == 1


@pytest.mark.parametrize(
    ("ends", "sessions", "when", "expected", "hint"),
    [
        (ENDS[:1], SESSIONS, "2016-06-15", "expected 2016-05-31 or 2016-06-30", "last session"),
        (ENDS[:0], SESSIONS, "2016-05-30", "expected 2016-05-31", "last session"),
        (ENDS[:1], SESSIONS[:3], "2016-06-15", "expected 2016-05-31,", "after the month's last close"),
    ],
    ids=["between two", "before the first", "not over"],
)
def test_a_day_within_a_month_is_told_the_ends_around_it(ends, sessions, when, expected, hint):
    with pytest.raises(DataError, match="decides at the last close of a month") as refused:
        month_at(ends, sessions, day(when))
    assert expected in str(refused.value)
    assert hint in str(refused.value)


def test_a_day_that_is_no_session_is_said_to_be_none():
    with pytest.raises(DataError, match="no bar of that day"):
        month_at(ENDS[:1], SESSIONS, day("2016-06-18"))
