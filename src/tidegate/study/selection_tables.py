"""Findings → tables of a selection: performance beside yardsticks, what was ranked on a day, settings side by side."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.study.books import BookSet
from tidegate.study.contrasts import short
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction
from tidegate.study.selected import leading, leading_title
from tidegate.study.words import GLOSSARY, member_title
from tidegate.types.report import Column, Role, Style, Table, Text

__all__ = ["parameters_table", "performance_tables", "ranking_table"]

_PERFORMANCE: tuple[tuple[str, Style], ...] = (
    ("total_return", "percent"),
    ("annualised_return", "percent"),
    ("excess_return", "percent"),
    ("alpha", "percent"),
    ("beta", "number"),
    ("sharpe", "number"),
    ("volatility", "percent"),
    ("win_rate", "percent"),
    ("information_ratio", "number"),
    ("max_drawdown", "percent"),
    ("turnover", "number"),
)
_DAYS, _NAMES = 20, 30
_SKIPPED = frozenset({"name", "title", "stamps", "source"})


def performance_tables(reproduction: Reproduction, findings: Findings) -> tuple[Table, ...]:
    """One table a benchmark: every study's leading member, then the leading study's rivals and yardsticks."""
    lead = findings[findings.lead]
    beside = {name for contrast in reproduction.contrasts for name in contrast.studies} - set(reproduction.compared)
    groups: dict[str, list[tuple[Finding, BookSet]]] = {}
    for study in reproduction.studies:
        found = findings[study.name]
        for held in () if study.name in beside else found.books.values():
            if held.selects:
                groups.setdefault(held.benchmark, []).append((found, held))
    return tuple(
        _performance(benchmark, books, lead)
        for benchmark, books in groups.items()
        if len(groups) == 1 or any(found is lead for found, _ in books)
    )


def _performance(benchmark: str, books: list[tuple[Finding, BookSet]], lead: Finding) -> Table:
    rows: list[dict[str, Any]] = []
    roles: list[Role] = []
    for found, held in books:
        many = len(found.books) > 1
        words = GLOSSARY.get(held.market.name, Text.same(held.market.name))
        title = leading_title(found)
        who = Text(en=f"{title.en}, {words.en}", zh=f"{title.zh}，{words.zh}") if many else title
        rows.append({"who": document(who), **_measured(found, found.leader, held)})
        roles.append("main" if found is lead else "plain")
    held = list(lead.books.values())[-1]
    own = {lead.leader}
    for member in (*held.members, *held.paths):
        if member in own or member.startswith("seed-"):
            continue
        rows.append({"who": document(member_title(member)), **_measured(lead, member, held)})
        roles.append("benchmark" if member in held.paths else "rival")
    yard = member_title(benchmark)
    return Table(
        key=f"performance-{benchmark}",
        title=Text(en="Performance beside the benchmark", zh="业绩与基准"),
        columns=(
            Column(key="who", title=Text(en="who decides", zh="决策者")),
            *(Column(key=name, title=GLOSSARY[name], style=style) for name, style in _PERFORMANCE),
        ),
        rows=tuple(rows),
        roles=tuple(roles),
        note=Text(
            en=f"The benchmark of excess, alpha, beta and information ratio: {yard.en}. Excess is the annualised return less "
            "the benchmark's; the win rate is of closed round trips; turnover is one-sided, a year. Net of all costs, but "
            "for the yardsticks that nobody could have had. Of several seeds, the ensemble.",
            zh=f"超额、阿尔法、贝塔与信息比率的基准：{yard.zh}。超额为年化收益之差；胜率按已平仓交易计；换手率为单边年化。除无法实际持有的"
            "参照外均已扣除全部成本。多个种子取其集成。",
        ),
    )


def _measured(found: Finding, member: str, held: BookSet) -> dict[str, float | None]:
    taken = {
        one.name: one.value
        for one in found.measures
        if one.subject["member"] == member and one.subject.get("market") == held.market.name
    }
    return {name: None if (value := taken.get(name)) is None else float(value) for name, _ in _PERFORMANCE}


def ranking_table(findings: Findings) -> Table | None:
    """The best ranked of some days, by the leading member's forecasts; None where the leading study selects nothing."""
    lead = findings[findings.lead]
    if not any(held.selects for held in lead.books.values()):
        return None
    forecast = lead.forecasts[leading(lead)]
    frame = forecast.frame.select("time", "asset").with_columns(score=pl.Series(forecast.read(lead.study.reads)))
    days = frame["time"].unique().sort()
    chosen = days.gather(np.unique(np.linspace(0, len(days) - 1, min(_DAYS, len(days))).astype(np.int64)))
    ranked = (
        frame.filter(pl.col("time").is_in(chosen.to_list()) & pl.col("score").is_finite())
        .sort("time", "score", "asset", descending=[False, True, False])
        .with_columns(
            rank=pl.int_range(1, pl.len() + 1).over("time"),
            among=pl.len().over("time"),
        )
        .group_by("time", maintain_order=True)
        .head(_NAMES)
    )
    rows = tuple({**row, "time": str(row["time"].date())} for row in ranked.iter_rows(named=True))
    return Table(
        key="ranking",
        title=Text(en="Ranked on a day", zh="某日排名"),
        columns=(
            Column(key="time", title=Text(en="Close of", zh="收盘日"), style="date"),
            Column(key="rank", title=Text(en="rank", zh="排名"), style="integer"),
            Column(key="asset", title=Text(en="asset", zh="标的")),
            Column(key="score", title=Text(en="forecast", zh="预测值"), style="number"),
            Column(key="among", title=Text(en="among", zh="参与排名数"), style="integer"),
        ),
        rows=rows,
        note=Text(
            en=f"Of {len(days)} days, {len(chosen)} are here, the best {_NAMES} of each: all that have a forecast, before "
            "the universe's rules. forecast.parquet in the run folder has all.",
            zh=f"共 {len(days)} 日，此处列 {len(chosen)} 日、每日前 {_NAMES} 名：含全部有预测的标的，未经股票池规则筛选。运行目录的 forecast.parquet 有全部。",
        ),
        pick="time",
    )


