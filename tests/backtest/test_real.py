"""Real prices: the proxy beside its index, a share through its ex-days, a future bar by bar."""

import numpy as np
import polars as pl
import pytest

from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.types.bars import Bars, BarSpec

pytestmark = pytest.mark.real_data


def bars_from(frame, frequency="1d"):
    return Bars.of(frame, BarSpec(frequency=frequency, currency="CNY", title="real", source="the real market files"))


@pytest.fixture(scope="module")
def csi300(real_data):
    frame = pl.read_parquet(real_data / "index" / "000300.SH.parquet").with_columns(
        time=pl.col("date").cast(pl.Datetime("us")), session=pl.col("date").cast(pl.Date), asset=pl.lit("000300.SH")
    )
    columns = ["time", "session", "asset", "open", "high", "low", "close"]
    return bars_from(
        frame.select(columns).with_columns(
            high=pl.max_horizontal("open", "close", "high"), low=pl.min_horizontal("open", "close", "low")
        )
    )


class TestCsi300:
    def test_the_proxy_follows_its_index(self, csi300):
        """Bought once in 2005, held to 2020: the proxy ends within 0.3 % of the index from the same open."""
        first = EtfProxy(slippage_ticks=0, commission=0.0, minimum_commission_yuan=0.0).conditions(csi300, "000300.SH")
        wishes = np.ones((1, len(first.times)))
        proxy = trade(wishes, first, 1e8).equity[0, -1]
        index = trade(wishes, FrictionlessIndex().conditions(csi300, "000300.SH"), 1e8).equity[0, -1]
        assert proxy == pytest.approx(index, rel=3e-3)
        assert index == pytest.approx(1e8 * csi300.column("close")[-1] / csi300.column("open")[1], rel=1e-12)

    def test_the_index_never_opened_at_its_limit(self, csi300):
        held = EtfProxy().conditions(csi300, "000300.SH")
        assert held.can_buy_open.all()
        assert held.can_sell_open.all()


class TestShare:
    def test_ping_an_through_its_ex_days(self, real_data):
        """000001.SZ, 2010-2015: without costs, holding earns the product of close / reference price, ex-days and all."""
        frames = [pl.read_parquet(real_data / "ashare" / "daily" / f"{year}.parquet") for year in range(2010, 2016)]
        cents = {
            name: (pl.col(f"{name}_cents") / 100).alias(name) for name in ("open", "high", "low", "close", "preclose")
        }
        frame = (
            pl.concat(frames)
            .filter(pl.col("symbol") == "000001.SZ")
            .select(
                pl.col("date").cast(pl.Datetime("us")).alias("time"), pl.col("date").alias("session"),
                pl.col("symbol").alias("asset"), *cents.values(),
            )
        )  # fmt: skip
        bars = bars_from(frame)
        conditions = AShare().conditions(bars, "000001.SZ").without_costs()
        close, preclose, open_ = bars.column("close"), bars.column("preclose"), bars.column("open")
        assert int((preclose[1:] != close[:-1]).sum()) >= 4
        equity = trade(np.ones((1, len(close))), conditions, 1e8).equity[0]
        expected = 1e8 * close[1] / open_[1] * np.cumprod(np.append(1.0, close[2:] / preclose[2:]))
        assert equity[1:] == pytest.approx(expected, rel=5e-5)


class TestFuture:
    def test_five_minute_bars_of_if(self, real_data):
        frame = pl.read_parquet(real_data / "futures" / "IF_main_5min_bar_end.parquet").select(
            pl.col("bar_end").cast(pl.Datetime("us")).alias("time"), pl.col("bar_end").cast(pl.Date).alias("session"),
            pl.lit("IF").alias("asset"), "open", "high", "low", "close",
        )  # fmt: skip
        bars = bars_from(frame, "5min")
        conditions = IndexFuture(off_tick="refuse").conditions(bars, "IF")
        rng = np.random.default_rng(1)
        wishes = np.repeat(rng.choice([-1.0, 0.0, 1.0], len(conditions.times) // 20 + 1), 20)[: len(conditions.times)]
        kept = ledger(wishes, conditions, 1e8, "IF")
        assert kept.fills.height > 1000
        assert set(kept.orders["outcome"]) <= {"filled", "limit down", "limit up"}
        moves = np.diff(conditions.mark, prepend=conditions.mark[0])
        carried = np.append(0.0, kept.book["quantity"].to_numpy()[:-1]) * moves * 300
        at = np.searchsorted(conditions.times, kept.fills["time"].to_numpy())
        signed = np.where(kept.fills["side"] == "buy", 1.0, -1.0) * kept.fills["quantity"].to_numpy()
        traded = np.bincount(at, (conditions.mark[at] - kept.fills["price"].to_numpy()) * signed * 300, len(moves))
        replayed = 1e8 + np.cumsum(carried + traded - kept.book["fees"].to_numpy())
        assert kept.book["equity"].to_numpy() == pytest.approx(replayed, abs=1e-3)
