"""Which factors of well-known public sets look ahead: written anew from published formulas, asked by check_causal.

    python benchmarks/public_factors.py        prints the table of docs/audit.md (needs pandas)

A function gets a long pandas table (date, asset, open, high, low, close, volume, vwap), sorted by asset and date, and
gives one number a row. Nothing here is anybody's code: formulas alone are taken from where they were published.
"""

# ruff: noqa: E501 - a factor a line
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from tidegate.testing import check_causal
from tidegate.testing.history import example_bars


class Factor(NamedTuple):
    """One published factor."""

    name: str
    source: str
    formula: str
    fn: Callable[[pd.DataFrame], pd.Series]


def of(d, f):
    """Apply to each asset by itself, in the order of its rows."""
    return pd.concat([f(own) for _, own in d.groupby("asset")]).reindex(d.index)


def by_date(x, d):
    """Rank across the assets of a date."""
    return x.groupby(d["date"]).rank(pct=True)


def slope_r2(x, n):
    """R² of a straight line through the last n values."""
    t = np.arange(n) - (n - 1) / 2
    return x.rolling(n).apply(lambda y: (t @ y) ** 2 / ((t @ t) * ((y - y.mean()) ** 2).sum()), raw=True)


def wilder(x, n):
    """Wilder's smoothing."""
    return x.ewm(alpha=1 / n, adjust=False).mean()


def rsi(x, n=14):
    """Relative strength index."""
    moves = x.diff()
    up, down = wilder(moves.clip(lower=0), n), wilder(-moves.clip(upper=0), n)
    return 100 * up / (up + down)


def kdj(d, n=9):
    """The K line of KDJ."""
    low, high = d.low.rolling(n).min(), d.high.rolling(n).max()
    return (100 * (d.close - low) / (high - low)).ewm(alpha=1 / 3, adjust=False).mean()


def zigzag(x, share=0.05):
    """The line between turning points that are at least `share` apart: a turn is drawn where it was, not where it was seen."""
    values, turns, last, way = x.to_numpy(), [0], 0, 0
    for at in range(1, len(values)):
        move = values[at] / values[last] - 1
        if (way >= 0 and values[at] > values[last]) or (way <= 0 and values[at] < values[last]):
            last, way = at, way or (1 if move > 0 else -1)
        elif abs(move) >= share:
            turns.append(last)
            last, way = at, -way
    turns.append(last)
    return pd.Series(np.interp(np.arange(len(values)), turns, values[turns]), x.index)


def hodrick_prescott(x, penalty=1600.0):
    """The trend of Hodrick and Prescott."""
    n = len(x)
    second = np.diff(np.eye(n), 2, axis=0)
    return pd.Series(np.linalg.solve(np.eye(n) + penalty * second.T @ second, x.to_numpy()), x.index)


# fmt: off
FACTORS = (
    Factor("Alpha #6", "101 Formulaic Alphas (2016)", "−corr(open, volume, 10)", lambda d: of(d, lambda o: -o.open.rolling(10).corr(o.volume))),
    Factor("Alpha #4", "101 Formulaic Alphas (2016)", "−ts_rank(rank(low), 9)", lambda d: of(d.assign(r=by_date(d.low, d)), lambda o: -o.r.rolling(9).rank())),
    Factor("Alpha #12", "101 Formulaic Alphas (2016)", "sign(Δvolume) · −Δclose", lambda d: of(d, lambda o: -np.sign(o.volume.diff()) * o.close.diff())),
    Factor("Alpha #101", "101 Formulaic Alphas (2016)", "(close − open) / (high − low + 0.001)", lambda d: (d.close - d.open) / (d.high - d.low + 0.001)),
    Factor("RSQR20", "Alpha158 style", "R² of close on time, 20 bars", lambda d: of(d, lambda o: slope_r2(o.close, 20))),
    Factor("LABEL0 as a feature", "Alpha158 style", "Ref(close, −2) / Ref(close, −1) − 1", lambda d: of(d, lambda o: o.close.shift(-2) / o.close.shift(-1) - 1)),
    Factor("CSRankNorm", "Alpha158 style", "rank across the assets of a date", lambda d: by_date(d.close / d.open, d)),
    Factor("ZScoreNorm without a fit range", "Alpha158 style", "(x − mean of all) / deviation of all", lambda d: (d.close - d.close.mean()) / d.close.std()),
    Factor("RSI 14", "Wilder (1978)", "Wilder's averages of gains and losses", lambda d: of(d, lambda o: rsi(o.close))),
    Factor("K of KDJ", "Lane's stochastic, smoothed", "EMA of (close − low₉) / (high₉ − low₉)", lambda d: of(d, kdj)),
    Factor("MACD", "Appel (1979)", "EMA₁₂ − EMA₂₆", lambda d: of(d, lambda o: o.close.ewm(span=12).mean() - o.close.ewm(span=26).mean())),
    Factor("Ichimoku, leading span", "Hosoda (1969)", "(high₉ + low₉) / 2, drawn 26 bars ahead", lambda d: of(d, lambda o: ((o.high.rolling(9).max() + o.low.rolling(9).min()) / 2).shift(26))),
    Factor("Ichimoku, lagging span (chikou)", "Hosoda (1969)", "close, drawn 26 bars back", lambda d: of(d, lambda o: o.close.shift(-26))),
    Factor("Detrended price, centred", "charting packages", "close − SMA₂₀ drawn 11 bars back", lambda d: of(d, lambda o: o.close - o.close.rolling(20).mean().shift(-11))),
    Factor("Fractal high", "Williams (1995)", "highest of two bars before and two after", lambda d: of(d, lambda o: (o.high == o.high.rolling(5, center=True).max()).astype(float))),
    Factor("Zigzag 5 %", "charting packages", "line between turns of 5 %", lambda d: of(d, lambda o: o.close / zigzag(o.close) - 1)),
    Factor("Hodrick–Prescott trend", "Hodrick and Prescott (1997)", "min Σ(x − s)² + λ Σ(Δ²s)²", lambda d: of(d, lambda o: hodrick_prescott(o.close))),
)
# fmt: on


def table() -> pd.DataFrame:
    """A made-up market, as a pandas user holds it."""
    frame = example_bars(sessions=220, assets=4, seed=5).frame
    columns = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume", "amount")}
    made = pd.DataFrame({"date": frame["time"].to_numpy(), "asset": frame["asset"].to_list(), **columns})
    return made.assign(vwap=made.amount / made.volume).drop(columns="amount")


def main() -> None:
    """Print the table."""
    data = table()
    rows = ["| factor | source | formula | verdict | the first cell that moved |", "|---|---|---|---|---|"]
    for factor in FACTORS:
        found = check_causal(factor.fn, data, name=factor.name)
        told = f"passed ({found.tried} tries)"
        where = "–"
        if not found:
            told = "**looks ahead**" if found.status == "failed" else found.status
            reach = f"; reaches {found.reach} bar{'s' * (found.reach > 1)} before the cut" if found.reach else ""
            where = f"{found.first.time}, {found.first.asset}: {found.first.expected:.6g} became {found.first.found:.6g}{reach}"
        rows.append(f"| {factor.name} | {factor.source} | {factor.formula} | {told} | {where} |")
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
