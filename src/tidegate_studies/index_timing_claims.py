"""What the index-timing document says, statement by statement, beside what was found here."""

from typing import Literal

import numpy as np

from tidegate.measures.scores import ic
from tidegate.study.findings import Finding, Findings
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text

__all__ = ["claims"]

_LEAD, _SIGN, _TWO, _PENALISED = (
    "b1-return",
    "b1-sign",
    "b1-two-inputs",
    ("b1-l2-1e-5", "b1-l2-1e-4", "b1-l2-1e-3", "b1-l2-1e-2"),
)
_MIDDLE = "b1-l2-1e-3"
_SEEDS = Text(
    en="Medians over seeds; the document shows one run of each.", zh="此处为种子中位数；原文每种仅展示一次运行。"
)


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims; only those whose studies were run."""
    made = []
    if "b0-close" in findings:
        made.append(_trend(findings["b0-close"]))
    if {"b0-close", "b0-features"} <= set(findings.found):
        made.append(_more_features(findings["b0-close"], findings["b0-features"]))
    if not findings[findings.lead].books:
        return tuple(made)
    lead = findings[_LEAD]
    market = next(iter(lead.books))
    made.append(_against_holding(lead, market))
    made.append(_labels(lead, findings[_SIGN], market))
    made.extend(_penalty(lead, findings[_MIDDLE], market))
    made.append(_bias([findings[name] for name in _PENALISED]))
    made.append(_two_inputs(lead, findings[_TWO], market))
    made.append(_falls(findings[_TWO]))
    made.append(_seeds(lead, market))
    made.append(
        Claim(
            key="ranker",
            published="drawdown of the stock ranker clearly reduced",
            ours="not run here",
            difference="–",
            verdict="not tested",
            statement=Text(
                en="As a gate over a stock ranker the timing improves the ranker's drawdown",
                zh="作为选股模型的择时信号，可显著改善回撤",
            ),
            reason=Text(
                en="Needs a market of stocks; it belongs to the stock-selection study.",
                zh="需要股票市场数据，属于选股研究。",
            ),
        )
    )
    return tuple(made)


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
        published="stated, no figure",
        ours=f"next-close RMSE {ratio:.2f} × persistence; correlation of path with past 20-bar change {follow:.2f}",
        difference="–",
        reason=Text(
            en="A ratio above 1 is worse than saying that the price stays.", zh="比值大于 1 说明不如“价格不变”。"
        ),
        verdict="holds" if ratio > 1 else "fails",
    )


def _slopes(found: Finding) -> tuple[FloatArray, FloatArray]:
    """Past change over as many bars as the path is long, and the change that the path foresees; means over seeds."""
    times, close = found.bars.times, found.bars.adjusted("close")
    pasts, ahead = [], []
    for held in found.paths.values():
        steps = int(held["step"].max())  # type: ignore[arg-type]
        ends = held.filter(held["step"] == steps).sort("time")
        at = np.searchsorted(times, ends["time"].to_numpy().astype("datetime64[us]"))
        pasts.append(close[at] / close[at - steps] - 1)
        ahead.append(ends["score"].to_numpy() / close[at] - 1)
    return np.mean(pasts, axis=0), np.mean(ahead, axis=0)


def _more_features(one: Finding, six: Finding) -> Claim:
    first, second = (float(np.median(found.over_seeds("rmse"))) for found in (one, six))
    return Claim(
        key="b0-features",
        statement=Text(en="More features did not help the first attempt", zh="初探模型增加特征后效果依然不好"),
        published="stated, no figure",
        ours=f"median RMSE {first:.4g} with closes, {second:.4g} with six fields; persistence {six.value('rmse', 'persistence'):.4g}",
        difference="–",
        reason=_SEEDS,
        verdict="holds" if second > six.value("rmse", "persistence") else "fails",
    )


def _against_holding(lead: Finding, market: str) -> Claim:
    made, hold = _median(lead, "total_return", market), lead.value("total_return", "buy-and-hold", market)
    place = _median(lead, "total_return_percentile", market)
    return Claim(
        key="timing",
        statement=Text(en="The LSTM can time the index: its account beats holding it", zh="LSTM 可用于指数择时"),
        published="equity curve above the index",
        ours=f"median {made:.1%}, buy and hold {hold:.1%}; {place:.0%} of random gates of equal exposure earned less",
        difference=f"{made - hold:+.1%}",
        reason=Text(
            en="Without costs, as published. A percentile below 95 % is within luck.",
            zh="按原文不计成本。分位低于 95% 属于运气范围。",
        ),
        verdict="holds" if made > hold and place >= 0.95 else "unclear" if made > hold else "fails",
    )


def _labels(lead: Finding, sign: Finding, market: str) -> Claim:
    real, signed = lead.over_seeds("total_return", market), sign.over_seeds("total_return", market)
    return Claim(
        key="labels",
        statement=Text(en="The real return is a better label than ±1", zh="直接以五日收益为标签优于 ±1 标签"),
        published="stated after several backtests",
        ours=f"median return {np.median(real):.1%} against {np.median(signed):.1%}; better in {np.mean(real > signed):.0%} of seeds",
        difference=f"{np.median(real) - np.median(signed):+.1%}",
        reason=_SEEDS,
        verdict=_compared(real, signed),
    )


def _penalty(lead: Finding, held: Finding, market: str) -> list[Claim]:
    depth = [found.over_seeds("max_drawdown", market) for found in (lead, held)]
    trades = [_median(found, "trades", market) for found in (lead, held)]
    inside = [_median(found, "bars_in_market", market) for found in (lead, held)]
    return [
        Claim(
            key="l2-drawdown",
            statement=Text(en="L2 lowers the maximum drawdown", zh="加入 L2 正则后最大回撤下降"),
            published="lower in both backtests",
            ours=f"median {np.median(depth[0]):.1%} without, {np.median(depth[1]):.1%} with L2 0.001",
            difference=f"{np.median(depth[1]) - np.median(depth[0]):+.1%}",
            reason=_SEEDS,
            verdict=_compared(depth[1], depth[0]),
        ),
        Claim(
            key="l2-trades",
            statement=Text(en="L2 trades less and stays out longer", zh="加入 L2 后做单次数减少、空仓期更长"),
            published="19 → 17 trades",
            ours=f"{trades[0]:.0f} → {trades[1]:.0f} trades, {inside[0]:.0f} → {inside[1]:.0f} bars in the market",
            difference=f"{trades[1] - trades[0]:+.0f} trades",
            reason=_SEEDS,
            verdict="holds" if trades[1] < trades[0] and inside[1] < inside[0] else "fails",
        ),
    ]


def _bias(held: list[Finding]) -> Claim:
    shares = [float(np.median(found.over_seeds("share_above_zero"))) for found in held]
    one_sided = max(*shares, 1 - min(shares))
    return Claim(
        key="l2-bias",
        statement=Text(en="A wrong coefficient pushes the forecasts to one sign", zh="不合适的正则系数使预测偏向一侧"),
        published="stated, no figure",
        ours="share above zero "
        + ", ".join(f"{found.study.title.en}: {share:.0%}" for found, share in zip(held, shares, strict=True)),
        difference="–",
        reason=Text(en="One-sided where one sign takes 90 % of all forecasts.", zh="一侧占比达 90% 即视为偏置。"),
        verdict="holds" if one_sided >= 0.9 else "fails",
    )


def _two_inputs(lead: Finding, two: Finding, market: str) -> Claim:
    made = [found.over_seeds("total_return", market) for found in (lead, two)]
    depth = [found.over_seeds("max_drawdown", market) for found in (lead, two)]
    lower, smaller = np.median(made[1]) < np.median(made[0]), np.median(depth[1]) > np.median(depth[0])
    return Claim(
        key="two-inputs",
        statement=Text(en="The second input lowers the return and the drawdown", zh="双输入模型收益降低但回撤更小"),
        published="lower return, smaller drawdown",
        ours=f"return {np.median(made[0]):.1%} → {np.median(made[1]):.1%}, drawdown {np.median(depth[0]):.1%} → {np.median(depth[1]):.1%}",
        difference=f"{np.median(made[1]) - np.median(made[0]):+.1%}, {np.median(depth[1]) - np.median(depth[0]):+.1%}",
        reason=_SEEDS,
        verdict="holds" if lower and smaller else "unclear" if lower or smaller else "fails",
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
        published="stated on a chart",
        ours=f"{covered:.0%} of the worst 5 % of bars, while negative on {base:.0%} of all bars; p {chance:.2f}",
        difference=f"{covered - base:+.0%} over luck",
        reason=Text(
            en="What a model covers by being negative often is no merit: the base rate stands beside it.",
            zh="经常为负自然覆盖更多：须与基准比例对照。",
        ),
        verdict="holds" if covered > 0.5 and chance < 0.05 else "unclear" if covered > 0.5 else "fails",
    )


def _seeds(lead: Finding, market: str) -> Claim:
    made = lead.over_seeds("total_return", market)
    low, high = (float(q) for q in np.quantile(made, [0.25, 0.75]))
    return Claim(
        key="seeds",
        statement=Text(en="Results vary with the initial weights", zh="初始化权重不同，预测与回测结果会有差别"),
        published="stated, no figure",
        ours=f"total return from {made.min():.1%} to {made.max():.1%} over {len(made)} seeds (quartiles {low:.1%} to {high:.1%})",
        difference="–",
        reason=Text(en="Therefore no single run is reported.", zh="因此不报告任何单次运行。"),
        verdict="holds" if high - low > 0.05 else "fails",
    )


def _median(found: Finding, name: str, market: str) -> float:
    return float(np.median(found.over_seeds(name, market)))


def _compared(better: FloatArray, worse: FloatArray) -> Literal["holds", "unclear", "fails"]:
    """Holds where the median agrees and at least three quarters of the seeds do; unclear where only the median does."""
    if np.median(better) <= np.median(worse):
        return "fails"
    return "holds" if np.mean(better > worse) >= 0.75 else "unclear"
