"""The verbs of the command line as functions.

>>> import tidegate
>>> "index-timing" in tidegate.studies()
True
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from tidegate.catalog import studies
from tidegate.component import document
from tidegate.data.source import Source
from tidegate.errors import IntegrityError, SettingError, UnknownNameError
from tidegate.files import read_json
from tidegate.report.compare import compare as compare_reports
from tidegate.study.changing import with_changes
from tidegate.study.declare import Study
from tidegate.study.explain import explain_number
from tidegate.study.exporting import Written, export_run
from tidegate.study.folder import RunFolder, find_run
from tidegate.study.given import source_from
from tidegate.study.ordering import NextOrders, next_orders
from tidegate.study.progress import Tell, silent
from tidegate.study.reproduction import Reproduction
from tidegate.study.resume import declared
from tidegate.study.run import Ran, run_reproduction
from tidegate.study.stations import Explained
from tidegate.types.report import Report, Text

__all__ = ["compare", "declare", "explain", "export", "open_report", "orders", "run", "studies"]


def declare(
    study: str | Study | Reproduction | dict[str, Any] | Path,
    *,
    data: str | Source | None = None,
    settings: dict[str, Any] | None = None,
    seeds: Iterable[int] | None = None,
    quick: bool = False,
) -> Reproduction:
    """What `run` would run: a named reproduction, a study, its document or its JSON file, with changes applied.

    Parameters
    ----------
    study
        A name (`studies`), a `Study`, a `Reproduction`, a study's document, or the path of its JSON file.
    data
        A source, or its short form: ``store:NAME``, ``sample:NAME``, ``world:NAME``, a file's path.
    settings
        Dotted paths → values, for example ``{"training.epochs": 20, "b1-sign.lookback": 20}``. A bare name where a
        component stands puts that member of the family there, with the settings that mean the same in both; what was
        changed stands among the report's stamps.
    quick
        A small but real run: fewer seeds, epochs and gates; stamped as such.

    Errors
        `UnknownNameError` with the nearest name; `SettingError` where a value does not fit.
    """
    source = source_from(data) if isinstance(data, str) else data
    made = _reproduction(study, source, quick)
    made = with_changes(made, settings or {})
    if seeds is not None:
        made = made.but("seeds", list(seeds))
    return made


def run(
    study: str | Study | Reproduction | dict[str, Any] | Path,
    *,
    data: str | Source | None = None,
    settings: dict[str, Any] | None = None,
    seeds: Iterable[int] | None = None,
    quick: bool = False,
    out: Path | str = "runs",
    jobs: int | None = None,
    tell: Tell = silent,
) -> Ran:
    """Run a study through the whole corridor and write its report; goes on where an earlier run of the same stopped."""
    made = declare(study, data=data, settings=settings, seeds=seeds, quick=quick)
    return run_reproduction(made, Path(out), jobs=jobs, tell=tell)


def open_report(named: str | Path, out: Path | str = "runs") -> Report:
    """The report of a finished run, by its folder, its study's name or its fingerprint."""
    return Report.of(RunFolder(find_run(str(named), Path(out))).read("report.json"))


def compare(*named: str | Path, out: Path | str = "runs") -> Report:
    """Two or more runs side by side."""
    if len(named) <= 1:
        raise SettingError("a comparison needs at least two runs", found=list(named))
    folders = [find_run(str(name), Path(out)) for name in named]
    reports = [Report.of(RunFolder(folder).read("report.json")) for folder in folders]
    labels = [f"{folder.parent.name}/{folder.name}" for folder in folders]
    if len(set(labels)) < len(labels):
        labels = [str(folder) for folder in folders]
    return compare_reports(reports, labels)


def explain(
    named: str | Path,
    asset: str,
    day: str,
    *,
    study: str | None = None,
    member: str | None = None,
    out: Path | str = "runs",
) -> Explained:
    """One number's whole path through the rooms of a run: bar, score, decision, order, fill (or why there was none)."""
    return explain_number(find_run(str(named), Path(out)), asset, day, study, member)


def orders(
    named: str | Path,
    *,
    study: str | None = None,
    market: str | None = None,
    member: str | None = None,
    out: Path | str = "runs",
) -> NextOrders:
    """What a selection decided after the last close of its data: orders for the next bar."""
    return next_orders(find_run(str(named), Path(out)), study, market, member)


def export(
    named: str | Path,
    to: str | Path,
    *,
    study: str | None = None,
    seed: int | None = None,
    fold: int | None = None,
    out: Path | str = "runs",
) -> Written:
    """Write a run's fitted network as an ONNX file that turns raw windows into scores in the label's unit."""
    return export_run(find_run(str(named), Path(out)), Path(to), study=study, seed=seed, fold=fold)


def _reproduction(study: object, source: Source | None, quick: bool) -> Reproduction:
    if isinstance(study, str) and study in studies():
        module = import_module(f"tidegate_studies.{study.replace('-', '_')}")
        made = module.declare(source, quick=quick)
        assert isinstance(made, Reproduction)
        return made
    if isinstance(study, (str, Path)):
        if not Path(study).is_file():
            raise UnknownNameError.among("study", str(study), studies(), where="no such file either")
        study = _document(Path(study))
    if quick:
        raise SettingError(
            "quick is a form of the named reproductions",
            found="a study of your own",
            hint="set fewer seeds and epochs instead",
        )
    if isinstance(study, Reproduction) or (isinstance(study, dict) and "studies" in study):
        several = study if isinstance(study, Reproduction) else declared(study)
        return several if source is None else several.but("source", document(source))
    one = Study.of(study)
    if source is not None:
        one = one.but(source=source)
    return Reproduction(
        one.name, one.title, Text(en="A study of the user's own.", zh="用户自定的研究。"), (one,), one.name
    )


def _document(path: Path) -> Any:
    """A study's JSON file; raises `SettingError` where it is none."""
    try:
        return read_json(path)
    except IntegrityError as error:
        raise SettingError(
            "this file holds no study: it is not valid JSON",
            where=path,
            found=error.__cause__,
            hint="`tidegate show STUDY --json > mine.json` writes one to start from",
        ) from None
