"""How many were tried: a Sharpe ratio shown after many trials is held against the best of as many without skill.

The number is that of the trial ledger: every seed of every variant that this project has ever begun on the same data.
How much trials' ratios vary is taken from those of this run. What was tried elsewhere is not known to either; the true
number can only be higher.
"""

import numpy as np

from tidegate.evaluate.doubt.deflated import deflated_sharpe
from tidegate.evaluate.doubt.sharpe import Trials, deflated, moments
from tidegate.evaluate.stated import stated
from tidegate.measures.returns import sharpe, simple_returns
from tidegate.study.findings import Findings
from tidegate.study.sharpes import independent_trials
from tidegate.types.report import Measure

__all__ = ["deflated_measures"]


def deflated_measures(findings: Findings) -> tuple[Measure, ...]:
    """The deflated Sharpe ratio of the leading study's ensemble (or only seed), by all trials and by independent ones.

    One pair a market. The second takes the variance of worthless trials, the first that of this run's own.

    Known at
        The last bar of the books.
    Missing values
        None with a note where the ratio does not exist; of the first, where this run has fewer than two trials; the
        second is left out where one trial is known of.
    Source
        Bailey and López de Prado (2014), *The deflated Sharpe ratio*.
    """
    lead = findings[findings.lead]
    member = lead.leader
    told = int(findings.provenance.get("trials", {}).get("trials", 0))
    found = []
    for market, held in lead.books.items():
        tried = []
        for other in findings.found.values():
            if market in other.books:
                books = other.books[market]
                rows = np.vstack([books.equity(seed) for seed in other.traders(market)])
                tried.extend(sharpe(simple_returns(rows, books.capital), periods_per_year=1.0).tolist())
        ratios = np.array([ratio for ratio in tried if np.isfinite(ratio)])
        moves = simple_returns(held.equity(member), held.capital)
        own = float(sharpe(moves, periods_per_year=1.0))
        subject = {"study": findings.lead, "member": member, "market": market}
        value = float("nan")
        if ratios.size > 1 and np.isfinite(own):
            skew, kurtosis = (float(moment) for moment in moments(moves))
            trials = Trials(max(int(ratios.size), told), float(ratios.var(ddof=1)))
            value = float(deflated(own, moves.size, skew, kurtosis, trials=trials))
        note = f"best of {ratios.size} trials: every seed of every traded study of this run"
        if told > ratios.size:
            note = f"best of {told} trials on these data, by the trial ledger; {ratios.size} of them in this run"
        why = "the ratio does not exist, or this run has one trial"
        found.append(stated("deflated_sharpe", subject, value, "probability", n=moves.size, note=note, otherwise=why))
        independent = independent_trials(findings, market)
        if independent is None or not np.isfinite(own):
            continue
        number, effective = independent
        fewer = float(deflated_sharpe(moves, trials=number).deflated)
        note = f"best of {number} trials, each counted in full; one of them over these bars"
        if effective is not None:
            amount = f"{effective.number:.1f}"
            note = f"best of {number} independent trials; the {effective.raw} of this run amount to {amount}"
        found.append(
            stated("deflated_sharpe_independent", subject, fewer, "probability", n=moves.size, note=note, otherwise=why)
        )
    return tuple(found)
