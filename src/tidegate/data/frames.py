"""Frames at the door: Polars as it is; pandas by its shape, without importing it."""

from typing import Any

import polars as pl

from tidegate.errors import FileRefusedError

__all__ = ["as_polars"]


def as_polars(frame: Any) -> pl.DataFrame:
    """Turn a Polars or pandas frame into a Polars one; a named or dated pandas index becomes a column.

    Raises `FileRefusedError` for anything else, and for columns that hold neither numbers, texts nor times.
    """
    if isinstance(frame, pl.LazyFrame):
        return as_polars(frame.collect())
    if isinstance(frame, pl.DataFrame):
        return frame
    if not (hasattr(frame, "columns") and hasattr(frame, "index") and hasattr(frame, "reset_index")):
        raise FileRefusedError("this is no frame", expected="a Polars or pandas frame", found=type(frame).__name__)
    named = any(name is not None for name in frame.index.names)
    if named or str(getattr(frame.index, "dtype", "")).startswith("datetime64"):
        frame = frame.reset_index()
        if not named:
            frame = frame.rename(columns={"index": "datetime"})
    columns = [str(column) for column in frame.columns]
    if len(set(columns)) != len(columns):
        raise FileRefusedError("two columns of the frame have one name", found=columns)
    return pl.DataFrame([_series(name, frame.iloc[:, at]) for at, name in enumerate(columns)])


def _series(name: str, column: Any) -> pl.Series:
    if getattr(column.dtype, "tz", None) is not None:
        raise FileRefusedError(
            "a column of times has a time zone", where=f"column {name}", found=str(column.dtype),
            hint="bring it to the exchange's own time, then drop the zone: .dt.tz_convert(...).dt.tz_localize(None)",
        )  # fmt: skip
    values = column.to_numpy()
    if values.dtype.kind in "Mmiufb":
        if values.dtype.kind == "M":
            values = values.astype("datetime64[us]")
        return pl.Series(name, values)
    missing = column.isna().to_list()
    texts = [None if gone else str(value) for value, gone in zip(column.to_list(), missing, strict=True)]
    return pl.Series(name, texts, dtype=pl.String)
