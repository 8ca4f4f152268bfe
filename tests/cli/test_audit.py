"""`tidegate audit` and `tidegate trials` as somebody calls them: exit codes, words, JSON, components of one's own."""

import json
import shutil
import subprocess
import sys

import pytest

MODULE = '''
"""Factors of one's own."""

from typing import ClassVar

from tidegate.factors.base import FactorSet, panel_of


class Peek(FactorSet):
    """The whole sample's mean.

    Known at
        It says CLOSE(t).
    """

    name: ClassVar[str] = "audited-peek"

    def compute(self, bars):
        close = bars.adjusted("close")
        return panel_of(bars, {"close": close / close.mean()})


class Plain(FactorSet):
    """The close.

    Known at
        CLOSE(t).
    """

    name: ClassVar[str] = "audited-plain"

    def compute(self, bars):
        return panel_of(bars, {"close": bars.adjusted("close")})
'''
STUDY = {
    "name": "mine",
    "title": {"en": "Mine", "zh": "我的"},
    "source": {"name": "noise-world", "sessions": 160, "seed": 3},
    "universe": [],
    "span": {"first": None, "last": None},
    "lookback": 5,
    "count": "rows",
    "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 3}},
    "normaliser": {"name": "standard"},
    "target_scaling": {"name": "standard-target"},
    "split": {"name": "share-split", "train": 0.6},
    "model": {"name": "linear"},
    "training": None,
    "seeds": [0],
    "rivals": [],
    "strategy": None,
    "markets": [],
}


