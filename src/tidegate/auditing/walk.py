"""One walk of a study through its rooms on one history, and what stood in each room, as tables that can be compared.

    factors → labels → learned windows → normaliser → target scaling → weights → forecasts → decisions → fills → books

The rooms are those of a run: the same factors and steps, folds, normaliser, training loop and exchange. A partial walk
learns from the windows of some dates only and takes one pass over them; a leak does not need more to show.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.auditing.blind import Making
from tidegate.auditing.changes import WHEN, Room, first_change, room_of_panel
from tidegate.auditing.ground import Ground, history_of
from tidegate.auditing.splits import folds_of, labels_of, windows_of
from tidegate.auditing.verdict import Change
from tidegate.component import document, fingerprint
from tidegate.learn.fit import Fitted, fit_network, fit_rival
from tidegate.models.base import Network, Rival
from tidegate.study.declare import Study
from tidegate.study.fitting import learned_from, said_of
from tidegate.study.ground import make_panel
from tidegate.study.records import load_panel
from tidegate.types.axes import IntArray
from tidegate.types.fold import Fold
from tidegate.types.forecast import Forecast
from tidegate.types.panel import Panel
from tidegate.types.windows import Affine, Windows

__all__ = ["Learned", "Walk", "changes_between", "few", "learn", "pruned_panel_on", "said", "walk"]

MOST_WINDOWS, MOST_DATES = 3_000, 160
"""Windows that a partial training learns from, and dates that it is asked about."""


@dataclass(frozen=True)
class Learned:
    """What one fold learned: the windows, the normaliser, and every member's fit."""

    fold: Fold
    train: IntArray
    watched: IntArray
    affine: Affine
    fits: dict[str, Fitted]


@dataclass(frozen=True)
class Walk:
    """What one walk left: windows, what was learned, forecasts by member, and the rooms in their order."""

    ground: Ground
    windows: Windows
    learned: Learned
    forecasts: dict[str, Forecast]
    rooms: tuple[Room, ...]

    @property
    def cut(self) -> np.datetime64:
        """The label of the last bar that the fold may learn from."""
        moment: np.datetime64 = self.windows.panel.times[self.learned.fold.cut - 1]
        return moment

    @property
    def asked(self) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
        """The dates that forecasts speak of, in order."""
        times = np.concatenate([one.frame["time"].to_numpy() for one in self.forecasts.values()])
        return np.unique(times.astype("datetime64[us]"))


def pruned_panel_on(ground: Ground) -> Panel:
    """The panel as a run makes it, pruning included."""
    with tempfile.TemporaryDirectory() as folder:
        make_panel(ground.study, history_of(ground.study, ground.bars, ground.reported), Path(folder))
        return load_panel(Path(folder))


def walk(
    ground: Ground,
    *,
    make: Making = pruned_panel_on,
    which: int = 0,
    whole: bool = False,
    known: Learned | None = None,
) -> Walk:
    """Send a study through its rooms up to its forecasts, on the fold at place `which`.

    With `known`, nothing is fitted anew: what that walk learned speaks of this history's windows.
    """
    panel = make(ground)
    windows = windows_of(ground, panel)
    fold = folds_of(ground.study, panel)[which]
    learned = learn(ground.study, windows, fold, whole=whole, known=known)
    forecasts = said(ground.study, windows, learned, whole=whole)
    rooms = [room_of_panel(panel), labels_of(windows), *_learned_rooms(windows, learned)]
    for member, forecast in forecasts.items():
        when = forecast.frame["time"].alias(WHEN)
        rooms.append(
            Room(f"forecast of {member}", forecast.frame.drop("truth", "fold").with_columns(when), ("time", "asset"))
        )
    return Walk(ground, windows, learned, forecasts, tuple(rooms))


