"""Windows: which stretches of the panel a network sees, what it should say, and when that became known.

A window is named by its *anchor*, the row at whose close it ends. Nothing is copied: window *m* is rows
``anchor - lookback + 1 ... anchor`` of the panel, one contiguous block.
"""

from dataclasses import dataclass

import numpy as np

from tidegate.errors import ClockError
from tidegate.types.axes import BoolArray, FloatArray, IntArray, frozen, require
from tidegate.types.clock import Horizon
from tidegate.types.panel import Panel

__all__ = ["Affine", "Windows"]


@dataclass(frozen=True)
class Windows:
    """Anchors [M] into a panel, their targets and clocks; made only through `Windows.of`.

    `inputs` are the fields seen over the lookback (a batch gives ``[B, L, len(inputs)]``: batch, time, feature, in that
    order); `context` are fields seen at the anchor only (``[B, len(context)]``).

    Known at
        The inputs at CLOSE(anchor); `target` at ``horizon.exit_at``, stored as `known`: a position on the panel's time
        axis, or T where the future has not come yet (then the target is NaN, and the window can only be forecast).
    """

    panel: Panel
    lookback: int
    inputs: tuple[str, ...]
    context: tuple[str, ...]
    horizon: Horizon
    anchors: IntArray
    target: FloatArray
    weight: FloatArray
    known: IntArray

    @classmethod
    def of(
        cls,
        panel: Panel,
        lookback: int,
        inputs: tuple[str, ...],
        context: tuple[str, ...],
        horizon: Horizon,
        anchors: IntArray,
        target: FloatArray,
        known: IntArray,
        weight: FloatArray | None = None,
    ) -> "Windows":
        """Check that no window leaves its asset and that no target is known before its own anchor."""
        count = anchors.shape[0]
        weight = np.ones(count) if weight is None else weight
        for name, array in (("target", target), ("known", known), ("weight", weight)):
            require(holds=array.shape == (count,), what=f"one {name} per anchor", expected=count, found=array.shape)
        for field in (*inputs, *context):
            panel.field(field)
        require(holds=lookback >= 1, what="a window has at least one row", found=lookback)
        there = (anchors >= 0) & (anchors < panel.values.shape[0])
        require(
            holds=bool(there.all()),
            what="an anchor is no row of the panel",
            expected=f"0 … {panel.values.shape[0] - 1}",
            found=int((~there).sum()),
        )
        inside = anchors - lookback + 1 >= panel.first_row[anchors]
        require(
            holds=bool(inside.all()), what="a window reaches before its asset's first row", found=int((~inside).sum())
        )
        if bool((known <= panel.row_time[anchors]).any()):
            raise ClockError(
                "a target is known at or before its anchor", hint="a label must look past the anchor; check its horizon"
            )
        return cls(
            panel,
            lookback,
            tuple(inputs),
            tuple(context),
            horizon,
            frozen(anchors.astype(np.int64)),
            frozen(target.astype(np.float64)),
            frozen(weight.astype(np.float64)),
            frozen(known.astype(np.int64)),
        )

    def __len__(self) -> int:
        return int(self.anchors.shape[0])

    @property
    def anchor_time(self) -> IntArray:
        """Position of each anchor on the time axis [M]."""
        return self.panel.row_time[self.anchors]

    def take(self, which: IntArray | BoolArray) -> "Windows":
        """Keep some of the windows, on the same panel."""
        return Windows.of(
            self.panel,
            self.lookback,
            self.inputs,
            self.context,
            self.horizon,
            self.anchors[which],
            self.target[which],
            self.known[which],
            self.weight[which],
        )


@dataclass(frozen=True)
class Affine:
    """A fitted normaliser of window inputs: ``(x - centre) / scale``, pulled in to ``± clip`` where there is one.

    Shapes ``[M, F]`` (one pair per window, aligned with the windows it was made for) or ``[1, F]`` (one for all).
    `fitted_upto` is the last position on the time axis whose data it saw, None where each window uses only itself.
    """

    centre: FloatArray
    scale: FloatArray
    fitted_upto: int | None
    clip: float | None = None

    @classmethod
    def of(
        cls, centre: FloatArray, scale: FloatArray, fitted_upto: int | None = None, clip: float | None = None
    ) -> "Affine":
        """Check shapes, that every scale is positive and finite, and that a clip is above zero."""
        require(
            holds=centre.shape == scale.shape and centre.ndim == 2,  # noqa: PLR2004
            what="centre and scale are [M or 1, F]",
            found=(centre.shape, scale.shape),
        )
        require(
            holds=bool(np.all(np.isfinite(centre)) and np.all(np.isfinite(scale)) and np.all(scale > 0)),
            what="a scale is not positive or not finite",
        )
        require(holds=clip is None or clip > 0, what="a clip is not positive", found=clip)
        return cls(frozen(centre), frozen(scale), fitted_upto, clip)
