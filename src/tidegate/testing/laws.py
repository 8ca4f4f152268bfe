"""What every component owes, whatever its family: a name, settings that can't change, a document that says all."""

import inspect
import json
import re
import types

from tidegate.component import Component, document, fingerprint, members
from tidegate.data.source import Source
from tidegate.errors import ClockError, SettingError, UnknownNameError
from tidegate.types.bars import Bars
from tidegate.walk import example_of

__all__ = ["CLOCKED", "check_component", "check_source"]

CLOCKED = frozenset({"bounds", "date-step", "factors", "hold-out", "label", "normaliser", "strategy"})
"""Families whose members say in a "Known at" section of their docstring when their numbers are known."""

_NAME = re.compile(r"\A[a-z0-9]+(-[a-z0-9]+)*\Z")


def check_component(kind: type[Component], family: type[Component] | None = None) -> Component:
    """Hold a member to the laws of `Component`; returns the example that was made.

    It is final and concrete, named in small letters and hyphens, says what each setting is for, is frozen, hashable and
    equal by value; its JSON document makes an equal one; an unknown setting and an unknown name are refused with the
    nearest one; where its family has a clock, it says when it is known.

    Errors
        `SettingError` with the law that is broken.

    >>> from tidegate.factors.level import PriceLevel
    >>> check_component(PriceLevel).name
    'price-level'
    """
    _declared(kind)
    made = example_of(kind)
    _valued(kind, made)
    _written(kind, made, kind if family is None else family)
    _refusing(kind, made)
    return made


def check_source(source: Source) -> Bars:
    """Read a source twice: one declaration, one history, with every invariant of `Bars`; returns the bars."""
    first, second = source.bars(), type(source).of(document(source)).bars()
    if first.digest != second.digest:
        raise ClockError(
            f"source {source.name!r}: one declaration, two histories",
            expected=first.digest[:16],
            found=second.digest[:16],
        )
    if Bars.of(first.frame, first.spec).digest != first.digest:
        raise ClockError(f"source {source.name!r}: its bars were not made through Bars.of")
    return first


def _broken(kind: type[Component], law: str, **told: object) -> SettingError:
    return SettingError(f"{kind.__name__}: {law}", where=kind.__module__, **told)  # type: ignore[arg-type]


def _declared(kind: type[Component]) -> None:
    name = kind.__dict__.get("name", "")
    if not _NAME.match(name):
        raise _broken(
            kind,
            "a member names itself in its own body",
            expected="small letters, digits and hyphens",
            found=repr(name),
        )
    if not kind.family or "family" in kind.__dict__:
        raise _broken(kind, "a member belongs to a family that another class stands for", found=repr(kind.family))
    if inspect.isabstract(kind):
        raise _broken(kind, "a member is concrete", found=sorted(kind.__abstractmethods__))
    try:
        types.new_class("Derived", (kind,))
    except TypeError:
        pass
    else:
        raise _broken(kind, "a member is final")
    told = kind.__dict__.get("__doc__") or ""
    if not told.strip().partition("\n")[0].rstrip().endswith((".", "!", ":", ";", "...")) and "\n\n" not in told:
        raise _broken(kind, "a member says in a sentence what it is", found=repr(told[:60]))
    if kind.family in CLOCKED and "Known at" not in told:
        raise _broken(kind, 'its docstring has no "Known at"', hint="say after which moment its numbers may be used")
    bare = [name for name, field in kind.model_fields.items() if not field.description and _plain(field.annotation)]
    if bare:
        raise _broken(kind, "a setting says what it is for", found=bare, hint="Field(description=...)")
    if {"name", "family", "example"} & set(kind.model_fields):
        raise _broken(kind, "name, family and example are class variables", hint="annotate them with ClassVar")


def _plain(annotation: object) -> bool:
    """Whether a field holds a plain value; a field that holds another component explains itself."""
    return not (inspect.isclass(annotation) and hasattr(annotation, "model_fields"))


def _valued(kind: type[Component], made: Component) -> None:
    twin = example_of(kind)
    if made != twin or hash(made) != hash(twin):
        raise _broken(kind, "two of the same settings are equal and hash alike")
    for name in kind.model_fields:
        try:
            setattr(made, name, getattr(made, name))
        except ValueError:
            continue
        raise _broken(kind, "its settings cannot be changed", found=name, hint="keep the model_config of Settings")


def _written(kind: type[Component], made: Component, family: type[Component]) -> None:
    told = document(made)
    read = json.loads(json.dumps(told, allow_nan=False))
    again = family.of(read)
    if type(again) is not kind or again != made or document(again) != told or fingerprint(again) != fingerprint(made):
        raise _broken(kind, "its document makes an equal one", expected=told, found=document(again))


def _refusing(kind: type[Component], made: Component) -> None:
    told = {key: value for key, value in document(made).items() if key != "name"}
    wrong = f"{next(iter(told), 'settin')}x"
    try:
        kind.of({**told, wrong: 1})
    except UnknownNameError as error:
        near = next(iter(told), "")
        if near and near not in str(error):
            raise _broken(
                kind, "an unknown setting is answered with the nearest one", expected=near, found=str(error)
            ) from None
    else:
        raise _broken(kind, "an unknown setting is refused", found=wrong)
    try:
        kind.of({**told, "name": f"{kind.name}x"})
    except UnknownNameError:
        return
    raise _broken(kind, "an unknown name is refused", found=f"{kind.name}x", expected=sorted(members(kind)))
