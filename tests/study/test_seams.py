"""Seams between rooms: what signs a stage, what counts as a change, and what is refused before anything is computed."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from tidegate.data.samples import Sample
from tidegate.data.worlds import NoiseWorld
from tidegate.errors import DataError, SettingError
from tidegate.models.linear import Linear
from tidegate.study import code
from tidegate.study.api import declare as declared
from tidegate.study.declare import Dates, Rollout
from tidegate.study.ground import seen_bars, stand
from tidegate.study.judging import _changes
from tidegate.study.stages import Stages
from tidegate.types import Bars, Forecast, Horizon
from tidegate_studies.index_timing import declare

STUDY = declare(Sample(dataset="nasdaq"), quick=True).study("b1-return")


def test_a_run_signs_with_the_code_that_it_imported(monkeypatch):
    """A source edited while a run goes on is not the source that computes it."""
    before = code.code_version("report")
    code.code_version.cache_clear()
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: b"edited")
    assert code.code_version("report") == before
    assert code.code_version("report") != code.code_version("evaluate")


def test_last_price_foresees_no_change():
    """Persistence comes back from single precision; its rounding is no forecast of a direction."""
    bars = NoiseWorld(sessions=60, seed=1).bars()
    close = bars.adjusted("close")
    frame = bars.frame.select(
        "time",
        "asset",
        fold=pl.lit(0, dtype=pl.Int32),
        score=pl.Series(close.astype(np.float32).astype(np.float64)),
        truth=pl.Series(np.append(close[1:], np.nan)),
    )
    assert (frame["score"].to_numpy() != close).any()
    held = Forecast.of(frame, Horizon(lag=0, span=1, entry="close", exit="close"), "level", {0: "x"})
    assert (_changes(held, bars).score == 0.0).all()


def test_a_negative_seed_is_refused_at_once():
    with pytest.raises(SettingError, match="a seed is negative"):
        STUDY.but(seeds=(0, -1))


def test_a_span_begins_with_its_first_session():
    """A night bar belongs to the next trading day, on both ends of a span."""
    prices = {name: [1.0, 1.0, 1.0] for name in ("open", "high", "low", "close")}
    frame = pl.DataFrame(
        {
            "time": [datetime(2020, 1, 3, 14), datetime(2020, 1, 3, 21), datetime(2020, 1, 6, 10)],
            "session": [date(2020, 1, 3), date(2020, 1, 6), date(2020, 1, 6)],
            "asset": ["rb"] * 3,
            **prices,
        }
    )
    bars = Bars.of(frame, NoiseWorld(sessions=40, seed=1).bars().spec)
    study = STUDY.but(span=Dates(first=date(2020, 1, 6), last=None))
    assert seen_bars(study, bars).frame["time"].to_list() == frame["time"].to_list()[1:]


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"model": Linear(), "training": None, "rivals": (STUDY.model,)}, "a network needs training settings"),
        ({"model": Linear(), "rollout": Rollout(steps=2, every=1)}, "a rollout needs a network"),
    ],
)
def test_settings_that_would_be_left_aside_are_refused(changes, told):
    with pytest.raises(SettingError, match=told):
        STUDY.but(**changes)


@pytest.mark.parametrize(
    "changes, error, told",
    [
        ({"lookback": 80}, DataError, "there is no window to learn from"),
        ({"context": STUDY.factors.fields}, SettingError, "no field is left"),
    ],
)
def test_what_cannot_be_learned_is_said_before_it_is_tried(changes, error, told, tmp_path):
    with pytest.raises(error, match=told):
        stand(STUDY.but(**changes), NoiseWorld(sessions=100, seed=1).bars(), Stages(tmp_path))


def test_data_given_beside_a_reproduction_is_used():
    world = NoiseWorld(sessions=100, seed=1)
    made = declared(declare(Sample(dataset="nasdaq"), quick=True), data=world)
    assert {study.source for study in made.studies} == {world}
    with pytest.raises(SettingError, match="quick"):
        declared(made, quick=True)
