"""Scores of factors: against alphalens-reloaded, against scipy, by hand on a small panel, and what they leave out."""

import importlib.util
import json

import numpy as np
import polars as pl
import pytest
from factor_example import ASSETS, DATES, FIELDS, GROUPS, KEPT, SPANS, alphalens_figures, example
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, rankdata, spearmanr
from scipy.stats import t as student

from tidegate.errors import RecordError, SettingError
from tidegate.evaluate.doubt.overlap import mean_hac
from tidegate.evaluate.factor_certainty import certainty, hurdles
from tidegate.evaluate.factor_columns import Ordered, correlations, group_numbers
from tidegate.evaluate.factor_returns import FillReturns
from tidegate.evaluate.factors import score_factors
from tidegate.prepare.sections import CrossSections
from tidegate.types.bars import Bars, BarSpec


def bars_of(opens, first="2019-12-31", names=None, **columns):
    """Bars whose opens are given ``[T, N]``, closes a hundredth above; a row is left out where the open is NaN."""
    count, width = opens.shape
    days = np.datetime64(first, "D") + np.arange(count)
    there = ~np.isnan(opens)
    day, asset = np.nonzero(there)
    names = np.array([f"{n:03d}" for n in range(width)] if names is None else names)
    price = opens[there]
    frame = pl.DataFrame(
        {
            "time": days[day].astype("datetime64[us]"),
            "session": days[day],
            "asset": names[asset],
            "open": price,
            "high": price * 1.02,
            "low": price * 0.98,
            "close": price * 1.01,
            **{name: held[there] for name, held in columns.items()},
        }
    )
    return Bars.of(frame, BarSpec(frequency="1d", kind="stock", currency="CNY", title="t", source="t"))


def scored_example():
    opens, factors = example()
    before = np.full((1, ASSETS), 10.0)
    bars = bars_of(np.vstack([before, opens, opens[-1:]]), names=[f"{n:03d}" for n in range(ASSETS)])
    labels = bars.times[: DATES + 1]
    grid = np.concatenate([factors, np.full((1, ASSETS, 2), np.nan)])
    sections = CrossSections.of_grid(grid, FIELDS, times=labels, assets=bars.assets)
    return score_factors(sections, FillReturns.of(bars, labels), spans=SPANS, groups=GROUPS, least=5)


@pytest.mark.parametrize("live", [False, True])
def test_figures_are_those_of_alphalens(live):
    if live and importlib.util.find_spec("alphalens") is None:
        pytest.skip("alphalens-reloaded is not installed")
    kept = json.loads(json.dumps(alphalens_figures()) if live else KEPT.read_text(encoding="utf-8"))
    found = scored_example()
    days = [str(label)[:10] for label in np.datetime64("2020-01-01", "D") + np.arange(DATES)]
    for place, span in enumerate(SPANS):
        for column, field in enumerate(FIELDS):
            theirs = kept["figures"][f"{field} {span}"]
            for key, ours in (("rank_ic", found.rank_ic), ("ic by pandas", found.ic)):
                assert set(theirs[key]) == set(days[: DATES + 1 - span])
                mine = ours[place, :DATES, column][: DATES + 1 - span]
                np.testing.assert_allclose(mine, list(theirs[key].values()), rtol=0, atol=1e-9)
                assert np.isnan(ours[place, DATES + 1 - span :, column]).all()
            for day, value in theirs["stability"].items():
                assert found.stability[days.index(day), column] == pytest.approx(value, abs=1e-9)
            if place == 0 and theirs["groups"] is not None:
                for day, groups in theirs["groups"].items():
                    mine = found.groups[days.index(day), column]
                    np.testing.assert_allclose(mine, [groups[str(g + 1)] for g in range(GROUPS)], rtol=0, atol=1e-9)


