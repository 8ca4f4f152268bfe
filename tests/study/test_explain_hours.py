"""`explain` among hours: what to type, the session and the contract of a night bar, and why nothing was filled."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from tidegate.errors import UnknownNameError
from tidegate.study.explain import _bar_lines, _book_lines, _others
from tidegate.study.explain_bars import _why_none

HOURS = (datetime(2017, 5, 9, 22), datetime(2017, 5, 9, 23), datetime(2017, 5, 10, 10), datetime(2017, 5, 11, 10))


def hours(times=HOURS, rolls=(None, 3200.0, None, None)):
    sessions = [date(2017, 5, 10)] * (len(times) - 1) + [date(2017, 5, 11)]
    columns = {"time": times, "session": sessions, "asset": "RB", "close": 1.0, "roll_from": rolls}
    return pl.DataFrame(columns).with_columns(pl.col("time").cast(pl.Datetime("us")))


def test_the_bars_of_a_session_are_named_as_they_are_typed():
    frame = hours()
    told = _others(frame, frame["time"].to_numpy(), np.datetime64("2017-05-10", "us"))
    assert told == "the session has 3 bars: 2017-05-09T22:00, 2017-05-09T23:00, 2017-05-10T10:00"


def test_a_long_session_is_cut_and_counted():
    times = [datetime(2017, 5, 10, 9 + n // 12, n % 12 * 5) for n in range(24)] + [datetime(2017, 5, 11, 9)]
    frame = hours(times, [None] * 25)
    told = _others(frame, frame["time"].to_numpy(), np.datetime64("2017-05-10", "us"))
    assert told.startswith("the session has 24 bars: 2017-05-10T09:00, 2017-05-10T09:05,")
    assert told.endswith("2017-05-10T09:50, …, 2017-05-10T10:55")


def test_a_day_without_a_session_has_nearest_bars():
    frame = hours()
    told = _others(frame, frame["time"].to_numpy(), np.datetime64("2017-05-11T09:00", "us"))
    assert told == "the nearest are 2017-05-09T23:00, 2017-05-10T10:00, 2017-05-11T10:00"


@pytest.mark.parametrize(
    "row, session, contract",
    [
        (0, "2017-05-10, traded in the night before", "the first of the series"),
        (1, "2017-05-10, traded in the night before", "no. 2 of the series, since 2017-05-09 23:00"),
        (2, "2017-05-10", "no. 2 of the series, since 2017-05-09 23:00"),
    ],
)
def test_a_bar_tells_its_session_and_contract(row, session, contract):
    told = {line.what: line.value for line in _bar_lines(hours(), row)}
    assert (told["session"], told["contract"]) == (session, contract)


@pytest.mark.parametrize(
    "price, lots, words",
    [
        (None, 0, "nothing was asked"),
        (float("nan"), 0, "nothing was asked"),
        (3200.0, 0, "it reached neither side"),
        (3100.0, 2, "what was held before could not be left"),
        (3100.0, 0, "no size, or its switch was shut"),
    ],
)
def test_a_bar_without_a_fill_says_why(price, lots, words):
    assert words in _why_none(3200.0, price, pl.DataFrame({"quantity": [lots]}))


def test_a_book_of_nobody_is_refused(tmp_path):
    times = np.array(["2017-05-10", "2017-05-11"], dtype="datetime64[us]")
    (tmp_path / "ledger" / "index" / "seed-0").mkdir(parents=True)
    with pytest.raises(UnknownNameError, match=r"unknown member 'seed-9'.*seed-0"):
        _book_lines(tmp_path, "RB", times[0], times, "seed-9")
