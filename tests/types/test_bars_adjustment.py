"""Adjusted prices from reference prices alone: continuous, and blind to what comes later."""

from datetime import datetime

import numpy as np
import polars as pl

from tidegate.types.bars import Bars, BarSpec

SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="two stocks", source="by hand")


def made(kind="stock", **columns):
    days = [datetime(2015, 1, day) for day in (5, 6, 7)]
    frame = pl.DataFrame(
        {
            "time": days * 2,
            "session": [day.date() for day in days] * 2,
            "asset": ["a"] * 3 + ["b"] * 3,
            "close": [10.0, 11.0, 5.5, 20.0, 22.0, 22.0],
            "preclose": [None, 10.0, 5.0, None, 20.0, 22.0],
            **columns,
        }
    )
    frame = frame.with_columns(open=pl.col("close"), high=pl.col("close"), low=pl.col("close"))
    return Bars.of(frame, SPEC.but(kind=kind))


def test_returns_across_an_ex_day_are_those_of_the_reference_price():
    bars = made()
    adjusted = bars.adjusted("close")
    assert np.allclose(adjusted[1:3] / adjusted[:2] - 1, [0.10, 0.10], rtol=1e-15)
    assert bars.adjustment.tolist() == [1.0, 1.0, 11.0 / 5.0, 1.0, 1.0, 1.0]


def test_an_index_is_not_adjusted_and_a_given_factor_wins():
    assert made(kind="index").adjustment.tolist() == [1.0] * 6
    assert made(factor=[1.0, 1.0, 3.0, 1.0, 1.0, 2.0]).adjustment.tolist() == [1.0, 1.0, 3.0, 1.0, 1.0, 2.0]


def test_later_bars_change_no_earlier_adjustment():
    bars = made()
    assert bars.upto(np.datetime64("2015-01-06", "us")).adjustment.tolist() == [1.0, 1.0, 1.0, 1.0]
