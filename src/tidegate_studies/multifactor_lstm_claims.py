"""What the multi-factor LSTM document says, statement by statement, beside what was found here."""

import numpy as np

from tidegate.evaluate.variants import compare_variants
from tidegate.prepare.split import WalkForward
from tidegate.study.classified import held_accuracy
from tidegate.study.findings import Finding, Findings
from tidegate.study.verdicts import Verdict, judged, ledger_of, untested
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text
from tidegate_studies.multifactor_settling import converged

__all__ = ["claims", "earned", "held_accuracy", "told"]

_SPLITS = ("split-random", "split-stock", "split-month", "split-time")
_SURE, _EQUAL, _HALF = 0.05, 0.01, 0.5
_SAMPLES = 180_000
_BOTH = 0.0225
"""Half of what the surest 30 % earn more in the document; named before looking."""
_WAYS = {"split-random": "随机", "split-stock": "按股票", "split-month": "按月份", "split-time": "按时间"}


def claims(findings: Findings) -> tuple[Claim, ...]:
    """The ledger of claims; a trial that was not run is said to be not tested."""
    lead = findings["published"]
    made = (
        _samples(lead),
        converged(findings),
        _held(lead),
        *([_leak(findings)] if all(name in findings for name in _SPLITS) else []),
        _outside(lead),
        told(lead, "groups", Text(en="by predicted class", zh="按预测类别分组"), (0.045, 0.75)),
        told(lead, "top_groups", Text(en="by the surest 30 % of each class", zh="按激活值前 30% 分组"), (0.09, 0.90)),
        _surer(lead),
        _neutral(lead, "groups", Text(en="by predicted class", zh="按预测类别")),
        _neutral(lead, "top_groups", Text(en="among the surest 30 %", zh="激活值前 30%")),
        _settings(findings),
        _walk(findings["walk"]),
    )
    return ledger_of(made)


def told(found: Finding, prefix: str, how: Text, published: tuple[float, float] | None) -> Claim:
    """One claim of a long-short book: its total over the months, and how many of them it won.

    `published` is the total and the share of months won that the document gives, None where it gives no figure.
    """
    made = _ensemble(found, f"{prefix}_spread_total")
    wins = _ensemble(found, f"{prefix}_won")
    chance = _ensemble(found, f"{prefix}_spread_p")
    even = _ensemble(found, f"{prefix}_break_even")
    months = found.measure(f"{prefix}_won", _lead_member(found)).n or 0
    figure = Text(en="stated, no figure", zh="仅文字，无数字")
    if published is not None:
        total, won = published
        figure = Text(en=f"{total:.1%}, {won:.0%} of 12 months", zh=f"{total:.1%}，12 个月胜率 {won:.0%}")
    spoken = Text(en="the mean of the seeds' probabilities is traded", zh="以各种子概率的均值分组")
    if len(found.seeds) == 1:
        spoken = Text(en="the probabilities of the one seed are traded", zh="以单一种子的概率分组")
    return Claim(
        key=f"spread-{prefix.replace('_', '-')}",
        statement=Text(
            en=f"The long-short of groups {how.en} earns, and wins most months",
            zh=f"{how.zh}的多空组合获利，且多数月份为正",
        ),
        published=figure,
        ours=Text(en="no month has both groups", zh="没有任何一期多空俱全")
        if not months
        else Text(
            en=f"{made:.1%} over {months} months, {wins:.0%} of them won; p of its mean {chance:.2f}; a cost of "
            f"{even:.2%} a trade leaves nothing",
            zh=f"{months} 个月合计 {made:.1%}，胜率 {wins:.0%}；均值的 p 值 {chance:.2f}；每笔交易成本 {even:.2%} 即归零",
        ),
        difference="–" if published is None or not months else f"{made - published[0]:+.1%}",
        reason=Text(
            en=f"Frictionless, equal weight, from close to close as printed; {spoken.en}.",
            zh=f"按原文：无成本、等权、收盘到收盘；{spoken.zh}。",
        ),
        verdict=earned(made, wins, chance, 0.0 if published is None else published[0] / 2),
    )


