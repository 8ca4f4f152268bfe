"""The study of stock selection: what it declares, what parts its variants, and a small run through every room."""

from dataclasses import replace

import numpy as np
import pytest

from tidegate.component import document
from tidegate.data.samples import Sample
from tidegate.data.stock_world import StockWorld
from tidegate.errors import SettingError
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.study.api import run
from tidegate.study.contrasts import differing
from tidegate.study.declare import Study
from tidegate.study.ground import mistakes_in
from tidegate_studies.stock_selection import declare
from tidegate_studies.stock_selection_trials import of_books, of_networks

WORLD = StockWorld(assets=24, sessions=190, seed=4, ic=0.3)


@pytest.fixture(scope="module")
def whole():
    return declare(WORLD)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    made = declare(WORLD, quick=True)
    kept = ("walk", "published", "published-average", "template", "mistake-tanh", "mistake-fills")
    small = {"names": 4, "days": 3}
    studies = tuple(
        study.but(
            gates=4 if study.gates else 0,
            strategy=study.strategy.but(**small),
            rivals=study.rivals[:2],
            training=study.training.but(epochs=2),
        )
        for study in made.studies
        if study.name in kept
    )
    names = {study.name for study in studies}
    contrasts = tuple(
        replace(one, studies=tuple(name for name in one.studies if name in names)) for one in made.contrasts
    )
    shown = tuple(one for one in made.shown if set(one.studies) <= names)
    return run(
        replace(made, studies=studies, contrasts=contrasts, shown=shown), out=tmp_path_factory.mktemp("run"), jobs=1
    )


def test_the_published_numbers_are_declared(whole):
    study = whole.study("published")
    cell, model, training, held = study.model.cell, study.model, study.training, study.strategy
    assert (study.lookback, study.factors.name, cell.hidden, model.dense) == (5, "price-ratios", 32, (30,))
    assert (cell.activation, cell.gate_activation, cell.unit_forget_bias) == ("tanh", "hard_sigmoid_keras2", True)
    assert (cell.kernel_initialiser, cell.recurrent_initialiser) == ("glorot_uniform", "orthogonal")
    assert (model.dropout, model.activation, model.output_activation) == (0.2, "tanh", "linear")
    assert (training.optimiser.name, training.loss.name, training.epochs, training.batch) == ("rmsprop", "mse", 5, 256)
    assert [metric.name for metric in training.metrics] == ["mae"]
    assert (study.target_scaling.lower, study.target_scaling.upper, study.normaliser.clip) == (0.01, 0.99, 5.0)
    assert (held.names, held.days, held.cap, held.spend, held.weights) == (30, 5, 0.2, 1.5, "rank")
    assert (held.buy_at, held.sell_at, held.holding) == ("open", "close", "at least")
    assert (study.markets[0].commission, study.markets[0].minimum_commission_yuan) == (0.0003, 5.0)
    assert study.execution.participation == 0.025
    assert str(study.label.horizon.entry_at(0)), str(study.label.horizon.exit_at(0)) == ("OPEN(1)", "CLOSE(5)")


def test_each_mistake_is_one_difference_and_is_stamped(whole):
    published = whole.study("published")
    assert mistakes_in(published) == ()
    mistakes = [study for study in whole.studies if study.name.startswith("mistake-")]
    assert len(mistakes) == 6
    for study in mistakes:
        assert len(differing(published, study)) == 1, study.name
        told = (*mistakes_in(study), *(stamp.en for stamp in study.stamps))
        assert len(told) == 1
        assert told[0].startswith(("LEAKS", "MISTAKE"))


def test_the_template_has_the_mistakes_that_it_is_known_for(whole):
    told = {line.split(" ")[0] for line in differing(whole.study("published"), whole.study("template"))}
    assert told == {"normaliser", "split", "model", "strategy.holding"}
    assert whole.study("template").model.inner.output_activation == "tanh"
    assert len(mistakes_in(whole.study("template"))) == 3


def test_every_study_is_its_document(whole):
    for study in whole.studies:
        assert Study.of(document(study)) == study


def test_trials_change_one_thing_and_tell_their_size(whole):
    published = whole.study("published")
    base, *others = of_networks(published)
    assert "2,000 iterations" in base.title.en
    assert base.training.epochs * base.training.sampling.count == 2000
    for study in others:
        assert len(differing(base, study)) == 1, study.name
        assert "2,000 iterations" in study.title.en
    for study in of_books(published):
        (told,) = differing(published, study)
        assert told.startswith("strategy.")
        assert isinstance(study.strategy, RankAndHold)
    assert {name for one in whole.contrasts for name in one.studies} <= {study.name for study in whole.studies}


