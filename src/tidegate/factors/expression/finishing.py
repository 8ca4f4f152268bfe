"""Statistics of full windows → values, one pass each; NaN where fewer than `bars` values stand in a row."""

import numpy as np

from tidegate.factors.expression.kernels import compiled
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["correlation", "divided", "residual", "spread", "squared"]


@compiled
def divided(x: FloatArray, divisor: float, run: IntArray, bars: int, made: FloatArray) -> None:
    """``x / divisor``."""
    for t in range(made.size):
        made[t] = x[t] / divisor if run[t] >= bars else np.nan


@compiled
def spread(x: FloatArray, divisor: float, run: IntArray, bars: int, made: FloatArray) -> None:
    """``√(x / divisor)``."""
    for t in range(made.size):
        made[t] = np.sqrt(x[t] / divisor) if run[t] >= bars else np.nan


@compiled
def correlation(moments: FloatArray, run: IntArray, bars: int, made: FloatArray) -> None:
    """``xy / (√xx √yy)`` within ±1, from rows xx, xy, yy; NaN where xx or yy is 0."""
    xx, xy, yy = moments[0], moments[1], moments[2]
    for t in range(made.size):
        value = xy[t] / (np.sqrt(xx[t]) * np.sqrt(yy[t]))
        value = min(max(value, -1.0), 1.0)
        made[t] = value if run[t] >= bars and xx[t] > 0.0 and yy[t] > 0.0 else np.nan


@compiled
def squared(trend: FloatArray, over_time: float, run: IntArray, bars: int, made: FloatArray) -> None:
    """``tx² / (xx tt)``, at most 1, from rows mean, xx, tx; NaN where xx is 0."""
    xx, tx = trend[1], trend[2]
    for t in range(made.size):
        value = tx[t] / xx[t] * tx[t] / over_time
        value = min(value, 1.0)
        made[t] = value if run[t] >= bars and xx[t] > 0.0 else np.nan


@compiled
def residual(x: FloatArray, trend: FloatArray, ahead: float, run: IntArray, bars: int, made: FloatArray) -> None:
    """``x - (mean + tx × ahead)``, from rows mean, xx, tx."""
    mean, tx = trend[0], trend[2]
    for t in range(made.size):
        made[t] = x[t] - (mean[t] + tx[t] * ahead) if run[t] >= bars else np.nan
