"""Findings → tables of forecasts of the next price: errors beside the last price's, quantiles, rolls."""

from typing import Any

import numpy as np

from tidegate.component import document
from tidegate.evaluate.doubt.duel import persistent_duel
from tidegate.evaluate.levels import pinball
from tidegate.study.findings import Finding, Findings
from tidegate.study.level_figures import LEVEL_KINDS
from tidegate.study.levels import (
    LEVEL,
    PricedGround,
    leading_member,
    priced,
    priced_grounds,
    quantile_level,
)
from tidegate.study.reproduction import Reproduction
from tidegate.study.words import GLOSSARY, member_title
from tidegate.types.axes import FloatArray
from tidegate.types.report import Column, Role, Table, Text

__all__ = ["level_tables", "quantile_worth"]

_WHO = Text(en="who forecasts", zh="预测者")


def level_tables(reproduction: Reproduction, findings: Findings) -> tuple[Table, ...]:
    """Tables of errors by data set, of quantiles, of rolls; none where no such figure is asked for."""
    if not any(shown.figure in LEVEL_KINDS for shown in reproduction.shown):
        return ()
    names = [study.name for study in reproduction.studies]
    made = [_errors(ground, findings) for ground in priced_grounds(names, findings)]
    quantiles = [findings[name] for name in names if quantile_level(findings[name].study) is not None]
    told = _rolls(names, findings)
    return (*made, *([_quantiles(quantiles)] if quantiles else []), *([told] if told.rows else []))


def _errors(ground: PricedGround, findings: Findings) -> Table:
    rows: list[dict[str, Any]] = []
    roles: list[Role] = []
    rivals: dict[str, dict[str, Any]] = {}
    for name in ground.studies:
        found = findings[name]
        rows.append({"who": document(found.study.title), **_over_seeds(found)})
        roles.append("main" if name == findings.lead else "plain")
        for rival in found.study.rivals:
            if rival.name == "zero" or (rival.name == "drift" and "drift" in rivals):
                continue  # a return of zero is the last close; drift hardly differs from study to study
            told, title = _alone(found, rival.name), member_title(rival.name)
            row = rivals.setdefault(rival.name, {"who": document(title), **told})
            if any(row[key] != value for key, value in told.items()):
                own = Text(en=f"{title.en}, {found.study.title.en}", zh=f"{title.zh}，{found.study.title.zh}")
                rivals[f"{rival.name} {name}"] = {"who": document(own), **told}
    first = findings[ground.studies[0]]
    times = priced(first, leading_member(first)).times
    count = f"{len(times):,}"
    ends = [str(time.astype("datetime64[D]")) for time in (times[0], times[-1])]
    return Table(
        key=f"level-errors-{ground.key}",
        title=Text(
            en=f"Errors of the next close: {ground.title.en}, {count} bars, {ends[0]} to {ends[1]}",
            zh=f"下一收盘价的误差：{ground.title.zh}，评判 {count} 根，{ends[0]} 至 {ends[1]}",
        ),
        columns=(
            Column(key="who", title=_WHO),
            Column(key="rmse", title=Text(en="RMSE", zh="均方根误差"), style="number"),
            Column(key="ratio", title=Text(en="RMSE over the last close's", zh="与前收盘之比"), style="number"),
            Column(key="dm", title=Text(en="Diebold–Mariano", zh="Diebold–Mariano"), style="number"),
            Column(key="p", title=Text(en="p-value", zh="p 值"), style="number"),
            Column(key="ic", title=Text(en="IC of the change", zh="变动 IC"), style="number"),
            Column(key="direction", title=GLOSSARY["direction_accuracy"], style="percent"),
            Column(key="majority", title=GLOSSARY["majority_rate"], style="percent"),
        ),
        rows=(*rows, *rivals.values()),
        roles=(*roles, *(["rival"] * len(rivals))),
        note=_ERRORS,
    )


