"""A slow, obvious ACT in float64: one sample after the other, one number after the other. Written from the paper."""

import math

import numpy as np
import torch


def lstm_step(weights):
    """One step of an LSTM on vectors, from its equations."""

    def step(x, state, noise):
        h, c = state
        kept = h if noise is None else h * noise
        i, f, g, o = np.split(weights["kernel"] @ x + weights["recurrent"] @ kept + weights["bias"], 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        return h, (h, c)

    return step


def step_of(cell, weights):
    """One step of any cell on vectors, through its own plain step."""
    tensors = {name: torch.from_numpy(held) for name, held in weights.items()}

    def step(x, state, noise):
        row = None if noise is None else torch.from_numpy(noise)[None]
        held = tuple(torch.from_numpy(part)[None] for part in state)
        said, after = cell.step(tensors, torch.from_numpy(x)[None], held, row)
        return said[0].numpy(), tuple(part[0].numpy() for part in after)

    return step


def ponder(step, weights, x, state, noise, epsilon, limit, flag):
    """One time step of one sample: output, state, N, R and the halting weights."""
    said, states, halts = [], [], []
    n = 0
    while True:
        n += 1
        seen = np.append(x, 1.0 if n == 1 else 0.0) if flag else x
        y, state = step(seen, state, noise)
        said.append(y)
        states.append(state)
        halts.append(1 / (1 + math.exp(-(float(weights["halting"] @ y) + float(weights["halting_bias"][0])))))
        if sum(halts) >= 1 - epsilon or n == limit:
            break
    remainder = 1 - sum(halts[:-1])
    shares = [*halts[:-1], remainder]
    output = sum(p * y for p, y in zip(shares, said, strict=True))
    after = tuple(sum(p * s[part] for p, s in zip(shares, states, strict=True)) for part in range(len(states[0])))
    return output, after, n, remainder, shares


def reference(step, weights, x, start, epsilon, limit, flag, mask=None, noise=None):
    """All samples and time steps: outputs [B, L, H], states, N and R [B, L]."""
    batch, length = x.shape[:2]
    outputs = np.zeros((batch, length, weights["halting"].shape[0]))
    steps, remainder = np.zeros((batch, length)), np.zeros((batch, length))
    last = [np.zeros_like(part) for part in start]
    for b in range(batch):
        state = tuple(part[b] for part in start)
        held = np.zeros(outputs.shape[2])
        for t in range(length):
            if mask is None or mask[b, t]:
                held, state, steps[b, t], remainder[b, t], shares = ponder(
                    step, weights, x[b, t], state, None if noise is None else noise[b], epsilon, limit, flag
                )
                assert abs(sum(shares) - 1) < 1e-12
                assert min(shares) >= 0
            outputs[b, t] = held
        for kept, part in zip(last, state, strict=True):
            kept[b] = part
    return outputs, tuple(last), steps, remainder
