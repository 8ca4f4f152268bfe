"""Stages: whole or not at all, made once, and believed only while their hashes agree."""

import errno
import os
import shutil
import threading
import time
from pathlib import Path

import pytest
from small import finish, report, small, stages

from tidegate import files
from tidegate.errors import BusyError, IntegrityError, KeptError
from tidegate.files import held, write_text
from tidegate.study.api import declare
from tidegate.study.run import run_reproduction
from tidegate.study.stages import Stages


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "out")
    return tmp_path / "out"


def spoil(path):
    """Change one bit in the middle of a file, keeping its length."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize(
    "name", ["bars/*/bars.parquet", "panel/*/panel.json", "fit/SEED/*.safetensors", "forecast/*/forecast.parquet",
             "books/*/books.json", "measures/*/measures.json"]
)  # fmt: skip
def test_a_changed_byte_is_found_and_nothing_wrong_is_used(copy, name):
    before = report(copy)
    fit = next(path.parent.name for path in copy.glob("stages/fit/*/fit.json") if '"seed": 1' in path.read_text())
    path = next((copy / "stages").glob(name.replace("SEED", fit)))
    spoil(path)
    with pytest.raises(IntegrityError, match=r"is not what was written.*Hint: remove this stage's folder") as told:
        finish(small(), copy)
    assert report(copy) == before
    shutil.rmtree(told.value.where)
    finish(small(), copy)
    assert report(copy) == before


def test_a_missing_file_is_found(copy):
    next((copy / "stages" / "windows").glob("*/windows.parquet")).unlink()
    with pytest.raises(IntegrityError, match="is not what was written"):
        finish(small(), copy)


def test_a_spoilt_card_is_found(copy):
    card = next((copy / "stages" / "folds").glob("*/stage.json"))
    card.write_text("{", encoding="utf-8")
    with pytest.raises(IntegrityError, match="not valid JSON"):
        finish(small(), copy)


@pytest.mark.parametrize("stage", ["fit", "measures"])
def test_a_full_disk_is_one_line_and_the_run_goes_on_after_it(whole, tmp_path, monkeypatch, stage):
    sync = os.fsync

    def full(handle):
        if f"/stages/{stage}/" in str(Path(f"/proc/self/fd/{handle}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", full)
        with pytest.raises(KeptError, match=r"No space left on device.*Hint: free some space") as told:
            finish(small(), tmp_path)
    assert "\n" not in str(told.value)
    assert not stages(tmp_path, stage)
    assert stages(tmp_path, "bars") == stages(whole, "bars")
    finish(small(), tmp_path)
    assert report(tmp_path) == report(whole)


def test_the_same_run_twice_at_once_is_refused(whole):
    made = declare(small())
    folder = whole / made.name / made.fingerprint[:8]
    with held(folder / "run.lock", "test"), pytest.raises(BusyError, match=r"in use by another process.*Hint: wait"):
        run_reproduction(made, whole, jobs=1, tell=lambda event: None)


def test_leftovers_of_a_killed_build_are_wiped_unless_it_resumes(tmp_path):
    kept = Stages(tmp_path)
    seen = {}

    def build(work):
        seen[work.parent.name] = sorted(path.name for path in work.iterdir())
        write_text(work / "made.txt", "made")

    for stage, resumes in (("once", False), ("resuming", True)):
        work = tmp_path / stage / f"{kept.key({'a': 1})}.work"
        work.mkdir(parents=True)
        (work / "half.txt").write_text("half", encoding="utf-8")
        (work / ".torn.1-1.tidegate-tmp").write_text("torn", encoding="utf-8")
        made = kept.make(stage, {"a": 1}, build, resumes=resumes)
        assert not made.reused
        assert not work.exists()
    assert seen == {"once": [], "resuming": ["half.txt"]}
    assert sorted(kept.make("once", {"a": 1}, build).files) == ["made.txt"]
    assert kept.make("once", {"a": 1}, build).reused


def test_a_death_between_the_card_and_the_rename_is_made_good(tmp_path, monkeypatch):
    kept = Stages(tmp_path)

    def build(work):
        write_text(work / "made.txt", "made")

    class Died(BaseException):
        pass

    def die(path, target):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", die)
        with pytest.raises(Died):
            kept.make("stage", {"a": 1}, build, resumes=True)
    assert sorted(kept.make("stage", {"a": 1}, build, resumes=True).files) == ["made.txt"]
    assert kept.make("stage", {"a": 1}, build).reused


def test_a_build_that_fails_leaves_no_stage(tmp_path):
    kept = Stages(tmp_path)

    def build(work):
        write_text(work / "half.txt", "half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.make("stage", {"a": 1}, build)
    assert kept.find("stage", {"a": 1}) is None
    assert not kept.make("stage", {"a": 1}, lambda work: None).files


def test_many_who_want_the_same_stage_have_it_built_once(tmp_path):
    kept, built, got = Stages(tmp_path), [], []

    def build(work):
        built.append(work)
        time.sleep(0.05)
        write_text(work / "made.txt", "made")

    threads = [threading.Thread(target=lambda: got.append(kept.make("stage", {"a": 1}, build))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert sorted(stage.reused for stage in got) == [False] + [True] * 7


def test_a_key_depends_on_every_input_and_on_nothing_else(tmp_path):
    kept = Stages(tmp_path)
    assert kept.key({"a": 1, "b": 2}) == Stages(tmp_path / "x").key({"b": 2, "a": 1})
    assert len({kept.key({"a": 1}), kept.key({"a": 2}), kept.key({"b": 1}), kept.key({"a": "1"})}) == 4
