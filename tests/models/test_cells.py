"""The LSTM in its three forms: a reference in NumPy, the plain step, and torch's own kernel."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.cells.lstm import LSTM
from tidegate.models.initialisers import initial
from tidegate.models.unroll import unroll

sizes = st.integers(1, 6)


def drawn(cell, inputs, seed=1):
    generator = torch.Generator().manual_seed(seed)
    weights = {name: held.double() for name, held in cell.draw(inputs, generator).items()}
    weights["bias"] = weights["bias"] + torch.randn(weights["bias"].shape, generator=generator, dtype=torch.float64)
    return {name: held.requires_grad_() for name, held in weights.items()}


def reference(weights, x, h, c):
    """The textbook, one window at a time."""
    kernel, recurrent, bias = (weights[name].detach().numpy() for name in ("kernel", "recurrent", "bias"))
    out = np.empty((*x.shape[:2], h.shape[1]))
    for b in range(x.shape[0]):
        hb, cb = h[b], c[b]
        for t in range(x.shape[1]):
            i, f, g, o = np.split(kernel @ x[b, t] + recurrent @ hb + bias, 4)
            i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            cb = f * cb + i * np.tanh(g)
            hb = o * np.tanh(cb)
            out[b, t] = hb
    return out


@given(batch=sizes, lookback=sizes, inputs=sizes, hidden=sizes, seed=st.integers(0, 10**6))
def test_all_forms_agree_in_outputs_and_gradients(batch, lookback, inputs, hidden, seed):
    cell = LSTM(hidden=hidden)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, lookback, inputs, generator=generator, dtype=torch.float64)
    start = tuple(torch.randn(batch, hidden, generator=generator, dtype=torch.float64) for _ in range(2))
    pull = torch.randn(batch, lookback, hidden, generator=generator, dtype=torch.float64)
    found = {}
    for form in ("plain", "torch"):
        weights = drawn(cell, inputs, seed)
        seen = x.clone().requires_grad_()
        outputs, (h, c), _ = cell.but(form=form).run(weights, seen, start)
        ((outputs * pull).sum() + c.square().sum() + h.sum()).backward()
        found[form] = [outputs.detach(), h.detach(), c.detach(), seen.grad, *(weights[k].grad for k in sorted(weights))]
    expected = reference(weights, x.numpy(), start[0].numpy(), start[1].numpy())
    np.testing.assert_allclose(found["plain"][0].numpy(), expected, atol=1e-12)
    for plain, fast in zip(found["plain"], found["torch"], strict=True):
        torch.testing.assert_close(plain, fast, atol=1e-9, rtol=1e-9)


def test_agrees_with_the_layer_that_torch_users_know():
    cell, x = LSTM(hidden=5), torch.randn(4, 7, 3, generator=torch.Generator().manual_seed(3))
    weights = cell.draw(3, torch.Generator().manual_seed(4))
    layer = torch.nn.LSTM(3, 5, batch_first=True)
    layer.load_state_dict(
        {
            "weight_ih_l0": weights["kernel"],
            "weight_hh_l0": weights["recurrent"],
            "bias_ih_l0": weights["bias"],
            "bias_hh_l0": torch.zeros(20),
        }
    )
    expected, (h, c) = layer(x)
    outputs, state, _ = cell.run(weights, x, cell.start(4, x))
    for ours, theirs in zip((outputs, *state), (expected, h[0], c[0]), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)


@given(first=sizes, second=sizes)
def test_a_window_may_be_cut_anywhere(first, second):
    cell = LSTM(hidden=3)
    weights = drawn(cell, 2)
    x = torch.randn(2, first + second, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    whole, end, _ = unroll(cell, weights, x, cell.start(2, x))
    a, state, _ = unroll(cell, weights, x[:, :first], cell.start(2, x))
    b, last, _ = unroll(cell, weights, x[:, first:], state)
    assert torch.equal(torch.cat([a, b], dim=1), whole)
    assert all(torch.equal(p, q) for p, q in zip(last, end, strict=True))


@given(length=st.integers(1, 5), padding=st.integers(0, 4))
def test_masked_steps_are_not_taken(length, padding):
    cell = LSTM(hidden=3)
    weights = drawn(cell, 2)
    x = torch.randn(2, length + padding, 2, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    mask = torch.zeros(2, length + padding, dtype=torch.bool)
    mask[:, padding:] = True
    after, masked, _ = unroll(cell, weights, x, cell.start(2, x), mask)
    alone, plain, _ = unroll(cell, weights, x[:, padding:], cell.start(2, x))
    assert torch.equal(after[:, padding:], alone)
    assert torch.equal(masked[1], plain[1])
    assert not after[:, :padding].any()
    outputs = unroll(cell, weights, x, cell.start(2, x), mask.flip(1)).outputs
    assert torch.equal(outputs[:, -1], outputs[:, length - 1])


def test_first_weights():
    cell = LSTM(hidden=16)
    weights = cell.draw(6, torch.Generator().manual_seed(1))
    bias = weights["bias"].reshape(4, 16)
    assert bias[1].eq(1).all()
    assert bias[[0, 2, 3]].eq(0).all()
    assert LSTM(hidden=16, unit_forget_bias=False).draw(6, torch.Generator())["bias"].eq(0).all()
    assert weights["kernel"].abs().max() <= (6 / (6 + 64)) ** 0.5
    torch.testing.assert_close(weights["recurrent"].T @ weights["recurrent"], torch.eye(16), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "name, variance",
    [("glorot_normal", 2 / 300), ("he_uniform", 2 / 100), ("he_normal", 2 / 100), ("glorot_uniform", 2 / 300)],
)
def test_laws_have_their_variance(name, variance):
    weights = initial(name, (200, 100), torch.Generator().manual_seed(2))
    assert weights.var().item() == pytest.approx(variance, rel=0.05)
    assert weights.mean().item() == pytest.approx(0.0, abs=4 * (variance / 20000) ** 0.5)


def test_settings_are_refused_kindly():
    with pytest.raises(UnknownNameError, match="did you mean 'layers'"):
        LSTM(hidden=3, layer=2)
    with pytest.raises(SettingError, match=r"lstm\.dropout"):
        LSTM(hidden=3, dropout=1.0)
    with pytest.raises(SettingError, match=r"lstm\.recurrent_initialiser"):
        LSTM(hidden=3, recurrent_initialiser="orthogonl")
