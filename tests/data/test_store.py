"""What the store gives back is what was put there, or an error: after appends, kills, flips and bad names."""

import multiprocessing
import os
import signal

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tidegate import files
from tidegate.data.file_source import FileSource
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.samples import Sample
from tidegate.data.source import Source
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.data.worlds import HourlyWorld, NoiseWorld
from tidegate.errors import BusyError, DataError, IntegrityError, KeptError, SettingError, UnknownNameError
from tidegate.types.bars import Bars

WORLD = NoiseWorld(sessions=700, seed=1, assets=2).bars()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "仓 库")


def part(first, last):
    times = WORLD.times
    return Bars.of(WORLD.frame.filter(pl.col("time").is_between(times[first], times[last - 1])), WORLD.spec)


def test_put_read_list_describe(store):
    assert store.list() == []
    holding = store.put("noise", WORLD)
    assert store.list() == ["noise"]
    assert store.read("noise").digest == WORLD.digest
    assert store.verify("noise") == store.describe("noise") == holding
    assert (holding.rows, holding.assets, holding.first) == (1400, 2, "2000-01-03T00:00:00")
    assert [piece.year for piece in holding.parts] == [2000, 2001, 2002]
    assert sum(piece.rows for piece in holding.parts) == 1400


def test_put_again_is_nothing_and_other_bars_are_refused(store):
    store.put("noise", WORLD)
    assert store.put("noise", WORLD).digest == WORLD.digest
    with pytest.raises(KeptError, match="there already, with other bars"):
        store.put("noise", part(0, 300))
    assert store.put("noise", part(0, 300), replace=True).rows == 600
    assert len(list((store.root / "noise").glob("*.parquet"))) == 2


@pytest.mark.parametrize("cuts", [(100, 699), (260, 261, 400), (1, 2, 3)])
def test_appending_in_steps_equals_putting_at_once(store, cuts):
    store.put("steps", part(0, cuts[0]))
    for before, end in zip(cuts, (*cuts[1:], 700), strict=True):
        store.append("steps", part(0 if end % 2 else before - 1, end))
    assert store.read("steps").digest == WORLD.digest
    store.put("once", WORLD)
    assert store.describe("steps").parts == store.describe("once").parts


def test_appending_leaves_other_years_alone(store):
    first = store.put("noise", part(0, 600))
    second = store.append("noise", part(500, 700))
    assert second.parts[:2] == first.parts[:2]
    assert second.parts[2] != first.parts[2]


def test_a_conflicting_overlap_is_refused_with_the_first_difference(store):
    store.put("noise", part(0, 400))
    frame = part(300, 500).frame
    at = WORLD.times[350]
    changed = frame.with_columns(amount=pl.when(pl.col("time") == at).then(pl.col("amount") + 1).otherwise("amount"))
    with pytest.raises(
        DataError, match=r"2 bars disagree with what the store holds, the first in 'amount'.*noise-0001, 2001-05-07"
    ):
        store.append("noise", Bars.of(changed, WORLD.spec))
    assert store.read("noise").digest == part(0, 400).digest


def test_bars_between_old_ones_and_other_kinds_are_refused(store):
    holed = Bars.of(part(0, 400).frame.filter(pl.col("time") != WORLD.times[200]), WORLD.spec)
    store.put("noise", holed)
    with pytest.raises(DataError, match="put between old ones"):
        store.append("noise", part(100, 410))
    with pytest.raises(DataError, match="another frequency"):
        store.append("noise", HourlyWorld(days=3, seed=1).bars())
    with pytest.raises(DataError, match="other columns"):
        store.append("noise", Bars.of(part(390, 410).frame.drop("amount"), WORLD.spec))


BAD = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "A",
    "名",
    "a b",
    "a\n",
    "-a",
    "a-",
    "a..b",
    "a" * 65,
    ".lock",
    "a\0",
    "con:",
    "/etc",
    "~",
    "%2e%2e",
]


@pytest.mark.parametrize("name", BAD)
def test_names_are_matched_in_full(store, name):
    for verb in (
        store.read,
        store.describe,
        store.verify,
        lambda n: store.put(n, WORLD),
        lambda n: store.append(n, WORLD),
    ):
        with pytest.raises(SettingError, match="cannot be a dataset's name"):
            verb(name)
    assert not store.root.exists()


def test_unknown_names_come_with_the_nearest(store):
    store.put("csi300", WORLD)
    with pytest.raises(UnknownNameError, match="did you mean 'csi300'"):
        store.read("csi30")


