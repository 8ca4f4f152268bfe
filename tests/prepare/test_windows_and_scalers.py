"""Windows over gaps, assets and missing values; scalers against other implementations."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import zscore

from tidegate.errors import SettingError, UnknownNameError
from tidegate.factors.raw import RawFields
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.normaliser import training_rows
from tidegate.prepare.scalers import AsGiven, MinMax, Standard
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.prepare.windows import cut_windows
from tidegate.testing.blind_windows import example_windows
from tidegate.testing.history import example_bars
from tidegate.types import Bars, Fold, Horizon, Span

BARS = example_bars(sessions=60)
LABEL = ForwardReturn(horizon=Horizon(lag=1, span=3))
FIELDS = ("close", "volume")


def cut(bars=BARS, lookback=5, count="rows", first=0, context=()):
    panel = RawFields(fields=("close", "volume", "high"), optional=()).compute(bars)
    return cut_windows(bars, panel, LABEL, lookback, count, FIELDS, context, first)


def slow(bars, lookback, count, first=0):
    """The anchors that a loop would keep."""
    made = cut(bars, 1, "rows").windows.panel
    kept = []
    for row in range(len(made.row_time)):
        rows = list(range(row - lookback + 1, row + 1))
        if made.row_time[row] < first or rows[0] < made.first_row[row]:
            continue
        if count == "sessions" and any(made.row_time[b] - made.row_time[a] != 1 for a, b in pairwise(rows)):
            continue
        if not np.isfinite(made.values[rows][:, :2]).all():
            continue
        kept.append(row)
    return kept


def holed(bars, share, seed):
    hit = np.random.default_rng(seed).random(bars.frame.height) < share
    return Bars.of(bars.frame.with_columns(volume=pl.when(pl.Series(hit)).then(None).otherwise("volume")), bars.spec)


@pytest.mark.parametrize("count", ["rows", "sessions"])
@pytest.mark.parametrize("lookback", [1, 2, 5, 20, 61])
def test_anchors_are_those_of_a_loop(lookback, count):
    bars = holed(BARS, 0.03, lookback)
    made = cut(bars, lookback, count, first=3)
    assert made.windows.anchors.tolist() == slow(bars, lookback, count, first=3)
    assert len(made.windows) + sum(made.dropped.values()) == bars.frame.height


def test_each_row_is_dropped_for_its_first_reason():
    made = cut(count="sessions", first=2)
    gaps = sum(
        int((np.diff(made.windows.panel.row_time[a:b]) > 1).sum()) for a, b in pairwise(made.windows.panel.offsets)
    )
    assert made.dropped["a gap in the window"] == gaps * 4
    assert made.dropped["before the span"] == 4
    assert made.dropped["a missing value"] == 0
    assert cut().dropped["a gap in the window"] == 0


def test_a_window_never_crosses_assets():
    windows = cut(lookback=7).windows
    for anchor in windows.anchors:
        assert len(set(windows.panel.row_asset[anchor - 6 : anchor + 1])) == 1


def test_a_missing_target_keeps_its_window_and_a_missing_input_does_not():
    windows = cut().windows
    assert np.isnan(windows.target).sum() == 4 * 3
    assert (windows.known[np.isnan(windows.target)] == len(BARS.times)).all()
    row = int(windows.anchors[10])
    frame = BARS.frame.with_columns(volume=pl.when(pl.int_range(pl.len()) == row).then(None).otherwise("volume"))
    assert set(windows.anchors) - set(cut(Bars.of(frame, BARS.spec)).windows.anchors) == set(range(row, row + 5))


def test_a_missing_context_counts_at_the_anchor_alone():
    row = int(cut().windows.anchors[10])
    frame = BARS.frame.with_columns(
        open_interest=pl.when(pl.int_range(pl.len()) == row).then(None).otherwise("open_interest")
    )
    bars = Bars.of(frame, BARS.spec)
    panel = RawFields(fields=("close", "volume", "open_interest"), optional=()).compute(bars)
    made = cut_windows(bars, panel, LABEL, 5, "rows", FIELDS, ("open_interest",))
    assert set(cut().windows.anchors) - set(made.windows.anchors) == {row}


def test_inputs_nobody_knows():
    panel = RawFields().compute(BARS)
    with pytest.raises(UnknownNameError, match="did you mean 'close'"):
        cut_windows(BARS, panel, LABEL, 5, "rows", ("closes",))


def views(windows):
    columns = [windows.panel.field(field) for field in windows.inputs]
    return np.stack(
        [windows.panel.values[a - windows.lookback + 1 : a + 1][:, columns] for a in windows.anchors]
    ).astype(np.float64)


@pytest.mark.parametrize("ddof", [0, 1])
def test_window_z_scores_are_those_of_scipy(ddof):
    windows = cut(lookback=9).windows
    affine = WindowZScore(ddof=ddof).fit(windows, np.ones(len(windows), dtype=bool))
    seen = views(windows)
    ours = (seen - affine.centre[:, None, :]) / affine.scale[:, None, :]
    np.testing.assert_allclose(ours, zscore(seen, axis=1, ddof=ddof), rtol=1e-9, atol=1e-9)
    assert affine.fitted_upto is None


def test_a_constant_field_becomes_zero_exactly():
    frame = BARS.frame.with_columns(volume=pl.lit(0.1))
    windows = cut(Bars.of(frame, BARS.spec), lookback=7).windows
    affine = WindowZScore().fit(windows, np.ones(len(windows), dtype=bool))
    assert (affine.scale[:, 1] == 1.0).all()
    assert ((views(windows)[:, :, 1] - affine.centre[:, None, 1]) == 0.0).all()


def test_a_panel_shorter_than_a_window_gives_no_window_and_no_error():
    windows = cut(BARS.upto(BARS.times[2]), lookback=40).windows
    assert len(windows) == 0
    assert WindowZScore().fit(windows, np.zeros(0, dtype=bool)).centre.shape == (0, 2)


def test_a_window_of_one_row():
    windows = cut(lookback=1).windows
    affine = WindowZScore(ddof=1).fit(windows, np.ones(len(windows), dtype=bool))
    assert (affine.scale == 1.0).all()


@pytest.mark.parametrize("end", [15, 30, 45])
def test_scalers_see_the_training_rows_and_no_other(end):
    windows = cut().windows
    training = Fold.of(0, Span(0, end), None, Span(end, 60)).training(windows)
    seen = np.unique(np.concatenate([np.arange(a - 4, a + 1) for a in windows.anchors[training]]))
    rows = windows.panel.values[seen][:, :2].astype(np.float64)
    found, upto = training_rows(windows, training)
    assert np.array_equal(found, rows)
    assert upto == windows.panel.row_time[seen].max() < end - 1
    low = MinMax().fit(windows, training)
    assert np.array_equal(low.centre[0], rows.min(axis=0))
    assert np.array_equal(low.scale[0], np.ptp(rows, axis=0))
    mean = Standard().fit(windows, training)
    np.testing.assert_allclose(mean.centre[0], rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(mean.scale[0], rows.std(axis=0), rtol=1e-12)
    assert low.fitted_upto == mean.fitted_upto == upto


def test_values_after_training_may_leave_the_unit_interval():
    windows = cut().windows
    training = Fold.of(0, Span(0, 20), None, Span(20, 60)).training(windows)
    affine = MinMax().fit(windows, training)
    scaled = (views(windows) - affine.centre) / affine.scale
    assert scaled[training].min() >= 0.0
    assert scaled[training].max() <= 1.0
    assert scaled.max() > 1.0 or scaled.min() < 0.0


@pytest.mark.parametrize("scaler", [MinMax(), Standard()])
def test_nothing_to_fit_on_is_said(scaler):
    windows = cut().windows
    with pytest.raises(SettingError, match="no training window is left"):
        scaler.fit(windows, np.zeros(len(windows), dtype=bool))


def test_as_given_is_the_identity():
    affine = AsGiven().fit(cut().windows, np.zeros(3, dtype=bool))
    assert affine.centre.tolist() == [[0.0, 0.0]]
    assert affine.scale.tolist() == [[1.0, 1.0]]


@given(st.integers(5, 55), st.integers(0, 4), st.integers(1, 6))
def test_no_training_target_is_known_at_or_after_the_cut(end, lag, span):
    windows = example_windows(BARS, lookback=3, horizon=Horizon(lag=lag, span=span))
    fold = Fold.of(0, Span(0, end), None, Span(end, 60))
    marked = fold.training(windows)
    assert (windows.known[marked] < end).all()
    assert not (marked & fold.testing(windows)).any()
    inside = fold.train.holds(windows) & np.isfinite(windows.target)
    assert fold.purged(windows) == inside.sum() - marked.sum()