def earned(made: float, wins: float, chance: float, least: float) -> Verdict:
    """Say whether a long-short earned and won most months: all of it, surely and at least `least`; or lost.

    >>> earned(0.05, 0.4, 0.01, 0.02), earned(0.05, 0.75, 0.01, 0.02), earned(-0.01, 0.6, 0.9, 0.02)
    ('unclear', 'holds', 'fails')
    >>> earned(float("nan"), 0.75, 0.01, 0.02)
    'not tested'
    """
    held = chance < _SURE and made >= least and wins > _HALF
    return judged("fails" if made <= 0 else "holds" if held else "unclear", made, wins, chance)


def _lead_member(found: Finding) -> str:
    return "ensemble" if "ensemble" in found.forecasts else found.seeds[0]


def _ensemble(found: Finding, name: str) -> float:
    return found.value(name, _lead_member(found))


def _samples(lead: Finding) -> Claim:
    fold = lead.folds[0]
    count = int(fold.training(lead.windows).sum())
    return Claim(
        key="samples",
        statement=Text(en="Training samples from 2007-05 to 2016-04", zh="2007-05 至 2016-04 的训练样本数"),
        published=Text(en="more than 180,000", zh="超过 18 万"),
        ours=Text(en=f"{count:,}", zh=f"{count:,}"),
        difference=f"{count - _SAMPLES:+,}",
        reason=Text(
            en=f"Prices of the panel at hand begin in {str(lead.bars.times[0])[:7]}; the document's first window of 24 months "
            "ends in 2007-05. Labels known after the cut are purged.",
            zh=f"现有行情自 {str(lead.bars.times[0])[:7]} 起；原文首个 24 个月窗口止于 2007-05。切分点之后才可知的标签已剔除。",
        ),
        verdict="holds" if count >= _SAMPLES else "fails",
    )


def _held(lead: Finding) -> Claim:
    accuracy, common = held_accuracy(lead)
    middle = float(np.median(accuracy))
    return Claim(
        key="held-out",
        statement=Text(en="Accuracy on a tenth held out at random converges", zh="随机留出的 10% 样本准确率收敛"),
        published=Text(en="85–90 %", zh="85%–90%"),
        ours=Text(
            en=f"median {middle:.1%} ({accuracy.min():.1%} … {accuracy.max():.1%}); always naming the commonest class "
            f"{common:.1%}",
            zh=f"中位数 {middle:.1%}（{accuracy.min():.1%} 至 {accuracy.max():.1%}）；恒报最常见类别 {common:.1%}",
        ),
        difference=f"{middle - 0.875:+.1%}",
        reason=Text(
            en=f"After {_iterations(lead)} iterations, as printed. Shares of one month move together, and every held-out "
            "month was also learned from: whatever comes above the commonest class is first of all the month recognised.",
            zh=f"按原文迭代 {_iterations(lead)} 次。同月股票同涨同跌，而留出样本所在月份均参与训练：高出部分首先是“认出月份”。",
        ),
        verdict=judged("holds" if middle >= 0.85 else "fails", accuracy),
    )


def _iterations(found: Finding) -> int:
    training = found.study.training
    assert training is not None
    return training.epochs * int(getattr(training.sampling, "count", 0))


def _leak(findings: Findings) -> Claim:
    held = {name: held_accuracy(findings[name]) for name in _SPLITS}
    gains = {name: float(np.median(one)) - common for name, (one, common) in held.items()}
    told = {name: (f"{np.median(held[name][0]):.1%}", f"{gains[name]:+.1%}") for name in held}
    said = ", ".join(f"{name.removeprefix('split-')} {made} ({above})" for name, (made, above) in told.items())
    chinese = "、".join(f"{_WAYS[name]} {made}（{above}）" for name, (made, above) in told.items())
    random, purged = gains["split-random"], gains["split-time"]
    gone = min(max(1 - purged / random, 0.0), 1.0) if random > _EQUAL else float("nan")
    lost = Text(
        en=f"the random tenth is not {_EQUAL:.0%} above its commonest class: too little to say how much of it is lost",
        zh=f"随机留出高出其最常见类别不足 {_EQUAL:.0%}，谈不上消失多少",
    )
    if np.isfinite(gone):
        lost = Text(
            en=f"{gone:.0%} of what the random tenth is above its own is gone when later months are held out whole",
            zh=f"改为按时间整月留出后，随机留出高于最常见类别的部分消失 {gone:.0%}",
        )
    count = _iterations(findings["split-random"])
    return Claim(
        key="leak",
        statement=Text(
            en="Held-out accuracy says what the network can do on months to come",
            zh="留出准确率反映对未来月份的预测能力",
        ),
        published=Text(en="85–90 % held out, a little above 50 % after", zh="留出 85%–90%，样本外略高于 50%"),
        ours=Text(
            en=f"held out by {said}, in brackets above the commonest class held out; {lost.en}",
            zh=f"按方式留出：{chinese}，括号内为高于留出样本最常见类别的部分；{lost.zh}",
        ),
        difference=f"{purged - random:+.1%}",
        reason=Text(
            en=f"One network, {count} iterations, four ways of holding out. At random, a window shares 23 of its 24 months "
            "with its neighbours, and its month with thousands of others.",
            zh=f"同一网络迭代 {count} 次，四种留出方式。随机留出时窗口与邻近样本共享 23 个月，并与数千样本同月。",
        ),
        verdict=judged("fails" if _apart(held, 2 * _EQUAL) else "holds" if _alike(held) else "unclear", random, purged),
    )


