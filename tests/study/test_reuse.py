"""A changed setting computes the stages after it again, and none before it."""

import shutil

import pytest
from small import finish, small, stages

ALL = ("bars", "panel", "windows", "folds", "fit", "forecast", "books", "measures")


def fresh(out, before):
    """Which kinds of stages were added, and how many."""
    return {kind: n for kind in ALL if (n := len(stages(out, kind) - before[kind]))}


@pytest.fixture
def warm(whole, tmp_path):
    """A copy of the undisturbed run's stages."""
    shutil.copytree(whole / "stages", tmp_path / "stages")
    return tmp_path


@pytest.mark.parametrize(
    "change, added",
    [
        ({"strategy__days": 3}, {"books": 2, "measures": 1}),
        (
            {"markets__0": {"name": "etf-proxy", "commission": 0.001}, "markets__1": {"name": "frictionless"}},
            {"books": 1, "measures": 1},
        ),
        ({"training__epochs": 2}, {"fit": 2, "forecast": 2, "books": 2, "measures": 1}),
        ({"seeds": [1, 2, 3]}, {"fit": 1, "forecast": 1, "books": 2, "measures": 1}),
        ({"label__clip": 0.1}, {"windows": 1, "fit": 4, "forecast": 4, "books": 2, "measures": 1}),
        ({"split__valid": 0.1}, {"folds": 1, "fit": 4, "forecast": 4, "books": 2, "measures": 1}),
        ({"title__en": "Another"}, {}),
        ({"stamps": [{"en": "Say this", "zh": "说明"}]}, {}),
    ],
    ids=lambda held: ",".join(held) or "nothing" if isinstance(held, dict) else None,
)
def test_only_what_comes_after_a_change_is_computed(warm, change, added):
    before = {kind: stages(warm, kind) for kind in ALL}
    ran = finish(small(**change), warm)
    assert fresh(warm, before) == added
    assert ran.computed == sum(count for kind, count in added.items() if kind != "fit")
    assert finish(small(**change), warm).computed == 0


def test_checkpoints_more_or_less_often_are_the_same_training(warm):
    before = {kind: stages(warm, kind) for kind in ALL}
    finish(small(training__checkpoint_seconds=9.0), warm)
    assert "forecast" not in fresh(warm, before)
