"""A training step of each gated cell on a GPU: cuDNN where it has the cell, our kernels, and the plain loop, in turns.

Precisions: float32, TF32 products, bfloat16 under autocast. Before anything is timed, our kernels must agree with the
plain loop on the device. Ratios are the plain loop's seconds over ours by the clock, the device waited for. Without a
CUDA device there is nothing to time: it says so and ends with status 0.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import NamedTuple

import torch

from parts.record import in_turns, keep
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gated import Gated
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.gpu.fused import fused
from tidegate.models.unroll import unroll

ROUNDS = 9
PRECISIONS = ("float32", "tf32", "bf16")


class Case(NamedTuple):
    """Rows, steps, inputs and units of a batch."""

    rows: int
    steps: int
    inputs: int
    hidden: int


CASES = (Case(2000, 20, 20, 64), Case(1000, 24, 48, 400), Case(2000, 20, 158, 64), Case(20_000, 20, 20, 64))


def cells(hidden: int) -> tuple[Gated, ...]:
    return (
        LSTM(hidden=hidden),
        GRU(hidden=hidden),
        PeepholeLSTM(hidden=hidden),
        CoupledLSTM(hidden=hidden),
        GRU(hidden=hidden, reset="before"),
        LSTM(hidden=hidden, gate_activation="hard_sigmoid"),
    )


@contextlib.contextmanager
def precision(name: str, device: str):
    products, networks = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, networks.allow_tf32
    products.allow_tf32 = networks.allow_tf32 = name == "tf32"
    try:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=name == "bf16"):
            yield
    finally:
        products.allow_tf32, networks.allow_tf32 = before


def step_of(form: str, cell: Gated, case: Case, device: str) -> Callable[[], list[torch.Tensor]]:
    """A forward and a backward pass from the last h; returns h and every weight's gradient."""
    generator = torch.Generator().manual_seed(1)
    weights = {name: held.to(device).requires_grad_() for name, held in cell.draw(case.inputs, generator).items()}
    x = torch.randn(case.rows, case.steps, case.inputs, generator=generator).to(device)
    start = cell.start(case.rows, x)

    def step() -> list[torch.Tensor]:
        for held in weights.values():
            held.grad = None
        if form == "torch":
            state = cell.by_torch(weights, x, start).state
        elif form == "ours":
            state = fused(cell.fused_as, weights, x, start)[1]
        else:
            state = unroll(cell, weights, x, start).state
        state[0].float().square().mean().backward()
        if device == "cuda":
            torch.cuda.synchronize()
        return [state[0].detach(), *(weights[name].grad for name in sorted(weights))]

    return step


def compare(cell: Gated, case: Case, name: str, device: str, rounds: int) -> dict[str, object]:
    forms = ["plain", *(["torch"] if cell.by_torch is not None else []), "ours"]
    steps = {form: step_of(form, cell, case, device) for form in forms}
    with precision(name, device):
        plain, ours = steps["plain"](), steps["ours"]()
        apart = max(float((a - b).abs().max() / a.abs().max()) for a, b in zip(plain, ours, strict=True))
        if apart > {"float32": 1e-4, "tf32": 1e-2, "bf16": 5e-2}[name]:
            raise SystemExit(f"{cell.name} {case} {name}: our kernels are {apart:.2g} apart from the plain loop")
        taken = in_turns(steps, rounds)
    row = {"cell": "-".join(cell.fused_as), **case._asdict(), "precision": name, "apart": apart}
    return {**row, **{f"{form}_seconds": taken[form].wall for form in forms}}


def main(device: str = "cuda", cases: tuple[Case, ...] = CASES, rounds: int = ROUNDS) -> list[dict[str, object]]:
    rows = [
        compare(cell, case, name, device, rounds)
        for case in cases
        for cell in cells(case.hidden)
        for name in PRECISIONS
    ]
    for row in rows:
        ratios = [
            f"{form} {row['plain_seconds'] / row[f'{form}_seconds']:.2f}"
            for form in ("torch", "ours")
            if f"{form}_seconds" in row
        ]
        sizes = " x ".join(str(row[key]) for key in Case._fields)
        print(f"{row['cell']:36} {sizes:24} {row['precision']:8} faster than the plain loop: {', '.join(ratios)}")
    return rows


if __name__ == "__main__":
    if not torch.cuda.is_available():
        print("no CUDA device: the forms for GPUs are not measured here")
        sys.exit(0)
    keep("gpu_cells", [{"device": torch.cuda.get_device_name(), **row} for row in main()])
