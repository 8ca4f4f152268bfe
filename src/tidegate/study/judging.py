"""Forecasts and books → measures, each with its subject (study, member, market) and what deflates it."""

from importlib.metadata import version

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.evaluate.books import judge_book, judge_ledger
from tidegate.evaluate.forecasts import judge_forecast
from tidegate.evaluate.holdings import judge_holdings, trips_of_ledger
from tidegate.evaluate.placebo import judge_placebos
from tidegate.evaluate.stated import stated
from tidegate.files import read_json, write_json
from tidegate.measures.falls import ForwardFalls, coverage
from tidegate.measures.returns import periods_per_year
from tidegate.measures.trading import trips_of_path
from tidegate.strategy.base import Timing
from tidegate.strategy.placebo import FEW_GATES
from tidegate.study.books import BookSet
from tidegate.study.classified import class_inputs, class_measures
from tidegate.study.code import code_version
from tidegate.study.declare import Study
from tidegate.study.stages import Kept, Stages
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.report import Measure

__all__ = ["judge_study", "load_measures"]

LEVEL = 0.95
RESAMPLES, FEW, LONG = 1000, 199, 4000
"""Bootstrap draws; fewer for single seeds, whose spread the seeds tell, and for books of more bars than `LONG`."""
_ROUNDING = float(np.finfo(np.float32).eps)
WORST = 0.05
"""Share of closes that count as before a sharp fall."""


def judge_study(
    study: Study,
    bars: Bars,
    forecasts: dict[str, Forecast],
    books: dict[str, BookSet],
    keys: dict[str, str],
    stages: Stages,
) -> Kept:
    """Judge every member of a study, as a forecaster and in every market; kept as a stage."""
    inputs = {
        "study": study.name,
        "stages": keys,
        "members": [*forecasts, *books],
        "seeds": study.seeds,
        **class_inputs(study),
        "code": code_version(
            "measures", "evaluate", *(f"study/{part}.py" for part in ("judging", "books", "records", "classified"))
        ),
        "libraries": {name: version(name) for name in ("numpy", "scipy")},
    }

    def judge(work: object) -> None:
        measures = [
            *_forecasts(study, bars, forecasts),
            *_falls(study, bars, forecasts),
            *class_measures(study, bars, forecasts, work),  # type: ignore[arg-type]
            *(m for held in books.values() for m in _books(study, held)),
        ]
        write_json(work / "measures.json", [document(measure) for measure in measures])  # type: ignore[operator]

    return stages.make("measures", inputs, judge)


def load_measures(kept: Kept) -> tuple[Measure, ...]:
    """Read what `judge_study` kept."""
    return tuple(Measure.of(held) for held in read_json(kept.folder / "measures.json"))


def _forecasts(study: Study, bars: Bars, forecasts: dict[str, Forecast]) -> list[Measure]:
    """Each member as a forecaster; a level by its errors, and by the change that it foresees."""
    level = study.label.unit == "level"
    found: list[Measure] = []
    for member, forecast in forecasts.items():
        subject = {"study": study.name, "member": member}
        judged = judge_forecast(
            forecast, subject, reference=_no_change(study, bars, forecast), reference_name="no change", level=LEVEL
        )
        if level:
            moves = judge_forecast(_changes(forecast, bars), subject, reference=None, reference_name="", level=LEVEL)
            kept = [measure for measure in judged if measure.name in _OF_LEVELS]
            judged = (*kept, *(m for m in moves if m.name not in {*_OF_LEVELS, "pairs", "independent_periods"}))
        found.extend(judged)
    return found


def _no_change(study: Study, bars: Bars, forecast: Forecast) -> FloatArray | None:
    """What saying "nothing will change" says: the anchor's close, or a return of zero; a sign has no such answer.

    Returns are held against zero, not against the last return: a return that repeats itself errs by twice the variance
    of returns, so that any forecast near zero, of pure noise too, seems to have a skill of one half over it.
    """
    if study.label.unit == "level":
        now = bars.frame.select("time", "asset", now=pl.Series(bars.adjusted("close")))
        joined = forecast.frame.join(now, on=["time", "asset"], how="left", maintain_order="left")
        return np.asarray(joined["now"].to_numpy())
    return None if study.label.unit == "sign" else np.zeros(forecast.frame.height)


