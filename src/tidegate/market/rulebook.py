"""Every dated row that a market rests on, in one table: for a reader, and for whoever checks it against a source."""

import polars as pl

from tidegate.component import fingerprint
from tidegate.market import calendar, costs, limits, order_rules
from tidegate.market.dated import CHECKED, DatedTable

__all__ = ["rule_tables", "rulebook", "rules_version"]


def rule_tables() -> tuple[DatedTable, ...]:
    """Give all dated tables of the house, each once, in the order of their names."""
    found: dict[str, DatedTable] = {}
    for module in (calendar, costs, limits, order_rules):
        for held in vars(module).values():
            tables = held.values() if isinstance(held, dict) else (held,)
            found |= {table.name: table for table in tables if isinstance(table, DatedTable)}
    return tuple(found[name] for name in sorted(found))


def rulebook() -> pl.DataFrame:
    """Lay all dated rows out as a table: rule, unit, since, value, source, confirmed.

    Units
        `value` in the rule's own `unit`.
    Known at
        A row holds from the session `since` on, until the rule's next row.

    >>> rulebook().filter(pl.col("rule") == "stamp duty on sales")["since"].to_list()[-1]
    datetime.date(2023, 8, 28)
    """
    return pl.DataFrame(
        [
            (table.name, table.unit, row.since, row.value, row.source, row.confirmed)
            for table in rule_tables()
            for row in table.rows
        ],
        schema={
            "rule": pl.String(),
            "unit": pl.String(),
            "since": pl.Date(),
            "value": pl.Int64(),
            "source": pl.String(),
            "confirmed": pl.Boolean(),
        },
        orient="row",
    )


def rules_version() -> dict[str, str]:
    """Name the rules that a result rests on: the day they were last looked at, and SHA-256 of every dated row.

    A row that is added, mended or moved to another day makes another version; its source in other words does not.

    >>> sorted(rules_version())
    ['checked', 'sha256']
    """
    rows = [
        [table.name, table.unit, row.since.isoformat(), row.value, row.confirmed]
        for table in rule_tables()
        for row in table.rows
    ]
    return {"checked": CHECKED.isoformat(), "sha256": fingerprint(rows)}
