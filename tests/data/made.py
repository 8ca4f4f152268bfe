"""Clean files to start from: what a vendor would serve, written by the tests themselves."""

import numpy as np
import polars as pl

from tidegate.data.worlds import HourlyWorld, NoiseWorld


def clean(seed: int, sessions: int = 300, assets: int = 1) -> pl.DataFrame:
    """Daily bars with a share's volume and amount in yuan, prices at two decimals, sorted by asset and time."""
    frame = NoiseWorld(sessions=sessions, seed=seed, assets=assets).bars().frame
    codes = {name: f"{600000 + number}" for number, name in enumerate(frame["asset"].unique().sort())}
    frame = frame.with_columns(
        pl.col("open", "high", "low", "close").round(2) / 20,
        pl.col("asset").replace_strict(codes),
        pl.col("volume").round(0),
    ).with_columns(pl.col("open", "high", "low", "close").round(2))
    return frame.with_columns(
        high=pl.max_horizontal("open", "high", "close"),
        low=pl.min_horizontal("open", "low", "close"),
        amount=(pl.col("volume") * (pl.col("open") + pl.col("close")) / 2).round(2),
    )


def clean_hours(seed: int, days: int = 40) -> pl.DataFrame:
    """5-minute-like day sessions: six hourly bars a weekday, labels at their ends."""
    frame = HourlyWorld(days=days, seed=seed).bars().frame
    hour = pl.col("time").dt.hour()
    return frame.filter(hour.is_between(10, 15) & (pl.col("time").dt.weekday() <= 5))


def text_of(frame: pl.DataFrame, names: dict[str, str] | None = None, separator: str = ",") -> str:
    """The frame as the text of a CSV file, under the given headers."""
    names = names or {"session": "date", "asset": "code"}
    keep = [c for c in ("session", "asset", "open", "high", "low", "close", "volume", "amount") if c in frame.columns]
    return frame.select(keep).rename({k: v for k, v in names.items() if k in keep}).write_csv(separator=separator)


def rows_of(frame: pl.DataFrame) -> list[list[str]]:
    """Header and cells as texts."""
    return [line.split(",") for line in text_of(frame).strip().split("\n")]


def joined(rows: list[list[str]]) -> str:
    """Rows as the text of a file, with its last line end."""
    return "\n".join(",".join(row) for row in rows) + "\n"


def pick(seed: int, low: int, high: int, count: int = 1) -> list[int]:
    """Some distinct positions, seeded."""
    return np.random.default_rng((seed, 77)).choice(np.arange(low, high), size=count, replace=False).tolist()
