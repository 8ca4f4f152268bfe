"""An expression: one operator over other expressions, immutable, equal by what it says, unable to look ahead.

Each node carries the digest of all below it, so that equal sub-expressions are found at once, however they
were written, and its lookback: how many earlier bars of the same asset one value needs.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real
from typing import Any, Final, final

from tidegate.errors import ClockError, SettingError
from tidegate.factors.expression.operators import LONGEST, field_named, operator_named

__all__ = ["Expression", "build", "field_of", "number"]

_INFIX: Final = {
    "above": (">", 1), "below": ("<", 1), "at_least": (">=", 1), "at_most": ("<=", 1),
    "add": ("+", 2), "subtract": ("-", 2), "multiply": ("*", 3), "divide": ("/", 3),
}  # fmt: skip
_TIGHT: Final = 5
_UNARY: Final = 4
_DEEPEST: Final = 100


@final
@dataclass(frozen=True, eq=False, repr=False)
class Expression:
    """One node; made by the words of `words`, by arithmetic on other expressions, or by `parse`, never by hand.

    Known at
        CLOSE(t): row *t* reads this bar and `lookback` earlier ones, and no later one.

    >>> from tidegate.factors.expression.words import Close, Mean
    >>> ratio = Close / Mean(Close, 20) - 1
    >>> str(ratio), ratio.lookback
    ('close / mean(close, 20) - 1', 19)
    """

    operator: str
    children: tuple["Expression", ...]
    settings: tuple[float | int | str, ...]
    lookback: int
    depth: int
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        told = "/".join([self.operator, repr(self.settings), *(child.digest for child in self.children)])
        object.__setattr__(self, "digest", hashlib.sha256(told.encode()).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __bool__(self) -> bool:
        raise SettingError(
            "an expression is not true or false by itself",
            found=str(self),
            hint="write If(condition, x, y); join conditions by & and |, and compare two things at a time",
        )

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return self._told[0]

    @cached_property
    def _told(self) -> tuple[str, int]:
        """The text, and how tightly its outermost sign binds."""
        if self.operator == "field":
            return str(self.settings[0]), _TIGHT
        if self.operator == "number":
            value = float(self.settings[0])
            told = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
            return told, _TIGHT if math.copysign(1.0, value) > 0 else _UNARY
        if self.operator in _INFIX:
            sign, strength = _INFIX[self.operator]
            (left, one), (right, two) = (child._told for child in self.children)  # noqa: SLF001 - of the same class
            left = f"({left})" if one < strength + (strength == 1) else left
            right = f"({right})" if two <= strength else right
            return f"{left} {sign} {right}", strength
        if self.operator == "negative":
            inner, strength = self.children[0]._told  # noqa: SLF001
            return (f"-{inner}" if strength >= _TIGHT else f"-({inner})"), _UNARY
        parts = [*(str(child) for child in self.children), *(str(value) for value in self.settings)]
        return f"{self.operator}({', '.join(parts)})", _TIGHT

    @property
    def bars(self) -> int:
        """The window or lag of this node itself; 0 where it has none."""
        return int(self.settings[0]) if self.settings and isinstance(self.settings[0], int) else 0

    def walk(self) -> Iterator["Expression"]:
        """Every distinct node below and this one, parts before what is made of them.

        >>> from tidegate.factors.expression.words import Close, Mean
        >>> [str(node) for node in (Close / Mean(Close, 2)).walk()]
        ['close', 'mean(close, 2)', 'close / mean(close, 2)']
        """
        seen: set[str] = set()
        waiting: list[tuple[Expression, bool]] = [(self, False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                yield node
            elif node.digest not in seen:
                seen.add(node.digest)
                waiting.append((node, True))
                waiting.extend((child, False) for child in reversed(node.children) if child.digest not in seen)

    def __add__(self, other: object) -> "Expression":
        return _joined("add", self, other)

    def __radd__(self, other: object) -> "Expression":
        return _joined("add", other, self)

    def __sub__(self, other: object) -> "Expression":
        return _joined("subtract", self, other)

    def __rsub__(self, other: object) -> "Expression":
        return _joined("subtract", other, self)

    def __mul__(self, other: object) -> "Expression":
        return _joined("multiply", self, other)

    def __rmul__(self, other: object) -> "Expression":
        return _joined("multiply", other, self)

    def __truediv__(self, other: object) -> "Expression":
        return _joined("divide", self, other)

    def __rtruediv__(self, other: object) -> "Expression":
        return _joined("divide", other, self)

    def __pow__(self, other: object) -> "Expression":
        return _joined("power", self, other)

    def __rpow__(self, other: object) -> "Expression":
        return _joined("power", other, self)

    def __gt__(self, other: object) -> "Expression":
        return _joined("above", self, other)

    def __lt__(self, other: object) -> "Expression":
        return _joined("below", self, other)

    def __ge__(self, other: object) -> "Expression":
        return _joined("at_least", self, other)

    def __le__(self, other: object) -> "Expression":
        return _joined("at_most", self, other)

    def __and__(self, other: object) -> "Expression":
        return _joined("both", self, other)

    def __or__(self, other: object) -> "Expression":
        return _joined("either", self, other)

    def __invert__(self) -> "Expression":
        return build("opposite", (self,))

    def __neg__(self) -> "Expression":
        return number(-float(self.settings[0])) if self.operator == "number" else build("negative", (self,))

    def __pos__(self) -> "Expression":
        return self

    def __abs__(self) -> "Expression":
        return build("absolute", (self,))


def field_of(name: str, where: object = None) -> Expression:
    """A field of the bar, by its name; raises `UnknownNameError`.

    >>> field_of("close").lookback
    0
    """
    return Expression("field", (), (field_named(name, where),), 0, 1)


def number(value: object) -> Expression:
    """A constant; raises `SettingError` unless it is a finite real number.

    >>> str(number(2.5))
    '2.5'
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise SettingError("a constant must be a finite number", found=repr(value)[:60])
    return Expression("number", (), (float(value) + 0.0,), 0, 1)


