"""The counting of `benchmarks/worlds.py`, small: whole worlds through every room, with seeds that do not change.

The bands here are wide, for a few dozen worlds; the benchmark holds 200 of them to 2 to 8 %, 80 % and 90 to 97 %.
"""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tidegate.data.worlds import PlantedWorld
from tidegate.measures.scores import ic
from tidegate.types.fold import Fold

HERE = Path(__file__).resolve().parents[2] / "benchmarks" / "worlds.py"


@pytest.fixture(scope="module")
def worlds():
    spec = importlib.util.spec_from_file_location("worlds_benchmark", HERE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestNoise:
    def test_next_bar_labels(self, worlds):
        told = worlds.rates(worlds.run(worlds.DAILY._replace(sessions=1500), None, 40), None)
        assert told["flagged"] <= 0.125
        assert told["covered"] >= 0.875
        assert told["better than zero, p < 5 %"] <= 0.05
        assert told["beats random gates, p ≤ 5 %"] <= 0.15

    def test_overlapping_labels_and_slow_scores(self, worlds):
        held = worlds.run(worlds.AS_STUDIED, None, 20)
        told = worlds.rates(held, None)
        assert told["flagged"] <= 0.15
        assert told["labels apart flagged"] <= 0.15
        assert len(set(held["ic"])) == 20  # each world is another one

    def test_persistence_is_a_rival_that_noise_beats(self, worlds):
        """A return that repeats itself errs by twice the variance: skill over it is no sign of foresight."""
        row = worlds.one_world(worlds.AS_STUDIED, None, 3)
        assert row["persistence_skill"] == pytest.approx(0.5, abs=0.1)
        assert row["persistence_p"] < 0.05

    def test_judging_where_one_learned_is_caught(self, worlds, monkeypatch):
        monkeypatch.setattr(Fold, "testing", Fold.training)
        told = worlds.rates(worlds.run(worlds.AS_STUDIED, None, 3), None)
        assert told["flagged"] == 1.0
        assert told["covered"] == 0.0


class TestPlanted:
    def test_a_coefficient_of_a_twentieth_is_found_and_covered(self, worlds):
        held = worlds.run(worlds.DAILY, 0.05, 20)
        told = worlds.rates(held, 0.05)
        assert told["found"] >= 0.8
        assert told["covered"] >= 0.85
        assert told["mean IC"] == pytest.approx(told["mean true IC"], abs=0.009)
        assert np.all(np.abs(held["truth"]) <= 0.05 * worlds.VOLUME_SEEN)

    def test_a_panel_judged_by_date(self, worlds):
        row = worlds.one_world(worlds.ACROSS, 0.05, 1)
        assert row["found"] == 1.0
        assert "placebo_p" not in row

    def test_the_closed_form_is_what_a_long_world_shows(self, worlds):
        bars = PlantedWorld(sessions=2000, seed=5, ic=0.4).bars()
        design = worlds.DAILY._replace(sessions=2000)
        walked = worlds.walk(bars, design, 5)
        assert worlds.population_ic(walked, 0.4) == pytest.approx(0.4 * worlds.VOLUME_SEEN, abs=0.01)
        seen = worlds.long_run_ic(walked, 0.4, design, 6)
        assert seen == pytest.approx(worlds.population_ic(walked, 0.4), abs=4 * 0.9 / np.sqrt(120_000))

    def test_volume_shows_almost_all_of_the_signal(self, worlds):
        signal = np.random.default_rng(1).standard_normal(400_000)
        assert ic(np.exp(0.25 * signal), signal) == pytest.approx(worlds.VOLUME_SEEN, abs=0.001)

    def test_a_network_finds_it_too(self, worlds):
        held = worlds.run(worlds.NETWORK, 0.05, 3)
        assert held["found"].sum() >= 2
        assert held["covered"].all()
        assert np.all((held["truth"] > 0.03) & (held["truth"] < 0.055))


def test_what_is_promised(worlds):
    assert worlds.promise("flagged", None, 200) == (0.02, 0.08)
    assert worlds.promise("found", 0.05, 10) == (0.80, 1.0)
    assert worlds.promise("found", 0.02, 200) is None
    assert worlds.promise("covered", 0.05, 10) is None
    assert worlds.promise("rank IC flagged", None, 200) is None
