"""Speak: a fitted model and some windows → scores in the label's own unit, and class probabilities where it has them.

A network speaks on one thread, its layers in forms that keep rows apart: a product may sum in another order when its
shape changes or a row moves, and a window's score has the same bits in whatever company it is asked about. Where the
fused kernels know all of it, it speaks without torch; otherwise in padded tiles of a fixed number of rows.
"""

from typing import TYPE_CHECKING

import numpy as np

from tidegate.errors import RecordError
from tidegate.learn.combine import combined
from tidegate.learn.digests import digest_scaler
from tidegate.learn.fitted import Fitted
from tidegate.learn.gathered import Gathered
from tidegate.learn.losses.base import Said, joined
from tidegate.learn.seen import seen_by
from tidegate.models.base import Network, Rival
from tidegate.models.ensemble import Ensemble
from tidegate.models.spoken import spoken_of
from tidegate.types.axes import FloatArray, IntArray, Single
from tidegate.types.windows import Affine, Windows

if TYPE_CHECKING:
    import torch

    from tidegate.learn.batches import Batch

__all__ = ["TILE", "say", "speak"]

TILE = 256
_LARGE_TILE = 4096


def speak(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> FloatArray:
    """The score of each window at positions `which`, float64 ``[len(which)]``; as `say` says it."""
    return say(fitted, windows, affine, which).score


def say(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> Said:
    """Say a score for each window at positions `which`, and the probability of each class where classes were learned.

    A classifier's score is the expected class, ``Σ_k k p_k``, brought into the label's unit.

    Known at
        CLOSE of each window's anchor, as its inputs are.

    Errors
        `RecordError` for windows of another shape, fields or normaliser than the model was fitted with, and for missing
        values in the inputs.
    """
    asked = (windows.inputs, windows.context, windows.lookback, digest_scaler(affine))
    made = (fitted.inputs, fitted.context, fitted.lookback, fitted.scaler)
    if asked != made:
        what = next(
            name
            for name, a, b in zip(("inputs", "context", "lookback", "normaliser"), asked, made, strict=True)
            if a != b
        )
        raise RecordError(f"the model was fitted with another {what}", expected=made, found=asked)
    model = fitted.model
    if isinstance(model, Network):
        said, unit = _network_said(fitted, windows, affine, which), fitted.target_scale
        spread = None if said.spread is None else said.spread * unit.scale
        return said._replace(score=unit.to_unit(said.score), spread=spread)
    assert isinstance(model, Rival)
    from tidegate.learn.steady import steady

    learned = dict(fitted.arrays)
    with steady(1):
        told = [model.predict(learned, seen_by(windows, affine, part)) for part in _tiles(which, _LARGE_TILE)]
    return Said(fitted.target_scale.to_unit(np.concatenate(told)) if told else np.zeros(0))


def _network_said(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> Said:
    if not which.size:
        return Said(np.zeros(0))
    spoken = spoken_of(fitted.model, fitted.arrays)
    if spoken is None:
        return joined(_by_torch(fitted, windows, affine, which))
    gathered = Gathered(windows, affine)
    return joined([_read(fitted, spoken.say(*gathered.batch(part))) for part in _tiles(which, _LARGE_TILE)])


def _by_torch(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> list[Said]:
    """What a network's module says, tile by tile."""
    import torch

    from tidegate.learn.batches import Gather
    from tidegate.learn.steady import steady

    said: list[Said] = []
    with steady(1), torch.no_grad():
        module, gather = fitted.module(), Gather(windows, affine)
        for part in _tiles(which, TILE):
            padded = np.concatenate([part, np.repeat(part[:1], TILE - part.size)])
            said.append(_told(fitted, module, gather.batch(gather.admit(padded))).first(part.size))
    return said


def _told(fitted: Fitted, module: "torch.nn.Module", batch: "Batch") -> Said:
    """What one network, or each member of an ensemble, says of a batch, in the network's unit."""
    from tidegate.models.members import Members

    if not isinstance(fitted.model, Ensemble):
        return _read(fitted, module(*batch).numpy())
    assert isinstance(module, Members)
    grades = (module.grades.numpy(), module.together.numpy()) if module.graded else None
    return combined([_read(fitted, member(*batch).numpy()) for member in module.members], fitted.model.combine, grades)


def _read(fitted: Fitted, outputs: Single) -> Said:
    numbers = outputs.astype(np.float64)
    return Said(numbers[:, 0]) if fitted.loss is None else fitted.loss.said(numbers)


def _tiles(which: IntArray, size: int) -> list[IntArray]:
    return [which[at : at + size] for at in range(0, which.size, size)]
