"""What the multi-factor ACT document says, statement by statement, beside what was found here."""

import numpy as np

from tidegate.evaluate.variants import Variant, compare_variants
from tidegate.study.classified import PICKS, judged_classes
from tidegate.study.classified_paired import compared
from tidegate.study.findings import Finding, Findings
from tidegate.study.verdicts import Verdict, judged, ledger_of
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text
from tidegate_studies.multifactor_lstm_claims import told
from tidegate_studies.multifactor_settling import sooner

__all__ = ["claims"]

_SURE, _EQUAL, _HALF = 0.05, 0.01, 0.5
_LEVEL, _TRIALS = 0.95, 4
_SPREAD = 0.0025
"""Difference of a month's long-short that counts as none; named before looking."""
_FEWER = 5_000
"""Iterations that the document's pondering network takes."""
_ABOUT = 0.12
"""What still counts as about 15 %."""


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims."""
    lead = findings["published"]
    made = (
        _trial(
            findings,
            "relative",
            Text(
                en="E1: relative classes earn about what absolute ones do",
                zh="E1：相对收益标签与绝对收益标签最终收益差异不大",
            ),
            better=None,
            published=Text(en="groups more marked, returns little different", zh="区分更显著，收益差异不大"),
        ),
        _trial(
            findings,
            "twelve",
            Text(en="E2: twelve factors beat 48", zh="E2：12 个因子优于 48 个"),
            better=True,
        ),
        _trial(
            findings,
            "short",
            Text(en="E3: twelve months are as good as 24", zh="E3：12 个月与 24 个月区别不明显"),
            better=None,
        ),
        _trial(
            findings,
            "five",
            Text(en="E4: five classes are worse than three", zh="E4：五档划分效果较差"),
            better=False,
        ),
        _faster(findings),
        sooner(findings),
        told(
            lead,
            "groups",
            Text(en="by the class that the pondering network predicts", zh="按 ACT 网络预测类别分组"),
            None,
        ),
        _parted(lead),
        _above(findings),
        _hits(lead),
        _bullish(lead),
        _agrees(lead),
    )
    return ledger_of(made)


def _member(found: Finding) -> str:
    return "ensemble" if "ensemble" in found.forecasts else found.seeds[0]


def _value(found: Finding, name: str) -> float:
    return found.value(name, _member(found))


def _trial(
    findings: Findings, name: str, statement: Text, *, better: bool | None, published: Text | None = None
) -> Claim:
    """A trial against its base on the rows that both forecast, month by month.

    `better` is what the document says of it, None where it sees no difference; `published` its words, where they say more.
    """
    base, other = findings["base"], findings[name]
    one = compared(base, other, level=1 - (1 - _LEVEL) / _TRIALS)
    if published is None:
        published = {
            True: Text(en="better", zh="更好"),
            False: Text(en="worse", zh="更差"),
            None: Text(en="no clear difference", zh="区别不明显"),
        }[better]
    blank = Text(en="–", zh="–")
    if one is None or one.dates == 0:
        why = Text(en="No row is judged by both.", zh="没有两者共同评判的样本。")
        return _of_trial(name, statement, published, blank, "–", why, "not tested")
    gap, low, high = (float(end) for end in (one.spread.estimate, one.spread.low, one.spread.high))
    sides: dict[bool | None, Verdict] = {
        True: _above_zero(low, high),
        False: _above_zero(-high, -low),
        None: "holds" if low >= -_SPREAD and high <= _SPREAD else "fails" if low > 0 or high < 0 else "unclear",
    }
    ours = Text(
        en=f"long-short of the surest 30 % a month: {one.spreads[1]:+.2%} against {one.spreads[0]:+.2%}; difference "
        f"{gap:+.2%} ({low:+.2%} … {high:+.2%})",
        zh=f"前 30% 多空每月 {one.spreads[1]:+.2%}，基准 {one.spreads[0]:+.2%}；差 {gap:+.2%}（{low:+.2%} 至 {high:+.2%}）",
    )
    seeds = len(other.seeds)
    of = Text(en=f"means of {seeds} seeds", zh=f"取 {seeds} 个种子的均值")
    if seeds == 1:
        of = Text(en="one seed each, whose luck is in the difference", zh="各仅一个种子，其运气包含在差异中")
    reason = Text(
        en=f"Frictionless, on the {one.rows:,} rows that both judge, {of.en}; the interval is over "
        f"{one.dates} months, at 95 % for the four trials together.",
        zh=f"无成本，在两者共有的 {one.rows:,} 个样本上评判，{of.zh}；区间按 {one.dates} 个月计算，四项对照合计 95%。",
    )
    return _of_trial(name, statement, published, ours, f"{gap:+.2%}", reason, judged(sides[better], gap, low, high))


def _of_trial(
    name: str, statement: Text, published: Text, ours: Text, difference: str, reason: Text, verdict: Verdict
) -> Claim:
    return Claim(
        key=f"trial-{name}",
        statement=statement,
        published=Text(en=f"{published.en}, one run of each", zh=f"{published.zh}（各运行一次）"),
        ours=ours,
        difference=difference,
        reason=reason,
        verdict=verdict,
    )


def _against(ours: FloatArray, theirs: FloatArray) -> Variant:
    """The trials' base less the same network without pondering, over seeds."""
    return compare_variants({"lstm": theirs, "base": ours}, margin=_EQUAL, level=_LEVEL).variants[1]


