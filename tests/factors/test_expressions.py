"""Expressions: every operator against plain NumPy, blind by construction, the same whatever stands around a window."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.component import document
from tidegate.errors import ClockError, DataError, SettingError, UnknownNameError
from tidegate.factors.base import FactorSet
from tidegate.factors.expression import words as w
from tidegate.factors.expression.evaluate import evaluate
from tidegate.factors.expression.named import PRICE_RATIOS, price_volume
from tidegate.factors.expression.operators import FIELDS, OPERATORS
from tidegate.factors.expression.text import parse
from tidegate.factors.expression.tree import build, field_of, number
from tidegate.factors.expressions import Expressions, PriceRatios, PriceVolume
from tidegate.testing.blind_factors import check_factor_set
from tidegate.testing.history import example_bars
from tidegate.types import Bars

BARS = example_bars(sessions=90)
GAPPED = Bars.of(
    BARS.frame.with_columns(amount=pl.when(pl.int_range(pl.len()) % 37 == 11).then(None).otherwise("amount")), BARS.spec
)
X, Y = field_of("close"), field_of("volume")


def skewness(v):
    n, gap = v.size, v - v.mean()
    return np.nan if np.ptp(v) == 0 else n / (n - 1) / (n - 2) * (gap**3).sum() / v.std(ddof=1) ** 3


def kurtosis(v):
    n, gap = v.size, v - v.mean()
    if np.ptp(v) == 0:
        return np.nan
    first = n * (n + 1) / (n - 1) / (n - 2) / (n - 3) * (gap**4).sum() / v.std(ddof=1) ** 4
    return first - 3 * (n - 1) ** 2 / (n - 2) / (n - 3)


def line(v):
    time = np.arange(v.size) - (v.size - 1) / 2
    slope = (time * (v - v.mean())).sum() / (time**2).sum()
    return slope, v[-1] - v.mean() - slope * time[-1]


def correlation(a, b):
    return np.nan if np.ptp(a) == 0 or np.ptp(b) == 0 else np.corrcoef(a, b)[0, 1]


def beta(a, b):
    return np.nan if np.ptp(b) == 0 else np.cov(a, b)[0, 1] / np.var(b, ddof=1)


WINDOW = {
    "sum": np.sum,
    "mean": np.mean,
    "count": np.count_nonzero,
    "variance": lambda v: np.var(v, ddof=1),
    "std": lambda v: np.std(v, ddof=1),
    "skew": skewness,
    "kurt": kurtosis,
    "min": np.min,
    "max": np.max,
    "bars_since_min": lambda v: np.argmin(v[::-1]),
    "bars_since_max": lambda v: np.argmax(v[::-1]),
    "rank": lambda v: ((v < v[-1]).sum() + 0.5 * (v == v[-1]).sum() + 0.5) / v.size,
    "quantile": lambda v: np.quantile(v, 0.3),
    "exponential_mean": lambda v: np.average(v[::-1], weights=(1 - 2 / 6) ** np.arange(v.size)),
    "slope": lambda v: line(v)[0],
    "r_squared": lambda v: correlation(v, np.arange(v.size)) ** 2,
    "residual": lambda v: line(v)[1],
}
PAIR = {
    "covariance": lambda a, b: np.cov(a, b)[0, 1],
    "correlation": correlation,
    "beta": beta,
    "beta_residual": lambda a, b: a[-1] - a.mean() - beta(a, b) * (b[-1] - b.mean()),
}
EXTRA = {"quantile": (0.3,), "exponential_mean": (5.0,)}


def made(expressions, bars=GAPPED, **told):
    return evaluate(expressions, bars, **told)


def rolled(function, columns, bars, offsets):
    out = np.full(columns[0].size, np.nan)
    for first, end in pairwise(offsets):
        for t in range(first + bars - 1, end):
            parts = [column[t - bars + 1 : t + 1] for column in columns]
            if all(np.isfinite(part).all() for part in parts):
                out[t] = function(*parts)
    return out


def test_every_window_operator_has_a_reference_here():
    assert set(WINDOW) == {row.name for row in OPERATORS.values() if row.kind == "window"}
    assert set(PAIR) == {row.name for row in OPERATORS.values() if row.kind == "pair"}


@pytest.mark.parametrize("name", [*WINDOW, *PAIR])
def test_windows_are_what_numpy_says(name):
    parts = (field_of("amount"), field_of("high"))[: OPERATORS[name].children]
    columns = [GAPPED.column("amount"), GAPPED.adjusted("high")][: len(parts)]
    windows = [5, 6, 8, 23]
    values = made([build(name, parts, (bars, *EXTRA.get(name, ()))) for bars in windows])
    for bars, column in zip(windows, values.T, strict=True):
        expected = rolled({**WINDOW, **PAIR}[name], columns, bars, GAPPED.offsets)
        np.testing.assert_array_equal(np.isnan(column), np.isnan(expected))
        scale = np.nanmax(np.abs(expected))
        np.testing.assert_allclose(column, expected, rtol=1e-9, atol=1e-11 * scale)
        assert np.isfinite(column).sum() > 40


X3 = np.array([2.0, np.nan, -1.0, 0.0])
ELEMENT = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: np.where(y == 0, np.nan, x / np.where(y == 0, 1, y)),
    "greater": np.maximum,
    "lesser": np.minimum,
    "above": lambda x, y: np.where(np.isnan(x + y), np.nan, x > y),
    "below": lambda x, y: np.where(np.isnan(x + y), np.nan, x < y),
    "at_least": lambda x, y: np.where(np.isnan(x + y), np.nan, x >= y),
    "at_most": lambda x, y: np.where(np.isnan(x + y), np.nan, x <= y),
    "equal": lambda x, y: np.where(np.isnan(x + y), np.nan, x == y),
    "both": lambda x, y: np.where(np.isnan(x + y), np.nan, (x != 0) & (y != 0)),
    "either": lambda x, y: np.where(np.isnan(x + y), np.nan, (x != 0) | (y != 0)),
    "filled": lambda x, y: np.where(np.isnan(x), y, x),
    "negative": lambda x, y: -x,
    "absolute": lambda x, y: np.abs(x),
    "sign": lambda x, y: np.sign(x),
    "opposite": lambda x, y: np.where(np.isnan(x), np.nan, x == 0),
    "present": lambda x, y: np.isfinite(x).astype(float),
    "log": lambda x, y: np.log(np.where(x > 0, x, np.nan)),
    "root": lambda x, y: np.sqrt(np.where(x >= 0, x, np.nan)),
    "power": lambda x, y: np.where(np.isnan(x + y), np.nan, np.power(x, 2.0)),
    "if": lambda x, y: np.where(np.isnan(x), np.nan, np.where(x != 0, x, y)),
}


def test_every_element_operator_has_a_reference_here():
    assert set(ELEMENT) == {row.name for row in OPERATORS.values() if row.kind == "element"}


@pytest.mark.parametrize("name", list(ELEMENT))
def test_elements_are_what_numpy_says(name):
    one, two = w.Sign(w.Delta(w.Amount, 2)) * w.Sign(w.Delta(X, 3)), w.Sign(w.Delta(X, 1)) * w.Sign(w.Close - w.Low)
    x, y = made([one, two]).T
    assert np.isnan(x).any()
    assert {-1.0, 0.0, 1.0} >= set(x[np.isfinite(x)])
    assert (y == 0).any()
    parts = {1: (one,), 2: (one, number(2) if name == "power" else two), 3: (one, one, two)}[OPERATORS[name].children]
    np.testing.assert_array_equal(made([build(name, parts)])[:, 0], ELEMENT[name](x, y))


def test_lag_and_delta_stay_within_an_asset():
    close = GAPPED.adjusted("close")
    lagged, delta, same = made([w.Lag(X, 3), w.Delta(X, 3), w.Lag(X, 0)]).T
    for first, end in pairwise(GAPPED.offsets):
        assert np.isnan(lagged[first : first + 3]).all()
        np.testing.assert_array_equal(lagged[first + 3 : end], close[first : end - 3])
        np.testing.assert_array_equal(delta[first + 3 : end], close[first + 3 : end] - close[first : end - 3])
    np.testing.assert_array_equal(same, close)


def test_across_assets_against_a_loop_over_dates():
    amount, nested = w.Amount, w.CrossRank(w.Mean(w.CrossZScore(w.Amount), 3))
    rank, score, deep = made([w.CrossRank(amount), w.CrossZScore(amount), nested]).T
    values, smooth = GAPPED.column("amount"), made([w.Mean(w.CrossZScore(w.Amount), 3)])[:, 0]

    def ranked(v):
        there = max(np.isfinite(v).sum(), 1)
        return np.array([((v < one).sum() + 0.5 * (v == one).sum() + 0.5) / there for one in v])

    for place in range(len(GAPPED.times)):
        rows = np.flatnonzero(GAPPED.places == place)
        for x, found in ((values[rows], rank[rows]), (smooth[rows], deep[rows])):
            np.testing.assert_allclose(found, np.where(np.isnan(x), np.nan, ranked(x)), rtol=1e-12)
        there = rows[np.isfinite(values[rows])]
        if there.size > 1:
            gap = values[there] - values[there].mean()
            np.testing.assert_allclose(score[there], gap / values[there].std(ddof=1), rtol=1e-9)
        else:
            assert np.isnan(score[rows]).all()


ALL = [
    build(row.name, (w.Amount, w.Close)[: row.children], (bars, *EXTRA.get(row.name, ())))
    for row in OPERATORS.values()
    if row.kind in {"window", "pair", "lag"}
    for bars in (4, 5, 13)
] + [parse(text) for text in price_volume((5, 20)).values()]


@given(st.integers(0, 88), st.integers(1, 400))
@settings(max_examples=12)
def test_no_bit_depends_on_the_start_the_end_or_the_pieces(cut, piece):
    whole = made(ALL)
    np.testing.assert_array_equal(made(ALL, piece=piece), whole)
    time = GAPPED.frame["time"].to_numpy()
    deep = max(expression.lookback for expression in ALL)
    late = Bars.of(GAPPED.frame.filter(pl.col("time") >= GAPPED.times[cut]), GAPPED.spec)
    found, expected = made(ALL, late), whole[time >= GAPPED.times[cut]]
    age = np.concatenate([np.arange(n) for n in np.diff(late.offsets)])
    np.testing.assert_array_equal(found[age >= deep], expected[age >= deep])
    early = GAPPED.upto(GAPPED.times[cut])
    np.testing.assert_array_equal(made(ALL, early), whole[time <= GAPPED.times[cut]])


def test_constants_are_constant_to_the_last_bit():
    flat = X * 0 + 0.1
    values = made([w.Std(flat, 60), w.Variance(flat, 7), w.Slope(flat, 23), w.Covariance(flat, X, 9)], BARS)
    assert set(values[np.isfinite(values)]) == {0.0}
    assert np.isnan(
        made([w.Correlation(flat, X, 9), w.RSquared(flat, 9), w.Skew(flat, 9), w.Kurt(flat, 9)], BARS)
    ).all()


def test_a_great_level_takes_no_digits_from_a_small_spread():
    near, far = made([w.Std(w.Sign(w.Delta(X, 1)), 20), w.Std(w.Sign(w.Delta(X, 1)) + 2.0**40, 20)], BARS).T
    np.testing.assert_allclose(near, far, rtol=1e-12)


class TestRefusals:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: w.Lag(X, -1),
            lambda: w.Delta(X, -5),
            lambda: w.Mean(X, -20),
            lambda: w.Mean(X),
            lambda: w.Std(X),
            lambda: w.Correlation(X, Y),
            lambda: parse("lag(close, -1)"),
            lambda: parse("mean(close)"),
            lambda: parse("close / mean(lag(close, -5), 5)"),
            lambda: parse("quantile(close)"),
        ],
    )
    def test_what_would_look_ahead_is_refused_when_it_is_made(self, make):
        with pytest.raises(ClockError, match=r"lie ahead|would know the future"):
            make()

    @pytest.mark.parametrize(
        "make, match",
        [
            (lambda: w.Mean(X, 0), "needs 1 …"),
            (lambda: w.Std(X, 1), "needs 2 …"),
            (lambda: w.Mean(X, 2.5), "whole bars"),
            (lambda: w.Mean(X, True), "whole bars"),
            (lambda: w.Quantile(X, 5, 1.5), r"0 … 1"),
            (lambda: w.ExponentialMean(X, 0.5), "1 or more"),
            (lambda: w.Mean(w.Mean(X, 90_000), 90_000), "too far"),
            (lambda: X + float("nan"), "finite number"),
            (lambda: bool(X), "not true or false"),
            (lambda: 1 if w.Low < X < w.High else 0, "not true or false"),
            (lambda: w.Mean("close", 5), "finite number"),
            (lambda: build("mean", (X, X), (5,)), "takes 1 expression"),
            (lambda: build("mean", (X,), (5, 6)), "takes these numbers"),
        ],
    )
    def test_wrong_numbers(self, make, match):
        with pytest.raises(SettingError, match=match):
            make()

    @pytest.mark.parametrize("other", ["close", None, True, [1]])
    def test_arithmetic_with_anything_else(self, other):
        with pytest.raises(TypeError):
            X + other

    @pytest.mark.parametrize(
        "text, error, match",
        [
            ("", SettingError, "character 1.*found the end"),
            ("close +", SettingError, "found the end"),
            ("close close", SettingError, "character 7"),
            ("(close", SettingError, r"expected \)"),
            ("close.shift(-1)", SettingError, "no meaning"),
            ("close[1]", SettingError, "no meaning"),
            ("__import__('os')", SettingError, "no meaning"),
            ("lambda: 1", SettingError, "no meaning"),
            ("ｃlose", SettingError, "no meaning"),
            ("clsoe", UnknownNameError, "did you mean 'close'"),
            ("mena(close, 5)", UnknownNameError, "did you mean 'mean'"),
            ("mean", SettingError, r"expected \( after mean"),
            ("mean()", SettingError, "character 6"),
            ("mean(close, close)", SettingError, "plain numbers"),
            ("mean(close, 2 + 3)", SettingError, "plain numbers"),
            ("mean(close, 5, 5)", SettingError, "takes these numbers"),
            ("correlation(close, 5)", ClockError, "over the whole sample"),
            ("add(close)", SettingError, "takes 2"),
            ("low < close < high", SettingError, "one comparison"),
            ("(" * 250 + "close" + ")" * 250, SettingError, "too deeply"),
            ("close + " * 2000 + "close", SettingError, "too long"),
            ("close +" * 300 + "close", SettingError, "too deeply"),
            ("1e999", SettingError, "finite"),
        ],
    )
    def test_text(self, text, error, match):
        with pytest.raises(error, match=match):
            parse(text)


leaves = st.sampled_from([field_of(name) for name in FIELDS]) | st.floats(-1e6, 1e6).map(number)
grown = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from([row for row in OPERATORS.values() if not row.settings]), st.tuples(inner, inner, inner)
        ).map(
            lambda told: -told[1][0] if told[0].name == "negative" else build(told[0].name, told[1][: told[0].children])
        ),
        st.tuples(
            st.sampled_from([row for row in OPERATORS.values() if row.settings]),
            st.tuples(inner, inner),
            st.integers(4, 90),
        ).map(lambda told: build(told[0].name, told[1][: told[0].children], (told[2], *EXTRA.get(told[0].name, ())))),
    ),
    max_leaves=12,
)


@given(grown)
@settings(max_examples=150)
def test_what_is_printed_is_read_back(expression):
    again = parse(str(expression))
    assert again == expression
    assert hash(again) == hash(expression)
    assert again.lookback == expression.lookback


@given(st.text(max_size=30) | st.text(alphabet="closemeanhighlow()+-*/<>=,. 0123456789", max_size=40))
@settings(max_examples=150)
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except (SettingError, ClockError):
        return


def test_precedence_and_equality():
    assert parse("1 - 2 - close") == (number(1) - 2) - X
    assert parse("1 - (2 - close)") == 1 - (2 - X)
    assert parse("-close * 2") == (-X) * 2
    close, open_ = X, w.Open
    above = close > open_ + 1
    assert parse("close > open + 1") == above
    both = (close > open_) & ~(w.Low < 3)
    assert str(both) == "both(close > open, opposite(low < 3))"
    assert len({X + 1, w.Close + 1, X + 2}) == 2
    assert w.Mean(w.Lag(X, 3), 5).lookback == 7


def test_shared_parts_are_computed_once(monkeypatch):
    from tidegate.factors.expression.plan import Plan

    calls = []
    real = Plan._step
    monkeypatch.setattr(Plan, "_step", lambda self, node, *rest: (calls.append(str(node)), real(self, node, *rest))[1])
    made([parse("mean(close, 5) / close * 1"), parse("mean(close, 5) * 2"), w.Mean(X, 5)], BARS)
    assert calls.count("mean(close, 5)") == 1
    assert len(calls) == 4


@pytest.mark.parametrize("piece", [40, 64, 100, 8192])
def test_pieces_that_begin_within_an_asset_give_the_same_bits(piece):
    asked = [*ALL, parse("close / open"), parse("1 / mean(close, 5)"), X, parse("close / open")]
    whole = evaluate(asked, BARS)
    np.testing.assert_array_equal(evaluate(asked, BARS, piece=piece), whole)
    some = np.arange(3, BARS.frame.height, 7)
    np.testing.assert_array_equal(evaluate(asked, BARS, rows=some, piece=piece), whole[some])


def test_a_quotient_that_is_divided_and_written_at_once_is_the_same_number():
    apart, at_once = evaluate([parse("close / delta(close, 1) * 1"), parse("close / delta(close, 1)")], BARS).T
    np.testing.assert_array_equal(apart, at_once)
    assert np.isnan(at_once[0])


class TestSets:
    def test_the_seven_by_hand(self):
        panel = PriceRatios().compute(BARS)
        close, open_ = BARS.adjusted("close")[:90], BARS.adjusted("open")[:90]
        mean = [close[t - 9 : t + 1].mean() for t in range(40, 90)]
        np.testing.assert_allclose(panel.column("close_to_mean_10")[40:90], close[40:] / mean, rtol=1e-7)
        np.testing.assert_allclose(panel.column("open_to_mean_10")[40:90], open_[40:] / mean, rtol=1e-7)
        assert len(panel.fields) == len(PRICE_RATIOS) == 7

    def test_there_are_158_that_differ(self):
        named = price_volume()
        assert len(named) == len({parse(text) for text in named.values()}) == 158
        values = evaluate([parse(text) for text in named.values()], BARS)
        assert np.isfinite(values[80]).all()

    def test_scale_of_prices_and_volumes_does_not_matter(self):
        other = BARS.frame.with_columns(pl.col("open", "high", "low", "close") * 4, volume=pl.col("volume") * 2)
        other = other.select("time", "session", "asset", "open", "high", "low", "close", "volume", "factor")
        one = PriceVolume().compute(BARS).values
        np.testing.assert_allclose(PriceVolume().compute(Bars.of(other, BARS.spec)).values, one, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize(
        "factors",
        [
            Expressions(formulas={"rank": "cross_rank(mean(amount, 3))", "z": "std(cross_z_score(close / open), 4)"}),
            Expressions(formulas={f"factor_{number}": str(held) for number, held in enumerate(ALL)}),
        ],
        ids=["across", "all"],
    )
    def test_they_do_not_know_the_future(self, factors):
        assert check_factor_set(factors, example_bars(sessions=60)) >= 8

    def test_a_set_is_its_document(self):
        one = Expressions(formulas={"up": w.Mean(w.Close > w.Lag(w.Close, 1), 10)})
        assert document(one) == {"name": "expressions", "formulas": {"up": "mean(close > lag(close, 1), 10)"}}
        assert FactorSet.of(document(one)) == one
        assert one.lookback == 10

    def test_wrong_declarations(self):
        with pytest.raises(ClockError, match="lie ahead"):
            Expressions(formulas={"a": "lag(close, -1)"})
        with pytest.raises(UnknownNameError, match="'close'"):
            Expressions(formulas={"a": "clos"})
        with pytest.raises(SettingError, match="a word"):
            Expressions(formulas={"a b": "close"})
        with pytest.raises(SettingError, match="windows"):
            PriceVolume(windows=(2,))
        bare = Bars.of(BARS.frame.select("time", "session", "asset", "open", "high", "low", "close"), BARS.spec)
        with pytest.raises(DataError, match="no volume"):
            PriceVolume(windows=(5,)).compute(bare)
