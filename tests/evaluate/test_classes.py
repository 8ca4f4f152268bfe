"""Forecasts of classes: accuracy, calibration, groups, tops, the bullish share and variants, by hand and by scipy."""

from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, hypergeom, kruskal, ttest_ind

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.bullish import agreement, bullish, judge_bullish
from tidegate.evaluate.calibration import brier, calibration, judge_calibration, log_loss
from tidegate.evaluate.classified import Classified, accuracy_by_date, confusion, judge_accuracy
from tidegate.evaluate.groups import by_likeliest, by_top_share, grouped, judge_groups, net_values
from tidegate.evaluate.tops import hits_p, judge_tops, top_hits
from tidegate.evaluate.variants import compare_variants
from tidegate.study.notes import note_text
from tidegate.types.clock import Horizon
from tidegate.types.forecast import Forecast

VALUES = np.array([-1.0, 0.0, 1.0])
ENDS = np.arange("2015-01", "2018-01", dtype="datetime64[M]").astype("datetime64[us]")


def spoken(chances, truth, dates, *, span=1):
    """A forecast of as many assets as fit, from probabilities ``[R, K]``, truths in the label's unit, and dates."""
    date = np.asarray(dates)
    asset = np.array([np.sum(date[:i] == date[i]) for i in range(date.size)])
    frame = pl.DataFrame(
        {
            "time": ENDS[date],
            "asset": [f"a{number:03d}" for number in asset],
            "fold": np.zeros(date.size, dtype=np.int32),
            "truth": np.asarray(truth, dtype=np.float64),
        }
    ).with_columns(
        score=pl.Series(chances @ VALUES[: chances.shape[1]]),
        **{f"p_{k}": chances[:, k] for k in range(chances.shape[1])},
    )
    return Forecast.of(frame, Horizon(lag=1, span=span), "class", {0: "f"})


def drawn(seed=0, dates=12, assets=40, known=1.0, skill=0.0):
    """A made-up forecast over months, and returns of its rows (sorted by asset, then time)."""
    rng = np.random.default_rng(seed)
    date = np.repeat(np.arange(dates), assets)
    returns = rng.normal(0.0, 0.08, date.size) + rng.normal(0.0, 0.05, dates)[date]
    truth = np.where(returns > 0.03, 1.0, np.where(returns < -0.03, -1.0, 0.0))
    lean = rng.normal(0.0, 1.0, (date.size, 3)) + skill * returns[:, None] * np.array([-1.0, 0.0, 1.0])
    chances = np.exp(lean) / np.exp(lean).sum(axis=1, keepdims=True)
    truth[rng.random(date.size) > known] = np.nan
    forecast = spoken(chances, truth, date)
    order = np.lexsort((date, np.tile(np.arange(assets), dates)))
    return Classified.of(forecast, VALUES), returns[order], forecast


def named(measures):
    return {one.name: one for one in measures}


class TestClassified:
    def test_likeliest_and_truth_by_hand(self):
        chances = np.array([[0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.1, 0.8, 0.1]])
        held = Classified.of(spoken(chances, [1.0, 0.0, np.nan], [0, 0, 1]), VALUES)
        by_row = {(int(held.assets[i]), int(held.date[i])): (int(held.said[i]), int(held.truth[i])) for i in range(3)}
        assert by_row == {(0, 0): (2, 2), (1, 0): (0, 1), (0, 1): (1, -1)}  # of equals the lower

    def test_a_model_of_one_number_says_the_nearest_class(self):
        frame = pl.DataFrame(
            {
                "time": ENDS[[0, 0, 0]],
                "asset": ["a", "b", "c"],
                "fold": [0, 0, 0],
                "score": [-0.7, 0.4, 3.0],
                "truth": [0.0] * 3,
            }
        )
        held = Classified.of(Forecast.of(frame, Horizon(lag=1, span=1), "class", {0: "f"}), VALUES)
        assert held.said.tolist() == [0, 1, 2]
        assert not held.told
        assert held.leaning[:, 2].argmax() == 2
        assert held.leaning[:, 0].argmax() == 0
        assert held.leaning[:, 1].argmax() == 1
        assert judge_calibration(held, {}, level=0.95) == ()

    def test_refusals(self):
        chances = np.full((2, 3), 1 / 3)
        with pytest.raises(DataError, match="no class"):
            Classified.of(spoken(chances, [0.5, 0.0], [0, 0]), VALUES)
        with pytest.raises(DataError, match="another number of classes"):
            Classified.of(spoken(chances, [1.0, 1.0], [0, 0]), np.array([-1.0, 1.0]))

    def test_rows_apart_share_no_bar(self):
        held = Classified.of(spoken(np.full((5, 3), 1 / 3), np.zeros(5), range(5), span=2), VALUES)
        kept = held.only(held.apart)
        assert kept.times.tolist() == ENDS[[0, 2, 4]].tolist()
        assert kept.date.tolist() == [0, 1, 2]


