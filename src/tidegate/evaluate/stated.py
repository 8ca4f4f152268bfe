"""One way to state a figure: a number that could not be computed is None and says why, never NaN, never zero."""

from math import isfinite

from tidegate.types.report import Measure

__all__ = ["stated"]


def stated(
    name: str,
    subject: dict[str, str],
    value: float,
    unit: str,
    *,
    n: int,
    low: float | None = None,
    high: float | None = None,
    level: float | None = None,
    note: str = "",
    otherwise: str = "could not be computed",
) -> Measure:
    """Make a `Measure` from floats: NaN and infinities become None, with `otherwise` added to the note.

    An interval that lacks an end is left out whole, with its level. Units: `unit` in words; fractions, not percents.

    >>> stated("sharpe", {"market": "index"}, float("nan"), "ratio a year", n=0, otherwise="never traded").note
    'never traded'
    """
    known = isfinite(value)
    bounded = known and low is not None and high is not None and isfinite(low) and isfinite(high)
    words = note if known else "; ".join(part for part in (note, otherwise) if part)
    return Measure(
        name=name,
        subject=dict(subject),
        value=(int(value) if isinstance(value, int) else float(value)) if known else None,
        unit=unit,
        low=float(low) if bounded and low is not None else None,
        high=float(high) if bounded and high is not None else None,
        level=level if bounded else None,
        n=n,
        note=words,
    )
