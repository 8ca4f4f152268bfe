"""The layers that torch's users know, with the same weights: outputs, states and gradients."""

import pytest
import torch
from cell_cases import forms

from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.noise import Noise
from tidegate.models.stack import Stack

FEATURES, HIDDEN = 3, 5
PAIRS = {
    "lstm": (LSTM(hidden=HIDDEN), torch.nn.LSTM, {}),
    "gru": (GRU(hidden=HIDDEN), torch.nn.GRU, {}),
    "rnn-tanh": (RNN(hidden=HIDDEN), torch.nn.RNN, {"nonlinearity": "tanh"}),
    "rnn-relu": (RNN(hidden=HIDDEN, activation="relu"), torch.nn.RNN, {"nonlinearity": "relu"}),
}


def both(pair, layers, bidirectional):
    """A stack of ours and a layer of torch's with its weights."""
    cell, kind, options = PAIRS[pair]
    cell = cell.but(layers=layers, bidirectional=bidirectional)
    theirs = kind(
        FEATURES,
        HIDDEN,
        num_layers=layers,
        bidirectional=bidirectional,
        batch_first=True,
        dtype=torch.float64,
        **options,
    )
    stack = Stack(cell, FEATURES, torch.Generator().manual_seed(1), Noise(0)).double()
    chance = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for held in stack.parameters():
            held.add_(0.3 * torch.randn(held.shape, generator=chance, dtype=torch.float64))
        for name, weight in theirs.named_parameters():
            ours = group(stack, name)
            inner = ours.get("recurrent_bias")
            if name.startswith("weight_ih"):
                weight.copy_(ours["kernel"])
            elif name.startswith("weight_hh"):
                weight.copy_(ours["recurrent"])
            elif name.startswith("bias_ih"):
                weight.copy_(ours["bias"])
            else:
                weight.zero_()
                if inner is not None:
                    weight[-HIDDEN:] = inner
    return stack, theirs


def group(stack, name):
    at = int(name.split("_l")[1].split("_")[0])
    return (stack.backwards if name.endswith("_reverse") else stack.layers)[at]


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_outputs_states_and_gradients(pair, layers, bidirectional):
    for form in (cell.form for cell in forms(PAIRS[pair][0])):
        stack, theirs = both(pair, layers, bidirectional)
        stack.cell = stack.cell.but(form=form)
        x = torch.randn(4, 7, FEATURES, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        x_theirs, x = x.clone().requires_grad_(), x.requires_grad_()
        outputs, states = stack(x)
        expected, last = theirs(x_theirs)
        torch.testing.assert_close(outputs, expected, atol=1e-12, rtol=1e-12)
        for part, whole in enumerate(last if isinstance(last, tuple) else (last,)):
            mine = torch.stack([state[part] for state in states])
            torch.testing.assert_close(mine, whole, atol=1e-12, rtol=1e-12)
        pull = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
        (outputs * pull).sum().backward()
        (expected * pull).sum().backward()
        torch.testing.assert_close(x.grad, x_theirs.grad, atol=1e-11, rtol=1e-11)
        kinds = {"weight_ih": "kernel", "weight_hh": "recurrent", "bias_ih": "bias"}
        for name, weight in theirs.named_parameters():
            kind = kinds.get(name.split("_l")[0])
            if kind is not None:
                torch.testing.assert_close(group(stack, name)[kind].grad, weight.grad, atol=1e-11, rtol=1e-11)
            elif "recurrent_bias" in group(stack, name):
                torch.testing.assert_close(
                    group(stack, name)["recurrent_bias"].grad, weight.grad[-HIDDEN:], atol=1e-11, rtol=1e-11
                )


@pytest.mark.parametrize("pair", PAIRS)
def test_single_precision(pair):
    stack, theirs = both(pair, 1, bidirectional=False)
    x = torch.randn(64, 20, FEATURES, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(stack.float()(x)[0], theirs.float()(x)[0], atol=2e-6, rtol=2e-6)
