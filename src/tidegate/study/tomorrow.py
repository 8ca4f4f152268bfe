"""What the strategy of a frozen run would order after a day's close, from holdings that somebody has.

The strategy is asked in its plain form, which is the reference of its compiled one, with the view that the market loop
would give it: last closes as the exchange knows them, holdings since the bars in which they were last bought, cash.
Nothing is filled.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Portfolio, Signals, make_tape, view_of
from tidegate.backtest.tape import Account, Tape, new_account
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.market.base import Market
from tidegate.market.exchange import Exchange
from tidegate.market.instruments import Instruments
from tidegate.market.universe import Universe
from tidegate.strategy.orders import ORDER_COLUMNS
from tidegate.strategy.selection import Selection
from tidegate.study.bar_trading import trades_within_bars
from tidegate.study.book_frames import next_frame
from tidegate.study.declare import Study
from tidegate.study.ordering import NextOrders, laid_out
from tidegate.study.predicting import Predicted
from tidegate.study.selecting import scores_on
from tidegate.types.axes import FloatArray

__all__ = ["Holdings", "orders_after", "read_holdings"]

_COLUMNS: dict[str, type[pl.DataType]] = {"asset": pl.String, "quantity": pl.Int64, "bought": pl.Date}
_CENTS = 100


class Holdings(NamedTuple):
    """What is held after a close: a frame of asset, quantity and the day last bought (null: long ago), and cash."""

    frame: pl.DataFrame
    cash: float

    @classmethod
    def of(cls, frame: pl.DataFrame, cash: float, where: object = None) -> "Holdings":
        """Check a frame of asset, quantity and, where known, bought.

        Errors
            `DataError` for columns that are not these, an asset twice, a quantity that is no whole number above zero,
            or cash below zero.
        """
        lost = [name for name in ("asset", "quantity") if name not in frame.columns]
        more = [name for name in frame.columns if name not in _COLUMNS]
        if lost or more:
            raise DataError("these are no holdings", where=where, expected=list(_COLUMNS), found=frame.columns)
        whole = frame if "bought" in frame.columns else frame.with_columns(bought=pl.lit(None, pl.Date))
        try:
            if whole["bought"].dtype == pl.String:
                whole = whole.with_columns(pl.col("bought").str.to_date())
            cast = whole.select(pl.col(name).cast(kind) for name, kind in _COLUMNS.items())
        except pl.exceptions.PolarsError as error:
            found = str(error).splitlines()[0][:120]
            raise DataError("these are no holdings", where=where, expected=_COLUMNS, found=found) from error
        bad = cast.filter(pl.col("asset").is_null() | pl.col("quantity").is_null() | (pl.col("quantity") <= 0))
        if bad.height:
            row = bad.row(0, named=True)
            raise DataError("a holding is a whole number of shares above zero", where=where, found=row)
        twice = cast.filter(pl.col("asset").is_duplicated())
        if twice.height:
            raise DataError("an asset is held twice", where=where, found=twice["asset"][0], hint="add its rows up")
        if not cash >= 0:
            raise DataError("cash is below zero", where=where, found=cash)
        return cls(cast, cash)


def read_holdings(path: Path, cash: float) -> Holdings:
    """Read a CSV file of holdings (see `Holdings.of`); raises `DataError`."""
    try:
        frame = pl.read_csv(path, schema_overrides={"asset": pl.String}, try_parse_dates=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError("the holdings cannot be read", where=path, found=str(error).splitlines()[0][:120]) from error
    return Holdings.of(frame, cash, path)


def orders_after(
    said: Predicted, *, market: str | None = None, holdings: Holdings | None = None, gate: float | None = None
) -> NextOrders:
    """Orders for the bar after a predicted day: of a book under way with `holdings`, or of one that begins then.

    A book that begins has the study's capital and nothing else, and is in its first bar. One with holdings is taken to
    be past its first days. `gate` is what a gated strategy is told of its gate: above 0 is open.

    Known at
        CLOSE of the predicted day.
    Errors
        `SettingError` where the study trades no selection, or its gate is not told; `UnknownNameError` for a market;
        `DataError` for a holding that the last bars do not know, or bought after the day.
    """
    study = said.frozen.study
    strategy = study.strategy
    if not isinstance(strategy, Selection) or any(trades_within_bars(study, one) for one in study.markets):
        raise SettingError(
            "only a selection over many assets gives orders for the next bar",
            where=f"study {study.name}",
            found=None if strategy is None else strategy.name,
            hint="leave the orders out: the ranking stands by itself",
        )
    if "gate" in strategy.reads() and gate is None:
        raise SettingError(
            "a gated strategy must be told what its gate says after that close",
            where=f"study {study.name}",
            expected="open or shut",
            hint=f"predict the study {study.gate!r} for the same day, and say --gate open or --gate shut",
        )
    where = _market(study, market)
    exchange, score = _laid_out(said, where)
    if holdings is None:
        last = len(exchange) - 1
        exchange, score = exchange.between(last, last + 1), score[last:]
    signals = Signals(score=score, gate=None if gate is None else np.full(len(exchange), gate))
    tape = make_tape(strategy, signals, exchange, study.execution)
    cash = study.capital if holdings is None else holdings.cash
    account = new_account(tape, round(cash * _CENTS) * (exchange.money_scale // _CENTS), len(exchange.actions.bar))
    if holdings is not None:
        _take_over(account, tape, exchange, holdings)
    last = len(exchange) - 1
    orders = strategy.decide(view_of(tape, account, exchange, last))
    for place, order in enumerate(orders):
        account.queue[place, :ORDER_COLUMNS] = order
    account.purse[t_.QUEUED] = len(orders)
    book = Portfolio(exchange, account, cash, strategy.words())
    frame = laid_out(next_frame(book, score), study.name, where.name, said.member, said.run)
    return NextOrders(
        study=study.name,
        market=where.name,
        member=said.member,
        decided=said.day,
        run=said.run,
        cash=cash,
        stamps=(
            "What the strategy would do, without having been filled before: no advice to buy or sell anything.",
            "Reference prices are the last closes; whether and at what price an order would be filled is not known.",
            *exchange.stamps,
        ),
        frame=frame,
    )


def _market(study: Study, named: str | None) -> Market:
    markets = {one.name: one for one in study.markets}
    if named is None:
        return study.markets[-1]
    if named not in markets:
        raise UnknownNameError.among("market", named, markets, where=f"study {study.name}")
    return markets[named]


def _laid_out(said: Predicted, market: Market) -> tuple[Exchange, FloatArray]:
    """The exchange of the last bars, and the day's scores on it: -inf outside the universe, NaN before the day."""
    study, recent = said.frozen.study, said.recent
    bars = replace(recent.near, frame=recent.near.frame.filter(pl.col("time") >= recent.times[-recent.labels :].min()))
    told = _known(said.instruments, recent.listed)
    exchange = market.exchange(bars, instruments=said.instruments)
    score = scores_on(said.forecast, exchange, study.reads)
    if study.filters:
        chosen = Universe(rules=study.filters).of_bars(bars, told)
        places = {asset: place for place, asset in enumerate(chosen.assets)}
        kept = chosen.mask[-1][[places[asset] for asset in exchange.assets]]
        score[-1] = np.where(kept, score[-1], -np.inf)
    return exchange, score


