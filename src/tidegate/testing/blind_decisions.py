"""Timing rules and markets owe: what is decided at a close, or can be filled at an open, knows nothing later (L4)."""

from dataclasses import fields

import numpy as np
import polars as pl

from tidegate.errors import ClockError
from tidegate.market.base import Conditions, Market
from tidegate.strategy.base import State, Timing
from tidegate.testing.compare import Place, require_same
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.bars import Bars

__all__ = ["check_market", "check_timing"]

_BOOKS = 6
_AT_OPEN = ("open", "can_buy_open", "can_sell_open", "limit_up", "limit_down", "suspended", "reference")


def check_timing(timing: Timing, bars: int = 120, cuts: int = 8, seed: int = 0) -> int:
    """Change the scores after *t*: no exposure up to *t* may change; and `exposures` equals `decide`, step by step.

    The scores are of several sizes, some of them exactly zero and some NaN. Books must not see each other. Returns how
    many cuts were tried.

    Errors
        `ClockError` with book and bar of the first exposure that differs.
    """
    generator = np.random.default_rng(seed)
    sizes = np.array([1.0, 0.1, 0.01, 1e-3, 1.0, 100.0])[:_BOOKS, None]
    scores = generator.standard_normal((_BOOKS, bars)) * sizes
    scores[generator.random(scores.shape) < 0.1] = 0.0  # noqa: PLR2004
    scores[generator.random(scores.shape) < 0.1] = np.nan  # noqa: PLR2004
    title = f"timing {timing.name!r}"

    def place(at: tuple[int, ...]) -> str:
        return f"book {at[0]}, bar {at[1]}"

    full = np.asarray(timing.exposures(scores))
    if full.shape != scores.shape or not bool(np.isfinite(full).all()):
        raise ClockError(f"{title}: one finite exposure per score is expected", expected=scores.shape, found=full.shape)
    stepped = np.stack([_stepped(timing, row) for row in scores])
    require_same(
        stepped,
        full,
        f"{title}: `exposures` is not repeated `decide`",
        place,
        "`decide` is the reference; make `exposures` equal it",
    )
    tried = np.linspace(0, bars - 2, cuts).astype(int)
    for cut in tried:
        other = scores.copy()
        other[:, cut + 1 :] = generator.permuted(-other[:, cut + 1 :], axis=1) + generator.standard_normal(
            (_BOOKS, bars - cut - 1)
        )
        made = np.asarray(timing.exposures(other))
        what = f"{title}: decisions up to bar {cut} change with scores after it"
        require_same(full[:, : cut + 1], made[:, : cut + 1], what, place, "decide from scores up to t only")
        shorter = np.asarray(timing.exposures(scores[:, : cut + 1]))
        require_same(full[:, : cut + 1], shorter, what, place, "decide from scores up to t only")
    alone = np.asarray(timing.exposures(scores[:1]))
    require_same(
        full[:1], alone, f"{title}: a book depends on its neighbours", place, "treat each row of scores by itself"
    )
    return len(tried)


def check_market(market: Market, bars: Bars, asset: str | None = None, cuts: int = 8, seed: int = 0) -> int:
    """Change bars after *t*, then the close of *t* itself; returns how many cuts were tried.

    * Conditions up to *t* do not change with bars after *t*.
    * `open`, `can_buy_open` and `can_sell_open` of *t* do not change when only the open of *t* (with its limits and its
      previous close) stays as it was.

    Errors
        `ClockError` with the field and the bar of the first number that changed.
    """
    asset = bars.assets[0] if asset is None else asset
    full = market.conditions(bars, asset)
    title = f"market {market.name!r}"
    labels = np.union1d(cut_times(bars, cuts, seed), _before_limits(bars, asset))
    for number, cut in enumerate(labels):
        other = market.conditions(scramble_future(bars, cut, seed + number, listings=False), asset)
        _same_until(title, full, other, cut, None)
        nothing_late = scramble_future(bars, cut, seed + number, keep_open_of_next=True, listings=False)
        following = bars.times[min(int(np.searchsorted(bars.times, cut)) + 1, len(bars.times) - 1)]
        other = market.conditions(nothing_late, asset)
        _same_until(title, full, other, cut, None)
        _same_until(title, full, other, following, _AT_OPEN)
    return len(labels)


def _before_limits(bars: Bars, asset: str, count: int = 4) -> TimeArray:
    """Labels of the bars before some that open at a limit: there, what can be filled is least plain."""
    own = bars.frame.filter(pl.col("asset") == asset)
    touched = pl.lit(value=False)
    for name in ("limit_up", "limit_down"):
        if name in own.columns:
            touched = touched | (pl.col("open") == pl.col(name))
    at = np.searchsorted(bars.times, own.filter(touched)["time"].to_numpy().astype("datetime64[us]"))
    return bars.times[at[at > 0][:count] - 1]


def _stepped(timing: Timing, scores: FloatArray) -> FloatArray:
    state, made = State(left=0), np.empty(len(scores))
    for t, score in enumerate(scores):
        state, made[t] = timing.decide(state, float(score))
    return made


def _bar_of(name: str, times: TimeArray) -> Place:
    def place(at: tuple[int, ...]) -> str:
        return f"{name}, {str(times[at[0]])[:16]}"

    return place


def _same_until(
    title: str, before: Conditions, after: Conditions, cut: np.datetime64, only: tuple[str, ...] | None
) -> None:
    past, same = before.times <= cut, after.times <= cut
    times = before.times[past]
    moment = "its close" if only is None else "its open"
    for field in fields(Conditions):
        held, other = getattr(before, field.name), getattr(after, field.name)
        if field.name == "alarms" or (only is not None and field.name not in only):
            continue
        pairs = {field.name: (held, other)}
        if isinstance(held, dict):
            pairs = {f"{field.name}[{key}]": (held[key], other[key]) for key in held}
        for name, (a, b) in pairs.items():
            if isinstance(a, np.ndarray):
                require_same(
                    a[past],
                    b[same],
                    f"{title}: {name} at {str(cut)[:16]} changes with what came after {moment}",
                    _bar_of(name, times),
                    "resolve a bar from what its own moment shows",
                )
            elif a != b:
                raise ClockError(f"{title}: {name} depends on the future", expected=a, found=b, where=cut)
