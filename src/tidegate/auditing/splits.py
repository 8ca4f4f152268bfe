"""The split audit (L5): what is learned is known before what is judged begins, and labels know no more than they say."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from tidegate.auditing.changes import WHEN, Room, first_change
from tidegate.auditing.ground import Ground, cuts_of
from tidegate.auditing.verdict import Change, Verdict, counted
from tidegate.errors import ClockError
from tidegate.prepare.hold_out import part_within, shared
from tidegate.prepare.windows import cut_windows
from tidegate.study.declare import Study
from tidegate.study.fitting import learned_from
from tidegate.types.fold import Fold
from tidegate.types.panel import Panel
from tidegate.types.report import Text
from tidegate.types.windows import Windows

__all__ = ["audit_split", "folds_of", "labels_of", "windows_of"]

_HINT = "purge: a training target must be known before the next range begins (Fold.training does it, from the horizon)"


def windows_of(ground: Ground, panel: Panel) -> Windows:
    """The study's windows on a panel, every field at its place."""
    study = ground.study
    inputs = tuple(field for field in panel.fields if field not in study.context)
    cut = cut_windows(ground.history.rows, panel, study.label, study.lookback, study.count, inputs, study.context)
    return cut.windows


def folds_of(study: Study, panel: Panel) -> tuple[Fold, ...]:
    """The study's folds as a run knows them: plain ranges, whatever the split made them of."""
    return tuple(
        Fold.of(fold.index, fold.train, fold.valid, fold.test, fold.embargo, fold.overlap)
        for fold in study.split.folds(np.asarray(panel.times))
    )


def labels_of(windows: Windows) -> Room:
    """Labels with the bar at which they say that they are known; those that have not come are left out."""
    panel = windows.panel
    there = (windows.known < len(panel.times)) & np.isfinite(windows.target)
    rows = windows.anchors[there]
    frame = pl.DataFrame(
        {
            WHEN: panel.times[windows.known[there]],
            "time": panel.times[panel.row_time[rows]],
            "asset": np.array(panel.assets, dtype=object)[panel.row_asset[rows]].astype(str),
            "target": windows.target[there],
            "weight": windows.weight[there],
        }
    )
    return Room("labels", frame, ("time", "asset"))


@dataclass(frozen=True)
class _Found:
    words: Text
    change: Change | None
    hint: str = _HINT


def audit_split(ground: Ground, panel: Panel, *, cuts: int = 4, seed: int = 0) -> Verdict:
    """L5: ranges in order, purge and embargo as declared, shared rows counted; labels known by *t* stay as they are."""
    study = ground.study
    windows = windows_of(ground, panel)
    try:
        folds = folds_of(study, panel)
    except ClockError as error:
        wrong = Change(
            room="split", where=str(error.where), expected=str(error.expected), found=str(error.found), moved=False
        )
        return _failed(ground, _Found(Text.same(error.what), wrong, error.hint or _HINT), 0)
    worst = next(_ranges(study, panel, folds, windows), None)
    if worst is not None:
        return _failed(ground, worst, len(folds))
    tried = 0
    whole = labels_of(windows)
    for at, cut in cuts_of(ground, cuts, seed):
        tried += 1
        other = ground.scrambled(cut, at, rows=False)
        change = first_change(whole, labels_of(windows_of(other, _same_rows(panel, other))), cut)
        if change is not None:
            words = Text(
                en=f"labels that say they are known by {str(cut)[:16]} change with what came after it",
                zh=f"自称 {str(cut)[:16]} 已知的标签随其后的数据而变",
            )
            hint = "the label looks past its horizon, or `exit_row` names an earlier bar than it uses"
            return _failed(ground, _Found(words, change, hint), len(folds) + tried)
    train = sum(int(fold.training(windows).sum()) for fold in folds)
    judged = sum(int(fold.testing(windows).sum()) for fold in folds)
    purged = sum(fold.purged(windows) for fold in folds)
    words = Text(
        en=f"{counted(len(folds), 'fold')}: {counted(train, 'window')} learned from, {purged:,} purged by the horizon of {study.label.horizon.purge}, "
        f"{judged:,} judged; no target is known after its range, no window stands on both sides",
        zh=f"{len(folds)} 折：学习 {train:,} 个窗口，按 {study.label.horizon.purge} 的期限清除 {purged:,} 个，评判 {judged:,} 个；"
        "没有标签晚于其区间才已知，没有窗口同时出现在两侧",
    )
    return Verdict(
        test="L5", status="passed", words=words, cuts=len(folds) + tried, on=ground.on, partial=ground.partial
    )


def _failed(ground: Ground, found: _Found, tried: int) -> Verdict:
    return Verdict(
        test="L5", status="failed", words=found.words, cuts=tried, on=ground.on, partial=ground.partial,
        first=found.change, path=() if found.change is None else (found.change,), hint=found.hint,
    )  # fmt: skip


