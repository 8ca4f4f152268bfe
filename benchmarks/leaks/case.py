"""What a case is: a small function that leaks, or one beside it that only looks as if it did, and how it is asked.

A case is marked where it stands::

    @leak("features", "a smoother that looks good on a chart")
    def centred_mean(d): ...


    @clean("features", "a smoother too, of the past")
    def rolling_mean(d): ...

`kind` says which question is put to it: ``rows`` and ``open`` (a table in, a column out: `check_causal`), ``fit`` (a
table in, what was learned out: `check_fitted`) or ``split`` (nothing in, the arguments of `check_train_test` out).
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal, NamedTuple

from leaks.tables import CUT, market
from tidegate.errors import ClockError
from tidegate.testing import check_causal, check_fitted, check_train_test

__all__ = ["ASKED", "Answer", "Case", "Kind", "answer", "clean", "leak", "planted"]

Kind = Literal["rows", "open", "fit", "split"]
ASKED: dict[str, str] = {
    "rows": "check_causal",
    "open": 'check_causal, known="open"',
    "fit": "check_fitted",
    "split": "check_train_test",
}


class Case(NamedTuple):
    """One planted leak, or one clean look-alike."""

    name: str
    room: str
    leak: bool
    who: str
    """Of a leak: who makes this mistake. Of a look-alike: why it looks bad, or why it is lawful."""
    kind: Kind
    fn: Callable[..., Any]
    data: Callable[[], Any]
    limit: str
    """Why no test can find it; empty for all others."""


class Answer(NamedTuple):
    """What a case was told."""

    caught: bool
    ran: bool
    how: str
    said: str


def leak(
    room: str, who: str, *, kind: Kind = "rows", data: Callable[[], Any] = market, limit: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a planted leak; `limit` says why none can find it."""
    return _mark(room, who, kind, data, planted=True, limit=limit)


def clean(
    room: str, who: str, *, kind: Kind = "rows", data: Callable[[], Any] = market
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a clean look-alike."""
    return _mark(room, who, kind, data, planted=False, limit="")


def _mark(
    room: str, who: str, kind: Kind, data: Callable[[], Any], *, planted: bool, limit: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(fn: Callable[..., Any]) -> Callable[..., Any]:
        fn.case = Case(fn.__name__, room, planted, who, kind, fn, data, limit)  # type: ignore[attr-defined]
        return fn

    return mark


def planted(*modules: ModuleType) -> tuple[Case, ...]:
    """All cases of some modules, in the order in which they stand there."""
    return tuple(thing.case for module in modules for thing in vars(module).values() if hasattr(thing, "case"))


def answer(case: Case, *, quick: bool = False) -> Answer:
    """Put a case to its test; `quick` tries fewer moments, for look-alikes that pass them all."""
    if case.kind == "split":
        return _split(case)
    if case.kind == "fit":
        found = check_fitted(case.fn, case.data(), CUT)
    else:
        known: Literal["open", "close"] = "open" if case.kind == "open" else "close"
        tries = {"cuts": 3, "scrambles": 1} if quick else {}
        found = check_causal(case.fn, case.data(), known=known, **tries)
    return Answer(found.status == "failed", found.status != "could not run", found.how or "", str(found))


def _split(case: Case) -> Answer:
    told = dict(case.fn())
    try:
        counted = check_train_test(told.pop("train"), told.pop("test"), told.pop("anchor"), told.pop("known"), **told)
    except ClockError as error:
        return Answer(True, True, "counting", str(error))
    return Answer(False, True, "counting", str(counted))
