"""One number's whole path: from the bar, through the window and the model, to the order and the book.

Everything is read from a run folder's records; nothing is computed anew, except the normalised window's edges, which
follow from the records. Each line says when its number was known.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.strategy.selection import Selection
from tidegate.study.bar_trading import trades_within_bars
from tidegate.study.declare import Study
from tidegate.study.explain_bars import bar_trade_lines
from tidegate.study.explain_orders import order_lines
from tidegate.study.folder import RunFolder
from tidegate.study.records import load_bars, load_folds, load_forecast, load_ledger, load_panel, load_windows
from tidegate.study.stations import Explained, Line, chosen, moment, shown, typed
from tidegate.types.fold import Fold
from tidegate.types.windows import Windows

__all__ = ["explain_number"]

_FIRST = 11
"""Bars of a session that are named one by one, before the last."""


def explain_number(run: Path, asset: str, day: str, study: str | None, member: str | None = None) -> Explained:
    """Follow the bar of `asset` labelled `day` through the rooms.

    The orders, fills and books of one `member` are told (the ensemble's, or the only fit's, if none is named); of a
    selection over many assets those decided after that close, and those filled or refused in that bar.

    Errors
        `UnknownNameError` for a study, an asset or a member that the run does not have; `DataError` for a time without
        a bar, with the bars of that session, or the nearest ones, in the hint.
    """
    folder, label = RunFolder(run), f"{run.resolve().parent.name}/{run.resolve().name}"
    held = folder.read("study.json")
    declared = {entry["name"]: Study.of(entry) for entry in held["studies"]}
    name = study or held["lead"]
    if name not in declared:
        raise UnknownNameError.among("study", name, declared, where=run)
    place = run / "records" / name
    bars = load_bars(place / "bars")
    panel = load_panel(place / "panel")
    windows = load_windows(place / "windows", panel)
    folds = load_folds(place / "folds")
    if asset not in panel.assets:
        raise UnknownNameError.among("asset", asset, panel.assets, where=name)
    when = moment(day)
    rows = np.flatnonzero((panel.row_asset == panel.assets.index(asset)) & (panel.times[panel.row_time] == when))
    within = any(trades_within_bars(declared[name], market) for market in declared[name].markets)
    selects = isinstance(declared[name].strategy, Selection) and not within
    here = np.flatnonzero((bars.frame["asset"] == asset).to_numpy() & (bars.frame["time"].to_numpy() == when))
    bar = [line for at in here for line in _bar_lines(bars.frame, int(at))] or [
        Line("data", "bar t", "none: suspended, or not listed", "")
    ]
    if rows.size == 0 and selects and (bars.times == when).any():
        ordered = order_lines(place, declared[name], bars, asset, when, member)
        between = []
        if declared[name].cadence == "months" and not (panel.times == when).any():
            between = [Line("factors", "fields", "none: no month ends here, the last forecasts stand", "")]
        return Explained(name, asset, shown(when), (*bar, *between, *ordered), label)
    if rows.size == 0:
        own = bars.frame.filter(pl.col("asset") == asset)
        raise DataError(f"{asset} has no bar labelled {day}", where=name, hint=_others(own, panel.times, when))
    row = int(rows[0])
    lines = [
        *bar,
        Line(
            "factors",
            "fields",
            ", ".join(f"{f} {v:.6g}" for f, v in zip(panel.fields, panel.values[row], strict=True)),
            "CLOSE(t)",
        ),
        *_window_lines(declared[name], windows, folds, row),
        *_forecast_lines(place, asset, when, windowed=bool((windows.anchors == row).any())),
        *(
            order_lines(place, declared[name], bars, asset, when, member)
            if selects
            else bar_trade_lines(place, bars, asset, when, member)
            if within
            else _book_lines(place, asset, when, panel.times, member)
        ),
    ]
    return Explained(name, asset, shown(when), tuple(lines), label)


def _others(own: pl.DataFrame, times: np.ndarray, when: np.datetime64) -> str:
    """Which bars may be asked for instead: those of the session, as they are typed, or the nearest."""
    day = when.astype("datetime64[D]")
    session = own.filter(pl.col("session") == day)["time"].to_numpy() if when == day else np.empty(0)
    if session.size:
        first, last = session[:_FIRST], session[max(_FIRST, session.size - 1) :]
        rest = " …," if session.size > _FIRST + 1 else ""
        told = ", ".join(typed(t) for t in first) + "".join(f",{rest} {typed(t)}" for t in last)
        return f"the session has {session.size} bars: {told}"
    near = times[np.argsort(np.abs(times - when))[:3]]
    return f"the nearest are {', '.join(typed(t) for t in sorted(near))}"


def _bar_lines(frame: pl.DataFrame, at: int) -> list[Line]:
    """A bar's numbers; within a session, the session that it is of; of a joined series, since when its contract is."""
    bar = frame.row(at, named=True)
    told = ", ".join(f"{k} {v:.6g}" for k, v in bar.items() if isinstance(v, float))
    lines = [Line("data", "bar t", told, "open at OPEN(t), the rest at CLOSE(t)")]
    label = np.datetime64(bar["time"], "us")
    if label != label.astype("datetime64[D]"):
        told = str(bar["session"])
        told += "" if label.astype("datetime64[D]") == np.datetime64(bar["session"]) else ", traded in the night before"
        lines.append(Line("data", "session", told, "OPEN(t)"))
    if "roll_from" in frame.columns:
        rolls = frame.filter(
            (pl.col("asset") == bar["asset"]) & (pl.col("time") <= bar["time"]) & pl.col("roll_from").is_not_null()
        )["time"]
        began = np.datetime64(rolls[-1], "us") if len(rolls) else None
        told = (
            "the first of the series" if began is None else f"no. {len(rolls) + 1} of the series, since {shown(began)}"
        )
        lines.append(Line("data", "contract", told, "OPEN(t)"))
    return lines


