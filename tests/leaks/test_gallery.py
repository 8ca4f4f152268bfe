"""The gallery: each leak is one change of an honest study, flatters as it is told to, and the page shows the record."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from tidegate.data.worlds import NoiseWorld
from tidegate.errors import SettingError
from tidegate.study.api import run
from tidegate.study.contrasts import differing
from tidegate.study.ground import mistakes_in
from tidegate_studies.leak_gallery import LEAKS, declare, figure, searched

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import leak_gallery as measured  # noqa: E402

GALLERY = declare()
NO_LEAK = {"level", "no-costs"}
"""What is no leak: two figures of one study."""


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.key)
def test_what_differs_is_the_leak_and_says_so(leak):
    leaking, honest = GALLERY.study(leak.flattering[0]), GALLERY.study(leak.honest[0])
    assert mistakes_in(honest) == ()
    if leak.key in NO_LEAK:
        assert leaking == honest
        return
    changed = {path.partition(" ")[0].partition(".")[0] for path in differing(honest, leaking)}
    assert len(changed - {"normaliser"}) == 1 or changed == {"normaliser"}
    assert len(mistakes_in(leaking)) == (leak.key != "random-windows")  # a hold-out has a stamp of its own


def test_every_leak_has_its_own_study_and_every_honest_one_a_table():
    shown = {name for contrast in GALLERY.contrasts for name in (contrast.base, *contrast.studies)}
    assert shown | {"price", "bars"} == {study.name for study in GALLERY.studies} | {"levels"}
    assert len({leak.key for leak in LEAKS}) == len(LEAKS) >= 15


def test_it_brings_its_own_worlds():
    with pytest.raises(SettingError, match="its own worlds"):
        declare(NoiseWorld(sessions=50, seed=1))
    assert declare(world=4).study("index") != GALLERY.study("index")


def test_a_leak_flatters_and_a_level_says_nothing(tmp_path):
    found = {
        name: run(GALLERY.study(name), out=tmp_path, jobs=1).findings[name]
        for name in ("index", "window-and-future", "rule", "own-bar", "price")
    }
    right = {name: figure(found[name], "direction_accuracy") for name in ("index", "window-and-future")}
    assert right["window-and-future"] > 0.7
    assert right["index"] < 0.6
    earned = {name: figure(found[name], "annualised_return") for name in ("rule", "own-bar")}
    assert earned["own-bar"] > 1.0
    assert earned["rule"] < 0.2
    assert figure(found["price"], "r2") > 0.95
    assert abs(figure(found["price"], "skill")) < 0.05


def test_the_best_of_more_is_worth_less():
    once, often = np.mean([searched(seed) for seed in range(10)], axis=0)
    assert once > 0.95
    assert often < 0.75
    assert searched(2, tries=2)[0] < 0.95


def page():
    return (ROOT / "docs" / "leaks" / "gallery.md").read_text(encoding="utf-8")


def test_page_shows_the_last_record():
    shown = re.search(r"<!-- measured: gallery -->\n(.*?)\n<!-- end -->", page(), flags=re.DOTALL)
    assert shown is not None
    assert shown[1] == measured.table(measured.last())


def test_record_is_of_this_gallery_and_honest_studies_pass():
    rows = measured.last()
    assert [row["key"] for row in rows] == [*(leak.key for leak in LEAKS), "searched"]
    for row, leak in zip(rows, LEAKS, strict=False):
        assert row["honest failed"] == []
        assert len(row["flattering"]) == len(row["honest"]) == len(measured.WORLDS)
        if GALLERY.study(leak.flattering[0]).hold_out is not None or any(
            told.startswith("LEAKS") for told in mistakes_in(GALLERY.study(leak.flattering[0]))
        ):
            assert row["leaking failed"], leak.key
