"""Made-up reports beside made-up bars, and another future for them: for sets that read more than prices.

Every nuisance of real reports is there: announcements and legal deadlines, late reports of old periods, restatements,
reports that do not give a field, two reports on one day, quotes of a share that was suspended at the quarter's end,
classes that nobody gave, members that come and go.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from tidegate.data.fact_days import deadline, first_session_from
from tidegate.data.fact_fields import FACT_FIELDS, FactField
from tidegate.testing.history import example_bars
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts
from tidegate.types.history import History, Reported
from tidegate.types.memberships import Memberships, StaticClasses

__all__ = ["example_history", "example_reports", "scramble_reports"]

_SIZES = {"yuan": 1e8, "yuan a share": 1.0, "fraction": 0.08, "ratio": 4.0, "shares": 1e8}
_YEARS_BEFORE = 3
_RESTATED, _SILENT, _LOST = 0.2, 0.05, 0.3


def example_history(sessions: int = 460, assets: int = 4, seed: int = 0) -> History:
    """Daily bars with shares, and reports beside them; every bar is a wanted row.

    Known at
        Bars as `Bars`; each fact as it says.

    >>> history = example_history(sessions=60, assets=2)
    >>> history.reported.facts.assets == history.bars.assets, history.bars.has("total_shares")
    (True, True)
    """
    bars = example_bars(sessions=sessions, assets=assets, seed=seed)
    generator = np.random.default_rng(seed + 1)
    worth = np.repeat(np.round(1e8 * np.exp(generator.normal(0, 1, assets))), np.diff(bars.offsets))
    total = np.round(worth * bars.column("factor"))
    made = bars.frame.with_columns(total_shares=pl.Series(total), float_shares=pl.Series(np.round(total * 0.6)))
    held = Bars.of(made, bars.spec.but(kind="stock"))
    return History.of(held, None, example_reports(held, seed))


def example_reports(bars: Bars, seed: int = 0) -> Reported:
    """Reports of the assets of daily bars that have shares: every field that the importer knows, classes, memberships.

    >>> reported = example_reports(example_history(sessions=60, assets=2).bars)
    >>> reported.memberships.indexes, reported.classes.names
    (('made-up index',), ('industry',))
    """
    generator = np.random.default_rng(seed + 2)
    first, last = (bars.frame["session"].min(), bars.frame["session"].max())
    ends = [
        end
        for year in range(first.year - _YEARS_BEFORE, last.year + 1)  # type: ignore[union-attr]
        for end in (date(year, 3, 31), date(year, 6, 30), date(year, 9, 30), date(year, 12, 31))
        if end <= last  # type: ignore[operator]
    ]
    keys = pl.DataFrame([(asset, end) for asset in bars.assets for end in ends], ["asset", "period"], orient="row")
    keys = keys.with_columns(days=pl.Series(generator.integers(15, 110, keys.height)))
    parts = [_of_field(field, keys, bars, generator) for field in FACT_FIELDS.values()]
    kinds = ["bank", "mine", None]
    classes = pl.DataFrame({"asset": bars.assets, "industry": [kinds[at % 3] for at in range(len(bars.assets))]})
    middle = bars.times[len(bars.times) // 2].astype("datetime64[D]").item()
    spells = [(asset, middle - timedelta(120 * at), middle + timedelta(60)) for at, asset in enumerate(bars.assets)]
    members = pl.DataFrame(spells, ["asset", "since", "until"], orient="row").with_columns(
        index=pl.lit("made-up index")
    )
    return Reported(Facts.of(pl.concat(parts)), StaticClasses.of(classes, ()), Memberships.of(members))


def _of_field(field: FactField, keys: pl.DataFrame, bars: Bars, generator: np.random.Generator) -> pl.DataFrame:
    """One field's facts, restatements among them."""
    months = keys["period"].dt.month().to_numpy()
    share = months / 12.0 if field.counts == "year to date" else np.ones(keys.height)
    value = _SIZES[field.unit] * share * np.exp(generator.normal(0, 0.5, keys.height))
    if field.least is None and field.counts != "market":
        value = np.where(generator.random(keys.height) < 3 * _SILENT, -value, value)
    frame = keys.with_columns(field=pl.lit(field.name), value=pl.Series(value))
    silent = pl.Series(generator.random(keys.height) < _SILENT)
    frame = frame.with_columns(value=pl.when(silent).then(None).otherwise(pl.col("value")))
    if field.counts == "market":
        frame = frame.with_columns(usable=first_session_from(bars, keys), by=pl.lit("close"))
        return _tidy(frame.drop_nulls("usable").filter(pl.col("usable") <= pl.col("period") + pl.duration(days=60)))
    names = list(bars.assets)
    announces = pl.col("asset").is_in(names[: (len(names) + 1) // 2])
    told = pl.col("period") + pl.col("days") * pl.duration(days=1)
    frame = frame.with_columns(
        usable=pl.when(announces).then(told).otherwise(deadline(pl.col("period")) + pl.duration(days=1)),
        by=pl.when(announces).then(pl.lit("announced")).otherwise(pl.lit("deadline")),
    )
    later = frame.filter(pl.Series(generator.random(keys.height) < _RESTATED)).with_columns(
        usable=pl.col("usable") + pl.duration(days=97), value=pl.col("value") * 1.25
    )
    return pl.concat([_tidy(frame), _tidy(later)])


def _tidy(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("field", "asset", "usable", "period", "value", "by")


def scramble_reports(history: History, after: date, seed: int) -> Reported:
    """Other reports after the close of a day: what was known by then stays, to the last bit.

    Later facts get other values and later days, some are lost, and old periods are restated; spells of members that
    begin or end later do so on other days; assets without a bar by then get other classes. (Classes of the others are
    static: whoever reads them carries their stamp.)

    >>> history = example_history(sessions=60, assets=2)
    >>> day = history.bars.times[30].astype("datetime64[D]").item()
    >>> other = scramble_reports(history, day, seed=1)
    >>> before, after = history.reported.upto(day), other.upto(day)
    >>> before.facts.frame.equals(after.facts.frame), other.digest == history.reported.digest
    (True, False)
    """
    generator, reported = np.random.default_rng(seed), history.reported
    facts = None if reported.facts is None else _other_facts(reported.facts, after, generator)
    classes = reported.classes
    if classes is not None:
        listed = history.bars.upto(np.datetime64(after)).assets if _begun(history, after) else ()
        gone = ~pl.col("asset").is_in(listed)
        classes = StaticClasses.of(
            classes.frame.with_columns(
                pl.when(gone).then(pl.lit("another")).otherwise(pl.col(name)).alias(name) for name in classes.names
            ),
            classes.stamps,
        )
    members = reported.memberships
    if members is not None:
        days = pl.Series(generator.integers(1, 90, members.frame.height)) * pl.duration(days=1)
        begins, ends = (pl.lit(after) + days).alias("since"), (pl.lit(after) + days + pl.duration(days=200))
        moved = members.frame.with_columns(
            since=pl.when(pl.col("since") > after).then(begins).otherwise(pl.col("since")),
            until=pl.when(pl.col("until") > after).then(ends).otherwise(pl.col("until")),
        ).unique(["index", "asset"], keep="first", maintain_order=True)
        members = Memberships.of(moved, members.stamps)
    return Reported(facts, classes, members)


def _begun(history: History, after: date) -> bool:
    return bool(history.bars.times[0] <= np.datetime64(after))


def _other_facts(facts: Facts, after: date, generator: np.random.Generator) -> Facts:
    past, future = (facts.frame.filter(own) for own in (pl.col("usable") <= after, pl.col("usable") > after))
    shifts = pl.Series(generator.integers(0, 200, future.height)) * pl.duration(days=1)
    noise = pl.Series(np.exp(generator.normal(0, 1, future.height)) * generator.choice([-1.0, 1.0], future.height))
    kept = pl.Series(generator.random(future.height) >= _LOST, dtype=pl.Boolean)
    other = future.with_columns(usable=pl.col("usable") + shifts, value=pl.col("value") * noise).filter(kept)
    soon = pl.Series(generator.integers(1, 40, past.height)) * pl.duration(days=1)
    again = past.with_columns(usable=pl.lit(after) + soon, value=pl.col("value") * 3.0)
    again = again.filter(pl.col("by") != "close").filter(
        pl.Series(generator.random(int((past["by"] != "close").sum())) < _RESTATED, dtype=pl.Boolean)
    )
    keys = ["field", "asset", "usable", "period"]
    return Facts.of(pl.concat([past, other, again]).unique(keys, keep="first", maintain_order=True))
