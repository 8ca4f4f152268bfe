"""The form for GPUs against the plain one, in values and gradients: on a GPU, or in Triton's interpreter on a processor.

The interpreter must be chosen before Triton is loaded. Where it was not, one test runs this file anew with it.
"""

import os
import subprocess
import sys

import pytest
import torch

from tidegate.errors import MissingExtraError, UnknownNameError
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.gpu import fused as home
from tidegate.models.gpu import gru_kernels, lstm_kernels, rnn_kernels
from tidegate.models.gpu.curves import NUMBERS
from tidegate.models.gpu.fused import fused
from tidegate.models.gpu.language import triton_is_there
from tidegate.models.unroll import unroll

HERE = "cuda" if torch.cuda.is_available() else "cpu"
INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
triton_needed = pytest.mark.skipif(not triton_is_there(), reason="Triton is not installed")
runs_here = pytest.mark.skipif(
    not triton_is_there() or not (HERE == "cuda" or INTERPRETED), reason="needs Triton and a GPU or its interpreter"
)
CELLS = [
    LSTM(hidden=5),
    LSTM(hidden=5, gate_activation="hard_sigmoid", activation="relu"),
    PeepholeLSTM(hidden=5),
    PeepholeLSTM(hidden=5, gate_activation="hard_sigmoid_keras2"),
    CoupledLSTM(hidden=5),
    GRU(hidden=5),
    GRU(hidden=5, reset="before"),
    GRU(hidden=5, reset="before", gate_activation="hard_sigmoid", activation="linear"),
    RNN(hidden=5),
    RNN(hidden=5, activation="relu"),
]


def both_forms(cell, dtype=torch.float64, masked=False, noisy=False, outputs=True, state=True, seed=1):
    """Outputs, states and all gradients of the plain form and of the fused one."""
    generator, (rows, steps, inputs) = torch.Generator().manual_seed(seed), (4, 3, 2)

    def drawn(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(HERE, dtype)

    weights = {k: v.to(HERE, dtype) + 0.3 * drawn(*v.shape) for k, v in cell.draw(inputs, generator).items()}
    x, start = drawn(rows, steps, inputs), [drawn(rows, cell.hidden) for _ in cell.start(1, torch.zeros(1))]
    mask = (torch.rand(rows, steps, generator=generator) > 0.4).to(HERE) if masked else None
    noise = (torch.rand(rows, cell.hidden, generator=generator) > 0.3).to(HERE, dtype) * 1.5 if noisy else None
    pulls = [drawn(rows, steps, cell.hidden), *(drawn(rows, cell.hidden) for _ in start)]
    found = []
    for form in ("plain", "fused"):
        held = {k: v.clone().requires_grad_() for k, v in weights.items()}
        seen, before = x.clone().requires_grad_(), tuple(each.clone().requires_grad_() for each in start)
        if form == "plain":
            said, after, _ = unroll(cell, held, seen, before, mask, noise)
        else:
            said, after = fused(tuple(cell.fused_as), held, seen, before, mask, noise)
        parts = [(said * pulls[0]).sum()] if outputs else []
        parts += [(each * pull).sum() for each, pull in zip(after, pulls[1:], strict=True)] if state else []
        sum(parts).backward()
        gradients = [seen.grad, *(each.grad for each in before), *(held[k].grad for k in sorted(held))]
        found.append([said.detach(), *(each.detach() for each in after), *gradients])
    return found


def near(found, tolerance):
    for plain, ours in zip(*found, strict=True):
        assert (plain is None) == (ours is None)
        if plain is not None:
            torch.testing.assert_close(ours.to(plain.dtype), plain, atol=tolerance, rtol=tolerance)


@runs_here
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "-".join(cell.fused_as))
@pytest.mark.parametrize("masked, noisy", [(False, False), (True, True)])
def test_says_what_the_plain_form_says(cell, masked, noisy):
    near(both_forms(cell, masked=masked, noisy=noisy), 1e-11)


@runs_here
@pytest.mark.parametrize("cell", [LSTM(hidden=5), GRU(hidden=5, reset="before")], ids=lambda cell: cell.name)
def test_single_and_half_precision(cell):
    near(both_forms(cell, torch.float32), 2e-6)
    found = both_forms(cell, torch.bfloat16)
    assert all(ours.dtype in (torch.bfloat16, torch.float32) for ours in found[1])
    near(found, 0.1)


