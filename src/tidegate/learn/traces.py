"""Traces: what was seen while a network learned, as named arrays and the names along their axes.

curves.step [K]                      steps done when the losses were measured
curves.loss [K, sets]                mean loss of each set's subset (NaN where it has none)
curves.accuracy [K, sets]            share of them whose likeliest class came, for losses of classes
ponder.steps, .remainder [K, sets, layers]    means over windows and time steps, for cells that ponder
weights.step [S]                     steps done at each snapshot
weights.edges [groups, bins + 1]     edges of the histograms; the outer bins also hold what lies beyond
weights.counts [S, groups, bins]     weights by bin
weights.quantiles [S, groups, shares], weights.shares [shares]
lags.step [G]                        steps done when gradients were measured
lags.norm [G, layers, gates, L]      mean over windows of |d loss / d gate|, lag 0 the anchor's row

`names` has the names along the axes *sets*, *layers*, *groups* and *gates*; "hidden" and "cell" stand among the gates
for the output and, where the cell has one, its memory.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from tidegate.types.axes import frozen

__all__ = ["NOTHING", "Traces"]


class Traces(NamedTuple):
    """Arrays by name, and names by axis; see the head of this file."""

    arrays: dict[str, NDArray[Any]]
    names: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]], names: dict[str, list[str]]) -> "Traces":
        """Make traces that do not change any more, from what was kept."""
        return cls(
            {name: frozen(array) for name, array in sorted(arrays.items())},
            {axis: tuple(held) for axis, held in sorted(names.items())},
        )


NOTHING = Traces({}, {})
