"""What the stock-selection document says, statement by statement, beside what was found here.

The document prints no figure: its claims are words, and so what must hold for each is said here, in code.
"""

import numpy as np

from tidegate.study.findings import Finding, Findings
from tidegate.study.luck import no_placebos, percentile
from tidegate.study.selected import leading
from tidegate.study.verdicts import Verdict, judged, ledger_of
from tidegate.study.words import GLOSSARY
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text

__all__ = ["claims", "reach_of"]

_SURE, _LUCK, _CLEAR = 0.05, 0.95, 0.05
_FLAT, _RUINED = 1e-4, 1e-3
"""Rises of the test loss that are nothing, and that undo a rank IC of 0.03; named before looking."""
_STATED = Text(en="stated, no figure", zh="仅文字，无数字")


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims; a trial that was not run is said to be not tested."""
    told = (
        _beats(findings["published"], findings["walk"]),
        _informs(findings["walk"]),
        _better(findings["walk"]),
        _reaches(findings),
        _fits(findings["published"]),
    )
    return ledger_of(told)


def _market(found: Finding) -> str:
    return next(reversed(found.books))


def _beats(published: Finding, walk: Finding) -> Claim:
    market = _market(published)
    gained = published.over_seeds("excess_return", market)
    place = percentile(published, market)
    honest = walk.over_seeds("excess_return", _market(walk))
    yard = GLOSSARY[published.books[market].benchmark]
    luck = Text(en=f"; {place:.0%} of placebos earned less", zh=f"；{place:.0%} 的对照收益更低")
    if not np.isfinite(place):
        none = no_placebos(published, market)
        luck = Text(en=f"; no placebo stands beside it: {none.en}", zh=f"；没有对照可比：{none.zh}")
    return Claim(
        key="beats",
        statement=Text(en="The backtest stands out far above the benchmark", zh="回测表现突出，远超基准"),
        published=_STATED,
        ours=Text(
            en=f"{np.median(gained):+.1%} a year over {yard.en} ({gained.min():+.1%} … {gained.max():+.1%} over seeds){luck.en}",
            zh=f"相对{yard.zh}年化 {np.median(gained):+.1%}（各种子 {gained.min():+.1%} 至 {gained.max():+.1%}）{luck.zh}",
        ),
        difference="–",
        reason=Text(
            en=f"The document's rules, timed honestly. Trained anew every year and entered and left at the next open: "
            f"{np.median(honest):+.1%} a year. Holds where every seed is above the benchmark and the median one above 95 % "
            "of placebos, which trade the same way on other shares' forecasts.",
            zh=f"按原文规则、时点诚实。逐年重训、次日开盘进出：年化 {np.median(honest):+.1%}。须全部种子高于基准，且种子中位数高于 95% 的"
            "对照（以其他股票的预测同样交易），方为成立。",
        ),
        verdict=_judged(
            (gained,) if np.median(gained) <= 0 else (gained, place),
            held=bool((gained > 0).all() and place >= _LUCK),
            failed=bool(np.median(gained) <= 0),
        ),
    )


def _informs(walk: Finding) -> Claim:
    member = leading(walk)
    whose = Text(en="the seeds' ensemble", zh="种子集成")
    if member != "ensemble":
        whose = Text(en="the one seed", zh="单一种子")
    value, chance = walk.value("rank_ic", member), walk.value("rank_ic_p", member)
    return Claim(
        key="informs",
        statement=Text(
            en="The market remembers: what was tells the next five days' returns",
            zh="历史会重演：过往信息可预测未来五日收益",
        ),
        published=_STATED,
        ours=Text(en=f"rank IC {value:.3f}, p {chance:.3f}", zh=f"秩 IC {value:.3f}，p 值 {chance:.3f}"),
        difference="–",
        reason=Text(
            en=f"Of {whose.en}, walked forward, by date among all shares; p allows for overlapping labels.",
            zh=f"逐年滚动的{whose.zh}，按日在全部股票间计算；p 值已计标签重叠。",
        ),
        verdict=_judged((value, chance), held=value > 0 and chance < _SURE, failed=value <= 0),
    )


def _better(walk: Finding) -> Claim:
    """Whether a network that remembers ranks better than models that don't: every seed above the best rival."""
    rivals = {
        rival.name: walk.value("rank_ic", rival.name)
        for rival in walk.study.rivals
        if rival.name in walk.forecasts and np.isfinite(walk.value("rank_ic", rival.name))
    }
    seeds = walk.over_seeds("rank_ic")
    best = max(rivals, key=lambda name: rivals[name], default="")
    top = rivals.get(best, float("nan"))
    words = GLOSSARY.get(best, Text.same(best or "–"))
    return Claim(
        key="better",
        statement=Text(
            en="A recurrent network makes more of a series than models of one cross-section",
            zh="循环网络比单一截面模型更能利用时序信息",
        ),
        published=_STATED,
        ours=Text(
            en=f"rank IC {np.median(seeds):.3f} ({seeds.min():.3f} … {seeds.max():.3f} over seeds); best rival, {words.en}: "
            f"{top:.3f}",
            zh=f"秩 IC {np.median(seeds):.3f}（各种子 {seeds.min():.3f} 至 {seeds.max():.3f}）；最好的对手（{words.zh}）{top:.3f}",
        ),
        difference=f"{np.median(seeds) - top:+.3f}",
        reason=Text(
            en="Rivals see the same days or fewer, fitted in one go on the same ranges. Holds where every seed is above all.",
            zh="对手看到相同或更少的日数，在相同区间一次拟合。须全部种子高于所有对手方为成立。",
        ),
        verdict=_judged((seeds, top), held=bool((seeds > top).all()), failed=bool((seeds <= top).all())),
    )


