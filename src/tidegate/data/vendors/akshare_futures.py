"""AKShare's futures (package `akshare`): Sina's public pages, contract by contract.

    futures_zh_daily_sina    → daily bars of a contract's whole life: date, open, high, low, close, volume, hold, settle
    futures_zh_minute_sina   → its latest bars alone, about a thousand: datetime, open, high, low, close, volume, hold

Prices in yuan, volume and open interest (hold) in lots. What a label within the day means is not documented: the import
reads it off the hours, or refuses. Older versions of the package call the column of times ``date``, and have no
settlement price.
"""

from datetime import date
from typing import ClassVar, Literal, final

import polars as pl

from tidegate.data.vendors.akshare import AkshareClient
from tidegate.data.vendors.asking import Ask, Client, dates, numbers
from tidegate.data.vendors.contracts import ContractVendor
from tidegate.errors import DataError

__all__ = ["AkshareFutures"]

_DAILY, _MINUTES = "futures_zh_daily_sina", "futures_zh_minute_sina"
_PERIODS = {"5min": "5", "15min": "15", "30min": "30", "60min": "60"}
_NUMBERS = ("open", "high", "low", "close", "volume", "hold")


@final
class AkshareFutures(ContractVendor):
    """Free; contracts as Sina writes them: RB2410, IF2406."""

    name: ClassVar[str] = "akshare-futures"
    wait: ClassVar[float] = 1.5
    lengths: ClassVar[tuple[str, ...]] = ("1d", *_PERIODS)
    label: ClassVar[Literal["start", "end"] | None] = None

    def client(self) -> Client:
        """Load the package."""
        return AkshareClient()

    def ask(self, contract: str, length: str, until: date) -> Ask:
        """Ask for all that it has of a contract."""
        if length == "1d":
            return Ask.of(_DAILY, symbol=contract)._replace(asof=until.isoformat())
        return Ask.of(_MINUTES, symbol=contract, period=_PERIODS[length])._replace(asof=until.isoformat())

    def read(self, ask: Ask, answer: pl.DataFrame) -> pl.DataFrame:
        """Name the columns as the house does."""
        told = ["settle"] if "settle" in answer.columns else []
        prices = numbers(answer, [*_NUMBERS, *told], ask)
        time = dates(answer, "date", ask).cast(pl.Datetime("us")) if ask.what == _DAILY else _moments(answer, ask)
        made = pl.DataFrame([time.alias("time"), *prices]).rename({"hold": "open_interest"})
        return made.with_columns(
            asset=pl.lit(dict(ask.arguments)["symbol"]),
            **({"settle": pl.when(pl.col("settle") > 0).then(pl.col("settle"))} if told else {}),
        )


def _moments(answer: pl.DataFrame, ask: Ask) -> pl.Series:
    """Read the labels, to the minute."""
    name = next((name for name in ("datetime", "date") if name in answer.columns), None)
    if name is None:
        raise DataError("an answer of the vendor has other columns than it is documented to have", where=ask,
                        expected="datetime", found=answer.columns)  # fmt: skip
    if answer[name].dtype == pl.Datetime:
        return answer[name].cast(pl.Datetime("us"))
    read = answer[name].cast(pl.String).str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    if read.null_count():
        raise DataError("an answer holds no time", where=f"{ask}, {name}", found=answer[name].filter(read.is_null())[0])
    return read.cast(pl.Datetime("us"))