def _apart(held: dict[str, tuple[FloatArray, float]], gap: float) -> bool:
    """Whether every seed gains more on the random tenth than any does on later months, by more than `gap`."""
    one, other = (held[name][0] - held[name][1] for name in ("split-random", "split-time"))
    return one.size > 1 and other.size > 1 and bool(one.min() - other.max() > gap)


def _alike(held: dict[str, tuple[FloatArray, float]]) -> bool:
    """Whether every seed gains something on later months, and hardly less than any does on the random tenth."""
    one, other = (held[name][0] - held[name][1] for name in ("split-random", "split-time"))
    return one.size > 1 and other.size > 1 and bool(other.min() > _EQUAL and other.min() >= one.max() - _EQUAL)


def _outside(lead: Finding) -> Claim:
    accuracy = lead.median("class_accuracy")
    majority, oracle = (_ensemble(lead, name) for name in ("class_majority", "class_oracle"))
    above = lead.median("class_dealt")
    return Claim(
        key="outside",
        statement=Text(en="Accuracy out of sample, in the twelve months after", zh="样本外 12 个月的准确率"),
        published=Text(en="a little above 50 %", zh="略高于 50%"),
        ours=Text(
            en=f"median {accuracy:.1%}; always the commonest class {majority:.1%}; each month's commonest class {oracle:.1%}",
            zh=f"中位数 {accuracy:.1%}；恒报最常见类别 {majority:.1%}；每月报当月最常见类别 {oracle:.1%}",
        ),
        difference=f"{accuracy - 0.5:+.1%}",
        reason=Text(
            en=f"Less the same answers dealt out within each month {above:+.2%}, median over seeds: "
            "that part alone tells shares apart.",
            zh=f"与同月内随机打乱的同样答案相比，种子中位数 {above:+.2%}，只有这一部分是选股能力。",
        ),
        verdict=judged("holds" if accuracy > 0.5 else "fails", accuracy),
    )


def _surer(lead: Finding) -> Claim:
    plain, sure = (_ensemble(lead, f"{prefix}_spread_total") for prefix in ("groups", "top_groups"))
    return Claim(
        key="surer",
        statement=Text(
            en="The surest 30 % of each class part more than all that are named so",
            zh="激活值前 30% 的组合区分比全部股票更准确",
        ),
        published=Text(en="9.0 % against 4.5 % over the months", zh="期间 9.0% 对 4.5%"),
        ours=Text(en=f"{sure:.1%} against {plain:.1%}", zh=f"{sure:.1%} 对 {plain:.1%}"),
        difference=f"{sure - plain - 0.045:+.1%}",
        reason=Text(
            en="Both long-short, frictionless, of the same forecasts and few months: no test is made of one difference.",
            zh="同一预测、同样少数月份的两种无成本多空组合：仅一个差值，未作检验。",
        ),
        verdict=judged("fails" if sure <= plain else "holds" if sure - plain >= _BOTH else "unclear", sure, plain),
    )


def _neutral(lead: Finding, prefix: str, how: Text) -> Claim:
    between = _ensemble(lead, f"{prefix}_between")
    return Claim(
        key="neutral" if prefix == "groups" else "neutral-sure",
        statement=Text(en=f"The neutral group is forecast badly, {how.en}", zh=f"中性组合预测效果较差（{how.zh}）"),
        published=Text(en="fails, no figure", zh="效果差，无数字"),
        ours=Text(en="no date has all three groups", zh="没有任何一期三组俱全")
        if not np.isfinite(between)
        else Text(
            en=f"its return lay between the others in {between:.0%} of the months; luck gives a third",
            zh=f"{between:.0%} 的月份收益位于另两组之间；纯属运气时为三分之一",
        ),
        difference="–",
        reason=Text(en="A third is what a group that says nothing would show.", zh="三分之一即毫无信息的水平。"),
        verdict=judged("holds" if between < 0.5 else "fails", between),
    )


