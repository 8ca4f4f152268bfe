"""What a loss is asked before a training begins: whether targets, network and sampling fit it, what it must learn."""

from collections.abc import Mapping

import numpy as np

from tidegate.errors import SettingError
from tidegate.learn.losses.base import Loss
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.base import Network
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.windows import Windows

__all__ = ["fitted_loss"]


def fitted_loss(
    network: Network, training: Training, windows: Windows, scale: TargetScale, sets: Mapping[str, IntArray]
) -> Loss:
    """Fit the training's loss on the targets of ``sets["train"]``, and hold it against those of every set.

    Errors
        `SettingError` where targets or outputs are of another kind, where a loss of dates is sampled otherwise than by
        date, and where no date has two windows of different targets.
    """
    outputs = network.parts(windows.lookback, len(windows.inputs), len(windows.context))[-1].shape[0]
    target = scale.to_model(windows.target)
    train = sets["train"]
    loss = training.loss.fit(target[train], windows.weight[train], outputs)
    for which in sets.values():
        loss.check(target[which], outputs)
    if not loss.by_window:
        _refuse_apart(loss, training)
        judged = ("train", "valid") if training.early_stopping is not None else ("train",)
        for name in judged:
            _refuse_orderless(loss, target[sets[name]], windows.anchor_time[sets[name]], name)
    return loss


def _refuse_apart(loss: Loss, training: Training) -> None:
    if not training.sampling.keeps_dates or training.batch < 2:  # noqa: PLR2004
        raise SettingError(
            f"the loss {loss.name!r} compares the windows of a date, so they must share a batch",
            expected="sampling 'by-date' and a batch of 2 or more",
            found=f"sampling {training.sampling.name!r}, batch {training.batch}",
            hint="set training.sampling to by-date",
        )


def _refuse_orderless(loss: Loss, target: FloatArray, session: IntArray, where: str) -> None:
    order = np.lexsort((target, session))
    if not bool(((np.diff(session[order]) == 0) & (np.diff(target[order]) > 0)).any()):
        raise SettingError(
            f"the loss {loss.name!r} has no order to learn",
            expected="dates with two or more windows of different targets",
            found=f"{np.unique(session).size} dates, {session.size} windows",
            where=where,
            hint="take several assets, or a loss such as mse",
        )
