"""Networks beside each other: who finds what is there, and what it costs them.

What is there is known in a world that tells it (`Reachable`); elsewhere the rivals and the seeds' spread are all there
is. Work is counted in multiply-adds, from the shapes and (for cells that ponder) the steps they were seen to take.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tidegate.component import document, fingerprint
from tidegate.data.truth import Reachable
from tidegate.models.base import Network
from tidegate.models.multiply_adds import multiply_adds
from tidegate.report.figures.effort import Effort, effort
from tidegate.report.figures.seeds import Level, Sample, seeds
from tidegate.study.declare import Study
from tidegate.study.findings import Finding, Findings
from tidegate.study.notes import data_title
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.words import GLOSSARY, member_title
from tidegate.types.clock import Horizon
from tidegate.types.report import Column, Figure, Role, Table, Text

__all__ = [
    "Ground",
    "effort_figures",
    "found_figures",
    "found_table",
    "grounds",
    "network_table",
    "reachable",
    "trained",
    "work",
]

SIGNIFICANT = 0.05
TRAINING = 3
"""Multiply-adds of training, per forward pass: the pass itself, and a gradient for the inputs and for the weights."""
_IC = Text(en="Information coefficient (IC)", zh="信息系数（IC）")
_LEVEL = tuple[str, Text, float, Role]


class Ground(NamedTuple):
    """Studies that forecast the same returns of the same bars, and may stand in one figure."""

    key: str
    title: Text
    studies: tuple[str, ...]


def grounds(names: Sequence[str], findings: Findings) -> tuple[Ground, ...]:
    """Put studies together that forecast the same thing, in their order."""
    held: dict[str, list[str]] = {}
    for name in names:
        found = findings[name]
        held.setdefault(fingerprint(found.bars.digest, document(found.study.label)), []).append(name)
    titles = [data_title(findings[group[0]].bars.spec.title) for group in held.values()]
    return tuple(
        Ground(str(place), title, tuple(group))
        for place, (title, group) in enumerate(zip(titles, held.values(), strict=True), 1)
    )


def reachable(study: Study) -> float:
    """The best IC that the study's source allows at its lookback; NaN where nobody knows, or the label is another."""
    known = study.label.horizon == Horizon(lag=1, span=1) and study.label.unit == "return"
    return study.source.reachable(study.lookback) if known and isinstance(study.source, Reachable) else float("nan")


def work(found: Finding, ponder: Sequence[float] | None = None) -> float:
    """Multiply-adds of one forecast of the study's network; NaN for a rival.

    `ponder` is the mean ponder steps a row of each layer; None takes those that its seeds were seen to take, 1 where
    none ponders.
    """
    model = found.study.model
    if not isinstance(model, Network):
        return float("nan")
    steps = _steps(found) if ponder is None else ponder
    return multiply_adds(
        model, found.study.lookback, len(found.windows.inputs), len(found.windows.context), steps or 1.0
    )


def trained(found: Finding) -> float:
    """Multiply-adds that one seed's training took: three passes a window and epoch, mean epochs over seeds.

    A count from shapes alone, the same on any machine: no time was measured. NaN for a rival.
    """
    windows = int(sum(fold.training(found.windows).sum() for fold in found.folds))
    epochs = float(np.mean([len(history) for history in found.histories.values()]))
    return TRAINING * work(found) * windows * epochs


def _steps(found: Finding) -> list[float]:
    """Mean ponder steps a row of each layer over windows and seeds; empty where none ponders."""
    seeds = list(found.pondered.values())
    layers = sum(name.startswith("steps.") for name in seeds[0]) if seeds else 0
    return [float(np.mean([held[f"steps.{layer}"].mean() for held in seeds])) for layer in range(layers)]


def _levels(group: Ground, findings: Findings) -> tuple[_LEVEL, ...]:
    """Lines across an IC figure: what the rivals reach, and what is reachable where a world tells it."""
    lead = findings[group.studies[0]]
    rivals = [m for m in lead.forecasts if not m.startswith("seed-") and m != "ensemble"]
    made: list[_LEVEL] = [(m, member_title(m), lead.value("ic", m), "rival") for m in rivals]
    best = reachable(lead.study)
    if np.isfinite(best):
        made.append(("reachable", GLOSSARY["reachable"], best, "truth"))
    return tuple(level for level in made if np.isfinite(level[2]))


def found_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """The IC of every seed of every network, beside rivals and what is reachable; one figure for each ground."""
    made = []
    for group in grounds(shown.studies, findings):
        told = _levels(group, findings)
        made.append(
            seeds(
                f"{shown.key.lower()}-{group.key}",
                Text(en=f"{shown.key} Who finds it: {group.title.en}", zh=f"{shown.key} 谁能发现：{group.title.zh}"),
                _IC,
                [Sample(n, findings[n].study.title, findings[n].over_seeds("ic")) for n in group.studies],
                rivals=[Level(key, label, value, benchmark=role == "truth") for key, label, value, role in told],
                note=_ceiling_words() if any(role == "truth" for *_, role in told) else None,
            )
        )
    return tuple(made)


def effort_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """The IC of every seed over the multiply-adds of one forecast; one figure for each ground."""
    made = []
    for group in grounds(shown.studies, findings):
        told = _levels(group, findings)
        efforts = [
            Effort(n, findings[n].study.title, work(findings[n]), findings[n].over_seeds("ic")) for n in group.studies
        ]
        made.append(
            effort(
                f"{shown.key.lower()}-{group.key}",
                Text(
                    en=f"{shown.key} IC against multiply-adds: {group.title.en}",
                    zh=f"{shown.key} IC 与乘加次数：{group.title.zh}",
                ),
                [one for one in efforts if np.isfinite(one.work)],
                measure=_IC,
                levels=told,
                note=_ceiling_words() if any(role == "truth" for *_, role in told) else None,
            )
        )
    return tuple(made)


