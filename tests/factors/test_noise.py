"""Planted noise: normal, alone, and the same whatever stands around it."""

import numpy as np
import polars as pl
import pytest

from tidegate.data.worlds import NoiseWorld
from tidegate.factors.noise import PlantedNoise, planted
from tidegate.types import Bars


@pytest.fixture(scope="module")
def bars():
    one = NoiseWorld(sessions=3000, seed=1).bars()
    frames = [one.frame.with_columns(asset=pl.lit(name)) for name in ("A", "B")]
    return Bars.of(pl.concat(frames), one.spec)


def test_it_is_standard_normal_and_knows_nothing_of_its_like(bars):
    from scipy.stats import kstest

    panel = PlantedNoise(count=2).compute(bars)
    columns = [panel.values[at * 3000 : (at + 1) * 3000, number].astype(float) for at in (0, 1) for number in (0, 1)]
    columns.append(PlantedNoise(seed=1).compute(bars).values[:3000, 0].astype(float))
    for column in columns:
        assert kstest(column, "norm").pvalue > 1e-3
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 0.08
        assert abs(np.corrcoef(column[1:] ** 2, column[:-1] ** 2)[0, 1]) < 0.08
    assert np.abs(np.corrcoef(columns) - np.eye(5)).max() < 0.08


def test_more_bars_and_other_assets_change_nothing(bars):
    whole = PlantedNoise(persistence=0.9).compute(bars)
    early = Bars.of(bars.frame.filter(pl.col("time") <= bars.times[999]), bars.spec)
    np.testing.assert_array_equal(
        PlantedNoise(persistence=0.9).compute(early).values.reshape(2, 1000), whole.values.reshape(2, 3000)[:, :1000]
    )
    alone = Bars.of(bars.frame.filter(pl.col("asset") == "B"), bars.spec)
    np.testing.assert_array_equal(PlantedNoise(persistence=0.9).compute(alone).values, whole.values[3000:])
    late = Bars.of(bars.frame.filter(pl.col("time") > bars.times[999]), bars.spec)
    fresh = PlantedNoise().compute(late).values
    np.testing.assert_array_equal(fresh.reshape(2, -1), PlantedNoise().compute(bars).values.reshape(2, -1)[:, 1000:])


def test_it_can_be_as_smooth_as_a_factor(bars):
    column = PlantedNoise(persistence=0.95).compute(bars).values[:3000, 0].astype(float)
    assert np.corrcoef(column[1:], column[:-1])[0, 1] == pytest.approx(0.95, abs=0.02)
    assert column.std() == pytest.approx(1.0, abs=0.25)


def test_planted_fields_are_known_by_name():
    assert planted(PlantedNoise(count=2).compute(NoiseWorld(sessions=30, seed=1).bars()).fields) == (
        "planted_noise_1",
        "planted_noise_2",
    )
    assert planted(("close", "noise")) == ()
