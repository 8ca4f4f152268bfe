"""Classes by standing: by hand, in both ways of counting, and their balance by month."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from tidegate.errors import RecordError, SettingError
from tidegate.factors.base import panel_of
from tidegate.prepare.ahead import known_position
from tidegate.prepare.balance import class_balance
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.label import forward_return
from tidegate.prepare.relative_classes import RelativeClasses
from tidegate.prepare.return_classes import ReturnClasses
from tidegate.prepare.windows import cut_windows
from tidegate.testing.blind_labels import check_label
from tidegate.testing.history import example_bars
from tidegate.types.clock import Horizon

HORIZON = Horizon(lag=1, span=3)


def made(label, bars, count="sessions"):
    panel = panel_of(bars, {"close": bars.column("close")})
    known = known_position(panel, label.exit_row(panel, count))
    return label.target(bars, panel, count), known, panel


def test_thirty_forty_thirty_of_ten():
    label = RelativeClasses(horizon=HORIZON)
    classes = label._classes(np.arange(10.0), np.full(10, 7))
    assert classes.tolist() == [-1, -1, -1, 0, 0, 0, 0, 1, 1, 1]
    five = label.but(shares=(0.2, 0.2, 0.2, 0.2, 0.2))._classes(np.arange(10.0), np.full(10, 7))
    assert five.tolist() == [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2]


def test_ties_share_a_class_and_one_alone_has_none():
    label = RelativeClasses(horizon=HORIZON)
    assert label._classes(np.array([1.0, 1, 1, 1, 9]), np.full(5, 2)).tolist() == [0, 0, 0, 0, 1]
    assert np.isnan(label._classes(np.array([1.0]), np.array([2]))).all()
    assert np.isnan(label.but(fewest=4)._classes(np.arange(3.0), np.full(3, 2))).all()


def test_who_comes_late_is_ranked_but_does_not_rank_the_others():
    label = RelativeClasses(horizon=HORIZON)
    returns, known = np.array([0.0, 1, 2, 9]), np.array([5, 5, 5, 8])
    assert label._classes(returns, known).tolist() == [-1, 0, 1, 1]
    assert label._classes(np.array([0.0, 1, 2, -9]), known).tolist() == [-1, 0, 1, -1]


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 2)), min_size=2, max_size=30))
def test_standing_against_a_plain_ranking(told):
    returns, known = np.array([float(r) for r, _ in told]), np.array([k for _, k in told])
    classes = RelativeClasses(horizon=HORIZON)._classes(returns, known)
    for at, moment in enumerate(known):
        among = known <= moment
        if among.sum() < 2:
            assert np.isnan(classes[at])
            continue
        rank = rankdata(returns[among])[np.flatnonzero(among).tolist().index(at)]
        standing = (rank - 0.5) / among.sum()
        assert classes[at] == (-1 if standing < 0.3 - 1e-9 else 1 if standing >= 0.7 - 1e-9 else 0)


@pytest.mark.parametrize("count", ["rows", "sessions"])
def test_shares_by_date_on_made_up_bars(count):
    bars = example_bars(sessions=40, assets=20, seed=3)
    target, _, panel = made(RelativeClasses(horizon=HORIZON), bars, count)
    returns = forward_return(bars, panel, HORIZON, count)
    assert np.array_equal(np.isnan(target), np.isnan(returns))
    at = panel.row_time == 30
    assert (target[at] == -1).sum() == pytest.approx(0.3 * at.sum(), abs=1)
    assert (target[at] == 1).sum() == pytest.approx(0.3 * at.sum(), abs=1)
    assert returns[at][target[at] == -1].max() <= returns[at][target[at] == 0].min()


def test_it_is_known_when_it_says():
    assert check_label(RelativeClasses(horizon=HORIZON), example_bars(sessions=60, assets=8)) >= 8


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.3, 0.3, 0.3), (1.2, -0.4, 0.2)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(SettingError, match="sum to one and have a middle"):
        RelativeClasses(horizon=HORIZON, shares=shares)


def test_balance_by_month_against_a_count_by_hand():
    bars = example_bars(sessions=70, assets=6, seed=1)
    panel = panel_of(bars, {"close": bars.column("close")})
    label = ReturnClasses(horizon=HORIZON, thresholds=(0.03, 0.05))
    windows = cut_windows(bars, panel, label, 5, "rows", ("close",)).windows
    balance = class_balance(windows)
    assert balance.classes.tolist() == [-2, -1, 0, 1, 2]
    month = panel.times[windows.anchor_time].astype("datetime64[M]")
    told = ~np.isnan(windows.target)
    assert balance.counts.sum() == told.sum()
    for row, when in enumerate(balance.months.astype("datetime64[M]")):
        for place, value in enumerate(balance.classes):
            assert balance.counts[row, place] == ((month == when) & (windows.target == value)).sum()
    assert balance.shares.sum(axis=1) == pytest.approx(np.ones(len(balance.months)))
    common = balance.classes[balance.counts.sum(axis=0).argmax()]
    assert balance.majority[1] == pytest.approx(np.mean(windows.target[told & (month == balance.months[1])] == common))


def test_returns_are_no_classes():
    bars = example_bars(sessions=70, assets=6)
    panel = panel_of(bars, {"close": bars.column("close")})
    windows = cut_windows(bars, panel, ForwardReturn(horizon=HORIZON), 5, "rows", ("close",)).windows
    with pytest.raises(RecordError, match="targets are no classes"):
        class_balance(windows)
