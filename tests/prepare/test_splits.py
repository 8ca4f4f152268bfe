"""Splits on pinned dates: every range written out."""

import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import SettingError, TidegateError
from tidegate.prepare.split import ShareSplit, SingleSplit, WalkForward
from tidegate.types import Span

DAYS = np.arange("2015-01-01", "2017-07-01", dtype="datetime64[D]")
TIMES = DAYS[np.is_busday(DAYS)].astype("datetime64[us]")
HOURS = np.arange("2015-01-01T01", "2015-03-01T01", dtype="datetime64[h]").astype("datetime64[us]")


def dates(span, times=TIMES):
    return str(times[span.first])[:10], str(times[span.end - 1])[:10]


def test_a_single_split_by_days():
    (fold,) = SingleSplit(train_end=date(2015, 12, 31), test_start=date(2016, 1, 1), test_end=date(2016, 6, 30)).folds(
        TIMES
    )
    assert dates(fold.train) == ("2015-01-01", "2015-12-31")
    assert fold.valid is None
    assert dates(fold.test) == ("2016-01-01", "2016-06-30")


def test_a_single_split_with_a_watched_end_and_an_embargo():
    split = SingleSplit(train_end=date(2015, 12, 31), test_start=date(2016, 1, 1), valid_share=0.25, embargo=5)
    (fold,) = split.folds(TIMES)
    days = 261
    assert fold.valid == Span(days - 65, days)
    assert fold.train == Span(0, days - 65 - 5)
    assert fold.test.first == days + 5
    assert dates(fold.test)[1] == "2017-06-30"


def test_a_gap_between_learning_and_judging_is_kept():
    (fold,) = SingleSplit(train_end=date(2015, 6, 30), test_start=date(2016, 1, 1)).folds(TIMES)
    assert dates(fold.train)[1] == "2015-06-30"
    assert dates(fold.test)[0] == "2016-01-01"


@pytest.mark.parametrize(
    "train_end, test_start, match",
    [
        (date(2015, 12, 31), date(2015, 12, 31), "both learned from and judged"),
        (date(2016, 12, 31), date(2015, 1, 1), "both learned from and judged"),
        (date(2014, 1, 1), date(2015, 1, 1), "the train range of fold 0 is empty"),
        (date(2017, 1, 1), date(2018, 1, 1), "the test range of fold 0 is empty"),
    ],
)
def test_a_single_split_that_cannot_be(train_end, test_start, match):
    with pytest.raises(SettingError, match=match):
        SingleSplit(train_end=train_end, test_start=test_start).folds(TIMES)


def test_the_last_hour_of_a_day_belongs_to_it():
    (fold,) = SingleSplit(train_end=date(2015, 1, 31), test_start=date(2015, 2, 1)).folds(HOURS)
    assert str(HOURS[fold.train.end - 1])[:13] == "2015-01-31T23"
    assert fold.test.first == fold.train.end


def test_shares_of_the_axis():
    (fold,) = ShareSplit(train=0.6, valid=0.2, embargo=2).folds(TIMES[:100])
    assert (fold.train, fold.valid, fold.test) == (Span(0, 58), Span(60, 80), Span(82, 100))
    with pytest.raises(SettingError, match="nothing is left to judge"):
        ShareSplit(train=0.8, valid=0.2).folds(TIMES)


def test_walking_forward_by_year_pinned():
    folds = WalkForward(first_test=date(2016, 5, 20)).folds(TIMES)
    assert [dates(fold.test) for fold in folds] == [("2016-01-01", "2016-12-30"), ("2017-01-02", "2017-06-30")]
    assert [dates(fold.train) for fold in folds] == [("2015-01-01", "2015-12-31"), ("2015-01-01", "2016-12-30")]


def test_walking_forward_by_quarter_rolling_pinned():
    split = WalkForward(first_test=date(2016, 7, 1), every="quarter", window="rolling", train_periods=2, embargo=3)
    folds = split.folds(TIMES)
    assert [dates(fold.test) for fold in folds] == [
        ("2016-07-01", "2016-09-30"),
        ("2016-10-03", "2016-12-30"),
        ("2017-01-02", "2017-03-31"),
        ("2017-04-03", "2017-06-30"),
    ]
    assert [dates(fold.train) for fold in folds] == [
        ("2016-01-01", "2016-06-27"),
        ("2016-04-01", "2016-09-27"),
        ("2016-07-01", "2016-12-27"),
        ("2016-10-03", "2017-03-28"),
    ]


def test_walking_forward_by_month_covers_every_bar_once():
    folds = WalkForward(first_test=date(2015, 3, 1), every="month", valid_share=0.2).folds(TIMES)
    assert len(folds) == 28
    assert [fold.index for fold in folds] == list(range(28))
    covered = [t for fold in folds for t in range(*fold.test)]
    assert covered == list(range(int(np.searchsorted(TIMES, np.datetime64("2015-03-01"))), len(TIMES)))


@pytest.mark.parametrize(
    "settings, match",
    [
        ({"window": "rolling"}, "needs train_periods"),
        ({"train_periods": 3}, "needs train_periods"),
        ({"first_test": date(2015, 1, 1)}, "the train range of fold 0 is empty"),
        ({"first_test": date(2018, 1, 1)}, "no bar lies on or after"),
    ],
)
def test_a_walk_that_cannot_be(settings, match):
    with pytest.raises(SettingError, match=match):
        WalkForward(**{"first_test": date(2016, 1, 1), **settings}).folds(TIMES)


@given(
    st.dates(date(2015, 1, 1), date(2017, 6, 30)),
    st.sampled_from(["month", "quarter", "year"]),
    st.integers(0, 30),
    st.floats(0, 0.9),
    st.one_of(st.none(), st.integers(1, 5)),
)
def test_folds_never_overlap_and_learn_from_the_past(first, every, embargo, share, periods):
    split = WalkForward(
        first_test=first,
        every=every,
        embargo=embargo,
        valid_share=share,
        window="expanding" if periods is None else "rolling",
        train_periods=periods,
    )
    try:
        folds = split.folds(TIMES)
    except TidegateError:
        return
    for fold in folds:
        spans = [fold.train, *([fold.valid] if fold.valid else []), fold.test]
        assert all(b.first - a.end >= embargo for a, b in itertools.pairwise(spans))
        assert fold.test.end <= len(TIMES)
    assert all(a.test.end == b.test.first for a, b in itertools.pairwise(folds))
