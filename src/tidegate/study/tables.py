"""Findings → tables: who earned what in which market, who knew what, and what was left out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tidegate.component import document
from tidegate.report.figures.placebo import PLACEBOS
from tidegate.study.books import BookSet
from tidegate.study.declare import Study
from tidegate.study.findings import Finding, Findings
from tidegate.study.notes import data_title
from tidegate.study.reproduction import Reproduction
from tidegate.study.speakers import first_speakers
from tidegate.study.trials import deflated_measures
from tidegate.study.words import GLOSSARY, HOW, member_title
from tidegate.types.report import Column, Role, Style, Table, Text

__all__ = ["data_table", "doubt_table", "falls_table", "forecast_tables", "result_tables"]

_RESULTS: tuple[tuple[str, Style], ...] = (
    ("total_return", "percent"),
    ("total_return_percentile", "percent"),
    ("sharpe", "number"),
    ("max_drawdown", "percent"),
    ("bars_in_market", "integer"),
    ("trades", "integer"),
    ("fees", "percent"),
)
_SELECTED: tuple[tuple[str, Style], ...] = (
    ("total_return_before_costs", "percent"),
    ("total_return_before_fees", "percent"),
    ("total_return", "percent"),
    ("total_return_percentile", "percent"),
    ("turnover", "number"),
    ("placebo_turnover", "number"),
    ("excess_return", "percent"),
    ("sharpe", "number"),
    ("max_drawdown", "percent"),
)
_FORECASTS: tuple[tuple[str, Style], ...] = (
    ("ic", "number"),
    ("ic_p", "number"),
    ("direction_accuracy", "percent"),
    ("majority_rate", "percent"),
    ("rmse", "number"),
    ("skill", "percent"),
    ("share_above_zero", "percent"),
)
_RANKED: tuple[tuple[str, Style], ...] = (
    *_FORECASTS[:2],
    ("rank_ic", "number"),
    ("rank_ic_p", "number"),
    ("icir", "number"),
    *_FORECASTS[2:-1],
)
_OF_CLASSES = ("ic", "ic_p", "rank_ic", "rank_ic_p", "icir")
"""What a number says of forecasts of classes: their order. How often they were right stands in a table of its own."""
_QUARTILES = Text(
    en="A network's row is the median over its seeds with the quartiles in brackets (the spread of seeds, no confidence interval); the ensemble averages the seeds' scores and is a model of its own.",
    zh="网络一行为各种子的中位数，括号内为四分位数（种子间的离散，并非置信区间）；集成为各种子得分的平均，是单独的模型。",
)


def result_tables(reproduction: Reproduction, findings: Findings) -> tuple[Table, ...]:
    """One table a market: every traded study, then the rivals and buy and hold of the leading one."""
    lead = findings[findings.lead]
    made = []
    for market, held in lead.books.items():
        rows, roles = [], list[Role]()
        shown = _SELECTED if held.selects else _RESULTS
        for study in reproduction.studies:
            found = findings[study.name]
            if market in found.books and found.books[market].selects == held.selects:
                who = _dated(study.title, found.books[market], held)
                rows.append({"who": document(who), **_over_seeds(found, shown, market)})
                roles.append("main" if study.name == findings.lead else "plain")
        others = [m for m in (*held.members, *held.paths) if not m.startswith("seed-")]
        for member in others:
            rows.append({"who": _whose(member, lead), **_alone(lead, shown, member, market)})
            roles.append(
                "benchmark" if member in {held.benchmark, *held.paths} else "main" if member == "ensemble" else "rival"
            )
        name = GLOSSARY.get(market, Text.same(market))
        made.append(
            Table(
                key=f"results-{market}",
                title=Text(en=f"Traded: {name.en}", zh=f"交易结果：{name.zh}"),
                columns=_columns(Text(en="who decides", zh="决策者"), shown),
                rows=tuple(rows),
                roles=tuple(roles),
                note=_SELECTED_NOTE if held.selects else _timed_note(held),
            )
        )
    return tuple(made)


def _timed_note(held: BookSet) -> Text:
    of = PLACEBOS[held.placebos][1]
    return Text(
        en=f"{_QUARTILES.en} All figures are net of the market's costs. The percentile is the share of placebos ({of.en}) that earned less, of a network the median over its seeds of each one's own: 50 % is luck.",
        zh=f"{_QUARTILES.zh}所有数字均已扣除该市场的成本。分位为对照（{of.zh}）中收益更低者的比例（网络取各种子自身分位的中位数）：50% 即运气。",
    )


def _dated(title: Text, books: BookSet, lead: BookSet) -> Text:
    """A study's title, with its dates where its books run over others than the leading study's, and so its rivals'."""
    if (books.times[0], books.times[-1]) == (lead.times[0], lead.times[-1]):
        return title
    first, last = (str(time.astype("datetime64[D]")) for time in (books.times[0], books.times[-1]))
    return Text(en=f"{title.en}, {first} to {last}", zh=f"{title.zh}，{first} 至 {last}")


