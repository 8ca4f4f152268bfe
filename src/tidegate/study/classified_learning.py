"""How accuracy came and what it cost: by iteration, by protocol, by work, by setting; pondering against volatility."""

from collections.abc import Callable, Collection

import numpy as np

from tidegate.prepare.hold_out import Part, part_within, shared
from tidegate.report.figures.effort import Effort, effort
from tidegate.report.figures.learning import LearningCurve, learning
from tidegate.report.figures.ponder import Pondered, ponder_by_difficulty
from tidegate.report.figures.protocols import Protocol, protocols
from tidegate.report.figures.setting_effect import Valued, setting_effect
from tidegate.report.figures.settling import settling
from tidegate.study.classified import held_accuracy
from tidegate.study.comparing import Ground, grounds, work
from tidegate.study.findings import Finding, Findings
from tidegate.study.insight import LOOKED_AT, judged
from tidegate.study.reproduction import Shown
from tidegate.study.words import titled
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.report import Figure, Role, Text

__all__ = ["CLASS_LEARNING"]

_ACCURACY = Text(en="Accuracy", zh="准确率")
_BARS = 60
"""Bars before an anchor that its volatility is of."""
_FEW = 4


def _curve(found: Finding) -> LearningCurve | None:
    """Accuracy of every part by iteration and seed; None where none was watched."""
    held = [fitted.traces for fitted in found.learned.values() if "curves.accuracy" in fitted.traces.arrays]
    if not held:
        return None
    steps = max((one.arrays["curves.step"] for one in held), key=len)
    parts = {}
    for at, part in enumerate(held[0].names["sets"]):
        rows = np.full((len(held), len(steps)), np.nan)
        for row, one in zip(rows, held, strict=True):
            places = np.searchsorted(steps, one.arrays["curves.step"])
            ours = places < len(steps)
            row[places[ours]] = one.arrays["curves.accuracy"][ours, at]
        parts[part] = rows
    return LearningCurve(found.study.name, found.study.title, np.asarray(steps, dtype=np.float64), parts)


def _majority(found: Finding, which: IntArray | None = None) -> float:
    """Share of the commonest class among the judged windows, or among those at `which`."""
    windows = found.windows
    if which is None:
        which = np.concatenate([np.flatnonzero(fold.testing(windows)) for fold in found.folds])
    target = windows.target[which]
    target = target[np.isfinite(target)]
    return float(np.unique(target, return_counts=True)[1].max() / target.size) if target.size else float("nan")


def _levels(group: Ground, findings: Findings, parts: Collection[str]) -> tuple[tuple[str, Text, float, Role], ...]:
    """The commonest class of the heaviest of the parts that are drawn."""
    found = findings[group.studies[0]]
    fold = found.folds[-1]
    part = _part(found) if "test" not in parts and "valid" in parts else None
    if "test" in parts:
        return (("majority", _CONSTANT["test"], _majority(found), "benchmark"),)
    if part is not None:
        return (("majority", _CONSTANT["valid"], _majority(found, np.flatnonzero(part.held)), "benchmark"),)
    learned = np.flatnonzero(fold.training(found.windows))
    return (("majority", _CONSTANT["train"], _majority(found, learned), "benchmark"),)


_CONSTANT = {
    "test": Text(en="Commonest class, out of sample", zh="样本外最多类别占比"),
    "valid": Text(en="Commonest class of the windows held out", zh="留出样本最多类别占比"),
    "train": Text(en="Commonest class in training", zh="训练样本最多类别占比"),
}


def _by_ground(
    shown: Shown, findings: Findings, draw: Callable[[str, Ground, list[LearningCurve]], Figure]
) -> tuple[Figure, ...]:
    made = []
    held = grounds(shown.studies, findings)
    for group in held:
        curves = [curve for name in group.studies if (curve := _curve(findings[name])) is not None]
        if curves:
            key = shown.key.lower() if len(held) == 1 else f"{shown.key.lower()}-{group.key}"
            made.append(draw(key, group, curves))
    return tuple(made)


def _about(group: Ground, findings: Findings) -> Text:
    return findings[group.studies[0]].study.title if len(group.studies) == 1 else group.title


