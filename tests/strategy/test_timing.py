"""Timing rules: pinned by hand, and equal to their own plainest form on any scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tidegate.errors import SettingError
from tidegate.strategy.always_in import AlwaysIn
from tidegate.strategy.base import State
from tidegate.strategy.buy_and_hold import BuyAndHold
from tidegate.strategy.hold_after_signal import HoldAfterSignal
from tidegate.strategy.sign_follow import SignFollow
from tidegate.strategy.targets import targets_of
from tidegate.testing.contract import check_member

SCORES = arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 40)),
    elements=st.sampled_from([0.0, 0.01, -0.01, 1.0, -1.0, np.nan, np.inf, -np.inf]),
)
RULES = [HoldAfterSignal(days=1), HoldAfterSignal(days=5), HoldAfterSignal(days=3, threshold=0.01), BuyAndHold(), AlwaysIn(),
         SignFollow(), SignFollow(short=True), SignFollow(threshold=0.01)]  # fmt: skip


def stepped(rule, scores):
    made = np.empty_like(scores)
    for book in range(scores.shape[0]):
        state = State()
        for bar in range(scores.shape[1]):
            state, made[book, bar] = rule.decide(state, float(scores[book, bar]))
    return made


class TestRegression:
    def test_a_signal_is_held_for_its_days(self):
        scores = np.array([[-1.0, 1, -1, -1, -1, -1, -1, -1]])
        assert HoldAfterSignal(days=5).exposures(scores).tolist() == [[0, 1, 1, 1, 1, 1, 0, 0]]

    def test_a_further_signal_starts_the_count_again(self):
        scores = np.array([[1.0, -1, -1, 1, -1, -1, -1, -1, -1]])
        assert HoldAfterSignal(days=5).exposures(scores).tolist() == [[1, 1, 1, 1, 1, 1, 1, 1, 0]]

    def test_a_score_at_the_threshold_is_no_signal(self):
        assert HoldAfterSignal(days=2, threshold=0.5).exposures(np.array([[0.5, 0.6, 0.5, 0.5]])).tolist() == [
            [0, 1, 1, 0]
        ]

    def test_missing_scores_let_the_count_run(self):
        assert HoldAfterSignal(days=2).exposures(np.array([[1.0, np.nan, np.nan]])).tolist() == [[1, 1, 0]]

    def test_always_in_waits_for_the_first_score_and_buy_and_hold_does_not(self):
        scores = np.array([[np.nan, -3.0, np.nan]])
        assert AlwaysIn().exposures(scores).tolist() == [[0, 1, 1]]
        assert BuyAndHold().exposures(scores).tolist() == [[1, 1, 1]]

    def test_targets_tell_what_changed(self):
        times = np.arange("2020-01-01", "2020-01-07", dtype="datetime64[D]").astype("datetime64[us]")
        made = targets_of(times, "index", np.array([0.0, 1.0, 1.0, 0.5, 0.0, 0.0])).frame
        assert made["reason"].to_list() == ["stay out", "open", "keep", "change", "close", "stay out"]
        assert made["weight"].to_list() == [0.0, 1.0, 1.0, 0.5, 0.0, 0.0]


class TestProperties:
    @pytest.mark.parametrize("rule", RULES, ids=str)
    @given(scores=SCORES)
    def test_all_at_once_is_step_by_step(self, rule, scores):
        assert rule.exposures(scores).tolist() == stepped(rule, scores).tolist()

    @given(SCORES, st.integers(1, 7))
    def test_in_the_market_exactly_after_a_signal(self, scores, days):
        made = HoldAfterSignal(days=days).exposures(scores)
        for book in range(scores.shape[0]):
            for bar in range(scores.shape[1]):
                recent = scores[book, max(0, bar - days + 1) : bar + 1]
                assert made[book, bar] == float((recent > 0).any())

    @pytest.mark.parametrize("kind", [HoldAfterSignal, BuyAndHold, AlwaysIn, SignFollow], ids=lambda kind: kind.name)
    def test_under_contract(self, kind):
        assert check_member(kind) >= 8


class TestValidation:
    def test_days_are_at_least_one(self):
        with pytest.raises(SettingError, match="days"):
            HoldAfterSignal(days=0)
