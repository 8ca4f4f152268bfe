"""What moves the shares of the synthetic market: the market, industries, and each share's own news; none of it told.

Every return of a session is ``0.0009 + beta · m(t) + g(t, industry) + v(t, n) · e(t, n)``. Volatilities are first-order
autoregressions in logarithms, so that they come in clusters; own news has the tails of Student's t with 4 degrees of
freedom. All draws are independent of everything before them.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.signal import lfilter

from tidegate.data.share_world_roster import INDUSTRIES, drawn
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["OWN_VOLATILITY", "Returns", "waves"]

_DRIFT = 0.0009
_MARKET, _INDUSTRY, OWN_VOLATILITY = 0.0205, 0.0075, 0.0235
"""Typical standard deviations of a session."""
_MARKET_KEEPS, _MARKET_SWING = 0.985, 0.6
_OWN_KEEPS, _OWN_SWING, _OWN_LEVEL = 0.95, 0.6, 0.15
_TAIL = 4.0
_WILDEST = 1.5
"""Most that the logarithm of a volatility stands above the typical one."""
_BETA = 0.2
_NIGHT = 0.2
"""Share of a session's variance that falls between close and open."""


def waves(keeps: float, swing: float, shocks: FloatArray) -> FloatArray:
    """First-order autoregressions along the first axis, of standard deviation `swing` from the first row on.

    >>> waves(0.5, 2.0, np.array([1.0, 0.0, 0.0])).tolist()
    [2.0, 1.0, 0.5]
    """
    scaled = swing * np.sqrt(1 - keeps**2) * shocks
    scaled[0] = swing * shocks[0]
    return np.asarray(lfilter([1.0], [1.0, -keeps], scaled, axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Returns:
    """Returns without any signal.

    Shapes
        ``[T, N]``, but for `swing` ``[T]``, `tide` ``[T, 1]`` and `beta` ``[N]``.
    """

    seed: int
    sessions: int
    industry: IntArray

    @cached_property
    def swing(self) -> FloatArray:
        """Logarithm of the market's volatility over its typical one."""
        return waves(_MARKET_KEEPS, _MARKET_SWING, drawn(self.seed, "market volatility").standard_normal(self.sessions))

    @cached_property
    def beta(self) -> FloatArray:
        """How far each share goes with the market."""
        return 1 + _BETA * np.clip(drawn(self.seed, "beta").standard_normal(len(self.industry)), -3, 3)

    @cached_property
    def own_volatility(self) -> FloatArray:
        """Volatility of own news; half of the market's swing is in it, and some shares are wilder than others."""
        shocks = drawn(self.seed, "news volatility").standard_normal((1 + self.sessions, len(self.industry)))
        wave = waves(_OWN_KEEPS, _OWN_SWING, shocks[1:])
        wave += 0.5 * self.swing[:, None] + _OWN_LEVEL * shocks[0] - _OWN_SWING**2 - _OWN_LEVEL**2
        return OWN_VOLATILITY * np.exp(np.minimum(wave, _WILDEST))

    @cached_property
    def tide(self) -> FloatArray:
        """Volatility of the market over its typical one ``[T, 1]``."""
        return np.exp(np.minimum(self.swing, _WILDEST) - _MARKET_SWING**2)[:, None]

    @cached_property
    def whole(self) -> FloatArray:
        """Returns close to close; what a share earns on average does not depend on its beta."""
        shape = (self.sessions, len(self.industry))
        market = _MARKET * self.tide * drawn(self.seed, "market").standard_normal((self.sessions, 1))
        groups = drawn(self.seed, "industry moves").standard_normal((self.sessions, len(INDUSTRIES)))
        groups *= _INDUSTRY * np.sqrt(self.tide)
        news = drawn(self.seed, "news").standard_t(_TAIL, shape)
        news *= self.own_volatility * np.sqrt(1 - 2 / _TAIL)
        news += groups[:, self.industry]
        news += market * self.beta
        return _DRIFT + np.clip(news, -0.3, 0.3)

    @cached_property
    def night(self) -> FloatArray:
        """The part between the close before and the open.

        Formula
            ``λ r + √(λ (1 − λ)) σ(t, n) e``, so that it has no correlation with the rest ``r − night``: what a share
            earns over both is `r` on average, however wild it is.
        """
        noise = drawn(self.seed, "nights").standard_normal(self.whole.shape)
        variance = self.own_volatility**2 + (_MARKET * self.tide * self.beta) ** 2 + _INDUSTRY**2 * self.tide
        noise *= np.sqrt(_NIGHT * (1 - _NIGHT) * variance)
        return np.clip(_NIGHT * self.whole + noise, -0.2, 0.2)
