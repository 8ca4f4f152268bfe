"""Reports of a whole market, point in time: files beside a stock panel → facts, each with the day it may be used from.

    <folder>/fundamentals.parquet        wide, a row a period; without dates, so by legal deadlines
    <folder>/reports_published.parquet   long, with the day of announcement
    <folder>/facts.parquet               facts that carry their day of use already, as an export wrote them
    <folder>/industry.parquet            classes of assets, static
    <folder>/csi300_members….tsv         asset, since, until

Three clocks. What a report says is usable from the day after its announcement; where no day is given, from the day
after the legal deadline, or after the announcement of that period that another file gives, where that is later: a late
report was not known at the deadline. A market value (price over something) is known at the close of the asset's own
first session on or after the quarter's end: of a share that is suspended then, vendors give the session on which it
resumes. A restatement is a second fact; the first stays what was known until then.
"""

from pathlib import Path
from typing import NamedTuple

import polars as pl

from tidegate.data.dated_facts import read_dated
from tidegate.data.fact_days import deadline, first_session_from, is_quarter_end, listing_days
from tidegate.data.fact_fields import FACT_FIELDS
from tidegate.data.fact_files import FactRows, chinese_code, read_facts
from tidegate.data.fact_health import FactHealth, fact_defects, field_health
from tidegate.data.fact_tables import read_classes, read_memberships
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts
from tidegate.types.memberships import Memberships, StaticClasses

__all__ = ["ImportedFundamentals", "has_reports", "import_fundamentals"]

_STEMS = ("fundamentals", "reports_published")
_DATED = "facts"
_ENDINGS = (".parquet", ".pq", ".csv", ".tsv", ".txt")
_KEY = ("field", "asset", "period", "usable")
_NONE = pl.DataFrame(schema=dict.fromkeys((*_KEY, "by"), pl.String) | {"value": pl.Float64})


class ImportedFundamentals(NamedTuple):
    """Facts, their health, every listed row (defect, row, column, found), and the tables beside or None."""

    facts: Facts
    health: FactHealth
    listed: pl.DataFrame
    classes: StaticClasses | None
    memberships: Memberships | None


def has_reports(path: str | Path) -> bool:
    """Whether a folder holds reports, classes or memberships that `import_fundamentals` would read."""
    folder = Path(path)
    return any(_beside(folder, stem) for stem in (*_STEMS, _DATED, "industry")) or bool(_members(folder))


def import_fundamentals(path: str | Path, bars: Bars, instruments: Instruments | None = None) -> ImportedFundamentals:
    """Import the reports that lie beside a stock panel; see the head of this file for the files and the clocks.

    Parameters
    ----------
    path
        The folder.
    bars
        The panel: facts of other assets are left out, and market values are known at its sessions.
    instruments
        When its assets were listed; else a first bar counts as the listing, but for what begins with the bars.

    Units
        Those of the house (fractions, yuan, shares); see `tidegate.data.fact_fields`.
    Missing values
        A report that does not give a field is a fact without a value. What cannot be is left out, counted and listed.

    Raises
    ------
    FileRefusedError
        There is no file of reports, classes or memberships, or one cannot be understood.
    """
    folder = Path(path)
    paths = [found for stem in _STEMS if (found := _beside(folder, stem))]
    if not has_reports(folder):
        raise FileRefusedError(
            "there are no reports in the folder", where=folder.name,
            expected=[f"{stem}.parquet" for stem in (*_STEMS, _DATED)],
            found=sorted(one.name for one in folder.iterdir())[:8] if folder.is_dir() else "no folder",
        )  # fmt: skip
    sieve = Sieve()
    listing = listing_days(bars, instruments)
    if instruments is None:
        before = listing["listed"].null_count()
        sieve.note(
            f"no list of instruments: {before} assets that begin with the bars are taken to have been listed before "
            f"them, and the first bar of {listing.height - before} others counts as the listing"
        )
    read = [_sound(_named(read_facts(one, sieve), bars), listing, sieve) for one in paths]
    dated = [_dated(rows, read, bars, sieve) for rows in read]
    files = [rows.file for rows in read]
    if held := _beside(folder, _DATED):
        told = read_dated(held, sieve)
        known = sieve.drop(told.frame, ~pl.col("asset").is_in(bars.assets), "unknown_asset", held.name, "{asset}")
        dated.append(known.select("row", *_KEY, "value", "by", file=pl.lit(held.name)))
        files.append(told.file)
    facts = Facts.of(_distinct(pl.concat(dated, how="vertical_relaxed"), sieve) if dated else _NONE)
    classes = read_classes(industry, bars) if (industry := _beside(folder, "industry")) else None
    members = _members(folder)
    memberships = read_memberships(members, assets=bars.assets) if members else None
    stamps = [
        *_coverage(read, listing),
        *(classes.stamps if classes else ()),
        *(memberships.stamps if memberships else ()),
    ]
    health = FactHealth(
        files=tuple(files), fields=field_health(facts), defects=fact_defects(sieve),
        notes=tuple(_notes(facts, sieve)), stamps=tuple(stamps),
    )  # fmt: skip
    return ImportedFundamentals(facts, health, sieve.listed(), classes, memberships)


