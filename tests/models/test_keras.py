"""Keras 3's layers as the oracle: same weights, outputs, states and gradients to rounding; same laws of first weights.

What Keras said is kept beside the tests (`keras_oracle` says how it was made); where Keras is installed it is also asked
anew. Keras 2's hard_sigmoid is gone from Keras 3 and stands here as its formula, ``clip(0.2 x + 0.5, 0, 1)``.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from keras_oracle import CASES, HIDDEN, INPUTS_OF_A_LAW, LAWS, UNITS_OF_A_LAW

from tidegate.models.activations import activate
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.initialisers import initial
from tidegate.models.noise import Noise
from tidegate.models.stack import Stack

HERE = Path(__file__).parent
CELLS = {
    "rnn-tanh": RNN(hidden=HIDDEN),
    "rnn-relu": RNN(hidden=HIDDEN, activation="relu"),
    "lstm": LSTM(hidden=HIDDEN),
    "lstm-hard": LSTM(hidden=HIDDEN, gate_activation="hard_sigmoid"),
    "lstm-relu": LSTM(hidden=HIDDEN, activation="relu"),
    "lstm-masked": LSTM(hidden=HIDDEN, gate_activation="hard_sigmoid"),
    "gru-after": GRU(hidden=HIDDEN),
    "gru-before": GRU(hidden=HIDDEN, reset="before"),
    "gru-after-hard": GRU(hidden=HIDDEN, gate_activation="hard_sigmoid"),
    "gru-before-hard": GRU(hidden=HIDDEN, reset="before", gate_activation="hard_sigmoid"),
    "gru-masked": GRU(hidden=HIDDEN),
}
FORMS = [(name, form) for name in CASES for form in CELLS[name].forms(device="cpu", masked=CASES[name][2])]


@pytest.fixture(scope="module")
def kept():
    with np.load(HERE / "frozen" / "keras_cells.npz") as arrays:
        return dict(arrays)


def of(kept, case):
    return {key.partition("/")[2]: value for key, value in kept.items() if key.startswith(f"{case}/")}


def ours(cell, theirs):
    """Keras's arrays ``[in, blocks]`` in our layout and order; linear, so that gradients are translated alike."""
    kernel, recurrent, bias = theirs[0].T, theirs[1].T, theirs[2]
    if not isinstance(cell, GRU):
        return {"kernel": kernel, "recurrent": recurrent, "bias": bias}
    z, r, n = (slice(at * HIDDEN, (at + 1) * HIDDEN) for at in range(3))
    order = np.r_[r, z, n]
    if cell.reset == "before":
        return {"kernel": kernel[order], "recurrent": recurrent[order], "bias": bias[order]}
    outer, inner = bias
    both = outer.copy()
    both[: 2 * HIDDEN] += inner[: 2 * HIDDEN]
    return {
        "kernel": kernel[order],
        "recurrent": recurrent[order],
        "bias": both[order],
        "recurrent_bias": inner[n],
    }


def group(told, prefix):
    return [told[f"{prefix}.{at}"] for at in range(10) if f"{prefix}.{at}" in told]


def check(kept, case, form):
    told, cell = of(kept, case), CELLS[case].but(form=form)
    weights = {name: torch.tensor(w).requires_grad_() for name, w in ours(cell, group(told, "weight")).items()}
    x = torch.tensor(told["x"], requires_grad=True)
    start = tuple(torch.tensor(part, requires_grad=True) for part in group(told, "start"))
    run = cell.run(weights, x, start, torch.tensor(told["mask"]) if "mask" in told else None)
    said = (run.outputs, *run.state)
    for found, expected in zip(said, group(told, "said"), strict=True):
        np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    sum((part * torch.tensor(pull)).sum() for part, pull in zip(said, group(told, "pull"), strict=True)).backward()
    slopes = group(told, "slope.weight")
    if "recurrent_bias" in weights:  # both of Keras's biases move the gates; their gradients there are one
        np.testing.assert_allclose(slopes[2][0, : 2 * HIDDEN], slopes[2][1, : 2 * HIDDEN], rtol=1e-12)
        slopes = [*slopes[:2], np.stack([slopes[2][0], np.r_[np.zeros(2 * HIDDEN), slopes[2][1, 2 * HIDDEN :]]])]
    # The backward pass of torch's hard_sigmoid, which Keras takes, holds its slope of 1/6 in single precision: 3e-8 off.
    near = 1e-6 if getattr(cell, "gate_activation", "") == "hard_sigmoid" else 1e-10
    for name, expected in ours(cell, slopes).items():
        np.testing.assert_allclose(weights[name].grad.numpy(), expected, rtol=near, atol=0.1 * near, err_msg=name)
    for part, expected in zip((x, *start), (told["slope.x"], *group(told, "slope.start")), strict=True):
        np.testing.assert_allclose(part.grad.numpy(), expected, rtol=near, atol=0.1 * near)


