"""The store: datasets of bars on disk, one Parquet file a year, each named by its content, and one manifest.

    <root>/<dataset>/manifest.json            files with their SHA-256, spec, rows, first and last time
    <root>/<dataset>/2015-3f9c0a61d2e4.parquet
    <root>/<dataset>/instruments-91b07c55aa10.parquet   where the source names its instruments

Data files are written first, under names that hold their hash; the manifest is written last and replaces the old one in
one step. A process killed at any moment leaves the old dataset or the new one. Files that no manifest names are swept
by the next writer, who holds the dataset's lock.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.data.health import HealthReport
from tidegate.data.parquet import parquet_bytes, read_parquet
from tidegate.errors import DataError, FileRefusedError, IntegrityError, KeptError, SettingError, UnknownNameError
from tidegate.files import held, read_json, sweep, write_bytes, write_json
from tidegate.market.instruments import Instruments
from tidegate.types.axes import IntArray
from tidegate.types.bars import Bars, BarSpec

__all__ = ["Holding", "InstrumentFile", "Part", "Store", "write_bars"]

_NAME = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(?:[._-][a-z0-9]+)*")
_MANIFEST = "manifest.json"
_KEYS = ("asset", "time")


class Part(Settings):
    """One file of a dataset."""

    file: str
    year: int
    rows: int
    sha256: str


class InstrumentFile(Settings):
    """The table of a dataset's instruments."""

    file: str
    rows: int
    sha256: str


class Holding(Settings):
    """What a manifest says about a dataset; `digest` is that of its bars."""

    dataset: str
    spec: BarSpec
    rows: int
    assets: int
    columns: tuple[str, ...]
    first: str
    last: str
    digest: str
    parts: tuple[Part, ...]
    instruments: InstrumentFile | None = None
    health: HealthReport | None = Field(default=None, description="the report of the import that filled it")


