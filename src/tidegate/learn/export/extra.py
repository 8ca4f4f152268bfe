"""The libraries that only an export needs; nobody else has to have them."""

from importlib import import_module
from typing import Any

from tidegate.errors import MissingExtraError

__all__ = ["required"]


def required(module: str) -> Any:
    """Import `module`; raises `MissingExtraError` that says what to install.

    >>> required("onnx_of_another_world")
    Traceback (most recent call last):
    ...
    tidegate.errors.MissingExtraError: an export needs onnx_of_another_world, which is not installed. Hint: pip install
    'tidegate[export]'.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"an export needs {module.partition('.')[0]}, which is not installed", hint="pip install 'tidegate[export]'"
        ) from error