def learn(
    study: Study,
    windows: Windows,
    fold: Fold,
    *,
    whole: bool = False,
    known: Learned | None = None,
    seed: int | None = None,
) -> Learned:
    """Fit the normaliser on the fold's windows, then every member: the model with its first seed, and the rivals."""
    train, valid = learned_from(study, fold, windows)
    among = np.zeros(len(windows), dtype=bool)
    among[train] = True
    affine = study.normaliser.fit(windows, among)
    if known is not None:
        shared = affine.centre.shape[0] == 1 and len(windows) != 1
        return Learned(fold, train, valid, known.affine if shared else affine, known.fits)
    seed = study.seeds[0] if seed is None else seed
    some = train if whole else few(windows, train, MOST_WINDOWS)
    watched = valid if whole else few(windows, valid, MOST_WINDOWS // 4)
    fits: dict[str, Fitted] = {}
    with tempfile.TemporaryDirectory() as place:
        for member, model in (("model", study.model), *((rival.name, rival) for rival in study.rivals)):
            folder = Path(place) / member
            if isinstance(model, Rival):
                fits[member] = fit_rival(model, windows, affine, some, folder)
            elif isinstance(model, Network):
                assert study.training is not None
                training = study.training if whole else study.training.but(epochs=1)
                scale = study.target_scaling.fit(windows.target[train])
                fits[member] = fit_network(model, training, windows, affine, scale, some, watched, {}, seed, folder)
    return Learned(fold, train, valid, affine, fits)


def few(windows: Windows, which: IntArray, most: int) -> IntArray:
    """Some of the windows at positions `which`: all those of dates spread evenly and of the last ones, about `most`.

    Whole dates, so that whatever looks at a date's windows together finds them all.
    """
    if which.size <= most:
        return which
    dates = np.unique(windows.anchor_time[which])
    share = max(3, int(len(dates) * most / which.size))
    kept = np.union1d(dates[np.linspace(0, len(dates) - 1, share).astype(int)], dates[-min(5, share) :])
    return which[np.isin(windows.anchor_time[which], kept)]


def said(study: Study, windows: Windows, learned: Learned, *, whole: bool = False) -> dict[str, Forecast]:
    """What each member says of the fold's test range; of its first dates alone where the walk is partial."""
    asked = np.flatnonzero(learned.fold.testing(windows))
    if not whole and asked.size:
        dates = np.unique(windows.anchor_time[asked])[:MOST_DATES]
        asked = asked[windows.anchor_time[asked] <= dates[-1]]
    if not asked.size:
        return {}
    made = {}
    for member, fit in learned.fits.items():
        frame = said_of(windows, learned.fold.index, learned.affine, fit, asked)
        label = f"seed-{study.seeds[0]}" if member == "model" else member
        made[label] = Forecast.of(frame, windows.horizon, study.label.unit, {learned.fold.index: fit.fingerprint})
    return made


def _learned_rooms(windows: Windows, learned: Learned) -> Iterator[Room]:
    """What was learned, as tables that are known at the fold's cut."""
    panel, fold = windows.panel, learned.fold
    cut = panel.times[fold.cut - 1]
    which = np.union1d(learned.train, learned.watched)
    rows = windows.anchors[which]
    learned_frame = pl.DataFrame(
        {
            "time": panel.times[panel.row_time[rows]],
            "asset": np.array(panel.assets, dtype=object)[panel.row_asset[rows]].astype(str),
            "target": windows.target[which],
            "weight": windows.weight[which],
        }
    ).with_columns(pl.lit(cut).alias(WHEN))
    yield Room("learned windows", learned_frame, ("time", "asset"))
    yield from _normalised(windows, learned, cut)
    fields = [windows.inputs, windows.context]
    told: list[dict[str, object]] = [{"member": "all", "what": "inputs", "sha256": ", ".join((*fields[0], *fields[1]))}]
    scales = []
    for member, fit in learned.fits.items():
        scales.append({"member": member, "what": "scale", "value": fingerprint(document(fit.target_scale))[:16]})
        told.append({"member": member, "what": "weights", "sha256": fit.fingerprint[:16]})
    yield Room("target scaling", pl.DataFrame(scales).with_columns(pl.lit(cut).alias(WHEN)), ("member", "what"))
    yield Room("weights", pl.DataFrame(told).with_columns(pl.lit(cut).alias(WHEN)), ("member", "what"))


def _normalised(windows: Windows, learned: Learned, cut: np.datetime64) -> Iterator[Room]:
    affine, panel = learned.affine, windows.panel
    if affine.centre.shape[0] == 1 and len(windows) != 1:
        frame = pl.DataFrame(
            {"input": list(windows.inputs), "centre": affine.centre[0], "scale": affine.scale[0]}
        ).with_columns(pl.lit(cut).alias(WHEN))
        yield Room("normaliser", frame, ("input",))
        return
    rows = windows.anchors
    when = panel.times[panel.row_time[rows]]
    frame = pl.DataFrame(
        {WHEN: when, "time": when, "asset": np.array(panel.assets, dtype=object)[panel.row_asset[rows]].astype(str)}
    ).with_columns(
        pl.Series(f"{what} of {name}", held[:, at])
        for at, name in enumerate(windows.inputs)
        for what, held in (("centre", affine.centre), ("scale", affine.scale))
    )
    yield Room("normaliser", frame, ("time", "asset"))


def changes_between(
    before: tuple[Room, ...], after: tuple[Room, ...], last: np.datetime64, following: np.datetime64 | None = None
) -> tuple[Change, ...]:
    """The first change in each room, in the order of the rooms: the path that the future took."""
    named = {room.name: room for room in after}
    found = (first_change(room, named.get(room.name), last, following=following) for room in before)
    return tuple(change for change in found if change is not None)
