"""Planted noise: a factor that knows nothing, by construction; the yardstick of every importance."""

import hashlib
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtri

from tidegate.factors.base import FactorSet, panel_of
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["PlantedNoise", "planted"]

_PREFIX = "planted_noise_"
_UNIT = 2.0**-53


class PlantedNoise(FactorSet):
    """Standard normal noise, a function of (seed, number, asset, time) alone: ``x_t = φ x_{t-1} + √(1 - φ²) e_t``.

    `persistence` φ makes it as smooth in time as real factors are; a smooth noise is easier to mistake for one. Its
    deviation is one for any φ. More bars, earlier ones left out or other assets change no e; a later start changes x as
    far back as φ remembers.

    Known at
        CLOSE(t), and it could be known before: it is drawn, not observed.
    Units
        None: mean zero, deviation one.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> bars = NoiseWorld(sessions=50, seed=1).bars()
    >>> PlantedNoise(count=2).compute(bars).fields
    ('planted_noise_1', 'planted_noise_2')
    """

    name: ClassVar[str] = "planted-noise"

    count: int = Field(default=1, ge=1, description="how many such factors")
    seed: int = Field(default=0, ge=0, description="another seed is other noise")
    persistence: float = Field(default=0.0, ge=0, lt=1, description="share φ of yesterday's value that is in today's")

    def compute(self, bars: Bars) -> Panel:
        """Draw every factor for every bar."""
        asset = bars.frame["asset"].to_numpy()
        time = bars.frame["time"].to_numpy().astype("datetime64[us]").astype(np.int64).astype(np.uint64)
        edges = np.flatnonzero(asset[1:] != asset[:-1]) + 1
        names = [str(asset[at]) for at in (0, *edges)] if asset.size else []
        columns = {}
        for number in range(1, self.count + 1):
            drawn = np.empty(asset.size)
            for name, rows in zip(names, np.split(np.arange(asset.size), edges), strict=False):
                word = f"{self.seed}/{number}/{name}".encode()
                key = np.uint64(int.from_bytes(hashlib.sha256(word).digest()[:8], "little"))
                drawn[rows] = _smoothed(_normal(time[rows], key), self.persistence)
            columns[f"{_PREFIX}{number}"] = drawn
        return panel_of(bars, columns)


def planted(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Which of some fields are planted noise.

    >>> planted(("close", "planted_noise_1"))
    ('planted_noise_1',)
    """
    return tuple(field for field in fields if field.startswith(_PREFIX))


def _normal(time: NDArray[np.uint64], key: np.uint64) -> FloatArray:
    """A standard normal number for each time: its bits well mixed (Steele, Lea & Flood 2014), then the inverse law."""
    with np.errstate(over="ignore"):
        mixed = time * np.uint64(0x9E3779B97F4A7C15) + key
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(ndtri(((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * _UNIT))


def _smoothed(drawn: FloatArray, persistence: float) -> FloatArray:
    if not persistence:
        return drawn
    made, fresh = drawn.copy(), float(np.sqrt(1.0 - persistence**2))
    for at in range(1, drawn.size):
        made[at] = persistence * made[at - 1] + fresh * drawn[at]
    return made
