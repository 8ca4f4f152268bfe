"""What a run says of the trial ledger: which trial of its question it is, and how many there are by now."""

from pathlib import Path
from typing import Any

from tidegate.study.kept_variants import unlisted_runs
from tidegate.study.reproduction import Reproduction
from tidegate.study.trial_ledger import TrialLedger, trials_of
from tidegate.types.report import Report, Text

__all__ = ["enter_trials", "tried_words", "with_trials"]

_SECTION = "doubt"


def enter_trials(reproduction: Reproduction, out: Path) -> dict[str, Any]:
    """Enter everything that a run is about to try; returns what the report says of it, by the leading study's question.

    Errors
        `IntegrityError` where the ledger was changed.
    """
    ledger, trials = TrialLedger(out), trials_of(reproduction)
    ledger.enter(trials)
    lead = [one for one in trials if one.study == reproduction.lead and one.role == "model"]
    counted = ledger.count(lead[0].question)
    return {
        "question": counted.question,
        "place": ledger.place(lead),
        "trials": counted.trials,
        "variants": counted.variants,
        "fits": counted.fits,
        "rivals": counted.rivals,
        "unlisted": len(unlisted_runs(out, ledger.lines())),
    }


def tried_words(told: dict[str, Any]) -> Text:
    """The sentence of the report."""
    place, trials, variants, fits = (told[name] for name in ("place", "trials", "variants", "fits"))
    absent = told.get("unlisted", 0)  # reports of before it was counted have none
    gone = Text(en="", zh="")
    if absent:
        runs = "1 run in this folder is" if absent == 1 else f"{absent} runs in this folder are"
        gone = Text(
            en=f" {runs} not in the ledger (it was begun anew, or they were put there): the true number is higher.",
            zh=f"该目录中有 {absent} 次运行不在台账中（台账曾被重新开始，或运行是后来放入的）：实际次数更多。",
        )
    return Text(
        en=f"This is trial {place} of its question, what can be made of these data; by now there are {trials} ("
        f"{variants} variants, {fits} fits, each seed counted), by the project's trial ledger. "
        f"The deflated Sharpe ratio is held against that many.{gone.en}",
        zh=f"这是同一问题（这些数据能做出什么）的第 {place} 次尝试；据本项目的试验台账，迄今共 {trials} 次"
        f"（{variants} 个变体，{fits} 次拟合，每个种子各计一次）。缩减夏普比率即按此次数修正。{gone.zh}",
    )


def with_trials(report: Report) -> Report:
    """The report with that sentence in its section on doubt."""
    told = report.provenance.get("trials")
    if not told:
        return report
    sections = tuple(
        section.but(words=(*section.words, tried_words(told))) if section.key == _SECTION else section
        for section in report.sections
    )
    return report.but(sections=sections)
