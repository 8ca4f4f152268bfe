"""Panel: factors of every asset over time, and the windows' ground.

Logical axes T, N, F. Stored asset-major and ragged: the rows of one asset lie next to each other in time order, so that
a window of L rows is one contiguous block and can be handed out as a view.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tidegate.errors import UnknownNameError
from tidegate.types.axes import BoolArray, IntArray, Single, TimeArray, frozen, require

__all__ = ["Panel"]


@dataclass(frozen=True)
class Panel:
    """Values ``f32 [R, F]`` with the time and asset of each row; made only through `Panel.of`.

    Known at
        Row *t* uses data up to CLOSE(t) only, except in `forcings`: fields lawfully known ahead, such as the calendar.
    Missing values
        NaN is missing, never 0.
    """

    values: Single
    times: TimeArray
    assets: tuple[str, ...]
    fields: tuple[str, ...]
    row_time: IntArray
    offsets: IntArray
    forcings: frozenset[str]

    @classmethod
    def of(
        cls,
        values: Single,
        times: TimeArray,
        assets: tuple[str, ...],
        fields: tuple[str, ...],
        row_time: IntArray,
        offsets: IntArray,
        forcings: frozenset[str] = frozenset(),
    ) -> "Panel":
        """Check the axes and freeze the arrays.

        `row_time` [R] is each row's position on `times` [T]; `offsets` [N+1] bounds each asset's rows.
        """
        rows = values.shape[0]
        require(holds=values.ndim == 2, what="panel values need two axes", expected="[R, F]", found=values.shape)  # noqa: PLR2004
        require(holds=values.dtype == np.float32, what="panel values are single precision", found=values.dtype)
        require(
            holds=values.shape[1] == len(fields),
            what="fields and values disagree",
            expected=values.shape[1],
            found=fields,
        )
        require(holds=len(set(fields)) == len(fields), what="two fields have one name", found=fields)
        require(holds=row_time.shape == (rows,), what="one time per row", expected=rows, found=row_time.shape)
        require(
            holds=offsets.shape == (len(assets) + 1,),
            what="one span per asset",
            expected=len(assets) + 1,
            found=offsets.shape,
        )
        require(
            holds=int(offsets[0]) == 0 and int(offsets[-1]) == rows,
            what="spans must cover the rows",
            expected=rows,
            found=offsets[[0, -1]],
        )
        require(holds=len(set(assets)) == len(assets), what="two assets have one name", found=assets)
        require(holds=bool(np.all(np.diff(offsets) >= 0)), what="spans must go forward", found=offsets)
        on_axis = bool(np.all((row_time >= 0) & (row_time < len(times))))
        require(
            holds=on_axis,
            what="a row leaves the time axis",
            expected=f"0 … {len(times) - 1}",
            found=(row_time.min(), row_time.max()) if rows else None,
        )
        steps = np.diff(row_time)
        inner = np.ones(max(rows - 1, 0), dtype=bool)
        inner[(offsets[1:-1] - 1)[(offsets[1:-1] > 0) & (offsets[1:-1] < rows)]] = False
        require(holds=bool(np.all(steps[inner] > 0)), what="rows of an asset must go forward in time")
        require(holds=bool(np.all(np.diff(times) > np.timedelta64(0, "us"))), what="the time axis must increase")
        require(holds=forcings <= set(fields), what="a forcing is not a field", expected=fields, found=sorted(forcings))
        return cls(
            frozen(np.ascontiguousarray(values)),
            frozen(times),
            tuple(assets),
            tuple(fields),
            frozen(row_time.astype(np.int64)),
            frozen(offsets.astype(np.int64)),
            forcings,
        )

    def field(self, name: str) -> int:
        """Position of a field; raises `UnknownNameError`."""
        if name not in self.fields:
            raise UnknownNameError.among("field", name, self.fields, where="panel")
        return self.fields.index(name)

    def column(self, name: str) -> Single:
        """One field over all rows, ``f32 [R]``."""
        return self.values[:, self.field(name)]

    @cached_property
    def row_asset(self) -> IntArray:
        """Each row's position among `assets` [R]."""
        return frozen(np.repeat(np.arange(len(self.assets)), np.diff(self.offsets)))

    @cached_property
    def first_row(self) -> IntArray:
        """The first row of each row's asset [R]: a window never reaches before it."""
        return frozen(np.repeat(self.offsets[:-1], np.diff(self.offsets)))

    @cached_property
    def by_time(self) -> IntArray:
        """A permutation of the rows, time-major: the cross-sections."""
        return frozen(np.lexsort((self.row_asset, self.row_time)))

    @cached_property
    def complete(self) -> BoolArray:
        """Rows without a missing value [R]."""
        return frozen(np.asarray(np.isfinite(self.values).all(axis=1)))
