"""Settings changed by a user, told where the results are read.

A title that names what was replaced would go on naming it: a study called "LSTM ranks" that was run with another cell.
So whatever was changed stands among the stamps, with what it was before and what was kept, and a study whose component
was replaced carries the new one in its title.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tidegate.component import document, renamed
from tidegate.study.declare import Study
from tidegate.study.reproduction import Reproduction
from tidegate.types.report import Text

__all__ = ["CHANGED", "with_changes"]

CHANGED = Text(en="Changed settings: ", zh="更改的设置：")
"""How the stamp begins."""


def with_changes(declared: Reproduction, settings: Mapping[str, Any]) -> Reproduction:
    """Change settings by their dotted paths, one after the other, and tell what was changed.

    Errors
        `UnknownNameError` with the nearest name; `SettingError` where a value does not fit.

    >>> from tidegate.study.api import declare
    >>> made = with_changes(declare("stock-ranks", quick=True), {"model.cell": "gru"})
    >>> made.study("ranks").title.en
    'LSTM ranks (model.cell = gru)'
    >>> made.stamps[-1].en
    'Changed settings: model.cell = gru instead of lstm (kept: hidden, ...).'
    """
    made, told = declared, list[Text]()
    for path, value in settings.items():
        before, made = made, made.but(path, value)
        told.append(_told(before, made, path))
        pairs = zip(before.studies, made.studies, strict=True)
        made = replace(made, studies=tuple(_titled(old, new, path) for old, new in pairs))
    if not told:
        return made
    stamp = Text(
        en=f"{CHANGED.en}{'; '.join(one.en for one in told)}.",
        zh=f"{CHANGED.zh}{'；'.join(one.zh for one in told)}。",
    )
    return replace(made, stamps=(*made.stamps, stamp))


def _told(before: Reproduction, after: Reproduction, path: str) -> Text:
    """One change: the new value, the old one, and for a component what it took over from the other."""
    for old, new in zip(before.studies, after.studies, strict=True):
        was, now = _at(old, path), _at(new, path)
        if was != now:
            break
    else:
        return Text(en=f"{path} as it was", zh=f"{path} 未变")
    said = f"{path} = {_short(now)}"
    if not _swapped(was, now):
        return Text(en=f"{said} instead of {_short(was)}", zh=f"{said}（原为 {_short(was)}）")
    kept = [key for key in renamed(was, now["name"]) if key != "name" and was[key] == now.get(key)]
    gone = [key for key in was if key not in {"name", *kept}]
    english = [f"kept: {', '.join(kept)}"] if kept else []
    chinese = [f"沿用：{', '.join(kept)}"] if kept else []
    if gone:
        english.append(f"not kept: {', '.join(gone)}")
        chinese.append(f"未沿用：{', '.join(gone)}")
    more = Text(en=f" ({'; '.join(english)})" if english else "", zh=f"，{'；'.join(chinese)}" if chinese else "")
    return Text(en=f"{said} instead of {_short(was)}{more.en}", zh=f"{said}（原为 {_short(was)}{more.zh}）")


def _titled(old: Study, new: Study, path: str) -> Study:
    """The study with the new component in its title, where one was put in place of another."""
    was, now = _at(old, path), _at(new, path)
    if not _swapped(was, now):
        return new
    own = path.removeprefix(f"{new.name}.")
    mark = f"{own.removesuffix('.name')} = {_short(now)}"
    return new.but(title=Text(en=f"{new.title.en} ({mark})", zh=f"{new.title.zh}（{mark}）"))


def _swapped(was: object, now: object) -> bool:
    return isinstance(was, dict) and isinstance(now, dict) and was.get("name") != now.get("name")


def _at(study: Study, path: str) -> Any:
    """What stands at a dotted path of a study's document; a component for the path of its name."""
    held: Any = document(study)
    for part in path.removeprefix(f"{study.name}.").removesuffix(".name").split("."):
        if isinstance(held, list) and part.isdigit() and int(part) < len(held):
            held = held[int(part)]
        elif isinstance(held, dict):
            held = held.get(part)
        else:
            return None
    return held


def _short(value: object) -> str:
    """A value as it would be typed; a component by its name."""
    if isinstance(value, dict) and "name" in value:
        return str(value["name"])
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


_LONG = 60
"""Letters of a value that a stamp shows."""
