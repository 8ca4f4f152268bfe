"""Bars of futures contracts from a vendor: each contract is one question, and every answer is kept raw before the next.

What a vendor tells becomes one file of bars, which goes through the same import as a file that somebody brings: labels,
nights and volumes are judged there, by the exchange's hours.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ClassVar, Literal

import polars as pl

from tidegate.data.import_settings import ImportSettings
from tidegate.data.parquet import parquet_bytes
from tidegate.data.vendors.answers import Answers
from tidegate.data.vendors.asking import Ask, Client, Span
from tidegate.data.vendors.pull import Pace, Pulled, answered
from tidegate.errors import DataError, UnknownNameError
from tidegate.files import held, sweep, write_bytes

__all__ = ["ContractVendor", "contract_settings", "pull_contracts", "write_contracts"]

BARS = ("time", "asset", "open", "high", "low", "close", "volume", "open_interest")


class ContractVendor(ABC):
    """A vendor of futures: its question for a contract's bars, and what the answer means."""

    name: ClassVar[str]
    wait: ClassVar[float]
    """Seconds between two questions, where nobody says otherwise."""
    lengths: ClassVar[tuple[str, ...]]
    """Lengths of bars that it has."""
    label: ClassVar[Literal["start", "end"] | None]
    """What its labels within a day are, where it says so; None: the import reads it off the file."""

    @abstractmethod
    def client(self) -> Client:
        """Open a connection; raises `MissingExtraError`, `SettingError` for a missing account, `DataError`."""

    @abstractmethod
    def ask(self, contract: str, length: str, until: date) -> Ask:
        """Ask for a contract's bars up to a day."""

    @abstractmethod
    def read(self, ask: Ask, answer: pl.DataFrame) -> pl.DataFrame:
        """Turn an answer into columns of `BARS`, and ``settle`` where it is told; `time` by the exchange's clock.

        Raises `DataError` for an answer of another shape.
        """

    def known(self, length: str) -> str:
        """Refuse a length that it has not."""
        if length not in self.lengths:
            raise UnknownNameError.among("length of a bar", length, self.lengths, where=self.name)
        return length


def pull_contracts(
    folder: Path, vendor: ContractVendor, contracts: Sequence[str], length: str, until: date, client: Client,
    pace: Pace,
    tell: Callable[[int, int, str], None] | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Pulled:  # fmt: skip
    """Ask for each contract once a last day, and keep every answer; what is answered is not asked again.

    Raises
    ------
    BusyError
        Another process pulls into this folder.
    DataError
        The vendor did not answer one question after several tries; what was answered before is kept.
    """
    asks = [vendor.ask(contract, vendor.known(length), until) for contract in contracts]
    with held(folder / ".lock", f"the pull in {folder.name}"):
        sweep(folder)
        answers, now = Answers(folder), 0
        before = sum(answers.has(ask) for ask in asks)
        for done, ask in enumerate(asks):
            if not answers.has(ask):
                if tell is not None:
                    tell(done, len(asks), str(ask))
                answers.keep(ask, answered(client, ask, pace, len(answers)), clock())
                now += 1
        return Pulled(len(asks), before, now)


def write_contracts(
    folder: Path, vendor: ContractVendor, contracts: Sequence[str], length: str, span: Span
) -> Path:  # fmt: skip
    """Write one file of bars of what was answered for these contracts up to a day; returns it.

    Where several answers speak of one bar, the one fetched last holds.

    Raises
    ------
    DataError
        Nothing was told of these days, or an answer has another shape.
    """
    asks = {vendor.ask(contract, length, span.until) for contract in contracts}
    names = {ask.what for ask in asks}
    answers = Answers(folder)
    frames = [vendor.read(ask, answer) for what in sorted(names) for ask, answer in answers.each(what) if ask in asks]
    day = pl.col("time").dt.date()
    told = [frame.filter(day.is_between(span.since, span.until)) for frame in frames]
    if not any(frame.height for frame in told):
        raise DataError(f"{vendor.name} told no bars of these days", where=folder, found=list(contracts)[:5],
                        expected=f"{span.since} … {span.until}", hint="ask for other days or contracts")  # fmt: skip
    made = pl.concat(told, how="diagonal").unique(["asset", "time"], keep="last").sort("asset", "time")
    path = folder / f"bars-{length}.parquet"
    write_bytes(path, parquet_bytes(made.with_columns(day.alias("time")) if length == "1d" else made))
    return path


def contract_settings(vendor: ContractVendor, length: str, hours: str, title: str) -> ImportSettings:
    """What is known of a pulled file: futures in lots, and what the vendor says of its labels.

    >>> from tidegate.data.vendors.tqsdk import Tqsdk
    >>> contract_settings(Tqsdk(), "60min", "shfe-rebar", "rb").label
    'start'
    """
    within = {"label": vendor.label, "hours": hours, "frequency": length} if length != "1d" else {"frequency": "1d"}
    return ImportSettings.of(
        {"kind": "future", "volume_unit": "lots", "title": title, "source": f"pulled from {vendor.name}", **within}
    )
