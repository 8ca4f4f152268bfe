"""Facts know no future: against a plain loop, against polars' own join, and with every later announcement scrambled."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.data.derived_facts import derived
from tidegate.types.facts import Facts, PanelRows

ENDS = [date(y, m, d) for y in (2012, 2013, 2014) for m, d in ((3, 31), (6, 30), (9, 30), (12, 31))]
START = date(2013, 1, 1)


def made(seed, facts=60, assets=("a", "b", "c", "z")):
    """Reports of some assets at random days, with restatements, late old periods and missing values."""
    dice = np.random.default_rng(seed)
    rows = {}
    for _ in range(facts):
        end = ENDS[dice.integers(len(ENDS))]
        usable = end + timedelta(int(dice.integers(1, 500)))
        value = None if dice.random() < 0.15 else float(dice.normal())
        rows[assets[dice.integers(len(assets))], end, usable] = value
    told = [(asset, end, usable, value) for (asset, end, usable), value in rows.items()]
    frame = pl.DataFrame(
        told, schema={"asset": pl.String, "period": pl.Date, "usable": pl.Date, "value": pl.Float64}, orient="row"
    )
    return Facts.of(frame.with_columns(field=pl.lit("ebit_ytd"), by=pl.lit("announced")))


def rows_of(seed, assets=("b", "a", "y", "c")):
    """Ragged rows of assets out of order, one of them without facts."""
    dice = np.random.default_rng(seed)
    spans = [np.sort(dice.choice(900, size=dice.integers(0, 200), replace=False)) for _ in assets]
    sessions = np.datetime64(START) + np.concatenate(spans).astype("timedelta64[D]")
    return PanelRows(assets, sessions, np.append(0, np.cumsum([len(span) for span in spans])).astype(np.int64))


def by_hand(facts, rows):
    """Ask every row for itself."""
    held, told = facts.frame.rows(named=True), []
    for at, asset in enumerate(rows.assets):
        for day in rows.sessions[rows.offsets[at] : rows.offsets[at + 1]].tolist():
            known = [fact for fact in held if fact["asset"] == asset and fact["usable"] <= day]
            last = max(known, key=lambda fact: (fact["period"], fact["usable"]), default={"value": None})
            told.append(np.nan if last["value"] is None else last["value"])
    return np.array(told)


@given(st.integers(0, 10_000))
def test_the_fast_way_is_the_plain_way(seed):
    facts, rows = made(seed), rows_of(seed + 1)
    np.testing.assert_array_equal(facts.as_of("ebit_ytd", rows), by_hand(facts, rows))
    given_only = Facts(facts.frame.drop_nulls("value"))
    np.testing.assert_array_equal(facts.as_of("ebit_ytd", rows, last_given=True), by_hand(given_only, rows))


@given(st.integers(0, 10_000))
def test_the_fast_way_is_a_join_as_of(seed):
    facts, rows = made(seed), rows_of(seed + 1)
    left = pl.DataFrame(
        {"asset": np.repeat(rows.assets, np.diff(rows.offsets)).tolist(), "day": rows.sessions},
        schema_overrides={"asset": pl.String},
    ).with_row_index()
    newest = pl.col("period") >= pl.col("period").cum_max().over("asset")
    right = facts.frame.sort("usable", "period").filter(newest).unique(["asset", "usable"], keep="last").sort("usable")
    joined = (
        left.sort("day")
        .join_asof(right, left_on="day", right_on="usable", by="asset", check_sortedness=False)
        .sort("index")
    )
    np.testing.assert_array_equal(facts.as_of("ebit_ytd", rows), joined["value"].fill_null(np.nan).to_numpy())
    known = joined["period"].to_numpy().astype("datetime64[D]")
    np.testing.assert_array_equal(facts.period_of("ebit_ytd", rows), known)


def scrambled(facts, day, seed):
    """Change, drop and add facts that are usable after `day`."""
    dice = np.random.default_rng(seed)
    past, future = facts.frame.filter(pl.col("usable") <= day), facts.frame.filter(pl.col("usable") > day)
    future = future.with_columns(value=pl.Series(dice.normal(size=future.height), dtype=pl.Float64))
    future = future.with_columns(
        usable=pl.col("usable") + pl.Series(dice.integers(0, 300, size=future.height)) * pl.duration(days=1)
    )
    future = future.filter(pl.Series(dice.random(future.height) < 0.7, dtype=pl.Boolean))
    more = made(seed + 1).frame.filter(pl.col("usable") > day)
    both = pl.concat([past, future, more]).unique(["field", "asset", "usable", "period"], keep="first")
    return Facts.of(both)


@given(st.integers(0, 10_000), st.integers(0, 900))
def test_later_announcements_change_nothing_earlier(seed, after):
    facts, rows, day = made(seed), rows_of(seed + 1), START + timedelta(after)
    others = scrambled(facts, day, seed + 2)
    early = rows.sessions <= np.datetime64(day)
    for before, now in (
        (facts, others),
        *((derived(facts, "ebit_ytd", s), derived(others, "ebit_ytd", s)) for s in ("quarter", "ttm")),
    ):
        name = before.fields[0]
        np.testing.assert_array_equal(before.as_of(name, rows)[early], now.as_of(name, rows)[early])
        np.testing.assert_array_equal(before.period_of(name, rows)[early], now.period_of(name, rows)[early])
        assert before.upto(day).frame.equals(now.upto(day).frame)


def test_the_scrambling_has_power():
    facts, rows, day = made(1, facts=200), rows_of(2), START + timedelta(300)
    late = rows.sessions > np.datetime64(day)
    others = scrambled(facts, day, 3)
    assert not np.array_equal(facts.as_of("ebit_ytd", rows)[late], others.as_of("ebit_ytd", rows)[late], equal_nan=True)
    # a leak is caught: facts that are used before their day differ before the cut
    leaky, leaky_others = (
        Facts(held.frame.with_columns(pl.col("usable") - pl.duration(days=60))) for held in (facts, others)
    )
    assert not np.array_equal(
        leaky.as_of("ebit_ytd", rows)[~late], leaky_others.as_of("ebit_ytd", rows)[~late], equal_nan=True
    )


@pytest.mark.parametrize("span", ["quarter", "ttm"])
def test_derived_numbers_against_a_plain_sum(span):
    facts = made(5, facts=400)
    result = derived(facts, "ebit_ytd", span)
    assert result.frame.height > 300
    for fact in result.frame.rows(named=True):
        known = {
            row["period"]: row["value"]
            for row in facts.history("ebit_ytd", fact["asset"], fact["usable"]).rows(named=True)
        }
        end = fact["period"]
        if span == "quarter":
            before = {3: None, 6: date(end.year, 3, 31), 9: date(end.year, 6, 30), 12: date(end.year, 9, 30)}[end.month]
            parts = [known.get(end)] if before is None else [known.get(end), known.get(before)]
            signs = [1, -1]
        else:
            parts = [known.get(end)]
            if end.month < 12:
                parts += [known.get(date(end.year - 1, 12, 31)), known.get(date(end.year - 1, end.month, end.day))]
            signs = [1, 1, -1]
        plain = None if None in parts else sum(sign * part for sign, part in zip(signs, parts, strict=False))
        assert fact["value"] == (None if plain is None else pytest.approx(plain, abs=1e-12)), fact
