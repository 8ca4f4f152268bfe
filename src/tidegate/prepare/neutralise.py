"""What is left of a factor once industry and size have been taken out of it.

One regression per date and factor: on a dummy for every industry and on a few exposures such as log market value. It is
solved exactly and without building the dummies. Taking each industry's mean out *is* the regression on the dummies;
what remains of the exposures after the same is orthogonalised one by one (Gram–Schmidt, each step twice, which is as
good as a QR of the whole), and then taken out too (Frisch & Waugh 1933, Lovell 1963). Each factor has its own missing
values and so its own regression; all factors of a date are solved side by side.
"""

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from scipy.sparse import csr_array

from tidegate.errors import SettingError
from tidegate.prepare.date_step import DateStep
from tidegate.prepare.sections import Section
from tidegate.types.axes import BoolArray, FloatArray, IntArray

__all__ = ["Neutralise"]

_RANK = 1e-10
_TWICE = 2


class Neutralise(DateStep):
    """Residual ``x - D a - Z b`` of least squares on industry dummies D and exposures Z, by date and field.

    Orthogonal to every dummy and exposure over the assets that have the value. Without a grouping, D is one column of
    ones. An exposure that the dummies and earlier exposures already span (what is left of its norm is below 1e-10 of
    it) takes no part: the residual is the same. An asset alone in its industry has residual zero.

    Known at
        CLOSE(t), if groups and exposures are.
    Missing values
        Stay missing. An asset without an exposure has no residual, nor has one without an industry where ``unknown`` is
        ``"missing"``; ``"group"`` makes the assets without one a group by themselves.
    Source
        The multi-factor documents: the residual of a regression on industry dummies, by date.

    >>> step = Neutralise(group="industry")
    >>> section = Section(np.array([[1.0], [3.0], [10.0], [30.0]]), ("x",), {"industry": np.array([0, 0, 1, 1])}, {})
    >>> step.change(section)[:, 0].tolist()
    [-1.0, 1.0, -10.0, 10.0]
    """

    name: ClassVar[str] = "neutralise"
    example: ClassVar[dict[str, Any]] = {"group": "industry", "exposures": ["log_size"]}

    group: str | None = Field(default=None, description="grouping whose dummies enter; None is a constant alone")
    exposures: tuple[str, ...] = Field(default=(), description="numbers that enter as they are, fields or exposures")
    unknown: Literal["group", "missing"] = Field(default="group", description="what assets without a group are")

    @model_validator(mode="after")
    def _something(self) -> "Neutralise":
        if self.group is None and not self.exposures:
            raise SettingError("nothing to neutralise against", where=self.name, hint="name a group or an exposure")
        return self

    def change(self, section: Section) -> FloatArray:
        """Regress each field; an exposure that is itself a field is left as it is."""
        count = len(section.values)
        codes = np.zeros(count, dtype=np.int64) if self.group is None else section.group(self.group)
        exposures = [section.exposure(name) for name in self.exposures]
        usable = np.ones(count, dtype=bool) if self.unknown == "group" else codes >= 0
        for one in exposures:
            usable &= ~np.isnan(one)
        there = usable[:, None] & ~np.isnan(section.values)
        made = np.where(there, section.values, 0.0)
        if there.any():
            alike = bool((there == there[:, :1]).all())  # one regression serves all fields
            _take_out(made, there, there[:, :1] if alike else there, codes, exposures)
        made[~there] = np.nan
        for place, name in enumerate(section.fields):
            if name in self.exposures:
                made[:, place] = section.values[:, place]
        return made


def _take_out(
    values: FloatArray, there: BoolArray, among: BoolArray, codes: IntArray, exposures: list[FloatArray]
) -> None:
    """Leave residuals in `values` ``[n, F]``; `among` ``[n, F or 1]`` are the assets of each field's regression."""
    group = np.unique(codes, return_inverse=True)[1]
    by_group = csr_array((np.ones(len(group)), (group, np.arange(len(group)))))
    inside = among.astype(np.float64)
    size = np.maximum(by_group @ inside, 1.0)

    def within(columns: FloatArray) -> None:
        for _ in range(_TWICE):
            columns -= ((by_group @ columns) / size)[group]
            columns *= inside if columns.shape == inside.shape else there

    within(values)
    basis: list[tuple[FloatArray, FloatArray]] = []
    for one in exposures:
        column = np.where(among, one[:, None], 0.0)
        whole = _dot(column, column)
        within(column)
        for _ in range(_TWICE):
            for earlier, norm in basis:
                column -= earlier * (_dot(earlier, column) / norm)
        left = _dot(column, column)
        new = left > _RANK**2 * whole
        column *= new
        basis.append((column, np.where(new, left, 1.0)))
    for _ in range(_TWICE):
        for column, norm in basis:
            values -= column * (_dot(column, values) / norm)
    if basis:
        within(values)


def _dot(left: FloatArray, right: FloatArray) -> FloatArray:
    """Sums over the assets of products ``[F]``."""
    made: FloatArray = left[:, 0] @ right if left.shape[1] == 1 else np.einsum("nf,nf->f", left, right)
    return made
