"""Expressions as text: a tokeniser, a grammar of five rules, and nothing of Python's own evaluation.

    comparison := sum [(">" | "<" | ">=" | "<=") sum]          one comparison, no chain
    sum        := product {("+" | "-") product}
    product    := signed {("*" | "/") signed}
    signed     := "-" signed | atom
    atom       := number | field | operator "(" comparison {"," comparison} ")" | "(" comparison ")"

The numbers of an operator (a window, a quantile) come last and are literals. What an expression prints as is this text:
parsing it gives the same expression back.
"""

import re
from typing import Final, NamedTuple

from tidegate.errors import SettingError
from tidegate.factors.expression.operators import OPERATORS, operator_named
from tidegate.factors.expression.tree import Expression, build, field_of, number

__all__ = ["parse"]

_TOKEN: Final = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[<>]=|[-+*/(),<>])"
)
_LONGEST: Final = 10_000
_DEEPEST: Final = 100
_COMPARE: Final = {">": "above", "<": "below", ">=": "at_least", "<=": "at_most"}
_SUM: Final = {"+": "add", "-": "subtract"}
_PRODUCT: Final = {"*": "multiply", "/": "divide"}


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def parse(text: str) -> Expression:
    """Read an expression.

    Errors
        `SettingError` naming the place of what is not understood; `UnknownNameError` with the nearest names;
        `ClockError` where it would look ahead.

    >>> parse("(high - low) / lag(close, 1)").lookback
    1
    >>> parse("mean(close, 20")
    Traceback (most recent call last):
    tidegate.errors.SettingError: the expression is not understood (character 15): expected ) or a comma, found the end
    """
    if len(text) > _LONGEST:
        raise SettingError("the expression is too long", expected=f"{_LONGEST} characters", found=len(text))
    reader = _Reader(_tokens(text), len(text))
    made = reader.comparison()
    if reader.next.kind != "end":
        raise reader.lost("the end, or a sign between two parts")
    return made


def _tokens(text: str) -> list[_Token]:
    made: list[_Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = _TOKEN.match(text, place)
        if found is None or not text[place].isascii():
            raise SettingError(
                "the expression has a character of no meaning",
                where=f"character {place + 1}",
                found=repr(text[place]),
                hint="numbers, names, + - * / < > <= >=, brackets and commas; a name has no dots",
            )
        made.append(_Token(str(found.lastgroup), found[0], place))
        place = found.end()
    return made


class _Reader:
    """A place in the tokens, moved forward by the rules of the grammar."""

    def __init__(self, tokens: list[_Token], end: int) -> None:
        self._tokens, self._at, self._depth = [*tokens, _Token("end", "the end", end)], 0, 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._at]

    def taken(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def took(self, signs: str) -> bool:
        if self.next.kind == "sign" and self.next.text == signs:
            self._at += 1
            return True
        return False

    def lost(self, expected: str) -> SettingError:
        return SettingError(
            "the expression is not understood",
            where=f"character {self.next.place + 1}",
            expected=expected,
            found=self.next.text,
        )

    def comparison(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SettingError("an expression is nested too deeply", where=f"character {self.next.place + 1}")
        made = self._chain(_SUM)
        if self.next.text in _COMPARE:
            made = build(_COMPARE[self.taken().text], (made, self._chain(_SUM)))
            if self.next.text in _COMPARE:
                raise self.lost("one comparison at a time: join two by both(…, …)")
        self._depth -= 1
        return made

    def _chain(self, signs: dict[str, str]) -> Expression:
        made = self._chain(_PRODUCT) if signs is _SUM else self._signed()
        while self.next.text in signs:
            token = self.taken()
            other = self._chain(_PRODUCT) if signs is _SUM else self._signed()
            made = build(signs[token.text], (made, other), where=f"character {token.place + 1}")
        return made

    def _signed(self) -> Expression:
        count = 0
        while self.took("-"):
            count += 1
        made = self._atom()
        for _ in range(count):
            made = -made
        return made

    def _atom(self) -> Expression:
        token = self.next
        if token.kind == "number":
            return number(float(self.taken().text))
        if token.kind == "name":
            self.taken()
            if self.took("("):
                return self._call(token)
            if token.text in OPERATORS:
                raise self.lost(f"( after {token.text}")
            return field_of(token.text, f"character {token.place + 1}")
        if self.took("("):
            made = self.comparison()
            if not self.took(")"):
                raise self.lost(")")
            return made
        raise self.lost("a number, a field, an operator or (")

    def _call(self, name: _Token) -> Expression:
        where = f"character {name.place + 1}"
        row = operator_named(name.text, where)
        given: list[Expression] = []
        while not given or self.took(","):
            given.append(self.comparison())
        if not self.took(")"):
            raise self.lost(") or a comma")
        settings = tuple(_literal(part, name.text, where) for part in given[row.children :])
        return build(name.text, tuple(given[: row.children]), settings, where)


def _literal(part: Expression, operator: str, where: str) -> float | int:
    if part.operator != "number":
        raise SettingError(f"{operator} takes plain numbers after its expressions", where=where, found=str(part)[:60])
    value = float(part.settings[0])
    return int(value) if value.is_integer() else value
