"""A module that speaks: a window's bits depend neither on its neighbours nor on where it stands, whatever the cell."""

import pytest
import torch
from cell_cases import USUAL, told

from tidegate.models.cells.act import ACT
from tidegate.models.cells.lstm import LSTM
from tidegate.models.dense import by_row
from tidegate.models.recurrent import RecurrentNetwork

TILE = 256


@pytest.mark.parametrize("cell", (*USUAL, LSTM(hidden=3, layer_norm=True), ACT(cell=LSTM(hidden=3))), ids=told)
@pytest.mark.parametrize("hidden, features", [(1, 2), (3, 7), (5, 20), (31, 5), (64, 20)])
def test_rows_do_not_mix(cell, hidden, features):
    cell = cell.but(cell=cell.cell.but(hidden=hidden)) if isinstance(cell, ACT) else cell.but(hidden=hidden)
    network = RecurrentNetwork(cell=cell, dense=(7,))
    generator = torch.Generator().manual_seed(1)
    module = by_row(network.build(features, 0, generator).eval())
    x, none = torch.randn(TILE, 4, features, generator=generator), torch.zeros(TILE, 0)
    order = torch.randperm(TILE, generator=generator)
    with torch.no_grad():
        together = module(x, none)
        assert torch.equal(together[order], module(x[order], none))


def test_it_says_the_same_as_while_learning():
    network = RecurrentNetwork(cell=LSTM(hidden=6, layers=2), dense=(7,))
    x, none = torch.randn(50, 9, 3, generator=torch.Generator().manual_seed(2)), torch.zeros(50, 0)
    learning = network.build(3, 0, torch.Generator().manual_seed(1)).eval()
    speaking = by_row(network.build(3, 0, torch.Generator().manual_seed(1)).eval())
    torch.testing.assert_close(learning(x, none), speaking(x, none), atol=1e-6, rtol=1e-5)
