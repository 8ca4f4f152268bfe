"""Qlib's binary folders, read: a calendar, lists of instruments, and one file of float32 an asset and field.

    calendars/day.txt                   one session a line
    instruments/all.txt                 SYMBOL <tab> first day <tab> last day, one span a line
    instruments/csi300.txt, …           the same for an index: who belonged to it when
    features/sh600000/close.day.bin     little-endian float32: position of the first value in the calendar, then values

By Qlib's convention prices are adjusted (``close = raw × factor``) and volume is the reverse; what is not there is NaN.
Values are divided by the factor in float64, so that writing them back gives the same bytes.
"""

from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from tidegate.data.health import Imported
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import Progress, import_frame
from tidegate.errors import FileRefusedError
from tidegate.market.boards import share_code
from tidegate.types.axes import FloatArray
from tidegate.types.facts import Days
from tidegate.types.memberships import Memberships

__all__ = ["PRICES", "QLIB_FIELDS", "import_qlib", "qlib_memberships"]

PRICES = ("open", "high", "low", "close")
QLIB_FIELDS = (*PRICES, "volume", "factor", "amount")
"""Fields that bars hold; others (vwap, change) follow from them and are left aside."""
_SPELL = 3


class _Span(NamedTuple):
    symbol: str
    since: date
    until: date


def import_qlib(
    path: str | Path, settings: ImportSettings | None = None, *, progress: Progress | None = None,
    market: str = "all", prices: Literal["adjusted", "raw"] = "adjusted",
) -> Imported:  # fmt: skip
    """Import the daily bars of a folder, with the checks of every import.

    Parameters
    ----------
    path
        The folder.
    settings
        What you know about the bars; kind is *stock* where nothing else is said.
    progress
        Called with the step's name and the share done, 0 … 1.
    market
        The list of instruments whose assets and spans are read: ``instruments/<market>.txt``.
    prices
        Whether prices and volume are adjusted, as Qlib wants them. Raw ones need no field `factor`.

    Units
        Volume in shares, amount as the folder has it.
    Missing values
        A session without all four prices is no bar.

    Raises
    ------
    FileRefusedError
        The folder, or one of its files, is not of this form; the error names it.
    """
    folder = Path(path)
    days = _calendar(folder)
    spans = _spans(folder / "instruments" / f"{market}.txt")
    symbols = list(dict.fromkeys(span.symbol for span in spans))
    pieces = []
    for number, symbol in enumerate(symbols):
        if progress is not None:
            progress(f"reading {symbol}", number / len(symbols) / 2)
        own = [span for span in spans if span.symbol == symbol]
        pieces.append(_bars(folder / "features" / symbol.lower(), symbol, days, own, adjusted=prices == "adjusted"))
    frame = pl.concat(pieces, how="diagonal")
    if not frame.height:
        raise FileRefusedError("the folder holds no bars", where=folder.name, hint=f"see instruments/{market}.txt")
    said = settings or ImportSettings()
    defaults = {"kind": "stock", "title": folder.name, "source": f"Qlib folder {folder.name}", "volume_unit": "shares"}
    said = said.but(**{name: value for name, value in defaults.items() if name not in said.model_fields_set})
    return import_frame(frame, said, name=folder.name, progress=progress)


def qlib_memberships(path: str | Path) -> Memberships | None:
    """Read the lists of indexes: every list of instruments but ``all``; None where there is no other.

    A span that reaches the calendar's end has none. Raises `FileRefusedError`.
    """
    folder = Path(path)
    days = _calendar(folder)
    rows = []
    for file in sorted((folder / "instruments").glob("*.txt")):
        for symbol, since, until in _spans(file) if file.stem != "all" else []:
            after = int(np.searchsorted(days, np.datetime64(until), side="right"))
            rows.append((file.stem, share_code(symbol), since, days[after].item() if after < len(days) else None))
    if not rows:
        return None
    kinds = {"index": pl.String, "asset": pl.String, "since": pl.Date, "until": pl.Date}
    return Memberships.of(pl.DataFrame(rows, schema=kinds, orient="row"))


