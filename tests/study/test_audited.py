"""Audits that are kept: which verdicts stand, and of which code they are."""

import json

import pytest
from small import small

from tidegate.auditing.verdict import Audited, Verdict
from tidegate.component import document, fingerprint
from tidegate.study.api import declare
from tidegate.study.audit_alarm import noted
from tidegate.study.audited import kept_audits, with_audit
from tidegate.study.reproduction import declared_fingerprint
from tidegate.types.report import Report, Text


def verdict(test, status, data="d1", cuts=4):
    return Verdict(test=test, status=status, words=Text.same("as found"), cuts=cuts, data=data)


def made(*verdicts, outside=None, package="p1"):
    return Audited(
        study="small", title=Text.same("Small"), verdicts=verdicts, data="d1", version="0", seed=0, full=False,
        outside=outside or {}, package=package,
    )  # fmt: skip


def statuses(audited):
    return {held.test: (held.status, held.cuts) for held in audited.verdicts}


def test_newer_verdicts_stand_beside_those_that_were_not_asked_again():
    earlier = made(verdict("L10", "passed"), verdict("L2", "passed"))
    told = made(verdict("L2", "warned", cuts=9), verdict("L1", "passed")).beside(earlier)
    assert statuses(told) == {"L1": ("passed", 4), "L2": ("warned", 9), "L10": ("passed", 4)}
    assert list(statuses(told)) == ["L1", "L2", "L10"]


def test_what_failed_stands_until_code_or_data_are_others():
    earlier = made(verdict("L1", "failed"), verdict("L2", "failed"))
    assert statuses(made(verdict("L1", "passed")).beside(earlier))["L1"][0] == "failed"
    assert statuses(made(verdict("L1", "failed", cuts=9)).beside(earlier))["L1"] == ("failed", 9)
    assert statuses(made(verdict("L1", "passed", data="d2")).beside(earlier))["L1"][0] == "passed"
    newer = made(verdict("L1", "passed"), package="p2").beside(earlier)
    assert statuses(newer) == {"L1": ("passed", 4), "L2": ("failed", 4)}
    other = made(verdict("L1", "passed"), outside={"Mine": "b"}).beside(earlier)
    assert statuses(other) == {"L1": ("passed", 4)}


@pytest.fixture
def folder(tmp_path):
    def write(audited, ran):
        (tmp_path / "audit.json").write_text(json.dumps({"small": audited.kept()}))
        told = {"outside": {"small": ran}} if ran else {}
        (tmp_path / "study.json").write_text(json.dumps({"name": "small", **told}))
        return tmp_path

    return write


REPORT = Report(name="small", title=Text.same("Small"), lead=Text.same("Nothing."))


def told_of(folder):
    report = with_audit(REPORT, kept_audits(folder))
    (section,) = report.sections
    (table,) = report.tables
    return report, " ".join(words.en for words in section.words), [row["verdict"]["en"] for row in table.rows]


def test_an_audit_of_other_code_is_not_shown_as_passed(folder):
    audited = made(verdict("L1", "passed"), verdict("L2", "passed"), outside={"Mine": "a" * 64})
    report, words, verdicts = told_of(folder(audited, {"Mine": "b" * 64}))
    assert "this audit is of other code" in words
    assert " passed;" not in words
    assert verdicts == ["of other code", "of other code"]
    assert report.provenance["audit"] == {"small": {"status": "of other code", "passed": 0, "failed": []}}
    _, words, verdicts = told_of(folder(audited, {"Mine": "a" * 64}))
    assert "2 passed;" in words
    assert verdicts == ["passed", "passed"]


def test_an_audit_that_names_no_code_is_none_of_a_run_with_own_components(folder):
    """One that was kept before the code was noted."""
    report, _, verdicts = told_of(folder(made(verdict("L1", "passed")), {"Mine": "b" * 64}))
    assert verdicts == ["of other code"]
    assert not report.stamps
    assert told_of(folder(made(verdict("L1", "passed")), {}))[2] == ["passed"]


def test_what_could_not_run_has_not_passed():
    assert noted({"s": made(verdict("L1", "could not run")).kept()})["s"]["status"] == "could not run"


def test_studies_of_the_package_alone_keep_their_fingerprint():
    reproduction = declare(small())
    assert reproduction.outside == {}
    documents = [document(study) for study in reproduction.studies]
    assert reproduction.fingerprint == fingerprint("small", documents)
    assert declared_fingerprint("small", documents, {"small": {"Mine": "a"}}) != reproduction.fingerprint
