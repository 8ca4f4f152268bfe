"""Futures: limits around the settlement, fees by session, marks; rolls known before they are acted on."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.backtest.ledgers import ledger
from tidegate.errors import DataError, RecordError
from tidegate.market.calendar import XSHG
from tidegate.market.index_future import IndexFuture
from tidegate.market.rebar_future import RebarFuture
from tidegate.market.roll import Roll, roll_table
from tidegate.types.bars import Bars, BarSpec


def bars_of(times, sessions, opens, closes, **columns):
    frame = pl.DataFrame(
        {"time": np.array(times, dtype="datetime64[us]"), "session": np.array(sessions, dtype="datetime64[D]"),
         "open": opens, "close": closes, "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), **columns}
    ).with_columns(asset=pl.lit("future"))  # fmt: skip
    return Bars.of(frame, BarSpec(frequency="60min", kind="future", currency="CNY", title="made", source="a test"))


NIGHT = ["2019-03-01T10:00", "2019-03-01T22:00", "2019-03-04T10:00", "2019-03-04T22:00", "2019-03-05T10:00"]
"""A Friday, its night, Monday and its night, Tuesday."""


class TestRebar:
    def rebar(self, opens, closes=None, **columns):
        moments = np.array(NIGHT[: len(opens)], dtype="datetime64[us]")
        return bars_of(moments, XSHG.trading_day(moments), np.array(opens), np.array(closes or opens), **columns)

    def test_a_night_is_the_next_session_and_its_limits_lie_around_the_settlement(self):
        """Settlement 3,510: ±7 % are 3,755.7 and 3,264.3, to the yuan 3,756 and 3,264, for the night and the day alike."""
        settle = [3510.0, None, 3600.0, None, None]
        held = RebarFuture().conditions(self.rebar([3500.0, 3500.0, 3505.0, 3600.0, 3600.0], settle=settle), "future")
        assert held.session.tolist() == [0, 1, 1, 2, 2]
        assert held.limit_up[1:].tolist() == [3756.0, 3756.0, 3852.0, 3852.0]
        assert held.limit_down[1:3].tolist() == [3264.0, 3264.0]
        assert held.mark.tolist() == [3510.0, 3500.0, 3600.0, 3600.0, 3600.0]

    def test_a_lot_of_the_night_closed_by_day_pays_to_close_today(self, monkeypatch):
        """10 t × 3,500 = 35,000 yuan: 0.01 % to open is 3.50; to close, 0.03 % within the trading day is 10.50."""
        from tidegate.market import rebar_future
        from tidegate.market.dated import DatedTable, Row

        dear = DatedTable("x", "1e-8 of value", (Row(date(2009, 3, 27), 30_000, "a test"),))
        monkeypatch.setattr(rebar_future, "REBAR_CLOSE_TODAY", dear)
        market = RebarFuture(slippage_ticks=0)
        terms = market.conditions(self.rebar([3500.0] * 5), "future")
        today = ledger(np.array([0.35, 0.0, 0.0, 0.0, 0.0]), terms, 100_000.0, "future").fills
        assert (today["quantity"].to_list(), today["commission"].to_list()) == ([1.0, 1.0], [3.5, 10.5])
        later = ledger(np.array([0.35, 0.35, 0.0, 0.0, 0.0]), terms, 100_000.0, "future").fills
        assert later["commission"].to_list() == [3.5, 3.5]

    def test_the_limits_of_the_bars_go_first(self):
        given = {"limit_up": [None, 3600.0, 3600.0], "limit_down": [None, 3400.0, 3400.0]}
        held = RebarFuture().conditions(self.rebar([3500.0, 3600.0, 3400.0], **given), "future")
        assert held.can_buy_open.tolist() == [True, False, True]
        assert held.can_sell_open.tolist() == [True, True, False]

    def test_a_side_that_the_bars_give_holds_by_itself_and_its_disagreement_is_told(self):
        """The bars give an upper limit of 3,850 where the rule has 3,745; the session opens beyond the rule's."""
        bars = self.rebar([3500.0, 3800.0, 3800.0], limit_up=[None, 3850.0, 3850.0])
        held = RebarFuture().conditions(bars, "future")
        assert held.limit_up[1:].tolist() == [3850.0, 3850.0]
        assert np.isnan(held.limit_down).all()
        (told,) = held.alarms
        assert told.what == "a given upper limit differs from the rule's, and goes first"
        assert (told.times, told.first) == (1, ("future 2019-03-04 (3850 against 3745 ticks)",))
        calm = RebarFuture().conditions(self.rebar([3500.0] * 3, limit_up=[None, 3745.0, 3745.0]), "future")
        assert calm.limit_down[1:].tolist() == [3255.0, 3255.0]
        assert calm.alarms == ()

    def test_an_open_beyond_shows_that_wider_limits_held(self):
        held = RebarFuture().conditions(self.rebar([3500.0, 3800.0, 3800.0]), "future")
        assert np.isnan(held.limit_up[1:]).all()
        assert held.can_buy_open.all()

    def test_before_it_was_listed(self):
        with pytest.raises(DataError, match="unknown: the rule"):
            RebarFuture().conditions(bars_of(["2009-03-26"], ["2009-03-26"], [3500.0], [3500.0]), "future")

    def test_that_its_rules_are_unconfirmed_is_said(self):
        stamps = RebarFuture().conditions(self.rebar([3500.0]), "future").stamps
        assert sum("Unconfirmed" in stamp for stamp in stamps) == 3

    @pytest.mark.real_data
    def test_real_bars_lie_within_the_limits(self, real_data):
        """Daily highs and lows of the main contract against limits around its last settlement, by years."""
        rows = pl.read_csv(real_data / "futures" / "RB_main_daily.csv", try_parse_dates=True)
        beyond = 0
        for _, held in rows.group_by("code", maintain_order=True):
            days = held["time"].cast(pl.Date).to_numpy()
            four = {name: held[name].cast(pl.Float64) for name in ("open", "high", "low", "close")}
            frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days, "asset": held["code"], **four,
                                  "settle": held["settlement"].cast(pl.Float64)})  # fmt: skip
            bars = Bars.of(frame, BarSpec(frequency="1d", kind="future", currency="CNY", title="rb", source="a vendor"))
            terms = RebarFuture().conditions(bars, held["code"][0])
            beyond += int(((bars.column("high") > terms.limit_up) | (bars.column("low") < terms.limit_down)).sum())
        assert (rows.height, beyond) == (2972, 11)


