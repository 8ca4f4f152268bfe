"""A study of classes from end to end: its measures are those of its records, and its report tells them."""

import json

import numpy as np
import polars as pl
import pytest
from classes import classes
from scipy.stats import binomtest
from small import finish, small

from tidegate.data.months import by_month
from tidegate.study.classified import class_values, judged_classes
from tidegate.study.classified_words import CLASS_WORDS, class_titles
from tidegate.study.declare import Study


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return finish(classes(), tmp_path_factory.mktemp("classes"))


@pytest.fixture(scope="module")
def found(ran):
    return ran.findings["classes"]


@pytest.fixture(scope="module")
def rows(found):
    """Every forecast of the ensemble beside what the next month's bars made: from open to open, by hand."""
    bars = by_month(found.bars)
    price = bars.frame.select("time", "asset", open=pl.Series(bars.adjusted("open")))
    months = pl.DataFrame({"time": bars.times}).with_row_index("month")
    price = price.join(months, on="time")
    entry, exit_ = (
        price.select("asset", pl.col("month").cast(pl.Int64) - ahead, pl.col("open").alias(name))
        for ahead, name in ((1, "entry"), (2, "exit"))
    )
    said = found.forecasts["ensemble"].frame.join(months, on="time").with_columns(pl.col("month").cast(pl.Int64))
    said = said.join(entry, on=["asset", "month"], how="left").join(exit_, on=["asset", "month"], how="left")
    likeliest = said.select("p_0", "p_1", "p_2").to_numpy().argmax(axis=1)
    return said.with_columns(made=pl.col("exit") / pl.col("entry") - 1, likeliest=pl.Series(likeliest))


def test_returns_are_those_of_the_next_months_bars(found, rows):
    held = judged_classes(found, "ensemble")
    by_hand = rows.sort("asset", "time")["made"].to_numpy()
    kept = np.isfinite(held.returns)
    assert kept.sum() > 500
    assert np.allclose(held.returns[kept], by_hand[kept], rtol=1e-12)
    assert np.isnan(by_hand[~kept]).all()


def test_labels_and_accuracy_follow_from_them(found, rows):
    known = rows.filter(pl.col("truth").is_finite())
    label = np.where(known["made"] > 0.03, 1, np.where(known["made"] < -0.03, -1, 0))
    assert np.array_equal(label, known["truth"].to_numpy())
    right = (known["likeliest"].to_numpy() - 1 == label).mean()
    assert found.value("class_accuracy", "ensemble") == pytest.approx(right)
    assert found.value("class_majority", "seed-1") == pytest.approx(
        np.unique(label, return_counts=True)[1].max() / label.size
    )


def test_long_short_and_won_months_by_a_frame(found, rows):
    made = rows.filter(pl.col("made").is_finite())
    parts = (
        made.group_by("time", "likeliest").agg(pl.col("made").mean()).pivot("likeliest", index="time", values="made")
    )
    spread = (parts["2"] - parts["0"]).drop_nulls().to_numpy()
    assert found.value("groups_spread", "ensemble") == pytest.approx(spread.mean())
    assert found.value("groups_spread_total", "ensemble") == pytest.approx(np.prod(1 + spread) - 1)
    wins = int((spread > 0).sum())
    expected = binomtest(wins, spread.size, alternative="greater").pvalue
    assert found.value("groups_won_p", "ensemble") == pytest.approx(expected)


def test_the_bullish_share_and_rivals(found, rows):
    by_month_share = rows.group_by("time").agg((pl.col("likeliest") == 2).mean())["likeliest"].mean()
    assert found.value("bullish_share", "ensemble") == pytest.approx(by_month_share)
    names = {one.name for one in found.measures if one.subject["member"] == "majority"}
    assert {"class_accuracy", "groups_spread", "top_hits"} <= names
    assert "log_loss" not in names  # it has no probabilities
    assert found.value("class_accuracy", "majority") <= found.value("class_majority", "majority") + 1e-12


def test_the_report_tells_it_in_both_languages(ran):
    report = ran.report
    shown = {key for section in report.sections for key in section.shows}
    figures = {figure.key for figure in report.figures}
    assert len(figures & {f"c{n}" for n in range(1, 13)}) == 12
    assert figures | {table.key for table in report.tables} <= shown
    assert {"class-accuracy", "class-trials", "class-bullish", "class-by-date"} <= shown
    assert "always naming the commonest class" in report.lead.en
    assert "始终回答最多的类别" in report.lead.zh
    for one in report.measures:
        if one.name in CLASS_WORDS:
            for part in one.note.split("; "):
                assert not part or report.glossary[one.note].zh != one.note, one.note
    assert (ran.folder / "figures" / "c5.csv").is_file()
    assert json.loads((ran.folder / "report.json").read_text(encoding="utf-8"))["name"] == "classes"


def test_a_study_without_classes_has_none_of_it(tmp_path):
    found = finish(small(seeds=[1], rivals=[], gates=0), tmp_path).findings["small"]
    assert class_values(found.study, found.forecasts) is None
    assert judged_classes(found, "seed-1") is None
    assert not any(one.name in CLASS_WORDS for one in found.measures)


def test_classes_are_named_by_their_label():
    told = [title.en for title in class_titles(Study.of(classes()), np.array([-1.0, 0.0, 1.0]))]
    assert told == ["below −3 %", "within ±3 %", "above 3 %"]
    five = {"name": "return-classes", "horizon": {"lag": 1, "span": 1}, "thresholds": [0.03, 0.05]}
    names = class_titles(Study.of(classes(label=five)), np.arange(-2.0, 3.0))
    assert [name.en for name in names] == ["below −5 %", "−5 … −3 %", "within ±3 %", "3 … 5 %", "above 5 %"]
    assert [name.zh for name in names] == ["低于 −5%", "−5 … −3%", "±3% 之间", "3 … 5%", "高于 5%"]
    shares = {"name": "relative-classes", "horizon": {"lag": 1, "span": 1}}
    names = class_titles(Study.of(classes(label=shares)), np.array([-1.0, 0.0, 1.0]))
    assert [name.en for name in names] == ["lowest 30%", "middle 40%", "highest 30%"]


def test_equal_parts_of_a_study_by_month_are_set_anew_at_every_months_end(tmp_path):
    traded = {
        "strategy": {"name": "groups", "by": "class", "group": 1},
        "reads": "likeliest class",
        "markets": [{"name": "a-share"}],
        "capital": 1e7,
        "source": {"name": "stock-world", "assets": 12, "sessions": 500, "seed": 4, "ic": 0.2},
        "split": {"name": "share-split", "train": 0.5},
        "lookback": 2,
    }
    short = {"seeds": [1], "rivals": [], "training": {"epochs": 1, "batch": 512, "loss": {"name": "cross-entropy"}}}
    found = finish(classes(**traded, **short), tmp_path).findings["classes"]
    held = next(iter(found.books.values()))
    orders = held.ledgers["equal-weight-traded"].orders
    decided = np.unique(found.forecasts["seed-1"].frame["time"].to_numpy().astype("datetime64[us]"))
    after = held.times[np.searchsorted(held.times, decided, side="right")[:-1]]
    assert set(after.tolist()) <= set(orders["time"].to_list())