def _members(folder: Path) -> list[Path]:
    return sorted(one for one in folder.glob("*_members*") if one.suffix in _ENDINGS)


def _beside(folder: Path, stem: str) -> Path | None:
    return next((folder / f"{stem}{ending}" for ending in _ENDINGS if (folder / f"{stem}{ending}").is_file()), None)


def _named(rows: FactRows, bars: Bars) -> FactRows:
    """Write codes as the bars do."""
    asset = chinese_code(rows.frame["asset"], bars.assets)
    return rows._replace(frame=rows.frame.with_columns(asset.alias("asset")))


def _sound(rows: FactRows, listing: pl.DataFrame, sieve: Sieve) -> FactRows:
    """Leave out rows of strange assets, stray periods, periods before the listing; and values that cannot be."""
    file = rows.file.file
    keys = rows.frame.select("row", "asset", "period", "published").unique("row", maintain_order=True)
    keys = keys.join(listing, on="asset", how="left", maintain_order="left").with_columns(
        has=pl.col("asset").is_in(listing["asset"].implode())
    )
    keys = sieve.drop(keys, ~is_quarter_end(pl.col("period")), "stray_period", file, "{asset} {period}")
    keys = sieve.drop(keys, ~pl.col("has"), "unknown_asset", file, "{asset} {period}")
    keys = sieve.drop(
        keys, pl.col("period") < pl.col("listed"), "not_listed", file, "{asset} {period}, listed {listed}"
    )
    keys = sieve.drop(
        keys, pl.col("published") < pl.col("period"), "early", file, "{asset} {period}, announced {published}"
    )
    sieve.flag(
        keys, pl.col("published") > deadline(pl.col("period")), "late", file, "{asset} {period}, announced {published}"
    )
    sieve.flag(keys, pl.col("period") > pl.col("gone"), "after_end", file, "{asset} {period}, gone {gone}")
    frame = rows.frame.join(keys.select("row"), on="row", how="semi", maintain_order="left")
    scales = {field.name: float(field.scale) for field in rows.fields}
    least = {field.name: field.least for field in rows.fields if field.least is not None}
    low = pl.col("field").replace_strict(least, default=None, return_dtype=pl.Float64)
    value = pl.col("value") * pl.col("field").replace_strict(scales, return_dtype=pl.Float64)
    frame = frame.with_columns(value=value)
    impossible = (~pl.col("value").is_finite() | (pl.col("value") < low)).fill_null(value=False)
    sieve.flag(frame, impossible, "impossible", file, "{asset} {period} {field} = {value}")
    frame = frame.with_columns(value=pl.when(impossible).then(None).otherwise(pl.col("value")))
    return rows._replace(frame=frame)