def _same_rows(panel: Panel, ground: Ground) -> Panel:
    """The panel's rows for labels of another future: which windows there are must not move, prices must."""
    rows = ground.history.rows
    if rows.assets == panel.assets and bool((rows.offsets == panel.offsets).all()):
        return panel
    values = np.zeros((rows.frame.height, len(panel.fields)), dtype=np.float32)
    return Panel.of(values, rows.times, rows.assets, panel.fields, rows.places, rows.offsets, panel.forcings)


def _ranges(study: Study, panel: Panel, folds: tuple[Fold, ...], windows: Windows) -> Iterator[_Found]:
    """What is wrong with ranges, clocks and shared windows, the worst first."""
    embargo = int(getattr(study.split, "embargo", 0))
    times = panel.times
    before: Fold | None = None
    for fold in folds:
        spans = [fold.train, *([] if fold.valid is None else [fold.valid]), fold.test]
        place = f"fold {fold.index}"
        if fold.test.end > len(times):
            yield _range("a range leaves the time axis", "区间超出时间轴", place, f"≤ {len(times)}", str(fold.test.end))
        for one, two in itertools.pairwise(spans):
            if two.first < one.end + max(embargo, fold.embargo) and not fold.overlap:  # an overlap is seen below
                yield _range(
                    "the embargo is not kept", "未保留禁运期", place, f"start ≥ {one.end + embargo}", str(two.first)
                )
        if before is not None and fold.test.first < before.test.end:
            yield _range(
                "a bar is judged twice", "同一根K线被评判两次", place, f"≥ {before.test.end}", str(fold.test.first)
            )
        before = fold
        train, valid = learned_from(study, fold, windows)
        judged = np.flatnonzero(fold.testing(windows))
        for which, begins, told in ((train, spans[1].first, "training"), (valid, fold.test.first, "validation")):
            late = (
                which[windows.known[which] >= begins]
                if study.hold_out is None
                else which[windows.known[which] >= fold.test.first]
            )
            if late.size:
                yield _late(windows, late, begins, told, place)
        both = np.intersect1d(np.concatenate([train, valid]), judged)
        if both.size:
            yield _late(windows, both, fold.test.first, "judged and training", place)
    yield from _held_out(study, folds, windows)


def _range(en: str, zh: str, place: str, expected: str, found: str) -> _Found:
    return _Found(
        Text(en=f"{place}: {en}", zh=f"{place}：{zh}"),
        Change(room="split", where=place, expected=expected, found=found, moved=False),
    )


def _late(
    windows: Windows, late: np.ndarray[tuple[int], np.dtype[np.int64]], begins: int, told: str, place: str
) -> _Found:
    panel, first = windows.panel, int(late[0])
    row = int(windows.anchors[first])
    known = min(int(windows.known[first]), len(panel.times) - 1)
    where = f"{place}, anchor {str(panel.times[panel.row_time[row]])[:16]}, {panel.assets[int(panel.row_asset[row])]}"
    change = Change(
        room="learned windows", where=where, expected=f"known before {str(panel.times[min(begins, len(panel.times) - 1)])[:16]}",
        found=f"known at {str(panel.times[known])[:16]}", count=int(late.size), moved=False,
    )  # fmt: skip
    words = Text(
        en=f"{counted(int(late.size), f'{told} target')} of {place} {'is' if late.size == 1 else 'are'} known only inside the next range",
        zh=f"{place} 中有 {late.size:,} 个标签（{told}）在下一区间内才已知",
    )
    return _Found(words, change)


def _held_out(study: Study, folds: tuple[Fold, ...], windows: Windows) -> Iterator[_Found]:
    """A hold-out that learns from what comes after what it judges, as published protocols do; it is stamped so."""
    if study.hold_out is None:
        return
    fold = folds[-1]
    part = part_within(study.hold_out, windows, fold.training(windows) | fold.validation(windows))
    counts = shared(windows, part)
    if not counts.later:
        return
    words = Text(
        en=f"the hold-out {study.hold_out.name!r} leaks: of {counts.held:,} windows held out, {counts.inputs:,} share rows, "
        f"{counts.targets:,} share target bars and {counts.dates:,} share their date with windows learned from, and "
        f"{counts.later:,} of those are known only later. The study declares and stamps it; its test range is not touched",
        zh=f"留出方式 {study.hold_out.name!r} 有泄漏：留出的 {counts.held:,} 个窗口中，{counts.inputs:,} 个与学习窗口共用数据行，"
        f"{counts.targets:,} 个共用标签区间，{counts.dates:,} 个共用日期；另有 {counts.later:,} 个学习窗口的标签此后才已知。该研究已声明并标注，测试区间不受影响",
    )
    change = Change(
        room="learned windows", where=f"fold {fold.index}, hold-out {study.hold_out.name}",
        expected="every target known before the first window held out", found=f"{counts.later:,} known later", count=counts.later, moved=False,
    )  # fmt: skip
    yield _Found(words, change, 'hold out by time: hold_out = {"name": "by-time", ...}')
