"""Rules within a bar and what wraps them: sizes worked by hand, the order of wrapping, and what is refused."""

import numpy as np
import pytest

from tidegate.component import document
from tidegate.errors import SettingError, UnknownNameError
from tidegate.strategy.always_long import AlwaysLong
from tidegate.strategy.drawdown_switch import DrawdownSwitch
from tidegate.strategy.fixed_fraction import FixedFraction
from tidegate.strategy.gap_momentum import GapMomentum
from tidegate.strategy.margin_cap import MarginCap
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.random_sides import RandomSides
from tidegate.strategy.stop_loss import StopLoss
from tidegate.strategy.volatility_scaled import VolatilityScaled
from tidegate.strategy.within_bar import BarsSeen, WithinBar

LONG = AlwaysLong()


def seen_of(last, forecast=None, joined=None):
    last = np.array(last, dtype=float)
    told = np.full(len(last), np.nan) if forecast is None else np.array(forecast, dtype=float)
    return BarsSeen(told, last, last if joined is None else np.array(joined, dtype=float), 1.0, 0.1)


class TestCores:
    def test_as_printed_against_no_change_is_the_gap(self):
        rng = np.random.default_rng(1)
        last = np.rint(3600 + rng.normal(0, 30, 50)) + np.where(rng.random(50) < 0.2, 0.25, 0.0)
        opens = np.rint(last + rng.normal(0, 5, 50))
        printed = OpenAgainstForecast(rule="as printed").plan(seen_of(last, last)).sides(opens)
        gap = GapMomentum().plan(seen_of(last)).sides(opens)
        assert np.array_equal(printed, gap)
        assert np.array_equal(gap[:-1], np.sign(opens[1:] - last[:-1]))
        follow = OpenAgainstForecast(rule="follow").plan(seen_of(last, last)).sides(opens)
        assert np.array_equal(follow, -printed)

    def test_a_coin_is_even_and_the_seed_is_the_coin(self):
        seen = seen_of(np.full(4001, 3600.0))
        sides = [RandomSides(seed=seed).plan(seen).sides(seen.last) for seed in (1, 1, 2)]
        assert np.array_equal(sides[0], sides[1])
        assert abs(sides[0].sum()) < 4 * 4000**0.5
        assert 0.4 < (sides[0] == sides[2]).mean() < 0.6
        long = RandomSides(seed=1, short=False).plan(seen).sides(seen.last)
        assert np.array_equal(long, np.maximum(sides[0], 0))

    def test_only_one_of_them_reads_forecasts(self):
        assert [rule.reads_forecast for rule in (OpenAgainstForecast(), GapMomentum(), LONG, RandomSides())] == [
            True, False, False, False,
        ]  # fmt: skip


class TestSizes:
    def test_a_fraction_of_value_of_margin_and_of_what_a_stop_may_lose(self):
        seen = seen_of([3600.0])
        size = lambda **settings: FixedFraction(**settings).wish(seen).exposure  # noqa: E731
        assert size(inner=LONG, fraction=0.5) == 0.5
        assert size(inner=LONG, fraction=0.25, basis="margin") == 2.5
        assert size(inner=StopLoss(inner=LONG, distance=0.005), fraction=0.01, basis="risk") == 2.0
        assert size(inner=LONG, fraction=50.0) == 10.0  # no more than equity covers the margin of

    def test_volatility_is_of_the_joined_series_and_unknown_at_first(self):
        joined = [100.0, 102.0, 100.98, 103.0]
        plan = VolatilityScaled(inner=LONG, target=0.01, lookback=2, cap=3.0).plan(
            seen_of([50, 90, 90, 90], None, joined)
        )
        moves = np.diff(joined) / joined[:-1]
        assert plan.exposure.tolist() == pytest.approx(
            [0, 0, 0.01 / np.std(moves[:2], ddof=1), 0.01 / np.std(moves[1:], ddof=1)]
        )
        calm = VolatilityScaled(inner=LONG, target=0.01, lookback=2).plan(
            seen_of([1] * 4, None, [100, 100.1, 100, 100.1])
        )
        assert calm.exposure.tolist() == [0, 0, 1, 1]
        flat = VolatilityScaled(inner=LONG, target=0.01, lookback=2).plan(seen_of([1] * 4, None, [100.0] * 4))
        assert flat.exposure.tolist() == [0, 0, 0, 0]

    def test_the_cap_is_of_margin(self):
        seen = seen_of([3600.0])
        assert MarginCap(inner=AlwaysLong(fraction=4.0), share=0.25).wish(seen).exposure == 2.5
        assert MarginCap(inner=AlwaysLong(fraction=1.0), share=0.25).wish(seen).exposure == 1.0


class TestWrapping:
    def test_the_order_of_wrapping_matters_and_is_kept(self):
        seen = seen_of([100.0, 102.0, 100.98, 103.0])
        capped_last = MarginCap(
            inner=VolatilityScaled(inner=AlwaysLong(fraction=4.0), target=0.05, lookback=2, cap=2.0), share=0.25
        )
        scaled_last = VolatilityScaled(
            inner=MarginCap(inner=AlwaysLong(fraction=4.0), share=0.25), target=0.05, lookback=2, cap=2.0
        )
        assert capped_last.plan(seen).exposure[-1] == 2.5
        assert scaled_last.plan(seen).exposure[-1] == 5.0

    def test_another_core_keeps_what_is_wrapped_around_it(self):
        rule = DrawdownSwitch(
            inner=StopLoss(inner=FixedFraction(inner=OpenAgainstForecast(), fraction=0.3), distance=0.01), fall=0.1
        )
        turned = rule.around(GapMomentum())
        assert isinstance(turned.core(), GapMomentum)
        assert rule.core() == OpenAgainstForecast()
        plan = turned.plan(seen_of([3600.0, 3610.0]))
        assert plan.exposure.tolist() == [0.3, 0.3]
        assert plan.stop.tolist() == [0.01, 0.01]
        assert (plan.fall, plan.pause, plan.against) == (0.1, 0, True)

    def test_a_document_says_it_all(self):
        rule = DrawdownSwitch(
            inner=StopLoss(inner=OpenAgainstForecast(rule="follow"), distance=0.01), fall=0.1, pause=3
        )
        assert WithinBar.of(document(rule)) == rule
        assert document(rule)["inner"]["inner"]["rule"] == "follow"


class TestRefused:
    def test_what_makes_no_sense(self):
        with pytest.raises(SettingError, match="a fraction at risk needs a stop"):
            FixedFraction(inner=LONG, fraction=0.01, basis="risk").plan(seen_of([3600.0]))
        with pytest.raises(SettingError, match="drawdown-switch stands within drawdown-switch"):
            DrawdownSwitch(inner=StopLoss(inner=DrawdownSwitch(inner=LONG, fall=0.1), distance=0.1), fall=0.2)
        with pytest.raises(UnknownNameError, match="rank-and-hold"):
            StopLoss.of({"inner": {"name": "rank-and-hold"}, "distance": 0.1})
        with pytest.raises(SettingError, match="distance"):
            StopLoss(inner=LONG, distance=0.0)
