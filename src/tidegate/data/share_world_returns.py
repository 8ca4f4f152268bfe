"""What moves the shares of the synthetic market: the market, industries, and each share's own news; none of it told.

Every return of a session is ``beta · m(t) + g(t, industry) + v(t, n) · e(t, n)``. Volatilities are first-order
autoregressions in logarithms, so that they come in clusters; own news has the tails of Student's t with 5 degrees of
freedom. All draws are independent of everything before them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.signal import lfilter

from tidegate.data.share_world_roster import INDUSTRIES, drawn
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Returns"]

_DRIFT = 0.0004
_MARKET, _INDUSTRY, _OWN = 0.0155, 0.0065, 0.021
"""Typical standard deviations of a session."""
_MARKET_KEEPS, _MARKET_SWING = 0.985, 0.4
_OWN_KEEPS, _OWN_SWING = 0.96, 0.35
_TAIL = 5.0
_BETA = 0.2
_NIGHT = 0.2
"""Share of a session's variance that falls between close and open."""


def _waves(keeps: float, swing: float, shocks: FloatArray) -> FloatArray:
    """First-order autoregressions along the first axis, of standard deviation `swing` from the first row on."""
    scaled = swing * np.sqrt(1 - keeps**2) * shocks
    scaled[0] = swing * shocks[0]
    return np.asarray(lfilter([1.0], [1.0, -keeps], scaled, axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Returns:
    """Returns without any signal.

    Shapes
        ``[T, N]``, but for `swing` ``[T]`` and `beta` ``[N]``.
    """

    seed: int
    sessions: int
    industry: IntArray

    @cached_property
    def swing(self) -> FloatArray:
        """Logarithm of the market's volatility over its typical one."""
        return _waves(
            _MARKET_KEEPS, _MARKET_SWING, drawn(self.seed, "market volatility").standard_normal(self.sessions)
        )

    @cached_property
    def beta(self) -> FloatArray:
        """How far each share goes with the market."""
        return 1 + _BETA * np.clip(drawn(self.seed, "beta").standard_normal(len(self.industry)), -3, 3)

    @cached_property
    def own_volatility(self) -> FloatArray:
        """Volatility of own news; half of the market's swing is in it."""
        shocks = drawn(self.seed, "news volatility").standard_normal((self.sessions, len(self.industry)))
        wave = _waves(_OWN_KEEPS, _OWN_SWING, shocks)
        wave += 0.5 * self.swing[:, None] - _OWN_SWING**2
        return _OWN * np.exp(np.minimum(wave, 1.2))

    @cached_property
    def whole(self) -> FloatArray:
        """Returns close to close."""
        shape = (self.sessions, len(self.industry))
        tide = np.exp(np.minimum(self.swing, 1.2) - _MARKET_SWING**2)
        market = _DRIFT + _MARKET * tide * drawn(self.seed, "market").standard_normal(self.sessions)
        groups = drawn(self.seed, "industry moves").standard_normal((self.sessions, len(INDUSTRIES)))
        groups *= _INDUSTRY * np.sqrt(tide)[:, None]
        news = drawn(self.seed, "news").standard_t(_TAIL, shape)
        news *= self.own_volatility * np.sqrt(1 - 2 / _TAIL)
        news += groups[:, self.industry]
        news += market[:, None] * self.beta
        return np.clip(news, -0.3, 0.3)

    @cached_property
    def night(self) -> FloatArray:
        """The part between the close before and the open: independent of the rest, but for tails."""
        noise = drawn(self.seed, "nights").standard_normal(self.whole.shape)
        noise *= np.sqrt(_NIGHT * (1 - _NIGHT)) * np.sqrt(_OWN**2 + _MARKET**2)
        return np.clip(_NIGHT * self.whole + noise, -0.2, 0.2)
