"""The last rooms of a walk: forecasts → universe, decisions, fills and books, in every market of the study.

They are the strategy, universe, exchange and ledger of a run, without the yardsticks that a run puts beside them.
"""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.auditing.changes import WHEN, Room
from tidegate.auditing.ground import Ground
from tidegate.backtest.ledgers import ledger
from tidegate.backtest.portfolio import Signals, run_portfolio
from tidegate.market.base import Market
from tidegate.market.universe import Universe
from tidegate.strategy.base import Timing
from tidegate.strategy.selection import Selection
from tidegate.study.bar_trading import trade_within_bars, trades_within_bars
from tidegate.study.book_frames import book_frames
from tidegate.study.books import load_books
from tidegate.study.selecting import scores_on
from tidegate.study.stages import Stages
from tidegate.study.trading import judged_bars
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.report import Text

__all__ = ["nothing_traded", "on_one_asset", "traded"]

_DECIDED = ("asset", "side", "quantity", "at", "reason", "score", "rank")
"""What a selection's order holds when it is given, before anything becomes of it."""
_Traded = tuple[tuple[Room, ...], dict[str, float]]


def traded(ground: Ground, forecasts: dict[str, Forecast], members: int = 2) -> _Traded:
    """Universe, decisions, fills and books of the first `members` in each market, and their returns by (market, member).

    A timing trades one asset: that of which something is forecast first.
    """
    study = ground.study.but(gates=0)
    said = dict(list(forecasts.items())[:members])
    rooms: list[Room] = []
    earned: dict[str, float] = {}
    for market in study.markets if study.strategy is not None and said else ():
        within = trades_within_bars(study, market)  # such a rule may be a selection as well, in a market of shares
        if isinstance(study.strategy, Selection) and not within:
            made = _selected(ground, said, market)
        else:
            bars, own = on_one_asset(ground.bars, said)
            if within:
                made = _within_bars(Ground(study, bars, ground.reported, ground.beside, ground.whole), own, market)
            else:
                made = _timed(ground, bars, own, market)
        rooms += made[0]
        earned |= made[1]
    return tuple(rooms), earned


def on_one_asset(bars: Bars, forecasts: dict[str, Forecast]) -> tuple[Bars, dict[str, Forecast]]:
    """Bars and forecasts of the asset that is spoken of first; as they are where there is but one."""
    if len(bars.assets) == 1:
        return bars, forecasts
    spoken = pl.concat(one.frame.select("time", "asset") for one in forecasts.values())
    asset = pl.col("asset") == spoken.sort("time", "asset")["asset"][0]
    own = {
        member: Forecast.of(one.frame.filter(asset), one.horizon, one.unit, one.fingerprints)
        for member, one in forecasts.items()
    }
    return Bars.of(bars.frame.filter(asset), bars.spec), own


def _rooms(title: str, decided: pl.DataFrame, fills: pl.DataFrame, book: pl.DataFrame) -> list[Room]:
    """What one member did in one market."""
    keys, when = ("time", "asset") if "asset" in decided.columns else ("time",), pl.col("time").alias(WHEN)
    at_open = (
        pl.col("at") == "open" if "at" in fills.columns else pl.lit(value=True)
    )  # others are filled later that day
    return [
        Room(f"decisions of {title}", decided, keys, ordered=True),
        Room(f"fills of {title}", fills.filter(at_open).with_columns(when), ("time",), at_open=True, ordered=True),
        Room(f"fills after the open of {title}", fills.filter(~at_open).with_columns(when), ("time",), ordered=True),
        Room(f"book of {title}", book.with_columns(when), ("time",)),
    ]


def _timed(ground: Ground, bars: Bars, said: dict[str, Forecast], market: Market) -> _Traded:
    """A timing: exposures of all members at once, then each one's ledger."""
    strategy, capital = ground.study.strategy, ground.study.capital
    assert isinstance(strategy, Timing)
    judged = judged_bars(bars, said)
    wanted = strategy.exposures(judged.scores)
    conditions = market.conditions(judged.seen, bars.assets[0]).between(judged.first, len(judged.seen.times))
    rooms, earned = [], {}
    for place, member in enumerate(said):
        made, title = ledger(wanted[place], conditions, capital, bars.assets[0]), f"{member} in {market.name}"
        decided = pl.DataFrame({WHEN: judged.times, "time": judged.times, "exposure": wanted[place]})
        rooms += _rooms(title, decided, made.fills, made.book)
        earned[title] = float(made.book["equity"][-1] / capital - 1)
    return tuple(rooms), earned


def _selected(ground: Ground, said: dict[str, Forecast], market: Market) -> _Traded:
    """A selection: who may be chosen after each close, and each member's book."""
    study, beside = ground.study, ground.beside
    assert isinstance(study.strategy, Selection)
    when = np.concatenate([one.frame["time"].to_numpy() for one in said.values()]).astype("datetime64[us]")
    seen = ground.bars.upto(when.max())
    whole = market.exchange(seen, instruments=beside.instruments)
    exchange = whole.between(int(np.searchsorted(whole.times, when.min())), len(whole))
    rooms, earned = [], {}
    among = np.ones((len(exchange), len(exchange.assets)), dtype=bool)
    if study.filters:
        chosen = Universe(rules=study.filters).of_bars(seen, beside.instruments)
        rows, columns = np.nonzero(chosen.mask)
        times = chosen.times[rows]
        names = np.array(chosen.assets, dtype=object)[columns].astype(str)
        rooms.append(Room("universe", pl.DataFrame({WHEN: times, "time": times, "asset": names}), ("time", "asset")))
        places = {asset: place for place, asset in enumerate(chosen.assets)}
        own = [places[asset] for asset in exchange.assets]
        among = chosen.mask[np.searchsorted(chosen.times, exchange.times)][:, own]
    gate = beside.gate_on(exchange.times)
    for member, forecast in said.items():
        title = f"{member} in {market.name}"
        score = np.where(among, scores_on(forecast, exchange, study.reads), -np.inf)
        made = run_portfolio(study.strategy, Signals(score=score, gate=gate), exchange, study.capital, study.execution)
        frames = book_frames(made, score)
        decided = pl.col("decided")
        orders = frames["orders"].select(decided.alias(WHEN), decided.alias("time"), *_DECIDED)
        rooms += _rooms(title, orders, frames["fills"], frames["book"])
        earned[title] = float(made.equity[-1] / study.capital - 1)
    return tuple(rooms), earned


def _within_bars(ground: Ground, said: dict[str, Forecast], market: Market) -> _Traded:
    """Trades within bars: prices that each next open is held against, and each member's book."""
    rooms, earned, keys = [], {}, {member: member for member in said}
    with tempfile.TemporaryDirectory() as place:
        kept = trade_within_bars(ground.study, ground.bars, said, keys, market, Stages(Path(place)))
        books = load_books(kept.folder)
        wishes = books.decided("wishes")
        assert wishes is not None
        for member in said:
            title = f"{member} in {market.name}"
            decided = wishes.filter(pl.col("member") == member).select(
                pl.col("time").alias(WHEN), pl.all().exclude("member")
            )
            # what leaves at a bar's close is not known at its open
            fills = books.ledgers[member].fills.unique("trip", keep="first", maintain_order=True)
            rooms += _rooms(title, decided, fills, books.ledgers[member].book)
            earned[title] = float(books.equity(member)[-1] / books.capital - 1)
    return tuple(rooms), earned


def nothing_traded() -> Text:
    """Why there is nothing to say."""
    return Text(en="this study forecasts only: nothing is traded", zh="该研究只做预测，没有交易")
