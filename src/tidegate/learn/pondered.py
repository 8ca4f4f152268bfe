"""What a fitted network pondered: steps and remainders of every layer over some windows."""

import numpy as np
import torch

from tidegate.learn.batches import Gather
from tidegate.learn.fitted import Fitted
from tidegate.learn.speak import TILE
from tidegate.learn.steady import steady
from tidegate.models.stack import Stack
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["pondered"]


def pondered(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> dict[str, FloatArray]:
    """Ask a network about the windows at positions `which`, and tell how long it thought.

    Shapes
        ``steps.0 [M, L]``, ``remainder.0 [M, L]`` and so on by layer (layer 1, layer 1 backward, layer 2, … where both
        ways are read); empty for cells that do not ponder. Of an ensemble ``[members M, L]``, member after member.
    Known at
        CLOSE of each window's anchor, as its inputs are.
    Errors
        `RecordError` for missing values in the inputs.
    """
    held: dict[str, list[FloatArray]] = {}
    with steady(1), torch.no_grad():
        module, gather = fitted.module(), Gather(windows, affine)
        stacks = [part for part in module.modules() if isinstance(part, Stack)]
        for at in range(0, which.size, TILE):
            module(*gather.batch(gather.admit(which[at : at + TILE])))
            for layer, ponders in enumerate(zip(*(stack.ponder for stack in stacks), strict=True)):
                for name in ("steps", "remainder"):
                    value = torch.stack([getattr(ponder, name) for ponder in ponders])
                    held.setdefault(f"{name}.{layer}", []).append(value.double().numpy())
    joined = {name: np.concatenate(parts, axis=1) for name, parts in held.items()}
    return {name: part.reshape(-1, part.shape[-1]) for name, part in joined.items()}
