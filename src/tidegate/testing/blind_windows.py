"""Normalisers and splits owe: nothing fitted on a training range has seen anything after it (leak tests L3 and L5)."""

import itertools
from collections.abc import Sequence

import numpy as np

from tidegate.errors import ClockError
from tidegate.factors.dealt_group import DealtGroup
from tidegate.factors.raw import RawFields
from tidegate.factors.together import Together
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.normaliser import Normaliser
from tidegate.prepare.split import Split
from tidegate.prepare.windows import cut_windows
from tidegate.testing.compare import Place, require_same
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import BoolArray, IntArray
from tidegate.types.bars import Bars
from tidegate.types.clock import Horizon
from tidegate.types.fold import Fold
from tidegate.types.windows import Windows

__all__ = ["check_fold", "check_normaliser", "check_split", "example_windows"]

_LOOKBACK = 5
_HORIZON = Horizon(lag=1, span=3)
_FIELDS = ("close", "high", "low", "volume")


def example_windows(
    bars: Bars, lookback: int = _LOOKBACK, horizon: Horizon = _HORIZON, *, grouped: bool = False
) -> Windows:
    """Plain windows over four raw fields, labelled with the return over `horizon`.

    With `grouped`, each window's context is the number of its asset's group, of two.
    """
    panel = RawFields(fields=_FIELDS, optional=()).compute(bars)
    context: tuple[str, ...] = ()
    if grouped:
        panel = Together(sets=(RawFields(fields=_FIELDS, optional=()), DealtGroup(groups=2))).compute(bars)
        context = ("dealt_group",)
    return cut_windows(bars, panel, ForwardReturn(horizon=horizon), lookback, "rows", _FIELDS, context).windows


def check_normaliser(normaliser: Normaliser, bars: Bars, cuts: int = 8, seed: int = 0) -> int:
    """Fit on windows known by a cut, then change the future: no centre and no scale may change; returns the cuts tried.

    One pair for all windows must be the same when all after `Affine.fitted_upto` is other history (and must not depend
    on any history where `fitted_upto` is None). One pair per window must be the same for every anchor up to the cut.

    >>> from tidegate.prepare.scalers import MinMax
    >>> from tidegate.testing.history import example_bars
    >>> check_normaliser(MinMax(), example_bars(sessions=60)) >= 8
    True
    """
    title = f"normaliser {normaliser.name!r}"
    windows = example_windows(bars)
    tried = 0
    for number, cut in enumerate(cut_times(bars, cuts, seed)):
        position = int(np.searchsorted(bars.times, cut))
        training = (windows.anchor_time <= position) & (windows.known <= position) & np.isfinite(windows.target)
        if not training.any():
            continue
        tried += 1
        affine = normaliser.fit(windows, training)
        last = int(windows.anchor_time[training].max())
        shared = affine.centre.shape[0] == 1 and len(windows) != 1
        if not shared and affine.centre.shape[0] != len(windows):
            raise ClockError(
                f"{title}: one pair for all windows, or one for each",
                expected=len(windows),
                found=affine.centre.shape[0],
            )
        if affine.fitted_upto is not None and affine.fitted_upto > last:
            raise ClockError(
                f"{title}: fitted on data after its last training window",
                expected=f"≤ {last}",
                found=affine.fitted_upto,
            )
        seen = affine.fitted_upto if affine.fitted_upto is not None else (0 if shared else position)
        other = scramble_future(bars, bars.times[max(seen, 0)], seed + number)
        moved = example_windows(other)
        kept, same = _up_to(windows, bars, seen), _up_to(moved, other, seen)
        again = normaliser.fit(moved, _marked(windows, training, moved, fallback=shared and affine.fitted_upto is None))
        if shared:
            kept = same = np.array([0])
        anchors = np.array([-1]) if shared else windows.anchors[kept]
        for what, before, after in (("centre", affine.centre, again.centre), ("scale", affine.scale, again.scale)):
            require_same(
                before[kept],
                after[same],
                f"{title}: its {what} changes with what came after {str(bars.times[seen])[:16]}",
                _inputs(bars, windows, anchors),
                "fit on the training windows alone, and say in `fitted_upto` what was seen",
            )
    return tried


