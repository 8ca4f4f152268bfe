"""The words of reports on classes: names of their measures, and of the classes themselves, in both languages."""

from itertools import pairwise

from tidegate.prepare.relative_classes import RelativeClasses
from tidegate.prepare.return_classes import ReturnClasses
from tidegate.study.declare import Study
from tidegate.types.axes import FloatArray
from tidegate.types.report import Text

__all__ = ["CLASS_WORDS", "class_titles"]

_GROUPS = {
    "low": ("lowest group", "最低组"),
    "middle": ("middle group", "中间组"),
    "high": ("highest group", "最高组"),
    "market": ("all stocks alike", "全部等权"),
    "spread": ("long-short, mean a date", "多空收益（每期平均）"),
    "spread_p": ("long-short, p-value", "多空收益 p 值"),
    "spread_total": ("long-short, compounded", "多空收益（累计）"),
    "won": ("dates won", "获胜期占比"),
    "won_p": ("dates won, p-value", "获胜期 p 值"),
    "ordered": ("dates with all groups in order", "各组次序正确的期数占比"),
    "between": ("dates with the middle group between", "中间组居中的期数占比"),
    "turnover": ("turnover a date, both sides", "每期换手（多空合计）"),
    "break_even": ("cost of a trade that leaves nothing", "盈亏平衡的单笔成本"),
}
_NAMES = {
    "class_accuracy": ("accuracy", "准确率"),
    "class_majority": ("commonest class", "最多类别占比"),
    "class_oracle": ("each date's commonest class", "逐期最多类别占比"),
    "class_gain": ("accuracy less commonest class", "准确率减最多类别"),
    "class_gain_p": ("accuracy less commonest class, p-value", "准确率减最多类别，p 值"),
    "class_dealt": ("accuracy less answers dealt out", "准确率减随机分派"),
    "log_loss": ("log loss", "对数损失"),
    "log_loss_skill": ("log loss, skill over base rates", "对数损失：相对基准频率的技巧"),
    "brier": ("Brier score", "Brier 分数"),
    "brier_skill": ("Brier score, skill over base rates", "Brier 分数：相对基准频率的技巧"),
    "calibration_error": ("calibration error", "校准误差"),
    "top_hits": ("hits among the true best", "命中真实前列的比例"),
    "top_base": ("hits of blind picks", "盲选的命中比例"),
    "top_lift": ("lift over blind picks", "相对盲选的提升"),
    "top_p": ("hits, p-value against blind picks", "命中 p 值（相对盲选）"),
    "top_mean_p": ("hits, p-value over dates", "命中 p 值（按期）"),
    "top_outside": ("dates above the band of luck", "高于运气区间的期数占比"),
    "bullish_share": ("bullish share", "看多比例"),
    "bullish_rose": ("share that came to be of the highest class", "实际属最高类的比例"),
    "bullish_above": ("share that rose above 3 %", "涨幅超过 3% 的比例"),
    "bullish_excess": ("bullish share less share of the highest class", "看多比例减实际最高类比例"),
    "bullish_ic": ("bullish share and next market return, correlation", "看多比例与下期市场收益的相关"),
    "bullish_ic_p": ("that correlation, p-value", "该相关的 p 值"),
    "bullish_agreed": ("changes of the share that the market followed", "市场跟随看多比例变动的占比"),
    "bullish_agreed_p": ("changes followed, p-value against a coin", "跟随占比 p 值（相对抛硬币）"),
    "bullish_margins_p": ("changes followed, p-value with both margins kept", "跟随占比 p 值（保持两边际）"),
}
_BY = {
    "groups": ("by likeliest class", "按最可能类别"),
    "top_groups": ("by the top 30 % of each class", "按各类概率前 30%"),
}

CLASS_WORDS: dict[str, Text] = {
    **{name: Text(en=en, zh=zh) for name, (en, zh) in _NAMES.items()},
    **{
        f"{prefix}_{name}": Text(en=f"{en}, {by[0]}", zh=f"{zh}（{by[1]}）")
        for prefix, by in _BY.items()
        for name, (en, zh) in _GROUPS.items()
    },
}
"""Names of all measures of `classified`."""

_MINUS = "−"
_ONE_BETWEEN = 2


def class_titles(study: Study, values: FloatArray) -> tuple[Text, ...]:
    """What each class of a study's label is called, lowest first."""
    label = study.label
    if isinstance(label, ReturnClasses) and len(values) == 2 * len(label.thresholds) + 1:
        return _by_thresholds(label.thresholds)
    if isinstance(label, RelativeClasses) and len(values) == len(label.shares):
        return _by_shares(label.shares)
    return tuple(Text(en=f"class {value:g}", zh=f"类别 {value:g}") for value in values)


def _by_thresholds(thresholds: tuple[float, ...]) -> tuple[Text, ...]:
    cuts = [f"{100 * cut:g}" for cut in thresholds]
    up = [f"{low} … {high} %" for low, high in pairwise(cuts)]
    down = [f"{_MINUS}{high} … {_MINUS}{low} %" for low, high in pairwise(cuts)]
    names = [f"below {_MINUS}{cuts[-1]} %", *reversed(down), f"within ±{cuts[0]} %", *up, f"above {cuts[-1]} %"]
    chinese = {"below ": "低于 ", "within ": "", "above ": "高于 "}

    def told(name: str) -> str:
        for english, said in chinese.items():
            if name.startswith(english):
                return (said + name.removeprefix(english) + (" 之间" if not said else "")).replace(" %", "%")
        return name.replace(" %", "%")

    return tuple(Text(en=name, zh=told(name)) for name in names)


def _by_shares(shares: tuple[float, ...]) -> tuple[Text, ...]:
    last = len(shares) - 1
    made = []
    for at, share in enumerate(shares):
        place = ("lowest", "最低") if at == 0 else ("highest", "最高") if at == last else ("middle", "中间")
        if last > _ONE_BETWEEN and 0 < at < last:  # several between: by their number from below
            place = (f"part {at + 1} from below,", f"自下第 {at + 1} 档")
        made.append(Text(en=f"{place[0]} {share:.0%}", zh=f"{place[1]} {share:.0%}"))
    return tuple(made)
