"""How the networks learned: curves by iteration, weights over training, gradients by lag, contributions, pondering.

Curves stand for all seeds, with their quartiles; what lies inside one network (its weights, its gradients, its steps) is
shown of the first seed alone, which is as good as any and no better. What a training watched comes from its traces; a
figure whose traces were not kept is not drawn.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.learn.fitted import Fitted
from tidegate.learn.loop import METRIC_WINDOWS
from tidegate.learn.losses import MSE
from tidegate.learn.losses.base import Loss
from tidegate.learn.target import StandardTarget
from tidegate.models.base import Network
from tidegate.report.figures.learning import LearningCurve, learning
from tidegate.report.figures.losses import LossCurve, losses
from tidegate.report.figures.plain import sentences
from tidegate.study.comparing import TRAINING, grounds, reachable, work
from tidegate.study.findings import Finding, Findings
from tidegate.study.leaning import contribution_figures
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.within import gate_figures, gradient_figures, ponder_figures, weight_figures
from tidegate.study.words import LOSSES, loss_words, titled
from tidegate.types.axes import FloatArray
from tidegate.types.report import Figure, Role, Text

__all__ = ["LEARNING_DRAWERS", "LEARNING_KINDS", "learning_shown", "learning_words"]

FEW = 4
"""Variants in one figure up to which bands, and all ranges, are drawn."""
_BILLION = 1e9


def learning_shown(reproduction: Reproduction, findings: Findings) -> tuple[Shown, ...]:
    """What every report shows of learning, of the leading study, besides what the reproduction asks for itself."""
    asked = {shown.figure for shown in reproduction.shown}
    lead = findings[findings.lead]
    if not isinstance(lead.study.model, Network):
        return ()
    kinds = [kind for kind in _ALWAYS if kind not in asked]
    return tuple(Shown(f"L{place}", kind, (findings.lead,)) for place, kind in enumerate(kinds, 1))


def learning_words(keys: Mapping[str, Sequence[str]]) -> tuple[Text, ...]:
    """What a reader must know before these figures: whose they are."""
    if not any(keys[kind] for kind in ("weights", "gradients", "contributions", "ponder")):
        return ()
    return (
        Text(
            en="Curves are of all seeds. What lies inside one network (weights, gradients, pondering) is of the first seed, and of the last fold: as good as any, and no better.",
            zh="曲线包含全部种子；单个网络内部的图（权重、梯度、思考步数）取首个种子与最后一折：与其他并无优劣之分。",
        ),
    )


def _learning(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    return _curves(shown, findings, by_work=False)


def _compute(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    return _curves(shown, findings, by_work=True)


def _curves(shown: Shown, findings: Findings, *, by_work: bool) -> tuple[Figure, ...]:
    """Learning curves of all seeds, one figure for each ground: by iteration, or by the multiply-adds spent."""
    made = []
    groups = grounds(shown.studies, findings)
    for group in groups:
        several = len(group.studies) > FEW
        curves = [curve for name in group.studies if (curve := _curve(findings[name], by_work=by_work)) is not None]
        if not curves:
            continue
        if several:
            curves = [_from_the_first_step(_heaviest(curve)) for curve in curves]
        about = group.title if len(groups) > 1 or several else findings[group.studies[0]].study.title
        what = _BY_WORK if by_work else _BY_ITERATION
        levels = _levels(findings[group.studies[0]])
        made.append(
            learning(
                shown.key.lower() if len(groups) == 1 else f"{shown.key.lower()}-{group.key}",
                titled(shown.key, what, about),
                curves,
                measure=loss_words(_loss_of(findings[group.studies[0]])),
                x_title=_WORK if by_work else None,
                levels=levels,
                bands=not several,
                note=sentences(_FROM_FIRST if several else _SUBSET, _WHOLE if levels else None),
            )
        )
    return tuple(made)


def _curve(found: Finding, *, by_work: bool) -> LearningCurve | None:
    held = [fitted for fitted in found.learned.values() if "curves.loss" in fitted.traces.arrays]
    if not held:
        return None
    longest = max(held, key=lambda fitted: len(fitted.traces.arrays["curves.step"]))
    steps = np.asarray(longest.traces.arrays["curves.step"], dtype=np.float64)
    parts = {}
    for at, part in enumerate(longest.traces.names["sets"]):
        rows = np.full((len(held), len(steps)), np.nan)
        for row, fitted in zip(rows, held, strict=True):
            losses = fitted.traces.arrays["curves.loss"][:, at]
            places = np.searchsorted(steps, fitted.traces.arrays["curves.step"])
            ours = places < len(steps)
            row[places[ours]] = losses[ours]
        parts[part] = rows
    x = steps if not by_work else _spent(found, longest, steps) / _BILLION
    return LearningCurve(found.study.name, found.study.title, x, parts)


def _metrics(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Each metric by epoch, of the studies that measured it."""
    made = []
    names = [metric.name for name in shown.studies for metric in _metrics_of(findings[name])]
    for metric in dict.fromkeys(names):
        curves = [
            LossCurve(name, findings[name].study.title, **_by_epoch(findings[name], metric))
            for name in shown.studies
            if metric in [one.name for one in _metrics_of(findings[name])]
        ]
        words = LOSSES.get(metric, Text.same(metric))
        title = titled(
            shown.key, Text(en=f"{words.en} by epoch", zh=f"逐轮{words.zh}"), findings[shown.studies[0]].study.title
        )
        of = Text(en=f"{words.en} of the scaled label", zh=f"缩放标签的{words.zh}")
        made.append(losses(f"{shown.key.lower()}-{metric}", title, curves, loss=of, note=_MEASURED))
    return tuple(made)


