"""What Keras 3's own layers say: ``python keras_oracle.py FILE`` computes it and keeps it as arrays.

The file is kept beside the tests, so that they need no Keras. Every number is float64; weights are in Keras's layout
(transposed, GRU blocks in the order z, r, h), so that the test does the translating. Nothing of Tidegate is imported.

On torch, Keras rounds a product of doubles to single precision; it has a table that says so, which is told here to let
doubles be doubles, as it does on TensorFlow. Without that the two agree to 2e-6, with it to 1e-10.
"""

import os
import sys
from pathlib import Path

import numpy as np

BATCH, LOOKBACK, FEATURES, HIDDEN = 3, 5, 3, 4
UNITS_OF_A_LAW, INPUTS_OF_A_LAW = 160, 40

CASES = {
    "rnn-tanh": ("SimpleRNN", {"activation": "tanh"}, False),
    "rnn-relu": ("SimpleRNN", {"activation": "relu"}, False),
    "lstm": ("LSTM", {}, False),
    "lstm-hard": ("LSTM", {"recurrent_activation": "hard_sigmoid"}, False),
    "lstm-relu": ("LSTM", {"activation": "relu"}, False),
    "lstm-masked": ("LSTM", {"recurrent_activation": "hard_sigmoid"}, True),
    "gru-after": ("GRU", {"reset_after": True}, False),
    "gru-before": ("GRU", {"reset_after": False}, False),
    "gru-after-hard": ("GRU", {"reset_after": True, "recurrent_activation": "hard_sigmoid"}, False),
    "gru-before-hard": ("GRU", {"reset_after": False, "recurrent_activation": "hard_sigmoid"}, False),
    "gru-masked": ("GRU", {"reset_after": True}, True),
}
LAWS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "zeros",
)


def _layer(kind, options):
    import keras

    made = getattr(keras.layers, kind)(HIDDEN, return_sequences=True, return_state=True, dtype="float64", **options)
    made.build((BATCH, LOOKBACK, FEATURES))
    return made


def _case(name):
    """Outputs, last state and all gradients of ``Σ pull · (outputs, state)`` for weights drawn by NumPy."""
    import torch

    kind, options, masked = CASES[name]
    layer, chance = _layer(kind, options), np.random.default_rng(sorted(CASES).index(name))
    told = {}
    weights = [chance.normal(scale=0.5, size=tuple(weight.shape)) for weight in layer.trainable_weights]
    layer.set_weights(weights)
    states = 2 if kind == "LSTM" else 1
    told["x"] = chance.normal(size=(BATCH, LOOKBACK, FEATURES))
    starts = [chance.normal(size=(BATCH, HIDDEN)) for _ in range(states)]
    pulls = [
        chance.normal(size=(BATCH, LOOKBACK, HIDDEN)),
        *(chance.normal(size=(BATCH, HIDDEN)) for _ in range(states)),
    ]
    mask = chance.random((BATCH, LOOKBACK)) < 0.6
    x = torch.tensor(told["x"], requires_grad=True)
    begun = [torch.tensor(start, requires_grad=True) for start in starts]
    said = layer(x, initial_state=begun, mask=torch.tensor(mask) if masked else None)
    sum((part * torch.tensor(pull)).sum() for part, pull in zip(said, pulls, strict=True)).backward()
    for kept, arrays in (("weight", weights), ("start", starts), ("pull", pulls)):
        told.update({f"{kept}.{at}": array for at, array in enumerate(arrays)})
    told.update({f"said.{at}": part.detach().numpy() for at, part in enumerate(said)})
    told.update({f"slope.weight.{at}": weight.value.grad.numpy() for at, weight in enumerate(layer.trainable_weights)})
    told.update({f"slope.start.{at}": part.grad.numpy() for at, part in enumerate(begun)})
    told["slope.x"] = x.grad.numpy()
    if masked:
        told["mask"] = mask
    return told


def _both_ways():
    """A bidirectional LSTM: all outputs, and the last ones as Keras joins them."""
    import keras
    import torch

    chance = np.random.default_rng(99)
    told = {"x": chance.normal(size=(BATCH, LOOKBACK, FEATURES))}
    for name, sequences in (("outputs", True), ("last", False)):
        inner = keras.layers.LSTM(HIDDEN, return_sequences=sequences, dtype="float64")
        layer = keras.layers.Bidirectional(inner, dtype="float64")
        layer.build((BATCH, LOOKBACK, FEATURES))
        if "weight.0" not in told:
            drawn = [chance.normal(scale=0.5, size=tuple(w.shape)) for w in layer.trainable_weights]
            told.update({f"weight.{at}": weight for at, weight in enumerate(drawn)})
        layer.set_weights([told[f"weight.{at}"] for at in range(6)])
        told[name] = layer(torch.tensor(told["x"])).detach().numpy()
    return told


def _law(name):
    """Of a drawn matrix ``[in, out]``: mean, standard deviation, largest size, and how far its rows are from orthonormal."""
    import keras

    drawn = keras.initializers.get({"class_name": name, "config": {"seed": 7} if name != "zeros" else {}})
    matrix = drawn((INPUTS_OF_A_LAW, UNITS_OF_A_LAW), dtype="float64").detach().numpy()
    error = np.abs(matrix @ matrix.T - np.eye(INPUTS_OF_A_LAW)).max()
    return np.array([matrix.mean(), matrix.std(), np.abs(matrix).max(), error])


def compute():
    """Everything that is kept, by name."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    from keras.src.backend.common import dtypes

    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    keras.utils.set_random_seed(1)
    told = {"version": np.array(keras.__version__)}
    for name in CASES:
        told.update({f"{name}/{key}": value for key, value in _case(name).items()})
    told.update({f"both-ways/{key}": value for key, value in _both_ways().items()})
    told.update({f"law/{name}": _law(name) for name in LAWS})
    told["first-bias"] = _layer("LSTM", {"unit_forget_bias": True}).trainable_weights[2].value.detach().numpy()
    return told


if __name__ == "__main__":
    np.savez_compressed(Path(sys.argv[1]), **compute())
