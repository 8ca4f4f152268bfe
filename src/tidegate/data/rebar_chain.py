"""A synthetic chain of rebar contracts, both legs of every roll in sight: what a roll must come to can be counted.

All contracts follow one walk (`RebarWorld` without a roll); each lies apart from it by a basis of its own that wanders
from session to session. Open interest goes from one delivery to the next.
"""

from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.data.futures_resample import resample
from tidegate.data.rebar_world import RebarWorld
from tidegate.data.source import Source
from tidegate.types.bars import Bars, BarSpec

__all__ = ["RebarChain"]

_MONTHS = ("01", "05", "10")
_FIRST_YEAR, _AHEAD = 16, 2
"""The first contract is RB1610; each month lies this many places on in `_MONTHS`."""
_BEFORE, _AFTER = 1.6, 1.1
"""A contract trades from this many spacings before its height to that many after it."""
_WANDER = 0.001
_SHARE = 0.02
"""Noise of open interest from session to session, as a fraction."""
_PRICES = ("open", "high", "low", "close")


class RebarChain(Source):
    """Rebar contracts that never traded, one asset each, from RB1610 on; deliveries are `spacing` sessions apart.

    Formula
        Prices of contract k are the walk's times ``exp(b_k + w_k)``, b_k drawn once with standard deviation `basis`,
        w_k a random walk of 0.1 % a session; in whole yuan. Its open interest is the walk's times
        ``exp(-((s - c_k) / (0.6 · spacing))²)`` (and 2 % of noise) around its height c_k = k · `spacing` + half of it,
        in session s; its volume the same share.
    Known at
        A label is the end of its bar; a night belongs to the session that it opens.
    Shapes, units
        Prices in yuan a tonne, volume and open interest in lots.
    Missing values
        A contract has no bars before it is listed and after it has ended.

    >>> bars = RebarChain(sessions=30, seed=1, frequency="1d", spacing=12).bars()
    >>> bars.assets
    ('RB1610', 'RB1701', 'RB1705', 'RB1710')
    """

    name: ClassVar[str] = "rebar-chain"
    example: ClassVar[dict[str, Any]] = {"sessions": 30, "seed": 1, "frequency": "1d", "spacing": 12}

    sessions: int = Field(ge=2, le=2000, description="sessions of history")
    seed: int = Field(ge=0, description="the same seed gives the same bars")
    frequency: Literal["5min", "15min", "30min", "60min", "1d"] = Field(description="length of a bar")
    spacing: int = Field(default=85, ge=4, description="sessions from one contract's height to the next one's")
    basis: float = Field(
        default=0.03, ge=0, le=0.2, description="standard deviation of a contract's distance to the walk"
    )

    def bars(self) -> Bars:
        """Draw the chain: the same declaration gives the same contracts at every frequency."""
        walk = RebarWorld(sessions=self.sessions, seed=self.seed, frequency="5min", roll=2 * self.sessions).bars()
        frame = walk.frame.drop("factor", "roll_from", strict=False)
        days = frame["session"].unique().sort()
        generator = np.random.default_rng((self.seed, 7))
        count = -(-self.sessions // self.spacing) + 1
        apart = generator.normal(0, self.basis, count)[:, None]
        apart = apart + generator.normal(0, _WANDER, (count, self.sessions)).cumsum(axis=1)
        noise = np.exp(generator.normal(0, _SHARE, (count, self.sessions)))
        at = np.arange(self.sessions)
        legs = []
        for k in range(count):
            away = (at - (k + 0.5) * self.spacing) / self.spacing
            told = pl.DataFrame(
                {"session": days, "times": np.exp(apart[k]), "share": np.exp(-((away / 0.6) ** 2)) * noise[k]}
            ).filter(pl.Series((away >= -_BEFORE) & (away <= _AFTER)))
            leg = frame.join(told, on="session", maintain_order="left").with_columns(
                *((pl.col(name) * pl.col("times")).round(0).alias(name) for name in _PRICES),
                *((pl.col(name) * pl.col("share")).round(0).alias(name) for name in ("volume", "open_interest")),
                asset=pl.lit(_contract(k)),
            )
            legs.append(leg.drop("times", "share"))
        chain = pl.concat(legs).filter(pl.len().over("asset") > 0)
        spec = BarSpec(
            frequency="5min", kind="future", currency="CNY", title=f"rebar chain, seed {self.seed}", source="synthetic"
        )
        short = Bars.of(chain, spec)
        return short if self.frequency == "5min" else resample(short, self.frequency, "shfe-rebar").bars


def _contract(place: int) -> str:
    """Name a delivery.

    >>> [_contract(place) for place in range(5)]
    ['RB1610', 'RB1701', 'RB1705', 'RB1710', 'RB1801']
    """
    since = place + _AHEAD
    return f"RB{_FIRST_YEAR + since // len(_MONTHS)}{_MONTHS[since % len(_MONTHS)]}"
