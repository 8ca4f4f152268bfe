"""Draws whose truth is known, and the record of one measured figure, for the benchmark of doubt."""

from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from tidegate.evaluate.doubt import overlap

__all__ = ["LEVEL", "Row", "alike", "covered", "garch", "overlapping", "rejected", "slow"]

LEVEL = 0.95


class Row(NamedTuple):
    """One measured figure: what was done, how, the share or value seen, what it should be, over how many worlds.

    `nominal` is None where there is no right answer (power, a value that is only told).
    """

    what: str
    how: str
    measured: float
    nominal: float | None
    worlds: int


def overlapping(rng: np.random.Generator, worlds: int, bars: int, span: int) -> np.ndarray:
    """Noise labels over `span` bars, unit variance."""
    total = np.cumsum(np.pad(rng.normal(size=(worlds, bars + span)), ((0, 0), (1, 0))), axis=1)
    return (total[:, span : bars + span] - total[:, :bars]) / np.sqrt(span)


def slow(rng: np.random.Generator, worlds: int, bars: int, rho: float) -> np.ndarray:
    """Scores that change slowly, as a network's do, unit variance."""
    return lfilter([1], [1, -rho], rng.normal(size=(worlds, bars + 500)), axis=1)[:, 500:] * np.sqrt(1 - rho**2)


def garch(rng: np.random.Generator, worlds: int, bars: int) -> np.ndarray:
    """Draw returns whose variance clusters: GARCH(1, 1) with 0.1 and 0.85, unit variance."""
    noise, variance, made = rng.normal(size=(bars + 200, worlds)), np.ones(worlds), np.empty((bars + 200, worlds))
    for t in range(bars + 200):
        made[t] = np.sqrt(variance) * noise[t]
        variance = 0.05 + 0.1 * made[t] ** 2 + 0.85 * variance
    return made[200:].T


def alike(rng: np.random.Generator, groups: int, each: int, rho: float, bars: int) -> np.ndarray:
    """Trials in groups whose members correlate by `rho` ``[groups · each, bars]``, unit variance."""
    common = np.repeat(rng.normal(size=(groups, bars)), each, axis=0)
    return np.sqrt(rho) * common + np.sqrt(1 - rho) * rng.normal(size=(groups * each, bars))


def rejected(p_value: np.ndarray) -> float:
    """Share of worlds in which a 5 % test rejects."""
    return float(np.mean(np.asarray(p_value) < 1 - LEVEL))


def covered(found: overlap.Tested, truth: float) -> float:
    """Share of worlds whose interval holds the truth."""
    return float(np.mean((found.low <= truth) & (truth <= found.high)))
