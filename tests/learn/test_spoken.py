"""Properties: a network speaks without torch what its module says, bit for bit, and nothing of torch is loaded."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from tidegate.errors import RecordError
from tidegate.learn.batches import Gather
from tidegate.learn.gathered import Gathered
from tidegate.models.cells.act import ACT
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.dense import by_row
from tidegate.models.linear import Linear
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.models.spoken import spoken_of

CASES = {
    "published": RecurrentNetwork(
        cell=LSTM(hidden=32, gate_activation="hard_sigmoid_keras2"), dense=(30,), activation="tanh", dropout=0.2
    ),
    "deep": RecurrentNetwork(cell=LSTM(hidden=17, layers=3, dropout=0.2), dense=(31, 5), outputs=3),
    "gru": RecurrentNetwork(cell=GRU(hidden=9, layers=2), dense=(4,), activation="sigmoid"),
    "gru before": RecurrentNetwork(cell=GRU(hidden=9, reset="before"), dense=(4,), activation="hard_sigmoid"),
    "peephole": RecurrentNetwork(cell=PeepholeLSTM(hidden=9, layers=2), dense=()),
    "coupled": RecurrentNetwork(cell=CoupledLSTM(hidden=9), dense=(), output_activation="tanh"),
    "rnn": RecurrentNetwork(cell=RNN(hidden=9, layers=2), dense=(6,), activation="linear"),
    "slow form": RecurrentNetwork(cell=LSTM(hidden=9, form="plain"), dense=()),
}


def built(network, context=0):
    return network.build(3, context, torch.Generator().manual_seed(1)).eval()


def arrays(module):
    return {name: held.numpy() for name, held in module.state_dict().items()}


@pytest.mark.parametrize("context", [0, 2])
@pytest.mark.parametrize("network", CASES.values(), ids=CASES)
def test_it_says_what_the_module_says(network, context):
    module, random = built(network, context), np.random.default_rng(2)
    spoken = spoken_of(network, arrays(module))
    x = random.normal(size=(700, 6, 3)).astype(np.float32)
    c = random.normal(size=(700, context)).astype(np.float32)
    with torch.no_grad():
        want = by_row(module)(torch.from_numpy(x), torch.from_numpy(c)).numpy()
    said = spoken.say(x, c)
    np.testing.assert_array_equal(said, want)
    np.testing.assert_array_equal(spoken.say(x[600:607], c[600:607]), want[600:607])
    x[5, 3, 1] = np.nan
    gone = spoken.say(x, c)
    assert np.isnan(gone[5]).all()
    np.testing.assert_array_equal(np.delete(gone, 5, axis=0), np.delete(want, 5, axis=0))


def test_a_dense_layer_apart_is_the_dense_layer_to_rounding():
    network, random = CASES["published"], torch.Generator().manual_seed(3)
    module, x, c = built(network), torch.randn(300, 6, 3, generator=random), torch.zeros(300, 0)
    with torch.no_grad():
        together = module(x, c)
        torch.testing.assert_close(by_row(module)(x, c), together, atol=2e-6, rtol=2e-6)


@pytest.mark.parametrize(
    "network",
    [
        RecurrentNetwork(cell=LSTM(hidden=4, bidirectional=True)),
        RecurrentNetwork(cell=LSTM(hidden=4, layer_norm=True)),
        RecurrentNetwork(cell=ACT(cell=LSTM(hidden=4))),
    ],
    ids=["both ways", "layer norm", "pondering"],
)
def test_what_only_torch_knows_is_left_to_it(network):
    assert spoken_of(network, arrays(built(network))) is None
    assert spoken_of(Linear(), {}) is None


@pytest.mark.parametrize(
    ("name", "change", "match"),
    [
        ("head.bias", None, "weights of rnn are missing"),
        ("dense.0.kernel", None, "weights of rnn are missing"),
        ("dense.0.bias", np.s_[:2], "weights of rnn do not fit together"),
        ("stack.layers.0.bias", np.s_[:4], "weights of peephole-lstm do not fit together"),
        ("stack.layers.1.peephole", np.s_[:9], "weights of peephole-lstm do not fit together"),
    ],
)
def test_weights_that_do_not_fit_are_refused(name, change, match):
    network = RecurrentNetwork(cell=PeepholeLSTM(hidden=9, layers=2), dense=(4,))
    held = arrays(built(network))
    whole = held.pop(name)
    if change is not None:
        held[name] = whole[change]
    with pytest.raises(RecordError, match=match):
        spoken_of(network, held)


def test_windows_of_another_width_are_refused():
    network = CASES["published"]
    spoken = spoken_of(network, arrays(built(network)))
    with pytest.raises(RecordError, match=r"sees other inputs.*expected 3, found 2"):
        spoken.say(np.ones((5, 6, 2), np.float32), np.ones((5, 0), np.float32))
    with pytest.raises(RecordError, match=r"sees other inputs.*expected 32, found 33"):
        spoken.say(np.ones((5, 6, 3), np.float32), np.ones((5, 1), np.float32))


@pytest.mark.parametrize("world", [{}, {"context": True, "per_window": True}], ids=["shared", "per window"])
def test_windows_are_gathered_as_for_torch(worlds, world):
    held = worlds(**world)
    which = np.random.default_rng(3).permutation(len(held.windows))[:50]
    gather = Gather(held.windows, held.affine)
    batch = gather.batch(gather.admit(which))
    x, c = Gathered(held.windows, held.affine).batch(which)
    np.testing.assert_array_equal(x, batch.x.numpy())
    np.testing.assert_array_equal(c, batch.c.numpy())


def test_a_normaliser_of_other_windows_is_refused(worlds):
    held = worlds()
    with pytest.raises(RecordError, match="not made for these windows"):
        Gathered(held.windows, worlds(context=True).affine)


def test_predicting_loads_no_torch():
    code = "import sys, tidegate.study.asking, tidegate.models.spoken; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
