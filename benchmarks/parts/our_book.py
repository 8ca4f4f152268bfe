"""Our side of the benchmark of the exchange: the made market as an `Exchange`, and rank-and-hold on it."""

from pathlib import Path

import numpy as np

from parts.stock_market import BOOK, COMMISSION, MINIMUM, STAMP, TRANSFER
from tidegate.backtest.portfolio import Portfolio, Signals, run_portfolio
from tidegate.market.exchange import FEE_COLUMNS, NO_LIMIT, Actions, Exchange
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.types.axes import frozen

__all__ = ["OurBook"]


class OurBook:
    """One market and its scores; `run` sends one book through them."""

    def __init__(self, file: Path) -> None:
        with np.load(file) as held:
            self.score = frozen(held["score"])
            self.exchange = _exchange(held)
        self.strategy = RankAndHold(**{name: BOOK[name] for name in ("names", "days", "cap", "spend")})

    def run(self) -> Portfolio:
        """One book, all rules on."""
        return run_portfolio(self.strategy, Signals(self.score), self.exchange, BOOK["capital"])


def _exchange(held: "np.lib.npyio.NpzFile") -> Exchange:
    days, stocks = held["open"].shape
    prices = {name: frozen(held[name]) for name in ("open", "high", "low", "close")}
    up = held["up"]
    up[up == 0] = NO_LIMIT
    fees = np.zeros((days, 1, FEE_COLUMNS), dtype=np.int64)
    fees[:, :, [0, 3]], fees[:, :, [2, 5]], fees[:, :, 4] = (
        round(1e8 * COMMISSION), round(1e8 * TRANSFER), round(1e8 * STAMP),
    )  # fmt: skip
    return Exchange(
        times=frozen((np.datetime64("2021-01-04") + np.arange(days)).astype("datetime64[us]")),
        session=frozen(np.arange(days)),
        assets=tuple(f"{n:06d}" for n in range(stocks)),
        **prices,
        limit_up=frozen(up),
        limit_down=frozen(held["down"]),
        volume=frozen(held["volume"]),
        vwap=None,
        actions=Actions.none(),
        tick=frozen(np.full(stocks, 0.01)),
        tick_value=frozen(np.ones(stocks, dtype=np.int64)),
        lot=frozen(held["lot"].astype(np.int64)),
        minimum=frozen(held["minimum"].astype(np.int64)),
        waits=frozen(np.ones(stocks, dtype=np.int64)),
        fees=frozen(fees),
        group=frozen(np.zeros(stocks, dtype=np.int64)),
        minimum_commission=round(100 * MINIMUM),
        slippage_ticks=0,
        money_scale=100,
        shorts=False,
        currency="CNY",
        stamps=(),
    )
