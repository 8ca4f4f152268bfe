"""A timing as a gate over a selection: whose seeds stand where, what random gates come to, and what a report says of it."""

import numpy as np
import polars as pl
import pytest
from small import finish, small

from ranker import ranker
from tidegate.data.equal_index import EqualIndex
from tidegate.errors import SettingError
from tidegate.study.api import run
from tidegate.study.beside import Beside, gate_of
from tidegate.study.books import load_books
from tidegate.study.declare import Study
from tidegate.study.gating import FEW, behind, drawn_gates, placebos_of
from tidegate.study.records import load_forecast
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.selecting import UNGATED, trade_selection
from tidegate.study.stages import Stages
from tidegate.testing.corridor import check_corridor

GATED = {"name": "gated", "inner": ranker()["strategy"], "days": 3}
BOOSTED = {"name": "ranker", "smallest_leaf": 20, "trees": 5}


def studies(**changes):
    """A market of shares ranked by trees, behind two seeds of a timing of its own index."""
    selection = Study.of(
        ranker(
            name="stocks",
            model=BOOSTED,
            seeds=[0],
            gate="timing",
            gate_reads="sign",
            strategy=GATED,
            gates=150,
            **changes,
        )
    )
    timing = Study.of(
        small(
            name="timing",
            source={"name": "equal-index", "inner": ranker()["source"]},
            split={"name": "share-split", "train": 0.5},
            training__epochs=1,
            rivals=[],
            gates=0,
            markets=[{"name": "frictionless"}],
        )
    )
    return selection, timing


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    selection, timing = studies()
    made = Reproduction(
        "both", selection.title, selection.title, (timing, selection), "stocks",
        shown=(Shown("B10", "gated", ("stocks",)), Shown("B9", "seeds", ("stocks",)), Shown("B9i", "seeds", ("timing",))),
    )  # fmt: skip
    return run(made, out=tmp_path_factory.mktemp("gated"), jobs=1)


def test_each_seed_of_the_gate_has_a_book_of_the_one_ranker(ran):
    found = ran.findings["stocks"]
    held = found.books["a-share"]
    assert found.seeds == ("seed-0",)
    assert held.members[:4] == ("seed-1", "seed-2", "ensemble", "persistence")
    assert found.traders("a-share") == ("seed-1", "seed-2")
    assert (found.speaker, found.leader) == ("seed-0", "ensemble")
    assert found.over_seeds("total_return", "a-share").tolist() == [
        held.equity(seed)[-1] / held.capital - 1 for seed in ("seed-1", "seed-2")
    ]
    assert len(found.over_seeds("ic")) == 1
    # Each stands behind the sign of that seed's own forecast, bit for bit.
    for seed in ("seed-1", "seed-2"):
        said = load_forecast(ran.folder / "records" / "timing" / "forecast" / seed)
        shut = said.score <= 0
        bought = held.ledgers[seed].fills.filter(pl.col("side") == "buy")["time"].to_numpy().astype("datetime64[us]")
        times = held.times
        decided = times[np.searchsorted(times, bought) - 1]
        closed = said.frame["time"].to_numpy().astype("datetime64[us]")[shut]
        assert bought.size > 0
        assert not np.isin(decided, closed).any()


def test_percentiles_are_among_gates_of_each_ones_own(ran):
    held = ran.findings["stocks"].books["a-share"]
    assert held.placebos == "random gates"
    counts = {member: len(drawn["max_drawdown"]) for member, drawn in held.gates.items()}
    assert set(counts) <= {"seed-1", "seed-2", "ensemble"}
    assert set(counts.values()) <= {150}
    found = ran.findings["stocks"]
    for member, drawn in held.gates.items():
        assert (drawn["max_drawdown"] <= 0).all()
        own = found.value("max_drawdown", member, "a-share")
        below, equal = np.mean(drawn["max_drawdown"] < own), np.mean(drawn["max_drawdown"] == own)
        assert found.value("max_drawdown_percentile", member, "a-share") == pytest.approx(below + equal / 2)


def test_the_report_tells_both_backtests(ran):
    figures = {figure.key: figure for figure in ran.report.figures}
    assert "ensemble" not in figures["b10"].title.en  # its curve is the median over seeds
    keys = [series.key for series in figures["b10"].series]
    assert {"gated", "alone", "gated drawdown", "alone drawdown", "gate"} <= set(keys)
    band = ran.findings["stocks"].books["a-share"].decided("band")
    assert ("band" in keys) == (band is not None)
    if band is not None:
        assert (band["low"] <= band["middle"]).all()
        assert (band["middle"] <= band["high"]).all()
    (table,) = [table for table in ran.report.tables if table.key == "gate-both"]
    found = ran.findings["stocks"]
    idle = [(one := found.books["a-share"].ledgers[seed].book)["cash"] / one["equity"] for seed in ("seed-1", "seed-2")]
    assert table.rows[0]["gated_cash_share"]["value"] == pytest.approx(np.median([share.mean() for share in idle]))
    (row,) = table.rows
    found = ran.findings["stocks"]
    assert row["alone_drawdown"] == found.value("max_drawdown", UNGATED, "a-share")
    low, middle, high = np.quantile(found.over_seeds("max_drawdown", "a-share"), [0.25, 0.5, 0.75])
    told = row["gated_max_drawdown"]
    assert told == pytest.approx({"value": middle, "low": low, "high": high}) or told == pytest.approx(middle)
    shown = [key for section in ran.report.sections for key in section.shows]
    assert {"gate-both", "b10", "b9-a-share", "b9i-frictionless"} <= set(shown)
    assert {len(one.data["y"]) for one in figures["b9-a-share"].series if one.kind == "scatter"} >= {2}


