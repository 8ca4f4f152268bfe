"""History → panel → windows and folds: what all fits of a study stand on, each kept as a stage.

    bars, reports ─► rows (bars, or months) ─► factors ─► steps by date ─► panel ─► windows, folds

Factors and steps work in double precision; the panel is the one cast.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.component import Component, Settings, document
from tidegate.data.months import by_month
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.files import read_json, write_json
from tidegate.learn.losses.fitting import fitted_loss
from tidegate.market.futures import CONTINUOUS
from tidegate.models.base import Network
from tidegate.prepare.date_step import prepare_dates
from tidegate.prepare.hold_out import part_within
from tidegate.prepare.missing import MASK
from tidegate.prepare.sections import CrossSections
from tidegate.prepare.windows import cut_windows
from tidegate.strategy.base import Timing
from tidegate.study.carry import save_carry
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.fitting import Ground, learned_from
from tidegate.study.marks import MARKED, marks_of
from tidegate.study.records import load_folds, load_panel, load_windows, save_bars, save_folds, save_panel, save_windows
from tidegate.study.stages import Kept, Stages
from tidegate.types.bars import Bars
from tidegate.types.fold import Fold
from tidegate.types.forecast import Forecast
from tidegate.types.history import History, Reported
from tidegate.types.windows import Windows

__all__ = [
    "AXIS", "STAMPS", "Standing", "held_until", "make_panel", "mistakes_in", "seen_bars", "seen_reports", "stamps_of",
    "stand",
]  # fmt: skip

STAMPS = "stamps.json"
"""Beside a panel: what every report on its factors must say."""
AXIS = "axis.json"
"""Beside a panel: the labels of its rows and of its bars, and the bars' marks."""
_ACROSS = (
    "Days on which prices begin anew were not looked for: factors, labels and returns reach across share reforms and"
    " restructurings."
)


@dataclass(frozen=True)
class Standing:
    """A study's bars, the rows of its panel (the bars themselves, or months), and the kept stages made of them."""

    study: Study
    bars: Bars
    rows: Bars
    reported: Reported
    bars_kept: Kept
    ground: Ground


def seen_bars(study: Study, bars: Bars) -> Bars:
    """The bars that the study may see: its universe, within its span; raises where nothing is left."""
    frame = bars.frame
    unknown = [asset for asset in study.universe if asset not in bars.assets]
    if unknown:
        raise UnknownNameError.among("asset", unknown[0], bars.assets, where=f"universe of {study.name}")
    if study.universe:
        frame = frame.filter(pl.col("asset").is_in(list(study.universe)))
    if study.span.first is not None:
        frame = frame.filter(pl.col("session") >= study.span.first)
    if study.span.last is not None:
        frame = frame.filter(pl.col("session") <= study.span.last)
    if frame.height == 0:
        raise DataError(
            "no bar lies in the span",
            where=study.name,
            expected=f"{study.span.first} … {study.span.last}",
            found=f"{bars.times[0]} … {bars.times[-1]}",
            hint="change `span`",
        )
    return Bars.of(frame, bars.spec)


def seen_reports(study: Study, reported: Reported) -> Reported:
    """The reports that the study may see: those usable within its span."""
    return reported if study.span.last is None else reported.upto(study.span.last)


