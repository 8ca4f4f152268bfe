"""The family of sources: where bars come from."""

from abc import abstractmethod
from typing import ClassVar

from tidegate.component import Component
from tidegate.types.bars import Bars

__all__ = ["Source"]


class Source(Component):
    """Raw market history → Bars. A source is declared without its data; `bars` fetches them."""

    family: ClassVar[str] = "source"

    @abstractmethod
    def bars(self) -> Bars:
        """Read everything the source has; the same declaration gives the same bars."""
