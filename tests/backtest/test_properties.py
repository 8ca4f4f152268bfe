"""What must hold of every book, whatever the prices and the wishes."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import bars_of, calendar, index_panel, persistent, share_panel

from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.errors import SettingError
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.types.bars import Bars

SEEDS = st.integers(0, 100_000)
MARKETS = [EtfProxy(), UsFundProxy(), FrictionlessIndex(), IndexFuture()]


def panel(market, seed, count=40, per_session=1):
    return index_panel(seed, count=count, per_session=per_session)[0], persistent(seed, count)


def capital_of(market):
    return 5_000_000.0 if isinstance(market, IndexFuture) else 100_000.0


def moved(bars, rows, **columns):
    """Bars with the values of some rows replaced, still valid."""
    frame = bars.frame
    for name, values in columns.items():
        held = frame[name].to_numpy().copy()
        held[rows] = values
        frame = frame.with_columns(pl.Series(name, held))
    return Bars.of(
        frame.with_columns(
            high=pl.max_horizontal("open", "close", "high"), low=pl.min_horizontal("open", "close", "low")
        ),
        bars.spec,
    )


class TestConservation:
    @given(SEEDS, st.sampled_from([1, 3]))
    def test_cash_moves_by_fills_alone(self, seed, per_session):
        bars, wishes = panel(None, seed, per_session=per_session)
        kept = ledger(wishes, EtfProxy().conditions(bars, "index"), 100_000.0, "index")
        flows = kept.fills.with_columns(
            flow=pl.when(pl.col("side") == "buy").then(-pl.col("value")).otherwise(pl.col("value"))
            - pl.sum_horizontal("commission", "stamp_duty", "transfer_fee")
        )
        per_bar = dict(flows.group_by("time").agg(pl.col("flow").sum()).iter_rows())
        replayed = 100_000.0 + np.cumsum([per_bar.get(t, 0.0) for t in kept.book["time"].to_list()])
        assert kept.book["cash"].to_numpy() == pytest.approx(replayed, abs=1e-6)
        worth = kept.book["quantity"].to_numpy() * EtfProxy().conditions(bars, "index").close
        assert kept.book["holdings"].to_numpy() == pytest.approx(worth, abs=1e-6)
        assert kept.book["equity"].to_numpy() == pytest.approx(replayed + worth, abs=1e-6)

    @pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name)
    @given(seed=SEEDS)
    def test_what_was_realised_is_what_was_earned(self, market, seed):
        """When flat at the end, the sum of realised profits is the change of equity; fees and trips add up too."""
        bars, wishes = panel(market, seed)
        wishes[-4:] = 0.0
        conditions = market.conditions(bars, "index")
        kept = ledger(wishes, conditions, capital_of(market), "index")
        books = trade(wishes[None, :], conditions, capital_of(market))
        if kept.book["quantity"][-1] == 0:
            earned = kept.book["equity"][-1] - kept.capital
            assert kept.fills["realised"].sum() == pytest.approx(earned, abs=1e-5)
        closed = kept.fills.group_by("trip").agg(pl.col("realised").sum()).filter(pl.col("trip") < books.round_trips[0])
        assert closed.height == books.round_trips[0]
        assert closed.filter(pl.col("realised") > 0).height == books.winning_trips[0]
        for kind, paid in books.fees.items():
            assert kept.fills[kind].sum() == pytest.approx(paid[0], abs=1e-6)
        assert kept.book["fees"].sum() == pytest.approx(sum(paid[0] for paid in books.fees.values()), abs=1e-6)

    @given(SEEDS)
    def test_an_ex_day_moves_no_equity(self, seed):
        """Where the price opens and closes at its reference, equity before and after the ex-day is the same cent."""
        bars = share_panel(seed, count=20)[0]
        frame = bars.frame.with_columns(
            open=pl.col("preclose"), close=pl.col("preclose"), high=pl.col("preclose"), low=pl.col("preclose")
        )
        still = Bars.of(frame, bars.spec)
        wishes = np.ones(20)
        market = AShare(commission=0.0, minimum_commission_yuan=0.0, slippage_ticks=0)
        conditions = replace(market.conditions(still, "600000.SH"), rates={}, per_share={})
        books = trade(wishes[None, :], conditions, 1e6)
        assert len(set(books.equity[0].tolist())) == 1


class TestBounds:
    @given(SEEDS, st.sampled_from([1, 4]))
    def test_no_debt_no_short_no_sale_of_what_was_bought_today(self, seed, per_session):
        bars, wishes = panel(None, seed, per_session=per_session)
        conditions = EtfProxy().conditions(bars, "index")
        kept = ledger(wishes, conditions, 30_000.0, "index")
        assert kept.book["cash"].min() >= 0
        assert kept.book["quantity"].min() >= 0
        fills = kept.fills.with_columns(
            session=pl.Series(conditions.session[np.searchsorted(conditions.times, kept.fills["time"].to_numpy())])
        )
        owned = 0.0
        for _, day in fills.group_by("session", maintain_order=True):
            bought = day.filter(pl.col("side") == "buy")["quantity"].sum()
            sold = day.filter(pl.col("side") == "sell")["quantity"].sum()
            assert sold <= owned
            owned += bought - sold
        assert (kept.fills["quantity"] % 100 == 0).all()

    @given(SEEDS)
    def test_nothing_is_filled_at_the_wrong_limit(self, seed):
        bars, wishes = panel(None, seed)
        conditions = EtfProxy().conditions(bars, "index")
        at = np.searchsorted(
            conditions.times, (fills := ledger(wishes, conditions, 1e5, "index").fills)["time"].to_numpy()
        )
        buys = (fills["side"] == "buy").to_numpy()
        assert not (conditions.open[at] >= conditions.limit_up[at])[buys].any()
        assert not (conditions.open[at] <= conditions.limit_down[at])[~buys].any()
        assert not (fills["price"].to_numpy() > conditions.limit_up[at] + 1e-9)[buys].any()

    def test_what_is_refused_is_tried_again(self):
        times, days = calendar(6)
        closes = np.array([1000.0, 1100.0, 1210.0, 1200.0, 1200.0, 1200.0])
        opens = np.array([1000.0, 1100.0, 1210.0, 1205.0, 1200.0, 1200.0])
        kept = ledger(
            np.ones(6), EtfProxy().conditions(bars_of("index", times, days, opens, closes), "index"), 1e5, "index"
        )
        assert kept.orders["outcome"].to_list() == ["limit up", "limit up", "filled"]
        assert kept.fills["price"].to_list() == [1.206]

    def test_a_sale_on_the_day_of_purchase_waits(self):
        times, days = calendar(6, 3)
        bars = bars_of("index", times, days, np.full(6, 1000.0), np.full(6, 1000.0))
        kept = ledger(np.array([1.0, 0, 0, 0, 0, 0]), EtfProxy().conditions(bars, "index"), 1e5, "index")
        assert kept.orders["outcome"].to_list() == ["filled", "T+1", "filled"]
        assert kept.orders["time"].to_list() == kept.book["time"].gather([1, 2, 3]).to_list()

    def test_a_suspended_bar_fills_nothing(self):
        times, days = calendar(4)
        bars = bars_of(
            "index", times, days, np.full(4, 1000.0), np.full(4, 1000.0), suspended=[False, True, False, False]
        )
        for market in (EtfProxy(), UsFundProxy(divisor=10), FrictionlessIndex()):
            kept = ledger(np.ones(4), market.conditions(bars, "index"), 1e5, "index")
            assert kept.orders["outcome"].to_list() == ["suspended", "filled"]


class TestClock:
    @pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name)
    @given(seed=SEEDS, cut=st.integers(3, 36))
    def test_the_future_changes_nothing_before_it(self, market, seed, cut):
        """Bars appended, and bars scrambled after OPEN(cut): equity before, orders and fills up to it unchanged."""
        bars, wishes = panel(market, seed)
        rng = np.random.default_rng(seed)
        rows = np.arange(40) > cut
        noise = {name: 3000.0 + np.round(rng.uniform(-900, 900, int(rows.sum())), 1) for name in ("open", "close")}
        other = moved(moved(bars, rows, **noise), np.arange(40) == cut, close=3111.0)
        changed = wishes.copy()
        changed[cut:] = rng.choice([0.0, 1.0], 40 - cut)
        money = capital_of(market)
        full = ledger(wishes, market.conditions(bars, "index"), money, "index")
        scrambled = ledger(changed, market.conditions(other, "index"), money, "index")
        short = ledger(wishes[: cut + 1], market.conditions(bars.upto(bars.times[cut]), "index"), money, "index")
        edge = bars.times[cut]
        for kept in (scrambled, short):
            assert kept.orders.filter(pl.col("time") <= edge).equals(full.orders.filter(pl.col("time") <= edge))
            assert kept.fills.filter(pl.col("time") <= edge).equals(full.fills.filter(pl.col("time") <= edge))
            assert kept.book[:cut].equals(full.book[:cut])
        assert short.book.equals(full.book[: cut + 1])

    @pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.name)
    def test_a_slice_of_conditions_is_a_run_of_its_own(self, market):
        """Starting later with the same wishes from there gives the trades of a book that was flat until then."""
        bars, wishes = panel(market, 5)
        wishes[:15] = 0.0
        conditions = market.conditions(bars, "index")
        whole = trade(wishes[None, :], conditions, capital_of(market))
        part = trade(wishes[None, 10:], conditions.since(10), capital_of(market))
        assert part.equity.tolist() == whole.equity[:, 10:].tolist()

    def test_twice_is_the_same_bytes(self):
        bars, _ = panel(None, 3)
        conditions = EtfProxy().conditions(bars, "index")
        wishes = np.stack([persistent(seed, 40) for seed in range(20)])
        first, second = trade(wishes, conditions, 1e5), trade(wishes, conditions, 1e5)
        assert first.equity.tobytes() == second.equity.tobytes()
        backwards = trade(wishes[::-1], conditions, 1e5)
        assert backwards.equity[::-1].tobytes() == first.equity.tobytes()


class TestMoney:
    def test_buy_and_hold_without_friction_is_the_index(self):
        bars, opens, closes, _ = index_panel(11)
        equity = trade(np.ones((1, 40)), FrictionlessIndex().conditions(bars, "index"), 1.0).equity[0]
        assert equity[1:] == pytest.approx(closes[1:] / opens[1], rel=1e-14)

    @given(SEEDS)
    def test_costs_only_lower_equity(self, seed):
        """With orders too small to be cut by cash, the same quantities trade, and every bar is worth less."""
        bars, _ = panel(None, seed)
        wishes = persistent(seed, 40, levels=(0.0, 1.0))
        net = EtfProxy(minimum_commission_yuan=0.0).conditions(bars, "index")
        kept = ledger(wishes, net, 1e6, "index")
        signed = kept.fills["quantity"] * kept.fills["side"].replace_strict({"buy": 1, "sell": -1})
        assert signed.sum() == kept.book["quantity"][-1]
        at = np.searchsorted(net.times, kept.fills["time"].to_numpy())
        free = 1e6 + np.zeros(40)
        position = np.zeros(40)
        for quantity, bar in zip(signed.to_list(), at, strict=True):
            free[bar:] -= quantity * net.open[bar]
            position[bar:] += quantity
        assert (kept.book["equity"].to_numpy() <= free + position * net.close + 1e-6).all()
        assert (free + position * net.close - kept.book["equity"].to_numpy())[-1] == pytest.approx(
            sum(kept.fills[kind].sum() for kind in ("commission", "stamp_duty", "transfer_fee", "slippage")), abs=1e-5
        )

    @pytest.mark.parametrize("value, fee", [(19_999, 5.0), (20_000, 5.0), (20_001, 5.0), (20_020, 5.01), (20_019, 5.0)])
    def test_five_yuan_at_least(self, value, fee):
        """0.025 % of 20,000 yuan is 5: 20,001 gives 5.00025, which is 5.00; the first cent more comes at 20,020."""
        times, days = calendar(3)
        price = value / 1000  # 1,000 shares
        bars = bars_of("index", times, days, np.full(3, price * 1000), np.full(3, price * 1000))
        conditions = EtfProxy(slippage_ticks=0, divisor=1000).conditions(bars, "index")
        kept = ledger(np.ones(3), conditions, round(value + 10, 1), "index")
        assert kept.fills.select("quantity", "commission").row(0) == (1000.0, fee)

    def test_wide_money_is_still_exact(self):
        """A hundred million yuan: sums of fees and fills still add up to the last tenth of a cent."""
        bars, wishes = panel(None, 4)
        kept = ledger(wishes, EtfProxy().conditions(bars, "index"), 1e9, "index")
        exact = [round(v * 1000) for v in kept.book["equity"].to_list()]
        assert all(abs(v * 1000 - e) < 1e-3 for v, e in zip(kept.book["equity"].to_list(), exact, strict=True))


class TestValidation:
    def test_shapes_and_ranges(self):
        bars, _ = panel(None, 0)
        conditions = EtfProxy().conditions(bars, "index")
        with pytest.raises(SettingError, match="do not fit the bars"):
            trade(np.ones((1, 39)), conditions, 1e5)
        with pytest.raises(SettingError, match="outside what the market allows"):
            trade(-np.ones((1, 40)), conditions, 1e5)
        with pytest.raises(SettingError, match="outside what the market allows"):
            trade(np.full((1, 40), np.nan), conditions, 1e5)
        with pytest.raises(SettingError, match="capital is out of range"):
            trade(np.ones((1, 40)), conditions, 0.0)
        with pytest.raises(SettingError, match="whole number of cents"):
            trade(np.ones((1, 40)), conditions, 100.005)
        with pytest.raises(SettingError, match="outside the conditions"):
            conditions.between(5, 5)
        with pytest.raises(SettingError, match="whole number of money units"):
            trade(np.ones((1, 40)), replace(conditions, money_unit=0.01), 1e5)
