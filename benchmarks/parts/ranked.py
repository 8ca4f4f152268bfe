"""A market of noise to rank: factors that remember, a label that they tell a little about, and how both are prepared.

The preparation is the one that Qlib's own examples give its LSTM: every factor by the median and the median deviation
of the training days, cut at ±3; the label by its rank among the assets of its day, ``(rank / N - 1/2) 3.46``.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Market", "Span", "market", "prepared"]

_WIDEST = 3.0
_RANK_SPREAD = 3.46
_NEVER_ZERO = 1e-12
_TO_DEVIATION = 1.4826


class Market(NamedTuple):
    """Factors ``f32 [N, D, F]`` and labels ``f32 [N, D]``; no row is missing."""

    factors: np.ndarray
    label: np.ndarray


class Span(NamedTuple):
    """Days that are trained on, then days that are validated on; a window has `lookback` days."""

    train: int
    valid: int
    lookback: int


def market(assets: int, days: int, fields: int) -> Market:
    """Draw factors that keep nine tenths of themselves from day to day."""
    chance = np.random.default_rng(7)
    factors = np.empty((assets, days, fields), np.float32)
    held = chance.standard_normal((assets, fields), dtype=np.float32)
    for day in range(days):
        held = 0.9 * held + 0.4359 * chance.standard_normal((assets, fields), dtype=np.float32)
        factors[:, day] = held
    pull = (chance.standard_normal(fields) / np.sqrt(fields)).astype(np.float32)
    noise = chance.standard_normal((assets, days), dtype=np.float32)
    return Market(factors, (0.001 * np.tanh(factors @ pull) + 0.02 * noise).astype(np.float32))


def prepared(given: Market, train_days: int) -> Market:
    """Prepare factors in place (nobody else holds them), and return ranks for labels."""
    for field in range(given.factors.shape[2]):
        column = given.factors[:, :, field]
        seen = column[:, :train_days].reshape(-1)
        middle = np.median(seen)
        spread = (np.median(np.abs(seen - middle)) + np.float32(_NEVER_ZERO)) * np.float32(_TO_DEVIATION)
        column -= middle
        column /= spread
        np.clip(column, -_WIDEST, _WIDEST, out=column)
    ranks = given.label.argsort(axis=0).argsort(axis=0) + 1
    return Market(given.factors, ((ranks / len(ranks) - 0.5) * _RANK_SPREAD).astype(np.float32))
