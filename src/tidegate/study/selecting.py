"""Forecasts → books over many assets: every seed, their ensemble, the rivals and the placebos, through one exchange.

A member is whoever ranks: ``seed-3``, ``ensemble``, a rival by its name. All go through the same strategy, exchange and
costs, from the first bar that is judged to the last, and so does the universe in equal parts. Beside them stand the
same equal weight without fees and slippage, so that the two differ by costs alone, and, where one is named, an index:
yardsticks that nobody could have had. What the universe leaves out has a score of -inf, which is not NaN: whoever holds
it sells it first. A placebo is the same book on scores whose assets have changed places, once for the whole book or,
where the study says so, on each date anew; under a gate it is the same scores behind a gate of the same spells in
another order.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.backtest import tape
from tidegate.backtest.portfolio import Execution, Portfolio, Signals, run_portfolio
from tidegate.backtest.portfolios import PARTICIPATION, Run, capacity_curve, run_portfolios
from tidegate.component import document
from tidegate.errors import DataError, SettingError
from tidegate.files import write_json
from tidegate.market.base import Market
from tidegate.market.exchange import Exchange
from tidegate.market.universe import Universe, UniverseMask
from tidegate.measures.returns import (
    annualised_return,
    max_drawdown,
    periods_per_year,
    sharpe,
    simple_returns,
    total_return,
)
from tidegate.measures.trading import turnover
from tidegate.strategy.equal_weight import EqualWeight
from tidegate.strategy.placebo import FEW_GATES, arrangements, permuted_assets, shuffled_scores
from tidegate.strategy.selection import Selection
from tidegate.study.beside import Beside
from tidegate.study.book_frames import book_frames
from tidegate.study.books import EQUAL_WEIGHT, INDEX, SMALL_CAPS, exposure_of, save_card, save_gates
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.gating import band_of, behind, drawn_gates, placebos_of
from tidegate.study.progress import Event, Tell
from tidegate.study.records import write_frame
from tidegate.study.stages import Kept, Stages
from tidegate.study.yardsticks import ENOUGH, TOO_LITTLE, of_part, small_caps, too_little
from tidegate.types.axes import BoolArray, FloatArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast, Reading

__all__ = ["REBALANCED", "TRADED_EQUALLY", "UNGATED", "scores_on", "trade_selection"]

UNGATED = "ungated"
"""The leading member's book without its gate, where a study has one."""
TRADED_EQUALLY, REBALANCED = "equal-weight-traded", 20
"""The universe in equal parts through the same exchange with all its costs, set anew every so many bars."""
THREADS = 2
_NO_CAPACITY = "No volume in a known unit: nothing is said of what larger money would earn."
_CAPITALS = (0.1, 1.0, 10.0, 100.0, 1000.0)


def trade_selection(
    study: Study,
    bars: Bars,
    forecasts: dict[str, Forecast],
    keys: dict[str, str],
    market: Market,
    stages: Stages,
    beside: Beside,
    tell: Tell,
    until: np.datetime64 | None = None,
) -> Kept:
    """Trade every member of a selection in one market, to the last forecast or on to `until`; kept as a stage."""
    inputs = {
        "bars": bars.digest,
        "forecasts": keys,
        "members": list(forecasts),
        "strategy": document(study.strategy),
        "reads": study.reads,
        "market": document(market),
        "execution": document(study.execution),
        "filters": document(study.filters),
        "lists": [rule.reads() for rule in study.filters],
        "capital": study.capital,
        "gates": study.gates,
        "placebo": study.placebo,
        "until": str(until),
        "beside": beside.digest,
        "code": code_version(
            "market", "strategy", "backtest", "measures", "compiling.py", "study/selecting.py", "study/book_frames.py",
            "study/books.py", "study/records.py", "study/gating.py", "study/yardsticks.py", "data/member_of.py",
        ),
        "outside": outside(study.strategy, market, study.filters),
        "libraries": {name: version(name) for name in ("numpy", "numba")},
    }  # fmt: skip
    return stages.make("books", inputs, lambda work: _trade(study, bars, forecasts, market, beside, tell, work, until))


