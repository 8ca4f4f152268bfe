"""The stack of layers and the module over it: masks, dropouts, both directions, and what is counted and penalised."""

import pytest
import torch
from cell_cases import USUAL, told
from hypothesis import given
from hypothesis import strategies as st

from tidegate.models.cells.act import ACT
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.describe import describe
from tidegate.models.dropout import WindowDropout, generators
from tidegate.models.noise import Noise
from tidegate.models.recurrent import Penalty, RecurrentNetwork
from tidegate.models.stack import Stack

ALL = (*USUAL, LSTM(hidden=3, layer_norm=True), ACT(cell=LSTM(hidden=3)), ACT(cell=GRU(hidden=3)))
every_cell = st.sampled_from(ALL)


def seeded(seed=1):
    return torch.Generator().manual_seed(seed)


def with_layers(cell, **changes):
    return cell.but(cell=cell.cell.but(**changes)) if isinstance(cell, ACT) else cell.but(**changes)


def stacked(cell, features=2, **changes):
    return Stack(with_layers(cell, **changes), features, seeded(), Noise(2)).double()


def windows(batch=4, lookback=5, features=2, seed=3):
    return torch.randn(batch, lookback, features, generator=seeded(seed), dtype=torch.float64)


@pytest.mark.parametrize("cell", ALL, ids=told)
def test_the_second_layer_sees_the_outputs_of_the_first(cell):
    stack, x = stacked(cell, layers=2).eval(), windows()
    outputs, states = stack(x)
    inner, below = stack.cell, dict(stack.layers[0])
    first = inner.run(below, x, inner.start(4, x))
    second = inner.run(dict(stack.layers[1]), first.outputs, inner.start(4, x))
    torch.testing.assert_close(outputs, second.outputs)
    torch.testing.assert_close(states[0][0], first.state[0])
    torch.testing.assert_close(states[1], second.state)


@pytest.mark.parametrize("cell", ALL, ids=told)
def test_both_ways_is_one_way_and_the_window_turned_round(cell):
    stack, x = stacked(cell, bidirectional=True).eval(), windows()
    outputs, (ahead, back) = stack(x)
    one_way, turned = (stacked(cell) for _ in range(2))
    one_way.layers[0].load_state_dict(stack.layers[0].state_dict())
    turned.layers[0].load_state_dict(stack.backwards[0].state_dict())
    forward, (f,) = one_way(x)
    backward, (b,) = turned(x.flip(1))
    torch.testing.assert_close(outputs, torch.cat([forward, backward.flip(1)], dim=2))
    torch.testing.assert_close((*ahead, *back), (*f, *b))


@pytest.mark.parametrize("cell", ALL, ids=told)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_masked_days_are_as_if_they_had_never_been(cell, bidirectional):
    network = RecurrentNetwork(cell=with_layers(cell, layers=2, bidirectional=bidirectional), dense=(3,))
    module = network.build(2, 1, seeded()).double()
    x, c = windows(lookback=6), torch.randn(4, 1, generator=seeded(5), dtype=torch.float64)
    mask = torch.rand(4, 6, generator=seeded(6)) < 0.6
    mask[:, 2] = True
    holes = torch.where(mask.unsqueeze(2), x, torch.nan)
    scores = module(holes, c, mask)
    scores.square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in module.parameters() if weight.grad is not None)
    for b in range(4):
        alone = module(x[b : b + 1, mask[b]], c[b : b + 1])
        torch.testing.assert_close(scores[b : b + 1], alone, atol=1e-12, rtol=1e-12)


