"""`explain` names the rule of price limits that the exchange went by, not the usual one."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.market.a_share import AShare
from tidegate.market.calendar import XSHG
from tidegate.market.instruments import Instruments
from tidegate.testing.history import example_bars
from tidegate.types.bars import Bars

ASSET = "000001.SZ"


def told(first, row, side="buy", market=None, asset=ASSET, columns=(), **instruments):
    """Names of the rules of one row of twelve that begin at `first`."""
    days = XSHG.sessions(first, date(2026, 12, 31))[:12].astype("datetime64[us]")
    bars = example_bars(sessions=12, assets=1)
    frame = bars.frame.drop("limit_up", "limit_down", "at_risk", "preclose", strict=False).with_columns(
        time=pl.Series(days), session=pl.Series(days.astype("datetime64[D]")), asset=pl.lit(asset), **dict(columns)
    )
    table = Instruments.of(pl.DataFrame({"asset": [asset], **{k: [v] for k, v in instruments.items()}}))
    bars, when = Bars.of(frame, bars.spec), np.datetime64(days[row], "us")
    lines = (market or AShare()).rules(bars, asset, when, side, instruments=table)
    return [line.what.removeprefix("rule: ") for line in lines], lines


@pytest.mark.parametrize(
    "first, row, asset, instruments, expected",
    [
        (date(2024, 3, 1), 2, ASSET, {"listed": date(2024, 3, 1)}, "sessions without a limit after listing"),
        (date(2024, 3, 1), 6, ASSET, {"listed": date(2024, 3, 1)}, "price limit, main board"),
        (date(2018, 3, 1), 0, ASSET, {"listed": date(2018, 3, 1), "issue_price": 2900.0}, "first day between 64 %"),
        (date(2018, 3, 1), 1, ASSET, {"listed": date(2018, 3, 1)}, "price limit, main board"),
        (date(2022, 3, 1), 5, ASSET, {"delisting": date(2022, 3, 8)}, "first day of the delisting period"),
        (date(2022, 3, 1), 6, ASSET, {"delisting": date(2022, 3, 8)}, "price limit, main board, delisting period"),
    ],
)
def test_the_rule_is_that_of_the_day(first, row, asset, instruments, expected):
    names, _ = told(first, row, asset=asset, **instruments)
    assert names[0].startswith(expected)
    if expected == "price limit, main board":
        assert names[0] == expected


def test_a_vendors_limits_go_first_and_a_warning_is_told():
    names, lines = told(date(2022, 3, 1), 5, columns={"limit_up": pl.lit(99.0), "limit_down": pl.lit(1.0)}.items())
    assert names[0] == "price limit"
    assert "go first" in lines[0].told
    assert told(date(2022, 3, 1), 5, market=AShare(at_risk=True))[0][0].endswith("under risk warning")


@pytest.mark.parametrize("asset, count", [("600000.SH", 2), ("000001.SZ", 1)])
def test_transfer_fees_are_those_of_the_exchange(asset, count):
    names, _ = told(date(2022, 3, 1), 5, asset=asset)
    assert len([name for name in names if name.startswith("transfer fee")]) == count
