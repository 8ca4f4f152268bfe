"""Every cell against its reference in NumPy, against itself in all its forms, and against what a cell must do."""

import numpy as np
import pytest
import torch
from cell_cases import CASES, USUAL, drawn, forms, noise_for, pulled, told, window
from cell_references import reference
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.cells.min_lstm import MinLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.unroll import unroll

sizes = st.integers(1, 6)
short = st.integers(1, 4)
cases = st.sampled_from(CASES)
usual = st.sampled_from(USUAL)


def numbers(tensors):
    return {name: held.detach().numpy() for name, held in tensors.items()}


def agrees(run, expected, tolerance=1e-11):
    outputs, state = expected
    np.testing.assert_allclose(run.outputs.detach().numpy(), outputs, rtol=tolerance, atol=tolerance)
    for ours, theirs in zip(run.state, state, strict=True):
        np.testing.assert_allclose(ours.detach().numpy(), theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("cell", CASES, ids=told)
def test_every_form_is_the_reference(cell):
    weights, (x, state) = drawn(cell, 2), window(cell)
    start, plain = tuple(part.numpy() for part in state), numbers(weights)
    expected = reference(cell, plain, x.numpy(), start)
    for each in forms(cell):
        agrees(each.run(weights, x, state), expected)
    mask = torch.rand(x.shape[:2], generator=torch.Generator().manual_seed(5)) < 0.6
    masked = reference(cell, plain, x.numpy(), start, mask.numpy())
    for each in forms(cell, masked=True):
        agrees(each.run(weights, x, state, mask), masked)
    noise = noise_for(cell)
    if noise is not None:
        noisy = cell.but(recurrent_dropout=0.5)
        expected = reference(cell, plain, x.numpy(), start, mask.numpy(), noise.numpy())
        for each in forms(noisy, masked=True):
            agrees(each.run(weights, x, state, mask, noise), expected)


@settings(max_examples=60)
@given(
    cell=cases, batch=sizes, lookback=sizes, inputs=sizes, hidden=sizes, masked=st.booleans(), seed=st.integers(0, 9)
)
def test_all_forms_agree_in_outputs_and_gradients(cell, batch, lookback, inputs, hidden, masked, seed):
    cell = cell.but(hidden=hidden)
    x, state = window(cell, batch, lookback, inputs, seed)
    mask = torch.rand(batch, lookback, generator=torch.Generator().manual_seed(seed)) < 0.6 if masked else None
    found = {}
    for each in forms(cell, masked=masked):
        weights, given_x = drawn(cell, inputs, seed), x.clone().requires_grad_()
        begun = tuple(part.clone().requires_grad_() for part in state)
        run = each.run(weights, given_x, begun, mask)
        pulled(run).backward()
        graded = [given_x, *begun, *(weights[name] for name in sorted(weights))]
        found[each.form] = [run.outputs.detach(), *(part.detach() for part in run.state), *(g.grad for g in graded)]
    for form, values in found.items():
        for ours, plain in zip(values, found["plain"], strict=True):
            torch.testing.assert_close(
                ours, plain, atol=1e-10, rtol=1e-10, msg=lambda told, form=form: f"{form}: {told}"
            )


@pytest.mark.parametrize("cell", USUAL, ids=told)
def test_single_precision_is_the_double_to_its_rounding(cell):
    cell = cell.but(hidden=17)
    weights, (x, state) = drawn(cell, 5, spread=0.1), window(cell, 9, 12, 5)
    exact = cell.but(form="plain").run(weights, x, state)
    pulled(exact).backward()
    for each in forms(cell):
        narrow = {name: held.detach().float().requires_grad_() for name, held in weights.items()}
        run = each.run(narrow, x.float(), tuple(part.float() for part in state))
        pulled_single(run).backward()
        torch.testing.assert_close(run.outputs.double(), exact.outputs, atol=3e-6, rtol=3e-6)
        for name, held in narrow.items():
            torch.testing.assert_close(held.grad.double(), weights[name].grad, atol=3e-5, rtol=3e-5)


def pulled_single(run):
    """The same pulls as in double precision, rounded."""
    generator = torch.Generator().manual_seed(4)
    parts = [run.outputs, *run.state]
    return sum((p * torch.randn(p.shape, generator=generator, dtype=torch.float64).float()).sum() for p in parts)


@pytest.mark.parametrize("cell", CASES, ids=told)
def test_gradients_by_differences(cell):
    weights, (x, state) = drawn(cell, 2), window(cell, 2, 3)
    mask = torch.tensor([[True, False, True], [False, True, True]])
    names, noise = sorted(weights), noise_for(cell, 2)
    if noise is not None:
        cell = cell.but(recurrent_dropout=0.5)

    def outputs(x, *held):
        run = cell.run(dict(zip(names, held[len(state) :], strict=True)), x, held[: len(state)], mask, noise)
        return run.outputs, *run.state

    begun = tuple(part.requires_grad_() for part in state)
    held = (x.requires_grad_(), *begun, *(weights[name] for name in names))
    assert torch.autograd.gradcheck(outputs, held, fast_mode=True)


@settings(max_examples=40)
@given(cell=cases, first=short, second=short)
def test_a_window_may_be_cut_anywhere(cell, first, second):
    weights, (x, state) = drawn(cell, 2), window(cell, lookback=first + second)
    mask = torch.rand(x.shape[:2], generator=torch.Generator().manual_seed(7)) < 0.7
    for masked in (None, mask):
        for each in forms(cell, masked=masked is not None):
            whole = each.run(weights, x, state, masked)
            early, late = (None, None) if masked is None else (mask[:, :first], mask[:, first:])
            a = each.run(weights, x[:, :first], state, early)
            b = each.run(weights, x[:, first:], a.state, late)
            for ours, theirs in zip(b.state, whole.state, strict=True):
                torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)
            if masked is None:
                joined = torch.cat([a.outputs, b.outputs], dim=1)
                torch.testing.assert_close(joined, whole.outputs, atol=1e-12, rtol=1e-12)


