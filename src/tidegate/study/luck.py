"""The headline's word on luck: where a result stands among its placebos, or why there are none."""

import numpy as np

from tidegate.strategy.placebo import FEW_GATES
from tidegate.strategy.within_bar import WithinBar
from tidegate.study.books import BookSet
from tidegate.study.findings import Finding
from tidegate.study.words import GLOSSARY
from tidegate.types.report import Text

__all__ = ["among_placebos", "no_placebos", "percentile"]

_LUCK = 0.95
_KINDS = {
    "random gates": Text(en="Random gates of the same exposure", zh="同等持仓的随机择时"),
    "random sides": Text(en="The same sides in another order", zh="次序打乱的同样方向"),
    "permuted assets": Text(en="The same strategy on the scores of other assets", zh="以其他标的得分运行的同一策略"),
    "shuffled scores": Text(en="The same strategy on shuffled scores", zh="以打乱得分运行的同一策略"),
}
_UNASKED = Text(en="the study asks for none", zh="该研究未要求对照")
_ORDERS = Text(
    en=f"what it decided has fewer than {FEW_GATES} different arrangements", zh=f"其决策的不同排列少于 {FEW_GATES} 种"
)
_ALWAYS = frozenset({"always-long"})
_SIDES = {"buy": Text(en="long", zh="做多"), "sell": Text(en="short", zh="做空")}


def among_placebos(lead: Finding, market: str) -> Text:
    """Say how many placebos earned less than the median seed of a study in one market; without any, why not.

    Known at: after the last close of the books.
    """
    place = percentile(lead, market)
    if not np.isfinite(place):
        why = no_placebos(lead, market)
        return Text(
            en=f"No placebo stands beside it, so that luck is not ruled out: {why.en}.",
            zh=f"没有对照可比，无法排除运气：{why.zh}。",
        )
    luck, several = place < _LUCK, len(lead.traders(market)) > 1
    kind = _KINDS[lead.books[market].placebos]
    of = Text(en=" (the median of the seeds' percentiles)", zh="（各种子分位的中位数）") if several else Text.same("")
    said = Text(en="that is within luck", zh="仍在运气范围之内")
    if not luck:
        said = Text(en="more than luck explains at the 5 % level, for one trial", zh="单次检验下在 5% 水平超出运气")
    return Text(
        en=f"{kind.en} earned less in {place:.1%} of cases{of.en}: {said.en}.",
        zh=f"{kind.zh}有 {place:.1%} 的收益更低{of.zh}：{said.zh}。",
    )


def percentile(found: Finding, market: str, name: str = "total_return") -> float:
    """The share of placebos that did worse than a study's seeds, their median: 0 … 1, NaN without placebos.

    Known at: after the last close of the books.
    """
    return found.median(f"{name}_percentile", market) if found.books[market].gates else float("nan")


def no_placebos(found: Finding, market: str) -> Text:
    """Why no seed of a study has placebos in one market: half a sentence.

    None was asked for; or a rule did the same throughout, which no other order differs from; or too few orders differ.
    Known at: after the last close of the books.
    """
    if found.study.gates == 0:
        return _UNASKED
    held = found.books[market]
    if isinstance(found.study.strategy, WithinBar):
        return _one_side(held, found.traders(market))
    states = {value for member in found.traders(market) for value in _states(held, member)}
    if states == {0.0}:
        return Text(en="it was never in the market", zh="从未持仓")
    if states == {1.0}:
        return Text(en="it was in the market at all closes, as “buy and hold” is", zh="始终持仓，与“买入持有”相同")
    return _ORDERS


def _states(held: BookSet, member: str) -> set[float]:
    """What a timing wanted, each value once; nothing of a selection, whose gate says more than its exposure."""
    return set() if held.selects else {float(value) for value in np.unique(np.nan_to_num(held.wanted[member]))}


def _one_side(held: BookSet, members: tuple[str, ...]) -> Text:
    opened = [held.ledgers[member].fills.unique("trip", keep="first", maintain_order=True) for member in members]
    sides = {side for entries in opened for side in entries["side"]}
    if not sides:
        return Text(en="it never opened a trade", zh="从未开仓")
    if len(sides) > 1:
        return _ORDERS
    side, bars = _SIDES[sides.pop()], sorted({entries.height for entries in opened})
    count = f"{bars[0]:,}" if len(bars) == 1 else f"{bars[0]:,}–{bars[-1]:,}"
    same = [m for m in held.members if m in _ALWAYS and all(_equal(held, m, member) for member in members)]
    words = GLOSSARY[same[0]] if same else Text.same("")
    always = (
        Text(en=f", which is the very account of “{words.en}”", zh=f"，与“{words.zh}”的账户完全相同") if same else words
    )
    return Text(
        en=f"it took the same side ({side.en}) on all {count} bars that it traded{always.en}",
        zh=f"所交易的 {count} 根K线方向全部相同（{side.zh}）{always.zh}",
    )


def _equal(held: BookSet, rival: str, member: str) -> bool:
    return np.array_equal(held.equity(rival), held.equity(member))
