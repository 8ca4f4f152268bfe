"""The named sets: their cards, what they refuse, and reports that a set must not know yet."""

from datetime import date
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from tidegate.component import document
from tidegate.errors import ClockError, DataError, UnknownNameError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.factors.expression.evaluate import evaluate
from tidegate.factors.expression.text import parse
from tidegate.factors.styles.cards import CARDS, MULTI_FACTOR, MULTI_FACTOR_12, STYLES, card
from tidegate.factors.styles.daily import DAILY
from tidegate.factors.styles.fundamentals import REPORTED
from tidegate.factors.styles.known import Known
from tidegate.factors.styles.multi_factor import MultiFactor, MultiFactorTwelve
from tidegate.factors.together import Together
from tidegate.testing.blind_reports import check_reporting_set
from tidegate.testing.contract import check_blind
from tidegate.testing.reports import example_history
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts
from tidegate.types.history import History, Reported

HISTORY = example_history()


class TestCards:
    def test_there_are_48_in_ten_styles_and_twelve(self):
        assert len(MULTI_FACTOR) == len(set(MULTI_FACTOR)) == 48
        assert {CARDS[name].style for name in MULTI_FACTOR} == set(STYLES)
        assert len(STYLES) == 10
        assert min(sum(CARDS[name].style == style for name in MULTI_FACTOR) for style in STYLES) >= 3
        assert len(MULTI_FACTOR_12) == 12
        assert set(MULTI_FACTOR_12) - set(MULTI_FACTOR) == {"price_to_earnings"}

    def test_every_card_has_its_computation_and_every_computation_its_card(self):
        assert set(DAILY) | set(REPORTED) == set(CARDS)
        assert not set(DAILY) & set(REPORTED)
        for name, one in CARDS.items():
            assert one.name == name
            assert one.reads_reports == (name in REPORTED)
            assert all((one.meaning, one.formula, one.unit, one.source, one.missing, one.known_at))

    def test_what_a_card_says_of_the_first_bars_holds(self):
        bars = Bars.of(HISTORY.bars.frame.filter(pl.col("asset") == "000001.SZ"), HISTORY.bars.spec)
        values = evaluate([parse(text) for text in DAILY.values()], bars)
        for name, column in zip(DAILY, values.T, strict=True):
            first = int(np.flatnonzero(np.isfinite(column))[0])
            told = CARDS[name].missing.partition(";")[0]
            assert told == (f"the first {first} bars" if first else told), name
            assert first or "bars" not in told

    def test_a_name_that_is_wrong(self):
        with pytest.raises(UnknownNameError, match="did you mean 'momentum_1m'"):
            card("momentum1m")


class TestRefusals:
    @pytest.mark.parametrize("factors", [MultiFactor(), MultiFactorTwelve(), Together(sets=(MultiFactor(),))])
    def test_bars_alone_are_not_enough(self, factors):
        with pytest.raises(DataError, match=r"reads reports.*History\.of\(bars, rows, reported\)"):
            factors.compute(HISTORY.bars)
        with pytest.raises(DataError, match=r"reads reports and the history has none.*bring reports along"):
            factors.at(History.of(HISTORY.bars))

    def test_bars_without_shares(self):
        bare = Bars.of(HISTORY.bars.frame.drop("total_shares"), HISTORY.bars.spec)
        with pytest.raises(DataError, match="no total_shares"):
            MultiFactor().at(History.of(bare, None, HISTORY.reported))

    def test_reports_without_a_field(self):
        held = HISTORY.reported.facts
        less = Facts.of(held.frame.filter(pl.col("field") != "ebit_ytd"))
        with pytest.raises(UnknownNameError, match="ebit_ytd"):
            MultiFactor().at(History.of(HISTORY.bars, None, Reported(less)))


def test_a_set_of_sets_that_reads_reports_is_held_to_their_contract():
    both = Together(sets=(MultiFactorTwelve(), FactorSet.of({"name": "price-ratios"})))
    assert both.reads_reports
    assert not Together(sets=(FactorSet.of({"name": "price-ratios"}),)).reads_reports
    assert document(MultiFactor()) == {"name": "multi-factor"}
    assert check_blind(both) >= 8


def one_fact(usable, value, period=date(2015, 3, 31), by="announced"):
    return {
        "field": "debt_to_assets",
        "asset": "000001.SZ",
        "usable": usable,
        "period": period,
        "value": value,
        "by": by,
    }


def test_what_a_report_on_them_must_say():
    stamps = MultiFactorTwelve().at(HISTORY).stamps
    assert [stamp.split()[0] for stamp in stamps] == ["Growth", "Reports"]
    announced = HISTORY.reported.facts.frame.with_columns(by=pl.lit("announced"))
    told = MultiFactorTwelve().at(History.of(HISTORY.bars, None, Reported(Facts.of(announced)))).stamps
    assert told == stamps[:1]


