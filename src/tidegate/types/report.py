"""Report: measures, tables, figures and words, with where they came from.

Everything a page shows is in this record, as plain values; the page adds nothing but ink. Texts are in two languages.
Numbers are fractions, not percents: a column's `style` says how to print it.
"""

import json
from typing import Any, Literal

from pydantic import Field

from tidegate.component import Settings

__all__ = ["Claim", "Column", "Figure", "Measure", "Report", "Section", "Series", "Table", "Text", "dump", "parse"]

Style = Literal["text", "integer", "number", "percent", "money", "date"]
Number = float | int | None


class Text(Settings):
    """The same words in English and Chinese."""

    en: str
    zh: str


class Measure(Settings):
    """One figure with what it takes to believe it. `value` None means that it could not be computed; `note` says why."""

    name: str
    subject: dict[str, str] = Field(description="what was measured, for example variant, market, model")
    value: Number
    unit: str
    low: Number = None
    high: Number = None
    level: float | None = Field(default=None, description="nominal coverage of low … high, for example 0.95")
    n: int = Field(description="independent observations behind the value")
    note: str = ""


class Column(Settings):
    """A column of a table."""

    key: str
    title: Text
    style: Style = "text"


class Table(Settings):
    """Rows of plain values under titled columns; a cell that is a `Text` document ``{"en", "zh"}`` is shown by language."""

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...]
    note: Text | None = None


class Series(Settings):
    """One set of marks in a figure. Lists are parallel; None is a gap.

    kind
        line, area, band (y = low, y2 = high), bar, scatter, candle (open, high, low, close), step, box (low, q1, median,
        q3, high), heat (x, y, value), shade (spans from x to x2).
    """

    key: str
    title: Text
    kind: Literal["line", "area", "band", "bar", "scatter", "candle", "step", "box", "heat", "shade"]
    data: dict[str, tuple[Any, ...]]
    panel: int = Field(default=0, description="which of the stacked panes it is drawn in")
    role: Literal["main", "rival", "benchmark", "truth", "doubt", "plain"] = "plain"


class Figure(Settings):
    """A figure: its marks, its axes, what it shows and what deflates it; its data is also a table and a CSV.

    kind
        chart (series over x), graph (nodes and links in `graph`), clock (what is known when), split (ranges in time).
    """

    key: str
    title: Text
    caption: Text
    kind: Literal["chart", "graph", "clock", "split"] = "chart"
    x: Literal["time", "number", "category"] = "number"
    x_title: Text | None = None
    y_titles: tuple[Text, ...] = ()
    y_styles: tuple[Style, ...] = ()
    series: tuple[Series, ...] = ()
    graph: dict[str, Any] | None = None


class Claim(Settings):
    """A published statement beside ours."""

    key: str
    statement: Text
    published: str
    ours: str
    difference: str
    reason: Text
    verdict: Literal["holds", "fails", "unclear", "not tested"]


class Section(Settings):
    """A part of the page: words, then tables and figures by their keys, in order."""

    key: str
    title: Text
    words: tuple[Text, ...] = ()
    shows: tuple[str, ...] = ()


class Report(Settings):
    """One study or one reproduction, as it will be read. JSON round trip is exact (`dump`, `parse`)."""

    name: str
    title: Text
    lead: Text = Field(description="the answer in two or three sentences")
    stamps: tuple[Text, ...] = Field(default=(), description="what must be said loudly: proxies, partial runs, leaks on purpose")
    measures: tuple[Measure, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    claims: tuple[Claim, ...] = ()
    sections: tuple[Section, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)


def dump(report: Report) -> str:
    """Canonical JSON: sorted keys, one space of indent, no NaN; equal reports give equal text."""
    return json.dumps(report.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def parse(text: str) -> Report:
    """Read what `dump` wrote; raises `SettingError` where it is not a report."""
    return Report.of(json.loads(text))
