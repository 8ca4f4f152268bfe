"""Sharpe ratios never stand alone: with interval, probability, deflation by the number of trials, and overfitting.

One table a market, with everybody who has a book. The trials are every seed of every traded study of this run; where
the project's trial ledger tells of more, its number counts. Beside that plain count stands the number of independent
trials that these amount to. Rivals and yardsticks are there to be beaten and were not picked, so nothing deflates them.
"""

from math import ceil
from typing import Any

import numpy as np

from tidegate.component import document
from tidegate.evaluate.doubt.deflated import deflated_sharpe
from tidegate.evaluate.doubt.effective import EffectiveTrials, effective_trials
from tidegate.evaluate.doubt.overfitting import overfitting
from tidegate.evaluate.doubt.superior import Superior, superior
from tidegate.measures.returns import periods_per_year, sharpe, simple_returns
from tidegate.report.figures.overfit import overfit
from tidegate.study.books import BookSet
from tidegate.study.findings import Finding, Findings
from tidegate.study.words import GLOSSARY, member_title
from tidegate.types.axes import FloatArray
from tidegate.types.report import Column, Figure, Role, Table, Text

__all__ = ["independent_trials", "overfit_figures", "sharpe_tables"]

_VARIANTS, _BLOCKS, _BARS_A_BLOCK, _RESAMPLES, _LEVEL = 8, (16, 8), 20, 499, 0.95
"""Variants from which on their choice is cross-validated; blocks, the first number that leaves bars enough in each;
resamples and level of the test against the benchmark."""


def sharpe_tables(findings: Findings) -> tuple[Table, ...]:
    """One table a market of the leading study: each member's Sharpe ratio with what deflates it.

    Known at
        The last bar of the books.
    Missing values
        A dash where a ratio does not exist; no deflation where one trial is known of, and none by the spread of trials'
        ratios where this run has one.
    Source
        Bailey and López de Prado (2012, 2014).
    """
    lead = findings[findings.lead]
    return tuple(_table(findings, lead, market) for market in lead.books)


def independent_trials(findings: Findings, market: str) -> tuple[int, EffectiveTrials | None] | None:
    """How many independent trials those of the leading study's market amount to, and what this run's own amount to.

    Trials of this run over the leading study's bars count as ``ceil(effective number)``; all others that are known of,
    by the trial ledger or over other bars, left no returns to compare and count in full. With one trial over these bars
    there is nothing to compare (None in the second place), and every trial that is known of counts in full.

    Known at
        The last bar of the books.
    Missing values
        None where one trial is known of, or none.
    """
    effective = _effective(findings, market, findings[findings.lead].books[market])
    if effective is None:
        count = _count(findings, market)
        return (count, None) if count > 1 else None
    return ceil(effective.number) + max(_count(findings, market) - effective.raw, 0), effective


def overfit_figures(findings: Findings) -> tuple[Figure, ...]:
    """The histogram of overfitting of each market in which at least eight trials traded the leading study's bars."""
    lead = findings[findings.lead]
    made = []
    for market, held in lead.books.items():
        moves = _shared(findings, market, held)
        blocks = next((n for n in _BLOCKS if len(held.times) >= n * _BARS_A_BLOCK), 0)
        if len(moves) < _VARIANTS or not blocks:
            continue
        found, words = overfitting(moves, blocks=blocks), GLOSSARY.get(market, Text.same(market))
        made.append(
            overfit(
                f"overfit-{market}",
                Text(en=f"Picking the best of all fits: {words.en}", zh=f"挑选全部拟合中的最好者：{words.zh}"),
                found.logits,
                probability=found.probability,
                loss=found.loss,
                variants=found.variants,
                blocks=found.blocks,
                note=Text(
                    en="Variants are every seed of every study of this run that traded these bars.",
                    zh="变体为本次运行中在这些K线上交易的各研究的每个种子。",
                ),
            )
        )
    return tuple(made)


