"""Report → one HTML file that needs nothing else: no network, no server, no fonts, no storage.

The page is a template, our style, our script and ECharts, all from `assets/`; the record is put in as JSON. Nothing of
the record is ever read as HTML: the script writes it with `textContent` only, the JSON has every ``<``, ``>`` and ``&``
escaped, and a content security policy lets run nothing but the two scripts whose hashes it names. An asset called
``</script><img src=x onerror=...>`` is just an odd name.

What is drawn is the record, but for two economies that keep the file small: numbers are rounded to six significant
digits, and lists that occur twice are stored once. A figure of more points than fit is thinned, and says so; where that
is not enough, long tables show their first rows, and say so too. The record beside the page keeps everything.
"""

import base64
import hashlib
import html
import json
import re
from functools import cache
from importlib import resources
from typing import Any

from tidegate.errors import SettingError
from tidegate.report.thin import thinned
from tidegate.types.report import Figure, Report, Table, Text

__all__ = ["LIMIT_BYTES", "page"]

LIMIT_BYTES = 2_000_000
EXACT = 2.0**53
_ALL = 1_000_000
_ECONOMIES = (
    *((points, _ALL) for points in (4000, 2000, 1000, 500, 250, 125)),
    *((125, rows) for rows in (300, 200, 100, 50)),
)
"""Points of a figure's line and rows of a table that are shown, the first pair that fits."""
_SCRIPTS = (
    "words",
    "state",
    "format",
    "dom",
    "table",
    "colour",
    "axes",
    "series",
    "chart",
    "network",
    "clock",
    "figure",
    "sections",
    "start",
)
_STYLES = ("base", "parts", "print")
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def page(report: Report) -> str:
    """Write `report` as one self-contained HTML page, in both languages and for light and dark.

    Parameters
    ----------
    report
        Any report; its texts may hold any characters.

    Returns
    -------
    The page's text, under 2 MB in UTF-8; equal reports give equal pages.

    Raises
    ------
    SettingError
        Where it is too long for such a page with tables of 50 rows.

    >>> from tidegate.types.report import Text
    >>> made = page(Report(name="x", title=Text.same("<b>"), lead=Text.same("Nothing was found.")))
    >>> "<title>&lt;b&gt;</title>" in made, len(made.encode()) < LIMIT_BYTES
    (True, True)
    """
    for points, rows in _ECONOMIES:
        made = _fill(report, points, rows)
        if len(made.encode()) < LIMIT_BYTES:
            return made
    raise SettingError(
        "the report is too long for one page",
        where=report.name,
        expected=f"under {LIMIT_BYTES:,} bytes",
        found=f"{len(made.encode()):,}",
        hint="show fewer tables and figures: the record beside the page keeps them all",
    )


def _fill(report: Report, points: int, rows: int) -> str:
    charts, ours, style = _asset("echarts.min.js"), _script(), "\n".join(_asset(f"{name}.css") for name in _STYLES)
    policy = (
        f"default-src 'none'; script-src {_hash(charts)} {_hash(ours)}; style-src {_hash(style)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    slots = {
        "policy": policy,
        "title": html.escape(report.title.en),
        "style": style,
        "charts": charts,
        "script": ours,
        "lead": html.escape(report.lead.en),
        "lead-zh": html.escape(report.lead.zh),
        "report": _payload(report, points, rows),
    }
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda found: slots[found[1]], _asset("page.html"))


@cache
def _script() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    return f'(function () {{\n"use strict";\n{parts}\n}})();'


@cache
def _asset(name: str) -> str:
    return resources.files("tidegate.report").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _payload(report: Report, points: int, rows: int) -> str:
    """Encode as JSON that is safe inside a script element: columns pooled, numbers rounded."""
    columns: dict[str, int] = {}
    document = report.model_dump(mode="json", exclude={"figures", "tables"})
    document["tables"] = [_shortened(table, rows).model_dump(mode="json") for table in report.tables]
    document["figures"] = [_figure(figure, points, columns) for figure in report.figures]
    texts = _compact(_rounded(document))
    whole = f'{{"report":{texts},"columns":[{",".join(columns)}]}}'
    return re.sub("[<>&\u2028\u2029]", lambda found: _ESCAPES[found[0]], whole)


def _shortened(table: Table, most: int) -> Table:
    """A table's first rows, and in its note how many there are and where; of one with `pick`, its last pages."""
    if len(table.rows) <= most:
        return table
    kept = slice(0, most) if table.pick is None else slice(_last_pages(table, most), None)
    rows, many, before = table.rows[kept], f"{len(table.rows):,}", table.note or Text(en="", zh="")
    which = Text(en="first", zh="前") if table.pick is None else Text(en="last", zh="后")
    en = f"{before.en} The {which.en} {len(rows):,} of {many} rows: report.json beside this page holds them all."
    return table.but(
        rows=rows,
        roles=table.roles[kept],
        note=Text(
            en=en.strip(),
            zh=f"{before.zh}此处为 {many} 行中的{which.zh} {len(rows):,} 行，全部见同一文件夹中的 report.json。",
        ),
    )


def _last_pages(table: Table, most: int) -> int:
    """Where the last whole pages begin that have `most` rows together; the last page at least."""
    pages = [row.get(str(table.pick)) for row in table.rows]
    begins = [at for at, page in enumerate(pages) if at == 0 or page != pages[at - 1]]
    return next((at for at in begins if len(pages) - at <= most), begins[-1])


def _figure(figure: Figure, points: int, columns: dict[str, int]) -> dict[str, Any]:
    drawn, dropped = thinned(figure, points)
    document = drawn.model_dump(mode="json", exclude={"series"})
    document["thinned"] = dropped
    document["series"] = []
    for series in drawn.series:
        held = series.model_dump(mode="json", exclude={"data"})
        held["data"] = {
            name: columns.setdefault(_compact(_rounded(values)), len(columns)) for name, values in series.data.items()
        }
        document["series"].append(held)
    return document


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _rounded(value: Any) -> Any:
    """Round floats to six significant digits, everywhere below `value`; whole ones are written as integers."""
    if isinstance(value, float):
        short = float(f"{value:.6g}")
        return int(short) if short.is_integer() and abs(short) < EXACT else short
    if isinstance(value, dict):
        return {key: _rounded(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(held) for held in value]
    return value