class TestAccuracy:
    def test_confusion_and_measures_by_hand(self):
        held, _, forecast = drawn(known=0.9)
        truth, said = forecast.truth, forecast.probabilities.argmax(axis=1)
        came = np.isfinite(truth)
        number = np.where(came, truth + 1, 0).astype(int)
        table = [[int(((number == i) & (said == j) & came).sum()) for j in range(3)] for i in range(3)]
        assert confusion(held).tolist() == table
        found = named(judge_accuracy(held, {"study": "s"}, level=0.95))
        assert found["class_accuracy"].value == pytest.approx((number == said)[came].mean())
        assert found["class_majority"].value == pytest.approx(np.bincount(number[came]).max() / came.sum())
        months = forecast.frame["time"].to_numpy()
        best = sum(np.bincount(number[came & (months == m)]).max() for m in np.unique(months))
        assert found["class_oracle"].value == pytest.approx(best / came.sum())
        gain = found["class_accuracy"].value - found["class_majority"].value
        assert found["class_gain"].value == pytest.approx(gain)
        assert found["class_accuracy"].n == 12

    def test_how_many_rows_a_date_has_is_no_doubt_about_accuracy(self):
        sizes = np.array([10, 40, 20, 90, 10, 60, 30, 80, 50, 10, 70, 30])
        date = np.repeat(np.arange(12), sizes)
        right = np.concatenate([np.arange(size) % 10 < 4 for size in sizes])  # 40 % at every date
        chances = np.tile([[0.1, 0.1, 0.8]], (date.size, 1))
        held = Classified.of(spoken(chances, np.where(right, 1.0, -1.0), date), VALUES)
        (found,) = [one for one in judge_accuracy(held, {}, level=0.95) if one.name == "class_accuracy"]
        assert found.value == pytest.approx(0.4)
        assert (found.low, found.high) == pytest.approx((0.4, 0.4))

    def test_the_interval_of_accuracy_covers_where_months_move_together(self):
        rng, hit = np.random.default_rng(0), 0
        for _ in range(40):
            sizes, chance = rng.integers(5, 25, 36), np.clip(rng.normal(0.4, 0.1, 36), 0.05, 0.95)
            date = np.repeat(np.arange(36), sizes)
            right = rng.random(date.size) < chance[date]
            chances = np.tile([[0.1, 0.1, 0.8]], (date.size, 1))
            held = Classified.of(spoken(chances, np.where(right, 1.0, -1.0), date), VALUES)
            (found,) = [one for one in judge_accuracy(held, {}, level=0.95) if one.name == "class_accuracy"]
            hit += found.low <= 0.4 <= found.high
        assert hit >= 34  # 38 of 40 on average

    def test_the_band_is_that_of_all_orders(self):
        said, truth = np.array([0, 0, 1, 2, 2, 1]), np.array([0, 1, 1, 2, 0, 0])
        chances = np.eye(3)[said] * 0.8 + 0.2 / 3
        held = Classified.of(spoken(chances, VALUES[truth], [0] * 6), VALUES)
        dated = accuracy_by_date(held, level=0.6826894921370859)
        every = np.array([np.mean(said == truth[list(order)]) for order in permutations(range(6))])
        assert dated.dealt[0] == pytest.approx(every.mean())
        assert dated.high[0] - dated.dealt[0] == pytest.approx(every.std(), rel=1e-6)

    def test_pure_noise_stays_inside_and_skill_does_not(self):
        noise, sure = (
            named(judge_accuracy(drawn(seed=3, dates=24, assets=200, skill=skill)[0], {}, level=0.95))
            for skill in (0, 20)
        )
        assert noise["class_dealt"].low < 0 < noise["class_dealt"].high
        assert sure["class_dealt"].low > 0

    def test_nothing_has_come(self):
        held = Classified.of(spoken(np.full((4, 3), 1 / 3), [np.nan] * 4, [0, 0, 1, 1]), VALUES)
        found = judge_accuracy(held, {}, level=0.95)
        assert {one.value for one in found} == {None}
        assert judge_calibration(held, {}, level=0.95) == ()


