"""What of its author's source a component reaches: its class, and by name what that uses, in its file and in own modules."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tidegate.study.own_modules import own_source, resolved

__all__ = ["Piece", "reached"]

_DEEP = 8
"""How often a name may be passed on from module to module."""


class Piece(NamedTuple):
    """A definition as it stands: its module, its text, and the line that it begins on."""

    module: str
    text: str
    first: int


def reached(kind: type) -> tuple[Piece, ...]:
    """The class of `kind`, and every definition that it reaches by name; empty where there is no source.

    A name is followed to a definition at the top of its file, or through an import to that of an own module, and so on
    from there. Names that are put together while running, and methods that are handed in, are not followed. Missing:
    a module that cannot be read is passed over. Known at: when it is asked.

    >>> from tidegate.factors.raw import RawFields
    >>> [(piece.module, piece.text[:22]) for piece in reached(RawFields)]
    [('tidegate.factors.raw', 'class RawFields(Factor')]
    """
    try:
        lines, first = inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return ()
    text = "".join(lines)
    home = _Module.of(kind.__module__)
    found = {(kind.__module__, first): Piece(kind.__module__, text, first)}
    waiting = [] if home is None else list(home.followed(ast.parse(textwrap.dedent(text))))
    while waiting:
        module, node = waiting.pop()
        at = (module.name, node.lineno)
        if at not in found:
            found[at] = Piece(module.name, module.text_of(node), node.lineno)
            waiting.extend(module.followed(node))
    return tuple(found.values())


@dataclass(frozen=True)
class _Module:
    """A module's source: what is defined at its top, and which own modules its names come from."""

    name: str
    source: str
    defined: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str | None]]

    @classmethod
    def of(cls, name: str) -> "_Module | None":
        source = own_source(name)
        if source is None:
            return None
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return None
        defined: dict[str, ast.stmt] = {}
        for node in tree.body:
            for word in _named(node):
                defined.setdefault(word, node)
        package = _package(name)
        imported: dict[str, tuple[str, str | None]] = {}
        for held in ast.walk(tree):
            if isinstance(held, ast.Import):
                for alias in held.names:
                    imported[alias.asname or alias.name] = (alias.name, None)
            elif isinstance(held, ast.ImportFrom):
                base = resolved(held.module or "", held.level, package)
                for alias in held.names if base else ():
                    imported[alias.asname or alias.name] = (str(base), alias.name)
        return cls(name, source.decode("utf-8", "replace"), defined, imported)

    def text_of(self, node: ast.stmt) -> str:
        lines = self.source.splitlines(keepends=True)
        return "".join(lines[node.lineno - 1 : node.end_lineno])

    def followed(self, within: ast.AST) -> Iterator[tuple["_Module", ast.stmt]]:
        """Every definition that a piece of this module names, here or in an own module."""
        for node in ast.walk(within):
            if isinstance(node, ast.Name):
                yield from self.found(node.id)
            elif isinstance(node, ast.Attribute):
                yield from self._through(node)

    def found(self, word: str, depth: int = 0) -> Iterator[tuple["_Module", ast.stmt]]:
        """The definition of a name, here or where it was imported from, however often it was passed on."""
        if word in self.defined:
            yield self, self.defined[word]
        elif word in self.imported and depth < _DEEP:
            name, what = self.imported[word]
            other = None if what is None else _Module.of(name)
            if other is not None:
                yield from other.found(str(what), depth + 1)

    def _through(self, node: ast.Attribute) -> Iterator[tuple["_Module", ast.stmt]]:
        """Follow ``module.name``, however the module came here."""
        dotted = ast.unparse(node.value)
        if dotted in self.imported:
            name, what = self.imported[dotted]
            other = _Module.of(name if what is None else f"{name}.{what}")
            if other is not None:
                yield from other.found(node.attr)


def _named(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [held.id for target in node.targets for held in ast.walk(target) if isinstance(held, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _package(name: str) -> str:
    module = sys.modules.get(name)
    told = getattr(module, "__package__", None)
    return name.rpartition(".")[0] if told is None else str(told)
