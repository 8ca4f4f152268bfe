"""`tidegate list`, `show`, `compare`, `explain`, `figures`: looking at what there is."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tidegate.catalog import entries, families, find, studies
from tidegate.cli.screen import cell, say, say_json, table
from tidegate.cli.writing import place_of
from tidegate.errors import SettingError, UnknownNameError

__all__ = ["compare_runs", "draw_figures", "explain_run", "list_things", "show_thing"]


def list_things(family: str | None, *, json: bool) -> None:
    """Studies and families, or one family's members; nothing is imported for it."""
    if family is None:
        counts = {name: len(entries(name)) for name in families()}
        if json:
            say_json({"studies": studies(), "families": counts})
            return
        table("Studies", ("name", "what it is"), list(studies().items()))
        say()
        table("Families of components", ("family", "members"), [(n, ", ".join(entries(n))) for n in families()])
        say("\n`tidegate show NAME` shows a study or a component; `tidegate list FAMILY` says more about a family.")
        return
    held = entries(family)
    if json:
        say_json({name: {"home": entry.home, "summary": entry.summary} for name, entry in held.items()})
        return
    table(f"Family {family}", ("name", "what it is"), [(name, entry.summary) for name, entry in held.items()])


def show_thing(name: str, data: str | None, sets: Sequence[str], *, quick: bool, json: bool) -> None:
    """A study with every setting, one study of a reproduction (`NAME/STUDY`), a component, or one factor of a set."""
    head, _, member = name.partition("/")
    homes = [family for family in families() if name in entries(family)]
    if name in studies() or Path(name).is_file():
        _show_study(name, data, sets, quick=quick, json=json)
    elif head in studies() and member:
        _show_member(head, member, data, sets, quick=quick, json=json)
    elif data or sets or quick:
        raise SettingError("--data, --set and --quick are of studies", found=name, hint="`tidegate list` shows them")
    elif homes:
        _show_component(homes[0], name, json=json)
    elif name in families():
        list_things(name, json=json)
    else:
        from tidegate.factors.styles.cards import CARDS

        if name in CARDS:
            _show_factor(name, json=json)
            return
        known = [*studies(), *families(), *(member for family in families() for member in entries(family)), *CARDS]
        hint = "`tidegate list` shows them; one of your own package is found with --with MODULE"
        raise UnknownNameError.among("name", name, known, hint=hint)


def _show_study(name: str, data: str | None, sets: Sequence[str], *, quick: bool, json: bool) -> None:
    from tidegate.component import document
    from tidegate.study.api import declare
    from tidegate.study.values import assignment

    made = declare(name, data=data, settings=dict(assignment(text) for text in sets), quick=quick)
    lead = document(made.study(made.lead))
    if json:
        say_json(
            lead
            if len(made.studies) == 1
            else {"name": made.name, "lead": made.lead, "studies": [document(s) for s in made.studies]}
        )
        return
    say(f"{made.title.en} ({made.title.zh})")
    say(made.document.en)
    for stamp in made.stamps:
        say(f"Note: {stamp.en}")
    say()
    table(f"Leading study: {made.lead}", ("setting", "value"), [*_flat(lead)])
    others = [study for study in made.studies if study.name != made.lead]
    if others:
        say()
        base = dict(_flat(lead))
        rows = []
        for study in others:
            differs = {
                k: v for k, v in _flat(document(study)) if base.get(k) != v and not k.startswith(("title", "name"))
            }
            rows.append((study.name, study.title.en, ", ".join(f"{k}={v}" for k, v in differs.items())))
        table("Its variants", ("study", "what it is", "settings that differ"), rows)
    say("\nChange any with --set SETTING=VALUE; for one variant only, --set STUDY.SETTING=VALUE.")


def _show_member(name: str, member: str, data: str | None, sets: Sequence[str], *, quick: bool, json: bool) -> None:
    """One study of a reproduction, alone: what `run` takes as a file of one's own."""
    from tidegate.component import document
    from tidegate.study.api import declare
    from tidegate.study.values import assignment

    made = declare(name, data=data, settings=dict(assignment(text) for text in sets), quick=quick)
    known = [study.name for study in made.studies]
    if member not in known:
        raise UnknownNameError.among("study", member, known, where=name)
    held = document(made.study(member))
    if json:
        say_json(held)
        return
    study = made.study(member)
    say(f"{study.title.en} ({study.title.zh})")
    say()
    table(f"{name}/{member}", ("setting", "value"), [*_flat(held)])
    say(f"\nAs a file of your own: tidegate show {name}/{member} --json > mine.json; tidegate run mine.json")


