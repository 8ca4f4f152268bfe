"""Fitting pooled networks: one member after the other, each on its group's windows, then all as one.

    group-<number>/  rest/   what `fit_network` keeps of each member
    timings.json             seconds that all of it took
    weights.safetensors      the members side by side, and the numbers of their groups
    fit.json                 as of any fitted model; its history is the mean over the members that reached an epoch

A member's seed is drawn from the fit's seed and its group's number, so that a group learns the same whichever other
groups there are. A killed fit goes on within the member that it was killed in.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from tidegate.component import fingerprint
from tidegate.errors import SettingError
from tidegate.files import read_json, write_json
from tidegate.learn.chance import chance
from tidegate.learn.ensemble import mean_history
from tidegate.learn.fitted import Fitted, load_fitted, save_fitted
from tidegate.learn.ranks import ALONE, Ranks
from tidegate.models.pooled import Pooled
from tidegate.models.routed import NOBODY
from tidegate.types.axes import BoolArray, FloatArray, IntArray
from tidegate.types.windows import Windows

__all__ = ["FitOne", "fit_pooled"]

FitOne = Callable[[Windows, IntArray, IntArray, Mapping[str, IntArray], int, Path], Fitted]
"""Windows without the group's number, positions to learn from, to validate on and to watch, a seed, a folder."""


def fit_pooled(
    pooled: Pooled,
    windows: Windows,
    train: IntArray,
    valid: IntArray,
    watched: Mapping[str, IntArray],
    seed: int,
    folder: Path,
    fit_one: FitOne,
    ranks: Ranks = ALONE,
) -> Fitted:
    """Fit every member by `fit_one` and keep all of them together in `folder`.

    Errors
        `SettingError` where the windows have no context; whatever a member's fit raises.
    """
    if not windows.context:
        raise SettingError(
            "pooled networks are told their group by the first context field", expected="at least one", found="none",
            hint='compute it, and name it in `context`: factors "asset-class" or "dealt-group"',
        )  # fmt: skip
    code = windows.panel.column(windows.context[0])[windows.anchors].astype(np.float64)
    own = _own_groups(pooled, code, train, valid)
    others = ~np.isin(code, own)
    if others[train].sum() < pooled.at_least or (valid.size and not others[valid].any()):
        others = np.ones(len(windows), dtype=bool)
    bare = _without_group(windows)
    shares: list[tuple[str, int, BoolArray]] = [(f"group-{held:g}", int(held), code == held) for held in own]
    members = []
    for name, number, among in (*shares, ("rest", -1, others)):
        drawn = int(chance(seed, "rest" if number < 0 else "group", max(number, 0)).integers(1 << 62))
        sets = {key: which[among[which]] for key, which in watched.items()}
        members.append(fit_one(bare, train[among[train]], valid[among[valid]], sets, drawn, folder / name))
    identity = fingerprint(pooled, own.tolist(), windows.context, [one.identity for one in members], torch.__version__)
    done = _finished(folder, identity) if ranks.first else None
    if ranks.agreed(first_says=done is not None):
        return done or load_fitted(folder)
    fitted = _assembled(pooled, own, members, windows, seed, identity)
    if ranks.first:
        began = time.monotonic()
        told = [read_json(folder / name / "timings.json") for name in (*(name for name, _, _ in shares), "rest")]
        taken = {name: sum(float(one[name]) for one in told) for name in ("seconds", "processor_seconds")}
        write_json(folder / "timings.json", {**taken, "seconds": taken["seconds"] + time.monotonic() - began})
        save_fitted(fitted, folder)
    ranks.meet()
    return fitted


def _own_groups(pooled: Pooled, code: FloatArray, train: IntArray, valid: IntArray) -> FloatArray:
    """Numbers of the groups with a member of their own, the largest first, of equal ones the lower number."""
    numbers, counts = np.unique(code[train], return_counts=True)
    enough = counts >= pooled.at_least
    if valid.size:
        enough &= np.isin(numbers, code[valid])
    numbers, counts = numbers[enough], counts[enough]
    return np.asarray(numbers[np.argsort(-counts, kind="stable")][: pooled.groups])


def _without_group(windows: Windows) -> Windows:
    """The same windows as a member sees them: without the number of its group."""
    return Windows.of(
        windows.panel,
        windows.lookback,
        windows.inputs,
        windows.context[1:],
        windows.horizon,
        windows.anchors,
        windows.target,
        windows.known,
        windows.weight,
    )


def _finished(folder: Path, identity: str) -> Fitted | None:
    if not (folder / "fit.json").is_file():
        return None
    held = load_fitted(folder)
    return held if held.identity == identity else None


def _assembled(
    pooled: Pooled, own: FloatArray, members: list[Fitted], windows: Windows, seed: int, identity: str
) -> Fitted:
    """Put fitted members together; a place without a group of its own holds what the rest has learned."""
    first, rest = members[0], members[-1]
    held = [*members[:-1], *[rest] * (pooled.groups - len(own)), rest]
    arrays = {f"members.{at}.{name}": array for at, member in enumerate(held) for name, array in member.arrays.items()}
    arrays["codes"] = np.full(pooled.groups, NOBODY, dtype=np.float32)
    arrays["codes"][: len(own)] = own
    return Fitted(
        model=pooled,
        arrays=arrays,
        inputs=windows.inputs,
        context=windows.context,
        lookback=windows.lookback,
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
