"""Asset codes as texts: quotes taken off, leading zeros kept, and their loss noticed.

A spreadsheet writes ``'000300`` or ``="000300"`` to keep zeros; without that it eats them, and 300 may then be any of
several assets. Where Chinese codes are six digits long, a shorter number is a defect, never padded unless asked.
"""

import re
from collections.abc import Sequence

import polars as pl

from tidegate.market.boards import share_code

__all__ = ["holds_codes", "is_code", "read_codes", "same_code"]

_CODE = r"^[A-Za-z0-9][A-Za-z0-9._^=&/-]{0,39}$"
_DIGITS = 6
_CHINESE = r"(?i)^'?(?:sh|sz|bj)?[0-9]{6}(?:\.(?:sh|sz|bj|ss|xshg|xshe))?$"


def is_code(text: str) -> bool:
    """Whether a text can be an asset's code: letters, digits and ``. _ ^ = & / -``, at most 40.

    >>> is_code("000300.SH"), is_code("沪深300")
    (True, False)
    """
    return re.match(_CODE, text, re.ASCII) is not None


def same_code(text: str, assets: Sequence[str]) -> str | None:
    """Find the asset that a text names, in whatever form: as it stands, as another form of its code, by its digits.

    >>> [same_code(text, ("600000.SH", "000001.SZ")) for text in ("sh600000", "000001", "300750")]
    ['600000.SH', '000001.SZ', None]
    """
    if text in assets:
        return text
    wanted = share_code(text)
    alike = [asset for asset in assets if share_code(asset) == wanted] or [
        asset for asset in assets if share_code(asset).partition(".")[0] == text
    ]
    return alike[0] if len(alike) == 1 else None


def holds_codes(series: pl.Series) -> bool:
    """Whether a column that nobody named looks like Chinese codes: six digits, the same few again and again.

    >>> holds_codes(pl.Series(["600000"] * 40)), holds_codes(pl.Series(["12.5"] * 40))
    (True, False)
    """
    if series.dtype != pl.String or not len(series):
        return False
    few = series.n_unique() <= max(1, len(series) // 20)
    alike = int(series.str.strip_chars(" ").str.contains(_CHINESE).fill_null(value=False).sum())
    return few and alike > 0.9 * len(series)


def read_codes(series: pl.Series, *, chinese: bool, pad: int = 0) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return the codes, where a text can be none, and where leading zeros were lost.

    `chinese` says that plain codes are six digits; `pad` fills numeric codes with zeros up to so many digits.

    >>> read_codes(pl.Series(["'000300", '="000905"', "300"]), chinese=True)[0].to_list()
    ['000300', '000905', '300']
    """
    distinct = series.unique(maintain_order=True)
    if len(distinct) * 2 < len(series):  # a panel repeats its few codes: each is read once
        read = pl.DataFrame([distinct.alias("text"), *_renamed(read_codes(distinct, chinese=chinese, pad=pad))])
        told = pl.DataFrame([series.alias("text")]).join(
            read, on="text", how="left", nulls_equal=True, maintain_order="left"
        )
        return told["asset"], told["bad"], told["lost"]
    text = series.cast(pl.Float64).fill_nan(None).cast(pl.Int64, strict=False) if series.dtype.is_float() else series
    codes = text.cast(pl.String).str.strip_chars(" \t\u00a0\u3000").str.replace(r'^="(.*)"$', "${1}")
    codes = codes.str.strip_chars("'\"` ")
    if pad:
        codes = pl.select(
            pl.when(codes.str.contains(r"^[0-9]+$")).then(codes.str.zfill(pad)).otherwise(codes)
        ).to_series()
    bad = ~codes.str.contains(_CODE).fill_null(value=False)
    numeric = codes.str.contains(r"^[0-9]+(?:\.0)?$").fill_null(value=False)
    short = numeric & (codes.str.replace(r"\.0$", "").str.len_chars() < _DIGITS)
    return codes.rename("asset"), bad, short & pl.Series([chinese]).new_from_index(0, len(codes)) & ~bad


def _renamed(read: tuple[pl.Series, pl.Series, pl.Series]) -> list[pl.Series]:
    return [series.alias(name) for name, series in zip(("asset", "bad", "lost"), read, strict=True)]
