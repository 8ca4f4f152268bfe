"""Findings → figures of forecasts of the next price: beside the last price, close by, by lag, by regime, over rolls."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from tidegate.evaluate.levels import lagged, regimes_of
from tidegate.models.base import Network
from tidegate.report.figures.activations import activations
from tidegate.report.figures.cost_views import cost_views
from tidegate.report.figures.price_forecast import price_forecast, price_zoom
from tidegate.report.figures.price_measures import Named, lag_correlation, price_regimes, training_work
from tidegate.report.figures.rolls import rolls
from tidegate.report.figures.seeds import Level, Sample, seeds
from tidegate.report.figures.trades import Candles
from tidegate.strategy.within_bar import WithinBar
from tidegate.study.comparing import trained
from tidegate.study.findings import Finding, Findings
from tidegate.study.levels import leading_member, learning_bars, priced, priced_grounds, ratios
from tidegate.study.reproduction import Shown
from tidegate.study.words import GLOSSARY, member_title, titled
from tidegate.types.axes import FloatArray
from tidegate.types.report import Figure, Role, Section, Table, Text

__all__ = ["LEVEL_DRAWERS", "LEVEL_KINDS", "level_sections", "regime_ratios"]

_LAGS = range(-3, 7)
_ZOOM = 50
_FEW = 20
"""Judged bars of a regime below which no ratio is told."""


def level_sections(keys: Mapping[str, Sequence[str]], tables: Sequence[Table]) -> tuple[Section, ...]:
    """The parts of the page that only forecasts of prices have."""
    there = [table.key for table in tables]
    errors = [key for key in there if key.startswith("level-errors")]
    return (
        Section(
            key="prices",
            title=Text(en="Is it better than the last price?", zh="比“前收盘”更准吗？"),
            shows=(*errors, *keys["error-ratio"], *keys["level-regimes"], *(k for k in there if k == "quantiles")),
        ),
        Section(
            key="price-charts",
            title=Text(en="Forecasts on the price, and one bar late", zh="预测与价格，以及晚一根K线"),
            shows=(*keys["level-zoom"], *keys["lag-correlation"], *keys["level-forecast"]),
        ),
        Section(
            key="price-costs",
            title=Text(en="What one round trip a bar costs", zh="每根K线一次往返的成本"),
            shows=tuple(keys["cost-views"]),
        ),
        Section(
            key="rolls",
            title=Text(en="Changes of contract", zh="换月"),
            shows=(*keys["rolls"], *(key for key in there if key == "rolls")),
        ),
        Section(
            key="work",
            title=Text(en="What a network computes, and how much", zh="网络的运算与计算量"),
            shows=(*keys["activations"], *keys["training-work"]),
        ),
    )


def regime_ratios(found: Finding, member: str) -> tuple[FloatArray, tuple[int, ...]]:
    """Error ratios in thirds of volatility and of trend ``[6]``, and the judged bars in each; NaN of fewer than 20.

    Known at: a bar's third at its close, with cuts of the learning range; the ratios when the last truth is.
    """
    held = priced(found, member)
    regimes = regimes_of(found.bars.adjusted("close"), learning_bars(found))
    told, counts = np.full(6, np.nan), []
    for place, marks in enumerate((regimes.volatility, regimes.trend)):
        for third in range(3):
            rows = marks[held.at] == third
            counts.append(int(rows.sum()))
            if rows.sum() >= _FEW:
                told[3 * place + third] = held.prices.take(rows).ratio
    return told, tuple(counts)


def _plain(found: Finding) -> Named:
    """A study among its equals: each has a colour of its own."""
    role: Role = "plain"
    return found.study.name, found.study.title, role


def _activations(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    del findings
    what = Text(en=f"{shown.key} Activations", zh=f"{shown.key} 激活函数")
    return (activations(shown.key.lower(), what),)


def _forecast(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    for name in shown.studies:
        found = findings[name]
        member = leading_member(found)
        held = priced(found, member)
        prices = held.prices
        when = found.bars.times[held.at + 1]
        who, yuan = member_title(member), _yuan(found)
        note = Text(
            en=f"Root mean squared error of the {who.en}: {prices.rmse:.2f} {yuan.en}; of the last close "
            f"{prices.still:.2f}: ratio {prices.ratio:.3f}.",
            zh=f"{who.zh}：均方根误差 {prices.rmse:.2f} {yuan.zh}，前收盘 {prices.still:.2f}，比值 "
            f"{prices.ratio:.3f}。",
        )
        what = Text(en="Forecast against what came", zh="预测与实际")
        title = titled(shown.key, what, found.study.title)
        made.append(price_forecast(shown.key.lower(), title, when, prices.came, prices.said, prices.now, note=note))
    return tuple(made)


def _yuan(found: Finding) -> Text:
    yuan = found.bars.spec.currency == "CNY"
    return Text(en="yuan", zh="元") if yuan else Text(en=found.bars.spec.currency, zh="点")


def _zoom(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    found = findings[shown.studies[0]]
    member = leading_member(found)
    held = priced(found, member)
    last = held.at[-_ZOOM:] + 1
    bars = {name: found.bars.column(name)[last] for name in ("open", "high", "low", "close")}
    candles = Candles(found.bars.times[last], **bars)
    who, count = member_title(member), len(last)
    what = Text(en=f"The last {count} judged bars, {who.en}", zh=f"最后 {count} 根评判K线，{who.zh}")
    title = titled(shown.key, what, found.study.title)
    entries = _entries(found, member, candles)
    return (price_zoom(shown.key.lower(), title, candles, held.prices.said[-_ZOOM:], entries=entries),)


def _entries(found: Finding, member: str, candles: Candles) -> list[tuple[np.datetime64, str, float, float]] | None:
    """A member's trades in these bars as they went in, in the study's first market; None where it traded none."""
    held = next(iter(found.books.values()), None)
    if held is None or member not in held.ledgers or not isinstance(found.study.strategy, WithinBar):
        return None
    first, last = (pl.lit(time).cast(pl.Datetime("us")) for time in candles.time[[0, -1]])
    went = held.ledgers[member].fills.unique("trip", keep="first", maintain_order=True)
    went = went.filter(pl.col("time").is_between(first, last))
    return went.select("time", "side", "price", "quantity").rows()


def _ratio(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    several = priced_grounds(shown.studies, findings)
    measure = Text(en="Error over that of the last close", zh="误差与前收盘误差之比")
    for ground in several:
        samples = [Sample(name, findings[name].study.title, ratios(findings[name])) for name in ground.studies]
        still = Level("still", Text(en="the last close", zh="前收盘"), 1.0, benchmark=True)
        what = Text(en="Error ratio to the last close", zh="与前收盘的误差比")
        title = titled(shown.key, what, ground.title)
        key = shown.key.lower() if len(several) == 1 else f"{shown.key.lower()}-{ground.key}"
        made.append(seeds(key, title, measure, samples, rivals=[still], note=_RATIO))
    return tuple(made)


_RATIO = Text(
    en="Above 1, whoever had said “the last close” erred less.",
    zh="大于 1，则直接说“前收盘”误差更小。",
)


def _lags(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    members = []
    for name in shown.studies:
        found = findings[name]
        held = priced(found, leading_member(found))
        price = found.bars.adjusted("close")
        said = np.full(len(price), np.nan)
        said[held.at + 1] = held.prices.said * held.factor
        first = int(held.at[0])
        told = lagged(said[first:], price[first:], list(_LAGS))
        members.append((_plain(found), told))
    what = Text(en="How many bars the forecast runs behind", zh="预测落后几根K线")
    title = Text(en=f"{shown.key} {what.en}", zh=f"{shown.key} {what.zh}")
    return (lag_correlation(shown.key.lower(), title, list(_LAGS), members),)


def _regimes(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    members: list[Named] = []
    told: dict[str, FloatArray] = {}
    counts: tuple[int, ...] = ()
    for name in shown.studies:
        found = findings[name]
        told[name], bars = regime_ratios(found, leading_member(found))
        counts = counts or bars
        members.append(_plain(found))
    title = Text(en=f"{shown.key} Error ratio by regime", zh=f"{shown.key} 各市况下的误差比")
    return (price_regimes(shown.key.lower(), title, members, told, counts),)


def _views(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    for name in shown.studies:
        found = findings[name]
        for market, held in found.books.items():
            ladder = held.decided("ladder")
            if ladder is None:
                continue
            lead = leading_member(found)
            members = [m for m in (lead, *_RULES) if m in set(ladder["member"])]
            ticks = ladder.filter("fees_charged")["slippage_ticks"].unique().sort().to_list()
            returns = {m: _rungs(ladder.filter(pl.col("member") == m)) for m in members}
            words = GLOSSARY.get(market, Text.same(market))
            what = Text(en=f"The ladder of costs, {words.en}", zh=f"成本阶梯：{words.zh}")
            title = titled(shown.key, what, found.study.title)
            plain: Role = "plain"
            named = [(m, member_title(m), plain) for m in members]
            made.append(cost_views(f"{shown.key.lower()}-{market}", title, named, returns, ticks))
    return tuple(made)


_RULES = ("follow-forecast", "as-printed", "gap-momentum", "always-long", "random-sides")


def _rungs(rows: pl.DataFrame) -> list[float]:
    """Total returns without any cost, then with fees by ticks of slippage."""
    return [float(value) for value in rows.sort("fees_charged", "slippage_ticks")["total_return"]]


def _work(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    told = []
    for name in shown.studies:
        found = findings[name]
        if not isinstance(found.study.model, Network):
            continue
        told.append((found.study.title, trained(found) / 1e9))
    title = Text(en=f"{shown.key} The work of training", zh=f"{shown.key} 训练的计算量")
    return (training_work(shown.key.lower(), title, told),)


def _rolls(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    for ground in priced_grounds(shown.studies, findings):
        bars = findings[ground.studies[0]].bars
        title = titled(shown.key, Text(en="Changes of contract", zh="换月"), ground.title)
        key = f"{shown.key.lower()}-{ground.key}"
        made.append(rolls(key, title, bars.times, bars.column("close"), bars.adjustment))
    return tuple(made)


LEVEL_DRAWERS: dict[str, Callable[[Shown, Findings], tuple[Figure, ...]]] = {
    "activations": _activations,
    "level-forecast": _forecast,
    "level-zoom": _zoom,
    "error-ratio": _ratio,
    "lag-correlation": _lags,
    "level-regimes": _regimes,
    "cost-views": _views,
    "training-work": _work,
    "rolls": _rolls,
}
LEVEL_KINDS = tuple(LEVEL_DRAWERS)
