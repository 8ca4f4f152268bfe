"""The daily part: 28 factors of prices, volumes and shares, each an expression over an asset's own bars.

A month is 21 bars, a quarter 63, a half-year 126 and a year 252, all of the asset itself: days without trade are not
counted. Returns are of adjusted prices; values and the price level are of prices as printed.
"""

from typing import Final

__all__ = ["DAILY"]

_RETURN: Final = "close / lag(close, 1) - 1"
_MOVE: Final = "delta(close, 1)"
_FAST_LESS_SLOW: Final = "(exponential_mean(close, 36, 12) - exponential_mean(close, 78, 26))"

DAILY: Final[dict[str, str]] = {
    "momentum_1m": "close / lag(close, 21) - 1",
    "momentum_3m": "close / lag(close, 63) - 1",
    "momentum_6m": "close / lag(close, 126) - 1",
    "momentum_12_1m": "lag(close, 21) / lag(close, 252) - 1",
    "return_1w": "close / lag(close, 5) - 1",
    "high_52w": "close / max(high, 252)",
    "volatility_1m": f"std({_RETURN}, 21)",
    "volatility_3m": f"std({_RETURN}, 63)",
    "idiosyncratic_volatility_3m": (
        f"std({_RETURN}, 63) * root((1 - correlation({_RETURN}, market_return, 63) "
        f"* correlation({_RETURN}, market_return, 63)) * 62 / 61)"
    ),
    "skewness_3m": f"skew({_RETURN}, 63)",
    "max_return_1m": f"max({_RETURN}, 21)",
    "turnover_1m": "mean(turnover, 21)",
    "turnover_3m": "mean(turnover, 63)",
    "turnover_6m": "mean(turnover, 126)",
    "turnover_12m": "mean(turnover, 252)",
    "illiquidity_1m": f"mean(absolute({_RETURN}) / (amount / 100000000), 21)",
    "turnover_variation_1m": "std(turnover, 21) / mean(turnover, 21)",
    "log_market_value": "log(raw_close * total_shares)",
    "log_float_value": "log(raw_close * float_shares)",
    "log_price": "log(raw_close)",
    "beta_12m": f"beta({_RETURN}, market_return, 252)",
    "beta_3m": f"beta({_RETURN}, market_return, 63)",
    "market_correlation_12m": f"correlation({_RETURN}, market_return, 252)",
    "relative_strength_14": f"sum(greater({_MOVE}, 0), 14) / sum(absolute({_MOVE}), 14)",
    "macd": f"({_FAST_LESS_SLOW} - exponential_mean({_FAST_LESS_SLOW}, 27, 9)) / close",
    "band_place_20": "(close - mean(close, 20)) / (2 * std(close, 20))",
    "close_to_mean_60": "close / mean(close, 60) - 1",
    "return_with_volume_20": f"correlation({_RETURN}, log(volume / lag(volume, 1)), 20)",
}
