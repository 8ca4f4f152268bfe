"""The synthetic rebar: the same walk at every frequency, nights as the calendar has them, rolls that are no return."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tidegate.data.rebar_world import RebarWorld
from tidegate.data.rolled import DeliveryWeeks, RolledBars
from tidegate.data.source import Source
from tidegate.errors import DataError
from tidegate.market.calendar import XSHG
from tidegate.types.bars import Bars, BarSpec


def world(frequency, **changes):
    return RebarWorld(**{"sessions": 130, "seed": 3, "roll": 40, "frequency": frequency, **changes})


class Given(Source):
    """Bars that a test made."""

    name = "given-bars-of-a-test"
    held: object

    def bars(self):
        return self.held


def moved(bars):
    """Log return of each bar's adjusted close."""
    return np.diff(np.log(bars.adjusted("close")))


def test_days_are_made_of_hours_and_hours_of_five_minutes():
    short, hours, days = (world(frequency).bars() for frequency in ("5min", "60min", "1d"))
    for longer in (hours, days):
        assert longer.frame["volume"].sum() == short.frame["volume"].sum()
        assert longer.frame["high"].max() == short.frame["high"].max()
    closes = hours.frame.group_by("session", maintain_order=True).last()
    assert closes["close"].to_list() == days.frame["close"].to_list()
    assert short.frame["time"].is_unique().all()


def test_nights_are_those_of_the_calendar():
    frame = world("60min").bars().frame
    sessions = frame["session"].unique().sort().to_numpy().astype("datetime64[D]")
    night = frame.filter(pl.col("time").dt.hour() >= 21)
    assert night["session"].unique().sort().to_list() == sessions[XSHG.has_night(sessions)].tolist()
    monday = night.filter(pl.col("session").dt.weekday() == 1)
    assert set(monday["time"].dt.weekday()) == {5}  # Friday night belongs to Monday
    assert len(night) < 2 * len(sessions)  # a holiday lies among them, whose eve has no night


def test_a_roll_is_a_gap_of_the_raw_price_and_none_of_the_joined_one():
    bars = world("1d").bars()
    steps = np.flatnonzero(np.diff(bars.adjustment)) + 1
    assert steps.tolist() == [40, 80, 120]
    ratio = bars.adjustment[steps] / bars.adjustment[steps - 1]
    raw = np.diff(np.log(bars.column("close")))[steps - 1]
    np.testing.assert_allclose(raw + np.log(ratio), moved(bars)[steps - 1], atol=1e-12)
    assert np.abs(moved(bars)).max() < 0.08 < np.log(1.02) + np.abs(raw).max()
    left = bars.column("roll_from")
    assert np.flatnonzero(np.isfinite(left)).tolist() == steps.tolist()
    np.testing.assert_allclose(left[steps], np.rint(bars.column("open")[steps] * ratio), atol=0.51)


def test_nothing_of_a_return_can_be_foretold_but_its_size():
    returns = moved(world("5min", sessions=700, roll=85).bars())
    n = len(returns)
    assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 4 / np.sqrt(n)
    size = np.abs(returns)
    assert np.corrcoef(size[100:], size[:-100])[0, 1] > 10 / np.sqrt(n)


def test_a_bar_that_opens_at_the_contract_left_is_left_out_and_told():
    short, daily = world("60min").bars(), world("1d").bars()
    opened = short.column("roll_from")
    mixed = short.frame.with_columns(
        open=pl.Series(np.where(np.isfinite(opened), opened, short.column("open")))
    ).with_columns(high=pl.max_horizontal("open", "high"))
    plain = mixed.drop("factor", "roll_from")
    joined = RolledBars(short=Given(held=Bars.of(plain, short.spec)), daily=Given(held=daily)).bars()
    assert joined.spec.stamps[-1].startswith("3 first bars after a change of contract")
    gone = plain.join(joined.frame, on="time", how="anti")["time"].to_list()
    assert gone == short.frame.filter(np.isfinite(opened))["time"].to_list()
    assert len(gone) == 3


def test_a_session_without_its_daily_bar_is_refused():
    daily = world("1d", sessions=129)
    with pytest.raises(DataError, match="a session has no daily bar"):
        RolledBars(short=world("60min"), daily=daily).bars()


def test_around_a_delivery_prices_begin_anew():
    bars = DeliveryWeeks(held=world("60min", sessions=60)).bars()
    days = bars.frame.filter("reset")["session"].to_numpy().astype("datetime64[D]")
    for month, friday in (("2016-07", "2016-07-15"), ("2016-08", "2016-08-19")):
        held = days[days.astype("datetime64[M]") == np.datetime64(month)]
        assert np.datetime64(friday) in held
        assert np.busday_count(held[0], np.datetime64(friday)) == 5
        assert np.busday_count(np.datetime64(friday), held[-1]) == 1
    firsts = bars.frame.group_by("session", maintain_order=True).first()
    assert firsts.filter("reset").height == len(days)  # the first bar of its session, and no other


def test_bars_that_end_before_a_third_friday_begin_anew_all_the_same():
    """The first sessions of July 2016: the 15th is known to come, though no bar reaches it."""
    bars = DeliveryWeeks(held=world("60min", sessions=60)).bars()
    days = bars.frame["session"].unique().sort()
    for count in range(1, 61):
        cut = bars.frame.filter(pl.col("session") <= days[count - 1])
        ended = DeliveryWeeks(held=Given(held=Bars.of(cut.drop("reset"), bars.spec))).bars()
        assert ended.frame["reset"].to_list() == cut["reset"].to_list()


def test_a_delivery_after_a_holiday_reaches_back_over_it():
    """The 16th of February 2018 lay within the Spring Festival: the first session after it is the 22nd."""
    days = XSHG.sessions(dt.date(2018, 2, 1), dt.date(2018, 2, 28))
    price = pl.lit(3800.0)
    frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days, "asset": ["RB"] * len(days)})
    frame = frame.with_columns(open=price, high=price, low=price, close=price)
    spec = BarSpec(frequency="1d", kind="future", currency="CNY", title="flat", source="made here")
    made = DeliveryWeeks(held=Given(held=Bars.of(frame, spec))).bars().frame
    assert made.filter("reset")["session"].dt.day().to_list() == [8, 9, 12, 13, 14, 22, 23]
