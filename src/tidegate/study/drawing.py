"""Findings → figures: which records each figure of a document is drawn from."""

from collections.abc import Callable

import numpy as np
import polars as pl

from tidegate.errors import UnknownNameError
from tidegate.measures.falls import ForwardFalls
from tidegate.models.base import Network
from tidegate.models.describe import describe
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.report.figures.clock import clock
from tidegate.report.figures.equity import equity
from tidegate.report.figures.losses import LossCurve, losses
from tidegate.report.figures.network import network
from tidegate.report.figures.paths import changes, paths
from tidegate.report.figures.placebo import PLACEBOS, placebo
from tidegate.report.figures.plain import Curve
from tidegate.report.figures.scores import distribution, share_above_zero
from tidegate.report.figures.seeds import Level, Sample, seeds
from tidegate.report.figures.spells import spells
from tidegate.report.figures.split import Part, Range, split
from tidegate.study.books import BookSet
from tidegate.study.classified_figures import CLASS_DRAWERS
from tidegate.study.comparing import effort_figures, found_figures
from tidegate.study.findings import Finding, Findings
from tidegate.study.judging import WORST
from tidegate.study.learned import LEARNING_DRAWERS
from tidegate.study.level_figures import LEVEL_DRAWERS
from tidegate.study.notes import data_title
from tidegate.study.pipeline import pipeline_figures
from tidegate.study.reproduction import Shown
from tidegate.study.selected import SELECTED_DRAWERS
from tidegate.study.words import GLOSSARY, LOSSES, member_title, stamp_text
from tidegate.types.axes import BoolArray, FloatArray
from tidegate.types.fold import Fold, Span
from tidegate.types.report import Figure, Text

__all__ = ["clock_figure", "draw", "split_figure"]


