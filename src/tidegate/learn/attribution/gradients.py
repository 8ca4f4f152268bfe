"""Integrated gradients: what each input of a window added to its score, against a baseline window.

``IG_i = (x_i - b_i) ∫_0^1 ∂s(b + α (x - b)) / ∂x_i dα`` (Sundararajan, Taly & Yan 2017). Added up over all inputs this
is the score less the baseline's score: completeness, which every answer carries as its `gap`. The integral is taken by
Gauss and Legendre's rule, in double precision. A cell that decides how long to think jumps where it decides otherwise;
a jump has no gradient, and there the gap stays.
"""

from dataclasses import dataclass

import numpy as np
import torch

from tidegate.learn.attribution.asking import network_of, read_score
from tidegate.learn.batches import Gather
from tidegate.learn.fitted import Fitted
from tidegate.learn.steady import steady
from tidegate.types.axes import FloatArray, IntArray, require
from tidegate.types.windows import Affine, Windows

__all__ = ["Attribution", "integrated_gradients", "mean_window"]

_ROWS = 2048


@dataclass(frozen=True)
class Attribution:
    """What each input added to each score, in the label's unit: ``values [M, L, F]``, ``context [M, C]``.

    ``gap [M]`` is the score less the baseline's score less all that was attributed: zero but for the integral's rule.
    """

    fields: tuple[str, ...]
    around: tuple[str, ...]
    values: FloatArray
    context: FloatArray
    score: FloatArray
    baseline: FloatArray
    gap: FloatArray

    @property
    def by_factor(self) -> FloatArray:
        """The mean size of what a factor added over all its lags: ``mean_m |Σ_l values|``, ``[F]``."""
        return np.asarray(np.abs(self.values.sum(axis=1)).mean(axis=0))

    @property
    def by_lag(self) -> FloatArray:
        """The mean size by row of the window (the last is the anchor's) and factor: ``mean_m |values|``, ``[L, F]``."""
        return np.asarray(np.abs(self.values).mean(axis=0))


def mean_window(windows: Windows, affine: Affine, which: IntArray) -> tuple[FloatArray, FloatArray]:
    """The mean of the normalised windows ``[L, F]`` and of their context ``[C]``, to be a baseline.

    Take the training windows, so that no baseline knows what is explained.
    """
    gather = Gather(windows, affine)
    x, c = torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for at in range(0, which.size, _ROWS):
        batch = gather.batch(gather.admit(which[at : at + _ROWS]))
        x, c = x + batch.x.double().sum(dim=0), c + batch.c.double().sum(dim=0)
    return (x / which.size).numpy(), (c / which.size).numpy()


def integrated_gradients(
    fitted: Fitted,
    windows: Windows,
    affine: Affine,
    which: IntArray,
    *,
    baseline: tuple[FloatArray, FloatArray] | None = None,
    nodes: int = 32,
) -> Attribution:
    """Attribute the scores of the windows at positions `which` to their inputs.

    `baseline` is a normalised window ``[L, F]`` and a context ``[C]``; None is all zeros, which is the normaliser's
    centre. `nodes` points of the path are asked for each window. A classifier's score is the expected class.

    Errors
        `SettingError` for a model that is no network; `RecordError` for missing inputs, or a baseline of another shape.
    """
    shapes = ((fitted.lookback, len(fitted.inputs)), (len(fitted.context),))
    given = tuple(np.zeros(shape) for shape in shapes) if baseline is None else baseline
    require(
        holds=tuple(part.shape for part in given) == shapes,
        what="a baseline is one window and its context",
        expected=shapes,
        found=tuple(part.shape for part in given),
    )
    points, shares = np.polynomial.legendre.leggauss(nodes)
    alpha, share = torch.from_numpy((points + 1.0) / 2.0), torch.from_numpy(shares / 2.0)
    start = [torch.from_numpy(np.ascontiguousarray(part, dtype=np.float64)).unsqueeze(0) for part in given]
    made: list[list[FloatArray]] = [[], [], []]
    with steady(1):
        module, gather = network_of(fitted).double(), Gather(windows, affine)
        with torch.no_grad():
            level = float(read_score(fitted, module(*start))[0])
        tile = max(1, _ROWS // nodes)
        for at in range(0, which.size, tile):
            batch = gather.batch(gather.admit(which[at : at + tile]))
            ends = [part.double() for part in batch]
            steps = [end - begin for end, begin in zip(ends, start, strict=True)]
            slopes = _mean_slopes(fitted, module, start, steps, alpha, share)
            with torch.no_grad():
                score = read_score(fitted, module(*ends))
            parts = (*(step * slope for step, slope in zip(steps, slopes, strict=True)), score)
            for held, part in zip(made, parts, strict=True):
                held.append(part.numpy())
    values, context, said = (
        np.concatenate(held) if held else np.zeros((0, *shape)) for held, shape in zip(made, (*shapes, ()), strict=True)
    )
    gap = said - level - values.sum(axis=(1, 2)) - context.sum(axis=1)
    return Attribution(fitted.inputs, fitted.context, values, context, said, np.full(said.size, level), gap)


def _mean_slopes(
    fitted: Fitted,
    module: torch.nn.Module,
    start: list[torch.Tensor],
    steps: list[torch.Tensor],
    alpha: torch.Tensor,
    share: torch.Tensor,
) -> list[torch.Tensor]:
    """Weigh the score's gradients along the path; all points of a few windows are one batch."""
    nodes, rows = alpha.numel(), steps[0].shape[0]
    path = []
    for begin, step in zip(start, steps, strict=True):
        along = alpha.view(nodes, 1, *[1] * (step.dim() - 1)) * step.unsqueeze(0) + begin.unsqueeze(0)
        path.append(along.reshape(nodes * rows, *step.shape[1:]).requires_grad_())
    total = read_score(fitted, module(*path)).sum()
    found = torch.autograd.grad(total, path, allow_unused=True)
    slopes = []
    for gradient, step in zip(found, steps, strict=True):
        held = torch.zeros(nodes * rows, *step.shape[1:], dtype=step.dtype) if gradient is None else gradient
        weighed = held.view(nodes, rows, *step.shape[1:]) * share.view(nodes, 1, *[1] * (step.dim() - 1))
        slopes.append(weighed.sum(dim=0))
    return slopes
