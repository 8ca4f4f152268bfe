"""Forecasts → books that are in the market from a bar's open to its close, on margin: futures against forecasts.

A member is whoever says where the next bar will close: ``seed-3``, ``ensemble``, a rival by its name. Its forecast, as
a price of the contract that the next bar is of, is what the next open is held against (`OpenAgainstForecast`). Beside
them go, with the same money, sizes and costs: the same forecast by the other rule, long in every bar, the side of the
gap from the last close, a side by the toss of a coin, and buy and hold, which pays for its rolls. A placebo of a member
takes its very sides in another order.

Every book is kept thrice, before costs, with fees alone, with both; and for each bar what was asked as margin.
"""

from dataclasses import replace
from importlib.metadata import version
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.backtest.bar_trades import BarTable, Size, trade_bars, trade_bars_ledger
from tidegate.backtest.ledgers import ledger
from tidegate.component import document
from tidegate.errors import SettingError
from tidegate.market.base import Conditions, Market
from tidegate.measures.returns import max_drawdown, periods_per_year, sharpe, simple_returns, total_return
from tidegate.strategy.buy_and_hold import BuyAndHold
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.placebo import FEW_GATES
from tidegate.study.books import BENCHMARK, save_card, save_gates
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.records import save_ledger, write_frame
from tidegate.study.stages import Kept, Stages
from tidegate.study.trading import Judged, judged_bars
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.ledger import FEES, Ledger

__all__ = ["VIEWS", "trade_within_bars", "trades_within_bars"]

VIEWS = ("gross", "after fees", "after slippage")
"""The books of a member: without costs, with fees alone, with both."""
_OTHER = {"follow": "as-printed", "as printed": "follow-forecast"}
"""Rule → the rival that takes the lead's forecast by the other one."""
_SINGLE = float(np.finfo(np.float32).eps)
_AT_ONCE = 64
"""Placebos that are run in one call."""
_TERMS = (
    "In at a bar's open and out at its close; what cannot be left there (a limit) is carried and left at the next price"
    " that anybody takes."
)


class _Wish(NamedTuple):
    """What a member wants of the next open ``[T]``: long below, short above, or with `against` the other way round."""

    below: FloatArray
    above: FloatArray
    against: bool

    def sides(self, opens: FloatArray) -> FloatArray:
        """Which side each next open is taken on ``[T]``: 1, -1 or 0; the last column is never acted on."""
        here = np.append(opens[1:], np.nan)
        turn = -1.0 if self.against else 1.0
        return np.where(here < self.below, turn, np.where(here > self.above, -turn, 0.0))


def trades_within_bars(study: Study, market: Market) -> bool:
    """Whether a study's strategy trades this market from open to close on margin, one asset alone."""
    return isinstance(study.strategy, OpenAgainstForecast) and market.asset_class == "future"


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
        "market": document(market),
        "capital": study.capital,
        "gates": study.gates,
        "code": code_version(
            "market", "strategy", "backtest", "measures", "study/trading.py", "study/bar_trading.py", "study/books.py",
            "study/records.py",
        ),
        "outside": outside(study.strategy, market),
        "libraries": {name: version(name) for name in ("numpy", "numba")},
    }  # fmt: skip
    return stages.make("books", inputs, lambda work: _trade(study, bars, forecasts, market, work))


def _trade(study: Study, bars: Bars, forecasts: dict[str, Forecast], market: Market, work: Path) -> None:
    strategy = study.strategy
    assert isinstance(strategy, OpenAgainstForecast)
    _check(study, bars)
    judged = judged_bars(bars, forecasts)
    conditions = market.conditions(judged.seen, bars.assets[0]).between(judged.first, len(judged.seen.times))
    levels = _levels(study, judged, conditions.tick)
    wishes = _wishes(study, strategy, dict(zip(forecasts, levels, strict=True)), judged, conditions)
    size, costs = Size(exposure=strategy.fraction), []
    tables = [
        BarTable.of(held) for held in (conditions.without_costs(), replace(conditions, slippage_ticks=0), conditions)
    ]
    year = periods_per_year(judged.times)
    for member, wish in wishes.items():
        made = trade_bars_ledger(
            wish.below, wish.above, tables[-1], study.capital, bars.assets[0], size, against=wish.against
        )
        save_ledger(work / "ledger" / member, made)
        write_frame(work / "ledger" / member / "margin.parquet", _margin(made, conditions))
        for view, table in zip(VIEWS, tables, strict=True):
            books = trade_bars(wish.below[None], wish.above[None], table, study.capital, size, against=wish.against)
            costs.append(
                {
                    "member": member,
                    "view": view,
                    "total_return": float(total_return(books.equity, study.capital)[0]),
                    "sharpe": float(sharpe(simple_returns(books.equity, study.capital), periods_per_year=year)[0]),
                    "max_drawdown": float(max_drawdown(books.equity, study.capital)[0]),
                    "fees": float(sum(books.fees[kind][0] for kind in FEES)),
                    "slippage": float(books.slippage[0]),
                    "trades": int(books.trades[0]),
                }
            )
    held = ledger(BuyAndHold().exposures(levels[:1])[0], conditions, study.capital, bars.assets[0])
    save_ledger(work / "ledger" / BENCHMARK, held)
    write_frame(work / "decisions" / "costs.parquet", pl.DataFrame(costs))
    gates = {
        member: _placebos(study, wishes[member].sides(conditions.open), tables[-1], size, place)
        for place, member in enumerate(forecasts)
        if member.startswith("seed-") or member == "ensemble"
    }
    save_gates(work, {member: drawn for member, drawn in gates.items() if drawn})
    wanted = {member: np.fmax(wish.below, wish.above) for member, wish in wishes.items()}
    wanted[BENCHMARK] = np.ones(len(judged.times))
    write_frame(work / "decisions" / "wanted.parquet", pl.DataFrame({"time": judged.times, **wanted}))
    rules = {"member": list(wishes), "against": [wish.against for wish in wishes.values()]}
    write_frame(work / "decisions" / "within.parquet", pl.DataFrame(rules))
    save_card(
        work,
        document(market),
        (*wishes, BENCHMARK),
        study.capital,
        (_TERMS, *conditions.stamps, *(one.told for one in conditions.alarms)),
        placebos="random sides",
    )


