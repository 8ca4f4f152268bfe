"""Files of reports → rows (row, file, field, asset, period, published, value), before anything is known of their clock.

    wide    one row a period and asset, one column a field:  period, symbol, pe, roe, …
    long    one row a number:                                symbol, period, published, field, value

A period is the quarter's last day (20141231, 2014-12-31) or its number (201404). `published` may be missing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from tidegate.data.codes import read_codes
from tidegate.data.fact_fields import FactField, field_named
from tidegate.data.fact_health import FactFile
from tidegate.data.headers import normal
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import Raw, read_raw
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.market.boards import share_code

__all__ = ["FactRows", "chinese_code", "column_at", "read_facts"]

_NAMES: dict[str, tuple[str, ...]] = {
    "asset": ("symbol", "asset", "code", "ts_code", "证券代码", "股票代码"),
    "period": ("period", "end_date", "stat_date", "statdate", "报告期"),
    "published": ("published", "ann_date", "announced", "pub_date", "pubdate", "公告日期"),
    "field": ("field", "item", "指标"),
    "value": ("value", "数值"),
}
_QUARTER = r"^\d{4}0?[1-4]$"
_DATES = ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d")
_MOST_LOST = 0.5
"""Share of a column's cells that may be no numbers; a column of more holds something else."""
_KEYS = ("row", "asset", "period", "published")


class FactRows(NamedTuple):
    """Rows of one file, one a number, and what the file was."""

    frame: pl.DataFrame
    file: FactFile
    fields: tuple[FactField, ...]


def read_facts(path: Path, sieve: Sieve) -> FactRows:
    """Read a wide or a long file of reports; rows whose keys cannot be read go into `sieve`.

    Raises `FileRefusedError` where a needed column is missing, or no column is a field that is known.
    """
    raw = read_raw(path, ImportSettings(), sieve)
    at = {name: column_at(raw.headers, names) for name, names in _NAMES.items()}
    lacking = next((name for name in ("asset", "period") if at[name] is None), None)
    if lacking is not None:
        raise _unfit(path, f"no column is known as {lacking}", _NAMES[lacking], raw)
    keys = _keyed(raw, at, path.name, sieve)
    if not keys.height and raw.frame.height:
        told = {
            name: raw.frame[f"cell {place}"][0] for name, place in at.items() if place is not None and name in _KEYS
        }
        raise FileRefusedError(
            "no row has a share, a period and, where one is told, a day of announcement that can be read",
            where=f"{path.name}, row 1",
            expected="a code like 600000.SH; a quarter's end like 2014-03-31, 20140331, or 20141 by quarter; a day "
            "like 2014-04-24 or 20140424",
            found=told,
            hint="write codes and dates in one of these ways",
        )  # fmt: skip
    if at["field"] is not None and at["value"] is not None:
        return _long(raw, keys, at["field"], at["value"], path, sieve)
    return _wide(raw, keys, {place for place in at.values() if place is not None}, path, sieve)


def column_at(headers: Sequence[str], names: Sequence[str]) -> int | None:
    """Find the first header that is one of some names."""
    known = [normal(header) for header in headers]
    return next((known.index(name) for name in names if name in known), None)


def chinese_code(codes: pl.Series, assets: Sequence[str] = ()) -> pl.Series:
    """Write codes as one of `assets` where that is the same share in another form, else as ``600000.SH``.

    >>> chinese_code(pl.Series(["SH600000", "000001.SZ", "sz.000002"]), ["000002.XSHE"]).to_list()
    ['600000.SH', '000001.SZ', '000002.XSHE']
    """
    ours = {share_code(asset): asset for asset in assets}
    written = {code: ours.get(one := share_code(code), one) for code in codes.unique().drop_nulls()}
    return codes.replace_strict(written, default=None, return_dtype=pl.String)


def _keyed(raw: Raw, at: dict[str, int | None], file: str, sieve: Sieve) -> pl.DataFrame:
    cells = raw.frame
    codes, bad, lost = read_codes(cells[f"cell {at['asset']}"].cast(pl.String), chinese=True)
    periods = _periods(cells[f"cell {at['period']}"])
    published = pl.Series("published", [None] * cells.height, dtype=pl.Date)
    unread = pl.Series([False] * cells.height)
    if at["published"] is not None:
        told = cells[f"cell {at['published']}"]
        published = _dates(told).alias("published")
        blank = told.is_null() if told.dtype != pl.String else told.is_null() | (told.str.strip_chars() == "")
        unread = published.is_null() & ~blank
    keys = pl.DataFrame([cells["row"], chinese_code(codes), periods.alias("period"), published])
    shown = keys.with_columns(
        code=cells[f"cell {at['asset']}"].cast(pl.String), said=cells[f"cell {at['period']}"].cast(pl.String)
    )
    sieve.flag(shown, pl.lit(bad | lost), "bad_code", file, "{code}")
    sieve.flag(shown, pl.lit((periods.is_null() | unread) & ~(bad | lost)), "unreadable_time", file, "{said}")
    return keys.filter(~(bad | lost | periods.is_null() | unread))


