"""What trading a study leaves behind: every member's book in one market, and what it is held against."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.errors import UnknownNameError
from tidegate.files import read_json, write_json
from tidegate.market.base import Market
from tidegate.study.records import load_ledger, write_frame
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.ledger import Ledger

__all__ = [
    "BENCHMARK",
    "EQUAL_WEIGHT",
    "INDEX",
    "SMALL_CAPS",
    "BookSet",
    "exposure_of",
    "load_books",
    "save_card",
    "save_gates",
]

BENCHMARK = "buy-and-hold"
"""What a timing is held against."""
EQUAL_WEIGHT, INDEX, SMALL_CAPS = "equal-weight", "index", "small-caps"
"""What a selection is held against: all of its universe alike, the same trades without their costs, or an index."""


@dataclass(frozen=True)
class BookSet:
    """All members' ledgers in one market, from the first judged bar on.

    `wanted` is each member's exposure as decided after each close ``[T]`` (timings), or the price that the next open is
    held against (trades within a bar); `gates` holds, per network
    member, the total return, the Sharpe ratio and, over many assets, the turnover of each of its placebos; `paths` the
    equity of what nobody could have had, from the same capital ``[T]``, with its exposure where it is not 1.
    """

    market: Market
    times: TimeArray
    members: tuple[str, ...]
    ledgers: dict[str, Ledger]
    wanted: dict[str, FloatArray]
    capital: float
    stamps: tuple[str, ...]
    gates: dict[str, dict[str, FloatArray]]
    folder: Path
    benchmark: str = BENCHMARK
    paths: dict[str, FloatArray] = field(default_factory=dict)
    placebos: str = "random gates"
    invested: dict[str, FloatArray] = field(default_factory=dict)

    def equity(self, member: str) -> FloatArray:
        """Equity at each close ``[T]``."""
        if member in self.paths:
            return self.paths[member]
        return self.ledgers[member].book["equity"].to_numpy()

    def exposure(self, member: str) -> FloatArray:
        """Value held over equity at each close ``[T]``; 1 for an index."""
        if member in self.paths:
            return self.invested.get(member, np.ones(len(self.times)))
        return self.ledgers[member].book["exposure"].to_numpy()

    @property
    def selects(self) -> bool:
        """Whether these are books over many assets."""
        return self.benchmark != BENCHMARK

    def table(self, member: str, name: str) -> pl.DataFrame:
        """A further kept table of a member's book: positions, actions, next, or its orders with all columns."""
        path = self.folder / "ledger" / member / f"{name}.parquet"
        if not path.is_file():
            known = [held.stem for held in path.parent.glob("*.parquet")]
            raise UnknownNameError.among("table", name, known, where=f"the book of {member}")
        return pl.read_parquet(path)

    def decided(self, name: str) -> pl.DataFrame | None:
        """A kept table of all books together, None where it was not made: capacity, gate, universe."""
        path = self.folder / "decisions" / f"{name}.parquet"
        return pl.read_parquet(path) if path.is_file() else None


def exposure_of(member: str) -> str:
    """Column in which the exposure of a path is kept, beside its equity."""
    return f"{member} exposure"


def save_gates(work: Path, gates: dict[str, dict[str, FloatArray]]) -> None:
    """What placebos came to → gates.parquet; a turnover or drawdown that nobody measured is null."""
    numbers = dict.fromkeys(("total_return", "sharpe", "turnover", "max_drawdown"), pl.Float64())
    empty = pl.DataFrame(schema={"member": pl.String(), **numbers})
    frames = [
        pl.DataFrame(
            {
                "member": [member] * len(held["total_return"]),
                "total_return": held["total_return"],
                "sharpe": np.nan_to_num(held["sharpe"]),
                **{name: held.get(name, [None] * len(held["sharpe"])) for name in ("turnover", "max_drawdown")},
            },
            schema_overrides=numbers,
        )
        for member, held in gates.items()
    ]
    write_frame(work / "gates.parquet", pl.concat(frames or [empty]))


def save_card(
    work: Path,
    market: object,
    members: tuple[str, ...],
    capital: float,
    stamps: tuple[str, ...],
    *,
    benchmark: str = BENCHMARK,
    placebos: str = "random gates",
) -> None:
    """What the books are → books.json; `market` is its document."""
    write_json(
        work / "books.json",
        {
            "market": market,
            "members": members,
            "capital": capital,
            "stamps": stamps,
            "benchmark": benchmark,
            "placebos": placebos,
        },
    )


def load_books(folder: Path) -> BookSet:
    """Read what trading kept."""
    card = read_json(folder / "books.json")
    members = tuple(card["members"])
    ledgers = {member: load_ledger(folder / "ledger" / member) for member in members}
    gates = pl.read_parquet(folder / "gates.parquet")
    wanted = pl.read_parquet(folder / "decisions" / "wanted.parquet")
    columns = {name: wanted[name].to_numpy() for name in wanted.columns if name != "time"}
    paths = {name: columns[name] for name in (EQUAL_WEIGHT, INDEX, SMALL_CAPS) if name in columns}
    return BookSet(
        market=Market.of(card["market"]),
        times=wanted["time"].to_numpy().astype("datetime64[us]"),
        members=members,
        ledgers=ledgers,
        wanted={member: columns[member] for member in members if member in columns},
        capital=card["capital"],
        stamps=tuple(card["stamps"]),
        gates={
            str(member): {column.name: column.to_numpy() for column in held.drop("member") if not column.has_nulls()}
            for (member,), held in gates.group_by("member", maintain_order=True)
        },
        folder=folder,
        benchmark=card["benchmark"],
        paths=paths,
        invested={name: columns[exposure_of(name)] for name in paths if exposure_of(name) in columns},
        placebos=card["placebos"],
    )
