"""Which code made a number: a hash over the rooms that a stage goes through."""

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tidegate.component import Settings
from tidegate.study.own_modules import own_modules

__all__ = ["code_version", "outside"]

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
    named = [(path.relative_to(_ROOT).as_posix(), source) for path, source in _SOURCES.items()]
    for room in sorted({*rooms, *_ALWAYS}):
        for name, source in named:
            if name == room or name.startswith(f"{room}/"):
                digest.update(name.encode() + b"\0" + source + b"\0")
    return digest.hexdigest()


def outside(*declared: object) -> dict[str, str]:
    """The source of components that live outside the package: class name → SHA-256 of its file and what it imports.

    Empty for Tidegate's own components, whose rooms `code_version` hashes. Of imports the author's own modules count
    (`own_modules`), installed packages do not. A component written where there is no file (in a notebook's cell) is
    named with the hash of its own source.
    """
    found = {}
    for held in (each for value in declared for each in _settings(value)):
        kind = type(held)
        if not kind.__module__.startswith(("tidegate.", "tidegate_studies.")):
            found[kind.__qualname__] = _source_digest(kind)
    return dict(sorted(found.items()))


@cache
def _source_digest(kind: type[Settings]) -> str:
    file = inspect.getsourcefile(kind)
    text = Path(file).read_bytes() if file and Path(file).is_file() else inspect.getsource(kind).encode()
    digest = hashlib.sha256(text)
    for name, source in own_modules(kind).items():
        digest.update(b"\0" + name.encode() + b"\0" + source)
    return digest.hexdigest()


def _settings(value: Any) -> Iterator[Settings]:
    """Every settings object in `value`, itself included."""
    if isinstance(value, Settings):
        yield value
        for field in type(value).model_fields:
            yield from _settings(getattr(value, field))
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from _settings(held)
    elif isinstance(value, (tuple, list)):
        for held in value:
            yield from _settings(held)
