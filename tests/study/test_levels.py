"""Errors of prices as a report tells them: in yuan of the contract traded, over rolls, beside the last close."""

import numpy as np
import polars as pl
import pytest
from small import small

from tidegate.evaluate.doubt.overlap import mean_hac
from tidegate.study.declare import Study
from tidegate.study.level_tables import quantile_worth
from tidegate.study.levels import foresees, priced, priced_grounds, quantile_level, ratios
from tidegate.study.progress import silent
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.run import run_reproduction
from tidegate.types.report import Text

CLOSE_TO_CLOSE = {"lag": 0, "span": 1, "entry": "close", "exit": "close"}
WORLD = {"name": "rebar-world", "sessions": 300, "seed": 3, "roll": 40, "frequency": "1d"}
LEVEL = {
    "name": "levels",
    "source": WORLD,
    "factors": {"name": "raw-fields", "fields": ["close"]},
    "lookback": 1,
    "label": {"name": "future-level", "horizon": CLOSE_TO_CLOSE},
    "normaliser": {"name": "min-max"},
    "target_scaling": {"name": "min-max-target"},
    "rivals": [{"name": "persistence", "speaks": "level"}, {"name": "linear"}],
    "strategy": None,
    "markets": [],
    "gates": 0,
}
RETURN = {
    **LEVEL,
    "name": "returns",
    "lookback": 6,
    "label": {"name": "forward-return", "horizon": CLOSE_TO_CLOSE},
    "normaliser": {"name": "window-z-score"},
    "target_scaling": {"name": "standard-target"},
    "rivals": [{"name": "zero"}],
}
TAIL = {**RETURN, "name": "tail", "training__loss": {"name": "quantile", "level": 0.9}, "rivals": []}


def study(changes):
    return Study.of(small(**changes))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    studies = tuple(study(held) for held in (LEVEL, RETURN, TAIL))
    names = ("levels", "returns")
    kinds = (
        "error-ratio",
        "level-forecast",
        "lag-correlation",
        "level-zoom",
        "level-regimes",
        "rolls",
        "training-work",
    )
    made = Reproduction(
        "prices", Text.same("Prices"), Text.same("Prices"), studies, "levels",
        shown=(*(Shown(f"X{at}", kind, names) for at, kind in enumerate(kinds) if kind != "level-forecast"),
               Shown("F", "level-forecast", ("levels",)), Shown("A", "activations", ("levels",))),
    )  # fmt: skip
    return run_reproduction(made, tmp_path_factory.mktemp("out"), jobs=1, tell=silent)


def test_an_error_is_in_yuan_of_the_contract_that_is_forecast(ran):
    found = ran.findings["levels"]
    held = priced(found, "seed-1")
    frame = found.bars.frame.with_columns(next=pl.col("close").shift(-1), then=pl.col("factor").shift(-1))
    rows = found.forecasts["seed-1"].frame.filter(pl.col("truth").is_finite())
    rows = rows.join(frame, on="time", how="left", maintain_order="left")
    np.testing.assert_allclose(held.prices.came, rows["next"], rtol=1e-12)  # as traded, whatever the contract
    np.testing.assert_allclose(held.prices.said, rows["score"] / rows["then"])
    rolled = (rows["then"] != rows["factor"]).to_numpy()
    assert rolled.sum() >= 2
    np.testing.assert_allclose(held.prices.now[~rolled], rows["close"].to_numpy()[~rolled])
    moved = rows["close"].to_numpy() * (rows["factor"] / rows["then"]).to_numpy()
    np.testing.assert_allclose(held.prices.now, moved)
    assert (held.prices.now[rolled] < 0.985 * rows["close"].to_numpy()[rolled]).all()  # the gap is no error


def test_persistence_is_the_last_close_and_a_return_of_zero_is_too(ran):
    level, change = ran.findings["levels"], ran.findings["returns"]
    assert priced(level, "persistence").prices.ratio == pytest.approx(1.0, abs=1e-5)
    assert priced(change, "zero").prices.ratio == 1.0
    assert ratios(level).min() > 1.0  # levels scaled to what was learned from, after three passes


def test_the_table_says_what_the_rows_say(ran):
    table = next(table for table in ran.report.tables if table.key.startswith("level-errors"))
    who = [row["who"]["en"] for row in table.rows]
    assert who[:2] == ["Small", "Small"]
    assert [row["who"]["en"] for row in table.rows[2:]] == ["persistence", "linear (ridge)"]
    prices = priced(ran.findings["levels"], "linear").prices
    row = table.rows[3]
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean((prices.said - prices.came) ** 2)))
    better = (prices.now - prices.came) ** 2 - (prices.said - prices.came) ** 2
    told = mean_hac(better, span=1, level=0.95)
    assert row["p"] == pytest.approx(float(told.p_value))
    assert row["dm"] == pytest.approx(float(told.statistic))
    assert table.rows[2]["dm"] is None
    assert (table.rows[2]["direction"], row["direction"] is None) == (None, False)  # no change has no direction


def test_rolls_are_listed_with_the_windows_over_them(ran):
    table = next(table for table in ran.report.tables if table.key == "rolls")
    steps = np.flatnonzero(np.diff(ran.findings["levels"].bars.adjustment)) + 1
    assert len(table.rows) == len(steps) == 7
    assert {row["windows"] for row in table.rows} == {5}  # six rows lie over a change in five ways; one row never does
    assert all(1.02 <= row["ratio"] <= 1.06 for row in table.rows)


def test_a_quantile_is_held_against_a_constant_and_stands_in_no_table_of_errors(ran):
    found = ran.findings["tail"]
    assert quantile_level(found.study) == 0.9
    assert not foresees(found.study)
    (ground,) = priced_grounds(list(ran.findings.found), ran.findings)
    assert ground.studies == ("levels", "returns")
    told = quantile_worth(found, "seed-1")
    forecast = found.forecasts["seed-1"]
    known = np.isfinite(forecast.truth)
    assert told["below"] == pytest.approx(np.mean(forecast.truth[known] < forecast.score[known]))
    (fold,) = found.folds
    learned = found.windows.target[fold.training(found.windows)]
    gap = forecast.truth[known] - np.quantile(learned, 0.9)
    ours = forecast.truth[known] - forecast.score[known]
    losses = [np.where(one > 0, 0.9 * one, -0.1 * one).mean() for one in (ours, gap)]
    assert told["ratio"] == pytest.approx(losses[0] / losses[1])
    ours, gap = (np.where(one > 0, 0.9 * one, -0.1 * one) for one in (ours, gap))
    assert told["p"] == pytest.approx(float(mean_hac(gap - ours, span=1, level=0.95).p_value))


def test_every_figure_is_drawn_and_lies_in_a_section(ran):
    drawn = {figure.key for figure in ran.report.figures}
    shown = {key for section in ran.report.sections for key in section.shows}
    mine = {"x0", "x2", "x3", "x4", "x5-1", "x6", "f", "a"}
    assert mine <= drawn
    assert mine <= shown


def test_other_reports_have_no_such_table(whole):
    (run,) = whole.glob("small/*/")
    assert "level-errors" not in (run / "report.json").read_text(encoding="utf-8")
