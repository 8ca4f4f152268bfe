"""Instruments: what is known beside the bars, and what is refused."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.errors import RecordError, UnknownNameError
from tidegate.market.instruments import Instrument, Instruments

TABLE = pl.DataFrame(
    {"asset": ["b", "a", "c"], "listed": [date(2020, 1, 2), None, date(2019, 1, 2)], "delisted": [None, None, date(2020, 1, 6)]}
)  # fmt: skip


class TestInstruments:
    def test_one_row_an_asset_and_none_where_nothing_is_known(self):
        held = Instruments.of(TABLE)
        assert len(held) == 3
        assert held["c"] == Instrument(
            "c", None, None, None, None, None, date(2019, 1, 2), date(2020, 1, 6), None, None
        )
        assert held["a"].listed is None

    def test_columns_in_the_order_that_is_asked_for(self):
        held = Instruments.of(TABLE)
        assert held.days("listed", ("c", "x", "b")).astype(str).tolist() == ["2019-01-02", "NaT", "2020-01-02"]
        assert np.isnan(held.numbers("issue_price", ("a", "b"))).all()

    def test_an_end_is_the_first_bar_after_the_last_session(self):
        days = np.array(["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-06", "2020-01-07"], dtype="datetime64[D]")
        held = Instruments.of(TABLE)
        assert held.ends(("a", "b", "c"), days).tolist() == [5, 5, 4]
        assert held.ends(("c",), days[:4]).tolist() == [4]  # its end lies beyond these bars

    def test_refusals(self):
        with pytest.raises(UnknownNameError, match=r"instrument column 'list'.*did you mean 'listed'"):
            Instruments.of(TABLE.rename({"listed": "list"}))
        with pytest.raises(RecordError, match="lack their assets"):
            Instruments.of(TABLE.drop("asset"))
        with pytest.raises(RecordError, match="two instruments have one name"):
            Instruments.of(pl.concat([TABLE, TABLE]))
        with pytest.raises(RecordError, match="has no asset"):
            Instruments.of(TABLE.with_columns(asset=pl.Series(["a", None, "b"])))
        with pytest.raises(RecordError, match="ends before it begins"):
            Instruments.of(TABLE.with_columns(delisted=pl.lit(date(2019, 1, 1))))
        with pytest.raises(UnknownNameError, match="instrument 'd'"):
            Instruments.of(TABLE)["d"]
