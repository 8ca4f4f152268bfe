"""What a network leans on: its input weights, what its loss gains when a factor is dealt out anew, and at which lag.

Input weights are of all seeds and cost nothing; the rest is asked of the first seed, where the study says so. A planted
noise factor is the yardstick of all three: what does not stand above it has not been shown to matter.
"""

import numpy as np

from tidegate.factors.noise import planted
from tidegate.learn.attribution import beats, input_weights
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.report.figures.contributions import Contribution, by_gate, by_lag, contributions
from tidegate.study.findings import Findings
from tidegate.study.insight import Explained
from tidegate.study.notes import data_title
from tidegate.study.reproduction import Shown
from tidegate.study.style_words import style_of
from tidegate.study.words import GATES, loss_words, titled
from tidegate.types.report import Figure, Text

__all__ = ["contribution_figures"]

_CONTRIBUTION = Text(en="Contribution by factor", zh="因子贡献")
_CONTRIBUTION_BY_GATE = Text(en="Contribution by factor and gate", zh="各门的因子贡献")
_CONTRIBUTION_BY_LAG = Text(en="Contribution by lag", zh="按滞后的贡献")


def contribution_figures(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    """What each factor contributes: weights of all seeds, by gate, and where it was asked by permutation and by lag."""
    made: list[Figure] = []
    for name in shown.studies:
        found = findings[name]
        if not isinstance(found.study.model, RecurrentNetwork) or len(found.windows.inputs) <= 1:
            continue
        key = shown.key.lower() if len(shown.studies) == 1 else f"{shown.key.lower()}-{name}"
        about = Text(
            en=f"{found.study.title.en}, {found.bars.spec.title}",
            zh=f"{found.study.title.zh}，{data_title(found.bars.spec.title).zh}",
        )
        held = [input_weights(fitted) for fitted in found.learned.values()]
        shares = np.array([one.total / one.total.sum() for one in held])
        noise, told = planted(held[0].fields), found.explained
        permuted = _permuted(told)
        factors = [
            Contribution(field, Text.same(field), shares[:, at], permuted.get(field), style_of(field), field in noise)
            for at, field in enumerate(held[0].fields)
        ]
        loss = loss_words("" if found.study.training is None else found.study.training.loss.name)
        note = _asked_words(told, noise)
        made.append(contributions(key, titled(shown.key, _CONTRIBUTION, about), factors, loss=loss, note=note))
        fields = [Text.same(field) for field in held[0].fields]
        if len(held[0].gates) > 1:
            gates = [GATES.get(gate, Text.same(gate)) for gate in held[0].gates]
            mean = np.mean([one.by_gate for one in held], axis=0)
            made.append(by_gate(f"{key}-gates", titled(shown.key, _CONTRIBUTION_BY_GATE, about), fields, gates, mean))
        if told is not None:
            names = [Text.same(field) for field in told.inputs]
            unit = Text(en="in the label's unit", zh="以标签单位计")
            made.append(
                by_lag(f"{key}-lags", titled(shown.key, _CONTRIBUTION_BY_LAG, about), names, told.by_lag, unit=unit)
            )
    return tuple(made)


def _permuted(told: Explained | None) -> dict[str, tuple[float, float, float]]:
    if told is None:
        return {}
    cuts = zip(told.low.tolist(), told.value.tolist(), told.high.tolist(), strict=True)
    return dict(zip(told.fields, cuts, strict=True))


def _asked_words(told: Explained | None, noise: tuple[str, ...]) -> Text | None:
    """What was asked, at which cost, and which factors stand above the planted noise."""
    if told is None:
        return None
    cost = Text(
        en=f"Permuted over {told.windows} judged windows of the first seed ({told.asked:,} forecasts asked).",
        zh=f"在首个种子的 {told.windows} 个评判样本上置换（共询问 {told.asked:,} 次预测）。",
    )
    if not noise:
        return cost
    above = [field for field, stands in beats(told.fields, told.blocks, noise).items() if stands]
    names = ", ".join(above)
    return Text(
        en=f"{cost.en} Above the planted noise at 95 %, over blocks of time: {names or 'none'}.",
        zh=f"{cost.zh}按时间分块、在 95% 水平高于噪声因子者：{names or '无'}。",
    )
