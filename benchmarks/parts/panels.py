"""Panels of noise of any size, and windows on them."""

import numpy as np

from tidegate.types import Affine, Horizon, Panel, Windows

__all__ = ["noise_windows"]


def noise_windows(assets: int, sessions: int, fields: int, lookback: int) -> tuple[Windows, Affine]:
    """Every window of a full panel of noise, with a normaliser of its own for each."""
    rng = np.random.default_rng(1)
    values = rng.standard_normal((assets * sessions, fields), dtype=np.float32)
    times = (np.datetime64("2000-01-01") + np.arange(sessions)).astype("datetime64[us]")
    panel = Panel.of(
        values,
        times,
        tuple(f"{n:06d}" for n in range(assets)),
        tuple(f"factor {n}" for n in range(fields)),
        np.tile(np.arange(sessions), assets),
        np.arange(assets + 1) * sessions,
    )
    anchors = (np.arange(assets)[:, None] * sessions + np.arange(lookback - 1, sessions - 2)).ravel()
    target = values[anchors, 0].astype(np.float64)
    windows = Windows.of(
        panel, lookback, panel.fields, (), Horizon(lag=1, span=1), anchors, target, panel.row_time[anchors] + 2
    )
    return windows, Affine.of(np.zeros((1, fields)), np.ones((1, fields)))
