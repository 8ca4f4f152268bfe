"""Forecasts → books that are in the market from a bar's open to its close, on margin: futures against forecasts.

A member is whoever says where the next bar will close: ``seed-3``, ``ensemble``, a rival by its name. Its forecast, as
a price of the contract that the next bar is of, is what the next open is held against (`OpenAgainstForecast`). Beside
them go, with the same money, sizes and costs: the same forecast by the other rule, long in every bar, the side of the
gap from the last close, a side by the toss of a coin, and buy and hold, which pays for its rolls. A placebo of a member
takes its very sides in another order, over the bars that the member gives a size to.

Every book is kept thrice, before costs, with fees alone, with both, and its costs further up the ladder of slippage;
and for each bar what was asked as margin. What wraps the study's rule (`fixed-fraction`, `stop-loss`, …) wraps those
beside it too; `managed` rules stand beside them, each on the lead's forecast.
"""

from dataclasses import replace
from importlib.metadata import version
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.backtest.bar_trades import BarTable, size_of, trade_bars, trade_bars_ledger
from tidegate.backtest.ledgers import ledger
from tidegate.component import document
from tidegate.errors import SettingError
from tidegate.market.base import Conditions, Market
from tidegate.measures.returns import max_drawdown, periods_per_year, sharpe, simple_returns, total_return
from tidegate.strategy.always_long import AlwaysLong
from tidegate.strategy.buy_and_hold import BuyAndHold
from tidegate.strategy.gap_momentum import GapMomentum
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.placebo import FEW_GATES
from tidegate.strategy.random_sides import RandomSides
from tidegate.strategy.within_bar import BarPlan, BarsSeen, WithinBar
from tidegate.study.books import BENCHMARK, save_card, save_gates
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.records import save_ledger, write_frame
from tidegate.study.stages import Kept, Stages
from tidegate.study.trading import Judged, judged_bars
from tidegate.types.axes import FloatArray, frozen
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.ledger import FEES, Ledger

__all__ = ["LADDER", "VIEWS", "trade_within_bars", "trades_within_bars"]

VIEWS = ("gross", "after fees", "after slippage")
"""The books of a member: without costs, with fees alone, with both."""
LADDER = (0, 1, 2, 3)
"""Ticks of slippage a fill that `ladder` charges beside fees, after a first rung without either."""
_OTHER = {"follow": "as-printed", "as printed": "follow-forecast"}
"""Rule → the rival that takes the lead's forecast by the other one."""
_SINGLE = float(np.finfo(np.float32).eps)
_AT_ONCE = 64
"""Placebos that are run in one call."""
_TERMS = (
    "In at a bar's open and out at its close; what cannot be left there (a limit) is carried and left at the next price"
    " that anybody takes."
)


def trades_within_bars(study: Study, market: Market) -> bool:
    """Whether a study's strategy trades this market from open to close on margin, one asset alone."""
    return isinstance(study.strategy, WithinBar) and market.asset_class == "future"


def trade_within_bars(
    study: Study, bars: Bars, forecasts: dict[str, Forecast], keys: dict[str, str], market: Market, stages: Stages
) -> Kept:
    """Trade every member within its bars in one market; kept as a stage.

    Known at
        What is wanted of OPEN(t+1) after CLOSE(t).
    Errors
        `SettingError` for more assets than one, a forecast that is not of the next bar's close, or a market that takes
        no trades within a bar.
    """
    inputs = {
        "bars": bars.digest,
        "forecasts": keys,
        "members": list(forecasts),
        "strategy": document(study.strategy),
        "label": document(study.label),
        "managed": document(study.managed),
        "market": document(market),
        "capital": study.capital,
        "gates": study.gates,
        "code": code_version(
            "market", "strategy", "backtest", "measures", "study/trading.py", "study/bar_trading.py", "study/books.py",
            "study/records.py",
        ),
        "outside": outside(study.strategy, market, *study.managed),
        "libraries": {name: version(name) for name in ("numpy", "numba")},
    }  # fmt: skip
    return stages.make("books", inputs, lambda work: _trade(study, bars, forecasts, market, work))


