"""Judge a book: what it earned after costs, how much of that is luck, and what it did for it.

Every figure is **net**; what was paid stands beside it (`fees`, `fees_of_gross`), and the one gross figure,
`total_return_before_fees`, comes with its net twin in the line before. A book says in which market it was traded
(``subject["market"]``): a frictionless index and a fund with lots and fees are two different books.
"""

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from tidegate.errors import DataError, SettingError
from tidegate.evaluate.doubt import bootstrap, sharpe
from tidegate.evaluate.doubt.counts import binomial_interval, binomial_p
from tidegate.evaluate.stated import stated
from tidegate.measures import returns as r
from tidegate.measures import trading
from tidegate.measures.trading import Trips
from tidegate.types.axes import FloatArray
from tidegate.types.ledger import FEES, Ledger
from tidegate.types.report import Measure

__all__ = ["judge_book", "judge_ledger"]

_MOST = 1e4
"""The largest upper end of an annualised return that is stated, as a fraction a year: a million per cent."""


def judge_book(
    *,
    equity: ArrayLike,
    capital: float,
    exposure: ArrayLike,
    bought: ArrayLike,
    sold: ArrayLike,
    fees: ArrayLike,
    trips: Trips,
    benchmark_equity: ArrayLike | None,
    periods_per_year: float,
    subject: dict[str, str],
    level: float,
    resamples: int,
    generator: np.random.Generator,
    trials: sharpe.Trials | None = None,
) -> tuple[Measure, ...]:
    """Measure one book.

    Measures, in order: total_return, total_return_before_fees, annualised_return, volatility, sharpe, sharpe_p,
    probabilistic_sharpe, deflated_sharpe (with `trials` only), minimum_track, max_drawdown, calmar, positive_bars;
    bars_in_market, longest_out, trades, win_rate, win_rate_p, turnover, fees, fees_of_gross; with a benchmark
    excess_return, alpha, beta, tracking_error, information_ratio. Intervals: stationary block bootstrap, studentised,
    for the Sharpe ratio and (through the mean log return) the annualised return; exact for the win rate. The interval
    of an annualised return is left out, and the note says so, where its upper end is above a million per cent a year:
    so few bars, or so wild ones, carry no year.

    Shapes: `equity`, `exposure`, `bought`, `sold`, `fees` (values in money, per bar) and `benchmark_equity` (from the
    same capital) are ``[T]``. Known at: CLOSE(T). Missing values: `DataError`; what cannot be computed is None with a
    note. Raises `SettingError` where the subject names no market.
    """
    values, held, paid = (np.asarray(x, dtype=np.float64) for x in (equity, exposure, fees))
    _check(values, held, paid, subject)
    bars = values.size
    gross = float(r.total_return(values + np.cumsum(paid), capital))
    net = float(r.total_return(values, capital))
    depth = float(r.max_drawdown(values, capital))
    moves = r.simple_returns(values, capital)
    found = [
        stated("total_return", subject, net, "fraction", n=bars),
        stated("total_return_before_fees", subject, gross, "fraction", n=bars, note="fees added back, the same trades"),
        *_luck(moves, values, capital, periods_per_year, subject, level, resamples, generator, trials),
        stated("max_drawdown", subject, depth, "fraction", n=bars),
        stated(
            "calmar",
            subject,
            float(r.calmar(values, capital, periods_per_year=periods_per_year)),
            "ratio",
            n=bars,
            otherwise="nothing was ever lost",
        ),
        stated(
            "positive_bars",
            subject,
            float(r.share_positive(moves)),
            "fraction",
            n=bars,
            note="share of bars, not of trades",
        ),
        *_doings(held, trips, subject, level),
    ]
    over = float(trading.turnover(bought, sold, values, periods_per_year=periods_per_year))
    total, profit = float(paid.sum()), float(values[-1] - capital) + float(paid.sum())
    share = total / profit if profit > 0 else np.nan
    found += [
        stated("turnover", subject, over, "times a year", n=bars, note="one-sided"),
        stated("fees", subject, total / capital, "fraction of capital", n=bars),
        stated(
            "fees_of_gross",
            subject,
            share,
            "fraction of gross profit",
            n=bars,
            otherwise="no gross profit to take a share of",
        ),
    ]
    if benchmark_equity is not None:
        found += _beside(
            values, capital, moves, np.asarray(benchmark_equity, dtype=np.float64), periods_per_year, subject
        )
    return tuple(found)


