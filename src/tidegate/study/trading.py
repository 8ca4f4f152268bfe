"""Forecasts → books: every seed, their ensemble, the rivals and the random gates, in one market, in one call.

A member is whoever decides: ``seed-3``, ``ensemble`` (the mean of the seeds' scores: a model of its own), a rival by
its name, or a rule without a forecast (``buy-and-hold``). All go through the same strategy, broker and costs, from the
first bar that is judged to the last.
"""

from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.component import document
from tidegate.market.base import Market
from tidegate.measures.returns import periods_per_year, sharpe, simple_returns, total_return
from tidegate.strategy.always_in import AlwaysIn
from tidegate.strategy.base import Timing
from tidegate.strategy.buy_and_hold import BuyAndHold
from tidegate.strategy.placebo import FEW_GATES, arrangements, random_gates
from tidegate.study.books import BENCHMARK, save_card, save_gates
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.records import save_ledger, write_frame
from tidegate.study.stages import Kept, Stages
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast

__all__ = ["Judged", "judged_bars", "trade_study"]


class Judged(NamedTuple):
    """The bars that forecasts judge: all up to the last of them, and what each member said after each close."""

    seen: Bars
    first: int
    """Place of the first judged bar among those seen."""
    times: TimeArray
    """``[T]``, from the first judged bar to the last."""
    scores: FloatArray
    """``[M, T]``, NaN where a member said nothing."""


def judged_bars(bars: Bars, forecasts: dict[str, Forecast]) -> Judged:
    """Put the forecasts of one asset on one axis. Known at: column *t* after CLOSE(t)."""
    when = [forecast.frame["time"].to_numpy().astype("datetime64[us]") for forecast in forecasts.values()]
    seen = bars.upto(max(times[-1] for times in when))
    first = int(np.searchsorted(seen.times, min(times[0] for times in when)))
    judged = seen.times[first:]
    scores = np.full((len(forecasts), len(judged)), np.nan)
    for place, (forecast, times) in enumerate(zip(forecasts.values(), when, strict=True)):
        scores[place, np.searchsorted(judged, times)] = forecast.score
    return Judged(seen, first, judged, scores)


def trade_study(
    study: Study, bars: Bars, forecasts: dict[str, Forecast], keys: dict[str, str], market: Market, stages: Stages
) -> Kept:
    """Trade every member of a timing in one market; kept as a stage."""
    inputs = {
        "bars": bars.digest,
        "forecasts": keys,
        "members": list(forecasts),
        "strategy": document(study.strategy),
        "market": document(market),
        "capital": study.capital,
        "gates": study.gates,
        "code": code_version(
            "market", "strategy", "backtest", "measures", "study/trading.py", "study/books.py", "study/records.py"
        ),
        "outside": outside(study.strategy, market),
        "libraries": {name: version(name) for name in ("numpy", "numba")},
    }
    return stages.make("books", inputs, lambda work: _trade(study, bars, forecasts, market, work))


def _trade(study: Study, bars: Bars, forecasts: dict[str, Forecast], market: Market, work: Path) -> None:
    assert isinstance(study.strategy, Timing)
    asset = bars.assets[0]
    seen, first, judged, scores = judged_bars(bars, forecasts)
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
    save_gates(work, gates)
    write_frame(
        work / "decisions" / "wanted.parquet",
        pl.DataFrame({"time": judged, **{member: wanted[place] for place, member in enumerate(members)}}),
    )
    save_card(
        work, document(market), members, study.capital, (*conditions.stamps, *(one.told for one in conditions.alarms))
    )
