"""Cross-sections: the same factors, seen date by date instead of asset by asset.

A panel lies asset-major, because windows are stretches of one asset. What is prepared by date (extremes, standing,
industry) wants the assets of one date beside each other, in double precision: the one cast to single comes afterwards.
Rows are ragged: a date holds the assets that were there, and nobody else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tidegate.errors import UnknownNameError
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray, frozen, require
from tidegate.types.panel import Panel

__all__ = ["CrossSections", "Section"]


@dataclass(frozen=True)
class Section:
    """One date alone: n assets × F fields, with what else is known of each asset; a step sees nothing more.

    Known at
        CLOSE of the date.
    """

    values: FloatArray
    fields: tuple[str, ...]
    groups: Mapping[str, IntArray] = field(default_factory=dict)
    exposures: Mapping[str, FloatArray] = field(default_factory=dict)

    def group(self, name: str) -> IntArray:
        """Codes of a grouping ``[n]``, below zero where unknown; raises `UnknownNameError`."""
        if name not in self.groups:
            raise UnknownNameError.among("grouping", name, self.groups, where="cross-section")
        return self.groups[name]

    def exposure(self, name: str) -> FloatArray:
        """One exposure ``[n]``: a field as it now is, else one given beside the fields; raises `UnknownNameError`."""
        if name in self.fields:
            return self.values[:, self.fields.index(name)]
        if name not in self.exposures:
            raise UnknownNameError.among("exposure", name, (*self.exposures, *self.fields), where="cross-section")
        return self.exposures[name]


@dataclass(frozen=True)
class CrossSections:
    """Values ``f64 [R, F]``, time-major; made only through `of`, `of_panel` or `of_grid`.

    `offsets` ``[T + 1]`` bounds each date's rows, `asset` ``[R]`` is a position among `assets`. `groups` are codes
    ``[R]`` (industry; below zero is unknown), `exposures` are numbers ``[R]`` (log market value).

    Known at
        A row of date *t* at CLOSE(t); the caller owes the same of groups and exposures.
    Missing values
        NaN. Infinities are refused.

    >>> made = CrossSections.of_grid(np.array([[[1.0], [2.0]], [[3.0], [np.nan]]]), ("x",))
    >>> [section.values[:, 0].tolist() for section in made]
    [[1.0, 2.0], [3.0, nan]]
    """

    values: FloatArray
    fields: tuple[str, ...]
    times: TimeArray
    assets: tuple[str, ...]
    offsets: IntArray
    asset: IntArray
    groups: Mapping[str, IntArray] = field(default_factory=dict)
    exposures: Mapping[str, FloatArray] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        values: FloatArray,
        fields: tuple[str, ...],
        times: TimeArray,
        assets: tuple[str, ...],
        offsets: IntArray,
        asset: IntArray,
        groups: Mapping[str, IntArray] | None = None,
        exposures: Mapping[str, FloatArray] | None = None,
    ) -> "CrossSections":
        """Check the axes and freeze the arrays; raises `RecordError`."""
        rows = values.shape[0]
        require(
            holds=values.shape == (rows, len(fields)) and values.dtype == np.float64,
            what="cross-sections are double precision, one column per field",
            expected=("float64", (rows, len(fields))),
            found=(values.dtype, values.shape),
        )
        require(holds=len(set(fields)) == len(fields), what="two fields have one name", found=fields)
        spans = offsets.shape == (len(times) + 1,) and int(offsets[0]) == 0 and int(offsets[-1]) == rows
        require(holds=spans and bool(np.all(np.diff(offsets) >= 0)), what="spans must cover the rows", expected=rows)
        held: list[tuple[str, FloatArray | IntArray]] = [("asset", asset)]
        held += [*(groups or {}).items(), *(exposures or {}).items()]
        for name, array in held:
            require(holds=array.shape == (rows,), what=f"one {name} per row", expected=rows, found=array.shape)
        for name, array in (("values", values), *(exposures or {}).items()):
            wild = int(np.isinf(array).sum())
            require(holds=not wild, what=f"{name} are infinite", found=wild, hint="a missing number is NaN")
        return cls(
            frozen(values),
            tuple(fields),
            frozen(times),
            tuple(assets),
            frozen(offsets.astype(np.int64)),
            frozen(asset.astype(np.int64)),
            {name: frozen(codes.astype(np.int64)) for name, codes in (groups or {}).items()},
            {name: frozen(numbers.astype(np.float64)) for name, numbers in (exposures or {}).items()},
        )

    @classmethod
    def of_panel(
        cls,
        panel: Panel,
        groups: Mapping[str, IntArray] | None = None,
        exposures: Mapping[str, FloatArray] | None = None,
    ) -> "CrossSections":
        """Turn a panel by its dates; groups and exposures come in the panel's own order of rows ``[R]``."""
        return cls.of_values(panel.values.astype(np.float64), panel, groups, exposures)

    @classmethod
    def of_values(
        cls,
        values: FloatArray,
        panel: Panel,
        groups: Mapping[str, IntArray] | None = None,
        exposures: Mapping[str, FloatArray] | None = None,
    ) -> "CrossSections":
        """Turn values ``f64 [R, F]`` that lie as a panel's rows do, before they were cast; as `of_panel` else."""
        order = panel.by_time
        bounds = np.searchsorted(panel.row_time[order], np.arange(len(panel.times) + 1))
        return cls.of(
            values[order],
            panel.fields,
            panel.times,
            panel.assets,
            bounds,
            panel.row_asset[order],
            {name: codes[order] for name, codes in (groups or {}).items()},
            {name: numbers[order] for name, numbers in (exposures or {}).items()},
        )

    @classmethod
    def of_grid(
        cls,
        values: FloatArray,
        fields: tuple[str, ...],
        times: TimeArray | None = None,
        assets: tuple[str, ...] | None = None,
        present: BoolArray | None = None,
        groups: Mapping[str, IntArray] | None = None,
        exposures: Mapping[str, FloatArray] | None = None,
    ) -> "CrossSections":
        """Make them of dates × assets × factors ``[T, N, F]``; rows where `present` ``[T, N]``, everywhere by default.

        Groups and exposures are ``[T, N]`` too. Times are numbered from 1970-01-01 and assets from 0 where not given.
        """
        require(holds=values.ndim == 3, what="a grid is dates × assets × factors", found=values.shape)  # noqa: PLR2004
        dates, count, _ = values.shape
        there = np.ones((dates, count), dtype=bool) if present is None else present
        axis = np.arange(dates).astype("datetime64[D]").astype("datetime64[us]") if times is None else times
        return cls.of(
            values[there].astype(np.float64),
            fields,
            axis,
            tuple(str(n) for n in range(count)) if assets is None else assets,
            np.concatenate([[0], np.cumsum(there.sum(axis=1))]),
            np.nonzero(there)[1],
            {name: codes[there] for name, codes in (groups or {}).items()},
            {name: numbers[there] for name, numbers in (exposures or {}).items()},
        )

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Section]:
        return (self.at(date) for date in range(len(self)))

    def at(self, date: int) -> Section:
        """One date's section, as views."""
        rows = slice(int(self.offsets[date]), int(self.offsets[date + 1]))
        return Section(
            self.values[rows],
            self.fields,
            {name: codes[rows] for name, codes in self.groups.items()},
            {name: numbers[rows] for name, numbers in self.exposures.items()},
        )

    def grid(self) -> FloatArray:
        """Dates × assets × factors ``[T, N, F]``, NaN where an asset has no row."""
        made = np.full((len(self), len(self.assets), len(self.fields)), np.nan)
        made[np.repeat(np.arange(len(self)), np.diff(self.offsets)), self.asset] = self.values
        return made

    def panel(self, like: Panel) -> Panel:
        """Turn them back into a panel with the rows of `like`: here stands the cast to single precision."""
        require(holds=len(self.values) == len(like.values), what="the panel has other rows", found=len(like.values))
        values = np.empty(self.values.shape, dtype=np.float32)
        values[like.by_time] = self.values
        kept = like.forcings & set(self.fields)
        return Panel.of(values, like.times, like.assets, self.fields, like.row_time, like.offsets, kept)