class TestCalibration:
    def test_losses_by_hand(self):
        chances, truth = np.array([[0.7, 0.2, 0.1], [0.0, 0.5, 0.5]]), np.array([0, 2])
        assert log_loss(chances, truth).tolist() == pytest.approx([-np.log(0.7), -np.log(0.5)])
        assert brier(chances, truth).tolist() == pytest.approx([0.09 + 0.04 + 0.01, 0.5])
        assert log_loss(chances, np.array([0, 0]))[1] == pytest.approx(-np.log(1e-12))

    @given(st.integers(0, 10_000), st.integers(1, 7))
    def test_bins_hold_every_row_once_and_keep_the_means(self, seed, bins):
        rng = np.random.default_rng(seed)
        chance, came, date = rng.random(50), rng.random(50) < 0.4, rng.integers(0, 9, 50)
        found = calibration(chance, came, date, bins=bins, span=1, level=0.95)
        assert found.rows.sum() == 50
        there = found.rows > 0
        assert (found.said[there] @ found.rows[there]) / 50 == pytest.approx(chance.mean())
        assert (found.came[there] @ found.rows[there]) / 50 == pytest.approx(came.mean())

    def test_what_is_calibrated_lies_inside_and_what_is_not_does_not(self):
        rng = np.random.default_rng(1)
        chance, date = rng.random(6000), np.repeat(np.arange(60), 100)
        honest = calibration(chance, rng.random(6000) < chance, date, bins=5, span=1, level=0.99)
        bold = calibration(chance, rng.random(6000) < 0.5, date, bins=5, span=1, level=0.99)
        assert ((honest.low <= honest.said) & (honest.said <= honest.high)).all()
        assert honest.error < 0.03
        assert bold.error > 0.15
        assert bold.high[-1] < bold.said[-1]

    def test_months_that_move_together_widen_the_interval(self):
        rng = np.random.default_rng(2)
        date = np.repeat(np.arange(40), 50)
        together = rng.random(40)[date] < 0.5
        alone = rng.random(2000) < 0.5
        wide, narrow = (
            calibration(np.full(2000, 0.5), came, date, bins=1, span=1, level=0.95) for came in (together, alone)
        )
        assert wide.high[0] - wide.low[0] > 4 * (narrow.high[0] - narrow.low[0])

    def test_base_rates_have_no_skill(self):
        held, _, _ = drawn(seed=5, dates=24)
        base = np.bincount(held.truth, minlength=3) / held.truth.size
        flat = Classified.of(spoken(np.tile(base, (960, 1)), VALUES[held.truth], np.tile(np.arange(24), 40)), VALUES)
        found = named(judge_calibration(flat, {}, level=0.95))
        assert found["log_loss_skill"].value == pytest.approx(0, abs=1e-12)
        assert found["brier_skill"].value == pytest.approx(0, abs=1e-12)
        assert found["log_loss"].value == pytest.approx(-(base * np.log(base)).sum())
        assert named(judge_calibration(held, {}, level=0.95))["log_loss_skill"].high < 0  # noise that is sure of itself


