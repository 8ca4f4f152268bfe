"""A dataset of the store as a source: its bars, its instruments, and the reports kept beside them."""

from typing import Any, ClassVar

from pydantic import Field

from tidegate.data.fact_store import read_facts_of
from tidegate.data.source import Source
from tidegate.data.store import Store
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars
from tidegate.types.history import Reported

__all__ = ["Stored"]


class Stored(Source):
    """A dataset of the store at ``$TIDEGATE_STORE``, or in ``./store``.

    Known at, units, missing values
        As the dataset's `BarSpec` says.
    Errors
        `UnknownNameError` where there is no such dataset, `IntegrityError` where it was changed on disk.
    """

    name: ClassVar[str] = "stored"
    example: ClassVar[dict[str, Any]] = {"dataset": "example"}
    reads_files: ClassVar[bool] = True

    dataset: str = Field(description="the dataset's name; `tidegate data list` shows them")

    def bars(self) -> Bars:
        """Read the dataset, verified."""
        return Store.default().read(self.dataset)

    def years(self, first: int, last: int) -> Bars | None:
        """Read some years of the dataset, verified."""
        return Store.default().years(self.dataset, first, last)

    def instruments(self) -> Instruments | None:
        """Read the dataset's instruments, verified; None where none were kept."""
        return Store.default().instruments(self.dataset)

    def reported(self) -> Reported:
        """Read the dataset's reports, classes and memberships, verified; nothing where none were kept."""
        held = read_facts_of(Store.default(), self.dataset)
        return Reported() if held is None else Reported(held.facts, held.classes, held.memberships)
