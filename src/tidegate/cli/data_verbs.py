"""What `tidegate data` does: read into the store, list, verify, export; every finding is said."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import typer

from tidegate.cli.data_facts import show_fact_health
from tidegate.cli.screen import progress, say, say_json, table
from tidegate.component import document
from tidegate.data.fact_health import FactHealth
from tidegate.data.fact_store import HeldFacts, add_facts, describe_facts, drop_facts, put_facts, read_facts_of
from tidegate.data.fundamentals import ImportedFundamentals, has_reports, import_fundamentals
from tidegate.data.health import HealthReport, Imported
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.panel import ImportedPanel, import_panel
from tidegate.data.panel_export import export_panel
from tidegate.data.qlib_export import export_qlib
from tidegate.data.qlib_folder import import_qlib
from tidegate.data.store import Store
from tidegate.errors import TidegateError, UnknownNameError
from tidegate.study.progress import Event
from tidegate.study.values import assignment

__all__ = [
    "Whole",
    "bring_in",
    "check_store",
    "export_dataset",
    "keep",
    "list_store",
    "name_of",
    "settings_of",
    "show_health",
]


def bring_in(
    path: str, name: str | None, sets: Sequence[str], *, layout: str, append: bool, replace: bool, dry: bool, json: bool
) -> None:
    """Import a file or a folder into the store, and report its health."""
    settings = ImportSettings.of(settings_of(sets))
    if layout not in _LAYOUTS:
        raise UnknownNameError.among("layout", layout, _LAYOUTS, where="--as")
    with progress(quiet=json) as tell:
        made = _LAYOUTS[layout](
            Path(path),
            settings,
            progress=lambda step, share: tell(Event("step", "import", round(share * 100), 100, step)),
        )
        tell(Event("done", "import"))
    whole = Whole(made, _reports(Path(path), made) if layout == "stock-panel" and not append else None)
    kept = None if dry else _keep(whole, Path(path), name or name_of(Path(path)), append=append, replace=replace)
    if append and kept and (held := describe_facts(Store.default(), kept)) is not None:
        facts: FactHealth | None = held.health
    else:
        facts = None if whole.reports is None else whole.reports.health
    if json:
        said = {"health": document(made.health), "dataset": kept}
        say_json(said if facts is None else {**said, "reports": document(facts)})
        return
    show_health(made.health)
    if facts is not None:
        say()
        show_fact_health(facts)
    assumed = [
        f"{name}={getattr(made.bars.spec, name)}"
        for name in ("kind", "currency")
        if name not in settings.model_fields_set
    ]
    if assumed:
        say(f"assumed: {', '.join(assumed)}; say otherwise with -s kind=stock or -s currency=USD, for example")
    if kept:
        study = _study_for(made.bars.spec.kind, made.health.assets)
        say(f"\nKept as {kept!r}." + (f" Run a study on it: tidegate run {study} --data store:{kept}" if study else ""))
    else:
        say("\nNothing was kept (--dry).")


def _study_for(kind: str, assets: int) -> str | None:
    """The study that such bars are for; None where several assets are no market of shares."""
    if kind == "stock" and assets > 1:
        return "stock-ranks"
    if assets > 1:
        return None
    return "rebar-futures" if kind == "future" else "index-timing"


def show_health(health: HealthReport) -> None:
    """A health report for people."""
    say(
        f"{health.file}: {health.kept} of {health.rows} rows kept, {health.quarantined} quarantined; {health.assets} assets, {_short(health.first)} … {_short(health.last)}"
    )
    units = ", ".join(f"{column} in {unit}" for column, unit in health.units.items())
    say(f"read as {health.encoding}; frequency {health.frequency}" + (f"; {units}" if units else ""))
    say("columns: " + ", ".join(f"{header} → {column}" for header, column in health.columns.items()))
    if health.ignored:
        say("not used: " + ", ".join(health.ignored))
    for note in health.notes:
        say(f"note: {note}")
    if health.defects:
        say()
        rows = [
            (
                d.name,
                d.action,
                d.count,
                d.meaning,
                "; ".join(f"row {e.row}: {e.column} {e.found}".strip() for e in d.examples[:2]),
            )
            for d in health.defects
        ]
        table("Health", ("defect", "what was done", "rows", "what it means", "examples"), rows, right=(2,))
    else:
        say("no defect was found")


def list_store(*, json: bool) -> None:
    """What the store holds."""
    store = Store.default()
    held = [store.describe(name) for name in store.list()]
    if json:
        say_json([{**document(h.but(health=None)), "facts": _facts_of(store, h.dataset)} for h in held])
        return
    if not held:
        say(f"The store at {store.root} is empty. `tidegate data import FILE` fills it.")
        return
    rows = [
        (
            *(h.dataset, h.spec.kind, h.spec.frequency, h.rows, h.assets, _short(h.first), _short(h.last)),
            *(_facts_of(store, h.dataset) or "–", h.digest[:12]),
        )
        for h in held
    ]
    columns = ("dataset", "kind", "frequency", "rows", "assets", "first", "last", "facts", "digest")
    table(f"Store {store.root}", columns, rows, right=(3, 4, 7))


def check_store(name: str | None, *, json: bool) -> None:
    """Verify hashes; exit code 1 where something is wrong."""
    store = Store.default()
    told = []
    for dataset in [name] if name else store.list():
        try:
            holding, facts = store.verify(dataset), read_facts_of(store, dataset)
        except TidegateError as error:
            told.append({"dataset": dataset, "good": False, "found": str(error)})
            continue
        flagged = 0 if holding.health is None else sum(d.count for d in holding.health.defects if d.action == "flagged")
        told.append(
            {
                "dataset": dataset,
                "good": True,
                "found": f"{len(holding.parts)} files agree with their hashes; {flagged} rows flagged at import"
                + _told_facts(facts),
            }
        )
    if json:
        say_json(told)
    elif told:
        table(
            "Check", ("", "dataset", "found"), [("ok" if t["good"] else "bad", t["dataset"], t["found"]) for t in told]
        )
    else:
        say("The store is empty.")
    if not all(t["good"] for t in told):
        raise typer.Exit(1)


def export_dataset(name: str, path: str, layout: str) -> None:
    """One dataset as one file of bars, as a folder of all that is kept, or as a Qlib folder."""
    store = Store.default()
    if layout not in _EXPORTS:
        raise UnknownNameError.among("layout", layout, _EXPORTS, where="--as")
    if layout == "qlib":
        say(f"{export_qlib(store.read(name), Path(path))} files written to {path}")
        return
    if Path(path).suffix:
        digest = store.export(name, Path(path))
        say(f"{path} written, SHA-256 {digest[:12]}…")
        if (count := _facts_of(store, name)) is not None:
            say(f"its {count} facts are not in a file of bars; an export to a folder has them")
        return
    for file, digest in export_panel(store, name, Path(path)).items():
        say(f"{path}/{file} written, SHA-256 {digest[:12]}…")


_LAYOUTS: dict[str, Callable[..., Imported | ImportedPanel]] = {
    "bars": import_file,
    "stock-panel": import_panel,
    "qlib": import_qlib,
}


class Whole(NamedTuple):
    """Bars with their instruments, and the reports that lie beside them."""

    made: Imported | ImportedPanel
    reports: ImportedFundamentals | None = None


def _reports(folder: Path, made: Imported | ImportedPanel) -> ImportedFundamentals | None:
    instruments = made.instruments if isinstance(made, ImportedPanel) else None
    return import_fundamentals(folder, made.bars, instruments) if has_reports(folder) else None


def keep(whole: Whole, name: str, *, replace: bool) -> None:
    """Put bars and reports into the store; with `replace`, in place of both, so that facts of other bars do not stay."""
    store, made = Store.default(), whole.made
    instruments = made.instruments if isinstance(made, ImportedPanel) else None
    store.put(name, made.bars, instruments=instruments, health=made.health, replace=replace)
    if whole.reports is not None:
        put_facts(store, name, whole.reports, replace=replace)
    elif replace:
        drop_facts(store, name)


def _keep(whole: Whole, path: Path, name: str, *, append: bool, replace: bool) -> str:
    if not append:
        keep(whole, name, replace=replace)
        return name
    store, made = Store.default(), whole.made
    instruments = made.instruments if isinstance(made, ImportedPanel) else None
    store.append(name, made.bars, instruments=instruments, health=made.health)
    if isinstance(made, ImportedPanel) and has_reports(path):  # dated by every session that is there, not by the newer
        add_facts(store, name, import_fundamentals(path, store.read(name), store.instruments(name)))
    return name


_EXPORTS = ("house", "qlib")


def _facts_of(store: Store, dataset: str) -> int | None:
    held = describe_facts(store, dataset)
    return None if held is None else held.facts.rows


def _told_facts(held: HeldFacts | None) -> str:
    if held is None:
        return ""
    stale = "" if held.same_bars else "; its bars have changed since: import the reports again to date newer ones"
    return f"; {held.facts.frame.height} facts agree with theirs{stale}"


def name_of(path: Path) -> str:
    """Make a dataset's name of a file's: small letters and digits, joined by hyphens."""
    return "-".join(re.findall(r"[a-z0-9]+", path.stem.lower()))[:64] or "data"


def _short(time: str) -> str:
    """A label without the midnight that a day does not need."""
    return time.replace("T", " ").removesuffix(" 00:00:00")


def settings_of(sets: Sequence[str]) -> dict[str, Any]:
    """``columns.收盘=close`` and ``frequency=5min`` as one document."""
    made: dict[str, Any] = {}
    for text in sets:
        path, value = assignment(text)
        first, dot, rest = path.partition(".")
        if dot:
            made.setdefault(first, {})[rest] = value
        else:
            made[first] = (
                value if not isinstance(value, (int, float)) or first not in {"asset", "title"} else str(value)
            )
    return made
