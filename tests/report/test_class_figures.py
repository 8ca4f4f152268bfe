"""Figures of classes: what they draw from returns, hits and shares, and what their captions say against them."""

import numpy as np
import pytest

from tidegate.errors import SettingError
from tidegate.report.csvs import figure_csv
from tidegate.report.figures.class_accuracy import (
    DatedAccuracy,
    Reliability,
    accuracy_by_date,
    confusion_table,
    reliability,
)
from tidegate.report.figures.class_bullish import bullish_market, bullish_share
from tidegate.report.figures.class_groups import GroupCurve, Trial, group_values, long_short, trial_groups
from tidegate.report.figures.class_tops import top_hits
from tidegate.report.figures.learning import LearningCurve
from tidegate.report.figures.panel_tensor import panel_tensor
from tidegate.report.figures.protocols import Protocol, protocols
from tidegate.report.figures.setting_effect import Valued, setting_effect
from tidegate.report.figures.settling import settled_at, settling
from tidegate.types.report import Text

NAME = Text.same("a name")
ENDS = np.arange("2016-04", "2017-05", dtype="datetime64[M]").astype("datetime64[D]")


def data(figure, key):
    return next(one for one in figure.series if one.key == key).data


def curve(key, returns):
    return GroupCurve(key, Text.same(key), np.asarray(returns, dtype=float))


class TestGroups:
    def test_net_values_are_products_of_the_median_seed(self):
        returns = np.random.default_rng(0).normal(0, 0.05, (5, 12))
        figure = group_values("d5", NAME, ENDS, [curve("up", returns)], market=curve("all", returns[:1]))
        worth = np.concatenate([np.ones((5, 1)), np.cumprod(1 + returns, axis=1)], axis=1)
        assert data(figure, "up")["y"] == pytest.approx(np.median(worth, axis=0).tolist())
        assert data(figure, "up quartiles")["y2"] == pytest.approx(np.quantile(worth, 0.75, axis=0).tolist())
        assert data(figure, "all")["y"] == pytest.approx(worth[0].tolist())
        assert "Nobody can trade this" in figure.caption.en
        assert "无法如此交易" in figure.caption.zh
        assert figure_csv(figure).count("\n") == 1 + 3 * 13

    def test_an_empty_month_lies_in_cash(self):
        figure = group_values("d5", NAME, ENDS[:3], [curve("up", [[np.nan, 0.1]])])
        assert data(figure, "up")["y"] == pytest.approx([1.0, 1.0, 1.1])

    def test_won_and_lost_months_part_the_months(self):
        returns = np.array([[0.1, -0.1, 0.0, np.nan]])
        figure = long_short("d6", NAME, ENDS[:5], curve("ls", returns))
        assert data(figure, "won")["y"] == (0.1,)
        assert data(figure, "lost")["y"] == (-0.1, 0.0)
        assert data(figure, "won")["x"] == ("2016-04-01",)
        assert data(figure, "won")["x2"] == ("2016-05-01",)

    def test_trials_have_a_colour_each_and_groups_a_stroke(self):
        groups = [curve(name, [[0.1], [0.2], [0.3]]) for name in ("down", "mid", "up")]
        figure = trial_groups("e1", NAME, ENDS[:2], [Trial(name, Text.same(name), groups) for name in "ab"])
        assert [(one.key, one.kind, one.stroke, one.follows) for one in figure.series[:4]] == [
            ("a up quartiles", "band", "solid", "a up"), ("a up", "line", "solid", None),
            ("a down", "line", "dashed", "a up"), ("a mid", "line", "dotted", "a up"),
        ]  # fmt: skip
        assert len(figure.series) == 8

    def test_other_lengths_are_refused(self):
        with pytest.raises(SettingError, match="differ in length"):
            group_values("d5", NAME, ENDS, [curve("up", [[0.1]])])


class TestAccuracy:
    def test_confusion_tells_recall_and_precision(self):
        figure = confusion_table("c", NAME, [Text.same("down"), Text.same("up")], np.array([[8, 2], [5, 5]]))
        assert data(figure, "shares")["value"] == (0.8, 0.2, 0.5, 0.5)
        assert "down: 80% found, 62% of its calls true; up: 50% found, 71%" in figure.caption.en

    def test_a_class_that_was_never_said_has_no_precision(self):
        figure = confusion_table("c", NAME, [Text.same("down"), Text.same("up")], np.array([[4, 0], [4, 0]]))
        assert "up: 0% found, — of its calls true" in figure.caption.en

    def test_by_date(self):
        flat = np.full(12, 0.4)
        held = DatedAccuracy(flat, flat + 0.2, flat - 0.1, flat + 0.1)
        figure = accuracy_by_date("a", NAME, ENDS[1:], np.full((4, 12), 0.5), held)
        assert data(figure, "oracle")["y"] == pytest.approx([0.6] * 12)
        assert data(figure, "accuracy quartiles")["y"] == pytest.approx([0.5] * 12)
        assert "rather too narrow" in figure.caption.en

    def test_reliability_spans_what_was_said(self):
        bins = np.array([0.2, np.nan, 0.5])
        figure = reliability("r", NAME, [Reliability("up", NAME, bins, bins, bins - 0.1, bins + 0.1)])
        assert data(figure, "diagonal")["x"] == (0.2, 0.5)
        assert data(figure, "up")["y"] == (0.2, None, 0.5)


