"""The synthetic market of A shares beside a real panel: what resembles, and what does not.

    python benchmarks/share_world.py                            # the world alone, and what it costs
    python benchmarks/share_world.py DATASET REPORTS_FOLDER     # beside a stored panel and its reports

Prints the table of docs/a-share-market.md.
"""

import sys
from itertools import pairwise
from time import process_time

import numpy as np
import polars as pl

from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.limit_audit import audit_limits
from tidegate.data.share_world import ShareWorld
from tidegate.data.store import Store
from tidegate.types.history import Reported

FEWEST = 250
"""Rows of an asset that enters a statistic of its own."""


def world_of() -> ShareWorld:
    return ShareWorld(assets=800, sessions=3_300, seed=1, ic=0.0, later=0.5)


def shown(values, scale=1.0, digits=2, at=(0.1, 0.5, 0.9)) -> str:
    held = np.asarray(values, dtype=float)
    held = held[np.isfinite(held)]
    return " / ".join(f"{scale * np.quantile(held, q):.{digits}f}" for q in at)


def grids(bars):
    """Daily returns, turnover ``[T, N]``; NaN where nothing traded."""
    came = bars.grid("close") / bars.grid("preclose") - 1
    came[np.abs(came) > 0.3] = np.nan  # first days and resets
    with np.errstate(divide="ignore", invalid="ignore"):
        turnover = bars.grid("volume") / bars.grid("float_shares")
    return came, turnover


def correlation(values, lag=1) -> float:
    left, right = values[lag:], values[:-lag]
    held = np.isfinite(left) & np.isfinite(right)
    return float(np.corrcoef(left[held], right[held])[0, 1])


