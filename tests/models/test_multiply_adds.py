"""Multiply-adds are those of the equations, whatever the cell."""

import pytest

from tidegate.catalog import entries
from tidegate.errors import SettingError
from tidegate.models.cells.act import ACT
from tidegate.models.cells.base import Cell
from tidegate.models.cells.lstm import LSTM
from tidegate.models.ensemble import Ensemble
from tidegate.models.multiply_adds import multiply_adds
from tidegate.models.recurrent import RecurrentNetwork

H, F, L, C = 8, 3, 10, 2
HEAD = 4 * (H + C) + 4
PER_ROW = {
    "rnn": H * (F + H), "lstm": 4 * H * (F + H), "gru": 3 * H * (F + H), "peephole-lstm": 4 * H * (F + H) + 3 * H,
    "coupled-lstm": 3 * H * (F + H), "min-gru": 2 * H * F, "min-lstm": 3 * H * F,
}  # fmt: skip


def counted(cell, **given):
    return multiply_adds(RecurrentNetwork(cell=cell, dense=(4,)), L, F, C, **given)


@pytest.mark.parametrize("name", sorted(set(PER_ROW) & set(entries("cell"))))
def test_every_cell_costs_what_its_equations_say(name):
    assert counted(Cell.of({"name": name, "hidden": H})) == L * PER_ROW[name] + HEAD


def test_stacks_and_both_ways():
    assert counted(LSTM(hidden=H, layers=2)) == L * (PER_ROW["lstm"] + 8 * H * H) + HEAD
    both = L * 2 * PER_ROW["lstm"] + 4 * (2 * H + C) + 4
    assert counted(LSTM(hidden=H, bidirectional=True)) == both


def test_an_ensemble_costs_what_its_members_do():
    member = RecurrentNetwork(cell=LSTM(hidden=H), dense=(4,))
    assert multiply_adds(Ensemble(member=member, count=3), L, F, C) == 3 * multiply_adds(member, L, F, C)


def test_pondering_costs_its_steps():
    flagged, halting = 4 * H * (F + 1 + H), H
    act = ACT(cell=LSTM(hidden=H))
    assert counted(act, ponder=2.5) == pytest.approx(L * 2.5 * (flagged + halting) + HEAD)
    with pytest.raises(SettingError, match="at least one"):
        counted(act, ponder=0.5)


def test_every_layer_ponders_for_itself():
    flagged, above, halting = 4 * H * (F + 1 + H), 4 * H * (H + 1 + H), H
    act = ACT(cell=LSTM(hidden=H, layers=2))
    expected = L * (1.5 * (flagged + halting) + 4.0 * (above + halting)) + HEAD
    assert counted(act, ponder=(1.5, 4.0)) == pytest.approx(expected)
    assert counted(act, ponder=(2.0, 2.0)) == counted(act, ponder=2.0)
    member = RecurrentNetwork(cell=act, dense=(4,))
    three = multiply_adds(Ensemble(member=member, count=3), L, F, C, ponder=(1.5, 4.0))
    assert three == pytest.approx(3 * expected)
    both = ACT(cell=LSTM(hidden=H, layers=2, bidirectional=True))
    above = 4 * H * (2 * H + 1 + H)
    rows = (1.0 + 2.0) * (flagged + halting) + (3.0 + 4.0) * (above + halting)
    assert counted(both, ponder=(1.0, 2.0, 3.0, 4.0)) == pytest.approx(L * rows + 4 * (2 * H + C) + 4)
    with pytest.raises(SettingError, match="for every layer"):
        counted(act, ponder=(1.5,))
