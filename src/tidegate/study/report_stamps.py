"""The notes at the head of a report, what leaks first: who reads no further has read that."""

from tidegate.component import document
from tidegate.study.findings import Finding, Findings
from tidegate.study.reproduction import Reproduction
from tidegate.study.words import stamp_text
from tidegate.types.report import Text

__all__ = ["report_stamps"]

_WRONG = ("LEAKS", "MISTAKE")


def report_stamps(reproduction: Reproduction, findings: Findings) -> tuple[Text, ...]:
    """Every note of a report in its order: the reproduction's, what leaks or is a mistake, the study's, the data's.

    Of what is wrong the leading study's own comes before the others', each kind of which is told once. Known at: when
    the study was declared and its data were read; no result decides a note.
    """
    lead = findings[reproduction.lead]
    own = (*lead.study.stamps, *(stamp_text(stamp) for stamp in (*lead.bars.spec.stamps, *lead.stamps)))
    wrong = tuple(stamp for stamp in own if stamp.en.startswith(_WRONG))
    others = tuple(stamp for stamp in own if stamp not in wrong)
    return (*reproduction.stamps, *wrong, *_leaks(reproduction, findings), *others, *_absent(lead))


def _leaks(reproduction: Reproduction, findings: Findings) -> tuple[Text, ...]:
    """What is wrong with other studies than the lead, on purpose: each kind once, with the first that shows it."""
    told: dict[str, Text] = {}
    known = {*findings[reproduction.lead].stamps, *(stamp.en for stamp in findings[reproduction.lead].study.stamps)}
    for study in reproduction.studies:
        for words in (*map(stamp_text, findings[study.name].stamps), *study.stamps):
            if words.en.startswith(_WRONG) and words.en not in known:
                own = Text(en=f"{study.title.en}: {words.en}", zh=f"{study.title.zh}：{words.zh}")
                told.setdefault(words.en, own)
    return tuple(told.values())


def _absent(lead: Finding) -> tuple[Text, ...]:
    declared = document(lead.study.factors)
    wanted: list[str] = declared.get("fields") or next(
        (s["fields"] for s in declared.get("sets", []) if "fields" in s), []
    )
    gone = [field for field in wanted if field not in lead.windows.panel.fields]
    if not gone:
        return ()
    names = ", ".join(gone)
    return (
        Text(
            en=f"This data has no {names}: {len(wanted) - len(gone)} of {len(wanted)} fields are used.",
            zh=f"数据中没有 {names}：使用 {len(wanted)} 个特征中的 {len(wanted) - len(gone)} 个。",
        ),
    )
