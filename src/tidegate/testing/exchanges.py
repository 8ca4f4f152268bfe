"""Small synthetic exchanges with everything that a real one does to a strategy, and another future for each.

Names stand in another order than columns; assets miss bars, open at their limits, split, pay, are valued anew and
leave; quantities step by 100 or by 1 from 200; some may be sold at once and most only in the next session.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from tidegate.backtest.portfolio import Signals
from tidegate.market.exchange import DIVIDEND, END, FEE_COLUMNS, REFERENCE, SPLIT, Actions, Exchange, Ticks
from tidegate.types.axes import FloatArray, IntArray, frozen

__all__ = ["another_future", "example_exchange", "example_signals", "reordered"]

_MISSING = 0.05
_AT_LIMIT = 0.08
_STAYS = 0.75
_LEAST = 20.0
"""Ticks."""


def example_exchange(
    bars: int = 64, assets: int = 12, *, a_session: int = 1, shorts: bool = False, seed: int = 0
) -> Exchange:
    """An exchange of random walks; `a_session` bars make a session.

    >>> exchange = example_exchange(bars=20, assets=5)
    >>> exchange.open.shape, exchange.assets == tuple(sorted(exchange.assets)), exchange.order.tolist()
    ((20, 5), False, [2, 4, 3, 0, 1])
    """
    generator = np.random.default_rng(seed)
    days = np.busday_offset("2020-01-02", np.arange(-(-bars // a_session)), roll="forward").astype("datetime64[us]")
    session = np.arange(bars) // a_session
    times = days[session] + (np.arange(bars) % a_session) * np.timedelta64(1, "h")
    names = tuple(f"{number + 1:06d}" for number in generator.permutation(assets))
    start = np.round(np.exp(generator.normal(7.0, 0.5, assets))).astype(np.float64)
    prices = _walk(generator, start, bars)
    actions = Actions.none()
    if assets >= 4 and bars >= 8:  # noqa: PLR2004 - one asset for each kind
        moments = [bars // 4, bars // 3, bars // 2, 3 * bars // 4]
        kinds = [(SPLIT, 3, 2), (DIVIDEND, 25, 1), (REFERENCE, 11, 10), (END, 1, 2)]
        rows = [
            (bar, n, *kind, bar + 2 * (kind[0] == DIVIDEND))
            for n, (bar, kind) in enumerate(zip(moments, kinds, strict=True))
        ]
        actions = Actions.of(rows)
        for held in prices.values():
            held[moments[-1] :, 3] = 0
    fees = np.zeros((bars, 1, FEE_COLUMNS), dtype=np.int64)
    fees[:, 0, [0, 3]], fees[:, 0, 4], fees[:, 0, [2, 5]] = 25_000, 100_000, 1_000
    odd = np.arange(assets) % 4 == 1
    return Exchange(
        times=frozen(times),
        session=frozen(session.astype(np.int64)),
        assets=names,
        **{name: frozen(held) for name, held in prices.items()},  # type: ignore[arg-type]
        volume=frozen(generator.integers(1_000, 1_000_000, (bars, assets)) * (prices["open"] > 0)),
        actions=actions,
        tick=frozen(np.full(assets, 0.01)),
        tick_value=frozen(np.ones(assets, dtype=np.int64)),
        lot=frozen(np.where(odd, 1, 100).astype(np.int64)),
        minimum=frozen(np.where(odd, 200, 100).astype(np.int64)),
        waits=frozen((np.arange(assets) % 3 > 0).astype(np.int64)),
        fees=frozen(fees),
        group=frozen(np.zeros(assets, dtype=np.int64)),
        minimum_commission=500,
        slippage_ticks=1,
        money_scale=100,
        shorts=shorts,
        currency="CNY",
        stamps=(),
    )


def example_signals(exchange: Exchange, kind: str, seed: int = 0) -> Signals:
    """Scores with ties and gaps: ``rank`` (rounded normals), ``class`` (0, 1, 2), ``level`` (prices); a gate, a second.

    The gate is open, closed, small or NaN; some dates say nothing at all, and no score is -inf but a few.
    """
    generator = np.random.default_rng((seed, 7))
    shape = exchange.open.shape
    score = np.round(generator.standard_normal(shape), 1)
    if kind == "class":
        score = generator.integers(0, 3, shape).astype(np.float64)
    elif kind == "level":
        level = np.where(exchange.close > 0, exchange.close, 1_000) * exchange.tick
        score = np.round(level * np.exp(0.02 * score), 3)
    score[generator.random(shape) < 0.1] = np.nan  # noqa: PLR2004
    score[generator.random(shape) < 0.02] = -np.inf  # noqa: PLR2004
    score[generator.random(shape[0]) < 0.05] = np.nan  # noqa: PLR2004
    gate = generator.choice(np.array([1.0, 0.02, 0.01, 0.0, -1.0, np.nan]), shape[0])
    return Signals(frozen(score), frozen(np.abs(generator.standard_normal(shape))), frozen(gate))


def another_future(exchange: Exchange, signals: Signals, after: int, seed: int) -> tuple[Exchange, Signals]:
    """Keep all up to the close of bar `after`; give other prices, actions and signals from then on."""
    generator = np.random.default_rng((seed, after))
    first = after + 1
    start = np.where(exchange.close[after] > 0, exchange.close[after], 1_000).astype(np.float64)
    later = _walk(generator, start, len(exchange) - first)
    names = list(later)
    joined: dict[str, Any] = {}
    for name in names:
        held = getattr(exchange, name).copy()
        held[first:] = later[name]
        joined[name] = frozen(held)
    volume = exchange.volume.copy()
    volume[first:] = generator.integers(1_000, 1_000_000, volume[first:].shape)
    known = exchange.actions.bar <= after
    actions = Actions(*(frozen(column[known]) for column in exchange.actions))
    other = replace(exchange, **joined, volume=frozen(volume), actions=actions)

    def dealt(values: FloatArray | None) -> FloatArray | None:
        if values is None:
            return None
        made = values.copy()
        made[first:] = generator.permuted(-values[first:], axis=-1)
        return frozen(made)

    score = dealt(signals.score)
    assert score is not None
    return other, Signals(score, dealt(signals.second), dealt(signals.gate))


def _walk(generator: np.random.Generator, start: FloatArray, bars: int) -> dict[str, Ticks]:
    """Prices in ticks of `bars` bars from `start` on, each open a fair gap away from the close before.

    Some bars open at a limit and most of those stay there; some are missing.
    """
    shape = (bars, len(start))
    gap, move = np.exp(generator.normal(0.0, 0.01, shape)), np.exp(generator.normal(0.0, 0.02, shape))
    dice, stays = generator.random(shape), generator.random(shape) < _STAYS
    made = {name: np.empty(shape) for name in ("open", "close", "limit_up", "limit_down")}
    before = start
    for bar in range(bars):
        up, down = np.floor(before * 1.1 + 0.5), np.floor(before * 0.9 + 0.5)
        opened = np.clip(np.round(before * gap[bar]), down, up)
        opened = np.where(dice[bar] < _AT_LIMIT / 2, up, np.where(dice[bar] > 1 - _AT_LIMIT / 2, down, opened))
        locked = ((opened == up) | (opened == down)) & stays[bar]
        close = np.where(locked, opened, np.clip(np.round(opened * move[bar]), down, up))
        for name, held in (("open", opened), ("close", close), ("limit_up", up), ("limit_down", down)):
            made[name][bar] = held
        before = np.maximum(close, _LEAST)
    opened, close, up, down = made.values()
    spread = np.round(np.abs(generator.normal(0.0, 0.01, (2, *shape))) * close)
    spread[:, (opened == close) & stays] = 0
    made["high"] = np.minimum(np.maximum(opened, close) + spread[0], up)
    made["low"] = np.maximum(np.minimum(opened, close) - spread[1], down)
    made["vwap"] = np.round((made["high"] + made["low"] + close) / 3)
    there = generator.random(shape) >= _MISSING
    return {name: (held if name.startswith("limit") else held * there).astype(np.int32) for name, held in made.items()}


def reordered(signals: Signals, order: IntArray) -> Signals:
    """The same signals with columns in another order."""
    second = None if signals.second is None else frozen(np.ascontiguousarray(signals.second[:, order]))
    return Signals(frozen(np.ascontiguousarray(signals.score[:, order])), second, signals.gate)
