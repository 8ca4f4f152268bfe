"""ACT against a slow, obvious reference in float64: means, remainder, limits, and gradients by finite differences."""

import numpy as np
import pytest
import torch
from act_reference import lstm_step, reference, step_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate import catalog
from tidegate.errors import SettingError
from tidegate.models.cells.act import ACT
from tidegate.models.cells.base import Cell, Ponder
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.models.unroll import unroll

CELLS = sorted(set(catalog.entries("cell")) - {"act"})


def inner(name, **changes):
    kind = catalog.find("cell", name)
    return kind.of({**kind.example, "hidden": 3, **changes})


def drawn(cell, inputs, seed=1, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    weights = {name: held.double() for name, held in cell.draw(inputs, generator).items()}
    for name, held in weights.items():
        if "bias" in name:
            noise = torch.randn(held.shape, generator=generator, dtype=torch.float64)
            weights[name] = held + noise * (0.1 if name == "halting_bias" else spread)
    weights["halting"] = 3.0 * weights["halting"]
    return {name: held.requires_grad_() for name, held in weights.items()}


def given_inputs(cell, batch, length, inputs, seed=2):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, length, inputs, generator=generator, dtype=torch.float64)
    zero = cell.start(batch, x)
    return x, tuple(torch.randn(part.shape, generator=generator, dtype=torch.float64) * 0.5 for part in zero)


def as_numpy(weights):
    return {name: held.detach().numpy().copy() for name, held in weights.items()}


@settings(max_examples=25)
@given(
    batch=st.integers(1, 5),
    length=st.integers(1, 4),
    epsilon=st.sampled_from([0.01, 0.1, 0.4]),
    limit=st.sampled_from([1, 2, 5, 30]),
    flag=st.booleans(),
    masked=st.booleans(),
    noisy=st.booleans(),
    bias=st.sampled_from([-3.0, -1.0, 1.0]),
    seed=st.integers(0, 10**6),
)
def test_agrees_with_the_reference(batch, length, epsilon, limit, flag, masked, noisy, bias, seed):
    act = ACT(cell=LSTM(hidden=3), epsilon=epsilon, limit=limit, first_step_flag=flag, halting_bias=bias, form="plain")
    weights = drawn(act, 2, seed)
    x, start = given_inputs(act, batch, length, 2, seed)
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(batch, length, generator=generator) < 0.7 if masked else None
    noise = (torch.rand(batch, 3, generator=generator) < 0.5).double() * 2 if noisy else None
    run = act.run(weights, x, start, mask, noise)
    plain = as_numpy(weights)
    expected = reference(
        lstm_step(plain),
        plain,
        x.numpy(),
        [part.numpy() for part in start],
        epsilon,
        limit,
        flag,
        None if mask is None else mask.numpy(),
        None if noise is None else noise.numpy(),
    )
    found = (run.outputs, run.state, run.ponder.steps, run.ponder.remainder)
    for ours, slow in zip((found[0], *found[1], *found[2:]), (expected[0], *expected[1], *expected[2:]), strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), slow, atol=1e-12)
    assert run.ponder.steps.max() <= limit


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("changes", [{}, {"layer_norm": True}])
def test_ponders_with_every_cell(name, changes):
    if changes.keys() - catalog.find("cell", name).model_fields.keys():
        pytest.skip("this cell has no such setting")
    act = ACT(cell=inner(name, **changes), epsilon=0.1, halting_bias=-1.0, form="plain")
    weights = drawn(act, 2)
    x, start = given_inputs(act, 4, 3, 2)
    run = act.run(weights, x, start)
    plain = as_numpy(weights)
    slow = reference(step_of(act.cell, plain), plain, x.numpy(), [p.numpy() for p in start], 0.1, 30, True)
    np.testing.assert_allclose(run.outputs.detach().numpy(), slow[0], atol=1e-12)
    np.testing.assert_array_equal(run.ponder.steps.numpy(), slow[2])
    np.testing.assert_allclose(run.ponder.remainder.detach().numpy(), slow[3], atol=1e-12)
    assert slow[2].max() > 1


