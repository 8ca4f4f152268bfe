"""Findings → what a gate is worth: the gated books beside the same without a gate, and random gates that are open as long."""

from typing import Any

import numpy as np

from tidegate.component import document
from tidegate.report.figures.gated import gated
from tidegate.report.figures.plain import Curve
from tidegate.study.books import BookSet
from tidegate.study.findings import Finding, Findings
from tidegate.study.selecting import UNGATED
from tidegate.study.words import GLOSSARY
from tidegate.types.report import Column, Figure, Style, Table, Text

__all__ = ["gate_figures", "gate_tables"]

_ALONE: tuple[tuple[str, Text, Style], ...] = (
    ("alone_return", Text(en="return without a gate", zh="无择时门收益"), "percent"),
    ("alone_drawdown", Text(en="drawdown without a gate", zh="无择时门最大回撤"), "percent"),
)
_TIMED: tuple[tuple[str, Text, Style], ...] = (
    ("total_return", Text(en="timing alone: return", zh="单独择时：收益"), "percent"),
    ("max_drawdown", Text(en="its drawdown", zh="最大回撤"), "percent"),
    ("trades", Text(en="its trades", zh="交易次数"), "integer"),
    ("bars_in_market", Text(en="its bars in the market", zh="持仓K线数"), "integer"),
)
_GATED: tuple[tuple[str, Text, Style], ...] = (
    ("total_return", Text(en="gated: return", zh="加择时门：收益"), "percent"),
    ("max_drawdown", Text(en="gated: drawdown", zh="加择时门：最大回撤"), "percent"),
    ("total_return_percentile", Text(en="random gates that earned less", zh="收益更低的随机择时"), "percent"),
    ("max_drawdown_percentile", Text(en="random gates that fell deeper", zh="回撤更深的随机择时"), "percent"),
    ("cash_share", Text(en="share in cash, on average", zh="平均现金占比"), "percent"),
    ("trades", Text(en="trades", zh="交易次数"), "integer"),
    ("excess_return", Text(en="excess return", zh="超额收益"), "percent"),
    ("alpha", Text(en="alpha, a year", zh="年化 alpha"), "percent"),
    ("beta", Text(en="beta", zh="beta"), "number"),
    ("information_ratio", Text(en="information ratio", zh="信息比率"), "number"),
)
_NOTE = Text(
    en="Each row is the median over the seeds of its gate, with the quartiles in brackets: one selection, as many gates. The timing alone is traded in the market named last among its own. Percentiles are among random gates that are open as long, in spells as long, over the same scores: 50 % is luck.",
    zh="每行为各择时门种子的中位数，括号内为四分位数：同一选股，多个择时门。单独择时取其所列的最后一个市场。分位以同样得分、开放时间与时段长度相同的随机择时为对照：50% 即运气。",
)


def gate_figures(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    """The gated book over the band of random gates, beside the same without a gate (B10); none where there is no gate."""
    said, band = held.decided("gate"), held.decided("band")
    if said is None or UNGATED not in held.members:
        return ()
    members = found.traders(held.market.name) or (found.leader,)
    behind = Curve(
        "gated",
        found.study.title,
        np.vstack([held.equity(member) for member in members]) / held.capital,
        np.vstack([held.exposure(member) for member in members]),
    )
    alone = Curve("alone", GLOSSARY[UNGATED], held.equity(UNGATED) / held.capital, held.exposure(UNGATED))
    edges = None
    if band is not None:
        low, middle, high = (band[name].to_numpy() / held.capital for name in ("low", "middle", "high"))
        edges = (low, middle, high)
    name = held.benchmark
    return (
        gated(
            key,
            title,
            held.times,
            behind,
            alone,
            band=edges,
            gates=len(held.gates[found.leader]["total_return"]) if found.leader in held.gates else 0,
            benchmark=Curve(name, GLOSSARY[name], held.equity(name) / held.capital),
            gate=said["gate"].to_numpy(),
        ),
    )


def gate_tables(findings: Findings) -> tuple[Table, ...]:
    """Both backtests in one table: each timing alone, and as a gate; none where no study has a gate."""
    rows = []
    for name, found in findings.found.items():
        if found.study.gate is None or found.study.gate not in findings:
            continue
        timing = findings[found.study.gate]
        for market, held in found.books.items():
            rows.append(
                {
                    "who": document(found.study.title),
                    **_over(timing, list(timing.books)[-1], _TIMED, "timing_"),
                    "alone_return": _known(found.value("total_return", UNGATED, market)),
                    "alone_drawdown": _known(found.value("max_drawdown", UNGATED, market)),
                    **_over(found, market, _GATED, "gated_"),
                }
            )
            assert held.selects, name
    if not rows:
        return ()
    columns = (
        Column(key="who", title=Text(en="gate", zh="择时门")),
        *(Column(key=f"timing_{key}", title=title, style=style) for key, title, style in _TIMED),
        *(Column(key=key, title=title, style=style) for key, title, style in _ALONE),
        *(Column(key=f"gated_{key}", title=title, style=style) for key, title, style in _GATED),
    )
    title = Text(en="Both backtests: the timing alone, and as a gate", zh="两种回测：单独择时与作为择时门")
    return (Table(key="gate-both", title=title, columns=columns, rows=tuple(rows), note=_NOTE),)


def _over(found: Finding, market: str, wanted: tuple[tuple[str, Text, Style], ...], prefix: str) -> dict[str, Any]:
    """Median and quartiles over the seeds that have a measure."""
    row: dict[str, Any] = {}
    taken = {(measure.name, measure.subject.get("market")) for measure in found.measures}
    for name, _, _ in wanted:
        values = found.over_seeds(name, market) if (name, market) in taken else np.zeros(0)
        values = values[np.isfinite(values)]
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75]) if values.size else (0.0, 0.0, 0.0)
        whole = {"value": float(middle), "low": float(low), "high": float(high)}
        row[prefix + name] = None if not values.size else float(middle) if low == high else whole
    return row


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