def judge_ledger(
    ledger: Ledger,
    *,
    benchmark_equity: ArrayLike | None,
    periods_per_year: float,
    subject: dict[str, str],
    level: float,
    resamples: int,
    generator: np.random.Generator,
    trials: sharpe.Trials | None = None,
    trips: Trips | None = None,
) -> tuple[Measure, ...]:
    """Measure the book of a ledger: `judge_book`, with trips, turnover and fees taken from its fills.

    Round trips follow from the fills' quantities; give `trips` where splits change those on the way. A fill's `side`
    starting with *sell* or *short* is a sale, any other a purchase; fees are commission, stamp duty and transfer fee
    (slippage lies in the fill price already). Shapes: `benchmark_equity` ``[T]``, one value a line of the book. Raises
    as `judge_book`, and `DataError` where a fill lies outside the book.
    """
    times = ledger.book["time"].to_numpy()
    fills = ledger.fills.sort("time", maintain_order=True)
    bar = np.searchsorted(times, fills["time"].to_numpy())
    if bar.size and int(bar.max()) >= times.size:
        raise DataError("a fill lies after the last line of the book", expected=times[-1], found=fills["time"].max())
    selling = (
        fills.select(pl.col("side").str.to_lowercase().str.contains("^(sell|short)"))
        .to_series()
        .to_numpy()
        .astype(np.bool_)
    )
    value = np.abs(fills["value"].to_numpy())
    paid = fills.select(pl.sum_horizontal(pl.col(kind).fill_null(0.0) for kind in FEES)).to_series().to_numpy()
    signed = np.where(selling, -1.0, 1.0) * np.abs(fills["quantity"].to_numpy())

    def per_bar(weights: FloatArray) -> FloatArray:
        return np.bincount(bar, weights=weights, minlength=times.size).astype(np.float64)

    return judge_book(
        equity=ledger.book["equity"].to_numpy(),
        capital=ledger.capital,
        exposure=ledger.book["exposure"].to_numpy(),
        bought=per_bar(np.where(selling, 0.0, value)),
        sold=per_bar(np.where(selling, value, 0.0)),
        fees=per_bar(paid),
        trips=trading.trips_of_fills(bar, fills["asset"].to_list(), signed, value, paid) if trips is None else trips,
        benchmark_equity=benchmark_equity,
        periods_per_year=periods_per_year,
        subject=subject,
        level=level,
        resamples=resamples,
        generator=generator,
        trials=trials,
    )


def _check(values: FloatArray, held: FloatArray, paid: FloatArray, subject: dict[str, str]) -> None:
    if "market" not in subject:
        raise SettingError(
            "a book says in which market it was traded", expected="subject['market']", found=sorted(subject)
        )
    if values.ndim != 1 or not values.size or values.shape != held.shape or values.shape != paid.shape:
        raise DataError(
            "equity, exposure and fees differ in shape", expected=values.shape, found=(held.shape, paid.shape)
        )
    if not bool(np.isfinite(values).all() and np.isfinite(held).all() and np.isfinite(paid).all()):
        raise DataError("a book has missing values", expected="finite numbers")