def pulled(outputs, state, steps, remainder, pull):
    """A loss that sees everything that can be differentiated."""
    return (
        (outputs * pull[0]).sum()
        + sum((part * part).sum() for part in state)
        + (remainder * pull[1]).sum()
        + steps.sum()
    )


@pytest.mark.parametrize("limit, epsilon, bias", [(30, 0.1, -1.0), (3, 0.01, -1.0), (30, 0.3, 0.5)])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_are_those_of_finite_differences(limit, epsilon, bias, masked):
    act = ACT(cell=LSTM(hidden=3), epsilon=epsilon, limit=limit, halting_bias=bias, form="plain")
    weights = drawn(act, 2, seed=3)
    x, start = given_inputs(act, 3, 3, 2, seed=3)
    mask = torch.tensor([[True, False, True], [True, True, True], [False, True, True]]) if masked else None
    generator = torch.Generator().manual_seed(4)
    pull = [torch.randn(size, generator=generator, dtype=torch.float64) for size in ((3, 3, 3), (3, 3))]
    leaves = {**weights, "x": x.requires_grad_(), "h": start[0].requires_grad_(), "c": start[1].requires_grad_()}
    run = act.run(weights, x, start, mask)
    pulled(run.outputs, run.state, *run.ponder, pull).backward()
    numbers = as_numpy(leaves)
    counted = run.ponder.steps.numpy()

    def slow():
        found = reference(
            lstm_step(numbers), numbers, numbers["x"], (numbers["h"], numbers["c"]), epsilon, limit, True,
            None if mask is None else mask.numpy(),
        )  # fmt: skip
        np.testing.assert_array_equal(found[2], counted)
        return pulled(found[0], found[1], found[2], found[3], [part.numpy() for part in pull])

    for name, leaf in leaves.items():
        flat, wide = numbers[name].reshape(-1), 1e-5
        for at in np.random.default_rng(5).permutation(flat.size)[:8]:
            kept = flat[at]
            flat[at] = kept + wide
            above = slow()
            flat[at] = kept - wide
            below = slow()
            flat[at] = kept
            assert leaf.grad.reshape(-1)[at].item() == pytest.approx((above - below) / (2 * wide), abs=2e-8, rel=1e-6)


def test_the_remainder_alone_teaches_the_halting_unit():
    """``∂R/∂b = -Σ_{n<N} h_n (1 - h_n)`` when the halting unit sees nothing else; N itself has no gradient."""
    act = ACT(cell=LSTM(hidden=2), epsilon=0.05, form="plain")
    weights = dict(drawn(act, 2))
    weights["halting"] = torch.zeros(2, dtype=torch.float64)
    weights["halting_bias"] = torch.tensor([-1.0], dtype=torch.float64, requires_grad=True)
    x, start = given_inputs(act, 1, 1, 2)
    run = act.run(weights, x, start)
    act.price(run.ponder).sum().backward()
    h = torch.tensor(-1.0).double().sigmoid().item()
    steps = run.ponder.steps.item()
    assert steps == 4
    assert run.ponder.remainder.item() == pytest.approx(1 - 3 * h)
    assert weights["halting_bias"].grad.item() == pytest.approx(-act.ponder_cost * 3 * h * (1 - h))
    assert not run.ponder.steps.requires_grad


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("form", ["auto", "plain"])
def test_one_step_is_the_plain_cell(name, form):
    cell = inner(name)
    act = ACT(cell=cell, limit=1, first_step_flag=False, form=form)
    weights = drawn(act, 2)
    x, start = given_inputs(act, 4, 5, 2)
    mask = torch.rand(4, 5, generator=torch.Generator().manual_seed(1)) < 0.7
    run, alone = act.run(weights, x, start, mask), unroll(cell, weights, x, start, mask)
    for ours, theirs in zip((run.outputs, *run.state), (alone.outputs, *alone.state), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)
    assert run.ponder.steps.equal(mask.double())
    assert run.ponder.remainder.equal(mask.double())


