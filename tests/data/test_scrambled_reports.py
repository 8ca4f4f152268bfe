"""Point in time, on the real market: whatever is announced after a day is scrambled, and nothing up to it changes by a bit."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.fact_days import deadline
from tidegate.data.fundamentals import import_fundamentals
from tidegate.data.panel import import_panel
from tidegate.types.facts import PanelRows

pytestmark = pytest.mark.real_data
DAY = date(2014, 8, 27)  # amid the announcements of half-years


@pytest.fixture(scope="module")
def market(real_data, tmp_path_factory):
    """Every twentieth share of 2014, with all its reports."""
    folder = tmp_path_factory.mktemp("market")
    (folder / "daily").mkdir()
    source = real_data / "ashare"
    bars = pl.read_parquet(source / "daily/2014.parquet")
    some = bars["symbol"].unique().sort()[::20].implode()
    bars.filter(pl.col("symbol").is_in(some)).write_parquet(folder / "daily/2014.parquet")
    for name in ("instruments", "fundamentals", "reports_published"):
        pl.read_parquet(source / f"{name}.parquet").filter(pl.col("symbol").is_in(some)).write_parquet(
            folder / f"{name}.parquet"
        )
    return folder


def scrambled(folder, to, day, seed):
    """Change values and days of what was not out by `day`, market values after it included.

    Nothing is dropped: that a report is late is known on the day that the law wanted it, and holds its values back.
    """
    dice = np.random.default_rng(seed)
    (to / "daily").mkdir(parents=True)
    (to / "daily/2014.parquet").symlink_to(folder / "daily/2014.parquet")
    (to / "instruments.parquet").symlink_to(folder / "instruments.parquet")
    long = pl.read_parquet(folder / "reports_published.parquet")
    known, late = long.filter(pl.col("published") <= day), long.filter(pl.col("published") > day)
    order = pl.Series(dice.permutation(late.height))
    moved = pl.duration(days=1) * pl.Series(dice.integers(0, 200, late.height))
    late = late.with_columns(value=late["value"].gather(order) * -3.0, published=pl.col("published") + moved)
    pl.concat([known, late]).write_parquet(to / "reports_published.parquet")
    wide = pl.read_parquet(folder / "fundamentals.parquet")
    ends = wide["period"].cast(pl.String).str.to_date("%Y%m%d")
    wide = wide.with_columns(end=ends).with_columns(due=deadline(pl.col("end")))
    quoted = {"pe", "pb", "ps", "dv_ratio", "total_mv"}
    changed = []
    for name, kind in wide.schema.items():
        if kind.is_numeric() and name not in {"period", "end"}:
            after = pl.col("end") > day if name in quoted else pl.col("due") >= day
            changed.append(pl.when(after).then(pl.col(name) * 7.0 + 1.0).otherwise(name).alias(name))
    wide.with_columns(changed).drop("end", "due").write_parquet(to / "fundamentals.parquet")
    return to


def imported(folder):
    panel = import_panel(folder)
    return import_fundamentals(folder, panel.bars, panel.instruments).facts, PanelRows.of(panel.bars)


def test_later_announcements_change_nothing_earlier(market, tmp_path):
    facts, rows = imported(market)
    others, _ = imported(scrambled(market, tmp_path / "other", DAY, 1))
    early = rows.sessions <= np.datetime64(DAY)
    assert facts.upto(DAY).frame.height > 10_000
    assert facts.upto(DAY).frame.equals(others.upto(DAY).frame)
    changed = 0
    for field in facts.fields:
        before, now = facts.as_of(field, rows), others.as_of(field, rows)
        np.testing.assert_array_equal(before[early], now[early])
        np.testing.assert_array_equal(facts.period_of(field, rows)[early], others.period_of(field, rows)[early])
        changed += not np.array_equal(before[~early], now[~early], equal_nan=True)
    assert changed == len(facts.fields)  # the scrambling has power: every field differs afterwards
