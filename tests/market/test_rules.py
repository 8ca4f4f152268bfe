"""Dated facts: limits in integers, fees around every change, boards, and days that no table knows."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError
from tidegate.market import costs
from tidegate.market.boards import board_of
from tidegate.market.dated import DatedTable, Row
from tidegate.market.limits import LIMITS, LIMITS_AT_RISK, limit_ticks
from tidegate.market.prices import as_prices, nearest_tick, whole_ticks
from tidegate.market.rulebook import rule_tables, rulebook, rules_version

TABLES = [value for value in vars(costs).values() if isinstance(value, DatedTable)] + [
    *LIMITS.values(),
    *LIMITS_AT_RISK.values(),
]


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


class TestLimits:
    @pytest.mark.parametrize("percent", [5, 10, 20, 30])
    def test_every_close_from_5_cents_to_300_yuan(self, percent):
        """Against Decimal, half-up; at least one tick away from the close."""
        ticks = np.arange(5, 30_001)
        up, down = limit_ticks(ticks, percent)
        step = Decimal(percent)
        for close, high, low in zip(ticks.tolist(), up.tolist(), down.tolist(), strict=True):
            exact = Decimal(close) * (100 + step) / 100, Decimal(close) * (100 - step) / 100
            wanted = [int(value.quantize(Decimal(1), ROUND_HALF_UP)) for value in exact]
            assert high == max(wanted[0], close + 1)
            assert low == min(wanted[1], close - 1)

    def test_floats_would_be_wrong(self):
        """The reason for integers: bankers' rounding of a float product misses 4 % of the lower limits."""
        ticks = np.arange(100, 30_001)
        naive = np.round(ticks * 0.01 * 0.9, 2)
        share = np.mean(np.rint(naive * 100).astype(int) != limit_ticks(ticks, 10)[1])
        assert 0.03 < share < 0.06

    @pytest.mark.parametrize(
        "board, at_risk, day, percent",
        [
            ("main", False, "2019-01-02", 10), ("main", True, "2026-07-03", 5), ("main", True, "2026-07-06", 10),
            ("chinext", False, "2020-08-21", 10), ("chinext", False, "2020-08-24", 20), ("chinext", True, "2020-08-21", 5),
            ("chinext", True, "2020-08-24", 20), ("star", False, "2019-07-22", 20), ("beijing", False, "2021-11-15", 30),
        ],
    )  # fmt: skip
    def test_by_board_and_day(self, board, at_risk, day, percent):
        assert (LIMITS_AT_RISK if at_risk else LIMITS)[board].at(days(day)).tolist() == [percent]

    @pytest.mark.parametrize("board, day", [("star", "2019-07-19"), ("beijing", "2021-11-12"), ("main", "1996-12-13")])
    def test_before_a_board_was_there(self, board, day):
        with pytest.raises(DataError, match="unknown: the rule price limit"):
            LIMITS[board].at(days(day))


class TestCosts:
    @pytest.mark.parametrize(
        "table, day, value",
        [
            (costs.STAMP_DUTY_SELL, "2007-05-29", 100_000), (costs.STAMP_DUTY_SELL, "2007-05-30", 300_000),
            (costs.STAMP_DUTY_BUY, "2008-04-23", 300_000), (costs.STAMP_DUTY_BUY, "2008-04-24", 100_000),
            (costs.STAMP_DUTY_BUY, "2008-09-18", 100_000), (costs.STAMP_DUTY_BUY, "2008-09-19", 0),
            (costs.STAMP_DUTY_SELL, "2008-09-18", 100_000), (costs.STAMP_DUTY_SELL, "2008-09-22", 100_000),
            (costs.STAMP_DUTY_SELL, "2023-08-27", 100_000), (costs.STAMP_DUTY_SELL, "2023-08-28", 50_000),
            (costs.STAMP_DUTY_SELL, "2023-08-29", 50_000),
            (costs.TRANSFER_SHANGHAI, "2015-07-31", 0), (costs.TRANSFER_SHANGHAI, "2015-08-03", 2_000),
            (costs.TRANSFER_SHANGHAI_FACE, "2015-07-31", 30_000), (costs.TRANSFER_SHANGHAI_FACE, "2015-08-03", 0),
            (costs.TRANSFER_SHENZHEN, "2015-07-31", 2_550), (costs.TRANSFER_SHENZHEN, "2015-08-03", 2_000),
            (costs.TRANSFER_SHANGHAI, "2022-04-28", 2_000), (costs.TRANSFER_SHANGHAI, "2022-04-29", 1_000),
            (costs.TRANSFER_SHENZHEN, "2022-04-28", 2_000), (costs.TRANSFER_SHENZHEN, "2022-05-05", 1_000),
            (costs.FUTURE_CLOSE_TODAY, "2015-09-02", 11_500), (costs.FUTURE_CLOSE_TODAY, "2015-09-07", 230_000),
            (costs.FUTURE_CLOSE_TODAY, "2019-04-19", 46_000), (costs.FUTURE_CLOSE_TODAY, "2019-04-22", 34_500),
            (costs.FUTURE_CLOSE_TODAY, "2023-10-20", 34_500), (costs.FUTURE_CLOSE_TODAY, "2023-10-23", 23_000),
        ],
    )  # fmt: skip
    def test_around_each_change(self, table, day, value):
        assert table.at(days(day)).tolist() == [value]

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_rows_are_in_order_and_name_their_source(self, table):
        since = [row.since for row in table.rows]
        assert since == sorted(set(since))
        assert all(row.source for row in table.rows)
        assert all(not row.confirmed for row in table.rows if row.source == "general knowledge")

    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    def test_the_day_before_the_first_row_is_unknown(self, table):
        first = np.datetime64(table.rows[0].since)
        assert table.at(np.array([first])).tolist() == [table.rows[0].value]
        with pytest.raises(DataError, match="unknown: the rule"):
            table.at(np.array([first, first - 1]))

    def test_unconfirmed_rows_are_told_only_where_they_are_used(self):
        table = DatedTable("x", "u", (Row(date(2020, 1, 1), 1, "s", confirmed=False), Row(date(2021, 1, 1), 2, "s")))
        assert table.unconfirmed(days("2021-01-01")) == ()
        assert table.unconfirmed(days("2020-12-31")) == ("Unconfirmed rule: x, 1 (u) from 2020-01-01.",)