_SELECTED_NOTE = Text(
    en=f"{_QUARTILES.en} Total return stands three times: before fees and slippage, after slippage, and after both; all else is net of both. The percentile is the share of placebos that earned less, of a network the median over its seeds of each one's own: 50 % is luck; beside it stands how often a year the book was turned over, and its placebos in the median. Where these differ, so do costs. The yardstick without costs is the traded equal weight without its fees and slippage, on the same bars: the two differ by costs alone.",
    zh=f"{_QUARTILES.zh}总收益列出三次：未计费用与滑点、计滑点后、计两者后；其余均为净值。分位为对照中收益更低者的比例（网络取各种子自身分位的中位数）：50% 即运气；其旁为账本每年换手次数及对照的中位数，二者不同则成本亦不同。无成本的等权与含成本的等权调仓日相同，只是不计费用与滑点：两者之差即成本。",
)


def forecast_tables(reproduction: Reproduction, findings: Findings) -> tuple[Table, ...]:
    """Every study as a forecaster, with its rivals: one table a label and data set, so that its rows compare."""
    kinds: dict[tuple[str, str], list[Study]] = {}
    for study in first_speakers(reproduction.studies):
        kinds.setdefault((study.label.name, findings[study.name].bars.digest), []).append(study)
    labels = [label for label, _ in kinds]
    usual = _RANKED if any(held.selects for held in findings[findings.lead].books.values()) else _FORECASTS
    made: list[Table] = []
    for (label, _), studies in kinds.items():
        classes = studies[0].label.unit == "class"
        shown = tuple(one for one in usual if not classes or one[0] in _OF_CLASSES)
        rows, roles = [], list[Role]()
        rivals: dict[str, dict[str, Any]] = {}
        for study in studies:
            found = findings[study.name]
            rows.append({"who": document(study.title), **_over_seeds(found, shown, None)})
            roles.append("main" if study.name == findings.lead else "plain")
            for rival in study.rivals:
                told, title = _alone(found, shown, rival.name, None), member_title(rival.name)
                row = rivals.setdefault(rival.name, {"who": document(title), **told})
                if any(row[name] != value for name, value in told.items()):  # it saw something else in this study
                    own = Text(en=f"{title.en}, {study.title.en}", zh=f"{title.zh}，{study.title.zh}")
                    rivals[f"{rival.name} {study.name}"] = {"who": document(own), **told}
        title = _FORECAST_TITLES.get(label, Text(en=f"Forecasts: {label}", zh=f"预测：{label}"))
        several = labels.count(label) > 1
        where = data_title(findings[studies[0].name].bars.spec.title)
        made.append(
            Table(
                key=f"forecasts-{label}" + (f"-{len(made) + 1}" if several else ""),
                title=Text(en=f"{title.en}: {where.en}", zh=f"{title.zh}：{where.zh}") if several else title,
                columns=_columns(Text(en="who forecasts", zh="预测者"), shown),
                rows=(*rows, *rivals.values()),
                roles=(*roles, *(["rival"] * len(rivals))),
                note=_levels_note() if label == "future-level" else _forecast_note(),
            )
        )
    return tuple(made)


