"""Facts in the store, beside the bars of their dataset, and one manifest of their own.

    <root>/<dataset>/facts/manifest.json              files with their SHA-256, health, the bars they were dated by
    <root>/<dataset>/facts/facts-5be0c1….parquet
    <root>/<dataset>/facts/classes-….parquet          where there are any
    <root>/<dataset>/facts/memberships-….parquet

Written as the bars are: data first, under names that hold their hash, the manifest last and in one step.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.data.fact_health import FactHealth, field_health
from tidegate.data.fundamentals import ImportedFundamentals
from tidegate.data.parquet import parquet_bytes, read_parquet
from tidegate.data.store import Store
from tidegate.errors import DataError, FileRefusedError, IntegrityError, KeptError, SettingError
from tidegate.files import held, read_json, sweep, write_bytes, write_json
from tidegate.types.facts import Facts
from tidegate.types.memberships import Memberships, StaticClasses

__all__ = [
    "FactHolding",
    "FactPart",
    "HeldFacts",
    "add_facts",
    "describe_facts",
    "drop_facts",
    "put_facts",
    "read_facts_of",
    "read_memberships_of",
]

_MANIFEST = "manifest.json"


class FactPart(Settings):
    """One file of the facts of a dataset."""

    file: str
    rows: int
    sha256: str
    stamps: tuple[str, ...] = ()


class FactHolding(Settings):
    """What the manifest says of a dataset's facts."""

    dataset: str
    bars: str = Field(description="digest of the bars that the facts were dated by")
    fields: tuple[str, ...]
    facts: FactPart
    classes: FactPart | None = None
    memberships: FactPart | None = None
    health: FactHealth


class HeldFacts(NamedTuple):
    """What a store holds beside a dataset's bars; None where nothing was kept.

    `same_bars` is false where the dataset has got other bars since. The facts hold as they are, then; what the newer
    sessions would date (market values, listings) is missing until they are imported again.
    """

    facts: Facts
    classes: StaticClasses | None
    memberships: Memberships | None
    health: FactHealth
    same_bars: bool


def put_facts(store: Store, dataset: str, imported: ImportedFundamentals, *, replace: bool = False) -> FactHolding:
    """Keep facts beside the bars of `dataset`; the same facts again change nothing.

    Raises `UnknownNameError` where the store has no such bars, `KeptError` where other facts are there already, unless
    `replace`, `BusyError` while another process writes.
    """
    there = store.describe(dataset)
    folder = store.root / dataset / "facts"
    with held(folder / ".lock", f"facts of {dataset}"):
        tables = {
            "facts": (imported.facts.frame, ()),
            "classes": None if imported.classes is None else (imported.classes.frame, imported.classes.stamps),
            "memberships": None
            if imported.memberships is None
            else (imported.memberships.frame, imported.memberships.stamps),
        }
        contents = {name: (parquet_bytes(table[0]), table) for name, table in tables.items() if table is not None}
        parts = {
            name: FactPart(
                file=f"{name}-{(digest := hashlib.sha256(content).hexdigest())[:12]}.parquet", rows=table[0].height,
                sha256=digest, stamps=table[1],
            )
            for name, (content, table) in contents.items()
        }  # fmt: skip
        holding = FactHolding(
            dataset=dataset, bars=there.digest, fields=imported.facts.fields, health=imported.health, **parts
        )
        if (folder / _MANIFEST).is_file() and not replace:
            old = _described(store, dataset)
            if (old.facts, old.classes, old.memberships) == (holding.facts, holding.classes, holding.memberships):
                return old
            raise KeptError(
                f"facts of {dataset!r} are there already, and are others", where=store.root,
                found=f"{old.facts.rows} facts", hint="replace them, or keep the panel under another name",
            )  # fmt: skip
        for name, (content, _) in contents.items():
            write_bytes(folder / parts[name].file, content)
        write_json(folder / _MANIFEST, holding.model_dump(mode="json"))
        named = {part.file for part in parts.values()}
        for path in folder.glob("*.parquet"):
            if path.name not in named:
                path.unlink(missing_ok=True)
        sweep(folder)
        return holding


