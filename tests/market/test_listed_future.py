"""A future by its terms: rebar's and the index future's own, said as settings, and what cannot be counted."""

import numpy as np
import pytest

from tidegate.backtest.ledgers import ledger
from tidegate.data.joined_contracts import JoinedContracts
from tidegate.data.rebar_chain import RebarChain
from tidegate.errors import SettingError
from tidegate.market.listed_future import ListedFuture
from tidegate.market.rebar_future import RebarFuture

REBAR = {"tick": 1.0, "multiplier": 10, "fee": 0.0001, "close_today": 0.0001, "margin": 0.10, "limit_percent": 7,
         "maintenance": 0.07}  # fmt: skip


@pytest.fixture(scope="module")
def bars():
    chain = RebarChain(sessions=30, seed=1, frequency="60min", spacing=12)
    return JoinedContracts(contracts=chain, product="RB").bars()


def test_rebar_said_as_settings_is_rebar(bars):
    wishes = np.where(np.arange(len(bars.times)) % 7 < 4, 2.0, -1.0)
    one, other = (market.conditions(bars, "RB") for market in (ListedFuture(**REBAR), RebarFuture()))
    assert {name: rate.tolist() for name, rate in one.rates.items()} == {
        name: rate.tolist() for name, rate in other.rates.items()
    }
    assert np.array_equal(one.limit_up, other.limit_up, equal_nan=True)
    books = [ledger(wishes, held, 1e6, "RB").book["equity"].to_list() for held in (one, other)]
    assert books[0] == books[1]
    assert len(set(books[0])) > 50


def test_other_terms_are_other_money(bars):
    dear = ListedFuture(**{**REBAR, "multiplier": 100, "close_today": 0.0003, "slippage_ticks": 0})
    held = dear.conditions(bars, "RB")
    assert set(held.rates["close_today"].tolist()) == {30_000}
    kept = ledger(np.full(len(bars.times), 0.9), held, 1e6, "RB")
    first = kept.fills.row(0, named=True)
    assert first["value"] == first["quantity"] * first["price"] * 100


def test_what_cannot_be_counted():
    with pytest.raises(SettingError, match="a tick divides one"):
        ListedFuture(**{**REBAR, "tick": 0.3})
    with pytest.raises(SettingError, match="lies below the margin"):
        ListedFuture(**{**REBAR, "maintenance": 0.2})
    with pytest.raises(SettingError, match="multiplier"):
        ListedFuture(**{name: value for name, value in REBAR.items() if name != "multiplier"})
