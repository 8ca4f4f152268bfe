"""The data behind every figure and table of a report as CSV files, at full precision.

A figure's file has one row for each mark: its series, then every column that any series has, empty where it has none. A
table's file has its columns; an interval becomes three columns. Texts in two languages are written in English.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tidegate import files
from tidegate.types.report import Figure, Measure, Report, Table

__all__ = ["figure_csv", "measures_csv", "safe_name", "table_csv", "write_csvs"]


def figure_csv(figure: Figure) -> str:
    """Write the data of one figure.

    >>> from tidegate.types.report import Series, Text
    >>> line = Series(key="a", title=Text.same("A"), kind="line", data={"x": (1, 2), "y": (0.5, None)})
    >>> figure_csv(Figure(key="f", title=Text.same("F"), caption=Text.same(""), series=(line,))).split()
    ['series,x,y', 'a,1,0.5', 'a,2,']
    """
    graph = figure.graph or {}
    if figure.kind == "graph":
        follows = {node["id"]: " ".join(b for a, b in graph["links"] if a == node["id"]) for node in graph["nodes"]}
        rows = [
            [n["id"], n.get("label"), _joined(n.get("shape")), n.get("parameters"), follows[n["id"]]]
            for n in graph["nodes"]
        ]
        return _text(["node", "label", "shape", "parameters", "leads_to"], rows)
    if figure.kind == "clock":
        rows = [[row["label"], *row["from"], *(row["to"] or (None, None))] for row in graph["rows"]]
        return _text(["label", "from_bar", "from_moment", "to_bar", "to_moment"], rows)
    if figure.kind == "split":
        names = ["fold", "part", "from", "to", "count"]
        return _text(names, [[one[name] for name in names] for one in graph["ranges"]])
    columns = list(dict.fromkeys(name for series in figure.series for name in series.data))
    lines: list[list[Any]] = []
    for series in figure.series:
        length = len(next(iter(series.data.values()), ()))
        held = [series.data.get(name, (None,) * length) for name in columns]
        lines += [[series.key, *cells] for cells in zip(*held, strict=True)]
    return _text(["series", *columns], lines)


def table_csv(table: Table) -> str:
    """Write the cells of one table."""
    header: list[str] = []
    parts: list[tuple[str, str | None]] = []
    for column in table.columns:
        wide = any(isinstance(row.get(column.key), dict) and "value" in row[column.key] for row in table.rows)
        for part in ("value", "low", "high") if wide else (None,):
            header.append(f"{column.key}_{part}" if part in {"low", "high"} else column.key)
            parts.append((column.key, part))
    return _text(header, [[_part(row.get(key), part) for key, part in parts] for row in table.rows])


def measures_csv(measures: Iterable[Measure]) -> str:
    """Write all measures of a report, one a row; subjects become columns of their own."""
    held = list(measures)
    subjects = list(dict.fromkeys(key for measure in held for key in measure.subject))
    rows = [
        [*(m.subject.get(key) for key in subjects), m.name, m.value, m.unit, m.low, m.high, m.level, m.n, m.note]
        for m in held
    ]
    return _text([*subjects, "name", "value", "unit", "low", "high", "level", "n", "note"], rows)


def write_csvs(report: Report, folder: Path) -> list[Path]:
    """Write ``measures.csv`` and one file for each table and figure, named by its key; returns the paths.

    Raises `KeptError` where the folder cannot be written.
    """
    texts = {"measures": measures_csv(report.measures)} if report.measures else {}
    texts |= {table.key: table_csv(table) for table in report.tables}
    texts |= {figure.key: figure_csv(figure) for figure in report.figures}
    paths = []
    for key, text in texts.items():
        path = folder / f"{safe_name(key)}.csv"
        files.write_text(path, text)
        paths.append(path)
    return paths


def safe_name(key: str) -> str:
    """Make a file name of a key: everything but letters, digits, ``.``, ``-`` and ``_`` becomes ``_``.

    >>> safe_name("../b2 equity")
    '.._b2_equity'
    """
    return "".join(sign if sign.isalnum() or sign in ".-_" else "_" for sign in key)


def _part(cell: Any, part: str | None) -> Any:
    if isinstance(cell, dict) and "value" in cell:
        return cell.get(part or "value")
    return cell if part in {None, "value"} else None


def _joined(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _plain(cell: Any) -> Any:
    return cell["en"] if isinstance(cell, dict) and "en" in cell else cell


def _text(header: list[str], rows: Iterable[Iterable[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    return stream.getvalue()
