"""How the networks learned: curves by iteration, weights over training, gradients by lag, contributions, pondering.

Curves stand for all seeds, with their quartiles; what lies inside one network (its weights, its gradients, its steps) is
shown of the first seed alone, which is as good as any and no better. What a training watched comes from its traces; a
figure whose traces were not kept is not drawn.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tidegate.learn.fitted import Fitted
from tidegate.learn.losses import MSE
from tidegate.learn.target import StandardTarget
from tidegate.models.base import Network
from tidegate.report.figures.lags import Reach, reach
from tidegate.report.figures.learning import LearningCurve, learning
from tidegate.report.figures.ponder import Pondered, ponder_by_row, ponder_steps, remainders
from tidegate.report.figures.weights import Spread, fan, histogram, merged, widths
from tidegate.study.comparing import TRAINING, grounds, reachable, work
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.words import GATES, GROUPS, LOSSES
from tidegate.types.axes import FloatArray
from tidegate.types.report import Figure, Role, Text

__all__ = ["LEARNING_DRAWERS", "LEARNING_KINDS", "learning_shown", "learning_words"]

_MANY = 100
"""Weights of a gate from which on its histogram has a shape."""
FEW = 4
"""Variants in one figure up to which bands, and all ranges, are drawn."""
_ITERATIONS_TO_BILLIONS = 1e9


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
        made.append(
            learning(
                shown.key.lower() if len(groups) == 1 else f"{shown.key.lower()}-{group.key}",
                _titled(shown, what, about),
                curves,
                measure=_loss_words(findings[group.studies[0]]),
                x_title=_WORK if by_work else None,
                levels=_levels(findings[group.studies[0]]),
                bands=not several,
                note=_FROM_FIRST if several else _SUBSET,
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
    x = steps if not by_work else _spent(found, longest, steps) / _ITERATIONS_TO_BILLIONS
    return LearningCurve(found.study.name, found.study.title, x, parts)


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
    each = np.array([work(found, max(float(steps_taken), 1.0)) for steps_taken in ponder[:, at].mean(axis=1)])
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


def _loss_words(found: Finding) -> Text:
    training = found.study.training
    name = "" if training is None else training.loss.name
    words = LOSSES.get(name, Text.same(name))
    return Text(en=f"{words.en} of the scaled label", zh=f"缩放标签的{words.zh}")


def _weights(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Fans over training and histograms at its end, for each layer's kernel, recurrent weights and biases."""
    found = findings[shown.studies[0]]
    fitted = next(iter(found.learned.values()))
    if "weights.counts" not in fitted.traces.arrays:
        return ()
    made: list[Figure] = []
    held = _groups(fitted)
    for place in sorted(held, key=lambda name: (name.split(".")[2], list(GROUPS).index(name.split(".")[3]))):
        parts = held[place]
        _, layer, group = place.rsplit(".", 2)
        whole = merged(group, GROUPS[group], parts)
        about = Text(
            en=f"{GROUPS[group].en}, layer {int(layer) + 1}: {found.study.title.en}",
            zh=f"第 {int(layer) + 1} 层{GROUPS[group].zh}：{found.study.title.zh}",
        )
        key = f"{shown.key.lower()}-{int(layer) + 1}-{group}"
        made.append(fan(f"{key}-fan", _titled(shown, _OVER_TRAINING, about), [whole], measure=GROUPS[group]))
        if len(parts) > 1 and group == "kernel":
            made.append(widths(f"{key}-gates", _titled(shown, _BY_GATE, about), parts, measure=_WIDTH))
        gates = [part for part in parts if len(parts) > 1 and part.counts[-1].sum() >= _MANY]
        made.append(histogram(f"{key}-end", _titled(shown, _AT_THE_END, about), whole, gates, measure=GROUPS[group]))
    return tuple(made)


def _groups(fitted: Fitted) -> dict[str, list[Spread]]:
    """The cells' groups of weights by place (``stack.layers.0.kernel``), each as its gates."""
    arrays = fitted.traces.arrays
    x = np.asarray(arrays["weights.step"], dtype=np.float64)
    found: dict[str, list[Spread]] = {}
    for at, name in enumerate(fitted.traces.names["groups"]):
        parts = name.split(".")
        if parts[:2] != ["stack", "layers"] or parts[3] not in GROUPS:
            continue
        gate = parts[4] if len(parts) > len(("stack", "layers", "0", "kernel")) else parts[3]
        label = GATES.get(gate, GROUPS.get(gate, Text.same(gate)))
        counts = np.asarray(arrays["weights.counts"][:, at], dtype=np.float64)
        found.setdefault(".".join(parts[:4]), []).append(Spread(gate, label, x, counts, arrays["weights.edges"][at]))
    return found


