"""The corridor over many assets: what is decided, filled, paid and held adds up, and rests on what was known."""

import json

import numpy as np
import polars as pl
import pytest
from small import small

from ranker import ranker
from tidegate.catalog import entries
from tidegate.data.stock_world import StockWorld
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.evaluate.holdings import costs_of
from tidegate.market.instruments import Instruments
from tidegate.market.rulebook import rules_version
from tidegate.study import selected_tables
from tidegate.study.api import explain, orders, run
from tidegate.study.beside import Beside, beside_of
from tidegate.study.books import EQUAL_WEIGHT, SMALL_CAPS, load_books
from tidegate.study.declare import Study
from tidegate.study.records import load_forecast
from tidegate.study.reproduction import Reproduction
from tidegate.study.selecting import TRADED_EQUALLY, UNGATED, trade_selection
from tidegate.study.stages import Stages
from tidegate.study.universe_words import UNIVERSE_WORDS
from tidegate.study.words import stamp_text
from tidegate.testing.corridor import check_corridor, other_beside, pass_through
from tidegate.types.bars import Bars

MONEY = 1e-6


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The ranker, run once. Only to be read."""
    return run(ranker(), out=tmp_path_factory.mktemp("ranker"), jobs=1)


@pytest.fixture(scope="module")
def held(ran):
    (folder,) = (ran.folder.parents[1] / "stages" / "books").glob("*")
    return load_books(folder)


def table(ran, member, name):
    return pl.read_parquet(ran.folder / "records" / "ranker" / "ledger" / "a-share" / member / f"{name}.parquet")


MEMBERS = ("seed-1", "persistence", TRADED_EQUALLY)


def test_every_member_and_yardstick_is_there(held):
    assert held.members == MEMBERS
    assert set(held.paths) == {EQUAL_WEIGHT, SMALL_CAPS}
    assert held.benchmark == EQUAL_WEIGHT
    assert len(held.gates["seed-1"]["total_return"]) == 12
    assert len(set(held.gates["seed-1"]["total_return"].tolist())) > 6
    assert held.placebos == "permuted assets"


def test_the_smallest_tenth_is_held_between_two_monthly_decisions(tmp_path):
    monthly = ranker(
        cadence="months",
        source={"name": "stock-world", "assets": 40, "sessions": 400, "seed": 4, "ic": 0.3},
        lookback=2,
        label={"name": "forward-return", "horizon": {"lag": 1, "span": 1}},
        strategy={"name": "rank-and-hold", "names": 4, "days": 1},
        filters=[],
        gates=0,
    )
    run(monthly, out=tmp_path, jobs=1)
    (folder,) = (tmp_path / "stages" / "books").glob("*")
    invested = load_books(folder).invested
    for yardstick in (EQUAL_WEIGHT, SMALL_CAPS):
        bars = invested[yardstick]
        since = bars[np.flatnonzero(bars > 0)[0] :]
        assert (since > 0).mean() > 0.95, yardstick


def test_names_outside_the_universe_are_counted(ran):
    for member in MEMBERS:
        counts = table(ran, member, "book")["outside"]
        (told,) = [m for m in ran.report.measures if m.name == "names_outside" and m.subject["member"] == member]
        assert told.value == pytest.approx(counts.mean())
        assert (counts <= table(ran, member, "book")["count"]).all()
    assert table(ran, "seed-1", "book")["outside"].max() > 0


def test_turnover_of_the_placebos_stands_beside_the_percentile(ran, held, tmp_path):
    columns = next(t for t in ran.report.tables if t.key == "results-a-share").columns
    keys = [column.key for column in columns]
    at = keys.index("total_return_percentile")
    assert keys[at + 1 : at + 3] == ["turnover", "placebo_turnover"]
    (told,) = [m for m in ran.report.measures if m.name == "placebo_turnover"]
    assert told.value == pytest.approx(np.median(held.gates["seed-1"]["turnover"]))
    study = Study.of(ranker(placebo="shuffled scores", rivals=[]))
    said = {"seed-1": load_forecast(ran.folder / "records" / "ranker" / "forecast" / "seed-1")}
    stages = Stages(tmp_path)
    kept = trade_selection(study, study.source.bars(), said, {}, study.markets[0], stages, Beside(), lambda _: None)
    daily = load_books(kept.folder)
    assert daily.placebos == "shuffled scores"
    assert daily.gates["seed-1"]["turnover"].tolist() != held.gates["seed-1"]["turnover"].tolist()


@pytest.mark.parametrize("member", MEMBERS)
def test_positions_are_worth_what_the_book_holds_at_every_close(ran, member):
    book, positions = table(ran, member, "book"), table(ran, member, "positions")
    worth = positions.group_by("time").agg(pl.col("value").sum(), names=pl.len())
    joined = book.join(worth, on="time", how="left").fill_null(0.0)
    np.testing.assert_allclose(joined["value"], joined["holdings"], atol=MONEY)
    assert joined["names"].to_list() == joined["quantity"].cast(pl.Int64).to_list()
    np.testing.assert_allclose(book["cash"] + book["holdings"], book["equity"], atol=MONEY)


@pytest.mark.parametrize("member", MEMBERS)
def test_cash_is_what_fills_and_actions_left_of_the_capital(ran, member):
    fills, actions, book = (table(ran, member, name) for name in ("fills", "actions", "book"))
    paid = fills.select(pl.sum_horizontal("commission", "stamp_duty", "transfer_fee")).to_series()
    signed = np.where(fills["side"] == "buy", -1.0, 1.0) * fills["value"].to_numpy()
    cash = 1_000_000.0 + float(signed.sum()) - float(paid.sum()) + float(actions["cash"].sum())
    assert cash == pytest.approx(book["cash"][-1], abs=0.005)


def test_orders_rest_on_the_scores_of_their_own_close(ran):
    given = table(ran, "seed-1", "orders")
    assert (given["decided"] < given["time"]).all()
    said = load_forecast(ran.folder / "records" / "ranker" / "forecast" / "seed-1").frame
    joined = given.join(said, left_on=["decided", "asset"], right_on=["time", "asset"], how="left", suffix="_said")
    scored = joined.filter(pl.col("score").is_finite())
    assert scored.height > 50
    np.testing.assert_array_equal(scored["score"], scored["score_said"])
    best = given.filter(pl.col("reason") == "among the best ranked")
    assert best["rank"].max() <= 4
    assert best["rank"].min() == 1


def test_a_filtered_share_is_neither_bought_nor_counted(ran):
    bars = StockWorld(**{k: v for k, v in ranker()["source"].items() if k != "name"}).bars()
    risky = bars.frame.filter(pl.col("at_risk")).select("time", "asset")
    bought = table(ran, "seed-1", "orders").filter(pl.col("side") == "buy")
    assert risky.height > 0
    assert bought.join(risky, left_on=["decided", "asset"], right_on=["time", "asset"], how="inner").height == 0
    assert (bought["scored"] <= len(bars.assets)).all()


def test_measures_are_of_the_tables(ran, held):
    def value(name):
        return next(
            m.value
            for m in ran.report.measures
            if m.name == name and m.subject.get("member") == "seed-1" and "market" in m.subject
        )

    positions, book = table(ran, "seed-1", "positions"), table(ran, "seed-1", "book")
    assert value("largest_weight") == positions["weight"].max()
    assert value("total_return") == pytest.approx(book["equity"][-1] / 1e6 - 1)
    assert value("total_return_before_costs") > value("total_return_before_fees") > value("total_return")
    worse = sum(r < value("total_return") for r in held.gates["seed-1"]["total_return"])
    assert value("total_return_percentile") == pytest.approx(worse / 12)
    assert any(m.name == "information_ratio" and m.subject["member"] == "seed-1" for m in ran.report.measures)


def test_ranks_are_among_the_universe_of_their_close(ran):
    """One set everywhere: holdings, orders and tomorrow's orders rank among the names that the rules left."""
    positions, orders_ = table(ran, "seed-1", "positions"), table(ran, "seed-1", "orders")
    known = orders_.filter(pl.col("rank") > 0).select("asset", pl.col("decided").alias("time"), "rank", "scored")
    both = positions.filter(pl.col("rank") > 0).join(known, on=["time", "asset"], how="inner", suffix="_order")
    assert both.height > 5
    assert both["rank"].to_list() == both["rank_order"].to_list()
    assert both["scored"].to_list() == both["scored_order"].to_list()
    assert positions.filter(pl.col("score") == -np.inf)["rank"].unique().to_list() == [0]
    assert positions["scored"].max() < 24  # some are always under risk warning or not trading
    (shown,) = [t for t in ran.report.tables if t.key == "held-a-share"]
    assert all(row["rank"] is None or 1 <= row["rank"] <= row["scored"] for row in shown.rows)
    assert any(row["rank"] is None for row in shown.rows)