def row_of(one):
    """A card as a line of the table in docs/factors.md."""
    formula = one.formula.replace("|", "\\|")
    points = {1: "+", -1: "−", 0: ""}[one.points]
    return f"| `{one.name}` | {one.meaning} | `{formula}` | {one.unit} | {one.source} | {one.missing} | {points} |"


def test_the_page_shows_every_card_as_it_is():
    page = (Path(__file__).parents[2] / "docs" / "factors.md").read_text(encoding="utf-8")
    lines = page.splitlines()
    assert [line for line in lines if line.startswith("| `") and line.count(" | ") == 6] == [
        row_of(CARDS[name]) for style in STYLES for name in CARDS if CARDS[name].style == style
    ]


class TestKnown:
    def asked(self, *rows):
        return Known(History.of(HISTORY.bars, None, Reported(Facts.of(pl.DataFrame(list(rows))))), "a test")

    def days(self, known, values):
        """(first day, value) of each stretch of the first asset."""
        end = int(known.rows.offsets[1])
        days, held = known.rows.sessions[:end], values[:end]
        turns = np.append(True, ~((held[1:] == held[:-1]) | (np.isnan(held[1:]) & np.isnan(held[:-1]))))
        return [(str(day), float(value)) for day, value in zip(days[turns], held[turns], strict=True)]

    def test_a_restatement_enters_on_its_own_day(self):
        known = self.asked(one_fact(date(2015, 4, 20), 0.4), one_fact(date(2015, 7, 1), 0.5))
        told = self.days(known, known.now("debt_to_assets"))
        assert told[0][0] == "2014-01-06"
        assert np.isnan(told[0][1])
        assert told[1:] == [("2015-04-20", 0.4), ("2015-07-01", 0.5)]

    def test_a_report_that_does_not_say_hides_the_one_before(self):
        known = self.asked(one_fact(date(2015, 4, 20), 0.4), one_fact(date(2015, 7, 20), None, date(2015, 6, 30)))
        assert np.isnan(self.days(known, known.now("debt_to_assets"))[-1][1])

    def test_a_number_of_more_than_a_year_ago_is_none(self):
        known = self.asked(one_fact(date(2014, 4, 20), 0.4, date(2014, 3, 31)))
        assert [day for day, _ in self.days(known, known.now("debt_to_assets"))] == [
            "2014-01-06", "2014-04-21", "2015-04-02"
        ]  # fmt: skip

    def test_money_of_twelve_months_and_of_quarters(self):
        ends = [date(2014, 3, 31), date(2014, 6, 30), date(2014, 9, 30), date(2014, 12, 31), date(2015, 3, 31)]
        rows = [
            {**one_fact(date(2015, 5, 4), value, end), "field": "ebit_ytd"}
            for end, value in zip(ends, (1.0, 3.0, 6.0, 10.0, 5.0), strict=True)
        ]
        known = self.asked(*rows)
        last = int(known.rows.offsets[1]) - 1
        assert known.twelve_months("ebit_ytd")[last] == 5.0 + 10.0 - 1.0
        assert known.quarters("ebit_ytd", 5)[last].tolist() == [5.0, 4.0, 3.0, 2.0, 1.0]
        assert known.annual("ebit_ytd")[last] == 20.0


class Trick(FactorSet):
    """A set that reads one field in a wrong way."""

    @property
    def reads_reports(self):
        return True

    def compute(self, bars):
        raise AssertionError

    def at(self, history):
        return FactorValues.of(history, {"trick": self.column(history)})

    def column(self, history):
        raise NotImplementedError

    def moved(self, history, usable):
        """The field, usable from another day on."""
        frame = history.reported.facts.only("ebit_ytd").with_columns(usable=usable)
        frame = frame.unique(["asset", "period", "usable"], keep="last", maintain_order=True)
        return Facts.of(frame).as_of("ebit_ytd", history.wanted)


class AtThePeriodsEnd(Trick):
    name: ClassVar[str] = "leak-at-the-periods-end"

    def column(self, history):
        return self.moved(history, pl.col("period"))


class RestatedEarly(Trick):
    """The last statement of each period, from the day of the first."""

    name: ClassVar[str] = "leak-restated-early"

    def column(self, history):
        keys = ("asset", "period")
        frame = history.reported.facts.only("ebit_ytd").sort("usable")
        frame = frame.with_columns(pl.col("usable").first().over(keys), pl.col("value").last().over(keys)).unique(
            keys, maintain_order=True
        )
        return Facts.of(frame).as_of("ebit_ytd", history.wanted)


class DeadlineIgnored(Trick):
    name: ClassVar[str] = "leak-deadline-ignored"

    def column(self, history):
        early = pl.col("period") + pl.duration(days=20)
        return self.moved(history, pl.when(pl.col("by") == "deadline").then(early).otherwise(pl.col("usable")))


