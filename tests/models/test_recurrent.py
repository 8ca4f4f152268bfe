"""The recurrent network: shapes, penalties, dropout, and where its randomness comes from."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidegate.component import document
from tidegate.errors import SettingError
from tidegate.models.base import Model
from tidegate.models.cells.lstm import LSTM
from tidegate.models.describe import describe
from tidegate.models.dropout import Dropout, generators
from tidegate.models.noise import Noise
from tidegate.models.recurrent import Penalty, RecurrentNetwork


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


@given(
    hidden=st.integers(1, 5),
    layers=st.integers(1, 3),
    dense=st.lists(st.integers(1, 4), max_size=3),
    features=st.integers(1, 4),
    context=st.integers(0, 2),
    outputs=st.integers(1, 3),
)
def test_shapes_and_the_drawing_agree_with_the_module(hidden, layers, dense, features, context, outputs):
    network = RecurrentNetwork(cell=LSTM(hidden=hidden, layers=layers), dense=tuple(dense), outputs=outputs)
    module = network.build(features, context, seeded())
    assert module(torch.zeros(3, 4, features), torch.zeros(3, context)).shape == (3, outputs)
    graph = describe(network, 4, features, context)
    assert sum(node["parameters"] for node in graph["nodes"]) == sum(p.numel() for p in module.parameters())
    keys = {node["id"] for node in graph["nodes"]}
    assert {link[end] for link in graph["links"] for end in ("source", "target")} == keys


def test_the_second_input_joins_before_the_dense_layers():
    network = RecurrentNetwork(cell=LSTM(hidden=4), dense=(3,), activation="tanh")
    module = network.build(2, 1, seeded())
    x = torch.randn(5, 6, 2, generator=seeded(2))
    low, high = module(x, torch.zeros(5, 1)), module(x, torch.ones(5, 1))
    assert not torch.equal(low, high)
    last = module.stack(x)[0][:, -1]
    dense, head = module.dense[0], module.head
    by_hand = torch.tanh(last @ dense.kernel[:, :4].T + dense.kernel[:, 4] + dense.bias) @ head.kernel.T + head.bias
    torch.testing.assert_close(high, by_hand)


def test_a_bounded_head_is_bounded():
    network = RecurrentNetwork(cell=LSTM(hidden=4), output_activation="tanh", dense=())
    module = network.build(2, 0, seeded())
    with torch.no_grad():
        module.head.kernel.mul_(100)
    assert module(torch.randn(50, 3, 2, generator=seeded()), torch.zeros(50, 0)).abs().max() <= 1


def test_penalties_by_group():
    network = RecurrentNetwork(
        cell=LSTM(hidden=3, layers=2),
        dense=(2,),
        l1=Penalty(recurrent=0.5),
        l2=Penalty(kernel=2.0, dense=3.0, bias=0.1),
    )
    module = network.build(2, 0, seeded())
    layers = list(module.stack.layers)
    expected = sum(
        0.5 * layer["recurrent"].abs().sum() + 2.0 * layer["kernel"].square().sum() + 0.1 * layer["bias"].square().sum()
        for layer in layers
    ) + 3.0 * sum(part.kernel.square().sum() for part in (module.dense[0], module.head))
    torch.testing.assert_close(network.penalty(module), expected)
    assert network.penalised
    free = RecurrentNetwork(cell=LSTM(hidden=3))
    assert not free.penalised
    assert free.penalty(module).item() == 0.0


def test_weights_and_dropout_depend_on_the_generator_alone():
    network = RecurrentNetwork(cell=LSTM(hidden=4, layers=2, dropout=0.3), dropout=0.5)
    before = torch.get_rng_state()
    said = []
    for chance in (1, 2):
        torch.manual_seed(chance)
        module = network.build(2, 0, seeded())
        said.append(module(torch.ones(20, 3, 2), torch.zeros(20, 0)))
    assert torch.equal(said[0], said[1])
    torch.set_rng_state(before)
    module = network.build(2, 0, seeded(7))
    module(torch.ones(20, 3, 2), torch.zeros(20, 0))
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(said[0], module(torch.ones(20, 3, 2), torch.zeros(20, 0)))


def test_one_generator_for_all_dropouts_of_a_network():
    module = RecurrentNetwork(cell=LSTM(hidden=4, layers=2, dropout=0.3), dropout=0.5).build(2, 0, seeded())
    assert len(generators(module)) == 1


@given(rate=st.floats(0.05, 0.9))
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    kept = Dropout(rate, Noise(1))(torch.ones(40_000))
    assert (kept == 0).double().mean().item() == pytest.approx(rate, abs=0.02)
    assert kept.double().mean().item() == pytest.approx(1.0, abs=0.02 / (1 - rate))


def test_a_network_is_its_own_document():
    network = RecurrentNetwork(cell=LSTM(hidden=4), dense=(8,), l2={"kernel": 0.1})
    assert Model.of(document(network)) == network
    with pytest.raises(SettingError, match="recurrent-network"):
        RecurrentNetwork(cell=LSTM(hidden=4), dropout=-0.1)
