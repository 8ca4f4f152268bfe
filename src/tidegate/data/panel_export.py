"""A dataset of the store as a folder again, which an import reads back to the same bars, reports and tables.

<folder>/daily/bars.parquet      as `Store.export` writes them
<folder>/instruments.parquet     what is known of the assets
<folder>/facts.parquet           facts with their days of use, in the units of the house
<folder>/industry.parquet        static classes
<folder>/<index>_members.tsv     spells of membership
"""

from pathlib import Path

import polars as pl

from tidegate.data.fact_store import read_facts_of
from tidegate.data.parquet import parquet_bytes
from tidegate.data.store import Store
from tidegate.errors import KeptError
from tidegate.files import write_bytes, write_text

__all__ = ["export_panel"]


def export_panel(store: Store, dataset: str, folder: str | Path) -> dict[str, str]:
    """Write everything that is kept of a dataset, and return each file's SHA-256, by its name in the folder.

    Raises `UnknownNameError`, `IntegrityError`, and `KeptError` where the folder holds anything already.
    """
    folder = Path(folder)
    there = sorted(path.name for path in folder.iterdir())[:5] if folder.is_dir() else ["a file"]
    if folder.exists() and there:
        raise KeptError(
            "the folder of an export is not empty", where=folder, found=there,
            hint="name a new folder; nothing is written over",
        )  # fmt: skip
    held, instruments = read_facts_of(store, dataset), store.instruments(dataset)
    tables: dict[str, pl.DataFrame] = {}
    if instruments is not None:
        tables["instruments.parquet"] = instruments.frame.select(
            pl.col(name)
            for name in instruments.frame.columns
            if instruments.frame[name].null_count() < len(instruments)
        )
    if held is not None:
        tables["facts.parquet"] = held.facts.frame
        if held.classes is not None:
            tables["industry.parquet"] = held.classes.frame
    (folder / "daily").mkdir(parents=True, exist_ok=True)
    written = {"daily/bars.parquet": store.export(dataset, folder / "daily" / "bars.parquet")}
    written |= {name: write_bytes(folder / name, parquet_bytes(frame)) for name, frame in tables.items()}
    if held is not None and held.memberships is not None:
        for (index,), spells in held.memberships.frame.partition_by("index", as_dict=True).items():
            text = spells.select("asset", "since", "until").write_csv(separator="\t", include_header=False)
            written[f"{index}_members.tsv"] = write_text(folder / f"{index}_members.tsv", text)
    return written