class Store:
    """Datasets under one folder. Several processes may read; one at a time writes a dataset, others get `BusyError`."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    @classmethod
    def default(cls) -> "Store":
        """Open the store at ``$TIDEGATE_STORE``, or in ``./store``."""
        return cls(os.environ.get("TIDEGATE_STORE") or "store")

    def list(self) -> "list[str]":
        """Names of the datasets, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(
            path.parent.name for path in self.root.glob(f"*/{_MANIFEST}") if _NAME.fullmatch(path.parent.name)
        )

    def named(self, dataset: str) -> str:
        """Return a name that a dataset may have; raises `SettingError`."""
        return self._folder(dataset).name

    def describe(self, dataset: str) -> Holding:
        """Read a dataset's manifest; raises `UnknownNameError`, `IntegrityError`."""
        folder = self._folder(dataset)
        if not (folder / _MANIFEST).is_file():
            raise UnknownNameError.among("dataset", dataset, self.list(), where=f"store {self.root}")
        try:
            return Holding.of(read_json(folder / _MANIFEST))
        except SettingError as error:
            raise _damaged(dataset, error.what) from None

    def put(
        self, dataset: str, bars: Bars, *, instruments: Instruments | None = None, health: HealthReport | None = None,
        replace: bool = False,
    ) -> Holding:  # fmt: skip
        """Keep `bars` as a new dataset, with the `instruments` beside them; the same bars again change nothing.

        Raises `KeptError` where other bars are there already, unless `replace`; `BusyError` while another writes.
        """
        folder = self._folder(dataset)
        with held(folder / ".lock", f"dataset {dataset}"):
            if (folder / _MANIFEST).is_file() and not replace:
                there = self.describe(dataset)
                if there.digest == bars.digest and instruments is None:
                    return there
                if there.digest == bars.digest:
                    return self._sealed(there.but(instruments=self._tabled(dataset, instruments)))
                raise KeptError(
                    f"dataset {dataset!r} is there already, with other bars", where=self.root,
                    found=f"{there.rows} rows, {there.first} … {there.last}",
                    hint="append newer bars, replace it, or choose another name",
                )  # fmt: skip
            return self._write(dataset, bars, (), health, self._tabled(dataset, instruments))

    def append(
        self, dataset: str, bars: Bars, *, instruments: Instruments | None = None, health: HealthReport | None = None
    ) -> Holding:
        """Add newer bars, and bars of new assets; bars that are there already must be the same, value for value.

        `instruments` take the place of those that are there.

        Raises `DataError` naming the first difference, or the first bar that would be put between old ones.
        """
        folder = self._folder(dataset)
        with held(folder / ".lock", f"dataset {dataset}"):
            there = self.describe(dataset)
            old = self._load(there)
            _same_kind(dataset, there, bars)
            fresh = _fresh(dataset, old.frame, bars.frame)
            table = there.instruments if instruments is None else self._tabled(dataset, instruments)
            if not fresh.height:
                return there if table == there.instruments else self._sealed(there.but(instruments=table))
            grown = Bars.of(pl.concat([old.frame, fresh.select(old.frame.columns)]), there.spec)
            touched = set(fresh["time"].dt.year().to_list())
            untouched = tuple(part for part in there.parts if part.year not in touched)
            return self._write(dataset, grown, untouched, health or there.health, table)

    def read(self, dataset: str) -> Bars:
        """Read a dataset, every file held against its hash; raises `UnknownNameError`, `IntegrityError`."""
        there = self.describe(dataset)
        try:
            return self._load(there)
        except IntegrityError:
            again = self.describe(dataset)  # a writer may have replaced it meanwhile, and swept what we were reading
            if again.digest == there.digest:
                raise
            return self._load(again)

    def years(self, dataset: str, first: int, last: int) -> Bars | None:
        """Read the bars of some calendar years alone, both included; None where there are none. Raises as `read`."""
        there = self.describe(dataset)
        parts = tuple(part for part in there.parts if first <= part.year <= last)
        return self._load(there.but(parts=parts)) if parts else None

    def instruments(self, dataset: str) -> Instruments | None:
        """Read what is known of a dataset's assets, held against its hash; None where nothing was kept."""
        there = self.describe(dataset)
        if there.instruments is None:
            return None
        return Instruments.of(self._part(there, there.instruments).drop_nulls("asset"))

    def verify(self, dataset: str) -> Holding:
        """Read everything and hold it against the manifest; raises `IntegrityError`."""
        there = self.describe(dataset)
        if self._load(there).digest != there.digest:
            raise _damaged(dataset, "the bars do not agree with the manifest's digest")
        self.instruments(dataset)
        return there

    def export(self, dataset: str, path: str | Path) -> str:
        """Write a dataset as one ``.csv`` or ``.parquet`` file and return its SHA-256.

        The importer reads it back to equal values: an intraday file says by its header that labels are ends of bars.
        """
        return write_bars(self.read(dataset), Path(path))

    def _folder(self, dataset: str) -> Path:
        if not _NAME.fullmatch(dataset):
            raise SettingError(
                "this cannot be a dataset's name", found=repr(dataset)[:80],
                expected="small letters and digits, joined by . _ or -, at most 64",
                hint="for example csi300 or rb-5min",
            )  # fmt: skip
        return self.root / dataset

    def _tabled(self, dataset: str, instruments: Instruments | None) -> InstrumentFile | None:
        if instruments is None:
            return None
        content = parquet_bytes(instruments.frame)
        digest = hashlib.sha256(content).hexdigest()
        file = f"instruments-{digest[:12]}.parquet"
        write_bytes(self._folder(dataset) / file, content)
        return InstrumentFile(file=file, rows=len(instruments), sha256=digest)

    def _write(
        self, dataset: str, bars: Bars, untouched: tuple[Part, ...], health: HealthReport | None,
        table: InstrumentFile | None,
    ) -> Holding:  # fmt: skip
        folder = self._folder(dataset)
        parts = {part.year: part for part in untouched}
        years = bars.frame["time"].dt.year()
        for year in sorted(set(years.unique().to_list()) - set(parts)):
            frame = bars.frame.filter(years == year)
            content = parquet_bytes(frame)
            digest = hashlib.sha256(content).hexdigest()
            file = f"{year}-{digest[:12]}.parquet"
            write_bytes(folder / file, content)
            parts[year] = Part(file=file, year=year, rows=frame.height, sha256=digest)
        return self._sealed(Holding(
            dataset=dataset, spec=bars.spec, rows=bars.frame.height, assets=len(bars.assets),
            columns=tuple(bars.frame.columns),
            first=str(bars.times[0])[:19], last=str(bars.times[-1])[:19], digest=bars.digest,
            parts=tuple(parts[year] for year in sorted(parts)), instruments=table, health=health,
        ))  # fmt: skip

    def _sealed(self, holding: Holding) -> Holding:
        """Write the manifest last, then sweep what it does not name."""
        folder = self._folder(holding.dataset)
        write_json(folder / _MANIFEST, holding.model_dump(mode="json"))
        _sweep(folder, holding)
        return holding

    def _load(self, there: Holding) -> Bars:
        try:
            return Bars.of(_merged([self._part(there, part) for part in there.parts]), there.spec)
        except (DataError, pl.exceptions.PolarsError) as error:
            raise _damaged(there.dataset, str(error).splitlines()[0]) from None

    def _part(self, there: Holding, part: Part | InstrumentFile) -> pl.DataFrame:
        path = self._folder(there.dataset) / Path(part.file).name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _damaged(there.dataset, f"{part.file}: {error.strerror}") from None
        if hashlib.sha256(content).hexdigest() != part.sha256:
            raise _damaged(there.dataset, f"{part.file} does not agree with its hash")
        try:
            return read_parquet(content, part.file, known=True).frame
        except FileRefusedError as error:
            raise _damaged(there.dataset, str(error)) from None