def test_a_missing_library_leaves_a_stamp_and_no_rival(monkeypatch):
    monkeypatch.setattr("tidegate_studies.stock_selection.find_spec", lambda name: None)
    made = declare(WORLD)
    assert "ranker" not in [rival.name for rival in made.study("walk").rivals]
    assert any("LightGBM is not installed" in stamp.en for stamp in made.stamps)
    monkeypatch.setattr("tidegate_studies.stock_selection.find_spec", lambda name: object())
    made = declare(WORLD)
    assert "ranker" in [rival.name for rival in made.study("walk").rivals]
    assert made.stamps == ()


def test_an_index_is_no_market_of_stocks():
    with pytest.raises(SettingError, match="ranks stocks"):
        declare(Sample(dataset="nasdaq"))


def test_the_report_tells_mistakes_and_settings_side_by_side(ran):
    tables = {table.key: table for table in ran.report.tables}
    base, tanh, fills, template = tables["mistakes"].rows
    assert base["worth"] is None
    assert tanh["differs"] == "model.output_activation linear → tanh"
    assert fills["gained"]["value"] == 0.0  # the same forecasts, other fills
    seeds = ("seed-0", "seed-1")
    published, other = ran.findings["published"], ran.findings["mistake-fills"]
    gaps = [
        other.value("annualised_return", seed, "impossible-fills")
        - published.value("annualised_return", seed, "a-share")
        for seed in seeds
    ]
    assert fills["worth"]["value"] == pytest.approx(np.median(gaps))
    assert (fills["worth"]["low"], fills["worth"]["high"]) == pytest.approx((min(gaps), max(gaps)))
    assert "(+ 1)" in template["differs"]
    settings = {row["path"]: row for row in tables["parameters"].rows}
    assert settings["split"]["template"] == "overlapping-split"
    assert settings["training.optimiser"]["published"] == "rmsprop"
    performance = tables["performance-equal-weight"].rows
    assert {"alpha", "beta", "information_ratio", "turnover"} <= performance[0].keys()
    who = {row["who"]["en"] for row in performance}
    assert "the smallest tenth in equal parts, no costs" in who
    assert not any(name.startswith("Saturating output") for name in who)
    stamps = [stamp.en for stamp in ran.report.stamps]
    assert any("Saturating output: MISTAKE" in stamp for stamp in stamps)
    assert any("LEAKS: days are both learned from and judged." in stamp for stamp in stamps)


def test_the_ranking_table_is_the_forecast_in_order(ran):
    (table,) = [table for table in ran.report.tables if table.key == "ranking"]
    frame = ran.findings["walk"].forecasts["ensemble"].frame
    day = [row for row in table.rows if row["time"] == table.rows[0]["time"]]
    assert [row["rank"] for row in day] == list(range(1, len(day) + 1))
    said = sorted(
        ((-s, a) for t, a, s in frame.select("time", "asset", "score").rows() if str(t.date()) == day[0]["time"])
    )
    assert [row["asset"] for row in day] == [asset for _, asset in said[: len(day)]]
    assert day[0]["among"] == len(said)


def test_figures_of_the_document_are_there(ran):
    keys = {figure.key for figure in ran.report.figures}
    assert {"a1-1", "a2", "a3", "a4", "a5-a-share", "a6", "a6m-mae", "a7", "a7s"} <= keys
    gates = next(figure for figure in ran.report.figures if figure.key == "a2")
    assert [series.key for series in gates.series] == ["input", "forget", "candidate", "output"]
    for series in gates.series:
        assert sum(series.data["y"]) == pytest.approx(1.0)
    graph = next(figure for figure in ran.report.figures if figure.key == "a3").graph
    assert {link[1] for link in graph["links"]} | {"bars"} == {node["id"] for node in graph["nodes"]}


def test_the_cash_rule_holds_on_every_bar(ran):
    """What is decided to be bought never costs more at the last close than the rule allows; fills may, by an open."""
    held = ran.findings["walk"].books["a-share"]
    orders = held.table("ensemble", "orders")
    equity = np.concatenate([[held.capital], held.equity("ensemble")[:-1]])
    bars = np.searchsorted(held.times, orders["time"].to_numpy().astype("datetime64[us]"))
    assert orders.height > 0
    book = held.table("ensemble", "book")
    spent = book["bought"].to_numpy() / equity * 3
    assert spent[0] == 0.0
    assert (spent[1:4] <= 1.1 + 1e-9).all()
    assert (spent <= 1.5 * 1.1 + 1e-9).all()
    assert bars.max() < len(held.times)


def test_metrics_are_measured_by_epoch(ran):
    entry = ran.findings["published"].histories[0][-1]
    assert set(entry["metrics"]["mae"]) == {"train", "test"}
    assert 0 < entry["metrics"]["mae"]["test"] < 2


def test_claims_on_another_market_judge_nothing(ran):
    assert {claim.verdict for claim in ran.report.claims} == {"not tested"}
    assert {claim.key for claim in ran.report.claims} >= {"beats", "informs", "better", "reaches", "fits"}
