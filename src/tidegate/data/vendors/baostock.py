"""baostock, a free vendor (package `baostock`): daily bars since 1990 and reports since 2007 with their announcements.

    query_stock_basic              → instruments (shares of Shanghai and Shenzhen, gone ones included)
    query_history_k_data_plus      → bars, unadjusted (adjustflag 3), with reference prices; rest days → suspensions
    query_profit_data, …           → reports, one question a share, kind and quarter

Its cells are texts. Prices in yuan, volume in shares, amount in yuan. `preclose` is documented as the price that the
exchange's day return refers to, so that of an ex-day too.
"""

import contextlib
import io
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from typing import Any, ClassVar, final

import polars as pl

from tidegate.data.vendors.asking import Ask, Client, Each, Span, Tables, Vendor, dates, numbers
from tidegate.errors import DataError, MissingExtraError
from tidegate.market.boards import share_code

__all__ = ["Baostock", "BaostockClient"]

_BARS = "query_history_k_data_plus"
_FIELDS = "date,code,open,high,low,close,preclose,volume,amount,turn,tradestatus,isST"
_REPORTS = (
    "query_profit_data", "query_growth_data", "query_balance_data", "query_cash_flow_data", "query_dupont_data",
    "query_operation_data",
)  # fmt: skip
_OUT = timedelta(days=130)
"""After so many days a quarter's report is out."""
_SHARE = r"^(sh\.6|sz\.0|sz\.3)\d{5}$"


@final
class BaostockClient:
    """The package's own session."""

    def __init__(self) -> None:
        try:
            import baostock
        except ImportError:
            raise MissingExtraError(
                "the package baostock is needed", hint="pip install 'tidegate[baostock]', or pip install baostock"
            ) from None
        self._package: Any = baostock
        self._said(baostock.login)

    def ask(self, ask: Ask) -> pl.DataFrame:
        """Put one question and read all pages of the answer; raises `DataError`."""
        answer = self._said(lambda: getattr(self._package, ask.what)(**dict(ask.arguments)))
        rows: list[list[str]] = []
        while answer.error_code == "0" and self._quietly(answer.next):
            rows.append(answer.get_row_data())
        if answer.error_code != "0":
            raise DataError(f"baostock: {answer.error_msg}", where=ask, found=answer.error_code)
        if rows and len(answer.data) == int(answer.per_page_count):  # a next page was asked for and did not come
            raise DataError("baostock: an answer ends in a full page: cut off", where=ask, found=f"{len(rows)} rows")
        return pl.DataFrame(rows, schema=dict.fromkeys(answer.fields, pl.String), orient="row")

    def close(self) -> None:
        """Log out."""
        self._quietly(self._package.logout)

    def _said(self, call: Any) -> Any:
        answer = self._quietly(call)
        if answer.error_code != "0":
            raise DataError(f"baostock: {answer.error_msg}", found=answer.error_code)
        return answer

    @staticmethod
    def _quietly(call: Any) -> Any:
        """Keep what the package prints from standard output; a broken line becomes an error of ours."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return call()
        except (OSError, ValueError, IndexError, AttributeError, UnicodeError) as error:
            raise DataError("baostock could not be reached", found=f"{type(error).__name__}: {error}"[:200]) from error


@final
class Baostock(Vendor):
    """Free; bars and reports."""

    name: ClassVar[str] = "baostock"
    wait: ClassVar[float] = 0.3
    has_reports: ClassVar[bool] = True

    def client(self) -> Client:
        """Log in."""
        return BaostockClient()

    def listing(self, until: date) -> Sequence[Ask]:
        """Ask for all shares."""
        return [Ask.of("query_stock_basic", code="", code_name="")._replace(asof=until.isoformat())]

    def codes(self, each: Each) -> list[str]:
        """Take shares of the two exchanges, no funds, no indexes, no B shares."""
        return self._listed(each)["code"].to_list()

    def asks(self, code: str, span: Span, *, reports: bool) -> Sequence[Ask]:
        """Ask for bars, and for six kinds of reports a quarter."""
        since, until = span.since.isoformat(), span.until.isoformat()
        bars = Ask.of(_BARS, code=code, fields=_FIELDS, start_date=since, end_date=until, frequency="d", adjustflag="3")
        if not reports:
            return [bars]
        asked = [bars]
        for year, quarter in product(range(span.since.year - 1, span.until.year + 1), range(1, 5)):
            end = date(year, 3 * quarter, 28)
            if end < span.until:  # one that may still be unpublished is asked again by the next part
                asof = "" if end + _OUT < span.until else until
                kinds = [Ask.of(kind, code=code, year=str(year), quarter=str(quarter)) for kind in _REPORTS]
                asked += [ask._replace(asof=asof) for ask in kinds]
        return asked

    def tables(self, each: Each) -> Tables:
        """Put bars, suspensions, instruments and reports together."""
        bars, rests = [], []
        for ask, answer in each(_BARS):
            made = pl.DataFrame(
                [
                    answer["code"].alias("symbol"), dates(answer, "date", ask),
                    *numbers(answer, ["open", "high", "low", "close", "preclose"], ask),
                    *numbers(answer, ["volume", "amount"], ask),
                    (answer["isST"] == "1").alias("is_st"), (answer["tradestatus"] == "1").alias("trades"),
                ]
            ).rename({"volume": "volume_shares", "amount": "amount_yuan"})  # fmt: skip
            made = made.with_columns(symbol=pl.lit(share_code(answer["code"][0])))
            rests.append(made.filter(~pl.col("trades")).select("symbol", "date"))
            bars.append(made.filter("trades").drop("trades"))
        if not bars:
            raise DataError("baostock gave no bars", hint="ask for other days or shares")
        listed = self._listed(each)
        instruments = pl.DataFrame(
            [
                pl.Series("symbol", [share_code(code) for code in listed["code"]]), listed["code_name"].alias("name"),
                dates(listed, "ipoDate", "query_stock_basic").alias("listed"),
                dates(listed, "outDate", "query_stock_basic").alias("delisted"),
            ]
        )  # fmt: skip
        return Tables(pl.concat(bars), instruments, pl.concat(rests), None, self._published(each))

    def _listed(self, each: Each) -> pl.DataFrame:
        answers = [answer for _, answer in each("query_stock_basic")]
        if not answers:
            raise DataError("baostock listed no shares", hint="try again later")
        return answers[-1].filter((pl.col("type") == "1") & pl.col("code").str.contains(_SHARE)).sort("code")

    def _published(self, each: Each) -> pl.DataFrame | None:
        pieces = []
        for kind in _REPORTS:
            for ask, answer in each(kind):
                fields = [name for name in answer.columns if name not in {"code", "pubDate", "statDate"}]
                wide = pl.DataFrame(
                    [
                        answer["code"].alias("symbol"), dates(answer, "statDate", ask).alias("period"),
                        dates(answer, "pubDate", ask).alias("published"), *numbers(answer, fields, ask),
                    ]
                )  # fmt: skip
                pieces.append(wide.unpivot(on=fields, index=["symbol", "period", "published"], variable_name="field"))
        keys = ["symbol", "period", "published", "field"]
        return pl.concat(pieces).unique(keys, keep="first", maintain_order=True) if pieces else None
