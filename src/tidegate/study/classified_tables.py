"""Tables of studies of classes: accuracy beside what needs no forecast, groups of all trials, hits, settings.

A cell of several seeds is their median with the quartiles, which is no confidence interval; intervals over dates stand
among the measures.
"""

from typing import Any

import numpy as np

from tidegate.component import document
from tidegate.evaluate.variants import Compared, compare_variants
from tidegate.study.classified import RISE, judged_classes
from tidegate.study.classified_paired import paired_table
from tidegate.study.classified_words import CLASS_WORDS
from tidegate.study.comparing import grounds
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction
from tidegate.study.selected import leading, leading_title
from tidegate.study.speakers import first_speakers
from tidegate.study.words import GLOSSARY, member_title
from tidegate.types.report import Column, Style, Table, Text

__all__ = ["EQUAL", "class_answer", "class_tables"]

EQUAL = 0.02
"""Difference of accuracy that counts as none, for saying that a setting does not matter; named before looking."""
_LEVEL = 0.95

_Wanted = tuple[tuple[str, Style], ...]
_ACCURACY: _Wanted = (
    ("class_accuracy", "percent"), ("class_majority", "percent"), ("class_oracle", "percent"),
    ("class_dealt", "percent"), ("log_loss_skill", "percent"), ("brier_skill", "percent"),
    ("calibration_error", "percent"),
)  # fmt: skip
_GROUPS: tuple[tuple[str, Style], ...] = (
    ("low", "percent"), ("middle", "percent"), ("high", "percent"), ("market", "percent"), ("spread_total", "percent"),
    ("won", "percent"), ("won_p", "number"), ("turnover", "percent"), ("break_even", "percent"),
)  # fmt: skip
_BULLISH: _Wanted = (
    ("top_hits", "percent"), ("top_base", "percent"), ("top_lift", "number"), ("top_p", "number"),
    ("bullish_share", "percent"), ("bullish_rose", "percent"), ("bullish_above", "percent"),
    ("bullish_agreed", "percent"), ("bullish_agreed_p", "number"), ("bullish_margins_p", "number"),
)  # fmt: skip


def class_tables(reproduction: Reproduction, findings: Findings) -> tuple[Table, ...]:
    """Every table of classes that has a row."""
    held = [findings[study.name] for study in first_speakers(reproduction.studies)]
    held = [found for found in held if any(one.name == "class_accuracy" for one in found.measures)]
    if not held:
        return ()
    made = [_accuracy(held, findings[findings.lead])]
    stocks = [found for found in held if any(one.name == "groups_spread" for one in found.measures)]
    if stocks:
        made += [_trials(stocks), _bullish(stocks)]
        made += [_by_date(found) for found in stocks if found.study.name == findings.lead]
    made += [table for table in (_settings(held, findings), paired_table(reproduction, findings)) if table is not None]
    return tuple(made)


def _accuracy(held: list[Finding], lead: Finding) -> Table:
    rows = [{"who": document(found.study.title), **_over_seeds(found, _ACCURACY)} for found in held]
    for member in lead.forecasts if lead in held else ():
        if not member.startswith("seed-") and (member != "ensemble" or len(lead.seeds) > 1):
            words = member_title(member) if member != "ensemble" else leading_title(lead)
            rows.append({"who": document(words), **_alone(lead, _ACCURACY, member)})
    return Table(
        key="class-accuracy",
        title=Text(en="Accuracy, and what needs no forecast", zh="准确率，以及无需预测即可达到的水平"),
        columns=_columns(_ACCURACY),
        rows=tuple(rows),
        note=Text(
            en="Networks: median of seeds with quartiles. The commonest class of the judged rows and each date's own are known only afterwards; “less answers dealt out” is what was known of stocks rather than of months. Skills are over the base rates: below zero is worse than naming those.",
            zh="网络：种子中位数与四分位。评判样本的最多类别与逐期最多类别均只能事后得知；“减随机分派”衡量对个股（而非月份）的了解。技巧相对基准频率：小于零即不如只报基准频率。",
        ),
    )