def _check(study: Study, bars: Bars) -> None:
    """Refuse what this strategy cannot trade on margin."""
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
        level = np.asarray(judged.scores / _following(judged))
    else:
        level = np.asarray(_last_close(judged) * (1.0 + judged.scores))
    near = np.rint(level / tick)
    return np.where(np.abs(level / tick - near) <= _SINGLE * near, near / round(1 / tick), level)


def _following(judged: Judged) -> FloatArray:
    """The adjustment of the next bar ``[T]``; that of the last bar stands in where there is none."""
    factor = judged.seen.adjustment[judged.first :]
    return np.append(factor[1:], factor[-1:])


def _last_close(judged: Judged) -> FloatArray:
    """Each bar's close in terms of the contract that the next bar is of ``[T]``."""
    return np.asarray(judged.seen.adjusted("close")[judged.first :] / _following(judged))


def _wishes(
    study: Study,
    strategy: OpenAgainstForecast,
    levels: dict[str, FloatArray],
    judged: Judged,
    conditions: Conditions,
) -> dict[str, _Wish]:
    """What every member wants of each next open, those without a forecast among them."""
    bars, tick = len(judged.times), conditions.tick
    never, always = np.full(bars, np.nan), np.full(bars, np.inf)

    def by(rule: OpenAgainstForecast, level: FloatArray) -> _Wish:
        return _Wish(*rule.levels(level, tick), against=rule.rule == "as printed")

    lead = "ensemble" if "ensemble" in levels else next(iter(levels))
    other = OpenAgainstForecast(
        rule="follow" if strategy.rule == "as printed" else "as printed",
        fraction=strategy.fraction,
        short=strategy.short,
    )
    momentum = OpenAgainstForecast(rule="as printed", fraction=strategy.fraction, short=strategy.short)
    tossed = np.random.default_rng(study.seeds[0]).integers(0, 2, bars)
    return {
        **{member: by(strategy, level) for member, level in levels.items()},
        _OTHER[strategy.rule]: by(other, levels[lead]),
        "always-long": _Wish(always, never, against=False),
        "gap-momentum": by(momentum, _last_close(judged)),
        "random-sides": _Wish(
            np.where(tossed == 1, np.inf, np.nan),
            np.where((tossed == 0) & strategy.short, -np.inf, np.nan),
            against=False,
        ),
    }


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


def _placebos(study: Study, sides: FloatArray, table: BarTable, size: Size, seed: int) -> dict[str, FloatArray]:
    """Total return and Sharpe ratio of books that take a member's sides in another order; none where few can differ."""
    longs, shorts, bars = int((sides > 0).sum()), int((sides < 0).sum()), len(sides) - 1
    if study.gates == 0 or comb(bars, longs) * comb(bars - longs, shorts) < FEW_GATES:
        return {}
    generator, year = np.random.default_rng(seed), periods_per_year(table.conditions.times)
    found: dict[str, list[FloatArray]] = {"total_return": [], "sharpe": []}
    for first in range(0, study.gates, _AT_ONCE):
        count = min(_AT_ONCE, study.gates - first)
        drawn = np.zeros((count, bars + 1))
        drawn[:, :-1] = generator.permuted(np.tile(sides[:-1], (count, 1)), axis=1)
        below, above = np.where(drawn > 0, np.inf, np.nan), np.where(drawn < 0, -np.inf, np.nan)
        equity = trade_bars(below, above, table, study.capital, size).equity
        found["total_return"].append(total_return(equity, study.capital))
        found["sharpe"].append(sharpe(simple_returns(equity, study.capital), periods_per_year=year))
    return {name: np.concatenate(parts) for name, parts in found.items()}