def _trade(study: Study, bars: Bars, forecasts: dict[str, Forecast], market: Market, work: Path) -> None:
    strategy = study.strategy
    assert isinstance(strategy, WithinBar)
    _check(study, strategy, bars)
    judged = judged_bars(bars, forecasts)
    conditions = market.conditions(judged.seen, bars.assets[0]).between(judged.first, len(judged.seen.times))
    levels = _levels(study, judged, conditions.tick)
    plans = _plans(study, strategy, dict(zip(forecasts, levels, strict=True)), judged, conditions)
    costs: list[dict[str, Any]] = []
    tables = [
        BarTable.of(held) for held in (conditions.without_costs(), replace(conditions, slippage_ticks=0), conditions)
    ]
    year = periods_per_year(judged.times)
    for member, plan in plans.items():
        made = trade_bars_ledger(
            plan.below, plan.above, tables[-1], study.capital, bars.assets[0], size_of(plan), against=plan.against
        )
        save_ledger(work / "ledger" / member, made)
        write_frame(work / "ledger" / member / "margin.parquet", _margin(made, conditions))
        for view, table in zip(VIEWS, tables, strict=True):
            costs.append({"member": member, "view": view, **_figures(plan, table, study.capital, year)})
    held = ledger(BuyAndHold().exposures(levels[:1])[0], conditions, study.capital, bars.assets[0])
    save_ledger(work / "ledger" / BENCHMARK, held)
    write_frame(work / "decisions" / "costs.parquet", pl.DataFrame(costs))
    write_frame(work / "decisions" / "ladder.parquet", _ladder(plans, conditions, study.capital, year))
    gates = {
        member: _placebos(study, plans[member], conditions.open, tables[-1], place)
        for place, member in enumerate(forecasts)
        if member.startswith("seed-") or member == "ensemble"
    }
    save_gates(work, {member: drawn for member, drawn in gates.items() if drawn})
    wanted = {
        member: np.where(plan.exposure > 0, np.fmax(plan.below, plan.above), np.nan) for member, plan in plans.items()
    }
    wanted[BENCHMARK] = np.ones(len(judged.times))
    write_frame(work / "decisions" / "wanted.parquet", pl.DataFrame({"time": judged.times, **wanted}))
    rules = {"member": list(plans), "against": [plan.against for plan in plans.values()]}
    write_frame(work / "decisions" / "within.parquet", pl.DataFrame(rules))
    write_frame(work / "decisions" / "wishes.parquet", _wishes(plans, judged))
    save_card(
        work,
        document(market),
        (*plans, BENCHMARK),
        study.capital,
        (_TERMS, *conditions.stamps, *(one.told for one in conditions.alarms)),
        placebos="random sides",
    )


def _figures(plan: BarPlan, table: BarTable, capital: float, year: float) -> dict[str, Any]:
    """What a plan comes to in one market: a row of the ladder of costs."""
    books = trade_bars(plan.below[None], plan.above[None], table, capital, size_of(plan), against=plan.against)
    return {
        "total_return": float(total_return(books.equity, capital)[0]),
        "sharpe": float(sharpe(simple_returns(books.equity, capital), periods_per_year=year)[0]),
        "max_drawdown": float(max_drawdown(books.equity, capital)[0]),
        "fees": float(sum(books.fees[kind][0] for kind in FEES)),
        "slippage": float(books.slippage[0]),
        "trades": int(books.trades[0]),
    }