@dataclass(frozen=True)
class _Ring:
    """Everything that all books of one study in one market share."""

    strategy: Selection
    exchange: Exchange
    execution: Execution
    capital: float
    gate: FloatArray | None

    def run(self, score: FloatArray, gate: FloatArray | None) -> Run:
        signals = Signals(score=score, gate=gate)
        return Run(self.strategy, signals, self.exchange, self.capital, self.execution)

    def book(self, score: FloatArray, gate: FloatArray | None) -> Portfolio:
        return run_portfolio(
            self.strategy, Signals(score=score, gate=gate), self.exchange, self.capital, self.execution
        )


def _trade(
    study: Study,
    bars: Bars,
    forecasts: dict[str, Forecast],
    market: Market,
    beside: Beside,
    tell: Tell,
    work: Path,
    until: np.datetime64 | None,
) -> None:
    assert isinstance(study.strategy, Selection)
    when = np.concatenate([forecast.frame["time"].to_numpy() for forecast in forecasts.values()])
    first, last = when.min().astype("datetime64[us]"), when.max().astype("datetime64[us]")
    last = last if until is None else until
    seen = bars.upto(last)
    whole = market.exchange(seen, instruments=beside.instruments)
    exchange = whole.between(int(np.searchsorted(whole.times, first)), len(whole))
    chosen = Universe(rules=study.filters).of_bars(seen, beside.instruments) if study.filters else None
    members_of = _mask_on(chosen, exchange)
    gate = _gate_on(study, beside, exchange)
    ring = _Ring(study.strategy, exchange, study.execution, study.capital, gate)
    members: dict[str, Portfolio] = {}
    lead = "ensemble" if "ensemble" in forecasts else next(iter(forecasts))
    plan = behind(forecasts, beside, exchange.times)
    score, whose = np.empty((0, 0)), ""
    for place, (member, spoken, own) in enumerate(plan):
        tell(Event("step", "books", place, len(plan), f"{study.name} · {market.name} · {member}"))
        if spoken != whose:
            score, whose = np.where(members_of, scores_on(forecasts[spoken], exchange, study.reads), -np.inf), spoken
        members[member] = ring.book(score, own)
        _save(work, member, members[member], score)
    lead_score = np.where(members_of, scores_on(forecasts[lead], exchange, study.reads), -np.inf)
    if gate is not None:
        members[UNGATED] = ring.book(lead_score, np.ones(len(exchange)))
        _save(work, UNGATED, members[UNGATED], lead_score)
    equally = replace(ring, strategy=EqualWeight(every=1 if study.cadence == "months" else REBALANCED), gate=None)
    short = too_little(study.capital, lead_score, exchange)
    if not short:
        members[TRADED_EQUALLY] = equally.book(lead_score, None)
        _save(work, TRADED_EQUALLY, members[TRADED_EQUALLY], lead_score)
    tell(Event("done", "books"))
    paths, held = _yardsticks(study, equally, lead_score, small_caps(seen, exchange), short=short)
    if beside.index is not None:
        paths[INDEX] = study.capital * _index_on(beside.index, exchange.times)
    placed: dict[str, dict[str, FloatArray]] = {}
    band: pl.DataFrame | None = None
    for judged, own, count in placebos_of(plan, study.gates):
        drawn, found = _placebos(study, replace(ring, gate=own), lead_score, count, tell)
        band = found if band is None else band
        placed |= dict.fromkeys(judged, drawn) if drawn else {}
    save_gates(work, placed)
    if band is not None:
        write_frame(work / "decisions" / "band.parquet", band)
    write_frame(work / "decisions" / "wanted.parquet", pl.DataFrame({"time": exchange.times, **paths, **held}))
    counted = exchange.counted and bool(exchange.volume.any())
    if counted:
        write_frame(work / "decisions" / "capacity.parquet", _capacity(study, ring, lead_score, tell))
    _keep_decided(work, gate, exchange, beside, chosen)
    save_card(
        work,
        document(market),
        tuple(members),
        study.capital,
        (
            *exchange.stamps,
            *(() if chosen is None else chosen.stamps),
            *(() if counted else (_NO_CAPACITY,)),
            *((TOO_LITTLE.format(most=max(study.capital, ENOUGH)),) if short else ()),
        ),
        benchmark=EQUAL_WEIGHT if beside.index is None else INDEX,
        placebos=study.placebo if gate is None else "random gates",
    )


