"""Inside one network: its weights over training, its gradients by lag, how long it pondered.

Of the first seed and the last fold, as good as any and no better; every cell's output where cells are compared. What a
training watched comes from its traces: a figure whose traces were not kept is not drawn.
"""

import numpy as np

from tidegate.learn.fitted import Fitted
from tidegate.learn.gates import gate_activations
from tidegate.models.cells.lstm import LSTM
from tidegate.models.ensemble import Ensemble
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.report.figures.gate_values import gate_values
from tidegate.report.figures.lags import Reach, reach
from tidegate.report.figures.ponder import Pondered, ponder_by_row, ponder_steps, remainders
from tidegate.report.figures.weights import Spread, fan, histogram, merged, widths
from tidegate.study.comparing import grounds
from tidegate.study.findings import Finding, Findings
from tidegate.study.fitting import learned_from
from tidegate.study.insight import LOOKED_AT, judged
from tidegate.study.notes import data_title
from tidegate.study.reproduction import Shown
from tidegate.study.words import GATES, GROUPS, titled
from tidegate.types.report import Figure, Text

__all__ = ["gate_figures", "gradient_figures", "ponder_figures", "weight_figures"]

_MANY = 100
"""Weights of a gate from which on its histogram has a shape."""
_OVER_TRAINING = Text(en="Over training", zh="训练过程中的分布")
_AT_THE_END = Text(en="At the end of training", zh="训练结束时的分布")
_BY_GATE = Text(en="Width by gate", zh="各门的宽度")
_WIDTH = Text(en="Width of the middle 90 %", zh="中间 90% 的宽度")
_BY_LAG = Text(en="Gradient by lag", zh="按滞后的梯度")
_OF_OUTPUT = Text(en="Gradient of the output by lag, every cell", zh="各单元输出的梯度（按滞后）")
_GATES_DO = Text(en="What the gates do", zh="各门的取值分布")
_STEPS = Text(en="Ponder steps", zh="思考步数")
_BY_ROW = Text(en="Ponder steps by row of the window", zh="窗口各行的思考步数")
_REMAINDERS = Text(en="Remainders", zh="剩余权重")


def weight_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
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
        made.append(fan(f"{key}-fan", titled(shown.key, _OVER_TRAINING, about), [whole], measure=GROUPS[group]))
        if len(parts) > 1 and group == "kernel":
            made.append(widths(f"{key}-gates", titled(shown.key, _BY_GATE, about), parts, measure=_WIDTH))
        gates = [part for part in parts if len(parts) > 1 and part.counts[-1].sum() >= _MANY]
        made.append(histogram(f"{key}-end", titled(shown.key, _AT_THE_END, about), whole, gates, measure=GROUPS[group]))
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


def gradient_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
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
            made.append(reach(key, titled(shown.key, _OF_OUTPUT, group.title), drawn))
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
        figures.append(reach(f"{shown.key.lower()}-{at + 1}", titled(shown.key, _BY_LAG, about), drawn))
    return tuple(figures)


def _watched_lags(found: Finding) -> Fitted | None:
    fitted = next(iter(found.learned.values()), None)
    return fitted if fitted is not None and "lags.norm" in fitted.traces.arrays else None


def gate_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """What the gates of each study's first network do on judged windows; nothing of a cell that is no plain LSTM."""
    made = []
    for name in shown.studies:
        found = findings[name]
        model, fitted = found.study.model, next(iter(found.learned.values()), None)
        cell = getattr(model, "cell", None)
        if fitted is None or not isinstance(model, RecurrentNetwork) or not isinstance(cell, LSTM):
            continue
        if cell.layer_norm or cell.bidirectional:
            continue
        fold = found.folds[-1]
        among = np.zeros(len(found.windows), dtype=bool)
        among[learned_from(found.study, fold, found.windows)[0]] = True
        which = judged(found.windows, fold, LOOKED_AT)
        values = gate_activations(fitted, found.windows, found.study.normaliser.fit(found.windows, among), which)
        words = {gate: (GATES.get(gate, Text.same(gate)), held) for gate, held in values.items()}
        key = shown.key.lower() if len(shown.studies) == 1 else f"{shown.key.lower()}-{name}"
        note = Text(
            en=f"Over {which.size} judged windows, every row and unit of the first layer.",
            zh=f"取 {which.size} 个评判样本，第一层的全部时间步与单元。",
        )
        made.append(gate_values(key, titled(shown.key, _GATES_DO, found.study.title), words, note=note))
    return tuple(made)


def ponder_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """Steps, steps by row and remainders of every study whose cell ponders."""
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
                zh=f"{found.study.title.zh}，{data_title(found.bars.spec.title).zh}",
            )
            if len(layers) > 1:
                about = Text(en=f"{about.en}, layer {layer + 1}", zh=f"{about.zh}，第 {layer + 1} 层")
            note = _over(found, len(seen.steps))
            made += [
                ponder_steps(f"{key}-steps", titled(shown.key, _STEPS, about), seen, note=note),
                ponder_by_row(f"{key}-rows", titled(shown.key, _BY_ROW, about), seen, note=note),
                remainders(f"{key}-remainders", titled(shown.key, _REMAINDERS, about), seen, note=note),
            ]
    return tuple(made)


def _limit(found: Finding) -> int:
    model = found.study.model
    cell = getattr(model.member if isinstance(model, Ensemble) else model, "cell", None)
    return int(getattr(cell, "limit", 1))


def _over(found: Finding, asked: int) -> Text:
    model = found.study.model
    if not isinstance(model, Ensemble):
        return Text(en=f"Over {asked} judged windows.", zh=f"共 {asked} 个评判样本。")
    windows = asked // model.count
    return Text(
        en=f"Over {windows} judged windows, by each of {model.count} members.",
        zh=f"共 {windows} 个评判样本，{model.count} 个成员各自计算。",
    )