def _seeds(count: int) -> Text:
    """Over what an interval of seeds is."""
    if count == 1:
        return Text(en="One seed of each: nothing can be told apart", zh="每种仅一个种子，无法区分")
    return Text(en=f"The interval is over {count} seeds alone", zh=f"区间仅反映 {count} 个种子的差异")


def _above_zero(low: float, high: float) -> Verdict:
    """Read an interval: all above zero, all below, or neither."""
    return judged("holds" if low > 0 else "fails" if high < 0 else "unclear", low, high)


def _faster(findings: Findings) -> Claim:
    first, second = (
        np.array([held[-1]["train"] for held in findings[name].histories.values()]) for name in ("base", "lstm")
    )
    one, training = _against(first, second), findings["base"].study.training
    assert training is not None
    per = int(getattr(training.sampling, "count", 0))
    count = training.epochs * per
    seen = _above_zero(-one.high, -one.low)
    return Claim(
        key="faster",
        statement=Text(en="Pondering is ahead after the same iterations", zh="同样迭代次数下 ACT 领先"),
        published=Text(en="accuracy comes faster", zh="准确率收敛速度有所增加"),
        ours=Text(
            en=f"training loss after the same iterations {np.median(first):.4f}, without pondering "
            f"{np.median(second):.4f}; difference of means {one.difference:+.4f} ({one.low:+.4f} … {one.high:+.4f})",
            zh=f"同样迭代次数后训练损失 {np.median(first):.4f}，不使用 ACT 为 {np.median(second):.4f}；"
            f"均值之差 {one.difference:+.4f}（{one.low:+.4f} 至 {one.high:+.4f}）",
        ),
        difference=f"{one.difference:+.4f}",
        reason=Text(
            en=f"Mean loss of the last {per} of {count:,} iterations: who is ahead early, and not who converges first, "
            f"as long as that is fewer than the document's. {_seeds(one.seeds).en}; an iteration that ponders costs as "
            "many times more as it takes steps (E13).",
            zh=f"取 {count} 次迭代中最后 {per} 次的平均损失：迭代次数不及原文时只说明早期谁领先，而非谁先收敛。{_seeds(one.seeds).zh}；"
            "一次迭代的计算量随思考步数成倍增加（E13）。",
        ),
        verdict="unclear" if seen in {"holds", "fails"} and count < _FEWER else seen,
    )


def _parted(lead: Finding) -> Claim:
    made = lead.measure("groups_between", _member(lead))
    share, low, high = (float("nan") if end is None else float(end) for end in (made.value, made.low, made.high))
    return Claim(
        key="parted",
        statement=Text(en="The three groups part, the neutral one between", zh="三组区分明显，中性组合居中"),
        published=Text(en="clearly, on a chart", zh="明显（仅图示）"),
        ours=Text(
            en=f"the neutral group lay between the others in {share:.0%} of {made.n or 0} months ({low:.0%} … {high:.0%})",
            zh=f"{made.n or 0} 个月中 {share:.0%} 的月份中性组合居中（{low:.0%} 至 {high:.0%}）",
        ),
        difference="–",
        reason=Text(en="Luck gives a third.", zh="纯属运气时为三分之一。"),
        verdict=judged("holds" if low > 1 / 3 else "fails" if share <= 1 / 3 else "unclear", share),
    )


def _above(findings: Findings) -> Claim:
    ours, theirs = (findings[name].over_seeds("groups_high") for name in ("base", "lstm"))
    one = _against(ours, theirs)
    return Claim(
        key="above",
        statement=Text(en="The long group is above the LSTM's", zh="看多组合收益高于 LSTM"),
        published=Text(en="clearly, no figure", zh="显著更高，无数字"),
        ours=Text(
            en=f"{np.median(ours):.1%} against {np.median(theirs):.1%}; difference of means {one.difference:+.1%} "
            f"({one.low:+.1%} … {one.high:+.1%})",
            zh=f"{np.median(ours):.1%}，LSTM 为 {np.median(theirs):.1%}；均值之差 {one.difference:+.1%}"
            f"（{one.low:+.1%} 至 {one.high:+.1%}）",
        ),
        difference=f"{one.difference:+.1%}",
        reason=Text(
            en=f"Total over the months, frictionless, both at the trials' size. {_seeds(one.seeds).en}: the months "
            "are the same few.",
            zh=f"期间合计、无成本，均为对照规模。{_seeds(one.seeds).zh}，月份相同且很少。",
        ),
        verdict=_above_zero(one.low, one.high),
    )


