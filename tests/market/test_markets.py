"""Markets: what bars become, bar by bar, and what each of them refuses or stamps."""

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.market.a_share import AShare
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.market.rebar_future import RebarFuture
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.testing.contract import check_member
from tidegate.types.bars import Bars, BarSpec

ALL = [FrictionlessIndex, EtfProxy, UsFundProxy, IndexFuture, RebarFuture, AShare]


def made(asset="index", opens=(1000.0, 1000.0), closes=(1000.0, 1000.0), start="2016-03-01", per_session=1, **columns):
    count = len(opens)
    days = np.busday_offset(np.datetime64(start), np.arange(count) // per_session, roll="forward")
    times = days.astype("datetime64[us]") + (np.arange(count) % per_session) * np.timedelta64(1, "h")
    frame = pl.DataFrame(
        {"time": times, "session": days, "asset": [asset] * count, "open": opens, "close": closes,
         "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), **columns}
    )  # fmt: skip
    return Bars.of(frame, BarSpec(frequency="1d", currency="CNY", title="made", source="a test"))


class TestEtfProxy:
    def test_prices_and_limits_are_its_own_and_rounded(self):
        """Limits lie around the fund's rounded close (3.500 from 3499.5), not around the index."""
        held = EtfProxy().conditions(made(opens=[3499.5, 3849.6, 3850.4], closes=[3499.5, 3500.0, 3400.0]), "index")
        assert held.open.tolist() == [3.5, 3.85, 3.85]
        assert held.limit_up[1:].tolist() == [3.85, 3.85]
        assert np.isnan(held.limit_up[0])
        assert held.can_buy_open.tolist() == [True, False, False]
        assert held.can_sell_open.tolist() == [True, True, True]

    def test_within_a_session_the_limit_stays(self):
        held = EtfProxy().conditions(
            made(opens=[1000.0] * 6, closes=[1000.0, 1000, 1000, 1050, 1060, 1070], per_session=3), "index"
        )
        assert held.limit_up[3:].tolist() == [1.1, 1.1, 1.1]

    def test_it_says_that_it_is_a_proxy(self):
        stamps = EtfProxy().conditions(made(), "index").stamps
        assert any("Proxy" in stamp for stamp in stamps)
        assert any("Unconfirmed" in stamp for stamp in stamps)


class TestIndexFuture:
    def test_limits_follow_the_settlement(self):
        held = IndexFuture().conditions(
            made(opens=[3000.0, 3000.0], closes=[3000.0, 3000.0], settle=[3100.0, 3000.0]), "index"
        )
        assert held.limit_up[1] == 3410.0
        assert held.mark.tolist() == [3100.0, 3000.0]

    def test_before_it_was_listed(self):
        with pytest.raises(DataError, match=r"unknown: the rule .*CSI 300 future"):
            IndexFuture().conditions(made(start="2010-04-14"), "index")

    def test_prices_between_ticks(self):
        odd = made(opens=[3000.1, 3000.0], closes=[3000.0, 3000.0])
        assert IndexFuture().conditions(odd, "index").open.tolist() == [3000.2, 3000.0]
        with pytest.raises(DataError, match="whole number of ticks"):
            IndexFuture(off_tick="refuse").conditions(odd, "index")

    def test_both_sides_up_to_the_margin(self):
        held = IndexFuture(margin=0.2).conditions(made(), "index")
        assert (held.longest, held.shortest) == (5.0, -5.0)
        assert held.margined


class TestAShare:
    def test_limits_follow_the_reference_price(self):
        held = AShare().conditions(made("600000.SH", [10.0, 5.5], [10.0, 5.2], preclose=[10.0, 5.0]), "600000.SH")
        assert held.limit_up.tolist() == [11.0, 5.5]
        assert held.can_buy_open.tolist() == [True, False]
        assert held.reference.tolist()[1] == 5.0

    def test_the_limits_of_the_bars_go_first(self):
        given = made("600000.SH", [10.0, 10.5], [10.0, 10.5], limit_up=[None, 10.5], limit_down=[None, 9.5])
        held = AShare().conditions(given, "600000.SH")
        assert held.limit_up.tolist()[1] == 10.5
        assert held.can_buy_open.tolist() == [True, False]

    def test_an_open_beyond_the_limit_shows_that_none_held(self):
        held = AShare().conditions(made("600000.SH", [10.0, 6.5], [10.0, 6.0], preclose=[10.0, 10.0]), "600000.SH")
        assert np.isnan(held.limit_down[1])
        assert held.can_sell_open.tolist() == [True, True]

    def test_under_risk_warning(self):
        assert (
            AShare(at_risk=True).conditions(made("600000.SH", [10.0, 10.0], [10.0, 10.0]), "600000.SH").limit_up[1]
            == 10.5
        )

    def test_refusals(self):
        with pytest.raises(DataError, match="the board of an asset"):
            AShare().conditions(made("AAPL"), "AAPL")
        with pytest.raises(DataError, match="raw prices"):
            AShare().conditions(made("600000.SH", [10.005, 10.0], [10.0, 10.0]), "600000.SH")
        with pytest.raises(DataError, match="unknown: the rule stamp duty"):
            AShare().conditions(made("600000.SH", start="2001-11-12"), "600000.SH")

    def test_unconfirmed_rules_are_stamped_where_they_are_used(self):
        old = AShare().conditions(made("600000.SH", start="2007-06-04"), "600000.SH").stamps
        new = AShare().conditions(made("600000.SH", start="2024-06-03"), "600000.SH").stamps
        assert any("stamp duty" in stamp for stamp in old)
        assert not any("Unconfirmed" in stamp for stamp in new)


class TestFrictionlessIndex:
    def test_adjusted_where_a_factor_is_given(self):
        held = FrictionlessIndex().conditions(made(factor=[1.0, 2.0]), "index")
        assert held.open.tolist() == [1000.0, 2000.0]

    def test_shorts_are_a_setting(self):
        assert FrictionlessIndex(short=False).conditions(made(), "index").shortest == 0.0

    def test_it_says_that_nobody_can_buy_it(self):
        assert "nobody can trade" in FrictionlessIndex().conditions(made(), "index").stamps[0]


class TestEveryMarket:
    @pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
    def test_under_contract(self, kind):
        assert check_member(kind) >= 8

    @pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
    def test_an_asset_that_is_not_there(self, kind):
        with pytest.raises(UnknownNameError, match="600000"):
            kind().conditions(made("600001.SH"), "600000.SH")

    @pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
    def test_slices_and_costless_twins(self, kind):
        held = kind().conditions(made("600000.SH", [10.0] * 5, [10.0] * 5), "600000.SH")
        part = held.between(2, 4)
        assert part.times.tolist() == held.times[2:4].tolist()
        assert all(len(rate) == 2 for rate in (*part.rates.values(), *part.per_share.values()))
        free = held.without_costs()
        assert (free.rates, free.per_share, free.minimum_commission, free.slippage_ticks) == ({}, {}, 0, 0)

    def test_settings_are_bounded(self):
        with pytest.raises(SettingError, match="commission"):
            EtfProxy(commission=0.01)
        with pytest.raises(SettingError, match="margin"):
            IndexFuture(margin=1.0)