def _accuracy(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Accuracy by iteration, training, validation and out of sample, beside the commonest class."""

    def draw(key: str, group: Ground, curves: list[LearningCurve]) -> Figure:
        several = len(curves) > _FEW
        kept = [_heaviest(curve) for curve in curves] if several else curves
        return learning(
            key,
            titled(shown.key, Text(en="Accuracy by iteration", zh="逐迭代准确率"), _about(group, findings)),
            kept,
            measure=_ACCURACY,
            style="percent",
            levels=_levels(group, findings, curves[0].parts),
            bands=not several,
            note=_DRAWN,
        )

    return _by_ground(shown, findings, draw)


def _heaviest(curve: LearningCurve) -> LearningCurve:
    part = next(name for name in ("test", "valid", "train") if name in curve.parts)
    return LearningCurve(curve.key, curve.label, curve.x, {part: curve.parts[part]}, curve.role)


def _settling(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Training accuracy of every study, with the iteration from which it stays where it ends."""

    def draw(key: str, group: Ground, curves: list[LearningCurve]) -> Figure:
        title = titled(shown.key, Text(en="Training accuracy", zh="训练准确率"), _about(group, findings))
        return settling(key, title, curves, levels=_levels(group, findings, ("train",)), note=_DRAWN)

    return _by_ground(shown, findings, draw)


def _part(found: Finding) -> Part | None:
    """What the last fold's fits learned from and watched; None where nothing was watched."""
    fold, windows = found.folds[-1], found.windows
    if found.study.hold_out is not None:
        return part_within(found.study.hold_out, windows, fold.training(windows) | fold.validation(windows))
    if not fold.validation(windows).any():
        return None
    return Part.of(fold.index, windows, fold.training(windows), fold.validation(windows), "")


def _protocols(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Held-out accuracy of every study beside its accuracy out of sample, and what its two sides share."""
    ways = []
    for name in shown.studies:
        found = findings[name]
        part, (held, common) = _part(found), held_accuracy(found)
        if part is None or not held.size:
            continue
        counts = shared(found.windows, part)
        ways.append(
            Protocol(
                name,
                found.study.title,
                held,
                found.over_seeds("class_accuracy"),
                common,
                counts.inputs / counts.held,
                counts.dates / counts.held,
                leaks=bool(part.stamp),
            )
        )
    if not ways:
        return ()
    title = Text(en=f"{shown.key} Split protocols side by side", zh=f"{shown.key} 划分方式对比")
    return (protocols(shown.key.lower(), title, ways, note=_HELD),)


def _by_work(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Accuracy out of sample of every seed over the multiply-adds of one forecast; one figure for each ground."""
    made = []
    held = grounds(shown.studies, findings)
    for group in held:
        efforts = [
            Effort(name, findings[name].study.title, work(findings[name]), findings[name].over_seeds("class_accuracy"))
            for name in group.studies
            if _curve(findings[name]) is not None
        ]
        if efforts:
            key = shown.key.lower() if len(held) == 1 else f"{shown.key.lower()}-{group.key}"
            title = titled(shown.key, Text(en="Accuracy against work", zh="准确率与计算量"), _about(group, findings))
            measure = Text(en="Accuracy, out of sample", zh="样本外准确率")
            levels = _levels(group, findings, ("test",))
            made.append(effort(key, title, efforts, measure=measure, style="percent", levels=levels))
    return tuple(made)


def _by_setting(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Accuracy of every seed for each study, and its mean ponder steps where its cell ponders."""
    values = []
    for name in shown.studies:
        found = findings[name]
        if _curve(found) is not None:
            values.append(Valued(name, found.study.title, found.over_seeds("class_accuracy"), _steps(found)))
    if not values:
        return ()
    ponders = any(one.cost is not None for one in values)
    base = (Text(en="Commonest class", zh="最多类别"), _majority(findings[shown.studies[0]]))
    title = Text(en=f"{shown.key} What the setting does", zh=f"{shown.key} 设置的影响")
    cost = Text(en="Mean ponder steps", zh="平均思考步数") if ponders else None
    measure = Text(en="Accuracy, out of sample", zh="样本外准确率")
    return (setting_effect(shown.key.lower(), title, values, measure=measure, style="percent", cost=cost, base=base),)


def _steps(found: Finding) -> FloatArray | None:
    """Mean ponder steps a row of every seed; None where nothing ponders."""
    if not found.pondered:
        return None
    return np.array(
        [
            np.mean([values.mean() for name, values in held.items() if name.startswith("steps.")])
            for held in found.pondered.values()
        ]
    )


def _volatile(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Ponder steps of the first seed's first layer by the volatility of the stock before the anchor."""
    made = []
    for name in shown.studies:
        found = findings[name]
        if not found.pondered:
            continue
        held = next(iter(found.pondered.values()))
        which = judged(found.windows, found.folds[-1], LOOKED_AT)
        if len(held["steps.0"]) != which.size:
            continue
        limit = int(getattr(getattr(found.study.model, "cell", None), "limit", 1))
        key = shown.key.lower() if len(shown.studies) == 1 else f"{shown.key.lower()}-{name}"
        title = titled(shown.key, Text(en="Pondering and volatility", zh="思考与波动率"), found.study.title)
        words = Text(en=f"volatility of the last {_BARS} bars, a bar", zh=f"此前 {_BARS} 根K线的波动率")
        seen = Pondered(held["steps.0"], held["remainder.0"], limit)
        made.append(ponder_by_difficulty(key, title, seen, _volatility(found, which), measure=words))
    return tuple(made)


def _volatility(found: Finding, which: IntArray) -> FloatArray:
    """Standard deviation of the last `_BARS` logarithmic returns before each window's anchor; NaN with fewer bars."""
    bars, windows = found.bars, found.windows
    panel = windows.panel
    frame = bars.frame
    assets, times = frame["asset"].to_numpy(), frame["time"].to_numpy().astype("datetime64[us]")
    close = np.log(bars.adjusted("close"))
    made = np.full(which.size, np.nan)
    starts = {str(asset): int(at) for asset, at in zip(*np.unique(assets, return_index=True), strict=True)}
    counts = {str(asset): int(n) for asset, n in zip(*np.unique(assets, return_counts=True), strict=True)}
    for place, window in enumerate(which):
        asset = panel.assets[panel.row_asset[windows.anchors[window]]]
        first, when = starts[asset], panel.times[windows.anchor_time[window]]
        end = first + int(np.searchsorted(times[first : first + counts[asset]], when, side="right"))
        if end - first > _BARS:
            made[place] = float(np.std(np.diff(close[end - _BARS - 1 : end]), ddof=1))
    return made


_DRAWN = Text(
    en="Each point is measured on a fixed, drawn part of its range, so curves are a little rough.",
    zh="各点在固定抽取的部分样本上测得，因而略有起伏。",
)

_HELD = Text(
    en="Accuracy on what was held out is of the end of training, on a fixed, drawn part of it.",
    zh="留出样本准确率取自训练结束时，在其固定抽取的部分上测得。",
)

CLASS_LEARNING: dict[str, Callable[[Shown, Findings], tuple[Figure, ...]]] = {
    "accuracy": _accuracy,
    "settling": _settling,
    "protocols": _protocols,
    "accuracy-by-work": _by_work,
    "accuracy-by-setting": _by_setting,
    "ponder-volatility": _volatile,
}
