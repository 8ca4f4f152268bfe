"""Which limit holds: by board, risk warning, delisting period, days since listing and day; hand-worked, and in bars."""

from contextlib import suppress

import numpy as np
import polars as pl
import pytest

from tidegate.errors import DataError
from tidegate.market.a_share import AShare
from tidegate.market.alarms import merged
from tidegate.market.calendar import XSHG
from tidegate.market.exchange import NO_LIMIT
from tidegate.market.instruments import Instruments
from tidegate.market.stacking import stacked
from tidegate.types.bars import Bars, BarSpec

FREE = (NO_LIMIT, 0)
SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="made", source="a test")


def flat(asset, first, count=1, price=10.0, **columns):
    """Bars of one price over real sessions, the first on or after a day."""
    start = int(np.searchsorted(XSHG.days, np.datetime64(first)))
    days = XSHG.days[start : start + count]
    four = dict.fromkeys(("open", "high", "low", "close", "preclose"), price)
    frame = pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days}).with_columns(
        asset=pl.lit(asset), **{name: pl.lit(value) for name, value in {**four, **columns}.items()}
    )
    return Bars.of(frame, SPEC)


def known(asset, **facts):
    dates = {name: np.datetime64(value).item() for name, value in facts.items() if name != "issue_price"}
    return Instruments.of(pl.DataFrame({"asset": [asset], **{k: [v] for k, v in dates.items()}, **(
        {"issue_price": [facts["issue_price"]]} if "issue_price" in facts else {})}))  # fmt: skip


def limits(bars, instruments=None, **settings):
    made = AShare(slippage_ticks=0, **settings).exchange(bars, instruments=instruments)
    same = stacked(lambda bars, asset: AShare(**settings).conditions(bars, asset, instruments), bars, instruments)
    assert np.array_equal(made.limit_up, same.limit_up)
    assert np.array_equal(made.limit_down, same.limit_down)
    return list(zip(made.limit_up[:, 0].tolist(), made.limit_down[:, 0].tolist(), strict=True))


class TestBeyondTheCalendar:
    def bars(self, *days):
        frame = pl.DataFrame({"session": np.array(days, dtype="datetime64[D]")}).with_columns(
            time=pl.col("session").cast(pl.Datetime("us")), asset=pl.lit("688001.SH"),
            **{name: pl.lit(10.0) for name in ("open", "high", "low", "close", "preclose")},
        )  # fmt: skip
        return Bars.of(frame, SPEC)

    @pytest.mark.parametrize("fact", ["listed", "delisting"])
    def test_which_of_its_first_sessions_it_is_is_unknown(self, fact):
        with pytest.raises(DataError, match="unknown: whether a day is a session"):
            limits(self.bars("2027-01-04"), known("688001.SH", **{fact: "2026-12-29"}))
        with pytest.raises(DataError, match="unknown: whether a day is a session"):
            limits(self.bars("2027-01-20"), known("688001.SH", **{fact: "2027-01-18"}))

    def test_what_was_listed_long_ago_or_comes_later_needs_no_calendar(self):
        for day in ("2020-01-06", "2027-03-01"):
            assert limits(self.bars("2027-01-04"), known("688001.SH", listed=day)) == [(1200, 800)]