class TestGroups:
    def test_means_counts_and_market_by_a_frame(self):
        held, returns, forecast = drawn(known=1.0)
        returns = np.where(np.arange(returns.size) % 17 == 0, np.nan, returns)
        made = grouped(held, by_likeliest(held), returns)
        frame = forecast.frame.with_columns(r=pl.Series(returns), g=pl.Series(forecast.probabilities.argmax(axis=1)))
        frame = frame.filter(pl.col("r").is_finite())
        for place, time in enumerate(made.times):
            month = frame.filter(pl.col("time") == time)
            assert made.market[place] == pytest.approx(month["r"].mean())
            for g in range(3):
                own = month.filter(pl.col("g") == g)["r"]
                assert made.counts[place, g] == len(own)
                assert made.returns[place, g] == pytest.approx(own.mean())
        assert made.unknown == int(np.isnan(returns).sum())

    def test_the_top_share_of_each_class(self):
        held, _, _ = drawn(assets=10)
        inside = by_top_share(held, 0.3)
        for date in range(12):
            rows = held.date == date
            assert inside[rows].sum(axis=0).tolist() == [3, 3, 3]
            for k in range(3):
                own = held.leaning[rows, k]
                assert own[inside[rows, k]].min() >= own[~inside[rows, k]].max()
        with pytest.raises(SettingError, match="share of the rows"):
            by_top_share(held, 0.0)

    def test_turnover_by_hand(self):
        chances = np.array(
            [[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]
        )
        held = Classified.of(spoken(chances, [0.0] * 6, [0, 0, 0, 1, 1, 1]), VALUES)
        made = grouped(held, by_likeliest(held), np.zeros(6))
        assert made.turnover[:, 2].tolist() == [1.0, 0.5]  # {b, c} becomes {b}
        assert made.turnover[:, 0].tolist() == [1.0, 0.5]  # {a} becomes {a, c}
        assert made.turnover[:, 1].tolist() == [0.0, 0.0]
        assert np.isnan(made.returns[:, 1]).all()

    def test_turnover_makes_good_what_prices_moved(self):
        same = np.tile(np.array([[0.1, 0.1, 0.8]]), (6, 1))
        held = Classified.of(spoken(same, [0.0] * 6, [0, 0, 0, 1, 1, 1]), VALUES)
        returns = np.empty(6)
        for asset, own in enumerate((0.5, -0.1, np.nan)):  # what nobody knows drifts as the other two did: by 0.2
            returns[(held.assets == asset) & (held.date == 0)] = own
            returns[(held.assets == asset) & (held.date == 1)] = 0.0
        made = grouped(held, by_likeliest(held), returns)
        assert made.turnover[0, 2] == pytest.approx(1.0)
        assert made.turnover[1, 2] == pytest.approx(1 / 3 - 0.9 / 3.6)  # weights 1.5, 0.9, 1.2 of 3.6 become thirds

    def test_measures_by_hand(self):
        held, returns, _ = drawn(seed=4, skill=8)
        made = grouped(held, by_top_share(held, 0.3), returns)
        found = named(judge_groups(made, {}, "share", level=0.95, resamples=199, generator=np.random.default_rng(0)))
        spread = made.returns[:, 2] - made.returns[:, 0]
        wins = int((spread > 0).sum())
        assert found["share_spread"].value == pytest.approx(spread.mean())
        assert found["share_spread_total"].value == pytest.approx(np.prod(1 + spread) - 1)
        assert found["share_high"].value == pytest.approx(np.prod(1 + made.returns[:, 2]) - 1)
        assert found["share_won"].value == wins / 12
        assert found["share_won_p"].value == pytest.approx(binomtest(wins, 12, 0.5, alternative="greater").pvalue)
        exact = binomtest(wins, 12).proportion_ci(0.95, "exact")
        assert (found["share_won"].low, found["share_won"].high) == pytest.approx((exact.low, exact.high))
        assert found["share_spread"].low > 0  # the skill was planted
        middle = sum(sorted(row)[1] == row[1] for row in made.returns.tolist())
        assert found["share_between"].value == middle / 12
        turned = (made.turnover[1:, 0] + made.turnover[1:, 2]).mean()
        assert found["share_break_even"].value == pytest.approx(spread.mean() / turned / 2)

    def test_an_empty_group_lies_in_cash_and_has_no_spread(self):
        assert net_values(np.array([[0.5, np.nan], [np.nan, 0.1]])).tolist() == [[1, 1], [1.5, 1], [1.5, 1.1]]
        chances = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.8, 0.1, 0.1], [0.8, 0.1, 0.1]])
        held = Classified.of(spoken(chances, [0.0] * 4, [0, 0, 1, 1]), VALUES)
        made = grouped(held, by_likeliest(held), np.array([0.1, 0.2, 0.3, 0.4]))
        found = named(judge_groups(made, {}, "g", level=0.95, resamples=99, generator=np.random.default_rng(0)))
        assert found["g_won"].n == 1
        assert found["g_high"].n == found["g_market"].n == 2  # what was compounded, with a spread or without
        assert "1 of 2 dates without" in found["g_spread"].note
        assert found["g_spread"].low is None
        with pytest.raises(DataError, match="one return"):
            grouped(held, by_likeliest(held), np.zeros(3))

    def test_rows_that_no_group_is_charged_with_are_told(self):
        held, returns, _ = drawn(seed=4)
        whole = grouped(held, by_top_share(held, 0.3), returns)
        lost = grouped(held, by_top_share(held, 0.3), np.where(np.arange(returns.size) % 9 == 0, np.nan, returns))
        for made, words in ((whole, ""), (lost, f"; {lost.unknown} rows without a return left out")):
            found = named(judge_groups(made, {}, "g", level=0.95, resamples=99, generator=np.random.default_rng(0)))
            for name in ("g_high", "g_market"):
                assert found[name].note.endswith(words)
                assert ("without a return" in found[name].note) == bool(words)
        assert note_text(found["g_market"].note).zh == f"全部股票，等权，无摩擦；剔除 {lost.unknown} 行无收益者"