def _metrics_of(found: Finding) -> tuple[Loss, ...]:
    return () if found.study.training is None or not found.histories else found.study.training.metrics


def _by_epoch(found: Finding, metric: str) -> dict[str, FloatArray]:
    """A metric of each part that has it ``[seeds, epochs]``; NaN after a seed has stopped."""
    rows = list(found.histories.values())
    width = max(len(row) for row in rows)
    made = {}
    for part in ("train", "valid", "test"):
        told = np.full((len(rows), width), np.nan)
        for line, history in zip(told, rows, strict=True):
            line[: len(history)] = [
                np.nan if (value := entry["metrics"][metric].get(part)) is None else value for entry in history
            ]
        if np.isfinite(told).any():
            made[part] = told
    return made


def _spent(found: Finding, fitted: Fitted, steps: FloatArray) -> FloatArray:
    """Multiply-adds of training until each of `steps`; a cell that ponders is charged what it took at the time."""
    training = found.study.training
    assert training is not None
    learned = int(found.folds[-1].training(found.windows).sum())
    windows = learned / -(-learned // training.batch)  # of one step, the last and smaller one of an epoch included
    ponder = fitted.traces.arrays.get("ponder.steps")
    if ponder is None:
        return np.asarray(TRAINING * work(found) * windows * steps)
    at = fitted.traces.names["sets"].index("train")
    each = np.array([work(found, layers) for layers in np.maximum(ponder[:, at], 1.0).tolist()])
    between = np.concatenate([[0.0], np.diff(steps) * (each[1:] + each[:-1]) / 2.0])
    return np.asarray(TRAINING * windows * np.cumsum(between))


def _heaviest(curve: LearningCurve) -> LearningCurve:
    part = next(name for name in ("test", "valid", "train") if name in curve.parts)
    return LearningCurve(curve.key, curve.label, curve.x, {part: curve.parts[part]}, curve.role)


def _from_the_first_step(curve: LearningCurve) -> LearningCurve:
    return LearningCurve(
        curve.key, curve.label, curve.x[1:], {part: rows[:, 1:] for part, rows in curve.parts.items()}, curve.role
    )


def _levels(found: Finding) -> tuple[tuple[str, Text, float, Role], ...]:
    """No skill, and the lowest loss that the world allows; only where both are known: squared errors of a unit target."""
    training, best = found.study.training, reachable(found.study)
    known = training is not None and isinstance(training.loss, MSE)
    if not known or not isinstance(found.study.target_scaling, StandardTarget) or not np.isfinite(best):
        return ()
    judged = np.concatenate([np.flatnonzero(fold.testing(found.windows)) for fold in found.folds])
    labels = next(iter(found.learned.values())).target_scale.to_model(found.windows.target[judged])
    size = float(np.nanmean(labels**2))
    return (
        ("none", Text(en="Without skill: labels squared", zh="毫无技巧：标签平方均值"), size, "benchmark"),
        (
            "reachable",
            Text(en="What is reachable: × (1 − IC²)", zh="可达下限：×(1 − IC²)"),
            size * (1 - best**2),
            "truth",
        ),
    )


def _loss_of(found: Finding) -> str:
    return "" if found.study.training is None else found.study.training.loss.name


_BY_ITERATION = Text(en="Loss by iteration", zh="逐迭代损失")
_BY_WORK = Text(en="Loss at equal compute", zh="等计算量下的损失")
_WORK = Text(en="Multiply-adds of training spent until then, billions", zh="至此已用的训练乘加次数（十亿）")
_SUBSET = Text(
    en="Measured on a fixed, drawn part of each range, so curves are a little rough.",
    zh="在各区间固定抽取的部分样本上测得，曲线因而略有起伏。",
)
_MEASURED = Text(
    en=f"Measured after each epoch, with dropout off, on up to {METRIC_WINDOWS:,} windows of each range.",
    zh=f"每轮结束后、关闭 Dropout，在各区间至多 {METRIC_WINDOWS} 个样本上测得。",
)
_WHOLE = Text(
    en="The lines across are of the whole judged range: the drawn part may lie a few per cent above or below them, so compare curves with each other, and IC with the table.",
    zh="横线按整个评判区间计算：抽取的部分可能整体高出或低于它几个百分点，因此曲线宜相互比较，IC 则以表为准。",
)
_FROM_FIRST = Text(
    en="Curves begin at the first measurement after training began. Each is measured on a fixed, drawn part of the range, so it is a little rough.",
    zh="曲线自训练开始后的首次测量画起；均在固定抽取的部分样本上测得，因而略有起伏。",
)

LEARNING_DRAWERS = {
    "learning": _learning,
    "compute": _compute,
    "weights": weight_figures,
    "gradients": gradient_figures,
    "gates": gate_figures,
    "metrics": _metrics,
    "contributions": contribution_figures,
    "ponder": ponder_figures,
}
LEARNING_KINDS = ("metrics", "learning", "compute", "weights", "gates", "gradients", "contributions", "ponder")
_ALWAYS = ("learning", "weights", "gradients", "contributions", "ponder", "metrics")
