"""Findings → figures of classes: accuracy, groups and long-short, trials, hits among the best, bullish shares.

Curves are of all seeds; what is of one member (confusion, reliability, hits, the market's next return) is of the
ensemble, or of the only fit. A study whose forecasts are no classes, or whose dates hold too few stocks, is not drawn.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from tidegate.evaluate.calibration import calibration
from tidegate.evaluate.classified import accuracy_by_date, confusion
from tidegate.evaluate.groups import Grouped
from tidegate.models.base import Network
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.balance import class_balance as balance_of
from tidegate.report.figures.class_accuracy import (
    DatedAccuracy,
    Reliability,
    confusion_table,
    reliability,
)
from tidegate.report.figures.class_accuracy import accuracy_by_date as dated_figure
from tidegate.report.figures.class_bullish import bullish_market, bullish_share
from tidegate.report.figures.class_groups import GroupCurve, Trial, group_values, long_short, trial_groups
from tidegate.report.figures.class_tops import top_hits
from tidegate.report.figures.factor_balance import class_balance
from tidegate.report.figures.panel_tensor import panel_tensor
from tidegate.study.classified import LEVEL, Judged, class_values, common_rows, judged_classes
from tidegate.study.classified_learning import CLASS_LEARNING
from tidegate.study.classified_words import CLASS_WORDS, class_titles
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.selected import leading, leading_title
from tidegate.study.words import titled
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.report import Figure, Section, Table, Text

__all__ = ["CLASS_DRAWERS", "CLASS_KINDS", "class_sections", "class_shown"]

Drawn = Callable[[str, Text, Finding, Judged], Figure]


def class_shown(reproduction: Reproduction, findings: Findings) -> tuple[Shown, ...]:
    """What every report shows of a leading study of classes, besides what the reproduction asks for itself."""
    lead = findings[findings.lead]
    held = judged_classes(lead, leading(lead)) if class_values(lead.study, lead.forecasts) is not None else None
    if held is None:
        return ()
    asked = {shown.figure for shown in reproduction.shown}
    kinds = [kind for kind in (*_ALWAYS, *(_OF_STOCKS if held.many else ())) if kind not in asked]
    return tuple(Shown(f"C{place}", kind, (findings.lead,)) for place, kind in enumerate(kinds, 1))


def class_sections(keys: Mapping[str, Sequence[str]], tables: Sequence[Table]) -> tuple[Section, ...]:
    """The parts of the page that only studies of classes have."""
    there = [table.key for table in tables]

    def shows(*names: str) -> tuple[str, ...]:
        return tuple(key for name in names for key in (keys[name] if name in keys else [n for n in there if n == name]))

    return (
        Section(
            key="classes",
            title=Text(en="Was it right, and would a constant have been?", zh="预测对了吗？常数答案又如何？"),
            shows=shows(
                "class-accuracy", "tensor", "class-balance", "class-months", "confusion", "reliability", "accuracy",
                "settling", "protocols", "accuracy-by-work", "accuracy-by-setting", "class-settings",
                "ponder-volatility",
            ),
        ),
        Section(
            key="class-groups",
            title=Text(en="What its groups made, if nothing cost anything", zh="无摩擦下各组的收益"),
            shows=shows(
                "class-trials", "class-groups", "class-spread", "share-groups", "share-spread", "trials",
                "trials-by-share", "class-paired",
            ),
        ),
        Section(
            key="class-tops",
            title=Text(en="The best picks, and the bullish share", zh="最看多的股票与看多比例"),
            shows=shows("class-bullish", "tops", "bullish", "bullish-market", "class-by-date"),
        ),
    )  # fmt: skip


def _each(
    draw: Drawn, what: Text, *, stocks: bool = True, seeds: bool = False
) -> Callable[[Shown, Findings], tuple[Figure, ...]]:
    """A drawer of one figure for each study of classes: of its leading member, or of all its `seeds`."""

    def drawn(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
        made = []
        for name in shown.studies:
            found = findings[name]
            held = judged_classes(found, leading(found))
            if held is None or (stocks and not held.many):
                continue
            key = shown.key.lower() if len(shown.studies) == 1 else f"{shown.key.lower()}-{name}"
            made.append(
                draw(key, titled(shown.key, what, found.study.title if seeds else leading_title(found)), found, held)
            )
        return tuple(made)

    return drawn


def _seeds(found: Finding, among: pl.DataFrame | None = None) -> list[Judged]:
    """Every seed as it was judged, or would be `among` some rows alone."""
    return [held for member in found.seeds if (held := judged_classes(found, member, among)) is not None]


def _groups(found: Finding, *, by_share: bool, among: pl.DataFrame | None = None) -> list[Grouped]:
    return [held.top_share if by_share else held.likeliest for held in _seeds(found, among)]


def _ends(found: Finding, dates: TimeArray) -> TimeArray:
    """The first decision, then the last close before each date's return is taken out ``[D + 1]``."""
    times, horizon = found.windows.panel.times, found.study.label.horizon
    at = np.searchsorted(times, dates) + horizon.purge - (horizon.exit == "open")
    return np.concatenate([dates[:1], times[np.minimum(at, len(times) - 1)]])


