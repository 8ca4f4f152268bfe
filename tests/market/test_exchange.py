"""One exchange of many assets: the quick way equals the stacked one, and gaps, halts and ends lie where they belong."""

from dataclasses import fields
from datetime import datetime, time

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import DataError, SettingError
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.exchange import END, NO_LIMIT, REFERENCE
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.market.instruments import Instruments
from tidegate.market.stacking import ODD_AVERAGE, stacked
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.types.bars import Bars, BarSpec

NAMES = ("000001.SZ", "300001.SZ", "430047.BJ", "600000.SH", "600001.SH", "688001.SH")


def panel(seed=0, sessions=40, start="2022-04-11", names=NAMES, per_session=1, **columns):
    """Random bars of many boards with holes, halts, ex-days, gaps and limit prices of a vendor."""
    draw = np.random.default_rng(seed)
    days = np.busday_offset(np.datetime64(start), np.arange(sessions), roll="forward")
    frames = []
    for name in names:
        before, rows, factor = int(draw.integers(200, 3000)), [], 1.0
        for day in days:
            if draw.random() < 0.1:
                continue
            reference = before if draw.random() < 0.9 else max(int(before * draw.uniform(0.4, 1.0)), 5)
            factor = factor * before / reference
            for k in range(per_session):
                step = draw.choice([0.05, 0.11, 0.4], p=[0.9, 0.07, 0.03])
                four = np.maximum((reference * (1 + draw.uniform(-step, step, 4))).astype(int), 2)
                rows.append(
                    {
                        "time": datetime.combine(day.item(), time(k)),
                        "session": day.item(),
                        "asset": name,
                        "open": four[0] / 100,
                        "high": four.max() / 100,
                        "low": four.min() / 100,
                        "close": four[1] / 100,
                        "preclose": reference / 100 if draw.random() < 0.95 else None,
                        "factor": factor,
                        "volume": (volume := float(draw.integers(0, 3) * draw.integers(1, 10**6))),
                        "amount": volume * draw.uniform(four.min() - 1.5, four.max() + 1.5) / 100,
                        "suspended": bool(draw.random() < 0.05),
                        "at_risk": bool(draw.random() < 0.05),
                        "limit_up": reference * 1.08 // 1 / 100 if draw.random() < 0.05 else None,
                        "limit_down": reference * 0.92 // 1 / 100 if draw.random() < 0.05 else None,
                    }
                )
                before = int(four[1])
        frames.append(pl.DataFrame(rows, infer_schema_length=None))
    frame = pl.concat(frames, how="vertical_relaxed").drop(columns.get("without", ()))
    return Bars.of(frame, BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test"))


def same(one, other):
    """Whether two exchanges say the same: groups may be numbered differently, fees count where something trades."""
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name in {"fees", "group"}:
            continue
        if field.name == "actions":
            assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True)), field.name
        elif field.name == "stamps":
            told = {alarm.told for alarm in one.alarms}
            assert set(a) - told == set(b) - told
        elif field.name == "alarms":
            assert tuple(alarm for alarm in a if alarm.what == ODD_AVERAGE) == b
        elif isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, field.name
            assert np.array_equal(a, b), field.name
        else:
            assert a == b, field.name
    trades = one.open > 0
    assert np.array_equal(one.fees[:, one.group][trades], other.fees[:, other.group][trades])


