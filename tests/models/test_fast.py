"""The fused kernels: against the plain cells, gradients included; bits by row and by thread; refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import SettingError, UnknownNameError
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.fast.compiled import compiled
from tidegate.models.fast.curves import CURVES
from tidegate.models.fast.fused import fused
from tidegate.models.fast.shared import fused_shared, project
from tidegate.models.fast.tiles import cut, micro_rows
from tidegate.models.unroll import unroll

BUILDERS = {
    "rnn": RNN,
    "lstm": LSTM,
    "peephole-lstm": PeepholeLSTM,
    "coupled-lstm": CoupledLSTM,
    "gru-after": GRU,
    "gru-before": lambda **given: GRU(reset="before", **given),
}
GATES = ("sigmoid", "hard_sigmoid", "hard_sigmoid_keras2")


def task(cell, batch, steps, inputs, seed, *, masked, noisy, started, dtype=torch.float64):
    """Random weights, inputs, state, mask and noise for a cell."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    weights = {name: (w.to(dtype) + 0.3 * normal(*w.shape)) for name, w in cell.draw(inputs, generator).items()}
    x = normal(batch, steps, inputs)
    state = cell.start(batch, x)
    if started:
        state = tuple(normal(batch, cell.hidden) for _ in state)
    mask = torch.rand(batch, steps, generator=generator) < 0.7 if masked else None
    noise = (torch.rand(batch, cell.hidden, generator=generator) < 0.8).to(dtype) / 0.8 if noisy else None
    return weights, x, state, mask, noise


def everything(run, weights, x, state, pull):
    """Outputs, states and the gradients of all that has one."""
    leaves = [*(weights[name] for name in sorted(weights)), x, *state]
    leaves = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    count = len(weights)
    held = dict(zip(sorted(weights), leaves[:count], strict=True))
    outputs, last, *_ = run(held, leaves[count], tuple(leaves[count + 1 :]))
    loss = (outputs * pull).sum() + sum(part.square().sum() for part in last)
    return [outputs.detach(), *(part.detach() for part in last), *torch.autograd.grad(loss, leaves)]


