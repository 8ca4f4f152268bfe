"""Fit: a declared model and some windows → `Fitted`, kept in a folder; a second call reads what the first one kept."""

import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tidegate.component import fingerprint
from tidegate.errors import RecordError, SettingError
from tidegate.files import write_json
from tidegate.learn.batches import Gather
from tidegate.learn.checkpoint import Checkpoints
from tidegate.learn.device import found_device, numerics, refuse_bf16
from tidegate.learn.digests import digest_arrays, digest_scaler, digest_windows
from tidegate.learn.ensemble import fit_members, told_of_member
from tidegate.learn.fitted import Fitted, load_fitted, save_fitted
from tidegate.learn.gathered import whole
from tidegate.learn.loop import Ground, Loop, Tell
from tidegate.learn.losses.base import Loss
from tidegate.learn.losses.fitting import fitted_loss
from tidegate.learn.pooling import fit_pooled
from tidegate.learn.ranks import joined
from tidegate.learn.seen import seen_by
from tidegate.learn.steady import steady
from tidegate.learn.target import TargetScale
from tidegate.learn.traces import NOTHING
from tidegate.learn.training import Training
from tidegate.models.base import Model, Network, Rival
from tidegate.models.ensemble import Ensemble
from tidegate.models.needs import versions_of
from tidegate.models.pooled import Pooled
from tidegate.types.axes import BoolArray, IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["Fitted", "fit_network", "fit_rival", "load_fitted"]


def fit_network(
    network: Network,
    training: Training,
    windows: Windows,
    affine: Affine,
    target_scale: TargetScale,
    train: IntArray,
    valid: IntArray,
    watched: Mapping[str, IntArray],
    seed: int,
    folder: Path,
    tell: Tell | None = None,
) -> Fitted:
    """Train `network` on the windows at positions `train` and keep the result in `folder`.

    `valid` steers early stopping, if that is set; `watched` sets are measured after each epoch and steer nothing. A
    folder in which the same training was killed is gone on with, bit for bit; one in which it has ended is only read.
    `tell` hears of every step. Ctrl-C saves a checkpoint first. Started by `torchrun`, all processes train the one
    network together (see `ranks`): each calls this with the same arguments and gets the same result.

    Known at
        Uses the targets of `train` and `valid` only: as late as the latest of their `known`.

    Errors
        `SettingError` without training windows, for early stopping without validation windows, for bf16 where fused
        kernels would stay in float32, and for a loss that is no longer finite; `RecordError` for missing inputs,
        targets, or weights that are not positive.
    """
    if isinstance(network, (Ensemble, Pooled)):
        return _fit_several(network, training, windows, affine, target_scale, train, valid, watched, seed, folder, tell)
    if not train.size:
        raise SettingError(
            "there is nothing to learn from", found="0 training windows", hint="give a longer training range"
        )
    if training.early_stopping is not None and not valid.size:
        raise SettingError(
            "early stopping needs validation windows",
            found="none",
            where="training.early_stopping",
            hint="declare a validation range, or set early_stopping to null",
        )
    sets = {"train": train, "valid": valid, **{f"watched.{name}": which for name, which in watched.items()}}
    good = whole(windows)
    for name, which in sets.items():
        _refuse_unusable(windows, good, which, name)
    loss = fitted_loss(network, training, windows, target_scale, sets)
    device = found_device(training.device)
    refuse_bf16(network, device, training.precision)
    with steady(training.threads), numerics(device, training.precision):
        ranks = joined(device)
        identity = _identity(
            network, windows, affine, sets, target_scale, seed, _deciding(training, device), shared_by=ranks.size
        )
        checkpoints = Checkpoints(folder, identity)
        done = _finished(folder, identity) if ranks.first else None
        if ranks.agreed(first_says=done is not None):
            if ranks.first:
                checkpoints.clear()
            return done or load_fitted(folder)
        began, busy = time.monotonic(), time.process_time()
        target = torch.from_numpy(target_scale.to_model(windows.target).astype(np.float32))
        asset = windows.panel.row_asset[windows.anchors]
        gather = Gather(windows, affine, device)
        ground = Ground(gather, target, windows.weight, windows.anchor_time, asset, train, valid, watched)
        size = len(windows.inputs), len(windows.context)
        loop = Loop(network, size, training.but(loss=loss), ground, seed, checkpoints, ranks)
        loop.run(tell)
        arrays = {name: held.detach().cpu().numpy().copy() for name, held in loop.module.state_dict().items()}
        fitted = _fitted(network, arrays, windows, affine, target_scale, seed, identity, loop, training.threads, loss)
        if ranks.first:
            write_json(folder / "timings.json", _took(began, busy))  # first: what has a card is read, and never timed
            save_fitted(fitted, folder)
            checkpoints.clear()
        ranks.meet()
    return fitted


