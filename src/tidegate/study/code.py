"""Which code made a number: a hash over the rooms that a stage goes through."""

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

__all__ = ["code_version"]

_ALWAYS = ("types", "component.py", "files.py")
_ROOT = Path(str(resources.files("tidegate")))
_SOURCES = MappingProxyType({path: path.read_bytes() for path in sorted(_ROOT.rglob("*.py"))})
"""Every source as it was when the corridor was imported: a long run must not sign its work with later edits."""


@cache
def code_version(*rooms: str) -> str:
    """SHA-256 over the source of `rooms` and of what every room stands on.

    A stage is computed again when the code it goes through has changed, and only then: a new colour in the report does
    not train a network again.

    >>> len(code_version("prepare"))
    64
    """
    digest = hashlib.sha256()
    for room in sorted({*rooms, *_ALWAYS}):
        place = _ROOT / room
        for path, source in _SOURCES.items():
            if path == place or place in path.parents:
                digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + source + b"\0")
    return digest.hexdigest()