@runs_here
@pytest.mark.parametrize("outputs, state", [(True, False), (False, True)])
def test_gradients_that_nobody_sends_are_zero(outputs, state):
    for cell in (PeepholeLSTM(hidden=5), GRU(hidden=5)):
        near(both_forms(cell, masked=True, outputs=outputs, state=state), 1e-11)


@runs_here
def test_a_missing_value_stays_in_its_row():
    for kind in (("lstm", "hard_sigmoid", "relu"), ("lstm", "sigmoid", "tanh")):
        weights = LSTM(hidden=3).draw(2, torch.Generator().manual_seed(1))
        x = torch.zeros(3, 4, 2)
        x[1, 2, 0] = torch.nan
        zero = torch.zeros(3, 3)
        given = {k: v.to(HERE) for k, v in weights.items()}
        said = fused(kind, given, x.to(HERE), (zero.to(HERE), zero.to(HERE)))[0].isnan()
        assert said[1, 2:].all()
        assert not said[[0, 2]].any()
        assert not said[1, :2].any()


@triton_needed
@pytest.mark.skipif(HERE == "cuda" or INTERPRETED, reason="the other tests of this file run as they are")
def test_in_the_interpreter():
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", __file__],
        capture_output=True,
        text=True,
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert " passed" in ran.stdout


KERNELS = [
    getattr(room, name) for room in (lstm_kernels, gru_kernels, rnn_kernels) for name in room.__all__
]  # fmt: skip


@triton_needed
@pytest.mark.skipif(INTERPRETED, reason="the interpreter compiles nothing")
@pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION")
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_kernels_compile_for_a_gpu_that_is_not_here(kernel, tmp_path, monkeypatch):
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    triton = pytest.importorskip("triton")
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    fixed = {"H": 48, "PEEPS": True, "MASKED": True, "PULLED": True, "NOISY": True, "FIRST": False, "BLOCK": 512}
    for element, gate, state, blocks in (("fp32", "sigmoid", "tanh", 4), ("bf16", "hard_sigmoid", "relu", 3)):
        chosen = {
            **fixed,
            "GATE": NUMBERS[gate],
            "STATE": NUMBERS[state],
            "BLOCKS": blocks,
            "ACC": triton.language.float32,
        }
        kinds = dict.fromkeys(("c_before", "c_after", "dc", "dh", "h", "peephole", "shift"), "*fp32")
        kinds.update(taken="*u8", count="i32")
        signature = {
            name: "constexpr" if name in chosen else kinds.get(name, f"*{element}") for name in kernel.arg_names
        }
        constants = {name: chosen[name] for name in kernel.arg_names if name in chosen}
        made = triton.compile(
            ASTSource(fn=kernel, signature=signature, constexprs=constants), target=GPUTarget("cuda", 80, 32)
        )
        assert made.asm["cubin"]


def test_what_it_cannot_do_is_refused(monkeypatch):
    weights = RNN(hidden=2).draw(1, torch.Generator())
    x, zero = torch.zeros(1, 1, 1), (torch.zeros(1, 2),)
    with pytest.raises(UnknownNameError, match="did you mean 'rnn'"):
        fused(("rn", "sigmoid", "tanh"), weights, x, zero)
    with pytest.raises(UnknownNameError, match="did you mean 'tanh'"):
        fused(("rnn", "sigmoid", "tan"), weights, x, zero)
    monkeypatch.setattr(home, "triton_is_there", lambda: False)
    with pytest.raises(MissingExtraError, match=r"needs Triton, which is not installed \(rnn\)"):
        fused(("rnn", "sigmoid", "tanh"), weights, x, zero)


def test_which_form_computes_on_a_gpu(monkeypatch):
    from tidegate.models.cells import gated

    monkeypatch.setattr(gated, "_triton_is_there", lambda: True)
    forms = {
        "torch": (LSTM(hidden=2), GRU(hidden=2), RNN(hidden=2)),
        "fast": (PeepholeLSTM(hidden=2), CoupledLSTM(hidden=2), GRU(hidden=2, reset="before"),
                 LSTM(hidden=2, gate_activation="hard_sigmoid"), LSTM(hidden=2, recurrent_dropout=0.1)),
        "plain": (LSTM(hidden=2, layer_norm=True),),
    }  # fmt: skip
    for form, cells in forms.items():
        assert all(cell.form_for(device="cuda", masked=False) == form for cell in cells), form
    assert LSTM(hidden=2).form_for(device="cuda", masked=True) == "fast"
    monkeypatch.setattr(gated, "_triton_is_there", lambda: False)
    assert PeepholeLSTM(hidden=2).form_for(device="cuda", masked=False) == "plain"