def called(folder, *words):
    """The command line, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tidegate", *words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def project(tmp_path):
    (tmp_path / "my_factors.py").write_text(MODULE)
    for name in ("peek", "plain"):
        told = {**STUDY, "factors": {"name": f"audited-{name}"}}
        (tmp_path / f"{name}.json").write_text(json.dumps(told))
    return tmp_path


def test_a_leak_of_ones_own_is_told_and_exits_with_three(project):
    done = called(project, "audit", "peek.json", "--with", "my_factors", "--only", "L1,L11", "--cuts", "3")
    assert done.returncode == 3, done.stderr
    assert "L1 FAILED" in done.stdout
    assert "factors: time 2000-" in done.stdout
    assert "L11 warning" in done.stdout
    assert "close.mean()" in done.stdout
    assert "Hint:" in done.stdout
    assert "Estimated:" in done.stderr
    (kept,) = project.glob("runs/mine/*/audit.json")
    assert json.loads(kept.read_text())["mine"]["status"] == "failed"


def test_an_honest_one_exits_with_nothing(project):
    words = ("audit", "plain.json", "--with", "my_factors", "--only", "L1", "--cuts", "3", "--json")
    done = called(project, *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["code"] == 0
    assert told["studies"]["mine"]["verdicts"][0]["title"]["zh"] == "截断重算"


def test_what_could_not_run_exits_with_two(project):
    done = called(project, "audit", "peek.json", "--only", "L1")
    assert done.returncode == 2
    assert "audited-peek" in done.stderr


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """A leak that was audited, and then run all the same: where, and what the run said."""
    place = tmp_path_factory.mktemp("failed")
    (place / "my_factors.py").write_text(MODULE)
    (place / "peek.json").write_text(json.dumps({**STUDY, "factors": {"name": "audited-peek"}}))
    own = ("--with", "my_factors")
    audited = called(place, "audit", "peek.json", *own, "--only", "L1,L5", "--cuts", "3")
    assert audited.returncode == 3, audited.stderr
    done = called(place, "run", "peek.json", *own)
    assert done.returncode == 0, done.stderr
    return place, done


def told_in(place, pattern="runs/mine/*/report.json"):
    (found,) = place.glob(pattern)
    return json.loads(found.read_text())


def test_a_run_whose_audit_failed_says_so_first(failed):
    place, done = failed
    (first, *_) = [line for line in done.stdout.splitlines() if line.startswith("Note: ")]
    assert first.startswith("Note: Mine: its audit FAILED (L1 Truncate and recompute).")
    report = told_in(place)
    assert report["stamps"][0]["en"] == first.removeprefix("Note: ")
    assert report["stamps"][0]["zh"].startswith("我的：审计未通过（L1 截断重算）")
    assert report["provenance"]["audit"] == {"mine": {"status": "failed", "passed": 1, "failed": ["L1"]}}
    (rows,) = [table["rows"] for table in report["tables"] if table["key"] == "audit"]
    assert [row["verdict"] for row in rows] == [
        {"en": "FAILED", "zh": "未通过", "verdict": "fails"},
        {"en": "passed", "zh": "通过", "verdict": "holds"},
    ]
    (caption,) = [figure["caption"] for figure in report["figures"] if figure["kind"] == "clock"]
    assert "Nothing left of the dashed line" not in caption["en"]
    assert "Here the audit found otherwise: L1 failed." in caption["en"]
    assert "都不依赖" not in caption["zh"]


def test_what_an_audit_said_is_taken_back_when_it_says_something_else(failed):
    from tidegate.study.audited import kept_audits, with_audit
    from tidegate.types.report import Report

    place, _ = failed
    report = Report.of(told_in(place))
    (folder,) = place.glob("runs/mine/*")
    plain = with_audit(report, {})
    assert len(plain.stamps) == len(report.stamps) - 1
    assert "audit" not in plain.provenance
    (clock,) = [figure for figure in plain.figures if figure.kind == "clock"]
    assert "Nothing left of the dashed line depends on anything right of it." in clock.caption.en
    assert with_audit(plain, kept_audits(folder)) == with_audit(report, kept_audits(folder)) == report


def test_an_audit_of_part_leaves_what_failed(failed, tmp_path):
    place = shutil.copytree(failed[0], tmp_path / "own")  # tests come in any order, and others read the page
    done = called(place, "audit", "peek.json", "--with", "my_factors", "--only", "L11")
    assert done.returncode == 0, done.stderr
    assert "An earlier audit of the same code FAILED, which stands in the report: L1" in done.stdout
    kept = told_in(place, "runs/mine/*/audit.json")["mine"]
    assert [verdict["test"] for verdict in kept["verdicts"]] == ["L1", "L5", "L11"]
    assert kept["status"] == "failed"
    report = told_in(place)
    assert "its audit FAILED" in report["stamps"][0]["en"]
    (words,) = [section["words"] for section in report["sections"] if section["key"] == "audit"]
    assert "Not asked: L2, L3, L4, L6, L7, L8, L9, L10." in [told["en"] for told in words]


def test_an_audit_of_mended_code_is_of_another_run(project):
    own = ("peek.json", "--with", "my_factors")
    module = project / "my_factors.py"
    assert called(project, "audit", *own, "--only", "L1", "--cuts", "2").returncode == 3
    module.write_text(MODULE.replace("close / close.mean()", "close"))
    assert called(project, "audit", *own, "--only", "L1", "--cuts", "2").returncode == 0
    status = {path.parent.name: json.loads(path.read_text())["mine"] for path in project.glob("runs/mine/*/audit.json")}
    assert sorted(held["status"] for held in status.values()) == ["failed", "passed"]
    assert len({held["outside"]["Peek"] for held in status.values()}) == 2
    module.write_text(MODULE)
    done = called(project, "run", *own)
    assert "Note: Mine: its audit FAILED (L1 Truncate and recompute)." in done.stdout
    assert "1 passed" not in done.stdout


def test_trials_are_listed_and_a_changed_ledger_is_refused(project):
    from tidegate.study.trial_ledger import Trial, TrialLedger

    assert "No trial" in called(project, "trials").stdout
    trials = [Trial("q" * 16, f"v{n}", f"f{n}", "mine", "seed-0", "model", "noise-world") for n in range(3)]
    TrialLedger(project / "runs").enter(trials)
    done = called(project, "trials", "--every")
    assert done.returncode == 0, done.stderr
    assert "3 lines, unbroken" in done.stdout
    path = project / "runs" / "trials.jsonl"
    path.write_text(path.read_text().replace('"v1"', '"v9"'))
    done = called(project, "trials")
    assert done.returncode == 2
    assert "line 2" in done.stderr
