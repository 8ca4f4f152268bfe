"""Every invariant of every record has an example that breaks it, and is refused by name."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import ClockError, RecordError, UnknownNameError
from tidegate.types import Affine, Bars, BarSpec, Fold, Forecast, Horizon, Ledger, Panel, Span, Targets, Windows
from tidegate.types.ledger import BOOK, FILLS, ORDERS

SPEC = BarSpec(frequency="1d", currency="CNY", title="test bars", source="a test")
DAY = datetime(2020, 1, 2)


def rows(**changes):
    """Three days of two assets, with some columns changed."""
    days = [DAY + timedelta(days=n) for n in range(3)] * 2
    held = {
        "time": days,
        "session": [d.date() for d in days],
        "asset": ["A"] * 3 + ["B"] * 3,
        "open": [10.0, 11.0, 12.0] * 2,
        "high": [11.0, 12.0, 13.0] * 2,
        "low": [9.0, 10.0, 11.0] * 2,
        "close": [10.5, 11.5, 12.5] * 2,
    }
    for name, (row, value) in changes.items():
        held[name] = [*held[name][:row], value, *held[name][row + 1 :]]
    return pl.DataFrame(held, schema_overrides=dict.fromkeys(("open", "high", "low", "close"), pl.Float64))


class TestBars:
    @pytest.mark.parametrize(
        "changes, match",
        [
            ({"time": (1, None)}, "no time, session or asset"),
            ({"asset": (1, None)}, "no time, session or asset"),
            ({"session": (1, None)}, "no time, session or asset"),
            ({"close": (1, None)}, "missing or not finite"),
            ({"high": (1, float("nan"))}, "missing or not finite"),
            ({"high": (1, float("inf"))}, "missing or not finite"),
            ({"low": (1, 0.0)}, "not positive"),
            ({"low": (1, -1.0)}, "not positive"),
            ({"low": (1, 11.2)}, "the low is above"),
            ({"high": (1, 11.4)}, "the high is below"),
            ({"time": (1, DAY)}, "same time and asset"),
        ],
    )
    def test_a_broken_row_is_refused_and_shown(self, changes, match):
        with pytest.raises(RecordError, match=match):
            Bars.of(rows(**changes), SPEC)

    def test_a_column_that_lacks(self):
        with pytest.raises(RecordError, match="lack columns"):
            Bars.of(rows().drop("low"), SPEC)

    def test_a_column_that_nobody_knows(self):
        with pytest.raises(UnknownNameError, match="volume"):
            Bars.of(rows().with_columns(volumes=pl.lit(1.0)), SPEC)

    def test_no_rows(self):
        with pytest.raises(RecordError, match="empty"):
            Bars.of(rows().head(0), SPEC)

    def test_any_order_of_rows_gives_one_digest(self):
        made = [Bars.of(rows().sample(fraction=1.0, shuffle=True, seed=seed), SPEC) for seed in range(5)]
        assert len({bars.digest for bars in made}) == 1
        assert made[0].assets == ("A", "B")
        assert len(made[0].times) == 3

    def test_the_digest_sees_one_bit_a_null_and_a_name(self):
        base = rows().with_columns(volume=pl.lit(0.0))
        others = [
            rows(close=(5, np.nextafter(12.5, 0))).with_columns(volume=pl.lit(0.0)),
            base.with_columns(volume=pl.lit(None, dtype=pl.Float64)),
            base.with_columns(pl.col("asset").replace("B", "C")),
            base.rename({"volume": "amount"}),
        ]
        digests = {Bars.of(frame, SPEC).digest for frame in [base, *others]}
        digests.add(Bars.of(base, SPEC.but(currency="USD")).digest)
        assert len(digests) == 6

    def test_upto_is_by_label_and_includes_it(self):
        bars = Bars.of(rows(), SPEC)
        assert bars.upto(bars.times[1]).frame.height == 4

    def test_adjusted_is_raw_times_factor(self):
        frame = rows().with_columns(factor=pl.Series([1.0, 2.0, 2.0, 1.0, 1.0, 1.0]))
        assert Bars.of(frame, SPEC).adjusted("close").tolist() == [10.5, 23.0, 25.0, 10.5, 11.5, 12.5]
        assert Bars.of(rows(), SPEC).adjusted("close").tolist() == [10.5, 11.5, 12.5] * 2

    def test_has_means_at_least_one_value(self):
        empty = Bars.of(rows().with_columns(volume=pl.lit(None, dtype=pl.Float64)), SPEC)
        assert not empty.has("volume")
        assert not empty.has("amount")
        assert empty.has("close")
        with pytest.raises(UnknownNameError, match="did you mean 'volume'"):
            empty.column("volum")


def panel(
    values=None, row_time=(0, 1, 2, 0, 1, 2), offsets=(0, 3, 6), days=3, assets=("A", "B"), fields=("x",), **more
):
    values = np.arange(6, dtype=np.float32)[:, None] if values is None else values
    times = np.datetime64("2020-01-02", "us") + np.arange(days) * np.timedelta64(1, "D")
    return Panel.of(
        values, times, assets, fields, np.array(row_time, dtype=np.int64), np.array(offsets, dtype=np.int64), **more
    )


class TestPanel:
    @pytest.mark.parametrize(
        "changes, match",
        [
            ({"values": np.zeros(6, dtype=np.float32)}, "two axes"),
            ({"values": np.zeros((6, 1))}, "single precision"),
            ({"fields": ("x", "y")}, "fields and values disagree"),
            ({"values": np.zeros((6, 2), dtype=np.float32), "fields": ("x", "x")}, "one name"),
            ({"row_time": (0, 1, 2, 0, 1)}, "one time per row"),
            ({"offsets": (0, 6)}, "one span per asset"),
            ({"offsets": (1, 3, 6)}, "cover the rows"),
            ({"offsets": (0, 3, 5)}, "cover the rows"),
            ({"offsets": (0, 9, 6)}, "spans must go forward|cover the rows"),
            ({"row_time": (0, 2, 1, 0, 1, 2)}, "forward in time"),
            ({"row_time": (0, 0, 1, 0, 1, 2)}, "forward in time"),
            ({"row_time": (0, 1, 3, 0, 1, 2)}, "leaves the time axis"),
            ({"row_time": (-1, 1, 2, 0, 1, 2)}, "leaves the time axis"),
            ({"assets": ("A", "A")}, "two assets have one name"),
            ({"forcings": frozenset({"z"})}, "not a field"),
        ],
    )
    def test_a_broken_axis_is_refused(self, changes, match):
        with pytest.raises(RecordError, match=match):
            panel(**changes)

    def test_a_time_axis_must_increase(self):
        times = np.array(["2020-01-03", "2020-01-02"], dtype="datetime64[us]")
        with pytest.raises(RecordError, match="must increase"):
            Panel.of(np.zeros((2, 1), np.float32), times, ("A",), ("x",), np.array([0, 1]), np.array([0, 2]))

    def test_it_cannot_be_written_to(self):
        with pytest.raises(ValueError, match="read-only"):
            panel().values[0, 0] = 1.0
        with pytest.raises(AttributeError):
            panel().fields = ()

    def test_by_time_is_the_cross_sections(self):
        made = panel()
        assert made.by_time.tolist() == [0, 3, 1, 4, 2, 5]
        assert made.row_asset.tolist() == [0, 0, 0, 1, 1, 1]
        assert made.first_row.tolist() == [0, 0, 0, 3, 3, 3]

    def test_complete_rows_have_no_nan(self):
        values = np.array([[1], [np.nan], [3], [4], [5], [6]], dtype=np.float32)
        assert panel(values).complete.tolist() == [True, False, True, True, True, True]

    def test_an_unknown_field_is_answered(self):
        with pytest.raises(UnknownNameError, match="unknown field 'y'"):
            panel().column("y")


def windows(anchors=(1, 4), target=(0.1, 0.2), known=(2, 2), lookback=2, **more):
    return Windows.of(
        panel(),
        lookback,
        more.pop("inputs", ("x",)),
        more.pop("context", ()),
        Horizon(lag=0, span=1, entry="close", exit="close"),
        np.array(anchors, dtype=np.int64),
        np.array(target, dtype=float),
        np.array(known, dtype=np.int64),
        **more,
    )


class TestWindows:
    @pytest.mark.parametrize(
        "changes, error, match",
        [
            ({"target": (0.1,)}, RecordError, "one target per anchor"),
            ({"known": (2,)}, RecordError, "one known per anchor"),
            ({"weight": np.ones(3)}, RecordError, "one weight per anchor"),
            ({"inputs": ("y",)}, UnknownNameError, "unknown field"),
            ({"context": ("y",)}, UnknownNameError, "unknown field"),
            ({"lookback": 0}, RecordError, "at least one row"),
            ({"anchors": (0, 4)}, RecordError, "before its asset's first row"),
            ({"anchors": (1, 3)}, RecordError, "before its asset's first row"),
            ({"anchors": (1, 6)}, RecordError, "no row of the panel"),
            ({"anchors": (-1, 4)}, RecordError, "no row of the panel|before its asset's first row"),
            ({"known": (1, 2)}, ClockError, "known at or before its anchor"),
            ({"known": (0, 2)}, ClockError, "known at or before its anchor"),
        ],
    )
    def test_a_broken_window_is_refused(self, changes, error, match):
        with pytest.raises(error, match=match):
            windows(**changes)

    def test_take_keeps_the_panel(self):
        made = windows()
        assert made.take(np.array([False, True])).anchors.tolist() == [4]
        assert made.take(np.array([1])).panel is made.panel


class TestAffine:
    @pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
    def test_a_scale_that_cannot_divide(self, scale):
        with pytest.raises(RecordError, match="scale is not positive"):
            Affine.of(np.zeros((1, 1)), np.array([[scale]]))

    def test_shapes(self):
        with pytest.raises(RecordError, match="centre and scale"):
            Affine.of(np.zeros((1, 2)), np.ones((1, 1)))
        with pytest.raises(RecordError, match="centre and scale"):
            Affine.of(np.zeros(2), np.ones(2))


class TestFold:
    @pytest.mark.parametrize(
        "train, valid, test, embargo, error",
        [
            ((0, 5), None, (4, 9), 0, ClockError),
            ((0, 5), None, (6, 9), 2, ClockError),
            ((0, 5), (5, 7), (6, 9), 0, ClockError),
            ((0, 5), (4, 7), (7, 9), 0, ClockError),
            ((5, 9), None, (0, 4), 0, ClockError),
            ((0, 0), None, (4, 9), 0, RecordError),
            ((0, 4), (4, 4), (4, 9), 0, RecordError),
            ((0, 4), None, (9, 9), 0, RecordError),
            ((0, 6), None, (4, 9), -2, RecordError),
            ((-3, 4), None, (4, 9), 0, RecordError),
        ],
    )
    def test_ranges_out_of_order(self, train, valid, test, embargo, error):
        with pytest.raises(error):
            Fold.of(0, Span(*train), None if valid is None else Span(*valid), Span(*test), embargo)

    def test_an_anchor_known_at_the_end_is_purged(self):
        made = windows(anchors=(1, 4), target=(0.1, np.nan), known=(2, 2), lookback=1)
        assert Fold.of(0, Span(0, 3), None, Span(3, 4)).training(made).tolist() == [True, False]
        purged = Fold.of(0, Span(0, 2), None, Span(2, 3))
        assert purged.training(made).tolist() == [False, False]
        assert purged.purged(made) == 1
        assert purged.cut == 2
        assert Fold.of(0, Span(0, 1), Span(1, 2), Span(2, 3)).cut == 2


def forecast(**changes):
    held = {
        "time": [DAY, DAY],
        "asset": ["A", "B"],
        "fold": [0, 0],
        "score": [0.1, 0.2],
        "truth": [0.1, None],
        **changes,
    }
    return Forecast.of(pl.DataFrame(held), Horizon(lag=1, span=1), "return", {0: "abc"})


class TestForecastAndTargets:
    @pytest.mark.parametrize(
        "changes, match",
        [
            ({"score": [0.1, float("nan")]}, "score is missing"),
            ({"score": [0.1, None]}, "score is missing"),
            ({"score": [0.1, float("inf")]}, "score is missing"),
            ({"asset": ["A", "A"]}, "two forecasts"),
            ({"fold": [0, 1]}, "no model fingerprint"),
        ],
    )
    def test_a_broken_forecast(self, changes, match):
        with pytest.raises(RecordError, match=match):
            forecast(**changes)

    def test_truth_may_be_missing(self):
        assert np.isnan(forecast().truth[1])
        assert forecast().score.tolist() == [0.1, 0.2]

    def test_a_forecast_lacks_a_column(self):
        with pytest.raises(RecordError, match="lacks columns"):
            Forecast.of(pl.DataFrame({"time": [DAY]}), Horizon(lag=1, span=1), "return", {})

    @pytest.mark.parametrize(
        "weight, asset, match",
        [
            ([0.5, None], ["A", "B"], "not finite"),
            ([0.5, float("nan")], ["A", "B"], "not finite"),
            ([0.5, 0.5], ["A", "A"], "two targets"),
        ],
    )
    def test_broken_targets(self, weight, asset, match):
        with pytest.raises(RecordError, match=match):
            Targets.of(pl.DataFrame({"time": [DAY] * 2, "asset": asset, "weight": weight, "reason": [""] * 2}))

    def test_targets_lack_a_column(self):
        with pytest.raises(RecordError, match="lack columns"):
            Targets.of(pl.DataFrame({"time": [DAY]}))


def ledger(**line):
    book = {"time": DAY, "cash": 40.0, "holdings": 60.0, "equity": 100.0, "exposure": 0.6, "fees": 0.0, **line}
    return Ledger.of(pl.DataFrame(schema=ORDERS), pl.DataFrame(schema=FILLS), pl.DataFrame([book], schema=BOOK), 100.0)


class TestLedger:
    def test_a_book_that_adds_up(self):
        assert ledger().book.height == 1

    @pytest.mark.parametrize("line", [{"cash": 40.01}, {"equity": 99.0}, {"holdings": float("nan")}, {"cash": None}])
    def test_a_book_that_does_not(self, line):
        with pytest.raises(RecordError, match=r"do not add up|not finite"):
            ledger(**line)

    def test_one_bad_line_among_good_ones(self):
        lines = [
            {
                "time": DAY + timedelta(days=n),
                "cash": c,
                "holdings": 60.0,
                "equity": 100.0,
                "exposure": 0.6,
                "fees": 0.0,
            }
            for n, c in enumerate([40.0, float("nan"), 40.0])
        ]
        with pytest.raises(RecordError, match=r"do not add up|not finite"):
            Ledger.of(pl.DataFrame(schema=ORDERS), pl.DataFrame(schema=FILLS), pl.DataFrame(lines, schema=BOOK), 100.0)

    def test_no_line_and_no_column(self):
        with pytest.raises(RecordError, match="book is empty"):
            Ledger.of(pl.DataFrame(schema=ORDERS), pl.DataFrame(schema=FILLS), pl.DataFrame(schema=BOOK), 100.0)
        with pytest.raises(RecordError, match="fills lack columns"):
            Ledger.of(pl.DataFrame(schema=ORDERS), pl.DataFrame({"time": [DAY]}), pl.DataFrame(schema=BOOK), 100.0)


@given(
    st.integers(0, 5),
    st.integers(1, 30),
    st.sampled_from(["open", "close"]),
    st.sampled_from(["open", "close"]),
    st.integers(0, 1000),
)
def test_a_horizon_gets_in_before_it_gets_out(lag, span, entry, exit_, bar):
    horizon = Horizon(lag=lag, span=span, entry=entry, exit=exit_)
    assert horizon.entry_at(bar) < horizon.exit_at(bar)
    assert horizon.exit_at(bar).bar == bar + horizon.purge
    assert horizon.tradable == (lag >= 1)