def _ladder(plans: dict[str, BarPlan], conditions: Conditions, capital: float, year: float) -> pl.DataFrame:
    """Every member by what costs are asked: columns member, fees_charged, slippage_ticks, and those of `_figures`.

    Known at
        As the books, each a whole run of its own.
    """
    rows = []
    rungs = [(False, 0), *((True, ticks) for ticks in LADDER)]
    for fees, ticks in rungs:
        asked = conditions if fees else conditions.without_costs()
        table = BarTable.of(replace(asked, slippage_ticks=ticks))
        for member, plan in plans.items():
            rung = {"member": member, "fees_charged": fees, "slippage_ticks": ticks}
            rows.append({**rung, **_figures(plan, table, capital, year)})
    return pl.DataFrame(rows)


def _check(study: Study, strategy: WithinBar, bars: Bars) -> None:
    """Refuse what this strategy cannot trade on margin."""
    if not strategy.core().reads_forecast:
        raise SettingError(
            "a study's own rule reads its forecasts",
            where=study.name,
            found=strategy.core().name,
            hint="always-long, gap-momentum and random-sides stand beside every rule within bars; or trade_bars",
        )
    horizon = study.label.horizon
    if len(bars.assets) != 1:
        raise SettingError(
            "trades within a bar on margin are of one asset",
            found=f"{len(bars.assets)} assets",
            where=study.name,
            hint=f"name one in `universe`, for example {bars.assets[0]}",
        )
    next_close = horizon.purge == 1 and horizon.exit == "close"
    known = study.label.unit == "level" or (study.label.unit == "return" and horizon.entry == "close")
    if not (next_close and known):
        raise SettingError(
            "the next open is held against a forecast of the next close",
            where=study.name,
            expected="a level or a return from close to close, one bar ahead",
            found=f"{study.label.name} ({study.label.unit}), {horizon.entry_at(0)} … {horizon.exit_at(0)} from t = 0",
            hint='label.horizon = {"lag": 0, "span": 1, "entry": "close", "exit": "close"}',
        )


def _levels(study: Study, judged: Judged, tick: float) -> FloatArray:
    """Forecasts as prices of the contract that the next bar is of ``[M, T]``.

    A series is joined by its factor; at a roll the next contract, and so its factor, is known at the close before.
    Scores come in single precision: what lies within its rounding of a whole tick is that tick.
    """
    if study.label.unit == "level":
        level = np.asarray(judged.scores / _following(judged.seen)[judged.first :])
    else:
        level = np.asarray(_last_close(judged.seen)[judged.first :] * (1.0 + judged.scores))
    near = np.rint(level / tick)
    return np.where(np.abs(level / tick - near) <= _SINGLE * near, near / round(1 / tick), level)


def _following(bars: Bars) -> FloatArray:
    """The adjustment of the next bar ``[T]``; that of the last bar stands in where there is none."""
    return np.append(bars.adjustment[1:], bars.adjustment[-1:])


def _last_close(bars: Bars) -> FloatArray:
    """Each bar's close in terms of the contract that the next bar is of ``[T]``."""
    return np.asarray(bars.adjusted("close") / _following(bars))


def _plans(
    study: Study,
    strategy: WithinBar,
    levels: dict[str, FloatArray],
    judged: Judged,
    conditions: Conditions,
) -> dict[str, BarPlan]:
    """What every member wants of each next open, those without a forecast among them.

    Plans are made on all bars seen, those before the first judged one without a forecast, so that what looks back (a
    volatility) is known from the start; the judged bars are then cut out.
    """
    core = strategy.core()
    lead = "ensemble" if "ensemble" in levels else next(iter(levels))
    joined, last, unsaid = judged.seen.adjusted("close"), _last_close(judged.seen), np.full(judged.first, np.nan)

    def by(rule: WithinBar, level: FloatArray) -> BarPlan:
        told = np.append(unsaid, level)
        plan = rule.plan(BarsSeen(told, last, joined, conditions.tick, conditions.margin_rate))
        below, above, exposure, stop = (frozen(row[judged.first :].copy()) for row in plan.rows)
        return plan._replace(below=below, above=above, exposure=exposure, stop=stop)

    size: dict[str, Any] = {}
    beside: dict[str, WithinBar] = {}
    if isinstance(core, OpenAgainstForecast):
        beside[_OTHER[core.rule]] = core.but(rule="follow" if core.rule == "as printed" else "as printed")
        size = {"fraction": core.fraction, "short": core.short}
    beside |= {
        "always-long": AlwaysLong(fraction=size.get("fraction", 1.0)),
        "gap-momentum": GapMomentum(**size),
        "random-sides": RandomSides(seed=study.seeds[0], **size),
    }
    return {
        **{member: by(strategy, level) for member, level in levels.items()},
        **{member: by(strategy.around(rule), levels[lead]) for member, rule in beside.items()},
        **{rule.name: by(rule, levels[lead]) for rule in study.managed},
    }