class DayOfAnnouncement(Trick):
    """One day too early: the evening's news at the same day's close."""

    name: ClassVar[str] = "leak-day-of-announcement"

    def column(self, history):
        early = pl.max_horizontal(pl.col("usable") - pl.duration(days=3), pl.col("period"))
        return self.moved(history, early)


class FilledBackward(Trick):
    name: ClassVar[str] = "leak-filled-backward"

    def column(self, history):
        values = history.reported.facts.as_of("ebit_ytd", history.wanted)
        assets = np.repeat(np.arange(len(history.rows.assets)), np.diff(history.rows.offsets))
        held = pl.DataFrame({"v": values, "a": assets}).select(pl.col("v").fill_nan(None).backward_fill().over("a"))
        return held["v"].fill_null(np.nan).to_numpy()


class RankedOverTime(Trick):
    name: ClassVar[str] = "leak-ranked-over-all-reports"

    def column(self, history):
        values = history.reported.facts.as_of("ebit_ytd", history.wanted)
        return values / np.nanmax(history.reported.facts.only("ebit_ytd")["value"].fill_null(np.nan).to_numpy())


class MemberOnceMemberAlways(Trick):
    name: ClassVar[str] = "leak-member-ever"

    def column(self, history):
        ever = set(history.reported.memberships.frame["asset"])
        last = history.reported.memberships.frame["until"].max()
        flags = np.array([asset in ever for asset in history.rows.assets], dtype=float)
        return np.repeat(flags, np.diff(history.rows.offsets)) * last.toordinal()


class AsKnown(Trick):
    name: ClassVar[str] = "fair-as-known"

    def column(self, history):
        return history.reported.facts.as_of("ebit_ytd", history.wanted)


class MemberOfTheDay(Trick):
    name: ClassVar[str] = "fair-member-of-the-day"

    def column(self, history):
        return history.reported.memberships.as_of("made-up index", history.wanted).astype(float)


class LastGiven(Trick):
    name: ClassVar[str] = "fair-last-given"

    def column(self, history):
        return history.reported.facts.as_of("ebit_ytd", history.wanted, last_given=True)


TRICKS = [kind for kind in Trick.__subclasses__() if kind.__module__ == __name__]


@pytest.mark.parametrize("kind", [one for one in TRICKS if one.name.startswith("leak-")], ids=lambda kind: kind.name)
def test_a_report_known_too_early_is_caught(kind):
    with pytest.raises(ClockError, match=f"{kind.name}.*look past") as caught:
        check_reporting_set(kind(), HISTORY)
    assert "trick" in str(caught.value)


@pytest.mark.parametrize("kind", [one for one in TRICKS if one.name.startswith("fair-")], ids=lambda kind: kind.name)
def test_an_honest_look_alike_is_not_flagged(kind):
    assert check_reporting_set(kind(), HISTORY) >= 10


def test_one_report_used_early_is_caught_wherever_it_is_read():
    """Every one of the factors that read reports: the kit sees each, once the reports come early."""

    shift = pl.max_horizontal(pl.col("usable") - pl.duration(days=25), pl.col("period"))

    class Early(FactorSet):
        name: ClassVar[str] = "leak-early-reports"

        @property
        def reads_reports(self):
            return True

        def compute(self, bars):
            raise AssertionError

        def at(self, history):
            frame = history.reported.facts.frame.with_columns(usable=shift)
            frame = frame.unique(["field", "asset", "usable", "period"], keep="last", maintain_order=True)
            return MultiFactor().at(History.of(history.bars, history.rows, Reported(Facts.of(frame))))

    with pytest.raises(ClockError) as caught:
        check_reporting_set(Early(), HISTORY)
    assert any(name in str(caught.value) for name in REPORTED)


@pytest.mark.real_data
def test_scrambled_announcements_change_nothing_earlier_on_real_reports(real_data, tmp_path):
    from tidegate.data.fundamentals import import_fundamentals
    from tidegate.data.months import by_month
    from tidegate.data.panel import import_panel
    from tidegate.testing.reports import scramble_reports

    (tmp_path / "daily").mkdir()
    for name in ("daily/2014.parquet", "fundamentals.parquet", "reports_published.parquet", "instruments.parquet"):
        (tmp_path / name).symlink_to(real_data / "ashare" / name)
    panel = import_panel(tmp_path)
    few = panel.bars.assets[::40]
    bars = Bars.of(panel.bars.frame.filter(pl.col("asset").is_in(few)), panel.bars.spec)
    history = History.of(bars, by_month(bars), Reported(import_fundamentals(tmp_path, bars, panel.instruments).facts))
    whole, months = MultiFactor().at(history).values, history.rows.frame["session"]
    for day in (date(2014, 4, 30), date(2014, 8, 29)):
        other = History.of(bars, history.rows, scramble_reports(history, day, seed=day.month))
        made, early = MultiFactor().at(other).values, (months <= day).to_numpy()
        assert np.array_equal(made[early], whole[early], equal_nan=True)
        assert not np.array_equal(made[~early], whole[~early], equal_nan=True)
