"""A vendor's table of fees: a file → the rows that a market takes as its `given_fees`.

    fee               since        rate     per_unit   place
    stamp_duty_sell   2023-08-28   0.0005
    transfer_fee      2012-09-01            0.0003     SH
    trading_fee       2024-01-02   0.0001              RB2405

Tab- or comma-separated, or Parquet. `rate` is a fraction of value, `per_unit` currency a share or lot; a cell that is
empty is 0, and an empty place is all of them.
"""

from pathlib import Path

import polars as pl

from tidegate.data.headers import normal
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import read_raw
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError, SettingError
from tidegate.market.given_fees import GivenFee

__all__ = ["read_fees"]

_COLUMNS = ("fee", "since", "rate", "per_unit", "place")
_NEEDED = ("fee", "since")


def read_fees(path: str | Path) -> tuple[GivenFee, ...]:
    """Read a file of fees of the form at the head of this file, in the order of its rows.

    Raises `FileRefusedError` for a column or a cell that is not understood, or two rows of one fee, day and place.
    """
    source = Path(path)
    sieve = Sieve()
    raw = read_raw(source, ImportSettings(keep_unfinished=True), sieve)
    if sieve.listed().height:
        raise FileRefusedError(
            "a row is no fee", where=source.name, found=sieve.listed().row(0), expected=list(_COLUMNS)
        )
    headers = [normal(header) for header in raw.headers]
    strange = [header for header in headers if header not in _COLUMNS]
    lacking = [name for name in _NEEDED if name not in headers]
    if strange or lacking or not {"rate", "per_unit"} & set(headers):
        raise FileRefusedError(
            "the columns are not those of fees", where=f"{source.name}, row 1", expected=list(_COLUMNS), found=headers
        )
    cells = raw.frame.select(pl.col(f"cell {at}").cast(pl.String).alias(name) for at, name in enumerate(headers))
    made = [_fee(row, f"{source.name}, row {at}") for at, row in enumerate(cells.iter_rows(named=True), start=2)]
    keys = [(row.fee, row.since, row.place) for row in made]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise FileRefusedError("a fee is given twice", where=source.name, found=twice, hint="keep one row of each")
    return tuple(made)


def _fee(row: dict[str, str | None], where: str) -> GivenFee:
    told = {name: cell.strip() for name, cell in row.items() if cell is not None and cell.strip()}
    try:
        return GivenFee.of(told)
    except SettingError as error:
        raise FileRefusedError("a row is no fee", where=where, found=told, hint=error.what) from None