def _wishes(plans: dict[str, BarPlan], judged: Judged) -> pl.DataFrame:
    """Every row of every plan: columns member, time, below, above, exposure, stop.

    Known at
        CLOSE(time), all of it; the side that the next open is taken on is not among them.
    """
    named = ("below", "above", "exposure", "stop")
    return pl.concat(
        pl.DataFrame({"time": judged.times, **dict(zip(named, plan.rows, strict=True))}).select(
            pl.lit(member).alias("member"), pl.all()
        )
        for member, plan in plans.items()
    )


def _margin(made: Ledger, conditions: Conditions) -> pl.DataFrame:
    """What was asked as margin in each bar that opened something: columns time, lots, value, margin, of_equity.

    Known at
        OPEN(time); `of_equity` is of the equity at the close before.
    """
    before = made.book.select("time", equity=pl.col("equity").shift(1).fill_null(made.capital))
    opened = made.fills.unique("trip", keep="first", maintain_order=True)
    rows = opened.join(before, on="time", how="left", maintain_order="left").with_columns(
        margin=pl.col("value") * conditions.margin_rate
    )
    return rows.select(
        "time",
        lots=pl.when(pl.col("side") == "buy").then(pl.col("quantity")).otherwise(-pl.col("quantity")),
        value=pl.col("value"),
        margin=pl.col("margin"),
        of_equity=pl.col("margin") / pl.col("equity"),
    )


def _placebos(study: Study, plan: BarPlan, opens: FloatArray, table: BarTable, seed: int) -> dict[str, FloatArray]:
    """Total return and Sharpe ratio of books that take a member's sides in another order; none where few can differ.

    Sides change places among the bars that the member gives a size to; each bar keeps its size and its stop. So a
    placebo makes as many trips as its member, but where a limit or a switch keeps either from one.
    """
    sides = plan.sides(opens)
    sized = np.flatnonzero(plan.exposure[:-1] > 0)
    longs, shorts, bars = int((sides > 0).sum()), int((sides < 0).sum()), len(sized)
    if study.gates == 0 or comb(bars, longs) * comb(bars - longs, shorts) < FEW_GATES:
        return {}
    generator, year = np.random.default_rng(seed), periods_per_year(table.conditions.times)
    found: dict[str, list[FloatArray]] = {"total_return": [], "sharpe": []}
    for first in range(0, study.gates, _AT_ONCE):
        count = min(_AT_ONCE, study.gates - first)
        drawn = np.zeros((count, len(sides)))
        drawn[:, sized] = generator.permuted(np.tile(sides[sized], (count, 1)), axis=1)
        below, above = np.where(drawn > 0, np.inf, np.nan), np.where(drawn < 0, -np.inf, np.nan)
        equity = trade_bars(below, above, table, study.capital, size_of(plan)).equity
        found["total_return"].append(total_return(equity, study.capital))
        found["sharpe"].append(sharpe(simple_returns(equity, study.capital), periods_per_year=year))
    return {name: np.concatenate(parts) for name, parts in found.items()}
