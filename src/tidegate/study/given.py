"""Where data comes from when a user names it in a few letters on the command line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidegate.data.source import Source
from tidegate.errors import SettingError
from tidegate.study.values import parsed

__all__ = ["source_from"]


def source_from(given: str) -> Source:
    """A source from ``sample:NAME``, ``store:NAME``, ``world:NAME[,setting=value…]``, or a file's path.

    Raises `SettingError` where it means nothing; unknown names come with the nearest ones.
    """
    kind, _, rest = given.partition(":")
    if kind == "sample" and rest:
        return Source.of({"name": "sample", "dataset": rest})
    if kind == "store" and rest:
        return Source.of({"name": "stored", "dataset": rest})
    if kind == "world" and rest:
        name, *settings = rest.split(",")
        return Source.of({"name": name, **_settings(settings)})
    if Path(given).is_file():
        return Source.of({"name": "file", "path": given})
    raise SettingError(
        "this names no data",
        found=given,
        expected="store:NAME, sample:NAME, world:NAME or the path of a file",
        hint="`tidegate data list` shows what the store holds; `tidegate list source` shows samples and worlds",
    )


def _settings(parts: list[str]) -> Mapping[str, Any]:
    held = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            raise SettingError("a world's setting is written name=value", found=part)
        held[name] = parsed(value)
    return held
