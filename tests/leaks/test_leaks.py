"""Planted leaks are found, clean look-alikes are left alone, by tests whose code their author had not read.

Every function is asked here (look-alikes at fewer moments), of the studies a few; all of it by the benchmark, whose
record the page is held against.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pandas", reason="the optional oracle pandas is not installed")

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import leak_suite as suite  # noqa: E402
from leaks.case import answer  # noqa: E402
from leaks.studies import STUDIES  # noqa: E402

MISSED = {
    "filled_at_the_close_that_decided": "a past price moves with nothing that comes",
}
"""What is not as it should be, and why: whoever mends one of these is told to take it out."""


@pytest.mark.parametrize("case", suite.FUNCTIONS, ids=lambda case: case.name)
def test_leak_is_found_and_look_alike_left_alone(case, request):
    if case.name in MISSED:
        request.applymarker(pytest.mark.xfail(strict=True, reason=MISSED[case.name]))
    told = answer(case, quick=not case.leak and case.name not in MISSED)
    assert told.ran, told.said
    assert told.caught == case.leak, told.said


def test_suite_is_as_large_as_it_says_and_names_are_its_own():
    cases = [*suite.FUNCTIONS, *STUDIES]
    assert len({case.name for case in suite.FUNCTIONS}) == len(suite.FUNCTIONS)
    assert len({study.name for study in STUDIES}) == len(STUDIES)
    assert sum(case.leak for case in cases) >= 60
    assert sum(not case.leak for case in cases) >= 60
    assert sum(study.leak for study in STUDIES) >= 15
    for room in suite.ROOMS:
        assert {case.leak for case in cases if case.room == room} == {True, False}, room


STUDIED = (
    "centred", "trailing", "fit-on-all", "fit-on-training", "at-the-low", "yesterdays-range", "sign-of-next",
    "early-entry", "fading-exposure", "survivors", "trades-tomorrow", "traded-lately",
)  # fmt: skip


@pytest.mark.slow
def test_studies_leak_where_they_were_planted():
    """In a process of its own: components that leak are none of this one's business."""
    told = [sys.executable, str(ROOT / "benchmarks" / "leak_suite.py"), "--only", *STUDIED]
    done = subprocess.run(told, capture_output=True, text=True, check=True)
    said = {
        line.split()[1]: line for line in done.stdout.splitlines() if line.split()[1:2] and line.split()[1] in STUDIED
    }
    assert set(said) == set(STUDIED)
    assert not [line for line in said.values() if "NOT AS IT SHOULD" in line]


@pytest.mark.parametrize("part", ["summary", "functions", "studies", "misses"])
def test_page_shows_the_last_record(part):
    page = (ROOT / "docs" / "leaks.md").read_text(encoding="utf-8")
    shown = re.search(rf"<!-- measured: {part} -->\n(.*?)\n<!-- end -->", page, flags=re.DOTALL)
    assert shown is not None
    rows = suite.last()
    makes = {"functions": suite.of_functions, "studies": suite.of_studies, "misses": suite.misses}
    assert shown[1] == {"summary": suite.summary, **makes}[part](rows)


def test_nothing_is_missed_that_a_test_could_find():
    wrong = [row["name"] for row in suite.last() if not suite.as_it_should(row) and not row["limit"]]
    assert not wrong


def test_record_is_of_this_suite():
    rows = {(row["name"], row["leak"], row["room"], row["kind"]) for row in suite.last()}
    now = {(case.name, case.leak, case.room, case.kind) for case in suite.FUNCTIONS}
    now |= {(study.name, study.leak, study.room, "study") for study in STUDIES}
    assert rows == now
