"""The index of a market's own shares: by hand, and of nothing later."""

import numpy as np
import polars as pl

from tidegate.data.equal_index import EqualIndex
from tidegate.data.stock_world import StockWorld

WORLD = {"assets": 20, "seed": 3, "ic": 0.1}


def test_it_is_the_mean_of_what_its_shares_earned():
    world = StockWorld(sessions=120, **WORLD)
    bars, index = world.bars(), EqualIndex(inner=world, base=500.0).bars()
    adjusted = {name: bars.adjusted(name) for name in ("open", "high", "low", "close")}
    times, asset = bars.frame["time"].to_numpy(), bars.frame["asset"].to_numpy()
    close = 500.0
    for place, time in enumerate(index.times):
        moves = []
        for row in np.flatnonzero(times == time):
            before = np.flatnonzero((asset == asset[row]) & (times < time))
            if place == 0:
                moves.append([adjusted[name][row] / adjusted["open"][row] for name in adjusted])
            elif before.size:
                moves.append([adjusted[name][row] / adjusted["close"][before[-1]] for name in adjusted])
        expected = close * np.mean(moves, axis=0)
        row = index.frame.row(place, named=True)
        np.testing.assert_allclose([row[name] for name in adjusted], expected, rtol=1e-12)
        close = row["close"]
    traded = bars.frame.group_by("time").agg(pl.col("volume").sum()).sort("time")["volume"]
    np.testing.assert_allclose(index.frame["volume"].to_numpy(), traded.to_numpy())


def test_a_longer_history_begins_with_the_shorter_one():
    short = EqualIndex(inner=StockWorld(sessions=60, **WORLD)).bars()
    long = EqualIndex(inner=StockWorld(sessions=90, **WORLD)).bars()
    assert long.frame.head(60).equals(short.frame)
    assert short.spec.stamps == ("Synthetic data: no market ever printed these prices.",)
