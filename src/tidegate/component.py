"""Settings and components: a frozen, validated object *is* its own configuration.

`Settings` is the base of everything declared: frozen, unknown fields refused with the nearest name, no silent
conversion. A `Component` is a member of a family (a factor set, a network, a strategy, ...). The family is an abstract
class that names itself with ``family = "..."``; a member is a final class that names itself with ``name = "..."`` and
implements the family's one verb. There is no registration: members are found by walking the package (see `catalog`).

A component is also a JSON document, ``{"name": "lstm", "hidden": 32}``; a field typed as a family accepts such a
document and finds the member by its name. `document` writes it, `fingerprint` hashes it.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from tidegate.errors import ClockError, SettingError, UnknownNameError
from tidegate.refusing import expected

__all__ = ["Component", "Settings", "document", "fingerprint", "members", "renamed", "set_lookup"]

Document = dict[str, Any]


class Settings(BaseModel):
    """A frozen record of settings: equal by value, hashable, and refused at once when wrong."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=False, validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise _explained(error, type(self)) from None

    def __hash__(self) -> int:
        return hash((type(self), *(_hashable(getattr(self, name)) for name in type(self).model_fields)))

    @classmethod
    def of(cls, declared: object) -> Self:
        """Make one from a document or an object of this kind; raises `SettingError`."""
        try:
            return cls.model_validate(declared)
        except ValidationError as error:
            raise _explained(error, cls) from None

    def but(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated again."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        unknown = [name for name in changes if name not in fields]
        if unknown:
            raise UnknownNameError.among("setting", unknown[0], fields, where=_title(type(self)))
        return self.of({**fields, **changes})


class Component(Settings):
    """A member of a family; see the head of this file.

    A class that sets ``family`` in its own body is abstract and stands for the family; a class that sets ``name`` in
    its own body is final. `needs` names what else must be installed for it. A member that repeats a published mistake
    says in `mistake` what is wrong with it, in one sentence that begins with LEAKS or MISTAKE: every report on a study
    that uses it, at whatever depth, carries that sentence.
    """

    family: ClassVar[str] = ""
    name: ClassVar[str] = ""
    mistake: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for base in cls.__mro__[1:]:
            if isinstance(base, type) and issubclass(base, Component) and base.__dict__.get("name"):
                raise TypeError(
                    f"{base.__name__} is final: wrap it in a new component instead of deriving {cls.__name__}"
                )

    @model_validator(mode="wrap")
    @classmethod
    def _resolve(cls, declared: Any, handler: Callable[[Any], Any]) -> Any:
        if isinstance(declared, cls):
            return declared
        if isinstance(declared, Mapping):
            declared = dict(declared)
            name = declared.pop("name", cls.name)
            if name and name != cls.name:
                return _lookup_member(cls, str(name)).of(declared)
            if inspect.isabstract(cls) or not cls.name:
                raise SettingError(
                    f"a {cls.family} must be named",
                    expected='{"name": ...}',
                    found=sorted(declared),
                    hint=f"`tidegate list {cls.family}` shows the names",
                )
        return handler(declared)


_lookup: dict[str, Callable[[str, str], type[Component]]] = {}


def set_lookup(find: Callable[[str, str], type[Component]]) -> None:
    """Tell this module how to find a member by family and name; the catalog does so when it is imported."""
    _lookup["find"] = find


def members(family: type[Component]) -> dict[str, type[Component]]:
    """Members of `family` among the classes that are imported now, by name."""
    found: dict[str, type[Component]] = {}
    waiting = [family]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind.__dict__.get("name"):
            found[kind.name] = kind
    return found


def renamed(held: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The document of another member of the same family: settings that mean the same in both are kept, others dropped.

    Two settings mean the same where name, type and description are the same; ``hidden`` of an LSTM and of a GRU do, the
    days of two strategies that count different things do not.

    A document whose own name is no component's, or a name that the family doesn't know, is answered by `Component.of`
    later on: then only the name is changed here.
    """
    kinds = [Component]
    while kinds:
        kind = kinds.pop()
        kinds.extend(kind.__subclasses__())
        if kind.__dict__.get("name") != held.get("name") or not set(held) - {"name"} <= set(kind.model_fields):
            continue
        family = next(base for base in kind.__mro__ if base.__dict__.get("family"))
        old, new = kind.model_fields, _lookup_member(family, name).model_fields
        same = [key for key in old if key in new and _meaning(old[key]) == _meaning(new[key])]
        return {"name": name, **{key: held[key] for key in same if key in held}}
    return {**held, "name": name}


def _meaning(field: FieldInfo) -> tuple[object, str | None]:
    return field.annotation, field.description


def _lookup_member(family: type[Component], name: str) -> type[Component]:
    known = members(family)
    if name in known:
        return known[name]
    if "find" in _lookup:
        found = _lookup["find"](family.family, name)
        if issubclass(found, family):
            return found
    raise UnknownNameError.among(family.family or _title(family), name, known)


def document(value: object) -> Any:
    """Write settings, records of settings and plain values as JSON-ready data; a component starts with its name.

    Raises `SettingError` for anything that has no exact JSON form.
    """
    if isinstance(value, Settings):
        fields = {field: document(getattr(value, field)) for field in type(value).model_fields}
        return {"name": value.name, **fields} if isinstance(value, Component) else fields
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): document(held) for key, held in value.items()}
    if isinstance(value, (tuple, list)):
        return [document(held) for held in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise SettingError("a setting has no JSON form", expected="plain values", found=type(value).__name__)


def fingerprint(*values: object) -> str:
    """SHA-256 of the canonical JSON of `values`, as 64 hexadecimal digits.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps([document(value) for value in values], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _hashable(value: object) -> object:
    """Make a mapping or a list inside settings hashable; equal values stay equal."""
    if isinstance(value, Mapping):
        return frozenset((key, _hashable(held)) for key, held in value.items())
    return tuple(_hashable(held) for held in value) if isinstance(value, (list, tuple)) else value


def _title(kind: type[Settings]) -> str:
    return kind.name if issubclass(kind, Component) and kind.name else kind.__name__


def _explained(error: ValidationError, kind: type[Settings]) -> SettingError | ClockError:
    """Turn pydantic's first complaint into our own error; an unknown name comes before all: it explains the rest."""
    complaints: list[ErrorDetails] = error.errors(include_url=False)
    first = next((each for each in complaints if each["type"] == "extra_forbidden"), complaints[0])
    inner = first.get("ctx", {}).get("error")
    path = [str(part) for part in first["loc"]]
    where = ".".join([_title(kind), *path])
    if isinstance(inner, (SettingError, ClockError)):
        return inner
    if first["type"] == "extra_forbidden":
        return UnknownNameError.among("setting", path[-1], _fields_at(kind, path[:-1]), where=_title(kind))
    if first["type"] == "missing":
        return SettingError(
            f"setting {path[-1]!r} is missing", where=_title(kind), hint="this field has no default: say it"
        )
    return SettingError("a value does not fit", where=where, expected=expected(first), found=repr(first["input"])[:120])


def _fields_at(kind: type[Settings], path: list[str]) -> list[str]:
    return [] if path else list(kind.model_fields)
