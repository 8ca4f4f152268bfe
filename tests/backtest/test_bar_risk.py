"""Sizes, stops and the drawdown switch: the loop against Decimal, driven by each rule's own plain form."""

from decimal import ROUND_FLOOR, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_engine import cents
from test_bar_trades import MARGIN, NAN, TONS, conditions_of

from tidegate.backtest.bar_trades import BarTable, Size, size_of, trade_bars, trade_bars_ledger
from tidegate.errors import SettingError
from tidegate.strategy.always_long import AlwaysLong
from tidegate.strategy.drawdown_switch import DrawdownSwitch, Watched
from tidegate.strategy.fixed_fraction import FixedFraction
from tidegate.strategy.gap_momentum import GapMomentum
from tidegate.strategy.margin_cap import MarginCap
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.random_sides import RandomSides
from tidegate.strategy.stop_loss import StopLoss
from tidegate.strategy.volatility_scaled import VolatilityScaled
from tidegate.strategy.within_bar import BarsSeen, Wrapped

D = Decimal
PRINTED, FOLLOW = OpenAgainstForecast(), OpenAgainstForecast(rule="follow")
RULES = [
    FixedFraction(inner=PRINTED, fraction=0.3),
    FixedFraction(inner=FOLLOW, fraction=0.9, basis="margin"),
    VolatilityScaled(inner=GapMomentum(), target=0.02, lookback=4, cap=3.0),
    MarginCap(inner=AlwaysLong(fraction=6.0), share=0.4),
    StopLoss(inner=PRINTED, distance=0.004),
    StopLoss(inner=FOLLOW, distance=0.0002),
    FixedFraction(inner=StopLoss(inner=RandomSides(), distance=0.006), fraction=0.02, basis="risk"),
    DrawdownSwitch(inner=AlwaysLong(fraction=5.0), fall=0.04, pause=3),
    DrawdownSwitch(inner=FixedFraction(inner=PRINTED, fraction=5.0), fall=0.1),
    DrawdownSwitch(
        inner=MarginCap(
            inner=VolatilityScaled(inner=StopLoss(inner=FOLLOW, distance=0.005), target=0.05, lookback=3, cap=9.0),
            share=0.5,
        ),
        fall=0.06, pause=5,
    ),
]  # fmt: skip