def _trials(held: list[Finding]) -> Table:
    rows = []
    for found in held:
        for prefix, how in _HOW.items():
            names = tuple((f"{prefix}_{name}", style) for name, style in _GROUPS)
            cells = _over_seeds(found, names)
            rows.append(
                {
                    "who": document(found.study.title),
                    "how": document(how),
                    **{name: cells.get(f"{prefix}_{name}") for name, _ in _GROUPS},
                }
            )
    titles = {name: CLASS_WORDS[f"groups_{name}"] for name, _ in _GROUPS}
    by = Text(en=", by likeliest class", zh="（按最可能类别）")
    short = {n: Text(en=t.en.removesuffix(by.en), zh=t.zh.removesuffix(by.zh)) for n, t in titles.items()}
    return Table(
        key="class-trials",
        title=Text(en="Groups of every trial, frictionless", zh="各次试验的分组收益（无摩擦）"),
        columns=(
            Column(key="who", title=GLOSSARY["study"]),
            Column(key="how", title=Text(en="groups", zh="分组方式")),
            *(Column(key=name, title=short[name], style=style) for name, style in _GROUPS),
        ),
        rows=tuple(rows),
        note=Text(
            en="Median of seeds with quartiles; total returns over all judged dates. No costs: the last column is the cost of each purchase and sale at which the mean long-short is gone. p is exact, one-sided, against a coin.",
            zh="种子中位数与四分位；为全部评判期的总收益。未计成本：末列为使平均多空收益归零的单笔成本。p 为相对抛硬币的单侧精确值。",
        ),
    )


_HOW = {
    "groups": Text(en="likeliest class", zh="最可能类别"),
    "top_groups": Text(en="top 30 % of each class", zh="各类概率前 30%"),
}


def _bullish(held: list[Finding]) -> Table:
    return Table(
        key="class-bullish",
        title=Text(en="Hits among the true best, and the bullish share", zh="命中真实前列，以及看多比例"),
        columns=_columns(_BULLISH),
        rows=tuple({"who": document(found.study.title), **_over_seeds(found, _BULLISH)} for found in held),
        note=Text(
            en="Median of seeds with quartiles. Blind picks hit K of n names by luck. A change of the bullish share agrees with the market after it on half of all dates if a coin made them, and more often where both mostly rise: the last p keeps both counts.",
            zh="种子中位数与四分位。盲选凭运气命中 K/n。若由抛硬币决定，看多比例的变动有一半与其后的市场同向；两者多数上升时更高：末列 p 值保持两者次数不变。",
        ),
    )


def _by_date(found: Finding) -> Table:
    """Calibration of the bullish share, date by date, of the leading member."""
    held = judged_classes(found, leading(found))
    assert held is not None
    said = held.bullish
    names: tuple[tuple[str, Text, Style], ...] = (
        ("share", CLASS_WORDS["bullish_share"], "percent"),
        ("chance", Text(en="mean probability of rising", zh="上涨的平均概率"), "percent"),
        ("rose", CLASS_WORDS["bullish_rose"], "percent"),
        ("above", CLASS_WORDS["bullish_above"], "percent"),
        ("market", Text(en="the market's next return", zh="市场下期收益"), "percent"),
    )
    rows = [
        {
            "date": str(time)[:10],
            **{key: _finite(float(getattr(said, key)[at])) for key, _, _ in names},
        }
        for at, time in enumerate(said.times)
    ]
    who = leading_title(found)
    return Table(
        key="class-by-date",
        title=Text(en=f"The bullish share by date: {who.en}", zh=f"逐期看多比例：{who.zh}"),
        columns=(
            Column(key="date", title=Text(en="date", zh="日期"), style="date"),
            *(Column(key=key, title=title, style=style) for key, title, style in names),
        ),
        rows=tuple(rows),
        note=Text(
            en=f"A calibrated classifier's mean probability equals the share that rises, on average. “Above” counts returns above {RISE:.0%}.",
            zh=f"校准良好的分类器，其平均概率在平均意义上等于实际上涨比例。“超过”按收益高于 {RISE:.0%} 计。",
        ),
    )


def _settings(held: list[Finding], findings: Findings) -> Table | None:
    """Accuracy of every study on the lead's ground against the lead's: differs, equal within the margin, or open."""
    names = [found.study.name for found in held]
    if findings.lead not in names:
        return None
    group = next(one for one in grounds(names, findings) if findings.lead in one.studies)
    ordered = [findings.lead, *(name for name in group.studies if name != findings.lead)]
    if len(ordered) <= 1:
        return None
    told = compare_variants(
        {name: findings[name].over_seeds("class_accuracy") for name in ordered}, margin=EQUAL, level=_LEVEL
    )
    return _compared(told, findings)


