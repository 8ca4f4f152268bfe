"""Who may be chosen after a close: each rule by hand, blind to what comes later, and every removal counted."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.component import document
from tidegate.errors import DataError, SettingError
from tidegate.market.instruments import Instruments
from tidegate.market.universe import Grid, Universe, UniverseRule
from tidegate.market.universe_rules import (
    Liquid,
    ListingAge,
    Membership,
    MinimumPrice,
    NoRiskWarning,
    Spell,
    Trading,
    medians,
    spells_of,
)
from tidegate.testing.history import example_bars
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.bars import Bars, BarSpec

DAYS = np.busday_offset(np.datetime64("2015-01-05", "D"), np.arange(10), roll="forward")
SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="four shares", source="by hand")
NONE = "."


def bars_of(rows):
    """Bars from ``{asset: "text"}``, one sign a session: ``.`` no bar, ``s`` suspended, ``w`` a warning, a digit the price."""
    made = []
    for asset, text in rows.items():
        for day, sign in zip(DAYS, text, strict=False):
            if sign != NONE:
                price = float(sign) if sign.isdigit() else 5.0
                made.append((day, asset, price, sign == "s", sign == "w"))
    day, asset, close, suspended, at_risk = zip(*made, strict=True)
    frame = pl.DataFrame({"asset": asset, "close": close, "suspended": suspended, "at_risk": at_risk})
    labels = np.array(day)
    frame = frame.with_columns(pl.Series("session", labels), pl.Series("time", labels.astype("datetime64[us]")))
    prices = {name: pl.col("close") for name in ("open", "high", "low")}
    return Bars.of(frame.with_columns(**prices, amount=pl.col("close") * 100), SPEC)


def told(rule, bars, instruments=None):
    """The rule's mask as texts, by asset."""
    mask = Universe(rules=(rule,)).of_bars(bars, instruments).mask
    return {
        asset: "".join("x" if kept else NONE for kept in column)
        for asset, column in zip(bars.assets, mask.T, strict=True)
    }


def test_an_asset_is_there_from_its_first_bar_until_its_end_is_known():
    bars = bars_of({"a": "5555555555", "b": "..55.5....", "c": ".5555....."})
    ends = Instruments.of(pl.DataFrame({"asset": ["b", "c"], "delisted": [None, DAYS[4].item()]}))
    made = Universe(rules=()).of_bars(bars, ends).mask
    assert ["".join("x" if kept else NONE for kept in column) for column in made.T] == [
        "xxxxxxxxxx",
        "..xxxxxxxx",
        ".xxxx.....",
    ]


def test_trading_asks_of_today_or_of_the_last_days():
    bars = bars_of({"a": "5555555555", "b": "5s55.55555"})
    assert told(Trading(), bars) == {"a": "xxxxxxxxxx", "b": "x.xx.xxxxx"}
    assert told(Trading(sessions=3), bars) == {"a": "..xxxxxxxx", "b": ".......xxx"}
    assert told(Trading(sessions=11), bars) == {"a": NONE * 10, "b": NONE * 10}


def test_listing_age_counts_sessions_and_knows_of_earlier_ones():
    bars = bars_of({"a": "5555555555", "b": "...5555555", "c": "..55555555"})
    assert told(ListingAge(sessions=3), bars) == {"a": "..xxxxxxxx", "b": ".....xxxxx", "c": "....xxxxxx"}
    listed = [date(2014, 12, 31), DAYS[3].item(), date(2000, 1, 4)]
    table = Instruments.of(pl.DataFrame({"asset": ["a", "b", "c"], "listed": listed}))
    # New Year's Eve was a session; the first and the second of January, weekdays both, were none.
    assert told(ListingAge(sessions=5), bars, table) == {"a": "...xxxxxxx", "b": ".......xxx", "c": "..xxxxxxxx"}


def test_a_warning_is_carried_over_a_suspension_and_lifted_by_a_bar():
    bars = bars_of({"a": "5w...w5555", "b": "5555555555"})
    assert told(NoRiskWarning(), bars)["a"] == "x.....xxxx"
    with pytest.raises(DataError, match=r"do not tell which shares are under a risk warning.*four shares"):
        Universe(rules=(NoRiskWarning(),)).of_bars(Bars.of(bars.frame.drop("at_risk"), SPEC))


def test_the_latest_raw_close_decides():
    bars = bars_of({"a": "3211.12333", "b": "5555555555"})
    assert told(MinimumPrice(price=2.0), bars)["a"] == "xx....xxxx"


def test_liquidity_is_a_median_in_which_absence_is_nothing():
    bars = bars_of({"a": "44....4444", "b": "2222222222", "c": "1111111111"})
    assert told(Liquid(sessions=3, amount=150), bars) == {"a": "..x....xxx", "b": "..xxxxxxxx", "c": NONE * 10}
    assert told(Liquid(sessions=3, largest=1), bars) == {"a": "..x....xxx", "b": "...xxxx...", "c": NONE * 10}
    same = bars_of({"b": "2222222222", "a": "2222222222"})
    assert told(Liquid(sessions=1, largest=1), same) == {"a": "x" * 10, "b": NONE * 10}


def test_medians_equal_the_plain_loop():
    values = np.random.default_rng(3).exponential(size=(30, 150)).round(1)
    plain = np.array([[np.median(values[t - 6 : t + 1, n]) if t >= 6 else 0.0 for n in range(150)] for t in range(30)])
    assert np.array_equal(medians(values, 7), plain)


