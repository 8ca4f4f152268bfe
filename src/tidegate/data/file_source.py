"""A file as a source: imported anew whenever its bars are asked for."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.panel import import_panel, panel_instruments
from tidegate.data.source import Source
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars

__all__ = ["FileSource"]


class FileSource(Source):
    """A CSV or Parquet file, or a folder of them, imported on the fly; the store is faster and keeps a hash.

    Errors
        `FileRefusedError` as `tidegate.data.importer.import_file`.
    """

    name: ClassVar[str] = "file"
    example: ClassVar[dict[str, Any]] = {"path": "bars.csv"}
    reads_files: ClassVar[bool] = True

    path: str = Field(description="a file or a folder")
    layout: Literal["bars", "stock-panel"] = Field(
        default="bars", description="bars alone, or a folder of bars with tables of instruments and suspensions"
    )
    settings: ImportSettings = Field(default_factory=ImportSettings, description="what you know about the file")

    def bars(self) -> Bars:
        """Import the file."""
        if self.layout == "stock-panel":
            return import_panel(self.path, self.settings).bars
        return import_file(self.path, self.settings).bars

    def instruments(self) -> Instruments | None:
        """Read the panel's instruments, without its bars; None where the layout has none."""
        return panel_instruments(self.path) if self.layout == "stock-panel" else None