def _until(found: Finding, dates: TimeArray) -> TimeArray:
    """The dates, and the end of the last ``[D + 1]``."""
    return np.concatenate([dates, _ends(found, dates)[-1:]])


def _curves(found: Finding, made: list[Grouped]) -> list[GroupCurve]:
    values = class_values(found.study, found.forecasts)
    assert values is not None
    return [
        GroupCurve(f"class {values[at]:g}", label, np.array([one.returns[:, at] for one in made]))
        for at, label in enumerate(class_titles(found.study, values))
    ]


def _values(key: str, title: Text, found: Finding, *, by_share: bool) -> Figure:
    made = _groups(found, by_share=by_share)
    market = GroupCurve(
        "market", CLASS_WORDS["groups_market"].but(en="all stocks alike", zh="全部等权"), made[0].market
    )
    return group_values(
        key,
        title,
        _ends(found, made[0].times),
        _curves(found, made),
        market=market,
        note=_spread_words(found, by_share=by_share),
    )


def _spread(key: str, title: Text, found: Finding, *, by_share: bool) -> Figure:
    made = _groups(found, by_share=by_share)
    curve = GroupCurve("long-short", Text(en="long-short", zh="多空"), np.array([one.long_short for one in made]))
    return long_short(key, title, _ends(found, made[0].times), curve, note=_spread_words(found, by_share=by_share))


def _spread_words(found: Finding, *, by_share: bool) -> Text:
    """The long-short in figures: its total with an interval, its won dates and how often a coin wins as many."""
    prefix, member = "top_groups" if by_share else "groups", leading(found)
    total, wins = found.measure(f"{prefix}_spread_total", member), found.measure(f"{prefix}_won", member)
    if total.value is None or wins.value is None:
        whose = _whose(found)
        en = f"On no date has {whose.en} both a long and a short group."
        return Text(en=en, zh=f"{whose.zh}没有一期同时具有多头组与空头组。")
    luck = found.value(f"{prefix}_won_p", member)
    cost = found.value(f"{prefix}_break_even", member)
    count, n = round(float(wins.value) * wins.n), wins.n
    drawn = len(found.seeds)
    en = f"Curves are the median of {drawn} seeds. " if drawn > 1 else ""
    zh = f"曲线为 {drawn} 个种子的中位数。" if drawn > 1 else ""
    en += f"Long-short of {_whose(found).en}: {total.value:.1%}"
    zh += f"{_whose(found).zh}的多空累计：{total.value:.1%}"
    if total.low is not None and total.high is not None:
        en += f" [{total.low:.1%}, {total.high:.1%}]"
        zh += f" [{total.low:.1%}, {total.high:.1%}]"
    en += f" over {n} dates, {count} of them won (a coin wins as many with p = {luck:.2g})."
    zh += f"，共 {n} 期，胜 {count} 期（抛硬币达到此数的 p = {luck:.2g}）。"
    if np.isfinite(cost):
        en += f" A cost of {cost:.2%} of each trade would leave nothing." if cost > 0 else ""
        zh += f"每笔交易成本达 {cost:.2%} 即归零。" if cost > 0 else ""
    return Text(en=en, zh=zh)


