"""Which class an asset belongs to, as a number that names it: for models that have one part a class."""

import hashlib
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tidegate.errors import DataError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel

__all__ = ["AssetClass"]

_NUMBERS = 1 << 24
"""Whole numbers that single precision holds exactly."""


class AssetClass(FactorSet):
    """``asset_class``: a number made of the name of an asset's class by a hash, 0 for what nobody classed.

    A number is a name, not a quantity: put the field into a study's `context`, where `pooled` networks read it. It does
    not depend on which other classes there are. Two classes of one number are refused.

    Known at
        Not point in time: classes are *static*, which every report says. A missing class is a group of its own and no
        filter, since what is gone is seldom classed.
    Units
        None.
    Missing values
        None: an asset without a class has 0.
    Errors
        `DataError` where the history has no classes, or two of them have one number; `UnknownNameError` for a kind of
        class that it does not have.

    >>> from tidegate.testing.reports import example_history
    >>> values = AssetClass(by="industry").at(example_history(assets=4)).values
    >>> values.shape[1], len(np.unique(values))
    (1, 3)
    """

    name: ClassVar[str] = "asset-class"
    example: ClassVar[dict[str, Any]] = {"by": "industry"}

    by: str = Field(description="what assets are classed by, for example csrc_industry")

    @property
    def reads_reports(self) -> bool:
        """It reads the classes beside them."""
        return True

    def compute(self, bars: Bars) -> Panel:
        """Refuse: bars alone have no classes."""
        raise DataError(
            "bars alone do not tell classes", where=self.name, found=bars.spec.title,
            hint="a study reads them from its source; outside of one, call `at` with a `History`",
        )  # fmt: skip

    def at(self, history: History) -> FactorValues:
        """Lay each asset's number beside its rows."""
        classes = history.reported.classes
        if classes is None:
            raise DataError(
                "the source tells no classes", where=self.name, expected=self.by,
                hint="import a table of classes with the data, or take a source that has one",
            )  # fmt: skip
        kinds = classes.classes(self.by)
        numbers = np.array([0, *(_number(kind) for kind in kinds)], dtype=np.float64)
        if len(np.unique(numbers)) < len(numbers):
            raise DataError("two classes have one number", where=self.by, found=kinds, hint="rename one of them")
        own = numbers[classes.codes(self.by, history.rows.assets) + 1]
        column = np.repeat(own, np.diff(history.rows.offsets))
        return FactorValues.of(history, {"asset_class": column}, stamps=classes.stamps)


def _number(name: str) -> int:
    """A whole number from 1 on, by the name alone."""
    return 1 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little") % (_NUMBERS - 1)