@given(cell=every_cell, first=st.integers(1, 4), second=st.integers(1, 4))
def test_a_stack_goes_on_from_the_states_it_ended_with(cell, first, second):
    stack, x = stacked(cell, layers=2).eval(), windows(lookback=first + second)
    whole, end = stack(x)
    early, between = stack(x[:, :first])
    late, last = stack(x[:, first:], start=between)
    torch.testing.assert_close(torch.cat([early, late], dim=1), whole, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(last, end, atol=1e-12, rtol=1e-12)


def test_input_dropout_drops_the_same_inputs_at_every_step():
    stack, x = stacked(LSTM(hidden=3, input_dropout=0.5), features=4), windows(features=4)
    stack.entering.generator.manual_seed(9)
    outputs, _ = stack(x)
    drawn = WindowDropout(0.5, Noise(9))(x, 4)
    assert set(drawn.flatten().tolist()) == {0.0, 2.0}
    expected, _ = stack.eval()(x * drawn.unsqueeze(1))
    torch.testing.assert_close(outputs, expected)


def test_recurrent_dropout_scales_h_in_the_recurrent_product_alone():
    stack, x = stacked(GRU(hidden=3, recurrent_dropout=0.5)), windows()
    stack.recalling.generator.manual_seed(9)
    outputs, _ = stack(x)
    drawn = WindowDropout(0.5, Noise(9))(x, 3)
    start = stack.cell.start(4, x)
    expected = stack.cell.run(dict(stack.layers[0]), x, start, noise=drawn)
    torch.testing.assert_close(outputs, expected.outputs)
    assert not torch.equal(outputs, stack.eval()(x)[0])


@pytest.mark.parametrize("cell", [case for case in ALL if not isinstance(case, MinGRU)], ids=told)
def test_a_dropout_depends_on_its_generator_alone(cell):
    changes = {"input_dropout": 0.3, "dropout": 0.3}
    if "recurrent_dropout" in type(getattr(cell, "cell", cell)).model_fields:
        changes["recurrent_dropout"] = 0.3
    network = RecurrentNetwork(cell=with_layers(cell, layers=2, bidirectional=True, **changes), dropout=0.2)
    x, c = torch.ones(20, 3, 2), torch.zeros(20, 0)
    module = network.build(2, 0, seeded())
    (source,) = generators(module).values()
    source.manual_seed(4)
    chance = torch.get_rng_state()
    said = module(x, c)
    assert not torch.equal(said, module(x, c))
    source.manual_seed(4)
    assert torch.equal(said, module(x, c))
    assert torch.equal(chance, torch.get_rng_state())


@given(
    cell=every_cell,
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    context=st.integers(0, 2),
    dense=st.lists(st.integers(1, 4), max_size=2),
)
def test_the_drawing_counts_what_the_module_holds(cell, layers, bidirectional, context, dense):
    cell = with_layers(cell, layers=layers, bidirectional=bidirectional)
    network = RecurrentNetwork(cell=cell, dense=tuple(dense), outputs=2)
    module = network.build(3, context, seeded())
    assert module(torch.zeros(3, 4, 3), torch.zeros(3, context)).shape == (3, 2)
    nodes = describe(network, 4, 3, context)["nodes"]
    assert sum(node["parameters"] for node in nodes) == sum(weight.numel() for weight in module.parameters())
    width = 3 * (2 if bidirectional else 1)
    assert {tuple(node["shape"]) for node in nodes if node["id"].startswith("cell-")} <= {(width,), (4, width)}
    assert all(cell.computed_by in node["label"] for node in nodes if node["id"].startswith("cell-"))


def test_penalties_know_every_group():
    weighed = Penalty(kernel=2.0, recurrent=0.5, bias=0.1)
    for cell, more in (
        (PeepholeLSTM(hidden=3, layer_norm=True, bidirectional=True), {"recurrent": ("recurrent", "peephole")}),
        (GRU(hidden=3, layer_norm=True, layers=2), {"bias": ("bias", "recurrent_bias")}),
        (ACT(cell=PeepholeLSTM(hidden=3)), {"recurrent": ("recurrent", "peephole")}),
    ):
        network = RecurrentNetwork(cell=cell, dense=(2,), l1=weighed)
        module = network.build(2, 0, seeded())
        with torch.no_grad():
            for weight in module.parameters():
                weight.copy_(torch.randn(weight.shape, generator=seeded(7)))
        groups = {"kernel": ("kernel",), "recurrent": ("recurrent",), "bias": ("bias",), **more}
        expected = sum(
            getattr(weighed, group) * layer[name].abs().sum()
            for layer in (*module.stack.layers, *module.stack.backwards)
            for group, names in groups.items()
            for name in names
        )
        torch.testing.assert_close(network.penalty(module), expected)


def test_what_was_pondered_costs_by_window():
    act = ACT(cell=LSTM(hidden=3, layers=2, bidirectional=True), ponder_cost=0.25)
    network = RecurrentNetwork(cell=act, dense=())
    module = network.build(2, 0, seeded())
    assert network.ponder_cost(module) is None
    module(windows().float(), torch.zeros(4, 0))
    ponders = module.stack.ponder
    assert len(ponders) == 4
    expected = 0.25 * sum((ponder.steps + ponder.remainder).sum(dim=1) for ponder in ponders)
    torch.testing.assert_close(network.ponder_cost(module), expected)
    plain = RecurrentNetwork(cell=LSTM(hidden=3))
    module = plain.build(2, 0, seeded())
    module(windows().float(), torch.zeros(4, 0))
    assert plain.ponder_cost(module) is None


def test_the_head_sees_the_last_state_of_both_directions():
    network = RecurrentNetwork(cell=LSTM(hidden=3, bidirectional=True), dense=(), outputs=3)
    module, x = network.build(2, 0, seeded()), windows().float()
    outputs, _ = module.stack(x)
    last = torch.cat([outputs[:, -1, :3], outputs[:, 0, 3:]], dim=1)
    torch.testing.assert_close(module(x, torch.zeros(4, 0)), last @ module.head.kernel.T + module.head.bias)
