"""A stock panel: bars of a whole market in yearly files, and beside them what is known of its shares.

    <folder>/daily/…               bars: one file, or one a year, all with the same columns
    <folder>/instruments.parquet   one row a share: code, name, first trading day, last one of what is gone; if there,
                                   first day of its delisting period, issue price
    <folder>/suspended.parquet     pairs of code and day on which a share did not trade, by another source

The last two may be missing, or be CSV. Bars go through the importer like any others; the list of suspensions explains
the holes of the bars and is held against them, and changes no bar. Days on which prices begin anew (share reforms,
restructurings) are flagged in the bars' column `reset`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tidegate.data.codes import read_codes
from tidegate.data.headers import names_of_column, normal
from tidegate.data.health import HealthReport
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import Progress, import_file, read_raw
from tidegate.data.moments import read_moments
from tidegate.data.resets import find_resets
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars

__all__ = ["ImportedPanel", "import_panel", "panel_instruments"]

_ENDINGS = (".parquet", ".pq", ".csv", ".tsv", ".txt")
_NAMES = {
    "asset": names_of_column("asset"),
    "date": names_of_column("date"),
    "name": ("name", "short_name", "sec_name", "名称", "简称", "证券简称", "股票简称", "证券名称"),
    "listed": ("listed", "list_date", "listing_date", "ipo_date", "first_trade", "first_trading_day", "上市日期"),
    "delisting": (
        "delisting",
        "delisting_period",
        "delisting_start",
        "退市整理期起始日",
        "退市整理开始日",
        "退市整理期",
    ),
    "issue_price": ("issue_price", "ipo_price", "offer_price", "发行价", "发行价格"),
    "delisted": ("delisted", "delist_date", "delisting_date", "last_trade", "last_trading_day", "退市日期"),
}

_UNTOLD = {"delisting": "when delisting periods began", "issue_price": "issue prices"}


class ImportedPanel(NamedTuple):
    """Bars, their health, every listed row (defect, row, column, found), and the instruments, None where not given."""

    bars: Bars
    health: HealthReport
    listed: pl.DataFrame
    instruments: Instruments | None


def import_panel(
    path: str | Path, settings: ImportSettings | None = None, *, progress: Progress | None = None
) -> ImportedPanel:
    """Import a folder of the form at the head of this file.

    Settings that are not said are those of a market of shares: ``kind="stock"`` and the folder's name as a title.

    Parameters
    ----------
    path
        The folder.
    settings
        What you know about the bars; the two tables beside them are read by their headers alone.
    progress
        Called with the step's name and the share done, 0 … 1.

    Raises
    ------
    FileRefusedError
        There is no folder ``daily``, a file cannot be understood, or no column tells of ex-days; the error names it.
    """
    folder = _panel(path)
    said = settings or ImportSettings()
    defaults = {"kind": "stock", "title": folder.name, "source": folder.name}
    said = said.but(**{name: value for name, value in defaults.items() if name not in said.model_fields_set})
    halted = _beside(folder, "suspended")
    halts = None if halted is None else _columns(halted, ("asset", "date"), ()).rename({"date": "session"})
    instruments = panel_instruments(folder)
    imported = import_file(
        folder / "daily", said, progress=progress, halts=halts, anew=lambda bars: find_resets(bars, instruments)
    )
    if not (imported.bars.has("preclose") or imported.bars.has("factor")):
        raise FileRefusedError(
            "nothing in the bars tells of ex-days", where=f"{folder.name}/daily",
            expected="preclose, the reference price of a day, or factor, beside raw prices",
            found=_told_of(imported.bars),
            hint="without one of them a dividend or a split looks like a fall in every factor and label: add it; "
            "prices that are adjusted already are imported as plain files (without --as stock-panel)",
        )  # fmt: skip
    health = imported.health.but(file=folder.name)
    if instruments is not None:
        health = health.but(notes=(*health.notes, *_told(imported.bars, instruments)))
    return ImportedPanel(imported.bars, health, imported.listed, instruments)


def _told_of(bars: Bars) -> list[str]:
    """Columns that say something: one that is empty throughout tells of nothing."""
    columns = [name for name in bars.frame.columns if name not in {"time", "session", "asset"}]
    return [name for name in columns if bars.frame[name].null_count() < bars.frame.height]


def panel_instruments(path: str | Path) -> Instruments | None:
    """Read the instruments of such a folder without its bars; None where it has none.

    Raises `FileRefusedError` as `import_panel`.
    """
    shares = _beside(_panel(path), "instruments")
    return None if shares is None else _instruments(shares)


def _panel(path: str | Path) -> Path:
    folder = Path(path)
    if not (folder / "daily").is_dir():
        raise FileRefusedError(
            "a stock panel is a folder with its bars in a folder `daily`", where=folder.name,
            found=sorted(one.name for one in folder.iterdir())[:8] if folder.is_dir() else "no folder",
            hint="import a plain file, or a folder of files, without --as stock-panel",
        )  # fmt: skip
    return folder


def _beside(folder: Path, stem: str) -> Path | None:
    return next((folder / f"{stem}{ending}" for ending in _ENDINGS if (folder / f"{stem}{ending}").is_file()), None)


def _instruments(path: Path) -> Instruments:
    held = _columns(path, ("asset",), ("name", "listed", "delisted", "delisting", "issue_price"))
    twice = held.filter(pl.col("asset").is_duplicated())
    if twice.height:
        raise FileRefusedError(
            "a share is listed twice", where=f"{path.name}, column asset", found=twice["asset"][0],
            hint="keep one row a share",
        )  # fmt: skip
    backwards = (
        held.filter(pl.col("delisted") < pl.col("listed"))
        if {"listed", "delisted"} <= set(held.columns)
        else held.clear()
    )
    if backwards.height:
        raise FileRefusedError(
            "a share ends before it begins", where=path.name, found=backwards.row(0), hint="check its two dates"
        )
    return Instruments.of(held)


def _columns(path: Path, needed: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame:
    """Read a small table: the columns that are needed and those of the wanted ones that it has."""
    raw = read_raw(path, ImportSettings(), Sieve())
    found: dict[str, pl.Series] = {}
    for column in (*needed, *wanted):
        at = _place(raw.headers, column)
        if at is None and column in needed:
            raise FileRefusedError(
                f"no column is known as {column}", where=f"{path.name}, row 1", expected=list(_NAMES[column]),
                found=list(raw.headers), hint="rename its header",
            )  # fmt: skip
        if at is not None:
            found[column] = _read(raw.frame[f"cell {at}"], column, path.name)
    return pl.DataFrame(found)


def _place(headers: Sequence[str], column: str) -> int | None:
    known = [normal(header) for header in headers]
    for name in _NAMES[column]:
        at = next((at for at, header in enumerate(known) if header == name or header.startswith(f"{name}_if")), None)
        if at is not None:
            return at
    return None


def _read(cells: pl.Series, column: str, where: str) -> pl.Series:
    if column == "name":
        return cells.cast(pl.String)
    if column == "issue_price":
        told = cells.cast(pl.String).str.strip_chars().replace("", None)
        prices = told.cast(pl.Float64, strict=False)
        bad = told.is_not_null() & ~((prices > 0) & prices.is_finite()).fill_null(value=False)
        if bool(bad.any()):
            raise FileRefusedError(
                "an issue price cannot be one", where=f"{where}, column issue_price", found=told.filter(bad)[0],
                expected="yuan a share, above 0", hint="write an unknown price as an empty cell",
            )  # fmt: skip
        return prices
    if column == "asset":
        codes, bad, lost = read_codes(cells, chinese=True)
        if bool((bad | lost).any()):
            raise FileRefusedError(
                "a code cannot be one", where=f"{where}, column asset", found=cells.filter(bad | lost)[0],
                hint="export codes as text, with their leading zeros",
            )  # fmt: skip
        return codes
    if cells.dtype in (pl.Date, pl.Datetime):
        return cells.cast(pl.Date)
    texts = cells.cast(pl.String).str.strip_chars().replace("", None)
    counts = dict(texts.drop_nulls().value_counts().iter_rows())
    read = read_moments(counts, f"{where}, column {column}")
    if read.broken:
        raise FileRefusedError(
            "a date cannot be read", where=f"{where}, column {column}", found=next(iter(read.broken)),
            expected="dates such as 1991-04-03", hint="write an unknown date as an empty cell",
        )  # fmt: skip
    return texts.replace_strict(read.moments, default=None, return_dtype=pl.Datetime("us")).cast(pl.Date)


def _told(bars: Bars, instruments: Instruments) -> list[str]:
    """What the two tables say of each other."""
    held = pl.DataFrame({"asset": bars.assets}).join(instruments.frame, on="asset", how="left")
    ends = bars.frame.group_by("asset").agg(first=pl.col("session").min(), last=pl.col("session").max())
    held = held.join(ends, on="asset", how="left")
    counts = {
        "assets of the bars are not among the instruments": len(set(bars.assets) - set(instruments.frame["asset"])),
        "assets have bars before they were listed": held.filter(pl.col("first") < pl.col("listed")).height,
        "assets have bars after their last day": held.filter(pl.col("last") > pl.col("delisted")).height,
    }
    gone = held["delisted"].drop_nulls().len()

    def held_by(column: str) -> bool:
        return instruments.frame[column].null_count() < len(instruments)

    return [
        f"{len(instruments)} instruments, {gone} of them gone",
        *(f"{count} {what}" for what, count in counts.items() if count),
        *(f"nobody tells {what}" for column, what in _UNTOLD.items() if not held_by(column)),
    ]
