"""Every cell in every kind of setting, and inputs for it: what the tests of cells run over."""

import itertools

import torch

from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.cells.min_lstm import MinLSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN

KINDS = (RNN, LSTM, GRU, PeepholeLSTM, CoupledLSTM, MinGRU, MinLSTM)
GATES = ("sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")


def _cases():
    for kind in (LSTM, PeepholeLSTM, CoupledLSTM):
        for gate, norm in itertools.product(GATES, (False, True)):
            yield kind(hidden=3, gate_activation=gate, layer_norm=norm)
        yield kind(hidden=3, activation="relu")
        yield kind(hidden=3, activation="hard_sigmoid", gate_activation="hard_sigmoid")
    for reset, gate, norm in itertools.product(("after", "before"), GATES, (False, True)):
        yield GRU(hidden=3, reset=reset, gate_activation=gate, layer_norm=norm)
    yield GRU(hidden=3, activation="sigmoid")
    for activation, norm in itertools.product(("tanh", "relu", "linear", "sigmoid"), (False, True)):
        yield RNN(hidden=3, activation=activation, layer_norm=norm)
    yield MinGRU(hidden=3)
    yield MinLSTM(hidden=3)


CASES = tuple(_cases())
USUAL = (*(kind(hidden=3) for kind in KINDS), GRU(hidden=3, reset="before"), RNN(hidden=3, activation="relu"))


def told(cell):
    """A name for a case: what differs from the defaults."""
    if "hidden" not in type(cell).model_fields:
        return f"{cell.name} over {told(cell.cell)}"
    usual = type(cell)(hidden=cell.hidden)
    changed = [
        f"{key}={getattr(cell, key)}" for key in type(cell).model_fields if getattr(cell, key) != getattr(usual, key)
    ]
    return " ".join((cell.name, *changed))


def drawn(cell, inputs, seed=1, dtype=torch.float64, spread=0.4):
    """Weights that differ from their start in every group, so that none can hide behind a zero or a one."""
    generator = torch.Generator().manual_seed(seed)
    weights = {name: held.to(dtype) for name, held in cell.draw(inputs, generator).items()}
    for name, held in weights.items():
        weights[name] = held + spread * torch.randn(held.shape, generator=generator, dtype=dtype)
    return {name: held.requires_grad_() for name, held in weights.items()}


def window(cell, batch=4, lookback=5, inputs=2, seed=2, dtype=torch.float64):
    """A window ``[B, L, F]`` and a start that is not zero."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, lookback, inputs, generator=generator, dtype=dtype)
    state = tuple(torch.randn(part.shape, generator=generator, dtype=dtype) for part in cell.start(batch, x))
    return x, state


def noise_for(cell, batch=4, seed=3, dtype=torch.float64):
    """Factors of a recurrent dropout of one half, or None for a cell that knows none."""
    if "recurrent_dropout" not in type(cell).model_fields:
        return None
    generator = torch.Generator().manual_seed(seed)
    return 2.0 * torch.empty(batch, cell.hidden, dtype=dtype).bernoulli_(0.5, generator=generator)


def pulled(run, seed=4):
    """One number of a run on which every output and every state has its own pull."""
    generator = torch.Generator().manual_seed(seed)
    total = (run.outputs * torch.randn(run.outputs.shape, generator=generator, dtype=run.outputs.dtype)).sum()
    for part in run.state:
        total = total + (part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum()
    return total


def forms(cell, *, masked=False):
    """The cell in each of the forms that know its settings."""
    return tuple(cell.but(form=form) for form in cell.forms(device="cpu", masked=masked))
