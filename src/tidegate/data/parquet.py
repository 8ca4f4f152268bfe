"""Parquet, read guarded and written with a checksum.

The format's own reader panics on some damaged files, with an exception that ``except Exception`` does not catch, and
reads others without a complaint: data pages carry no checksum. What this house writes therefore carries a SHA-256 over
the values in its metadata, which is verified when it is read; of a foreign file the report says that it carries none.
"""

import hashlib
import io
from typing import NamedTuple

import numpy as np
import polars as pl

from tidegate.errors import FileRefusedError

__all__ = ["ReadParquet", "digest_of_frame", "parquet_bytes", "read_parquet"]

_MAGIC = b"PAR1"
_KEY = "tidegate.sha256"
_SMALLEST = 12


class ReadParquet(NamedTuple):
    """A frame, and what is known of its soundness: "verified" or "no checksum"."""

    frame: pl.DataFrame
    checksum: str


def digest_of_frame(frame: pl.DataFrame) -> str:
    """SHA-256 over names, types and values of a frame, column by column; the same on any machine.

    >>> digest_of_frame(pl.DataFrame({"a": [1.0, None]}))[:8]
    '...'
    """
    digest = hashlib.sha256()
    for series in frame:
        digest.update(f"{series.name}\0{series.dtype}\0{len(series)}\0".encode())
        if series.dtype == pl.String:
            digest.update((series.fill_null("\1").str.join("\0")[0] or "").encode())
            continue
        digest.update(series.is_null().to_numpy().tobytes())
        if not (series.dtype.is_numeric() or series.dtype.is_temporal() or series.dtype == pl.Boolean):
            continue  # a kind of column that bars never hold: its name, type and gaps count
        physical = series.to_physical()
        kind = pl.Float64 if physical.dtype.is_float() else pl.Int64
        digest.update(np.ascontiguousarray(physical.cast(kind).fill_null(0).to_numpy()).tobytes())
    return digest.hexdigest()


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Write a frame as Parquet that carries its own checksum."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=True, metadata={_KEY: digest_of_frame(frame)})
    return buffer.getvalue()


def read_parquet(content: bytes, where: str, *, known: bool = False) -> ReadParquet:
    """Read Parquet bytes; raises `FileRefusedError` for anything that is not whole.

    `known` says that the bytes were held against a hash already: the values need not be hashed once more.
    """
    if len(content) < _SMALLEST or content[:4] != _MAGIC or content[-4:] != _MAGIC:
        raise _refused(where, "its first or last bytes are not those of a Parquet file")
    footer = int.from_bytes(content[-8:-4], "little")
    if footer + _SMALLEST > len(content):
        raise _refused(where, "its footer is longer than the file")
    try:
        metadata = pl.read_parquet_metadata(io.BytesIO(content))
        frame = pl.read_parquet(io.BytesIO(content), use_statistics=False)
    except (pl.exceptions.PolarsError, OSError, ValueError, OverflowError, RuntimeError, MemoryError) as error:
        raise _refused(where, str(error).splitlines()[0][:120] if str(error) else type(error).__name__) from None
    except pl.exceptions.PanicException as error:  # derives from BaseException alone
        raise _refused(where, str(error).splitlines()[0][:120]) from None
    if known:
        return ReadParquet(frame, "verified")
    stated = metadata.get(_KEY)
    if stated is None:
        return ReadParquet(frame, "no checksum")
    if stated != digest_of_frame(frame):
        raise _refused(where, "its values do not agree with its own checksum")
    return ReadParquet(frame, "verified")


def _refused(where: str, found: str) -> FileRefusedError:
    return FileRefusedError(
        "the Parquet file cannot be read", where=where, found=found,
        hint="it is damaged or was not finished: copy or export it again",
    )  # fmt: skip
