"""Judged windows that are looked at: bounded, spread over time, and dates keep their cross-sections."""

from types import SimpleNamespace

import numpy as np
import pytest

from tidegate.study.insight import judged


def dealt(sizes, unknown=()):
    """Windows of dates with so many assets each, in the order of a panel: asset by asset, each in time order."""
    time = [date for asset in range(max(sizes)) for date, size in enumerate(sizes) if asset < size]
    target = np.ones(len(time))
    target[list(unknown)] = np.nan
    windows = SimpleNamespace(anchor_time=np.array(time), target=target)
    return windows, SimpleNamespace(testing=lambda held: held.anchor_time >= 10)


def test_one_asset_is_spread_evenly():
    windows, fold = dealt([1] * 1010, unknown=[1009])
    which = judged(windows, fold, 100)
    assert (which.size, which[0], which[-1]) == (100, 10, 1008)
    assert set(np.diff(which)) <= {10, 11}


def test_few_windows_are_all_taken():
    windows, fold = dealt([3] * 20)
    np.testing.assert_array_equal(judged(windows, fold, 30), np.flatnonzero(windows.anchor_time >= 10))


@pytest.mark.parametrize("most", [200, 333, 512])
def test_dates_stay_whole(most):
    sizes = np.random.default_rng(1).integers(2, 6, 600).tolist()
    windows, fold = dealt(sizes)
    which = judged(windows, fold, most)
    dates, found = np.unique(windows.anchor_time[which], return_counts=True)
    np.testing.assert_array_equal(found, np.array(sizes)[dates])
    assert most - 60 <= which.size <= most
    assert (dates[0], dates[-1]) == (10, 599)
    assert np.diff(dates).max() <= np.ceil(590 / (dates.size - 1))
    assert (np.diff(which) > 0).all()


def test_broad_dates_are_thinned_rather_than_few():
    windows, fold = dealt([300] * 200)
    which = judged(windows, fold, 512)
    dates, found = np.unique(windows.anchor_time[which], return_counts=True)
    assert dates.size == 40
    assert set(found) == {12}