_FORECAST_TITLES = {
    "forward-return": Text(en="Forecasts of the return against what came", zh="收益预测与实际"),
    "direction": Text(en="Forecasts of the sign against what came", zh="涨跌预测与实际"),
    "future-level": Text(en="Forecasts of the price against what came", zh="价格预测与实际"),
}


def _forecast_note() -> Text:
    return Text(
        en=f"{_QUARTILES.en} Accuracy stands beside the majority rate: what always saying the commoner direction would score. IC p-values allow for overlapping labels. Skill is 1 − MSE / MSE(no change): below 0 is worse than saying that nothing will change.",
        zh=f"{_QUARTILES.zh}准确率旁为多数类比例：始终猜较常见方向的得分。IC 的 p 值已考虑标签重叠。技巧 = 1 − MSE / MSE(不变)：小于 0 即不如“价格不变”。",
    )


def _levels_note() -> Text:
    return Text(
        en=f"{_forecast_note().en} Prices correlate with anything slow, so IC, accuracy and shares are of the *change* from the anchor's close; RMSE is in points.",
        zh=f"{_forecast_note().zh}价格与任何缓慢变动的序列都相关，因此 IC、准确率与比例按相对当日收盘的*变动*计算；均方根误差以点计。",
    )


def doubt_table(findings: Findings) -> Table:
    """The leading study's ensemble: each headline figure with its interval and what it is worth."""
    lead = findings[findings.lead]
    member = lead.leader
    wanted: list[tuple[str, str | None]] = [
        ("ic", None),
        ("rank_ic", None),
        ("direction_accuracy", None),
        ("direction_p", None),
        ("skill", None),
    ]
    for traded in lead.books:
        wanted.extend(
            (name, traded)
            for name in (
                "annualised_return",
                "sharpe",
                "probabilistic_sharpe",
                "deflated_sharpe",
                "deflated_sharpe_independent",
                "win_rate",
                "total_return_percentile",
            )
        )
    many = member == "ensemble"
    who = Text(en="ensemble", zh="集成模型") if many else Text(en="only fit", zh="单次拟合")
    rows = []
    deflated = deflated_measures(findings)
    for name, market in wanted:
        found = next(
            (
                m
                for m in (*lead.measures, *deflated)
                if m.name == name and m.subject["member"] == member and m.subject.get("market") == market
            ),
            None,
        )
        if found is None:
            continue
        rows.append(
            {
                "what": document(GLOSSARY[name]),
                "market": document(GLOSSARY.get(market, Text.same(market)))
                if market
                else {"en": "forecast", "zh": "预测"},
                "value": {"value": found.value, "low": found.low, "high": found.high},
                "n": found.n,
                "how": document(
                    HOW[name] if market is None or name in HOW else PLACEBOS[lead.books[market].placebos][1]
                ),
            }
        )
    return Table(
        key="doubt",
        title=Text(
            en=f"How sure is that? The leading study's {who.en}, 95 % intervals",
            zh=f"有多大把握？主研究{who.zh}，95% 置信区间",
        ),
        columns=(
            Column(key="what", title=Text(en="measure", zh="指标")),
            Column(key="market", title=GLOSSARY["market"]),
            Column(key="value", title=Text(en="value [95 % interval]", zh="数值 [95% 区间]"), style="number"),
            Column(key="n", title=Text(en="independent observations", zh="独立观测数"), style="integer"),
            Column(key="how", title=Text(en="how", zh="方法")),
        ),
        rows=tuple(rows),
    )