def test_a_small_panel_by_hand():
    """Three dates, four assets; what each figure must be was worked out with paper and pencil."""
    opens = np.array([[10.0] * 4, [10, 10, 10, 10], [11, 10, 9, 12], [11, 12, 9, 6]])
    bars = bars_of(opens)
    labels = bars.times[:3]
    factor = np.array([[4.0, 3, 2, 1], [1, 2, 3, 4], [1, 1, 1, 1]])[:, :, None]
    sections = CrossSections.of_grid(factor, ("f",), times=labels, assets=bars.assets)
    found = score_factors(sections, FillReturns.of(bars, labels), spans=(1, 2), groups=2, least=3)
    # over date 0: +10 %, 0, -10 %, +20 %, ranks 3 2 1 4 against 4 3 2 1: 1 - 6 (1 + 1 + 1 + 9) / 60
    assert found.rank_ic[0, :, 0] == pytest.approx([-0.2, -3 / np.sqrt(22.5), np.nan], nan_ok=True)
    # 0, +20 %, 0, -50 % over date 1; ranks 2.5 4 2.5 1 against 1 2 3 4: -3 of the root of 5 times 4.5
    assert found.rank_ic[1, 0, 0] == pytest.approx(np.corrcoef([4, 3, 2, 1], rankdata([0.1, 0.2, -0.1, -0.4]))[0, 1])
    assert found.ic[0, 0, 0] == pytest.approx(np.corrcoef([4, 3, 2, 1], [0.1, 0.0, -0.1, 0.2])[0, 1])
    # the edge of halves of 1 2 3 4 is 2, which belongs below: +20 % and -10 % against 0 and +10 %, less 5 %
    assert found.groups[0, 0] == pytest.approx([0.0, 0.0])
    assert found.groups[1, 0] == pytest.approx([0.1 + 0.075, -0.25 + 0.075])
    assert found.spread[1, 0] == pytest.approx(-0.35)
    assert found.stability[:, 0] == pytest.approx([np.nan, -1.0, np.nan], nan_ok=True)
    assert found.names.tolist() == [4, 4, 4]


def test_who_cannot_be_bought_is_no_observation_and_who_stops_trading_is_held_at_the_last_close():
    opens = np.tile(np.array([[10.0, 20, 30, 40, 50]]), (5, 1))
    opens[2, 0] = np.nan  # no bar at the fill
    opens[3:, 1] = np.nan  # gone after the fill
    limit, halted = np.full((5, 5), 99.0), np.zeros((5, 5), dtype=bool)
    limit[2, 2] = 30.0  # opens at its upper limit
    halted[2, 3] = True
    bars = bars_of(opens, limit_up=limit, suspended=halted)
    made = FillReturns.of(bars, bars.times)
    found = made.over(1, 1)
    assert np.isnan(found[[0, 2, 3]]).all()
    assert found[1] == pytest.approx(20 * 1.01 / 20 - 1)
    assert found[4] == 0
    assert np.isnan(made.over(4, 1)).all()
    assert np.isnan(made.over(3, 1)).all()  # the exit lies after the last bar
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 4] = False
    assert np.isnan(FillReturns.of(bars, bars.times, buyable=mask).over(1, 1)[[0, 3, 4]]).all()
    assert FillReturns.of(bars, bars.times, buyable=mask).over(1, 1)[2] == 0
    with pytest.raises(RecordError, match="mask of fills"):
        FillReturns.of(bars, bars.times, buyable=mask[1:])
    with pytest.raises(RecordError, match="assets without bars"):
        FillReturns.of(bars, bars.times, assets=("zzz",))


def test_nothing_is_measured_across_prices_that_begin_anew():
    reset = np.zeros((6, 3), dtype=bool)
    reset[3, 0] = True
    made = FillReturns.of(bars_of(np.full((6, 3), 8.0), reset=reset), bars_of(np.full((6, 3), 8.0)).times)
    assert np.isnan(made.over(1, 1)[0])
    assert made.over(1, 1)[1] == 0
    assert made.over(2, 1)[0] == 0


def test_months_are_filled_at_the_next_session_and_left_at_the_one_after_the_next_label():
    opens = np.cumprod(np.full((90, 2), 1.001), axis=0)
    bars = bars_of(opens, first="2020-01-01")
    labels = np.array(["2020-01-31", "2020-02-29"], dtype="datetime64[us]")
    assert FillReturns.of(bars, labels).over(0, 1) == pytest.approx([opens[60, 0] / opens[31, 0] - 1] * 2)


def test_dates_after_the_last_judged_one_are_not_looked_at():
    opens, factors = example()
    bars = bars_of(np.vstack([np.full((1, ASSETS), 10.0), opens]))
    labels = bars.times[:DATES]
    changed = opens.copy()
    changed[14:] *= np.random.default_rng(3).uniform(0.5, 2, size=changed[14:].shape)
    other = bars_of(np.vstack([np.full((1, ASSETS), 10.0), changed]))
    judged = np.arange(DATES) < 14
    sections = CrossSections.of_grid(factors, FIELDS, times=labels, assets=bars.assets)
    made = [
        score_factors(sections, FillReturns.of(held, labels), spans=SPANS, least=5, dates=judged)
        for held in (bars, other)
    ]
    for name in ("ic", "rank_ic", "groups", "stability", "alike", "present", "pairs"):
        assert np.array_equal(getattr(made[0], name), getattr(made[1], name), equal_nan=True), name
    assert np.isfinite(made[0].rank_ic[0, :13]).all()
    assert np.isnan(made[0].rank_ic[0, 13:]).all()
    assert np.isfinite(made[0].rank_ic[1, :11]).all()
    assert np.isnan(made[0].rank_ic[1, 11:]).all()


