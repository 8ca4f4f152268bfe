"""Units of a file's columns: as the user says, else as a header says, else as a known vendor means, else as printed.

Nothing is converted on a guess: where nobody states the unit of volume or amount, values stay as they are printed, and
the bars and the report say so.
"""

from dataclasses import dataclass

import polars as pl

from tidegate.data.headers import Header, Matched, normal
from tidegate.data.import_settings import ImportSettings
from tidegate.data.sieve import Sieve

__all__ = ["Units", "units_of"]

_VOLUME = {"shares": 0, "lots": 2, "10k shares": 4, "10k lots": 6}
_AMOUNT = {"yuan": 0, "1k": 3, "10k": 4, "100m": 8}
_AS_PRINTED = "as printed"
_PRICES = ("open", "high", "low", "close", "preclose", "settle", "limit_up", "limit_down")


@dataclass(frozen=True)
class Units:
    """The unit each column is read in."""

    volume: str
    amount: str
    price: str
    contracts: bool
    held: frozenset[str]

    def power(self, header: Header) -> int:
        """Give the power of ten that brings a column to shares, yuan or points."""
        if header.column == "volume":
            return 0 if self.contracts else _VOLUME.get(self.volume, 0)
        if header.column == "amount":
            return _AMOUNT.get(self.amount, 0)
        if header.column in _PRICES:
            cents = self.price == "cents" or (self.price == "auto" and header.unit == "cents")
            return -2 if cents else 0
        return 0

    def told(self) -> dict[str, str]:
        """Tell what the values of the bars are in."""
        volume = "contracts" if self.contracts and self.volume == "lots" else "shares"
        told = {}
        if "volume" in self.held:
            told["volume"] = _AS_PRINTED if self.volume == _AS_PRINTED else volume
        if "amount" in self.held:
            told["amount"] = _AS_PRINTED if self.amount == _AS_PRINTED else "yuan"
        return told

    @staticmethod
    def ambiguous(raw: pl.Series) -> bool:
        """Whether a column groups by commas and never shows a point: then the comma may mark decimals."""
        texts = raw.filter(raw.str.contains(",", literal=True))
        return not bool(raw.str.contains(".", literal=True).any()) and bool(
            (texts.str.count_matches(",", literal=True) == 1).all()
        )


def units_of(matched: Matched, settings: ImportSettings, sieve: Sieve) -> Units:
    """Find the units and note what was assumed or overruled."""
    held = frozenset(header.column for header in matched.headers)
    volume, amount = settings.volume_unit, settings.amount_unit
    stated = {"volume": matched.unit("volume"), "amount": matched.unit("amount")}
    vendor = _vendor(matched)
    found = {}
    for column, said in (("volume", volume), ("amount", amount)):
        if said != "auto":
            found[column] = str(said)
            if stated[column] and stated[column] != said:
                sieve.note(f"the header states {column} in {stated[column]}; read in {said}, as asked")
        elif stated[column]:
            found[column] = stated[column]
            sieve.note(f"{column} in {stated[column]}, as the header states")
        elif vendor:
            found[column] = vendor[column]
            sieve.note(
                f"{column} in {vendor[column]}, as Tushare prints it (known by the headers ts_code, vol, amount)"
            )
        else:
            found[column] = _AS_PRINTED
            if column in held:
                sieve.note(f"nobody states the unit of {column}: values are as printed (say {column}_unit=...)")
    contracts = settings.kind == "future"
    return Units(found["volume"], found["amount"], settings.price_unit, contracts, held)


def _vendor(matched: Matched) -> dict[str, str]:
    names = {normal(header.text) for header in matched.headers}
    return {"volume": "lots", "amount": "1k"} if {"ts_code", "vol", "amount"} <= names else {}