def test_candles_stand_bar_by_bar_and_say_which_part_is_drawn(ran, held):
    drawn = [f for f in ran.report.figures if any(s.kind == "candle" for s in f.series)]
    assert drawn
    for figure in drawn:
        bars = next(s for s in figure.series if s.kind == "candle").data["x"]
        times = [str(t)[:10] for t in held.times]
        at = times.index(bars[0])
        assert list(bars) == times[at : at + len(bars)]  # every bar of the market, traded or not
        assert f"All {len(times)} judged bars, {times[0]} to {times[-1]}" in figure.caption.en


def test_the_split_draws_every_drop_with_its_count(ran):
    (figure,) = [f for f in ran.report.figures if f.key == "split"]
    parts = [(r["part"], r["count"]) for r in figure.graph["ranges"]]
    assert [part for part, _ in parts] == ["train", "purge", "test"]
    (data,) = [t for t in ran.report.tables if t.key == "windows"]
    assert dict(parts) == {name: data.rows[0]["purged" if name == "purge" else name] for name, _ in parts}
    assert dict(parts)["purge"] > 0
    assert f"{dict(parts)['purge']} anchors are purged" in figure.caption.en


def test_the_page_shows_the_book(ran):
    keys = {figure.key for figure in ran.report.figures}
    kinds = {series.kind for figure in ran.report.figures for series in figure.series}
    assert {f"p{n}" for n in (2, 3, 4, 5, 6, 9)} <= keys
    assert "candle" in kinds
    assert {"held-a-share", "next-a-share", "universe-a-share", "results-a-share"} <= {t.key for t in ran.report.tables}
    (removed,) = [table for table in ran.report.tables if table.key == "universe-a-share"]
    assert removed.rows
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in row["rule"]["zh"]) for row in removed.rows)
    assert ran.page.stat().st_size < 2_000_000


