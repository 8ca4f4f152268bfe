"""A Qlib folder as a source: read anew whenever its bars are asked for."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from tidegate.data.import_settings import ImportSettings
from tidegate.data.qlib_folder import import_qlib, qlib_memberships
from tidegate.data.source import Source
from tidegate.types.bars import Bars
from tidegate.types.history import Reported

__all__ = ["QlibFolder"]


class QlibFolder(Source):
    """The daily bars of a folder in Qlib's binary form, and the indexes whose members it lists.

    Known at
        As `tidegate.types.bars.Bars`: prices are raw again, and carry the folder's factor.
    Units
        As the folder has them; volume in shares.
    Missing values
        A session without all four prices is no bar.
    Errors
        `FileRefusedError` as `tidegate.data.qlib_folder.import_qlib`.
    """

    name: ClassVar[str] = "qlib-folder"
    example: ClassVar[dict[str, Any]] = {"path": "cn_data"}
    reads_files: ClassVar[bool] = True

    path: str = Field(description="the folder, with its calendars, instruments and features")
    market: str = Field(default="all", description="the list of instruments whose assets and spans are read")
    prices: Literal["adjusted", "raw"] = Field(
        default="adjusted", description="whether prices and volume are adjusted, as Qlib wants them"
    )
    settings: ImportSettings = Field(default_factory=ImportSettings, description="what you know about the bars")

    def bars(self) -> Bars:
        """Import the folder."""
        return import_qlib(self.path, self.settings, market=self.market, prices=self.prices).bars

    def reported(self) -> Reported:
        """Read the lists of indexes."""
        return Reported(memberships=qlib_memberships(self.path))
