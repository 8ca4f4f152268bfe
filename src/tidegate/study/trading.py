"""Forecasts → books: every seed, their ensemble, the rivals and the random gates, in one market, in one call.

A member is whoever decides: ``seed-3``, ``ensemble`` (the mean of the seeds' scores: a model of its own), a rival by
its name, or a rule without a forecast (``buy-and-hold``). All go through the same strategy, broker and costs, from the
first bar that is judged to the last.
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.component import document
from tidegate.files import read_json, write_json
from tidegate.market.base import Market
from tidegate.measures.returns import periods_per_year, sharpe, simple_returns, total_return
from tidegate.strategy.always_in import AlwaysIn
from tidegate.strategy.buy_and_hold import BuyAndHold
from tidegate.strategy.placebo import arrangements, random_gates
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.records import load_ledger, save_ledger, write_frame
from tidegate.study.stages import Kept, Stages
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.ledger import Ledger

__all__ = ["BENCHMARK", "FEW_GATES", "BookSet", "load_books", "trade_study"]

BENCHMARK = "buy-and-hold"
FEW_GATES = 100
"""A gate with fewer different arrangements has no placebos: a percentile among so few says nothing."""


@dataclass(frozen=True)
class BookSet:
    """All members' ledgers in one market, from the first judged bar on.

    `wanted` is each member's exposure as decided after each close ``[T]``; `gates` holds, per network member, the total
    return and the Sharpe ratio of each of its random gates.
    """

    market: Market
    times: TimeArray
    members: tuple[str, ...]
    ledgers: dict[str, Ledger]
    wanted: dict[str, FloatArray]
    capital: float
    stamps: tuple[str, ...]
    gates: dict[str, dict[str, FloatArray]]

    def equity(self, member: str) -> FloatArray:
        """Equity at each close ``[T]``."""
        return self.ledgers[member].book["equity"].to_numpy()


def trade_study(
    study: Study, bars: Bars, forecasts: dict[str, Forecast], keys: dict[str, str], market: Market, stages: Stages
) -> Kept:
    """Trade every member of a study in one market; kept as a stage."""
    inputs = {
        "bars": bars.digest,
        "forecasts": keys,
        "members": list(forecasts),
        "strategy": document(study.strategy),
        "market": document(market),
        "capital": study.capital,
        "gates": study.gates,
        "code": code_version("market", "strategy", "backtest", "measures", "study/trading.py", "study/records.py"),
        "outside": outside(study.strategy, market),
        "libraries": {name: version(name) for name in ("numpy", "numba")},
    }
    return stages.make("books", inputs, lambda work: _trade(study, bars, forecasts, market, work))


def _trade(study: Study, bars: Bars, forecasts: dict[str, Forecast], market: Market, work: Path) -> None:
    assert study.strategy is not None
    asset = bars.assets[0]
    when = [forecast.frame["time"].to_numpy().astype("datetime64[us]") for forecast in forecasts.values()]
    last = max(times[-1] for times in when)
    seen = bars.upto(last)
    first = int(np.searchsorted(seen.times, min(times[0] for times in when)))
    judged = seen.times[first:]
    scores = np.full((len(forecasts), len(judged)), np.nan)
    for place, (forecast, times) in enumerate(zip(forecasts.values(), when, strict=True)):
        scores[place, np.searchsorted(judged, times)] = forecast.score
    rules = {
        BENCHMARK: BuyAndHold().exposures(np.zeros((1, len(judged))))[0],
        "always-in": AlwaysIn().exposures(scores[:1])[0],
    }
    members = (*forecasts, *rules)
    wanted = np.vstack([study.strategy.exposures(scores), *(rule[None, :] for rule in rules.values())])
    conditions = market.conditions(seen, asset).between(first, len(seen.times))
    for place, member in enumerate(members):
        made = ledger(wanted[place], conditions, study.capital, asset)
        save_ledger(work / "ledger" / member, made)
    gates = {}
    year = periods_per_year(judged)
    for place, member in enumerate(forecasts):
        if study.gates == 0 or not (member.startswith("seed-") or member == "ensemble"):
            continue
        if arrangements(wanted[place]) < FEW_GATES:
            continue
        drawn = random_gates(wanted[place], study.gates, seed=place)
        books = trade(drawn, conditions, study.capital)
        gates[member] = {
            "total_return": total_return(books.equity, study.capital),
            "sharpe": sharpe(simple_returns(books.equity, study.capital), periods_per_year=year),
        }
    frame = pl.concat(
        [
            pl.DataFrame(
                {
                    "member": [member] * study.gates,
                    "total_return": held["total_return"],
                    "sharpe": np.nan_to_num(held["sharpe"]),
                }
            )
            for member, held in gates.items()
        ]
        or [pl.DataFrame(schema={"member": pl.String, "total_return": pl.Float64, "sharpe": pl.Float64})]
    )
    write_frame(work / "gates.parquet", frame)
    write_frame(
        work / "decisions" / "wanted.parquet",
        pl.DataFrame({"time": judged, **{member: wanted[place] for place, member in enumerate(members)}}),
    )
    write_json(
        work / "books.json",
        {"market": document(market), "members": members, "capital": study.capital, "stamps": conditions.stamps},
    )


def load_books(folder: Path) -> BookSet:
    """Read what `trade_study` kept."""
    card = read_json(folder / "books.json")
    members = tuple(card["members"])
    ledgers = {member: load_ledger(folder / "ledger" / member) for member in members}
    gates = pl.read_parquet(folder / "gates.parquet")
    wanted = pl.read_parquet(folder / "decisions" / "wanted.parquet")
    return BookSet(
        market=Market.of(card["market"]),
        times=wanted["time"].to_numpy().astype("datetime64[us]"),
        members=members,
        ledgers=ledgers,
        wanted={member: wanted[member].to_numpy() for member in members},
        capital=card["capital"],
        stamps=tuple(card["stamps"]),
        gates={
            str(member): {"total_return": held["total_return"].to_numpy(), "sharpe": held["sharpe"].to_numpy()}
            for (member,), held in gates.group_by("member", maintain_order=True)
        },
    )
