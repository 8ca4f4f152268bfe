"""Other names after a cut, rows that say whose they are, and who looks ahead only when something happens."""

import numpy as np
import polars as pl
import pytest
from test_check_causal import CUT, LONG, MULTI, NAMES, ONE, POLARS

from tidegate.testing import check_causal, check_fitted
from tidegate.testing.other_names import other_names
from tidegate.testing.tables import table_of


def counted(d):
    return d.close / d.code.nunique()


NAMED = {
    "names of all time": (counted, LONG, False),
    "names of all time, multi-index": (lambda d: d.close / d.index.get_level_values("code").nunique(), MULTI, False),
    "names of all time, polars": (lambda d: d.select(pl.col("close") / pl.col("code").n_unique()), POLARS, False),
    "kinds of all time": (lambda d: d.close / d.industry.nunique(), LONG, False),
    "code of a name among all": (lambda d: d.code.rank(method="dense"), LONG, False),
    "names of the day": (lambda d: d.close / d.groupby("date").code.transform("nunique"), LONG, True),
    "kinds of the day": (lambda d: d.close / d.groupby("date").industry.transform("nunique"), LONG, True),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_other_names_after_a_cut_are_tried(name):
    fn, data, passes = NAMED[name]
    found = check_causal(fn, data, name=name)
    assert bool(found) is passes, found
    assert "silent" not in found.note


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("data", [LONG, MULTI, POLARS], ids=["columns", "index", "polars"])
def test_a_name_is_listed_one_ends_and_one_is_suspended(data, seed):
    table, cut = table_of(data), np.datetime64(LONG.date.iloc[100], "us")
    later = np.asarray(table.time > cut)
    given, made = other_names(table, later, seed)
    assert len(given) == made.rows
    assert table_of(given).asset.tolist() == made.asset.tolist()
    rows = {str(one): int(((made.asset == one) & (made.time > cut)).sum()) for one in np.unique(made.asset)}
    (new,) = set(rows) - set(NAMES)
    assert not ((made.asset == new) & (made.time <= cut)).any()
    assert sorted(rows[name] for name in NAMES) == [0, 30, 59]
    assert rows[new] == 59
    old = made.time <= cut
    for column, values in table.columns.items():
        assert made.columns[column][old].tolist() == values[~later].tolist()


def ranked_when_known(d, wide=1):
    """Five bars ahead, told on the day on which it is known, in rows that say so themselves."""
    names = d.reset_index() if "date" not in d else d
    told = names.assign(date=names.groupby("code").date.shift(-5), y=names.groupby("code").close.shift(-5 * wide))
    return told.dropna(subset=["date"])[["date", "code", "y"]].reset_index(drop=True)


def test_rows_that_say_whose_they_are_are_not_laid_by_number():
    assert check_causal(ranked_when_known, LONG)
    assert not check_causal(lambda d: ranked_when_known(d, 2), LONG)


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_times_are_compared_by_value(unit):
    def fn(d, wide=1):
        made = ranked_when_known(d, wide)
        return made.assign(date=made.date.astype(f"datetime64[{unit}]")).set_index(["date", "code"])

    assert check_causal(fn, MULTI)
    assert not check_causal(lambda d: fn(d, 2), MULTI)


LEAST = np.log(ONE.close).diff().abs().iloc[:-1].nlargest(2).min() - 1e-12


def test_who_looks_ahead_when_something_happens_is_found_there():
    fn = lambda d: d.close.where(np.log(d.close).diff().abs() < LEAST, d.close.shift(-1))  # noqa: E731
    back = lambda d: d.close.where(np.log(d.close).diff().abs() < LEAST, d.close.shift(1))  # noqa: E731
    for seed in range(5):
        assert not check_causal(fn, ONE, seed=seed, scrambles=0)
        assert check_causal(back, ONE, seed=seed)


WORDS = {
    "names of all": (lambda d: sorted(d.code.unique()), False),
    "names of training": (lambda d: sorted(d[d.date <= CUT].code.unique()), True),
    "kinds of all": (lambda d: sorted(d.industry.unique()), False),
    "kinds of training": (lambda d: sorted(d[d.date <= CUT].industry.unique()), True),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_vocabulary_is_of_training(name):
    fit, passes = WORDS[name]
    found = check_fitted(fit, LONG, CUT, name=name)
    assert bool(found) is passes, found
    assert "silent" not in found.note