SPELLS = spells_of(
    [
        ("SH600000", DAYS[2].item(), DAYS[4].item()),
        ("SH600000", DAYS[7].item(), None),
        ("000001.SZ", date(2000, 1, 4), DAYS[1].item()),
        ("SZ000009", date(2000, 1, 4), None),
        ("SZ000010", date(2000, 1, 4), date(2001, 1, 4)),
    ]
)


def test_members_by_their_stays_whatever_the_form_of_the_code():
    bars = bars_of({"600000.SH": "5555555555", "000001.SZ": "5555555555", "000002.SZ": "5555555555"})
    rule = Membership(spells=SPELLS, complete=True)
    assert told(rule, bars) == {"000001.SZ": "xx........", "000002.SZ": NONE * 10, "600000.SH": "..xxx..xxx"}
    assert rule.stamps(Grid(bars)) == ("1 listed members have no bars: results may be survivor-biased.",)
    stamps = Universe(rules=(rule.but(complete=False, count=2),)).of_bars(bars).stamps
    assert stamps == (
        "The list of members is not known to be complete: results may be survivor-biased.",
        "The list has 1 to 2 of 2 members a session.",
        "1 listed members have no bars: results may be survivor-biased.",
    )
    assert UniverseRule.of(document(rule)) == rule


def test_a_stay_that_ends_before_it_begins_is_refused():
    with pytest.raises(SettingError, match="a stay ends before it begins: found a 2015-01-06"):
        Membership(spells=(Spell(asset="a", since=date(2015, 1, 6), until=date(2015, 1, 5)),), complete=True)


def test_what_each_rule_removed_is_counted_in_order_and_alone():
    bars = bars_of({"a": "5555555555", "b": "1s11111111", "c": "5555555555"})
    made = Universe(rules=(Trading(), MinimumPrice(), ListingAge(sessions=6))).of_bars(bars)
    assert [tuple(each) for each in made.removed] == [
        ("trading", 30, 1, 1),
        ("minimum-price", 29, 9, 9),
        ("listing-age", 20, 10, 15),
    ]
    assert made.mask.sum() == 10 == made.size.sum()
    assert made.size.tolist() == [0] * 5 + [2] * 5
    turned = Universe(rules=(ListingAge(sessions=6), MinimumPrice(), Trading())).of_bars(bars)
    assert np.array_equal(made.mask, turned.mask)
    assert not made.mask.flags.writeable


def test_bars_within_a_day_are_refused():
    bars = bars_of({"a": "55"})
    with pytest.raises(DataError, match="made of daily bars: expected 1d, found 5min"):
        Universe(rules=()).of_bars(Bars.of(bars.frame, SPEC.but(frequency="5min")))


RULES = (
    Trading(sessions=2),
    ListingAge(sessions=15),
    NoRiskWarning(),
    MinimumPrice(price=3100.0),
    Liquid(sessions=5, amount=1e9, largest=3),
    Membership(spells=(Spell(asset="000002.SZ", since=date(2014, 2, 3), until=date(2014, 4, 1)),), complete=False),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_rule_knows_its_future(rule):
    bars = example_bars(sessions=90, assets=4)
    risky = pl.Series("at_risk", np.random.default_rng(5).random(bars.frame.height) < 0.3)
    bars = Bars.of(bars.frame.with_columns(risky), bars.spec)
    whole = rule.keeps(Grid(bars))
    assert 0 < whole.sum() < whole.size
    changed = 0
    for cut in cut_times(bars, count=6):
        last = int(np.searchsorted(bars.times, cut)) + 1
        for seed in range(2):
            other = scramble_future(bars, cut, seed=seed)
            held = rule.keeps(Grid(other))
            ours = [other.assets.index(asset) for asset in bars.assets if asset in other.assets]
            theirs = [bars.assets.index(asset) for asset in bars.assets if asset in other.assets]
            assert np.array_equal(held[:last, ours], whole[:last, theirs])
            shared = min(len(held), len(whole))
            changed += int(not np.array_equal(held[:shared, ours], whole[:shared, theirs]))
        cutoff = rule.keeps(Grid(bars.upto(cut)))
        names = bars.upto(cut).assets
        assert np.array_equal(cutoff, whole[:last, [bars.assets.index(asset) for asset in names]])
    assert changed > 0 or rule.name in {"membership", "listing-age"}


@pytest.mark.real_data
def test_the_universe_of_2010(real_data, tmp_path):
    from tidegate.data.panel import import_panel

    (tmp_path / "daily").mkdir()
    for name in ("daily/2010.parquet", "instruments.parquet"):
        (tmp_path / name).symlink_to(real_data / "ashare" / name)
    bars, _, _, instruments = import_panel(tmp_path)
    rows = pl.read_csv(
        real_data / "ashare/csi300_members_2010on.tsv", separator="\t", has_header=False,
        new_columns=["asset", "since", "until"], try_parse_dates=True,
    ).rows()  # fmt: skip
    members = Membership(spells=spells_of(rows), complete=False, count=300)
    made = Universe(rules=(Trading(), NoRiskWarning(), ListingAge(), members)).of_bars(bars, instruments)
    assert made.mask.shape == (242, len(bars.assets))
    assert 200 < made.size.min() <= made.size.max() <= 300
    assert any("of 300 members a session" in stamp for stamp in made.stamps)
    assert [each.removed > 0 for each in made.removed] == [True] * 4