def _window_lines(study: Study, windows: Windows, folds: tuple[Fold, ...], row: int) -> list[Line]:
    at = np.flatnonzero(windows.anchors == row)
    if at.size == 0:
        return [Line("prepare", "window", f"none ends here: {_why_none(windows, row)}", "CLOSE(t)")]
    m = int(at[0])
    panel, one = windows.panel, windows.take(np.array([m]))
    first = panel.times[panel.row_time[row - windows.lookback + 1]]
    fold, role = next(
        (
            (f, r)
            for f in folds
            for r, mark in (("train", f.training(one)), ("valid", f.validation(one)), ("test", f.testing(one)))
            if mark[0]
        ),
        (None, "no range (purged or outside)"),
    )
    known = int(windows.known[m])
    exit_ = shown(panel.times[known]) if known < len(panel.times) else "not yet"
    lines = [
        Line(
            "prepare",
            "window",
            f"{windows.lookback} rows from {shown(first)} to the anchor, fields {', '.join(windows.inputs)}",
            "CLOSE(t)",
        ),
        Line(
            "prepare",
            f"label ({study.label.unit})",
            f"{windows.target[m]:.6g}",
            f"{windows.horizon.exit_at(0)} counted from t: bar {exit_}",
        ),
        Line("prepare", "fold", role if fold is None else f"{role} range of fold {fold.index}", "before the run"),
    ]
    if fold is not None:
        affine = study.normaliser.fit(windows, fold.training(windows))
        pair = m if affine.centre.shape[0] > 1 else 0
        told = ", ".join(
            f"{f} (x − {c:.6g}) / {s:.6g}"
            for f, c, s in zip(windows.inputs, affine.centre[pair], affine.scale[pair], strict=True)
        )
        told += "" if affine.clip is None else f", each pulled in to ± {affine.clip:g}"
        seen = (
            "CLOSE(t), from its own window"
            if affine.fitted_upto is None
            else f"fitted up to {shown(panel.times[affine.fitted_upto])}"
        )
        lines.insert(1, Line("prepare", "normaliser", told, seen))
    return lines


