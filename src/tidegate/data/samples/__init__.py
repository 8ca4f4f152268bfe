"""Real market data small enough to travel with the package; ``PROVENANCE.md`` beside this file says where it came from.

One dataset for now: ``nasdaq``, the NASDAQ Composite, daily, 1999 … 2018. No real hourly series is shipped, because no
terms that allow it could be found: `tidegate.data.worlds.HourlyWorld` stands in for one.
"""

import hashlib
import io
from importlib.resources import files
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from tidegate.data.source import Source
from tidegate.errors import IntegrityError
from tidegate.types.bars import Bars, BarSpec

__all__ = ["Sample"]

_DIGESTS = {"nasdaq": "a723a4008da9b4f19e73fde977b39e74bd49e011b37fd4bedd58dccb02812636"}
_SPECS = {
    "nasdaq": BarSpec(
        frequency="1d",
        kind="index",
        currency="index points",
        title="NASDAQ Composite, daily, 1999–2018",
        source="PyPI package arch 8.0.0 (NCSA licence), module arch.data.nasdaq; by way of a public vendor",
        stamps=(
            "The source has no traded amount: five raw fields instead of six.",
            "The volume of 2015-05-12 and 2018-01-09 is missing (the source prints 0).",
        ),
    )
}


class Sample(Source):
    """A dataset that travels with the package.

    Shapes, units
        ``nasdaq``: 5,031 daily bars of one asset (``IXIC``), prices in index points, volume in shares, no amount.
    Known at
        As `Bars`.
    Missing values
        Volume of two sessions that the source prints as 0.
    Errors
        `IntegrityError` where the packaged file was changed.
    Source
        See ``PROVENANCE.md`` in this folder.

    >>> bars = Sample(dataset="nasdaq").bars()
    >>> bars.frame.height, str(bars.times[0])[:10], str(bars.times[-1])[:10]
    (5031, '1999-01-04', '2018-12-31')
    """

    name: ClassVar[str] = "sample"
    example: ClassVar[dict[str, Any]] = {"dataset": "nasdaq"}

    dataset: Literal["nasdaq"] = Field(description="which packaged dataset")

    def bars(self) -> Bars:
        """Read the packaged file and check it against its hash."""
        content = (files(__package__) / f"{self.dataset}.parquet").read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != _DIGESTS[self.dataset]:
            raise IntegrityError(
                "a packaged sample was changed", where=f"{self.dataset}.parquet", expected=_DIGESTS[self.dataset][:12],
                found=found[:12], hint="install the package again",
            )  # fmt: skip
        return Bars.of(pl.read_parquet(io.BytesIO(content)), _SPECS[self.dataset])