def stand(study: Study, bars: Bars, stages: Stages, reported: Reported | None = None) -> Standing:
    """Make (or find) panel, windows and folds of a study on `bars` and reports, which are what it may see."""
    reported = Reported() if reported is None else reported
    if isinstance(study.strategy, Timing) and len(bars.assets) != 1:
        raise SettingError(
            "a timing strategy trades one asset",
            found=f"{len(bars.assets)} assets",
            where=study.name,
            hint=f"name one in `universe`, for example {bars.assets[0]}",
        )
    told = {"bars": bars.digest}
    bars_kept = stages.make("bars", told, lambda work: save_bars(work, bars))
    rows = by_month(bars) if study.cadence == "months" else bars
    made = {
        **told,
        "reported": reported.digest,
        "cadence": study.cadence,
        "factors": document(study.factors),
        "steps": document(study.steps),
        "pruning": None if study.pruning is None else [document(study.pruning), document(study.split)],
        "code": code_version(
            "factors",
            "prepare",
            "data/months.py",
            "market/months.py",
            "market/calendar.py",
            "study/ground.py",
            "study/marks.py",
            "study/carry.py",
        ),
        "outside": outside(study.factors, study.steps, study.split),
    }
    history = History.of(bars, rows, reported)

    def build(work: Path) -> None:
        make_panel(study, history, work)
        _save_axis(bars, rows, work)
        save_carry(bars, work)

    panel_kept = stages.make("panel", made, build)
    panel = load_panel(panel_kept.folder)
    for field in study.context:
        panel.field(field)
    inputs = tuple(field for field in panel.fields if field not in study.context)
    if not inputs:
        raise SettingError(
            "no field is left for the windows", where=study.name, found=study.context, hint="shorten `context`"
        )
    cutting = {
        "panel": panel_kept.key,
        "bars": bars.digest,
        "label": document(study.label),
        "lookback": study.lookback,
        "count": study.count,
        "inputs": inputs,
        "context": study.context,
        "code": code_version("prepare"),
        "outside": outside(study.label),
    }

    def cut(work: object) -> None:
        made = cut_windows(rows, panel, study.label, study.lookback, study.count, inputs, study.context)
        if len(made.windows) == 0:
            raise DataError(
                "no window is left",
                where=study.name,
                found=made.dropped,
                hint="shorten `lookback`, or give more history",
            )
        save_windows(work, made.windows, made.dropped)  # type: ignore[arg-type]

    windows_kept = stages.make("windows", cutting, cut)
    splitting = {
        "times": [str(panel.times[0]), str(panel.times[-1]), len(panel.times)],
        "bars": bars.digest,
        "split": document(study.split),
        "code": code_version("prepare"),
        "outside": outside(study.split),
    }
    folds_kept = stages.make(
        "folds", splitting, lambda work: save_folds(work, study.split.folds(np.asarray(panel.times)))
    )
    windows, folds = load_windows(windows_kept.folder, panel), load_folds(folds_kept.folder)
    _refuse_empty(study, windows, folds)
    _refuse_unlearnable(study, windows, folds)
    return Standing(study, bars, rows, reported, bars_kept, Ground(panel_kept, windows_kept, folds_kept))


def make_panel(study: Study, history: History, work: Path) -> None:
    """Factors of every wanted row, then the steps by date, then the cast; what the steps did is kept beside it."""
    plain = not study.steps and study.pruning is None
    if study.cadence == "bars" and plain and not study.factors.reads_reports:
        save_panel(work, study.factors.compute(history.bars))
        return
    made = study.factors.at(history)
    grouped = any(getattr(step, "group", None) for step in study.steps)
    write_json(work / STAMPS, [*made.stamps, *(history.reported.stamps if grouped else ())])
    if plain:
        save_panel(work, made.panel(history.rows))
        return
    like = made.panel(history.rows)
    classes = history.reported.classes
    groups = {} if classes is None else {n: classes.codes(n, like.assets)[like.row_asset] for n in classes.names}
    sections = CrossSections.of_values(made.values, like, groups)
    done = prepare_dates(sections, study.steps)
    save_panel(work, _pruned(study, sections, done.sections, work).panel(like))
    write_json(
        work / "steps.json",
        [
            {
                "step": count.step,
                "fields": count.fields,
                "changed": count.changed.sum(axis=0).tolist(),
                "dropped": count.dropped.sum(axis=0).tolist(),
                "filled": count.filled.sum(axis=0).tolist(),
            }
            for count in done.counts
        ],
    )


def _save_axis(bars: Bars, rows: Bars, work: Path) -> None:
    """Keep labels and marks, which tell of newer data whether they still hold the bars that were learned from."""
    columns = [name for name in MARKED if name in bars.frame.columns]
    held = {"rows": rows.times, "times": bars.times, "marks": marks_of(bars, columns)}
    numbers = {name: array.view(np.int64).tolist() for name, array in held.items()}
    write_json(work / AXIS, {"columns": columns, **numbers})


def stamps_of(study: Study, bars: Bars, ground: Ground, windows: Windows, folds: tuple[Fold, ...]) -> tuple[str, ...]:
    """What every report must say of a study's bars and factors, and of windows that its protocol lets leak."""
    path = ground.panel.folder / STAMPS
    told: list[str] = [
        *_not_looked_for(bars),
        *_rolls_unknown(bars),
        *(read_json(path) if path.is_file() else []),
        *mistakes_in(study),
    ]
    if study.hold_out is not None:
        fold = folds[-1]
        among = fold.training(windows) | fold.validation(windows)
        told.append(part_within(study.hold_out, windows, among).stamp)
    return tuple(dict.fromkeys(stamp for stamp in told if stamp))


