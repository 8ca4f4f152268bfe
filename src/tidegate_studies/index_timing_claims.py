"""What the index-timing document says, statement by statement, beside what was found here."""

import numpy as np
import polars as pl

from tidegate.measures.scores import ic
from tidegate.study.findings import Finding, Findings
from tidegate.study.luck import no_placebos, percentile
from tidegate.study.verdicts import Verdict, judged, ledger_of
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text

__all__ = ["claims", "compared"]

_LEAD, _SIGN, _TWO, _MIDDLE = "b1-return", "b1-sign", "b1-two-inputs", "b1-l2-1e-3"
_PENALISED = ("b1-l2-1e-5", "b1-l2-1e-4", "b1-l2-1e-3", "b1-l2-1e-2")
_SEEDS = Text(
    en="Medians over seeds; the document shows one run of each.", zh="此处为种子中位数；原文每种仅展示一次运行。"
)
_STATED = Text(en="stated, no figure", zh="仅文字，无数字")


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims; only those whose studies were run."""
    first, lead = findings["b0-close"], findings[_LEAD]
    market = next(iter(lead.books))
    told = (
        _trend(first),
        _more_features(first, findings["b0-features"]),
        _against_holding(lead, market),
        _labels(lead, findings[_SIGN], market),
        *_penalty(lead, findings[_MIDDLE], market),
        _bias([findings[name] for name in _PENALISED]),
        _two_inputs(lead, findings[_TWO], market),
        _falls(findings[_TWO]),
        _seeds(lead, market),
        Claim(
            key="ranker",
            published=Text(en="the ranker's drawdown clearly reduced", zh="选股模型的回撤显著改善"),
            ours=Text(en="not run here", zh="本研究未运行"),
            difference="–",
            verdict="not tested",
            statement=Text(
                en="As a gate over a stock ranker, the timing improves its drawdown",
                zh="作为选股模型的择时信号，可显著改善回撤",
            ),
            reason=Text(
                en="Needs a market of stocks: it is the study index-timing-stocks.",
                zh="需要股票市场数据：见研究 index-timing-stocks。",
            ),
        ),
    )
    return ledger_of(told)


def _trend(found: Finding) -> Claim:
    past, path = _slopes(found)
    follow = float(ic(path, past))
    ratio = float(np.median(found.over_seeds("rmse"))) / found.value("rmse", "persistence")
    return Claim(
        key="b0-trend",
        statement=Text(
            en="The 20-day forecasts of the first attempt only sum up the past trend, and it fails",
            zh="初探模型对未来20天的预测只是对过去趋势的总括，结果不理想",
        ),
        published=_STATED,
        ours=Text(
            en=f"error {ratio:.2f} × that of persistence; correlation of the path with the past 20 bars' change {follow:.2f}",
            zh=f"误差为持续性的 {ratio:.2f} 倍；路径与过去20根K线涨跌的相关系数 {follow:.2f}",
        ),
        difference="–",
        reason=Text(
            en="Above 1 is worse than saying that the price stays. A path that sums up a trend would correlate with it.",
            zh="大于 1 说明不如“价格不变”。若只是总括趋势，相关系数应为正。",
        ),
        verdict=judged("fails" if ratio <= 1 else "holds" if follow > 0.5 else "unclear", ratio, follow),
    )


def _slopes(found: Finding) -> tuple[FloatArray, FloatArray]:
    """Past change over as many bars as the path is long, and the change that the path foresees; means over seeds."""
    times, close = found.bars.times, found.bars.adjusted("close")
    pasts, ahead = [], []
    for held in found.paths.values():
        steps = int(held["step"].max())  # type: ignore[arg-type]
        ends = held.filter(pl.col("step") == steps).sort("time")
        at = np.searchsorted(times, ends["time"].to_numpy().astype("datetime64[us]"))
        pasts.append(close[at] / close[at - steps] - 1)
        ahead.append(ends["score"].to_numpy() / close[at] - 1)
    return np.mean(pasts, axis=0), np.mean(ahead, axis=0)


def _more_features(one: Finding, six: Finding) -> Claim:
    first, second = (float(np.median(found.over_seeds("rmse"))) for found in (one, six))
    still = six.value("rmse", "persistence")
    return Claim(
        key="b0-features",
        statement=Text(
            en="With more features the first attempt was still no good", zh="初探模型增加特征后效果依然不好"
        ),
        published=_STATED,
        ours=Text(
            en=f"median error {first:.4g} points with closes, {second:.4g} with six fields; persistence {still:.4g}",
            zh=f"误差中位数：仅收盘价 {first:.4g} 点，六个特征 {second:.4g} 点；持续性 {still:.4g} 点",
        ),
        difference="–",
        reason=_SEEDS,
        verdict=judged("holds" if second > still else "fails", second, still),
    )


def _against_holding(lead: Finding, market: str) -> Claim:
    made, hold = _median(lead, "total_return", market), lead.value("total_return", "buy-and-hold", market)
    place = percentile(lead, market)
    why = Text.same("")
    if not np.isfinite(place):
        none = no_placebos(lead, market)
        why = Text(
            en=f" Not tested: there are no random gates, since {none.en}.", zh=f"未检验：没有随机择时可比，{none.zh}。"
        )
    return Claim(
        key="timing",
        statement=Text(en="The LSTM can time the index: its account beats holding it", zh="LSTM 可用于指数择时"),
        published=Text(en="equity curve above the index", zh="净值曲线高于指数"),
        ours=Text(
            en=f"median {made:.1%}, buy and hold {hold:.1%}; {place:.0%} of random gates of equal exposure earned less",
            zh=f"中位数 {made:.1%}，买入持有 {hold:.1%}；{place:.0%} 的同持仓随机择时收益更低",
        ),
        difference=f"{made - hold:+.1%}",
        reason=Text(
            en=f"Without costs, as published. A percentile below 95 % is within luck.{why.en}",
            zh=f"按原文不计成本。分位低于 95% 属于运气范围。{why.zh}",
        ),
        verdict=judged("fails" if made <= hold else "holds" if place >= 0.95 else "unclear", made, hold, place),
    )


def _labels(lead: Finding, sign: Finding, market: str) -> Claim:
    real, signed = lead.over_seeds("total_return", market), sign.over_seeds("total_return", market)
    better = float(np.mean(real > signed))
    return Claim(
        key="labels",
        statement=Text(en="The real return is a better label than ±1", zh="直接以五日收益为标签优于 ±1 标签"),
        published=Text(en="stated after several backtests", zh="多次回测后得出，无数字"),
        ours=Text(
            en=f"median return {np.median(real):.1%} against {np.median(signed):.1%}; better in {better:.0%} of seeds",
            zh=f"收益中位数 {np.median(real):.1%} 对 {np.median(signed):.1%}；{better:.0%} 的种子更好",
        ),
        difference=f"{np.median(real) - np.median(signed):+.1%}",
        reason=_SEEDS,
        verdict=compared(real, signed),
    )


def _penalty(lead: Finding, held: Finding, market: str) -> list[Claim]:
    depth = [found.over_seeds("max_drawdown", market) for found in (lead, held)]
    trades = [_median(found, "trades", market) for found in (lead, held)]
    inside = [_median(found, "bars_in_market", market) for found in (lead, held)]
    before, after = (float(np.median(each)) for each in depth)
    return [
        Claim(
            key="l2-drawdown",
            statement=Text(en="L2 lowers the maximum drawdown", zh="加入 L2 正则后最大回撤下降"),
            published=Text(en="lower in both backtests", zh="两种回测均下降"),
            ours=Text(
                en=f"median {before:.1%} without, {after:.1%} with L2 0.001",
                zh=f"中位数：无 L2 {before:.1%}，L2 0.001 为 {after:.1%}",
            ),
            difference=f"{after - before:+.1%}",
            reason=_SEEDS,
            verdict=compared(depth[1], depth[0]),
        ),
        Claim(
            key="l2-trades",
            statement=Text(en="L2 trades less and stays out longer", zh="加入 L2 后做单次数减少、空仓期更长"),
            published=Text(en="19 → 17 trades", zh="做单 19 → 17 次"),
            ours=Text(
                en=f"{trades[0]:g} → {trades[1]:g} trades, {inside[0]:.0f} → {inside[1]:.0f} bars in the market",
                zh=f"做单 {trades[0]:g} → {trades[1]:g} 次，持仓 {inside[0]:.0f} → {inside[1]:.0f} 根K线",
            ),
            difference=f"{trades[1] - trades[0]:+g}",
            reason=_SEEDS,
            verdict=judged("holds" if trades[1] < trades[0] and inside[1] < inside[0] else "fails", trades, inside),
        ),
    ]


def _bias(held: list[Finding]) -> Claim:
    shares = [float(np.median(found.over_seeds("share_above_zero"))) for found in held]
    listed = ", ".join(f"{found.study.title.en}: {share:.0%}" for found, share in zip(held, shares, strict=True))
    return Claim(
        key="l2-bias",
        statement=Text(en="A wrong coefficient pushes the forecasts to one sign", zh="不合适的正则系数使预测偏向一侧"),
        published=_STATED,
        ours=Text(en=f"share of forecasts above zero — {listed}", zh=f"预测为正的比例：{listed}"),
        difference="–",
        reason=Text(en="One-sided where one sign takes 90 % of all forecasts.", zh="一侧占比达 90% 即视为偏置。"),
        verdict=judged("holds" if max(*shares, 1 - min(shares)) >= 0.9 else "fails", shares),
    )


def _two_inputs(lead: Finding, two: Finding, market: str) -> Claim:
    made = [_median(found, "total_return", market) for found in (lead, two)]
    depth = [_median(found, "max_drawdown", market) for found in (lead, two)]
    lower, smaller = made[1] < made[0], depth[1] > depth[0]
    return Claim(
        key="two-inputs",
        statement=Text(en="The second input lowers the return and the drawdown", zh="双输入模型收益降低但回撤更小"),
        published=Text(en="lower return, smaller drawdown", zh="收益相对下降，回撤更小"),
        ours=Text(
            en=f"return {made[0]:.1%} → {made[1]:.1%}, drawdown {depth[0]:.1%} → {depth[1]:.1%}",
            zh=f"收益 {made[0]:.1%} → {made[1]:.1%}，回撤 {depth[0]:.1%} → {depth[1]:.1%}",
        ),
        difference=f"{made[1] - made[0]:+.1%}, {depth[1] - depth[0]:+.1%}",
        reason=_SEEDS,
        verdict=judged("holds" if lower and smaller else "unclear" if lower or smaller else "fails", made, depth),
    )


def _falls(two: Finding) -> Claim:
    covered, base, chance = (
        float(np.median(two.over_seeds(name))) for name in ("falls_covered", "falls_base_rate", "falls_p")
    )
    return Claim(
        key="falls",
        statement=Text(
            en="The negative spells of the two-input model cover most sharp falls",
            zh="双输入模型预测为负的时段覆盖了大多数大幅下跌",
        ),
        published=Text(en="shown on a chart, no figure", zh="仅图示，无数字"),
        ours=Text(
            en=f"{covered:.0%} of the worst 5 % of bars, while negative on {base:.0%} of all bars; p {chance:.2f}",
            zh=f"覆盖最差 5% 交易日的 {covered:.0%}，而全部交易日中为负者占 {base:.0%}；p = {chance:.2f}",
        ),
        difference=f"{covered - base:+.0%}",
        reason=Text(
            en="Difference to the base rate: what a model covers by being negative often is no merit.",
            zh="差异为与基准比例之差：经常为负自然覆盖更多。",
        ),
        verdict=judged("fails" if covered <= 0.5 else "holds" if chance < 0.05 else "unclear", covered, base, chance),
    )


def _seeds(lead: Finding, market: str) -> Claim:
    made = lead.over_seeds("total_return", market)
    low, high = (float(q) for q in np.quantile(made, [0.25, 0.75]))
    return Claim(
        key="seeds",
        statement=Text(en="Results vary with the initial weights", zh="初始化权重不同，预测与回测结果会有差别"),
        published=_STATED,
        ours=Text(
            en=f"total return from {made.min():.1%} to {made.max():.1%} over {len(made)} seeds (quartiles {low:.1%} to {high:.1%})",
            zh=f"{len(made)} 个种子的总收益为 {made.min():.1%} 至 {made.max():.1%}（四分位 {low:.1%} 至 {high:.1%}）",
        ),
        difference="–",
        reason=Text(en="Therefore no single run is reported.", zh="因此不报告任何单次运行。"),
        verdict=judged("holds" if high - low > 0.05 else "fails", made),
    )


def _median(found: Finding, name: str, market: str) -> float:
    return found.median(name, market)


def compared(better: FloatArray, worse: FloatArray) -> Verdict:
    """Holds where the median agrees and at least three quarters of the seeds do; unclear where only the median does.

    One seed decides nothing.

    >>> compared(np.array([2.0]), np.array([1.0]))
    'unclear'

    >>> compared(np.array([2.0, 3.0]), np.array([1.0, 2.0])), compared(np.array([2.0]), np.array([np.nan]))
    ('holds', 'not tested')
    """
    if better.size == 1 and worse.size == 1:
        return judged("unclear", better, worse)
    if np.median(better) <= np.median(worse):
        return judged("fails", better, worse)
    return judged("holds" if np.mean(better > worse) >= 0.75 else "unclear", better, worse)
