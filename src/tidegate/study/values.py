"""Values typed on a command line: JSON where it is JSON, text otherwise."""

import json
from typing import Any

from tidegate.errors import SettingError

__all__ = ["assignment", "parsed", "seeds_from"]


def parsed(text: str) -> Any:
    """A number, true, false, null, a list or an object where the text is JSON; the text itself otherwise.

    >>> parsed("0.2"), parsed("null"), parsed("adam"), parsed("[32, 16]")
    (0.2, None, 'adam', [32, 16])
    """
    try:
        return json.loads(text)
    except ValueError:
        return text


def assignment(text: str) -> tuple[str, Any]:
    """``a.b=c`` → its path and its value; raises `SettingError`.

    >>> assignment("training.epochs=20")
    ('training.epochs', 20)
    """
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise SettingError("a setting is written path=value", found=text, hint="for example --set training.epochs=20")
    return path.strip(), parsed(value.strip())


def seeds_from(text: str) -> tuple[int, ...]:
    """``10`` → seeds 0 … 9; ``3,5,8`` → those three; raises `SettingError`.

    >>> seeds_from("3"), seeds_from("3,5,8")
    ((0, 1, 2), (3, 5, 8))
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdigit() for part in parts):
        raise SettingError("seeds are a count or a list of whole numbers", found=text, expected="10 or 3,5,8")
    numbers = tuple(int(part) for part in parts)
    if len(numbers) > 1 or "," in text:
        return numbers
    if numbers[0] < 1:
        raise SettingError("at least one seed is needed", found=text)
    return tuple(range(numbers[0]))