def test_every_rule_of_a_universe_has_words():
    assert set(UNIVERSE_WORDS) == set(entries("universe"))


def test_the_same_again_computes_nothing(ran):
    again = run(ranker(), out=ran.folder.parents[1], jobs=1)
    assert again.computed == 0
    assert again.report == ran.report


def test_explain_tells_a_fill_with_its_cash_and_rules(ran):
    fill = (
        table(ran, "seed-1", "orders")
        .filter((pl.col("outcome") == "filled") & (pl.col("side") == "sell"))
        .row(0, named=True)
    )
    told = explain(ran.folder, fill["asset"], str(fill["decided"].date()))
    values = {line.what: line.value for line in told.lines}
    assert "worst ranked of what may be sold" in values["order (a-share, seed-1)"] or any(
        "worst ranked of what may be sold" in line.value for line in told.lines
    )
    cash = next(line.value for line in told.lines if line.what == "fill (a-share, seed-1)")
    fees = fill["commission"] + fill["stamp_duty"] + fill["transfer_fee"]
    before = fill["cash_after"] - fill["filled"] * fill["price"] + fees
    assert f"cash {before:,.2f} → {fill['cash_after']:,.2f}" in cash
    assert "1996-12-16" in values["rule: price limit, main board"] or "price limit" in " ".join(values)
    assert any(line.what.startswith("rule: stamp duty on sales") for line in told.lines)


def test_explain_tells_why_an_order_was_not_filled(ran):
    missed = table(ran, "seed-1", "orders").filter(pl.col("outcome") != "filled").row(0, named=True)
    told = explain(ran.folder, missed["asset"], str(missed["decided"].date()))
    line = next(line for line in told.lines if line.what.startswith("not filled"))
    assert missed["outcome"] in line.value
    later = explain(ran.folder, missed["asset"], str(missed["time"].date()), member="seed-1")
    assert any(line.what.startswith("not filled") for line in later.lines)


