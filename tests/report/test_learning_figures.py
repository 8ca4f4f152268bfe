"""Figures of learning: what they compute from histograms, norms and steps, and what their captions say against them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tidegate.errors import SettingError
from tidegate.report.csvs import figure_csv
from tidegate.report.figures.contributions import Contribution, by_gate, contributions
from tidegate.report.figures.effort import Effort, effort
from tidegate.report.figures.lags import Reach, reach
from tidegate.report.figures.learning import LearningCurve, learning
from tidegate.report.figures.ponder import Pondered, ponder_by_difficulty, ponder_by_row, ponder_steps, remainders
from tidegate.report.figures.weights import Spread, fan, histogram, merged, quantiles, widths
from tidegate.types.report import Text

NAME = Text.same("a name")


def data(figure, key):
    return next(s for s in figure.series if s.key == key).data


def spread_of(values, bins=400, moments=3):
    edges = np.linspace(-6.0, 6.0, bins + 1)
    counts = np.array([np.histogram(values * (k + 1) / moments, bins=edges)[0] for k in range(moments)], dtype=float)
    return Spread("kernel", NAME, np.arange(moments) * 10.0, counts, edges)


class TestLearning:
    def test_the_band_belongs_to_the_heaviest_part(self):
        values = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]])
        curve = LearningCurve("c", NAME, np.array([0.0, 9.0]), {"train": values - 1, "test": values})
        figure = learning("d", NAME, [curve], levels=[("best", NAME, 0.5, "truth"), ("none", NAME, np.nan, "rival")])
        assert data(figure, "c test") == {"x": (0.0, 9.0), "y": (2.0, 2.0)}
        assert data(figure, "c test quartiles") == {"x": (0.0, 9.0), "y": (1.5, 1.5), "y2": (2.5, 2.5)}
        assert next(s for s in figure.series if s.key == "c train").follows == "c test"
        assert [s.key for s in figure.series][-1] == "best"
        assert "never used" in figure.caption.en
        assert "偷看未来" in figure.caption.zh

    def test_training_alone_claims_nothing_about_the_future(self):
        figure = learning("d", NAME, [LearningCurve("c", NAME, np.zeros(2), {"train": np.ones((1, 2))})])
        assert "never used" not in figure.caption.en
        assert figure.caption.en.startswith("Training alone")
        assert "仅训练" in figure.caption.zh


class TestWeights:
    def test_quantiles_are_those_of_the_values(self):
        values = np.random.default_rng(1).normal(0, 1, 20_000)
        cuts = quantiles(spread_of(values), [0.05, 0.5, 0.95])
        expected = np.quantile(values, [0.05, 0.5, 0.95])
        for moment in range(3):
            assert np.allclose(cuts[moment], expected * (moment + 1) / 3, atol=0.03)

    @given(
        hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.integers(0, 5)),
        st.floats(0.01, 0.99),
    )
    def test_quantiles_rise_and_stay_inside_what_was_counted(self, counts, share):
        edges = np.arange(counts.shape[1] + 1.0)
        spread = Spread("k", NAME, np.arange(len(counts)), counts, edges)
        cuts = quantiles(spread, [0.0, share, 1.0])
        for row, held in zip(cuts, counts, strict=True):
            if held.sum() == 0:
                assert np.isnan(row).all()
                continue
            some = np.flatnonzero(held)
            assert edges[some[0]] == row[0] <= row[1] <= row[2] == edges[some[-1] + 1]
            below = np.interp(row[1], edges, np.concatenate([[0], np.cumsum(held)])) / held.sum()
            assert below == pytest.approx(share, abs=1e-9)

    def test_a_fan_that_opens(self):
        spread = spread_of(np.random.default_rng(1).normal(0, 1, 5000))
        band = data(fan("f", NAME, [spread], measure=NAME), "kernel middle 90 %")
        assert band["y"][0] > band["y"][1] > band["y"][2]
        assert band["x"] == (0.0, 10.0, 20.0)
        wide = data(widths("w", NAME, [spread], measure=NAME), "kernel")["y"]
        assert wide[2] == pytest.approx(3 * wide[0], rel=0.1)

    def test_densities_have_area_one_and_stand_beside_the_start(self):
        spread = spread_of(np.random.default_rng(2).normal(0, 1, 5000), bins=60)
        figure = histogram("h", NAME, spread, measure=NAME)
        bars = data(figure, "kernel")
        area = sum(y * (b - a) for a, b, y in zip(bars["x"], bars["x2"], bars["y"], strict=True))
        assert area == pytest.approx(1.0)
        outline = data(figure, "kernel first")
        assert max(outline["y"]) > max(bars["y"])
        parts = histogram("h", NAME, spread, [spread.but("gate")], measure=NAME)
        assert [s.key for s in parts.series] == ["kernel", "kernel first", "gate", "zero"]
        assert "single gates" in parts.caption.en

    def test_groups_put_together_keep_every_weight_and_their_quantiles(self):
        rng = np.random.default_rng(3)
        one, other = rng.normal(0, 0.2, 3000), rng.normal(0.5, 1.0, 1000)

        def of(values, limit):
            edges = np.linspace(-limit, limit, 301)
            return Spread("k", NAME, np.zeros(1), np.histogram(values, bins=edges)[0][None, :], edges)

        both = merged("all", NAME, [of(one, 1.5), of(other, 6.0)])
        assert both.counts.sum() == 4000
        shares = [0.05, 0.25, 0.5, 0.75, 0.95]
        assert np.allclose(quantiles(both, shares)[0], np.quantile(np.concatenate([one, other]), shares), atol=0.04)

    def test_bins_that_do_not_fit_are_refused(self):
        with pytest.raises(SettingError, match="do not fit"):
            Spread("k", NAME, np.zeros(2), np.ones((2, 4)), np.zeros(4))


class TestReach:
    def test_powers_of_ten_fall_in_a_line(self):
        figure = reach("r", NAME, [Reach("f", NAME, np.array([1.0, 0.1, 0.01]), np.array([1.0, 0.0, np.nan]))])
        assert data(figure, "f")["y"] == (0.0, -1.0, -2.0)
        assert data(figure, "f first")["y"] == (0.0, None, None)


class TestContributions:
    def factors(self):
        return [
            Contribution("small", Text.same("small"), np.array([0.1, 0.2]), (0.0, 0.1, 0.2), Text.same("value")),
            Contribution("large", Text.same("large"), np.array([0.6, 0.6]), (0.9, 1.0, 1.1), Text.same("size")),
            Contribution("noise", Text.same("noise"), np.array([0.3, 0.2]), (0.0, 0.05, 0.1), noise=True),
        ]

    def test_bars_fall_and_the_noise_is_the_yardstick(self):
        figure = contributions("c", NAME, self.factors())
        assert [place["en"] for place in data(figure, "permuted")["x"]] == ["large", "noise", "small"]
        assert data(figure, "permuted")["median"] == (1.0, 0.05, 0.1)
        assert data(figure, "permuted")["high"] == (1.1, 0.1, 0.2)
        assert data(figure, "yardstick")["y"] == (0.25,)
        assert data(figure, "yardstick permuted")["y"] == (0.05,)
        assert data(figure, "size")["y"] == (0.6,)
        assert {s.key for s in figure.series if s.role == "doubt"} == {"noise", "yardstick", "yardstick permuted"}
        assert "pure noise" in figure.caption.en
        assert "shuffled" in figure.caption.en

    def test_weights_alone_are_one_pane_without_a_word_about_permutation(self):
        figure = contributions("c", NAME, [Contribution("a", Text.same("a"), np.array([1.0]))])
        assert len(figure.y_titles) == 1
        assert "shuffled" not in figure.caption.en

    def test_shares_of_a_gate_add_up_to_one(self):
        figure = by_gate(
            "g",
            NAME,
            [Text.same("a"), Text.same("b")],
            [Text.same("i"), Text.same("f")],
            np.array([[1.0, 0.0], [3.0, 0.0]]),
        )
        assert data(figure, "weights")["value"] == (0.25, 0.0, 0.75, 0.0)
        assert "50.0%" in figure.caption.en
        assert len(figure_csv(figure).splitlines()) == 5


class TestPonder:
    held = Pondered(
        np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 3.0], [1.0, 1.0, 3.0], [1.0, 2.0, 3.0]]),
        np.full((4, 3), 0.5),
        3,
    )

    def test_steps_are_counted_and_the_limit_is_told(self):
        figure = ponder_steps("p", NAME, self.held)
        assert data(figure, "steps")["y"] == (5 / 12, 2 / 12, 5 / 12)
        assert "41.7% of all were stopped by the limit of 3" in figure.caption.en

    def test_by_row_and_remainders(self):
        assert data(ponder_by_row("p", NAME, self.held), "steps")["y"] == (1.0, 2.0, 3.0)
        figure = remainders("p", NAME, self.held)
        assert sum(data(figure, "remainder")["y"]) == pytest.approx(1.0)
        assert "row 3 (100.0%)" in figure.caption.en

    def test_rank_correlation_with_difficulty(self):
        hard = np.array([2.0, 4.0, 1.0, 3.0])
        steps = Pondered(hard[:, None] * np.ones((1, 2)), np.zeros((4, 2)), 9)
        assert "1.00" in ponder_by_difficulty("p", NAME, steps, hard, measure=NAME, groups=2).caption.en
        assert "-1.00" in ponder_by_difficulty("p", NAME, steps, -hard, measure=NAME, groups=2).caption.en


def test_effort_draws_every_seed_that_has_a_value():
    figure = effort(
        "e",
        NAME,
        [Effort("a", NAME, 5.0, np.array([0.1, np.nan, 0.2]))],
        measure=NAME,
        levels=[("b", NAME, 0.3, "truth")],
    )
    assert data(figure, "a") == {"x": (5.0, 5.0), "y": (0.1, 0.2)}
    assert data(figure, "b") == {"y": (0.3,)}
    assert "element-wise work" in figure.caption.en
