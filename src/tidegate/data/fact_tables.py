"""Tables that lie beside reports: classes of assets, which are static, and spells of membership in an index."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tidegate.data.codes import read_codes
from tidegate.data.fact_files import chinese_code, column_at
from tidegate.data.headers import normal
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import read_raw
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.types.bars import Bars
from tidegate.types.memberships import Memberships, StaticClasses

__all__ = ["read_classes", "read_memberships"]

_ASSET = ("symbol", "asset", "code", "ts_code", "证券代码", "股票代码")
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")


def read_classes(path: Path, bars: Bars) -> StaticClasses:
    """Read a table of one row an asset, every other column a kind of class; assets without bars are left out.

    Raises `FileRefusedError` where no column holds assets.
    """
    raw = read_raw(path, ImportSettings(), Sieve())
    at = column_at(raw.headers, _ASSET)
    if at is None:
        raise FileRefusedError(
            "no column is known as asset", where=f"{path.name}, row 1", expected=list(_ASSET), found=list(raw.headers)
        )
    columns = {header: raw.frame[f"cell {place}"] for place, header in enumerate(raw.headers) if place != at}
    frame = pl.DataFrame({"asset": _codes(raw.frame[f"cell {at}"], path, bars.assets), **columns})
    held = frame.filter(pl.col("asset").is_in(list(bars.assets)))
    lacking = {name: len(bars.assets) - held[name].drop_nulls().len() for name in columns}
    stamps = tuple(
        f"{blank} of {len(bars.assets)} assets have no {name} ({path.name}): no class, and no filter."
        for name, blank in lacking.items()
        if blank
    )
    return StaticClasses.of(held, stamps)


def read_memberships(paths: Sequence[Path], *, index: str | None = None, assets: Sequence[str] = ()) -> Memberships:
    """Read files of spells: asset, since, until, tab- or comma-separated, with or without a header line.

    `until` is the first session that the asset is no longer a member: lists that name one day both for who leaves and
    for who comes mean it so; empty for who stays. A file is of `index`, or of what its name says:
    ``<index>_members…``. A code that is one of `assets` in another form is written as that one.

    Raises `FileRefusedError` for a row, a code or a day that cannot be read.
    """
    pieces = []
    for path in paths:
        cells = _spells(path)
        days = {name: _days(cells[f"cell {at}"], name, path) for at, name in ((1, "since"), (2, "until"))}
        named = index or path.name.partition("_members")[0]
        pieces.append(
            pl.DataFrame({"asset": _codes(cells["cell 0"], path, assets), **days}).with_columns(index=pl.lit(named))
        )
    whole = pl.concat(pieces)
    frame = whole.filter(pl.col("until").is_null() | (pl.col("since") != pl.col("until")))
    empty = whole.height - frame.height
    stamps = [f"{empty} spells that end on the day they begin are left out."] if empty else []
    stamps += [
        f"Members of {of} are known from {since} on."
        for of, since in frame.group_by("index").agg(pl.col("since").min()).sort("index").iter_rows()
    ]
    return Memberships.of(frame, tuple(stamps))


def _spells(path: Path) -> pl.DataFrame:
    """Read the three columns of a file of spells, without its header line if it has one."""
    sieve = Sieve()
    cells = read_raw(path, ImportSettings(header=("asset", "since", "until")), sieve).frame
    if sieve.listed().height:
        raise FileRefusedError(
            "a row is no spell", where=path.name, found=sieve.listed().row(0), expected="asset, since, until",
            hint="end each line; leave the last cell empty, not out, for who stays",
        )  # fmt: skip
    first = cells["cell 0"].cast(pl.String)[0] if cells.height else None
    return cells[1:] if first is not None and normal(first) in _ASSET else cells


def _days(cells: pl.Series, column: str, path: Path) -> pl.Series:
    if cells.dtype in (pl.Date, pl.Datetime):
        return cells.cast(pl.Date)
    texts = cells.cast(pl.String).str.strip_chars().replace("", None)
    days = pl.select(pl.coalesce(texts.str.to_date(form, strict=False) for form in _DATES)).to_series()
    lost = texts.is_not_null() & days.is_null()
    if bool(lost.any()):
        raise FileRefusedError(
            "a day cannot be read", where=f"{path.name}, column {column}", found=texts.filter(lost)[0],
            expected="days such as 2015-06-15", hint="leave the last cell empty for who stays",
        )  # fmt: skip
    return days


def _codes(cells: pl.Series, path: Path, assets: Sequence[str]) -> pl.Series:
    codes, bad, lost = read_codes(cells.cast(pl.String), chinese=True)
    if bool((bad | lost).any()):
        raise FileRefusedError(
            "a code cannot be one", where=f"{path.name}, column asset", found=cells.filter(bad | lost)[0],
            hint="export codes as text, with their leading zeros",
        )  # fmt: skip
    return chinese_code(codes, assets)
