"""The judges: forecasts and books become measures, each with its interval, its n and its note."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.books import judge_book, judge_ledger
from tidegate.evaluate.doubt.direction import direction_hac
from tidegate.evaluate.doubt.sharpe import Trials
from tidegate.evaluate.forecasts import judge_forecast
from tidegate.evaluate.placebo import judge_placebos
from tidegate.evaluate.seeds import judge_seeds
from tidegate.evaluate.stated import stated
from tidegate.measures.trading import Trips, trips_of_path
from tidegate.types.clock import Horizon
from tidegate.types.forecast import Forecast
from tidegate.types.ledger import BOOK, FILLS, ORDERS, Ledger

SUBJECT = {"variant": "a", "market": "index"}
START = datetime(2015, 1, 5)


def made(score, truth, span=1):
    dates, assets = np.asarray(score).shape
    frame = pl.DataFrame(
        {
            "time": [START + timedelta(days=i) for i in range(dates) for _ in range(assets)],
            "asset": [f"a{j:03d}" for _ in range(dates) for j in range(assets)],
            "fold": 0,
            "score": np.asarray(score, dtype=float).ravel(),
            "truth": np.asarray(truth, dtype=float).ravel(),
        }
    )
    return Forecast.of(frame, Horizon(lag=1, span=span), "return", {0: "f" * 64})


def judged(forecast, reference=None, **options):
    found = judge_forecast(forecast, SUBJECT, reference=reference, reference_name="zero", level=0.95, **options)
    return {one.name: one for one in found}


class TestForecasts:
    def test_one_instrument(self):
        rng = np.random.default_rng(0)
        score = rng.normal(size=(600, 1))
        truth = 0.4 * score + rng.normal(size=(600, 1))
        truth[-6:] = np.nan
        found = judged(made(score, truth, span=5), np.zeros(600))
        kept = slice(0, 594)
        assert found["pairs"].value == 594
        assert "6 rows" in found["pairs"].note
        assert found["independent_periods"].value == found["ic"].n == 118
        assert found["ic"].value == pytest.approx(np.corrcoef(score[kept, 0], truth[kept, 0])[0, 1])
        assert found["ic"].low < found["ic"].value < found["ic"].high
        assert found["ic_p"].value < 0.001
        assert found["ic_apart"].value == pytest.approx(
            np.corrcoef(score[kept := slice(0, 594, 5), 0], truth[kept, 0])[0, 1]
        )
        assert found["ic_apart"].n == 119
        rmse = np.sqrt(np.mean((score[:594] - truth[:594]) ** 2))
        assert (found["rmse"].value, found["rmse"].unit) == (pytest.approx(rmse), "return")
        assert found["skill"].value == pytest.approx(1 - rmse**2 / np.mean(truth[:594] ** 2))
        assert found["skill"].low < found["skill"].value < found["skill"].high
        assert "base rate" in found["direction_accuracy"].note
        beyond = direction_hac(score[:594, 0], truth[:594, 0], span=5, level=0.95)
        assert found["direction_p"].value == pytest.approx(beyond.p_value)
        assert "icir" not in found
        assert all(one.subject == SUBJECT for one in found.values())

    def test_a_cross_section_is_judged_date_by_date(self):
        rng = np.random.default_rng(1)
        score = rng.normal(size=(80, 40))
        truth = 0.3 * score + rng.normal(size=(80, 40)) + 5 * rng.normal(size=(80, 1))
        found = judged(made(score, truth))
        daily = [np.corrcoef(s, y)[0, 1] for s, y in zip(score, truth, strict=True)]
        assert found["ic"].value == pytest.approx(np.mean(daily))
        assert found["ic"].n == 80
        assert found["icir"].value == pytest.approx(np.mean(daily) / np.std(daily, ddof=1))
        assert found["ic_p"].value < 1e-6

    def test_a_few_instruments_are_not_many_dates(self):
        """Three copies of one instrument say no more than one does."""
        rng = np.random.default_rng(2)
        score, truth = rng.normal(size=(2, 300, 1))
        one, three = (judged(made(np.repeat(score, k, 1), np.repeat(truth, k, 1))) for k in (1, 3))
        for name in ("ic", "rmse", "mae", "direction_accuracy"):
            assert three[name].low == pytest.approx(one[name].low), name
        assert three["ic_p"].value == pytest.approx(one["ic_p"].value)
        assert three["ic"].n == one["ic"].n == 300

    def test_what_says_one_thing_of_all_assets_of_a_date_ranks_none_of_them(self):
        """A class that changes from year to year follows the market over time; no date has a ranking to judge."""
        rng = np.random.default_rng(4)
        level = np.repeat([-1.0, 0.0, 1.0], 20)[:, None]
        truth = level + 0.1 * rng.normal(size=(60, 30))
        found = judged(made(np.repeat(level, 30, axis=1), truth))
        for name in ("ic", "ic_p", "ic_apart", "rank_ic", "rank_ic_p", "icir"):
            assert found[name].value is None, name
        assert found["ic"].note.startswith("mean over dates")

    def test_a_constant_says_why_it_has_no_ic(self):
        found = judged(made(np.zeros((50, 1)), np.random.default_rng(3).normal(size=(50, 1))), np.zeros(50))
        assert found["ic"].value is None
        assert found["ic"].note
        assert found["skill"].value == 0.0
        assert found["skill_p"].value is None
        assert found["share_above_zero"].value == 0.0

    @pytest.mark.parametrize("assets", [1, 3, 40])
    def test_no_truth_yet(self, assets):
        found = judged(made(np.ones((4, assets)), np.full((4, assets), np.nan)), np.zeros(4 * assets))
        assert found["pairs"].value == 0
        assert {found[k].value for k in ("ic", "ic_p", "rank_ic", "rmse", "direction_accuracy", "skill")} == {None}

    def test_a_reference_with_gaps_is_judged_where_it_speaks(self):
        score, truth = np.array([[1.0], [2.0], [9.0], [4.0]]), np.array([[1.0], [3.0], [4.0], [4.0]])
        found = judged(made(score, truth), np.array([0.0, 2.0, np.nan, 3.0]))
        assert found["skill"].value == pytest.approx(1 - 1 / 3)

    def test_a_perfect_forecast(self):
        truth = np.random.default_rng(4).normal(size=(60, 1))
        found = judged(made(truth, truth), np.zeros(60))
        assert (found["rmse"].value, found["skill"].value, found["direction_accuracy"].value) == (0.0, 1.0, 1.0)
        assert found["ic"].value == pytest.approx(1.0)

    def test_no_change_is_no_direction(self):
        truth = np.random.default_rng(4).normal(size=(60, 1))
        found = judged(made(np.zeros((60, 1)), truth), np.zeros(60))
        told = found["direction_accuracy"]
        assert (told.value, told.low) == (None, None)
        assert "says no direction" in told.note
        assert found["majority_rate"].value == pytest.approx(max(np.mean(truth > 0), np.mean(truth <= 0)))
        score = np.zeros((60, 1))
        score[7] = -1.0
        assert judged(made(score, truth), np.zeros(60))["direction_accuracy"].value is not None

    def test_a_reference_of_another_length(self):
        with pytest.raises(DataError, match="another length"):
            judged(made(np.ones((4, 1)), np.ones((4, 1))), np.zeros(3))


def book(equity, exposure, fees=0.0, benchmark=None, **more):
    equity, exposure = np.asarray(equity, dtype=float), np.asarray(exposure, dtype=float)
    options = {
        "equity": equity, "capital": 100.0, "exposure": exposure, "bought": np.zeros(equity.size), "sold": np.zeros(equity.size),
        "fees": np.full(equity.size, fees), "trips": trips_of_path(exposure, equity, 100.0), "benchmark_equity": benchmark,
        "periods_per_year": 244.0, "subject": SUBJECT, "level": 0.95, "resamples": 199, "generator": np.random.default_rng(0),
    } | more  # fmt: skip
    return {one.name: one for one in judge_book(**options)}


class TestBooks:
    def test_a_book(self):
        rng = np.random.default_rng(5)
        returns = rng.normal(0.001, 0.01, 500)
        equity = 100 * np.cumprod(1 + returns)
        found = book(equity, np.ones(500), fees=0.01, benchmark=equity[::-1].copy(), trials=Trials(50, 0.002))
        assert found["total_return"].value == pytest.approx(equity[-1] / 100 - 1)
        assert found["total_return_before_fees"].value == pytest.approx((equity[-1] + 5) / 100 - 1)
        assert found["sharpe"].value == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(244))
        assert found["sharpe"].low < found["sharpe"].value < found["sharpe"].high
        assert found["annualised_return"].low < found["annualised_return"].value < found["annualised_return"].high
        assert found["deflated_sharpe"].value < found["probabilistic_sharpe"].value
        assert found["fees"].value == pytest.approx(0.05)
        assert found["fees_of_gross"].value == pytest.approx(5 / (equity[-1] - 100 + 5))
        assert (found["trades"].value, found["trades"].note) == (0, "1 still open")
        assert (found["win_rate"].value, found["win_rate"].note.split("; ")[-1]) == (None, "no closed round trip")
        assert found["bars_in_market"].value == 500
        assert found["beta"].value is not None

    def test_bars_with_a_trade_within_are_bars_in_the_market(self):
        at = np.array([3, 4, 20, 20])
        ones = np.ones(4)
        within = Trips(at, at, ones.astype(np.int64), ones, ones, ones.astype(bool))
        found = book(np.full(40, 100.0), np.zeros(40), trips=within)
        assert (found["trades"].value, found["bars_in_market"].value, found["longest_out"].value) == (4, 3, 19)

    def test_a_book_that_never_traded(self):
        found = book(np.full(40, 100.0), np.zeros(40))
        assert found["total_return"].value == 0.0
        assert found["sharpe"].value is None
        assert "do not vary" in found["sharpe"].note
        assert found["longest_out"].value == 40

    def test_a_year_that_few_wild_bars_cannot_carry_has_no_interval(self):
        moves = np.random.default_rng(3).normal(0.001, 0.02, 40)
        equity = 100.0 * np.cumprod(1 + moves)
        wild, tame = (book(equity, np.ones(40), periods_per_year=year) for year in (1e4, 50.0))
        held = wild["annualised_return"]
        assert (held.low, held.high) == (None, None)
        assert held.note.endswith("its interval is too wide to state")
        assert tame["annualised_return"].low < tame["annualised_return"].value < tame["annualised_return"].high
        assert "too wide" not in tame["annualised_return"].note

    def test_ruin_is_told_and_not_crashed_on(self):
        found = book([50.0, -10.0, 5.0, 5.0], [1, 1, 0, 0])
        assert found["sharpe"].value is None
        assert found["max_drawdown"].value == pytest.approx(-1.1)

    def test_the_same_generator_the_same_measures(self):
        equity = 100 * np.cumprod(1 + np.random.default_rng(6).normal(0, 0.01, 60))
        assert book(equity, np.ones(60)) == book(equity, np.ones(60))

    def test_refusals(self):
        with pytest.raises(SettingError, match="which market"):
            book([100.0, 101.0], [1, 1], subject={"variant": "a"})
        with pytest.raises(DataError, match="missing values"):
            book([100.0, np.inf], [1, 1], trips=trips_of_path([0], [1], 1.0))
        with pytest.raises(DataError, match="differ in shape"):
            book([100.0, 101.0], [1, 1, 1], trips=trips_of_path([0], [1], 1.0))

    def test_a_ledger_is_a_book(self):
        times = [START + timedelta(days=i) for i in range(4)]
        fills = pl.DataFrame({
            "time": [times[0], times[2]], "asset": "x", "side": ["buy", "sell"], "quantity": [10.0, 10.0], "price": [5.0, 6.0],
            "value": [50.0, 60.0], "commission": [0.5, 0.5], "stamp_duty": [0.0, 0.1], "transfer_fee": 0.0, "slippage": 0.0, "realised": 0.0, "trip": 0,
        }, schema=FILLS)  # fmt: skip
        equity = [99.5, 101.0, 108.9, 108.9]
        lines = pl.DataFrame({
            "time": times, "cash": [49.5, 49.5, 108.9, 108.9], "holdings": [50.0, 51.5, 0.0, 0.0], "equity": equity,
            "exposure": [0.5, 0.51, 0.0, 0.0], "fees": [0.5, 0.0, 0.6, 0.0], "quantity": [10.0, 10.0, 0.0, 0.0],
        }, schema=BOOK)  # fmt: skip
        ledger = Ledger.of(pl.DataFrame(schema=ORDERS), fills, lines, 100.0)
        found = {one.name: one for one in judge_ledger(
            ledger, benchmark_equity=None, periods_per_year=4.0, subject=SUBJECT, level=0.95, resamples=99, generator=np.random.default_rng(0),
        )}  # fmt: skip
        assert (found["trades"].value, found["win_rate"].value) == (1, 1.0)
        assert found["fees"].value == pytest.approx(0.011)
        assert found["turnover"].value == pytest.approx(50 / np.mean(equity))
        assert found["total_return_before_fees"].value == pytest.approx(0.1)


class TestSummaries:
    def test_seeds_are_grouped_by_everything_but_the_seed(self):
        runs = [
            [stated("rmse", {"seed": str(i), "variant": v}, i + 0.5, "return", n=9) for v in ("a", "b")]
            for i in range(3)
        ]
        found = judge_seeds(runs)
        assert [(one.name, one.subject["variant"], one.value, one.n) for one in found] == [
            ("rmse", "a", 1.5, 3), ("rmse_worst", "a", 2.5, 3), ("rmse", "b", 1.5, 3), ("rmse_worst", "b", 2.5, 3),
        ]  # fmt: skip
        assert (found[0].low, found[0].high, found[0].level) == (1.0, 2.0, 0.5)

    def test_seeds_without_a_value_are_counted(self):
        runs = [
            [stated("ic", {"seed": "0"}, float("nan"), "correlation", n=0)],
            [stated("ic", {"seed": "1"}, 0.1, "correlation", n=5)],
        ]
        found = judge_seeds(runs)
        assert (found[0].value, found[0].n) == (0.1, 1)
        assert "1 seeds without a value" in found[0].note

    def test_placebos(self):
        percentile, chance = judge_placebos(
            "total_return", 0.5, np.linspace(0, 1, 1000), SUBJECT, level=0.95, kind="random gates"
        )
        assert percentile.value == pytest.approx(0.5)
        assert percentile.high - percentile.low == pytest.approx(0.062, abs=0.003)
        assert chance.value == pytest.approx(501 / 1001)

    def test_half_an_interval_is_none(self):
        one = stated("x", {}, 1.0, "ratio", n=1, low=0.0, high=float("inf"), level=0.95)
        assert (one.low, one.high, one.level) == (None, None, None)