def mistakes_in(settings: object) -> tuple[str, ...]:
    """What the components of some settings, at whatever depth, say is wrong with them; each sentence once."""
    if isinstance(settings, Settings):
        own = (settings.mistake,) if isinstance(settings, Component) and settings.mistake else ()
        held: Iterable[object] = (getattr(settings, name) for name in type(settings).model_fields)
    elif isinstance(settings, (tuple, list, Mapping)):
        own, held = (), settings.values() if isinstance(settings, Mapping) else settings
    else:
        return ()
    return tuple(dict.fromkeys((*own, *(told for one in held for told in mistakes_in(one)))))


def _not_looked_for(bars: Bars) -> tuple[str, ...]:
    """Say where nobody looked for days on which prices begin anew: bars imported before there was such a column."""
    real = bars.spec.kind == "stock" and bars.has("preclose") and not bars.spec.source.startswith("Tidegate")
    return (_ACROSS,) if real and not bars.has("reset") else ()


def _rolls_unknown(bars: Bars) -> tuple[str, ...]:
    """Say where no column of futures tells a change of contract: its gap is a move of forecasts and books.

    Where prices begin anew (`reset`) no forecast reaches across; a market that trades there says so of its books.
    """
    told = any(bars.has(column) for column in ("factor", "roll_from", "reset"))
    return () if bars.spec.kind != "future" or told else (CONTINUOUS,)


def held_until(standing: Standing, forecasts: dict[str, Forecast]) -> np.datetime64 | None:
    """The last bar of the month that the last forecast speaks of; None where a row is a bar."""
    if standing.rows is standing.bars:
        return None
    rows = standing.rows.times
    last = np.concatenate([forecast.frame["time"].to_numpy() for forecast in forecasts.values()]).max()
    place = int(np.searchsorted(rows, last.astype("datetime64[us]"))) + standing.study.label.horizon.span
    until: np.datetime64 = rows[place] if place < len(rows) else standing.bars.times[-1]
    return until


def _pruned(study: Study, raw: CrossSections, prepared: CrossSections, work: Path) -> CrossSections:
    """Leave out what ranks as another of its style does, decided on the first fold's learning range; the log is kept.

    Decided on factors as they were before the steps: what has been filled would be covered alike. A mask of what was
    missing goes with its factor.
    """
    if study.pruning is None:
        return prepared
    first = study.split.folds(np.asarray(raw.times))[0]
    made = study.pruning.fit(raw, np.arange(len(raw)) < first.train.end, study.factors.styles)
    gone = {one.field for one in made.log}
    kept = tuple(name for name in prepared.fields if name.removesuffix(MASK) not in gone)
    write_json(
        work / "pruning.json",
        {"kept": kept, "removed": [{"field": one.field, "why": str(one)} for one in made.log]},
    )
    return replace(made, kept=kept).of(prepared)


def _refuse_unlearnable(study: Study, windows: Windows, folds: tuple[Fold, ...]) -> None:
    """Say before anything is fitted that a loss, its targets, the networks and the sampling don't go together."""
    if study.training is None:
        return
    for fold in folds:
        train, valid = learned_from(study, fold, windows)
        sets = {"train": train, "valid": valid}
        scale = study.target_scaling.fit(windows.target[sets["train"]])
        for model in (study.model, *study.rivals):
            if isinstance(model, Network):
                fitted_loss(model, study.training, windows, scale, sets)


def _refuse_empty(study: Study, windows: Windows, folds: tuple[Fold, ...]) -> None:
    """Say before anything is fitted that a fold has nothing to learn from, or that nothing can be judged."""
    idle = [fold.index for fold in folds if not fold.training(windows).any()]
    for what, empty in (
        (f"learn from in fold {idle[0] if idle else 0}", bool(idle)),
        ("judge", not any(fold.testing(windows).any() for fold in folds)),
    ):
        if empty:
            raise DataError(
                f"there is no window to {what}",
                where=study.name,
                found=f"{len(windows)} windows in all",
                hint="shorten `lookback`, move the split, or give more history",
            )