def _gate_on(study: Study, beside: Beside, exchange: Exchange) -> FloatArray | None:
    """The gate after each close, None where there is none; raises `SettingError` for a strategy that ignores it."""
    gate = beside.gate_on(exchange.times)
    assert isinstance(study.strategy, Selection)
    if gate is not None and "gate" not in study.strategy.reads():
        raise SettingError(
            "the strategy does not look at a gate",
            where=study.name,
            found=study.strategy.name,
            hint='wrap it: strategy = {"name": "gated", "inner": …}',
        )
    return gate


def _keep_decided(
    work: Path, gate: FloatArray | None, exchange: Exchange, beside: Beside, chosen: UniverseMask | None
) -> None:
    """What all books share beside their yardsticks: gate, instruments, and what the universe left out."""
    if gate is not None:
        write_frame(work / "decisions" / "gate.parquet", pl.DataFrame({"time": exchange.times, "gate": gate}))
    if beside.instruments is not None:
        write_frame(work / "decisions" / "instruments.parquet", beside.instruments.frame)
    if chosen is not None:
        removed = pl.DataFrame([each._asdict() for each in chosen.removed])
        write_frame(work / "decisions" / "universe.parquet", removed)


def _save(work: Path, member: str, portfolio: Portfolio, score: FloatArray) -> None:
    place = work / "ledger" / member
    for name, frame in book_frames(portfolio, score).items():
        write_frame(place / f"{name}.parquet", frame)
    write_json(place / "ledger.json", {"capital": portfolio.capital})


def scores_on(forecast: Forecast, exchange: Exchange, reads: Reading = "score") -> FloatArray:
    """What is ranked by, on an exchange's axes ``[T, N]``: row *t* was said after CLOSE(t), NaN where nothing was.

    Errors
        `DataError` for a forecast of a bar or an asset that the exchange does not have.
    """
    frame = forecast.frame
    times = frame["time"].to_numpy().astype("datetime64[us]")
    bar = np.minimum(np.searchsorted(exchange.times, times), len(exchange) - 1)
    places = {asset: place for place, asset in enumerate(exchange.assets)}
    asset = frame["asset"].replace_strict(places, default=-1, return_dtype=pl.Int64).to_numpy()
    lost = (asset < 0) | (exchange.times[bar] != times)
    if bool(lost.any()):
        raise DataError("a forecast lies outside the exchange", found=frame.row(int(np.flatnonzero(lost)[0])))
    score = np.full((len(exchange), len(exchange.assets)), np.nan)
    score[bar, asset] = forecast.read(reads)
    return score


def _mask_on(chosen: UniverseMask | None, exchange: Exchange) -> BoolArray:
    """A universe on an exchange's axes ``[T, N]``; all of it where there are no rules."""
    if chosen is None:
        return np.ones((len(exchange), len(exchange.assets)), dtype=bool)
    places = {asset: place for place, asset in enumerate(chosen.assets)}
    rows = np.searchsorted(chosen.times, exchange.times)
    return chosen.mask[rows][:, [places[asset] for asset in exchange.assets]]