def _calendar(folder: Path) -> Days:
    path = folder / "calendars" / "day.txt"
    if not path.is_file():
        raise FileRefusedError(
            "a Qlib folder has a calendar of days", where=folder.name, expected="calendars/day.txt",
            found=sorted(one.name for one in folder.iterdir())[:8] if folder.is_dir() else "no folder",
        )  # fmt: skip
    texts = [line.strip() for line in _text(path).splitlines() if line.strip()]
    days = np.array([_day(text, path, number) for number, text in enumerate(texts, 1)], dtype="datetime64[D]")
    wrong = np.flatnonzero(days[1:] <= days[:-1])
    if wrong.size:
        raise FileRefusedError(
            "the calendar goes back", where=f"{path.name}, row {wrong[0] + 2}", found=str(days[wrong[0] + 1]),
            expected=f"a day after {days[wrong[0]]}", hint="dump the folder again",
        )  # fmt: skip
    return days


def _spans(path: Path) -> list[_Span]:
    if not path.is_file():
        there = sorted(one.stem for one in path.parent.glob("*.txt")) if path.parent.is_dir() else []
        raise FileRefusedError("there is no such list of instruments", where=f"instruments/{path.name}", expected=there)
    found = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip():
            continue
        if len(cells) != _SPELL:
            raise FileRefusedError(
                "a row is no span", where=f"{path.name}, row {number}", found=line[:60],
                expected="symbol, first day, last day, between tabs",
            )  # fmt: skip
        found.append(_Span(cells[0].strip(), _day(cells[1], path, number), _day(cells[2], path, number)))
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise FileRefusedError("the file cannot be read", where=path.name, found=str(error)[:120]) from None


def _day(text: str, path: Path, number: int) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise FileRefusedError(
            "a day cannot be read", where=f"{path.name}, row {number}", found=text[:40], expected="such as 2015-01-05"
        ) from None


def _bars(
    folder: Path, symbol: str, days: Days, spans: list[_Span], *,
    adjusted: bool,
) -> pl.DataFrame:  # fmt: skip
    """Read one asset's fields as rows; the sessions that have all four prices."""
    needed = (*PRICES, "factor") if adjusted else PRICES
    missing = [name for name in needed if not (folder / f"{name}.day.bin").is_file()]
    if missing:
        raise FileRefusedError(
            f"{symbol} lacks fields", where=f"features/{folder.name}", expected=list(needed), found=f"no {missing}",
            hint="if the prices are not adjusted, say prices=raw" if missing == ["factor"] else "dump the folder again",
        )  # fmt: skip
    held = {name: _values(path, days) for name in QLIB_FIELDS if (path := folder / f"{name}.day.bin").is_file()}
    there = np.all([np.isfinite(held[name]) for name in needed], axis=0)
    there &= np.any(
        [(days >= np.datetime64(since)) & (days <= np.datetime64(until)) for _, since, until in spans], axis=0
    )
    if adjusted:
        held |= {name: held[name] / held["factor"] for name in PRICES}
        if "volume" in held:
            held["volume"] = held["volume"] * held["factor"]
    at = np.flatnonzero(there)
    columns = {name: pl.Series(values[at]).fill_nan(None) for name, values in held.items()}
    asset = pl.Series([share_code(symbol)], dtype=pl.String).new_from_index(0, len(at))
    return pl.DataFrame({"date": days[at], "asset": asset, **columns})


def _values(path: Path, days: Days) -> FloatArray:
    """Read one file onto the calendar as float64, NaN where it holds nothing."""
    where = f"features/{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileRefusedError("the file cannot be read", where=where, found=error.strerror) from None
    if len(content) % 4 or not content:
        raise FileRefusedError(
            "the file holds no whole float32 numbers", where=where, found=f"{len(content)} bytes",
            hint="it was cut off: dump the folder again",
        )  # fmt: skip
    stored = np.frombuffer(content, dtype="<f4").astype(np.float64)
    first, values = stored[0], stored[1:]
    if not (first >= 0 and first == np.floor(first) and first + len(values) <= len(days)):
        raise FileRefusedError(
            "the file does not fit its calendar", where=where, found=f"{len(values)} values from position {first:g} on",
            expected=f"within {len(days)} sessions", hint="calendar and fields are of two dumps: dump the folder again",
        )  # fmt: skip
    made = np.full(len(days), np.nan)
    made[int(first) : int(first) + len(values)] = values
    return made