def test_explain_says_that_nothing_was_ordered_and_refuses_an_unknown_member(ran):
    book = table(ran, "seed-1", "book")
    day = book["time"][5]
    given = table(ran, "seed-1", "orders").filter(pl.col("decided") == day)["asset"].to_list()
    bars = pl.read_parquet(ran.folder / "records" / "ranker" / "bars" / "bars.parquet")
    quiet = bars.filter((pl.col("time") == day) & ~pl.col("asset").is_in(given))["asset"][0]
    told = explain(ran.folder, quiet, str(day.date()))
    assert any("none was given" in line.value for line in told.lines)
    with pytest.raises(UnknownNameError, match="persistence"):
        explain(ran.folder, quiet, str(day.date()), member="persistance")


def test_tomorrows_orders_are_those_of_the_last_close(ran):
    told = orders(ran.folder)
    assert told.member == "seed-1"
    close = Study.of(ranker()).source.bars().times[-1]
    assert told.decided == str(close)[:10]
    assert told.frame.height == table(ran, "seed-1", "next").height > 0
    assert set(told.frame["decided"].to_list()) == {close.item()}
    last = table(ran, "seed-1", "orders")["decided"].max()
    assert last < told.frame["decided"][0]
    best = told.frame.filter(pl.col("side") == "buy")
    assert (best["quantity"] * best["reference_price"]).sum() <= 1.01 * told.cash


def test_equal_weight_without_costs_differs_from_the_traded_one_by_costs_alone(held):
    """Each trades on the same bars: what the costless one is ahead is what the other has paid by then, and its growth."""
    free, book = held.equity(EQUAL_WEIGHT), held.ledgers[TRADED_EQUALLY].book
    paid = np.cumsum(sum(costs_of(held.ledgers[TRADED_EQUALLY]).values()))
    ahead = free - book["equity"].to_numpy()
    assert paid[-1] > 1_000
    growth = free / free[0]
    np.testing.assert_allclose(ahead, paid, atol=0.25 * paid[-1] * growth.max())
    worst = np.abs(np.diff(free / book["equity"].to_numpy()))
    quiet = np.flatnonzero(np.diff(paid) == 0)
    assert quiet.size > len(paid) / 2
    assert worst[quiet].max() < 5e-4
    np.testing.assert_allclose(held.exposure(EQUAL_WEIGHT), held.exposure(TRADED_EQUALLY), atol=0.02)


def gated(gate, tmp_path):
    """The ranker behind a gate, on its own forecasts: books by member."""
    study = Study.of(ranker(strategy={"name": "gated", "inner": ranker()["strategy"], "days": 3}, gates=0))
    bars = study.source.bars()
    forecasts = {"seed-1": gated.forecast}
    times = bars.times
    table_of = pl.DataFrame({"time": times, "open": np.full(len(times), gate)})
    kept = trade_selection(
        study,
        bars,
        forecasts,
        {"seed-1": "x"},
        study.markets[0],
        Stages(tmp_path),
        Beside(gate=table_of),
        lambda _: None,
    )
    return load_books(kept.folder)


def test_a_gate_that_is_always_open_changes_nothing_and_a_closed_one_leaves_cash(ran, tmp_path):
    gated.forecast = load_forecast(ran.folder / "records" / "ranker" / "forecast" / "seed-1")
    books = gated(1.0, tmp_path / "open")
    assert books.ledgers["seed-1"].book.equals(books.ledgers[UNGATED].book)
    assert books.ledgers["seed-1"].fills.height > 0
    shut = gated(0.0, tmp_path / "shut")
    assert shut.ledgers["seed-1"].fills.height == 0
    assert set(shut.equity("seed-1").tolist()) == {1_000_000.0}
    assert shut.ledgers[UNGATED].book.equals(books.ledgers[UNGATED].book)


