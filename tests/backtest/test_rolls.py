"""A future over a change of contract: two fills, two fees, the slippage of both, and no gap ever earned."""

from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from panels import bars_of, calendar, index_panel, persistent
from reference_engine import to_step
from reference_margin import TICK, run_margin

from tidegate.backtest.bar_trades import BarTable, Size, trade_bars, trade_bars_ledger
from tidegate.backtest.engine import trade
from tidegate.backtest.ledgers import ledger
from tidegate.data.futures_chain import main_series
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.market.rebar_future import RebarFuture
from tidegate.types.bars import Bars, BarSpec

CAPITAL = 100_000.0


def rebar(opens, closes, **columns):
    times, days = calendar(len(opens), 1, "2019-03-01")
    return bars_of("rb", times, days, np.array(opens, dtype=float), np.array(closes, dtype=float), **columns)


def chain():
    """Two contracts whose legs are both known: RB2 overtakes RB1 at the close of the second day, 200 yuan above it."""
    days = [date(2019, 3, day) for day in (1, 4, 5, 6)]
    prices = {"RB1": [(3500, 3510), (3512, 3520), (3525, 3540), (3541, 3550)]}
    prices["RB2"] = [(3700, 3705), (3712, 3724), (3730, 3746), (3750, 3760)]
    interest = {"RB1": [9.0, 5.0, 2.0, 1.0], "RB2": [4.0, 8.0, 9.0, 9.0]}
    rows = [
        {"session": day, "contract": name, "open": float(told[place][0]), "close": float(told[place][1]),
         "open_interest": interest[name][place]}
        for name, told in prices.items() for place, day in enumerate(days)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def main_bars():
    """The chain's main contract as bars, raw prices with what joins them."""
    frame = chain().select(
        "session", "open", "close", "open_interest",
        time=pl.col("session").cast(pl.Datetime("us")), asset="contract", high=pl.max_horizontal("open", "close"),
        low=pl.min_horizontal("open", "close"),
    )  # fmt: skip
    spec = BarSpec(frequency="1d", kind="future", currency="CNY", title="chain", source="a test")
    return main_series(Bars.of(frame, spec), "rb").bars


class TestByHand:
    def test_a_long_over_a_roll_whose_legs_are_both_known(self):
        """In at 3,512 (RB1) and out of it at 3,525; into RB2 at 3,730 and out at 3,750: 130 + 200 yuan, less costs.

        A tick of slippage a fill is 10 yuan; fees are 1e-4 of 35,130, 35,240, 37,310 and 37,490 yuan. The gap of 205
        yuan a tonne between the contracts is nowhere.
        """
        kept = ledger(np.array([0.36, 0.36, 0.36, 0.0]), RebarFuture().conditions(main_bars(), "rb"), CAPITAL, "rb")
        assert kept.orders["outcome"].to_list() == ["filled", "contract change", "contract change"]
        assert kept.fills["price"].to_list() == [3513.0, 3524.0, 3731.0]
        fees = [3.51, 3.52, 3.73]
        assert kept.fills["commission"].to_list() == fees
        assert kept.fills["slippage"].to_list() == [10.0] * 3
        assert kept.book["quantity"].to_list() == [0, 1, 1, 1]
        expected = [CAPITAL, CAPITAL + 80 - 10 - fees[0]]
        expected.append(CAPITAL + 130 + 160 - 30 - sum(fees))  # 3,525 - 3,512, then 3,746 - 3,730
        expected.append(expected[-1] + 140)  # 3,760 - 3,746
        assert kept.book["equity"].to_list() == pytest.approx(expected, abs=1e-9)
        assert kept.fills["realised"].to_list() == pytest.approx([0.0, 130 - 20 - fees[0] - fees[1], 0.0])

    def test_a_short_over_the_same_roll(self):
        kept = ledger(np.array([-0.36] * 4), RebarFuture().conditions(main_bars(), "rb"), CAPITAL, "rb")
        assert kept.fills["side"].to_list() == ["sell", "buy", "sell"]
        assert kept.fills["price"].to_list() == [3511.0, 3526.0, 3729.0]
        assert kept.book["equity"][-1] == pytest.approx(CAPITAL - 130 - 300 - 30 - 3.51 - 3.53 - 3.73)

    def test_a_recorded_ratio_stands_for_the_leg_that_is_not_there(self):
        """Closes 3,603 and 3,413 gave the factor's step; the new contract opens at 3,417, so the old one at 3,607.

        3,417 × 3,603 / 3,413 = 3,607.22. Long 1 from 3,600: (3,607 - 3,600) + (3,404 - 3,417) yuan a tonne, and the
        190 yuan of the gap are no loss.
        """
        bars = rebar([3590, 3600, 3417, 3400], [3595, 3603, 3404, 3400], factor=[1.0, 1.0, 3603 / 3413, 3603 / 3413])
        conditions = RebarFuture(slippage_ticks=0).conditions(bars, "rb")
        assert conditions.roll_from[2] == 3607.0
        kept = ledger(np.array([0.37] * 4), conditions, CAPITAL, "rb")
        assert kept.fills["price"].to_list() == [3600.0, 3607.0, 3417.0]
        fees = 3.60 + 3.61 + 3.42
        assert kept.book["equity"][2] == pytest.approx(CAPITAL + 70 - 130 - fees)
        assert kept.book["equity"][3] == pytest.approx(CAPITAL + 70 - 170 - fees)
        # limits of the roll's session lie around the new contract's last price, 3,413 ± 7 %
        assert (conditions.limit_up[2], conditions.limit_down[2]) == (3652.0, 3174.0)

    def test_who_leaves_on_the_day_of_the_roll_pays_once(self):
        kept = ledger(np.array([0.36, 0.0, 0.0, 0.0]), RebarFuture().conditions(main_bars(), "rb"), CAPITAL, "rb")
        assert kept.fills["price"].to_list() == [3513.0, 3524.0]
        assert kept.orders["outcome"].to_list() == ["filled", "filled"]
        turned = ledger(np.array([0.36, -0.4, -0.4, -0.4]), RebarFuture().conditions(main_bars(), "rb"), CAPITAL, "rb")
        assert turned.fills["price"].to_list() == [3513.0, 3524.0, 3729.0]
        assert turned.fills["side"].to_list() == ["buy", "sell", "sell"]

    def test_what_cannot_be_opened_anew_is_tried_again(self):
        """The new contract opens at its own upper limit: the old one is left, and the lot bought at the next open."""
        bars = rebar(
            [3500, 3500, 3710, 3700, 3700], [3500] * 2 + [3710, 3700, 3700], roll_from=[None, None, 3510.0, None, None],
            limit_up=[3800.0, 3800.0, 3710.0, 3800.0, 3800.0], limit_down=[3200.0] * 5,
        )  # fmt: skip
        kept = ledger(np.full(5, 0.38), RebarFuture(slippage_ticks=0).conditions(bars, "rb"), CAPITAL, "rb")
        assert kept.orders["outcome"].to_list() == ["filled", "contract change", "limit up", "filled"]
        assert kept.book["quantity"].to_list() == [0, 1, 0, 1, 1]

    def test_a_bar_without_trade_opens_nothing_anew(self):
        """The old contract is left at its price all the same; the new one has to wait for a bar in which it trades."""
        bars = rebar(
            [3500, 3500, 3710, 3700], [3500, 3500, 3710, 3700], roll_from=[None, None, 3510.0, None],
            suspended=[False, False, True, False],
        )  # fmt: skip
        kept = ledger(np.full(4, 0.38), RebarFuture(slippage_ticks=0).conditions(bars, "rb"), CAPITAL, "rb")
        assert kept.orders["outcome"].to_list() == ["filled", "contract change", "suspended", "filled"]
        assert kept.fills["price"].to_list() == [3500.0, 3510.0, 3700.0]

    def test_a_margin_call_is_answered_in_the_old_contract(self):
        bars = rebar([3600, 3600, 3700, 3700], [3600, 3420, 3700, 3700], roll_from=[None, None, 3410.0, None])
        kept = ledger(np.full(4, 9.0), RebarFuture(slippage_ticks=0).conditions(bars, "rb"), CAPITAL, "rb")
        assert kept.orders["outcome"].to_list() == ["filled", "forced by margin"]
        assert kept.fills["price"].to_list() == [3600.0, 3410.0]

    def test_margin_for_fewer_lots_opens_fewer(self):
        bars = rebar([3600, 3600, 4300, 4300], [3600, 3600, 4300, 4300], roll_from=[None, None, 3600.0, None])
        kept = ledger(np.full(4, 9.9), RebarFuture(slippage_ticks=0).conditions(bars, "rb"), CAPITAL, "rb")
        assert kept.fills["quantity"].to_list() == [27, 27, 23]
        assert kept.orders["quantity"].to_list() == [27, 27, 27]

    def test_in_and_out_within_a_bar_leaves_what_was_carried_in_its_own_contract(self):
        """Locked at the close of the day before: left at the roll at what the old contract opens at, not anew."""
        bars = rebar(
            [3600, 3600, 3400, 3400], [3600, 3348, 3410, 3400], roll_from=[None, None, 3330.0, None],
            limit_up=[3900.0] * 4, limit_down=[3300.0, 3348.0, 3300.0, 3300.0],
        )  # fmt: skip
        table = BarTable.of(RebarFuture(slippage_ticks=0).conditions(bars, "rb"))
        kept = trade_bars_ledger(
            np.array([1e9, np.nan, np.nan, np.nan]), np.full(4, np.nan), table, CAPITAL, "rb", Size(1)
        )
        assert kept.orders["outcome"].to_list() == ["filled", "limit down", "filled"]
        assert kept.fills["price"].to_list() == [3600.0, 3330.0]
        assert kept.book["equity"].to_list() == pytest.approx(
            [CAPITAL, CAPITAL - 2520 - 3.6, CAPITAL - 2700 - 3.6 - 3.33, CAPITAL - 2700 - 3.6 - 3.33]
        )


class TestStamps:
    def test_the_price_of_what_is_left_is_told(self):
        told = RebarFuture().conditions(main_bars(), "rb").stamps
        assert any("recorded change of contract" in note and "its own open" in note for note in told)
        bars = rebar([3500] * 3, [3500] * 3, factor=[1.0, 1.1, 1.1])
        assert any("the recorded ratio" in note for note in RebarFuture().conditions(bars, "rb").stamps)
        unknown = RebarFuture().conditions(rebar([3500] * 3, [3500] * 3), "rb").stamps
        assert any("record no change of contract" in note for note in unknown)


@given(
    st.integers(0, 100_000),
    st.sampled_from([1_000_000.0, 3_000_000.0, 300_000.0, 40_000_000.0]),
    st.sampled_from([1, 3]),
    st.booleans(),
)
def test_against_the_decimal_loop(seed, capital, per_session, by_price):
    """Rolls at random sessions, up and down by a tenth, by the factor or at a price of their own."""
    rng = np.random.default_rng(seed)
    _, opens, closes, sessions = index_panel(seed, count=30, per_session=per_session)
    times, days = calendar(30, per_session, "2019-04-15")
    at = [t for t in range(1, 30) if sessions[t] != sessions[t - 1] and rng.random() < 0.25]
    factor, left = np.ones(30), np.full(30, np.nan)
    for t in at:
        step = round(float(rng.uniform(0.9, 1.1)), 4)
        factor[t:] *= step
        opens[t:], closes[t:] = opens[t:] / step, closes[t:] / step
        traded = float(to_step(Decimal(str(opens[t])), TICK))
        left[t] = round(traded * (factor[t] / factor[t - 1]), 6)
        if by_price:
            left[t] = round(left[t] + float(rng.normal(0, 5)), 1)
    told = {"factor": factor} | ({"roll_from": pl.Series(left, nan_to_null=True)} if by_price else {})
    bars = bars_of("IF", times, days, opens, closes, **told)
    wishes = persistent(seed, 30, levels=(0.0, 1.0, -1.0, 2.0, -0.5, 7.0, 8.0))
    dates = [date.fromisoformat(str(day)) for day in days]
    conditions = IndexFuture().conditions(bars, "IF")
    rolls = {t: (to_step(Decimal(repr(float(left[t]))), TICK), float(factor[t] / factor[t - 1])) for t in at}
    expected = run_margin(opens, closes, None, sessions, dates, wishes, capital, rolls=rolls)
    kept = ledger(wishes, conditions, capital, "IF")
    cents = [Decimal(repr(v)).quantize(Decimal("0.01")) for v in kept.book["equity"].to_list()]
    assert cents == [v.quantize(Decimal("0.01")) for v in expected.equity]
    assert kept.book["quantity"].to_list() == expected.held
    assert kept.orders["outcome"].to_list() == [outcome for _, _, outcome in expected.orders]
    assert kept.fills["commission"].to_list() == pytest.approx([float(fee) for *_, fee in expected.fills], abs=1e-9)
    assert trade(wishes[None, :], conditions, capital).equity[0].tobytes() == kept.book["equity"].to_numpy().tobytes()


@given(st.integers(0, 10_000), st.integers(10, 25))
def test_what_follows_changes_nothing(seed, cut):
    """Rolls recorded later move no fill, equity or limit that was there."""
    rng = np.random.default_rng(seed)
    _, opens, closes, _ = index_panel(seed, count=30)
    times, days = calendar(30)
    factor = np.cumprod(np.where(rng.random(30) < 0.2, rng.uniform(0.9, 1.1, 30), 1.0))
    wishes = persistent(seed, 30, levels=(0.0, 1.0, -1.0))
    whole = ledger(
        wishes, IndexFuture().conditions(bars_of("IF", times, days, opens, closes, factor=factor), "IF"), 3e6, "IF"
    )
    early = bars_of("IF", times[:cut], days[:cut], opens[:cut], closes[:cut], factor=factor[:cut])
    part = ledger(wishes[:cut], IndexFuture().conditions(early, "IF"), 3e6, "IF")
    assert part.book.equals(whole.book[:cut])


def test_without_costs_a_roll_is_nothing():
    """Always long before costs, over many rolls: the adjusted series' return on the same lots, but for the tick."""
    rng = np.random.default_rng(5)
    true = 3000 + np.cumsum(np.rint(rng.normal(0, 8, 300)))
    step = np.where(np.arange(300) % 40 == 39, rng.uniform(0.93, 1.07, 300), 1.0)
    factor = np.cumprod(step)
    raw = np.rint(true / factor)
    bars = rebar(raw, raw, factor=factor)
    free = RebarFuture().conditions(bars, "rb").without_costs()
    kept = ledger(np.full(300, 0.5), free, 1e8, "rb")
    lots = kept.book["quantity"].to_numpy()
    moves = np.diff(raw * factor) / factor[1:]  # each bar's own move, in its own contract's yuan
    assert np.ptp(lots[1:]) == 0
    assert kept.book["equity"][-1] - 1e8 == pytest.approx(
        float((moves[1:] * lots[1:-1] * 10).sum()), abs=7 * 10 * lots[-1]
    )
    frictionless = trade(np.full((1, 300), 0.5), FrictionlessIndex().conditions(bars, "rb"), 1e8).equity[0, -1]
    assert kept.book["equity"][-1] == pytest.approx(frictionless, rel=0.02)
    books = trade_bars(np.full((1, 300), 1e9), np.full((1, 300), np.nan), BarTable.of(free), 1e8, Size(lots=1))
    assert (books.exposure == 0).all()


@pytest.mark.real_data
def test_rolls_of_the_real_main_contract(real_data):
    """The factor of a vendor's main contract steps at its 40 changes of contract alone, by old close over new close.

    A position held over all of them is closed 40 times and opened anew; what the legs differ by is never booked: the
    old contract opens where the new one says by its own move since the close before, to the yuan.
    """
    path = real_data / "futures" / "RB_main_daily.csv"
    raw = pl.read_csv(path)
    changes = np.flatnonzero((raw["code"] != raw["code"].shift()).fill_null(value=False).to_numpy())
    bars = import_file(path, ImportSettings(kind="future", asset="RB", volume_unit="lots")).bars
    factor, close, before = (bars.column(name) for name in ("factor", "close", "preclose"))
    steps = factor[1:] / factor[:-1]
    assert (len(bars.times), len(changes)) == (2972, 40)
    assert np.flatnonzero(steps != 1.0).tolist() == (changes - 1).tolist()
    assert np.abs(steps[changes - 1] / (close[changes - 1] / before[changes]) - 1).max() < 1e-15
    same = np.setdiff1d(np.arange(1, 2972), changes)
    assert np.array_equal(before[same], close[same - 1])

    conditions = RebarFuture(slippage_ticks=0).conditions(bars, "RB")
    kept = ledger(np.full(2972, 0.5), conditions, 1e7, "RB")
    rolled = kept.orders.filter(pl.col("outcome") == "contract change")
    assert rolled.height == 2 * len(changes)
    left = kept.fills.filter(pl.col("side") == "sell")
    assert left["time"].to_list() == [bars.times[at].item() for at in changes]
    opened = bars.column("open")[changes] / before[changes] - 1.0
    assert (np.abs(left["price"].to_numpy() - close[changes - 1] * (1.0 + opened)) <= 0.5 + 1e-9).all()
    lots = kept.book["quantity"].to_numpy()
    own = np.where(np.isin(np.arange(2972), changes), before, np.append(np.nan, close[:-1]))
    assert np.ptp(lots[1:]) == 0
    marks = bars.column("settle")
    fees = kept.fills["commission"].sum()
    earned = (
        lots[-1] * 10 * (np.nansum(close[2:] - own[2:]) + close[1] - bars.column("open")[1] + marks[-1] - close[-1])
    )
    assert kept.book["equity"][-1] - 1e7 == pytest.approx(earned - fees, abs=len(changes) * 0.5 * 10 * lots[-1])