@pytest.mark.parametrize("case, form", FORMS)
def test_outputs_states_and_gradients(kept, case, form):
    check(kept, case, form)


def test_both_ways(kept):
    told = of(kept, "both-ways")
    cell = LSTM(hidden=HIDDEN, bidirectional=True)
    stack = Stack(cell, told["x"].shape[2], torch.Generator(), Noise(0)).double()
    with torch.no_grad():
        for layer, at in ((stack.layers[0], 0), (stack.backwards[0], 3)):
            for name, weight in ours(cell, [told[f"weight.{at + k}"] for k in range(3)]).items():
                layer[name].copy_(torch.tensor(weight))
        outputs, states = stack(torch.tensor(told["x"]))
    np.testing.assert_allclose(outputs.numpy(), told["outputs"], rtol=1e-10)
    np.testing.assert_allclose(torch.cat([state[0] for state in states], dim=1).numpy(), told["last"], rtol=1e-10)


@pytest.mark.parametrize("law", LAWS)
def test_first_weights_follow_the_same_law(kept, law):
    mean, deviation, largest, apart = kept[f"law/{law}"]
    matrix = initial(law, (UNITS_OF_A_LAW, INPUTS_OF_A_LAW), torch.Generator().manual_seed(3)).double()
    assert matrix.mean().item() == pytest.approx(mean, abs=0.02 * max(deviation, 0.01) + 0.01)
    assert matrix.std().item() == pytest.approx(deviation, rel=0.03)
    if law != "orthogonal":  # a bounded law fills its range
        assert matrix.abs().max().item() == pytest.approx(largest, rel=0.01)
    else:
        assert apart < 1e-12
        assert (matrix.T @ matrix - torch.eye(INPUTS_OF_A_LAW)).abs().max() < 1e-6


def test_the_forget_gate_starts_at_one_there_too(kept):
    drawn = LSTM(hidden=HIDDEN).draw(3, torch.Generator())
    np.testing.assert_array_equal(drawn["bias"].numpy(), kept["first-bias"])


def test_the_two_hard_sigmoids():
    x = torch.linspace(-5, 5, 1001, dtype=torch.float64)
    torch.testing.assert_close(activate("hard_sigmoid", x), torch.nn.functional.relu6(x + 3) / 6, atol=1e-15, rtol=0)
    torch.testing.assert_close(activate("hard_sigmoid_keras2", x), (0.2 * x + 0.5).clip(0, 1), atol=1e-15, rtol=0)


@pytest.mark.skipif(importlib.util.find_spec("keras") is None, reason="the optional oracle keras is not installed")
def test_keras_still_says_what_was_kept(kept, tmp_path):
    file = tmp_path / "anew.npz"
    environment = {**os.environ, "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, str(HERE / "keras_oracle.py"), str(file)], check=True, env=environment)
    with np.load(file) as arrays:
        anew = dict(arrays)
    assert anew.keys() == kept.keys()
    for key in kept.keys() - {"version"}:
        np.testing.assert_allclose(anew[key], kept[key], rtol=1e-9, atol=1e-12, err_msg=key)
    for case, form in FORMS:
        check(anew, case, form)