def _periods(cells: pl.Series) -> pl.Series:
    """Read ends of quarters: dates, or a year and the quarter's number."""
    if cells.dtype in (pl.Date, pl.Datetime):
        return cells.cast(pl.Date)
    texts = cells.cast(pl.String).str.strip_chars()
    numbered = texts.str.contains(_QUARTER).fill_null(value=False)
    quarter = pl.when(numbered).then(texts).otherwise(None)
    year = quarter.str.slice(0, 4).cast(pl.Int32, strict=False)
    ends = pl.date(year, quarter.str.slice(-1).cast(pl.Int32, strict=False) * 3, 1).dt.month_end()
    plain = _dates(pl.select(pl.when(numbered).then(None).otherwise(texts)).to_series())
    return pl.select(pl.coalesce(ends, plain)).to_series()


def _dates(cells: pl.Series) -> pl.Series:
    if cells.dtype in (pl.Date, pl.Datetime):
        return cells.cast(pl.Date)
    texts = cells.cast(pl.String).str.strip_chars()
    return pl.select(pl.coalesce(texts.str.to_date(form, strict=False) for form in _DATES)).to_series()


def _wide(raw: Raw, keys: pl.DataFrame, used: set[int], path: Path, sieve: Sieve) -> FactRows:
    found = {
        place: field for place, header in enumerate(raw.headers) if place not in used and (field := field_named(header))
    }
    if not found:
        raise _unfit(path, "no column is a field of reports that is known", ("pe", "roe", "…"), raw)
    held = raw.frame.filter(pl.col("row").is_in(keys["row"].implode()))
    columns = [
        _numbers(held[f"cell {place}"], held["row"], field.header, path, sieve).alias(field.name)
        for place, field in found.items()
    ]
    whole = keys.hstack(columns)
    tall = whole.unpivot(on=[field.name for field in found.values()], index=list(_KEYS), variable_name="field")
    ignored = tuple(header for place, header in enumerate(raw.headers) if place not in used and place not in found)
    return FactRows(tall, _file(path, raw, ignored), tuple(found.values()))


def _long(raw: Raw, keys: pl.DataFrame, field_at: int, value_at: int, path: Path, sieve: Sieve) -> FactRows:
    held = raw.frame.filter(pl.col("row").is_in(keys["row"].implode()))
    headers = held[f"cell {field_at}"].cast(pl.String)
    found = {header: field for header in headers.unique().drop_nulls() if (field := field_named(header))}
    if not found:
        raise _unfit(path, "no row is of a field of reports that is known", ("netProfit", "…"), raw)
    names = headers.replace_strict(
        {header: field.name for header, field in found.items()}, default=None, return_dtype=pl.String
    )
    known = names.is_not_null()
    held, keys, names = held.filter(known), keys.filter(known), names.filter(known)
    values = _numbers(held[f"cell {value_at}"], held["row"], "value", path, sieve, by=names)
    tall = keys.with_columns(field=names, value=values).select(*_KEYS, "field", "value").drop_nulls("field")
    ignored = tuple(sorted(set(headers.unique().drop_nulls()) - set(found)))
    return FactRows(tall, _file(path, raw, ignored), tuple(found.values()))


def _numbers(
    cells: pl.Series, rows: pl.Series, header: str, path: Path, sieve: Sieve, by: pl.Series | None = None
) -> pl.Series:
    """Read numbers; blank cells are missing, unreadable ones are listed and missing; `by`: each cell's own field.

    Raises `FileRefusedError` where most of what a field says is no number.
    """
    if cells.dtype.is_numeric():
        return cells.cast(pl.Float64).fill_nan(None)
    texts = cells.cast(pl.String).str.strip_chars()
    read = texts.cast(pl.Float64, strict=False).fill_nan(None)
    blank = texts.is_null() | texts.str.to_lowercase().is_in(["", "-", "--", "nan", "null", "none"])
    shown = pl.DataFrame([rows.alias("row"), texts.alias("said")])
    lost = read.is_null() & ~blank
    fields = pl.repeat(header, len(cells), eager=True) if by is None else by
    told = pl.DataFrame({"field": fields, "lost": lost, "said": ~blank, "text": texts})
    for (field,), part in told.group_by("field", maintain_order=True):
        _refuse_text(part, f"{path.name}, {header}" if by is None else f"{path.name}, {field}")
    sieve.flag(shown, pl.lit(lost), "unreadable_number", f"{path.name}: {header}", "{said}")
    return read


def _refuse_text(cells: pl.DataFrame, where: str) -> None:
    wrong, said = int(cells["lost"].sum()), int(cells["said"].sum())
    if wrong > _MOST_LOST * said:
        raise FileRefusedError(
            "a column of reports holds no numbers", where=where, expected="numbers, or blanks",
            found=f"{wrong:,} of {said:,} cannot be read, the first: {cells.filter('lost')['text'][0]!r}",
            hint="mend the column, or leave it out",
        )  # fmt: skip


def _file(path: Path, raw: Raw, ignored: tuple[str, ...]) -> FactFile:
    return FactFile(file=path.name, sha256=raw.sha256, rows=raw.frame.height, ignored=ignored)


def _unfit(path: Path, what: str, expected: Sequence[str], raw: Raw) -> FileRefusedError:
    return FileRefusedError(
        what, where=f"{path.name}, row 1", expected=list(expected), found=list(raw.headers),
        hint="rename its headers; `tidegate.data.fact_fields` lists the fields that are known",
    )  # fmt: skip
