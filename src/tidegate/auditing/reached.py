"""What of its author's source a component reaches: its class, and by name what that uses, in its file and in own modules."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence
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
    found = {(kind.__module__, first): Piece(kind.__module__, text, first)}
    modules: dict[str, _Module | None] = {}
    home = _module(kind.__module__, modules)
    try:
        waiting = [] if home is None else list(home.followed(ast.parse(textwrap.dedent(text))))
    except SyntaxError:
        return tuple(found.values())  # text at the left edge within a class within a function
    while waiting:
        module, node = waiting.pop()
        at = (module.name, node.lineno)
        if at not in found:
            found[at] = Piece(module.name, module.text_of(node), node.lineno)
            waiting.extend(module.followed(node))
    return tuple(found.values())


def _module(name: str, known: "dict[str, _Module | None]") -> "_Module | None":
    """An own module, read once; None for others and for what cannot be parsed."""
    if name not in known:
        known[name] = None
        held = own_source(name)
        try:
            tree = None if held is None else ast.parse(held[0])
        except SyntaxError:
            tree = None
        if held is not None and tree is not None:
            known[name] = _Module(name, held[0].decode("utf-8", "replace"), *_tables(tree, held[1]), known)
    return known[name]


@dataclass(frozen=True)
class _Module:
    """A module's source: what is defined at its top, which modules its names come from, and whose names it takes all."""

    name: str
    source: str
    defined: dict[str, list[ast.stmt]]
    imported: dict[str, tuple[str, str | None]]
    starred: tuple[str, ...]
    known: "dict[str, _Module | None]"

    def text_of(self, node: ast.stmt) -> str:
        """The lines of a definition."""
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
        """The definitions of a name, here or where it was imported from, however often it was passed on."""
        for node in self.defined.get(word, ()):
            yield self, node
        if word in self.defined or depth >= _DEEP:
            return
        name, what = self.imported.get(word, ("", None))
        sources = [(name, what)] if what is not None else [] if name else [(other, word) for other in self.starred]
        for source, asked in sources:
            other = _module(source, self.known)
            if other is not None:
                yield from other.found(str(asked), depth + 1)

    def _through(self, node: ast.Attribute) -> Iterator[tuple["_Module", ast.stmt]]:
        """Follow ``module.name`` and ``package.module.name``, however they came here."""
        parts = ast.unparse(node.value).split(".")
        for cut in range(len(parts), 0, -1):
            held = self.imported.get(".".join(parts[:cut]))
            if held is not None:
                base = held[0] if held[1] is None else f"{held[0]}.{held[1]}"
                other = _module(".".join([base, *parts[cut:]]), self.known)
                if other is not None:
                    yield from other.found(node.attr)
                return


def _tables(
    tree: ast.Module, package: str
) -> tuple[dict[str, list[ast.stmt]], dict[str, tuple[str, str | None]], tuple[str, ...]]:
    """Definitions by name, imports by name, and modules whose names are all taken."""
    defined: dict[str, list[ast.stmt]] = {}
    for node in _top(tree.body):
        for word in _named(node):
            defined.setdefault(word, []).append(node)
    imported: dict[str, tuple[str, str | None]] = {}
    starred: list[str] = []
    for held in ast.walk(tree):
        if isinstance(held, ast.Import):
            for alias in held.names:
                whole = alias.asname is not None or "." not in alias.name
                imported[alias.asname or alias.name] = (alias.name, None)
                if not whole:
                    imported.setdefault(alias.name.partition(".")[0], (alias.name.partition(".")[0], None))
        elif isinstance(held, ast.ImportFrom):
            base = resolved(held.module or "", held.level, package)
            for alias in held.names if base else ():
                if alias.name == "*":
                    starred.append(str(base))
                else:
                    imported[alias.asname or alias.name] = (str(base), alias.name)
    return defined, imported, tuple(starred)


def _top(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements at the top of a file, and those under its ``if``, ``try`` and ``with``."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _top(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _top(handler.body)


def _named(node: ast.stmt) -> list[str]:
    """The names that a statement gives something to."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [held.id for target in node.targets for held in ast.walk(target) if isinstance(held, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []
