"""The script that holds a ledger against raw rows: it passes a true ledger, and catches every kind of forged one."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from parts.raw_market import raw_of
from parts.replay import RULES, Rules, check
from tidegate.backtest.portfolio import Execution, Signals, run_portfolio
from tidegate.data.stock_world import StockWorld
from tidegate.market.a_share import AShare
from tidegate.market.impossible_fills import ImpossibleFills
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.study.book_frames import book_frames

WORLD = StockWorld(assets=60, sessions=260, seed=5, ic=0.3)
HELD = RankAndHold(names=5, days=5, sell_at="close")
MARKET = AShare(commission=0.0003, slippage_ticks=1)
CAPITAL, SHARE = 2e7, 0.025
RULES_OF_BOOK = Rules(
    5, 5, at_least=True, cap=0.2, spend=1.5, participation=SHARE, commission=0.0003, minimum=5.0, slippage=1
)


@pytest.fixture(scope="module")
def raw():
    """The synthetic market as a vendor would write it."""
    frame = WORLD.bars().frame
    cents = [
        (pl.col(name) * 100).round().cast(pl.Int64).alias(f"{name}_cents")
        for name in ("open", "high", "low", "close", "preclose")
    ]
    daily = frame.select(
        pl.col("asset").alias("symbol"),
        pl.col("session").alias("date"),
        *cents,
        pl.col("volume").cast(pl.Int64),
        pl.col("at_risk").alias("is_st"),
    )
    return raw_of(daily, WORLD.instruments().frame.select("asset", "listed", "delisted"))


def ledger_of(market, strategy=HELD, share=SHARE):
    """A book on the signal of the world, which every share's own turnover tells."""
    bars = WORLD.bars()
    exchange = market.exchange(bars, instruments=WORLD.instruments())
    column = [WORLD.codes().index(asset) for asset in exchange.assets]
    score = np.ascontiguousarray(WORLD.signals()[:, column])
    book = run_portfolio(strategy, Signals(score=score, gate=None), exchange, CAPITAL, Execution(participation=share))
    frames = book_frames(book, score)
    return {name: frames[name] for name in ("orders", "fills", "book", "actions")}


@pytest.fixture(scope="module")
def ledger():
    return ledger_of(MARKET)


def broken(found):
    return {rule for rule, count in found.broken.items() if count}


def test_a_true_ledger_breaks_no_rule_and_every_rule_was_looked_at(raw, ledger):
    found = check(raw, ledger, RULES_OF_BOOK)
    assert found.breaches.rows() == []
    assert set(found.looked) == set(RULES)
    assert min(found.looked.values()) > 5
    assert found.facts["shortest"] >= 5
    assert 0.05 < found.facts["largest"] < 0.3
    assert 1.0 < found.facts["most_spent"] <= 1.5
    refused = set(ledger["orders"]["outcome"])
    assert {"share of volume", "limit down", "suspended"} <= refused


def test_a_book_held_on_average_sells_sooner_and_is_no_book_of_at_least(raw):
    average = ledger_of(MARKET, HELD.but(holding="average"))
    assert check(raw, average, RULES_OF_BOOK._replace(at_least=False)).breaches.rows() == []
    assert broken(check(raw, average, RULES_OF_BOOK)) == {"age"}


def test_impossible_fills_are_caught(raw):
    found = check(raw, ledger_of(ImpossibleFills(inner=MARKET)), RULES_OF_BOOK)
    assert {"suspended", "limit"} <= broken(found)


def test_fills_without_a_cap_on_volume_are_caught(raw):
    assert "volume" in broken(check(raw, ledger_of(MARKET, share=0.0), RULES_OF_BOOK))


@pytest.mark.parametrize(
    ("rule", "tighter"),
    [
        ("age", {"days": 6}),
        ("cap", {"cap": 0.05}),
        ("spend", {"spend": 1.0}),
        ("names", {"names": 4}),
        ("price", {"slippage": 0}),
        ("fees", {"commission": 0.0002}),
    ],
)
def test_a_book_by_other_rules_is_caught(raw, ledger, rule, tighter):
    assert rule in broken(check(raw, ledger, RULES_OF_BOOK._replace(**tighter)))


def forged(ledger, table, where, **columns):
    """The ledger with some columns of one row of a table changed: the first row that `where` holds for."""
    frame = ledger[table].with_row_index("row")
    row = frame.filter(where)["row"][3]
    hit = pl.col("row") == row
    changed = frame.with_columns(
        pl.when(hit).then(value).otherwise(pl.col(name)).cast(frame[name].dtype).alias(name)
        for name, value in columns.items()
    )
    return {**ledger, table: changed.drop("row")}


BUY, SELL = pl.col("side") == "buy", pl.col("side") == "sell"


@pytest.mark.parametrize(
    ("rule", "table", "where", "columns"),
    [
        ("price", "fills", BUY, {"price": pl.col("price") - 0.01}),
        ("lots", "fills", BUY, {"quantity": pl.col("quantity") + 37}),
        ("cash", "fills", SELL, {"quantity": pl.col("quantity") * 2}),
        ("settled", "fills", SELL, {"quantity": pl.col("quantity") * 100}),
        ("lifetime", "fills", BUY, {"time": pl.datetime(1990, 1, 3, time_unit="us")}),
        ("suspended", "fills", BUY, {"asset": pl.lit("600999.SH")}),
        ("fees", "fills", SELL, {"stamp_duty": pl.lit(0.0)}),
        ("volume", "fills", BUY, {"quantity": pl.col("quantity") * 1000}),
        ("action", "actions", pl.col("kind") == "reference price", {"after": pl.col("after") + 100}),
        ("action", "actions", pl.col("kind") == "reference price", {"cash": pl.col("cash") + pl.col("after")}),
        ("cash", "book", pl.col("cash") > 0, {"cash": pl.col("cash") + 1}),
        ("equity", "book", pl.col("cash") > 0, {"equity": pl.col("equity") + 1}),
        ("cap", "orders", BUY, {"quantity": pl.col("quantity") * 100}),
        ("spend", "orders", BUY, {"quantity": pl.col("quantity") * 100}),
    ],
)
def test_a_forged_row_is_caught(raw, ledger, rule, table, where, columns):
    assert rule in broken(check(raw, forged(ledger, table, where, **columns), RULES_OF_BOOK))


def test_an_ex_day_that_was_left_out_is_caught(raw, ledger):
    reference = pl.col("kind") == "reference price"
    assert broken(check(raw, {**ledger, "actions": ledger["actions"].filter(~reference)}, RULES_OF_BOOK)) >= {"action"}


def test_a_sale_moved_to_a_share_that_closed_at_its_lower_limit_is_caught(raw, ledger):
    locked = raw.rows.filter(pl.col("close") <= pl.col("down")).select("date", other="asset")
    fills = ledger["fills"].with_columns(date=pl.col("time").dt.date()).with_row_index("row")
    row, other = fills.filter(SELL).join(locked, on="date").select("row", "other").row(0)
    hit = pl.col("row") == row
    moved = fills.with_columns(asset=pl.when(hit).then(pl.lit(other)).otherwise("asset")).drop("row", "date")
    assert "limit" in broken(check(raw, {**ledger, "fills": moved}, RULES_OF_BOOK))