def _known(instruments: Instruments | None, listed: pl.DataFrame) -> Instruments:
    """Instruments that know of each asset's first bar, which the last bars alone do not tell."""
    if instruments is None:
        return Instruments.of(listed)
    held = instruments.frame.join(listed.rename({"listed": "first"}), on="asset", how="full", coalesce=True)
    return Instruments.of(held.with_columns(listed=pl.min_horizontal("listed", "first")).drop("first"))


def _take_over(account: Account, tape: Tape, exchange: Exchange, holdings: Holdings) -> None:
    """Write holdings into an account as the loop would have left them after the last bar."""
    places = {asset: place for place, asset in enumerate(exchange.assets)}
    days, last = exchange.times.astype("datetime64[D]"), len(exchange) - 1
    equity = int(account.purse[t_.CASH])
    for count, (asset, quantity, bought) in enumerate(holdings.frame.iter_rows()):
        place = places.get(asset, -1)
        traded = np.flatnonzero(exchange.close[:, place] > 0) if place >= 0 else np.zeros(0, dtype=np.int64)
        if not traded.size:
            raise DataError(
                "a holding has no price in the last bars", found=asset, where=f"{days[0]} … {days[-1]}",
                expected="a bar there", hint="check its code; one that is suspended for longer: leave it out",
            )  # fmt: skip
        if bought is not None and np.datetime64(bought, "D") > days[last]:
            raise DataError("a holding was bought after that day", found=f"{asset}, {bought}", expected=days[last])
        account.shares[place], account.since[place] = quantity, _bar_of(bought, days)
        account.mark[place], account.held[count] = exchange.close[traded[-1], place], place
        equity += quantity * int(account.mark[place]) * int(tape.tick_value[place])
    account.purse[t_.COUNT], account.purse[t_.EQUITY] = holdings.frame.height, equity


def _bar_of(bought: date | None, days: "np.ndarray[tuple[int], np.dtype[np.datetime64]]") -> int:
    """The bar of a purchase: the first one for what was bought before, or nobody knows when."""
    return 0 if bought is None else max(int(np.searchsorted(days, np.datetime64(bought, "D"), side="right")) - 1, 0)