class TestTops:
    def test_hits_by_sets(self):
        held, returns, forecast = drawn(seed=7, assets=60, skill=6)
        returns = np.where(np.arange(returns.size) % 13 == 0, np.nan, returns)
        found = top_hits(held, returns, k=10, level=0.9)
        frame = forecast.frame.with_columns(r=pl.Series(returns)).filter(pl.col("r").is_finite())
        for place, time in enumerate(found.times):
            month = frame.filter(pl.col("time") == time)
            said = set(month.sort("p_2", descending=True)["asset"][:10])
            best = set(month.sort("r", descending=True)["asset"][:10])
            assert found.hits[place] == len(said & best)
            n = month.height
            assert found.sizes[place] == n
            assert hypergeom.cdf(found.high[place], n, 10, 10) >= 0.95
            assert hypergeom.cdf(found.high[place] - 1, n, 10, 10) < 0.95
        told = named(judge_tops(found, {}, span=1, level=0.95))
        assert told["top_lift"].value == pytest.approx(told["top_hits"].value / told["top_base"].value)
        assert told["top_p"].value < 0.01  # the skill was planted

    def test_the_overall_p_is_a_simulations(self):
        sizes, k = np.array([30, 50, 40]), 8
        rng = np.random.default_rng(0)
        drawn_hits = sum(rng.hypergeometric(k, n - k, k, 200_000) for n in sizes)
        for hits in (3, 5, 8):
            assert hits_p(hits, sizes, k) == pytest.approx((drawn_hits >= hits).mean(), abs=0.004)
        assert hits_p(4, np.array([25]), 5) == pytest.approx(hypergeom.sf(3, 25, 5, 5))

    def test_small_months_are_skipped_and_counted(self):
        held, returns, _ = drawn(dates=2, assets=5)
        found = top_hits(held, returns, k=5, level=0.9)
        assert (found.skipped, found.hits.size) == (2, 0)
        assert {one.value for one in judge_tops(found, {}, span=1, level=0.95)} == {None}
        with pytest.raises(SettingError, match="at least one"):
            top_hits(held, returns, k=0, level=0.9)


