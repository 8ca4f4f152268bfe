"""What run folders tell of trials: which runs the ledger does not know, and by which settings its variants differ.

The ledger keeps hashes alone, and somebody may delete it, head and all: then it begins anew, and no chain is broken.
But run folders keep the whole declaration, so the two are held against each other. A run that was deleted too is beyond
any count.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tidegate.errors import IntegrityError
from tidegate.files import read_json
from tidegate.study.folder import runs_below
from tidegate.study.trial_ledger import settings_of, variant_of

__all__ = ["differing", "kept_variants", "unlisted_runs"]

_LONG = 40


def unlisted_runs(out: Path, lines: Iterable[Mapping[str, Any]]) -> tuple[Path, ...]:
    """Run folders below `out` of which a study is not among the ledger's `lines`, newest first.

    A declaration that cannot be read is found in no ledger either, and counts.
    """
    known = {line["variant"] for line in lines}
    found = []
    for run in runs_below(out):
        studies = _studies(run)
        if not studies or any(variant_of(study) not in known for study in studies):
            found.append(run)
    return tuple(found)


def kept_variants(out: Path) -> dict[str, dict[str, Any]]:
    """Variant → its settings, of every study and rival that a run folder below `out` declares."""
    found: dict[str, dict[str, Any]] = {}
    for run in reversed(runs_below(out)):
        for study in _studies(run):
            for held in (study, *({**study, "model": rival} for rival in study["rivals"])):
                found.setdefault(variant_of(held), settings_of(held))
    return found


def differing(
    lines: Sequence[Mapping[str, Any]], kept: Mapping[str, dict[str, Any]]
) -> dict[str, tuple[str, ...] | None]:
    """Variant → the settings by which it differs from the first variant of its question, such as ``lookback=20``.

    Empty for the first itself. Missing values: None where no folder tells the settings of one of the two any more.

    >>> lines = [{"question": "q", "variant": v, "role": "model"} for v in "abc"]
    >>> short, long = ({"lookback": n, "model": {"name": m}} for n, m in ((10, "drift"), (20, "zero")))
    >>> differing(lines, {"a": short, "b": long})
    {'a': (), 'b': ('lookback=20', 'model=zero'), 'c': None}
    """
    first: dict[str, str] = {}
    for line in lines:
        if line["role"] == "model":
            first.setdefault(line["question"], line["variant"])
    found: dict[str, tuple[str, ...] | None] = {}
    for line in lines:
        base, variant = first.get(line["question"], line["variant"]), line["variant"]
        told = variant in kept and base in kept
        found[variant] = () if variant == base else tuple(_changes(kept[base], kept[variant], "")) if told else None
    return found


def _changes(first: Any, other: Any, path: str) -> list[str]:
    """Dotted settings of `other` that are not those of `first`; another component is told by its name alone."""
    if first == other:
        return []
    if isinstance(first, dict) and isinstance(other, dict) and first.get("name") == other.get("name"):
        keys = list(dict.fromkeys((*first, *other)))
        return [
            told
            for key in keys
            for told in _changes(first.get(key), other.get(key), f"{path}.{key}" if path else str(key))
        ]
    text = _told(other)
    return [f"{path}={text}" if len(text) <= _LONG else f"{path}={text[:_LONG]}…"]


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or ", ".join(f"{key} {_told(held)}" for key, held in value.items()))
    if isinstance(value, list):
        return f"[{', '.join(_told(held) for held in value)}]"
    return "none" if value is None else str(value)


def _studies(run: Path) -> list[dict[str, Any]]:
    """The documents of a run's studies; none where its declaration cannot be read."""
    try:
        held = read_json(run / "study.json")
        code = held.get("outside", {})
        return [{**one, **({"outside": code[one["name"]]} if one["name"] in code else {})} for one in held["studies"]]
    except (IntegrityError, KeyError, TypeError):
        return []
