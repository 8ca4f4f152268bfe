"""Checks on series: units that change are quarantined; jumps, holes and flat bars are flagged and kept."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tidegate.data.import_settings import ImportSettings
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError

__all__ = ["check_units", "flag_series"]

_STEP = 1.5  # decades: a change of unit is at least a factor of 100, a price moves less between two bars
_NEAR = 0.15
_JUMP = 0.45
_LONG = 20
_GUESSES = {
    2.0: 'volume_unit="lots"',
    -4.0: 'amount_unit="10k"',
    -3.0: 'amount_unit="1k"',
    -2.0: 'volume_unit="lots", amount_unit="10k"',
    -1.0: 'volume_unit="lots", amount_unit="1k"',
}


def check_units(frame: pl.DataFrame, sieve: Sieve, settings: ImportSettings, where: str) -> tuple[pl.DataFrame, bool]:
    """Hold amount against volume × price.

    Within one asset the ratio amount / (volume · close) changes slowly; a row that lies beyond a sudden step of more
    than 1.5 decades, away from the asset's median, is in other units. For stocks and funds the ratio itself must be
    near 1: raises `FileRefusedError` where it is a power of ten instead, with the settings that would explain it.
    Returns the rows that pass, and whether the ratio confirms shares and yuan.
    """
    if not {"volume", "amount"} <= set(frame.columns):
        return frame, False
    ratio = (pl.col("amount") / (pl.col("volume") * pl.col("close"))).log10()
    valid = (pl.col("volume") > 0) & (pl.col("amount") > 0)
    held = frame.select("row", "asset", "time", "close", "volume", "amount")
    told = held.with_columns(ratio=pl.when(valid).then(ratio)).sort("asset", "time")
    median = told["ratio"].median()
    if not isinstance(median, float):
        return frame, False
    confirmed = _judge(median, sieve, settings, where)
    told = told.with_columns(ratio=pl.col("ratio").forward_fill().over("asset"))
    told = told.with_columns(
        stepped=(pl.col("ratio").diff().abs() > _STEP).any().over("asset"),
        away=(pl.col("ratio") - pl.col("ratio").median().over("asset")).abs(),
    )
    mixed = told.filter(pl.col("stepped") & (pl.col("away") > _STEP) & valid)
    sieve.flag(mixed, pl.lit(value=True), "mixed_units", "amount", "amount {amount}, volume {volume}, close {close}")
    return frame.filter(~pl.col("row").is_in(mixed["row"].implode())) if mixed.height else frame, confirmed


def _judge(median: float, sieve: Sieve, settings: ImportSettings, where: str) -> bool:
    near = abs(median) < math.log10(2)
    if settings.kind in {"stock", "fund"}:
        guess = next((hint for power, hint in _GUESSES.items() if abs(median - power) < _NEAR), None)
        if guess:
            raise FileRefusedError(
                "amount does not agree with volume × price", where=f"{where}, columns volume and amount",
                expected="amount / (volume · close) near 1", found=f"{10**median:.4g} in the median row",
                hint=f"say the units: {guess}",
            )  # fmt: skip
        if not near:
            sieve.note(f"amount / (volume · close) is {10**median:.3g}, not near 1: are the prices adjusted?")
    elif near and settings.kind == "index":
        sieve.note('amount / volume is near the price, as for a stock: if it is one, say kind="stock"')
    return near and settings.kind in {"stock", "fund"}


def flag_series(
    frame: pl.DataFrame, sieve: Sieve, *, minutes: int, weekdays: bool, halts: pl.DataFrame | None = None,
    days: NDArray[np.datetime64] | None = None,
) -> None:  # fmt: skip
    """Flag jumps, holes, flat bars and codes that occur once; `frame` is sorted by asset and time.

    `halts`, where given, lists the (asset, session) pairs in which nothing traded: they explain holes. `days`, where
    given, are the sessions of the exchange; then holes within a session are left to who knows its hours.
    """
    flat = (pl.col("open") == pl.col("high")) & (pl.col("high") == pl.col("low")) & (pl.col("low") == pl.col("close"))
    idle = pl.col("volume").fill_null(0) == 0 if "volume" in frame.columns else pl.lit(value=True)
    sieve.flag(frame, flat & idle, "flat", "close", "{close} at {time}")
    _flag_jumps(frame, sieve)
    _flag_sessions(frame, sieve, weekdays=weekdays, halts=halts, known=days)
    if minutes and days is None:
        _flag_bars(frame, sieve)
    sizes = frame.group_by("asset").len()
    if sizes.height > 1 and float(sizes["len"].median() or 0) >= _LONG:  # type: ignore[arg-type]
        once = sizes.filter(pl.col("len") == 1)["asset"]
        sieve.flag(frame, pl.col("asset").is_in(once.implode()), "stray_asset", "asset", "{asset}")


def _flag_jumps(frame: pl.DataFrame, sieve: Sieve) -> None:
    scale = pl.col("factor").fill_null(1.0) if "factor" in frame.columns else pl.lit(1.0)
    before = (pl.col("close") * scale).shift(1).over("asset")
    change = pl.col("close") * scale / before - 1
    if "preclose" in frame.columns:  # the ex-right reference price already tells splits
        change = pl.when(pl.col("preclose") > 0).then(pl.col("close") / pl.col("preclose") - 1).otherwise(change)
    told = frame.with_columns(change=change)
    sieve.flag(told, pl.col("change").abs() > _JUMP, "jump", "close", "return {change:.4f}")


def _flag_sessions(
    frame: pl.DataFrame, sieve: Sieve, *, weekdays: bool, halts: pl.DataFrame | None,
    known: NDArray[np.datetime64] | None,
) -> None:  # fmt: skip
    days = frame.unique(["asset", "session"], keep="first", maintain_order=True).select("row", "asset", "session")
    if known is not None:
        place = np.searchsorted(known, days["session"].to_numpy().astype("datetime64[D]"))
        days = days.with_columns(place=pl.Series(place.astype(np.int64)))
        missing = (pl.col("place").diff().over("asset") - 1).alias("missing")
    elif days["asset"].n_unique() > 1:
        rank = pl.col("session").rank("dense").cast(pl.Int64)
        days = days.with_columns(place=rank)
        missing = (pl.col("place").diff().over("asset") - 1).alias("missing")
    elif weekdays:
        before = pl.col("session").shift(1)
        missing = (pl.business_day_count(before, pl.col("session")) - 1).alias("missing")
    else:
        missing = (pl.col("session").diff().dt.total_days() - 1).alias("missing")
    told = days.with_columns(missing, last=pl.col("session").shift(1).over("asset"))
    if halts is not None:
        told = _explained(told, halts, sieve)
    sieve.flag(
        told, pl.col("missing") > 0, "missing_session", "sessions", "missing: {missing} between {last} and {session}"
    )


def _explained(told: pl.DataFrame, halts: pl.DataFrame, sieve: Sieve) -> pl.DataFrame:
    """Take listed suspensions off the missing sessions, and flag bars on days that the list names."""
    halts = halts.unique()
    if told["asset"].n_unique() > 1:  # missing are sessions that another asset has
        halts = halts.join(told.select("session").unique(), on="session", how="semi")
    both = told.join(halts, on=["asset", "session"], how="semi", maintain_order="left")
    sieve.flag(both, pl.lit(value=True), "traded_suspended", "time", "{asset} {session}")
    halts = halts.join(both, on=["asset", "session"], how="anti").sort("session")
    after = halts.join_asof(
        told.filter(pl.col("missing") > 0).select("asset", "session", "row").sort("session"),
        on="session", by="asset", strategy="forward", check_sortedness=False,
    )  # fmt: skip
    known = after.drop_nulls("row").group_by("row").agg(known=pl.len().cast(pl.Int64))
    told = told.join(known, on="row", how="left", maintain_order="left").with_columns(pl.col("known").fill_null(0))
    sieve.note(f"{known['known'].sum()} sessions without a bar are listed as suspensions")
    return told.with_columns(missing=pl.col("missing") - pl.col("known"))


def _flag_bars(frame: pl.DataFrame, sieve: Sieve) -> None:
    """Flag a time of day that the sessions before and after have, and this one does not."""
    held = frame.select("row", "asset", "session", clock=pl.col("time").dt.time())
    held = held.with_columns(place=pl.col("session").rank("dense").over("asset").cast(pl.Int64))
    bare = held.select("asset", "place", "clock")
    both = bare.with_columns(pl.col("place") + 1).join(
        bare.with_columns(pl.col("place") - 1), on=["asset", "place", "clock"]
    )
    absent = both.join(bare, on=["asset", "place", "clock"], how="anti")
    firsts = held.group_by("asset", "place").agg(pl.col("row").first(), pl.col("session").first())
    told = absent.join(firsts, on=["asset", "place"]).sort("row", "clock")
    sieve.flag(told, pl.lit(value=True), "missing_bar", "time", "{session} {clock}")
