"""The family of sources: where bars come from."""

from abc import abstractmethod
from typing import ClassVar

from tidegate.component import Component
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars
from tidegate.types.history import Reported

__all__ = ["Source"]


class Source(Component):
    """Raw market history → Bars. A source is declared without its data; `bars` fetches them."""

    family: ClassVar[str] = "source"
    reads_files: ClassVar[bool] = False
    """Whether it needs files that the user brings along, so that its `example` cannot be read by a test."""

    @abstractmethod
    def bars(self) -> Bars:
        """Read everything the source has; the same declaration gives the same bars."""

    def years(self, first: int, last: int) -> Bars | None:  # noqa: ARG002
        """Read the bars of some calendar years alone; None where a source can only be read as a whole, or has none."""
        return None

    def instruments(self) -> Instruments | None:
        """Tell what is known of the assets beside their bars (listing, end, name), None where nothing is."""
        return None

    def reported(self) -> Reported:
        """Read what is known of the assets beside their bars and changes with time: reports, classes, memberships."""
        return Reported()