def parameters_table(reproduction: Reproduction) -> Table | None:
    """The settings of the studies that the reproduction wants side by side; None where it names none."""
    studies = [reproduction.study(name) for name in reproduction.compared]
    if not studies:
        return None
    leaves = [dict(_leaves(document(study), "")) for study in studies]
    paths = list(dict.fromkeys(path for held in leaves for path in held))
    rows: list[dict[str, Any]] = []
    roles: list[Role] = []
    for path in paths:
        values = [held.get(path, "") for held in leaves]
        if set(values) <= {"", "null"}:
            continue
        rows.append({"path": path, **{study.name: value for study, value in zip(studies, values, strict=True)}})
        roles.append("main" if len(set(values)) > 1 else "plain")
    return Table(
        key="parameters",
        title=Text(en="Parameters", zh="参数"),
        columns=(
            Column(key="path", title=Text(en="setting", zh="设置")),
            *(Column(key=study.name, title=study.title) for study in studies),
        ),
        rows=tuple(rows),
        roles=tuple(roles),
        note=Text(
            en="Every setting by its path, as `--set` takes it; what differs between these studies is marked.",
            zh="全部设置及其路径（即 --set 所用）；各研究之间不同者已标出。",
        ),
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Plain values by dotted path; a component's name stands at the component's own path."""
    if isinstance(value, dict):
        if path and "name" in value:
            yield path, str(value["name"])
        for key, held in value.items():
            if not (key == "name" or (not path and key in _SKIPPED)):
                yield from _leaves(held, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for place, one in enumerate(value):
            yield from _leaves(one, f"{path}.{place}")
    else:
        yield path, short(value)
