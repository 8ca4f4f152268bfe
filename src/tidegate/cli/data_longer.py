"""What `tidegate data resample` and `tidegate data compare` do: longer bars, and two tables side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import get_args

import polars as pl
import typer

from tidegate.cli.data_verbs import settings_of
from tidegate.cli.screen import progress, say, say_json, table
from tidegate.data.bar_comparison import BarComparison, compare_tables
from tidegate.data.futures_resample import Resampled, resample
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.store import Store, write_bars
from tidegate.errors import SettingError, UnknownNameError
from tidegate.files import write_bytes
from tidegate.market.sessions import HOURS, Cut
from tidegate.study.progress import Event, Tell
from tidegate.types.bars import Bars

__all__ = ["compare", "make_longer"]

_SHOWN = 20


def make_longer(
    what: str, to: str, hours: str, cut: str, name: str | None, out: str | None, sets: Sequence[str], *,
    replace: bool, json: bool,
) -> None:  # fmt: skip
    """Join bars into longer ones; keep them in the store, or write a file."""
    if (name is None) == (out is None):
        found = "neither" if name is None else "both"
        raise SettingError("longer bars go to one place", expected="--name or --out", found=found)
    _known(hours, cut)
    if name is not None and not replace and Store.default().named(name) in Store.default().list():
        raise SettingError(
            f"{name!r} is there already", where=str(Store.default().root), hint="--replace, or another --name"
        )
    with progress(quiet=json) as tell:
        bars = _read(what, hours, sets, tell)
        tell(Event("step", "resample", 0, 1, f"{bars.frame.height:,} bars"))
        made = resample(bars, to, hours, _cut(cut))
        tell(Event("done", "resample"))
    if name is not None:
        Store.default().put(name, made.bars, replace=replace)
        place = f"kept as {name!r}"
    else:
        place = f"{out} written, SHA-256 {write_bars(made.bars, Path(str(out)))[:12]}…"
    _tell_longer(bars, made, place, json=json)


def _tell_longer(bars: Bars, made: Resampled, place: str, *, json: bool) -> None:
    partial = made.partial
    if json:
        told = partial.with_columns(pl.col("session", "time").cast(pl.String)).to_dicts()
        counts = {"bars": bars.frame.height, "made": made.bars.frame.height, "partial": told}
        say_json({"from": bars.spec.frequency, "to": made.bars.spec.frequency, **counts, "place": place})
        return
    say(
        f"{made.bars.frame.height:,} bars of {made.bars.spec.frequency} made of {bars.frame.height:,} of"
        f" {bars.spec.frequency}, {made.bars.frame['session'].n_unique():,} sessions; {place}"
    )
    if partial.height:
        rows = [tuple(map(str, row)) for row in partial.head(_SHOWN).iter_rows()]
        title = f"Made of fewer bars than usual: {partial.height} ({_of(rows, partial.height)})"
        table(title, ("asset", "session", "time", "bars", "usual"), rows, right=(3, 4))


def compare(
    ours: str, theirs: str, hours: str | None, cut: str, asset: str | None, sets: Mapping[str, Sequence[str]],
    out: str | None, *, strict: bool, json: bool,
) -> None:  # fmt: skip
    """Compare two files or datasets; exit code 1 with `strict` where anything differs."""
    _known(hours, cut)
    with progress(quiet=json) as tell:
        held = [
            _read(what, hours, [*sets["both"], *sets[side]], tell)
            for side, what in (("ours", ours), ("theirs", theirs))
        ]
        held = _of_asset(held, asset)
        tell(Event("step", "compare", 0, 1, ""))
        found = compare_tables(held[0], held[1], hours, _cut(cut))
        tell(Event("done", "compare"))
    if out is not None:
        write_bytes(Path(out), found.differences.write_csv(datetime_format="%Y-%m-%d %H:%M:%S").encode())
    differs = bool(found.differences.height or found.bars_only_ours or found.bars_only_theirs)
    if json:
        rows = found.differences.with_columns(pl.col("session", "time").cast(pl.String)).to_dicts()
        say_json({**found._asdict(), "columns": found.columns.to_dicts(), "differences": rows})
    else:
        _tell_compared(found, ours, theirs, out)
    if strict and differs:
        raise typer.Exit(1)


def _tell_compared(found: BarComparison, ours: str, theirs: str, out: str | None) -> None:
    say(f"ours: {ours}\ntheirs: {theirs}" + (f"\nmade: {found.made}" if found.made else ""))
    say(
        f"{found.bars:,} bars of {found.frequency} in both, over {found.sessions:,} sessions that both have;"
        f" in these {found.bars_only_ours:,} bars are ours alone, {found.bars_only_theirs:,} theirs alone"
    )
    if found.sessions_only_ours or found.sessions_only_theirs:
        say(
            f"between them {found.sessions_only_ours:,} sessions are ours alone, {found.sessions_only_theirs:,} theirs alone"
        )
    rows = [tuple("–" if value is None else value for value in row) for row in found.columns.iter_rows()]
    table("Columns", ("column", "equal", "different", "ours higher", "largest"), rows, right=(1, 2, 3, 4))
    if found.differences.height:
        shown = [tuple(map(str, row)) for row in found.differences.head(_SHOWN).iter_rows()]
        columns = ("session", "time", "column", "ours", "theirs")
        table(f"Differences ({_of(shown, found.differences.height)})", columns, shown, right=(3, 4))
    if out is not None:
        say(f"all {found.differences.height:,} differences written to {out}")


def _of(shown: Sequence[object], count: int) -> str:
    return "all" if len(shown) == count else f"the first {len(shown)} of {count:,}; all with --out or --json"


def _read(what: str, hours: str | None, sets: Sequence[str], tell: Tell) -> Bars:
    """A file or a folder by its path, else a dataset of the store (``store:NAME`` where a file has the same name)."""
    if not what.startswith("store:") and Path(what).exists():
        told = {"kind": "future", "hours": hours} if hours is not None else {}
        settings = ImportSettings.of({**told, **settings_of(sets)})
        made = import_file(
            Path(what), settings, progress=lambda step, share: tell(Event("step", what, round(share * 100), 100, step))
        )
        tell(Event("done", what))
        return made.bars
    store, name = Store.default(), what.removeprefix("store:")
    if name not in store.list():
        raise UnknownNameError.among("file or dataset", what, store.list(), where=str(store.root))
    return store.read(name)


def _of_asset(held: list[Bars], asset: str | None) -> list[Bars]:
    """One asset of each table that has it; a table without it stays whole, since vendors name the same thing apart."""
    if asset is None:
        return held
    names = [name for bars in held for name in bars.assets]
    if asset not in names:
        raise UnknownNameError.among("asset in either table", asset, names, where="--asset")
    return [
        Bars.of(bars.frame.filter(pl.col("asset") == asset), bars.spec) if asset in bars.assets else bars
        for bars in held
    ]


def _known(hours: str | None, cut: str) -> None:
    if hours is not None and hours not in HOURS:
        raise UnknownNameError.among("trading hours", hours, HOURS, where="--hours")
    if cut not in get_args(Cut):
        raise UnknownNameError.among("way to cut hours", cut, get_args(Cut), where="--cut")


def _cut(cut: str) -> Cut:
    return "clock" if cut == "clock" else "trading"
