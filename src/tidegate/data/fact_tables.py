"""Tables that lie beside reports: classes of assets, which are static, and spells of membership in an index."""

from pathlib import Path

import polars as pl

from tidegate.data.codes import read_codes
from tidegate.data.fact_files import chinese_code, column_at
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import read_raw
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.types.bars import Bars
from tidegate.types.memberships import Memberships, StaticClasses

__all__ = ["read_classes", "read_memberships"]

_ASSET = ("symbol", "asset", "code", "ts_code", "证券代码", "股票代码")


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
    frame = pl.DataFrame({"asset": _codes(raw.frame[f"cell {at}"], path), **columns})
    held = frame.filter(pl.col("asset").is_in(list(bars.assets)))
    lacking = {name: len(bars.assets) - held[name].drop_nulls().len() for name in columns}
    stamps = tuple(
        f"{blank} of {len(bars.assets)} assets have no {name} ({path.name}): no class, and no filter."
        for name, blank in lacking.items()
        if blank
    )
    return StaticClasses.of(held, stamps)


def read_memberships(paths: list[Path]) -> Memberships:
    """Read files of spells, one an index, named ``<index>_members…``: asset, since, until, without a header line.

    `until` is the first session that the asset is no longer a member: lists that name one day both for who leaves and
    for who comes mean it so.
    """
    pieces = []
    for path in paths:
        raw = read_raw(path, ImportSettings(header=("asset", "since", "until")), Sieve())
        days = {
            name: raw.frame[f"cell {at}"].str.strip_chars().str.to_date("%Y-%m-%d", strict=False)
            for at, name in ((1, "since"), (2, "until"))
        }
        index = path.name.partition("_members")[0]
        pieces.append(
            pl.DataFrame({"asset": _codes(raw.frame["cell 0"], path), **days}).with_columns(index=pl.lit(index))
        )
    whole = pl.concat(pieces)
    frame = whole.filter(pl.col("until").is_null() | (pl.col("since") != pl.col("until")))
    empty = whole.height - frame.height
    stamps = [f"{empty} spells that end on the day they begin are left out."] if empty else []
    stamps += [
        f"Members of {index} are known from {since} on."
        for index, since in frame.group_by("index").agg(pl.col("since").min()).sort("index").iter_rows()
    ]
    return Memberships.of(frame, tuple(stamps))


def _codes(cells: pl.Series, path: Path) -> pl.Series:
    codes, bad, lost = read_codes(cells.cast(pl.String), chinese=True)
    if bool((bad | lost).any()):
        raise FileRefusedError(
            "a code cannot be one", where=f"{path.name}, column asset", found=cells.filter(bad | lost)[0],
            hint="export codes as text, with their leading zeros",
        )  # fmt: skip
    return chinese_code(codes)
