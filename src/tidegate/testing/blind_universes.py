"""Universe rules owe: who may be chosen after the close of *t* follows from what was known at that close."""

import numpy as np
import polars as pl

from tidegate.errors import ClockError
from tidegate.market.universe import Grid, UniverseRule
from tidegate.testing.compare import require_same
from tidegate.testing.history import example_bars
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import BoolArray
from tidegate.types.bars import Bars

__all__ = ["check_universe_rule"]

_ASSETS, _RISKY = 4, 0.3
_HINT = "a rule may look at a session and those before it: no last bar, no later listing, no later trade"


def check_universe_rule(rule: UniverseRule, bars: Bars | None = None, cuts: int = 8, seed: int = 0) -> int:
    """Cut the future off, then make it another one: who passes up to a cut stays; returns how many cuts were tried.

    Bars without ``at_risk`` are given one by chance. Names that only one of two histories holds are not asked about.

    Known at
        Row *t* at CLOSE(t).
    Errors
        `ClockError` with the first asset and session that changed, or for a mask of another shape than ``[T, N]``.

    >>> from tidegate.market.universe_rules import Trading
    >>> check_universe_rule(Trading(), cuts=2) >= 2
    True
    """
    held = _marked(example_bars(sessions=90, assets=_ASSETS) if bars is None else bars, seed)
    whole, shape = rule.keeps(Grid(held)), (len(held.times), len(held.assets))
    if whole.shape != shape:
        told = f"universe rule {rule.name!r}: one answer a session and asset"
        raise ClockError(told, expected=shape, found=whole.shape)
    labels = cut_times(held, cuts, seed)
    for number, cut in enumerate(labels):
        for other in (held.upto(cut), scramble_future(held, cut, seed + number)):
            _require_blind(rule, held, whole, other, cut)
    return len(labels)


def _require_blind(rule: UniverseRule, held: Bars, whole: BoolArray, other: Bars, cut: np.datetime64) -> None:
    """Compare what is said of the names of both histories up to a cut."""
    last = int(np.searchsorted(held.times, cut)) + 1
    names = [asset for asset in held.assets if asset in other.assets]
    before = whole[:last, [held.assets.index(asset) for asset in names]]
    after = rule.keeps(Grid(other))[:last, [other.assets.index(asset) for asset in names]]

    def place(at: tuple[int, ...]) -> str:
        return f"{str(held.times[at[0]])[:10]}, {names[at[1]]}"

    told = f"universe rule {rule.name!r}: who passes up to {str(cut)[:10]} changes with what came after it"
    require_same(before, after, told, place, _HINT)


def _marked(bars: Bars, seed: int) -> Bars:
    if bars.has("at_risk"):
        return bars
    risky = pl.Series("at_risk", np.random.default_rng(seed).random(bars.frame.height) < _RISKY)
    return Bars.of(bars.frame.with_columns(risky), bars.spec)
