"""Trials of classes against each other, held-out accuracy by a second computation, and bullish shares of an index."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from classes import classes

from tidegate.data.months import by_month
from tidegate.data.source import Source
from tidegate.data.stock_world import StockWorld
from tidegate.evaluate.bullish import agreement
from tidegate.prepare.hold_out import part_within
from tidegate.study.api import run
from tidegate.study.classified import class_measures, common_rows, held_accuracy, judged_classes
from tidegate.study.declare import Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast

CHANGES = {
    "factors": {"name": "price-ratios"},
    "normaliser": {"name": "as-given"},
    "hold_out": {"name": "random-windows", "share": 0.2, "seed": 0},
    "split": {"name": "share-split", "train": 0.6},
    "model": {
        "name": "recurrent-network", "cell": {"name": "rnn", "hidden": 4, "activation": "tanh"}, "dense": [], "outputs": 3,
    },
    "rivals": [],
}  # fmt: skip


class OneShare(Source):
    """The first share of another market, as an index."""

    name: ClassVar[str] = "one-share-of-a-test"

    def bars(self) -> Bars:
        held = StockWorld(assets=2, sessions=900, seed=11, ic=0.0).bars()
        return Bars.of(held.frame.filter(pl.col("asset") == held.assets[0]), held.spec)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Two trials, the second with windows twice as long; only to be read."""
    base = Study.of(classes(**CHANGES))
    longer = base.but(name="longer", title=base.title.but(en="Longer", zh="更长"), lookback=8)
    made = Reproduction(
        "trials", base.title, base.title, (base, longer), "classes",
        shown=(Shown("E3", "trials-by-share", ("classes", "longer")),),
    )  # fmt: skip
    return run(made, out=tmp_path_factory.mktemp("trials"), jobs=1)


def long_short(rows):
    """By the surest 30 % of each month, in plain polars, month by month."""
    made = []
    for month in rows.partition_by("time", maintain_order=True):
        top = max(int(0.3 * month.height + 0.5), 1)
        best, worst = (month.sort(name, descending=True).head(top)["r"].drop_nans().mean() for name in ("p_2", "p_0"))
        made.append(np.nan if best is None or worst is None else best - worst)
    return np.array(made)


def test_trials_are_compared_on_the_rows_that_both_forecast(ran):
    (table,) = [table for table in ran.report.tables if table.key == "class-paired"]
    (row,) = table.rows
    first, second = ran.findings["classes"], ran.findings["longer"]
    among = common_rows((first, second))
    assert (
        0 < row["rows"] == among.height < first.forecasts["ensemble"].frame.height
    )  # young shares have no long window
    spreads = []
    for found in (first, second):
        each = []
        for seed in found.seeds:
            held = judged_classes(found, seed)
            rows = found.forecasts[seed].frame.with_columns(r=pl.Series(held.returns))  # span 1: every row is judged
            each.append(long_short(rows.join(among, on=["time", "asset"], how="semi").sort("time", "asset")))
        spreads.append(np.mean(each, axis=0))
    known = np.isfinite(spreads[0]) & np.isfinite(spreads[1])
    assert row["dates"] == known.sum()
    assert row["reference"] == pytest.approx(spreads[0][known].mean())
    assert row["spread"]["value"] == pytest.approx((spreads[1] - spreads[0])[known].mean())
    (drawn,) = [figure for figure in ran.report.figures if figure.key == "e3"]
    assert f"{among.height:,} rows" in drawn.caption.en
    assert "class-paired" in {key for section in ran.report.sections for key in section.shows}


def test_held_out_accuracy_is_that_of_a_second_computation(ran):
    """From the kept weights and the panel, in plain double precision; classes from the months' own opens."""
    found = ran.findings["classes"]
    accuracies, common = held_accuracy(found)
    windows, fold = found.windows, found.folds[-1]
    part = part_within(found.study.hold_out, windows, fold.training(windows) | fold.validation(windows))
    months = by_month(found.bars)
    opens = months.frame.select("time", "asset", open=pl.Series(months.adjusted("open")))
    place = {time: number for number, time in enumerate(months.times.tolist())}
    price = {(place[time], asset): value for time, asset, value in opens.iter_rows()}
    seen, truth = [], []
    for window in np.flatnonzero(part.held):
        anchor, when = windows.anchors[window], int(windows.anchor_time[window])
        asset = windows.panel.assets[windows.panel.row_asset[anchor]]
        made = price[when + 2, asset] / price[when + 1, asset] - 1
        truth.append(2 if made > 0.03 else 0 if made < -0.03 else 1)
        seen.append(windows.panel.values[anchor - windows.lookback + 1 : anchor + 1].astype(np.float64))
    assert len(truth) > 100
    for seed, told in zip((1, 2), accuracies, strict=True):
        weights = {name: array.astype(np.float64) for name, array in found.learned[seed].arrays.items()}
        layer = {name: weights[f"stack.layers.0.{name}"] for name in ("kernel", "recurrent", "bias")}
        right = 0
        for window, came in zip(seen, truth, strict=True):
            state = np.zeros(4)
            for row in window:
                state = np.tanh(layer["kernel"] @ row + layer["recurrent"] @ state + layer["bias"])
            right += int(np.argmax(weights["head.kernel"] @ state + weights["head.bias"]) == came)
        assert told == pytest.approx(right / len(truth))
    assert common == pytest.approx(np.bincount(truth).max() / len(truth))


def test_bullish_shares_stand_beside_the_index_that_a_study_names(ran, tmp_path):
    found = ran.findings["classes"]
    index = OneShare()
    study = found.study.but(
        strategy={"name": "groups", "by": "class", "group": 1}, reads="likeliest class", markets=[{"name": "a-share"}],
        index=index,
    )  # fmt: skip
    (tmp_path / "measures").mkdir()
    months, spoken = by_month(found.bars), found.forecasts["ensemble"]
    drawn = np.random.default_rng(0).dirichlet((1.0, 1.0, 1.0), spoken.frame.height)
    frame = spoken.frame.with_columns(
        pl.Series("score", drawn[:, 2] - drawn[:, 0]), *(pl.Series(f"p_{k}", drawn[:, k]) for k in range(3))
    )
    said = {"ensemble": Forecast.of(frame, spoken.horizon, spoken.unit, spoken.fingerprints)}
    measures = class_measures(study, months, said, tmp_path / "measures")
    found = replace(found, forecasts=said)
    judged, plain = (judged_classes(one, "ensemble") for one in (replace(found, study=study, folder=tmp_path), found))
    bars = by_month(index.bars())
    opens = dict(zip(bars.frame["time"].to_list(), bars.adjusted("open"), strict=True))
    ordered = sorted(opens)
    by_hand = {
        time: opens[ordered[at + 2]] / opens[ordered[at + 1]] - 1
        for at, time in enumerate(ordered)
        if at + 2 < len(ordered)
    }
    market = np.array([by_hand.get(time, np.nan) for time in judged.held.times.tolist()])
    np.testing.assert_allclose(judged.market, market, rtol=1e-12)
    assert plain.market is None
    np.testing.assert_allclose(judged.bullish.market, market[: judged.bullish.market.size], rtol=1e-12)
    (agreed,) = [m for m in measures if m.name == "bullish_agreed" and m.subject["member"] == "ensemble"]
    expected = agreement(judged.bullish.share, market[: judged.bullish.share.size])
    assert agreed.value == pytest.approx(expected.agreed / expected.n)
    assert not np.allclose(judged.bullish.market, plain.bullish.market, equal_nan=True)
