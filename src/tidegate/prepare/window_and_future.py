"""Windows that are standardised together with what they are asked about: a published mistake, for comparison."""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.normaliser import Normaliser
from tidegate.types.axes import BoolArray
from tidegate.types.windows import Affine, Windows

__all__ = ["WindowAndFuture"]


class WindowAndFuture(Normaliser):
    """``z[l, f] = (x[l, f] - mean_f) / deviation_f`` with the moments of a window and of the `ahead` rows after it.

    Where prices are going to rise, the last price of a window lies low in it: nobody needs to forecast that any more.

    Known at
        Never lawful: `ahead` rows after the anchor.
    Missing values
        Rows without a value do not count. A field that is constant over a stretch becomes zero; at the end of an asset
        there are fewer rows ahead.
    Source
        Public forecasts that cut a series into stretches of input and answer, and normalise each stretch as one.

    >>> from tidegate.testing.blind_windows import example_windows
    >>> from tidegate.testing.history import example_bars
    >>> windows = example_windows(example_bars(sessions=60))
    >>> made = WindowAndFuture(ahead=3).fit(windows, np.ones(len(windows), dtype=bool))
    >>> made.centre.shape == (len(windows), len(windows.inputs))
    True
    """

    name: ClassVar[str] = "window-and-future"
    mistake: ClassVar[str] = "LEAKS: each window is standardised together with the bars that it is asked about."
    example: ClassVar[dict[str, Any]] = {"ahead": 5}

    ahead: int = Field(ge=1, description="rows after the anchor that are standardised with the window")

    def fit(self, windows: Windows, training: BoolArray) -> Affine:  # noqa: ARG002 - it looks at every stretch anyway
        """Moments of every stretch, by running sums of what each field is from its asset's first value there."""
        panel, columns = windows.panel, [windows.panel.field(name) for name in windows.inputs]
        values = panel.values[:, columns].astype(np.float64)
        there, base = np.isfinite(values), np.zeros_like(values)
        for begin, over in pairwise(panel.offsets):
            if over > begin:
                known = begin + there[begin:over].argmax(axis=0)
                base[begin:over] = np.nan_to_num(values[known, np.arange(len(columns))])
        apart = np.where(there, values - base, 0.0)
        sums = [np.vstack([np.zeros(len(columns)), np.cumsum(held, axis=0)]) for held in (apart, apart**2, there)]
        last = np.repeat(panel.offsets[1:], np.diff(panel.offsets))[windows.anchors]
        first, end = windows.anchors - windows.lookback + 1, np.minimum(windows.anchors + 1 + self.ahead, last)
        total, squares, count = (held[end] - held[first] for held in sums)
        mean, square = (held / np.maximum(count, 1) for held in (total, squares))
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
        centre = mean + base[windows.anchors]
        flat = deviation <= 1e-9 * np.maximum(1.0, np.abs(mean))
        return Affine.of(centre, np.where(flat, 1.0, deviation), len(panel.times) - 1)
