"""The notes of a report: what leaks stands before what the data are, the leading study's own before the others'."""

from types import SimpleNamespace

from tidegate.factors.raw import RawFields
from tidegate.study.report_stamps import report_stamps
from tidegate.types.report import Text


def study(name, *stamps):
    words = tuple(Text.same(stamp) for stamp in stamps)
    return SimpleNamespace(
        name=name, title=Text.same(name), stamps=words, factors=RawFields(fields=["close", "settle"])
    )


def found(study, *stamps):
    return SimpleNamespace(
        study=study, stamps=stamps, bars=SimpleNamespace(spec=SimpleNamespace(stamps=("Synthetic data.",))),
        windows=SimpleNamespace(panel=SimpleNamespace(fields=("close",))),
    )  # fmt: skip


def test_what_leaks_stands_first():
    lead, other = study("lead", "Fewer seeds."), study("other", "MISTAKE: of the other")
    made = SimpleNamespace(name="r", lead="lead", studies=(lead, other), stamps=(Text.same("Quick form."),))
    held = {"lead": found(lead, "LEAKS: windows at random"), "other": found(other, "LEAKS: windows at random")}
    assert [stamp.en for stamp in report_stamps(made, held)] == [
        "Quick form.", "LEAKS: windows at random", "other: MISTAKE: of the other", "Fewer seeds.", "Synthetic data.",
        "This data has no settle: 1 of 2 fields are used.",
    ]  # fmt: skip