def test_the_corridor_over_many_assets_knows_nothing_later():
    """Bars, universe, ends of listing and the gate all have another future; some listings have ended before it."""
    study = Study.of(ranker(gates=0, rivals=[], strategy={"name": "gated", "inner": ranker()["strategy"], "days": 3}))
    bars, known = study.source.bars(), study.source.instruments()
    gone = dict(zip(bars.assets[:4], bars.times[[100, 115, 129, 150]].astype("datetime64[D]").tolist(), strict=True))
    table = known.frame.with_columns(
        delisted=pl.Series([gone.get(asset) for asset in known.frame["asset"]], dtype=pl.Date)
    )
    for asset, last in gone.items():
        left = bars.frame.filter((pl.col("asset") != asset) | (pl.col("session") <= last))
        bars = Bars.of(left, bars.spec)
    gate = pl.DataFrame({"time": bars.times, "open": np.where(np.arange(len(bars.times)) % 11 < 8, 1.0, 0.0)})
    beside = Beside(instruments=Instruments.of(table), gate=gate)
    whole, cut = pass_through(study, bars, beside), bars.times[len(bars.times) * 3 // 4]
    other = pass_through(study, bars, other_beside(beside, bars, cut, seed=0))
    books = [frames["book a-share seed-1"] for frames in (whole.frames, other.frames)]
    ended = [(frame["holdings"] > 0).sum() for frame in books]
    assert books[0].filter(pl.col("time") <= cut).equals(books[1].filter(pl.col("time") <= cut))
    assert not books[0].equals(books[1])
    assert min(ended) > 20
    assert check_corridor(study, bars, beside=beside) == 2


def test_a_gate_is_another_timing_of_the_same_run_and_frequency():
    one = Study.of(ranker(gate="clock", strategy={"name": "gated", "inner": ranker()["strategy"]}))
    with pytest.raises(UnknownNameError, match="gate 'clock'"):
        Reproduction("r", one.title, one.title, (one,), "ranker")
    clock = Study.of(small(name="clock"))
    Reproduction("r", one.title, one.title, (one, clock), "ranker")
    bars = {"ranker": one.source.bars(), "clock": clock.source.bars()}
    studies = {"ranker": one, "clock": clock.but(strategy=None, markets=(), gates=0)}
    with pytest.raises(SettingError, match="timing strategy"):
        beside_of(one, bars, studies, {"clock": []})


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"gate": "x"}, "gate is for strategies over many assets"),
        ({"filters": [{"name": "trading"}]}, "filters is for strategies over many assets"),
        ({"execution": {"participation": 0.1}}, "execution is for strategies over many assets"),
    ],
)
def test_what_only_a_selection_has_is_refused_for_a_timing(changes, told):
    with pytest.raises(SettingError, match=told):
        Study.of({**small(), **changes})


def test_the_page_tells_tomorrows_reasons_in_chinese(ran):
    told = next(table for table in ran.report.tables if table.key == "next-a-share")
    assert {row["reason"]["zh"] for row in told.rows} <= {"排名靠前", "可卖持仓中排名最低"}


def test_of_many_orders_the_page_has_the_largest_and_says_so(ran, monkeypatch):
    lead = ran.findings[ran.findings.lead]
    held = lead.books["a-share"]
    whole = next(table for table in ran.report.tables if table.key == "next-a-share")
    assert len(whole.rows) > 2
    assert "largest" not in whole.note.en
    monkeypatch.setattr(selected_tables, "_ORDERS", 2)
    cut = selected_tables._next_table("a-share", lead, held)
    assert sorted(row["value"] for row in cut.rows) == sorted(row["value"] for row in whole.rows)[-2:]
    assert f"Of {len(whole.rows)} orders, the 2 largest are here." in cut.note.en


def test_without_a_known_volume_nothing_is_said_of_larger_money(ran, tmp_path):
    study = Study.of(ranker(gates=0, rivals=[], filters=[]))
    bars = study.source.bars()
    unknown = Bars.of(bars.frame, bars.spec.but(volume_unit="as printed"))
    said = {"seed-1": load_forecast(ran.folder / "records" / "ranker" / "forecast" / "seed-1")}
    stages = Stages(tmp_path)
    kept = trade_selection(study, unknown, said, {}, study.markets[0], stages, Beside(), lambda _: None)
    books = load_books(kept.folder)
    assert books.decided("capacity") is None
    assert any("larger money" in stamp for stamp in books.stamps)
    assert any("更大资金" in stamp_text(stamp).zh for stamp in books.stamps)


