"""How sure a mean over dates is when returns overlap, and what a p-value is worth when many factors were tried.

One factor in twenty that knows nothing has p < 0.05. Bonferroni's bar bounds the chance of a single false find among
all that were tried; Benjamini and Hochberg's bounds the expected share of false ones among those that are called found.
Both count only the factors of this report: what was tried before it and thrown away, nobody can count here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import SettingError
from tidegate.evaluate.doubt.overlap import Tested, mean_apart, mean_hac
from tidegate.types.axes import FloatArray

__all__ = ["Certainty", "Hurdles", "certainty", "hurdles"]


class Certainty(NamedTuple):
    """Tests of each column's mean ``[F]``: with all dates (`whole`), and with dates that share no return (`apart`)."""

    whole: tuple[Tested, ...]
    apart: tuple[Tested, ...]

    @property
    def p_value(self) -> FloatArray:
        """Two-sided p-values ``[F]`` of the test with all dates."""
        return np.array([float(one.p_value) for one in self.whole])


def certainty(series: FloatArray, *, span: int, level: float) -> Certainty:
    """Test the mean over dates of each column ``[D, F]`` whose terms look at `span` dates each.

    `whole` takes the long-run variance with fixed-b critical values, `apart` every `span`-th date alone.

    Known at
        When the last term is.
    Missing values
        Dates without a value are left out; fewer than four terms give NaN.

    >>> made = certainty(np.random.default_rng(0).normal(0.1, 0.1, size=(60, 1)), span=3, level=0.95)
    >>> made.whole[0].independent, made.apart[0].n, bool(made.p_value[0] < 0.01)
    (20, 20, True)
    """
    every = series[::span]
    return Certainty(
        tuple(mean_hac(one[~np.isnan(one)], span=span, level=level) for one in series.T),
        tuple(mean_apart(one[~np.isnan(one)], span=1, level=level) for one in every.T),
    )


class Hurdles(NamedTuple):
    """What a p-value must be below to count among `tried` ones at `level`; `found` of them pass the second.

    `discovery` is 0 where none passes.
    """

    tried: int
    level: float
    bonferroni: float
    discovery: float
    found: int


def hurdles(p_values: ArrayLike, *, level: float) -> Hurdles:
    """Hurdles of Bonferroni, ``level / F``, and of Benjamini and Hochberg, ``k level / F``, k the most that pass.

    Known at
        When the p-values are.
    Missing values
        A factor that could not be tested was not tried.
    Errors
        `SettingError` for a level outside 0 … 1.
    Source
        Benjamini and Hochberg, "Controlling the false discovery rate", 1995; right where the tests are independent or
        positively dependent.

    >>> hurdles([0.001, 0.02, 0.03, 0.9], level=0.05)
    Hurdles(tried=4, level=0.05, bonferroni=0.0125, discovery=0.037500000000000006, found=3)
    """
    if not 0 < level < 1:
        raise SettingError("a level lies between 0 and 1", found=level)
    held = np.sort(np.asarray(p_values, dtype=np.float64).ravel())
    held = held[~np.isnan(held)]
    tried = len(held)
    steps = level * np.arange(1, tried + 1) / max(tried, 1)
    passed = np.flatnonzero(held <= steps)
    found = int(passed[-1]) + 1 if passed.size else 0
    return Hurdles(tried, level, level / max(tried, 1), float(steps[found - 1]) if found else 0.0, found)
