"""Sharp falls of an index, and how many of them a set of spells would have avoided.

"The negative spells cover most of the sharp falls" says nothing until two numbers stand beside it: which falls were
meant (a setting, below), and how many bars the spells cover anyway. Spells that cover 70 % of all bars cover 70 % of
the falls by luck. And since spells and falls both come in runs, bars are not independent: the honest chance is taken
over all circular shifts of the spells against the falls, which keeps both as clustered as they are; the
hypergeometric chance, which pretends that bars are independent, stands beside it.

A bar *t* is a *fall bar* when somebody deciding at CLOSE(t) would have wanted to be out from then on. It is a fact
about the future of *t*: for judging only.
"""

from abc import abstractmethod
from typing import Literal, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator
from scipy.stats import hypergeom

from tidegate.component import Settings
from tidegate.errors import DataError, SettingError
from tidegate.measures.trading import spells as runs
from tidegate.types.axes import BoolArray, FloatArray

__all__ = ["Coverage", "DrawdownFalls", "FallRule", "ForwardFalls", "coverage"]


_MOST = 0.5


class FallRule(Settings):
    """What counts as a sharp fall."""

    @abstractmethod
    def mark(self, close: ArrayLike) -> BoolArray:
        """Say which bars are fall bars, ``[T] → [T]``."""


@final
class ForwardFalls(FallRule):
    """Bars whose forward return ``C[t+span] / C[t] - 1`` is among the worst `worst` share, or at or below ``-drop``.

    Exactly one of `worst` and `drop` is given.

    >>> ForwardFalls(span=1, drop=0.05).mark([100.0, 94.0, 95.0, 94.0]).tolist()
    [True, False, False, False]
    """

    kind: Literal["forward"] = "forward"
    span: int = Field(ge=1, description="bars looked ahead")
    worst: float | None = Field(
        default=None, gt=0, lt=1, description="share of all forward returns that counts as a fall"
    )
    drop: float | None = Field(default=None, gt=0, lt=1, description="fall, as a fraction, from which on it counts")

    @model_validator(mode="after")
    def _one_of_two(self) -> "ForwardFalls":
        if (self.worst is None) == (self.drop is None):
            raise SettingError(
                "say either worst or drop", where="falls", hint="worst=0.05 for the worst 5 %, drop=0.05 for 5 % down"
            )
        return self

    def mark(self, close: ArrayLike) -> BoolArray:
        """Say which bars are fall bars; the last `span` never are, their future is not known. Raises `DataError`."""
        prices = _prices(close)
        marked = np.zeros(prices.size, dtype=np.bool_)
        if prices.size > self.span:
            forward = prices[self.span :] / prices[: -self.span] - 1.0
            if self.drop is not None:
                marked[: -self.span] = forward <= -self.drop
            else:
                count = round((self.worst or 0.0) * forward.size)
                marked[np.argsort(forward, kind="stable")[:count]] = True
        return marked


@final
class DrawdownFalls(FallRule):
    """Bars from a peak to the last bar before its trough, for every fall of at least `depth`.

    A fall runs from a peak to the lowest close before a rise of at least `recovery` from it (as bull and bear markets
    are dated by Lunde and Timmermann, 2004), so a long bear market is several falls and not one.

    >>> DrawdownFalls(depth=0.1, recovery=0.1).mark([100.0, 95.0, 88.0, 99.0, 100.0]).tolist()
    [True, True, False, False, False]
    """

    kind: Literal["drawdown"] = "drawdown"
    depth: float = Field(gt=0, lt=1, description="fall from peak to trough, as a fraction, from which on it counts")
    recovery: float = Field(gt=0, description="rise from the trough, as a fraction, that ends a fall")

    def mark(self, close: ArrayLike) -> BoolArray:
        """Say which bars are fall bars, ``[T] → [T]``; a fall still running at the end counts. Raises `DataError`."""
        prices = _prices(close)
        marked = np.zeros(prices.size, dtype=np.bool_)
        peak = trough = 0
        for t in range(1, prices.size):
            falling = prices[trough] <= prices[peak] * (1 - self.depth)
            if prices[t] <= prices[trough]:
                trough = t
            elif falling and prices[t] >= prices[trough] * (1 + self.recovery):
                marked[peak:trough] = True
                peak = trough = t
            elif not falling and prices[t] > prices[peak]:
                peak = trough = t
        if prices.size and prices[trough] <= prices[peak] * (1 - self.depth):
            marked[peak:trough] = True
        return marked


class Coverage(NamedTuple):
    """How much of the falls lay inside the spells, and what deflates it."""

    share_of_bars: float
    """Share of fall bars inside the spells; NaN without a fall."""
    base_rate: float
    """Share of **all** bars inside the spells: what luck alone covers."""
    p_shift: float
    """Chance of at least as much over all circular shifts; NaN without a fall."""
    p_hypergeometric: float
    """The same as if bars were independent: too small wherever both come in runs."""
    bars: int
    share_of_episodes: float
    """Share of falls (unbroken runs of fall bars) with at least half of their bars inside."""
    episodes: int


def coverage(falls: ArrayLike, inside: ArrayLike) -> Coverage:
    """Share of falls inside spells, with its base rate and its chance.

    Shapes: two of ``[T]``, true and false: `falls` from a `FallRule`, `inside` true where the decision at CLOSE(t)
    was to be out. The chance is exact: ``#{shifts s: overlap(s) ≥ overlap(0)} / T`` over all T circular shifts, zero
    included. Known at: the end of the last fall. Raises `DataError` on unlike shapes.

    >>> found = coverage([False, True, True, False, False, False], [False, True, True, False, False, False])
    >>> found.share_of_bars, round(found.base_rate, 3), round(found.p_shift, 3)
    (1.0, 0.333, 0.167)
    """
    fell, out = np.asarray(falls, dtype=np.bool_), np.asarray(inside, dtype=np.bool_)
    if fell.shape != out.shape or fell.ndim != 1 or not fell.size:
        raise DataError("falls and spells differ in shape", expected=fell.shape, found=out.shape)
    total, bars, covered = fell.size, int(fell.sum()), int((fell & out).sum())
    base = float(out.mean())
    if not bars:
        return Coverage(np.nan, base, np.nan, np.nan, 0, np.nan, 0)
    spectrum = np.fft.rfft(fell.astype(np.float64)) * np.conj(np.fft.rfft(out.astype(np.float64)))
    overlaps = np.rint(np.fft.irfft(spectrum, n=total))
    shares = np.asarray([out[first:stop].mean() for first, stop in runs(fell)])
    return Coverage(
        covered / bars,
        base,
        float((overlaps >= covered).mean()),
        float(hypergeom.sf(covered - 1, total, int(out.sum()), bars)),
        bars,
        float((shares >= _MOST).mean()),
        int(shares.size),
    )


def _prices(close: ArrayLike) -> FloatArray:
    prices = np.asarray(close, dtype=np.float64)
    if prices.ndim != 1 or not bool((prices > 0).all()):
        raise DataError("falls need positive prices of one index", expected="[T], all above zero", found=prices.shape)
    return prices