def falls_table(reproduction: Reproduction, findings: Findings) -> Table | None:
    """How much of the sharp falls each study's negative forecasts covered, beside what luck covers."""
    names: tuple[tuple[str, Style], ...] = (
        ("falls_covered", "percent"),
        ("falls_base_rate", "percent"),
        ("falls_p", "number"),
    )
    rows = []
    for study in reproduction.studies:
        found = findings[study.name]
        if any(measure.name == "falls_covered" for measure in found.measures):
            rows.append({"who": document(study.title), **_over_seeds(found, names, None)})
    if not rows:
        return None
    return Table(
        key="falls",
        title=Text(en="Sharp falls inside negative spells", zh="大跌落在负预测期内的比例"),
        columns=_columns(Text(en="who forecasts", zh="预测者"), names),
        rows=tuple(rows),
        note=Text(
            en="A sharp fall is a close among the worst 5 % by the return over the label's span after it. A model that is negative on 70 % of all bars covers 70 % by luck; the p-value is over all circular shifts of its spells.",
            zh="大跌指其后标签期收益处于最差 5% 的收盘。若模型 70% 的时间为负，则凭运气即可覆盖 70%；p 值取自其负预测期的全部循环平移。",
        ),
    )


def data_table(reproduction: Reproduction, findings: Findings) -> Table:
    """Windows, what was left out, and the purge of every study."""
    rows = []
    for study in reproduction.studies:
        found = findings[study.name]
        windows = found.windows
        rows.append(
            {
                "who": document(study.title),
                "inputs": ", ".join(windows.inputs) + (f" + {', '.join(windows.context)}" if windows.context else ""),
                "lookback": study.lookback,
                "train": int(sum(fold.training(windows).sum() for fold in found.folds)),
                "purged": int(sum(fold.purged(windows) for fold in found.folds)),
                "test": int(sum(fold.testing(windows).sum() for fold in found.folds)),
                "dropped": "; ".join(f"{reason} {count}" for reason, count in found.dropped.items() if count) or "—",
            }
        )
    return Table(
        key="windows",
        title=Text(en="Windows and what was left out", zh="样本窗口与剔除"),
        columns=(
            Column(key="who", title=GLOSSARY["study"]),
            Column(key="inputs", title=Text(en="fields", zh="特征")),
            Column(key="lookback", title=Text(en="lookback", zh="回看长度"), style="integer"),
            Column(key="train", title=Text(en="training windows", zh="训练样本"), style="integer"),
            Column(key="purged", title=Text(en="purged", zh="清除"), style="integer"),
            Column(key="test", title=Text(en="test windows", zh="测试样本"), style="integer"),
            Column(key="dropped", title=Text(en="rows that end no window", zh="不能成窗的行")),
        ),
        rows=tuple(rows),
    )


def _columns(first: Text, names: Sequence[tuple[str, Style]]) -> tuple[Column, ...]:
    return (
        Column(key="who", title=first),
        *(Column(key=name, title=GLOSSARY[name], style=style) for name, style in names),
    )


def _over_seeds(found: Finding, names: Sequence[tuple[str, Style]], market: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, _ in names:
        members = found.seeds if market is None else found.traders(market)
        values = np.array([_value(found, name, member, market) for member in members])
        values = values[np.isfinite(values)]
        if values.size == 0:
            row[name] = None
        elif values.size == 1:
            row[name] = float(values[0])
        else:
            low, middle, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
            row[name] = middle if low == high else {"value": middle, "low": low, "high": high}
    return row


def _alone(found: Finding, names: Sequence[tuple[str, Style]], member: str, market: str | None) -> dict[str, Any]:
    values = {name: _value(found, name, member, market) for name, _ in names}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _value(found: Finding, name: str, member: str, market: str | None) -> float:
    for held in found.measures:
        if held.name == name and held.subject["member"] == member and held.subject.get("market") == market:
            return float("nan") if held.value is None else float(held.value)
    return float("nan")


def _whose(member: str, lead: Finding) -> dict[str, str]:
    title = member_title(member)
    if member == "ensemble":
        return {"en": f"{lead.study.title.en}, {title.en}", "zh": f"{lead.study.title.zh}，{title.zh}"}
    return {"en": title.en, "zh": title.zh}