def build(
    operator: str, children: tuple[object, ...], settings: tuple[Any, ...] = (), where: object = None
) -> Expression:
    """Make a node after every check.

    Errors
        `ClockError` where it would look ahead: a negative lag or window, or none, which would be the whole sample.
        `SettingError` where a part or a number is wrong, `UnknownNameError` where there is no such operator.

    >>> build("lag", (field_of("close"),), (-1,))
    Traceback (most recent call last):
    tidegate.errors.ClockError: lag(…, -1) would read bars that lie ahead: expected 0 or more bars back, found -1. ...
    """
    row = operator_named(operator, where)
    if len(children) != row.children:
        raise SettingError(
            f"{operator} takes {row.children} expression{'s' * (row.children != 1)}", where=where, found=len(children)
        )
    parts = tuple(child if isinstance(child, Expression) else number(child) for child in children)
    given = (*settings, *(None for _ in row.settings[len(settings) :]))
    if len(given) != len(row.settings):
        raise SettingError(f"{operator} takes these numbers", where=where, expected=row.settings, found=settings)
    bars = _bars(operator, row.kind, row.least, given[0], where) if row.kind in {"lag", "window", "pair"} else None
    numbers: tuple[float | int | str, ...] = () if bars is None else (bars,)
    numbers += tuple(_extra(name, value, operator, where) for name, value in zip(row.extra, given[1:], strict=True))
    own = 0 if bars is None else bars if row.kind == "lag" else bars - 1
    depth = 1 + max((child.depth for child in parts), default=0)
    if depth > _DEEPEST:
        raise SettingError("an expression is nested too deeply", where=where, expected=f"at most {_DEEPEST} levels")
    lookback = own + max((child.lookback for child in parts), default=0)
    if lookback > LONGEST:
        raise SettingError(f"{operator} looks back too far", where=where, expected=f"{LONGEST} bars", found=lookback)
    return Expression(operator, parts, numbers, lookback, depth)


def _joined(operator: str, one: object, other: object) -> Expression:
    """Arithmetic: NotImplemented, which Python turns into a TypeError, for what is neither expression nor number."""
    for part in (one, other):
        if not isinstance(part, Expression) and (isinstance(part, bool) or not isinstance(part, Real)):
            refused: Expression = NotImplemented
            return refused
    return build(operator, (one, other))


def _bars(operator: str, kind: str, least: int, given: object, where: object) -> int:
    if given is None:
        raise ClockError(
            f"{operator} needs a number of bars: over the whole sample it would know the future",
            where=where,
            expected=f"{operator}(…, bars)",
            hint="say how many bars up to this one it may see, for example 20",
        )
    if isinstance(given, bool) or not isinstance(given, Integral):
        raise SettingError(f"{operator} counts whole bars", where=where, expected="an integer", found=repr(given)[:60])
    bars = int(given)
    if bars < 0:
        raise ClockError(
            f"{operator}(…, {bars}) would read bars that lie ahead",
            where=where,
            expected="0 or more bars back" if kind == "lag" else f"{least} or more bars",
            found=bars,
            hint="a factor knows its own bar and earlier ones; what comes later is a label, which `prepare` makes",
        )
    if not least <= bars <= LONGEST:
        raise SettingError(f"{operator} needs {least} … {LONGEST} bars", where=where, found=bars)
    return bars


def _extra(name: str, given: object, operator: str, where: object) -> float:
    if isinstance(given, bool) or not isinstance(given, Real) or not math.isfinite(float(given)):
        raise SettingError(f"{operator} needs a number for {name}", where=where, found=repr(given)[:60])
    value = float(given)
    holds, expected = (0 <= value <= 1, "0 … 1") if name == "q" else (value >= 1, "1 or more")
    if not holds:
        raise SettingError(f"{operator} cannot have this {name}", where=where, expected=expected, found=value)
    return value
