"""The fused form of ACT against the plain one: outputs, states, ponder and every gradient; threads, stacks, refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.cells.act import ACT
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.fast import ponder_tiles
from tidegate.models.fast.ponder import ponder_fused

CELLS = {
    "lstm": LSTM(hidden=5),
    "lstm, hard": LSTM(hidden=5, gate_activation="hard_sigmoid_keras2", activation="sigmoid"),
    "peephole": PeepholeLSTM(hidden=5),
    "coupled": CoupledLSTM(hidden=5, gate_activation="hard_sigmoid"),
    "gru": GRU(hidden=5),
    "gru, before": GRU(hidden=5, reset="before", activation="relu"),
    "rnn": RNN(hidden=5),
    "rnn, relu": RNN(hidden=5, activation="relu"),
    "rnn, linear": RNN(hidden=5, activation="linear"),
}


def drawn(act, inputs, seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    weights = {name: held.to(dtype) for name, held in act.draw(inputs, generator).items()}
    for name, held in weights.items():
        noise = 0.3 * torch.randn(held.shape, generator=generator, dtype=dtype)
        weights[name] = (held + noise if "bias" in name or name in ("peephole", "halting") else held).requires_grad_()
    return weights


def both(act, batch, length, seed, masked=False, noisy=False, dtype=torch.float64, forms=("plain", "fast"), pulls=3):
    """Everything that each form gives: outputs, states, ponder, gradients."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, length, 3, generator=generator, dtype=dtype)
    start = [0.5 * torch.randn(part.shape, generator=generator, dtype=dtype) for part in act.start(batch, x)]
    mask = torch.rand(batch, length, generator=generator) < 0.7 if masked else None
    noise = (torch.rand(batch, act.hidden, generator=generator) < 0.5).to(dtype) * 2 if noisy else None
    pull = [torch.randn(size, generator=generator, dtype=dtype) for size in ((batch, length, 5), (batch, length))]
    found = []
    for form in forms:
        weights = drawn(act, 3, seed, dtype)
        leaves = [part.clone().requires_grad_() for part in (x, *start)]
        run = act.but(form=form).run(weights, leaves[0], tuple(leaves[1:]), mask, noise)
        losses = [
            sum(part.square().sum() for part in run.state),
            (run.outputs * pull[0]).sum(),
            (run.ponder.remainder * pull[1]).sum(),
        ]
        sum(losses[:pulls]).backward()
        leaves += [weights[name] for name in sorted(weights)]
        grads = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
        found.append([*(part.detach() for part in (run.outputs, *run.state, *run.ponder)), *grads])
    return found


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(CELLS)),
    batch=st.integers(1, 9),
    length=st.integers(1, 5),
    epsilon=st.sampled_from([0.01, 0.1, 0.4]),
    limit=st.sampled_from([1, 2, 7, 30]),
    flag=st.booleans(),
    masked=st.booleans(),
    noisy=st.booleans(),
    bias=st.sampled_from([-3.0, -1.0, 1.0]),
    pulls=st.integers(1, 3),
    seed=st.integers(0, 10**6),
)
def test_agrees_with_the_plain_form(name, batch, length, epsilon, limit, flag, masked, noisy, bias, pulls, seed):
    act = ACT(cell=CELLS[name], epsilon=epsilon, limit=limit, first_step_flag=flag, halting_bias=bias)
    plain, fast = both(act, batch, length, seed, masked, noisy, pulls=pulls)
    for slow, quick in zip(plain, fast, strict=True):
        torch.testing.assert_close(quick, slow, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("name", ["lstm", "peephole", "coupled", "gru", "gru, before", "rnn"])
def test_agrees_in_single_precision(name):
    act = ACT(cell=CELLS[name], epsilon=0.1, halting_bias=-1.0)
    plain, fast = both(act, 40, 6, 1, masked=True, noisy=True, dtype=torch.float32)
    for slow, quick in zip(plain, fast, strict=True):
        assert (quick - slow).abs().max() <= 1e-4 * max(1.0, slow.abs().max().item())


@pytest.mark.parametrize("name", ["lstm", "gru", "gru, before"])
def test_bits_do_not_depend_on_threads(name, monkeypatch):
    monkeypatch.setattr(ponder_tiles, "TILE", 16)
    act = ACT(cell=CELLS[name], epsilon=0.1, halting_bias=-1.0)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 8):
            torch.set_num_threads(threads)
            found += both(act, 75, 5, 2, masked=True, forms=("fast",))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))