def _fit_several(
    network: Ensemble | Pooled,
    training: Training,
    windows: Windows,
    affine: Affine,
    target_scale: TargetScale,
    train: IntArray,
    valid: IntArray,
    watched: Mapping[str, IntArray],
    seed: int,
    folder: Path,
    tell: Tell | None,
) -> Fitted:
    """Train the members of an ensemble or of a pool, each by `fit_network`."""
    inner = network.member
    if isinstance(network, Ensemble):
        epochs, count = training.epochs, network.count

        def member(at: int, own: int, place: Path) -> Fitted:
            hear = None if tell is None else told_of_member(tell, at, count, epochs)
            return fit_network(inner, training, windows, affine, target_scale, train, valid, watched, own, place, hear)

        ranks = joined(found_device(training.device))
        return fit_members(network, windows, affine, train, seed, folder, member, ranks)

    def one(
        bare: Windows, own: IntArray, checked: IntArray, seen: Mapping[str, IntArray], drawn: int, place: Path
    ) -> Fitted:
        return fit_network(inner, training, bare, affine, target_scale, own, checked, seen, drawn, place, tell)

    ranks = joined(found_device(training.device))
    return fit_pooled(network, windows, train, valid, watched, seed, folder, one, ranks)


def fit_rival(rival: Rival, windows: Windows, affine: Affine, train: IntArray, folder: Path) -> Fitted:
    """Fit a rival on the windows at positions `train` and keep the result in `folder`; it speaks the label's unit.

    Errors
        As `fit_network`, and whatever the rival says about windows that it cannot read.
    """
    if not train.size:
        raise SettingError(
            "there is nothing to learn from", found="0 training windows", hint="give a longer training range"
        )
    _refuse_unusable(windows, whole(windows), train, "train")
    identity = _identity(rival, windows, affine, {"train": train}, TargetScale(), None, None)
    done = _finished(folder, identity)
    if done is not None:
        return done
    began, busy = time.monotonic(), time.process_time()
    with steady(1):
        learned = rival.fit(seen_by(windows, affine, train), windows.target[train], windows.weight[train])
    fitted = _fitted(rival, learned, windows, affine, TargetScale(), None, identity, None, 1)
    write_json(folder / "timings.json", _took(began, busy))
    save_fitted(fitted, folder)
    return fitted


def _took(began: float, busy: float) -> dict[str, float]:
    """Seconds of the wall and of the processor since then."""
    return {"seconds": time.monotonic() - began, "processor_seconds": time.process_time() - busy}


def _fitted(
    model: Model,
    arrays: Mapping[str, NDArray[Any]],
    windows: Windows,
    affine: Affine,
    scale: TargetScale,
    seed: int | None,
    identity: str,
    loop: Loop | None,
    threads: int,
    loss: Loss | None = None,
) -> Fitted:
    return Fitted(
        model,
        dict(arrays),
        windows.inputs,
        windows.context,
        windows.lookback,
        scale,
        digest_scaler(affine),
        seed,
        identity,
        () if loop is None else tuple(loop.history),
        None if loop is None else loop.best_epoch,
        threads,
        torch.__version__,
        loss,
        NOTHING if loop is None else loop.watcher.traces(),
    )


def _identity(
    model: Model,
    windows: Windows,
    affine: Affine,
    sets: Mapping[str, IntArray],
    scale: TargetScale,
    seed: int | None,
    training: Training | None,
    shared_by: int = 1,
) -> str:
    return fingerprint(
        model,
        training,
        scale,
        seed,
        digest_windows(windows, affine),
        digest_arrays(sets),
        sorted(sets),
        torch.__version__,
        version("numba"),  # it compiles the fused forms
        *([] if shared_by == 1 else [shared_by]),
        *versions_of(model).values(),
    )


def _deciding(training: Training, device: torch.device) -> Training:
    """The settings that decide the bits: not how often it saves, and the device that was found."""
    return training.but(checkpoint_seconds=0.0, device=device.type)


def _finished(folder: Path, identity: str) -> Fitted | None:
    """Return the result of the same fit, if it has ended here before; raises `IntegrityError` where it was changed."""
    if not (folder / "fit.json").is_file():
        return None
    held = load_fitted(folder)
    return held if held.identity == identity else None


def _refuse_unusable(windows: Windows, good: BoolArray, which: IntArray, name: str) -> None:
    known = np.isfinite(windows.target[which])
    if not bool(known.all()):
        raise RecordError(
            "a target is missing",
            where=name,
            found=f"{int((~known).sum())} of {which.size}",
            hint="only known targets can be learned from",
        )
    if not bool(np.all(np.isfinite(windows.weight[which]) & (windows.weight[which] > 0))):
        raise RecordError("a window's weight is not positive", where=name, hint="drop windows that should not count")
    broken = int((~good[which]).sum())
    if broken:
        raise RecordError(
            "a window has a missing value",
            expected="finite inputs and context",
            found=f"{broken} of {which.size} windows",
            where=name,
            hint="drop such windows before they are learned from",
        )
