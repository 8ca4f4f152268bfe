"""Measured figures as tables of the page: what was done in rows, how in columns."""

import re

from parts.doubt_draws import Row

__all__ = ["written"]


def written(page: str, part: str, rows: list[Row]) -> str:
    """The page with the tables between the marks of one part made anew."""
    return re.sub(
        rf"(<!-- measured: {part} -->\n).*?(<!-- end -->)",
        lambda marks: marks[1] + _tables(rows) + "\n" + marks[2],
        page,
        flags=re.DOTALL,
    )


def _tables(rows: list[Row]) -> str:
    """Rows that were measured in the same ways share a table; one way alone stands beside what it measured."""
    tables: list[tuple[list[str], list[list[Row]]]] = []
    for what in dict.fromkeys(row.what for row in rows):
        group = [row for row in rows if row.what == what]
        hows = [row.how for row in group] if len(group) > 1 else []
        if tables and bool(tables[-1][0]) == bool(hows):
            known = tables[-1][0]
            if set(hows) <= set(known) or set(known) <= set(hows):
                tables[-1] = (max(known, hows, key=len), [*tables[-1][1], group])
                continue
        tables.append((hows, [group]))
    return "\n\n".join(_wide(hows, groups) if hows else _long(groups) for hows, groups in tables)


def _wide(hows: list[str], groups: list[list[Row]]) -> str:
    lines = [_line("what", *hows, "should be", "worlds"), _line(*["---"] * (len(hows) + 3))]
    for group in groups:
        told = {row.how: f"{row.measured:.3f}" for row in group}
        lines.append(_line(group[0].what, *(told.get(how, "") for how in hows), *_ends(group[0])))
    return "\n".join(lines)


def _long(groups: list[list[Row]]) -> str:
    lines = [_line("what", "how", "measured", "should be", "worlds"), _line(*["---"] * 5)]
    lines += [_line(row.what, row.how, f"{row.measured:.3f}", *_ends(row)) for (row,) in groups]
    return "\n".join(lines)


def _ends(row: Row) -> tuple[str, str]:
    return "" if row.nominal is None else f"{row.nominal:.3g}", f"{row.worlds:,}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
