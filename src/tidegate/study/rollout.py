"""Recursive paths: a one-step level forecast fed back into its own window, again and again.

This is how the index-timing document's first attempt looked twenty days ahead from a model of the next day. Each path
starts from what was known at the close of its anchor and sees nothing after it but its own forecasts.
"""

import numpy as np
import polars as pl

from tidegate.errors import SettingError
from tidegate.learn.fitted import Fitted
from tidegate.learn.speak import speak
from tidegate.study.declare import Rollout
from tidegate.types.fold import Fold
from tidegate.types.panel import Panel
from tidegate.types.windows import Affine, Windows

__all__ = ["paths"]


def paths(fitted: Fitted, windows: Windows, affine: Affine, fold: Fold, rollout: Rollout) -> pl.DataFrame:
    """Columns `time` (anchor), `step` (1 … steps), `score` (forecast level), for every `every`-th test anchor.

    Known at
        All of a path at the close of its anchor.
    Errors
        `SettingError` where the model sees more than one field or its normaliser is made per window: the path could not
        say what the other fields would be.
    """
    if len(windows.inputs) != 1 or windows.context or affine.centre.shape[0] != 1:
        raise SettingError(
            "a rollout needs a model of one field with a normaliser fitted on train",
            found=windows.inputs,
            hint="set rollout to null, or use one input field and min-max",
        )
    which = np.flatnonzero(fold.testing(windows))[:: rollout.every]
    anchors = windows.anchors[which]
    back = np.arange(-windows.lookback + 1, 1)
    seen = windows.panel.column(windows.inputs[0])[anchors[:, None] + back].astype(np.float64)
    made = np.empty((len(anchors), rollout.steps))
    for step in range(rollout.steps):
        made[:, step] = speak(fitted, _as_windows(seen, windows), affine, np.arange(len(anchors)))
        seen = np.column_stack([seen[:, 1:], made[:, step]])
    times = windows.panel.times[windows.panel.row_time[anchors]]
    return pl.DataFrame(
        {
            "time": np.repeat(times, rollout.steps),
            "step": np.tile(np.arange(1, rollout.steps + 1), len(anchors)),
            "score": made.ravel(),
        }
    )


def _as_windows(seen: np.ndarray, like: Windows) -> Windows:
    """Each row of ``seen [P, L]`` as the only window of an asset of its own."""
    count, lookback = seen.shape
    times = like.panel.times[:lookback]
    panel = Panel.of(
        seen.reshape(-1, 1).astype(np.float32),
        times,
        tuple(f"path {i:06d}" for i in range(count)),
        like.inputs,
        np.tile(np.arange(lookback, dtype=np.int64), count),
        np.arange(count + 1, dtype=np.int64) * lookback,
    )
    anchors = np.arange(1, count + 1, dtype=np.int64) * lookback - 1
    return Windows.of(
        panel,
        lookback,
        like.inputs,
        (),
        like.horizon,
        anchors,
        np.full(count, np.nan),
        np.full(count, lookback, dtype=np.int64),
    )
