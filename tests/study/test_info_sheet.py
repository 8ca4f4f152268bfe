"""The model info sheet says what was declared and counted, and changes when that does."""

import pytest
from classes import classes

from ranker import ranker
from tidegate.study.api import run
from tidegate.study.declare import Study

pytestmark = pytest.mark.filterwarnings("error")


def sheet(declared, folder):
    ran = run(declared, out=folder, jobs=1)
    (table,) = [one for one in ran.report.tables if one.key == "info-sheet"]
    assert any("info-sheet" in section.shows for section in ran.report.sections)
    (data,) = [one for one in ran.report.tables if one.key == "windows"]
    return table, data.rows[0]


def test_it_counts_what_was_judged_and_purged(tmp_path):
    table, data = sheet(ranker(), tmp_path)
    answers = {row["kind"]["en"][:3]: row["answer"] for row in table.rows}
    assert len(answers) == 8
    assert f"{data['test']:,} windows judged in 1 range(s); 0 of them" in answers["1.1"]["en"]
    assert f": 0 of {data['train']:,} training targets" in answers["3.1"]["en"]
    assert f"{data['purged']:,} were purged" in answers["3.1"]["en"]
    assert f"{data['purged']:,}" in answers["3.1"]["zh"]
    assert "trading, no-risk-warning" in answers["3.3"]["en"]
    assert all(row["answer"]["en"] != row["answer"]["zh"] for row in table.rows)
    assert "itself says" not in table.note.en


def test_a_part_held_out_and_a_part_that_confesses_are_told(tmp_path):
    held = classes(hold_out={"name": "random-windows", "share": 0.2, "seed": 0}, steps=[])
    table, _ = sheet(held, tmp_path / "held")
    answers = {row["kind"]["en"][:3]: row["answer"]["en"] for row in table.rows}
    assert "held out by random-windows" in answers["1.1"]
    assert "may share rows" in answers["1.4"]
    mistaken = ranker(normaliser={"name": "fitted-on-all", "inner": {"name": "window-z-score"}})
    table, _ = sheet(mistaken, tmp_path / "mistaken")
    assert "LEAKS" in next(row["answer"]["en"] for row in table.rows if row["kind"]["en"].startswith("1.2"))
    assert "itself says" in table.note.en


def test_years_that_are_learned_from_and_judged_are_counted(tmp_path):
    times = Study.of(ranker()).source.bars().times.astype("datetime64[D]")
    early, late = (str(times[int(len(times) * part)]) for part in (0.5, 0.8))
    table, data = sheet(ranker(split={"name": "overlapping-split", "train_end": late, "test_start": early}), tmp_path)
    answers = {row["kind"]["en"][:3]: row["answer"]["en"] for row in table.rows}
    assert "; 0 of them" not in answers["1.1"]
    assert f": 0 of {data['train']:,}" not in answers["3.1"]
    assert "LEAKS" in answers["3.1"]