class TestIndexFuture:
    def test_the_settlement_is_the_mark_and_equity_follows_it(self):
        """One lot at 300 a point: from 3,000 to a settlement of 3,010 is 3,000 yuan, less 0.0023 % of 900,000 = 20.70."""
        days = XSHG.days[np.searchsorted(XSHG.days, np.datetime64("2019-05-06")) :][:3]
        bars = bars_of(days.astype("datetime64[us]"), days, [3000.0] * 3, [3000.0] * 3, settle=[3000.0, 3010.0, 3010.0])
        terms = IndexFuture(slippage_ticks=0).conditions(bars, "future")
        held = ledger(np.array([0.9, 0.9, 0.9]), terms, 1_000_000.0, "future")
        assert held.fills["commission"].to_list() == [20.7]
        assert held.book["equity"].to_list() == [1_000_000.0, 1_002_979.3, 1_002_979.3]


def contracts(interests, closes=None, names=("RB1", "RB2", "RB3")):
    """Daily bars: one row of open interest a session, 0 where a contract has no bar."""
    start, rows = date(2024, 1, 1), []
    for day, held in enumerate(interests):
        for place, interest in enumerate(held):
            if interest is not None:
                close = 100.0 * (place + 1) + day if closes is None else closes[day][place]
                rows.append((start + timedelta(day), names[place], close, float(interest)))
    return pl.DataFrame(rows, schema=["session", "contract", "close", "open_interest"], orient="row")


class TestRolls:
    def test_switched_at_the_open_after_the_close_that_said_so(self):
        frame = contracts([(9, 5), (8, 8), (7, 9), (6, 10)])
        assert roll_table(frame) == (Roll(date(2024, 1, 3), date(2024, 1, 4), "RB1", "RB2", 102.0, 202.0),)

    def test_never_back(self):
        assert len(roll_table(contracts([(9, 5), (4, 8), (9, 3), (9, 3)]))) == 1

    def test_over_a_contract_to_the_largest_of_the_later_ones(self):
        assert [roll.new for roll in roll_table(contracts([(9, 5, 1), (4, 5, 8), (1, 9, 8)]))] == ["RB3"]

    def test_a_contract_that_ended_is_left(self):
        (roll,) = roll_table(contracts([(9, 5), (None, 2), (None, 3)]))
        assert (roll.old_close, roll.new_close, roll.switched) == (100.0, 201.0, date(2024, 1, 3))

    def test_nothing_is_decided_on_the_last_session(self):
        assert roll_table(contracts([(9, 5), (1, 5)])) == ()

    def test_refusals(self):
        with pytest.raises(DataError, match="no later one trades"):
            roll_table(contracts([(None, 9), (9, None), (9, None)]))
        with pytest.raises(RecordError, match="two bars in one session"):
            roll_table(pl.concat([contracts([(9, 5)])] * 2))
        with pytest.raises(RecordError, match="lack columns"):
            roll_table(contracts([(9, 5)]).drop("close"))

    @given(st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=2, max_size=12), st.integers(1, 11))
    def test_the_past_does_not_change(self, interests, cut):
        """Sessions appended later change no roll that was known before."""
        whole, part = roll_table(contracts(interests)), roll_table(contracts(interests[:cut]))
        assert part == whole[: len(part)]
        assert all(roll.switched > date(2024, 1, 1) + timedelta(cut - 1) for roll in whole[len(part) :])
