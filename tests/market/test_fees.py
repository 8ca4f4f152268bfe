"""Fees to the fen: one case worked by hand for every dated row, around every change, and at the edge of the minimum.

Each case buys at one open and sells at the next, without slippage, and reads what the book paid.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import polars as pl
import pytest

from tidegate.backtest.ledgers import ledger
from tidegate.errors import SettingError
from tidegate.market.a_share import AShare
from tidegate.market.calendar import XSHG
from tidegate.market.costs import (
    STAMP_DUTY_BUY,
    STAMP_DUTY_SELL,
    TRANSFER_BEIJING,
    TRANSFER_SHANGHAI,
    TRANSFER_SHANGHAI_FACE,
    TRANSFER_SHENZHEN,
)
from tidegate.types.bars import Bars, BarSpec

D = Decimal
CITIES = {"SZ": "Shenzhen", "BJ": "Beijing", "SH": ""}
TABLES = (
    STAMP_DUTY_BUY, STAMP_DUTY_SELL, TRANSFER_SHANGHAI, TRANSFER_SHANGHAI_FACE, TRANSFER_SHENZHEN, TRANSFER_BEIJING
)  # fmt: skip


def bars_of(asset, days, price):
    frame = pl.DataFrame({"time": np.array(days).astype("datetime64[us]"), "session": np.array(days)}).with_columns(
        asset=pl.lit(asset), **{name: pl.lit(price) for name in ("open", "high", "low", "close", "preclose")}
    )
    return Bars.of(frame, BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test"))


def trip(asset, days, price, shares):
    """Fees of a purchase on the second day and a sale on the third: two rows of commission, duty, transfer fee."""
    market = AShare(slippage_ticks=0, commission=0.00025)
    capital = round(price * shares * (1.00027 if asset.endswith("BJ") else 1.005) + 10.5, 2)
    held = ledger(np.array([1.0, 0.0, 0.0]), market.conditions(bars_of(asset, days, price), asset), capital, asset)
    fills = held.fills.sort("time")
    assert fills["quantity"].to_list() == [shares, shares]
    return [tuple(D(str(round(row[name], 2))) for name in ("commission", "stamp_duty", "transfer_fee"))
            for row in fills.iter_rows(named=True)]  # fmt: skip


def around(day, before=0):
    """Three sessions, the third the first one on or after a day, moved back by some."""
    place = int(np.searchsorted(XSHG.days, np.datetime64(day))) - before
    return XSHG.days[place - 2 : place + 1]


def fen(*amounts):
    return tuple(D(amount) for amount in amounts)


class TestEachRowByHand:
    """1,000 shares at 20.00 are 20,000 yuan; commission 0.025 % of it is 5.00, which is the minimum too."""

    @pytest.mark.parametrize(
        "asset, day, wanted",
        [
            # 2001-11-16: duty 0.2 % of 20,000 = 40.00; Shanghai 0.1 % of face, 0.001 × 1,000 = 1.00;
            # Shenzhen 0.00255 % of 20,000 = 0.51.
            ("600000.SH", "2001-11-20", [("5.00", "40.00", "1.00"), ("5.00", "40.00", "1.00")]),
            ("000001.SZ", "2001-11-20", [("5.00", "40.00", "0.51"), ("5.00", "40.00", "0.51")]),
            # 2005-01-24: 0.1 % = 20.00 on both sides.
            ("600000.SH", "2005-01-26", [("5.00", "20.00", "1.00"), ("5.00", "20.00", "1.00")]),
            # 2007-05-30: 0.3 % = 60.00.
            ("600000.SH", "2007-06-01", [("5.00", "60.00", "1.00"), ("5.00", "60.00", "1.00")]),
            # 2008-04-24: 0.1 % = 20.00 again.
            ("000001.SZ", "2008-04-28", [("5.00", "20.00", "0.51"), ("5.00", "20.00", "0.51")]),
            # 2008-09-19: sales alone.
            ("600000.SH", "2008-09-23", [("5.00", "0.00", "1.00"), ("5.00", "20.00", "1.00")]),
            # 2012-06-01: 0.075 % of face = 0.75; 2012-09-01: 0.03 % = 0.30.
            ("600000.SH", "2012-06-05", [("5.00", "0.00", "0.75"), ("5.00", "20.00", "0.75")]),
            ("600000.SH", "2012-09-05", [("5.00", "0.00", "0.30"), ("5.00", "20.00", "0.30")]),
            # 2015-08-01: 0.002 % of 20,000 = 0.40 in both cities.
            ("600000.SH", "2015-08-05", [("5.00", "0.00", "0.40"), ("5.00", "20.00", "0.40")]),
            ("000001.SZ", "2015-08-05", [("5.00", "0.00", "0.40"), ("5.00", "20.00", "0.40")]),
            # 2022-04-29: 0.001 % = 0.20.
            ("600000.SH", "2022-05-06", [("5.00", "0.00", "0.20"), ("5.00", "20.00", "0.20")]),
            ("000001.SZ", "2022-05-06", [("5.00", "0.00", "0.20"), ("5.00", "20.00", "0.20")]),
            # 2023-08-28: 0.05 % = 10.00 on sales.
            ("600000.SH", "2023-08-30", [("5.00", "0.00", "0.20"), ("5.00", "10.00", "0.20")]),
            # Beijing, 2021-11-15: 0.0025 % = 0.50.
            ("430047.BJ", "2021-11-17", [("5.00", "0.00", "0.50"), ("5.00", "20.00", "0.50")]),
            ("430047.BJ", "2022-05-06", [("5.00", "0.00", "0.20"), ("5.00", "20.00", "0.20")]),
        ],
    )  # fmt: skip
    def test_a_thousand_shares_at_twenty(self, asset, day, wanted):
        assert trip(asset, around(day), 20.0, 1_000) == [fen(*row) for row in wanted]

    def test_no_row_is_left_out(self):
        """The days above reach every row of every table."""
        days = [date.fromisoformat(day) for day in (
            "2001-11-19", "2005-01-25", "2007-05-31", "2008-04-25", "2008-09-22", "2012-06-04", "2012-09-04", "2015-08-04",
            "2021-11-16",            "2022-05-05", "2023-08-29")]  # fmt: skip
        for table in TABLES:
            ends = [row.since for row in table.rows[1:]] + [date.max]
            for row, end in zip(table.rows, ends, strict=True):
                assert any(row.since <= day < end for day in days), (table.name, row.since)


class TestAroundEachChange:
    @pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
    @pytest.mark.parametrize("before", [1, 0, -1], ids=["the session before", "the first", "the one after"])
    def test_the_sale_is_charged_by_its_own_session(self, table, before):
        """The old rate on the session before, the new one on the first and after: 1,000 shares at 20."""
        asset = next(name for name in ("000001.SZ", "430047.BJ", "600000.SH") if CITIES[name[-2:]] in table.name)
        for old, new in zip(table.rows, table.rows[1:], strict=False):
            days = around(new.since, before)
            rate = (old if before == 1 else new).value
            paid = trip(asset, days, 20.0, 1_000)
            amount = D(rate) * (1_000 if "face" in table.name else 20_000) / 100_000_000
            column = 1 if "duty" in table.name else 2
            if table is STAMP_DUTY_BUY:  # the purchase is a session earlier than the sale
                days = around(new.since, before - 1)
                paid = trip(asset, days, 20.0, 1_000)[:1]
            if "Shanghai" in table.name:
                others = TRANSFER_SHANGHAI if "face" in table.name else TRANSFER_SHANGHAI_FACE
                share = 20_000 if "face" in table.name else 1_000
                amount += D(int(others.at(days[2:])[0])) * share / 100_000_000
            assert paid[-1][column] == amount.quantize(D("0.01"), ROUND_HALF_UP), (new.since, before)

    def test_changes_fall_on_sessions_or_between_them(self):
        """2015-08-01 was a Saturday: the Friday pays the old fee, the Monday the new one."""
        assert trip("600000.SH", around("2015-08-01", 1), 20.0, 1_000)[1][2] == D("0.30")
        assert trip("600000.SH", around("2015-08-01"), 20.0, 1_000)[1][2] == D("0.40")
        assert around("2015-08-01")[2] == np.datetime64("2015-08-03")
        assert date(2015, 8, 1) + timedelta(2) == date(2015, 8, 3)


class TestTheMinimum:
    @pytest.mark.parametrize(
        "price, value, commission",
        [
            (199.99, 19_999, "5.00"),  # 4.99975 is below the minimum
            (200.00, 20_000, "5.00"),  # exactly it
            (200.01, 20_001, "5.00"),  # 5.00025 rounds to it
            (200.19, 20_019, "5.00"),  # 5.00475 rounds down
            (200.20, 20_020, "5.01"),  # 5.005 rounds half-up
        ],
    )
    def test_five_yuan_at_its_edge(self, price, value, commission):
        assert round(price * 100) == value
        paid = trip("600000.SH", around("2024-03-05"), price, 100)
        assert [row[0] for row in paid] == [D(commission)] * 2

    def test_a_fee_is_rounded_once_an_order(self):
        """3,700 shares at 3.33 are 12,321.00: 0.001 % is 0.12321, 0.12 in all; 37 lots rounded each would give 0.00."""
        assert trip("600000.SH", around("2024-03-05"), 3.33, 3_700)[0] == fen("5.00", "0.00", "0.12")
        assert (D("333.00") * D("0.00001")).quantize(D("0.01"), ROUND_HALF_UP) == 0

    def test_nothing_is_charged_where_nothing_is_traded(self):
        """Ten yuan buy no lot: no fee, the minimum least of all."""
        market = AShare(slippage_ticks=0)
        bars = bars_of("600000.SH", around("2024-03-05"), 20.0)
        held = ledger(np.array([1.0, 0.0, 0.0]), market.conditions(bars, "600000.SH"), 10.0, "600000.SH")
        assert held.fills.is_empty()
        assert held.book["equity"].to_list() == [10.0] * 3


class TestAgainstMarinaRules:
    @pytest.mark.parametrize(
        "day", ["2008-09-19", "2015-08-03", "2022-04-28", "2022-04-29", "2023-08-25", "2023-08-28", "2026-10-26"]
    )
    def test_duty_and_transfer_fee(self, day):
        rules = pytest.importorskip("marina_rules")
        held = np.array([day], dtype="datetime64[D]")
        assert STAMP_DUTY_SELL.at(held)[0] == round(rules.rule_at("stamp_duty_sell", day) * 1e8)
        if day >= "2015-08-01":
            theirs = round(rules.rule_at("transfer_fee_each_side", day) * 1e8)
            assert TRANSFER_SHANGHAI.at(held)[0] == TRANSFER_SHENZHEN.at(held)[0] == theirs
            assert TRANSFER_SHANGHAI_FACE.at(held)[0] == 0

    def test_the_custom_of_five_yuan(self):
        rules = pytest.importorskip("marina_rules")
        least, most = (
            rules.rule_at("commission_min_per_order_cny", "2024-03-05"),
            rules.rule_at("commission_cap", "2024-03-05"),
        )
        assert AShare().minimum_commission_yuan == least
        assert AShare(commission=most).commission == most
        with pytest.raises(SettingError, match="commission"):
            AShare(commission=most + 0.0001)