def test_every_flip_and_cut_is_noticed(store):
    store.put("noise", part(0, 300))
    generator = np.random.default_rng(5)
    for path in sorted((store.root / "noise").glob("[!.]*")):
        whole = path.read_bytes()
        for _ in range(25):
            broken = bytearray(whole)
            broken[generator.integers(len(whole))] ^= int(generator.integers(1, 256))
            path.write_bytes(bytes(broken) if generator.random() < 0.8 else whole[: generator.integers(len(whole))])
            try:
                found = store.verify("noise")
            except IntegrityError:
                continue
            finally:
                path.write_bytes(whole)
            assert path.name == "manifest.json"  # white space, or a word that describes and does not count
            assert found.digest == part(0, 300).digest
    assert store.verify("noise").rows == 600


def test_a_missing_file_is_an_integrity_error(store):
    holding = store.put("noise", WORLD)
    (store.root / "noise" / holding.parts[0].file).unlink()
    with pytest.raises(IntegrityError, match="No such file"):
        store.read("noise")


@pytest.mark.parametrize("fatal", range(1, 6))
def test_a_fault_at_any_write_leaves_old_or_new(store, monkeypatch, fatal):
    store.put("noise", part(0, 300))
    written = []
    real = files.write_bytes

    def faulty(path, content):
        written.append(path)
        if len(written) == fatal:
            raise KeptError("disk full")
        return real(path, content)

    monkeypatch.setattr("tidegate.data.store.write_bytes", faulty)
    monkeypatch.setattr("tidegate.files.write_bytes", faulty)
    try:
        store.append("noise", part(250, 700))
    except KeptError:
        assert store.read("noise").digest == part(0, 300).digest
    else:
        assert store.read("noise").digest == WORLD.digest
    monkeypatch.undo()
    store.append("noise", part(250, 700))
    assert store.read("noise").digest == WORLD.digest
    assert len(list((store.root / "noise").glob("*.parquet"))) == len(store.describe("noise").parts)


def _hold(root, ready):
    with files.held(root / "noise" / ".lock", "dataset noise"):
        ready.set()
        signal.pause()


def test_a_second_writer_is_told_and_a_killed_one_lets_go(store):
    store.put("noise", part(0, 300))
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    other = context.Process(target=_hold, args=(store.root, ready))
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        other.start()
    assert ready.wait(20)
    with pytest.raises(BusyError, match="dataset noise is in use"):
        store.append("noise", WORLD)
    assert store.read("noise").frame.height == 600  # readers need no lock
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    assert store.append("noise", WORLD).rows == 1400


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    "bars",
    [WORLD, HourlyWorld(days=5, seed=2).bars(), Sample(dataset="nasdaq").bars()],
    ids=["days", "hours", "nasdaq"],
)
def test_an_export_is_read_back_to_equal_values(store, tmp_path, ending, bars):
    store.put("bars", bars)
    path = tmp_path / f"out.{ending}"
    store.export("bars", path)
    again = import_file(path, ImportSettings(calendar="always", currency="USD", volume_unit="shares")).bars
    assert_frame_equal(again.frame, bars.frame, check_exact=True)


def test_export_refuses_other_endings(store, tmp_path):
    store.put("bars", WORLD)
    with pytest.raises(SettingError, match=r"a \.csv or a \.parquet"):
        store.export("bars", tmp_path / "bars.xlsx")


def test_sources_of_the_store_and_of_files(store, tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGATE_STORE", str(store.root))
    store.put("noise", WORLD)
    assert Source.of({"name": "stored", "dataset": "noise"}) == Stored(dataset="noise")
    assert Stored(dataset="noise").bars().digest == WORLD.digest
    store.export("noise", tmp_path / "noise.csv")
    source = FileSource(path=str(tmp_path / "noise.csv"), settings=ImportSettings(kind="synthetic", currency="points"))
    assert source.bars().frame.equals(WORLD.frame)
    monkeypatch.delenv("TIDEGATE_STORE")
    monkeypatch.chdir(tmp_path)
    assert Store.default().list() == []


def test_health_is_kept_with_the_bars(store, tmp_path):
    store.put("noise", WORLD)
    store.export("noise", tmp_path / "noise.csv")
    imported = import_file(tmp_path / "noise.csv")
    store.put("again", imported.bars, health=imported.health)
    assert store.describe("again").health == imported.health
