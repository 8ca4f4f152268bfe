"""How the networks learned: curves by iteration, weights over training, gradients by lag, contributions, pondering.

Curves stand for all seeds, with their quartiles; what lies inside one network (its weights, its gradients, its steps) is
shown of the first seed alone, which is as good as any and no better.
"""

from collections.abc import Mapping, Sequence

from tidegate.models.base import Network
from tidegate.report.figures.ponder import Pondered, ponder_by_row, ponder_steps, remainders
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.report import Figure, Text

__all__ = ["LEARNING_DRAWERS", "LEARNING_KINDS", "learning_shown", "learning_words"]


def learning_shown(reproduction: Reproduction, findings: Findings) -> tuple[Shown, ...]:
    """What every report shows of learning, of the leading study, besides what the reproduction asks for itself."""
    asked = {shown.figure for shown in reproduction.shown}
    lead = findings[findings.lead]
    if not isinstance(lead.study.model, Network):
        return ()
    return tuple(
        Shown(f"L{place}", kind, (findings.lead,)) for place, kind in enumerate(_ALWAYS, 1) if kind not in asked
    )


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


def _ponder(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made: list[Figure] = []
    for name in shown.studies:
        found = findings[name]
        if not found.pondered:
            continue
        held = next(iter(found.pondered.values()))
        limit = _limit(found)
        layers = sorted(int(key.partition(".")[2]) for key in held if key.startswith("steps."))
        for layer in layers:
            seen = Pondered(held[f"steps.{layer}"], held[f"remainder.{layer}"], limit)
            part = "" if len(layers) == 1 else f"-{layer + 1}"
            key = f"{shown.key.lower()}-{name}{part}"
            where = Text.same("") if len(layers) == 1 else Text(en=f", layer {layer + 1}", zh=f"，第 {layer + 1} 层")
            about = Text(en=f"{found.study.title.en}{where.en}", zh=f"{found.study.title.zh}{where.zh}")
            note = Text(
                en=f" Over {len(seen.steps)} judged windows.",
                zh=f"共 {len(seen.steps)} 个评判样本。",
            )
            made += [
                ponder_steps(f"{key}-steps", _titled(shown, _STEPS, about), seen, note=note),
                ponder_by_row(f"{key}-rows", _titled(shown, _BY_ROW, about), seen, note=note),
                remainders(f"{key}-remainders", _titled(shown, _REMAINDERS, about), seen, note=note),
            ]
    return tuple(made)


_STEPS = Text(en="Ponder steps", zh="思考步数")
_BY_ROW = Text(en="Ponder steps by row of the window", zh="窗口各行的思考步数")
_REMAINDERS = Text(en="Remainders", zh="剩余权重")


def _limit(found: Finding) -> int:
    cell = getattr(found.study.model, "cell", None)
    return int(getattr(cell, "limit", 1))


def _titled(shown: Shown, what: Text, about: Text) -> Text:
    return Text(en=f"{shown.key} {what.en}: {about.en}", zh=f"{shown.key} {what.zh}：{about.zh}")


def _nothing(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    return ()


LEARNING_DRAWERS = {"ponder": _ponder, "learning": _nothing, "compute": _nothing}
LEARNING_KINDS = ("learning", "compute", "weights", "gradients", "contributions", "ponder")
_ALWAYS = ("ponder",)