@pytest.mark.parametrize("name", BUILDERS)
@settings(deadline=None, max_examples=30)
@given(
    sizes=st.tuples(st.integers(1, 20), st.integers(1, 5), st.integers(1, 5), st.integers(1, 19)),
    seed=st.integers(0, 10**6),
    given_parts=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    gate=st.sampled_from(GATES),
    state=st.sampled_from(sorted(CURVES)),
)
def test_equals_the_plain_cell_in_values_and_gradients(name, sizes, seed, given_parts, gate, state):
    batch, steps, inputs, hidden = sizes
    curves = {"activation": state} if name == "rnn" else {"activation": state, "gate_activation": gate}
    cell = BUILDERS[name](hidden=hidden, **curves)
    masked, noisy, started = given_parts
    weights, x, start, mask, noise = task(cell, batch, steps, inputs, seed, masked=masked, noisy=noisy, started=started)
    pull = torch.randn(batch, steps, hidden, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    plain = everything(lambda w, v, s: unroll(cell, w, v, s, mask, noise), weights, x, start, pull)
    fast = everything(lambda w, v, s: fused(cell.fused_as, w, v, s, mask, noise), weights, x, start, pull)
    for expected, found in zip(plain, fast, strict=True):
        scale = max(1.0, float(expected.abs().max()))
        torch.testing.assert_close(found / scale, expected / scale, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("name", BUILDERS)
def test_single_precision_over_several_tiles(name):
    cell = BUILDERS[name](hidden=24)
    weights, x, start, mask, noise = task(
        cell, 200, 6, 5, 3, masked=True, noisy=True, started=True, dtype=torch.float32
    )
    pull = torch.randn(200, 6, 24, generator=torch.Generator().manual_seed(4))
    plain = everything(lambda w, v, s: unroll(cell, w, v, s, mask, noise), weights, x, start, pull)
    fast = everything(lambda w, v, s: fused(cell.fused_as, w, v, s, mask, noise), weights, x, start, pull)
    for expected, found in zip(plain, fast, strict=True):
        scale = float(expected.abs().max())
        torch.testing.assert_close(found / scale, expected / scale, atol=4e-6, rtol=0)


@pytest.mark.parametrize("name", BUILDERS)
def test_gradcheck(name):
    cell = BUILDERS[name](hidden=3)
    weights, x, start, mask, noise = task(cell, 4, 3, 2, 5, masked=True, noisy=True, started=True)
    leaves = [part.requires_grad_() for part in (*weights.values(), x, *start)]

    def run(*parts):
        held = dict(zip(weights, parts, strict=False))
        rest = parts[len(weights) :]
        outputs, last = fused(cell.fused_as, held, rest[0], tuple(rest[1:]), mask, noise)
        return outputs, *last

    assert torch.autograd.gradcheck(run, leaves, atol=1e-6)


@given(
    batch=st.integers(1, 150), row=st.integers(0, 149), seed=st.integers(0, 1000), hidden=st.sampled_from([3, 16, 21])
)
@settings(deadline=None, max_examples=40)
def test_bits_of_a_window_know_nothing_of_its_neighbours(batch, row, seed, hidden):
    row %= batch
    for name in ("lstm", "gru-after", "gru-before", "rnn"):
        cell = BUILDERS[name](hidden=hidden)
        weights, x, start, _, _ = task(
            cell, batch, 3, 4, seed, masked=False, noisy=False, started=True, dtype=torch.float32
        )
        with torch.no_grad():
            outputs, _ = fused(cell.fused_as, weights, x, start)
            alone, _ = fused(cell.fused_as, weights, x[row : row + 1], tuple(part[row : row + 1] for part in start))
        assert torch.equal(outputs[row], alone[0])
        held = {key: value.requires_grad_() for key, value in weights.items()}
        learning, _ = fused(cell.fused_as, held, x, start)
        assert torch.equal(learning, outputs)


@pytest.mark.parametrize("name", BUILDERS)
def test_bits_do_not_depend_on_threads(name):
    cell = BUILDERS[name](hidden=17)
    weights, x, start, mask, noise = task(
        cell, 1500, 3, 4, 6, masked=True, noisy=True, started=True, dtype=torch.float32
    )
    pull = torch.randn(1500, 3, 17, generator=torch.Generator().manual_seed(7))
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 8):
            torch.set_num_threads(threads)
            found.append(
                everything(lambda w, v, s: fused(cell.fused_as, w, v, s, mask, noise), weights, x, start, pull)
            )
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_missing_numbers_stay_in_their_window_and_show():
    cell = LSTM(hidden=8)
    weights, x, start, _, _ = task(cell, 20, 4, 3, 8, masked=False, noisy=False, started=False, dtype=torch.float32)
    x[7, 1, 2] = float("nan")
    outputs, _ = fused(cell.fused_as, weights, x, start)
    assert outputs[7, 0].isfinite().all()
    assert outputs[7, 1:].isnan().all()
    assert outputs[torch.arange(20) != 7].isfinite().all()


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("masked", [False, True])
def test_windows_may_share_projected_rows(name, masked):
    cell = BUILDERS[name](hidden=18)
    weights, x, _, _, _ = task(cell, 1, 90, 4, 11, masked=False, noisy=False, started=False)
    steps, first = 5, torch.tensor([*range(80), 3, 3, 85, 0])
    windows = x[0][first[:, None] + torch.arange(steps)]
    mask = torch.rand(len(first), steps, generator=torch.Generator().manual_seed(1)) < 0.7 if masked else None
    expected, last = fused(cell.fused_as, weights, windows, cell.start(len(first), windows), mask)
    found, state = fused_shared(cell.fused_as, weights, project(cell.fused_as, weights, x[0]), first, steps, mask)
    for a, b in zip((expected, *last), (found, *state), strict=True):
        torch.testing.assert_close(b, a, atol=1e-12, rtol=1e-9)
    some = torch.tensor([70, 3])
    again, _ = fused_shared(cell.fused_as, weights, project(cell.fused_as, weights, x[0, :80]), some, steps)
    if not masked:
        assert torch.equal(again, found[some])


def test_windows_outside_the_projected_rows_are_refused():
    cell = LSTM(hidden=4)
    weights = cell.draw(3, torch.Generator())
    rows = project(cell.fused_as, weights, torch.ones(10, 3))
    for first in (-1, 8):
        with pytest.raises(SettingError, match="outside the projected rows"):
            fused_shared(cell.fused_as, weights, rows, torch.tensor([0, first]), 3)
    with pytest.raises(SettingError, match="projected rows have the wrong shape"):
        fused_shared(cell.fused_as, weights, rows[:, :4], torch.tensor([0]), 3)
    nothing, _ = fused_shared(cell.fused_as, weights, rows, torch.tensor([], dtype=torch.int64), 3)
    assert nothing.shape == (0, 3, 4)


def test_kernels_work_where_nothing_can_be_kept(monkeypatch):
    monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [])
    assert compiled(lambda x: x + 1)(2) == 3