def _table(findings: Findings, lead: Finding, market: str) -> Table:
    held = lead.books[market]
    ratios, count = _ratios(findings, market), _count(findings, market)
    variance = float(ratios.var(ddof=1)) if ratios.size > 1 else float("nan")
    independent = independent_trials(findings, market)
    counts = count, 0 if independent is None else independent[0]
    rows: list[dict[str, Any]] = []
    roles: list[Role] = []
    for name, found in findings.found.items():
        if market in found.books and found.books[market].selects == held.selects:
            member = _speaks(found.books[market])
            rows.append(
                {"who": document(_with(found.study.title, member)), **_row(found, market, member, counts, variance)}
            )
            roles.append("main" if name == findings.lead else "plain")
    for member in (*held.members, *held.paths):
        if not member.startswith("seed-") and member != "ensemble":
            rows.append({"who": document(member_title(member)), **_row(lead, market, member, (0, 0), variance)})
            roles.append("benchmark" if member in {held.benchmark, *held.paths} else "rival")
    words = GLOSSARY.get(market, Text.same(market))
    return Table(
        key=f"sharpes-{market}",
        title=Text(en=f"What the Sharpe ratios are worth: {words.en}", zh=f"夏普比率值多少：{words.zh}"),
        columns=(
            Column(key="who", title=Text(en="who decides", zh="决策者")),
            Column(key="sharpe", title=Text(en="Sharpe ratio a year [95 %]", zh="年化夏普比率 [95%]"), style="number"),
            Column(key="probabilistic", title=GLOSSARY["probabilistic_sharpe"], style="percent"),
            Column(key="deflated", title=GLOSSARY["deflated_sharpe"], style="percent"),
            Column(key="independent", title=Text(en="by independent trials", zh="按等效独立次数"), style="percent"),
            Column(key="track", title=Text(en="minimum track, bars", zh="最短业绩长度（K线）"), style="integer"),
            Column(key="bars", title=Text(en="bars", zh="K线数"), style="integer"),
        ),
        rows=tuple(rows),
        roles=tuple(roles),
        note=_note(held, count, ratios, independent, _beaten(findings, market, held)),
    )


def _row(found: Finding, market: str, member: str, counts: tuple[int, int], variance: float) -> dict[str, Any]:
    """`counts`: trials made, and independent ones that these amount to; 0 where nothing is deflated."""
    (count, independent), held = counts, found.books[market]
    moves = simple_returns(held.equity(member), held.capital)
    measure = found.measure("sharpe", member, market)
    one = deflated_sharpe(moves, trials=1)
    varied = count > 1 and np.isfinite(variance)
    many = float(deflated_sharpe(moves, trials=count, variance=variance).deflated) if varied else float("nan")
    few = float(deflated_sharpe(moves, trials=independent).deflated) if independent else float("nan")
    numbers = {
        "probabilistic": float(one.probabilistic),
        "deflated": many,
        "independent": few,
        "track": float(np.ceil(one.minimum_track)),
    }
    shown = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
    bounded = measure.value is not None and measure.low is not None
    ratio = {"value": measure.value, "low": measure.low, "high": measure.high} if bounded else measure.value
    return {"sharpe": ratio, **shown, "bars": moves.size}


def _speaks(held: BookSet) -> str:
    """The member that speaks for a study: the ensemble, or the only (first) seed."""
    return "ensemble" if "ensemble" in held.members else next(iter(_seeds(held)), held.members[0])


def _seeds(held: BookSet) -> list[str]:
    return [member for member in held.members if member.startswith("seed-")]


def _with(title: Text, member: str) -> Text:
    named = member_title(member)
    return Text(en=f"{title.en}, {named.en}", zh=f"{title.zh}，{named.zh}")


def _traded(findings: Findings, market: str) -> list[BookSet]:
    books = [found.books[market] for found in findings.found.values() if market in found.books]
    return [held for held in books if _seeds(held)]


def _returns(held: BookSet) -> FloatArray:
    return simple_returns(np.vstack([held.equity(seed) for seed in _seeds(held)]), held.capital)


def _count(findings: Findings, market: str) -> int:
    """Trials made: of this run, or of the project's ledger where that tells of more."""
    told = int(findings.provenance.get("trials", {}).get("trials", 0))
    return max(_ratios(findings, market).size, told)


def _ratios(findings: Findings, market: str) -> FloatArray:
    """Sharpe ratio per bar of every trial of this run that has one."""
    held = [sharpe(_returns(books), periods_per_year=1.0) for books in _traded(findings, market)]
    every = np.concatenate([np.empty(0), *(np.atleast_1d(one) for one in held)])
    return np.asarray(every[np.isfinite(every)])


def _shared(findings: Findings, market: str, lead: BookSet) -> FloatArray:
    """Returns of the trials over the leading study's bars ``[K, T]``."""
    same = [held for held in _traded(findings, market) if np.array_equal(held.times, lead.times)]
    return np.vstack([np.empty((0, len(lead.times))), *(_returns(held) for held in same)])


def _effective(findings: Findings, market: str, lead: BookSet) -> EffectiveTrials | None:
    moves = _shared(findings, market, lead)
    return effective_trials(moves) if len(moves) > 1 else None


