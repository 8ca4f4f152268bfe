"""A failed audit is said where people look: a stamp at the top, the clock's caption, and a line for comparisons.

What an earlier telling said is taken back first, so that an audit after a run, and a run after an audit, tell the same.
"""

from typing import Any

from tidegate.report.figures.clock import PROMISE
from tidegate.types.report import Report, Text

__all__ = ["OTHER_CODE", "alarmed", "noted"]

OTHER_CODE = "other_code"
"""Marks an audit of other code than the run's: it neither passed nor failed this run."""
_KEY = "audit"
_AHEAD = ("L1", "L2", "L3", "L4")
"""Tests that find something before a moment to depend on what came after it."""


def alarmed(report: Report, audits: dict[str, Any]) -> Report:
    """The report with a stamp first for each study whose audit failed, and a clock's caption that promises no more.

    Its provenance notes the audits (`noted`); the page shows as many stamps in the colour of failure as there failed.
    """
    before: dict[str, Any] = report.provenance.get(_KEY, {})
    now = noted(audits)
    kept = report.stamps[sum(held["status"] == "failed" for held in before.values()) :]
    alarms = tuple(_alarm(report, name, audits[name]) for name, held in now.items() if held["status"] == "failed")
    was, says = _meant(before), _meant(now)
    figures = tuple(
        figure.but(
            caption=Text(
                en=figure.caption.en.replace(was.en.strip(), says.en.strip()),
                zh=figure.caption.zh.replace(was.zh, says.zh),
            )
        )
        if figure.kind == "clock"
        else figure
        for figure in report.figures
    )
    provenance = {name: value for name, value in report.provenance.items() if name != _KEY}
    noted_here = {_KEY: now} if now else {}
    return report.but(stamps=(*alarms, *kept), figures=figures, provenance={**provenance, **noted_here})


def noted(audits: dict[str, Any]) -> dict[str, Any]:
    """What a report's provenance says of its audits: study → status, how many tests passed, and which failed.

    >>> noted({"mine": {"verdicts": [{"test": "L1", "status": "failed"}, {"test": "L5", "status": "passed"}]}})
    {'mine': {'status': 'failed', 'passed': 1, 'failed': ['L1']}}
    """
    return {name: _note(held) for name, held in audits.items()}


def _note(held: dict[str, Any]) -> dict[str, Any]:
    verdicts = held["verdicts"]
    if OTHER_CODE in held:
        return {"status": "of other code", "passed": 0, "failed": []}
    passed = sum(verdict["status"] == "passed" for verdict in verdicts)
    failed = [verdict["test"] for verdict in verdicts if verdict["status"] == "failed"]
    broken = any(verdict["status"] == "could not run" for verdict in verdicts)
    status = "failed" if failed else "could not run" if broken else "passed"
    return {"status": status, "passed": passed, "failed": failed}


def _alarm(report: Report, name: str, held: dict[str, Any]) -> Text:
    title = report.glossary.get(name, Text.of(held["title"]))
    failed = [verdict for verdict in held["verdicts"] if verdict["status"] == "failed"]
    en, zh = (
        between.join(f"{verdict['test']} {verdict['title'][language]}" for verdict in failed)
        for language, between in (("en", ", "), ("zh", "、"))
    )
    return Text(
        en=f"{title.en}: its audit FAILED ({en}). "
        "What this run shows may have been made with what nobody could know yet.",
        zh=f"{title.zh}：审计未通过（{zh}）。本次运行的结果可能用到了当时无从得知的信息。",
    )


def _meant(told: dict[str, Any]) -> Text:
    """The clock's promise, or, where a test found otherwise, that it is how the corridor is meant."""
    found = {test for held in told.values() if held["status"] == "failed" for test in held["failed"]}
    ahead = [test for test in _AHEAD if test in found]
    if not ahead:
        return PROMISE
    return Text(
        en="The corridor is meant so that nothing left of the dashed line depends on anything right of it. "
        f"Here the audit found otherwise: {', '.join(ahead)} failed. ",
        zh="按设计，虚线左侧的一切都不应依赖虚线右侧的任何信息；"
        f"但本研究的审计发现并非如此：{'、'.join(ahead)} 未通过。",
    )