class TestPrices:
    def test_half_up_never_half_even(self):
        assert nearest_tick(np.array([3498.5, 3499.5, 3500.5]), 1.0).tolist() == [3499, 3500, 3501]
        assert nearest_tick(np.array([994.769, 0.2]), 1.0).tolist() == [995, 1]
        assert nearest_tick(np.array([3000.1, 3000.3, 3000.29]), 0.2).tolist() == [15001, 15002, 15001]

    def test_ticks_and_prices_are_each_others_inverse(self):
        for tick in (0.01, 0.001, 0.2):
            ticks = np.arange(1, 100_000)
            assert whole_ticks(as_prices(ticks, tick), tick, "x").tolist() == ticks.tolist()

    def test_adjusted_prices_are_refused(self):
        with pytest.raises(DataError, match=r"not a whole number of ticks.*raw prices"):
            whole_ticks(np.array([10.01, 10.015]), 0.01, "x")


class TestBoards:
    @pytest.mark.parametrize(
        "asset, board, lot, minimum",
        [
            ("600519.SH", "main", 100, 100), ("sh.601318", "main", 100, 100), ("603288.XSHG", "main", 100, 100),
            ("605499", "main", 100, 100), ("688981.SH", "star", 1, 200), ("000001.SZ", "main", 100, 100),
            ("002594.SZ", "main", 100, 100), ("300750.SZ", "chinext", 100, 100), ("301001.SZ", "chinext", 100, 100),
            ("430047.BJ", "beijing", 1, 100), ("830799.BJ", "beijing", 1, 100), ("920002.BJ", "beijing", 1, 100),
        ],
    )  # fmt: skip
    def test_by_code(self, asset, board, lot, minimum):
        found = board_of(asset)
        assert (found.board, found.lot, found.minimum) == (board, lot, minimum)

    @pytest.mark.parametrize("asset", ["AAPL", "510300.SH", "900901.SH", "200011.SZ", "6005190", "600000/000001", ""])
    def test_anything_else_is_unknown(self, asset):
        with pytest.raises(DataError, match="unknown: the board"):
            board_of(asset)


class TestRulebook:
    def test_every_table_is_in_it_once(self):
        names = [table.name for table in rule_tables()]
        assert names == sorted(set(names))
        assert {table.name for table in TABLES} <= set(names)

    def test_rows_lie_in_order_and_have_a_source(self):
        held = rulebook()
        assert held.height == sum(len(table.rows) for table in rule_tables())
        assert held["source"].str.len_chars().min() >= 9
        assert held.filter(pl.col("since") != pl.col("since").sort().over("rule")).is_empty()

    def test_what_is_general_knowledge_is_marked(self):
        assert not rulebook().filter(pl.col("source").str.starts_with("general knowledge"))["confirmed"].any()


def test_every_dated_row_is_in_the_version_of_the_rules(monkeypatch):
    before = rules_version()
    assert before == rules_version()
    duty = costs.STAMP_DUTY_SELL
    for changed in (
        (*duty.rows, Row(date(2030, 1, 2), 1, "a notice")),
        duty.rows[:-1],
        (*duty.rows[:-1], duty.rows[-1]._replace(since=date(2023, 8, 29))),
        (*duty.rows[:-1], duty.rows[-1]._replace(value=1)),
    ):
        monkeypatch.setattr(costs, "STAMP_DUTY_SELL", DatedTable(duty.name, duty.unit, changed))
        assert rules_version()["sha256"] != before["sha256"]
    in_other_words = (*duty.rows[:-1], duty.rows[-1]._replace(source="the same notice"))
    monkeypatch.setattr(costs, "STAMP_DUTY_SELL", DatedTable(duty.name, duty.unit, in_other_words))
    assert rules_version() == before