def _luck(
    moves: FloatArray,
    equity: FloatArray,
    capital: float,
    year: float,
    subject: dict[str, str],
    level: float,
    resamples: int,
    generator: np.random.Generator,
    trials: sharpe.Trials | None,
) -> list[Measure]:
    bars, still = moves.size, "returns do not vary, or too few bars"
    ratio = float(r.sharpe(moves, periods_per_year=1.0))
    grown = float(r.annualised_return(equity, capital, periods_per_year=year))
    nothing = bootstrap.Interval(np.nan, np.nan, np.nan, np.nan, level, np.nan, 0)
    whole = bool(np.isfinite(moves).all() and (moves > -1).all()) and np.isfinite(ratio)
    drawn = (
        bootstrap.studentised(moves, bootstrap.ratio, level=level, resamples=resamples, generator=generator)
        if whole
        else nothing
    )
    logs = (
        bootstrap.studentised(np.log1p(moves), bootstrap.mean, level=level, resamples=resamples, generator=generator)
        if whole
        else nothing
    )
    skew, kurtosis = (float(x) for x in sharpe.moments(moves)) if whole else (np.nan, np.nan)
    surely = float(sharpe.probabilistic(ratio, bars, skew, kurtosis, threshold=0.0))
    track = float(sharpe.minimum_track(ratio, skew, kurtosis, threshold=0.0, confidence=level))
    low, high = _yearly(logs, year)
    scale = float(np.sqrt(year))
    how = f"stationary block bootstrap, studentised; mean block {drawn.block:.1f} bars" if whole else ""
    found = [
        stated(
            "annualised_return",
            subject,
            grown,
            "fraction a year",
            low=low,
            high=high,
            level=level,
            n=bars,
            note=f"{year:.1f} bars a year" + ("; its interval is too wide to state" if high == np.inf else ""),
        ),
        stated(
            "volatility",
            subject,
            float(r.volatility(moves, periods_per_year=year)),
            "fraction a year",
            n=bars,
            otherwise=still,
        ),
        stated(
            "sharpe",
            subject,
            ratio * scale,
            "ratio a year",
            low=drawn.low * scale,
            high=drawn.high * scale,
            level=level,
            n=bars,
            note=how,
            otherwise=still,
        ),
        stated("sharpe_p", subject, drawn.p_value, "p-value", n=bars, note="two-sided, against zero", otherwise=still),
        stated(
            "probabilistic_sharpe",
            subject,
            surely,
            "probability",
            n=bars,
            note="that the true ratio is above zero; one trial",
            otherwise=still,
        ),
    ]
    if trials is not None:
        chance = float(sharpe.deflated(ratio, bars, skew, kurtosis, trials=trials))
        found.append(
            stated(
                "deflated_sharpe",
                subject,
                chance,
                "probability",
                n=bars,
                note=f"best of {trials.number} trials",
                otherwise=still,
            )
        )
    found.append(
        stated(
            "minimum_track",
            subject,
            track,
            "bars",
            n=bars,
            note=f"at {level:.0%}, against zero",
            otherwise="the ratio is not above zero",
        )
    )
    return found


def _yearly(logs: bootstrap.Interval, year: float) -> tuple[float, float]:
    """Both ends of a mean log return a bar, as returns a year; an upper end beyond `_MOST` is infinite."""
    low, high = logs.low * year, logs.high * year
    return (np.nan, np.inf) if high > np.log1p(_MOST) else (float(np.expm1(low)), float(np.expm1(high)))


def _doings(held: FloatArray, trips: Trips, subject: dict[str, str], level: float) -> list[Measure]:
    closed = int(trips.closed.sum())
    won = int((trips.profit[trips.closed] > 0).sum())
    low, high = binomial_interval(won, closed, level=level)
    rate, none = trading.win_rate(trips), "no closed round trip"
    still_open = len(trips) - closed
    inside = np.abs(held) > trading.FLAT
    inside[trips.entry[trips.closed & (trips.entry == trips.exit)]] = True  # opened and closed within: flat at closes
    return [
        stated("bars_in_market", subject, int(inside.sum()), "bars", n=held.size),
        stated(
            "longest_out",
            subject,
            int(trading.longest_run(~inside)),
            "bars",
            n=held.size,
            note="longest spell out of the market",
        ),
        stated(
            "trades", subject, closed, "round trips", n=closed, note=f"{still_open} still open" if still_open else ""
        ),
        stated(
            "win_rate",
            subject,
            rate,
            "fraction",
            low=low,
            high=high,
            level=level,
            n=closed,
            note="of closed round trips, net; exact interval",
            otherwise=none,
        ),
        stated(
            "win_rate_p",
            subject,
            binomial_p(won, closed, chance=0.5),
            "p-value",
            n=closed,
            note="exact, one-sided, against one half",
            otherwise=none,
        ),
    ]


def _beside(
    equity: FloatArray, capital: float, moves: FloatArray, benchmark: FloatArray, year: float, subject: dict[str, str]
) -> list[Measure]:
    theirs = r.simple_returns(benchmark, capital)
    alpha, beta = r.alpha_beta(moves, theirs, periods_per_year=year)
    excess = float(r.excess_return(equity, capital, benchmark, capital, periods_per_year=year))
    error = float(r.tracking_error(moves, theirs, periods_per_year=year))
    ratio = float(r.information_ratio(moves, theirs, periods_per_year=year))
    n, still = moves.size, "the benchmark does not vary"
    return [
        stated("excess_return", subject, excess, "fraction a year", n=n, note="annualised, less the benchmark's"),
        stated("alpha", subject, float(alpha), "fraction a year", n=n, note="Jensen's, arithmetic", otherwise=still),
        stated("beta", subject, float(beta), "ratio", n=n, otherwise=still),
        stated("tracking_error", subject, error, "fraction a year", n=n),
        stated("information_ratio", subject, ratio, "ratio a year", n=n, otherwise="it is its benchmark"),
    ]
