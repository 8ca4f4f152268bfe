"""Notes of measures and titles of data in both languages: they are written in English where they are made.

A note is one sentence or several parts joined by semicolons; each part is told by the first pattern that fits it whole.
"""

import re
from typing import Any

from tidegate.report.figures.placebo import PLACEBOS
from tidegate.report.figures.unfilled import OUTCOMES
from tidegate.study.classified_notes import CLASS_NOTES
from tidegate.types.report import Text

__all__ = ["data_title", "note_text", "provenance_text"]

_NOTES: tuple[tuple[str, str], ...] = (
    (r"(\d+) still open", r"另有 \1 笔未平仓"),
    (r"(\d+) dates, labels over (\d+) bars", r"\1 个日期，标签跨 \2 根K线"),
    (r"(\S+) bars a year", r"每年 \1 根K线"),
    (r"its interval is too wide to state", "其区间过宽，不予给出"),
    (r"(\d+) rows without a truth left out", r"剔除 \1 行尚无实际值者"),
    (r"Diebold and Mariano, small-sample form, two-sided", "Diebold–Mariano 小样本形式，双侧"),
    (r"Jensen's, arithmetic", "詹森阿尔法，算术"),
    (r"against (.+), whose RMSE is (.+)", r"与“不变”相比，其均方根误差为 \2"),
    (r"always saying the commoner direction of the judged rows", "始终猜被评判样本中较常见的方向"),
    (r"annualised, less the benchmark's", "年化，减去基准"),
    (r"at (\d+)%, against zero", r"置信度 \1%，相对于零"),
    (r"base rate (.+)", r"基准比例 \1"),
    (r"best of (\d+) trials on these data, by the trial ledger", r"试验台账记录的该数据上 \1 次尝试中的最佳"),
    (r"(\d+) of them in this run", r"其中本次运行 \1 次"),
    (r"best of (\d+) trials: every seed of every traded study of this run", r"\1 次尝试中的最佳：本次运行的全部种子"),
    (r"best of (\d+) independent trials", r"等效 \1 次独立尝试中的最佳"),
    (r"the (\d+) of this run amount to (\S+)", r"本次运行的 \1 次相当于 \2 次"),
    (r"best of (\d+) trials", r"\1 次尝试中的最佳"),
    (r"every (\d+) dates: labels do not overlap", r"每 \1 个日期取一个：标签不重叠"),
    (r"exact, one-sided, against one half", "精确检验，单侧，相对于二分之一"),
    (r"fees added back, the same trades", "同样的交易，费用加回"),
    (r"fees and slippage added back, the same trades", "同样的交易，费用与滑点加回"),
    (r"longest spell out of the market", "最长的空仓区间"),
    (r"mean over closes at which anything was held", "有持仓的收盘的均值"),
    (r"mean over closes", "各收盘的均值"),
    (r"mean over entries", "各次开仓的均值"),
    (r"at most (\S+), (\d+) at the last close", r"最多 \1，最后收盘为 \2"),
    (r"at most (\S+)", r"最多 \1"),
    (r"mean over dates", "逐日均值"),
    (r"over time", "按时间"),
    (r"fixed-b interval", "fixed-b 区间"),
    (r"median of closed round trips, quartiles (\d+) to (\d+)", r"已平仓交易的中位数，四分位 \1 至 \2"),
    (r"not annualised: labels may overlap", "未年化：标签可能重叠"),
    (r"of closed round trips, net", "已平仓交易，净值"),
    (r"exact interval", "精确区间"),
    (r"of equity in one name at any close", "任一收盘时单只占净资产"),
    (r"a cap binds when bought, not after", "上限只在买入时起作用"),
    (r"one-sided", "单侧"),
    (r"two-sided", "双侧"),
    (r"two-sided, fixed-b", "双侧，fixed-b"),
    (r"against independent ups and downs of the same shares", "相对于同样涨跌比例而相互独立的情形"),
    (r"the forecast or the truth never changes its direction, or too few dates", "预测或实际从不改变方向，或日期太少"),
    (r"two-sided, against zero", "双侧，相对于零"),
    (r"two-sided, labels do not overlap", "双侧，标签不重叠"),
    (r"share of bars, not of trades", "按K线计，而非按交易计"),
    (r"stationary block bootstrap, studentised", "学生化平稳区块自助法"),
    (r"mean block (\S+) bars", r"平均区块 \1 根K线"),
    (r"that the true ratio is above zero", "真实比率大于零的概率"),
    (r"one trial", "单次检验"),
    (r"(\d+) fall bars in (\d+) episodes", r"\1 根大跌K线，分 \2 段"),
    (r"it is its benchmark", "即基准本身"),
    (r"no closed round trip", "没有已平仓交易"),
    (r"could not be computed", "无法计算"),
    (r"its own is (\S+)", r"自身为 \1"),
    (r"returns do not vary, or too few bars", "收益没有变化，或K线太少"),
    (r"the benchmark does not vary", "基准没有变化"),
    (r"nothing was ever lost", "从未亏损"),
    (r"nothing was ever held", "从未持仓"),
    (r"no gross profit to take a share of", "没有毛利可供计算占比"),
    (r"the ratio is not above zero", "该比率不大于零"),
    (r"no truth has come yet", "尚无实际值"),
    (r"nothing to compare with, or the reference is never wrong", "没有可比对象，或参照从不出错"),
    (r"too few dates, or equal errors throughout", "日期太少，或误差始终相等"),
    (r"too few dates", "日期太少"),
    (r"its sides have fewer than (\d+) different arrangements", r"其方向的不同排列少于 \1 种"),
    (r"its spells have fewer than (\d+) different arrangements", r"其区间的不同排列少于 \1 种"),
    (r"the ratio does not exist, or this run has one trial", "该比率不存在，或本次运行仅一次尝试"),
    (r"best of (\d+) trials, each counted in full", r"\1 次尝试全数计入，取其中最佳"),
    (r"one of them over these bars", "其中一次在同一时段"),
)  # fmt: skip


