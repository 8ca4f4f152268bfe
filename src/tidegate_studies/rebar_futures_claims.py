"""What the rebar document says, statement by statement, beside what was found here."""

from typing import NamedTuple

import numpy as np

from tidegate.study.comparing import trained
from tidegate.study.findings import Finding, Findings
from tidegate.study.levels import LEVEL, leading_member, priced, ratios, rival_duel
from tidegate.study.luck import no_placebos, percentile
from tidegate.study.verdicts import judged, ledger_of
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text
from tidegate_studies.rebar_futures_months import FIRST, LAST, covered, own_months, traded_within
from tidegate_studies.rebar_futures_trials import OURS, trial_claims
from tidegate_studies.rebar_futures_verdicts import (
    beats,
    beside_last,
    beyond,
    compared,
    earns,
    last_losses,
    near,
    sureness,
)

__all__ = ["claims"]


class _Printed(NamedTuple):
    """One row of the document's two tables."""

    train: float
    valid: float
    seconds: float
    rmse: float


PRINTED = {
    "5m-uni": _Printed(0.0037, 0.0096, 48.672, 24.731),
    "1h-uni": _Printed(0.0117, 0.0082, 6.183, 24.212),
    "1d-uni": _Printed(0.0260, 0.0177, 2.005, 52.401),
    "5m-multi": _Printed(0.0040, 0.0061, 83.218, 30.504),
    "1h-multi": _Printed(0.0118, 0.0095, 17.764, 23.744),
    "1d-multi": _Printed(0.0239, 0.0176, 5.029, 45.100),
}
THREE = ("5m", "1h", "1d")
STATED = Text(en="stated, no figure", zh="仅文字，无数字")


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims; only those whose studies were run."""
    lead = findings[findings.lead]
    there = [name for name in PRINTED if name in findings]
    pairs = [key for key in THREE if f"{key}-uni" in findings]
    told = (
        *(_row(findings[name]) for name in there),
        *([_finer(findings)] if len(pairs) == len(THREE) else []),
        *(_more_fields(findings, key) for key in pairs),
        *([_time(findings)] if len(pairs) == len(THREE) else []),
        *(_last_price(findings[f"{key}-uni"]) for key in pairs),
        *(_traded(lead, market) for market in lead.books),
        *(_better(findings, key) for key in pairs if f"{key}-return" in findings),
        *trial_claims(findings),
    )
    return ledger_of(told)


def _rmse(found: Finding) -> FloatArray:
    return np.array([priced(found, member).prices.rmse for member in found.seeds])


def _row(found: Finding) -> Claim:
    """One row of the document's tables: losses and error, beside ours and the last close's."""
    name = found.study.name
    printed, (train, valid), errors = PRINTED[name], last_losses(found), _rmse(found)
    middle, still = float(np.median(errors)), priced(found, found.seeds[0]).prices.still
    same, share = own_months(found.bars), covered(found.bars)
    other = Text(
        en=f"Not the document's months ({share:.0%} of its sessions are there): the error is of other prices. "
        f"{printed.rmse:g} yuan would be {printed.rmse / still:.1f} times what the last close errs by here.",
        zh=f"并非原文的月份（仅含其 {share:.0%} 的交易日），误差不可直接比较；原文的 {printed.rmse:g} 元相当于此处前收盘误差的 {printed.rmse / still:.1f} 倍。",
    )
    gaps = _with_gaps(found)
    own = Text(
        en=f"The document's months. The last close errs by {still:.2f} yuan there, and by {gaps:.2f} on a series that was "
        f"not joined over its rolls: the printed error is {printed.rmse / still:.2f} and {printed.rmse / gaps:.2f} times that.",
        zh=f"即原文的月份。前收盘在此误差 {still:.2f} 元，若换月处未拼接则为 {gaps:.2f} 元：原文误差分别是其 {printed.rmse / still:.2f} 倍与 "
        f"{printed.rmse / gaps:.2f} 倍。",
    )
    return Claim(
        key=f"table-{name}",
        statement=Text(
            en=f"{found.study.title.en}: training loss, validation loss, RMSE in yuan",
            zh=f"{found.study.title.zh}：训练损失、验证损失、RMSE（元）",
        ),
        published=Text.same(f"{printed.train:g} / {printed.valid:g} / {printed.rmse:g}"),
        ours=Text(
            en=f"{train:.4f} / {valid:.4f} / {middle:.2f} ({errors.min():.2f} … {errors.max():.2f}); the last close {still:.2f}",
            zh=f"{train:.4f} / {valid:.4f} / {middle:.2f}（{errors.min():.2f} 至 {errors.max():.2f}）；前收盘 {still:.2f}",
        ),
        difference=f"{middle - printed.rmse:+.2f}" if same else "–",
        reason=own if same else other,
        verdict=near(errors, printed.rmse) if same else "not tested",
    )


def _with_gaps(found: Finding) -> float:
    """What the last close errs by where nothing joins the contracts: each gap of a roll counts as a move."""
    close, at = found.bars.column("close"), priced(found, found.seeds[0]).at
    return float(np.sqrt(np.mean((close[at + 1] - close[at]) ** 2)))


def _finer(findings: Findings) -> Claim:
    """Finer data trains better: by its loss it does, since a smaller bar moves less."""
    found = [findings[f"{key}-uni"] for key in THREE]
    losses = [last_losses(one)[0] for one in found]
    worth = [float(np.median(ratios(one))) for one in found]
    lower = losses[0] < losses[1] < losses[2]
    told, known = (
        " / ".join(f"{value:.{digits}f}" for value in values) for values, digits in ((losses, 4), (worth, 3))
    )
    return Claim(
        key="finer",
        statement=Text(
            en="5-minute data trains better than hourly, hourly better than daily",
            zh="5 分钟数据训练效果好于小时，小时好于日",
        ),
        published=Text.same("0.0037 / 0.0117 / 0.026"),
        ours=Text(
            en=f"training loss {told}; error over the last close's {known}",
            zh=f"训练损失 {told}；与前收盘误差之比 {known}",
        ),
        difference="–",
        reason=Text(
            en="A shorter bar moves less, so that any forecast near the last close errs less: the loss falls with the bar's "
            "length and says nothing of what was learned. The ratio to the last close does.",
            zh="K线越短变动越小，任何接近前收盘的预测误差都小：损失随周期下降，与学到多少无关；与前收盘之比才说明问题。",
        ),
        verdict=judged(
            "fails" if not lower else "unclear" if min(worth) >= 1 or worth[0] > worth[2] else "holds", losses, worth
        ),
    )


def _more_fields(findings: Findings, key: str) -> Claim:
    uni, multi = findings[f"{key}-uni"], findings[f"{key}-multi"]
    one, six = _rmse(uni), _rmse(multi)
    printed = PRINTED[f"{key}-uni"].rmse, PRINTED[f"{key}-multi"].rmse
    fields, held = len(multi.windows.inputs), rival_duel(uni, multi)
    last = beside_last(ratios(multi))
    return Claim(
        key=f"fields-{key}",
        statement=Text(
            en=f"Several fields fit and predict better than one: {uni.study.title.en.rsplit(',', 1)[0]}",
            zh=f"多变量拟合与预测优于单变量：{uni.study.title.zh.rsplit('，', 1)[0]}",
        ),
        published=Text(en=f"RMSE {printed[1]:g} against {printed[0]:g}", zh=f"RMSE {printed[1]:g} 对 {printed[0]:g}"),
        ours=Text(
            en=f"{np.median(six):.2f} with {fields} fields against {np.median(one):.2f}; better in "
            f"{np.mean(six < one):.0%} of {len(one)} seeds; Diebold–Mariano p {sureness(held)}; {last.en}",
            zh=f"{fields} 个变量 {np.median(six):.2f}，单变量 {np.median(one):.2f}；{len(one)} 个种子中 "
            f"{np.mean(six < one):.0%} 更好；DM 检验 p = {sureness(held)}；{last.zh}",
        ),
        difference=f"{np.median(six) - np.median(one):+.2f}",
        reason=Text(
            en="Judged on prediction alone, not on fit: every seed on one test range, and a duel over its bars."
            + (" At 5 minutes the document's own tables say the opposite." if key == "5m" else ""),
            zh="仅就预测评判，未评判拟合：同一评判区间的全部种子，加逐根K线的检验。"
            + ("原文两表在 5 分钟上与其结论相反。" if key == "5m" else ""),
        ),
        verdict=compared(one, six, held),
    )


def _time(findings: Findings) -> Claim:
    """Seconds are not compared: what is told is a count from shapes, which could not come out otherwise."""
    uni, multi = ([trained(findings[f"{key}-{kind}"]) / 1e9 for key in THREE] for kind in ("uni", "multi"))
    told = " / ".join(f"{value:.2f}" for value in (*uni, *multi))
    return Claim(
        key="time",
        statement=Text(
            en="Training takes longer on finer data and on more fields", zh="数据越细、变量越多，训练耗时越长"
        ),
        published=Text(
            en="48.7 / 6.2 / 2.0 s, with six fields 83.2 / 17.8 / 5.0 s",
            zh="48.7 / 6.2 / 2.0 秒；多变量 83.2 / 17.8 / 5.0 秒",
        ),
        ours=Text(en=f"billions of multiply-adds: {told}", zh=f"乘加次数（十亿）：{told}"),
        difference="–",
        reason=Text(
            en="A count from shapes alone, which more windows and more fields can only raise: it tests nothing. Seconds of "
            "every fit stand in timings.json.",
            zh="仅由形状得出的计数，样本与变量越多必然越大，不构成检验。各次拟合的秒数见 timings.json。",
        ),
        verdict="not tested",
    )


def _last_price(found: Finding) -> Claim:
    """What the document leaves out: whether its forecast errs less than the last close."""
    worth = ratios(found)
    held = priced(found, leading_member(found)).prices.duel(level=LEVEL)
    linear = priced(found, "linear").prices.ratio
    p = float("nan") if held is None else float(held.p_value)
    outside = beyond(found)
    return Claim(
        key=f"last-price-{found.study.name.split('-')[0]}",
        statement=Text(
            en=f"The LSTM forecasts the next close: {found.study.title.en}",
            zh=f"LSTM 能预测下一收盘价：{found.study.title.zh}",
        ),
        published=Text(en="curves on top of each other; no comparison", zh="曲线重合，无比较对象"),
        ours=Text(
            en=f"error {np.median(worth):.3f} times that of the last close ({worth.min():.3f} … {worth.max():.3f}), ridge "
            f"{linear:.3f}; Diebold–Mariano p {p:.2g}",
            zh=f"误差为前收盘的 {np.median(worth):.3f} 倍（{worth.min():.3f} 至 {worth.max():.3f}），岭回归 {linear:.3f}；DM 检验 p = {p:.2g}",
        ),
        difference=f"{np.median(worth) - 1:+.1%}",
        reason=Text(
            en="Above 1, saying “the last close” is the better forecast. Joined prices drift, and "
            f"{outside:.0%} of the judged bars lie beyond all that was learned from, where a level has to be guessed.",
            zh=f"大于 1 则直接说“前收盘”更准。拼接价格有漂移，{outside:.0%} 的评判K线超出训练区间的价格范围，水平值只能外推。",
        ),
        verdict=beats(worth, p),
    )


def _traded(lead: Finding, market: str) -> Claim:
    gross = lead.over_seeds("total_return_before_costs", market)
    net, sharpe, fall = (lead.over_seeds(name, market) for name in ("total_return", "sharpe", "max_drawdown"))
    times = lead.books[market].times
    first, last = (str(time.astype("datetime64[D]")) for time in (times[0], times[-1]))
    place = percentile(lead, market)
    same = own_months(lead.bars) and traded_within(times)
    momentum = lead.value("total_return_before_costs", "gap-momentum", market)
    return Claim(
        key="strategy",
        statement=Text(
            en="Buying opens above the forecast and selling those below earns, bar by bar",
            zh="开盘高于预测买入、低于预测卖出，当根收盘平仓，可获利",
        ),
        published=Text(
            en="8 % in two months before any cost, drawdown about 5 %, Sharpe ratio 2.33",
            zh="两个月 8%（未计任何成本），回撤约 5%，夏普 2.33",
        ),
        ours=Text(
            en=f"{first} to {last}: {np.median(gross):.1%} before costs, {np.median(net):.1%} after fees and slippage, "
            f"drawdown {np.median(fall):.1%}, Sharpe ratio {np.nanmedian(sharpe):.2f}; the side of the gap {momentum:.1%} "
            "before costs",
            zh=f"{first} 至 {last}：成本前 {np.median(gross):.1%}，计手续费与滑点后 {np.median(net):.1%}，回撤 {np.median(fall):.1%}，"
            f"夏普 {np.nanmedian(sharpe):.2f}；单纯按跳空方向成本前 {momentum:.1%}",
        ),
        difference=f"{np.median(gross) - 0.08:+.1%}" if same else "–",
        reason=_why_traded(lead, market, place, other=None if same else f"{first} … {last}"),
        verdict=earns(gross, net, place) if same else "not tested",
    )


def _why_traded(lead: Finding, market: str, place: float, *, other: str | None) -> Text:
    """What the strategy's row stands on; `other` says which days were traded where they are not the document's."""
    en = "It trades against its forecast: near the last close, that is the side of the gap. One round trip a bar pays its costs every bar."
    zh = "该规则逆预测交易；预测接近前收盘时，即顺跳空方向。每根K线往返一次，成本逐根支付。"
    if np.isfinite(place):
        en += f" The same sides in another order earn less in {place:.0%} of cases; below 95 % is within luck."
        zh += f"同样方向打乱次序有 {place:.0%} 收益更低；低于 95% 属于运气范围。"
    else:
        why = no_placebos(lead, market)
        en += f" Not tested: no placebo stands beside it, since {why.en}."
        zh += f"未检验：没有对照可比，{why.zh}。"
    if other is not None:
        share = covered(lead.bars)
        en += f" Not tested: not the document's months, {FIRST} … {LAST}: {share:.0%} of its sessions are there, traded was {other}."
        zh += f"未检验：并非原文的月份（{FIRST} 至 {LAST}）：含其 {share:.0%} 的交易日，交易区间为 {other}。"
    return Text(en=en, zh=zh)


def _better(findings: Findings, key: str) -> Claim:
    """Our own question: whether the next return, from more bars, is forecast better than the next level."""
    printed, found = findings[f"{key}-multi"], findings[f"{key}-return"]
    before, after = ratios(printed), ratios(found)
    held = priced(found, leading_member(found)).prices.duel(level=LEVEL)
    p = float("nan") if held is None else float(held.p_value)
    return Claim(
        key=f"return-{key}",
        statement=Text(
            en=f"The next return, from 20 bars, beats the last close: {found.study.title.en}",
            zh=f"改为预测收益、输入 20 根K线后优于前收盘：{found.study.title.zh}",
        ),
        published=OURS,
        ours=Text(
            en=f"error ratio {np.median(after):.4f} ({after.min():.4f} … {after.max():.4f}) against {np.median(before):.3f} "
            f"for levels; Diebold–Mariano against the last close p {p:.2g}; IC {found.median('ic'):.3f}",
            zh=f"误差比 {np.median(after):.4f}（{after.min():.4f} 至 {after.max():.4f}），水平标签为 {np.median(before):.3f}；"
            f"对前收盘 DM 检验 p = {p:.2g}；IC {found.median('ic'):.3f}",
        ),
        difference=f"{np.median(after) - 1:+.2%}",
        reason=Text(
            en="A return label takes the last close for granted, so that the network can only lose by what it adds.",
            zh="收益标签以前收盘为起点，网络只可能因其添加的部分而更差。",
        ),
        verdict=beats(after, p),
    )
