"""Report: measures, tables, figures and words, with where they came from.

Everything a page shows is in this record, as plain values; the page adds nothing but ink. Texts are in two languages.
Numbers are fractions, not percents: a `style` says how to print them. Values are plain JSON values, so that
``parse(dump(report)) == report`` holds exactly; all else (an array, a date, NaN) is refused when the record is made.
"""

import json
import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tidegate.component import Settings
from tidegate.errors import SettingError, UnknownNameError

__all__ = [
    "Claim",
    "Column",
    "Figure",
    "Mark",
    "Measure",
    "Report",
    "Role",
    "Section",
    "Series",
    "Style",
    "Table",
    "Text",
    "dump",
    "parse",
]

Style = Literal["text", "integer", "number", "percent", "money", "date"]
Role = Literal["main", "rival", "benchmark", "truth", "doubt", "plain"]
Mark = Literal["dot", "up", "down", "cross"]
Number = float | int | None

SHOWN_BY_NAME = ("measures", "claims", "provenance")


def _plain(value: Any) -> Any:
    """Return `value` as JSON would give it back; raises `SettingError` where it would not."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        if math.isfinite(value):
            return value
        raise SettingError("a report holds finite numbers", found=value, hint="write None for what is missing")
    if isinstance(value, dict):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(held) for held in value]
    raise SettingError(
        "a report holds plain values",
        expected="text, numbers, true, false, None, lists and dictionaries of them",
        found=type(value).__name__,
        hint="use .tolist() on an array and .isoformat() on a date",
    )


def _plain_cells(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_plain(value) for value in values)


Cells = Annotated[tuple[Any, ...], AfterValidator(_plain_cells)]
Document = Annotated[dict[str, Any], AfterValidator(_plain)]


class Text(Settings):
    """The same words in English and Chinese."""

    en: str
    zh: str

    @classmethod
    def same(cls, words: str) -> "Text":
        """Words that need no translation: a name, a symbol.

        >>> Text.same("LSTM").zh
        'LSTM'
        """
        return cls(en=words, zh=words)


class Measure(Settings):
    """One number with what it takes to believe it. `value` None: it could not be computed, and `note` says why."""

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
    """Rows of plain values under titled columns.

    A cell ``{"en", "zh"}`` is shown by language; a cell ``{"value", "low", "high"}`` as ``0.31 [0.05, 0.60]``. `roles`,
    where given, is parallel to the rows and marks each with the colour of its role. With `pick`, a column's key, the
    page shows the rows of one value of that column at a time, the last at first, and lets the reader choose.
    """

    key: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Document, ...]
    note: Text | None = None
    roles: tuple[Role, ...] = ()
    pick: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        keys = [column.key for column in self.columns]
        if self.pick is not None and self.pick not in keys:
            raise UnknownNameError.among("column", self.pick, keys, where=f"table {self.key}")
        if self.roles and len(self.roles) != len(self.rows):
            raise SettingError(
                "roles are not parallel to the rows",
                where=f"table {self.key}",
                expected=len(self.rows),
                found=len(self.roles),
            )
        return self


class Series(Settings):
    """One set of marks in a figure. Lists in `data` are parallel; None is a gap. Times are ISO texts.

    kind
        line, area, step, scatter (x, y); band (x, y = low, y2 = high); bar (x, y; with x2, a bar from x to x2);
        candle (x, open, high, low, close); box (x, low, q1, median, q3, high); heat (x, y, value);
        shade (spans from x to x2, or from y to y2); rule (a line across the pane at x, or at y).
    """

    key: str
    title: Text
    kind: Literal["line", "area", "band", "bar", "scatter", "candle", "step", "box", "heat", "shade", "rule"]
    data: dict[str, Cells]
    panel: int = Field(default=0, ge=0, description="which of the stacked panes it is drawn in")
    role: Role = "plain"
    follows: str | None = Field(default=None, description="key of the series whose colour and legend entry it shares")
    stroke: Literal["solid", "dashed", "dotted"] = "solid"
    mark: Mark = Field(default="dot", description="what a scatter's points look like")

    @model_validator(mode="after")
    def _check(self) -> Self:
        lengths = {name: len(values) for name, values in self.data.items()}
        if len(set(lengths.values())) > 1:
            raise SettingError("lists of a series are not parallel", where=f"series {self.key}", found=lengths)
        missing = [group for group in _NEEDS[self.kind] if not any(set(one) <= set(self.data) for one in group)]
        if missing:
            wanted = " or ".join(", ".join(one) for one in missing[0])
            raise SettingError(
                f"a {self.kind} lacks data", where=f"series {self.key}", expected=wanted, found=sorted(self.data)
            )
        return self


_XY = ((("x", "y"),),)
_NEEDS: dict[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "line": _XY,
    "area": _XY,
    "step": _XY,
    "scatter": _XY,
    "bar": _XY,
    "band": ((("x", "y", "y2"),),),
    "candle": ((("x", "open", "high", "low", "close"),),),
    "box": ((("x", "low", "q1", "median", "q3", "high"),),),
    "heat": ((("x", "y", "value"),),),
    "shade": ((("x", "x2"), ("y", "y2")),),
    "rule": ((("x",), ("y",)),),
}


class Figure(Settings):
    """A figure: its marks, its axes, what it shows and what deflates it; its data is also a table and a CSV.

    kind
        chart
            `series` over x. A category on x is a text or a text in two languages.
        graph
            ``graph = {"nodes": [{"id", "label", "shape", "parameters"}], "links": [[from, to], ...]}``.
        clock
            ``graph = {"rows": [{"label", "from": [bar, moment], "to": [bar, moment] or None, "role"}]}``: bars
            relative to *t*, moment "OPEN" or "CLOSE".
        split
            ``graph = {"ranges": [{"fold", "part", "from", "to", "count"}]}``: part is train, purge, valid, embargo or
            test; first and last session of the range; count of anchors or None.
    """

    key: str
    title: Text
    caption: Text
    kind: Literal["chart", "graph", "clock", "split"] = "chart"
    x: Literal["time", "number", "category"] = "number"
    x_title: Text | None = None
    x_style: Style = "number"
    y_titles: tuple[Text, ...] = Field(default=(), description="one for each pane")
    y_styles: tuple[Style, ...] = Field(default=(), description="one for each pane")
    series: tuple[Series, ...] = ()
    graph: Document | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        _distinct((series.key for series in self.series), f"series of figure {self.key}")
        known = [series.key for series in self.series]
        for series in self.series:
            if series.follows is not None and series.follows not in known:
                raise UnknownNameError.among("series", series.follows, known, where=f"figure {self.key}")
        needed = _DRAWN.get(self.kind)
        if needed is not None and not set(needed) <= set(self.graph or {}):
            raise SettingError(
                f"a {self.kind} lacks data",
                where=f"figure {self.key}",
                expected=", ".join(needed),
                found=sorted(self.graph or {}),
            )
        return self


_DRAWN = {"graph": ("nodes", "links"), "clock": ("rows",), "split": ("ranges",)}


class Claim(Settings):
    """A published statement beside ours."""

    key: str
    statement: Text
    published: Text
    ours: Text
    difference: str
    reason: Text
    verdict: Literal["holds", "fails", "unclear", "not tested"]


class Section(Settings):
    """A part of the page: words, then what it shows in order; `folded` words lie behind one line, `fold`, until opened.

    `shows` holds keys of tables and figures, or "measures", "claims", "provenance". What no section shows is put at the
    page's end, never dropped.
    """

    key: str
    title: Text
    words: tuple[Text, ...] = ()
    folded: tuple[Text, ...] = ()
    fold: Text | None = None
    shows: tuple[str, ...] = ()


class Report(Settings):
    """One study or one reproduction, as it will be read. JSON round trip is exact (`dump`, `parse`)."""

    name: str
    title: Text
    lead: Text = Field(description="the answer in two or three sentences")
    stamps: tuple[Text, ...] = Field(
        default=(), description="what must be said loudly: proxies, partial runs, leaks on purpose"
    )
    measures: tuple[Measure, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    claims: tuple[Claim, ...] = ()
    sections: tuple[Section, ...] = ()
    glossary: dict[str, Text] = Field(
        default_factory=dict,
        description='names of measures and subjects ("sharpe", "variant", "l2-0.01") as they are shown',
    )
    provenance: Document = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        held = [*(table.key for table in self.tables), *(figure.key for figure in self.figures)]
        _distinct([*held, *SHOWN_BY_NAME], "tables and figures")
        _distinct((section.key for section in self.sections), "sections")
        _distinct((claim.key for claim in self.claims), "claims")
        for section in self.sections:
            for key in section.shows:
                if key not in held and key not in SHOWN_BY_NAME:
                    raise UnknownNameError.among(
                        "table or figure", key, [*held, *SHOWN_BY_NAME], where=f"section {section.key}"
                    )
        return self


def _distinct(keys: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise SettingError("a key stands twice", where=what, found=key)
        seen.add(key)


def dump(report: Report) -> str:
    """Canonical JSON: sorted keys, one space of indent, no NaN; equal reports give equal text."""
    return (
        json.dumps(report.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    )


def parse(text: str) -> Report:
    """Read what `dump` wrote; raises `SettingError` where it is not a report."""
    return Report.of(json.loads(text))