def _compared(told: Compared, findings: Findings) -> Table:
    rows = []
    for one in told.variants:
        reference = one.verdict == "reference"
        difference = {"value": _finite(one.difference), "low": _finite(one.low), "high": _finite(one.high)}
        if difference["low"] is None or reference:
            difference = {"value": difference["value"], "low": None, "high": None}
        rows.append(
            {
                "who": document(findings[one.key].study.title),
                "seeds": one.seeds,
                "accuracy": {"value": _finite(one.median), "low": _finite(one.q1), "high": _finite(one.q3)},
                "difference": None if reference else difference,
                "verdict": document(_VERDICTS[one.verdict]),
            }
        )
    every = f"{told.p_value:.2g}" if np.isfinite(told.p_value) else "—"
    return Table(
        key="class-settings",
        title=Text(en="Do the settings matter?", zh="设置是否重要？"),
        columns=(
            Column(key="who", title=GLOSSARY["study"]),
            Column(key="seeds", title=Text(en="seeds", zh="种子数"), style="integer"),
            Column(key="accuracy", title=Text(en="accuracy, quartiles", zh="准确率（四分位）"), style="percent"),
            Column(
                key="difference", title=Text(en="difference of means [interval]", zh="均值之差 [区间]"), style="percent"
            ),
            Column(key="verdict", title=Text(en="verdict", zh="结论")),
        ),
        rows=tuple(rows),
        note=Text(
            en=f"Welch's intervals over seeds, widened so that all hold at 95 % together. Equal: the interval lies within ±{told.margin:.0%}, a margin named beforehand. Open: these seeds cannot tell. Kruskal–Wallis over all: p = {every}. Seeds share one stretch of history.",
            zh=f"按种子的 Welch 区间，已放宽使全部区间同时达到 95%。相等：区间落在事先指定的 ±{told.margin:.0%} 之内。未决：这些种子无法分辨。全体 Kruskal–Wallis p = {every}。各种子共用同一段历史。",
        ),
    )


_VERDICTS = {
    "reference": Text(en="reference", zh="基准"),
    "differs": Text(en="differs", zh="不同"),
    "equal": Text(en="equal within the margin", zh="在界限内相等"),
    "open": Text(en="open", zh="未决"),
}


def _columns(names: _Wanted) -> tuple[Column, ...]:
    return (
        Column(key="who", title=Text(en="who forecasts", zh="预测者")),
        *(Column(key=name, title=CLASS_WORDS[name], style=style) for name, style in names),
    )


def _over_seeds(found: Finding, names: _Wanted) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, _ in names:
        values = np.array([_value(found, name, member) for member in found.seeds])
        values = values[np.isfinite(values)]
        if not values.size:
            row[name] = None
            continue
        low, middle, high = (float(q) for q in np.quantile(values, [0.25, 0.5, 0.75]))
        row[name] = middle if low == high else {"value": middle, "low": low, "high": high}
    return row


def _alone(found: Finding, names: _Wanted, member: str) -> dict[str, Any]:
    return {name: _finite(_value(found, name, member)) for name, _ in names}


def _value(found: Finding, name: str, member: str) -> float:
    for held in found.measures:
        if held.name == name and held.subject["member"] == member and "market" not in held.subject:
            return float("nan") if held.value is None else float(held.value)
    return float("nan")


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def class_answer(lead: Finding) -> Text | None:
    """The headline of a study of classes: its accuracy beside a constant, its long-short and won dates; None for others."""
    if not any(one.name == "class_accuracy" for one in lead.measures):
        return None
    right, constant = lead.over_seeds("class_accuracy"), lead.median("class_majority")
    low, middle, high = (float(q) for q in np.nanquantile(right, [0.25, 0.5, 0.75]))
    many = right.size > 1
    en = f"Out of sample {middle:.1%} of the classes were right" + (
        f" (median seed, quartiles {low:.1%} to {high:.1%})" if many else ""
    )
    zh = f"样本外准确率 {middle:.1%}" + (f"（种子中位数，四分位 {low:.1%} 至 {high:.1%}）" if many else "")
    en += f"; always naming the commonest class is right in {constant:.1%}."
    zh += f"；始终回答最多的类别为 {constant:.1%}。"
    member = leading(lead)
    if any(one.name == "top_groups_won" and one.value is not None for one in lead.measures):
        won, total = lead.measure("top_groups_won", member), lead.value("top_groups_spread_total", member)
        luck = lead.value("top_groups_won_p", member)
        count = round(float(won.value or 0.0) * won.n)
        whose = Text(en="the ensemble's", zh="集成的") if member == "ensemble" else Text(en="its", zh="其")
        en += f" Without any costs, {whose.en} long-short of the top 30 % made {total:.1%} and won {count} of {won.n} dates (a coin: p = {luck:.2g})."
        zh += (
            f"不计任何成本，{whose.zh}前 30% 多空累计 {total:.1%}，{won.n} 期中胜 {count} 期（抛硬币 p = {luck:.2g}）。"
        )
    return Text(en=en, zh=zh)
