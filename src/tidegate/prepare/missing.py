"""Steps that deal with missing values: filled from the date itself, with a channel that says so; or given up.

Not declaring one is a policy too: windows over a missing value are then dropped and counted when they are cut.
"""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.errors import SettingError
from tidegate.prepare.bounds import column_medians
from tidegate.prepare.date_step import DateStep
from tidegate.prepare.sections import Section
from tidegate.types.axes import FloatArray

__all__ = ["MASK", "DropIncomplete", "FillMissing"]

MASK = "_missing"


class FillMissing(DateStep):
    """A number of the date itself where a value is missing, and on request a channel that tells which were.

    ``by``: zero (the mean, after a z-score), or the mean or median of the field over the date's assets; over those of
    the same group where one is named, and over all of them where the group has none. A field that nobody has on a date
    stays missing unless filled with zero. ``mask="each"`` adds a field ``<field>_missing`` per field, 1 where it was
    missing and else 0; ``mask="share"`` adds one, ``missing_share``: the share of the asset's fields.

    Known at
        CLOSE(t): no value of another date is used, so nothing is carried forward either.

    >>> FillMissing(by="mean", mask="each").change(Section(np.array([[1.0], [np.nan], [3.0]]), ("x",))).tolist()
    [[1.0, 0.0], [2.0, 1.0], [3.0, 0.0]]
    """

    name: ClassVar[str] = "fill-missing"

    by: Literal["zero", "mean", "median"] = Field(default="zero", description="what is put where nothing is")
    group: str | None = Field(default=None, description="grouping within which the mean or median is taken")
    mask: Literal["none", "each", "share"] = Field(default="none", description="channel that tells what was missing")

    def gives(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """The fields, then the mask's."""
        added = {"none": (), "each": tuple(f"{name}{MASK}" for name in fields), "share": ("missing_share",)}
        if clash := set(fields) & set(added[self.mask]):
            raise SettingError("a mask would have a field's name", where=self.name, found=sorted(clash))
        return (*fields, *added[self.mask])

    def change(self, section: Section) -> FloatArray:
        """Fill, and tell what was filled."""
        values = section.values.copy()
        missing = np.isnan(values)
        if self.by == "zero":
            values[missing] = 0.0
        else:
            if self.group is not None:
                codes = section.group(self.group)
                for code in np.unique(codes[(codes >= 0) & missing.any(axis=1)]):
                    rows = codes == code
                    values[rows] = _filled(values[rows], self._centre(section.values[rows]))
            values = _filled(values, self._centre(section.values))
        if self.mask == "none":
            return values
        told = missing if self.mask == "each" else missing.mean(axis=1, keepdims=True)
        return np.hstack([values, told])

    def _centre(self, values: FloatArray) -> FloatArray:
        """Mean or median of each column ``[F]``, NaN where it is empty."""
        if self.by == "median":
            return column_medians(values)
        there = ~np.isnan(values)
        count = there.sum(axis=0)
        return np.where(count > 0, np.where(there, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


class DropIncomplete(DateStep):
    """All of an asset's values of a date are missing where more than a share of them is.

    Known at
        CLOSE(t).

    >>> DropIncomplete(most=0.4).change(Section(np.array([[1.0, np.nan], [2.0, 3.0]]), ("x", "y"))).tolist()
    [[nan, nan], [2.0, 3.0]]
    """

    name: ClassVar[str] = "drop-incomplete"

    most: float = Field(default=0.5, ge=0, lt=1, description="largest share of missing fields that is borne")

    def change(self, section: Section) -> FloatArray:
        """Give up the assets that lack too much."""
        gone = np.isnan(section.values).mean(axis=1) > self.most if section.fields else np.zeros(0, dtype=bool)
        return np.where(gone[:, None], np.nan, section.values)


def _filled(values: FloatArray, centre: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), centre, values)
