"""Which own files a component of the user's stands on besides the file of its class: what its imports bring in."""

import ast
import inspect
import sys
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

__all__ = ["own_modules", "own_source", "resolved"]

_PACKAGES = ("tidegate", "tidegate_studies")
_INSTALLED = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_FOLDERS = frozenset({"site-packages", "dist-packages"})
"""What holds packages that somebody installed, whoever's Python it belongs to."""


def own_modules(kind: type) -> dict[str, bytes]:
    """Source of the modules that the file of `kind` imports, and of those that they import, by name.

    Python's own modules, installed packages and Tidegate itself are left out, and so is the file of `kind`: what is
    left is what its author edits. Imports are read from the source wherever they stand in it, in functions too; of a
    class in a notebook's cell, the modules behind the names that it uses. A name that is put together while running
    is not seen. Missing: a module without a file, or one that is not found,
    is left out. Known at: when it is asked.

    >>> from tidegate.factors.raw import RawFields
    >>> own_modules(RawFields)
    {}
    """
    if kind.__module__.partition(".")[0] in _PACKAGES:
        return {}
    module = sys.modules.get(kind.__module__)
    file = None if module is None else getattr(module, "__file__", None)
    waiting, seen = list[tuple[bytes, str]](), set[Path]()
    found: dict[str, bytes] = {}

    def look(names: Iterable[str]) -> None:
        for name in sorted(set(names)):
            there = _file_of(name)
            if there is not None and there not in seen:
                seen.add(there)
                found[name] = there.read_bytes()
                waiting.append((found[name], name if there.name == "__init__.py" else name.rpartition(".")[0]))

    if module is not None and file is not None and Path(file).is_file():
        seen.add(Path(file).resolve())
        waiting.append((Path(file).read_bytes(), _package(module)))
    else:
        look(_used(kind, module))
    while waiting:
        look(_imported(*waiting.pop()))
    return dict(sorted(found.items()))


def _used(kind: type, module: ModuleType | None) -> Iterator[str]:
    """Modules behind the names that a class in a notebook's cell uses, as its namespace knows them now."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):
        return
    yield from _imported(ast.unparse(tree).encode(), "")
    known = {} if module is None else vars(module)
    for node in ast.walk(tree):
        held = known.get(node.id) if isinstance(node, ast.Name) else None
        name = held.__name__ if isinstance(held, ModuleType) else getattr(held, "__module__", None)
        if isinstance(name, str) and name != kind.__module__:
            yield name


def _package(module: ModuleType) -> str:
    """The package that relative imports of a module start from."""
    return module.__package__ or module.__name__.rpartition(".")[0]


def _imported(source: bytes, package: str) -> Iterator[str]:
    """Every module that a source names, with the packages around it; a name from a module may be a module itself."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return  # nothing can import it, and nothing through it
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolved(node.module or "", node.level, package)
            if base is None:
                continue
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: at + 1]) for at in range(len(parts)))


def resolved(name: str, level: int, package: str) -> str | None:
    """The whole name of what ``from ..name import`` names in `package`; None where the dots lead out of it.

    >>> resolved("far", 2, "own.deep"), resolved("far", 0, ""), resolved("far", 3, "own.deep")
    ('own.far', 'far', None)
    """
    if not level:
        return name
    parts = package.split(".")
    if not package or level > len(parts):
        return None
    return ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])


def own_source(name: str) -> tuple[bytes, str] | None:
    """The source of a module of the user's own, and the package that its relative imports start from; None for others.

    >>> own_source("json") is None, own_source("tidegate.files") is None
    (True, True)
    """
    path = _file_of(name)
    if path is None:
        return None
    return path.read_bytes(), name if path.name == "__init__.py" else name.rpartition(".")[0]


def _file_of(name: str) -> Path | None:
    """The source of an own module; None for whatever is installed, built in, a folder alone, or not there."""
    if name.partition(".")[0] in {*_PACKAGES, *sys.stdlib_module_names}:
        return None
    module = sys.modules.get(name)
    told = getattr(module, "__file__", None)
    candidates = [Path(told)] if told else [file for place in _places(name) for file in _in(place, name)]
    for path in (candidate.resolve() for candidate in candidates if candidate.suffix == ".py"):
        installed = _FOLDERS.intersection(path.parts) or any(path.is_relative_to(home) for home in _INSTALLED)
        if path.is_file() and not installed:
            return path
    return None


def _places(name: str) -> list[Path]:
    """Folders that a module would be looked for in, without importing the packages around it."""
    parent, _, _ = name.rpartition(".")
    if not parent:
        return [Path(place or ".") for place in sys.path]
    known = getattr(sys.modules.get(parent), "__path__", None)
    if known is not None:
        return [Path(place) for place in known]
    leaf = parent.rpartition(".")[2]
    return [place / leaf for place in _places(parent) if (place / leaf).is_dir()]


def _in(place: Path, name: str) -> tuple[Path, Path]:
    leaf = name.rpartition(".")[2]
    return place / leaf / "__init__.py", place / f"{leaf}.py"