def _beaten(findings: Findings, market: str, lead: BookSet) -> Superior | None:
    """Whether any trial earned more than the benchmark, bar by bar, given that there are many."""
    moves = _shared(findings, market, lead)
    gains = moves - simple_returns(lead.equity(lead.benchmark), lead.capital)
    if len(moves) < 2 or gains.shape[1] < _BARS_A_BLOCK or not np.isfinite(gains).all():  # noqa: PLR2004 - many
        return None
    generator = np.random.default_rng([findings[findings.lead].study.seeds[0], len(moves)])
    return superior(gains, resamples=_RESAMPLES, generator=generator)


def _note(
    held: BookSet,
    count: int,
    ratios: FloatArray,
    independent: tuple[int, EffectiveTrials | None] | None,
    beaten: Superior | None,
) -> Text:
    variance = float(ratios.var(ddof=1)) if ratios.size > 1 else float("nan")
    en = (
        "Net of the market's costs; a study's row is the ensemble of its seeds. Intervals by studentised block "
        "bootstrap. The probabilistic ratio is the chance that the true one is above zero, had this been the only try."
    )
    zh = (
        "均为扣除成本后；各研究一行为其种子的集成。区间由学生化区块自助法得出。"
        "概率夏普比率为真实比率大于零的概率（假设只试过这一次）。"
    )
    if count > 1 and np.isfinite(variance):
        few = deflated_sharpe(np.arange(8.0), trials=count, variance=variance)
        best = few.hurdle * float(np.sqrt(periods_per_year(held.times)))
        en += (
            f" The deflated one knows that {count} trials were made: the best of so many without skill would show "
            f"{best:.2f} a year, given how much these trials' ratios vary."
        )
        zh += (
            f"缩减夏普比率则考虑到共有 {count} 次尝试：按这些尝试的离散程度，"
            f"毫无技巧者中最好的一个也会有每年 {best:.2f}。"
        )
    if independent is not None and independent[1] is None:
        en += (
            f" {count} trials are known of and one of them over these bars, which leaves nothing to compare: in the "
            "ratio by independent trials each counts in full, varying as worthless ones do."
        )
        zh += (
            f"已知共 {count} 次尝试，其中仅一次在同一时段，无从比较："
            "“按等效独立次数”一列中各次全数计入，离散程度取毫无技巧时的理论值。"
        )
        if ratios.size == 1:
            en += " How much trials' ratios vary is not known from one, so that the plain deflated ratio is a dash."
            zh += "本次运行仅有一次尝试，无从得知离散程度，故缩减夏普比率为横线。"
    if independent is not None and independent[1] is not None:
        number, effective = independent[0], independent[1]
        of_run = f"{effective.number:.1f}" if effective.number < 10 else f"{effective.number:.0f}"  # noqa: PLR2004
        en += (
            f" The {effective.raw} of this run on these bars are as good as {of_run} independent ones, in "
            f"{effective.clusters} {'group' if effective.clusters == 1 else 'groups'} that earn alike."
        )
        zh += (
            f"本次运行中同一时段的 {effective.raw} 次相当于 {of_run} 次独立尝试，"
            f"按收益相似程度分为 {effective.clusters} 组。"
        )
        if count > 1 and np.isfinite(variance):
            en += (
                f" Beside it stands the ratio deflated by {number} independent trials (others of the ledger count in "
                "full), whose ratios vary as those of worthless ones do."
            )
            zh += f"另列按 {number} 次等效独立尝试（台账中其余各次全数计入）修正者，其离散程度取毫无技巧时的理论值。"
    if beaten is not None and np.isfinite(beaten.p_value):
        sure, every = int((beaten.p_each < 1 - _LEVEL).sum()), beaten.p_each.size
        yard, p = GLOSSARY[held.benchmark], f"{beaten.p_value:.2g}"
        en += (
            f" That the best of them earned more a bar than “{yard.en}”: p = {p} by Hansen's test of superior "
            f"predictive ability; by Romano and Wolf's steps {sure} of {every} did."
        )
        zh += (
            f"其中最好者每根K线收益高于“{yard.zh}”：Hansen 卓越预测能力检验 p = {p}；"
            f"按 Romano–Wolf 逐步检验，{every} 次中有 {sure} 次确实更高。"
        )
    en += " The minimum track is how long such a ratio must last before it is above zero at 95 %; its dash: never."
    zh += "最短业绩长度为在 95% 置信度下认定该比率大于零所需的K线数；该列横线表示永远不能。"
    return Text(en=en, zh=zh)