@given(first=st.integers(1, 4), second=st.integers(1, 4))
@settings(max_examples=10)
def test_a_window_may_be_cut_anywhere(first, second):
    act = ACT(cell=LSTM(hidden=3), halting_bias=-1.0, form="plain")
    weights = drawn(act, 2)
    x, start = given_inputs(act, 3, first + second, 2)
    whole = act.run(weights, x, start)
    a = act.run(weights, x[:, :first], start)
    b = act.run(weights, x[:, first:], a.state)
    assert torch.equal(torch.cat((a.outputs, b.outputs), dim=1), whole.outputs)
    assert torch.equal(torch.cat((a.ponder.steps, b.ponder.steps), dim=1), whole.ponder.steps)


def test_a_sample_does_not_wait_for_the_slowest():
    """The inner cell sees each row only as often as the row ponders."""
    seen, step = [], LSTM.step

    def counted(self, weights, x, state, noise=None):
        seen.append(x.shape[0])
        return step(self, weights, x, state, noise)

    act = ACT(cell=LSTM(hidden=3), epsilon=0.1, halting_bias=-1.0, form="plain")
    x, start = given_inputs(act, 50, 2, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LSTM, "step", counted)
        run = act.run(drawn(act, 2), x, start)
    assert sum(seen) == run.ponder.steps.sum().item()
    assert len(seen) > 4


@pytest.mark.parametrize("bidirectional", [False, True])
def test_stacks_report_the_ponder_of_every_layer(bidirectional):
    cell = LSTM(hidden=4, layers=2, bidirectional=bidirectional, recurrent_dropout=0.5, dropout=0.3, input_dropout=0.2)
    network = RecurrentNetwork(cell=ACT(cell=cell, ponder_cost=0.5, halting_bias=-1.0), dense=())
    module = network.build(3, 0, torch.Generator().manual_seed(1))
    x = torch.randn(5, 6, 3, generator=torch.Generator().manual_seed(2))
    score = module(x, torch.zeros(5, 0))
    ponder = module.stack.ponder
    assert len(ponder) == (4 if bidirectional else 2)
    cost = network.ponder_cost(module)
    expected = 0.5 * sum((held.steps + held.remainder).sum(dim=1) for held in ponder)
    torch.testing.assert_close(cost, expected)
    (score.sum() + cost.mean()).backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all()
    assert network.ponder_cost(module.eval()) is not None


def test_first_weights():
    act = ACT(cell=LSTM(hidden=4), halting_bias=-2.0)
    weights = act.draw(3, torch.Generator().manual_seed(1))
    assert weights["kernel"].shape == (16, 4)
    assert weights["halting"].shape == (4,)
    assert weights["halting_bias"].tolist() == [-2.0]
    assert act.but(first_step_flag=False).draw(3, torch.Generator())["kernel"].shape == (16, 3)
    assert isinstance(act, Cell)
    torch.testing.assert_close(
        act.price(Ponder(torch.tensor([[2.0, 3.0]]), torch.tensor([[0.5, 0.25]]))), torch.tensor([5.75e-3])
    )


def test_settings_are_refused_kindly():
    with pytest.raises(SettingError, match="can't wrap an ACT"):
        ACT(cell=ACT(cell=LSTM(hidden=2)))
    with pytest.raises(SettingError, match=r"act\.cell\.form"):
        ACT(cell=LSTM(hidden=2, form="plain"))
    with pytest.raises(SettingError, match=r"act\.form"):
        ACT(cell=LSTM(hidden=2, layer_norm=True), form="fast")
    with pytest.raises(SettingError, match=r"act\.epsilon"):
        ACT(cell=LSTM(hidden=2), epsilon=0.0)
    with pytest.raises(SettingError, match=r"act\.limit"):
        ACT(cell=LSTM(hidden=2), limit=0)
