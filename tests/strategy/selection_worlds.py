"""Exchanges in which a rule of a strategy over many assets is plain to see: no costs, no limits, whole numbers."""

import numpy as np

from tidegate.market.exchange import FEE_COLUMNS, NO_LIMIT, Actions, Exchange
from tidegate.types.axes import frozen


def plain_exchange(close, *, open_=None, shorts=False, waits=1, lot=100, a_session=1, names=None, cost=0):
    """Closes in yuan ``[T, N]``; opens are the closes before unless given; nothing else stands in the way."""
    close = np.asarray(close, dtype=np.float64)
    bars, assets = close.shape
    opened = np.vstack([close[:1], close[:-1]]) if open_ is None else np.asarray(open_, dtype=np.float64)

    def ticks(values):
        return frozen(np.rint(np.nan_to_num(values) * 100).astype(np.int32))

    def whole(value):
        return frozen(np.full(assets, value, dtype=np.int64))

    fees = np.zeros((bars, 1, FEE_COLUMNS), dtype=np.int64)
    fees[:, 0, [0, 3]] = cost
    session = np.arange(bars) // a_session
    start = np.datetime64("2020-01-02", "us")
    times = start + session * np.timedelta64(1, "D") + np.arange(bars) % a_session * np.timedelta64(1, "h")
    return Exchange(
        times=frozen(times),
        session=frozen(session.astype(np.int64)),
        assets=names or tuple(f"{n + 1:06d}" for n in range(assets)),
        open=ticks(np.where(np.isnan(close), np.nan, opened)),
        high=ticks(np.fmax(opened, close)),
        low=ticks(np.fmin(opened, close)),
        close=ticks(close),
        limit_up=frozen(np.full((bars, assets), NO_LIMIT, dtype=np.int32)),
        limit_down=frozen(np.zeros((bars, assets), dtype=np.int32)),
        volume=frozen(np.full((bars, assets), 10**9)),
        vwap=ticks(close),
        actions=Actions.none(),
        tick=frozen(np.full(assets, 0.01)),
        tick_value=whole(1),
        lot=whole(lot),
        minimum=whole(lot),
        waits=whole(waits),
        fees=frozen(fees),
        group=whole(0),
        minimum_commission=0,
        slippage_ticks=0,
        money_scale=100,
        shorts=shorts,
        currency="CNY",
        stamps=(),
    )


def random_world(seed, bars=60, assets=30, skill=0.0, **settings):
    """Random walks and scores that correlate `skill` with the return from the next open to the open after it."""
    generator = np.random.default_rng(seed)
    moves = generator.normal(0.0, 0.02, (bars, assets))
    close = 20.0 * np.exp(np.cumsum(moves, axis=0))
    noise = generator.standard_normal((bars, assets))
    ahead = np.vstack([moves[1:], np.zeros((1, assets))]) / 0.02  # bar t+1 opens at the close of t
    score = skill * ahead + np.sqrt(1 - skill**2) * noise
    return plain_exchange(np.round(close, 2), **settings), score
