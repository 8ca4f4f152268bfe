"""Texts → numbers, strictly and exactly: what does not look like a number in full is a defect, never a guess.

Units are powers of ten and are applied to the text before it becomes binary: ``1.2345`` in 10,000 yuan is 12345 yuan,
not 12345.000000000002.
"""

from typing import NamedTuple

import polars as pl

__all__ = ["BLANKS", "MISSING", "Numbers", "read_numbers"]

BLANKS = " \t\u00a0\u3000"
MISSING = ("", "-", "--", "---", "none", "null", "nan", "n/a", "na", "#n/a", "\\n", "nil", "<na>", "nat")

_PLAIN = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
_SCIENTIFIC = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]{1,3}$"
_GROUPED = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?$"
_GROUPED_COMMA = r"^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?$"
_PLAIN_COMMA = r"^[+-]?[0-9]+(?:,[0-9]*)?$"
_INFINITE = r"^[+-]?(?:inf|infinity)$"


class Numbers(NamedTuple):
    """Values as Float64 (null is missing), where a text was no number, and how many were grouped by commas."""

    values: pl.Series
    broken: pl.Series
    grouped: int


def read_numbers(series: pl.Series, power: int = 0, decimal: str = ".") -> Numbers:
    """Read one column, as texts or as numbers already, times ten to the `power`.

    >>> read_numbers(pl.Series(["1,234.5", "--", "12a", "1.2345"]), power=4).values.to_list()
    [12345000.0, None, None, 12345.0]
    """
    if series.dtype != pl.String:
        return _typed(series, power)
    text = series.str.strip_chars(BLANKS + "'")
    frame = pl.DataFrame({"text": text}).with_columns(low=pl.col("text").str.to_lowercase())
    grouped = _GROUPED if decimal == "." else _GROUPED_COMMA
    plain = _PLAIN if decimal == "." else _PLAIN_COMMA
    frame = frame.with_columns(
        missing=pl.col("low").is_in(MISSING) | pl.col("text").is_null(),
        plain=pl.col("text").str.contains(plain) | pl.col("text").str.contains(grouped),
        scientific=pl.col("text").str.contains(_SCIENTIFIC) if decimal == "." else pl.lit(value=False),
        infinite=pl.col("low").str.contains(_INFINITE),
        grouped=pl.col("text").str.contains(grouped),
    )
    clean = pl.col("text").str.replace_all(",", "", literal=True)
    if decimal == ",":
        clean = pl.col("text").str.replace_all(".", "", literal=True).str.replace_all(",", ".", literal=True)
    shifted = clean.str.replace(r"$", f"e{power}") if power else clean
    frame = frame.with_columns(
        value=pl.when("plain")
        .then(shifted)
        .when("scientific")
        .then(pl.col("text"))
        .when("infinite")
        .then(pl.lit("inf"))
    )
    values = frame["value"].cast(pl.Float64, strict=False)
    if power and bool(frame["scientific"].any()):
        exact = [_shift(text, power) if held else None for text, held in frame.select("text", "scientific").iter_rows()]
        values = pl.select(
            pl.when(frame["scientific"]).then(pl.Series(exact, dtype=pl.Float64)).otherwise(values)
        ).to_series()
    broken = ~frame["missing"] & values.is_null()
    return Numbers(values.rename(series.name), broken, int(frame["grouped"].fill_null(value=False).sum()))


def _shift(text: str, power: int) -> float:
    mantissa, _, exponent = text.lower().partition("e")
    return float(f"{mantissa}e{int(exponent) + power}")


def _typed(series: pl.Series, power: int) -> Numbers:
    if not series.dtype.is_numeric() and series.dtype != pl.Boolean:
        return Numbers(pl.Series(series.name, [None] * len(series), dtype=pl.Float64), series.is_not_null(), 0)
    values = series.cast(pl.Float64)
    if series.dtype.is_float():
        values = values.fill_nan(None)
    if power:  # by numpy: Polars divides by multiplying with the reciprocal, which is not the nearest number
        array = values.fill_null(float("nan")).to_numpy()
        scaled = array * 10.0**power if power > 0 else array / 10.0**-power
        values = pl.Series(series.name, scaled).fill_nan(None)
    return Numbers(values, pl.Series([False]).new_from_index(0, len(series)), 0)
