"""Trials against their reference on the rows that both have: differences by date, with intervals over dates.

The trials are those that a reproduction draws in one figure; the first study of the figure is the reference.
"""

from typing import Any

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.evaluate.doubt.overlap import Tested
from tidegate.evaluate.paired import Paired, Spoken, paired
from tidegate.study.classified import TOP_SHARE, common_rows, judged_classes
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction
from tidegate.study.words import GLOSSARY
from tidegate.types.report import Column, Table, Text

__all__ = ["COMPARED", "compared", "paired_table"]

COMPARED = ("trials", "trials-by-share", "accuracy-by-setting", "accuracy-by-work")
"""Kinds of figures that hold trials against their first study."""
_LEVEL = 0.95


def compared(first: Finding, second: Finding, *, level: float) -> Paired | None:
    """A trial against its reference on the rows that both forecast; None where they have none in common."""
    among = common_rows((first, second))
    if among.height == 0:
        return None
    return paired(_spoken(first, among), _spoken(second, among), share=TOP_SHARE, level=level)


def paired_table(reproduction: Reproduction, findings: Findings) -> Table | None:
    """Every trial of a reproduction less its reference, on common rows; None where there is none of classes.

    Intervals are widened so that all of them hold at once (Bonferroni).
    """
    pairs = _pairs(reproduction, findings)
    if not pairs:
        return None
    level = 1 - (1 - _LEVEL) / len(pairs)
    rows, several = [], len({first.study.name for first, _ in pairs}) > 1
    for first, second in pairs:
        told = compared(first, second, level=level)
        if told is None:
            continue
        row = {"who": document(second.study.title), **_cells(first, second, told)}
        rows.append({**row, "against": document(first.study.title)} if several else row)
    return _table(rows, pairs[0][0], several=several) if rows else None


def _pairs(reproduction: Reproduction, findings: Findings) -> list[tuple[Finding, Finding]]:
    names: dict[tuple[str, str], None] = {}
    for shown in reproduction.shown:
        if shown.figure in COMPARED:
            names |= {(shown.studies[0], other): None for other in shown.studies[1:]}
    made = [(findings[first], findings[second]) for first, second in names]
    return [(first, second) for first, second in made if _many(first) and _many(second)]


def _many(found: Finding) -> bool:
    """Whether a study is one of classes whose dates have stocks enough to be grouped."""
    held = judged_classes(found, found.seeds[0])
    return held is not None and held.many


def _spoken(found: Finding, among: pl.DataFrame) -> list[Spoken]:
    held = [judged_classes(found, seed, among) for seed in found.seeds]
    return [(one.held, one.returns) for one in held if one is not None]


def _cells(first: Finding, second: Finding, told: Paired) -> dict[str, Any]:
    own = min(one.forecasts[one.seeds[0]].frame.height for one in (first, second))
    most = max(one.forecasts[one.seeds[0]].frame.height for one in (first, second))
    return {
        "rows": told.rows,
        "of": f"{own:,} / {most:,}" if own != most else f"{own:,}",
        "dates": told.dates,
        "accuracy": None if told.accuracy is None else _interval(told.accuracy),
        "reference": _finite(told.spreads[0]),
        "own": _finite(told.spreads[1]),
        "spread": _interval(told.spread),
        "p": _finite(float(told.spread.p_value)),
    }


def _interval(told: Tested) -> dict[str, float | None] | None:
    value, low, high = (_finite(float(one)) for one in (told.estimate, told.low, told.high))
    return None if value is None else {"value": value, "low": low, "high": high}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _table(rows: list[dict[str, Any]], first: Finding, *, several: bool) -> Table:
    against = Text(en=f" against “{first.study.title.en}”", zh=f"（对照“{first.study.title.zh}”）")
    title = Text(en="Trials on the rows that both have", zh="在共同样本上比较各试验")
    return Table(
        key="class-paired",
        title=title if several else Text(en=title.en + against.en, zh=title.zh + against.zh),
        columns=(
            Column(key="who", title=GLOSSARY["study"]),
            *([Column(key="against", title=Text(en="against", zh="对照"))] if several else []),
            Column(key="rows", title=Text(en="common rows", zh="共同样本"), style="integer"),
            Column(key="of", title=Text(en="rows of each", zh="各自样本")),
            Column(key="dates", title=Text(en="dates", zh="期数"), style="integer"),
            Column(key="accuracy", title=Text(en="accuracy, difference", zh="准确率之差"), style="percent"),
            Column(
                key="reference", title=Text(en="long-short a date, reference", zh="对照的每期多空"), style="percent"
            ),
            Column(key="own", title=Text(en="long-short a date, trial", zh="试验的每期多空"), style="percent"),
            Column(key="spread", title=Text(en="difference", zh="多空之差"), style="percent"),
            Column(key="p", title=Text(en="p", zh="p"), style="number"),
        ),
        rows=tuple(rows),
        note=Text(
            en=f"Means over seeds, subtracted date by date; intervals and p over dates (fixed-b), widened so that all {len(rows)} hold at 95 % together (p is not). Long-short: highest less lowest {TOP_SHARE:.0%} by probability, frictionless. Accuracies of other classes have no difference.",
            zh=f"先对种子取均值，再逐期相减；区间与 p 按期计算（fixed-b），区间已放宽使全部 {len(rows)} 个同时达到 95%（p 未放宽）。多空：按概率最高与最低的 {TOP_SHARE:.0%} 之差，无摩擦。类别不同则准确率不可比。",
        ),
    )
