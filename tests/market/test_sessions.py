"""Hours of futures, against what the exchanges' own bars show."""

import numpy as np
import pytest

from tidegate.errors import DataError, RecordError
from tidegate.market.sessions import HOURS, Stretch, cuts

DAY = (Stretch(540, 615), Stretch(630, 690), Stretch(810, 900))


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


def clock(ends):
    return [f"{end % 1440 // 60:02}:{end % 60:02}" for end in ends]


def test_nights_come_first_and_end_by_date():
    """The last night until 01:00 was 2016-04-28's, settled on the 29th; the 3rd of May followed a holiday."""
    asked = days("2014-12-26", "2014-12-29", "2016-04-29", "2016-05-03", "2016-05-04", "2020-02-03")
    held = HOURS["shfe-rebar"].plans(asked)
    nights = [held.plans[place][0] if held.plans[place][0].night else None for place in held.which]
    assert nights == [None, Stretch(-180, 60), Stretch(-180, 60), None, Stretch(-180, -60), None]


def test_index_futures_have_no_night_and_changed_their_hours():
    held = HOURS["cffex-index"].plans(days("2015-12-31", "2016-01-04"))
    assert [clock(held.plans[place][-1]) for place in held.which] == [["13:00", "15:15"], ["13:00", "15:00"]]
    with pytest.raises(DataError, match="unknown: the rule hours of index futures"):
        HOURS["cffex-index"].plans(days("2010-04-15"))


@pytest.mark.parametrize(
    ("minutes", "how", "ends"),
    [
        (60, "trading", ["22:00", "23:00", "00:00", "01:00", "10:00", "11:15", "14:15", "15:00"]),
        (60, "clock", ["22:00", "23:00", "00:00", "01:00", "10:00", "11:00", "11:30", "14:00", "15:00"]),
        (1440, "trading", ["15:00"]),
    ],
)
def test_ends_of_longer_bars(minutes, how, ends):
    assert clock(cuts((Stretch(-180, 60), *DAY), minutes, how)) == ends


@pytest.mark.parametrize("how", ["trading", "clock"])
@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60, 1440])
def test_every_minute_of_trade_is_in_one_bar(minutes, how):
    plan = (Stretch(-180, -60), *DAY)
    ends = cuts(plan, minutes, how)
    assert list(ends) == sorted(set(ends))
    assert ends[-1] == 900
    assert all(any(held.holds(end) for held in plan) for end in ends)
    assert (len(ends) == 345) == (minutes == 1)


def test_a_bar_has_a_length():
    with pytest.raises(RecordError, match="a bar has no length"):
        cuts(DAY, 0)