def prices(bars, instruments) -> dict[str, str]:
    came, turnover = grids(bars)
    enough = np.isfinite(came).sum(axis=0) >= FEWEST
    own = came[:, enough]
    market = np.nanmean(came, axis=1)
    deviation = np.nanstd(own, axis=0)
    standard = (own - np.nanmean(own, axis=0)) / deviation
    rest = came - market[:, None]
    limits = audit_limits(bars, instruments)
    active = [
        (bars.places[end - 1] - bars.places[first] + 1, end - first) for first, end in pairwise(bars.offsets.tolist())
    ]
    span, held = (sum(each) for each in zip(*active, strict=True))
    listed = np.isfinite(came).sum(axis=1)
    log_turnover = np.log(np.where(turnover > 0, turnover, np.nan))
    months = bars.times.astype("datetime64[M]")
    edges = np.flatnonzero(np.append(True, np.diff(months.astype(int)) > 0))
    log_returns = np.log1p(np.where(np.isfinite(came), came, 0.0))
    monthly = np.expm1(np.add.reduceat(log_returns, edges, axis=0))
    traded = np.add.reduceat(np.isfinite(came), edges, axis=0)
    length = np.diff(np.append(edges, len(came)))
    whole = traded >= 0.8 * length[:, None]
    monthly = np.where(whole, monthly, np.nan)
    some = traded > 0
    first, last = some.argmax(axis=0), len(some) - 1 - some[::-1].argmax(axis=0)
    within = (np.arange(len(some))[:, None] >= first) & (np.arange(len(some))[:, None] <= last)
    back = [ranked(monthly[m], monthly[m + 1]) for m in range(1, len(monthly) - 1)]
    return {
        "shares trading on a day, first / middle / last year": " / ".join(
            f"{listed[part].mean():.0f}"
            for part in (slice(0, 243), slice(len(listed) // 2, len(listed) // 2 + 243), slice(-243, None))
        ),
        "volatility of a share, a day, %": shown(deviation, 100),
        "excess kurtosis of a share's days": shown(np.nanmean(standard**4, axis=0) - 3, 1, 1),
        "volatility of the equal-weighted market, a day, %": f"{100 * market.std():.2f}",
        "autocorrelation of its absolute return, lags 1 and 20": " / ".join(
            f"{correlation(np.abs(market), lag):.2f}" for lag in (1, 20)
        ),
        "autocorrelation of a share's absolute return beyond the market, lags 1 and 20": " / ".join(
            f"{correlation(np.abs(rest[:, enough]), lag):.2f}" for lag in (1, 20)
        ),
        "deviation among shares of a month's return, %": shown(np.nanstd(monthly, axis=1)[1:-1], 100, 1),
        "rank correlation of a month's return with the next": f"{np.nanmean(back):.3f}",
        "turnover of float a day, %": shown(turnover[np.isfinite(turnover)], 100),
        "autocorrelation of log turnover, lags 1 and 20": " / ".join(
            f"{correlation(log_turnover - np.nanmean(log_turnover, axis=0), lag):.2f}" for lag in (1, 20)
        ),
        "highs on the upper limit / lows on the lower one, % of bars": (
            f"{100 * limits.at_upper / limits.bars:.2f} / {100 * limits.at_lower / limits.bars:.2f}"
        ),
        "sessions without a bar between a share's first and last, %": f"{100 * (1 - held / span):.1f}",
        "whole months without a bar, %": f"{100 * (within & ~some).sum() / within.sum():.1f}",
        "bars under a risk warning, %": f"{100 * bars.frame['at_risk'].mean():.1f}",
        "shares gone by the end, %": f"{100 * instruments.frame['delisted'].drop_nulls().len() / len(instruments):.1f}",
        "ex-days a share and year": f"{ex_days(bars) / (held / 243):.2f}",
    }


def ranked(left, right) -> float:
    held = np.isfinite(left) & np.isfinite(right)
    if held.sum() < 30:
        return np.nan
    return float(np.corrcoef(left[held].argsort().argsort(), right[held].argsort().argsort())[0, 1])


def ex_days(bars) -> int:
    close, reference = bars.column("close"), bars.column("preclose")
    same = np.ones(len(close), dtype=bool)
    same[bars.offsets[:-1]] = False
    return int((same[1:] & (np.abs(close[:-1] - reference[1:]) > 1e-6)).sum())


def together(bars, classes, count=300) -> dict[str, str]:
    """Correlation of pairs of shares over common days, of one industry and of two."""
    came, _ = grids(bars)
    chosen = np.argsort(-np.isfinite(came).sum(axis=0), kind="stable")[:count]
    industry = classes.codes("csrc_industry", tuple(bars.assets[n] for n in chosen))
    held = pl.DataFrame(came[:, chosen])
    values = held.to_numpy()
    there = np.isfinite(values)
    filled = np.where(there, values - np.nanmean(values, axis=0), 0.0)
    counts = there.T.astype(float) @ there
    made = (filled.T @ filled) / counts
    spread = np.sqrt((filled**2).T @ there / counts * ((filled**2).T @ there / counts).T)
    made /= spread
    pair = np.triu(np.ones_like(made, dtype=bool), 1)
    known = (industry[:, None] >= 0) & (industry[None, :] >= 0)
    same = industry[:, None] == industry[None, :]
    return {
        f"correlation of two shares' days ({count} longest)": f"{made[pair].mean():.2f}",
        "of one industry / of two": f"{made[pair & known & same].mean():.2f} / {made[pair & known & ~same].mean():.2f}",
    }


def reports(reported: Reported) -> dict[str, str]:
    facts = reported.facts
    made = {}

    def of(field, *, annual=False):
        told = facts.only(field)
        return told.filter(pl.col("period").dt.month() == 12)["value"] if annual else told["value"]

    for field, scale, digits, annual in (
        ("price_to_earnings", 1, 0, False), ("price_to_book", 1, 1, False), ("price_to_sales", 1, 1, False),
        ("dividend_yield", 100, 2, False), ("market_value", 1e-8, 0, False), ("return_on_equity_ytd", 100, 1, True),
        ("return_on_assets_ytd", 100, 1, True), ("debt_to_assets", 100, 0, True), ("net_margin_ytd", 100, 1, True),
        ("net_profit_growth", 100, 0, False), ("equity_growth", 100, 0, False), ("asset_turnover_ytd", 1, 2, True),
        ("operating_cash_to_revenue_ytd", 100, 0, True),
    ):  # fmt: skip
        unit = {100: ", %", 1e-8: ", 100 million yuan"}.get(scale, "")
        values = of(field, annual=annual).drop_nulls()
        made[f"{field}{', whole years' if annual else ''}{unit}"] = shown(values.to_numpy(), scale, digits)
    loss = of("return_on_equity_ytd", annual=True).drop_nulls()
    made["losses among annual reports, %"] = f"{100 * (loss < 0).mean():.1f}"
    told = facts.only("net_profit_ytd").filter(pl.col("by") == "announced")
    told = told.unique(["asset", "period"], keep="first", maintain_order=True)
    for month, name in ((3, "first quarter"), (6, "half-year"), (9, "third quarter"), (12, "year")):
        lag = told.filter(pl.col("period").dt.month() == month).select(
            (pl.col("usable") - pl.col("period")).dt.total_days() - 1
        )
        made[f"days from the end of the {name} to its announcement"] = shown(lag.to_series().to_numpy(), 1, 0)
    return made


def main(dataset: str | None = None, folder: str | None = None) -> None:
    began = process_time()
    world = world_of()
    bars, reported = world.bars(), world.reported()
    print(f"{world.assets} shares × {world.sessions} sessions: {bars.frame.height} bars and "
          f"{reported.facts.frame.height} facts in {process_time() - began:.1f} processor seconds\n")  # fmt: skip
    columns = [{**prices(bars, world.instruments()), **together(bars, reported.classes), **reports(reported)}]
    if dataset and folder:
        store = Store.default()
        bars, instruments = store.read(dataset), store.instruments(dataset)
        held = import_fundamentals(folder, bars, instruments)
        columns.append({**prices(bars, instruments), **together(bars, held.classes)}
                       | reports(Reported(held.facts, held.classes)))  # fmt: skip
    print(f"| | {' | '.join(('synthetic', 'real')[: len(columns)])} |")
    print("|---|" + "---|" * len(columns))
    for name in columns[0]:
        print(f"| {name} | {' | '.join(each[name] for each in columns)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