_ERRORS = Text(
    en="Errors are in the currency of the contract that the next bar is of. A network's row is the median over "
    "its seeds "
    "with the quartiles; its Diebold–Mariano statistic is of the mean of its seeds against the last close: "
    "above zero the "
    "forecast is better, below zero the last close. A ratio above 1 says the same in one number. "
    "The variance allows for errors that stay large or small for about 1.3 √n bars; where they do so longer, p is too "
    "small.",
    zh="误差以下一根K线所属合约的货币计。网络一行为各种子中位数及四分位；Diebold–Mariano 统计量以种子均值对前收盘："
    "大于零则预测更好，小于零则前收盘更好。比值大于 1 含义相同。"
    "方差已计入约 1.3 √n 根K线内误差大小的持续性；若持续更久，p 值偏小。",
)


def _over_seeds(found: Finding) -> dict[str, Any]:
    each = [priced(found, member).prices for member in found.seeds]
    told = {
        "rmse": _spread(np.array([one.rmse for one in each])),
        "ratio": _spread(np.array([one.ratio for one in each])),
        "ic": _spread(found.over_seeds("ic")),
        "direction": _spread(found.over_seeds("direction_accuracy")),
        "majority": _spread(found.over_seeds("majority_rate")),
    }
    return {**told, **_duel(found, leading_member(found))}


def _alone(found: Finding, member: str) -> dict[str, Any]:
    prices = priced(found, member).prices
    told = {
        "rmse": prices.rmse,
        "ratio": prices.ratio,
        "ic": _known(found.value("ic", member)),
        "direction": _known(found.value("direction_accuracy", member)),
        "majority": _known(found.value("majority_rate", member)),
    }
    return {**told, **_duel(found, member)}


