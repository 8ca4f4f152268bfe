"""Every cell in plain NumPy and float64: one window, one step, one gate at a time, as the papers write it.

Nothing here is shared with what it is held against, but the names of the weights and the order of the blocks.
"""

import numpy as np

CURVES = {
    "linear": lambda a: a,
    "relu": lambda a: np.maximum(a, 0.0),
    "tanh": np.tanh,
    "sigmoid": lambda a: 1.0 / (1.0 + np.exp(-a)),
    "hard_sigmoid": lambda a: np.minimum(np.maximum(a + 3.0, 0.0), 6.0) / 6.0,
    "hard_sigmoid_keras2": lambda a: np.clip(0.2 * a + 0.5, 0.0, 1.0),
}


def layer_norm(v, gain):
    return gain * (v - v.mean()) / np.sqrt(np.mean((v - v.mean()) ** 2) + 1e-5)


def products(cell, w, x, h, rows=slice(None)):
    """``W x`` and ``R h`` for some rows of the blocks."""
    seen, recalled = w["kernel"][rows] @ x, w["recurrent"][rows] @ h
    if cell.layer_norm:
        seen, recalled = layer_norm(seen, w["kernel_gain"][rows]), layer_norm(recalled, w["recurrent_gain"][rows])
    return seen, recalled


def leaving(cell, w, c):
    if cell.layer_norm:
        c = layer_norm(c, w["state_gain"]) + w["state_shift"]
    return CURVES[cell.activation](c)


def rnn(cell, w, x, state, noise):
    seen, recalled = products(cell, w, x, state[0] * noise)
    return (CURVES[cell.activation](seen + recalled + w["bias"]),)


def lstm(cell, w, x, state, noise):
    (h, c), gate, curve = state, CURVES[cell.gate_activation], CURVES[cell.activation]
    seen, recalled = products(cell, w, x, h * noise)
    i, f, g, o = np.split(seen + recalled + w["bias"], 4)
    c = gate(f) * c + gate(i) * curve(g)
    return gate(o) * leaving(cell, w, c), c


def peephole_lstm(cell, w, x, state, noise):
    (h, c), gate, curve = state, CURVES[cell.gate_activation], CURVES[cell.activation]
    seen, recalled = products(cell, w, x, h * noise)
    i, f, g, o = np.split(seen + recalled + w["bias"], 4)
    into_i, into_f, into_o = np.split(w["peephole"], 3)
    i, f = gate(i + into_i * c), gate(f + into_f * c)
    c = f * c + i * curve(g)
    o = gate(o + into_o * c)
    return o * leaving(cell, w, c), c


def coupled_lstm(cell, w, x, state, noise):
    (h, c), gate, curve = state, CURVES[cell.gate_activation], CURVES[cell.activation]
    seen, recalled = products(cell, w, x, h * noise)
    f, g, o = np.split(seen + recalled + w["bias"], 3)
    i = 1.0 - gate(f)
    c = gate(f) * c + i * curve(g)
    return gate(o) * leaving(cell, w, c), c


def gru(cell, w, x, state, noise):
    (h,), gate, curve, size = state, CURVES[cell.gate_activation], CURVES[cell.activation], state[0].size
    both, rest = slice(0, 2 * size), slice(2 * size, None)
    seen, recalled = products(cell, w, x, h * noise, both)
    r, z = np.split(gate(seen + recalled + w["bias"][both]), 2)
    if cell.reset == "after":
        seen, recalled = products(cell, w, x, h * noise, rest)
        n = curve(seen + w["bias"][rest] + r * (recalled + w["recurrent_bias"]))
    else:
        seen, recalled = products(cell, w, x, r * h * noise, rest)
        n = curve(seen + w["bias"][rest] + recalled)
    return ((1.0 - z) * n + z * h,)


def positive(a):
    return np.where(a >= 0, a + 0.5, 1.0 / (1.0 + np.exp(-a)))


def min_gru(cell, w, x, state, noise):
    z, n = np.split(w["kernel"] @ x + w["bias"], 2)
    z = CURVES["sigmoid"](z)
    return ((1.0 - z) * state[0] + z * positive(n),)


def min_lstm(cell, w, x, state, noise):
    f, i, n = np.split(w["kernel"] @ x + w["bias"], 3)
    f, i = CURVES["sigmoid"](f), CURVES["sigmoid"](i)
    return (f / (f + i) * state[0] + i / (f + i) * positive(n),)


STEPS = {
    "rnn": rnn,
    "lstm": lstm,
    "peephole-lstm": peephole_lstm,
    "coupled-lstm": coupled_lstm,
    "gru": gru,
    "min-gru": min_gru,
    "min-lstm": min_lstm,
}


def reference(cell, weights, x, state, mask=None, noise=None):
    """Outputs ``[B, L, H]`` and the last state; what is masked is cut out and its output repeats the one before."""
    outputs = np.zeros((*x.shape[:2], cell.hidden))
    last = [np.array(part) for part in state]
    for b in range(x.shape[0]):
        now, held = tuple(part[b] for part in state), np.zeros(cell.hidden)
        for t in range(x.shape[1]):
            if mask is None or mask[b, t]:
                now = STEPS[cell.name](cell, weights, x[b, t], now, np.ones(cell.hidden) if noise is None else noise[b])
                held = now[0]
            outputs[b, t] = held
        for part, value in zip(last, now, strict=True):
            part[b] = value
    return outputs, tuple(last)
