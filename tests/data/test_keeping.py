"""A source kept whole: the dataset says what the source said, and an export of it comes in again with the same values."""

import pytest

from tidegate.data.fact_store import describe_facts, read_facts_of
from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.keeping import keep_reported, keep_source
from tidegate.data.panel import import_panel
from tidegate.data.panel_export import export_panel
from tidegate.data.share_world import ShareWorld
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.data.worlds import NoiseWorld
from tidegate.errors import KeptError
from tidegate.types.history import Reported

WORLD = ShareWorld(assets=12, sessions=320, seed=3, ic=0.1)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    return Store.default()


def test_a_world_is_kept_with_its_reports_and_read_as_any_dataset(store):
    keep_source(WORLD, store, "made")
    held = Stored(dataset="made")
    assert held.bars().digest == WORLD.bars().digest
    assert held.reported().digest == WORLD.reported().digest
    assert held.reported().stamps == WORLD.reported().stamps
    assert held.instruments().frame.equals(WORLD.instruments().frame)
    assert describe_facts(store, "made").health.notes == ("made by share-world, not read from a file",)
    assert keep_source(WORLD, store, "made").digest == WORLD.bars().digest  # again: nothing changes


def test_another_world_takes_its_place_only_when_told_to(store):
    keep_source(WORLD, store, "made")
    other = WORLD.but(seed=4)
    with pytest.raises(KeptError, match="other bars"):
        keep_source(other, store, "made")
    keep_source(other, store, "made", replace=True)
    assert Stored(dataset="made").reported().digest == other.reported().digest
    keep_source(NoiseWorld(sessions=60, seed=1), store, "made", replace=True)  # it reports nothing
    assert read_facts_of(store, "made") is None


def test_classes_alone_can_be_kept(store):
    store.put("made", WORLD.bars())
    keep_reported(Reported(classes=WORLD.reported().classes), store, "made", told_by="me")
    held = read_facts_of(store, "made")
    assert held.facts.frame.height == 0
    assert held.classes.frame.equals(WORLD.reported().classes.frame)


def test_an_export_comes_in_again_with_the_same_values_under_another_title(store, tmp_path):
    keep_source(WORLD, store, "made")
    export_panel(store, "made", tmp_path / "out")
    bars, _, _, instruments = import_panel(tmp_path / "out")
    before = WORLD.bars()
    assert bars.frame.select(before.frame.columns).equals(before.frame)
    assert bars.digest != before.digest  # title and source say where bars come from, and are part of the digest
    changed = {name for name, value in bars.spec.model_dump().items() if value != before.spec.model_dump()[name]}
    assert {"title", "source"} <= changed <= {"title", "source", "stamps"}
    again = import_fundamentals(tmp_path / "out", bars, instruments)
    assert again.facts.frame.equals(WORLD.reported().facts.frame.select(again.facts.frame.columns))