def found_table(reproduction: Reproduction, findings: Findings) -> Table | None:
    """Every network and rival of worlds with a known answer: what it found of it, and how many seeds did."""
    rows: list[dict[str, Any]] = []
    roles: list[Role] = []
    known = [study.name for study in reproduction.studies if np.isfinite(reachable(study))]
    for group in grounds(known, findings):
        lead = findings[group.studies[0]]
        best = reachable(lead.study)
        for name in group.studies:
            found = findings[name]
            ic, p = found.over_seeds("ic"), found.over_seeds("ic_p")
            sure = int(((p < SIGNIFICANT) & (ic > 0)).sum())
            rows.append(
                {"who": document(found.study.title), **_reached(group, ic, best), "seeds": f"{sure} / {len(ic)}"}
            )
            roles.append("main" if name == findings.lead else "plain")
        for member in (m for m in lead.forecasts if not m.startswith("seed-") and m != "ensemble"):
            ic = np.array([lead.value("ic", member)])
            rows.append({"who": document(member_title(member)), **_reached(group, ic, best), "seeds": "—"})
            roles.append("rival")
    if not rows:
        return None
    return Table(
        key="found",
        title=Text(en="Who found what is there", zh="谁发现了其中的信号"),
        columns=(
            Column(key="who", title=Text(en="who forecasts", zh="预测者")),
            Column(key="world", title=Text(en="world", zh="世界")),
            Column(key="ic", title=Text(en="IC, out of sample", zh="样本外 IC"), style="number"),
            Column(key="reachable", title=GLOSSARY["reachable"], style="number"),
            Column(key="share", title=Text(en="share of it", zh="所达比例"), style="percent"),
            Column(key="seeds", title=Text(en="seeds with p < 5 %", zh="p < 5% 的种子数")),
        ),
        rows=tuple(rows),
        roles=tuple(roles),
        note=Text(
            en="Medians over seeds with the quartiles in brackets. One sample of judged bars: the IC of a perfect forecaster scatters around what is reachable too, by about one over the root of their number.",
            zh="为种子中位数，括号内为四分位数。评判样本只有一份：完美预测者的 IC 也会围绕可达上限波动，幅度约为样本数平方根的倒数。",
        ),
    )


def network_table(reproduction: Reproduction, findings: Findings) -> Table:
    """Every network: its weights, the work of one forecast and of its training."""
    rows: list[dict[str, Any]] = []
    several = len({findings[study.name].bars.digest for study in reproduction.studies}) > 1
    for study in reproduction.studies:
        found = findings[study.name]
        if not isinstance(study.model, Network) or study.training is None:
            continue
        one = next(iter(found.learned.values()))
        windows = int(sum(fold.training(found.windows).sum() for fold in found.folds))
        epochs = float(np.mean([len(history) for history in found.histories.values()]))
        steps = _steps(found)
        forecast = work(found)
        rows.append(
            {
                "who": document(study.title),
                **({"data": document(data_title(found.bars.spec.title))} if several else {}),
                "weights": int(sum(array.size for array in one.arrays.values())),
                "ponder": float(np.mean(steps)) if steps else None,
                "forecast": forecast,
                "epochs": epochs,
                "training": TRAINING * forecast * windows * epochs / 1e9,
            }
        )
    return Table(
        key="networks",
        title=Text(en="What the networks are, and what they cost", zh="网络规模与计算量"),
        columns=(
            Column(key="who", title=GLOSSARY["study"]),
            *([Column(key="data", title=Text(en="data", zh="数据"))] if several else []),
            Column(key="weights", title=Text(en="weights", zh="参数个数"), style="integer"),
            Column(key="ponder", title=Text(en="ponder steps, mean of layers", zh="思考步数（各层平均）"), style="number"),
            Column(key="forecast", title=Text(en="multiply-adds of a forecast", zh="单次预测乘加次数"), style="integer"),
            Column(key="epochs", title=Text(en="epochs", zh="训练轮数"), style="number"),
            Column(key="training", title=Text(en="of one seed's training, billions", zh="单个种子训练（十亿次）"), style="number"),
        ),
        rows=tuple(rows),
        note=Text(
            en="Counted from the shapes: each weight that multiplies, once a row (and once a ponder step); training counts three times the forward pass. Seconds depend on the machine and stand in timings.json of the run folder.",
            zh="由形状数出：每个参与相乘的权重每行（每个思考步）一次；训练按前向的三倍计。耗时因机器而异，见运行目录中的 timings.json。",
        ),
    )  # fmt: skip


def _reached(group: Ground, ic: np.ndarray[Any, np.dtype[np.float64]], best: float) -> dict[str, Any]:
    kept = ic[np.isfinite(ic)]
    told: dict[str, Any] = {"world": group.title.en, "reachable": best, "ic": None, "share": None}
    if kept.size:
        low, middle, high = (float(q) for q in np.quantile(kept, [0.25, 0.5, 0.75]))
        told["ic"] = middle if kept.size == 1 else {"value": middle, "low": low, "high": high}
        told["share"] = middle / best if best > 0 else None
    return told


def _ceiling_words() -> Text:
    return Text(
        en="The world's own answer is the ceiling: no forecaster stays above it, though one sample may lie a little higher.",
        zh="世界自身的答案即上限：任何预测者都不能长期超过它，尽管单一样本可能略高。",
    )
