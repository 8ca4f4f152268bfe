"""A run of several studies reads and holds once what they share, and reads forecasts again when they are asked for."""

import pytest
from small import small

from tidegate.study.api import run
from tidegate.study.declare import Study
from tidegate.study.recalled import Recalled
from tidegate.study.records import load_forecast
from tidegate.study.reproduction import Reproduction


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Two studies that differ in their seeds alone, run once. Only to be read."""
    first = Study.of(small(name="first", seeds=(0, 1)))
    studies = (first, first.but(name="second", seeds=(1,)))
    made = Reproduction("two", first.title, first.title, studies, "first")
    return run(made, out=tmp_path_factory.mktemp("two"), jobs=1)


def test_studies_on_the_same_data_hold_the_same_bars_and_windows(ran):
    first, second = ran.findings["first"], ran.findings["second"]
    assert first.bars is second.bars
    assert first.windows is second.windows


def test_every_forecast_is_the_one_that_was_kept(ran):
    found = ran.findings["first"]
    seeds = {name: load_forecast(found.folder / "forecast" / name) for name in ("seed-0", "seed-1")}
    assert list(found.forecasts)[:3] == ["seed-0", "seed-1", "ensemble"]
    assert all(found.forecasts[name].frame.equals(kept.frame) for name, kept in seeds.items())
    mean = (seeds["seed-0"].score + seeds["seed-1"].score) / 2
    assert found.forecasts["ensemble"].score == pytest.approx(mean, rel=1e-12)


def test_only_the_forecast_asked_for_last_is_held():
    read = []
    recalled = Recalled({name: lambda name=name: read.append(name) or name for name in ("a", "b")})
    assert "a" in recalled
    assert read == []
    assert [recalled[name] for name in ("a", "a", "b", "b", "a")] == ["a", "a", "b", "b", "a"]
    assert read == ["a", "b", "a"]
    with pytest.raises(KeyError):
        recalled["c"]
