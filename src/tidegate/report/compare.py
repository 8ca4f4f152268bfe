"""Two or more reports → one report with their measures side by side, and what differs in where they come from."""

from collections.abc import Sequence
from typing import Any

from tidegate.errors import SettingError
from tidegate.types.report import Column, Measure, Report, Section, Style, Table, Text

__all__ = ["compare"]

PAIR = 2


def compare(reports: Sequence[Report], labels: Sequence[str] | None = None) -> Report:
    """Put the measures of `reports` side by side.

    Parameters
    ----------
    reports
        Two or more.
    labels
        A name for each, distinct; their own names where None, numbered where these are equal.

    Returns
    -------
    A report of tables of measures, one for each unit (a row for each measure and subject, a column for each report, and
    with two reports their difference, second less first), and one of the settings that differ.

    Raises
    ------
    SettingError
        Fewer than two reports, or labels that do not fit.

    >>> from tidegate.types.report import Measure
    >>> one = Measure(name="sharpe", subject={"variant": "lstm"}, value=0.5, unit="ratio", n=100)
    >>> a = Report(name="a", title=Text.same("A"), lead=Text.same(""), measures=(one,))
    >>> b = Report(name="b", title=Text.same("B"), lead=Text.same(""), measures=(one.but(value=0.75),))
    >>> compare([a, b]).tables[0].rows[0]["difference"]
    0.25
    """
    names = _names(reports, labels)
    tables = [_measures(unit, reports, names) for unit in _styles(reports)]
    settings = _settings(reports, names)
    shared = sum(
        all(value is not None for value in (_value(row.get(name)) for name in names))
        for table in tables
        for row in table.rows
    )
    total = sum(len(table.rows) for table in tables)
    words = Text(
        en=(
            f"{' and '.join(names) if len(names) == PAIR else ', '.join(names)}: {shared} of {total} measures stand in "
            f"all of them; {len(settings.rows)} settings or sources differ."
        ),
        zh=f"{'、'.join(names)}：{total} 项指标中有 {shared} 项为各方共有；{len(settings.rows)} 项设置或来源不同。",
    )
    sections = (
        Section(
            key="compared",
            title=Text(en="Measures side by side", zh="指标对照"),
            shows=tuple(table.key for table in tables),
            words=(
                Text(
                    en=(
                        "A difference smaller than the intervals are wide says nothing; intervals of runs on the "
                        "same history are not independent."
                    ),
                    zh="小于区间宽度的差异不说明问题；同一段历史上的各次运行，其区间并不独立。",
                ),
            ),
        ),
        Section(key="settings", title=Text(en="What differs", zh="差异来源"), shows=(settings.key,)),
    )
    return Report(
        name="-vs-".join(names),
        title=Text(en="Comparison: " + ", ".join(names), zh="对照：" + "、".join(names)),
        lead=words,
        stamps=tuple(
            Text(en=f"{name}: {stamp.en}", zh=f"{name}：{stamp.zh}")
            for name, report in zip(names, reports, strict=True)
            for stamp in report.stamps
        ),
        tables=(*tables, settings),
        sections=sections,
        glossary={key: text for report in reports for key, text in report.glossary.items()},
        provenance={name: {"name": report.name} for name, report in zip(names, reports, strict=True)},
    )


def _names(reports: Sequence[Report], labels: Sequence[str] | None) -> list[str]:
    if len(reports) < PAIR:
        raise SettingError("there is nothing to compare", expected="two or more reports", found=len(reports))
    own = [report.name for report in reports]
    names = (
        list(labels)
        if labels is not None
        else own
        if len(set(own)) == len(own)
        else [f"{name} {i}" for i, name in enumerate(own, 1)]
    )
    if len(names) != len(reports) or len(set(names)) != len(names):
        raise SettingError("labels do not fit the reports", expected=f"{len(reports)} distinct names", found=names)
    return names


def _styles(reports: Sequence[Report]) -> list[str]:
    return list(dict.fromkeys(m.unit for report in reports for m in report.measures))


def _measures(unit: str, reports: Sequence[Report], names: Sequence[str]) -> Table:
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, report in zip(names, reports, strict=True):
        for m in report.measures:
            if m.unit != unit:
                continue
            row = rows.setdefault((m.name, *sorted(m.subject.items())), _head(m, reports))
            row[name] = {"value": m.value, "low": m.low, "high": m.high}
    columns = [
        Column(key="measure", title=Text(en="Measure", zh="指标")),
        Column(key="subject", title=Text(en="Subject", zh="对象")),
        *(Column(key=name, title=Text.same(name), style=_style(unit)) for name in names),
    ]
    if len(names) == PAIR:
        columns.append(Column(key="difference", title=Text(en="Difference", zh="差异"), style=_style(unit)))
        for row in rows.values():
            first, second = _value(row.get(names[0])), _value(row.get(names[1]))
            row["difference"] = None if first is None or second is None else second - first
    return Table(
        key=f"measures in {unit}",
        title=Text(en=f"Measures in {unit}", zh=f"指标（单位：{unit}）"),
        columns=tuple(columns),
        rows=tuple(rows.values()),
    )


def _head(measure: Measure, reports: Sequence[Report]) -> dict[str, Any]:
    glossary = {key: text for report in reports for key, text in report.glossary.items()}
    told = [glossary.get(value, Text.same(value)) for value in measure.subject.values()]
    name = glossary.get(measure.name, Text.same(measure.name.replace("_", " ")))
    return {
        "measure": name.model_dump(),
        "subject": {"en": ", ".join(t.en for t in told), "zh": "、".join(t.zh for t in told)},
    }


def _style(unit: str) -> Style:
    if unit.startswith(("fraction", "percent", "share")):
        return "percent"
    return "money" if unit in {"yuan", "CNY", "USD"} else "number"


def _value(cell: Any) -> float | None:
    return cell["value"] if isinstance(cell, dict) else None


def _settings(reports: Sequence[Report], names: Sequence[str]) -> Table:
    flat = [_flat(report.provenance) for report in reports]
    keys = list(dict.fromkeys(key for one in flat for key in one))
    rows = [
        {"key": key, **{name: one.get(key, "—") for name, one in zip(names, flat, strict=True)}}
        for key in keys
        if len({one.get(key, "—") for one in flat}) > 1
    ]
    columns = (
        Column(key="key", title=Text(en="Setting or source", zh="设置或来源")),
        *(Column(key=name, title=Text.same(name)) for name in names),
    )
    return Table(
        key="differing-settings",
        title=Text(en="Settings and sources that differ", zh="不同的设置与来源"),
        columns=columns,
        rows=tuple(rows),
    )


def _flat(held: Any, path: str = "") -> dict[str, str]:
    if isinstance(held, dict):
        return {
            key: text
            for name, one in held.items()
            for key, text in _flat(one, f"{path}.{name}" if path else name).items()
        }
    if isinstance(held, list) and any(isinstance(one, (dict, list)) for one in held):
        return {key: text for i, one in enumerate(held) for key, text in _flat(one, f"{path}[{i}]").items()}
    return {path: ", ".join(map(str, held)) if isinstance(held, list) else str(held)}
