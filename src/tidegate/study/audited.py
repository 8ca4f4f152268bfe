"""The audit's section of a report: what was tried and found, or, kindly, that nobody has audited the study yet.

An audit is made by its own command, before or after a run; it is kept in the run folder as `audit.json`. A run puts it
into the report that it writes, an audit into the report that is there.
"""

from pathlib import Path
from typing import Any

from tidegate.files import read_json, write_text
from tidegate.report.page import page
from tidegate.types.report import Column, Report, Role, Section, Table, Text, dump, parse

__all__ = ["FILE", "kept_audits", "tell_audit", "with_audit"]

FILE = "audit.json"
"""Where a run folder keeps its audits: study → verdicts."""
_KEY, _DATA = "audit", "data.json"
_TITLE = Text(en="Does anything flow back from the future?", zh="是否有信息自未来回流？")
_STATUS = {
    "passed": Text(en="passed", zh="通过"),
    "failed": Text(en="FAILED", zh="未通过"),
    "warned": Text(en="warning", zh="警告"),
    "not tested": Text(en="not tested", zh="未检验"),
    "could not run": Text(en="could not run", zh="无法运行"),
}
_DOUBTED = ("failed", "could not run", "warned")
_STALE = "stale"


def kept_audits(folder: Path) -> dict[str, Any]:
    """The audits kept in a run folder, by study; those made on other data than the run's are marked *stale*."""
    if not (folder / FILE).is_file():
        return {}
    audits: dict[str, Any] = read_json(folder / FILE)
    used = read_json(folder / _DATA) if (folder / _DATA).is_file() else {}
    for name, held in audits.items():
        held[_STALE] = name in used and used[name]["sha256"] != held["data"]
    return audits


def tell_audit(folder: Path) -> bool:
    """Put the kept audits into the report of a finished run; returns whether there was a report."""
    if not (folder / "report.json").is_file():
        return False
    told = with_audit(parse((folder / "report.json").read_text(encoding="utf-8")), kept_audits(folder))
    write_text(folder / "report.json", dump(told))
    write_text(folder / "report.html", page(told))
    return True


def with_audit(report: Report, audits: dict[str, Any]) -> Report:
    """The report with its section on the audit, in the place of one that it had, before "What was known when"."""
    sections = [section for section in report.sections if section.key != _KEY]
    tables = [table for table in report.tables if table.key != _KEY]
    place = next((at for at, section in enumerate(sections) if section.key == "clock"), len(sections))
    if audits:
        tables.append(_table(report, audits))
    shows = (_KEY,) if audits else ()
    words = _words(report, audits) if audits else (_not_audited(report),)
    sections.insert(place, Section(key=_KEY, title=_TITLE, words=words, shows=shows))
    return report.but(sections=tuple(sections), tables=tuple(tables))


def _not_audited(report: Report) -> Text:
    return Text(
        en=f"Not audited yet. `tidegate audit {report.name}`, called like this run, hides and changes the future of this "
        "study's own data, and says whether any number before it moved.",
        zh=f"尚未审计。以与本次运行相同的参数执行 `tidegate audit {report.name}`，它会隐藏并改动该研究自身数据的未来，并指出此前是否有任何数字随之改变。",
    )


def _words(report: Report, audits: dict[str, Any]) -> tuple[Text, ...]:
    told = []
    for name, held in audits.items():
        count = {status: sum(v["status"] == status for v in held["verdicts"]) for status in _STATUS}
        cuts = sum(v["cuts"] for v in held["verdicts"])
        title = report.glossary.get(name, Text.of(held["title"]))
        en = ", ".join(f"{number} {_STATUS[status].en}" for status, number in count.items() if number)
        zh = "，".join(f"{number} 项{_STATUS[status].zh}" for status, number in count.items() if number)
        told.append(
            Text(
                en=f"{title.en}: {en}; {cuts} cuts, draws and folds tried. A pass refutes nothing but those.",
                zh=f"{title.zh}：{zh}；共尝试 {cuts} 个切分点、抽样与折。通过仅说明这些尝试未发现问题。",
            )
        )
        if held.get(_STALE):
            told.append(
                Text(en="The data have changed since this audit: audit again.", zh="审计之后数据已改变：请重新审计。")
            )
    return tuple(told)


def _table(report: Report, audits: dict[str, Any]) -> Table:
    rows: list[dict[str, Any]] = []
    roles: list[Role] = []
    for name, held in audits.items():
        for verdict in held["verdicts"]:
            title = report.glossary.get(name, Text.of(held["title"]))
            rows.append(
                {
                    "study": title.model_dump(),
                    "test": {language: f"{verdict['test']} {said}" for language, said in verdict["title"].items()},
                    "verdict": _STATUS[verdict["status"]].model_dump(),
                    "cuts": verdict["cuts"] or None,
                    "found": _found(verdict),
                    "on": _on(verdict),
                }
            )
            roles.append("main" if verdict["status"] in _DOUBTED else "plain")
    columns = (
        *([Column(key="study", title=Text(en="study", zh="研究"))] if len(audits) > 1 else []),
        Column(key="test", title=Text(en="test", zh="检验")),
        Column(key="verdict", title=Text(en="verdict", zh="结论")),
        Column(key="cuts", title=Text(en="tried", zh="次数"), style="integer"),
        Column(key="found", title=Text(en="found", zh="发现")),
        Column(key="on", title=Text(en="on", zh="范围")),
    )
    return Table(
        key=_KEY, title=Text(en="Leak tests", zh="泄漏检验"), columns=columns, rows=tuple(rows), roles=tuple(roles)
    )


def _found(verdict: dict[str, Any]) -> dict[str, str]:
    path = " → ".join(f"{c['room']}: {c['where']}: {c['expected']} / {c['found']}" for c in verdict["path"])
    more = f" [{path}]" if path and verdict["status"] in {"failed", "warned"} else ""
    return {language: f"{verdict['words'][language]}{more}" for language in ("en", "zh")}


def _on(verdict: dict[str, Any]) -> dict[str, str]:
    cut_short = {"en": "; partial", "zh": "；部分"} if verdict["partial"] else {"en": "", "zh": ""}
    return {language: f"{verdict['on'][language]}{cut_short[language]}" for language in ("en", "zh")}
