"""Named factors in text: seven price ratios, and 158 factors of prices and volumes over five windows."""

from typing import Final

from tidegate.errors import SettingError

__all__ = ["PRICE_RATIOS", "SHAPES", "WINDOWS", "price_volume"]

WINDOWS: Final = (5, 10, 20, 30, 60)

PRICE_RATIOS: Final[dict[str, str]] = {
    "close_to_mean_5": "close / mean(close, 5)",
    "close_to_mean_10": "close / mean(close, 10)",
    "close_to_mean_20": "close / mean(close, 20)",
    "close_to_open": "close / open",
    "open_to_mean_5": "open / mean(close, 5)",
    "open_to_mean_10": "open / mean(close, 10)",
    "open_to_mean_20": "open / mean(close, 20)",
}

SHAPES: Final[dict[str, str]] = {
    "body": "close / open - 1",
    "body_share": "(close - open) / (high - low)",
    "range": "(high - low) / open",
    "upper_shadow": "(high - greater(open, close)) / open",
    "upper_share": "(high - greater(open, close)) / (high - low)",
    "lower_shadow": "(lesser(open, close) - low) / open",
    "lower_share": "(lesser(open, close) - low) / (high - low)",
    "balance": "(2 * close - high - low) / open",
    "balance_share": "(2 * close - high - low) / (high - low)",
    "open_to_close": "open / close",
    "high_to_close": "high / close",
    "low_to_close": "low / close",
    "gap": "open / lag(close, 1) - 1",
}

_MOVE: Final = "delta(close, 1)"
_FLOW: Final = "delta(volume, 1)"
_CHURN: Final = "absolute(close / lag(close, 1) - 1) * volume"

_OVER_BARS: Final[dict[str, str]] = {
    "change": "close / lag(close, N) - 1",
    "mean": "mean(close, N) / close",
    "deviation": "std(close, N) / close",
    "slope": "slope(close, N) / close",
    "straightness": "r_squared(close, N)",
    "off_line": "residual(close, N) / close",
    "highest": "max(high, N) / close",
    "lowest": "min(low, N) / close",
    "upper_fifth": "quantile(close, N, 0.8) / close",
    "lower_fifth": "quantile(close, N, 0.2) / close",
    "rank": "rank(close, N)",
    "place": "(close - min(low, N)) / (max(high, N) - min(low, N))",
    "since_high": "bars_since_max(high, N) / N",
    "since_low": "bars_since_min(low, N) / N",
    "low_after_high": "(bars_since_max(high, N) - bars_since_min(low, N)) / N",
    "level_with_volume": "correlation(close, log(volume), N)",
    "change_with_volume": "correlation(close / lag(close, 1), log(volume / lag(volume, 1)), N)",
    "rises": "mean(close > lag(close, 1), N)",
    "falls": "mean(close < lag(close, 1), N)",
    "rises_less_falls": "mean(close > lag(close, 1), N) - mean(close < lag(close, 1), N)",
    "gains": f"sum(greater({_MOVE}, 0), N) / sum(absolute({_MOVE}), N)",
    "losses": f"sum(greater(-{_MOVE}, 0), N) / sum(absolute({_MOVE}), N)",
    "gains_less_losses": f"sum({_MOVE}, N) / sum(absolute({_MOVE}), N)",
    "volume_mean": "mean(volume, N) / volume",
    "volume_deviation": "std(volume, N) / volume",
    "churn": f"std({_CHURN}, N) / mean({_CHURN}, N)",
    "volume_gains": f"sum(greater({_FLOW}, 0), N) / sum(absolute({_FLOW}), N)",
    "volume_losses": f"sum(greater(-{_FLOW}, 0), N) / sum(absolute({_FLOW}), N)",
    "volume_gains_less_losses": f"sum({_FLOW}, N) / sum(absolute({_FLOW}), N)",
}


def price_volume(windows: tuple[int, ...] = WINDOWS) -> dict[str, str]:
    """The shapes of a bar, and 29 factors over each window: 13 + 29 × 5 = 158.

    Errors
        `SettingError` where a window is too short for a regression, or said twice.

    >>> len(price_volume()), price_volume((5,))["slope_5"]
    (158, 'slope(close, 5) / close')
    """
    if min(windows, default=0) < 3 or len(set(windows)) < len(windows):  # noqa: PLR2004
        raise SettingError("windows must differ and have three bars or more", found=windows)
    made = dict(SHAPES)
    for window in windows:
        told = {f"{name}_{window}": text.replace("N", str(window)) for name, text in _OVER_BARS.items()}
        made.update(told)
    return made