def add_facts(store: Store, dataset: str, imported: ImportedFundamentals) -> FactHolding:
    """Put newer facts to those that are kept; classes and memberships, where there are any, take the old ones' place.

    Raises `DataError` naming the first fact that disagrees with what is kept; else as `put_facts`.
    """
    held = read_facts_of(store, dataset)
    if held is None:
        return put_facts(store, dataset, imported)
    keys = ["field", "asset", "period", "usable"]
    both = imported.facts.frame.join(held.facts.frame, on=keys, suffix=" kept")
    differs = both.filter(pl.col("value").ne_missing(pl.col("value kept")))
    if differs.height:
        row = differs.row(0, named=True)
        raise DataError(
            f"{differs.height} facts disagree with what the store holds", expected=row["value kept"],
            where=f"{dataset}, {row['asset']}, {row['field']} of {row['period']}, usable {row['usable']}",
            found=row["value"], hint="replace the dataset, or keep the revised reports under another name",
        )  # fmt: skip
    fresh = imported.facts.frame.join(held.facts.frame, on=keys, how="anti")
    facts = Facts.of(pl.concat([held.facts.frame, fresh]))
    stamps = dict.fromkeys((*held.health.stamps, *imported.health.stamps))
    grown = imported._replace(
        facts=facts, classes=imported.classes or held.classes, memberships=imported.memberships or held.memberships,
        health=imported.health.but(fields=field_health(facts), stamps=tuple(stamps)),
    )  # fmt: skip
    return put_facts(store, dataset, grown, replace=True)


def drop_facts(store: Store, dataset: str) -> None:
    """Let go of what is kept beside a dataset's bars, if anything is; the manifest goes first.

    Raises `BusyError` while another process writes.
    """
    folder = store.root / dataset / "facts"
    if not folder.is_dir():
        return
    with held(folder / ".lock", f"facts of {dataset}"):
        (folder / _MANIFEST).unlink(missing_ok=True)
        for path in folder.glob("*.parquet"):
            path.unlink(missing_ok=True)


def describe_facts(store: Store, dataset: str) -> FactHolding | None:
    """Read what the manifest says of a dataset's facts, none of its tables; None where nothing is kept.

    Raises `UnknownNameError` for a dataset that is not there, `IntegrityError`.
    """
    store.describe(dataset)
    return _described(store, dataset) if (store.root / dataset / "facts" / _MANIFEST).is_file() else None


def read_facts_of(store: Store, dataset: str) -> HeldFacts | None:
    """Read what is kept beside a dataset's bars, every file held against its hash; None where nothing is.

    Raises `UnknownNameError` for a dataset that is not there, `IntegrityError`.
    """
    there = store.describe(dataset)
    if not (store.root / dataset / "facts" / _MANIFEST).is_file():
        return None
    holding = _described(store, dataset)
    try:
        return HeldFacts(
            Facts.of(_part(store, holding, holding.facts)),
            StaticClasses.of(_part(store, holding, holding.classes), holding.classes.stamps)
            if holding.classes
            else None,
            _memberships(store, holding, holding.memberships) if holding.memberships else None,
            holding.health,
            same_bars=holding.bars == there.digest,
        )
    except DataError as error:
        raise _damaged(dataset, str(error)) from None


def read_memberships_of(store: Store, dataset: str) -> Memberships | None:
    """Read who belonged to which index, as it is kept beside a dataset's bars; None where nothing is.

    Raises `UnknownNameError` for a dataset that is not there, `IntegrityError`.
    """
    store.describe(dataset)
    if not (store.root / dataset / "facts" / _MANIFEST).is_file():
        return None
    holding = _described(store, dataset)
    return _memberships(store, holding, holding.memberships) if holding.memberships else None


def _memberships(store: Store, holding: FactHolding, part: FactPart) -> Memberships:
    try:
        return Memberships.of(_part(store, holding, part), part.stamps)
    except DataError as error:
        raise _damaged(holding.dataset, str(error)) from None


def _described(store: Store, dataset: str) -> FactHolding:
    content: Any = read_json(store.root / dataset / "facts" / _MANIFEST)
    try:
        return FactHolding.of(content)
    except SettingError as error:
        raise _damaged(dataset, error.what) from None


def _part(store: Store, holding: FactHolding, part: FactPart) -> pl.DataFrame:
    path = store.root / holding.dataset / "facts" / Path(part.file).name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _damaged(holding.dataset, f"{part.file}: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != part.sha256:
        raise _damaged(holding.dataset, f"{part.file} does not agree with its hash")
    try:
        return read_parquet(content, part.file, known=True).frame
    except FileRefusedError as error:
        raise _damaged(holding.dataset, str(error)) from None


def _damaged(dataset: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"facts of {dataset!r} are not what was put there", found=found,
        hint="import them again with replace, or restore a copy",
    )  # fmt: skip