def _settings(findings: Findings) -> Claim:
    names = ["base", *(name for name in findings.found if name.startswith("set-"))]
    statement = Text(
        en="Batch, units, layers, rate and held-out share do not matter",
        zh="批量、单元数与层数、学习率、留出比例均不敏感",
    )
    published = Text(en="stated, no figure", zh="仅文字，无数字")
    if len(names) == 1:
        left = Text(
            en="These trials were not run; the quick form leaves them out.", zh="未运行这些对照（快速版不含）。"
        )
        return untested("settings", statement, published, left)
    values = {name: findings[name].over_seeds("class_accuracy") for name in names}
    made = compare_variants(values, margin=_EQUAL, level=0.95)
    others = [one for one in made.variants if one.verdict != "reference"]
    counts = {kind: sum(one.verdict == kind for one in others) for kind in ("equal", "differs", "open")}
    widest = max(others, key=lambda one: abs(one.difference))
    named = findings[widest.key].study.title
    apart = {
        one.key: f"{one.difference:+.1%}, {one.low:+.1%} … {one.high:+.1%}"
        for one in others
        if one.verdict == "differs"
    }
    which, chinese = (
        "; ".join(f"“{getattr(findings[key].study.title, language)}” ({how})" for key, how in apart.items())
        for language in ("en", "zh")
    )
    return Claim(
        key="settings",
        statement=statement,
        published=published,
        ours=Text(
            en=f"of {len(others)} changes {counts['equal']} are equal within {_EQUAL:.0%} accuracy, {counts['differs']} "
            f"differ{f': {which}' if apart else ''}, {counts['open']} are open; the largest is “{named.en}” ({widest.difference:+.1%})",
            zh=f"{len(others)} 项改动中，{counts['equal']} 项在 {_EQUAL:.0%} 以内相同，{counts['differs']} 项不同{f'：{chinese}' if apart else ''}，{counts['open']} 项未定；"
            f"最大为“{named.zh}”（{widest.difference:+.1%}）",
        ),
        difference="–",
        reason=Text(
            en="Accuracy out of sample over seeds, Welch's interval of each difference, corrected for their number; one seed "
            "has none.",
            zh="按种子统计样本外准确率，逐项 Welch 区间，并按检验次数校正；仅一个种子时没有区间。",
        ),
        verdict=judged(
            "fails" if counts["differs"] else "holds" if counts["equal"] == len(others) else "unclear",
            [one.low for one in others],
        ),
    )


def _walk(walk: Finding) -> Claim:
    made = _ensemble(walk, "top_groups_spread")
    chance = _ensemble(walk, "top_groups_spread_p")
    dealt = _ensemble(walk, "class_dealt")
    months = walk.measure("top_groups_won", _lead_member(walk)).n or 0
    trained = Text(en="trained once, in at the next open", zh="一次训练、次月开盘成交")
    if isinstance(walk.study.split, WalkForward):
        trained = Text(en="trained anew every year, in at the next open", zh="逐年重新训练、次月开盘成交")
    return Claim(
        key="walk",
        statement=Text(
            en="The network's probabilities tell shares that will rise from those that will fall",
            zh="网络给出的概率能区分上涨与下跌的股票",
        ),
        published=Text(en="stated for 12 months after one training", zh="仅一次训练后的 12 个月"),
        ours=Text(
            en=f"{trained.en}: {made:+.2%} a month between the surest 30 % over {months} "
            f"months (p {chance:.2f}); accuracy above answers dealt out within the month {dealt:+.2%}",
            zh=f"{trained.zh}：前 30% 多空每月 {made:+.2%}，共 {months} 个月（p {chance:.2f}）；高于同月打乱答案 {dealt:+.2%}",
        ),
        difference="–",
        reason=Text(
            en="Before costs. This, not the random tenth, is what somebody trading along could have had.",
            zh="未计成本。这才是逐年实盘者可能得到的结果，而非随机留出的准确率。",
        ),
        verdict=judged("holds" if made > 0 and chance < _SURE else "fails" if made <= 0 else "unclear", made, chance),
    )
