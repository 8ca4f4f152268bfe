"""Neutralisation against least squares with the dummies written out; orthogonality; speed is measured elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.prepare.neutralise import Neutralise
from tidegate.prepare.sections import Section


def reference(values, codes, exposures):
    """Dummies as columns, one `numpy.linalg.lstsq` per field over the assets that have everything."""
    made = np.full(values.shape, np.nan)
    usable = ~np.isnan(np.column_stack([*exposures, np.zeros(len(codes))])).any(axis=1)
    for j in range(values.shape[1]):
        rows = usable & ~np.isnan(values[:, j])
        if rows.any():
            dummies = (codes[rows][:, None] == np.unique(codes[rows])).astype(float)
            design = np.column_stack([dummies, *(one[rows] - one[rows].mean() for one in exposures)])
            made[rows, j] = values[rows, j] - design @ np.linalg.lstsq(design, values[rows, j], rcond=None)[0]
    return made


def market(seed, assets=400, fields=12, industries=28, missing=0.1):
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, industries, assets)
    size = 22 + generator.normal(size=assets) + codes / 10
    beta = 1 + 0.3 * generator.normal(size=assets) + 0.2 * (size - 22)
    values = generator.standard_t(3, size=(assets, fields)) + codes[:, None] / 5 - 0.4 * size[:, None]
    values[generator.random(values.shape) < missing] = np.nan
    return Section(values, tuple(f"f{j}" for j in range(fields)), {"industry": codes}, {"log_size": size, "beta": beta})


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("exposures", [(), ("log_size",), ("log_size", "beta")])
def test_residuals_are_those_of_least_squares(exposures, missing):
    section = market(1, missing=missing)
    made = Neutralise(group="industry", exposures=exposures).change(section)
    expected = reference(section.values, section.groups["industry"], [section.exposures[name] for name in exposures])
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_residuals_are_orthogonal_to_every_dummy_and_exposure(scale):
    section = market(2)
    scaled = Section(section.values * scale, section.fields, section.groups, section.exposures)
    made = Neutralise(group="industry", exposures=("log_size", "beta")).change(scaled) / scale
    there = ~np.isnan(made)
    assert np.array_equal(there, ~np.isnan(section.values))
    codes = section.groups["industry"]
    for code in np.unique(codes):
        assert np.abs(np.nansum(made[codes == code], axis=0)).max() < 1e-10
    for one in section.exposures.values():
        assert np.abs(np.nansum(made * one[:, None], axis=0)).max() < 1e-8


@given(st.integers(0, 10_000))
def test_few_assets_many_industries(seed):
    generator = np.random.default_rng(seed)
    assets = int(generator.integers(1, 12))
    section = market(seed, assets=assets, fields=3, industries=4, missing=0.3)
    made = Neutralise(group="industry", exposures=("log_size",)).change(section)
    expected = reference(section.values, section.groups["industry"], [section.exposures["log_size"]])
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_an_exposure_without_rank_of_its_own_takes_no_part(missing):
    section = market(3, missing=missing)
    size, codes = section.exposures["log_size"], section.groups["industry"]
    more = {"log_size": size, "twice": 2 * size - 7 + codes, "level": 3.0 * codes, "ones": np.full(len(size), 22.0)}
    held = Section(section.values, section.fields, section.groups, more)
    plain = Neutralise(group="industry", exposures=("log_size",)).change(held)
    crowded = Neutralise(group="industry", exposures=("ones", "log_size", "level", "twice")).change(held)
    np.testing.assert_allclose(crowded, plain, rtol=0, atol=1e-9)


def test_without_a_grouping_a_constant_is_taken_out():
    section = market(4, missing=0.0)
    made = Neutralise(exposures=("log_size",)).change(section)
    expected = reference(section.values, np.zeros(len(made)), [section.exposures["log_size"]])
    np.testing.assert_allclose(made, expected, rtol=0, atol=1e-10)


def test_assets_without_an_industry_or_a_size():
    codes = np.array([0, 0, -1, -1, 1, 1, 1])
    size = np.array([1.0, 2, 3, 4, 5, np.nan, 8])
    section = Section(np.arange(14.0).reshape(7, 2) ** 2, ("a", "b"), {"industry": codes}, {"log_size": size})
    grouped = Neutralise(group="industry").change(section)
    assert grouped[2:4].sum(axis=0) == pytest.approx([0, 0])
    dropped = Neutralise(group="industry", unknown="missing").change(section)
    assert np.isnan(dropped).all(axis=1).tolist() == [False, False, True, True, False, False, False]
    sized = Neutralise(group="industry", exposures=("log_size",)).change(section)
    assert np.isnan(sized).all(axis=1).tolist() == [False] * 5 + [True, False]


def test_a_field_that_is_the_exposure_stays_and_serves_as_it_is():
    section = market(5, fields=3, missing=0.05)
    made = Neutralise(group="industry", exposures=("f1",)).change(section)
    assert np.array_equal(made[:, 1], section.values[:, 1], equal_nan=True)
    expected = reference(section.values, section.groups["industry"], [section.values[:, 1]])
    np.testing.assert_allclose(made[:, [0, 2]], expected[:, [0, 2]], rtol=0, atol=1e-10)


def test_one_asset_of_its_industry_has_no_residual():
    section = Section(np.array([[5.0], [1.0], [3.0]]), ("x",), {"industry": np.array([7, 2, 2])})
    assert Neutralise(group="industry").change(section)[:, 0].tolist() == [0.0, -1.0, 1.0]