class TestShares:
    @given(seed=st.integers(0, 10**6), without=st.sets(st.sampled_from(
        ["preclose", "factor", "volume", "amount", "suspended", "at_risk", "limit_up", "limit_down"])))  # fmt: skip
    def test_the_quick_way_is_the_stacked_one(self, seed, without):
        bars = panel(seed, sessions=15, without=sorted(without))
        same(AShare().exchange(bars), stacked(AShare().conditions, bars))

    @pytest.mark.parametrize("start", ["2008-09-12", "2015-07-24", "2020-08-17", "2023-08-21"])
    def test_around_changes_of_the_rules(self, start):
        names = (
            NAMES if start > "2021-11" else ("000001.SZ", "300001.SZ", "600000.SH") if start > "2010" else NAMES[3:5]
        )
        bars = panel(3, sessions=12, start=start, names=names)
        same(AShare(commission=0.0003).exchange(bars), stacked(AShare(commission=0.0003).conditions, bars))

    def test_without_reference_prices_the_factor_tells_actions_and_limits(self):
        """10.00 → 8.00 with a factor of 1 → 1.25 is a split of 10 for 12.5, not a loss of a fifth."""
        days = np.arange("2024-01-02", "2024-01-06", dtype="datetime64[D]")
        prices = {name: [10.0, 10.0, 8.0, 8.1] for name in ("open", "high", "low", "close")}
        frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days, "asset": ["600000.SH"] * 4,
                              **prices, "factor": [1.0, 1.0, 1.25, 1.25]})  # fmt: skip
        spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test")
        made = AShare().exchange(Bars.of(frame, spec))
        assert [column.tolist() for column in made.actions] == [[2], [0], [REFERENCE], [1000], [800], [2]]
        assert made.limit_up[:, 0].tolist() == [NO_LIMIT, 1100, 880, 880]
        assert made.alarms == ()
        assert "derived from the adjustment factor" in made.stamps[0]
        terms = AShare().conditions(Bars.of(frame, spec), "600000.SH")
        assert terms.reference.tolist() == [10.0, 10.0, 8.0, 8.0]
        assert terms.stamps[0] == made.stamps[0]
        bare = AShare().exchange(Bars.of(frame.drop("factor"), spec))
        assert "Corporate actions are not known" in bare.stamps[0]
        assert "every share counts as not under one" in bare.stamps[1]
        warned = AShare().exchange(Bars.of(frame.with_columns(at_risk=pl.lit(value=False)), spec))
        assert not any("risk warnings" in stamp for stamp in warned.stamps)

    @pytest.mark.parametrize("factor", [[1.0, 1.0, 1.25], [1.0, 1.25, 1.25]], ids=["on resumption", "in the halt"])
    def test_a_factor_that_changes_with_a_halt(self, factor):
        days = np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]")
        prices = {name: [10.0, 10.0, 8.0] for name in ("open", "high", "low", "close")}
        frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days, "asset": ["600000.SH"] * 3,
                              **prices, "factor": factor, "suspended": [False, True, False]})  # fmt: skip
        spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test")
        made = AShare().exchange(Bars.of(frame, spec))
        assert [column.tolist() for column in made.actions] == [[2], [0], [REFERENCE], [1000], [800], [2]]

    @pytest.mark.parametrize("how", ["quick", "stacked"])
    def test_one_given_limit_does_not_make_the_other_computed_one_hold(self, how):
        """An open of 12.00 is beyond 11.00, so that the rule's 9.00 did not hold either; a given 13.00 does."""
        days = np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]")
        prices = {name: [10.0, 12.0, 12.0] for name in ("open", "high", "low", "close")}
        frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days, "asset": ["600000.SH"] * 3,
                              **prices, "preclose": [10.0, 10.0, 12.0], "limit_up": [None, 13.0, None]})  # fmt: skip
        spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test")
        bars, market = Bars.of(frame, spec), AShare()
        made = market.exchange(bars) if how == "quick" else stacked(market.conditions, bars)
        assert made.limit_up[:, 0].tolist() == [1100, 1300, 1320]
        assert made.limit_down[:, 0].tolist() == [900, 0, 1080]

    def test_missing_reference_prices_are_counted(self):
        bars = panel(2, without=("factor",))
        told = {alarm.what: alarm.times for alarm in AShare().exchange(bars).alarms}
        later = pl.col("time") > pl.col("time").min().over("asset")
        missing = bars.frame.filter(later & ~pl.col("suspended") & pl.col("preclose").is_null()).height
        assert missing > 0
        assert told["no reference price; the factor's, or the last close, takes its place"] == missing

    def test_within_a_day(self):
        bars = panel(5, sessions=8, per_session=4, without=("preclose",))
        same(AShare().exchange(bars), stacked(AShare().conditions, bars))

    def test_with_ends_of_listing(self):
        bars = panel(2)
        gone = Instruments.of(pl.DataFrame({"asset": ["600001.SH"], "delisted": [bars.times[20].item().date()]}))
        made = AShare(recovery=0.25).exchange(bars, instruments=gone)
        same(made, stacked(AShare().conditions, bars, gone, recovery=0.25))
        assert [stamp for stamp in made.stamps if "The instruments tell no" in stamp] == [
            "The instruments tell no listings: first days show only by opens beyond the limits.",
            "The instruments tell no delisting periods: the limits before them are taken to go on.",
            "The instruments tell no issue prices: a first day without a reference price has no limits.",
        ]
        last = [column[made.actions.kind == END].tolist() for column in made.actions]
        assert last == [[21], [4], [END], [25_000_000], [100_000_000], [21]]

    def test_what_an_asset_lacks_has_no_price_and_no_limit(self):
        bars = panel(1)
        made = AShare().exchange(bars)
        held = bars.frame.filter((pl.col("asset") == NAMES[1]) & ~pl.col("suspended"))
        rows = np.isin(made.times, held["time"].to_numpy())
        for name in ("open", "high", "low", "close", "limit_down", "volume"):
            assert not getattr(made, name)[~rows, 1].any()
        assert (made.limit_up[~rows, 1] == NO_LIMIT).all()
        assert made.open[rows, 1].tolist() == np.rint(held["open"].to_numpy() * 100).tolist()

    def test_an_ex_day_after_a_halt_is_measured_from_the_last_traded_close(self):
        frame = pl.DataFrame(
            {
                "time": np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]").astype("datetime64[us]"),
                "session": np.arange("2024-01-02", "2024-01-05", dtype="datetime64[D]"),
                "asset": ["600000.SH"] * 3,
                **{name: [10.0, 8.0, 8.1] for name in ("open", "high", "low", "close")},
                "preclose": [10.0, 8.0, 8.0],
                "suspended": [False, True, False],
            }
        )
        bars = Bars.of(frame, BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test"))
        made = AShare().exchange(bars)
        assert [column.tolist() for column in made.actions] == [[2], [0], [REFERENCE], [1000], [800], [2]]
        assert made.open[:, 0].tolist() == [1000, 0, 810]

    @given(seed=st.integers(0, 10**6), cut=st.integers(6, 19))
    def test_nothing_of_the_past_changes_with_what_is_appended(self, seed, cut):
        bars = panel(seed, sessions=20, names=NAMES[:4])
        known = bars.upto(bars.times[cut])
        if known.assets != bars.assets:
            return
        whole, part = AShare().exchange(bars).until(cut + 1), AShare().exchange(known)
        for name in (
            "times",
            "session",
            "open",
            "high",
            "low",
            "close",
            "limit_up",
            "limit_down",
            "volume",
            "vwap",
            "fees",
        ):
            assert np.array_equal(getattr(whole, name), getattr(part, name)), name
        assert all(np.array_equal(x, y) for x, y in zip(whole.actions, part.actions, strict=True))

    @given(seed=st.integers(0, 10**6))
    def test_what_comes_after_the_open_changes_nothing_at_the_open(self, seed):
        """Another high, low, close, volume on the last day: its open, its limits and its actions stay."""
        bars = panel(seed, sessions=10, names=NAMES[:4])
        draw = np.random.default_rng(seed)
        last = pl.col("time") == bars.times[-1]
        noise = pl.col("open") + pl.lit(draw.integers(1, 50) / 100)
        other = bars.frame.with_columns(
            high=pl.when(last).then(noise.round(2)).otherwise("high"),
            low=pl.when(last).then("open").otherwise("low"),
            close=pl.when(last).then("open").otherwise("close"),
            volume=pl.when(last).then(1.0).otherwise("volume"),
        )
        one, two = AShare().exchange(bars), AShare().exchange(Bars.of(other, bars.spec))
        for name in ("open", "limit_up", "limit_down"):
            assert np.array_equal(getattr(one, name), getattr(two, name)), name
        assert all(np.array_equal(x, y) for x, y in zip(one.actions, two.actions, strict=True))

    @pytest.mark.real_data
    def test_real_shares(self, real_data):
        """Every twentieth share in 2006 and 2007, the years of the share reform: the quick way is the stacked one."""
        read = pl.scan_parquet([real_data / "ashare" / "daily" / f"{year}.parquet" for year in (2006, 2007)])
        prices = [(pl.col(f"{name}_cents") / 100).alias(name) for name in ("open", "high", "low", "close", "preclose")]
        frame = read.select(
            pl.col("date").cast(pl.Datetime("us")).alias("time"),
            pl.col("date").alias("session"),
            pl.col("symbol").alias("asset"),
            *prices,
            pl.col("volume", "amount").cast(pl.Float64),
            pl.col("is_st").alias("at_risk"),
        ).collect()
        names = frame["asset"].unique().sort()
        spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="shares", source="a vendor")
        some = Bars.of(frame.filter(pl.col("asset").is_in(names[::20].implode())), spec)
        rows = pl.read_parquet(real_data / "ashare" / "instruments.parquet")
        listed = Instruments.of(
            rows.select(asset="symbol", listed="first_trade", delisted="last_trade_if_gone_by_2019")
        )
        same(AShare().exchange(some, instruments=listed),
             stacked(lambda bars, asset: AShare().conditions(bars, asset, listed), some, listed))  # fmt: skip
        whole = AShare().exchange(Bars.of(frame, spec), instruments=listed)
        told = {alarm.what.split(";")[0]: alarm.times for alarm in whole.alarms}
        assert told == {
            "opens beyond the limits on an ex-day": 88,
            "opens beyond the limits on the first bar known": 77,
            "opens beyond the limits though the reference price is the last close (share reform, resumption)": 243,
            "trades beyond limits that its open keeps": 80,
        }
        assert len(whole.actions.bar) == 1423


