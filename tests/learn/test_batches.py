"""Gathering: the same numbers as windows cut one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import RecordError
from tidegate.learn.batches import Gather
from tidegate.learn.gathered import whole
from tidegate.types import Affine, Panel, Windows


def with_values(windows, values):
    panel = windows.panel
    other = Panel.of(values, panel.times, panel.assets, panel.fields, panel.row_time, panel.offsets)
    return Windows.of(
        other,
        windows.lookback,
        windows.inputs,
        windows.context,
        windows.horizon,
        windows.anchors,
        windows.target,
        windows.known,
    )


@given(per_window=st.booleans(), context=st.booleans(), lookback=st.integers(1, 9), chance=st.integers(0, 10**6))
def test_a_batch_is_the_windows_cut_by_hand(worlds, per_window, context, lookback, chance):
    world = worlds(rows=40, assets=3, lookback=lookback, context=context, per_window=per_window)
    windows, affine = world.windows, world.affine
    gather = Gather(windows, affine)
    which = np.random.default_rng(chance).integers(0, len(windows), size=17)
    batch = gather.batch(gather.admit(which))
    inputs = [windows.panel.field(f) for f in windows.inputs]
    around = [windows.panel.field(f) for f in windows.context]
    for at, m in enumerate(which):
        end = windows.anchors[m] + 1
        pair = m if per_window else 0
        cut = windows.panel.values[end - lookback : end, inputs]
        expected = (cut - affine.centre[pair].astype(np.float32)) / affine.scale[pair].astype(np.float32)
        np.testing.assert_array_equal(batch.x[at].numpy(), expected)
        np.testing.assert_array_equal(batch.c[at].numpy(), windows.panel.values[end - 1, around])


def test_the_panel_is_not_copied_and_never_written(world):
    gather = Gather(world.windows, world.affine)
    assert gather._view.data_ptr() == world.windows.panel.values.ctypes.data
    before = world.windows.panel.values.copy()
    gather.batch(gather.admit(world.train))
    np.testing.assert_array_equal(world.windows.panel.values, before)


@given(row=st.integers(0, 39), column=st.integers(0, 2))
def test_missing_values_are_found_exactly_where_a_window_sees_them(worlds, row, column):
    world = worlds(rows=40, lookback=4, context=True)
    values = world.windows.panel.values.copy()
    values[row, column] = np.nan
    windows = with_values(world.windows, values)
    ends = windows.anchors
    seen = ends == row if column == 2 else (ends >= row) & (ends - 3 <= row)
    np.testing.assert_array_equal(whole(windows), ~seen)
    gather = Gather(windows, world.affine)
    gather.admit(np.flatnonzero(~seen))
    if seen.any():
        with pytest.raises(RecordError, match=rf"missing value \(position {np.flatnonzero(seen)[0]}\)"):
            gather.admit(np.arange(len(windows)))


def test_a_normaliser_of_other_windows_is_refused(world):
    with pytest.raises(RecordError, match="not made for these windows"):
        Gather(world.windows, Affine.of(np.zeros((7, 3)), np.ones((7, 3))))