def _why_none(windows: Windows, row: int) -> str:
    """Why no window ends at a row: the first reason that holds."""
    panel, begin = windows.panel, row - windows.lookback + 1
    if begin < panel.first_row[row]:
        return f"{row - int(panel.first_row[row]) + 1} rows of history, {windows.lookback} are needed"
    for field in (*windows.inputs, *windows.context):
        missing = np.flatnonzero(~np.isfinite(panel.column(field)[begin : row + 1]))
        if missing.size:
            when = panel.times[panel.row_time[begin + int(missing[-1])]]
            return f"{field} of {shown(when)} is missing, and windows over it are dropped"
    return "a gap in the window, or before the span"


def _forecast_lines(place: Path, asset: str, when: np.datetime64, *, windowed: bool) -> list[Line]:
    lines: list[Line] = []
    said: list[float] = []
    for folder in sorted((place / "forecast").iterdir()) if (place / "forecast").is_dir() else []:
        forecast = load_forecast(folder)
        found = forecast.frame.filter((pl.col("asset") == asset) & (pl.col("time") == when))
        if found.height:
            fold, score = found["fold"].item(), found["score"].item()
            said.extend([score] if folder.name.startswith("seed-") else [])
            others = forecast.frame.filter(pl.col("time") == when)["score"]
            rank = f", rank {int((others > score).sum()) + 1} of all {len(others)} forecasts" if len(others) > 1 else ""
            lines.append(
                Line(
                    "learn",
                    f"score, {folder.name}",
                    f"{score:.6g} by model {forecast.fingerprints[fold][:12]}{rank}",
                    "after CLOSE(t)",
                )
            )
    if len(said) > 1:
        lines.append(
            Line("learn", "score, ensemble", f"{np.mean(said):.6g}, the mean of {len(said)} seeds", "after CLOSE(t)")
        )
    why = "not in a test range" if windowed else "without a window"
    return lines or [Line("learn", "score", f"none: {shown(when)} is {why}", "after CLOSE(t)")]


def _book_lines(place: Path, asset: str, when: np.datetime64, times: np.ndarray, member: str | None) -> list[Line]:
    later = times[times > when]
    books = [folder.name for folder in (place / "ledger").glob("*/*")]
    if member and not books:
        raise SettingError("this study has no books, and so no members", found=member, where=place.name)
    if later.size == 0 or not books:
        return []
    who = chosen(member, dict.fromkeys(books), place.name)
    lines: list[Line] = []
    for folder in sorted((place / "decisions").glob("*")):
        wanted = pl.read_parquet(folder / "wanted.parquet").filter(pl.col("time") == when).drop("time")
        for held in wanted.iter_rows(named=True):
            told = f"{held[who]:g}" if held.get(who) is not None else "none is kept of this member"
            lines.append(Line("strategy", f"exposure wanted ({folder.name}, {who})", told, "decided after CLOSE(t)"))
    for folder in sorted((place / "ledger").glob(f"*/{who}")):
        ledger, label = load_ledger(folder), f"{folder.parent.name}, {folder.name}"
        orders = ledger.orders.filter((pl.col("asset") == asset) & (pl.col("decided") == when))
        fills = ledger.fills.filter((pl.col("asset") == asset) & (pl.col("time") == later[0]))
        book = ledger.book.filter(pl.col("time") == later[0])
        lines.extend(_order_line(order, label) for order in orders.iter_rows(named=True))
        lines.extend(_fill_line(fill, label, shown(later[0])) for fill in fills.iter_rows(named=True))
        lines.extend(_book_line(line, label, shown(later[0])) for line in book.iter_rows(named=True))
    return lines


def _order_line(order: dict[str, Any], label: str) -> Line:
    told = f"{order['side']} {order['quantity']:g}: {order['outcome']}"
    return Line("strategy", f"order ({label})", told, "decided after CLOSE(t)")


def _fill_line(fill: dict[str, Any], label: str, day: str) -> Line:
    fees = fill["commission"] + fill["stamp_duty"] + fill["transfer_fee"]
    told = f"{fill['side']} {fill['quantity']:g} at {fill['price']:g}, fees {fees:.2f}"
    return Line("backtest", f"fill ({label})", told, f"OPEN({day})")


def _book_line(line: dict[str, Any], label: str, day: str) -> Line:
    told = f"cash {line['cash']:.2f} + holdings {line['holdings']:.2f} = equity {line['equity']:.2f}"
    return Line("backtest", f"book ({label})", told, f"CLOSE({day})")
