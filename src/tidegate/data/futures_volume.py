"""Volume of Chinese futures, counted once: until the end of 2019 the exchanges counted a trade on both its sides.

A volume that was counted on both sides is even, always. One odd number therefore tells that it was not; and so many
even ones in a row tell that it was.
"""

from datetime import date

import numpy as np
import polars as pl

from tidegate.data.import_settings import ImportSettings
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError
from tidegate.market.dated import DatedTable, Row

__all__ = ["SIDES", "counted_once"]

_KNOWN = "general knowledge; five-minute bars of 2019–2020 agree"
SIDES = DatedTable(
    "sides of a trade that the exchange counts",
    "sides",
    (Row(date(1990, 12, 19), 2, _KNOWN, confirmed=False), Row(date(2020, 1, 1), 1, _KNOWN, confirmed=False)),
)
"""Commodity futures; financial futures were counted once from the beginning, which their odd volumes show."""
_ENOUGH = 32


def counted_once(frame: pl.DataFrame, settings: ImportSettings, sieve: Sieve, where: str) -> pl.DataFrame:
    """Halve what was counted twice, in volume and open interest; parity decides, or what the settings say.

    Formula
        Before and after the day on which the exchanges changed, each by itself: one odd number, counted once; at least
        32 that are not zero and all even (a chance of 2⁻³² otherwise), counted twice. Open interest is halved with the
        volume, unless it has odd numbers itself.

    Known at
        As the bars. Whether a file counts twice is one fact of each side of it, read off all of its rows; a factor of
        2 that does not change from row to row.
    Missing values
        Nulls stay null.
    Errors
        `FileRefusedError` where parity cannot tell, or contradicts what is declared.
    """
    if "volume" not in frame.columns:
        return frame
    days = frame["session"].to_numpy().astype("datetime64[D]")
    sides = SIDES.at(days)
    for counted in (2, 1):
        within = pl.lit(pl.Series(sides == counted))
        rows = frame.filter(within)
        if not rows.height:
            continue
        days_of = rows["session"].sort()
        span = f"{days_of[0]} … {days_of[-1]}"
        if not _twice(rows, "volume", settings, where, exchange=counted, span=span):
            sieve.note(f"volume of {span} is counted once, and stays")
            continue
        names = ["volume"]
        if "open_interest" in frame.columns:
            even = _odd(rows, "open_interest").is_empty()
            names += ["open_interest"] if even else []
            if not even:
                sieve.note(f"open interest of {span} holds odd numbers: it is counted once, and stays")
        frame = frame.with_columns(pl.when(within).then(pl.col(name) / 2).otherwise(name).alias(name) for name in names)
        sieve.note(f"{' and '.join(names)} of {span} were counted on both sides, and halved")
    return frame


def _twice(rows: pl.DataFrame, column: str, settings: ImportSettings, where: str, *, exchange: int, span: str) -> bool:
    """Tell whether one span of volumes was counted on both sides."""
    said = settings.volume_sides
    odd = _odd(rows, column)
    declared = said == "both" or (said == "as the exchange" and exchange == SIDES.rows[0].value)
    if declared and odd.height:
        raise FileRefusedError(
            "volumes that are said to count both sides are not even", where=f"{where}, row {odd['row'][0]}, {column}",
            expected="even numbers", found=f"{odd.height} odd ones in {span}, the first {odd[column][0]:g}",
            hint='say volume_sides="one", or leave it to the numbers: "auto"',
        )  # fmt: skip
    if said != "auto" or odd.height:
        return declared
    traded = rows.filter(pl.col(column) > 0).height
    if traded < _ENOUGH:
        raise FileRefusedError(
            "too few volumes to tell whether they count one side of a trade or both", where=f"{where}, column {column}",
            found=f"{traded} of {span}, all even", expected=f"an odd one, or at least {_ENOUGH}",
            hint='say volume_sides="one", "both" or "as the exchange"',
        )  # fmt: skip
    return True


def _odd(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    values = rows[column].fill_null(0.0).to_numpy().astype(np.float64)
    return rows.filter(pl.Series(values % 2 != 0))
