"""Raw files → Bars, with a health report: the corridor of an import, one step a line.

    bytes → text → cells → columns → moments, codes, numbers → checks → Bars

A step that cannot go on refuses the file, naming the row, the column, the reason and the remedy; a row that is wrong is
quarantined, counted and listed. Nothing is mended in silence.
"""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from tidegate.data.checks import check_order, check_prices, check_repeats, check_sessions
from tidegate.data.checks_series import check_units, flag_series
from tidegate.data.codes import is_code
from tidegate.data.columns import Typed, typed
from tidegate.data.decode import decode
from tidegate.data.frames import as_polars
from tidegate.data.futures_hours import clocked, flag_holes, known_hours
from tidegate.data.futures_volume import counted_once
from tidegate.data.health import HealthReport, Imported, defects_of
from tidegate.data.import_settings import ImportSettings
from tidegate.data.lines import read_table
from tidegate.data.parquet import digest_of_frame, read_parquet
from tidegate.data.resets import Resets
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.market.sessions import HOURS
from tidegate.types.bars import Bars, BarSpec

__all__ = ["Progress", "Raw", "import_file", "import_frame", "read_raw"]

Progress = Callable[[str, float], None]
_ENDINGS = {".csv", ".txt", ".tsv", ".parquet", ".pq"}


class _Beside(NamedTuple):
    """What is known of the bars besides their files."""

    halts: pl.DataFrame | None = None
    anew: Callable[[Bars], Resets] | None = None


class Raw(NamedTuple):
    """Cells with their row numbers, before anything was understood."""

    frame: pl.DataFrame
    headers: tuple[str, ...]
    encoding: str
    delimiter: str
    sha256: str


def import_file(
    path: str | Path, settings: ImportSettings | None = None, *, progress: Progress | None = None,
    halts: pl.DataFrame | None = None, anew: Callable[[Bars], Resets] | None = None,
) -> Imported:  # fmt: skip
    """Import a CSV or Parquet file, or a folder of such files with the same columns.

    Parameters
    ----------
    path
        A file (``.csv .txt .tsv .parquet .pq``) or a folder; files of a folder are read in order of name, and their
        rows numbered through.
    settings
        What you know about the file; see `ImportSettings`.
    progress
        Called with the step's name and the share done, 0 … 1.
    halts
        Suspensions that another source lists, columns asset and session: they explain missing sessions.
    anew
        Finds the bars at which prices begin anew, where the file has no column `reset` that tells them.

    Raises
    ------
    FileRefusedError
        The file cannot be understood, or more than ``max_bad`` of its rows are bad.
    UnknownNameError
        ``columns`` names a header or column that does not exist.
    """
    settings = settings or ImportSettings()
    sieve = Sieve()
    tell = progress or _quiet
    paths = _paths(Path(path))
    raws = []
    for number, one in enumerate(paths):
        tell(f"reading {one.name}", number / len(paths) / 2)
        raws.append(read_raw(one, settings, sieve))
    where = Path(path).name
    raw = _joined(raws, [one.name for one in paths], where)
    raws.clear()
    return _guarded(raw, settings, sieve, where, tell, _Beside(halts, anew))


def import_frame(
    frame: Any, settings: ImportSettings | None = None, *, name: str = "frame", progress: Progress | None = None
) -> Imported:
    """Import a Polars or pandas frame; a pandas index of times or codes counts as columns.

    Raises as `import_file` does.

    >>> import polars as pl
    >>> days = ["2015-01-05", "2015-01-06", "2015-01-07"]
    >>> frame = pl.DataFrame(
    ...     {"日期": days, "开盘价": [1.0] * 3, "最高价": [2.0] * 3, "最低价": [0.5] * 3, "收盘价": [1.5] * 3}
    ... )
    >>> imported = import_frame(frame, ImportSettings(asset="000300"))
    >>> imported.health.kept, imported.bars.assets
    (3, ('000300',))
    """
    settings = settings or ImportSettings()
    held = as_polars(frame)
    if not held.height:
        raise FileRefusedError("the frame has no rows", where=name, hint="check how it was made")
    return _guarded(
        _numbered(held, "a frame, already typed", digest_of_frame(held)), settings, Sieve(), name, progress or _quiet
    )


def _quiet(step: str, share: float) -> None:
    """Tell nobody."""


