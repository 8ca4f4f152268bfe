"""How much of a reference's error a forecast takes away, and how sure that is.

Skill is a ratio of two means, ``1 - mean(loss) / mean(reference loss)``. Its influence values follow from the quotient
rule, so the same long-run variance and critical values serve as for any other mean of overlapping terms. Whether the
two errors differ at all is the duel's question (`duel`); this is by how much.
"""

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import DataError
from tidegate.evaluate.doubt.longrun import complete
from tidegate.evaluate.doubt.overlap import Tested, hac

__all__ = ["skill_hac"]


def skill_hac(loss: ArrayLike, reference_loss: ArrayLike, *, span: int, level: float) -> Tested:
    """Skill over a reference with its interval, ``1 - Σ l_t / Σ r_t``; labels may overlap over `span` bars.

    Influence ``ψ_t = -(l_t - (1 - skill) r_t) / r̄``, long-run variance and fixed-b critical values of `overlap.hac`.

    Shapes: two of ``[..., T]`` → ``[...]``, losses a bar, for example squared errors. Units: a fraction; 1 is perfect,
    0 no better than the reference. Known at: when the last label is. Missing values: `DataError`. NaN where the
    reference is never wrong. Raises `DataError` on unlike shapes. Source: the delta method for a ratio of means.

    >>> errors = np.random.default_rng(0).normal(size=(2, 500))
    >>> found = skill_hac((0.8 * errors[0]) ** 2, errors[1] ** 2, span=1, level=0.95)
    >>> bool(found.low < 1 - 0.8**2 < found.high), bool(found.low > 0)
    (True, True)
    """
    ours, theirs = complete(loss, reference_loss)
    if ours.shape != theirs.shape:
        raise DataError("the losses differ in shape", expected=ours.shape, found=theirs.shape)
    scale = theirs.mean(axis=-1, keepdims=True)
    scale = np.where(scale > 0, scale, np.nan)
    left = ours.mean(axis=-1, keepdims=True) / scale
    known = np.isfinite(left)
    terms = np.where(known, -(ours - left * theirs) / scale, 0.0)
    gained = np.where(known, 1.0 - left, 0.0)[..., 0]
    found = hac(gained, terms, span=span, level=level)
    nothing = np.where(known[..., 0], 0.0, np.nan)
    return found._replace(
        estimate=(found.estimate + nothing)[()],
        low=(found.low + nothing)[()],
        high=(found.high + nothing)[()],
        statistic=(found.statistic + nothing)[()],
        p_value=(found.p_value + nothing)[()],
    )
