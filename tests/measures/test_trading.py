"""Trading: round trips that add up to the book, and the falls that spells did or did not avoid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tidegate.errors import DataError, SettingError
from tidegate.measures import falls as f
from tidegate.measures import trading as m

FLAGS = arrays(np.bool_, st.integers(1, 40))


class TestTrips:
    def test_a_turn_without_a_flat_bar_is_two_trips(self):
        trips = m.trips_of_path([1, 1, -1, 0], [101, 103, 102, 104], 100.0)
        assert trips.side.tolist() == [1, -1]
        assert trips.profit.tolist() == [3.0, 1.0]
        assert trips.exit.tolist() == [1, 3]
        assert trips.closed.all()

    @given(arrays(np.int64, st.integers(1, 30), elements=st.integers(-1, 1)), st.integers(0, 2**31))
    def test_profits_of_a_path_add_up_where_flat_bars_earn_nothing(self, side, seed):
        before = np.concatenate([[0], side[:-1]])
        moves = np.random.default_rng(seed).integers(-5, 6, side.size) * ((side != 0) | (before != 0))
        trips = m.trips_of_path(side, 1000.0 + np.cumsum(moves), 1000.0)
        assert trips.profit.sum() == pytest.approx(moves.sum())
        assert m.bars_in_market(side) == np.count_nonzero(side)

    @given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-5, 5), st.integers(1, 20)), min_size=1, max_size=30))
    def test_profits_of_fills_add_up_to_the_cash(self, rows):
        assets, quantity, price = (list(column) for column in zip(*rows, strict=True))
        for name in "ab":  # end flat, at the price of 10
            assets, quantity, price = (
                [*assets, name],
                [*quantity, -sum(q for a, q in zip(assets, quantity, strict=True) if a == name)],
                [*price, 10],
            )
        quantity, price = np.array(quantity), np.array(price)
        fees = 0.01 * np.abs(quantity)
        trips = m.trips_of_fills(np.arange(quantity.size), assets, quantity, np.abs(quantity) * price, fees)
        assert trips.profit.sum() == pytest.approx(-(quantity * price).sum() - fees.sum(), abs=1e-9)
        assert trips.closed.all()
        assert np.all(np.diff(trips.exit) >= 0)

    def test_a_fill_through_zero_is_split(self):
        trips = m.trips_of_fills([0, 1, 2], ["x"] * 3, [2, -5, 3], [20.0, 60.0, 30.0], [0.0, 0.5, 0.0])
        assert trips.profit == pytest.approx([24 - 20 - 0.2, 36 - 30 - 0.3])
        assert trips.side.tolist() == [1, -1]

    def test_selling_half_realises_half_and_stays_open(self):
        trips = m.trips_of_fills([0, 1], ["x", "x"], [10, -5], [100.0, 60.0], [1.0, 1.0])
        assert trips.profit == pytest.approx([60 - 50 - 2])
        assert not trips.closed.any()
        assert np.isnan(m.win_rate(trips))

    def test_fees_turn_a_win_into_a_loss(self):
        free, paid = (m.trips_of_fills([0, 1], ["x", "x"], [1, -1], [100.0, 101.0], [fee, fee]) for fee in (0.0, 0.6))
        assert (m.win_rate(free), m.win_rate(paid)) == (1.0, 0.0)

    def test_nothing_traded(self):
        assert len(m.trips_of_fills([], [], [], [], [])) == 0
        assert len(m.trips_of_path([0, 0], [1, 1], 1.0)) == 0

    def test_refusals(self):
        with pytest.raises(DataError, match="missing values"):
            m.trips_of_path([1.0, np.nan], [1.0, 1.0], 1.0)
        with pytest.raises(DataError, match="differ in length"):
            m.trips_of_fills([0], ["x"], [1, 2], [1.0], [0.0])


class TestSpells:
    @given(FLAGS)
    def test_spells_rebuild_the_flags(self, flags):
        rebuilt = np.zeros_like(flags)
        for first, stop in m.spells(flags):
            rebuilt[first:stop] = True
        assert np.array_equal(rebuilt, flags)

    @given(FLAGS)
    def test_the_longest_run_is_the_longest_spell(self, flags):
        lengths = np.diff(m.spells(flags), axis=1)
        assert m.longest_run(np.stack([flags, flags])).tolist() == [lengths.max(initial=0)] * 2

    def test_turnover_is_one_sided(self):
        bought, sold = np.array([[50.0, 50.0, 0.0]] * 2), np.array([[0.0, 0.0, 80.0], [0.0, 0.0, 0.0]])
        assert m.turnover(bought, sold, np.full((2, 3), 100.0), periods_per_year=3) == pytest.approx([0.8, 0.0])


class TestFalls:
    def test_the_worst_share_is_exact(self):
        close = np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.01, 1001)))
        marked = f.ForwardFalls(span=1, worst=0.05).mark(close)
        assert marked.sum() == 50
        assert not marked[-1]
        forward = close[1:] / close[:-1] - 1
        assert forward[marked[:-1]].max() < forward[~marked[:-1]].min()

    def test_a_long_bear_market_is_several_falls(self):
        close = [100, 85, 95, 96, 80, 70, 90, 89]
        marked = f.DrawdownFalls(depth=0.1, recovery=0.1).mark(close)
        assert m.spells(marked).tolist() == [[0, 1], [3, 5]]

    def test_a_fall_that_still_runs_counts(self):
        assert f.DrawdownFalls(depth=0.1, recovery=0.1).mark([100, 101, 89]).tolist() == [False, True, False]

    def test_being_always_out_is_no_skill(self):
        fell = f.ForwardFalls(span=1, worst=0.2).mark(np.exp(np.cumsum(np.random.default_rng(1).normal(size=100))))
        found = f.coverage(fell, np.ones(100, dtype=bool))
        assert (found.share_of_bars, found.base_rate, found.p_shift, found.p_hypergeometric) == (1.0, 1.0, 1.0, 1.0)

    def test_shifts_are_counted_one_by_one(self):
        rng = np.random.default_rng(2)
        fell, out = rng.random(97) < 0.2, rng.random(97) < 0.4
        overlaps = [(fell & np.roll(out, shift)).sum() for shift in range(97)]
        assert f.coverage(fell, out).p_shift == pytest.approx(np.mean(np.array(overlaps) >= overlaps[0]))

    def test_shifts_hold_their_size_where_the_hypergeometric_does_not(self):
        rng = np.random.default_rng(3)
        fell, out = (np.repeat(rng.random((400, 25)) < share, 20, axis=1) for share in (0.2, 0.4))
        turns = rng.integers(0, 500, 400)
        found = [f.coverage(a, np.roll(b, s)) for a, b, s in zip(fell, out, turns, strict=True)]
        shift = np.mean([x.p_shift <= 0.05 for x in found])
        naive = np.mean([x.p_hypergeometric <= 0.05 for x in found])
        assert shift < 0.08
        assert naive > 0.25

    def test_no_fall_no_share(self):
        found = f.coverage([False, False], [True, False])
        assert np.isnan(found.share_of_bars)
        assert (found.bars, found.episodes) == (0, 0)

    def test_refusals(self):
        with pytest.raises(SettingError, match="either worst or drop"):
            f.ForwardFalls(span=5)
        with pytest.raises(SettingError, match="either worst or drop"):
            f.ForwardFalls(span=5, worst=0.05, drop=0.1)
        with pytest.raises(DataError, match="positive prices"):
            f.DrawdownFalls(depth=0.1, recovery=0.1).mark([1.0, 0.0])
        with pytest.raises(DataError, match="differ in shape"):
            f.coverage([True], [True, False])
