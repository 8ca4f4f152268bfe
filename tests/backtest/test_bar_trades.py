"""In at the open and out at the close, on margin: against Decimal, a closed form, and days worked by hand."""

from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import index_panel
from reference_engine import cents

from tidegate.backtest.bar_trades import BarTable, Size, trade_bars, trade_bars_ledger
from tidegate.errors import SettingError
from tidegate.market.base import Conditions
from tidegate.market.etf_proxy import EtfProxy
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.types.axes import frozen

D = Decimal
TICK, TONS, MARGIN = 1.0, 10, D("0.12")
NAN = np.nan


def conditions_of(opens, closes, sessions=None, up=None, down=None, marks=None, slip=1, suspended=None, minimum=0,
                  high=None, low=None):  # fmt: skip
    """A future of 10 units a lot: one 1e-4 to open and to close, 3e-4 to close what the session opened."""
    count = len(opens)
    row = lambda value: frozen(np.full(count, value, dtype=np.int64))  # noqa: E731
    array = lambda values: None if values is None else frozen(np.array(values, dtype=np.float64))  # noqa: E731
    return Conditions(
        times=frozen(np.datetime64("2024-01-05T20:55", "us") + np.arange(count) * np.timedelta64(5, "m")),
        session=frozen(np.array([0] * count if sessions is None else sessions)), open=array(opens), close=array(closes),
        can_buy_open=frozen(np.array(opens) < (np.inf if up is None else np.array(up))),
        can_sell_open=frozen(np.array(opens) > (0 if down is None else np.array(down))), exact=True,
        money_unit=0.01, lot=1, multiplier=TONS, settlement_days=0, margin_rate=float(MARGIN), per_share={},
        rates={"commission_buy": row(10_000), "commission_sell": row(10_000), "close_today": row(30_000)},
        minimum_commission=minimum, stamps=(), tick=TICK, slippage_ticks=slip, longest=8.0, shortest=-8.0,
        limit_up=array(up), limit_down=array(down), mark=array(marks),
        suspended=None if suspended is None else frozen(np.array(suspended)), high=array(high), low=array(low),
    )  # fmt: skip


def in_decimal(opens, closes, sessions, up, down, marks, below, above, capital, slip, lots, exposure):  # noqa: PLR0912
    """The same book by hand: (equity, fills, orders refused)."""
    money, held, since, fills, refused = D(str(capital)), 0, None, [], []
    equity = []

    def trade(bar, side, count, price, limit):
        nonlocal money, held, since
        paid = price + side * slip
        paid = min(paid, limit) if side > 0 else max(paid, limit, D(1))
        paid = max(paid, price) if side > 0 else min(paid, price)
        rate = D("0.0001") if held == 0 or since != sessions[bar] else D("0.0003")
        fee = cents(count * paid * TONS * rate)
        money -= fee + count * abs(paid - price) * TONS
        since, held = sessions[bar], held + side * count
        fills.append((bar, side, count, paid, fee))

    for t in range(len(opens)):
        o, c, m, u, d = (D(str(values[t])) for values in (opens, closes, marks, up, down))
        if held:
            money += held * (o - D(str(marks[t - 1]))) * TONS
            side = -1 if held > 0 else 1
            if (side > 0 and o < u) or (side < 0 and o > d):
                trade(t, side, abs(held), o, u if side > 0 else d)
            else:
                refused.append(t)
        want = 0
        if t > 0 and not held:
            want = 1 if opens[t] < below[t - 1] else -1 if opens[t] > above[t - 1] else 0
        if want:
            count = lots or int((max(money, D(0)) * D(str(exposure)) / (o * TONS)).to_integral_value(ROUND_FLOOR))
            open_at = (o < u) if want > 0 else (o > d)
            while open_at and count > 0:
                value = count * o * TONS
                need = (
                    (value * MARGIN).quantize(D("0.01"), ROUND_FLOOR) + cents(value * D("0.0001")) + count * slip * TONS
                )
                if need <= money:
                    break
                count -= 1
            if open_at and count:
                trade(t, want, count, o, u if want > 0 else d)
            else:
                refused.append(t)
        if held:
            money += held * (c - o) * TONS
            side = -1 if held > 0 else 1
            if (side > 0 and c < u) or (side < 0 and c > d):
                trade(t, side, abs(held), c, u if side > 0 else d)
            else:
                refused.append(t)
                money += held * (m - c) * TONS
        equity.append(money)
    return equity, fills, refused


