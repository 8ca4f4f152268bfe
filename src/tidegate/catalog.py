"""Every component by family and name, without importing any of them.

The index lies beside this file as JSON: family → name → (home, one sentence). It is written by ``python -m
tidegate.catalog`` and held against a walk of the package by a test, so that listings and help answer at once and never
load torch. A component that is not in the index yet (a file just dropped into a room) is found by reading the files
that the index does not name: a new member is one new file and nothing else.

Components of other packages are found in two ways. A package that is installed says where they are by an entry point
of the group ``tidegate`` (``[project.entry-points.tidegate]``, any name = a module or package, which is walked). Any
module can be named with `plug`, which is what ``--with MODULE`` does.
"""

import inspect
import json
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata, resources
from pathlib import Path
from typing import NamedTuple

from tidegate.component import Component, set_lookup
from tidegate.component import members as imported
from tidegate.errors import SettingError, UnknownNameError
from tidegate.walk import walk

__all__ = ["GROUP", "Entry", "entries", "families", "find", "members", "plug", "studies"]

GROUP = "tidegate"
"""Entry points by which an installed package says where its components are."""

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
    """Members of a family, files dropped in and other packages included; raises `UnknownNameError` with the nearest.

    >>> entries("label")["forward-return"].home
    'tidegate.prepare.forward_return:ForwardReturn'
    """
    if family not in _index():
        raise UnknownNameError.among("family", family, _index())
    others = {name: _entry(kind) for found in (_dropped(), _plugged()) for name, kind in found.get(family, {}).items()}
    return dict(sorted({**_index()[family], **others}.items()))


def find(family: str, name: str) -> type[Component]:
    """Import and return a member: of the index, of a file dropped in since it was written, or of another package.

    Errors
        `UnknownNameError` with the nearest names, which says where else a component may come from.
    """
    known = _index().get(family, {})
    if name in known:
        home, _, kind = known[name].home.partition(":")
        found: type[Component] = getattr(import_module(home), kind)
        return found
    others = {name: kind for found in (_dropped(), _plugged()) for name, kind in found.get(family, {}).items()}
    if name in others:
        return others[name]
    alive = {kind.name for kind in imported(Component).values() if kind.family == family}  # of a running program
    raise UnknownNameError.among(
        family, name, {*known, *others, *alive}, hint="one of your own package is found with --with MODULE"
    )


def plug(*modules: str) -> None:
    """Import modules or packages of others, so that their components are found by name.

    Modules are looked for in the working folder too. Raises `SettingError` where one cannot be found, or names a
    component as Tidegate does.

    >>> plug("tidegate_studies.no_such_module")
    Traceback (most recent call last):
        ...
    tidegate.errors.SettingError: this module cannot be found: found 'tidegate_studies.no_such_module'. Hint: ...
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    for module in modules:
        _bring(module)


_brought: dict[str, dict[str, dict[str, type[Component]]]] = {}
"""Modules of others that were walked → their members by family and name."""


def _bring(module: str, told_by: str | None = None) -> None:
    if module in _brought:
        return
    try:
        held = walk(module)
    except ImportError as error:
        gone = isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}.")
        raise SettingError(
            "this module cannot be found" if gone else "this module cannot be imported",
            found=repr(module) if gone else f"{module}: {error}",
            where=told_by,
            hint="name an installed package, or a module of the working folder as Python imports it (no .py)",
        ) from error
    for family, kinds in held.items():
        for name, kind in kinds.items():
            if name in _index().get(family, {}):
                raise SettingError(
                    f"Tidegate has a {family} of this name",
                    found=f"{name!r} in {kind.__module__}",
                    hint="give yours another name",
                )
    _brought[module] = held


def _plugged() -> dict[str, dict[str, type[Component]]]:
    """Members that other packages brought, by family and name."""
    for point in metadata.entry_points(group=GROUP):
        _bring(point.value.partition(":")[0], f"entry point {point.name}")
    return _together(_brought)


def _dropped() -> dict[str, dict[str, type[Component]]]:
    """Members in files that the index does not name, wherever the packages of the rooms look for their modules."""
    files = []
    for room in _ROOMS:
        package = f"tidegate.{room}"
        for folder in map(Path, import_module(package).__path__):
            for path in sorted(folder.rglob("*.py")):
                inside = path.relative_to(folder).with_suffix("").parts
                files.append((".".join((package, *inside)).removesuffix(".__init__"), path))
    return _members_in(tuple(files))


@cache
def _members_in(files: tuple[tuple[str, Path], ...]) -> dict[str, dict[str, type[Component]]]:
    """Members of the modules without an entry in the index: only those are imported that say a component's name."""
    homes = {entry.home.partition(":")[0] for kinds in _index().values() for entry in kinds.values()}
    return _together(
        {
            module: walk(module)
            for module, path in files
            if module not in homes and _NAMED.search(path.read_text(encoding="utf-8"))
        }
    )


_NAMED = re.compile(r"^    name(: [\w\[\]]+)? = [\"'][^\"']", re.MULTILINE)


def _together(
    found: Mapping[str, dict[str, dict[str, type[Component]]]],
) -> dict[str, dict[str, type[Component]]]:
    held: dict[str, dict[str, type[Component]]] = {}
    for kinds_of in found.values():
        for family, kinds in kinds_of.items():
            held.setdefault(family, {}).update(kinds)
    return held


def _entry(kind: type[Component]) -> Entry:
    return Entry(f"{kind.__module__}:{kind.__name__}", (inspect.getdoc(kind) or "").partition("\n")[0])


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

    held = {family: {name: list(_entry(kind)) for name, kind in kinds.items()} for family, kinds in members().items()}
    text = json.dumps(held, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_text(Path(str(resources.files("tidegate"))) / _INDEX, text)


set_lookup(find)

if __name__ == "__main__":
    _write_index()
