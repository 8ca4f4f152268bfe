"""A run that is killed, at whatever moment and however, goes on and ends with the same bits; nothing is lost."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from small import finish, report, small, start, weights

from tidegate import files


class Died(BaseException):
    """What a process cannot catch: here it is thrown, so that a death costs no new process."""


class Reaper:
    """Dies at the n-th sync to disk: before the rename of what was written, or just after it."""

    def __init__(self, count):
        self.left, self.sync, self.replace = count, os.fsync, Path.replace

    def fsync(self, handle):
        self.left -= 1
        if self.left == 0:
            raise Died
        self.sync(handle)


def die_at(count, document, out, monkeypatch):
    """Run and die at the n-th sync; whether the run came to its end before."""
    reaper = Reaper(count)
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", reaper.fsync)
        try:
            finish(document, out)
        except Died:
            return False
    return True


@pytest.mark.parametrize("seed", [7, 8])
def test_a_run_that_dies_again_and_again_ends_with_the_same_bits(whole, tmp_path, monkeypatch, seed):
    generator = np.random.default_rng(seed)
    deaths, done = 0, False
    while not done:
        done = die_at(int(generator.integers(2, 120)), small(), tmp_path, monkeypatch)
        deaths += not done
        assert deaths < 200
    assert deaths >= 5
    assert weights(tmp_path) == weights(whole)
    assert report(tmp_path) == report(whole)
    assert not list(tmp_path.rglob("*.tidegate-tmp"))
    assert not list(tmp_path.rglob("*.work"))
    assert not list(tmp_path.rglob("checkpoint-*"))


def workers_of(parent):
    """Processes whose parent it is, by /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(reached, seconds=240.0):
    """Wait for something to come true; returns the seconds it took."""
    began = time.monotonic()
    while not reached():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.02)
    return time.monotonic() - began


LONG = {"training__epochs": 60}
"""So many that a fast machine is still fitting when the signals come."""


@pytest.fixture(scope="module")
def long_whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("long")
    finish(small(**LONG), out)
    return out


def fitting(out):
    return any(out.glob("stages/fit/*.work/checkpoint-*"))


def test_sigkill_of_the_parent_alone_then_of_all_then_ctrl_c(long_whole, tmp_path):
    document = small(**LONG)
    # the parent alone: its workers end by themselves
    process = start(document, tmp_path, jobs=2)
    until(lambda: fitting(tmp_path))
    workers = workers_of(process.pid)
    process.kill()
    process.wait()
    assert until(lambda: not any(map(alive, workers)), 5.0) < 2.0
    process.communicate()
    # everything at once, at some moment of the work
    process = start(document, tmp_path, jobs=1)
    log = next(tmp_path.glob("small/*/log.jsonl"))
    until(lambda: log.read_text(encoding="utf-8").count("started") == 2)
    time.sleep(np.random.default_rng(11).uniform(0, 0.5))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    # Ctrl-C at a terminal reaches the whole group
    process = start(document, tmp_path, jobs=2)
    until(lambda: len(workers_of(process.pid)) >= 3)
    workers = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    told, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Stopped. What was computed is kept" in told
    assert "begun before and going on from there" in told
    assert "Traceback" not in told
    until(lambda: not any(map(alive, workers)), 5.0)
    # and on to the end
    ran = finish(document, tmp_path)
    assert ran.page.is_file()
    assert weights(tmp_path) == weights(long_whole)
    assert report(tmp_path) == report(long_whole)
    log = [json.loads(line) for line in (ran.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["what"] for line in log] == ["started"] * 4 + ["finished"]
