"""The same study gives the same bytes, wherever it runs and however many processes work on it."""

import json
import re

import pytest
from small import files_below, finish, report, small, weights

CLOCK = {"timings.json", "log.jsonl"}


@pytest.fixture(scope="module")
def two(whole, tmp_path_factory):
    """The undisturbed run, and one in another folder with two processes."""
    other = tmp_path_factory.mktemp("other") / "deeper" / "out"
    finish(small(), other, jobs=2)
    return whole, other


def test_reports_and_weights_do_not_depend_on_folder_or_processes(two):
    one, other = two
    assert report(one) == report(other)
    assert weights(one) == weights(other)
    assert len(weights(one)) == 4


def test_every_file_but_the_clocks_is_the_same(two):
    one, other = (files_below(out / "small") for out in two)
    differs = {name.rsplit("/", 1)[-1] for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    assert differs == CLOCK


def test_measured_seconds_are_in_the_clock_files_alone(whole):
    (run,) = whole.glob("small/*/")
    timings = json.loads((run / "timings.json").read_text(encoding="utf-8"))
    assert timings["seconds"] > 0
    for path in run.rglob("*.json"):
        if path.name not in CLOCK:
            assert not re.search(r'"(seconds|elapsed|started|finished|at)":', path.read_text(encoding="utf-8")), path


def test_no_path_of_this_machine_is_kept(whole):
    (run,) = whole.glob("small/*/")
    for path in run.rglob("*"):
        if path.suffix in {".json", ".html", ".csv", ".jsonl"}:
            assert str(whole) not in path.read_text(encoding="utf-8"), path


def test_a_second_run_computes_nothing_and_writes_the_same(whole):
    before = report(whole)
    again = finish(small(), whole)
    assert again.computed == 0
    assert again.reused == 11
    assert report(whole) == before
