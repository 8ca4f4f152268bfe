"""Levels of contracts that are not joined: as traded, begun anew where the factor steps, and blind to what comes."""

from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from tidegate.data.rebar_world import RebarWorld
from tidegate.data.rolled import ContractLevels
from tidegate.data.source import Source
from tidegate.data.worlds import NoiseWorld
from tidegate.errors import DataError
from tidegate.types import Bars

JOINED = RebarWorld(sessions=60, seed=2, roll=12, frequency="60min").bars()


class Part(Source):
    """Joined bars up to one of them; some of them begin anew already where `anew` is set."""

    name: ClassVar[str] = "contract-levels-part"

    rows: int
    anew: bool = False

    def bars(self):
        bars = JOINED.upto(JOINED.times[self.rows - 1])
        marks = pl.int_range(pl.len()) % 50 == 7
        return Bars.of(bars.frame.with_columns(reset=marks), bars.spec) if self.anew else bars


def marked(source):
    return np.flatnonzero(ContractLevels(held=source).bars().frame["reset"].to_numpy())


def test_prices_are_those_traded_and_begin_anew_at_each_change():
    made = ContractLevels(held=Part(rows=len(JOINED.times))).bars()
    steps = np.flatnonzero(np.diff(JOINED.column("factor"))) + 1
    assert steps.size == 4
    np.testing.assert_array_equal(marked(Part(rows=len(JOINED.times))), steps)
    np.testing.assert_array_equal(made.adjusted("close"), JOINED.column("close"))
    assert {"factor", "roll_from"}.isdisjoint(made.frame.columns)
    assert made.spec.stamps[-1].startswith("Levels of the contracts themselves")


def test_what_began_anew_before_still_does():
    rows = len(JOINED.times)
    np.testing.assert_array_equal(
        marked(Part(rows=rows, anew=True)), np.union1d(marked(Part(rows=rows)), np.arange(7, rows, 50))
    )


@pytest.mark.parametrize("rows", [30, 72, 73, 200])
def test_later_bars_change_no_earlier_one(rows):
    whole, part = (ContractLevels(held=Part(rows=count)).bars() for count in (len(JOINED.times), rows))
    assert part.frame.equals(whole.frame.head(rows))


@pytest.mark.parametrize(
    ("held", "found"),
    [(NoiseWorld(sessions=20, seed=1), "1 assets, no factor"), (NoiseWorld(sessions=20, seed=1, assets=3), "3 assets")],
)
def test_what_was_not_joined_is_refused(held, found):
    with pytest.raises(DataError, match=f"joined by a factor.*found {found}"):
        ContractLevels(held=held).bars()
