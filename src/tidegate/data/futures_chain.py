"""Contracts of one product → one main series: which contract is the main one, and what turns its prices into a series.

The switch is decided at the close of a session by what is known then, open interest or volume, and holds from the open
of the next (`market.roll`). Prices stay those of the contracts; beside them stands a `factor` that makes returns
continuous (`ratio`) and a shift that makes profits per unit continuous (`difference`). They begin at 1 and 0 and are
moved at each switch by closes of the session that decided it, so that no past number ever changes.
"""

from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from tidegate.errors import DataError
from tidegate.market.roll import Roll, roll_table
from tidegate.types.axes import require
from tidegate.types.bars import OPTIONAL, REQUIRED, Bars

__all__ = [
    "MainSeries",
    "RecordedRoll",
    "main_series",
    "recorded_rolls",
    "with_recorded_factor",
    "with_recorded_settlement",
]


class RecordedRoll(NamedTuple):
    """A switch as a vendor recorded it: from this session on, and the old close over the new contract's own.

    Known at
        OPEN(switched) at the latest: when the vendor decided is not told.
    """

    switched: date
    old: str
    new: str
    ratio: float


class MainSeries(NamedTuple):
    """The main contract's bars, the rolls they rest on, and three ways to look at its prices.

    Known at
        As the bars, factor and shift included; whose bars those of the first session are, at its close (`main_series`).
    """

    bars: Bars
    """Raw prices under the product's name, with `factor`, and `roll_from` where the contract left still has a bar."""
    rolls: tuple[Roll, ...]
    prices: pl.DataFrame
    """time, session, contract, close (unadjusted), factor, shift, ratio: close × factor, difference: close + shift."""


def main_series(contracts: Bars, product: str, by: Literal["open_interest", "volume"] = "open_interest") -> MainSeries:
    """Join bars of contracts, one asset each, daily or shorter, into the main contract's series.

    Formula
        A contract is left for the later one of largest open interest at a session's last bar (or volume of the
        session), where that exceeds its own at the close of *d*, from the first open of *d + 1* on (`roll_table`); with
        nights, that is the evening before. There ``factor ×= old close / new close`` and
        ``shift += old close - new close``, closes of *d*.

    Known at
        As the bars: a roll, its factor and its shift are known at CLOSE(d); no later bar moves them. The contract of
        the first session alone is chosen by that session's own closing numbers: its open is none to act on.
    Missing values
        `roll_from` is null but in the first bar of a switch, and there too where the contract left has no bar.
    Errors
        `RecordError` for bars that lack the column asked for; `DataError` as `roll_table`.

    >>> from datetime import datetime
    >>> from tidegate.types.bars import BarSpec
    >>> days = [datetime(2024, 1, d) for d in (2, 3, 4)]
    >>> frame = pl.DataFrame({"time": days * 2, "asset": ["RB2405"] * 3 + ["RB2410"] * 3})
    >>> prices = pl.Series([4000.0, 4010.0, 4020.0, 3900.0, 3910.0, 3930.0])
    >>> frame = frame.with_columns(session=pl.col("time").dt.date(), open=prices, high=prices, low=prices, close=prices)
    >>> frame = frame.with_columns(open_interest=pl.Series([9.0, 7.0, 9.0, 5.0, 8.0, 6.0]))
    >>> spec = BarSpec(frequency="1d", kind="future", currency="CNY", title="example", source="made here")
    >>> made = main_series(Bars.of(frame, spec), "RB")
    >>> made.prices.select("contract", "close", "shift", "difference").row(2)
    ('RB2410', 3930.0, 100.0, 4030.0)
    """
    require(
        holds=contracts.has(by), what=f"contracts lack {by}", expected=f"a column {by}", found=contracts.frame.columns
    )
    frame = contracts.frame.rename({"asset": "contract"}).drop("factor", "roll_from", strict=False)
    judged = pl.col(by).fill_null(0.0)
    whole = frame.sort("time").group_by("session", "contract", maintain_order=True).agg(
        pl.col("close").last(), open_interest=judged.sum() if by == "volume" else judged.last()
    )  # fmt: skip
    rolls = roll_table(whole)
    first = whole.filter(pl.col("session") == pl.col("session").min()).sort("open_interest", "contract")
    main = rolls[0].old if rolls else first["contract"][-1]
    held = _main_bars(frame, rolls, main)
    moved = pl.DataFrame(
        {
            "session": [roll.switched for roll in rolls],
            "factor": np.cumprod([roll.old_close / roll.new_close for roll in rolls]),
            "shift": np.cumsum([roll.old_close - roll.new_close for roll in rolls]),
        },
        schema={"session": pl.Date, "factor": pl.Float64, "shift": pl.Float64},
    )
    held = held.join_asof(moved, on="session", strategy="backward", check_sortedness=False).with_columns(
        pl.col("factor").fill_null(1.0), pl.col("shift").fill_null(0.0), asset=pl.lit(product)
    )
    prices = held.select("time", "session", "contract", "close", "factor", "shift").with_columns(
        ratio=pl.col("close") * pl.col("factor"), difference=pl.col("close") + pl.col("shift")
    )
    bars = held.select(*(column for column in (*REQUIRED, *OPTIONAL) if column in held.columns))
    return MainSeries(Bars.of(bars, contracts.spec), rolls, prices)