def draw(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """The figures of one id: one a market where books are drawn, one or two otherwise."""
    drawers: dict[str, Callable[[Shown, Findings], tuple[Figure, ...]]] = {
        "network": _network,
        "pipeline": pipeline_figures,
        "equity": _equity,
        "spells": _spells,
        "scores": _scores,
        "paths": _paths,
        "seeds": _seeds,
        "losses": _losses,
        "placebo": _placebo,
        "found": found_figures,
        "effort": effort_figures,
        **LEARNING_DRAWERS,
        **SELECTED_DRAWERS,
        **CLASS_DRAWERS,
        **LEVEL_DRAWERS,
    }
    if shown.figure not in drawers:
        raise UnknownNameError.among("figure", shown.figure, drawers)
    return drawers[shown.figure](shown, findings)


def clock_figure(findings: Findings) -> Figure:
    """What is known when, in the leading study."""
    study = findings[findings.lead].study
    return clock("clock", Text(en="What is known when", zh="何时已知"), study.label.horizon, study.lookback)


def split_figure(findings: Findings) -> Figure:
    """The leading study's ranges, to scale: what was learned from and watched, what was dropped between, what is judged."""
    found = findings[findings.lead]
    times, windows = found.windows.panel.times, found.windows
    ranges: list[Range] = []

    def drawn(fold: Fold, part: Part, first: int, end: int, anchors: int) -> None:
        if end > first:
            ranges.append(Range(fold.index + 1, part, times[first], times[end - 1], anchors))

    for fold in found.folds:
        used: list[tuple[Part, Span, BoolArray]] = [("train", fold.train, fold.training(windows))]
        used += [] if fold.valid is None else [("valid", fold.valid, fold.validation(windows))]
        follows = [*(span for _, span, _ in used[1:]), fold.test]
        for (part, span, kept), after in zip(used, follows, strict=True):
            anchors = windows.anchor_time[kept]
            last = int(anchors.max(initial=span.first - 1)) + 1
            known = span.holds(windows) & np.isfinite(windows.target)
            drawn(fold, part, int(anchors.min(initial=last)) if part == "train" else span.first, last, int(kept.sum()))
            drawn(fold, "purge", last, span.end, int((known & ~kept).sum()))
            drawn(fold, "embargo", span.end, after.first, int(Span(span.end, after.first).holds(windows).sum()))
        drawn(fold, "test", fold.test.first, fold.test.end, int(fold.testing(windows).sum()))
    return split("split", Text(en="What was learned from, dropped and judged", zh="训练、剔除与评判的区间"), ranges)


def _network(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    for name in shown.studies:
        found = findings[name]
        model = found.study.model
        if not isinstance(model, Network):
            continue
        graph = describe(model, found.study.lookback, len(found.windows.inputs), len(found.windows.context))
        links = [[link["source"], link["target"]] for link in graph["links"]]
        title = _titled(shown, Text(en="Network", zh="网络结构"), found)
        made.append(network(_key(shown, name, len(shown.studies)), title, graph["nodes"], links))
    return tuple(made)


def _equity(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    for market in findings[shown.studies[0]].books:
        curves = [_curve(findings[name], findings[name].books[market]) for name in shown.studies]
        held = findings[shown.studies[0]].books[market]
        name = held.benchmark
        benchmark = Curve(name, GLOSSARY[name], held.equity(name) / held.capital, held.exposure(name))
        rivals = [
            Curve(member, member_title(member), held.equity(member) / held.capital, held.exposure(member))
            for member in held.members
            if held.selects and not member.startswith("seed-") and member != "ensemble"
        ]
        words = GLOSSARY.get(market, Text.same(market))
        stamps = [stamp_text(stamp) for stamp in held.stamps]
        note = Text(en=" " + " ".join(stamp.en for stamp in stamps), zh="".join(stamp.zh for stamp in stamps))
        title = _titled(shown, Text(en=f"Equity, {words.en}", zh=f"净值：{words.zh}"), findings[shown.studies[0]])
        made.append(
            equity(
                _key(shown, market, 2),
                title,
                held.times,
                curves,
                rivals=rivals,
                benchmark=benchmark,
                note=None if held.selects else note,
            )
        )
    return tuple(made)


def _curve(found: Finding, held: BookSet) -> Curve:
    seeds = found.traders(held.market.name)
    rows = np.vstack([held.equity(member) for member in seeds]) / held.capital
    exposure = np.vstack([held.exposure(member) for member in seeds])
    trades = found.over_seeds("trades", held.market.name)
    return Curve(found.study.name, found.study.title, rows, exposure, trades.astype(np.int64))


def _spells(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    found = findings[shown.studies[0]]
    member = "ensemble" if "ensemble" in found.forecasts else found.seeds[0]
    forecast = found.forecasts[member].frame
    bars = found.bars.frame.filter(pl.col("time").is_between(forecast["time"][0], forecast["time"][-1]))
    times = bars["time"].to_numpy().astype("datetime64[us]")
    # In force: a forecast of one close rules the next bar; a fall begins with the bar after the close it is counted from.
    negative, falls = np.zeros(len(times), dtype=bool), np.zeros(len(times), dtype=bool)
    close = bars["close"].to_numpy()
    span = found.study.label.horizon.span
    said = np.searchsorted(times, forecast["time"].to_numpy().astype("datetime64[us]"))
    rules = said + 1 < len(times)
    negative[said[rules] + 1] = forecast["score"].to_numpy()[rules] < 0
    judged = found.bars.adjusted("close")[np.searchsorted(found.bars.times, times)]
    falls[1:] = ForwardFalls(span=span, worst=WORST).mark(judged)[:-1]
    who = member_title(member)
    figure = spells(
        shown.key.lower(),
        _titled(shown, Text(en=f"Negative spells ({who.en})", zh=f"负预测期（{who.zh}）"), found),
        times,
        close,
        negative,
        opens=bars["open"].to_numpy(),
        high=bars["high"].to_numpy(),
        low=bars["low"].to_numpy(),
        falls=falls,
        fall_words=Text(en=f"worst 5 % of the coming {span} bars", zh=f"其后 {span} 根K线收益处于最差 5%"),
        price=data_title(found.bars.spec.title),
    )
    return (figure,)


def _scores(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    coefficients, forecasts = [], []
    for name in shown.studies:
        model = findings[name].study.model
        if not isinstance(model, RecurrentNetwork):
            return ()
        coefficients.append(model.l2.kernel)
        forecasts.append(np.vstack([findings[name].forecasts[member].score for member in findings[name].seeds]))
    truth = findings[shown.studies[0]].forecasts[findings[shown.studies[0]].seeds[0]].truth
    known = truth[np.isfinite(truth)]
    key = shown.key.lower()
    return (
        distribution(
            key,
            Text(en=f"{shown.key} Forecasts by L2 coefficient", zh=f"{shown.key} 不同 L2 系数下的预测分布"),
            coefficients,
            forecasts,
            labels=known,
            style="percent",
        ),
        share_above_zero(
            f"{key}-share",
            Text(en=f"{shown.key} Share of forecasts above zero", zh=f"{shown.key} 预测为正的比例"),
            coefficients,
            forecasts,
            base_rate=float((known > 0).mean()),
        ),
    )


def _paths(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    found = findings[shown.studies[0]]
    if not found.paths:
        return ()
    held = (
        pl.concat(list(found.paths.values())).group_by("time", "step").agg(pl.col("score").mean()).sort("time", "step")
    )
    times = found.bars.times
    steps = int(held["step"].max())  # type: ignore[arg-type]
    origins = np.searchsorted(
        times, held.filter(pl.col("step") == 1)["time"].to_numpy().astype("datetime64[us]")
    ).astype(np.int64)
    made = held["score"].to_numpy().reshape(-1, steps)
    first = max(int(origins[0]) - found.study.lookback, 0)
    close = found.bars.adjusted("close")[first:]
    key, note = shown.key.lower(), Text(en=" Each path is the mean over seeds.", zh=" 每条路径为各种子的平均。")
    return (
        paths(
            key,
            _titled(shown, Text(en=f"{steps} bars ahead, fed back", zh=f"递归预测未来 {steps} 根K线"), found),
            times[first:],
            close,
            origins - first,
            made,
            every=found.study.rollout.every if found.study.rollout else None,
            price=data_title(found.bars.spec.title),
            note=note,
        ),
        changes(
            f"{key}-changes",
            _titled(shown, Text(en="The same as changes", zh="同一预测的涨跌幅"), found),
            close,
            origins - first,
            made,
            note=note,
        ),
    )


def _seeds(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    lead = findings[shown.studies[0]]
    made = []
    for market, held in lead.books.items():
        samples = [
            Sample(name, findings[name].study.title, findings[name].over_seeds("total_return", market))
            for name in shown.studies
        ]
        rivals = [
            Level(
                member,
                member_title(member),
                lead.value("total_return", member, market),
                benchmark=member in {held.benchmark, *held.paths},
            )
            for member in (*held.members, *held.paths)
            if not member.startswith("seed-") and member != "ensemble"
        ]
        gates = _placebos(held) if held.gates else None
        words = GLOSSARY.get(market, Text.same(market))
        title = Text(en=f"{shown.key} Total return over seeds, {words.en}", zh=f"{shown.key} 各种子总收益：{words.zh}")
        made.append(
            seeds(
                _key(shown, market, 2),
                title,
                GLOSSARY["total_return"],
                samples,
                style="percent",
                rivals=rivals,
                gates=gates,
                kind=held.placebos,
                note=Text(
                    en=f" The band is of the placebos of {lead.study.title.en}.",
                    zh=f"色带为“{lead.study.title.zh}”的对照。",
                ),
            )
        )
    return tuple(made)


def _placebo(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    found = findings[shown.studies[0]]
    made = []
    for market, held in found.books.items():
        if not held.gates:
            continue
        words, name = GLOSSARY.get(market, Text.same(market)), held.benchmark
        what = Text(en=held.placebos, zh=PLACEBOS[held.placebos][0].zh)
        title = Text(en=f"{shown.key} Among {what.en}, {words.en}", zh=f"{shown.key} 与{what.zh}比较：{words.zh}")
        others = {name: (GLOSSARY[name], found.value("total_return", name, market))}
        made.append(
            placebo(
                _key(shown, market, 2),
                title,
                GLOSSARY["total_return"],
                _placebos(held),
                found.over_seeds("total_return", market),
                label=found.study.title,
                others=others,
                kind=held.placebos,
                percentile=found.median("total_return_percentile", market),
                note=None if held.selects else _POOLED,
            )
        )
    return tuple(made)


def _placebos(held: BookSet) -> FloatArray:
    """Total returns of all placebos: each timing seed has its own gates, a selection shows those of its leader."""
    own = {member: values["total_return"] for member, values in held.gates.items()}
    if held.selects:
        return own.get("ensemble", next(iter(own.values())))
    return np.concatenate([values for member, values in own.items() if member.startswith("seed-")])


_POOLED = Text(
    en="The gates of all seeds are pooled in the bars; each seed's percentile is among its own gates alone.",
    zh="柱形合并了各种子的随机择时；各种子的分位只在自身的随机择时中计算。",
)


def _losses(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    curves = []
    for name in shown.studies:
        found = findings[name]
        curves.append(
            LossCurve(name, found.study.title, _by_epoch(found, "train"), _maybe(found, "valid"), _maybe(found, "test"))
        )
    title = Text(en=f"{shown.key} Loss by epoch", zh=f"{shown.key} 逐轮损失")
    learned = [held.loss.name for name in shown.studies if (held := findings[name].study.training)]
    kinds = [LOSSES.get(kind, Text.same(kind)) for kind in dict.fromkeys(learned)]
    return (
        losses(
            shown.key.lower(),
            title,
            curves,
            loss=Text(
                en=f"{', '.join(kind.en for kind in kinds)} of the scaled label",
                zh=f"缩放标签的{'、'.join(kind.zh for kind in kinds)}",
            ),
        ),
    )


def _by_epoch(found: Finding, name: str) -> FloatArray:
    rows = [
        [entry["watched"][name] if name not in {"train", "valid"} else entry[name] for entry in history]
        for history in found.histories.values()
    ]
    width = max(len(row) for row in rows)
    return np.array([[*row, *[np.nan] * (width - len(row))] for row in rows], dtype=np.float64)


def _maybe(found: Finding, name: str) -> FloatArray | None:
    entry = next(iter(found.histories.values()))[0]
    there = entry.get("valid") is not None if name == "valid" else name in entry.get("watched", {})
    return _by_epoch(found, name) if there else None


def _titled(shown: Shown, what: Text, found: Finding) -> Text:
    return Text(
        en=f"{shown.key} {what.en}: {found.study.title.en}", zh=f"{shown.key} {what.zh}：{found.study.title.zh}"
    )


def _key(shown: Shown, part: str, count: int) -> str:
    return shown.key.lower() if count == 1 else f"{shown.key.lower()}-{part}"
