"""The raw fields of a bar as factors: what the index-timing document feeds its network, and nothing computed."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from tidegate.errors import DataError, SettingError
from tidegate.factors.base import FactorSet, panel_of
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel

__all__ = ["RawFields"]

RawField = Literal["open", "high", "low", "close", "volume", "amount", "open_interest", "settle"]
_PRICES = frozenset({"open", "high", "low", "close", "settle"})


class RawFields(FactorSet):
    """Fields of the bar itself, prices adjusted by `factor` where the bars have one.

    Known at
        CLOSE(t): a row holds its own bar and nothing else.
    Missing values
        NaN where the bar has none. A field in `optional` that the bars do not have at all is left out of the panel (and
        the study stamps it); any other missing field raises `DataError`.
    Source
        Six fields in this order: the index-timing document ("close, open, high, low, amount, volume").

    >>> from tidegate.data.worlds import NoiseWorld
    >>> RawFields(fields=("close", "volume")).compute(NoiseWorld(sessions=40, seed=1).bars()).fields
    ('close', 'volume')
    """

    name: ClassVar[str] = "raw-fields"

    fields: tuple[RawField, ...] = Field(
        default=("close", "open", "high", "low", "amount", "volume"), min_length=1, description="fields, in this order"
    )
    optional: tuple[RawField, ...] = Field(
        default=("amount",), description="fields to leave out where a source has none"
    )

    @model_validator(mode="after")
    def _each_once(self) -> "RawFields":
        if len(set(self.fields)) < len(self.fields):
            raise SettingError("a field appears twice", where=self.name, found=self.fields)
        return self

    @property
    def earlier_rows(self) -> int:
        """None but its own."""
        return 0

    def compute(self, bars: Bars) -> Panel:
        """Take the columns as they are."""
        columns: dict[str, FloatArray] = {}
        for field in self.fields:
            if not bars.has(field):
                if field in self.optional:
                    continue
                raise DataError(
                    f"the bars have no {field}",
                    where=bars.spec.title,
                    found=bars.frame.columns,
                    hint=f"name it in factors.optional to go on without it, or import data that has {field}",
                )
            columns[field] = bars.adjusted(field) if field in _PRICES else bars.column(field)
        if not columns:
            raise DataError(
                "no field is left", where=bars.spec.title, expected=self.fields, hint="name a field that the bars have"
            )
        return panel_of(bars, columns)
