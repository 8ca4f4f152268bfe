"""The end of a history says what the whole says, bit for bit."""

import numpy as np
import polars as pl
import pytest

import tidegate.catalog  # noqa: F401 - lets settings find members by name
from tidegate.component import Component
from tidegate.data.recent import recent_of
from tidegate.factors.expressions import Expressions
from tidegate.factors.together import Together
from tidegate.testing.contract import every_member
from tidegate.testing.history import example_bars
from tidegate.testing.laws import check_component
from tidegate.types.bars import Bars


def example(factor, reset):
    """A small market whose prices are adjusted by a column, or by reference prices, and may begin anew."""
    bars = example_bars(sessions=150)
    frame = bars.frame if factor else bars.frame.drop("factor")
    days = bars.times[[20, 140]]
    anew = pl.col("time").is_in(days.tolist()) & (pl.col("asset") == bars.assets[0])
    return Bars.of(frame.with_columns(reset=anew) if reset else frame, bars.spec)


def telling():
    """Factor sets that say how far back a row looks."""
    made = [check_component(kind) for kind in every_member("factors")]
    return [one for one in made if one.earlier_rows is not None]


def test_some_sets_say_how_far_they_look_back_and_those_across_assets_do_not():
    names = {one.name for one in telling()}
    assert {"expressions", "price-ratios", "price-volume", "price-level", "raw-fields", "together"} <= names
    across = Expressions(formulas={"best": "cross_rank(close)"})
    assert across.earlier_rows is None
    assert Together(sets=(across, telling()[0])).earlier_rows is None


@pytest.mark.parametrize("factor", [True, False])
@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("made", telling(), ids=lambda one: one.name)
def test_factors_of_the_end_have_the_bits_of_the_whole(made: Component, factor, reset):
    bars = example(factor, reset)
    whole = made.compute(bars)
    for last in (60, 149):
        cut = bars.upto(bars.times[last])
        held = recent_of(cut, made.earlier_rows + 3, 5)
        end = made.compute(held.bars)
        assert end.fields == whole.fields
        for place, asset in enumerate(end.assets):
            rows = slice(end.offsets[place + 1] - 3, end.offsets[place + 1])
            upto = whole.offsets[whole.assets.index(asset)] + np.searchsorted(
                whole.row_time[whole.row_asset == whole.assets.index(asset)], last, side="right"
            )
            np.testing.assert_array_equal(
                end.values[rows].view(np.int32), whole.values[upto - 3 : upto].view(np.int32), err_msg=asset
            )


def test_only_assets_with_a_bar_at_the_end_are_kept_and_everything_of_the_last_labels():
    bars = example_bars(sessions=40)
    gone = bars.assets[1]
    frame = bars.frame.filter((pl.col("asset") != gone) | (pl.col("time") < bars.times[37]))
    held = recent_of(Bars.of(frame, bars.spec), rows=6, labels=5, besides=bars.times[[2]])
    assert gone not in held.bars.assets
    assert gone in held.near.assets
    assert held.near.times.tolist() == bars.times[[2, 35, 36, 37, 38, 39]].tolist()
    assert held.counts[-4:].tolist() == [len(bars.assets), *[len(bars.assets) - 1] * 3]
    assert held.row_time.tolist() == list(range(34, 40)) * len(held.bars.assets)