class TestTopsAndShares:
    def test_lift_is_over_blind_picks(self):
        figure = top_hits(
            "e7", NAME, ENDS[:3], np.array([0.15, 0.0]), np.array([0.05, 0.03]), np.zeros(2), np.full(2, 0.1), picks=100
        )
        assert data(figure, "lift")["y"] == pytest.approx([3.0, 0.0])
        assert data(figure, "mean")["y"] == pytest.approx([0.075])
        assert "Blind picks hit 4.0%" in figure.caption.en

    def test_signs_part_the_months(self):
        share, market = np.array([0.3, 0.4, 0.3, 0.3, 0.5]), np.array([0.1, 0.1, 0.2, 0.1, np.nan])
        figure = bullish_market("e9", NAME, ENDS[:6], share, market, whose=NAME)
        assert data(figure, "agreed")["x"] == ("2016-05-01",)
        assert data(figure, "differed")["x"] == ("2016-06-01",)
        assert data(figure, "first")["x"] == ("2016-04-01", "2016-07-01")
        assert "1 of 2 have the sign" in figure.caption.en
        assert "2 期中有 1 期" in figure.caption.zh

    def test_shares(self):
        figure = bullish_share(
            "e8", NAME, ENDS[:2], np.array([[0.4, 0.5]]), np.array([0.3, np.nan]), chance=np.array([[0.3, 0.3]])
        )
        assert [one.key for one in figure.series] == ["rose", "share", "chance"]
        assert "Called rising 45% on average, 30% rose" in figure.caption.en


class TestProtocolsAndSettings:
    def test_a_leak_is_named_at_its_box(self):
        ways = [
            Protocol(
                "random",
                Text(en="random", zh="随机"),
                np.array([0.7, 0.8]),
                np.array([0.4, 0.4]),
                0.4,
                1.0,
                1.0,
                leaks=True,
            ),
            Protocol(
                "time",
                Text(en="by time", zh="按时间"),
                np.array([0.4, np.nan]),
                np.array([np.nan]),
                0.4,
                0.9,
                0.0,
                leaks=False,
            ),
        ]
        figure = protocols("d14", NAME, ways)
        assert data(figure, "held")["median"] == pytest.approx([0.75, 0.4])
        assert [name["en"] for name in data(figure, "held")["x"]] == ["random (leaks)", "by time"]
        assert data(figure, "held")["x"][0]["zh"] == "随机（泄漏）"
        assert len(data(figure, "outside")["x"]) == 1

    def test_a_setting_shows_every_seed(self):
        held = [Valued(str(n), Text.same(str(n)), np.array([0.1 * n, np.nan]), np.array([n, n + 1.0])) for n in (1, 2)]
        figure = setting_effect("e14", NAME, held, measure=NAME, cost=NAME, base=(NAME, 0.4))
        assert data(figure, "seeds")["y"] == (0.1, 0.2)
        assert data(figure, "cost")["median"] == (1.5, 2.5)
        assert data(figure, "base")["y"] == (0.4,)

    def test_the_tensor_counts(self):
        figure = panel_tensor(
            "d1",
            NAME,
            stocks=10,
            dates=20,
            factors=48,
            rows=150,
            windows=31,
            lookback=6,
            batch=8,
            outputs=3,
            horizon=NAME,
        )
        assert "150 of 200 stock-dates exist (75%)" in figure.caption.en
        shapes = [node["shape"] for node in figure.graph["nodes"]]
        assert shapes == [[10, 20, 48], [31, 6, 48], [8, 6, 48], [8, 3], [31]]


class TestSettling:
    def test_the_first_iteration_from_which_it_stays(self):
        x = np.arange(5.0)
        assert settled_at(x, np.array([0.8, 0.1, 0.79, 0.8, 0.8]), 0.02) == 2.0
        assert settled_at(x, np.full(5, 0.5), 0.02) == 0.0
        assert settled_at(x, np.array([0.1, 0.2, 0.3, np.nan, np.nan]), 0.02) == 2.0
        assert np.isnan(settled_at(x, np.full(5, np.nan), 0.02))

    def test_marks_follow_their_curve(self):
        curves = [
            LearningCurve(
                key,
                Text.same(key),
                np.array([0.0, 10.0, 20.0]),
                {"train": np.array([values]), "test": np.zeros((1, 3))},
            )
            for key, values in (("lstm", [0.3, 0.5, 0.9]), ("act", [0.3, 0.9, 0.9]))
        ]
        figure = settling("e5", NAME, curves)
        assert data(figure, "lstm settled")["x"] == (20.0,)
        assert data(figure, "act settled")["x"] == (10.0,)
        assert next(one for one in figure.series if one.key == "act settled").follows == "act train"
        assert "never used" not in figure.caption.en

    def test_what_was_stopped_while_it_rose_has_not_settled(self):
        steps = np.arange(0.0, 110.0, 10.0)
        rising, flat = np.linspace(0.3, 0.8, 11), np.where(steps < 20, 0.3, 0.5)
        curves = [
            LearningCurve(key, Text.same(key), steps, {"train": part[None]})
            for key, part in (("a", rising), ("b", flat))
        ]
        told = settling("e5", NAME, curves).caption
        assert "a: 100 iterations, 80.0% at the end, still moving there; b: 20 iterations, 50.0% at the end." in told.en
        assert "a：100 次迭代，终值 80.0%（停止时仍在变化）" in told.zh