def check_split(split: Split, bars: Bars, horizon: Horizon = _HORIZON) -> int:
    """Hold every fold to `check_fold`, and the folds to their order; returns how many folds there are.

    >>> from tidegate.prepare.split import ShareSplit
    >>> from tidegate.testing.history import example_bars
    >>> check_split(ShareSplit(train=0.5, valid=0.2), example_bars(sessions=80))
    1
    """
    windows = example_windows(bars, horizon=horizon)
    folds = split.folds(bars.times)
    if not folds or [fold.index for fold in folds] != list(range(len(folds))):
        raise ClockError(f"split {split.name!r}: folds are numbered from 0", found=[fold.index for fold in folds])
    for fold in folds:
        check_fold(fold, windows, getattr(split, "embargo", 0), where=f"split {split.name!r}, fold {fold.index}")
    for before, after in itertools.pairwise(folds):
        if after.test.first < before.test.end:
            raise ClockError(
                f"split {split.name!r}: a bar is judged twice", expected=f"≥ {before.test.end}", found=after.test.first
            )
    return len(folds)


def check_fold(fold: Fold, windows: Windows, embargo: int = 0, where: object = None) -> None:
    """Split audit of one fold: ranges in order, embargo kept, and each target known before the next range begins.

    Errors
        `ClockError`, with the position that is known too late.
    """
    spans = [fold.train, *([] if fold.valid is None else [fold.valid]), fold.test]
    for before, after in itertools.pairwise(spans):
        if after.first < before.end + embargo:
            raise ClockError(
                "ranges overlap or ignore the embargo",
                expected=f"start ≥ {before.end + embargo}",
                found=after.first,
                where=where,
            )
    if fold.train.first < 0 or fold.test.end > len(windows.panel.times):
        raise ClockError(
            "a range leaves the time axis", expected=f"0 … {len(windows.panel.times)}", found=spans, where=where
        )
    for what, marked, begins in (
        ("training", fold.training(windows), spans[1].first),
        ("validation", fold.validation(windows), fold.test.first),
    ):
        late = marked & ((windows.known >= begins) | (windows.anchor_time >= begins))
        if late.any():
            first = int(np.flatnonzero(late)[0])
            raise ClockError(
                f"{int(late.sum())} {what} targets are known only inside the next range",
                expected=f"known before bar {begins}",
                found=int(windows.known[first]),
                where=where,
                hint="purge them: Fold.training does, from the horizon",
            )
    clash = fold.testing(windows) & (fold.training(windows) | fold.validation(windows))
    if clash.any():
        raise ClockError("windows are both learned from and judged", found=int(clash.sum()), where=where)


def _keys(windows: Windows) -> list[tuple[np.datetime64, str]]:
    panel = windows.panel
    times = panel.times[panel.row_time[windows.anchors]]
    return [(time, panel.assets[n]) for time, n in zip(times, panel.row_asset[windows.anchors], strict=True)]


def _marked(windows: Windows, training: BoolArray, moved: Windows, *, fallback: bool) -> BoolArray:
    """Mark the same training windows, by time and asset, in another history."""
    wanted = {key for key, marked in zip(_keys(windows), training, strict=True) if marked}
    found = np.array([key in wanted for key in _keys(moved)], dtype=bool)
    return np.ones(len(moved), dtype=bool) if fallback and not found.any() else found


def _up_to(windows: Windows, bars: Bars, position: int) -> IntArray:
    when = windows.panel.times[windows.panel.row_time[windows.anchors]]
    return np.flatnonzero(when <= bars.times[position]) if position < len(bars.times) else np.arange(len(windows))


def _inputs(bars: Bars, windows: Windows, anchors: IntArray) -> Place:
    names: Sequence[str] = windows.inputs

    def place(at: tuple[int, ...]) -> str:
        row = int(anchors[at[0]])
        line = "all windows" if row < 0 else "window at row {}, {:%Y-%m-%d %H:%M}, {}".format(row, *_line(bars, row))
        return f"{line}, {names[at[1]]}"

    return place


def _line(bars: Bars, row: int) -> tuple[object, object]:
    line = bars.frame.row(row, named=True)
    return line["time"], line["asset"]
