"""Figures of factors: what they draw is what they were given, and what does not fit is refused."""

import numpy as np
import pytest

from tidegate.errors import SettingError
from tidegate.report.figures.factor_balance import class_balance
from tidegate.report.figures.factor_heat import factor_coverage, factor_groups, factor_likeness
from tidegate.report.figures.factor_scores import factor_hurdles, factor_intervals
from tidegate.types.report import Text

WORDS = Text.same("t")


def series(figure, key):
    return next(one for one in figure.series if one.key == key)


def test_hurdles_stand_at_their_heights():
    p = np.array([1e-20, 0.01, np.nan])
    made = factor_hurdles("h", WORDS, ["a", "b", "c"], p, p, level=0.05, bonferroni=0.05 / 3, discovery=0.0, tried=3)
    assert series(made, "whole").data["y"] == (12.0, pytest.approx(2.0), None)
    assert series(made, "bonferroni").data["y"][0] == pytest.approx(-np.log10(0.05 / 3))
    assert [one.key for one in made.series] == ["whole", "apart", "level", "bonferroni"]
    assert "about 0.2 of them" in made.caption.en
    assert "No factor passes" in made.caption.en
    with_finds = factor_hurdles(
        "h", WORDS, ["a", "b", "c"], p, p, level=0.05, bonferroni=0.05 / 3, discovery=0.033, tried=3
    )
    assert series(with_finds, "discovery").data["y"][0] == pytest.approx(-np.log10(0.033))


def test_heat_goes_row_by_row():
    cells = np.array([[0.1, 0.2, np.nan], [0.4, 0.5, 0.6]])
    made = factor_coverage("c", WORDS, ["a", "b"], ["2014", "2015", "2016"], cells)
    assert made.series[0].data["y"] == ("a", "a", "a", "b", "b", "b")
    assert made.series[0].data["value"] == (0.1, 0.2, None, 0.4, 0.5, 0.6)
    groups = factor_groups("g", WORDS, ["a", "b"], cells, over=Text.same("1"))
    assert [one["en"] for one in groups.series[0].data["x"][:3]] == ["lowest", "group 2", "highest"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(SettingError, match="one number for each factor"):
        factor_intervals("f", WORDS, ["a", "b"], *[np.zeros(1)] * 3, caption=WORDS, unit=WORDS)
    with pytest.raises(SettingError, match="one number for each cell"):
        factor_likeness("l", WORDS, ["a", "b"], np.zeros((2, 3)))
    with pytest.raises(SettingError, match="one share for each month and class"):
        class_balance("b", WORDS, np.array(["2014-01"], dtype="datetime64[M]"), [WORDS], np.zeros((2, 1)))


def test_the_commonest_class_is_named():
    months = np.array(["2014-01", "2014-02", "2014-03"], dtype="datetime64[M]")
    shares = np.array([[0.7, 0.3], [0.1, 0.9], [0.4, 0.6]])
    made = class_balance("b", WORDS, months, [Text(en="down", zh="跌"), Text(en="up", zh="涨")], shares)
    assert series(made, "majority").data["y"] == (0.3, 0.9, 0.6)
    assert series(made, "majority").title.zh == "总是预测涨"
    assert "30% to 90%" in made.caption.en
    assert made.series[0].data["x"][0] == "2014-01-01"