@settings(max_examples=40)
@given(cell=cases, lookback=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_a_masked_window_is_the_window_without_those_rows(cell, lookback, seed):
    weights, (x, state) = drawn(cell, 2), window(cell, lookback=lookback)
    mask = torch.rand(x.shape[:2], generator=torch.Generator().manual_seed(seed)) < 0.5
    for each in forms(cell, masked=True):
        run = each.run(weights, x, state, mask)
        for b, taken in enumerate(mask):
            count, begun = int(taken.sum()), tuple(part[b : b + 1] for part in state)
            held = torch.zeros(cell.hidden, dtype=x.dtype)
            if count:
                alone = each.run(weights, x[b : b + 1, taken], begun)
                torch.testing.assert_close(run.outputs[b, taken], alone.outputs[0], atol=1e-12, rtol=1e-12)
            for t in range(lookback):
                held = run.outputs[b, t] if taken[t] else held
                assert torch.equal(run.outputs[b, t], held)
            for ours, theirs in zip(run.state, alone.state if count else begun, strict=True):
                torch.testing.assert_close(ours[b], theirs[0], atol=1e-12, rtol=1e-12)


@given(cell=usual)
def test_a_mask_that_takes_every_step_changes_nothing(cell):
    weights, (x, state) = drawn(cell, 2), window(cell)
    every = torch.ones(x.shape[:2], dtype=torch.bool)
    torch.testing.assert_close(
        cell.run(weights, x, state, every).outputs, unroll(cell, weights, x, state).outputs, atol=1e-12, rtol=1e-12
    )


def test_the_forget_gate_starts_open_where_the_settings_say_so():
    for cell in (case for case in USUAL if "unit_forget_bias" in type(case).model_fields):
        wide = cell.but(hidden=16)
        bias = wide.draw(6, torch.Generator())["bias"].reshape(len(wide.gates), 16)
        assert bias[wide.forget_block].eq(1).all()
        assert bias.sum() == 16
        assert wide.but(unit_forget_bias=False).draw(6, torch.Generator())["bias"].eq(0).all()


def test_what_is_drawn_at_first():
    weights = LSTM(hidden=16).draw(6, torch.Generator().manual_seed(1))
    assert weights["kernel"].abs().max() <= (6 / (6 + 64)) ** 0.5
    torch.testing.assert_close(weights["recurrent"].T @ weights["recurrent"], torch.eye(16), atol=1e-5, rtol=0)
    normal = LSTM(hidden=16, layer_norm=True).draw(6, torch.Generator())
    assert all(normal[name].eq(1).all() for name in ("kernel_gain", "recurrent_gain", "state_gain"))
    assert normal["state_shift"].eq(0).all()
    assert set(GRU(hidden=2).draw(1, torch.Generator())) - set(GRU(hidden=2, reset="before").draw(1, torch.Generator()))


@pytest.mark.parametrize("kind", [MinGRU, MinLSTM])
def test_the_scan_neither_overflows_nor_loses_what_is_far_away(kind):
    cell = kind(hidden=2)
    weights = {name: 40.0 * held for name, held in drawn(cell, 2).items()}
    x, state = window(cell, lookback=400)
    plain = cell.but(form="plain").run(weights, x, state).outputs
    for form in ("fast", "torch"):
        torch.testing.assert_close(cell.but(form=form).run(weights, x, state).outputs, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "declare, match",
    [
        (lambda: LSTM(hidden=3, form="torch", gate_activation="hard_sigmoid"), r"lstm\.form.*found torch"),
        (lambda: LSTM(hidden=3, form="torch", layer_norm=True), r"lstm\.form"),
        (lambda: LSTM(hidden=3, form="torch", recurrent_dropout=0.1), r"lstm\.form"),
        (lambda: GRU(hidden=3, form="torch", reset="before"), r"gru\.form"),
        (lambda: RNN(hidden=3, form="torch", activation="linear"), r"rnn\.form"),
        (lambda: LSTM(hidden=3, form="fast", layer_norm=True), r"lstm\.form.*expected auto or plain or apart"),
        (lambda: LSTM(hidden=3, dropout=1.0), r"lstm\.dropout"),
        (lambda: LSTM(hidden=3, recurrent_initialiser="orthogonl"), r"lstm\.recurrent_initialiser"),
        (lambda: LSTM(hidden=3, gate_activation="relu"), r"lstm\.gate_activation"),
        (lambda: MinGRU(hidden=3, recurrent_dropout=0.1), "unknown setting 'recurrent_dropout'"),
    ],
)
def test_settings_are_refused_kindly(declare, match):
    with pytest.raises(SettingError, match=match):
        declare()


def test_a_named_form_refuses_a_mask_that_it_does_not_know():
    cell = LSTM(hidden=3, form="torch")
    weights, (x, state) = drawn(cell, 2), window(cell)
    with pytest.raises(SettingError, match=r"lstm\.form.*masked"):
        cell.run(weights, x, state, torch.ones(x.shape[:2], dtype=torch.bool))


def test_an_unknown_setting_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'layers'"):
        LSTM(hidden=3, layer=2)
