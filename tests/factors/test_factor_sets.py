"""Raw fields, price levels, several sets together, and the one cast to single precision."""

import numpy as np
import polars as pl
import pytest

from tidegate.component import document
from tidegate.errors import DataError, SettingError
from tidegate.factors.base import FactorSet, panel_of
from tidegate.factors.level import PriceLevel
from tidegate.factors.raw import RawFields
from tidegate.factors.together import Together
from tidegate.testing.history import example_bars
from tidegate.types import Bars

BARS = example_bars(sessions=40)


def without(bars, *columns):
    return Bars.of(bars.frame.drop(*columns), bars.spec)


def test_the_default_is_the_six_fields_of_the_document_in_its_order():
    panel = RawFields().compute(BARS)
    assert panel.fields == ("close", "open", "high", "low", "amount", "volume")
    assert panel.values.dtype == np.float32
    assert panel.values.shape == (BARS.frame.height, 6)


def test_prices_are_adjusted_and_quantities_are_not():
    panel = RawFields().compute(BARS)
    factor = BARS.column("factor")
    assert factor.max() == 2.0
    for field in ("close", "open", "high", "low"):
        assert np.array_equal(panel.column(field), (BARS.column(field) * factor).astype(np.float32))
    for field in ("amount", "volume"):
        assert np.array_equal(panel.column(field), BARS.column(field).astype(np.float32))


def test_rows_are_the_bars_rows_of_several_assets_with_gaps():
    panel = RawFields().compute(BARS)
    assert panel.assets == BARS.assets
    assert len(panel.assets) == 3
    assert (panel.times[panel.row_time] == BARS.frame["time"].to_numpy()).all()
    assert np.array(panel.assets)[panel.row_asset].tolist() == BARS.frame["asset"].to_list()
    assert set(np.diff(panel.offsets)) != {len(BARS.times)}


def test_an_optional_field_is_left_out_and_another_is_missed():
    assert RawFields().compute(without(BARS, "amount")).fields == ("close", "open", "high", "low", "volume")
    with pytest.raises(DataError, match="the bars have no volume"):
        RawFields().compute(without(BARS, "volume"))
    with pytest.raises(DataError, match="no field is left"):
        RawFields(fields=("amount",)).compute(without(BARS, "amount"))


def test_a_column_of_nulls_is_a_missing_field():
    empty = Bars.of(BARS.frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("amount")), BARS.spec)
    assert "amount" not in RawFields().compute(empty).fields


def test_some_nulls_are_missing_values_and_never_zero():
    holes = BARS.frame.with_columns(pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise("volume").alias("volume"))
    column = RawFields().compute(Bars.of(holes, BARS.spec)).column("volume")
    assert np.flatnonzero(np.isnan(column)).tolist() == [5]


@pytest.mark.parametrize("fields", [(), ("turnover",), ("close", "shut")])
def test_fields_nobody_knows_are_refused(fields):
    with pytest.raises(SettingError, match="raw-fields"):
        RawFields(fields=fields)


def test_two_fields_of_one_name_are_refused():
    with pytest.raises(SettingError, match="a field appears twice"):
        RawFields(fields=("close", "close"))


@pytest.mark.parametrize(
    "close, level", [(250.0, 0.0), (250.01, 1.0), (749.0, 1.0), (750.0, 2.0), (1250.0, 2.0), (3000.0, 6.0)]
)
def test_levels_round_halves_to_even(close, level):
    first = BARS.frame.head(1).with_columns(
        *(pl.lit(close).alias(name) for name in ("open", "high", "low", "close")), pl.lit(1.0).alias("factor")
    )
    assert PriceLevel().compute(Bars.of(first, BARS.spec)).values.tolist() == [[level]]


def test_a_step_is_above_zero():
    with pytest.raises(SettingError, match=r"price-level\.step"):
        PriceLevel(step=0)


def test_together_joins_columns_in_order():
    both = Together(sets=(PriceLevel(), RawFields(fields=("volume", "close"))))
    panel = both.compute(BARS)
    assert panel.fields == ("level", "volume", "close")
    assert np.array_equal(panel.values[:, 1:], RawFields(fields=("volume", "close")).compute(BARS).values)
    assert FactorSet.of(document(both)) == both


def test_together_refuses_two_fields_of_one_name_and_no_set():
    with pytest.raises(SettingError, match=r"two factor sets give one field.*close"):
        Together(sets=(RawFields(fields=("close",)), RawFields(fields=("close", "open")))).compute(BARS)
    with pytest.raises(SettingError, match="sets"):
        Together(sets=())


def test_what_single_precision_cannot_hold_is_missing():
    huge = np.full(BARS.frame.height, 1.0)
    huge[:3] = [1e39, np.inf, -np.inf]
    column = panel_of(BARS, {"huge": huge}).column("huge")
    assert np.flatnonzero(np.isnan(column)).tolist() == [0, 1, 2]


def test_the_cast_is_to_the_nearest_single():
    values = np.random.default_rng(0).normal(size=BARS.frame.height) * 3000
    assert np.array_equal(panel_of(BARS, {"x": values}).column("x"), values.astype(np.float32))
