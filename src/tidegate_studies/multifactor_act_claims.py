"""What the multi-factor ACT document says, statement by statement, beside what was found here."""

from typing import Literal

import numpy as np

from tidegate.evaluate.variants import compare_variants
from tidegate.study.findings import Finding, Findings
from tidegate.types.report import Claim, Text
from tidegate_studies.multifactor_lstm_claims import told

__all__ = ["claims"]

Verdict = Literal["holds", "fails", "unclear", "not tested"]
_SURE, _EQUAL = 0.05, 0.01
_LEVEL = 0.95


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims."""
    lead = findings["published"]
    return (
        _trial(
            findings,
            "relative",
            Text(en="E1: relative classes part the groups more clearly", zh="E1：相对收益标签的组合区分更明显"),
            better=True,
            measure="top_groups_spread",
        ),
        _trial(
            findings,
            "twelve",
            Text(en="E2: twelve factors beat 48", zh="E2：12 个因子优于 48 个"),
            better=True,
            measure="top_groups_spread",
        ),
        _trial(
            findings,
            "short",
            Text(en="E3: twelve months are as good as 24", zh="E3：12 个月与 24 个月区别不明显"),
            better=None,
            measure="top_groups_spread",
        ),
        _trial(
            findings,
            "five",
            Text(en="E4: five classes are worse than three", zh="E4：五档划分效果较差"),
            better=False,
            measure="top_groups_spread",
        ),
        _faster(findings),
        told(lead, "groups", "0.045", "0.75", Text(en="of the pondering network", zh="（ACT 网络按预测类别）")),
        _above(findings),
        _hits(lead),
        _bullish(lead),
        _agrees(lead),
    )


def _member(found: Finding) -> str:
    return "ensemble" if "ensemble" in found.forecasts else found.seeds[0]


def _value(found: Finding, name: str) -> float:
    return found.value(name, _member(found))


def _trial(findings: Findings, name: str, statement: Text, *, better: bool | None, measure: str) -> Claim:
    base, other = findings["base"], findings[name]
    values = {"base": base.over_seeds(measure), name: other.over_seeds(measure)}
    one = compare_variants(values, margin=_EQUAL / 4, level=_LEVEL).variants[1]
    published = {True: "better", False: "worse", None: "no clear difference"}[better]
    chinese = {True: "更好", False: "更差", None: "区别不明显"}[better]
    sides: dict[bool | None, Verdict] = {
        True: "holds" if one.low > 0 else "fails" if one.high < 0 else "unclear",
        False: "holds" if one.high < 0 else "fails" if one.low > 0 else "unclear",
        None: "fails" if one.verdict == "differs" else "holds" if one.verdict == "equal" else "unclear",
    }
    return Claim(
        key=f"trial-{name}",
        statement=statement,
        published=Text(en=f"{published}, one run of each", zh=f"{chinese}（各运行一次）"),
        ours=Text(
            en=f"long-short of the surest 30 % a month: {np.median(values[name]):+.2%} against "
            f"{np.median(values['base']):+.2%}; difference {one.difference:+.2%} ({one.low:+.2%} … {one.high:+.2%})",
            zh=f"前 30% 多空每月 {np.median(values[name]):+.2%}，基准 {np.median(values['base']):+.2%}；"
            f"差 {one.difference:+.2%}（{one.low:+.2%} 至 {one.high:+.2%}）",
        ),
        difference=f"{one.difference:+.2%}",
        reason=Text(
            en=f"Frictionless, over {one.seeds} seeds; the interval is over seeds alone, the months are the same few.",
            zh=f"无成本，{one.seeds} 个种子；区间仅反映种子差异，月份相同且很少。",
        ),
        verdict=sides[better],
    )


def _faster(findings: Findings) -> Claim:
    ponders, plain = findings["base"], findings["lstm"]
    first, second = (float(np.median([held[-1]["train"] for held in f.histories.values()])) for f in (ponders, plain))
    same: Verdict = "holds" if first < second else "fails"
    return Claim(
        key="faster",
        statement=Text(en="Pondering learns in fewer iterations", zh="ACT 所需迭代次数更少"),
        published=Text(en="under 5,000 iterations against 7,000", zh="少于 5000 次，LSTM 为 7000 次"),
        ours=Text(
            en=f"training loss after the same iterations {first:.4f}, without pondering {second:.4f}",
            zh=f"同样迭代次数后训练损失 {first:.4f}，不使用 ACT 为 {second:.4f}",
        ),
        difference=f"{first - second:+.4f}",
        reason=Text(
            en="At the trials' size; an iteration that ponders costs as many times more as it takes steps (E13).",
            zh="按对照试验的规模；一次迭代的计算量随思考步数成倍增加（E13）。",
        ),
        verdict=same,
    )


def _above(findings: Findings) -> Claim:
    one, other = findings["base"], findings["lstm"]
    high = (_value(one, "groups_high"), _value(other, "groups_high"))
    return Claim(
        key="above",
        statement=Text(en="The long group is above the LSTM's", zh="看多组合收益高于 LSTM"),
        published=Text(en="clearly, no figure", zh="显著更高，无数字"),
        ours=Text(en=f"{high[0]:.1%} against {high[1]:.1%}", zh=f"{high[0]:.1%}，LSTM 为 {high[1]:.1%}"),
        difference=f"{high[0] - high[1]:+.1%}",
        reason=Text(
            en="Total over the months, frictionless, both at the trials' size; a few months cannot tell such networks apart.",
            zh="期间合计、无成本，均为对照规模；几个月不足以区分两者。",
        ),
        verdict="fails" if not high[0] > high[1] else "unclear",
    )


def _hits(lead: Finding) -> Claim:
    hits, base, chance = (_value(lead, name) for name in ("top_hits", "top_base", "top_p"))
    return Claim(
        key="top-100",
        statement=Text(
            en="Of the 100 most bullish shares so many are among the month's best 100",
            zh="看多概率前 100 中进入真实前 100 的比例",
        ),
        published=Text(en="about 15 %", zh="约 15%"),
        ours=Text(
            en=f"{hits:.1%}; blind picks {base:.1%}; exact p {chance:.3g}",
            zh=f"{hits:.1%}；随机挑选 {base:.1%}；精确 p {chance:.3g}",
        ),
        difference=f"{hits - 0.15:+.1%}",
        reason=Text(
            en="The best of a month are volatile shares; naming volatile shares is worth hits and no return.",
            zh="当月涨幅最大者多为高波动股票；只挑高波动股票也能提高命中率，却无收益。",
        ),
        verdict="holds" if hits >= 0.12 else "fails",
    )


def _bullish(lead: Finding) -> Claim:
    share, rose = (_value(lead, name) for name in ("bullish_share", "bullish_rose"))
    return Claim(
        key="bullish",
        statement=Text(en="The share that is called a rise, against that which rose", zh="看多占比与实际上涨占比"),
        published=Text(
            en="about 42 %, 33 % rose (of the CSI 300; printed: by 30 %)",
            zh="约 42%，实际 33%（原文沪深300“涨幅超过30%”）",
        ),
        ours=Text(en=f"{share:.0%}, {rose:.0%} rose by more than 3 %", zh=f"{share:.0%}，涨幅超过 3% 者 {rose:.0%}"),
        difference=f"{share - 0.42:+.0%}",
        reason=Text(en="Of all shares judged, not of an index's members alone.", zh="统计全部股票，而非仅指数成分。"),
        verdict="holds" if share > rose else "fails",
    )


def _agrees(lead: Finding) -> Claim:
    share, chance = (_value(lead, name) for name in ("bullish_agreed", "bullish_agreed_p"))
    return Claim(
        key="agreement",
        statement=Text(
            en="Changes of the bullish share agree with the market's next move", zh="看多占比变化与市场下月涨跌一致"
        ),
        published=Text(en="about 75 %", zh="约 75%"),
        ours=Text(en=f"{share:.0%}; binomial p {chance:.2f}", zh=f"{share:.0%}；二项检验 p {chance:.2f}"),
        difference=f"{share - 0.75:+.0%}",
        reason=Text(en="Fourteen changes: 75 % of them is 10 or 11.", zh="仅 14 次变化：75% 即 10 或 11 次。"),
        verdict="unclear" if not np.isfinite(share) else "holds" if share > 0.5 and chance < _SURE else "unclear",
    )