def _hits(lead: Finding) -> Claim:
    hits, base, exact, chance = (_value(lead, name) for name in ("top_hits", "top_base", "top_p", "top_mean_p"))
    spoken = judged_classes(lead, _member(lead))
    picks = 0 if spoken is None else spoken.tops.k
    verdict: Verdict = judged("fails" if hits < _ABOUT else "holds" if chance < _SURE else "unclear", hits, chance)
    return Claim(
        key="top-100",
        statement=Text(
            en="Of the 100 most bullish shares so many are among the month's best 100",
            zh="看多概率前 100 中进入真实前 100 的比例",
        ),
        published=Text(en="about 15 %", zh="约 15%"),
        ours=Text(
            en=f"{hits:.1%} of {picks}; blind picks {base:.1%}; p over months {chance:.2f}, exact over blind picks "
            f"{exact:.3g}",
            zh=f"每期 {picks} 只中 {hits:.1%}；随机挑选 {base:.1%}；按月检验 p {chance:.2f}，相对随机挑选的精确 p {exact:.3g}",
        ),
        difference=f"{hits - 0.15:+.1%}" if picks == PICKS else "–",
        reason=Text(
            en="The best of a month are volatile shares; naming volatile shares is worth hits and no return.",
            zh="当月涨幅最大者多为高波动股票；只挑高波动股票也能提高命中率，却无收益。",
        )
        if picks == PICKS
        else Text(
            en="This market has too few shares to pick a hundred of a date: the published share cannot be held against it.",
            zh="该市场股票太少，无法每期挑选一百只，不能与原文比例相比。",
        ),
        verdict=verdict if picks == PICKS else "not tested",
    )


def _bullish(lead: Finding) -> Claim:
    rose, excess = _value(lead, "bullish_rose"), lead.measure("bullish_excess", _member(lead))
    gap, low, high = (float("nan") if end is None else float(end) for end in (excess.value, excess.low, excess.high))
    share = rose + gap  # of the months that are over
    return Claim(
        key="bullish",
        statement=Text(en="More shares are called a rise than rise", zh="看多占比高于实际上涨占比"),
        published=Text(
            en="about 42 %, 33 % rose (of the CSI 300; printed: by 30 %)",
            zh="约 42%，实际 33%（原文沪深300“涨幅超过30%”）",
        ),
        ours=Text(
            en=f"{share:.0%}, {rose:.0%} rose by more than 3 %; more by {gap:+.1%} ({low:+.1%} … {high:+.1%}) over "
            f"{excess.n} months",
            zh=f"{share:.0%}，涨幅超过 3% 者 {rose:.0%}；{excess.n} 个月平均高出 {gap:+.1%}（{low:+.1%} 至 {high:+.1%}）",
        ),
        difference=f"{share - 0.42:+.0%}",
        reason=Text(en="Of all shares judged, not of an index's members alone.", zh="统计全部股票，而非仅指数成分。"),
        verdict=_above_zero(low, high),
    )


def _agrees(lead: Finding) -> Claim:
    share, coin, margins = (_value(lead, name) for name in ("bullish_agreed", "bullish_agreed_p", "bullish_margins_p"))
    changes = lead.measure("bullish_agreed", _member(lead)).n or 0
    sure = coin < _SURE and margins < _SURE
    return Claim(
        key="agreement",
        statement=Text(
            en="Changes of the bullish share agree with the market's next move", zh="看多占比变化与市场下月涨跌一致"
        ),
        published=Text(en="about 75 %", zh="约 75%"),
        ours=Text(
            en=f"{share:.0%} of {changes} changes; p against a coin {coin:.2f}, with both margins kept {margins:.2f}",
            zh=f"{changes} 次变化中 {share:.0%}；相对抛硬币的 p {coin:.2f}，保持两边际的 p {margins:.2f}",
        ),
        difference=f"{share - 0.75:+.0%}",
        reason=Text(
            en="The market is all shares alike, not an index. Of the fourteen changes in the document's months 75 % is 10 or "
            "11; both p are one-sided.",
            zh="市场取全部股票等权，而非指数。原文期间仅 14 次变化，75% 即 10 或 11 次；两个 p 值均为单侧。",
        ),
        verdict=judged("fails" if share <= _HALF else "holds" if sure else "unclear", share, coin, margins),
    )