def reach_of(found: Finding) -> float:
    """What of the gradient of the hidden state is left at the oldest row, of that at the newest; NaN if not watched."""
    fitted = next(iter(found.learned.values()), None)
    if fitted is None or "lags.norm" not in fitted.traces.arrays:
        return float("nan")
    norms: FloatArray = np.asarray(fitted.traces.arrays["lags.norm"], dtype=np.float64)
    hidden = norms[-1, 0, fitted.traces.names["gates"].index("hidden")]
    return float(hidden[-1] / hidden[0]) if hidden[0] > 0 else float("nan")


def _reaches(findings: Findings) -> Claim:
    there = "try-base" in findings and "try-rnn" in findings
    lstm, rnn = (reach_of(findings[name]) for name in ("try-base", "try-rnn")) if there else (float("nan"),) * 2
    known = bool(np.isfinite(lstm) and np.isfinite(rnn))
    return Claim(
        key="reaches",
        statement=Text(en="The LSTM eases the plain RNN's vanishing gradient", zh="LSTM 缓解了普通 RNN 的梯度消失"),
        published=_STATED,
        ours=Text(
            en=f"of the newest day's gradient the oldest keeps {lstm:.2f} in the LSTM, {rnn:.2f} in the RNN",
            zh=f"最早一日梯度与最近一日之比：LSTM 为 {lstm:.2f}，RNN 为 {rnn:.2f}",
        )
        if known
        else Text(en="not run", zh="未运行"),
        difference=f"{lstm - rnn:+.2f}" if known else "–",
        reason=Text(
            en="Of one trained network each (the trials' first seed), over a window of five days, which is short for a "
            "gradient to vanish in.",
            zh="各取一个训练后的网络（对照试验首个种子），窗口仅五日，梯度本不易在其中消失。",
        ),
        verdict=_judged((lstm, rnn), held=lstm > rnn + _CLEAR, failed=lstm < rnn - _CLEAR),
    )


def _fits(published: Finding) -> Claim:
    """Whether dropout kept the network from fitting noise: the test loss of no seed rises again."""
    told = [[entry["watched"]["test"] for entry in history] for history in published.histories.values()]
    rise = np.array([line[-1] / min(line) - 1.0 for line in told])
    return Claim(
        key="fits",
        statement=Text(en="Dropout keeps the network from overfitting", zh="Dropout 防止过拟合"),
        published=_STATED,
        ours=Text(
            en=f"at the last epoch the test loss lies {np.median(rise):.2%} above its lowest (median seed; at most {rise.max():.2%})",
            zh=f"末轮测试损失较最低值高 {np.median(rise):.2%}（种子中位数；最多 {rise.max():.2%}）",
        ),
        difference="–",
        reason=Text(
            en="The labels are standardised: a rank IC of 0.03 is worth some 0.1 % of this loss, so a rise by as much undoes "
            "it. Without dropout nothing was trained here: this says how much was overfitted, not what prevented it.",
            zh="标签已标准化：秩 IC 0.03 的能力仅值该损失的约 0.1%，上升同样幅度即抵消。此处未训练不含 Dropout 的网络：只能说明过拟合多少，不能说明原因。",
        ),
        verdict=_judged((rise,), held=bool((rise <= _FLAT).all()), failed=bool(np.median(rise) > _RUINED)),
    )


def _judged(measures: tuple[FloatArray | float, ...], *, held: bool, failed: bool) -> Verdict:
    return judged("holds" if held else "fails" if failed else "unclear", *measures)
