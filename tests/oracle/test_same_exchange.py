"""The exchange that the oracle's cases run on is the one that `AShare` makes of the same bars."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from made_markets import BARS, NAMES, made_market
from replay import exchange_of
from rqalpha_orders import VARIANTS

from tidegate.market.a_share import AShare
from tidegate.market.exchange import END
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars, BarSpec

CENTS = next(variant for variant in VARIANTS if variant.own_fees)


def bars_of(made):
    rows = [
        {
            "time": datetime.combine(day, datetime.min.time()), "session": day, "asset": NAMES[n],
            **{name: getattr(bar, name) / 100 for name in ("open", "high", "low", "close")},
            "volume": float(bar.volume), "preclose": bar.reference / 100, "at_risk": n == 7,
        }
        for day, row in zip(made.days, made.bars, strict=True)
        for n, bar in enumerate(row)
        if bar is not None and bar.volume
    ]  # fmt: skip
    spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="a made market", source="made_markets")
    return Bars.of(pl.DataFrame(rows), spec)


@pytest.mark.parametrize("seed", [*range(6), *range(600, 606)])
def test_prices_limits_lots_and_fees_are_those_of_the_market(seed):
    made = made_market(seed)
    bars = bars_of(made)
    order = np.array([NAMES.index(name) for name in bars.assets])
    listed = [made.days[made.listed[n]] if made.listed[n] else None for n in order]
    gone = [made.days[made.ended[n] - 1] if made.ended[n] < BARS else None for n in order]
    table = pl.DataFrame({"asset": list(bars.assets), "listed": listed, "delisted": gone})
    market = AShare(slippage_ticks=0, recovery=1.0).exchange(bars, instruments=Instruments.of(table))
    ours = exchange_of(made, CENTS).permuted(order)
    cells = ("open", "high", "low", "close", "limit_up", "limit_down", "volume")
    for name in (*cells, "lot", "minimum", "waits", "tick", "tick_value", "session"):
        np.testing.assert_array_equal(getattr(market, name), getattr(ours, name), name)
    np.testing.assert_array_equal(market.fees[:, market.group], ours.fees[:, ours.group])
    assert (market.minimum_commission, market.money_scale) == (ours.minimum_commission, ours.money_scale)
    for exchange in (market, ours):
        bar, asset, kind, above, below, _ = np.stack(exchange.actions)[:, exchange.actions.kind == END]
        assert (bar.item(), asset.item(), above / below) == (made.ended[5], order.tolist().index(5), 1.0), kind
