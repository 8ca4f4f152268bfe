"""The whole corridor, from bars to fills, knows nothing later; and a leak in any one room of it is caught."""

from datetime import date
from typing import ClassVar

import numpy as np
import pytest
from pydantic import Field

import tidegate.catalog  # noqa: F401 - lets settings find members by name
from tidegate.component import document
from tidegate.data.stock_world import StockWorld
from tidegate.data.worlds import NoiseWorld
from tidegate.errors import ClockError
from tidegate.factors.base import FactorSet, panel_of
from tidegate.market.universe import UniverseRule
from tidegate.prepare.normaliser import Normaliser, training_rows
from tidegate.strategy.base import State, Timing
from tidegate.study.declare import Study
from tidegate.testing.corridor import check_corridor
from tidegate.types import Affine


class TomorrowsClose(FactorSet):
    """The next close over this one."""

    name: ClassVar[str] = "corridor-tomorrows-close"

    def compute(self, bars):
        close = bars.adjusted("close")
        return panel_of(bars, {"close": close, "next": np.append(close[1:] / close[:-1], 1.0)})


class ScaledOnAll(Normaliser):
    """Standardised by the moments of all windows."""

    name: ClassVar[str] = "corridor-scaled-on-all"

    def fit(self, windows, training):
        rows, upto = training_rows(windows, np.ones_like(training))
        return Affine.of(rows.mean(axis=0)[None, :], rows.std(axis=0)[None, :], upto)


class BestHalf(Timing):
    """In the market on the better half of all scores that there will be."""

    name: ClassVar[str] = "corridor-best-half"

    def decide(self, state, score):
        return State(), float(score > 0)

    def exposures(self, scores):
        return (scores > np.nanmedian(scores, axis=1, keepdims=True)).astype(float)


class GapsUp(UniverseRule):
    """Only what opens higher: this morning, or on the morning after the decision."""

    name: ClassVar[str] = "corridor-gaps-up"
    ahead: int = Field(default=0, description="sessions that it looks ahead")

    def keeps(self, grid):
        before, opens = grid.last("close"), grid.column("open")
        up = np.vstack([opens[:1] < 0, opens[1:] > before[:-1]])
        return np.vstack([up[self.ahead :], up[: self.ahead]])


def study(**changes):
    told = {
        "name": "corridor",
        "title": {"en": "Corridor", "zh": "走廊"},
        "source": document(NoiseWorld(sessions=170, seed=3)),
        "universe": [],
        "span": {"first": None, "last": None},
        "factors": {"name": "raw-fields", "fields": ["close", "high", "low"]},
        "lookback": 5,
        "count": "rows",
        "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 3}},
        "normaliser": {"name": "standard"},
        "target_scaling": {"name": "standard-target"},
        "split": {"name": "share-split", "train": 0.5, "valid": 0.2},
        "model": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 4}, "dense": [4]},
        "training": {"epochs": 2, "batch": 32, "early_stopping": {"patience": 1}},
        "seeds": [1],
        "rivals": [{"name": "linear"}, {"name": "drift", "speaks": "return"}],
        "strategy": {"name": "hold-after-signal", "days": 3},
        "markets": [{"name": "frictionless"}],
        "gates": 0,
    }
    return Study.of({**told, **changes})


def test_the_corridor_knows_nothing_later():
    assert check_corridor(study()) == 2


def test_walking_forward_knows_nothing_later_in_any_fold():
    first = NoiseWorld(sessions=170, seed=3).bars().times[130].astype("datetime64[D]").astype(date)
    walk = {"name": "walk-forward", "first_test": first.isoformat(), "every": "month"}
    model = {"name": "linear"}
    assert check_corridor(study(split=walk, model=model, rivals=[], training=None)) >= 4


@pytest.mark.parametrize(
    "changes, match",
    [
        ({"factors": {"name": "corridor-tomorrows-close"}}, "learned in fold 0|forecast"),
        ({"normaliser": {"name": "corridor-scaled-on-all"}}, "learned in fold 0"),
        ({"strategy": {"name": "corridor-best-half"}}, "decisions frictionless"),
    ],
    ids=["factor", "normaliser", "strategy"],
)
def test_a_leak_in_one_room_is_caught_at_the_end_of_the_corridor(changes, match):
    with pytest.raises(ClockError, match=match):
        check_corridor(study(**changes))


def selection(ahead):
    """Stocks chosen among those that open higher."""
    return study(
        source=document(StockWorld(assets=16, sessions=170, seed=2, ic=0.1)),
        normaliser={"name": "window-z-score"},
        model={"name": "linear"},
        training=None,
        rivals=[],
        strategy={"name": "rank-and-hold", "names": 3, "days": 2},
        markets=[{"name": "a-share"}],
        filters=[{"name": "corridor-gaps-up", "ahead": ahead}],
    )


def test_a_selection_that_knows_the_next_open_is_caught():
    assert check_corridor(selection(0)) == 2
    with pytest.raises(ClockError, match="decisions a-share seed-1 changes with what came after"):
        check_corridor(selection(1))