def _whose(found: Finding) -> Text:
    many = leading(found) == "ensemble"
    return Text(en="the ensemble", zh="集成") if many else Text(en="the only fit", zh="单次拟合")


def _trials(shown: Shown, findings: Findings, *, by_share: bool) -> tuple[Figure, ...]:
    """Groups of several studies beside each other, on the rows that all have.

    Those that judge other dates get a figure of their own.
    """
    grounds: dict[bytes, list[Finding]] = {}
    for name in shown.studies:
        found = findings[name]
        held = judged_classes(found, leading(found))
        if held is not None and held.many:
            grounds.setdefault(_ends(found, held.likeliest.times).tobytes(), []).append(found)
    figures = []
    for place, group in enumerate(grounds.values(), 1):
        among = common_rows(group)
        if among.height == 0:
            continue
        each = [(found, _groups(found, by_share=by_share, among=among)) for found in group]
        trials = [Trial(found.study.name, found.study.title, _curves(found, made)) for found, made in each]
        key = shown.key.lower() if len(grounds) == 1 else f"{shown.key.lower()}-{place}"
        what = Text(en="Groups of each trial", zh="各次试验的分组净值")
        title = Text(en=f"{shown.key} {what.en}", zh=f"{shown.key} {what.zh}")
        note = Text(
            en=f"Judged on the {among.height:,} rows (share, date) that all of them forecast.",
            zh=f"均在各试验共有的 {among.height:,} 个样本（股票×期）上评判。",
        )
        ends = _ends(group[0], each[0][1][0].times)
        figures.append(trial_groups(key, title, ends, trials, note=note if len(group) > 1 else None))
    return tuple(figures)