_OF_LEVELS = ("pairs", "independent_periods", "rmse", "mae", "skill", "skill_p")


def _changes(forecast: Forecast, bars: Bars) -> Forecast:
    """A forecast of levels as one of changes from the anchor's close: levels correlate with anything slow.

    Scores come from a panel in single precision; a change that is smaller than its rounding is none.
    """
    close = bars.frame.select("time", "asset", now=pl.Series(bars.adjusted("close")))
    frame = forecast.frame.join(close, on=["time", "asset"], how="left", maintain_order="left")
    said, came = (pl.col(side) / pl.col("now") - 1 for side in ("score", "truth"))
    moved = frame.with_columns(score=pl.when(said.abs() > _ROUNDING).then(said).otherwise(0.0), truth=came)
    return Forecast.of(moved, forecast.horizon, "change", forecast.fingerprints)


def _falls(study: Study, bars: Bars, forecasts: dict[str, Forecast]) -> list[Measure]:
    """How much of the sharp falls lay where a forecast was negative; only for one asset and a signed label."""
    if not isinstance(study.strategy, Timing):
        return []
    close = bars.adjusted("close")
    rule = ForwardFalls(span=study.label.horizon.span, worst=WORST)
    found = []
    for member, forecast in forecasts.items():
        at = np.searchsorted(bars.times, forecast.frame["time"].to_numpy().astype("datetime64[us]"))
        covered = coverage(rule.mark(close[at[0] : at[-1] + 1])[at - at[0]], forecast.score < 0)
        subject = {"study": study.name, "member": member}
        note = f"{covered.bars} fall bars in {covered.episodes} episodes"
        for name, value, unit in (
            ("falls_covered", covered.share_of_bars, "fraction"),
            ("falls_base_rate", covered.base_rate, "fraction"),
            ("falls_p", covered.p_shift, "p-value"),
        ):
            found.append(stated(name, subject, value, unit, n=covered.episodes, note=note))
    return found


def _books(study: Study, held: BookSet) -> list[Measure]:
    year = periods_per_year(held.times)
    benchmark = held.equity(held.benchmark)
    found: list[Measure] = []
    for place, member in enumerate(held.members):
        subject = {"study": study.name, "member": member, "market": held.market.name}
        ledger, trips, positions = held.ledgers[member], None, None
        if held.selects:
            positions = held.table(member, "positions")
            last = positions.filter(pl.col("time") == pl.lit(held.times[-1]).cast(pl.Datetime("us")))["asset"]
            trips = trips_of_ledger(ledger, frozenset(last.to_list()), held.table(member, "actions"))
        judged = judge_ledger(
            ledger,
            benchmark_equity=None if member == held.benchmark else benchmark,
            periods_per_year=year,
            subject=subject,
            level=LEVEL,
            resamples=FEW if member.startswith("seed-") or len(held.times) > LONG else RESAMPLES,
            generator=np.random.default_rng([study.seeds[0], place]),
            trips=trips,
        )
        found.extend(judged)
        if positions is not None and trips is not None:
            found.extend(judge_holdings(ledger, positions, trips, subject))
            found.append(_outside(held, member, subject))
        found.append(_unfilled(held, member, subject))
        if (held.folder / "decisions" / "costs.parquet").is_file() and member != held.benchmark:
            found.extend(_costs(held, member, subject))
        if study.gates and (member.startswith("seed-") or member == "ensemble"):
            found.extend(_placed(held, member, judged, subject))
    for place, member in enumerate(held.paths):
        found.extend(_yardstick(study, held, member, year, len(held.members) + place))
    return found


