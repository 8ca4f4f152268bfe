"""No torn file: a fault at any step of a write leaves the old content or the new one, and nothing else behind."""

import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tidegate import files
from tidegate.errors import BusyError, IntegrityError, KeptError

OLD, NEW = b"old" * 1000, b"new" * 2000
STEPS = ("mkdir", "open", "write", "flush", "fsync", "replace", "sync folder")


class Fault:
    """Counts the system calls of a write and fails the k-th."""

    def __init__(self, monkeypatch, at, code):
        self.at, self.code, self.calls = at, code, []
        for owner, name in ((Path, "mkdir"), (Path, "replace"), (os, "fsync"), (os, "open")):
            monkeypatch.setattr(owner, name, self.counted(name, getattr(owner, name)))
        monkeypatch.setattr(Path, "open", self.opened(Path.open))

    def trip(self, name):
        self.calls.append(name)
        if len(self.calls) == self.at:
            raise OSError(self.code, os.strerror(self.code))

    def counted(self, name, real):
        def call(*args, **kwargs):
            self.trip(name)
            return real(*args, **kwargs)

        return call

    def opened(self, real):
        def call(path, mode="r", **kwargs):
            self.trip("Path.open")
            return Stream(real(path, mode, **kwargs), self)

        return call


class Stream:
    def __init__(self, real, fault):
        self.real, self.fault = real, fault

    def __enter__(self):
        return self

    def __exit__(self, *told):
        self.real.close()

    def write(self, content):
        try:
            self.fault.trip("write")
        except OSError:
            self.real.write(content[: len(content) // 2])  # a disk that fills up takes a part first
            raise
        return self.real.write(content)

    def flush(self):
        self.fault.trip("flush")
        self.real.flush()

    def fileno(self):
        return self.real.fileno()


@pytest.fixture
def count(tmp_path, monkeypatch):
    """How many steps a write takes."""
    with monkeypatch.context() as patch:
        fault = Fault(patch, 0, errno.EIO)
        files.write_bytes(tmp_path / "counted", NEW)
    return len(fault.calls)


def test_a_write_takes_as_many_steps_as_are_tested(count):
    assert count == 8


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES])
@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("there", [True, False])
def test_a_fault_at_the_kth_step_leaves_old_or_new_and_no_rest(tmp_path, monkeypatch, at, code, there):
    path = tmp_path / "kept.bin"
    if there:
        files.write_bytes(path, OLD)
    with monkeypatch.context() as patch:
        fault = Fault(patch, at, code)
        with pytest.raises(KeptError, match=r"could not write kept\.bin") as caught:
            files.write_bytes(path, NEW)
    assert len(fault.calls) >= at
    renamed = "replace" in fault.calls[: at - 1]
    assert (path.read_bytes() if path.exists() else None) == (NEW if renamed else OLD if there else None)
    assert [held.name for held in tmp_path.iterdir()] == (["kept.bin"] if path.exists() else [])
    assert ("free some space" in str(caught.value)) == (code in {errno.ENOSPC, errno.EDQUOT})
    files.write_bytes(path, NEW)
    assert path.read_bytes() == NEW


def test_a_kill_between_write_and_rename_leaves_the_old_and_is_swept(tmp_path):
    path = tmp_path / "deep" / "kept.json"
    files.write_json(path, {"a": 1})
    script = (
        "import os, sys; from pathlib import Path; from tidegate import files\n"
        "Path.replace = lambda *a: os._exit(9)\n"
        "files.write_json(Path(sys.argv[1]), {'a': 2})"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)], check=False).returncode == 9
    assert files.read_json(path) == {"a": 1}
    assert len(list(path.parent.iterdir())) == 2
    assert files.sweep(tmp_path) == 1
    assert files.sweep(tmp_path) == 0
    assert files.read_json(path) == {"a": 1}


def test_json_is_canonical_and_read_back(tmp_path):
    path = tmp_path / "a.json"
    first = files.write_json(path, {"b": [1, 2.5, None], "a": "汉字"})
    assert files.write_json(path, {"a": "汉字", "b": [1, 2.5, None]}) == first == files.digest_file(path)
    assert files.read_json(path) == {"a": "汉字", "b": [1, 2.5, None]}
    assert "汉字" in path.read_text(encoding="utf-8")


def test_no_nan_in_json(tmp_path):
    with pytest.raises(ValueError, match=r"JSON compliant|Out of range"):
        files.write_json(tmp_path / "a.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"", b"[" * 100_000], ids=["cut", "no utf-8", "empty", "deep"])
def test_a_file_that_is_no_json(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"a\.json is not valid JSON"):
        files.read_json(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(KeptError, match=r"could not read a\.json"):
        files.read_json(tmp_path / "a.json")
    with pytest.raises(KeptError, match=r"could not read a\.bin"):
        files.digest_file(tmp_path / "a.bin")


HOLDER = """
import sys, time
from pathlib import Path
from tidegate.files import held
with held(Path(sys.argv[1]), "the run"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_held_by_another_process_and_let_go_by_its_death(tmp_path):
    lock = tmp_path / "run" / ".lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline().strip() == "held"
            with pytest.raises(BusyError, match="the run is in use by another process"), files.held(lock, "the run"):
                pass
        finally:
            other.kill()
            other.wait()
    with files.held(lock, "the run"):
        pass


def test_a_lock_is_let_go_when_the_work_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), files.held(tmp_path / "lock", "the run"):
        raise ZeroDivisionError
    with files.held(tmp_path / "lock", "the run"):
        pass


def test_a_waiter_gets_the_lock_when_it_is_free(tmp_path):
    lock, order, inside = tmp_path / "lock", [], threading.Event()

    def second():
        inside.wait()
        with files.held(lock, "the run", wait=True):
            order.append("second")

    waiter = threading.Thread(target=second)
    waiter.start()
    with files.held(lock, "the run"):
        inside.set()
        waiter.join(0.05)
        order.append("first")
    waiter.join()
    assert order == ["first", "second"]


def test_threads_that_write_one_file_do_not_tear_it(tmp_path):
    path, contents = tmp_path / "a.json", [json.dumps([n] * 2000).encode() for n in range(8)]
    failures = []

    def write(content):
        try:
            for _ in range(10):
                files.write_bytes(path, content)
        except KeptError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert path.read_bytes() in contents
    assert [held.name for held in tmp_path.iterdir()] == ["a.json"]