def test_a_single_gate_is_shared_and_no_gate_has_other_placebos():
    times = np.datetime64("2020-01-01", "us") + np.arange(8) * np.timedelta64(1, "D")
    gate = pl.DataFrame({"time": times, "open": [1.0, 0.0, 0.0, 1.0, 1.0, np.nan, 1.0, 0.0]})
    forecasts = dict.fromkeys(("seed-0", "seed-1", "ensemble", "linear"))
    plan = behind(forecasts, Beside(gate=gate), times)
    assert [one.member for one in plan] == list(forecasts)
    (shared,) = placebos_of(plan, 1000)
    assert shared.members == ("seed-0", "seed-1", "ensemble")
    assert shared.draws == 1000
    assert placebos_of(plan, 0) == ()
    (plain,) = placebos_of(behind(forecasts, Beside(), times), 7)
    assert plain.gate is None
    assert plain.draws == 7
    by_seed = behind({"seed-0": None, "linear": None}, Beside(gate=gate, gates={"seed-4": gate, "seed-5": gate}), times)
    assert [(one.member, one.spoken) for one in by_seed] == [
        ("seed-4", "seed-0"), ("seed-5", "seed-0"), ("ensemble", "seed-0"), ("linear", "linear"),
    ]  # fmt: skip
    assert [(one.members, one.draws) for one in placebos_of(by_seed, 1000)] == [
        (("ensemble",), 1000), (("seed-4",), FEW), (("seed-5",), FEW),
    ]  # fmt: skip
    drawn = list(drawn_gates(by_seed[0].gate, 20))
    assert len({row.tobytes() for row in drawn}) > 1
    assert {(row > 0).sum() for row in drawn} == {4}


def test_what_a_gate_reads(ran):
    _, timing = studies()
    bars = timing.source.bars()
    said = [load_forecast(ran.folder / "records" / "timing" / "forecast" / f"seed-{seed}") for seed in (1, 2)]
    score, sign, held = (gate_of(timing, bars, said, reads) for reads in ("score", "sign", "exposure"))
    mean = np.mean([one.score for one in said], axis=0)
    there = np.isfinite(score["open"].to_numpy())
    np.testing.assert_allclose(score["open"].to_numpy()[there], mean)
    np.testing.assert_array_equal(sign["open"].to_numpy()[there], np.sign(mean))
    last = np.array([(mean[max(0, t - 1) : t + 1] > 0).any() for t in range(len(mean))])
    if there.all():
        np.testing.assert_array_equal(held["open"].to_numpy(), last.astype(float))
    assert set(np.unique(held["open"].to_numpy())) <= {0.0, 1.0}


def test_a_timing_reads_no_gate():
    with pytest.raises(SettingError, match="gate_reads is for strategies over many assets"):
        Study.of(small(gate_reads="sign"))


def test_the_one_book_behind_each_gate_is_the_loops_own(tmp_path):
    selection, _ = studies(rivals=[])
    selection = selection.but(gates=0)
    bars = selection.source.bars()
    rng = np.random.default_rng(0)
    said = finish(ranker(model=BOOSTED, seeds=[0], gates=0, rivals=[]), tmp_path / "alone").findings["ranker"]
    forecast = said.forecasts["seed-0"]
    gates = {
        f"seed-{seed}": pl.DataFrame({"time": bars.times, "open": rng.choice([-1.0, 1.0], len(bars.times))})
        for seed in (3, 4)
    }
    mean = gates["seed-3"]
    market = selection.markets[0]
    kept = trade_selection(
        selection, bars, {"seed-0": forecast}, {"seed-0": "x"}, market, Stages(tmp_path),
        Beside(gate=mean, gates=gates), lambda _: None,
    )  # fmt: skip
    books = load_books(kept.folder)
    assert books.ledgers["ensemble"].book.equals(books.ledgers["seed-3"].book)
    assert not books.ledgers["seed-4"].book.equals(books.ledgers["seed-3"].book)
    alone = trade_selection(
        selection, bars, {"seed-0": forecast}, {"seed-0": "x"}, market, Stages(tmp_path / "one"),
        Beside(gate=gates["seed-4"]), lambda _: None,
    )  # fmt: skip
    assert load_books(alone.folder).ledgers["seed-0"].book.equals(books.ledgers["seed-4"].book)


def test_the_ranker_behind_the_gates_of_seeds_knows_nothing_later():
    selection, _ = studies(rivals=[])
    bars = selection.source.bars()
    rng = np.random.default_rng(1)
    gates = {
        name: pl.DataFrame({"time": bars.times, "open": rng.choice([0.0, 1.0], len(bars.times))})
        for name in ("seed-1", "seed-2")
    }
    beside = Beside(gate=gates["seed-1"], gates=gates)
    assert check_corridor(selection.but(gates=0), bars, beside=beside) == 2


def test_the_index_of_its_own_shares_stands_beside_the_market():
    inner = Study.of(ranker()).source
    assert EqualIndex(inner=inner).bars().times.tolist() == inner.bars().times.tolist()
