"""Files that are never torn: write to a temporary name, flush, sync, rename, sync the folder.

A reader sees the old file or the new one, never a part. Stale temporaries (from a killed process) are swept when a
folder is opened for writing. This is the only place in the house that opens a file for writing.
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tidegate.errors import BusyError, IntegrityError, KeptError

__all__ = [
    "append_line",
    "append_synced",
    "digest_file",
    "held",
    "read_json",
    "sweep",
    "sync_folder",
    "write_bytes",
    "write_json",
    "write_text",
]

_SUFFIX = ".tidegate-tmp"
_TAIL = 1 << 20
"""Bytes at a growing file's end that are searched for the end of its last whole line."""


def write_bytes(path: Path, content: bytes) -> str:
    """Put `content` at `path`, whole or not at all; returns its SHA-256. Raises `KeptError` when it cannot."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise KeptError(
            f"could not write {path.name}",
            where=path.parent,
            found=error.strerror,
            hint="free some space and run the same command again; what was there before is intact"
            if full
            else "check the folder's rights",
        ) from error
    return hashlib.sha256(content).hexdigest()


def append_line(path: Path, line: str) -> None:
    """Add one line to a log; a torn last line (after a power cut) is the reader's to skip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


def append_synced(path: Path, lines: list[str]) -> int:
    """Add whole lines to a file that only grows, and sync them to the disk; returns how many bytes were added.

    A last line without its end was torn by a power cut before anybody was told that it is there: it is cut off first.
    Hold a lock meanwhile (see `held`). Raises `KeptError` when it cannot.
    """
    content = "".join(f"{line}\n" for line in lines).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists()
        with path.open("a+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            if size:
                begin = max(0, size - _TAIL)
                stream.seek(begin)
                whole = begin + stream.read().rfind(b"\n") + 1
                if whole < size:
                    stream.truncate(whole)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if fresh:
            sync_folder(path.parent)
    except OSError as error:
        raise KeptError(
            f"could not add to {path.name}", where=path.parent, found=error.strerror, hint="free some space, then again"
        ) from error
    return len(content)


def write_text(path: Path, content: str) -> str:
    """`write_bytes` for UTF-8 text."""
    return write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> str:
    """Write canonical JSON: sorted keys, no NaN."""
    return write_text(path, json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; raises `IntegrityError` where it cannot be decoded, `KeptError` where it is not there."""
    try:
        return json.loads(path.read_bytes().decode())
    except OSError as error:
        raise KeptError(f"could not read {path.name}", where=path.parent, found=error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise IntegrityError(
            f"{path.name} is not valid JSON",
            where=path,
            hint="it was changed by something else; remove it and run again",
        ) from error


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise KeptError(f"could not read {path.name}", where=path.parent, found=error.strerror) from error
    return digest.hexdigest()


def sweep(folder: Path) -> int:
    """Remove temporaries that a killed process left below `folder`; returns how many.

    Only call it while holding the folder (see `held`): a temporary of a live writer must not be swept.
    """
    stale = [path for path in folder.rglob(f".*{_SUFFIX}") if path.is_file()]
    for path in stale:
        path.unlink(missing_ok=True)
    return len(stale)


@contextlib.contextmanager
def held(path: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path` while working; the system lets go of it when the process ends, however it ends.

    Raises `BusyError` at once where another process holds it, unless `wait`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise BusyError(
                f"{what} is in use by another process", where=path, hint="wait until it ends, or choose another folder"
            ) from error
        except OSError as error:
            raise KeptError(
                f"{what} could not be locked", where=path, found=error.strerror, hint="use a folder on a local disk"
            ) from error
        yield


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
