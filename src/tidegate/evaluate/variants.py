"""Whether settings matter: variants of one study against the first, each over its seeds.

"These settings don't matter" is a claim of equality, and a test that finds nothing does not show it: few seeds find
nothing anywhere. So each variant is called one of three things, by the interval of its difference from the reference:
**differs** where the interval leaves zero out, **equal** where it lies within a margin that was named beforehand,
**open** where neither can be said. With several variants the intervals are widened (Bonferroni), so that all hold at
once.

Seeds are the only replication here. They share one stretch of history: equal over seeds is equal on these months.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import kruskal
from scipy.stats import t as student

from tidegate.errors import DataError, SettingError
from tidegate.types.axes import FloatArray

__all__ = ["Compared", "Variant", "compare_variants"]

_PAIR = 2

Verdict = Literal["reference", "differs", "equal", "open"]


@dataclass(frozen=True)
class Variant:
    """One variant: median and quartiles over its seeds, and its mean less the reference's with an interval."""

    key: str
    seeds: int
    median: float
    q1: float
    q3: float
    difference: float
    low: float
    high: float
    verdict: Verdict


@dataclass(frozen=True)
class Compared:
    """All variants, the reference first; `p_value` is Kruskal and Wallis's over all, `margin` what counts as equal."""

    variants: tuple[Variant, ...]
    p_value: float
    margin: float
    level: float


def compare_variants(values: Mapping[str, FloatArray], *, margin: float, level: float) -> Compared:
    """Compare variants (the first is the reference), each given as a measure over its seeds ``[S]``.

    Differences of means with Welch's interval, ``d ± t · √(s₁²/n₁ + s₂²/n₂)``, each at ``1 - (1 - level) / V`` for V
    variants beside the reference.

    Missing values
        Seeds without a value are left out. A variant with fewer than two has no interval, and is open.
    Errors
        `SettingError` for a margin that is not above zero; `DataError` for fewer than two variants.
    Source
        Welch (1947); Kruskal and Wallis (1952); equality by interval inclusion, Schuirmann (1987).

    >>> told = compare_variants(
    ...     {"a": np.array([0.50, 0.51, 0.52]), "b": np.array([0.50, 0.52, 0.51])}, margin=0.05, level=0.95
    ... )
    >>> [one.verdict for one in told.variants], round(told.p_value, 2)
    (['reference', 'equal'], 1.0)
    """
    if not margin > 0:
        raise SettingError("what counts as equal is above zero", found=margin, where="margin")
    if len(values) < _PAIR:
        raise DataError("nothing to compare", expected="2 or more variants", found=len(values))
    held = {key: _finite(given) for key, given in values.items()}
    each = 1 - (1 - level) / (len(held) - 1)
    first = next(iter(held))
    made = tuple(_variant(key, own, held[first], key == first, each, margin) for key, own in held.items())
    samples = [own for own in held.values() if own.size]
    varied = len(samples) >= _PAIR and np.ptp(np.concatenate(samples)) > 0
    p_value = float(kruskal(*samples).pvalue) if varied else float("nan")
    return Compared(made, p_value, margin, level)


def _variant(
    key: str, own: FloatArray, reference: FloatArray, is_reference: bool, level: float, margin: float
) -> Variant:
    nothing = float("nan")
    if not own.size:
        return Variant(key, 0, nothing, nothing, nothing, nothing, nothing, nothing, "open")
    median, q1, q3 = (float(q) for q in np.quantile(own, [0.5, 0.25, 0.75]))
    if is_reference:
        return Variant(key, own.size, median, q1, q3, 0.0, 0.0, 0.0, "reference")
    difference = float(own.mean() - reference.mean()) if reference.size else nothing
    low, high = _welch(own, reference, difference, level)
    verdict: Verdict = "open"
    if np.isfinite(low):
        verdict = "equal" if -margin <= low and high <= margin else "differs" if low > 0 or high < 0 else "open"
    return Variant(key, own.size, median, q1, q3, difference, low, high, verdict)


def _welch(one: FloatArray, other: FloatArray, difference: float, level: float) -> tuple[float, float]:
    if min(one.size, other.size) < _PAIR:
        return float("nan"), float("nan")
    parts = np.array([side.var(ddof=1) / side.size for side in (one, other)])
    error = float(np.sqrt(parts.sum()))
    if error == 0:
        return difference, difference
    degrees = parts.sum() ** 2 / (parts**2 / np.array([one.size - 1, other.size - 1])).sum()
    reach = float(student.ppf(0.5 + level / 2, degrees)) * error
    return difference - reach, difference + reach


def _finite(values: FloatArray) -> FloatArray:
    held = np.asarray(values, dtype=np.float64)
    return np.asarray(held[np.isfinite(held)])
