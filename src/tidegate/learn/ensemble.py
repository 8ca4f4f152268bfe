"""Fitting an ensemble: its members one after the other, each in a folder of its own, then all as one.

    member-1/ … member-n/    what `fit_network` keeps of each member
    timings.json             seconds that all of it took
    weights.safetensors      the members side by side, and the grades of their training scores
    fit.json                 as of any fitted model; its history is the mean over the members that reached an epoch

A killed fit goes on within the member that it was killed in. Where several ranks train together each of them puts the
members together for itself, and only the first writes.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tidegate.component import fingerprint
from tidegate.files import read_json, write_json
from tidegate.learn.chance import chance
from tidegate.learn.combine import graded
from tidegate.learn.fitted import Fitted, load_fitted, save_fitted
from tidegate.learn.ranks import ALONE, Ranks
from tidegate.learn.speak import say
from tidegate.learn.training import Progress
from tidegate.models.ensemble import Ensemble
from tidegate.models.members import GRADES
from tidegate.types.axes import IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["assembled", "fit_members", "mean_history", "told_of_member"]

FitMember = Callable[[int, int, Path], Fitted]


def fit_members(
    ensemble: Ensemble,
    windows: Windows,
    affine: Affine,
    train: IntArray,
    seed: int,
    folder: Path,
    fit_member: FitMember,
    ranks: Ranks = ALONE,
) -> Fitted:
    """Fit every member by ``fit_member(number, its seed, its folder)`` and keep all of them together in `folder`.

    A member's seed is drawn from the fit's seed and the member's number, which counts from 0.

    Errors
        Whatever a member's fit raises.
    """
    seeds = [int(chance(seed, "member", at).integers(1 << 62)) for at in range(ensemble.count)]
    members = [fit_member(at, own, folder / f"member-{at + 1}") for at, own in enumerate(seeds)]
    identity = fingerprint(ensemble, [member.identity for member in members], torch.__version__)
    done = _finished(folder, identity) if ranks.first else None
    if ranks.agreed(first_says=done is not None):
        return done or load_fitted(folder)
    began, busy = time.monotonic(), time.process_time()
    fitted = assembled(ensemble, members, windows, affine, train, seed, identity)
    taken = {"seconds": time.monotonic() - began, "processor_seconds": time.process_time() - busy}
    if ranks.first:
        for at in range(ensemble.count):
            told = read_json(folder / f"member-{at + 1}" / "timings.json")
            taken = {name: spent + float(told[name]) for name, spent in taken.items()}
        write_json(folder / "timings.json", taken)
        save_fitted(fitted, folder)
    ranks.meet()
    return fitted


def _finished(folder: Path, identity: str) -> Fitted | None:
    if not (folder / "fit.json").is_file():
        return None
    held = load_fitted(folder)
    return held if held.identity == identity else None


def told_of_member(tell: Callable[[Progress], None], at: int, count: int, epochs: int) -> Callable[[Progress], None]:
    """Tell of one member's steps as part of all members' epochs; a member that stops early skips some."""

    def hear(progress: Progress) -> None:
        tell(progress._replace(epoch=at * epochs + progress.epoch, epochs=count * epochs))

    return hear


def assembled(
    ensemble: Ensemble,
    members: Sequence[Fitted],
    windows: Windows,
    affine: Affine,
    train: IntArray,
    seed: int,
    identity: str,
) -> Fitted:
    """Put fitted members together; "rank-mean" asks each for its scores of the training windows."""
    first = members[0]
    arrays = {
        f"members.{at}.{name}": array for at, member in enumerate(members) for name, array in member.arrays.items()
    }
    if ensemble.combine == "rank-mean":
        scores = [
            member.target_scale.to_model(say(member, windows, affine, train).score)  # back to the network's own unit
            for member in members
        ]
        arrays["grades"], arrays["together"] = graded(scores, GRADES)
    return Fitted(
        model=ensemble,
        arrays=arrays,
        inputs=first.inputs,
        context=first.context,
        lookback=first.lookback,
        target_scale=first.target_scale,
        scaler=first.scaler,
        seed=seed,
        identity=identity,
        history=mean_history(members),
        best_epoch=None,
        threads=first.threads,
        torch_version=first.torch_version,
        loss=first.loss,
    )


def mean_history(members: Sequence[Fitted]) -> tuple[dict[str, Any], ...]:
    """The mean of the members' histories, epoch by epoch; a member that stopped early is not in later epochs."""
    last = max(len(member.history) for member in members)
    return tuple(_mean([member.history[at] for member in members if at < len(member.history)]) for at in range(last))


def _mean(entries: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, held in entries[0].items():
        values = [entry[name] for entry in entries]
        if isinstance(held, dict):
            made[name] = _mean(values)
        elif any(value is None for value in values):
            made[name] = None
        else:
            made[name] = held if name == "epoch" else float(np.mean(values))
    return made
