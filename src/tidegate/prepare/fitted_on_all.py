"""A scaler that was fitted before the data were parted: a published mistake, for comparison."""

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.prepare.normaliser import Normaliser
from tidegate.types.axes import BoolArray
from tidegate.types.windows import Affine, Windows

__all__ = ["FittedOnAll"]


class FittedOnAll(Normaliser):
    """The normaliser `inner`, fitted on every window there is: extremes and moments are those of the judged range too.

    Known at
        Never lawful: the last row that any window sees.
    Source
        The rebar document scales prices to 0 … 1 over the whole table; so do most public price forecasts that call a
        scaler before they part the data, and processors that are given no range to be fitted on.

    >>> from tidegate.prepare.scalers import MinMax
    >>> from tidegate.testing.blind_windows import example_windows
    >>> from tidegate.testing.history import example_bars
    >>> windows = example_windows(example_bars(sessions=60))
    >>> first = windows.known < 30
    >>> MinMax().fit(windows, first).fitted_upto < FittedOnAll(inner=MinMax()).fit(windows, first).fitted_upto
    True
    """

    name: ClassVar[str] = "fitted-on-all"
    mistake: ClassVar[str] = "LEAKS: inputs are scaled by what the judged range holds, to its last bar."
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "min-max"}}

    inner: Normaliser = Field(description="the normaliser that is fitted on everything")

    def fit(self, windows: Windows, training: BoolArray) -> Affine:
        """Fit `inner` as if every window were one to learn from."""
        return self.inner.fit(windows, np.ones_like(training))