class TestByBoardAndDay:
    @pytest.mark.parametrize(
        "asset, at_risk, day, wanted",
        [
            ("600000.SH", False, "2001-11-16", (1100, 900)), ("000001.SZ", False, "2026-07-06", (1100, 900)),
            ("600000.SH", True, "2026-07-03", (1050, 950)), ("600000.SH", True, "2026-07-06", (1100, 900)),
            ("000001.SZ", True, "2001-11-16", (1050, 950)), ("000001.SZ", True, "2026-07-03", (1050, 950)),
            ("300001.SZ", False, "2009-10-30", (1100, 900)), ("300001.SZ", False, "2020-08-21", (1100, 900)),
            ("300001.SZ", False, "2020-08-24", (1200, 800)), ("300001.SZ", True, "2020-08-21", (1050, 950)),
            ("300001.SZ", True, "2020-08-24", (1200, 800)), ("688001.SH", False, "2019-07-22", (1200, 800)),
            ("688001.SH", True, "2019-07-22", (1200, 800)), ("688001.SH", True, "2026-07-06", (1200, 800)),
            ("430047.BJ", False, "2021-11-15", (1300, 700)), ("430047.BJ", True, "2021-11-15", (1300, 700)),
        ],
    )  # fmt: skip
    def test_ten_yuan(self, asset, at_risk, day, wanted):
        """10.00 × (1 ± rate): 5, 10, 20 or 30 % of 1,000 ticks."""
        assert limits(flat(asset, day, at_risk=at_risk)) == [wanted]
        assert limits(flat(asset, day), at_risk=at_risk) == [wanted]

    @pytest.mark.parametrize(
        "asset, at_risk, day",
        [("600000.SH", False, "1996-12-13"), ("600000.SH", True, "1998-04-21"), ("300001.SZ", False, "2009-10-29"),
         ("688001.SH", False, "2019-07-19"), ("430047.BJ", False, "2021-11-12")],
    )  # fmt: skip
    def test_before_the_first_row_nobody_knows(self, asset, at_risk, day):
        with pytest.raises(DataError, match="unknown: the rule"):
            AShare().exchange(flat(asset, day, at_risk=at_risk))

    def test_a_warning_holds_on_its_own_days(self):
        bars = flat("600000.SH", "2019-03-01", 3)
        warned = Bars.of(bars.frame.with_columns(at_risk=pl.Series([False, True, None])), SPEC)
        assert limits(warned) == [(1100, 900), (1050, 950), (1100, 900)]

    @pytest.mark.parametrize(
        "asset, day, wanted",
        [("000001.SZ", "2011-02-25", (4, 4)), ("000001.SZ", "2011-02-28", (5, 3)),
         ("600000.SH", "2023-04-07", (4, 4)), ("600000.SH", "2023-04-10", (5, 3))],
    )  # fmt: skip
    def test_one_tick_away_since_the_exchange_says_so(self, asset, day, wanted):
        """0.04 × 1.1 = 0.044 and 0.04 × 0.9 = 0.036 both round to 0.04; Shenzhen's own example gives 0.05 and 0.03."""
        bars = Bars.of(
            flat(asset, day, 1).frame.with_columns(pl.col("^(open|high|low|close|preclose)$") * 0 + 0.04), SPEC
        )
        made = AShare(slippage_ticks=0).conditions(bars, asset)
        assert (made.limit_up[0] * 100, made.limit_down[0] * 100) == pytest.approx(wanted)


class TestFirstDays:
    @pytest.mark.parametrize(
        "asset, listed, wanted",
        [
            # Before the band: the first day free, then 10 %.
            ("600001.SH", "2010-06-01", [FREE] + 5 * [(1100, 900)]),
            ("600001.SH", "2013-12-12", [FREE] + 5 * [(1100, 900)]),
            ("000002.SZ", "2014-06-12", [FREE] + 5 * [(1100, 900)]),
            ("300002.SZ", "2009-10-30", [FREE] + 5 * [(1100, 900)]),
            # The band: 10.00 × 1.44 and × 0.64 on the first day.
            ("600001.SH", "2013-12-13", [(1440, 640)] + 5 * [(1100, 900)]),
            ("000002.SZ", "2014-06-13", [(1440, 640)] + 5 * [(1100, 900)]),
            ("300002.SZ", "2014-06-13", [(1440, 640)] + 5 * [(1100, 900)]),
            ("300002.SZ", "2020-08-21", [(1440, 640)] + 5 * [(1200, 800)]),
            ("600001.SH", "2023-04-07", [(1440, 640)] + 5 * [(1100, 900)]),
            ("000002.SZ", "2023-04-07", [(1440, 640)] + 5 * [(1100, 900)]),
            # Registration: five days free, the sixth not.
            ("600001.SH", "2023-04-10", 5 * [FREE] + [(1100, 900)]),
            ("000002.SZ", "2023-04-10", 5 * [FREE] + [(1100, 900)]),
            ("300002.SZ", "2020-08-24", 5 * [FREE] + [(1200, 800)]),
            ("688001.SH", "2019-07-22", 5 * [FREE] + [(1200, 800)]),
            ("430047.BJ", "2021-11-15", [FREE] + 5 * [(1300, 700)]),
        ],
    )  # fmt: skip
    def test_days_one_to_six(self, asset, listed, wanted):
        assert limits(flat(asset, listed, 6), known(asset, listed=listed)) == wanted

    def test_sessions_are_counted_not_bars(self):
        """Listed on 2023-04-10; what comes on the sixth session has a limit, though it is the third bar."""
        bars = flat("600001.SH", "2023-04-10", 6)
        some = Bars.of(bars.frame[[0, 1, 5]], SPEC)
        assert limits(some, known("600001.SH", listed="2023-04-10")) == [FREE, FREE, (1100, 900)]

    def test_the_issue_price_where_the_bars_have_no_reference(self):
        """10.01 × 1.44 = 14.4144 and × 0.64 = 6.4064: 14.41 and 6.41."""
        bars = flat("600001.SH", "2014-07-01", 1, preclose=None)
        held = known("600001.SH", listed="2014-07-01", issue_price=10.01)
        assert limits(bars, held) == [(1441, 641)]
        assert limits(bars, known("600001.SH", listed="2014-07-01")) == [FREE]

    def test_without_a_listing_date_nothing_is_taken_for_a_first_day(self):
        bars = flat("600001.SH", "2023-04-10", 2)
        assert limits(bars) == limits(bars, known("600002.SH", listed="2023-04-10")) == 2 * [(1100, 900)]


