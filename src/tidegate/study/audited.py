"""The audit's section of a report: what was tried and found, or, kindly, that nobody has audited the study yet.

An audit is made by its own command, before or after a run; it is kept in the run folder as `audit.json`. A run puts it
into the report that it writes, an audit into the report that is there.
"""

from pathlib import Path
from typing import Any

from tidegate.component import fingerprint
from tidegate.files import read_json, write_text
from tidegate.report.page import page
from tidegate.study.audit_alarm import OTHER_CODE, alarmed
from tidegate.study.words import GLOSSARY, member_title, stamp_text
from tidegate.types.report import Column, Report, Role, Section, Table, Text, dump, parse

__all__ = ["FILE", "kept_audits", "tell_audit", "with_audit"]

FILE = "audit.json"
"""Where a run folder keeps its audits: study → verdicts."""
_KEY, _PATH, _DATA, _DECLARED = "audit", "audit-path", "data.json", "study.json"
_TITLE = Text(en="Does anything flow back from the future?", zh="是否有信息自未来回流？")
_STATUS = {
    "passed": Text(en="passed", zh="通过"),
    "failed": Text(en="FAILED", zh="未通过"),
    "warned": Text(en="warning", zh="警告"),
    "not tested": Text(en="not tested", zh="未检验"),
    "could not run": Text(en="could not run", zh="无法运行"),
    "of other code": Text(en="of other code", zh="针对其他代码"),
}
_CLASSES = {"passed": "holds", "failed": "fails", "warned": "unclear", "could not run": "unclear"}
"""Which of the page's verdicts, and so which of its colours, an answer has; any other says nothing."""
_ROOMS = {
    "factors": "因子",
    "labels": "标签",
    "split": "划分",
    "learned windows": "学习窗口",
    "normaliser": "归一化",
    "target scaling": "标签缩放",
    "weights": "权重",
    "universe": "股票池",
    "declaration": "研究声明",
}
"""Rooms by their Chinese names; those of a member are put together by `_room`."""
_OF_MEMBER = {
    "forecast": "预测",
    "decisions": "决策",
    "fills": "成交",
    "fills after the open": "开盘后成交",
    "book": "账簿",
}
_DOUBTED = ("failed", "could not run", "warned")
_STALE = "stale"


def kept_audits(folder: Path) -> dict[str, Any]:
    """The audits kept in a run folder, by study; what was made on other data or of other code than the run's is marked.

    Audits of other data get *stale*, of other code *other_code*: what was audited and what was run, in short.
    """
    if not (folder / FILE).is_file():
        return {}
    audits: dict[str, Any] = read_json(folder / FILE)
    used = read_json(folder / _DATA) if (folder / _DATA).is_file() else {}
    ran = read_json(folder / _DECLARED).get("outside", {}) if (folder / _DECLARED).is_file() else None
    for name, held in audits.items():
        data = {verdict.get("data") or held["data"] for verdict in held["verdicts"]}
        held[_STALE] = name in used and data != {used[name]["sha256"]}
        codes = [held.get("outside", {}), {} if ran is None else ran.get(name, {})]
        if ran is not None and codes[0] != codes[1]:
            held[OTHER_CODE] = [_short(code) for code in codes]
    return audits


def _short(code: dict[str, str]) -> str:
    return fingerprint(code)[:8] if code else "–"


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
    tables = [table for table in report.tables if table.key not in {_KEY, _PATH}]
    place = next((at for at, section in enumerate(sections) if section.key == "clock"), len(sections))
    shows: tuple[str, ...] = ()
    if audits:
        made = (_table(report, audits), *_paths(report, audits))
        tables += made
        shows = tuple(table.key for table in made)
    words = _words(report, audits) if audits else (_not_audited(report),)
    sections.insert(place, Section(key=_KEY, title=_TITLE, words=words, shows=shows))
    return alarmed(report.but(sections=tuple(sections), tables=tuple(tables)), audits)


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
        if OTHER_CODE in held:
            audited, ran = held[OTHER_CODE]
            told.append(
                Text(
                    en=f"{title.en}: this audit is of other code of components from outside the package: {audited} "
                    f"against {ran}; not shown as passed. Audit again.",
                    zh=f"{title.zh}：该审计针对的是另一份外部组件代码（{audited}，本次运行为 {ran}），不能视为通过。请重新审计。",
                )
            )
            continue
        en = ", ".join(f"{number} {_STATUS[status].en}" for status, number in count.items() if number)
        zh = "，".join(f"{number} 项{_STATUS[status].zh}" for status, number in count.items() if number)
        told.append(
            Text(
                en=f"{title.en}: {en}; {cuts} cuts, draws and folds tried. A pass refutes nothing but those.",
                zh=f"{title.zh}：{zh}；共尝试 {cuts} 个切分点、抽样与折。通过仅说明这些尝试未发现问题。",
            )
        )
        absent = held.get("not_asked", [])
        if absent:
            told.append(Text(en=f"Not asked: {', '.join(absent)}.", zh=f"未请求的检验：{'、'.join(absent)}。"))
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
                    "verdict": _judged(
                        "of other code" if OTHER_CODE in held and verdict["status"] == "passed" else verdict["status"]
                    ),
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