def _yardsticks(
    study: Study, ring: _Ring, score: FloatArray, small: BoolArray | None, *, short: bool
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Equity and exposure of what nobody could have had: the universe, and its small caps, in equal parts for nothing.

    What stands for the whole market is held with more money than the study has, and then with no cap on its share of a
    bar's volume.
    """
    rich = replace(ring, capital=max(study.capital, ENOUGH), execution=ring.execution.but(participation=0.0))
    paths, held = _before_costs(rich if short else ring, score, EQUAL_WEIGHT, study.capital)
    if small is not None:
        more = _before_costs(rich, of_part(score, small), SMALL_CAPS, study.capital)
        paths, held = {**paths, **more[0]}, {**held, **more[1]}
    return paths, held


def _before_costs(
    ring: _Ring, score: FloatArray, name: str, capital: float
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Equity and exposure of the same book, had it paid no fees and no slippage ``[T]``: same bars, lots and limits.

    Equity is told for `capital`, whatever the book was held with.
    """
    free = replace(ring, exchange=ring.exchange.without_costs(), execution=ring.execution.but(slippage_rate=0.0))
    book = free.book(score, None)
    lines = book.account.lines
    invested = np.asarray(lines[:, tape.L_HOLDINGS] / lines[:, tape.L_EQUITY])
    return {name: np.asarray(book.equity) * (capital / ring.capital)}, {exposure_of(name): invested}


def _index_on(index: Bars, times: TimeArray) -> FloatArray:
    """Growth of 1 of an index on some times; its last close is kept where it has no bar."""
    if len(index.assets) != 1:
        raise SettingError("an index is one series", found=index.assets[:5], where=index.spec.title)
    close = index.adjusted("close")
    place = np.searchsorted(index.times, times, side="right") - 1
    if bool((place < 0).any()):
        raise DataError(
            "the index begins after the first judged bar",
            expected=times[0],
            found=index.times[0],
            where=index.spec.title,
        )
    return np.asarray(close[place] / close[place[0]])


def _placebos(
    study: Study, ring: _Ring, score: FloatArray, count: int, tell: Tell
) -> tuple[dict[str, FloatArray], pl.DataFrame | None]:
    """What `count` placebos of the leading member came to, and the band of their equity; none where too few differ."""
    if ring.gate is not None and arrangements((ring.gate > 0).astype(np.float64)) < FEW_GATES:
        return {}, None

    def runs() -> Iterator[Run]:
        for place, (dealt, gate) in enumerate(_drawn(study, ring, score, count)):
            if place % 8 == 0:
                tell(Event("step", "placebos", place, count, study.name))
            yield ring.run(dealt, gate)

    books = run_portfolios(runs(), threads=THREADS)
    equity = books.equity
    tell(Event("done", "placebos"))
    year = periods_per_year(ring.exchange.times)
    made = {
        "total_return": total_return(equity, study.capital),
        "sharpe": sharpe(simple_returns(equity, study.capital), periods_per_year=year),
        "turnover": turnover(books.bought[:, None], books.sold[:, None], equity, periods_per_year=year),
        "max_drawdown": max_drawdown(equity, study.capital),
    }
    return made, band_of(ring.exchange.times, equity)


def _drawn(study: Study, ring: _Ring, score: FloatArray, count: int) -> Iterator[tuple[FloatArray, FloatArray | None]]:
    """Scores that speak of other assets; under a gate the scores themselves behind a random one."""
    if ring.gate is not None:
        for gate in drawn_gates(ring.gate, count):
            yield score, gate
        return
    deal = permuted_assets if study.placebo == "permuted assets" else shuffled_scores
    for seed in range(count):
        yield deal(score, ring.exchange.assets, seed), None


def _capacity(study: Study, ring: _Ring, score: FloatArray, tell: Tell) -> pl.DataFrame:
    """The leading member's book again with less and more money, under a cap on its share of each bar's volume."""
    share = ring.execution.participation or PARTICIPATION
    year = periods_per_year(ring.exchange.times)
    tell(Event("step", "capacity", 0, 1, study.name))
    capitals = [round(study.capital * factor, 2) for factor in _CAPITALS]
    books = capacity_curve(ring.run(score, ring.gate), capitals, participation=share, threads=THREADS)
    tell(Event("done", "capacity"))
    grown = [
        float(annualised_return(equity, capital, periods_per_year=year))
        for equity, capital in zip(books.equity, capitals, strict=True)
    ]
    return pl.DataFrame(
        {
            "capital": capitals,
            "participation": share,
            "annualised_return": grown,
            "invested": books.cash_use.mean(axis=1),
            "filled": books.filled,
        }
    )
