"""Adjusted prices from reference prices alone: continuous, and blind to what comes later."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import RecordError
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


def ragged(order=None):
    days = [datetime(2015, 1, day) for day in (5, 6, 7)]
    frame = pl.DataFrame(
        {
            "time": [days[0], days[2], days[1], days[1], days[2]],
            "asset": ["a", "a", "ab", "b", "b"],
            "close": [1.0, 2.0, 3.0, 4.0, 5.0],
            "at_risk": [True, None, False, False, True],
            "total_shares": [10.0, 10.0, 20.0, None, 40.0],
        }
    ).with_columns(session=pl.col("time").dt.date(), open="close", high="close", low="close")
    return Bars.of(frame if order is None else frame[order], SPEC)


@given(st.permutations(range(5)))
def test_rows_in_any_order_make_the_same_bars(order):
    assert ragged(order).frame.equals(ragged().frame)
    assert ragged(order).digest == ragged().digest


def test_assets_offsets_places_and_the_grid_agree():
    bars = ragged()
    assert bars.assets == ("a", "ab", "b")
    assert bars.offsets.tolist() == [0, 2, 3, 5]
    assert bars.places.tolist() == [0, 2, 1, 1, 2]
    gap = np.nan
    assert np.array_equal(bars.grid("close"), [[1, gap, gap], [gap, 3, 4], [2, gap, 5]], equal_nan=True)
    assert np.array_equal(bars.grid("at_risk"), [[1, gap, gap], [gap, 0, 0], [gap, gap, 1]], equal_nan=True)


def test_places_of_labels_within_a_day():
    frame = ragged().frame.with_columns(pl.col("time") + pl.duration(minutes=pl.int_range(0, 5) * 7))
    bars = Bars.of(frame, SPEC.but(frequency="5min"))
    assert bars.times[bars.places].tolist() == frame["time"].to_list()


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 3], [3, 3, 0], [0, 0], [4, 3, 2, 1, 0, 0]])
def test_a_bar_that_is_there_twice_is_refused_wherever_it_stands(order):
    with pytest.raises(RecordError, match=r"two bars have the same time and asset: found 2 rows"):
        ragged(order)


def test_shares_outstanding_are_not_negative():
    with pytest.raises(RecordError, match="total_shares is negative or not finite: found 1 rows"):
        Bars.of(ragged().frame.with_columns(total_shares=pl.Series([1.0, 2.0, -1.0, None, 3.0])), SPEC)


def test_the_digest_is_that_of_the_values():
    assert ragged().digest == "6db048e7127b639c34ad0f1bfed035458350c1616b8443715a8d2302fba466fb"


def test_later_bars_change_no_earlier_adjustment():
    bars = made()
    assert bars.upto(np.datetime64("2015-01-06", "us")).adjustment.tolist() == [1.0, 1.0, 1.0, 1.0]
