"""Permutation importance: how much worse a fitted network does when one factor's values are dealt out anew.

Between windows of one date, where dates have several assets, so that every date keeps its own values and only who has
which is lost. With one asset there is nobody to swap with: blocks of consecutive windows change places in time. A
window's values of a factor are swapped as a whole, over all its lags, as the network sees them (normalised).

The interval is over consecutive blocks of time, not over repeats: repeats only tell how much chance there was in the
dealing; what a reader must doubt is whether other months would have said the same (Breiman 2001; Fisher et al. 2019).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import stdtrit

from tidegate.errors import SettingError, UnknownNameError
from tidegate.learn.attribution.asking import answers, network_of
from tidegate.learn.batches import Batch, Gather
from tidegate.learn.chance import chance
from tidegate.learn.fitted import Fitted
from tidegate.learn.losses.base import Said
from tidegate.learn.steady import steady
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["Importance", "Measure", "permutation_importance"]

Measure = Callable[[FloatArray, FloatArray], float]
"""Scores and targets ``[M]`` in the label's unit → how wrong the scores are: the larger, the worse."""
_SEVERAL = 2.0


@dataclass(frozen=True)
class Importance:
    """How much worse a measure becomes without each factor: ``value [F]`` with an interval ``low … high [F]``.

    `repeats` ``[F, R]`` is the mean over blocks of each repeat, `blocks` ``[F, K]`` the mean over repeats in each block
    of time, `base` what is measured with nothing changed (the mean over blocks). `within` says how values were swapped.
    """

    fields: tuple[str, ...]
    value: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    repeats: FloatArray
    blocks: FloatArray
    base: float
    within: str


def permutation_importance(
    fitted: Fitted,
    windows: Windows,
    affine: Affine,
    which: IntArray,
    *,
    seed: int,
    repeats: int = 5,
    blocks: int = 10,
    level: float = 0.95,
    measure: Measure | None = None,
    groups: Mapping[str, tuple[str, ...]] | None = None,
) -> Importance:
    """Deal each factor's values out anew among the windows at positions `which`, and measure what that costs.

    `measure` is what is made worse; None is the loss that the network was trained on. `groups` names factors that are
    swapped together; None takes every input and context field alone. Intervals are Student's, over `blocks` blocks of
    as many consecutive dates (NaN with fewer than two dates).

    Errors
        `SettingError` for a model that is no network; `RecordError` for missing inputs; `UnknownNameError` for a field
        that the network does not see.
    """
    parts = _time_blocks(windows.anchor_time[which], blocks)
    fields = fitted.inputs + fitted.context
    named = {field: (field,) for field in fields} if groups is None else groups
    for field in (field for held in named.values() for field in held):
        if field not in fields:
            raise UnknownNameError.among("field", field, fields, where="what the network sees")
    swap, within = _swapper(windows, which)
    with steady(1):
        module, gather = network_of(fitted), Gather(windows, affine)
        judge = _judge(fitted, windows, which, parts, measure)
        base = judge(answers(module, gather, which))
        worse = np.zeros((len(named), repeats, len(parts)))
        for repeat in range(repeats):
            source = swap(chance(seed, "permutation", repeat))
            for at, held in enumerate(named.values()):
                columns = _Columns(fitted, held, gather, which[source])
                worse[at, repeat] = judge(answers(module, gather, which, columns)) - base
    by_block = worse.mean(axis=1)
    low, high = _interval(by_block, level)
    return Importance(
        tuple(named), by_block.mean(axis=1), low, high, level, worse.mean(axis=2), by_block, float(base.mean()), within
    )


class _Columns:
    """Put some fields of other windows into a batch."""

    def __init__(self, fitted: Fitted, fields: tuple[str, ...], gather: Gather, others: IntArray) -> None:
        self.inputs = [fitted.inputs.index(field) for field in fields if field in fitted.inputs]
        self.context = [fitted.context.index(field) for field in fields if field in fitted.context]
        self.gather, self.others = gather, others

    def __call__(self, batch: Batch, places: IntArray) -> Batch:
        other = self.gather.batch(self.gather.admit(self.others[places]))
        x, c = batch.x.clone(), batch.c.clone()
        x[:, :, self.inputs] = other.x[:, :, self.inputs]
        c[:, self.context] = other.c[:, self.context]
        return Batch(x, c)


def _judge(
    fitted: Fitted, windows: Windows, which: IntArray, parts: list[IntArray], measure: Measure | None
) -> Callable[[FloatArray], FloatArray]:
    """Outputs ``[M, O]`` → how wrong they are in each block of time ``[K]``."""
    target, scale, loss = windows.target[which], fitted.target_scale, fitted.loss

    def by_measure(outputs: FloatArray) -> FloatArray:
        assert measure is not None
        said = Said(outputs[:, 0]) if loss is None else loss.said(outputs)
        score = scale.to_unit(said.score)
        return np.array([measure(score[part], target[part]) for part in parts])

    def by_loss(outputs: FloatArray) -> FloatArray:
        assert loss is not None
        hoped, weight = torch.from_numpy(scale.to_model(target)), torch.from_numpy(windows.weight[which])
        session = torch.from_numpy(windows.anchor_time[which])
        table = torch.from_numpy(outputs)
        return np.array([float(loss.value(table[p], hoped[p], weight[p], session[p])) for p in parts])

    if measure is None and loss is None:
        raise SettingError("this model has no loss of its own", hint="say what is measured")
    return by_loss if measure is None else by_measure


def _swapper(windows: Windows, which: IntArray) -> tuple[Callable[[np.random.Generator], IntArray], str]:
    """How windows change places: chance → whose values each place gets ``[M]``; and in words."""
    session = windows.anchor_time[which]
    order = np.argsort(session, kind="stable")
    dates = np.split(order, np.flatnonzero(np.diff(session[order])) + 1)
    if which.size >= _SEVERAL * len(dates):

        def among(source: np.random.Generator) -> IntArray:
            made = np.empty(which.size, dtype=np.int64)
            for date in dates:
                made[date] = source.permutation(date)
            return made

        return among, "date"
    length = max(1, windows.lookback)
    pieces = np.array_split(order, max(2, order.size // length)) if order.size > 1 else [order]

    def along(source: np.random.Generator) -> IntArray:
        made = np.empty(which.size, dtype=np.int64)
        for piece, other in zip(pieces, source.permutation(len(pieces)), strict=True):
            donor = pieces[other]
            made[piece] = donor[np.minimum(np.arange(piece.size), donor.size - 1)]
        return made

    return along, f"blocks of about {length} windows"


def _time_blocks(session: IntArray, count: int) -> list[IntArray]:
    """Places by consecutive dates, in at most `count` blocks of nearly as many dates."""
    days = np.array_split(np.unique(session), min(count, np.unique(session).size))
    return [np.flatnonzero((session >= held[0]) & (session <= held[-1])) for held in days]


def _interval(blocks: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Student's interval of the mean over blocks ``[F, K]``."""
    count = blocks.shape[1]
    middle = blocks.mean(axis=1)
    if count <= 1:
        return np.full_like(middle, np.nan), np.full_like(middle, np.nan)
    reach = stdtrit(count - 1, 0.5 + level / 2) * blocks.std(axis=1, ddof=1) / np.sqrt(count)
    return middle - reach, middle + reach