def market(seed, count=50, per_session=8):
    """Whole prices between limits of 2 %, some at them; bars that reach beyond their open and close."""
    rng = np.random.default_rng(seed)
    rows, last = [], 3600
    for _ in range(count):
        high, low = round(last * 1.02), round(last * 0.98)
        pick = lambda: int(np.clip(round(last * (1 + rng.normal(0, 0.012))), low, high))  # noqa: B023, E731
        at_limit = lambda p: high if rng.random() < p else low if rng.random() < p else pick()  # noqa: B023, E731
        o, c = at_limit(0.05), at_limit(0.1)
        reach = rng.integers(0, 25, 2)
        rows.append((o, c, min(max(o, c) + reach[0], high), max(min(o, c) - reach[1], low), high, low))
        last = c
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    return (*columns, (np.arange(count) // per_session).tolist(), rng)


def in_decimal(rule, seen, opens, closes, highs, lows, ups, downs, sessions, capital, slip):  # noqa: PLR0912
    """The book by hand, every decision asked of `wish`, the switch of `after_close`: equity in fen, fills, stops."""
    money, held, since, fills, stops, equity = D(str(capital)), 0, None, [], 0, []
    switch, state = rule, None
    while isinstance(switch, Wrapped) and not isinstance(switch, DrawdownSwitch):
        switch = switch.inner
    if isinstance(switch, DrawdownSwitch):
        state = Watched(highest=int(money * 100))
    turned = rule.plan(seen).against
    last_mark = None

    def trade(bar, side, count, price, limit):
        nonlocal money, held, since
        paid = price + side * slip
        paid = max(min(paid, limit), price) if side > 0 else min(max(paid, limit, D(1)), price)
        rate = D("0.0001") if held == 0 or since != sessions[bar] else D("0.0003")
        fee = cents(count * paid * TONS * rate)
        money -= fee + count * abs(paid - price) * TONS
        since, held = sessions[bar], held + side * count
        fills.append((bar, side, count, paid, fee))

    def leave(bar, price, up, down):
        side = -1 if held > 0 else 1
        if (side > 0 and price < up) or (side < 0 and price > down):
            trade(bar, side, abs(held), price, up if side > 0 else down)

    for t in range(len(opens)):
        o, c, h, low, u, d = (D(str(float(row[t]))) for row in (opens, closes, highs, lows, ups, downs))
        if held:
            money += held * (o - last_mark) * TONS
            leave(t, o, u, d)
        entered, at = False, o
        wish = rule.wish(seen.until(t - 1)) if t else None
        free = state is None or (state.shut is not None and t >= state.shut)
        if wish is not None and not held and free and wish.exposure > 0:
            side = 1 if opens[t] < wish.below else -1 if opens[t] > wish.above else 0
            side = -side if turned else side
            exposure = D(round(wish.exposure * 1_000_000)) / 1_000_000
            count = int((max(money, D(0)) * exposure / (o * TONS)).to_integral_value(ROUND_FLOOR))
            if (side > 0 and o < u) or (side < 0 and o > d):
                while count > 0:
                    value = count * o * TONS
                    margin = (value * MARGIN).quantize(D("0.01"), ROUND_FLOOR)
                    if margin + cents(value * D("0.0001")) + count * slip * TONS <= money:
                        break
                    count -= 1
                if count:
                    trade(t, side, count, o, u if side > 0 else d)
                    entered = True
        if entered and wish.stop > 0:
            part = D(round(wish.stop * 1_000_000)) / 1_000_000
            away = max((o * part).to_integral_value(ROUND_FLOOR), D(1))
            stop = o - away if held > 0 else o + away
            if (held > 0 and low <= stop and stop > d) or (held < 0 and h >= stop and stop < u):
                money += held * (stop - o) * TONS
                leave(t, stop, u, d)
                stops += 1
        if held:
            money += held * (c - at) * TONS
            leave(t, c, u, d)
        last_mark = c
        equity.append(int(money * 100))
        if state is not None:
            state = switch.after_close(state, t, equity[-1])
    return equity, fills, stops


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}-{rule.core().name}")
@settings(max_examples=12)
@given(st.integers(0, 100_000), st.sampled_from([300_000.0, 41_234.56]), st.integers(0, 2))
def test_against_decimal(rule, seed, capital, slip):
    opens, closes, highs, lows, ups, downs, sessions, rng = market(seed)
    forecast = np.append(opens[1:], opens[-1]) + rng.normal(0, 20, len(opens))
    seen = BarsSeen(forecast, closes, closes * np.where(np.arange(len(opens)) < 20, 1.0, 1.03), 1.0, float(MARGIN))
    held = conditions_of(opens, closes, sessions, ups, downs, closes, slip, high=highs, low=lows)
    plan, table = rule.plan(seen), BarTable.of(held)
    equity, fills, stops = in_decimal(rule, seen, opens, closes, highs, lows, ups, downs, sessions, capital, slip)
    books = trade_bars(plan.below[None], plan.above[None], table, capital, size_of(plan), against=plan.against)
    assert [round(value * 100) for value in books.equity[0]] == equity
    kept = trade_bars_ledger(plan.below, plan.above, table, capital, "rb", size_of(plan), against=plan.against)
    assert kept.fills.select("quantity", "price", "commission").rows() == [
        (count, float(paid), float(fee)) for _, _, count, paid, fee in fills
    ]
    assert kept.orders.filter(kept.orders["outcome"] == "stopped out").height == stops
    assert kept.book["equity"].to_numpy().tobytes() == books.equity[0].tobytes()


class TestByHand:
    def test_a_stop_is_filled_at_its_price_and_pays_to_close_today(self):
        """Long at 3,600 (paid 3,601); 1 % away lies 3,564, which the low reaches: out at 3,563, not at the close."""
        held = conditions_of([3600, 3600], [3600, 3590], high=[3600, 3610], low=[3600, 3564])
        kept = trade_bars_ledger(
            np.array([np.inf, NAN]), np.full(2, NAN), BarTable.of(held), 1e5, "rb", Size(lots=1, stop=0.01)
        )
        assert kept.fills.select("price", "commission").rows() == [(3601.0, 3.6), (3563.0, 10.69)]
        assert kept.orders["outcome"].to_list() == ["filled", "stopped out"]
        assert kept.book["equity"][1] == pytest.approx(1e5 - 380 - 3.6 - 10.69)

    def test_a_tick_short_of_the_stop_is_none(self):
        held = conditions_of([3600, 3600], [3600, 3590], high=[3600, 3610], low=[3600, 3565])
        kept = trade_bars_ledger(
            np.array([np.inf, NAN]), np.full(2, NAN), BarTable.of(held), 1e5, "rb", Size(lots=1, stop=0.01)
        )
        assert kept.fills["price"].to_list() == [3601.0, 3589.0]

    def test_nobody_takes_a_stop_at_the_limit(self):
        """The stop of 1 % is the lower limit itself: the position is there at the close, and carried."""
        held = conditions_of(
            [3600, 3600, 3570], [3600, 3564, 3570], None, [3636] * 3, [3564] * 3, high=[3600, 3610, 3570],
            low=[3600, 3564, 3570], slip=0,
        )  # fmt: skip
        kept = trade_bars_ledger(
            np.array([np.inf, NAN, NAN]), np.full(3, NAN), BarTable.of(held), 1e5, "rb", Size(lots=1, stop=0.01)
        )
        assert kept.orders["outcome"].to_list() == ["filled", "limit down", "filled"]
        assert kept.fills["price"].to_list() == [3600.0, 3570.0]

    def test_the_switch_shuts_and_opens_again_from_a_new_height(self):
        """A lot loses 100 × 10 yuan a bar of 10,000: at 9,000 (10 % down) it rests two bars, then loses again."""
        held = conditions_of([3600] * 7, [3500] * 7, slip=0).without_costs()
        books = trade_bars(
            np.full((1, 7), np.inf), np.full((1, 7), NAN), BarTable.of(held), 10_000.0, Size(lots=1, fall=0.1, pause=2)
        )
        assert books.equity[0].tolist() == [10_000, 9_000, 9_000, 9_000, 8_000, 8_000, 8_000]
        ever = trade_bars(
            np.full((1, 7), np.inf), np.full((1, 7), NAN), BarTable.of(held), 10_000.0, Size(lots=1, fall=0.1)
        )
        assert ever.equity[0].tolist() == [10_000] + [9_000] * 6

    def test_each_book_has_sizes_of_its_own(self):
        held = conditions_of([3600] * 4, [3610] * 4, slip=0).without_costs()
        sizes = np.array([[0.4, 0.0, 0.8, 1.0], [0.0, 0.36, 0.36, 0.36]])
        books = trade_bars(np.full((2, 4), np.inf), np.full((2, 4), NAN), BarTable.of(held), 1e5, Size(exposure=sizes))
        assert books.equity.tolist() == [[100_000, 100_100, 100_100, 100_300], [100_000, 100_000, 100_100, 100_200]]


class TestValidation:
    def test_what_it_refuses(self):
        held = conditions_of([3600] * 3, [3600] * 3)
        wish = np.full((1, 3), 3000.0)
        with pytest.raises(SettingError, match="a stop needs the highs and lows"):
            trade_bars(wish, wish, BarTable.of(held), 1e5, Size(stop=0.01))
        for size in (Size(stop=1.5), Size(fall=2.0), Size(pause=-1), Size(exposure=np.array([[0.1, NAN, 0.1]]))):
            with pytest.raises(SettingError, match="size is out of range"):
                trade_bars(wish, wish, BarTable.of(held), 1e5, size)
        with pytest.raises(SettingError, match="exposure of a size does not fit"):
            trade_bars(wish, wish, BarTable.of(held), 1e5, Size(exposure=np.ones((2, 3))))
