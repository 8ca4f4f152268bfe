"""What a selection is held against: shuffled and random scores, perfect foresight, yesterday's signal, the whole universe."""

import numpy as np
import pytest
from selection_worlds import plain_exchange, random_world

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.errors import SettingError
from tidegate.strategy.equal_weight import EqualWeight
from tidegate.strategy.groups import Groups
from tidegate.strategy.placebo import permuted_assets, random_scores, shuffled_scores
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.top_k_dropout import TopKDropout

STRATEGIES = [
    RankAndHold(names=5, days=2, holding="average"),
    TopKDropout(names=5, drop=5, spend=1.0),
    Groups(count=6, group=1),
]
WORLDS = range(6)


def growth(strategy, score, exchange):
    book = run_portfolio(strategy, Signals(score), exchange, 10_000_000.0)
    return float(np.log(book.equity[-1] / book.capital)), book


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_skill_pays_and_goes_with_the_shuffle(strategy):
    told, dealt = [], []
    for world in WORLDS:
        exchange, score = random_world(world, bars=80, assets=30, skill=0.3)
        told.append(growth(strategy, score, exchange)[0])
        dealt.append(growth(strategy, shuffled_scores(score, exchange.assets, seed=world), exchange)[0])
    assert min(told) > max(dealt)
    assert np.mean(told) > 0.3
    assert abs(np.mean(dealt)) < 0.15  # the walks themselves go nowhere


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_shuffled_scores_earn_the_costs_and_no_more(strategy):
    lost, paid = [], []
    for world in WORLDS:
        exchange, score = random_world(world, bars=80, assets=30, cost=100_000)  # 0.1 % a side
        dealt = shuffled_scores(score, exchange.assets, seed=world)
        dear, book = growth(strategy, dealt, exchange)
        free, _ = growth(strategy, dealt, exchange.without_costs())
        lost.append(free - dear)
        paid.append(book.account.lines[:, t_.L_FEES].sum() / book.account.lines[:, t_.L_EQUITY].mean())
    assert np.mean(paid) > 0.02
    assert np.mean(lost) == pytest.approx(np.mean(paid), rel=0.25)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)
def test_foresight_bounds_skill_and_a_day_late_is_worse(strategy):
    perfect, skilled, late = [], [], []
    for world in WORLDS:
        exchange, score = random_world(world, bars=80, assets=30, skill=0.3)
        _, known = random_world(world, bars=80, assets=30, skill=1.0)
        perfect.append(growth(strategy, known, exchange)[0])
        skilled.append(growth(strategy, score, exchange)[0])
        late.append(growth(strategy, np.vstack([np.full((1, 30), np.nan), score[:-1]]), exchange)[0])
    assert min(perfect) > max(skilled)
    assert all(early > after for early, after in zip(skilled, late, strict=True))
    assert abs(np.mean(late)) < 0.15


def test_no_strategy_beats_holding_the_best_asset_of_each_bar():
    exchange, _ = random_world(0, bars=60, assets=20)
    _, known = random_world(0, bars=60, assets=20, skill=1.0)
    opened = exchange.open.astype(float)
    bound = float(np.log(opened[2:] / opened[1:-1]).max(axis=1).clip(0).sum())
    best = [growth(strategy, known, exchange)[0] for strategy in (*STRATEGIES, RankAndHold(names=1, days=1, cap=1.0))]
    assert 0.5 < max(best) <= bound + 0.05


def test_equal_weight_is_what_shuffled_scores_come_to_on_average():
    exchange, score = random_world(9, bars=60, assets=20)
    whole = growth(EqualWeight(), score, exchange)[0]
    strategy = Groups(count=4, group=2)
    dealt = [growth(strategy, shuffled_scores(score, exchange.assets, seed=seed), exchange)[0] for seed in range(40)]
    assert np.mean(dealt) == pytest.approx(whole, abs=3 * np.std(dealt) / np.sqrt(40))