def _yardstick(study: Study, held: BookSet, member: str, year: float, place: int) -> list[Measure]:
    """What nobody traded: equal weight of the universe, or an index; it has returns, and no trades or fees."""
    equity, nothing = held.equity(member), np.zeros(len(held.times))
    judged = judge_book(
        equity=equity,
        capital=held.capital,
        exposure=held.exposure(member),
        bought=nothing,
        sold=nothing,
        fees=nothing,
        trips=trips_of_path(nothing, equity, held.capital),
        benchmark_equity=None if member == held.benchmark else held.equity(held.benchmark),
        periods_per_year=year,
        subject={"study": study.name, "member": member, "market": held.market.name},
        level=LEVEL,
        resamples=FEW,
        generator=np.random.default_rng([study.seeds[0], place]),
    )
    return [measure for measure in judged if measure.name in _OF_PATHS]


_OF_PATHS = (
    "total_return", "annualised_return", "volatility", "sharpe", "max_drawdown", "calmar", "positive_bars",
    "excess_return", "alpha", "beta", "tracking_error", "information_ratio",
)  # fmt: skip


def _outside(held: BookSet, member: str, subject: dict[str, str]) -> Measure:
    """Names held that the universe does not have: what left it and could not be sold, or not yet."""
    counts = held.table(member, "book")["outside"].to_numpy()
    note = f"mean over closes; at most {counts.max()}, {counts[-1]} at the last close"
    return stated("names_outside", subject, float(counts.mean()), "assets", n=len(counts), note=note)


def _unfilled(held: BookSet, member: str, subject: dict[str, str]) -> Measure:
    """Orders that were not filled, and why: each try at an open counts."""
    refused = held.ledgers[member].orders.filter(pl.col("filled") < pl.col("quantity"))
    reasons = refused.group_by("outcome").len().sort("len", "outcome", descending=[True, False])
    note = ", ".join(f"{reason} {count}" for reason, count in reasons.iter_rows())
    return stated("orders_unfilled", subject, refused.height, "orders", n=held.ledgers[member].orders.height, note=note)


def _costs(held: BookSet, member: str, subject: dict[str, str]) -> list[Measure]:
    """What a book within bars earned before its costs, each a whole run of its own, and the margin that it tied up."""
    costs = held.decided("costs")
    assert costs is not None
    told = {row["view"]: row for row in costs.filter(pl.col("member") == member).iter_rows(named=True)}
    margin, bars = held.table(member, "margin")["of_equity"], len(held.times)
    note = "" if margin.is_empty() else f"mean over entries; at most {float(margin.to_numpy().max()):.3g}"
    mean = np.nan if margin.is_empty() else float(margin.to_numpy().mean())
    return [
        stated("total_return_before_costs", subject, told["gross"]["total_return"], "fraction", n=bars),
        stated("return_after_fees", subject, told["after fees"]["total_return"], "fraction", n=bars),
        stated("margin_of_equity", subject, mean, "fraction", n=len(margin), note=note, otherwise="nothing was opened"),
    ]


def _placed(held: BookSet, member: str, judged: tuple[Measure, ...], subject: dict[str, str]) -> list[Measure]:
    """Where a member stands among its random gates; nowhere where its spells have too few arrangements."""
    found: list[Measure] = []
    real = {measure.name: measure.value for measure in judged}
    for name in ("total_return", "sharpe", *(["max_drawdown"] if held.selects else [])):
        if member not in held.gates:
            orders = "sides" if held.placebos == "random sides" else "spells"
            why = f"its {orders} have fewer than {FEW_GATES} different arrangements"
            found.append(stated(f"{name}_percentile", subject, np.nan, "fraction", n=0, otherwise=why))
            found.append(stated(f"{name}_placebo_p", subject, np.nan, "p-value", n=0, otherwise=why))
            continue
        value = real[name]
        found.extend(
            judge_placebos(
                name,
                0.0 if value is None else float(value),
                held.gates[member][name],
                subject,
                level=LEVEL,
                kind=held.placebos,
            )
        )
    if "turnover" in held.gates.get(member, {}):
        drawn, own = held.gates[member]["turnover"], real["turnover"]
        low, middle, high = (float(q) for q in np.quantile(drawn, [0.05, 0.5, 0.95]))
        note = f"median of {len(drawn)} {held.placebos} ({low:.3g} … {high:.3g}, middle 90 %); its own is {own:.3g}"
        found.append(stated("placebo_turnover", subject, middle, "times a year", n=len(drawn), note=note))
    return found
