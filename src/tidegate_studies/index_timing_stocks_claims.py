"""What the index-timing document says of its second backtest, statement by statement, beside what was found here."""

import numpy as np

from tidegate.study.findings import Finding, Findings
from tidegate.study.luck import no_placebos, percentile
from tidegate.study.selecting import UNGATED
from tidegate.study.verdicts import judged, ledger_of
from tidegate.types.report import Claim, Text
from tidegate_studies.index_timing_claims import compared

__all__ = ["claims"]

_LEAD, _SIGN, _PENALISED, _TWO = "gated-return", "gated-sign", "gated-l2", "gated-two-inputs"
_MOST = 0.75
"""What share of the seeds must agree."""
_SEEDS = Text(
    en="Medians over the seeds of the timing, which gate one ranker; the document shows one run of each.",
    zh="各择时种子（同一排序模型）的中位数；原文每种仅展示一次运行。",
)
_FIRST = Text(en="said of the first backtest alone, no figure", zh="原文仅就回测1而言，无数字")


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims of the second backtest."""
    lead = findings[_LEAD]
    market = next(iter(lead.books))
    told = (
        _drawdown(lead, market),
        _exposure(lead, market),
        _labels(lead, findings[_SIGN], market),
        *_penalty(lead, findings[_PENALISED], market),
        _two_inputs(lead, findings[_TWO], market),
    )
    return ledger_of(told)


def _drawdown(lead: Finding, market: str) -> Claim:
    gated, alone = lead.median("max_drawdown", market), lead.value("max_drawdown", UNGATED, market)
    every = lead.over_seeds("max_drawdown", market)
    made, without = lead.median("total_return", market), lead.value("total_return", UNGATED, market)
    return Claim(
        key="ranker",
        statement=Text(
            en="As a gate over a stock ranker, the timing improves its drawdown",
            zh="作为选股模型的择时信号，可显著改善回撤",
        ),
        published=Text(en="the ranker's drawdown clearly reduced", zh="选股模型的回撤显著改善"),
        ours=Text(
            en=f"drawdown {alone:.1%} alone, {gated:.1%} gated; return {without:.1%} alone, {made:.1%} gated",
            zh=f"回撤：单独 {alone:.1%}，加择时 {gated:.1%}；收益：单独 {without:.1%}，加择时 {made:.1%}",
        ),
        difference=f"{gated - alone:+.1%}",
        reason=Text(
            en=f"{_SEEDS.en} Whoever is out of the market part of the time falls less; the next line takes that out.",
            zh=f"{_SEEDS.zh}部分时间空仓自然回撤更小；下一行扣除此效应。",
        ),
        verdict=judged(
            "fails" if gated <= alone else "holds" if float(np.mean(every > alone)) >= _MOST else "unclear",
            gated,
            alone,
        ),
    )


def _exposure(lead: Finding, market: str) -> Claim:
    depth, made = percentile(lead, market, "max_drawdown"), percentile(lead, market)
    known = np.isfinite([depth, made]).all()
    none = no_placebos(lead, market)
    return Claim(
        key="exposure",
        statement=Text(
            en="The timing, and not the time out of the market, improves the drawdown",
            zh="改善回撤的是择时本身，而非空仓时间",
        ),
        published=Text(en="implied", zh="原文隐含"),
        ours=Text(
            en=f"{depth:.0%} of random gates of equal exposure fell deeper, {made:.0%} earned less",
            zh=f"同等开放时间的随机择时中，{depth:.0%} 回撤更深，{made:.0%} 收益更低",
        )
        if known
        else Text(en=f"no random gates beside it: {none.en}", zh=f"没有随机择时可比：{none.zh}"),
        difference="–",
        reason=Text(
            en="Medians over seeds of percentiles among random gates with the same spells. Below 95 % is within luck.",
            zh="各种子在同样时段的随机择时中的分位之中位数。低于 95% 属于运气范围。",
        ),
        verdict=judged("fails" if depth <= 0.5 else "holds" if depth >= 0.95 else "unclear", depth, made),
    )


def _labels(lead: Finding, sign: Finding, market: str) -> Claim:
    real, signed = lead.over_seeds("total_return", market), sign.over_seeds("total_return", market)
    return Claim(
        key="labels",
        statement=Text(
            en="The real return is a better label than ±1, as a gate too",
            zh="作为择时门，直接以收益为标签仍优于 ±1 标签",
        ),
        published=Text(en="stated after several backtests", zh="多次回测后得出，无数字"),
        ours=Text(
            en=f"median return {np.median(real):.1%} against {np.median(signed):.1%}",
            zh=f"收益中位数 {np.median(real):.1%} 对 {np.median(signed):.1%}",
        ),
        difference=f"{np.median(real) - np.median(signed):+.1%}",
        reason=_SEEDS,
        verdict=compared(real, signed),
    )


def _penalty(lead: Finding, held: Finding, market: str) -> list[Claim]:
    before, after = lead.over_seeds("max_drawdown", market), held.over_seeds("max_drawdown", market)
    idle = [found.median("cash_share", market) for found in (lead, held)]
    return [
        Claim(
            key="l2-drawdown",
            statement=Text(en="L2 in the gate lowers the maximum drawdown", zh="择时加入 L2 正则后最大回撤下降"),
            published=Text(en="lower in both backtests", zh="两种回测均下降"),
            ours=Text(
                en=f"median {np.median(before):.1%} without, {np.median(after):.1%} with L2 0.001",
                zh=f"中位数：无 L2 {np.median(before):.1%}，L2 0.001 为 {np.median(after):.1%}",
            ),
            difference=f"{np.median(after) - np.median(before):+.1%}",
            reason=_SEEDS,
            verdict=compared(after, before),
        ),
        Claim(
            key="l2-inside",
            statement=Text(en="L2 in the gate stays out longer", zh="择时加入 L2 正则后空仓期更长"),
            published=_FIRST,
            ours=Text(
                en=f"{idle[0]:.0%} → {idle[1]:.0%} of the book in cash, on average over closes",
                zh=f"平均现金占比 {idle[0]:.0%} → {idle[1]:.0%}",
            ),
            difference=f"{idle[1] - idle[0]:+.0%}",
            reason=Text(
                en=f"{_SEEDS.en} Bars in the market tell little of a book of many names, which keeps what is suspended.",
                zh=f"{_SEEDS.zh}持仓含停牌股，持仓K线数难以反映空仓程度，故看现金占比。",
            ),
            verdict=judged("holds" if idle[1] > idle[0] else "fails", idle),
        ),
    ]


def _two_inputs(lead: Finding, two: Finding, market: str) -> Claim:
    made = [found.median("total_return", market) for found in (lead, two)]
    depth = [found.median("max_drawdown", market) for found in (lead, two)]
    lower, smaller = made[1] < made[0], depth[1] > depth[0]
    return Claim(
        key="two-inputs",
        statement=Text(
            en="The second input lowers the return and the drawdown of the gated book",
            zh="以双输入模型择时，选股收益降低但回撤更小",
        ),
        published=Text(en="lower return, smaller drawdown", zh="收益相对下降，回撤更小"),
        ours=Text(
            en=f"return {made[0]:.1%} → {made[1]:.1%}, drawdown {depth[0]:.1%} → {depth[1]:.1%}",
            zh=f"收益 {made[0]:.1%} → {made[1]:.1%}，回撤 {depth[0]:.1%} → {depth[1]:.1%}",
        ),
        difference=f"{made[1] - made[0]:+.1%}, {depth[1] - depth[0]:+.1%}",
        reason=_SEEDS,
        verdict=judged("holds" if lower and smaller else "unclear" if lower or smaller else "fails", made, depth),
    )