def _gradients(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Gradient norms by lag: by gate for one study, of the output of every cell for several."""
    held = {name: fitted for name in shown.studies if (fitted := _watched_lags(findings[name])) is not None}
    if not held:
        return ()
    if len(shown.studies) > 1:
        made = []
        groups = grounds(tuple(held), findings)
        for group in groups:
            drawn = []
            for name in group.studies:
                norms = held[name].traces.arrays["lags.norm"]
                at = held[name].traces.names["gates"].index("hidden")
                drawn.append(Reach(name, findings[name].study.title, norms[-1, 0, at]))
            key = shown.key.lower() if len(groups) == 1 else f"{shown.key.lower()}-{group.key}"
            made.append(reach(key, _titled(shown, _OF_OUTPUT, group.title), drawn))
        return tuple(made)
    found = findings[shown.studies[0]]
    traces = held[found.study.name].traces
    norms, layers, gates = traces.arrays["lags.norm"], traces.names["layers"], traces.names["gates"]
    figures = []
    for at, layer in enumerate(layers):
        drawn = [
            Reach(gate, GATES.get(gate, Text.same(gate)), norms[-1, at, place], norms[0, at, place])
            for place, gate in enumerate(gates)
        ]
        about = found.study.title
        if len(layers) > 1:
            about = Text(en=f"{about.en}, layer {layer}", zh=f"{about.zh}，第 {layer} 层")
        figures.append(reach(f"{shown.key.lower()}-{at + 1}", _titled(shown, _BY_LAG, about), drawn))
    return tuple(figures)


def _watched_lags(found: Finding) -> Fitted | None:
    fitted = next(iter(found.learned.values()), None)
    return fitted if fitted is not None and "lags.norm" in fitted.traces.arrays else None


def _ponder(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made: list[Figure] = []
    for name in shown.studies:
        found = findings[name]
        if not found.pondered:
            continue
        held = next(iter(found.pondered.values()))
        layers = sorted(int(key.partition(".")[2]) for key in held if key.startswith("steps."))
        for layer in layers:
            seen = Pondered(held[f"steps.{layer}"], held[f"remainder.{layer}"], _limit(found))
            key = f"{shown.key.lower()}-{name}" + ("" if len(layers) == 1 else f"-{layer + 1}")
            about = Text(
                en=f"{found.study.title.en}, {found.bars.spec.title}",
                zh=f"{found.study.title.zh}，{found.bars.spec.title}",
            )
            if len(layers) > 1:
                about = Text(en=f"{about.en}, layer {layer + 1}", zh=f"{about.zh}，第 {layer + 1} 层")
            note = Text(en=f"Over {len(seen.steps)} judged windows.", zh=f"共 {len(seen.steps)} 个评判样本。")
            made += [
                ponder_steps(f"{key}-steps", _titled(shown, _STEPS, about), seen, note=note),
                ponder_by_row(f"{key}-rows", _titled(shown, _BY_ROW, about), seen, note=note),
                remainders(f"{key}-remainders", _titled(shown, _REMAINDERS, about), seen, note=note),
            ]
    return tuple(made)


def _limit(found: Finding) -> int:
    cell = getattr(found.study.model, "cell", None)
    return int(getattr(cell, "limit", 1))


def _titled(shown: Shown, what: Text, about: Text) -> Text:
    return Text(en=f"{shown.key} {what.en}: {about.en}", zh=f"{shown.key} {what.zh}：{about.zh}")


_BY_ITERATION = Text(en="Loss by iteration", zh="逐迭代损失")
_BY_WORK = Text(en="Loss at equal compute", zh="等计算量下的损失")
_WORK = Text(en="Multiply-adds of training spent until then, billions", zh="至此已用的训练乘加次数（十亿）")
_SUBSET = Text(
    en="Measured on a fixed, drawn part of each range, so curves are a little rough.",
    zh="在各区间固定抽取的部分样本上测得，曲线因而略有起伏。",
)
_FROM_FIRST = Text(
    en="Curves begin at the first measurement after training began. Each is measured on a fixed, drawn part of the range, so it is a little rough.",
    zh="曲线自训练开始后的首次测量画起；均在固定抽取的部分样本上测得，因而略有起伏。",
)
_OVER_TRAINING = Text(en="Over training", zh="训练过程中的分布")
_AT_THE_END = Text(en="At the end of training", zh="训练结束时的分布")
_BY_GATE = Text(en="Width by gate", zh="各门的宽度")
_WIDTH = Text(en="Width of the middle 90 %", zh="中间 90% 的宽度")
_BY_LAG = Text(en="Gradient by lag", zh="按滞后的梯度")
_OF_OUTPUT = Text(en="Gradient of the output by lag, every cell", zh="各单元输出的梯度（按滞后）")
_STEPS = Text(en="Ponder steps", zh="思考步数")
_BY_ROW = Text(en="Ponder steps by row of the window", zh="窗口各行的思考步数")
_REMAINDERS = Text(en="Remainders", zh="剩余权重")

LEARNING_DRAWERS = {
    "learning": _learning,
    "compute": _compute,
    "weights": _weights,
    "gradients": _gradients,
    "ponder": _ponder,
}
LEARNING_KINDS = ("learning", "compute", "weights", "gradients", "contributions", "ponder")
_ALWAYS = ("learning", "weights", "gradients", "ponder")
