"""Tushare Pro, by token: its documented HTTP interface, asked directly, so that no package is needed.

    stock_basic       → instruments (listed, suspended from listing and gone)
    daily             → bars, unadjusted: `pre_close` is the ex-right reference, volume in lots, amount in 1,000 yuan
    daily_basic       → numbers of shares (10,000), and values at the first close on or after a quarter's end
    fina_indicator    → reports with the day of their announcement

The token is read from the environment variable ``TUSHARE_TOKEN``, sent with each question, and kept nowhere.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, ClassVar, final

import polars as pl

from tidegate.data.vendors.asking import Ask, Client, Each, Span, Tables, Vendor, dates, numbers
from tidegate.errors import DataError, SettingError

__all__ = ["Tushare", "TushareClient"]

_ADDRESS = "https://api.tushare.pro"
_TOKEN = "TUSHARE_TOKEN"  # noqa: S105 - the variable's name
_SECONDS = 60
_MOST = {"daily": 6000, "daily_basic": 6000, "fina_indicator": 100, "stock_basic": 0}
"""Rows that one answer may hold at most; one that is full may be cut."""
_EARLIER = timedelta(days=500)
_QUOTED = ("pe", "pb", "ps", "dv_ratio", "total_mv")
_REPORTED = ("roe", "roa", "roic", "debt_to_assets", "debt_to_eqt", "ebit", "invest_capital")
_FIELDS = {
    "stock_basic": "ts_code,name,list_date,delist_date,list_status",
    "daily": "ts_code,trade_date,open,high,low,close,pre_close,vol,amount",
    "daily_basic": "ts_code,trade_date,total_share,float_share," + ",".join(_QUOTED),
    "fina_indicator": "ts_code,ann_date,end_date,update_flag," + ",".join(_REPORTED),
}


@final
class TushareClient:
    """Questions by HTTP; the token goes into the question's body and nowhere else."""

    def __init__(self) -> None:
        token = os.environ.get(_TOKEN, "").strip()
        if not token:
            raise SettingError(
                "tushare needs a token", expected=f"it in the environment variable {_TOKEN}", found="none",
                hint=f"export {_TOKEN}=…; it is never written to a file",
            )  # fmt: skip
        self._token = token

    def ask(self, ask: Ask) -> pl.DataFrame:
        """Put one question; raises `DataError`."""
        body = {"api_name": ask.what, "token": self._token, "params": dict(ask.arguments), "fields": _FIELDS[ask.what]}
        request = urllib.request.Request(_ADDRESS, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the address is a constant
                return _table(ask, json.loads(answer.read().decode()))
        except (OSError, ValueError) as error:
            raise DataError("tushare could not be reached", where=ask, found=str(error)[:200]) from None

    def close(self) -> None:
        """Nothing is open."""


def _table(ask: Ask, answer: Any) -> pl.DataFrame:
    """Read the documented answer ``{"code": 0, "msg": "", "data": {"fields": […], "items": [[…]]}}``."""
    if not isinstance(answer, dict) or answer.get("code") != 0:
        told = answer.get("msg") if isinstance(answer, dict) else "no document"
        raise DataError(f"tushare refused: {told}", where=ask, hint="see what your token's points allow")
    data = answer.get("data") or {}
    fields, items = data.get("fields") or [], data.get("items") or []
    most = _MOST[ask.what]
    if most and len(items) >= most:
        raise DataError(
            "an answer is as long as the longest that is allowed, so it may be cut", where=ask, found=len(items),
            expected=f"fewer than {most} rows", hint="ask for fewer years: a later --since",
        )  # fmt: skip
    columns = {name: [row[at] for row in items] for at, name in enumerate(fields)}
    made = {}
    for name, cells in columns.items():
        texts = any(isinstance(cell, str) for cell in cells)
        made[name] = pl.Series(
            name, [None if c is None else str(c) if texts else float(c) for c in cells],
            dtype=pl.String if texts else pl.Float64,
        )  # fmt: skip
    return pl.DataFrame(made)


@final
class Tushare(Vendor):
    """By token; bars, numbers of shares, values and reports."""

    name: ClassVar[str] = "tushare"
    wait: ClassVar[float] = 0.5
    has_reports: ClassVar[bool] = True

    def client(self) -> Client:
        """Take the token from the environment."""
        return TushareClient()

    def listing(self, until: date) -> Sequence[Ask]:
        """Ask for what is listed, gone, and suspended from listing."""
        asks = [Ask.of("stock_basic", list_status=status) for status in ("L", "D", "P")]
        return [ask._replace(asof=until.isoformat()) for ask in asks]

    def codes(self, each: Each) -> list[str]:
        """Take every share."""
        return self._listed(each)["ts_code"].to_list()

    def asks(self, code: str, span: Span, *, reports: bool) -> Sequence[Ask]:
        """Ask for bars and values of a share, and for its reports."""
        days = {"start_date": f"{span.since:%Y%m%d}", "end_date": f"{span.until:%Y%m%d}"}
        asks = [Ask.of(kind, ts_code=code, **days) for kind in ("daily", "daily_basic")]
        early = days | {"start_date": f"{span.since - _EARLIER:%Y%m%d}"}  # its days are ends of periods
        return [*asks, Ask.of("fina_indicator", ts_code=code, **early)] if reports else asks

    def tables(self, each: Each) -> Tables:
        """Put bars with their numbers of shares, instruments, values and reports together."""
        basics, bars = [], []
        for ask, answer in each("daily_basic"):
            read = pl.DataFrame(
                [
                    answer["ts_code"].alias("symbol"), dates(answer, "trade_date", ask).alias("date"),
                    *numbers(answer, ["total_share", "float_share", *_QUOTED], ask),
                ]
            )  # fmt: skip
            shares = [(pl.col(f"{kind}_share") * 1e4).round().alias(f"{kind}_shares") for kind in ("total", "float")]
            basics.append(read.select("symbol", "date", *shares, *_QUOTED))
        for ask, answer in each("daily"):
            prices = numbers(answer, ["open", "high", "low", "close", "pre_close", "vol", "amount"], ask)
            days = dates(answer, "trade_date", ask).alias("date")
            bars.append(pl.DataFrame([answer["ts_code"].alias("symbol"), days, *prices]))
        if not bars:
            raise DataError("tushare gave no bars", hint="ask for other days or shares")
        whole, quoted = pl.concat(bars).rename({"vol": "vol(手)", "amount": "amount(千元)"}), None
        if basics:
            whole = whole.join(pl.concat(basics), on=["symbol", "date"], how="left").sort("symbol", "date")
            quoted = pl.concat([_at_quarters(own) for own in whole.partition_by("symbol", maintain_order=True)])
            whole = whole.drop(_QUOTED)
        listed = self._listed(each)
        instruments = pl.DataFrame(
            [
                listed["ts_code"].alias("symbol"), listed["name"],
                dates(listed, "list_date", "stock_basic").alias("listed"),
                dates(listed, "delist_date", "stock_basic").alias("delisted"),
            ]
        )  # fmt: skip
        return Tables(whole, instruments, None, quoted, self._published(each))

    def _listed(self, each: Each) -> pl.DataFrame:
        answers = [answer.cast(pl.String) for _, answer in each("stock_basic")]
        if not answers:
            raise DataError("tushare listed no shares", hint="see what your token's points allow")
        return pl.concat(answers, how="diagonal").unique("ts_code", keep="last").sort("ts_code")

    def _published(self, each: Each) -> pl.DataFrame | None:
        """Take reports as first announced: of two answers for one day, the one before its correction."""
        pieces = []
        for ask, answer in each("fina_indicator"):
            wide = pl.DataFrame(
                [
                    answer["ts_code"].alias("symbol"), dates(answer, "end_date", ask).alias("period"),
                    dates(answer, "ann_date", ask).alias("published"), answer["update_flag"].cast(pl.String),
                    *numbers(answer, _REPORTED, ask),
                ]
            )  # fmt: skip
            keys = ["symbol", "period", "published"]
            first = wide.sort("update_flag").unique(keys, keep="first", maintain_order=True).drop_nulls(keys)
            pieces.append(first.unpivot(on=_REPORTED, index=keys, variable_name="field"))
        keys = ["symbol", "period", "published", "field"]
        return pl.concat(pieces).unique(keys, keep="first", maintain_order=True) if pieces else None


def _at_quarters(read: pl.DataFrame) -> pl.DataFrame:
    """Give values at a share's own first bar on or after each quarter's end, by the name of that end.

    Of that bar or of none: an import takes them as known at its close.
    """
    ends = read.select(pl.date_ranges(pl.col("date").min(), pl.col("date").max(), "1d").explode().alias("period"))
    ends = ends.filter((pl.col("period").dt.month() % 3 == 0) & (pl.col("period") == pl.col("period").dt.month_end()))
    return ends.join_asof(
        read, left_on="period", right_on="date", strategy="forward", check_sortedness=False
    ).select("symbol", "period", *_QUOTED)  # fmt: skip
