"""Builders: what they compute, what they refuse, and that their captions say what deflates the figure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import example

from tidegate.errors import SettingError, UnknownNameError
from tidegate.report.figures.clock import clock
from tidegate.report.figures.equity import equity
from tidegate.report.figures.losses import LossCurve, losses
from tidegate.report.figures.network import network
from tidegate.report.figures.paths import changes, paths
from tidegate.report.figures.placebo import placebo
from tidegate.report.figures.plain import Curve, numbers, quartiles, runs, texts
from tidegate.report.figures.scores import distribution, share_above_zero
from tidegate.report.figures.seeds import Level, Sample, seeds
from tidegate.report.figures.spells import spells
from tidegate.report.figures.split import Range, split
from tidegate.types.clock import Horizon
from tidegate.types.report import Text

NAME = Text.same("a name")


def days(n):
    return np.datetime64("2015-01-05") + np.arange(n)


def data(figure, key):
    return next(s for s in figure.series if s.key == key).data


class TestRegression:
    def test_equity_shows_the_median_of_the_seeds_own_drawdowns(self):
        growth = np.array([[1.0, 2.0, 1.0, 2.0], [1.0, 0.5, 1.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
        figure = equity(
            "e",
            NAME,
            days(4),
            [Curve("v", NAME, growth * 1000, trades=np.array([3, 5, 4]))],
            benchmark=Curve("hold", NAME, growth[0]),
        )
        assert data(figure, "v")["y"] == (1.0, 1.0, 1.0, 2.0)
        assert data(figure, "v drawdown")["y"] == (0.0, 0.0, 0.0, 0.0)
        assert data(figure, "hold drawdown")["y"] == (0.0, 0.0, -0.5, 0.0)
        assert data(figure, "v best seed")["y"] == (1.0, 0.5, 1.0, 2.0)
        assert data(figure, "v worst seed")["y"] == (1.0, 1.0, 1.0, 1.0)
        assert data(figure, "v quartiles")["y"] == (1.0, 0.75, 1.0, 1.5)
        assert "4 (3–5)" in figure.caption.en
        assert "no seed's account" in figure.caption.en

    def test_equity_draws_positions_as_the_mean_over_seeds(self):
        held = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
        figure = equity("e", NAME, days(2), [Curve("v", NAME, np.ones((4, 2)), held)])
        assert data(figure, "v position")["y"] == (0.75, 0.25)
        assert len(figure.y_titles) == 3

    def test_spells_beside_their_base_rate(self):
        negative = np.array([True, True, False, False, True, False, False, False, False, False])
        falls = np.array([True, False, True, False, False, False, False, False, False, True])
        figure = spells("s", NAME, days(10), np.arange(10.0), negative, falls=falls)
        assert data(figure, "negative") == {"x": ("2015-01-05", "2015-01-09"), "x2": ("2015-01-07", "2015-01-10")}
        assert "1 of 3 sharp falls (33%)" in figure.caption.en
        assert "30% on average" in figure.caption.en

    def test_spells_may_be_none(self):
        figure = spells("s", NAME, days(3), np.ones(3), np.zeros(3, dtype=bool), falls=np.zeros(3, dtype=bool))
        assert data(figure, "negative") == {"x": (), "x2": ()}

    def test_spells_draw_candles_where_all_prices_are_given(self):
        p = np.arange(1.0, 4.0)
        figure = spells("s", NAME, days(3), p, p > 2, opens=p, high=p + 1, low=p - 1)
        assert figure.series[0].kind == "candle"
        assert data(figure, "price")["high"] == (2.0, 3.0, 4.0)

    def test_score_boxes_hold_the_quantiles_of_all_seeds(self):
        figure = distribution("d", NAME, [0.01], [np.arange(101.0).reshape(1, -1)], labels=np.arange(101.0))
        box = data(figure, "forecasts")
        assert [box[k][0] for k in ("low", "q1", "median", "q3", "high")] == [5.0, 25.0, 50.0, 75.0, 95.0]
        assert data(figure, "labels")["x"] == ({"en": "labels", "zh": "标签"},)

    def test_share_above_zero_by_seed(self):
        shares = np.array([[1.0, 1.0, -1.0, -1.0], [1.0, 1.0, 1.0, 1.0], [np.nan, np.nan, -1.0, 1.0]])
        figure = share_above_zero("s", NAME, [0.5], [shares], base_rate=0.6)
        assert data(figure, "seeds")["y"] == (0.5, 1.0, 0.5)
        assert data(figure, "median")["y"] == (0.5,)
        assert data(figure, "base")["y"] == (0.6,)

    def test_paths_do_not_overlap_and_start_at_the_close(self):
        close = np.arange(10.0, 20.0)
        figure = paths("p", NAME, days(10), close, np.arange(8), np.full((8, 3), 5.0))
        assert data(figure, "forecast")["y"] == (
            10.0,
            5.0,
            5.0,
            5.0,
            None,
            13.0,
            5.0,
            5.0,
            5.0,
            None,
            16.0,
            5.0,
            5.0,
            5.0,
            None,
        )
        assert "3 of 8" in figure.caption.en

    def test_changes_unmask_a_forecast_of_no_change(self):
        rng = np.random.default_rng(0)
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 300)))
        origins = np.arange(0, 270, 5)
        naive = changes("c", NAME, close, origins, np.repeat(close[origins, None], 20, axis=1))
        assert "Correlation —" in naive.caption.en
        assert "error 1.00 times" in naive.caption.en
        perfect = changes("c", NAME, close, origins, close[origins[:, None] + np.arange(1, 21)])
        assert "Correlation 1.00" in perfect.caption.en
        assert "error 0.00 times" in perfect.caption.en
        assert "of which 14 do not overlap" in perfect.caption.en

    def test_seeds_beside_gates_and_rivals(self):
        figure = seeds(
            "s",
            NAME,
            NAME,
            [Sample("v", NAME, np.array([1.0, 3.0, np.nan]))],
            rivals=[Level("hold", NAME, 2.0, benchmark=True)],
            gates=np.arange(101.0),
        )
        assert data(figure, "gates") == {"y": (5.0,), "y2": (95.0,)}
        assert data(figure, "spread")["median"] == (2.0,)
        assert data(figure, "seeds")["y"] == (1.0, 3.0)
        assert "2 seeds" in figure.caption.en
        assert "chance is explanation enough" in figure.caption.en

    def test_placebo_percentile_counts_ties_half(self):
        figure = placebo("p", NAME, NAME, np.array([0.0, 1.0, 1.0, 2.0]), 1.0, bins=4)
        assert "earned less: 50.0%" in figure.caption.en
        assert sum(data(figure, "gates")["y"]) == 4

    def test_a_caption_speaks_of_bands_only_where_they_are_drawn(self):
        time, rows = days(3), np.array([[1.0, 1.1, 1.2], [1.0, 0.9, 1.0], [1.0, 1.0, 1.3]])
        two, three = (equity("e", NAME, time, [Curve("a", NAME, rows[:n])]).caption.en for n in (2, 3))
        assert "bands" not in two
        assert "dotted lines" in two
        assert "bands their quartiles" in three
        assert "dotted" not in equity("e", NAME, time, [Curve(k, NAME, rows) for k in "ab"]).caption.en

    def test_several_seeds_say_the_percentile_of_the_tables(self):
        gates, seeds = np.arange(10.0), [0.5, 8.5]  # percentiles 0.1 and 0.9; the mean result would stand at 0.5
        figure = placebo("p", NAME, NAME, gates, seeds, percentile=0.7)
        assert "earned less: 70.0%, the median over seeds" in figure.caption.en
        assert "70.0%" in figure.caption.zh
        with pytest.raises(SettingError, match="several results have no one percentile"):
            placebo("p", NAME, NAME, gates, seeds)

    def test_losses_take_the_seeds_that_still_run(self):
        test = np.array([[4.0, np.nan], [2.0, 1.0], [3.0, np.nan]])
        figure = losses("l", NAME, [LossCurve("v", NAME, np.ones((3, 2)), test=test)], baseline=1.5)
        assert data(figure, "v test")["y"] == (3.0, 1.0)
        assert next(s for s in figure.series if s.key == "v train").follows == "v test"
        assert "never used" in figure.caption.en

    def test_clock_asks_the_horizon(self):
        figure = clock(
            "c", NAME, Horizon(lag=0, span=5, entry="close", exit="close"), 30, traded=Horizon(lag=1, span=5)
        )
        rows = {row["label"]["en"].split(":")[0]: (row["from"], row["to"]) for row in figure.graph["rows"]}
        assert rows["Inputs"] == ([-29, "OPEN"], [0, "CLOSE"])
        assert rows["Held"] == ([1, "OPEN"], [6, "OPEN"])
        assert rows["Return that the label counts"] == ([0, "CLOSE"], [5, "CLOSE"])
        assert rows["Label known"] == ([5, "CLOSE"], None)
        assert "not traded" in figure.caption.en
        assert "not traded" not in clock("c", NAME, Horizon(lag=1, span=5), 30).caption.en

    def test_split_is_in_order(self):
        at = np.datetime64
        figure = split(
            "s",
            NAME,
            [
                Range(1, "test", at("2015-01-05"), at("2017-04-28"), 564),
                Range(1, "train", at("2005-01-04"), at("2014-12-23"), 2400),
            ],
        )
        assert [r["part"] for r in figure.graph["ranges"]] == ["train", "test"]
        assert "564 anchors" in figure.caption.en
        assert "Nothing had to be purged" in figure.caption.en

    def test_split_counts_what_is_dropped(self):
        at = np.datetime64
        purges = [Range(fold, "purge", at("2014-12-24"), at("2014-12-31"), 6) for fold in (1, 2)]
        gap = Range(1, "embargo", at("2015-01-01"), at("2015-01-04"), 2)
        figure = split("s", NAME, [*purges, gap, Range(1, "test", at("2015-01-05"), at("2017-04-28"), 564)])
        assert "12 anchors are purged" in figure.caption.en
        assert "2 anchors lie in an embargo" in figure.caption.en
        assert "清除 12 个样本" in figure.caption.zh


class TestProperties:
    @given(st.lists(st.booleans(), max_size=50))
    def test_runs_cover_what_is_marked(self, marks):
        covered = np.zeros(len(marks), dtype=bool)
        for first, last in runs(np.array(marks, dtype=bool)):
            assert not covered[first : last + 1].any()
            covered[first : last + 1] = True
        assert covered.tolist() == marks

    @given(st.lists(st.floats(), max_size=20))
    def test_numbers_are_finite_or_missing(self, values):
        for given_value, held in zip(values, numbers(values), strict=True):
            assert held == given_value if np.isfinite(given_value) else held is None

    def test_quartiles_of_nothing_are_missing(self):
        low, middle, high = quartiles(np.array([[np.nan, 1.0], [np.nan, 3.0]]))
        assert np.isnan([low[0], middle[0], high[0]]).all()
        assert (low[1], middle[1], high[1]) == (1.5, 2.0, 2.5)

    def test_long_curves_are_thinned_the_same_way_and_it_is_said(self):
        n = 9000
        curve = Curve("v", NAME, np.exp(np.sin(np.arange(n) / 50)))
        made = equity("e", NAME, days(n), [curve])
        assert made == equity("e", NAME, days(n), [curve])
        assert len(data(made, "v")["x"]) <= 4000
        assert "of 9,000 points" in made.caption.en
        assert "9,000" in made.caption.zh

    def test_times_within_a_day_keep_their_minutes(self):
        assert texts(np.array(["2015-01-05T09:35:00", "2015-01-05T00:00:00"], dtype="datetime64[us]")) == (
            "2015-01-05T09:35",
            "2015-01-05T00:00",
        )

    def test_every_figure_has_words_in_both_languages(self):
        for figure in example().figures:
            for text in (figure.title, *figure.y_titles, *(s.title for s in figure.series)):
                assert text.en
                assert text.zh
            assert bool(figure.caption.en) == bool(figure.caption.zh)


class TestValidation:
    def test_lengths(self):
        with pytest.raises(SettingError, match=r"differ in length.*expected 3, found 2"):
            equity("e", NAME, days(3), [Curve("v", NAME, np.ones(2))])
        with pytest.raises(SettingError, match="position and equity differ"):
            Curve("v", NAME, np.ones(2), np.ones(3))
        with pytest.raises(SettingError, match=r"one path for each origin.*\[2, h\]"):
            paths("p", NAME, days(3), np.ones(3), np.array([0, 1]), np.ones((1, 2)))

    def test_no_gates(self):
        with pytest.raises(SettingError, match="no random gates"):
            placebo("p", NAME, NAME, np.array([np.nan]), 1.0)

    def test_links_join_nodes(self):
        with pytest.raises(UnknownNameError, match=r"unknown node 'lst'.*'lstm'"):
            network("n", NAME, [{"id": "lstm"}], [["lst", "lstm"]])