def _dated(rows: FactRows, every: list[FactRows], bars: Bars, sieve: Sieve) -> pl.DataFrame:
    """Say of each fact from which day on it may be used."""
    market = {name for name, field in FACT_FIELDS.items() if field.counts == "market"}
    quoted = rows.frame.filter(pl.col("field").is_in(market))
    told = rows.frame.filter(~pl.col("field").is_in(market))
    quoted = quoted.with_columns(usable=first_session_from(bars, quoted), by=pl.lit("close"))
    lost = quoted.filter(pl.col("usable").is_null()).unique("row", maintain_order=True)
    sieve.flag(lost, pl.col("usable").is_null(), "no_session", rows.file.file, "{asset} {period}")
    elsewhere = pl.concat(
        one.frame.select("asset", "period", other="published") for one in every if one is not rows
    ) if len(every) > 1 else told.select("asset", "period", other="published").clear()  # fmt: skip
    first = elsewhere.drop_nulls("other").group_by("asset", "period").agg(pl.col("other").min())
    told = told.join(first, on=["asset", "period"], how="left", maintain_order="left")
    due = deadline(pl.col("period"))
    late = pl.col("other") > due
    day = pl.coalesce("published", pl.when(late).then("other").otherwise(due))
    by = pl.when(pl.col("published").is_not_null() | late).then(pl.lit("announced")).otherwise(pl.lit("deadline"))
    told = told.with_columns(usable=day + pl.duration(days=1), by=by)
    columns = ["row", *_KEY, "value", "by"]
    return pl.concat([quoted.drop_nulls("usable").select(columns), told.select(columns)]).with_columns(
        file=pl.lit(rows.file.file)
    )


def _distinct(frame: pl.DataFrame, sieve: Sieve) -> pl.DataFrame:
    """Keep one of equal facts and none of those that disagree; list the others."""
    twice = frame.filter(pl.struct(_KEY).is_duplicated())
    if twice.is_empty():
        return frame
    kinds = twice.group_by(_KEY).agg(kinds=pl.col("value").n_unique())
    twice = twice.join(kinds, on=list(_KEY), maintain_order="left").with_columns(
        nth=pl.col("row").cum_count().over(_KEY)
    )
    for (file,), part in twice.partition_by("file", as_dict=True).items():
        sieve.flag(
            part, (pl.col("kinds") == 1) & (pl.col("nth") > 1), "duplicate", str(file), "{asset} {period} {field}"
        )
        sieve.flag(part, pl.col("kinds") > 1, "conflict", str(file), "{asset} {period} {field} = {value}")
    gone = kinds.filter(pl.col("kinds") > 1)
    return frame.join(gone, on=list(_KEY), how="anti", maintain_order="left").unique(
        _KEY, keep="first", maintain_order=True
    )


def _notes(facts: Facts, sieve: Sieve) -> list[str]:
    by = dict(facts.frame.group_by("by").len().iter_rows())
    told = {"announced": "by announcement", "deadline": "by legal deadline", "close": "at a close"}
    counts = ", ".join(f"{by.get(name, 0)} {how}" for name, how in told.items())
    return [f"known {counts}", *dict.fromkeys(sieve.notes)]


def _coverage(every: list[FactRows], listing: pl.DataFrame) -> list[str]:
    """Stamp a file of announcements that covers the living better than the gone, and one that has no dates."""
    stamps = []
    gone = set(listing.filter(pl.col("gone").is_not_null())["asset"])
    for rows in every:
        held = set(rows.frame["asset"].unique())
        dated = rows.frame["published"].null_count() < rows.frame.height
        if dated and len(held) < listing.height:
            stamps.append(
                f"{rows.file.file} covers {len(held)} of {listing.height} assets and {len(held & gone)} of the "
                f"{len(gone)} that are gone{': survivor-biased' if gone and not held & gone else ''}."
            )
        if not dated:
            stamps.append(
                f"{rows.file.file} has no days of announcement: reports are used from legal deadlines on, and a value "
                "may be that of a later restatement."
            )
    return stamps
