"""How much of a reference's error a forecast takes away, and how sure that is.

Skill is one less a ratio of two means, ``mean(loss) / mean(reference loss)``. Its interval is Fieller's: it holds every
skill s for which ``loss - (1 - s) · reference loss`` could have a mean of zero by the house's own test. So it leaves
zero out exactly where the two errors differ by that test, and it covers better than an interval made symmetric around a
ratio. The test alone does not know that a loss is never below zero, so the interval is cut at what such losses allow: a
skill of one. Whether the two errors differ at all is the duel's question (`duel`); this is by how much.
"""

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import DataError
from tidegate.evaluate.doubt.longrun import complete, fixed_b_quantile, longrun_variance
from tidegate.evaluate.doubt.overlap import Tested, lags_of, mean_hac

__all__ = ["skill_hac"]

_LEAST = 4


def skill_hac(loss: ArrayLike, reference_loss: ArrayLike, *, span: int, level: float) -> Tested:
    """Skill over a reference with its interval, ``1 - Σ l_t / Σ r_t``; labels may overlap over `span` bars.

    The interval holds every ``s = 1 - θ`` with ``(l̄ - θ r̄)² ≤ q² Ω(θ) / n``, ``Ω(θ)`` the long-run variance of
    ``l - θ r``, a quadratic in θ; q the fixed-b quantile at bandwidth `overlap.lags_of`. The p-value is that of
    ``θ = 1``: no skill. Where no loss of ours is below zero, θ cannot be either, and the interval ends at a skill of 1.

    Shapes: two of ``[..., T]`` → ``[...]``, losses a bar, for example squared errors. Units: a fraction; 1 is perfect,
    0 no better than the reference. Known at: when the last label is. Missing values: `DataError`. NaN where the
    reference is never wrong, or with fewer than four terms; infinite ends where the reference's loss could be zero.
    Raises `DataError` on unlike shapes, `SettingError` for a span below 1. Source: Fieller, "Some problems in interval
    estimation" (1954), with the long-run variance of `longrun`.

    >>> errors = np.random.default_rng(0).normal(size=(2, 500))
    >>> found = skill_hac((0.8 * errors[0]) ** 2, errors[1] ** 2, span=1, level=0.95)
    >>> bool(found.low < 1 - 0.8**2 < found.high), bool(found.low > 0)
    (True, True)
    """
    ours, theirs = complete(loss, reference_loss)
    if ours.shape != theirs.shape:
        raise DataError("the losses differ in shape", expected=ours.shape, found=theirs.shape)
    told = mean_hac(theirs - ours, span=span, level=level)
    n = ours.shape[-1]
    a, b = (side.mean(axis=-1) if n else np.full(side.shape[:-1], np.nan) for side in (ours, theirs))
    known = b > 0
    gained = np.where(known, 1.0 - a / np.where(known, b, 1.0), np.nan)
    if n < _LEAST:
        return told._replace(estimate=gained[()])
    lags = lags_of(n, span)
    reach = fixed_b_quantile(0.5 + level / 2, lags / n) ** 2 / n
    first, second = longrun_variance(ours, lags), longrun_variance(theirs, lags)
    both = 0.5 * (longrun_variance(ours + theirs, lags) - first - second)
    bend, middle, end = b**2 - reach * second, a * b - reach * both, a**2 - reach * first
    root = np.sqrt(np.maximum(middle**2 - bend * end, 0.0))
    bounded = known & (bend > 0)
    safe = np.where(bounded, bend, 1.0)
    low, high = (np.where(bounded, 1.0 - (middle + sign * root) / safe, -sign * np.inf) for sign in (1.0, -1.0))
    never = (ours >= 0).all(axis=-1)
    high = np.where(bounded & never, np.minimum(high, 1.0), high)
    nothing = np.where(known, 0.0, np.nan)
    return told._replace(
        estimate=gained[()],
        low=(low + nothing)[()],
        high=(high + nothing)[()],
        statistic=(told.statistic + nothing)[()],
        p_value=(told.p_value + nothing)[()],
    )
