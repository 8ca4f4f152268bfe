"""Findings → tables of variants: each study beside the one that it differs from, on the seeds that both have.

What a difference is worth is told for the seeds one by one and only then put together, so that what a seed does to both
cancels; a variant may be traded in another market, or judged on another label, than its base.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tidegate.component import document
from tidegate.study.declare import Study
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Contrast, Reproduction
from tidegate.study.words import GLOSSARY
from tidegate.types.axes import FloatArray
from tidegate.types.report import Column, Role, Style, Table, Text

__all__ = ["contrast_tables", "differing", "short"]

_LEVELS: tuple[tuple[str, Style], ...] = (
    ("ic", "number"),
    ("rank_ic", "number"),
    ("annualised_return", "percent"),
    ("sharpe", "number"),
    ("max_drawdown", "percent"),
    ("turnover", "number"),
)
_OF_FORECASTS = ("ic", "rank_ic")
_TOLD = 3
"""Settings that a row names; more are counted."""


def contrast_tables(reproduction: Reproduction, findings: Findings) -> tuple[Table, ...]:
    """One table for each contrast that the reproduction asks for."""
    return tuple(_table(contrast, findings) for contrast in reproduction.contrasts)


def differing(base: Study, study: Study) -> tuple[str, ...]:
    """Dotted paths at which two declarations differ, names, titles, seeds, rivals, placebos, stamps and what is watched aside.

    >>> from tidegate_studies.stock_ranks import declare
    >>> lead, average, equal = declare().studies
    >>> differing(lead, average)
    ('strategy.holding at least → average',)
    """
    skipped = {"name", "title", "seeds", "rivals", "gates", "stamps", "watch_test"}
    held, other = ({k: v for k, v in document(one).items() if k not in skipped} for one in (base, study))
    return tuple(_paths(held, other, ""))


def _paths(base: Any, other: Any, path: str) -> Iterator[str]:
    if base == other:
        return
    both = isinstance(base, dict) and isinstance(other, dict)
    if both and base.get("name") == other.get("name"):
        for key in dict.fromkeys((*base, *other)):
            yield from _paths(base.get(key), other.get(key), f"{path}.{key}" if path else key)
    elif isinstance(base, list) and isinstance(other, list) and len(base) == len(other):
        for at, (one, two) in enumerate(zip(base, other, strict=True)):
            yield from _paths(one, two, f"{path}.{at}")
    else:
        yield f"{path} {short(base)} → {short(other)}"


def short(value: Any) -> str:
    """A setting in a word: a component by its name, a list by its items."""
    if isinstance(value, dict):
        return str(value.get("name", "{…}"))
    if isinstance(value, list):
        return f"[{', '.join(short(one) for one in value)}]"
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _table(contrast: Contrast, findings: Findings) -> Table:
    base = findings[contrast.base]
    rows: list[dict[str, Any]] = [_row(base, base)]
    rows += [_row(findings[name], base) for name in contrast.studies]
    others: list[Role] = ["plain" for _ in contrast.studies]
    return Table(
        key=contrast.key,
        title=contrast.title,
        columns=(
            Column(key="who", title=GLOSSARY["study"]),
            Column(key="differs", title=Text(en="differs in", zh="不同之处")),
            Column(key="worth", title=Text(en="worth, return a year", zh="年化收益之差"), style="percent"),
            Column(key="gained", title=Text(en="worth, rank IC", zh="秩 IC 之差"), style="number"),
            *(Column(key=name, title=GLOSSARY[name], style=style) for name, style in _LEVELS),
            Column(key="seeds", title=Text(en="seeds", zh="种子数"), style="integer"),
        ),
        rows=tuple(rows),
        roles=("main", *others),
        note=Text(
            en=f"Worth is the study's figure less that of {base.study.title.en} with the same seed: the median over seeds, "
            "lowest and highest in brackets. Above zero: what is different flatters, whether it is right or not. All else "
            "is the median over the same seeds, net of costs.",
            zh=f"差值为该研究减去同一种子的“{base.study.title.zh}”：取种子中位数，括号内为最小与最大值。大于零表示该不同之处使结果更好看，"
            "无论其是否正确。其余为相同种子的中位数，已扣成本。",
        ),
    )


def _row(found: Finding, base: Finding) -> dict[str, Any]:
    seeds = [seed for seed in found.seeds if seed in base.seeds]
    levels = {name: _over(found, name, seeds) for name, _ in _LEVELS}
    row: dict[str, Any] = {"who": document(found.study.title), "seeds": len(seeds)}
    row |= {name: _middle(values) for name, values in levels.items()}
    if found is base:
        return {**row, "differs": "", "worth": None, "gained": None}
    told = differing(base.study, found.study)
    more = f" (+ {len(told) - _TOLD})" if len(told) > _TOLD else ""
    return {
        **row,
        "differs": "; ".join(told[:_TOLD]) + more,
        "worth": _spread(levels["annualised_return"] - _over(base, "annualised_return", seeds)),
        "gained": _spread(levels["rank_ic"] - _over(base, "rank_ic", seeds)),
    }


def _over(found: Finding, name: str, seeds: list[str]) -> FloatArray:
    """A measure of each seed: of its forecasts, or of its book in the study's last market; NaN where there is none."""
    market = None if name in _OF_FORECASTS else next(reversed(found.books), "")
    taken = {
        held.subject["member"]: held.value
        for held in found.measures
        if held.name == name and held.subject.get("market") == market and held.value is not None
    }
    return np.array([taken.get(seed, np.nan) for seed in seeds], dtype=np.float64)


def _middle(values: FloatArray) -> float | None:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if there.size else None


def _spread(values: FloatArray) -> float | dict[str, float] | None:
    there = values[np.isfinite(values)]
    if there.size <= 1:
        return _middle(there)
    return {"value": float(np.median(there)), "low": float(there.min()), "high": float(there.max())}