def test_a_strategy_that_ignores_its_gate_is_refused(ran, tmp_path):
    study = Study.of(ranker(gates=0))
    bars = study.source.bars()
    gate = Beside(gate=pl.DataFrame({"time": bars.times, "open": np.ones(len(bars.times))}))
    said = load_forecast(ran.folder / "records" / "ranker" / "forecast" / "seed-1")
    with pytest.raises(SettingError, match="does not look at a gate"):
        trade_selection(study, bars, {"seed-1": said}, {}, study.markets[0], Stages(tmp_path), gate, lambda _: None)


def test_the_version_of_the_rules_is_told(ran):
    assert ran.report.provenance["environment"]["rules"] == rules_version()
    held = json.loads((ran.folder / "environment.json").read_text(encoding="utf-8"))
    assert held["rules"] == rules_version()


def test_a_declaration_survives_its_document(ran):
    held = json.loads((ran.folder / "study.json").read_text(encoding="utf-8"))
    assert Study.of(held["studies"][0]) == Study.of(ranker())


def test_an_index_that_begins_too_late_is_refused(ran, tmp_path):
    study = Study.of(ranker(gates=0))
    bars = study.source.bars()
    late = bars.frame.filter((pl.col("asset") == bars.assets[0]) & (pl.col("time") >= bars.times[-5]))
    beside = Beside(index=Bars.of(late, bars.spec))
    said = load_forecast(ran.folder / "records" / "ranker" / "forecast" / "seed-1")
    with pytest.raises(DataError, match="begins after the first judged bar"):
        trade_selection(study, bars, {"seed-1": said}, {}, study.markets[0], Stages(tmp_path), beside, lambda _: None)


def test_a_timing_of_the_same_run_gates_a_selection(tmp_path):
    source = ranker()["source"]
    clock = Study.of(small(
        name="clock", source=source, universe=["000001.SZ"], model={"name": "linear"}, training=None, seeds=[1],
        rivals=[], markets=[{"name": "a-share"}], gates=0, split={"name": "share-split", "train": 0.5},
    ))  # fmt: skip
    inner = ranker()["strategy"]
    one = Study.of(ranker(gate="clock", strategy={"name": "gated", "inner": inner, "days": 3}, gates=0, rivals=[]))
    ran = run(Reproduction("both", one.title, one.title, (clock, one), "ranker"), out=tmp_path, jobs=1)
    place = ran.folder / "records" / "ranker"
    gate = pl.read_parquet(place / "decisions" / "a-share" / "gate.parquet")
    wanted = pl.read_parquet(ran.folder / "records" / "clock" / "decisions" / "a-share" / "wanted.parquet")
    joined = gate.join(wanted, on="time", how="inner")
    assert joined.height > 30
    assert joined["gate"].to_list() == joined["seed-1"].to_list()
    assert set(joined["gate"].to_list()) == {0.0, 1.0}
    orders_ = pl.read_parquet(place / "ledger" / "a-share" / "seed-1" / "orders.parquet")
    shut = gate.filter(pl.col("gate").fill_nan(0.0) <= 0)["time"].to_list()
    assert orders_.filter(pl.col("decided").is_in(shut) & (pl.col("side") == "buy")).height == 0
    assert orders_.filter(pl.col("side") == "buy").height > 0
    assert (place / "ledger" / "a-share" / UNGATED / "book.parquet").is_file()


def test_a_gate_that_speaks_of_other_dates_is_refused():
    days = np.datetime64("2001-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
    gate = Beside(gate=pl.DataFrame({"time": days, "open": [1.0, 0.0, 1.0]}))
    assert gate.gate_on(days).tolist() == [1.0, 0.0, 1.0]
    later = np.append(days, days[-1] + np.timedelta64(1, "D"))
    assert np.isnan(gate.gate_on(later)[-1])
    with pytest.raises(DataError, match="says nothing"):
        gate.gate_on(later[-1:])