def write_bars(bars: Bars, path: Path) -> str:
    """Write bars as one ``.csv`` or ``.parquet`` file and return its SHA-256.

    An intraday file says by its header that labels are ends of bars. Known at: as the bars. Raises `SettingError` for
    another kind of file.
    """
    frame = bars.frame.drop("session")
    if bars.spec.frequency == "1d":
        frame = frame.with_columns(pl.col("time").dt.date()).rename({"time": "date"})
    else:
        frame = frame.rename({"time": "bar_end"})
    if path.suffix.lower() == ".csv":
        return write_bytes(path, frame.write_csv(datetime_format="%Y-%m-%d %H:%M:%S").encode())
    if path.suffix.lower() == ".parquet":
        return write_bytes(path, parquet_bytes(frame))
    raise SettingError("an export is a .csv or a .parquet file", found=path.name)


def _merged(frames: "list[pl.DataFrame]") -> pl.DataFrame:
    """Yearly frames, each sorted by asset and time, as one in that order; whole only once, column by column."""
    if len(frames) == 1:
        return frames[0]
    runs = [_runs(frame["asset"]) for frame in frames]
    names, lengths = pl.concat([name for name, _ in runs]), np.concatenate([length for _, length in runs])
    by = np.argsort((names.rank("dense") - 1).to_numpy(), kind="stable")  # runs in order of asset, then of year
    begins, long = (np.cumsum(lengths) - lengths)[by], lengths[by]
    order = np.arange(long.sum()) + np.repeat(begins - (np.cumsum(long) - long), long)
    place = pl.Series(order.astype(np.uint32))
    run = pl.Series(np.repeat(by, long).astype(np.uint32))
    columns = []
    for name in frames[0].columns:
        whole = names if name == "asset" else pl.concat([frame[name] for frame in frames], rechunk=False)
        columns.append(whole.gather(run if name == "asset" else place).alias(name))
        frames[:] = [frame.drop(name) for frame in frames]
    return pl.DataFrame(columns)


def _runs(assets: pl.Series) -> tuple[pl.Series, IntArray]:
    """Each asset of a column, and for how many rows it stands there."""
    starts = np.append(0, np.flatnonzero((assets.slice(1) != assets.slice(0, len(assets) - 1)).to_numpy()) + 1)
    return assets.gather(starts), np.diff(np.append(starts, len(assets))).astype(np.int64)


def _sweep(folder: Path, holding: Holding) -> None:
    named = {part.file for part in holding.parts} | {held.file for held in [holding.instruments] if held}
    for path in folder.glob("*.parquet"):
        if path.name not in named:
            path.unlink(missing_ok=True)
    sweep(folder)


def _same_kind(dataset: str, there: Holding, bars: Bars) -> None:
    for field in ("frequency", "kind", "currency", "volume_unit"):
        old, new = getattr(there.spec, field), getattr(bars.spec, field)
        if old != new:
            raise DataError(f"bars of another {field} cannot be appended", where=dataset, expected=old, found=new)
    if set(there.columns) != set(bars.frame.columns):
        raise DataError(
            "bars with other columns cannot be appended",
            where=dataset,
            expected=list(there.columns),
            found=bars.frame.columns,
        )


def _fresh(dataset: str, old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Rows of `new` that are not in `old`, after checking that they may be added."""
    both = new.join(old, on=list(_KEYS), how="inner", suffix=" old", maintain_order="left")
    for column in (column for column in old.columns if column not in _KEYS):
        differs = both.filter(pl.col(column).ne_missing(pl.col(f"{column} old")))
        if differs.height:
            row: dict[str, Any] = differs.row(0, named=True)
            raise DataError(
                f"{differs.height} bars disagree with what the store holds, the first in {column!r}",
                where=f"{dataset}, {row['asset']}, {row['time']}", expected=row[f"{column} old"], found=row[column],
                hint="import the revised data under another name, or replace the dataset",
            )  # fmt: skip
    fresh = new.join(old, on=list(_KEYS), how="anti", maintain_order="left")
    last = old.group_by("asset").agg(last=pl.col("time").max())
    between = fresh.join(last, on="asset", how="inner").filter(pl.col("time") <= pl.col("last"))
    if between.height:
        row = between.row(0, named=True)
        raise DataError(
            f"{between.height} bars would be put between old ones", where=f"{dataset}, {row['asset']}, {row['time']}",
            expected=f"bars after {row['last']}",
            hint="replace the dataset, or keep the revised data under another name",
        )  # fmt: skip
    return fresh


def _damaged(dataset: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"dataset {dataset!r} is not what was put there",
        found=found,
        hint="import it again with replace, or restore a copy",
    )