def _show_factor(name: str, *, json: bool) -> None:
    from tidegate.factors.styles.cards import card

    told = card(name)
    points = {1: "up: more of it went with higher returns", -1: "down: more of it went with lower returns"}
    rows = [
        ("meaning", told.meaning),
        ("style", told.style),
        ("formula", told.formula),
        ("unit", told.unit),
        ("known at", told.known_at),
        ("missing", told.missing),
        ("source", told.source),
        ("points", points.get(told.points, "nowhere: its source reports no sign")),
    ]
    if json:
        say_json({"name": name, **dict(rows)})
        return
    table(f"{name}: card of a factor", ("what", "words"), rows)


def _flat(held: Any, path: str = "") -> list[tuple[str, str]]:
    """Dotted paths of a document's plain values, in order."""
    if isinstance(held, dict) and held:
        return [pair for key, value in held.items() for pair in _flat(value, f"{path}.{key}" if path else key)]
    if isinstance(held, list) and any(isinstance(value, (dict, list)) for value in held):
        return [pair for place, value in enumerate(held) for pair in _flat(value, f"{path}.{place}")]
    return [(path, str(held))]


def _show_component(family: str, name: str, *, json: bool) -> None:
    kind = find(family, name)
    fields = [
        (
            field,
            str(info.annotation).replace("typing.", ""),
            "needed" if info.is_required() else repr(info.get_default(call_default_factory=True)),
            info.description or "",
        )
        for field, info in kind.model_fields.items()
    ]
    if json:
        keys = ("setting", "type", "default", "description")
        say_json(
            {
                "family": family,
                "name": name,
                "home": f"{kind.__module__}:{kind.__name__}",
                "settings": [dict(zip(keys, f, strict=True)) for f in fields],
            }
        )
        return
    say(f"{name} ({family}), {kind.__module__}.{kind.__name__}")
    say()
    say(inspect.getdoc(kind) or "")
    if fields:
        say()
        table("Settings", ("setting", "type", "default", "what it means"), fields)


def compare_runs(runs: Sequence[str], out: str, page: str | None, *, json: bool) -> None:
    """Measures side by side."""
    from tidegate.component import document
    from tidegate.files import write_text
    from tidegate.report.page import page as page_of
    from tidegate.study.api import compare

    place = place_of(page, "--page") if page else None
    report = compare(*runs, out=out)
    if place:
        write_text(place, page_of(report))
    if json:
        say_json(document(report))
        return
    hidden = 0
    for held in report.tables:
        rows = [row for row in held.rows if "measure" not in row or _english(row["measure"]) in _headlines()]
        hidden += len(held.rows) - len(rows)
        if rows:
            cells = [[cell(row.get(column.key), column.style) for column in held.columns] for row in rows]
            table(held.title.en, [column.title.en for column in held.columns], cells, right=range(2, len(held.columns)))
            say()
    say("Brackets: 95 % intervals. A difference is the second run less the first.")
    if hidden:
        say(f"{hidden} further measures: --json, or --page FILE.html")
    if page:
        say(f"Page: {page}")


def _english(text: object) -> str:
    return str(text["en"]) if isinstance(text, dict) else str(text)


def _headlines() -> set[str]:
    """The measures that a comparison shows first, by the names they are shown under."""
    from tidegate.study.words import GLOSSARY

    names = ("total_return", "sharpe", "max_drawdown", "trades", "total_return_percentile", "ic", "skill")
    return {GLOSSARY[name].en for name in names}


def explain_run(run: str, asset: str, day: str, study: str | None, member: str | None, out: str, *, json: bool) -> None:
    """One number's path."""
    from dataclasses import asdict

    from tidegate.study.api import explain

    told = explain(run, asset, day, study=study, member=member, out=out)
    if json:
        say_json(asdict(told))
        return
    rows = [(line.room, line.what, line.value, line.known) for line in told.lines]
    table(f"{told.asset}, {told.time}, study {told.study}, run {told.run}", ("room", "what", "value", "known at"), rows)


def draw_figures(run: str, form: str, only: Sequence[str], out: str, *, language: str, theme: str) -> None:
    """Figures as files beside the report."""
    from tidegate.report.pictures import pictures
    from tidegate.study.api import open_report
    from tidegate.study.folder import find_run

    folder = find_run(run, Path(out))
    choices = {
        "format": (form, ("png", "svg")),
        "language": (language, ("en", "zh")),
        "theme": (theme, ("light", "dark")),
    }
    for what, (given, known) in choices.items():
        if given not in known:
            raise UnknownNameError.among(what, given, known)
    drawn: dict[str, Any] = {"forms": (form,), "language": language, "theme": theme, "only": only or None}
    paths = pictures(open_report(folder), folder / "figures", **drawn)
    for path in paths:
        say(str(path))
