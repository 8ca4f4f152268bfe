"""Text → a table of texts, line by line: a line that is broken spoils itself and nothing else.

The common readers treat a quotation mark as the start of something that may run over many lines; one stray mark then
swallows rows in silence. Market data never needs that, so here a quoted cell ends on its own line or the line is
quarantined. A line with another number of cells than the header has is quarantined too, never padded or cut.
"""

import csv
from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from tidegate.data.headers import match_headers, normal
from tidegate.data.moments import looks_like_moment
from tidegate.data.sieve import Sieve
from tidegate.errors import FileRefusedError

__all__ = ["Table", "read_table"]

_DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
_TOO_FEW = 2


class Table(NamedTuple):
    """Cells as text with the number of the line each row stood on (column ``row``)."""

    frame: pl.DataFrame
    headers: tuple[str, ...]
    delimiter: str


def read_table(
    text: str, where: str, sieve: Sieve, header: Sequence[str], skip_lines: int, *, keep_unfinished: bool = False
) -> Table:
    """Read `text`; broken lines go into `sieve`. Raises `FileRefusedError` where there is no table in it.

    `header` names the columns of a file without a header line; `skip_lines` lines are passed over before it.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    unfinished = lines[-1] != "" and not keep_unfinished
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if number > skip_lines and line.strip()]
    if not numbered:
        raise FileRefusedError("the file has no lines", where=where, hint="download it again")
    sample = [line for _, line in numbered[: 1 + _TOO_FEW]]
    delimiter = _delimiter(sample[0], header)
    if header:
        names = [name.strip() for name in header]
    else:
        number, line = numbered.pop(0)
        names = _header(line, delimiter, f"{where}, row {number}", sample[1:])
    if unfinished and numbered:
        number, line = numbered.pop()
        sieve.add("unfinished_line", number, "", line[-40:])
    return Table(_cells(numbered, names, delimiter, sieve), tuple(names), _DELIMITERS[delimiter])


def _cells(numbered: list[tuple[int, str]], names: list[str], delimiter: str, sieve: Sieve) -> pl.DataFrame:
    width = len(names)
    rows: list[list[str]] = []
    kept: list[int] = []
    ragged: list[tuple[int, list[str] | None, str]] = []
    for number, line in numbered:
        cells = _split(line, delimiter)
        if cells is not None and len(cells) == width:
            rows.append(cells)
            kept.append(number)
        else:
            ragged.append((number, cells, line))
    trailing = [
        cells for _, cells, _ in ragged if cells is not None and len(cells) == width + 1 and not cells[-1].strip()
    ]
    if not rows and ragged and len(trailing) == len(ragged):  # every row, and only the rows, end in a delimiter
        sieve.note("every row ends in a delimiter that the header lacks; it was read as the end of the line")
        rows, kept, ragged = [cells[:-1] for cells in trailing], [number for number, _, _ in ragged], []
    for number, cells, line in ragged:
        found = "a quotation mark that is not closed" if cells is None else f"{len(cells)} cells, not {width}"
        sieve.add("ragged_line", number, "", f"{found}: {line[:40]}")
    table: dict[str, pl.Series] = {"row": pl.Series("row", kept, dtype=pl.UInt32)}
    for position in range(width):
        name = f"cell {position}"
        table[name] = pl.Series(name, [cells[position] for cells in rows], dtype=pl.String)
    return pl.DataFrame(table)


def _split(line: str, delimiter: str) -> list[str] | None:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return None


def _delimiter(line: str, header: Sequence[str]) -> str:
    """Find the delimiter under which the first line shows most known names; then the one that cuts most."""
    counts = {}
    for delimiter in _DELIMITERS:
        cells = _split(line, delimiter) or []
        known = len(cells) == len(header) if header else sum(match is not None for match in _known(cells))
        counts[delimiter] = (known, len(cells))
    return max(counts, key=lambda delimiter: counts[delimiter])


def _known(cells: Sequence[str]) -> list[object]:
    seen: set[str] = set()
    found: list[object] = []
    for cell in cells:
        if normal(cell) not in seen:
            seen.add(normal(cell))
            found += match_headers([cell], {}, "").headers
    return found


def _header(line: str, delimiter: str, where: str, following: list[str]) -> list[str]:
    cells = _split(line, delimiter)
    if cells is None:
        raise FileRefusedError(
            "the header line holds a quotation mark that is not closed", where=where, hint="mend the header line"
        )
    if len(_known(cells)) < _TOO_FEW:
        later = next(
            (
                at
                for at, other in enumerate(following, start=1)
                if len(_known(_split(other, delimiter) or [])) > _TOO_FEW
            ),
            0,
        )
        if later:
            raise FileRefusedError(
                "the first line is not the header", where=where, found=line[:60], hint=f"skip it: skip_lines={later}"
            )
        if looks_like_moment(cells[0]):
            raise FileRefusedError(
                "the file has no header line", where=where, found=line[:60],
                hint="""name its columns: -s 'header=["time", "open", "high", "low", "close", "volume"]'""",
            )  # fmt: skip
    names = [cell.strip("\ufeff \t\u3000\u00a0") for cell in cells]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FileRefusedError(
            "two columns have one name", where=where, found=twice, hint="rename one of them in the header line"
        )
    return names