def _duel(found: Finding, member: str) -> dict[str, float | None]:
    prices = priced(found, member).prices
    same = np.allclose(prices.said, prices.now, rtol=1e-6, atol=0.0)
    held = None if same else prices.duel(level=LEVEL)
    return {
        "dm": None if held is None else _known(float(held.statistic)),
        "p": None if held is None else _known(float(held.p_value)),
    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _spread(values: FloatArray) -> dict[str, float] | float | None:
    kept = values[np.isfinite(values)]
    if not kept.size:
        return None
    low, middle, high = (float(q) for q in np.quantile(kept, [0.25, 0.5, 0.75]))
    return middle if kept.size == 1 or low == high else {"value": middle, "low": low, "high": high}


def quantile_worth(found: Finding, member: str) -> dict[str, float]:
    """What a quantile forecast is worth: pinball loss over the constant's, its duel's p, and how often truth lay below.

    The constant is the quantile of the learning range's returns, which knows no bar from another. Known at: as the last
    judged return. The p-value takes the long-run variance, since losses come in clusters; it is too small where they
    last longer than ``1.3 √n`` bars (`persistent_duel`). NaN where a duel could not be fought.
    """
    level = quantile_level(found.study)
    assert level is not None
    forecast = found.forecasts[member]
    known = np.isfinite(forecast.truth)
    said, came = forecast.score[known], forecast.truth[known]
    learned = found.windows.target[found.folds[-1].training(found.windows)]
    constant = np.full(len(came), float(np.quantile(learned[np.isfinite(learned)], level)))
    ours, theirs = pinball(said, came, level), pinball(constant, came, level)
    duel = persistent_duel(ours, theirs, level=LEVEL) if len(came) > 30 else None  # noqa: PLR2004
    return {
        "level": level,
        "below": float(np.mean(came < said)),
        "constant_below": float(np.mean(came < constant)),
        "ratio": float(ours.mean() / theirs.mean()),
        "p": float("nan") if duel is None else float(duel.p_value),
    }


def _quantiles(quantiles: list[Finding]) -> Table:
    rows = []
    for found in quantiles:
        each = [quantile_worth(found, member) for member in found.seeds]
        whole = quantile_worth(found, leading_member(found))
        rows.append(
            {
                "who": document(found.study.title),
                "level": whole["level"],
                "below": _spread(np.array([one["below"] for one in each])),
                "constant": whole["constant_below"],
                "ratio": _spread(np.array([one["ratio"] for one in each])),
                "p": _known(whole["p"]),
            }
        )
    return Table(
        key="quantiles",
        title=Text(en="Quantiles of the next return", zh="下一收益的分位预测"),
        columns=(
            Column(key="who", title=_WHO),
            Column(key="level", title=Text(en="quantile asked", zh="所求分位"), style="percent"),
            Column(key="below", title=Text(en="returns below it", zh="实际低于它的比例"), style="percent"),
            Column(key="constant", title=Text(en="below the constant", zh="低于常数的比例"), style="percent"),
            Column(
                key="ratio", title=Text(en="pinball loss over the constant's", zh="分位损失与常数之比"), style="number"
            ),
            Column(key="p", title=Text(en="p-value, Diebold–Mariano", zh="p 值（Diebold–Mariano）"), style="number"),
        ),
        rows=tuple(rows),
        note=Text(
            en="The constant is that quantile of the returns learned from. A ratio below 1 means that the "
            "network knows how "
            "wide the next bar is; that says nothing of its direction. p allows for losses that stay large or small "
            "for about 1.3 √n bars; where they do so longer, it is too small.",
            zh="常数为训练区间收益的同一分位。比值小于 1 说明网络知道下一根K线的波动大小，但不代表知道方向。"
            "p 值已计入约 1.3 √n 根K线内损失大小的持续性；若持续更久则偏小。",
        ),
    )


def _rolls(names: list[str], findings: Findings) -> Table:
    rows = []
    for ground in priced_grounds(names, findings):
        found = findings[ground.studies[0]]
        factor, times = found.bars.adjustment, found.bars.times
        anchors = set(priced(found, leading_member(found)).at.tolist())
        for at in (np.flatnonzero(np.diff(factor)) + 1).tolist():
            over = max(_over(findings[name], at) for name in ground.studies)
            rows.append(
                {
                    "data": document(ground.title),
                    "time": str(times[at].astype("datetime64[m]")).replace("T", " "),
                    "ratio": float(factor[at] / factor[at - 1]),
                    "gap": float(found.bars.column("close")[at - 1] * (1 - factor[at - 1] / factor[at])),
                    "judged": Text(en="yes", zh="是").model_dump() if at - 1 in anchors else "–",
                    "windows": over,
                }
            )
    return Table(
        key="rolls",
        title=Text(en="Changes of contract, and windows that lie over them", zh="换月及跨越换月的窗口"),
        columns=(
            Column(key="data", title=Text(en="data", zh="数据")),
            Column(key="time", title=Text(en="first bar of the new contract", zh="新合约首根K线")),
            Column(key="ratio", title=Text(en="old price over new", zh="旧价 ÷ 新价"), style="number"),
            Column(key="gap", title=Text(en="gap taken out", zh="剔除的价差"), style="number"),
            Column(key="judged", title=Text(en="in the judged range", zh="在评判区间内")),
            Column(
                key="windows",
                title=Text(en="windows over it, longest lookback", zh="跨越的窗口（最长回看）"),
                style="integer",
            ),
        ),
        rows=tuple(rows),
        note=Text(
            en="Features, labels and forecasts are of the series joined by the ratio: the gap is in none of "
            "them. A window "
            "over a change holds bars of two contracts, the earlier ones in prices moved by the ratio.",
            zh="特征、标签与预测均取自按比例拼接的序列：价差不在其中。跨越换月的窗口含两个合约的K线，较早者按比例移动。",
        ),
    )


def _over(found: Finding, at: int) -> int:
    """How many windows of a study hold both the bar `at` and the one before."""
    last = np.searchsorted(found.bars.times, found.windows.panel.times[found.windows.anchor_time])
    return int(((last >= at) & (last - found.study.lookback + 1 < at)).sum())
