"""Tables of measured figures in the documents are those of the benchmark's last record."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAST = (ROOT / "benchmarks" / "history" / "doubt.jsonl").read_text(encoding="utf-8").splitlines()[-1]
MEASURED = json.loads(LAST)["rows"]
PARTS = sorted({row["part"] for row in MEASURED})


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def told_in(text):
    """(what, how) → figure and worlds, of wide tables (a column a way) and long ones (a column ``how``)."""
    found = {}
    for table in text.strip().split("\n\n"):
        head, _, *lines = table.splitlines()
        names = cells_of(head)
        for line in lines:
            what, *cells = cells_of(line)
            if names[1] == "how":
                found[what, cells[0]] = (cells[1], cells[3])
            else:
                ways = zip(names[1:-2], cells[:-2], strict=True)
                found |= {(what, how): (figure, cells[-1]) for how, figure in ways if figure}
    return found


@pytest.fixture(scope="module")
def tables():
    page = (ROOT / "docs" / "doubt.md").read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- measured: (\w+) -->\n(.*?)<!-- end -->", page, flags=re.DOTALL))


def test_every_part_has_its_tables(tables):
    assert sorted(tables) == PARTS


@pytest.mark.parametrize("part", PARTS)
def test_the_figures_are_those_of_the_last_record(part, tables):
    rows = [row for row in MEASURED if row["part"] == part]
    wanted = {(row["what"], row["how"]): (f"{row['measured']:.3f}", f"{row['worlds']:,}") for row in rows}
    assert told_in(tables[part]) == wanted


def test_what_the_page_promises():
    """The size of the IC's tests is 5 % to a point and a half, whatever the overlap, and intervals cover."""
    honest = ("all dates, fixed-b", "dates that share no bar")
    of_ic = [row for row in MEASURED if row["part"] in {"means", "over_time"} and row["how"] in honest]
    sizes = [row["measured"] for row in of_ic if row["what"].startswith("size")]
    assert len(sizes) > 10
    assert max(abs(size - 0.05) for size in sizes) < 0.015
    noise = [row for row in MEASURED if row["part"] == "zoos" and "all worthless" in row["what"]]
    assert all(row["measured"] < 0.05 for row in noise if row["how"].startswith("DSR"))
    assert all(row["measured"] > 0.9 for row in noise if row["how"].startswith("PSR"))
