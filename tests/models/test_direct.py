"""Properties: what is computed without autograd is what autograd gives, bit for bit; draws are torch's own."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidegate.models.cells.act import ACT
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.direct import direct_of
from tidegate.models.dropout import generators
from tidegate.models.noise import Noise
from tidegate.models.recurrent import RecurrentNetwork

ALL_DROPPED = {"layers": 2, "dropout": 0.3, "input_dropout": 0.2, "recurrent_dropout": 0.4}
CASES = {
    "published": RecurrentNetwork(
        cell=LSTM(hidden=32, gate_activation="hard_sigmoid_keras2"), dense=(30,), activation="tanh", dropout=0.2
    ),
    "two dense": RecurrentNetwork(cell=LSTM(hidden=9), dense=(8, 5), dropout=0.5, outputs=3),
    "all dropped": RecurrentNetwork(cell=LSTM(hidden=6, **ALL_DROPPED), dense=(), dropout=0.2),
    "three layers": RecurrentNetwork(cell=LSTM(hidden=5, layers=3), dense=(4,), output_activation="tanh"),
    "gru": RecurrentNetwork(cell=GRU(hidden=7, **ALL_DROPPED), dense=(4,), activation="sigmoid"),
    "gru before": RecurrentNetwork(cell=GRU(hidden=7, reset="before", layers=2), dense=()),
    "peephole": RecurrentNetwork(cell=PeepholeLSTM(hidden=7, layers=2), dense=(3,)),
    "coupled": RecurrentNetwork(cell=CoupledLSTM(hidden=7), dense=(3,)),
    "rnn": RecurrentNetwork(cell=RNN(hidden=7, **ALL_DROPPED), dense=(3,)),
}


def built(network, context=0, inputs=3):
    module = network.build(inputs, context, torch.Generator().manual_seed(1))
    for weight in module.parameters():
        weight.grad = torch.zeros_like(weight)
    return module


def by_autograd(module, x, c, slope):
    for weight in module.parameters():
        weight.grad.zero_()
    score = module(x, c)
    score.backward(slope)
    return score.detach(), [weight.grad.clone() for weight in module.parameters()]


@pytest.mark.parametrize("context", [0, 2])
@pytest.mark.parametrize("network", CASES.values(), ids=CASES)
def test_scores_and_gradients_are_those_of_autograd(network, context):
    module, random = built(network, context), torch.Generator().manual_seed(2)
    direct = direct_of(module)
    for step, rows in enumerate((50, 50, 17, 200)):  # the last batch is smaller, and rooms are made anew
        x, c = torch.randn(rows, 6, 3, generator=random), torch.randn(rows, context, generator=random)
        slope = torch.randn(rows, network.outputs, generator=random)
        for source in generators(module).values():
            source.manual_seed(step)
        want, gradients = by_autograd(module, x, c, slope)
        for weight in module.parameters():
            weight.grad.fill_(7.0)
        for source in generators(module).values():
            source.manual_seed(step)
        score = direct.forward(x, c)
        direct.backward(slope)
        assert torch.equal(score, want)
        for (name, weight), gradient in zip(module.named_parameters(), gradients, strict=True):
            assert torch.equal(weight.grad, gradient), name
        with torch.no_grad():
            for weight in module.parameters():
                weight.sub_(weight.grad, alpha=0.01)


def test_threads_change_no_bit():
    network, before = RecurrentNetwork(cell=LSTM(hidden=96, layers=2), dense=()), torch.get_num_threads()
    module, random = built(network), torch.Generator().manual_seed(2)
    x, slope = torch.randn(600, 12, 3, generator=random), torch.randn(600, 1, generator=random)
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            direct = direct_of(module)
            direct.forward(x, torch.zeros(600, 0))
            direct.backward(slope)
            found.append([weight.grad.clone() for weight in module.stack.parameters()])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, three) for one, three in zip(*found, strict=True))


@pytest.mark.parametrize(
    "network",
    [
        RecurrentNetwork(cell=LSTM(hidden=4, bidirectional=True)),
        RecurrentNetwork(cell=LSTM(hidden=4, layer_norm=True)),
        RecurrentNetwork(cell=LSTM(hidden=4, form="plain")),
        RecurrentNetwork(cell=LSTM(hidden=4, form="torch")),
        RecurrentNetwork(cell=ACT(cell=LSTM(hidden=4))),
        RecurrentNetwork(cell=MinGRU(hidden=4)),
        RecurrentNetwork(cell=LSTM(hidden=4), activation="hard_sigmoid"),
    ],
    ids=["both ways", "layer norm", "plain", "torch", "pondering", "min-gru", "hard sigmoid"],
)
def test_what_only_autograd_knows_is_left_to_it(network):
    assert direct_of(built(network)) is None


def test_without_places_for_gradients_there_is_nothing_direct():
    network = CASES["published"]
    assert direct_of(built(network)) is not None
    assert direct_of(network.build(3, 0, torch.Generator().manual_seed(1))) is None
    assert direct_of(torch.nn.Linear(2, 1)) is None


@given(
    seed=st.integers(0, 2**63),
    shapes=st.lists(st.integers(1, 1500), min_size=1, max_size=4),
    rate=st.floats(0.01, 0.99),
)
def test_draws_are_those_of_torch(seed, shapes, rate):
    ours, torchs = Noise(seed), torch.Generator().manual_seed(seed)
    for size in shapes:
        for kind in (torch.float32, torch.float64):
            want = torch.empty(size, dtype=kind).bernoulli_(1.0 - rate, generator=torchs).mul_(1.0 / (1.0 - rate))
            assert torch.equal(ours.kept((size,), 1.0 - rate, want), want)