@given(st.integers(0, 10_000))
def test_ranks_among_any_subset_are_scipys(seed):
    generator = np.random.default_rng(seed)
    values = np.round(generator.normal(size=(int(generator.integers(1, 30)), 3)), 1)
    values[generator.random(values.shape) < 0.2] = np.nan
    among = ~np.isnan(values) & (generator.random(values.shape) < 0.7)
    expected = rankdata(np.where(among, values, np.nan), axis=0, nan_policy="omit")
    np.testing.assert_array_equal(Ordered.of(values).ranks(among), expected)
    other = np.round(generator.normal(size=(len(values), 1)), 1)
    made = correlations(Ordered.of(values).ranks(among), Ordered.of(other).ranks(among), among)
    for column in range(3):
        rows = among[:, column]
        one, two = values[rows, column], other[rows, 0]
        if rows.sum() >= 3 and np.ptp(one) > 0 and np.ptp(two) > 0:
            assert made[column] == pytest.approx(spearmanr(one, two).statistic, abs=1e-12)
        else:
            assert np.isnan(made[column])


def test_equal_values_are_never_parted():
    values = np.array([1.0, 1, 1, 1, 1, 2, 3, 3])[:, None]
    assert group_numbers(values, np.ones((8, 1), dtype=bool), 4)[:, 0].tolist() == [0] * 5 + [3 - 1] + [3, 3]


def test_certainty_is_that_of_the_overlap_tests():
    series = np.random.default_rng(4).normal(0.02, 0.1, size=(80, 2))
    series[[3, 50], 1] = np.nan
    made = certainty(series, span=4, level=0.9)
    expected = mean_hac(series[~np.isnan(series[:, 1]), 1], span=4, level=0.9)
    assert made.whole[1] == expected
    assert made.apart[0].n == 20
    apart = series[::4, 0]
    assert made.apart[0].statistic == pytest.approx(apart.mean() / (apart.std(ddof=1) / np.sqrt(20)))
    assert made.apart[0].p_value == pytest.approx(2 * student.sf(abs(made.apart[0].statistic), 19))


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=40), st.floats(0.01, 0.3))
def test_hurdles_are_those_of_scipy(p_values, level):
    made = hurdles([*p_values, np.nan], level=level)
    adjusted = false_discovery_control(p_values)
    assert made.tried == len(p_values)
    assert made.bonferroni == level / len(p_values)
    clear = np.abs(adjusted - level) > 1e-9
    passes = np.asarray(p_values) <= made.discovery
    assert (passes == (adjusted <= level))[clear].all()
    assert made.found == passes.sum() or not clear.all()


def test_false_finds_are_as_rare_as_promised():
    """Of 400 worlds with 20 factors that know nothing, Bonferroni's hurdle is passed in about 5 %, a plain 5 % in most."""
    series = np.random.default_rng(8).normal(size=(400, 20, 60)).reshape(8000, 60)
    p_values = np.array(certainty(series.T, span=1, level=0.95).p_value).reshape(400, 20)
    passed = [(one < hurdles(one, level=0.05).bonferroni).any() for one in p_values]
    assert 0.02 < np.mean(passed) < 0.09
    assert (p_values < 0.05).any(axis=1).mean() > 0.5


def test_wrong_requests_are_refused():
    bars = bars_of(np.full((4, 3), 8.0))
    sections = CrossSections.of_grid(np.zeros((4, 3, 1)), ("x",), times=bars.times, assets=bars.assets)
    returns = FillReturns.of(bars, bars.times)
    with pytest.raises(SettingError, match="spans and in groups"):
        score_factors(sections, returns, groups=1)
    with pytest.raises(SettingError, match="spans and in groups"):
        score_factors(sections, returns, spans=(0,))
    with pytest.raises(RecordError, match="returns beside factors"):
        score_factors(sections, FillReturns.of(bars, bars.times[:3]))
    with pytest.raises(SettingError, match="between 0 and 1"):
        hurdles([0.1], level=5.0)