def _main_bars(frame: pl.DataFrame, rolls: tuple[Roll, ...], main: str) -> pl.DataFrame:
    """The bars of each session's main contract, and in the first of a switch what the contract left opens at."""
    chosen = pl.DataFrame(
        {
            "session": [frame["session"].min(), *(roll.switched for roll in rolls)],
            "main": [main, *(roll.new for roll in rolls)],
            "left": [None, *(roll.old for roll in rolls)],
            "switch": [False, *(True for _ in rolls)],
        },
        schema={"session": pl.Date, "main": pl.String, "left": pl.String, "switch": pl.Boolean},
    )
    days = frame.select(pl.col("session").unique().sort()).join_asof(
        chosen.drop("left", "switch"), on="session", strategy="backward", check_sortedness=False
    )
    held = frame.join(days, on="session").filter(pl.col("contract") == pl.col("main")).drop("main").sort("time")
    if not rolls:
        return held
    begins = chosen.filter("switch").select("session", contract="left")
    opens = (
        frame.sort("time")
        .join(begins, on=["session", "contract"], maintain_order="left")
        .unique("session", keep="first", maintain_order=True)
    )
    opened = held.with_columns(first=pl.int_range(pl.len()).over("session") == 0).join(
        opens.select("session", left_at="time", roll_from="open"), on="session", how="left", maintain_order="left"
    )
    return opened.with_columns(
        pl.when(pl.col("first") & (pl.col("left_at") == pl.col("time"))).then(pl.col("roll_from"))
    ).drop("first", "left_at")


def recorded_rolls(main: Bars) -> tuple[RecordedRoll, ...]:
    """Read the switches off a vendor's series of the main contract, imported with its column of contracts as assets.

    Formula
        Where a session's contract is not the one before: the ratio is the old contract's last close / `preclose` of the
        new one, the close that it had itself on that day; NaN without that column.

    Known at
        A switch at OPEN(switched), and its ratio with it: both closes are of the session before.
    Missing values
        A ratio without `preclose` is NaN.
    Errors
        `DataError` where a session has two contracts, so that none is the main one.

    >>> from tidegate.testing.history import example_bars
    >>> recorded_rolls(example_bars(sessions=5, assets=1))
    ()
    """
    frame = main.frame.sort("time")
    twice = frame.filter(pl.col("time").is_duplicated())
    if twice.height:
        raise DataError("a session has two contracts", where=twice["time"][0], found=twice["asset"].head(2).to_list(),
                        hint="this reads a series of one contract a session; for a chain: main_series")  # fmt: skip
    reference = pl.col("preclose") if main.has("preclose") else pl.lit(float("nan"))
    told = frame.select(
        "session", old=pl.col("asset").shift(1), new="asset", ratio=pl.col("close").shift(1) / reference
    ).filter(pl.col("old") != pl.col("new"))
    return tuple(RecordedRoll(*row) for row in told.iter_rows())


def with_recorded_factor(short: Bars, daily: Bars) -> Bars:
    """Give short bars of a main series the `factor` that daily bars of the same series recorded, session by session.

    Known at
        As the daily bars' factor: at the session's first open.
    Errors
        `DataError` where a session of the short bars has no daily bar, or the daily bars hold several assets.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=5, assets=1)
    >>> daily = Bars.of(bars.frame.with_columns(factor=1.5), bars.spec)
    >>> with_recorded_factor(bars, daily).adjustment.tolist()
    [1.5, 1.5, 1.5, 1.5, 1.5]
    """
    if len(daily.assets) != 1 or not daily.has("factor"):
        raise DataError("daily bars of one series with its factor are needed", found=list(daily.assets)[:5],
                        where=daily.spec.title, expected="one asset, a column factor")  # fmt: skip
    told = short.frame.drop("factor", strict=False).join(
        daily.frame.select("session", "factor"), on="session", how="left", maintain_order="left"
    )
    absent = told.filter(pl.col("factor").is_null())
    if absent.height:
        raise DataError("a session has no daily bar to read its factor from", where=daily.spec.title,
                        found=f"{absent['session'].n_unique()} sessions, the first {absent['session'][0]}",
                        hint="leave these sessions out, or bring daily bars that have them")  # fmt: skip
    return Bars.of(told, short.spec)


def with_recorded_settlement(short: Bars, daily: Bars) -> Bars:
    """Give the last bar of each session of short bars the settlement price that daily bars recorded.

    A market then marks what is held there at that price, and lays the next session's limits around it.

    Known at
        After the session's close.
    Missing values
        Null in all other bars, and where the daily bar has none.
    Errors
        `DataError` where the daily bars hold several assets, or no settlement price at all.

    >>> from tidegate.testing.history import example_bars
    >>> bars = example_bars(sessions=5, assets=1)
    >>> made = with_recorded_settlement(bars, bars)
    >>> made.frame["settle"].to_list() == bars.frame["settle"].to_list()
    True
    """
    if len(daily.assets) != 1 or not daily.has("settle"):
        raise DataError("daily bars of one series with its settlement prices are needed", where=daily.spec.title,
                        found=list(daily.assets)[:5], expected="one asset, a column settle")  # fmt: skip
    told = daily.frame.select("session", "settle")
    frame = short.frame.drop("settle", strict=False).join(told, on="session", how="left", maintain_order="left")
    ends = pl.int_range(pl.len()).over("asset", "session") == pl.len().over("asset", "session") - 1
    return Bars.of(frame.with_columns(pl.when(ends).then(pl.col("settle"))), short.spec)
