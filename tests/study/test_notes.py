"""What a report says in Chinese: no note of a measure, title of data or source that we make ourselves stays in English."""

import re

import pytest
from small import small

from ranker import ranker
from tidegate.catalog import entries, find
from tidegate.study.api import run
from tidegate.study.notes import data_title, note_text
from tidegate.walk import example_of

ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")


@pytest.fixture(scope="module", params=[ranker, small], ids=["selection", "timing"])
def report(request, tmp_path_factory):
    return run(request.param(), out=tmp_path_factory.mktemp("notes"), jobs=1).report


def test_every_note_of_a_measure_has_its_chinese(report):
    left = {m.note for m in report.measures if ENGLISH.search(note_text(m.note).zh)}
    assert left == set()
    assert all(report.glossary[m.note] == note_text(m.note) for m in report.measures if m.note)


def test_titles_and_sources_are_in_both_languages(report):
    assert "world" not in report.title.zh
    for held in report.provenance["data"].values():
        assert held["title"]["zh"] != held["title"]["en"]
        assert held["source"]["zh"] != held["source"]["en"]


@pytest.mark.parametrize("name", sorted(name for name in entries("source") if name.endswith("world")))
def test_every_world_has_a_chinese_title(name):
    title = example_of(find("source", name)).bars().spec.title
    assert data_title(title).en == title
    assert not ENGLISH.search(data_title(title).zh)
    assert "orld" not in data_title(title).zh


def test_unconfirmed_rules_stand_behind_one_line(report):
    section = next(section for section in report.sections if section.key == "results")
    several = [text for text in section.folded if text.en.startswith("Unconfirmed rule: ")]
    assert len(several) == len(section.folded)
    assert not any("Unconfirmed rule: " in text.en for text in section.words) or not several
    if several:
        assert section.fold.en.startswith(f"{len(several)} of the market's rules")