def _judged(status: str) -> dict[str, str]:
    return {**_STATUS[status].model_dump(), "verdict": _CLASSES.get(status, "not tested")}


def _found(verdict: dict[str, Any]) -> dict[str, str]:
    """What a test says, without the midnights of daily bars, and with rooms by their names in either language."""
    english, chinese = (str(verdict["words"][language]).replace("T00:00", "") for language in ("en", "zh"))
    for room in sorted({change["room"] for change in verdict["path"]}, key=len, reverse=True):
        chinese = chinese.replace(room, _room(room).zh)
    return {"en": english, "zh": chinese}


def _room(name: str) -> Text:
    """A room in both languages.

    >>> _room("decisions of seed-0 in frictionless").zh
    '种子 0 的决策：指数本身（无成本）'
    """
    what, of, rest = name.partition(" of ")
    if not of or what not in _OF_MEMBER:
        return Text(en=name, zh=_ROOMS.get(name, name))
    member, _, market = rest.partition(" in ")
    who, where = member_title(member), GLOSSARY.get(market, Text.same(market))
    if not market:
        return Text(en=f"{what} of {who.en}", zh=f"{who.zh} 的{_OF_MEMBER[what]}")
    return Text(en=f"{what} of {who.en}: {where.en}", zh=f"{who.zh} 的{_OF_MEMBER[what]}：{where.zh}")


def _paths(report: Report, audits: dict[str, Any]) -> tuple[Table, ...]:
    """The first number of each room that moved, in the order of the rooms; no table where none did."""
    rows: list[dict[str, Any]] = []
    for name, held in audits.items():
        title = report.glossary.get(name, Text.of(held["title"]))
        for verdict in held["verdicts"]:
            for change in verdict["path"] if verdict["status"] in _DOUBTED else ():
                told = stamp_text(change["found"])
                rows.append(
                    {
                        "study": title.model_dump(),
                        "test": verdict["test"],
                        "room": _room(change["room"]).model_dump(),
                        "where": change["where"].replace(" 00:00:00", "").replace("T00:00", ""),
                        "was": change["expected"],
                        "became": told.model_dump(),
                        "count": change["count"],
                    }
                )
    columns = (
        *([Column(key="study", title=Text(en="study", zh="研究"))] if len(audits) > 1 else []),
        Column(key="test", title=Text(en="test", zh="检验")),
        Column(key="room", title=Text(en="room", zh="环节")),
        Column(key="where", title=Text(en="first number that moved", zh="最先变化的数字")),
        Column(key="was", title=Text(en="expected, or with its own future", zh="应为，或在原来的未来下")),
        Column(key="became", title=Text(en="found, or with another future", zh="实为，或换一个未来后")),
        Column(key="count", title=Text(en="how many", zh="个数"), style="integer"),
    )
    title = Text(en="The way it took", zh="泄漏的路径")
    made = Table(key=_PATH, title=title, columns=columns, rows=tuple(rows))
    return (made,) if rows else ()


def _on(verdict: dict[str, Any]) -> dict[str, str]:
    cut_short = {"en": "; partial", "zh": "；部分"} if verdict["partial"] else {"en": "", "zh": ""}
    return {language: f"{verdict['on'][language]}{cut_short[language]}" for language in ("en", "zh")}
