"""TqSdk (package `tqsdk`, an account of Shinny's): the last ten thousand bars of a contract.

    get_kline_serial(symbol, duration_seconds, data_length)
        → id, datetime, open, high, low, close, volume, open_oi, close_oi

`datetime` is the start of a bar in nanoseconds since 1970 (UTC); here it becomes Beijing's clock, eight hours later.
Prices in yuan, volume and open interest in lots; rows that are not filled have an id below 0, or no close. Contracts
are written with their exchange: SHFE.rb2410, CFFEX.IF2406, KQ.m@SHFE.rb for a main one. The account is read from the
environment variables ``TQ_USER`` and ``TQ_PASSWORD``, and kept nowhere.
"""

import os
from datetime import date
from typing import Any, ClassVar, Literal, final

import polars as pl

from tidegate.data.frames import as_polars
from tidegate.data.vendors.asking import Ask, Client, numbers
from tidegate.data.vendors.contracts import ContractVendor
from tidegate.errors import DataError, MissingExtraError, SettingError

__all__ = ["Tqsdk", "TqsdkClient"]

_SERIES = "get_kline_serial"
_SECONDS = {"5min": 300, "15min": 900, "30min": 1800, "60min": 3600, "1d": 86_400}
_MOST = 10_000
_HOURS = 8
_ACCOUNT = ("TQ_USER", "TQ_PASSWORD")
_NUMBERS = ("id", "datetime", "open", "high", "low", "close", "volume", "close_oi")


@final
class TqsdkClient:
    """One connection of the package's, with the user's account."""

    def __init__(self) -> None:
        try:
            import tqsdk
        except ImportError:
            raise MissingExtraError(
                "the package tqsdk is needed", hint="pip install 'tidegate[tqsdk]', or pip install tqsdk"
            ) from None
        user, password = (os.environ.get(name, "") for name in _ACCOUNT)
        if not user or not password:
            raise SettingError(
                "tqsdk needs an account", expected=_ACCOUNT, found="not set",
                hint="register with Shinny, and set both environment variables",
            )  # fmt: skip
        package: Any = tqsdk
        try:
            self._api: Any = package.TqApi(auth=package.TqAuth(user, password))
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError("tqsdk did not let this account in", found=f"{type(error).__name__}"[:200]) from None

    def ask(self, ask: Ask) -> pl.DataFrame:
        """Put one question; raises `DataError`."""
        given = dict(ask.arguments)
        try:
            frame = self._api.get_kline_serial(
                given["symbol"], int(given["duration_seconds"]), data_length=int(given["data_length"])
            )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise DataError("tqsdk got no answer", where=ask, found=f"{type(error).__name__}: {error}"[:200]) from error
        return as_polars(frame.copy())

    def close(self) -> None:
        """End the connection."""
        self._api.close()


@final
class Tqsdk(ContractVendor):
    """With an account; contracts as Shinny writes them: SHFE.rb2410."""

    name: ClassVar[str] = "tqsdk"
    wait: ClassVar[float] = 0.5
    lengths: ClassVar[tuple[str, ...]] = tuple(_SECONDS)
    label: ClassVar[Literal["start", "end"] | None] = "start"

    def client(self) -> Client:
        """Connect."""
        return TqsdkClient()

    def ask(self, contract: str, length: str, until: date) -> Ask:
        """Ask for the last bars of a contract, as many as one answer may hold."""
        return Ask.of(
            _SERIES, symbol=contract, duration_seconds=str(_SECONDS[length]), data_length=str(_MOST)
        )._replace(asof=until.isoformat())

    def read(self, ask: Ask, answer: pl.DataFrame) -> pl.DataFrame:
        """Name the columns as the house does, by Beijing's clock."""
        told = pl.DataFrame(numbers(answer, _NUMBERS, ask)).filter(
            (pl.col("id") >= 0) & (pl.col("datetime") > 0) & pl.col("close").is_not_null()
        )
        moment = (pl.col("datetime").round(0).cast(pl.Int64) // 1000).cast(pl.Datetime("us"))
        symbol = dict(ask.arguments)["symbol"].rsplit(".", 1)[-1].upper()
        return told.select(
            (moment + pl.duration(hours=_HOURS)).dt.round("1m").alias("time"),
            pl.lit(symbol).alias("asset"), "open", "high", "low", "close", "volume",
            pl.col("close_oi").alias("open_interest"),
        )  # fmt: skip
