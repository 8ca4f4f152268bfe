"""Which code made a number: a hash over the rooms that a stage goes through."""

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

__all__ = ["code_version"]

_ALWAYS = ("types", "component.py", "files.py")


@cache
def code_version(*rooms: str) -> str:
    """SHA-256 over the source of `rooms` and of what every room stands on.

    A stage is computed again when the code it goes through has changed, and only then: a new colour in the report does
    not train a network again.

    >>> len(code_version("prepare"))
    64
    """
    root = Path(str(resources.files("tidegate")))
    digest = hashlib.sha256()
    for room in sorted({*rooms, *_ALWAYS}):
        place = root / room
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
