"""Many books over many assets in one call: seeds, placebos, grids of settings, more and less money.

The loop releases the interpreter's lock, so that books run side by side on threads; each has its own account and they
share exchange and signals. No events are kept, only what a thousand books are compared by. A book here is the same, bit
for bit, as the one that `run_portfolio` gives alone.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tidegate.backtest import tape as t_
from tidegate.backtest.portfolio import Execution, Signals, make_tape, send_through, whole_capital
from tidegate.errors import SettingError
from tidegate.market.exchange import Exchange
from tidegate.strategy.selection import Selection
from tidegate.types.axes import FloatArray, IntArray, TimeArray, frozen
from tidegate.types.ledger import FEES

__all__ = ["PARTICIPATION", "VIEWS", "PortfolioBooks", "Run", "capacity_curve", "cost_views", "run_portfolios"]

PARTICIPATION = 0.025
"""Share of a bar's volume where money is to grow and nobody sets another: that of the stock-selection template."""
VIEWS = ("gross", "after fees", "after slippage")
"""The books of `cost_views`: without costs, with fees alone, with both."""


@dataclass(frozen=True)
class Run:
    """One book to be run: whose decisions, on what, with how much."""

    strategy: Selection
    signals: Signals
    exchange: Exchange
    capital: float
    execution: Execution = field(default_factory=Execution)


@dataclass(frozen=True)
class PortfolioBooks:
    """K books over T bars without their events; every array is read-only.

    Known at
        Column *t* of ``[K, T]`` at CLOSE(t); the sums over a book ``[K]`` at its last close.
    Units
        Money in the currency; `cash_use` is the value held over equity, `filled` the units filled over those asked for
        (NaN without an order).
    """

    times: TimeArray
    capital: FloatArray
    equity: FloatArray
    cash_use: FloatArray
    names: IntArray
    """How many assets were held ``[K, T]``."""
    fees: dict[str, FloatArray]
    """commission, stamp_duty, transfer_fee ``[K]``."""
    slippage: FloatArray
    bought: FloatArray
    sold: FloatArray
    trades: IntArray
    unfilled: IntArray
    """Orders not filled, or not wholly, ``[K]``."""
    filled: FloatArray
    round_trips: IntArray
    """Positions closed ``[K]``."""
    winning_trips: IntArray

    def __len__(self) -> int:
        return int(self.equity.shape[0])


def run_portfolios(runs: Iterable[Run], *, threads: int = 2) -> PortfolioBooks:
    """Run K books, `threads` at a time; runs may be made one by one, so that their signals need not all be held.

    Shapes
        Arrays of the result are ``[K]`` or ``[K, T]`` in the order of `runs`, whose exchanges have the same times.
    Known at
        As `PortfolioBooks`.
    Errors
        As `run_portfolio`; `SettingError` without runs, or where their bars differ.
    """
    rows = list(_in_order(runs, threads))
    if not rows:
        raise SettingError("no book to run", expected="at least one run")
    times = rows[0].times
    if any(row.times.shape != times.shape or bool((row.times != times).any()) for row in rows):
        raise SettingError("the runs of one call have different bars", expected=f"{len(times)} bars, the same in all")
    lines = np.stack([row.lines for row in rows]) / np.array([row.scale for row in rows])[:, None, None]
    purse = np.stack([row.purse for row in rows])
    money = purse / np.array([row.scale for row in rows])[:, None]
    asked = purse[:, t_.SUM_ASKED]
    with np.errstate(divide="ignore", invalid="ignore"):
        filled = np.where(asked > 0, purse[:, t_.SUM_DONE] / asked, np.nan)
        use = np.where(lines[:, :, 0] > 0, lines[:, :, 1] / lines[:, :, 0], 0.0)
    return PortfolioBooks(
        times=times,
        capital=frozen(np.array([row.capital for row in rows])),
        equity=frozen(lines[:, :, 0].copy()),
        cash_use=frozen(use),
        names=frozen(np.stack([row.names for row in rows])),
        fees={name: frozen(money[:, t_.SUM_COMMISSION + k].copy()) for k, name in enumerate(FEES)},
        slippage=frozen(money[:, t_.SUM_SLIPPAGE].copy()),
        bought=frozen(money[:, t_.SUM_BOUGHT].copy()),
        sold=frozen(money[:, t_.SUM_SOLD].copy()),
        trades=frozen(purse[:, t_.FILLS].copy()),
        unfilled=frozen(purse[:, t_.UNFILLED].copy()),
        filled=frozen(filled),
        round_trips=frozen(purse[:, t_.CLOSED].copy()),
        winning_trips=frozen(purse[:, t_.WINS].copy()),
    )


def cost_views(run: Run, *, threads: int = 2) -> PortfolioBooks:
    """Run one book three times, in the order of `VIEWS`: before costs, with fees alone, with fees and slippage.

    Each is a whole run of its own: without costs more can be bought, and what is ordered next may differ. Known at,
    errors: as `run_portfolios`.
    """
    still = run.execution.but(slippage_rate=0.0)
    exchanges = (run.exchange.without_costs(), run.exchange.without_slippage(), run.exchange)
    executions = (still, still, run.execution)
    return run_portfolios(
        (
            Run(run.strategy, run.signals, exchange, run.capital, execution)
            for exchange, execution in zip(exchanges, executions, strict=True)
        ),
        threads=threads,
    )


def capacity_curve(
    run: Run, capitals: Sequence[float], *, participation: float = PARTICIPATION, threads: int = 2
) -> PortfolioBooks:
    """Run one book with more and less money under a cap on its share of each bar's volume.

    Shapes
        One book a capital, in their order; `participation` as a fraction of volume.
    Known at, errors
        As `run_portfolios`.
    """
    capped = run.execution.but(participation=participation)
    return run_portfolios(
        (Run(run.strategy, run.signals, run.exchange, capital, capped) for capital in capitals), threads=threads
    )


@dataclass(frozen=True)
class _Row:
    times: TimeArray
    capital: float
    scale: int
    lines: NDArray[np.int64]
    """Equity and holdings ``[T, 2]``."""
    names: IntArray
    purse: IntArray


def _book(run: Run) -> _Row:
    tape = make_tape(run.strategy, run.signals, run.exchange, run.execution, keep=False)
    account = send_through(run.strategy, tape, run.exchange, whole_capital(run.capital, run.exchange))
    lines = account.lines[:, [t_.L_EQUITY, t_.L_HOLDINGS]]
    names = account.lines[:, t_.L_COUNT].copy()
    return _Row(run.exchange.times, float(run.capital), run.exchange.money_scale, lines, names, account.purse)


def _in_order(runs: Iterable[Run], threads: int) -> Iterator[_Row]:
    """Rows of the runs in their order; no more than a few are under way at a time."""
    if threads <= 1:
        yield from map(_book, runs)
        return
    under_way: deque[Future[_Row]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for run in runs:
            under_way.append(pool.submit(_book, run))
            if len(under_way) > 2 * threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
