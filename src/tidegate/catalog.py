"""Every component by family and name, without importing any of them.

The index lies beside this file as JSON: family → name → (home, one sentence). It is written by ``python -m
tidegate.catalog`` and held against a walk of the package by a test, so that listings and help answer at once and never
load torch. A component that is not in the index yet (a file just dropped into a room) is found by the walk itself: a
new member is one new file and nothing else.
"""

import inspect
import json
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import NamedTuple

from tidegate.component import Component, set_lookup
from tidegate.component import members as imported
from tidegate.errors import UnknownNameError
from tidegate.walk import walk

__all__ = ["Entry", "entries", "families", "find", "members", "studies"]

_INDEX = "catalog_index.json"
_ROOMS = ("market", "data", "factors", "prepare", "models", "learn", "strategy", "backtest", "evaluate")


class Entry(NamedTuple):
    """Where a component lives and what it is, in one sentence."""

    home: str
    summary: str


@cache
def _index() -> dict[str, dict[str, Entry]]:
    held = json.loads(resources.files("tidegate").joinpath(_INDEX).read_text(encoding="utf-8"))
    return {family: {name: Entry(*entry) for name, entry in kinds.items()} for family, kinds in held.items()}


def families() -> list[str]:
    """Names of all families.

    >>> "label" in families()
    True
    """
    return sorted(_index())


def entries(family: str) -> dict[str, Entry]:
    """Members of a family; raises `UnknownNameError` with the nearest family."""
    if family not in _index():
        raise UnknownNameError.among("family", family, _index())
    return _index()[family]


def find(family: str, name: str) -> type[Component]:
    """Import and return a member; falls back on a walk for files dropped in since the index was written."""
    known = _index().get(family, {})
    if name in known:
        home, _, kind = known[name].home.partition(":")
        found: type[Component] = getattr(import_module(home), kind)
        return found
    walked = members().get(family, {})
    if name in walked:
        return walked[name]
    alive = {kind.name for kind in imported(Component).values() if kind.family == family}  # from other packages
    raise UnknownNameError.among(family, name, {*known, *walked, *alive})


def members() -> dict[str, dict[str, type[Component]]]:
    """Import every room and return every component by family and name: the truth that the index is held against."""
    return walk(*(f"tidegate.{room}" for room in _ROOMS))


def studies() -> dict[str, str]:
    """Names of the reproductions that come along → one sentence each, read without importing them."""
    import ast

    told = {}
    for path in sorted(Path(str(resources.files("tidegate_studies"))).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "declare" for node in tree.body):
            told[path.stem.replace("_", "-")] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return told


def _write_index() -> None:
    from tidegate.files import write_text

    held = {
        family: {
            name: [f"{kind.__module__}:{kind.__name__}", (inspect.getdoc(kind) or "").partition("\n")[0]]
            for name, kind in kinds.items()
        }
        for family, kinds in members().items()
    }
    text = json.dumps(held, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_text(Path(str(resources.files("tidegate"))) / _INDEX, text)


set_lookup(find)

if __name__ == "__main__":
    _write_index()