@pytest.mark.parametrize("deal", [permuted_assets, shuffled_scores, random_scores])
def test_a_deal_keeps_the_universe_and_asks_no_other_date_nor_column(deal):
    score = np.random.default_rng(0).standard_normal((30, 8))
    score[np.random.default_rng(1).random(score.shape) < 0.2] = np.nan
    score[4, 2] = -np.inf
    names = tuple("hgfedcba")
    dealt = deal(score, names, seed=3)
    assert np.array_equal(np.isnan(dealt), np.isnan(score))
    assert dealt[4, 2] == -np.inf
    assert not np.array_equal(dealt, score, equal_nan=True)
    assert np.array_equal(deal(score[:11], names, seed=3), dealt[:11], equal_nan=True)
    order = np.random.default_rng(2).permutation(8)
    moved = deal(score[:, order], tuple(names[n] for n in order), seed=3)
    assert np.array_equal(moved, dealt[:, order], equal_nan=True)
    assert not np.array_equal(deal(score, names, seed=4), dealt, equal_nan=True)
    if deal is not random_scores:
        assert np.array_equal(np.sort(dealt, axis=1), np.sort(score, axis=1), equal_nan=True)
    with pytest.raises(SettingError, match="do not fit the assets"):
        deal(score, names[:-1], seed=3)


def lasting(seed, bars=120, assets=40, stay=0.97):
    """Scores that last from bar to bar, a tenth of them missing for good or for a while."""
    generator = np.random.default_rng(seed)
    score = np.empty((bars, assets))
    score[0] = generator.standard_normal(assets)
    for bar in range(1, bars):
        score[bar] = stay * score[bar - 1] + np.sqrt(1 - stay**2) * generator.standard_normal(assets)
    score[: bars // 2, :2] = np.nan
    score[bars // 3 :, 2] = np.nan
    return score


@pytest.mark.parametrize(
    "strategy", [TopKDropout(names=5, drop=5, spend=1.0), Groups(count=6, group=1)], ids=lambda strategy: strategy.name
)
def test_permuted_assets_turn_over_as_much_as_what_they_judge_and_a_daily_deal_far_more(strategy):
    own, permuted, dealt = [], [], []
    for world in WORLDS:
        exchange, _ = random_world(world, bars=120, assets=40, cost=100_000)
        score = lasting(world)
        for kept, given in (
            (own, score),
            (permuted, permuted_assets(score, exchange.assets, seed=world)),
            (dealt, shuffled_scores(score, exchange.assets, seed=world)),
        ):
            book = growth(strategy, given, exchange)[1]
            kept.append(book.account.lines[:, [t_.L_BOUGHT, t_.L_SOLD]].sum())
    assert np.mean(permuted) == pytest.approx(np.mean(own), rel=0.15)
    assert np.mean(dealt) > 2 * np.mean(own)


def test_a_permutation_is_one_for_all_dates_and_uniform_on_each_universe():
    score = np.tile(np.arange(5.0), (3, 1))
    made = permuted_assets(score, tuple("abcde"), seed=7)
    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])
    score[1, 3] = np.nan
    share = np.zeros((4, 4))
    for seed in range(3000):
        row = permuted_assets(score, tuple("abcde"), seed=seed)[1]
        share[np.arange(4), np.searchsorted([0, 1, 2, 4], row[[0, 1, 2, 4]])] += 1 / 3000
    assert share == pytest.approx(np.full((4, 4), 0.25), abs=0.04)


def test_a_deal_is_uniform():
    score = np.tile(np.arange(4.0), (4000, 1))
    dealt = shuffled_scores(score, tuple("abcd"), seed=1)
    share = np.stack([(dealt == value).mean(axis=0) for value in range(4)])
    assert share == pytest.approx(np.full((4, 4), 0.25), abs=0.03)
    assert len(run_portfolio(EqualWeight(), Signals(dealt[:5]), plain_exchange(np.full((5, 4), 10.0)), 1e6).events) == 4