def _paths(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(one for one in path.iterdir() if one.suffix.lower() in _ENDINGS and not one.name.startswith("."))
        if found:
            return found
        raise FileRefusedError("the folder holds no CSV or Parquet file", where=path.name, expected=sorted(_ENDINGS))
    if not path.is_file():
        raise FileRefusedError("there is no such file", where=path, hint="check the path")
    return [path]


def read_raw(path: Path, settings: ImportSettings, sieve: Sieve) -> Raw:
    """Read one file as cells; raises `FileRefusedError`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileRefusedError("the file cannot be read", where=path, found=error.strerror) from None
    digest = hashlib.sha256(content).hexdigest()
    if settings.sha256 and settings.sha256.lower() != digest:
        raise FileRefusedError(
            "the file is not the one you named", where=path.name, expected=f"SHA-256 {settings.sha256[:12]}…",
            found=f"{digest[:12]}…", hint="copy or download it again",
        )  # fmt: skip
    if path.suffix.lower() in {".parquet", ".pq"}:
        frame, checksum = read_parquet(content, path.name)
        if not frame.height:
            raise FileRefusedError("the file has no rows", where=path.name, hint="export it again")
        if checksum != "verified":
            sieve.note("the file carries no checksum: damage that leaves it readable cannot be told from data")
        return _numbered(frame, f"Parquet, {checksum}", digest)
    text, encoding = decode(content, path.name)
    table = read_table(
        text, path.name, sieve, settings.header, settings.skip_lines, keep_unfinished=settings.keep_unfinished
    )
    return Raw(table.frame, table.headers, encoding, table.delimiter, digest)


def _numbered(frame: pl.DataFrame, encoding: str, digest: str) -> Raw:
    headers = tuple(frame.columns)
    cells = frame.rename({header: f"cell {at}" for at, header in enumerate(headers)})
    return Raw(cells.with_row_index("row", offset=1), headers, encoding, "", digest)


def _joined(raws: list[Raw], names: list[str], where: str) -> Raw:
    first = raws[0]
    if len(raws) == 1:
        return first
    _refuse_unlike(raws, names, where)
    pieces = []
    shift = 0
    for raw in raws:
        pieces.append(raw.frame.with_columns((pl.col("row") + shift).cast(pl.UInt32)))
        shift += int(raw.frame["row"].max() or 0)  # type: ignore[arg-type]
    digest = hashlib.sha256("".join(raw.sha256 for raw in raws).encode()).hexdigest()
    return first._replace(frame=pl.concat(pieces), sha256=digest)


def _guarded(
    raw: Raw, settings: ImportSettings, sieve: Sieve, where: str, tell: Progress, beside: "_Beside | None" = None
) -> Imported:
    """Finish; a panic of the engine, which `except Exception` would miss, becomes a refusal."""
    try:
        return _finish(raw, settings, sieve, where, tell, beside or _Beside())
    except (pl.exceptions.PanicException, pl.exceptions.PolarsError) as error:
        raise FileRefusedError(
            "the file could not be worked through", where=where, found=str(error).splitlines()[0][:120],
            hint="this is a fault of Tidegate, not of the file: please report it with the file's first lines",
        ) from None  # fmt: skip


def _finish(
    raw: Raw, settings: ImportSettings, sieve: Sieve, where: str, tell: Progress, beside: "_Beside"
) -> Imported:
    rows = raw.frame.height + sum(sieve.counts.values())
    tell("understanding columns", 0.5)
    known = typed(raw.frame, raw.headers, settings, sieve, where, _asset_of(where))
    tell("checking rows", 0.7)
    minutes = known.minutes
    frame = check_prices(known.frame, sieve)
    if settings.hours != "none":
        frame = clocked(frame, settings, sieve, minutes=minutes, label=known.label, where=where)
        frame = counted_once(frame, settings, sieve, where)
    elif settings.calendar == "weekdays":
        frame = check_sessions(frame, sieve, minutes=minutes, allowed=settings.max_bad, where=where)
    frame = check_repeats(frame, sieve)
    frame = check_order(frame, sieve)
    frame, confirmed = check_units(frame, sieve, settings, where)
    units = _confirmed(known.units, sieve) if confirmed else known.units
    _refuse_bad(sieve, rows, frame, settings, where)
    tell("checking series", 0.85)
    frame = frame.sort("asset", "time")
    days = None if settings.hours == "none" else HOURS[settings.hours].calendar.days
    flag_series(frame, sieve, minutes=minutes, weekdays=settings.calendar == "weekdays", halts=beside.halts, days=days)
    if days is not None and minutes:
        flag_holes(frame, sieve, settings.hours)
    bars = Bars.of(frame.drop("row"), _spec(known, units, settings, where))
    if beside.anew is not None and not bars.has("reset"):
        bars = _begun_anew(bars, frame, beside.anew(bars), sieve)
    tell("done", 1.0)
    health = HealthReport(
        file=where, sha256=raw.sha256, encoding=raw.encoding, delimiter=raw.delimiter,
        columns={header.text: header.column for header in known.matched.headers}, ignored=known.matched.ignored,
        units=units, frequency=known.frequency, label=known.label, rows=rows, kept=bars.frame.height,
        quarantined=rows - bars.frame.height, assets=len(bars.assets), first=str(bars.times[0])[:19],
        last=str(bars.times[-1])[:19], notes=tuple(dict.fromkeys(sieve.notes)), defects=defects_of(sieve),
    )  # fmt: skip
    return Imported(bars, health, sieve.listed())


def _begun_anew(bars: Bars, frame: pl.DataFrame, found: Resets, sieve: Sieve) -> Bars:
    """Put flags into the bars and list them; rows of `frame` are those of the bars."""
    sieve.note(f"resets: {found.note}")
    if found.flags is None:
        return bars
    sieve.flag(frame, pl.lit(pl.Series(found.flags)), "reset", "", "{asset} {session}")
    return Bars.of(bars.frame.with_columns(reset=pl.Series(found.flags)), bars.spec)


def _confirmed(units: dict[str, str], sieve: Sieve) -> dict[str, str]:
    """Amount / volume equals the price: so volume is in shares and amount in yuan, whoever stated it or not."""
    if "as printed" in units.values():
        sieve.note("amount / volume agrees with the price: volume is in shares, amount in yuan")
    return {"volume": "shares", "amount": "yuan"}


def _spec(known: Typed, units: dict[str, str], settings: ImportSettings, where: str) -> BarSpec:
    stated = units.get("volume", "shares") != "as printed"
    stamps = () if stated else ("The unit of volume is not stated by the source.",)
    return BarSpec(
        frequency=known.frequency, kind=settings.kind, currency=settings.currency,
        volume_unit=units.get("volume", "shares"), title=settings.title or where,
        source=settings.source or where, stamps=stamps,
    )  # fmt: skip


def _refuse_unlike(raws: list[Raw], names: list[str], where: str) -> None:
    """Say no to a file whose columns, or their types, are not those of most files of the folder."""
    (usual, _), *_ = Counter(raw.headers for raw in raws).most_common(1)
    for raw, name in zip(raws, names, strict=True):
        if raw.headers != usual:
            less, more = [c for c in usual if c not in raw.headers], [c for c in raw.headers if c not in usual]
            raise FileRefusedError(
                "the files of the folder have different columns", where=f"{where}/{name}", expected=list(usual),
                found=f"without {less}, with {more}" if less or more else f"in another order: {list(raw.headers)}",
                hint="give that file the columns of the others",
            )  # fmt: skip
    for at, header in enumerate(usual):
        types = [raw.frame.schema[f"cell {at}"] for raw in raws]
        (common, _), *_ = Counter(types).most_common(1)
        for kind, name in zip(types, names, strict=True):
            if kind != common:
                raise FileRefusedError(
                    "a column is of another type in one file of the folder", where=f"{where}/{name}, column {header}",
                    expected=f"{common}, as in {names[types.index(common)]}", found=str(kind),
                    hint="store the column as the others do"
                    if kind.is_numeric() or kind == pl.Null
                    else "look for text among its numbers, or dates written in another way",
                )  # fmt: skip


def _asset_of(where: str) -> str:
    """Take a code from the file's name, or an empty text where it gives none."""
    stem = re.sub(r"\.(csv|txt|tsv|parquet|pq)$", "", where, flags=re.IGNORECASE)
    return stem if is_code(stem) else ""


def _refuse_bad(sieve: Sieve, rows: int, frame: pl.DataFrame, settings: ImportSettings, where: str) -> None:
    bad = sieve.quarantined
    if frame.height and bad <= math.ceil(settings.max_bad * rows):
        return
    worst = max(
        defects_of(sieve), key=lambda defect: defect.count if defect.action == "quarantined" else -1, default=None
    )
    if worst is None or not worst.examples:
        raise FileRefusedError("no row of the file is left", where=where, hint="check the file")
    example = worst.examples[0]
    column = f", column {example.column}" if example.column else ""
    raise FileRefusedError(
        f"{bad} of {rows} rows are bad, mostly: {worst.meaning} ({worst.count})",
        where=f"{where}, row {example.row}{column}",
        expected=f"at most {settings.max_bad:.2%} bad rows", found=example.found or "an empty cell",
        hint=_hint(worst.name, settings),
    )  # fmt: skip


def _hint(defect: str, settings: ImportSettings) -> str:
    if defect in {"outside_hours", "no_night"}:
        return f'so many are hardly strays: are these bars of hours="{settings.hours}"? Known are {known_hours()}'
    return _HINTS.get(defect, "mend the file at its source, or allow more with max_bad=...")


_HINTS = {
    "lost_zeros": "export codes as text, or say how long they are: pad_codes=6",
    "unreadable_time": "say what the dates are (date_order, epoch), or which column holds them (columns=...)",
    "non_session": 'for a market open all week, say calendar="always"',
    "conflict": 'if the file holds several assets, map the column of their codes: columns={...: "asset"}',
    "mixed_units": "split the file where the unit changes; import each part with its own volume_unit, amount_unit",
    "ragged_line": "export it again; text with commas must stand in quotation marks",
    "bad_code": "map the column that holds the codes, or say asset=...",
}