class TestDelisting:
    @pytest.mark.parametrize(
        "asset, began, wanted",
        [
            ("600001.SH", "2020-12-30", [(1100, 900), (1100, 900)]), ("600001.SH", "2020-12-31", [FREE, (1100, 900)]),
            ("000002.SZ", "2020-12-30", [(1100, 900), (1100, 900)]), ("000002.SZ", "2021-03-01", [FREE, (1100, 900)]),
            ("300002.SZ", "2015-03-02", [(1100, 900), (1100, 900)]), ("300002.SZ", "2021-03-01", [FREE, (1200, 800)]),
            ("688001.SH", "2020-12-30", [(1200, 800), (1200, 800)]), ("688001.SH", "2020-12-31", [FREE, (1200, 800)]),
            ("430047.BJ", "2022-03-01", [FREE, (1300, 700)]),
        ],
    )  # fmt: skip
    def test_its_first_and_second_day_though_under_warning(self, asset, began, wanted):
        held = known(asset, listed="2009-12-01", delisting=began)
        assert limits(flat(asset, began, 2, at_risk=True), held) == wanted

    def test_the_day_before_is_an_ordinary_one(self):
        held = known("600001.SH", listed="2005-01-04", delisting="2021-03-02")
        assert limits(flat("600001.SH", "2021-03-01", 3, at_risk=True), held) == [(1050, 950), FREE, (1100, 900)]


class TestWhatDisagrees:
    def gap(self, opens, references, **columns):
        bars = flat("600000.SH", "2006-07-24", len(opens))
        four = {name: pl.Series(opens) for name in ("open", "high", "low", "close")}
        return Bars.of(bars.frame.with_columns(**four, preclose=pl.Series(references), **columns), SPEC)

    def test_share_reform_shows_as_a_gap_with_the_old_reference(self):
        """707 → 518 fen: below 7.07 × 0.9 = 6.363, though the reference price is the last close."""
        made = AShare().exchange(self.gap([7.07, 5.18, 5.0], [7.07, 7.07, 5.18]))
        assert made.limit_up[:, 0].tolist() == [778, NO_LIMIT, 570]
        assert len(made.actions.bar) == 0
        (held,) = made.alarms
        assert (held.times, held.first) == (1, ("600000.SH 2006-07-25",))
        assert "share reform" in held.what
        assert held.told in made.stamps

    def test_a_gap_on_an_ex_day_is_told_apart(self):
        made = AShare().exchange(self.gap([7.07, 5.18], [7.07, 6.0]))
        assert made.limit_down[1, 0] == 0
        assert ["ex-day" in held.what for held in made.alarms] == [True]
        assert [column.tolist() for column in made.actions[3:5]] == [[707], [600]]

    def test_a_given_limit_goes_first_and_the_difference_is_told(self):
        given = {"limit_up": pl.Series([7.7, None, 5.69]), "limit_down": pl.Series([6.36, None, 4.66])}
        made = AShare().exchange(self.gap([7.07, 7.07, 5.18], [7.07, 7.07, 5.18], **given))
        assert made.limit_up[:, 0].tolist() == [770, 778, 569]
        assert [(held.what.split()[2], held.times, held.first) for held in made.alarms] == [
            (
                "upper",
                2,
                ("600000.SH 2006-07-24 (770 against 778 ticks)", "600000.SH 2006-07-26 (569 against 570 ticks)"),
            )
        ]

    def test_a_given_limit_holds_where_the_rule_has_a_gap(self):
        given = {"limit_up": pl.Series([7.78, 6.0]), "limit_down": pl.Series([6.36, 5.0])}
        made = AShare().exchange(self.gap([7.07, 5.18], [7.07, 7.07], **given))
        assert (made.limit_up[1, 0], made.limit_down[1, 0]) == (600, 500)

    def test_trades_beyond_a_limit_that_the_open_keeps_are_counted(self):
        bars = self.gap([10.0, 10.0], [10.0, 10.0])
        bars = Bars.of(bars.frame.with_columns(high=pl.Series([11.0, 11.01])), SPEC)
        made = AShare().exchange(bars)
        assert [(held.what, held.times) for held in made.alarms] == [("trades beyond limits that its open keeps", 1)]
        assert made.limit_up[1, 0] == 1100

    def test_alarms_of_many_shares_are_those_of_each(self):
        frames = [self.gap([7.07, 5.18, 5.0], [7.07, 7.07, 5.18]).frame.with_columns(asset=pl.lit(name))
                  for name in ("600000.SH", "000001.SZ", "300001.SZ")]  # fmt: skip
        later = [frame.with_columns(pl.col("time", "session").dt.offset_by("1820d")) for frame in frames]
        bars = Bars.of(pl.concat(later), SPEC)
        one = [AShare().exchange(Bars.of(bars.frame.filter(pl.col("asset") == name), SPEC)) for name in bars.assets]
        assert AShare().exchange(bars).alarms == merged(made.alarms for made in one)
        assert AShare().exchange(bars).alarms[0].times == 3


