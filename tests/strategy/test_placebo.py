"""Random gates keep everything of a gate but its moments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tidegate.errors import SettingError
from tidegate.strategy.placebo import arrangements, random_gates, random_spells

GATES = arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 1.0])) | arrays(
    np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 1.0, -1.0])
)


def spells(gate):
    edges = np.flatnonzero(np.diff(gate) != 0) + 1
    return [(float(part[0]), len(part)) for part in np.split(gate, edges)]


class TestProperties:
    @given(GATES, st.integers(0, 5), st.integers(0, 2**32))
    def test_the_same_spells_in_another_order(self, gate, count, seed):
        drawn = random_gates(gate, count, seed)
        assert drawn.shape == (count, len(gate))
        for made in drawn:
            assert sorted(spells(made)) == sorted(spells(gate))
            assert [value for value, _ in spells(made)] == [value for value, _ in spells(gate)]

    @given(arrays(np.float64, st.integers(1, 60), elements=st.floats(-1, 1)), st.integers(0, 2**32))
    def test_spells_of_many_values_change_places_whole(self, gate, seed):
        def runs(row):
            return np.split(row, np.flatnonzero(np.diff(row > 0)) + 1)

        drawn = random_spells(gate, 3, seed)
        assert drawn.shape == (3, len(gate))
        for made in drawn:
            assert sorted(part.tobytes() for part in runs(made)) == sorted(part.tobytes() for part in runs(gate))
            assert [bool(part[0] > 0) for part in runs(made)] == [bool(part[0] > 0) for part in runs(gate)]

    @given(GATES, st.integers(0, 1000))
    def test_a_seed_decides(self, gate, seed):
        assert random_gates(gate, 3, seed).tobytes() == random_gates(gate, 3, seed).tobytes()

    def test_every_arrangement_comes_equally_often(self):
        gate = np.array([0.0, 1, 1, 0, 0, 0, 1, 0])
        drawn, counts = np.unique(random_gates(gate, 6000, 1), axis=0, return_counts=True)
        assert len(drawn) == arrangements(gate) == 6
        assert counts.min() > 880
        assert counts.max() < 1120

    def test_books_are_drawn_apart(self):
        gate = np.repeat([0.0, 1, 0, 1, 0, 1, 0], [1, 2, 3, 4, 5, 6, 7])
        drawn = random_gates(gate, 200, 3)
        assert len(np.unique(drawn, axis=0)) > 100

    def test_the_given_gate_is_left_alone(self):
        gate = np.array([0.0, 1, 0, 0, 1, 1])
        kept = gate.copy()
        random_gates(gate, 10, 0)
        assert gate.tolist() == kept.tolist()


class TestRegression:
    @pytest.mark.parametrize(
        "gate, ways", [([1.0] * 5, 1), ([0.0, 1, 1], 1), ([0.0, 1, 0, 0], 2), ([0.0, 1, 0, 1, 0], 1)]
    )
    def test_arrangements(self, gate, ways):
        assert arrangements(np.array(gate)) == ways


class TestValidation:
    @pytest.mark.parametrize("gate", [np.array([]), np.ones((2, 2)), np.array([0.0, np.nan])])
    def test_a_gate_is_one_finite_row(self, gate):
        with pytest.raises(SettingError, match="one row of finite exposures"):
            random_gates(gate, 3, 0)

    def test_a_negative_count_of_spells(self):
        with pytest.raises(SettingError, match="a number of gates"):
            random_spells(np.ones(3), -1, 0)

    def test_a_negative_count(self):
        with pytest.raises(SettingError, match="number of gates"):
            random_gates(np.ones(3), -1, 0)
