"""Figures and tables of a book over many assets: what they draw, and what they refuse."""

import numpy as np
import pytest

from tidegate.errors import SettingError, UnknownNameError
from tidegate.report.figures.capacity import capacity
from tidegate.report.figures.costs import cost_ladder, costs
from tidegate.report.figures.holding_time import holding_time
from tidegate.report.figures.holdings import holdings
from tidegate.report.figures.placebo import placebo
from tidegate.report.figures.rank_ic import rank_ic
from tidegate.report.figures.trades import Candles, trades
from tidegate.report.figures.unfilled import OUTCOMES, unfilled
from tidegate.report.page import page
from tidegate.types.report import Column, Report, Section, Table, Text

T = Text.same("t")
TIME = np.array(["2020-01-02", "2020-01-03", "2020-01-06"], dtype="datetime64[us]")


def test_costs_add_up_to_the_cent_at_every_close():
    generator = np.random.default_rng(1)
    net = 1e6 + np.cumsum(generator.normal(0, 1e3, 50))
    paid = {kind: generator.uniform(0, 100, 50) for kind in ("slippage", "commission", "stamp_duty", "transfer_fee")}
    days = np.datetime64("2020-01-01", "D") + np.arange(50)
    figure = costs("c", T, days, net, paid, 1e6)
    lines = {series.key: np.array(series.data["y"]) for series in figure.series}
    total = sum(lines[kind] for kind in paid)
    np.testing.assert_allclose(lines["gross"] - total, lines["net"], atol=1e-12)
    np.testing.assert_allclose(lines["gross"] - lines["slippage"], lines["slipped"], atol=1e-12)


def test_the_ladder_ends_at_the_net_return():
    paid = {"a": {"slippage": 0.01, "commission": 0.02}, "b": {"slippage": 0.0, "commission": 0.005}}
    figure = cost_ladder("l", T, [("a", T, "main"), ("b", T, "rival")], {"a": 0.1, "b": 0.02}, paid)
    ends = [series.data["y"][-1] for series in figure.series]
    assert ends == pytest.approx([0.07, 0.015])
    assert "net" in figure.series[0].data["x"][-1]["en"]


def test_a_cap_is_drawn_and_counted():
    figure = holdings("h", T, TIME, np.ones(3), np.zeros(3), np.array([0.1, 0.25, 0.3]), cap=0.2)
    assert "at 2 of 3 closes" in figure.caption.en
    with pytest.raises(SettingError, match="differ in length"):
        holdings("h", T, TIME, np.ones(2), np.zeros(3), np.zeros(3))


def test_every_outcome_of_the_loop_has_words():
    from tidegate.backtest.portfolio_loop import OUTCOMES as LOOP

    actions = {"filled", "reference price", "split", "dividend", "end of listing", "borrow fee"}
    assert set(LOOP) - actions <= set(OUTCOMES)


def test_unfilled_orders_are_sorted_by_how_many():
    figure = unfilled("u", T, [("T+1", "sell", 1), ("limit up", "buy", 5), ("T+1", "buy", 1)], 100)
    assert figure.series[0].data["x"][0]["zh"] == "涨停"
    assert figure.series[0].data["y"] == (5.0, 1.0)
    assert figure.series[1].data["y"] == (None, 1.0)
    assert "7 of 100" in figure.caption.en


def test_one_very_long_trip_does_not_press_all_others_together():
    lasted = [*([5] * 500), *([6] * 300), *([12] * 199), 259]
    figure = holding_time("t", T, lasted)
    data = figure.series[0].data
    assert data["y"][:2] == (500.0, 300.0)
    assert data["x2"][-1] == 12.5
    assert "longest 259" in figure.caption.en
    assert "1 that lasted longer" in figure.caption.en


def test_holding_times_are_counted_whole():
    lasted = np.repeat([5, 6, 200], [10, 3, 1])
    figure = holding_time("t", T, lasted, rule=(5, T))
    assert sum(figure.series[0].data["y"]) == 14
    assert len(figure.series[0].data["y"]) <= 41
    with pytest.raises(SettingError, match="no round trip"):
        holding_time("t", T, [])


def test_fills_stand_on_candles_with_their_marks():
    prices = (np.array([10.0, 11.0, 12.0]),) * 4
    figure = trades(
        "t", T, Candles(TIME, *prices), [(TIME[1], "buy", 11.01, 100.0), (TIME[2], "sell", 11.99, 100.0)],
        np.array([0.0, 100.0, 0.0]), refused=[(TIME[0], "buy", 10.0)], actions=[TIME[2]],
    )  # fmt: skip
    marks = {series.key: series.mark for series in figure.series}
    assert (marks["buys"], marks["sells"], marks["refused"]) == ("up", "down", "cross")
    with pytest.raises(SettingError, match="no candles"):
        trades("t", T, Candles(TIME[:0], *(np.zeros(0),) * 4), [], np.zeros(0))


def test_capital_is_written_as_people_write_it():
    figure = capacity("k", T, [5e4, 1e6, 1e9], np.zeros(3), np.ones(3), participation=0.025, benchmark=0.1)
    assert [x["en"] for x in figure.series[0].data["x"]] == ["50k", "1M", "1B"]
    assert [x["zh"] for x in figure.series[0].data["x"]] == ["5万", "100万", "10亿"]
    assert "2.5%" in figure.caption.en


def test_the_running_rank_ic_ends_at_its_sum():
    values = np.array([0.1, np.nan, -0.3])
    figure = rank_ic("r", T, [("a", T, "main", TIME, values)], span=5)
    assert figure.series[0].data["y"][-1] == pytest.approx(-0.2)


def test_placebos_say_what_they_are():
    gates, scores = (placebo("p", T, T, np.arange(9.0), 4.0, kind=kind) for kind in ("random gates", "shuffled scores"))
    once = placebo("p", T, T, np.arange(9.0), 4.0, kind="permuted assets")
    assert "changed places once" in once.caption.en
    assert "random gates" in gates.caption.en
    assert "dealt out anew" in scores.caption.en
    assert "打乱得分" in scores.series[0].title.zh


def test_a_table_with_days_to_choose_from_is_on_the_page_and_its_column_must_exist():
    columns = (Column(key="day", title=T, style="date"), Column(key="asset", title=T))
    rows = ({"day": "2020-01-02", "asset": "a"}, {"day": "2020-01-03", "asset": "b"})
    table = Table(key="held", title=T, columns=columns, rows=rows, pick="day")
    made = page(
        Report(name="x", title=T, lead=T, tables=(table,), sections=(Section(key="s", title=T, shows=("held",)),))
    )
    assert '"pick":"day"' in made
    with pytest.raises(UnknownNameError, match="'date'"):
        Table(key="held", title=T, columns=columns, rows=rows, pick="date")
