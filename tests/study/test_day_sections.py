"""Whole dates for one day: which rows are taken, and that a part of a share's bars is adjusted as the whole."""

import numpy as np
import polars as pl

from tidegate.data.stock_world import StockWorld
from tidegate.study.day_sections import sections_of, whole_dates
from tidegate.types.bars import Bars


def halting():
    """Shares without an ex-day, the third of which did not trade for a long while and is back on the last day."""
    bars = StockWorld(assets=12, sessions=120, seed=4, ic=0.1).bars()
    times = bars.times.tolist()
    away = (pl.col("asset") == bars.assets[2]) & pl.col("time").is_between(times[60], times[118])
    last = pl.col("close").shift(1).over("asset").fill_null(pl.col("preclose"))
    return Bars.of(bars.frame.filter(~away).with_columns(preclose=last), bars.spec)


def test_dates_of_the_last_rows_are_taken_whole_and_what_lies_before_them_for_factors_alone():
    bars = halting()
    made = sections_of(bars, None, lookback=3, early=4)
    ends = [58, 59, 117, 118, 119]
    assert [label.item() for label in made.dates.times] == [bars.times[at].item() for at in ends]
    assert made.dates.frame.height == whole_dates(bars, 3).sum() == bars.frame.filter(
        pl.col("time").is_in([bars.times[at].item() for at in ends])
    ).height  # fmt: skip
    asked = made.dates.frame.filter(pl.Series(made.asked)).filter(pl.col("asset") == bars.assets[2])
    assert asked["time"].to_list() == [bars.times[at].item() for at in (58, 59, 119)]
    one = made.bars.frame.filter(pl.col("asset") == bars.assets[0])["time"].to_list()
    assert one == [bars.times[at].item() for at in (*range(54, 60), *range(113, 120))]


def test_what_was_left_out_between_two_rows_is_no_adjustment():
    bars = halting()
    assert np.all(bars.adjustment == 1.0)
    assert np.all(sections_of(bars, None, lookback=3, early=4).bars.adjustment == 1.0)
