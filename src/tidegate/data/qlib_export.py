"""Bars as a folder that Qlib reads: the form is told in `tidegate.data.qlib_folder`.

    close = raw × adjustment          volume = raw / adjustment          vwap = amount / volume
    change = close / reference − 1, or on the close before where there is no reference

What was read from such a folder goes out to the same bytes, for the fields that bars hold and a calendar whose every
session has a bar.
"""

import re
from pathlib import Path

import numpy as np

from tidegate.data.qlib_folder import PRICES
from tidegate.errors import DataError, KeptError
from tidegate.files import write_bytes, write_text
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars

__all__ = ["export_qlib", "qlib_symbol"]

_CHINESE = re.compile(r"(\d{6})\.(SH|SZ|BJ)")


def qlib_symbol(asset: str) -> str:
    """Write a code as Qlib does.

    >>> qlib_symbol("600000.SH"), qlib_symbol("aapl")
    ('SH600000', 'AAPL')
    """
    found = _CHINESE.fullmatch(asset.upper())
    return f"{found[2]}{found[1]}" if found else asset.upper()


def export_qlib(bars: Bars, folder: str | Path) -> int:
    """Write daily bars as a Qlib folder; returns how many files were written.

    Missing values
        NaN: sessions without a bar between an asset's first and last, and numbers that a bar does not have.
    Errors
        `DataError` for bars that are not daily, and for two assets whose codes Qlib cannot tell apart; `KeptError`
        where the folder is not empty.

    >>> import tempfile
    >>> from tidegate.testing.history import example_bars
    >>> export_qlib(example_bars(sessions=20, assets=2), tempfile.mkdtemp())
    20
    """
    folder = Path(folder)
    if bars.spec.frequency != "1d":
        raise DataError("only daily bars go into a Qlib folder", found=bars.spec.frequency, expected="1d")
    symbols = [qlib_symbol(asset) for asset in bars.assets]
    if len(set(symbols)) < len(symbols):
        twice = next(symbol for symbol in symbols if symbols.count(symbol) > 1)
        raise DataError("two assets have one code in Qlib, which knows no small letters", found=twice)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise KeptError("the folder of an export is not empty", where=folder, hint="name a new folder")
    days = [str(day) for day in bars.times.astype("datetime64[D]")]
    write_text(folder / "calendars" / "day.txt", "\n".join(days) + "\n")
    fields = _fields(bars)
    lines = []
    for number, symbol in enumerate(symbols):
        rows = slice(int(bars.offsets[number]), int(bars.offsets[number + 1]))
        places = bars.places[rows]
        lines.append(f"{symbol}\t{days[places[0]]}\t{days[places[-1]]}")
        for name, values in fields.items():
            stored = np.full(int(places[-1] - places[0]) + 2, np.nan)
            stored[0] = places[0]
            stored[places - places[0] + 1] = values[rows]
            write_bytes(folder / "features" / symbol.lower() / f"{name}.day.bin", stored.astype("<f4").tobytes())
    write_text(folder / "instruments" / "all.txt", "\n".join(lines) + "\n")
    return len(symbols) * len(fields) + 2


def _fields(bars: Bars) -> dict[str, FloatArray]:
    factor = bars.adjustment
    made = {name: bars.column(name) * factor for name in PRICES}
    close = made["close"]
    with np.errstate(divide="ignore", invalid="ignore"):
        if bars.has("volume"):
            made["volume"] = bars.column("volume") / factor
            if bars.has("amount"):
                vwap = bars.column("amount") / bars.column("volume") * factor
                made |= {"amount": bars.column("amount"), "vwap": np.where(np.isfinite(vwap), vwap, np.nan)}
    before = np.append(np.nan, close[:-1])
    before[bars.offsets[:-1]] = np.nan
    told = bars.column("preclose") * factor if bars.has("preclose") else before
    return made | {"factor": factor, "change": close / told - 1.0}
