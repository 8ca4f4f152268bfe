"""Steps by date: numbers by hand, against other implementations, and the properties each one has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import norm, rankdata

from tidegate.component import document
from tidegate.errors import RecordError, SettingError, UnknownNameError
from tidegate.prepare.bounds import MedianDeviations, Quantiles, StandardDeviations, column_medians
from tidegate.prepare.date_step import DateStep, prepare_dates, prepare_panel
from tidegate.prepare.extremes import DropExtremes, Winsorise
from tidegate.prepare.missing import DropIncomplete, FillMissing
from tidegate.prepare.neutralise import Neutralise
from tidegate.prepare.rank_normal import RankNormal, mean_ranks
from tidegate.prepare.sections import CrossSections, Section
from tidegate.prepare.z_score import ZScore
from tidegate.testing.blind_steps import check_step
from tidegate.types.panel import Panel

STEPS = {
    "winsorise-mad": Winsorise(bounds=MedianDeviations(times=2)),
    "winsorise-quantiles": Winsorise(bounds=Quantiles(lower=0.1, upper=0.8)),
    "winsorise-sigma": Winsorise(bounds=StandardDeviations(times=1)),
    "drop-value": DropExtremes(bounds=Quantiles(lower=0.1, upper=0.8)),
    "drop-asset": DropExtremes(bounds=StandardDeviations(times=1.37), scope="asset"),
    "z-score": ZScore(ddof=1),
    "rank-normal": RankNormal(),
    "neutralise": Neutralise(group="industry", exposures=("log_size",)),
    "neutralise-known": Neutralise(group="industry", unknown="missing"),
    "fill-median": FillMissing(by="median", group="industry", mask="each"),
    "fill-mean": FillMissing(by="mean", mask="share"),
    "drop-incomplete": DropIncomplete(most=0.4),
}
SAME_TWICE = ("winsorise-mad", "winsorise-quantiles", "z-score", "rank-normal", "neutralise", "drop-incomplete")
named = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
numbers = st.floats(-100, 100).map(lambda x: round(x, 3)) | st.sampled_from([0.0, 1.0, np.nan])


@st.composite
def sections(draw):
    rows, fields = draw(st.integers(0, 14)), draw(st.integers(1, 3))
    values = draw(hnp.arrays(float, (rows, fields), elements=numbers))
    industry = draw(hnp.arrays(np.int64, rows, elements=st.integers(-1, 2)))
    size = draw(hnp.arrays(float, rows, elements=st.floats(10, 30).map(lambda x: round(x, 2))))
    return Section(values, tuple("abc"[:fields]), {"industry": industry}, {"log_size": size})


def column(*values, **held):
    groups = {"industry": np.array(held["industry"])} if "industry" in held else {}
    exposures = {"log_size": np.array(held["size"], dtype=float)} if "size" in held else {}
    return Section(np.array(values, dtype=float)[:, None], ("x",), groups, exposures)


def rows_of(section, rows):
    return Section(
        section.values[rows],
        section.fields,
        {name: codes[rows] for name, codes in section.groups.items()},
        {name: size[rows] for name, size in section.exposures.items()},
    )


@named
@given(section=sections(), added=st.integers(1, 4))
def test_assets_without_a_value_change_nothing(step, section, added):
    lone = np.full((added, len(section.fields)), np.nan)
    more = Section(
        np.vstack([section.values, lone]),
        section.fields,
        {"industry": np.append(section.groups["industry"], np.full(added, 1))},
        {"log_size": np.append(section.exposures["log_size"], np.full(added, 20.0))},
    )
    np.testing.assert_allclose(step.change(more)[: len(section.values)], step.change(section), rtol=1e-9, atol=1e-9)


@named
@given(section=sections(), seed=st.integers(0, 99))
def test_the_order_of_the_assets_does_not_matter(step, section, seed):
    order = np.random.default_rng(seed).permutation(len(section.values))
    np.testing.assert_allclose(step.change(rows_of(section, order)), step.change(section)[order], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SAME_TWICE)
@given(section=sections())
def test_twice_is_once(name, section):
    once = STEPS[name].change(section)
    again = STEPS[name].change(Section(once, section.fields, section.groups, section.exposures))
    np.testing.assert_allclose(again, once, rtol=1e-9, atol=1e-8)


@given(section=sections())
def test_filling_leaves_what_was_there_and_tells_the_rest(section):
    missing = np.isnan(section.values)
    made = FillMissing(by="zero", mask="each").change(section)
    width = missing.shape[1]
    assert np.array_equal(made[:, width:], missing)
    assert np.array_equal(made[:, :width][~missing], section.values[~missing])
    assert not made[:, :width][missing].any()
    share = FillMissing(by="median", mask="share").change(section)
    assert share[:, -1] == pytest.approx(missing.mean(axis=1))


@named
@pytest.mark.parametrize("value", [0.1, 7.0, -1e6])
def test_a_constant_field_has_no_extremes_no_standing_and_no_noise(step, value):
    made = step.change(column(*[value] * 7, industry=[0, 0, 0, 1, 1, 1, 1], size=[1, 2, 3, 4, 5, 6, 8]))[:, 0]
    still = step.name in {"z-score", "rank-normal", "neutralise"}
    assert made == pytest.approx(np.full(7, 0.0 if still else value), rel=1e-12, abs=1e-7 if value < -1e5 else 1e-12)
    if step.name in {"z-score", "rank-normal"}:
        assert not made.any()


@named
def test_nothing_and_nobody(step):
    assert (
        step.change(
            Section(np.empty((0, 2)), ("a", "b"), {"industry": np.empty(0, int)}, {"log_size": np.empty(0)})
        ).shape[0]
        == 0
    )
    empty = column(*[np.nan] * 4, industry=[0, 0, 1, 1], size=[1, 2, 3, 4])
    made = step.change(empty)[:, 0]
    assert np.isnan(made).all()


@given(hnp.arrays(float, st.tuples(st.integers(1, 15), st.integers(1, 3)), elements=numbers))
def test_ranks_and_medians_against_scipy_and_numpy(values):
    ranks = mean_ranks(values)
    for j in range(values.shape[1]):
        there = ~np.isnan(values[:, j])
        assert np.array_equal(ranks[there, j], rankdata(values[there, j]))
        assert np.isnan(ranks[~there, j]).all()
        if there.any():
            assert column_medians(values)[j] == pytest.approx(np.median(values[there, j]), abs=1e-12)


def test_median_deviations_by_hand():
    low, high = MedianDeviations(times=5).of_columns(column(1, 2, 3, 4, 5, np.nan, 1000).values)
    middle, spread = 3.5, 1.5 / norm.ppf(0.75)
    assert (low[0], high[0]) == pytest.approx((middle - 5 * spread, middle + 5 * spread))


def test_more_than_half_alike_leaves_no_measure_of_extremes():
    assert Winsorise(bounds=MedianDeviations()).change(column(1, 1, 1, 1, 90))[-1, 0] == 90


@given(hnp.arrays(float, st.integers(2, 60), elements=st.integers(-600, 600).map(lambda k: k / 64), unique=True))
def test_beyond_the_ranks_is_beyond_the_interpolated_quantiles(values):
    low, high = Quantiles(lower=0.05, upper=0.9).of_columns(values[:, None])
    below, above = np.quantile(values, [0.05, 0.9])
    if np.isfinite(low[0]):
        ours = (values < low[0]) | (values > high[0])
        assert ours.sum() == ((values < below - 1e-12) | (values > above + 1e-12)).sum()


def test_sigma_and_z_score_by_hand():
    values = np.array([1.0, 2, 4, 9])
    low, high = StandardDeviations(times=1.5).of_columns(values[:, None])
    assert (low[0], high[0]) == pytest.approx((4 - 1.5 * values.std(), 4 + 1.5 * values.std()))
    assert ZScore(ddof=1).change(column(*values))[:, 0] == pytest.approx((values - 4) / values.std(ddof=1))


def test_rank_normal_by_hand():
    made = RankNormal().change(column(5, 1, 5, np.nan, 8))[:, 0]
    assert made[[0, 1, 2, 4]] == pytest.approx(norm.ppf([0.5, 0.125, 0.5, 0.875]))


def test_filling_by_group_falls_back_on_all():
    given_ = column(1, 3, np.nan, 10, np.nan, np.nan, industry=[0, 0, 0, 1, 2, -1])
    assert FillMissing(by="mean", group="industry").change(given_)[:, 0] == pytest.approx([1, 3, 2, 10, 14 / 3, 14 / 3])


def test_counts_by_date_and_field():
    grid = np.array([[[1.0, 1], [2, 2], [3, np.nan], [99, 4]], [[1.0, 1], [2, 2], [3, 3], [4, 4]]])
    steps = (DropExtremes(bounds=Quantiles(lower=0, upper=0.7)), FillMissing(mask="share"), ZScore())
    made = prepare_dates(CrossSections.of_grid(grid, ("a", "b")), steps)
    drop, fill, standard = made.counts
    assert drop.dropped.tolist() == [[1, 1], [1, 1]]
    assert not drop.changed.any()
    assert not drop.filled.any()
    assert fill.filled.tolist() == [[1, 2], [1, 1]]
    assert str(fill) == "fill-missing: 0 changed, 0 dropped, 5 filled"
    assert made.sections.fields == ("a", "b", "missing_share")
    assert standard.fields == ("a", "b", "missing_share")
    assert [count.step for count in made.counts] == ["drop-extremes", "fill-missing", "z-score"]


def test_the_declared_order_is_the_order_of_work():
    grid = np.random.default_rng(0).standard_t(2, size=(3, 50, 2))
    sections = CrossSections.of_grid(grid, ("a", "b"))
    cut, scale = Winsorise(bounds=StandardDeviations(times=1)), ZScore()
    one = prepare_dates(sections, (cut, scale)).sections.values
    other = prepare_dates(sections, (scale, cut)).sections.values
    assert one.std() == pytest.approx(1, abs=1e-9)
    assert other.std() < 0.9


def test_a_panel_is_turned_and_turned_back():
    generator = np.random.default_rng(3)
    values = generator.normal(size=(7, 2)).astype(np.float32)
    times = np.arange("2020-01-01", "2020-01-05", dtype="datetime64[D]").astype("datetime64[us]")
    panel = Panel.of(values, times, ("A", "B"), ("x", "y"), np.array([0, 1, 2, 3, 1, 2, 3]), np.array([0, 4, 7]))
    turned = CrossSections.of_panel(panel, {"industry": np.array([0, 0, 0, 0, 1, 1, 1])})
    assert [len(section.values) for section in turned] == [1, 2, 2, 2]
    assert turned.at(1).group("industry").tolist() == [0, 1]
    assert np.array_equal(turned.panel(panel).values, values)
    made, (count,) = prepare_panel(panel, (ZScore(),))
    assert made.values.dtype == np.float32
    pair = values[[1, 4], 0].astype(float)
    assert made.values[[1, 4], 0] == pytest.approx((pair - pair.mean()) / pair.std(), rel=1e-6)
    assert count.changed.sum() == 14


def test_a_grid_and_back():
    grid = np.arange(12.0).reshape(2, 3, 2)
    there = np.array([[True, False, True], [True, True, True]])
    made = CrossSections.of_grid(grid, ("a", "b"), present=there, exposures={"log_size": grid[:, :, 0]})
    assert np.array_equal(np.isnan(made.grid()[:, :, 0]), ~there)
    assert np.array_equal(made.grid()[there], grid[there])
    assert made.at(0).exposure("log_size").tolist() == [0.0, 4.0]
    assert made.at(0).exposure("b").tolist() == [1.0, 5.0]


def test_infinities_and_wrong_shapes_are_refused():
    with pytest.raises(RecordError, match="values are infinite: found 1"):
        CrossSections.of_grid(np.array([[[np.inf]]]), ("x",))
    with pytest.raises(RecordError, match="two fields have one name"):
        CrossSections.of_grid(np.zeros((1, 1, 2)), ("x", "x"))
    with pytest.raises(RecordError, match="dates × assets × factors"):
        CrossSections.of_grid(np.zeros((1, 1)), ("x",))
    with pytest.raises(SettingError, match="a mask would have a field's name"):
        FillMissing(mask="each").gives(("x", "x_missing"))
    with pytest.raises(SettingError, match="nothing to neutralise"):
        Neutralise()
    with pytest.raises(SettingError, match="nothing lies beyond"):
        Quantiles(lower=0, upper=1)
    with pytest.raises(UnknownNameError, match="did you mean 'industry'"):
        Neutralise(group="industri").change(column(1, 2, industry=[0, 0]))
    with pytest.raises(UnknownNameError, match="did you mean 'log_size'"):
        Neutralise(exposures=("logsize",)).change(column(1, 2, size=[0, 0]))


@named
def test_steps_are_documents_and_blind(step):
    assert DateStep.of(document(step)) == step
    assert check_step(step, cuts=3) >= 3