class TestBullish:
    def test_shares_by_a_frame(self):
        held, returns, forecast = drawn(seed=2, known=0.8)
        returns[::9] = np.nan
        found = bullish(held, returns, above=0.03)
        frame = forecast.frame.with_columns(
            r=pl.Series(returns), up=pl.Series(forecast.probabilities.argmax(axis=1) == 2)
        )
        for place, time in enumerate(found.times):
            month = frame.filter(pl.col("time") == time)
            known, came = month.filter(pl.col("r").is_finite()), month.filter(pl.col("truth").is_finite())
            assert found.share[place] == pytest.approx(month["up"].mean())
            assert found.chance[place] == pytest.approx(month["p_2"].mean())
            assert found.rose[place] == pytest.approx((came["truth"] == 1).mean())
            assert found.above[place] == pytest.approx((known["r"] > 0.03).mean())
            assert found.market[place] == pytest.approx(known["r"].mean())

    def test_agreement_of_the_published_size(self):
        share = np.cumsum([0.0, *[0.1, -0.1] * 6])
        market = np.array([0.0, *[0.02, -0.02] * 6])
        market[[2, 5, 9]] *= -1
        found = agreement(share, market)
        assert (found.agreed, found.n) == (9, 12)
        assert found.p_coin == pytest.approx(binomtest(9, 12, alternative="greater").pvalue)
        ups, rose = np.diff(share) > 0, market[1:] > 0
        rng = np.random.default_rng(0)
        mixed = [(ups == rng.permutation(rose)).sum() >= 9 for _ in range(20_000)]
        assert found.p_margins == pytest.approx(np.mean(mixed), abs=0.01)

    def test_ties_and_gaps_are_left_out(self):
        found = agreement(np.array([0.1, 0.1, 0.2, np.nan, 0.3]), np.array([0.1, 0.1, 0.1, 0.1, 0.1]))
        assert (found.agreed, found.n, found.ties) == (1, 1, 1)
        assert np.isnan(agreement(np.array([0.1]), np.array([0.2])).p_coin)

    def test_measures(self):
        held, returns, _ = drawn(seed=2, dates=20)
        found = bullish(held, returns, above=0.03)
        told = named(judge_bullish(found, {}, above=0.03, level=0.95))
        assert told["bullish_excess"].value == pytest.approx((found.share - found.rose).mean())
        assert told["bullish_ic"].value == pytest.approx(np.corrcoef(found.share, found.market)[0, 1])
        with pytest.raises(DataError, match="each date"):
            bullish(held, returns, np.zeros(3), above=0.03)


class TestVariants:
    def test_verdicts(self):
        rng = np.random.default_rng(0)
        given = {name: rng.normal(mean, 0.01, 10) for name, mean in (("a", 0.5), ("b", 0.5), ("c", 0.6))}
        given["d"] = np.array([0.5, np.nan])
        told = compare_variants(given, margin=0.03, level=0.95)
        assert [one.verdict for one in told.variants] == ["reference", "equal", "differs", "open"]
        assert told.variants[3].seeds == 1
        assert told.p_value == pytest.approx(kruskal(*(v[np.isfinite(v)] for v in given.values())).pvalue)

    def test_the_interval_is_welchs(self):
        rng = np.random.default_rng(1)
        a, b = rng.normal(0, 1, 8), rng.normal(0.2, 3, 12)
        (_, found) = compare_variants({"a": a, "b": b}, margin=0.1, level=0.9).variants
        ends = ttest_ind(b, a, equal_var=False).confidence_interval(0.9)
        assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
        assert found.verdict == "open"

    def test_a_tiny_difference_that_is_sure_is_equal_within_the_margin(self):
        told = compare_variants({"a": np.array([0.5, 0.5]), "b": np.array([0.501, 0.501])}, margin=0.01, level=0.95)
        assert told.variants[1].verdict == "equal"

    def test_refusals(self):
        with pytest.raises(SettingError, match="above zero"):
            compare_variants({"a": np.zeros(2), "b": np.zeros(2)}, margin=0.0, level=0.95)
        with pytest.raises(DataError, match="nothing to compare"):
            compare_variants({"a": np.zeros(2)}, margin=0.1, level=0.95)
