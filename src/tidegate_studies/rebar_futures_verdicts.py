"""How the rebar ledger judges: near a printed figure, better than the last close, better than another study."""

from typing import Literal

import numpy as np

from tidegate.types.axes import FloatArray

__all__ = ["Verdict", "beats", "compared", "near"]

Verdict = Literal["holds", "fails", "unclear", "not tested"]
_SURE, _NEAR, _FAR = 0.05, 0.10, 0.25


def near(errors: FloatArray, printed: float) -> Verdict:
    """Whether a printed error comes out again: by the median within a tenth of it; not, beyond a quarter.

    >>> near(np.array([50.0, 52.0, 60.0]), 52.4), near(np.array([80.0]), 52.4)
    ('holds', 'fails')
    """
    apart = abs(float(np.median(errors)) / printed - 1.0)
    return "holds" if apart <= _NEAR else "fails" if apart > _FAR else "unclear"


def beats(ratios: FloatArray, p_value: float) -> Verdict:
    """Whether every seed errs less than the last close and the test is sure of it; fails where the median does not.

    >>> beats(np.array([0.9, 0.95]), 0.01), beats(np.array([0.99, 1.01]), 0.4), beats(np.array([1.2]), 0.001)
    ('holds', 'unclear', 'fails')
    """
    if float(np.median(ratios)) >= 1:
        return "fails"
    return "holds" if float(ratios.max()) < 1 and p_value < _SURE else "unclear"


def compared(before: FloatArray, after: FloatArray) -> Verdict:
    """Whether errors became smaller: in every seed of one against every seed of the other, or in the median alone.

    >>> compared(np.array([2.0, 3.0]), np.array([1.0, 1.5])), compared(np.array([1.0, 3.0]), np.array([2.0, 1.5]))
    ('holds', 'unclear')
    """
    if float(after.max()) < float(before.min()):
        return "holds"
    return "fails" if float(np.median(after)) >= float(np.median(before)) else "unclear"