class TestAverages:
    def bars(self, unit="shares", volume=(1000.0, 0.0, 1000.0, 1000.0), amount=(10_004.0, 0.0, 10_111.0, 20_000.0)):
        days = np.arange("2024-01-02", "2024-01-06", dtype="datetime64[D]")
        frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days, "asset": ["600000.SH"] * 4,
                              "open": [10.0] * 4, "high": [10.1] * 4, "low": [9.9] * 4, "close": [10.05] * 4,
                              "volume": volume, "amount": amount})  # fmt: skip
        spec = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test", volume_unit=unit)
        return Bars.of(frame, spec)

    @pytest.mark.parametrize("how", ["quick", "stacked"])
    def test_no_volume_is_no_average_and_a_wrong_one_is_an_alarm(self, how):
        """10.004 is 10.00; nothing was traded; 10.111 is a tick above the high of 10.10; 20.00 is no price of the bar."""
        bars, market = self.bars(), AShare()
        made = market.exchange(bars) if how == "quick" else stacked(market.conditions, bars)
        assert made.vwap[:, 0].tolist() == [1000, 0, 1010, 0]
        assert [(alarm.what, alarm.times, alarm.first) for alarm in made.alarms] == [
            (ODD_AVERAGE, 1, ("600000.SH 2024-01-05",))
        ]
        assert any(stamp.startswith("Amount over volume lies outside") for stamp in made.stamps)

    @pytest.mark.parametrize("how", ["quick", "stacked"])
    def test_units_of_volume(self, how):
        def exchange(bars):
            return AShare().exchange(bars) if how == "quick" else stacked(AShare().conditions, bars)

        lots = exchange(self.bars("lots", volume=(10.0, 0.0, 10.0, 10.0)))
        assert (lots.volume[:, 0].tolist(), lots.vwap[:, 0].tolist()) == ([1000, 0, 1000, 1000], [1000, 0, 1010, 0])
        assert lots.counted
        printed = exchange(self.bars("as printed"))
        assert (printed.counted, printed.vwap, printed.volume.any()) == (False, None, False)
        assert any("unit of volume is not known (as printed)" in stamp for stamp in printed.stamps)
        bare = exchange(Bars.of(self.bars().frame.drop("volume"), self.bars().spec))
        assert (bare.counted, bare.vwap) == (False, None)

    @pytest.mark.parametrize("how", ["quick", "stacked"])
    def test_a_price_that_fits_no_int32(self, how):
        frame = self.bars().frame.with_columns(pl.col("open", "high", "low", "close") * 3_000_000)
        bars = Bars.of(frame.drop("volume", "amount"), self.bars().spec)
        with pytest.raises(DataError, match="too many ticks"):
            AShare().exchange(bars) if how == "quick" else stacked(AShare().conditions, bars)