@pytest.mark.parametrize("name", ["lstm", "gru", "gru, before", "rnn"])
def test_bits_of_a_row_do_not_depend_on_its_neighbours(name):
    act = ACT(cell=CELLS[name], epsilon=0.1, halting_bias=-1.0)
    x = torch.randn(43, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        weights = drawn(act, 3, 1)
        whole = act.run(weights, x, act.start(43, x))
        for rows in (slice(7, 8), slice(30, 43)):
            part = act.run(weights, x[rows], act.start(len(x[rows]), x))
            assert torch.equal(part.outputs, whole.outputs[rows])
            assert torch.equal(part.ponder.remainder, whole.ponder.remainder[rows])


def test_stacks_grow_with_the_pondering():
    """The first stack holds two ponder steps of every time step; the rest goes on others, and nothing is lost."""
    act = ACT(cell=CELLS["lstm"], epsilon=0.01, limit=60, halting_bias=-5.0)
    plain, fast = both(act, 7, 4, 3)
    assert plain[3].mean() > 20
    for slow, quick in zip(plain, fast, strict=True):
        torch.testing.assert_close(quick, slow, atol=1e-9, rtol=1e-9)


def test_nothing_is_kept_where_no_gradient_is_asked_for():
    act = ACT(cell=CELLS["lstm"], epsilon=0.1, halting_bias=-1.0)
    weights, x = drawn(act, 3, 1), torch.randn(20, 5, 3, dtype=torch.float64)
    with torch.no_grad():
        quiet = act.run(weights, x, act.start(20, x))
    loud = act.run(weights, x, act.start(20, x))
    assert not quiet.outputs.requires_grad
    assert loud.outputs.requires_grad
    torch.testing.assert_close(quiet.outputs, loud.outputs.detach(), atol=1e-14, rtol=0)
    assert torch.equal(quiet.ponder.steps, loud.ponder.steps)


def test_a_graph_is_gone_through_once():
    act = ACT(cell=CELLS["rnn"], epsilon=0.1)
    x = torch.randn(2, 3, 3, dtype=torch.float64)
    run = act.run(drawn(act, 3, 1), x, act.start(2, x))
    run.outputs.sum().backward(retain_graph=True)
    with pytest.raises(SettingError, match=r"gone through once.*form='plain'"):
        run.outputs.sum().backward()


WRONG = {
    "x": lambda x, w, s, m, n: (x[0], w, s, m, n),
    "no step": lambda x, w, s, m, n: (x[:, :0], w, s, m, n),
    "type of x": lambda x, w, s, m, n: (x.float(), w, s, m, n),
    "kernel": lambda x, w, s, m, n: (x, {**w, "kernel": w["kernel"][:, 1:]}, s, m, n),
    "recurrent": lambda x, w, s, m, n: (x, {**w, "recurrent": w["recurrent"][:-1]}, s, m, n),
    "bias": lambda x, w, s, m, n: (x, {**w, "bias": w["bias"][1:]}, s, m, n),
    "peephole": lambda x, w, s, m, n: (x, {**w, "peephole": w["peephole"][1:]}, s, m, n),
    "halting": lambda x, w, s, m, n: (x, {**w, "halting": w["halting"][1:]}, s, m, n),
    "halting bias": lambda x, w, s, m, n: (x, {**w, "halting_bias": w["halting_bias"].float()}, s, m, n),
    "states": lambda x, w, s, m, n: (x, w, s[:1], m, n),
    "rows of the state": lambda x, w, s, m, n: (x, w, (s[0], s[1][1:]), m, n),
    "mask": lambda x, w, s, m, n: (x, w, s, m[:, 1:], n),
    "type of the mask": lambda x, w, s, m, n: (x, w, s, m.double(), n),
    "noise": lambda x, w, s, m, n: (x, w, s, m, n[1:]),
    "device": lambda x, w, s, m, n: (x.to("meta"), w, s, m, n),
}


@pytest.mark.parametrize("flag", [True, False])
@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_does_not_fit_never_reaches_a_compiled_loop(name, flag):
    act = ACT(cell=CELLS["peephole"], epsilon=0.1, first_step_flag=flag)
    x = torch.randn(6, 3, 3, dtype=torch.float64)
    fits = x, drawn(act, 3, 1), act.start(6, x), torch.ones(6, 3, dtype=torch.bool), torch.ones_like(x[:, 0, [0] * 5])
    assert act.run(fits[1], x, *fits[2:]).outputs.isfinite().all()
    x, weights, *rest = WRONG[name](*fits)
    with pytest.raises(SettingError, match=r"fit|shape|alike|needs windows|state has parts|one truth"):
        ponder_fused(act.fused_as, act.rule, weights, x, *rest)


def test_a_kind_it_does_not_know_is_named():
    act = ACT(cell=CELLS["lstm"])
    x = torch.randn(2, 3, 3, dtype=torch.float64)
    with pytest.raises(UnknownNameError, match="lstn"):
        ponder_fused(act.fused_as._replace(cell="lstn"), act.rule, drawn(act, 3, 1), x, act.start(2, x))


def test_a_missing_number_thinks_to_the_limit_and_stays_in_its_window():
    act = ACT(cell=CELLS["lstm"], epsilon=0.1, limit=4)
    x = torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x[1, 0, 0] = np.nan
    for form in ("plain", "fast"):
        with torch.no_grad():
            run = act.but(form=form).run(drawn(act, 3, 1), x, act.start(3, x))
        assert run.outputs.isnan().any(dim=2).any(dim=1).tolist() == [False, True, False]
        assert run.ponder.steps[1].tolist() == [4.0, 4.0]


def test_auto_takes_the_fastest_form_that_knows_the_cell():
    assert ACT(cell=LSTM(hidden=3)).computed_by == "fast"
    assert ACT(cell=LSTM(hidden=3), form="plain").computed_by == "plain"
    assert ACT(cell=LSTM(hidden=3, layer_norm=True)).computed_by == "plain"