def _months(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    dated = accuracy_by_date(held.held, level=LEVEL)
    beside = DatedAccuracy(dated.majority, dated.oracle, dated.low, dated.high)
    each = np.array([accuracy_by_date(one.held, level=LEVEL).accuracy for one in _seeds(found)])
    note = Text(en=f"The band is of {_whose(found).en}.", zh=f"色带取自{_whose(found).zh}。")
    return dated_figure(key, title, dated.times, each, beside, note=note)


def _balance(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    counted = balance_of(found.windows)
    classes = class_titles(found.study, held.held.values)
    named = [classes[int(np.argmin(np.abs(held.held.values - value)))] for value in counted.classes]
    return class_balance(key, title, counted.months, named, counted.shares)


def _confusion(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    return confusion_table(key, title, class_titles(found.study, held.held.values), confusion(held.held))


def _reliability(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    rows, whole = held.held.known, held.held
    made = []
    for at, label in enumerate(class_titles(found.study, whole.values)):
        bins = calibration(
            whole.leaning[rows, at], whole.truth[rows] == at, whole.date[rows], bins=10, span=1, level=LEVEL
        )
        made.append(Reliability(f"class {whole.values[at]:g}", label, bins.said, bins.came, bins.low, bins.high))
    return reliability(key, title, made)


def _tops(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    tops, member = held.tops, leading(found)
    parts: list[FloatArray] = [np.asarray(side / tops.k) for side in (tops.hits, tops.expected, tops.low, tops.high)]
    lift, p_value = found.value("top_lift", member), found.value("top_p", member)
    over = found.value("top_mean_p", member)
    note = Text(
        en=f"Lift {lift:.2f}; p = {p_value:.2g} against blind picks, {over:.2g} over dates.",
        zh=f"提升 {lift:.2f} 倍；相对盲选 p = {p_value:.2g}，按期 p = {over:.2g}。",
    )
    return top_hits(key, title, _until(found, tops.times), *parts, picks=tops.k, note=note)


def _bullish(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    each = [one.bullish for one in _seeds(found)]
    share, chance = np.array([one.share for one in each]), np.array([one.chance for one in each])
    return bullish_share(key, title, held.held.times, share, held.bullish.rose, chance=chance)


def _market(key: str, title: Text, found: Finding, held: Judged) -> Figure:
    said, member = held.bullish, leading(found)
    coin, margins = found.value("bullish_agreed_p", member), found.value("bullish_margins_p", member)
    note = Text(
        en=f"p = {coin:.2g} against a coin, {margins:.2g} with the ups and downs of both kept, in another order.",
        zh=f"相对抛硬币 p = {coin:.2g}；保持两者涨跌次数、打乱次序时 p = {margins:.2g}（单侧）。",
    )
    whose = Text(en="all stocks alike", zh="全部等权") if held.market is None else Text(en="the index", zh="指数")
    return bullish_market(key, title, _until(found, said.times), said.share, said.market, whose=whose, note=note)


def _tensor(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    made = []
    for name in shown.studies:
        found = findings[name]
        model, windows = found.study.model, found.windows
        if not isinstance(model, Network) or found.study.training is None:
            continue
        horizon = found.study.label.horizon
        looks = Text(
            en=f"{horizon.entry} of t+{horizon.lag} to {horizon.exit} of t+{horizon.lag + horizon.span}",
            zh=f"t+{horizon.lag} {_PRICE[horizon.entry]}至 t+{horizon.lag + horizon.span} {_PRICE[horizon.exit]}",
        )
        made.append(
            panel_tensor(
                shown.key.lower() if len(shown.studies) == 1 else f"{shown.key.lower()}-{name}",
                titled(shown.key, Text(en="From panel to tensor", zh="从面板到张量"), found.study.title),
                stocks=len(windows.panel.assets),
                dates=len(windows.panel.times),
                factors=len(windows.inputs),
                rows=len(windows.panel.row_time),
                windows=int(np.isfinite(windows.target).sum()),
                lookback=windows.lookback,
                batch=found.study.training.batch,
                outputs=model.outputs if isinstance(model, RecurrentNetwork) else 1,
                horizon=looks,
            )
        )
    return tuple(made)


_PRICE = {"open": "开盘", "close": "收盘"}

CLASS_DRAWERS: dict[str, Callable[[Shown, Findings], tuple[Figure, ...]]] = {
    "tensor": _tensor,
    **CLASS_LEARNING,
    "class-months": _each(_months, Text(en="Accuracy by date", zh="逐期准确率"), stocks=False, seeds=True),
    "class-balance": _each(_balance, Text(en="Classes by month", zh="逐月类别比例"), stocks=False),
    "confusion": _each(_confusion, Text(en="What was said of what came", zh="混淆矩阵"), stocks=False),
    "reliability": _each(
        _reliability, Text(en="Probabilities said, and how often it came", zh="所说概率与实际频率"), stocks=False
    ),
    "class-groups": _each(
        lambda key, title, found, _: _values(key, title, found, by_share=False),
        Text(en="Groups by likeliest class", zh="按最可能类别分组的净值"),
        seeds=True,
    ),
    "class-spread": _each(
        lambda key, title, found, _: _spread(key, title, found, by_share=False),
        Text(en="Long-short by likeliest class", zh="按最可能类别的多空"),
        seeds=True,
    ),
    "share-groups": _each(
        lambda key, title, found, _: _values(key, title, found, by_share=True),
        Text(en="Groups by the top 30 % of each class", zh="按各类概率前 30% 分组的净值"),
        seeds=True,
    ),
    "share-spread": _each(
        lambda key, title, found, _: _spread(key, title, found, by_share=True),
        Text(en="Long-short by the top 30 % of each class", zh="按各类概率前 30% 的多空"),
        seeds=True,
    ),
    "trials": lambda shown, findings: _trials(shown, findings, by_share=False),
    "trials-by-share": lambda shown, findings: _trials(shown, findings, by_share=True),
    "tops": _each(_tops, Text(en="The most bullish among the true best", zh="最看多者进入真实前列的比例")),
    "bullish": _each(_bullish, Text(en="Bullish share", zh="看多比例"), seeds=True),
    "bullish-market": _each(_market, Text(en="Bullish share and the market after", zh="看多比例与其后的市场")),
}
CLASS_KINDS = tuple(CLASS_DRAWERS)
_ALWAYS = ("accuracy", "class-months", "confusion", "reliability", "class-balance")
_OF_STOCKS = ("class-groups", "class-spread", "share-groups", "share-spread", "tops", "bullish", "bullish-market")
