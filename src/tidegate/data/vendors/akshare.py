"""AKShare, a free package that reads public pages (package `akshare`): Eastmoney's daily bars, the exchanges' lists.

    stock_info_a_code_name, stock_info_sh_delist, stock_info_sz_delist   → instruments
    stock_zh_a_hist, unadjusted and with hfq                             → bars, and an adjustment factor

Prices in yuan, volume in lots, amount in yuan. There is no reference price, so that no limit can be computed, and
``factor = hfq close / raw close`` carries the rounding of both. Of its reports only the day of the *latest*
announcement is told, so they are not taken. Its interface to Sina's factors evaluates the answer as Python code: it is
not used.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, final

import polars as pl

from tidegate.data.frames import as_polars
from tidegate.data.vendors.asking import Ask, Client, Each, Span, Tables, Vendor, dates, numbers
from tidegate.errors import DataError, MissingExtraError

__all__ = ["Akshare", "AkshareClient"]

_BARS = "stock_zh_a_hist"
_LISTS = {
    "stock_info_a_code_name": ("code", "name", None, None),
    "stock_info_sh_delist": ("公司代码", "公司简称", "上市日期", "暂停上市日期"),
    "stock_info_sz_delist": ("证券代码", "证券简称", "上市日期", "终止上市日期"),
}
"""Interface → its columns of code, name, first and last day."""
_SHARE = r"^(6|00|30|4|8|92)\d+$"
_KEY = "日期"


@final
class AkshareClient:
    """The package's functions."""

    def __init__(self) -> None:
        try:
            import akshare
        except ImportError:
            raise MissingExtraError(
                "the package akshare is needed", hint="pip install 'tidegate[akshare]', or pip install akshare"
            ) from None
        self._package: Any = akshare

    def ask(self, ask: Ask) -> pl.DataFrame:
        """Put one question; raises `DataError`."""
        try:
            frame = getattr(self._package, ask.what)(**dict(ask.arguments))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DataError(
                "akshare got no answer", where=ask, found=f"{type(error).__name__}: {error}"[:200]
            ) from error
        return as_polars(frame)

    def close(self) -> None:
        """Nothing is open."""


@final
class Akshare(Vendor):
    """Free; bars with a factor."""

    name: ClassVar[str] = "akshare"
    wait: ClassVar[float] = 1.5
    has_reports: ClassVar[bool] = False

    def client(self) -> Client:
        """Load the package."""
        return AkshareClient()

    def listing(self, until: date) -> Sequence[Ask]:
        """Ask for what is listed and what is gone."""
        return [Ask.of(what)._replace(asof=until.isoformat()) for what in _LISTS]

    def codes(self, each: Each) -> list[str]:
        """Take A shares, six digits each."""
        return self._listed(each)["code"].to_list()

    def asks(self, code: str, span: Span, *, reports: bool) -> Sequence[Ask]:
        """Ask for raw bars, and for bars adjusted backwards (hfq), which the vendor counts from the listing on."""
        del reports
        days = {"start_date": f"{span.since:%Y%m%d}", "end_date": f"{span.until:%Y%m%d}"}
        return [Ask.of(_BARS, symbol=code, period="daily", adjust=kind, **days) for kind in ("", "hfq")]

    def tables(self, each: Each) -> Tables:
        """Put bars with their factor, and instruments, together."""
        raw, adjusted = [], []
        for ask, answer in each(_BARS):
            asked = dict(ask.arguments)
            prices = numbers(answer, ["开盘", "最高", "最低", "收盘", "成交量", "成交额"], ask)
            made = pl.DataFrame([dates(answer, _KEY, ask), *prices]).with_columns(symbol=pl.lit(_code(asked["symbol"])))
            if asked["adjust"]:
                adjusted.append(made.select("symbol", _KEY, hfq="收盘"))
            else:
                raw.append(made)
        if not raw or not adjusted:
            raise DataError("akshare gave no bars", hint="ask for other days or shares")
        both = pl.concat(raw).join(pl.concat(adjusted), on=["symbol", _KEY], how="left")
        if both["hfq"].null_count():
            lost = both.filter(pl.col("hfq").is_null()).row(0, named=True)
            raise DataError("a bar has no adjusted price", where=f"{lost['symbol']}, {lost[_KEY]}", hint="pull again")
        bars = both.with_columns(factor=pl.col("hfq") / pl.col("收盘")).drop("hfq")
        listed = self._listed(each)
        instruments = listed.with_columns(symbol=pl.col("code").map_elements(_code, return_dtype=pl.String))
        return Tables(
            bars.rename({"成交量": "成交量(手)", "成交额": "成交额(元)"}),
            instruments.select("symbol", "name", "listed", "delisted"),
        )

    def _listed(self, each: Each) -> pl.DataFrame:
        pieces = []
        for what, (code, name, first, last) in _LISTS.items():
            for ask, answer in each(what):
                days = [
                    dates(answer, column, ask).alias(to) if column else pl.Series(to, [None] * answer.height, pl.Date)
                    for column, to in ((first, "listed"), (last, "delisted"))
                ]
                named = [
                    answer[code].cast(pl.String).str.zfill(6).alias("code"),
                    answer[name].cast(pl.String).alias("name"),
                ]
                pieces.append(pl.DataFrame([*named, *days]))
        if not pieces:
            raise DataError("akshare listed no shares", hint="try again later")
        whole = pl.concat(pieces).filter(pl.col("code").str.contains(_SHARE))
        return whole.unique("code", keep="last", maintain_order=True).sort("code")


def _code(digits: str) -> str:
    """Write six digits with their exchange.

    >>> [_code(digits) for digits in ("600000", "000001", "920799")]
    ['600000.SH', '000001.SZ', '920799.BJ']
    """
    return f"{digits}.{'SH' if digits[0] == '6' else 'SZ' if digits[0] in '03' else 'BJ'}"
