"""What else must be installed for a model: asked for where it is used, and named where it is not there."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tidegate.errors import MissingExtraError
from tidegate.models.base import Model

__all__ = ["needed", "versions_of"]


def needed(module: str, extra: str) -> Any:
    """Import `module`; raises `MissingExtraError` that says what to install.

    >>> needed("boosting_of_another_world", "ranker")
    Traceback (most recent call last):
    ...
    tidegate.errors.MissingExtraError: this model needs boosting_of_another_world, which is not installed. Hint: pip
    install 'tidegate[ranker]'.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(module, extra) from error
    except OSError as error:  # a shared library that its wheel does not bring along
        raise MissingExtraError(
            f"{module} is installed and could not be loaded",
            found=str(error),
            hint="install the library that it names; libgomp.so.1 is the system's package libgomp1 (or libgomp)",
        ) from error


def versions_of(model: Model) -> dict[str, str]:
    """Version of each package that a model computes with beside the house's own; raises `MissingExtraError`.

    >>> from tidegate.models.zero import Zero
    >>> versions_of(Zero())
    {}
    """
    found = {}
    for module, extra in model.needs.items():
        try:
            found[module] = version(module)
        except PackageNotFoundError as error:
            raise _missing(module, extra) from error
    return found


def _missing(module: str, extra: str) -> MissingExtraError:
    return MissingExtraError(
        f"this model needs {module}, which is not installed", hint=f"pip install 'tidegate[{extra}]'"
    )
