"""What many trials leave of the best: deflated Sharpe, effective number, overfitting; against purgedcv and sums."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from doubt_example import families, tracks, zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt import sharpe as s
from tidegate.evaluate.doubt.deflated import deflated_sharpe
from tidegate.evaluate.doubt.effective import effective_trials, expected_maximum
from tidegate.evaluate.doubt.overfitting import overfitting

FROZEN = json.loads((Path(__file__).parent / "frozen" / "doubt.json").read_text(encoding="utf-8"))


class TestDeflated:
    @pytest.mark.parametrize("name", sorted(tracks()))
    def test_the_formulas_are_those_of_purgedcv(self, name):
        theirs, n = FROZEN["tracks"][name], tracks()[name].size
        moments = theirs["sharpe"], n, theirs["skew"], theirs["kurtosis"]
        assert s.probabilistic(*moments, threshold=0.0) == pytest.approx(theirs["probabilistic"], rel=1e-12)
        for trials, value in theirs["deflated"].items():
            ours = s.deflated(*moments, trials=s.Trials(int(trials), 1 / (n - 1)))
            assert ours == pytest.approx(value, rel=1e-9, abs=1e-15)
        bars = s.minimum_track(moments[0], *moments[2:], threshold=0.0, confidence=0.95)
        assert (None if np.isinf(bars) else float(np.ceil(bars))) == theirs["minimum_track"]

    @pytest.mark.parametrize("name", sorted(tracks()))
    def test_returns_in_one_call(self, name):
        # they take ddof 0 in the ratio and unbiased moments, we ddof 1 and population moments: a third digit
        theirs = FROZEN["tracks"][name]
        for trials, value in theirs["deflated"].items():
            found = deflated_sharpe(tracks()[name], trials=int(trials))
            assert found.deflated == pytest.approx(value, abs=4e-3)
            assert found.probabilistic == pytest.approx(theirs["probabilistic"], abs=4e-3)

    def test_at_the_minimum_track_the_confidence_is_reached(self):
        returns = tracks()["plain"]
        found = deflated_sharpe(returns, trials=2, variance=1e-5, confidence=0.9)
        skew, kurtosis = s.moments(returns)
        again = s.probabilistic(found.sharpe, found.minimum_track, skew, kurtosis, threshold=found.hurdle)
        assert again == pytest.approx(0.9)

    @given(st.integers(1, 10_000))
    def test_more_trials_never_help(self, trials):
        returns = tracks()["fat"]
        one, more = (deflated_sharpe(returns, trials=n) for n in (trials, trials + 1))
        assert more.hurdle > one.hurdle
        assert more.deflated < one.deflated <= one.probabilistic

    def test_leading_axes_and_still_tracks(self):
        held = np.stack([tracks()["plain"], np.zeros(500), np.full(500, 0.001)])
        found = deflated_sharpe(held, trials=5)
        assert found.deflated.shape == (3,)
        assert found.deflated[0] == deflated_sharpe(held[0], trials=5).deflated
        assert np.isnan(found.deflated[1])
        assert np.isnan(found.minimum_track[1])
        assert np.isnan(deflated_sharpe([0.1, 0.2], trials=1).sharpe)

    def test_refusals(self):
        with pytest.raises(SettingError, match="counted from one"):
            deflated_sharpe(tracks()["plain"], trials=0)
        with pytest.raises(SettingError, match="confidence"):
            deflated_sharpe(tracks()["plain"], trials=1, confidence=0.3)
        with pytest.raises(DataError, match="missing values"):
            deflated_sharpe([0.1, np.nan, 0.2], trials=1)


class TestEffective:
    def test_clusters_are_those_of_scikit_learn(self):
        ours, theirs = effective_trials(families()).labels, np.array(FROZEN["families"]["labels"])
        assert ((ours[:, None] == ours) == (theirs[:, None] == theirs)).all()
        assert ours.tolist() == sorted(ours.tolist())

    @pytest.mark.parametrize("count", [1, 2, 7, 60])
    def test_the_expected_maximum_is_that_of_draws(self, count):
        drawn = np.random.default_rng(count).normal(size=(60_000, count)).max(axis=1)
        assert expected_maximum(count) == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(60_000))

    @pytest.mark.parametrize(("groups", "each", "rho"), [(8, 5, 0.8), (1, 20, 0.6), (20, 1, 0.0), (2, 4, 0.6)])
    def test_the_best_of_the_number_is_as_good_as_the_best_of_all(self, groups, each, rho):
        rng = np.random.default_rng(groups)

        def alike(n):
            common = np.repeat(rng.normal(size=(groups, n)), each, axis=0)
            return np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=(groups * each, n))

        found = effective_trials(alike(2000))
        truth = alike(40_000).max(axis=0).mean()
        assert expected_maximum(found.number) == pytest.approx(truth, abs=0.04)
        assert found.clusters == groups
        assert found.clusters <= found.number + 0.3 <= groups * each + 0.3

    def test_copies_are_one_and_strangers_are_all(self):
        one = np.random.default_rng(0).normal(size=300)
        assert effective_trials(np.stack([one, one, one])).number == pytest.approx(1.0, abs=0.03)
        mirrored = effective_trials(np.stack([one, -one]))
        assert mirrored.clusters == 2
        assert mirrored.number == 2  # the better of two mirrors beats the better of two strangers
        assert effective_trials(one[None]).number == 1

    def test_those_that_never_traded_are_one(self):
        rng = np.random.default_rng(1)
        held = np.vstack([rng.normal(size=(3, 200)), np.zeros((4, 200))])
        found = effective_trials(held)
        assert found.labels.tolist() == [0, 1, 2, 3, 3, 3, 3]
        assert found.number == pytest.approx(4, abs=0.1)
        assert found.trials.number == 7
        assert found.trials.variance == pytest.approx(found.ratios[:3].var(ddof=1))
        assert effective_trials(np.zeros((3, 50))).number == 1

    def test_equal_returns_give_equal_numbers(self):
        assert effective_trials(families()).number == effective_trials(families()).number

    def test_refusals(self):
        with pytest.raises(DataError, match="same bars"):
            effective_trials(np.zeros(10))
        with pytest.raises(SettingError, match="alike"):
            effective_trials(families(), alike=1.5)


def slowly(returns, blocks):
    """Every choice by itself, from the returns of its bars."""
    parts = np.array_split(np.arange(returns.shape[1]), blocks)
    logits, inside, outside = [], [], []
    for chosen in combinations(range(blocks), blocks // 2):
        here = np.concatenate([parts[b] for b in chosen])
        there = np.concatenate([parts[b] for b in range(blocks) if b not in chosen])
        ours, after = (returns[:, at].mean(axis=1) / returns[:, at].std(axis=1, ddof=1) for at in (here, there))
        best = int(ours.argmax())
        share = rankdata(after)[best] / (len(returns) + 1)
        logits.append(np.log(share / (1 - share)))
        inside.append(ours[best])
        outside.append(after[best])
    return logits, inside, outside


class TestOverfitting:
    @pytest.mark.parametrize("name", sorted(zoo()))
    def test_every_choice_is_that_of_purgedcv(self, name):
        ours = overfitting(zoo()[name], blocks=8)
        theirs = {key: np.flip(held) if isinstance(held, list) else held for key, held in FROZEN["zoo"][name].items()}
        assert ours.logits == pytest.approx(theirs["logits"], abs=1e-12)
        assert ours.inside == pytest.approx(theirs["inside"], rel=1e-9)
        assert ours.outside == pytest.approx(theirs["outside"], rel=1e-9, abs=1e-12)
        assert ours.slope == pytest.approx(theirs["slope"])
        assert ours.probability == pytest.approx(theirs["probability"])  # an even number of variants has no middle

    def test_blocks_of_unlike_length_and_an_odd_number_of_variants(self):
        returns = np.random.default_rng(5).normal(0.1, 1, (5, 96))
        logits, inside, outside = slowly(returns, 6)
        ours = overfitting(returns, blocks=6)
        assert ours.logits == pytest.approx(logits)
        assert ours.inside == pytest.approx(inside)
        assert ours.outside == pytest.approx(outside)
        assert ours.probability == pytest.approx(np.mean(np.sign(-np.array(logits)) / 2 + 0.5))

    def test_blind_picking_is_one_half_at_any_number_of_variants(self):
        rng = np.random.default_rng(6)
        for variants in (2, 3, 9):
            told = [overfitting(rng.normal(size=(variants, 200)), blocks=6).probability for _ in range(150)]
            assert np.mean(told) == pytest.approx(0.5, abs=0.07)

    def test_one_that_is_really_better_is_found_again(self):
        rng = np.random.default_rng(7)
        held = rng.normal(size=(20, 600))
        held[4] += 0.3
        found = overfitting(held)
        assert found.probability < 0.02
        assert (found.best == 4).mean() > 0.95
        assert found.logits.size == 12_870

    def test_nothing_moves_when_variants_change_places_or_scale(self):
        returns = zoo()["skilled"]
        order = np.random.default_rng(8).permutation(len(returns))
        ours, theirs = overfitting(returns, blocks=8), overfitting(3.0 * returns[order], blocks=8)
        assert ours.logits == pytest.approx(theirs.logits)
        assert (order[theirs.best] == ours.best).all()

    def test_one_that_never_trades_has_a_ratio_of_zero(self):
        held = np.random.default_rng(9).normal(-0.5, 1, (3, 160))
        held[1] = 0.0
        found = overfitting(held, blocks=4)
        assert (found.best == 1).all()
        assert (found.inside == 0).all()
        assert np.isnan(found.slope)
        held[1] = 0.001
        assert (overfitting(held, blocks=4).inside == 0).all()

    def test_refusals(self):
        with pytest.raises(SettingError, match="even number"):
            overfitting(zoo()["noise"], blocks=7)
        with pytest.raises(DataError, match="same bars"):
            overfitting(zoo()["noise"][:1])
        with pytest.raises(DataError, match="same bars"):
            overfitting(zoo()["noise"][:, :20], blocks=16)


@settings(max_examples=30)
@given(st.integers(2, 400))
def test_the_closed_form_of_the_best_is_near_the_truth(number):
    """Bailey and López de Prado's closed form: 8 % low at two, 3 % off from five on."""
    closed = s.expected_best(s.Trials(number, 1.0))
    assert closed == pytest.approx(expected_maximum(number), rel=0.09 if number < 5 else 0.03)
    assert expected_maximum(1) == pytest.approx(0.0, abs=1e-9)
    assert norm.sf(closed) < 0.5
