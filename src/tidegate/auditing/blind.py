"""Factors and steps of a study owe what every factor set owes: row *t* knows CLOSE(t) and nothing later (L1, L2, L10)."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from tidegate.auditing.changes import Room, first_change, room_of_panel
from tidegate.auditing.data_signs import data_signs
from tidegate.auditing.ground import Ground, cuts_of, history_of
from tidegate.auditing.verdict import Change, Verdict, counted
from tidegate.errors import DataError, RecordError, SettingError
from tidegate.study.ground import make_panel
from tidegate.study.records import load_panel
from tidegate.types.history import Reported
from tidegate.types.panel import Panel
from tidegate.types.report import Text

__all__ = ["panel_on", "point_in_time", "scramble", "truncate"]

_HINT = "look for a negative shift, a backward fill, a centred window or a statistic of the whole sample"
_HINT_REPORTS = (
    "look for a fact taken at its period's end, a restated value, a later membership or a later price factor"
)
_HINT_DATA = "take raw prices with factors as of each day, and every asset that was ever listed"
_STEPPED = "factors after the steps by date"
Making = Callable[[Ground], Panel]


def panel_on(ground: Ground) -> Panel:
    """The study's own panel on a ground: factors and steps, as a run makes them.

    Pruning is left out: it is decided on a learning range, and the test of what was learned (L3) holds it.
    """
    study = ground.study.but(pruning=None)
    with tempfile.TemporaryDirectory() as folder:
        make_panel(study, history_of(study, ground.bars, ground.reported), Path(folder))
        return load_panel(Path(folder))


def truncate(
    ground: Ground, make: Making = panel_on, *, cuts: int = 8, seed: int = 0, made: Panel | None = None
) -> Verdict:
    """L1: what is computed on data that end at a bar is what is computed there on all data.

    `made` is the panel on all data, where it has been made before.
    """
    return _tried("L1", ground, make, cuts, seed, lambda _, cut: ground.cut_off(cut), made=made)


def scramble(
    ground: Ground, make: Making = panel_on, *, cuts: int = 8, seed: int = 0, made: Panel | None = None
) -> Verdict:
    """L2: another valid future after a bar changes nothing up to it; `made` as in `truncate`."""
    return _tried("L2", ground, make, cuts, seed, lambda at, cut: ground.scrambled(cut, at), made=made)


def point_in_time(
    ground: Ground, make: Making = panel_on, *, cuts: int = 8, seed: int = 0, made: Panel | None = None
) -> Verdict:
    """L10: later reports, restatements, memberships and adjustment factors alone change nothing earlier.

    `made` as in `truncate`.
    """
    signs = tuple(data_signs(ground.bars))
    found = _later_reports(ground, make, cuts, seed, made)
    if not signs or found.status == "failed":
        return found
    words = Text(
        en=f"{found.words.en}; but the data look as if they had been made with hindsight",
        zh=f"{found.words.zh}；但数据看起来经过事后处理",
    )
    return found.but(status="warned", words=words, first=signs[0], path=signs, hint=_HINT_DATA)


def _later_reports(ground: Ground, make: Making, cuts: int, seed: int, made: Panel | None) -> Verdict:
    adjusted, reports = ground.bars.has("factor"), ground.reported != Reported()
    if not adjusted and not reports:
        words = Text(
            en="this data have no reports, no memberships and no adjustment factors; whether its prices were adjusted "
            "from the last day can't be told afterwards",
            zh="该数据没有财务报告、成分与复权因子；价格是否以最后一日为基准复权，事后无法判断",
        )
        return Verdict(test="L10", status="not tested", words=words, on=ground.on)

    def other(at: int, cut: np.datetime64) -> Ground:
        held = ground.with_other_reports(cut, at) if reports else ground
        return held.with_other_factors(cut, at) if adjusted else held

    return _tried("L10", ground, make, cuts, seed, other, hint=_HINT_REPORTS, made=made)


def _tried(
    test: str,
    ground: Ground,
    make: Making,
    cuts: int,
    seed: int,
    other: Callable[[int, np.datetime64], Ground],
    hint: str = _HINT,
    made: Panel | None = None,
) -> Verdict:
    full = room_of_panel(make(ground) if made is None else made)
    tried, last = 0, "too few bars"
    for at, cut in cuts_of(ground, cuts, seed):
        changed = other(at, cut)
        try:
            again = room_of_panel(make(changed))
        except (DataError, RecordError, SettingError) as error:
            last = str(error)
            continue
        tried += 1
        change = _change(full, again, cut)
        if change is not None:
            words = Text(
                en=f"factors up to {str(cut)[:16]} change with what came after it: {counted(change.count, 'number')}",
                zh=f"{str(cut)[:16]} 及以前的因子随其后的数据而变：{change.count:,} 个数",
            )
            path, hint = _traced(ground, changed, make, cut, change, hint)
            return Verdict(
                test=test, status="failed", words=words, cuts=tried, on=ground.on, partial=ground.partial,
                first=path[0], path=path, hint=hint,
            )  # fmt: skip
    if not tried:
        words = Text(
            en=f"the factors could not be computed on another history: {last}", zh=f"无法在其他历史上计算因子：{last}"
        )
        return Verdict(test=test, status="could not run", words=words, on=ground.on)
    words = Text(en="no number up to a cut changed by one bit", zh="切分点及以前没有一个比特改变")
    return Verdict(test=test, status="passed", words=words, cuts=tried, on=ground.on, partial=ground.partial)


def _traced(
    ground: Ground, changed: Ground, make: Making, cut: np.datetime64, change: Change, hint: str
) -> tuple[tuple[Change, ...], str]:
    """The way of a change: before the steps by date, where every asset of a date moves with the one that moved first."""
    if make is not panel_on or not ground.study.steps:
        return (change,), hint
    bare = [replace(one, study=one.study.but(steps=())) for one in (ground, changed)]
    first = _change(room_of_panel(panel_on(bare[0])), room_of_panel(panel_on(bare[1])), cut)
    after = change.but(room=_STEPPED)
    if first is None:
        return (after,), "the factors themselves do not change: look at the steps by date"
    return (first, after), hint


def _change(full: Room, made: Room, cut: np.datetime64) -> Change | None:
    """A change among the rows of the whole history: a month that had not ended by a cut has a row in neither."""
    label = cut.astype("datetime64[us]")
    known = full.frame.filter(full.frame["when"].to_numpy() <= label)
    there = made.frame.join(known.select("time", "asset"), on=["time", "asset"], how="semi", maintain_order="left")
    return first_change(full, Room(made.name, there, made.keys), cut)
