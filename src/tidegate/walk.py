"""Finding members by walking a package: no list is kept and nothing is registered.

A module below the package is imported, and every component class that it defines is a member of its family. Classes
defined elsewhere (in a test, say) don't count, two members of one name in one family are an error, and one name in two
families is not.
"""

import inspect
from collections.abc import Iterable
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

from tidegate.component import Component
from tidegate.errors import SettingError

__all__ = ["example_of", "families_of", "modules_of", "walk"]


def modules_of(package: str | ModuleType) -> list[ModuleType]:
    """Import and return `package` and every module below it, in the order of their names (never a ``__main__``).

    >>> [module.__name__ for module in modules_of("tidegate.errors")]
    ['tidegate.errors']
    """
    root = import_module(package) if isinstance(package, str) else package
    below = walk_packages(getattr(root, "__path__", []), f"{root.__name__}.", onerror=_raise)
    names = sorted(found.name for found in below if not found.name.endswith("__main__"))
    return [root, *(import_module(name) for name in names)]


def walk(*packages: str | ModuleType) -> dict[str, dict[str, type[Component]]]:
    """Members by family and name, below `packages` (all of Tidegate where none is given).

    Raises `SettingError` where two members of one family have one name, and lets an import that fails be seen.

    >>> walk("tidegate.factors")["factors"]["raw-fields"].__name__
    'RawFields'
    """
    found: dict[str, dict[str, type[Component]]] = {}
    for kind in _components(packages or ("tidegate",)):
        if kind.__dict__.get("name"):
            own = found.setdefault(kind.family, {})
            if own.setdefault(kind.name, kind) is not kind:
                raise SettingError(
                    f"two members of family {kind.family!r} are called {kind.name!r}",
                    found=sorted([_home(kind), _home(own[kind.name])]),
                    hint="rename one of them",
                )
    return {family: dict(sorted(own.items())) for family, own in sorted(found.items())}


def families_of(*packages: str | ModuleType) -> dict[str, type[Component]]:
    """Find the abstract class that stands for each family, by the family's name.

    >>> families_of("tidegate.factors")["factors"].__name__
    'FactorSet'
    """
    kinds = _components(packages or ("tidegate",))
    return {kind.family: kind for kind in kinds if kind.__dict__.get("family")}


def example_of(kind: type[Component]) -> Component:
    """One member of `kind`: built from defaults, or from the plain settings in its own ``example``.

    A component that cannot be built from defaults states such settings in its body,
    ``example: ClassVar[dict[str, Any]] = {...}``, in the form of its document.

    >>> from tidegate.factors.level import PriceLevel
    >>> example_of(PriceLevel)
    PriceLevel(step=500.0)
    """
    settings: dict[str, Any] = kind.__dict__.get("example", {})
    missing = [name for name, field in kind.model_fields.items() if field.is_required() and name not in settings]
    if missing:
        raise SettingError(
            f"{kind.__name__} cannot be built without being told {', '.join(missing)}",
            where=_home(kind),
            hint="give its class an `example: ClassVar[dict[str, Any]]` with plain settings",
        )
    return kind.of(settings)


def _components(packages: Iterable[str | ModuleType]) -> Iterable[type[Component]]:
    for package in packages:
        for module in modules_of(package):
            for held in list(vars(module).values()):
                if inspect.isclass(held) and issubclass(held, Component) and held.__module__ == module.__name__:
                    yield held


def _home(kind: type[Component]) -> str:
    return f"{kind.__module__}:{kind.__name__}"


def _raise(name: str) -> None:
    raise SettingError("a module cannot be imported", where=name)