def note_text(note: str) -> Text:
    """A measure's note in both languages; what has no translation stands in English.

    >>> note_text("mean over closes; at most 4, 0 at the last close").zh
    '各收盘的均值；最多 4，最后收盘为 0'
    >>> note_text("among 100 permuted assets, one-sided").zh
    '在 100 个标的互换得分之中，单侧'
    """
    whole = _part(note)
    parts = [whole] if whole else [_part(part) or part for part in note.split("; ")]
    return Text(en=note, zh="；".join(parts))


def _part(part: str) -> str | None:
    for pattern, chinese in (*_NOTES, *CLASS_NOTES, *_OF_PLACEBOS):
        if found := re.fullmatch(pattern, part):
            return found.expand(chinese)
    refused = [re.fullmatch(r"(.+) (\d+)", each) for each in part.split(", ")]
    if all(found and found[1] in OUTCOMES for found in refused):
        return "，".join(f"{OUTCOMES[found[1]].zh} {found[2]}" for found in refused if found)
    return None


_OF_PLACEBOS = tuple(
    pair
    for kind, (short, _) in PLACEBOS.items()
    for pair in (
        (rf"among (\d+) {kind}", rf"在 \1 个{short.zh}之中"),
        (rf"among (\d+) {kind}, one-sided", rf"在 \1 个{short.zh}之中，单侧"),
        (rf"median of (\d+) {kind} \((\S+) … (\S+), middle 90 %\)", rf"\1 个{short.zh}的中位数（中间 90%：\2 … \3）"),
    )
)

_TITLES: tuple[tuple[str, str], ...] = (
    (r"Noise world", "噪声模拟市场"),
    (r"Planted world, IC (\S+)", r"植入信号的模拟市场，IC \1"),
    (r"Memory world, IC (\S+)", r"有记忆的模拟市场，IC \1"),
    (r"Regime world", "状态切换的模拟市场"),
    (r"Crash world, (\S+)", r"暴跌模拟市场，\1"),
    (r"Hourly world", "小时线模拟市场"),
    (r"Rebar world", "螺纹钢模拟市场"),
    (r"Stock world, IC (\S+)", r"模拟股票市场，IC \1"),
    (r"Share world, IC (\S+)", r"模拟股票市场（含财务），IC \1"),
    (r"NASDAQ Composite, daily, (\d+)–(\d+)", r"纳斯达克综合指数，日线，\1–\2"),
)
_SOURCES: tuple[tuple[str, str], ...] = (
    (r"Tidegate, synthetic and seeded", "Tidegate 模拟生成，种子固定"),
    (
        r"PyPI package (\S+) (\S+) \(NCSA licence\), module (\S+); by way of a public vendor",
        r"PyPI 软件包 \1 \2（NCSA 许可）的模块 \3，原始数据来自公开行情商",
    ),
)


def data_title(title: str) -> Text:
    """The title of a table of bars in both languages; a user's own stands as it is.

    >>> data_title("Stock world, IC 0.1").zh, data_title("my own").zh
    ('模拟股票市场，IC 0.1', 'my own')
    """
    return _told(title, _TITLES)


def provenance_text(told: dict[str, Any]) -> dict[str, Any]:
    """What a report says of its data, with title and source in both languages where both are known.

    >>> provenance_text({"title": "Noise world", "bars": 3})["title"]["zh"]
    '噪声模拟市场'
    """
    made = dict(told)
    for key, patterns in (("title", _TITLES), ("source", _SOURCES)):
        if isinstance(told.get(key), str):
            words = _told(told[key], patterns)
            made[key] = told[key] if words.en == words.zh else {"en": words.en, "zh": words.zh}
    return made


def _told(english: str, patterns: tuple[tuple[str, str], ...]) -> Text:
    for pattern, chinese in patterns:
        if found := re.fullmatch(pattern, english):
            return Text(en=english, zh=found.expand(chinese))
    return Text.same(english)
