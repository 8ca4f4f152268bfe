"""What the tasks of the benchmark ask, counted again from their inputs."""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from parts.act_tasks import Addition, Parity


def test_parity_counts_the_ones():
    drawn = Parity(7).draw(200, torch.Generator().manual_seed(1))
    assert drawn.x.shape == (200, 1, 7)
    for x, told, difficulty in zip(
        drawn.x[:, 0].tolist(), drawn.told.flatten().tolist(), drawn.difficulty, strict=True
    ):
        assert told == x.count(1.0) % 2
        assert difficulty == x.count(1.0) + x.count(-1.0) >= 1


def test_addition_tells_the_sums_so_far():
    drawn = Addition(3, 4).draw(200, torch.Generator().manual_seed(1))
    blocks = drawn.x.unflatten(2, (3, 10))
    for row in range(200):
        total = 0
        for t in range(4):
            digits = [int(block.argmax()) for block in blocks[row, t] if block.any()]
            assert len(digits) == drawn.difficulty[row, t]
            assert len(digits) == 1 or digits[-1] > 0
            total += sum(digit * 10**at for at, digit in enumerate(digits))
            said = [digit for digit in drawn.told[row, t].tolist() if 0 <= digit < 10]
            assert t == 0 or sum(digit * 10**at for at, digit in enumerate(said)) == total
        assert drawn.told[row, 0].eq(-1).all()