class TestAgainstMarinaRules:
    """The tables are ours; an independent, dated record of the exchanges' notices says the same."""

    SCOPES = (
        ("600001.SH", "XSHG", "main_board", "st_main"), ("000002.SZ", "XSHE", "main_board", "st_main"),
        ("300002.SZ", "XSHE", "chinext", "st_chinext"), ("688001.SH", "XSHG", "star", "st_star"),
    )  # fmt: skip
    DAYS = ("2001-11-16", "2006-08-01", "2011-02-25", "2011-02-28", "2013-12-12", "2013-12-13", "2014-06-12",
            "2014-06-13", "2019-07-22", "2020-08-21", "2020-08-24", "2020-12-30", "2020-12-31", "2021-11-15", "2023-04-07",
            "2023-04-10", "2026-07-03", "2026-07-06", "2026-10-26")  # fmt: skip
    PRICES = (0.04, 0.05, 0.1, 0.13, 1.05, 2.35, 9.99, 10.05, 33.35, 187.55)

    @pytest.mark.parametrize("asset, market, normal, warned", SCOPES)
    @pytest.mark.parametrize("at_risk", [False, True])
    def test_limits_of_ordinary_days(self, asset, market, normal, warned, at_risk):
        rules = pytest.importorskip("marina_rules")
        compared = 0
        for price in self.PRICES:
            wanted = {}
            for day in self.DAYS:
                with suppress(KeyError):
                    wanted[day] = rules.limit_price(price, warned if at_risk else normal, day, market)
            bars = flat(asset, "2001-11-16", len(XSHG.days) - 2650, price=price)
            days = pl.Series(list(wanted)).str.to_date()
            some = Bars.of(bars.frame.filter(pl.col("session").is_in(days.implode())), SPEC)
            held = AShare(at_risk=at_risk).conditions(some, asset)
            ours = zip(np.rint(held.limit_up * 100), np.rint(held.limit_down * 100), strict=True)
            theirs = [tuple(round(limit * 100) for limit in limits) for limits in wanted.values()]
            assert list(ours) == theirs
            compared += len(theirs)
        assert compared >= 60

    @pytest.mark.parametrize("asset, market", [(asset, market) for asset, market, *_ in SCOPES])
    def test_first_days(self, asset, market):
        rules = pytest.importorskip("marina_rules")
        board = {"6000": "main", "0000": "main", "3000": "chinext", "6880": "star"}[asset[:4]]
        compared = 0
        for day in (day for day in self.DAYS if day > "2010"):
            free = day >= {"main": "2023-04-10", "chinext": "2020-08-24", "star": "2019-07-22"}[board]
            if board == "star" and not free:
                continue
            scope = f"ipo_first5_{board}" if free else "ipo_day1_main"
            theirs = rules.limit_price(10.01, scope, day, market)
            (ours, *_) = limits(flat(asset, day, price=10.01), known(asset, listed=day))
            assert ours == (FREE if theirs is None else tuple(round(limit * 100) for limit in theirs)), day
            compared += 1
        assert compared >= 10

    @pytest.mark.parametrize("asset, market", [(asset, market) for asset, market, *_ in SCOPES])
    @pytest.mark.parametrize("second", [False, True])
    def test_delisting_periods(self, asset, market, second):
        rules = pytest.importorskip("marina_rules")
        scope = {"30": "chinext", "68": "star"}.get(asset[:2])
        compared = 0
        for day in (day for day in self.DAYS if day > "2013"):
            name = "delisting" if second else "delisting_day1"
            if scope and (second or scope == "star"):
                name += f"_{scope}"
            try:
                theirs = rules.limit_price(10.01, name, day, market)
            except KeyError:
                continue
            if asset.startswith("30") and not second and day < "2020-12-31":
                continue  # recorded there for both boards of Shenzhen at once
            began = XSHG.previous_session(np.datetime64(day).item()) if second else day
            (ours, *_) = limits(flat(asset, day, price=10.01), known(asset, listed="2009-12-01", delisting=str(began)))
            assert ours == (FREE if theirs is None else tuple(round(limit * 100) for limit in theirs)), day
            compared += 1
        assert compared >= 5