class TestAnyMarket:
    @pytest.mark.parametrize("kind", [EtfProxy, UsFundProxy], ids=lambda kind: kind.name)
    def test_proxies_are_stacked(self, kind):
        made = kind(divisor=1).exchange(
            panel(4, sessions=20, start="2024-01-02", names=("a", "b"), without=("at_risk",))
        )
        assert made.assets == ("a", "b")
        assert (made.high >= np.maximum(made.open, made.close)).all()
        assert (made.limit_up[made.open > 0] > made.limit_down[made.open > 0]).all()
        assert made.fees.shape[1] == 1

    @pytest.mark.parametrize("kind, found", [(FrictionlessIndex, "fractions"), (IndexFuture, "margin")])
    def test_fractions_and_margins_are_refused(self, kind, found):
        with pytest.raises(SettingError, match=f"no exchange of many assets.*{found}"):
            kind().exchange(panel(4, sessions=5, names=("a", "b")))

    def test_one_bar_lies_in_one_session(self):
        frame = pl.concat(
            [
                panel(1, names=("a",)).frame,
                panel(1, names=("b",)).frame.with_columns(pl.col("session").dt.offset_by("1d")),
            ]
        )
        bars = Bars.of(frame, panel(1, names=("a",)).spec)
        with pytest.raises(DataError, match="one bar into different sessions"):
            AShare().exchange(bars)