def test_views_and_transposes_are_read_right_and_outputs_may_be_kept():
    cell = GRU(hidden=5)
    weights, x, start, _, _ = task(cell, 6, 4, 3, 9, masked=False, noisy=False, started=True)
    expected, _ = fused(cell.fused_as, weights, x, start)
    kept = expected.clone()
    apart = {name: torch.stack((w, w), dim=-1)[..., 0] for name, w in weights.items()}
    found, _ = fused(cell.fused_as, apart, x.transpose(0, 1).contiguous().transpose(0, 1), start)
    assert torch.equal(found, expected)
    for seed in range(5):  # memory is used again, but not while somebody looks at it
        fused(cell.fused_as, weights, x + seed, start)
    assert torch.equal(expected, kept)


def test_a_graph_may_be_walked_twice():
    cell = LSTM(hidden=4)
    weights, x, start, _, _ = task(cell, 5, 3, 2, 10, masked=False, noisy=False, started=False)
    x.requires_grad_()
    outputs, _ = fused(cell.fused_as, weights, x, start)
    first = torch.autograd.grad(outputs.sum(), x, retain_graph=True)
    second = torch.autograd.grad(outputs.sum(), x)
    assert torch.equal(first[0], second[0])


def test_no_windows_at_all():
    cell = LSTM(hidden=4)
    weights, x, start, _, _ = task(cell, 0, 3, 2, 10, masked=False, noisy=False, started=False)
    weights = {name: w.requires_grad_() for name, w in weights.items()}
    outputs, (h, c) = fused(cell.fused_as, weights, x, start)
    assert (outputs.shape, h.shape, c.shape) == ((0, 3, 4), (0, 4), (0, 4))
    outputs.sum().backward()
    assert not weights["kernel"].grad.any()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": torch.zeros(2, 3)}, "needs windows"),
        ({"x": torch.zeros(2, 3, 5)}, "kernel has the wrong shape"),
        ({"x": torch.zeros(2, 3, 4, dtype=torch.float64)}, "must be alike"),
        ({"x": torch.zeros(2, 3, 4, dtype=torch.bfloat16)}, "must be alike"),
        ({"state": (torch.zeros(2, 6),)}, "state has parts"),
        ({"state": (torch.zeros(1, 6), torch.zeros(2, 6))}, "h has the wrong shape"),
        ({"mask": torch.ones(2, 3)}, "not one truth"),
        ({"mask": torch.ones(2, 4, dtype=torch.bool)}, "not one truth"),
        ({"noise": torch.ones(2, 5)}, "noise has the wrong shape"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    cell = LSTM(hidden=6)
    weights = cell.draw(4, torch.Generator())
    x = torch.zeros(2, 3, 4)
    with pytest.raises(SettingError, match=message):
        fused(cell.fused_as, **{"weights": weights, "x": x, "state": cell.start(2, x), **change})


def test_unknown_kinds_are_refused():
    with pytest.raises(UnknownNameError, match="did you mean 'lstm'"):
        fused(("lstmm", "sigmoid", "tanh"), {}, torch.zeros(1, 1, 1), ())
    with pytest.raises(UnknownNameError, match="curve"):
        fused(("lstm", "softmax", "tanh"), {}, torch.zeros(1, 1, 1), ())


@given(batch=st.integers(1, 5000))
def test_tiles_hold_every_row_once(batch):
    tiles = cut(batch, 64)
    rows = np.concatenate([np.arange(first, first + count) for first, count in map(tiles.place, range(tiles.tiles))])
    assert np.array_equal(rows, np.arange(batch))
    lanes = [tile for lane in range(tiles.lanes) for tile in tiles.lane(lane)]
    assert lanes == list(range(tiles.tiles))
    assert micro_rows(20, 20, 64, 2) == micro_rows(20, 20, 64, 2) > 0
