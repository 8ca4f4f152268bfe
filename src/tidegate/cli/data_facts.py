"""What `tidegate data facts` shows: what reports told of an asset by a day, and what there is of every field."""

from datetime import date

import polars as pl

from tidegate.cli.screen import say, say_json, table
from tidegate.component import document
from tidegate.data.codes import same_code
from tidegate.data.fact_fields import FACT_FIELDS
from tidegate.data.fact_health import FactHealth, FieldHealth, field_health
from tidegate.data.fact_store import HeldFacts, read_facts_of
from tidegate.data.store import Store
from tidegate.errors import DataError, SettingError, UnknownNameError

__all__ = ["day_of", "show_fact_health", "show_facts"]


def show_facts(name: str, asset: str | None, on: str | None, *, json: bool) -> None:
    """Show what was known of one asset, or coverage, at the close of a day."""
    store = Store.default()
    held = read_facts_of(store, name)
    if held is None:
        raise DataError(
            f"no reports are kept beside {name!r}", where=f"store {store.root}",
            hint="put them into the panel's folder and import it again with --replace",
        )  # fmt: skip
    day = day_of(on, "--on") or date.fromisoformat(store.describe(name).last[:10])
    if asset is None:
        _coverage(name, held, day if on else None, json=json)
        return
    instruments = store.instruments(name)
    assets = store.read(name).assets if instruments is None else tuple(instruments.frame["asset"])
    found = same_code(asset, assets)
    if found is None:
        raise UnknownNameError.among("asset", asset, assets, where=name)
    _known(name, held, found, day, json=json)


def show_fact_health(health: FactHealth) -> None:
    """Show the health of an import of reports."""
    read = ", ".join(f"{one.file} ({one.rows} rows)" for one in health.files) or "no file of reports"
    say(f"reports: {read}; {sum(one.facts for one in health.fields)} facts of {len(health.fields)} fields")
    for one in health.files:
        if one.ignored:
            say(f"not used of {one.file}: {', '.join(one.ignored)}")
    for note in health.notes:
        say(f"note: {note}")
    for stamp in health.stamps:
        say(f"stamp: {stamp}")
    if not health.defects:
        say("no defect was found in the reports")
        return
    rows = [
        (d.name, d.action, d.count, d.meaning, "; ".join(f"row {e.row}: {e.found}" for e in d.examples[:2]))
        for d in health.defects
    ]
    table("Health of the reports", ("defect", "what was done", "rows", "what it means", "examples"), rows, right=(2,))


def day_of(text: str | None, option: str) -> date | None:
    """Read a day of an option; raises `SettingError`."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingError(
            "this is no day", expected="a day such as 2015-05-04", found=text, where=option, hint="write year-month-day"
        ) from None


def _coverage(name: str, held: HeldFacts, day: date | None, *, json: bool) -> None:
    fields: tuple[FieldHealth, ...] = field_health(held.facts if day is None else held.facts.upto(day))
    by = held.facts.frame if day is None else held.facts.upto(day).frame
    counts = dict(by.group_by("by").len().sort("by").iter_rows())
    if json:
        say_json(
            {
                "dataset": name, "on": None if day is None else day.isoformat(), "by": counts,
                "fields": [document(one) for one in fields], "stamps": list(held.health.stamps),
            }
        )  # fmt: skip
        return
    if not fields:
        say(f"Nothing was known by {day}." if day else "No fact is kept.")
    rows = [(f.name, _unit(f.name), f.facts, f.missing, f.assets, f.restated, f.first, f.last) for f in fields]
    columns = ("field", "unit", "facts", "without a value", "assets", "restated", "first period", "last period")
    table(f"Facts of {name}" + (f", known by {day}" if day else ""), columns, rows, right=(2, 3, 4, 5))
    say("known " + ", ".join(f"{count} by {how}" for how, count in counts.items()))
    for stamp in held.health.stamps:
        say(f"stamp: {stamp}")


def _known(name: str, held: HeldFacts, asset: str, day: date, *, json: bool) -> None:
    known = held.facts.upto(day).frame.filter(pl.col("asset") == asset)
    last = known.sort("field", "period", "usable").group_by("field", maintain_order=True).last()
    classes = [] if held.classes is None else held.classes.frame.filter(pl.col("asset") == asset).to_dicts()
    member = (
        []
        if held.memberships is None
        else held.memberships.frame.filter(
            (pl.col("asset") == asset)
            & (pl.col("since") <= day)
            & (pl.col("until").is_null() | (pl.col("until") > day))
        )["index"].to_list()
    )
    told = {key: value for row in classes for key, value in row.items() if key != "asset" and value is not None}
    if json:
        rows = [
            {**row, "period": str(row["period"]), "usable": str(row["usable"])}
            for row in last.select("field", "period", "value", "usable", "by").to_dicts()
        ]
        say_json(
            {"dataset": name, "asset": asset, "on": day.isoformat(), "facts": rows, "static": told, "member": member}
        )
        return
    if last.height:
        shown = [
            (field, str(period), "–" if value is None else f"{value:.6g}", _unit(field), str(usable), by)
            for field, period, value, usable, by in last.select("field", "period", "value", "usable", "by").iter_rows()
        ]
        columns = ("field", "period", "value", "unit", "usable from", "known by")
        table(f"{asset}, known at the close of {day}", columns, shown, right=(2,))
    else:
        say(f"Nothing was known of {asset} at the close of {day}.")
    if told:
        say("static, not of that day: " + ", ".join(f"{key} {value}" for key, value in told.items()))
    if member:
        say("a member of " + ", ".join(member))


def _unit(field: str) -> str:
    return FACT_FIELDS[field].unit if field in FACT_FIELDS else ""