def market(seed, count=40, per_session=8):
    rng = np.random.default_rng(seed)
    opens, closes, up, down, last = [], [], [], [], 3600
    for _ in range(count):
        high, low = round(last * 1.02), round(last * 0.98)
        pick = lambda: int(np.clip(round(last * (1 + rng.normal(0, 0.012))), low, high))  # noqa: B023, E731
        opens.append(high if rng.random() < 0.08 else low if rng.random() < 0.08 else pick())
        closes.append(high if rng.random() < 0.15 else low if rng.random() < 0.15 else pick())
        up.append(high), down.append(low)
        last = closes[-1]
    sessions = (np.arange(count) // per_session).tolist()
    marks = [c if rng.random() < 0.5 else c + int(rng.integers(-3, 4)) for c in closes]
    near = np.array([*opens[1:], last]) + rng.normal(0, 25, count)
    below = np.where(rng.random(count) < 0.2, NAN, near - 8)
    return opens, closes, sessions, up, down, marks, below, np.where(rng.random(count) < 0.2, NAN, near + 8)


@given(
    st.integers(0, 100_000), st.sampled_from([100_000.0, 9_000.0, 4_321.0, 1e9]), st.integers(0, 3),
    st.sampled_from([(0, 1.0), (0, 7.9), (5, 1.0), (1, 1.0)]),
)  # fmt: skip
def test_against_decimal(seed, capital, slip, size):
    opens, closes, sessions, up, down, marks, below, above = market(seed)
    table = BarTable.of(conditions_of(opens, closes, sessions, up, down, marks, slip))
    equity, fills, refused = in_decimal(
        opens, closes, sessions, up, down, marks, below, above, capital, slip, size[0], size[1]
    )
    books = trade_bars(np.stack([below, below * NAN]), np.stack([above, above * NAN]), table, capital, Size(*size))
    assert [round(value * 100) for value in books.equity[0]] == [int(value * 100) for value in equity]
    assert (books.equity[1] == capital).all()
    kept = trade_bars_ledger(below, above, table, capital, "rb", Size(*size))
    assert kept.book["equity"].to_numpy().tobytes() == books.equity[0].tobytes()
    told = kept.fills.select("quantity", "price", "commission").rows()
    assert told == [(count, float(paid), float(fee)) for _, _, count, paid, fee in fills]
    assert kept.orders.filter(kept.orders["filled"] == 0).height == len(refused)
    assert books.trades[0] == len(fills)
    flat = not kept.book["quantity"][-1]
    if flat:
        assert kept.fills["realised"].sum() == pytest.approx(float(equity[-1]) - capital, abs=1e-5)


def test_a_closed_form_where_nothing_binds():
    """Without limits and slippage a book is a sum: side · (close - open) · 10 · 5 lots - two fees to the cent."""
    rng = np.random.default_rng(3)
    opens = np.rint(3600 + np.cumsum(rng.normal(0, 3, 5000)))
    closes = np.rint(opens * (1 + rng.normal(0, 0.0012, 5000)))
    told = opens + rng.normal(0, 6, 5000)
    below, above = np.append(told[1:] - 4, NAN), np.append(told[1:] + 4, NAN)
    side = np.zeros(5000)
    side[1:] = np.where(opens[1:] < told[1:] - 4, 1, np.where(opens[1:] > told[1:] + 4, -1, 0))
    table = BarTable.of(conditions_of(opens, closes, slip=0))
    books = trade_bars(below[None], above[None], table, 1e6, Size(lots=5))
    fee = np.floor(opens * 50 * 1e-4 * 100 + 0.5 + 1e-7) / 100 + np.floor(closes * 50 * 3e-4 * 100 + 0.5 + 1e-7) / 100
    expected = 1e6 + np.cumsum(side * (closes - opens) * 50 - np.abs(side) * fee)
    assert books.equity[0] == pytest.approx(expected, abs=1e-6)
    assert books.round_trips[0] == int(np.abs(side).sum()) > 1000


class TestByHand:
    def test_a_night_bar_and_the_day_after_are_one_session(self):
        """Opened on Friday night, locked, left on Monday morning: closed in the session that opened it."""
        fees = {}
        for name, sessions in (("one trading day", [0, 1, 1]), ("by the calendar", [0, 1, 2])):
            held = conditions_of([3600, 3600, 3650], [3600, 3528, 3650], sessions, [3700] * 3, [3528] * 3, slip=0)
            kept = trade_bars_ledger(np.array([1e9, NAN, NAN]), np.full(3, NAN), BarTable.of(held), 1e5, "rb", Size(1))
            assert kept.orders["outcome"].to_list() == ["filled", "limit down", "filled"]
            fees[name] = kept.fills["commission"].to_list()
        assert fees == {"one trading day": [3.6, 10.95], "by the calendar": [3.6, 3.65]}

    def test_a_locked_position_is_carried_marked_and_left(self):
        """Short into the upper limit: marked there, barred at the next open too, out at that bar's close."""
        held = conditions_of(
            [3600, 3600, 3672, 3660], [3600, 3672, 3700, 3660], None, [3672, 3672, 3672, 4000], [3500] * 4, slip=0
        )
        kept = trade_bars_ledger(np.full(4, NAN), np.array([1.0, 1.0, NAN, NAN]), BarTable.of(held), 1e5, "rb", Size(1))
        assert kept.orders["outcome"].to_list() == ["filled", "limit up", "limit up", "limit up", "filled"]
        assert kept.book["quantity"].to_list() == [0, -1, -1, 0]
        assert kept.book["equity"].to_list() == pytest.approx(
            [1e5, 1e5 - 3.6 - 720, 1e5 - 3.6 - 1000, 1e5 - 3.6 - 600 - 10.98]
        )

    def test_what_is_left_at_an_open_makes_room_for_that_bars_own_trade(self):
        """Short into the upper limit, carried; covered at the next open, where the bar's own short is opened too."""
        held = conditions_of([100, 100, 103, 103], [100, 107, 102, 103], up=[107] * 4, down=[93] * 4, slip=0)
        above = np.array([90.0, 90.0, NAN, NAN])
        kept = trade_bars_ledger(np.full(4, NAN), above, BarTable.of(held), 1e5, "X", Size(lots=1))
        assert kept.orders["outcome"].to_list() == ["filled", "limit up", "filled", "filled", "filled"]
        assert kept.fills["price"].to_list() == [100.0, 103.0, 103.0, 102.0]
        assert kept.fills["side"].to_list() == ["sell", "buy", "sell", "buy"]

    def test_no_entry_at_the_limit_on_its_own_side(self):
        held = conditions_of([3600, 3672, 3528], [3600, 3600, 3600], None, [3672] * 3, [3528] * 3)
        long = trade_bars_ledger(np.full(3, 1e9), np.full(3, NAN), BarTable.of(held), 1e5, "rb", Size(1))
        assert long.orders["outcome"].to_list() == ["limit up", "filled", "filled"]
        short = trade_bars_ledger(np.full(3, NAN), np.full(3, 1.0), BarTable.of(held), 1e5, "rb", Size(1))
        assert short.orders["outcome"].to_list() == ["filled", "filled", "limit down"]

    def test_the_margin_is_asked_at_the_entry(self):
        """A lot at 3,600 asks 4,320 of margin, 3.60 of fee and 10 of slippage: 4,333.60, and not a cent less."""
        table = BarTable.of(conditions_of([3600, 3600], [3600, 3600]))
        for capital, trades in ((4333.60, 2), (4333.59, 0), (8667.20, 2)):
            books = trade_bars(np.full((1, 2), 1e9), np.full((1, 2), NAN), table, capital, Size(lots=2))
            assert (books.trades[0], books.bought[0]) == (trades, 36_010.0 * trades / 2 * (1 + (capital > 5000)))

    def test_slippage_stops_at_the_limit_and_what_is_suspended_waits(self):
        held = conditions_of([3600, 3671, 3600], [3600, 3600, 3600], None, [3672] * 3, [3528] * 3, slip=3)
        kept = trade_bars_ledger(np.array([1e9, NAN, NAN]), np.full(3, NAN), BarTable.of(held), 1e5, "rb", Size(1))
        assert kept.fills["price"].to_list() == [3672.0, 3597.0]
        stopped = conditions_of([3600] * 3, [3600] * 3, suspended=[False, True, False])
        kept = trade_bars_ledger(np.array([1e9, NAN, NAN]), np.full(3, NAN), BarTable.of(stopped), 1e5, "rb", Size(1))
        assert kept.orders["outcome"].to_list() == ["suspended"]


class TestMetamorphic:
    @given(st.integers(0, 10_000))
    def test_what_follows_changes_nothing(self, seed):
        opens, closes, sessions, up, down, marks, below, above = market(seed)
        whole = conditions_of(opens, closes, sessions, up, down, marks)
        books = trade_bars(below[None], above[None], BarTable.of(whole), 1e5)
        early = trade_bars(below[None, :25], above[None, :25], BarTable.of(whole.between(0, 25)), 1e5)
        assert books.equity[0, :25].tobytes() == early.equity[0].tobytes()

    @given(st.integers(0, 10_000))
    def test_costs_only_lower_equity(self, seed):
        opens, closes, sessions, up, down, marks, below, above = market(seed)
        dear = conditions_of(opens, closes, sessions, up, down, marks)
        books = [
            trade_bars(below[None], above[None], BarTable.of(c), 1e9, Size(3)) for c in (dear, dear.without_costs())
        ]
        assert (books[0].equity <= books[1].equity).all()
        paid = sum(fee[0] for fee in books[0].fees.values()) + books[0].slippage[0]
        assert books[1].equity[0, -1] - books[0].equity[0, -1] == pytest.approx(paid, abs=1e-5)


class TestValidation:
    def test_what_it_refuses(self):
        table = BarTable.of(conditions_of([3600, 3600], [3600, 3600]))
        good = np.full((1, 2), 3000.0)
        with pytest.raises(SettingError, match="do not fit the bars"):
            trade_bars(good[:, :1], good[:, :1], table, 1e5)
        with pytest.raises(SettingError, match="bought and sold"):
            trade_bars(good + 1, good, table, 1e5)
        with pytest.raises(SettingError, match="size is out of range"):
            trade_bars(good, good, table, 1e5, Size(exposure=9.0))
        with pytest.raises(SettingError, match="whole number of cents"):
            trade_bars(good, good, table, 100.005)
        fund = EtfProxy().conditions(index_panel(0)[0], "index")
        with pytest.raises(SettingError, match="in and out within a bar"):
            BarTable.of(fund)


class TestAgainst:
    @given(st.integers(0, 10_000), st.sampled_from(["follow", "as printed"]), st.booleans())
    def test_the_strategys_levels_take_the_sides_of_its_orders(self, seed, rule, short):
        """What `decide` would order of an open, moment by moment, is what the loop does with `levels`."""
        opens, closes, sessions, up, down, marks, _, above = market(seed)
        strategy = OpenAgainstForecast(rule=rule, short=short)
        below, higher = strategy.levels(above, TICK)
        turn = -1 if rule == "as printed" else 1
        sides = np.zeros(len(opens))
        for t in range(1, len(opens)):
            level = above[t - 1]
            if np.isnan(level):
                continue
            side = turn if opens[t] < level - 1e-6 else -turn if opens[t] > level + 1e-6 else 0
            sides[t - 1] = side if short or side > 0 else 0
        table = BarTable.of(conditions_of(opens, closes, sessions, up, down, marks))
        theirs = trade_bars(np.where(sides > 0, np.inf, NAN)[None], np.where(sides < 0, -np.inf, NAN)[None], table, 1e5)
        ours = trade_bars(below[None], higher[None], table, 1e5, against=rule == "as printed")
        assert ours.equity.tobytes() == theirs.equity.tobytes()

    def test_a_forecast_on_a_tick_but_for_rounding_is_that_tick(self):
        level, _ = OpenAgainstForecast(rule="follow").levels(np.array([3345.2 + 1e-8, 3345.2 + 1e-3, 0.1, NAN]), 0.2)
        assert level.tolist()[:2] == [3345.2, 3345.201]
        assert np.isnan(level[2:]).all()
