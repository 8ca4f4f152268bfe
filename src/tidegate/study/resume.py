"""Going on with a run by its folder alone: the declaration is read back from study.json."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from tidegate.catalog import studies
from tidegate.errors import SettingError, UnknownNameError
from tidegate.study.declare import Study
from tidegate.study.folder import RunFolder, find_run, runs_below
from tidegate.study.reproduction import Reproduction
from tidegate.types.report import Text

__all__ = ["declared", "resumed"]


def resumed(named: str, out: Path) -> Reproduction:
    """The reproduction that the newest run of `named` declared; raises `UnknownNameError` where there is none."""
    try:
        held = RunFolder(find_run(named, out, finished=False)).read("study.json")
    except UnknownNameError:
        known = sorted({f"{run.parent.name}" for run in runs_below(out)})
        raise UnknownNameError.among("run", named, known, where=out) from None
    return declared(held)


def declared(held: dict[str, Any]) -> Reproduction:
    """The reproduction of a document with `name`, `lead`, `studies`, perhaps `stamps`; raises `SettingError`."""
    known = {"name", "lead", "studies", "stamps", "fingerprint", "outside"}
    for entry in held:
        if entry not in known:
            raise UnknownNameError.among("entry", entry, known, where="a document of several studies")
    if not (isinstance(held.get("name"), str) and isinstance(held["studies"], list)):
        raise SettingError("a document of several studies has a name, a lead and a list of studies")
    made = tuple(Study.of(study) for study in held["studies"])
    stamps = tuple(Text.of(stamp) for stamp in held.get("stamps", []))
    if held["name"] in studies():
        module = import_module(f"tidegate_studies.{held['name'].replace('-', '_')}")
        base = module.declare(made[0].source)
        assert isinstance(base, Reproduction)
        return replace(base, studies=made, stamps=stamps)
    lead = next((study for study in made if study.name == held.get("lead")), None)
    if lead is None:
        names = [study.name for study in made]
        raise UnknownNameError.among("leading study", str(held.get("lead")), names, where=held["name"])
    return Reproduction(
        held["name"],
        lead.title,
        Text(en="A study of the user's own.", zh="用户自定的研究。"),
        made,
        lead.name,
        stamps=stamps,
    )
