"""Speak: a fitted model and some windows → scores in the label's own unit.

A network runs in padded tiles of a fixed number of rows on one thread, its dense layers row by row. A product may
sum in another order when its shape changes or a row moves; so a window's score has the same bits in whatever company it
is asked about.
"""

import numpy as np
import torch

from tidegate.errors import RecordError
from tidegate.learn.batches import Gather
from tidegate.learn.digests import digest_scaler
from tidegate.learn.fitted import Fitted
from tidegate.learn.seen import seen_by
from tidegate.learn.steady import steady
from tidegate.models.base import Network, Rival
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["TILE", "average", "speak"]

TILE = 256
_RIVAL_TILE = 4096


def speak(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> FloatArray:
    """Say a score for each window at positions `which`, float64 ``[len(which)]``.

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
        return fitted.target_scale.to_unit(_network_scores(fitted, windows, affine, which))
    assert isinstance(model, Rival)
    learned = dict(fitted.arrays)
    with steady(1):
        said = [model.predict(learned, seen_by(windows, affine, part)) for part in _tiles(which, _RIVAL_TILE)]
    return fitted.target_scale.to_unit(np.concatenate(said)) if said else np.zeros(0)


def average(forecasts: list[FloatArray]) -> FloatArray:
    """Average the scores of several models, window by window: an ensemble.

    >>> average([np.array([1.0, 2.0]), np.array([3.0, 2.0])]).tolist()
    [2.0, 2.0]
    """
    return np.asarray(np.mean(np.stack(forecasts), axis=0))


def _network_scores(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> FloatArray:
    said = np.zeros(which.size)
    with steady(1), torch.no_grad():
        module, gather = fitted.module(), Gather(windows, affine)
        for at, part in zip(range(0, which.size, TILE), _tiles(which, TILE), strict=True):
            padded = np.concatenate([part, np.repeat(part[:1], TILE - part.size)])
            scores = module(*gather.batch(gather.admit(padded)))
            said[at : at + part.size] = scores[: part.size, 0].double().numpy()
    return said


def _tiles(which: IntArray, size: int) -> list[IntArray]:
    return [which[at : at + size] for at in range(0, which.size, size)]
