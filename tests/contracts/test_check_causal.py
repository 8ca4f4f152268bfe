"""Functions of users that look ahead, in pandas, polars and NumPy, and honest ones that look like them."""

import numpy as np
import polars as pl
import pytest

from tidegate.errors import ClockError, SettingError
from tidegate.testing import check_causal, check_fitted, check_train_test
from tidegate.testing.lint import lint_text

pandas = pytest.importorskip("pandas")

T, NAMES = 160, ("a", "b", "c")


def prices(seed=0):
    """A long table: three assets, one listed late, with a flag, a group and a factor."""
    rng = np.random.default_rng(seed)
    frames = []
    days = pandas.bdate_range("2020-01-01", periods=T)
    for number, name in enumerate(NAMES):
        close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.02, T))), 2)
        open_ = np.round(close * np.exp(rng.normal(0, 0.01, T)), 2)
        frame = pandas.DataFrame(
            {
                "date": days,
                "code": name,
                "open": open_,
                "high": np.maximum(open_, close) + 0.1,
                "low": np.minimum(open_, close) - 0.1,
                "close": close,
                "volume": np.round(1e6 * np.exp(rng.normal(0, 0.5, T))),
                "factor": np.where(np.arange(T) < 90, 1.0, 2.0),
                "st": (rng.random(T) < 0.1).astype(int),
                "industry": rng.choice(["bank", "mine"], T),
            }
        )
        frames.append(frame.iloc[40 if number == 2 else 0 :])
    return pandas.concat(frames, ignore_index=True)


LONG = prices()
ONE = LONG[LONG.code == "a"].set_index("date").drop(columns=["code", "industry"])
WIDE = LONG.pivot(index="date", columns="code", values="close")
MULTI = LONG.set_index(["date", "code"])
POLARS = pl.DataFrame({c: LONG[c].to_list() for c in LONG.columns})
by = LONG.groupby("code").close


def grouped(f):
    return lambda d: d.groupby("code", group_keys=False)["close"].transform(f)


LEAKS = {
    "tomorrow's return": (lambda d: d.close.pct_change().shift(-1), ONE),
    "close over the next open": (lambda d: d.close / d.open.shift(-1), ONE),
    "z-score of the whole sample": (lambda d: (d.close - d.close.mean()) / d.close.std(), ONE),
    "z-score by asset": (grouped(lambda x: (x - x.mean()) / x.std()), LONG),
    "centred mean": (lambda d: d.close.rolling(5, center=True).mean(), ONE),
    "backward fill": (lambda d: d.close.where(d.volume > 1e6).bfill(), ONE),
    "interpolation": (lambda d: d.close.where(d.volume > 1e6).interpolate(), ONE),
    "rank over time": (lambda d: d.close.rank(pct=True), ONE),
    "winsorised by all": (lambda d: d.close.clip(d.close.quantile(0.05), d.close.quantile(0.95)), ONE),
    "future low": (lambda d: d.low[::-1].cummin()[::-1], ONE),
    "adjusted from the last day": (lambda d: d.close * d.factor / d.factor.iloc[-1], ONE),
    "weekly close on every day": (lambda d: d.close.resample("W").transform("last"), ONE),
    "weekly bars labelled by their first day": (lambda d: d.close.resample("W-MON", label="left").last(), ONE),
    "survivors": (lambda d: d.code.isin(d.code[d.date == d.date.max()]).astype(float), LONG),
    "the shift crosses assets": (lambda d: d.sort_values("date").close.shift(-1), LONG),
    "wide z-score": (lambda d: (d - d.mean()) / d.std(), WIDE),
    "wide, one row ahead": (lambda d: d.shift(-1) / d - 1, WIDE),
    "multi-index": (lambda d: d.groupby(level="code").close.shift(-2), MULTI),
    "polars": (lambda d: d.with_columns(x=pl.col("close").shift(-1).over("code")).select("date", "code", "x"), POLARS),
    "polars mean by asset": (lambda d: d.select((pl.col("close") / pl.col("close").mean().over("code")).alias("x")), POLARS),
    "numpy gradient": (np.gradient, ONE.close.to_numpy()),
    "numpy roll": (lambda x: np.roll(x, -1), ONE.close.to_numpy()),
    "numpy Fourier": (lambda x: np.fft.irfft(np.fft.rfft(x) * (np.arange(len(x) // 2 + 1) < 8), len(x)), ONE.close.to_numpy()),
    "min-max of columns": (lambda x: (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)), WIDE.bfill().to_numpy()),
    "dictionary": (lambda d: {"x": np.append(d["close"][1:], np.nan)}, {"date": np.arange(T), "close": ONE.close.to_numpy()}),
    "group known later": (lambda d: d.groupby("code").industry.transform("last") == "bank", LONG),
    "better of two lookbacks": (
        lambda d: max((d.close.pct_change(n) for n in (2, 10)), key=lambda x: x.corr(d.close.pct_change().shift(-1))),
        ONE,
    ),
}  # fmt: skip

CLEAN = {
    "return": (lambda d: d.close.pct_change(), ONE),
    "close over open": (lambda d: d.close / d.open, ONE),
    "rolling z-score": (lambda d: (d.close - d.close.rolling(20).mean()) / d.close.rolling(20).std(), ONE),
    "expanding z-score": (lambda d: (d.close - d.close.expanding().mean()) / d.close.expanding().std(), ONE),
    "forward fill": (lambda d: d.close.where(d.volume > 1e6).ffill(), ONE),
    "exponential": (lambda d: d.close.ewm(halflife=5).mean(), ONE),
    "expanding rank": (lambda d: d.close.expanding().rank(pct=True), ONE),
    "cross-sectional rank": (lambda d: d.groupby("date").close.rank(pct=True), LONG),
    "cross-sectional z-score": (lambda d: d.groupby("date").close.transform(lambda x: x - x.mean()), LONG),
    "industry mean of the day": (lambda d: d.groupby(["date", "industry"]).close.transform("mean"), LONG),
    "by asset": (grouped(lambda x: x.pct_change(5)), LONG),
    "by asset, sorted otherwise": (lambda d: d.sort_values(["code", "date"]).groupby("code").close.shift(3), LONG),
    "adjusted from the first day": (lambda d: d.close * d.factor / d.factor.iloc[0], ONE),
    "week so far": (lambda d: d.close.groupby(d.index.to_period("W")).cummax(), ONE),
    "weekly bars labelled by their last day": (lambda d: d.close.resample("W-FRI").last(), ONE),
    "only complete rows": (lambda d: d.close.rolling(30).mean().dropna(), ONE),
    "wide, cross-sectional": (lambda d: d.sub(d.mean(axis=1), axis=0), WIDE),
    "multi-index": (lambda d: d.groupby(level="code").close.pct_change(), MULTI),
    "polars": (
        lambda d: d.with_columns(x=pl.col("close").pct_change().over("code")).select("date", "code", "x"),
        POLARS,
    ),
    "numpy cumulative": (lambda x: np.maximum.accumulate(x) / x, ONE.close.to_numpy()),
    "numpy lag": (lambda x: np.append(np.nan, np.diff(x)), ONE.close.to_numpy()),
    "first of the sample": (lambda d: d.close / d.close.iloc[0], ONE),
    "flags and groups": (lambda d: d.st + (d.industry == "bank"), LONG),
    "a month's number": (lambda d: d.date.dt.month, LONG),
    "a matrix product": (lambda x: np.nan_to_num(x) @ np.array([0.2, 0.3, 0.5]), WIDE.to_numpy()),
    "a fixed seed": (lambda x: x + np.random.default_rng(0).normal(size=1), ONE.close.to_numpy()),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_function_that_looks_ahead_is_caught(name):
    fn, data = LEAKS[name]
    found = check_causal(fn, data, name=name)
    assert found.status == "failed", found
    assert found.first is not None
    assert found.hint
    with pytest.raises(ClockError, match=name.replace("(", r"\(")):
        found.require()


@pytest.mark.parametrize("name", CLEAN)
def test_an_honest_function_is_not_flagged(name):
    fn, data = CLEAN[name]
    found = check_causal(fn, data, name=name)
    assert found, found
    assert found.tried >= 16
    assert found.require() is found


def test_the_data_are_left_as_they_were():
    before = LONG.copy()
    check_causal(lambda d: d.close.shift(1), LONG)
    assert before.equals(LONG)


def test_the_first_cell_is_named():
    found = check_causal(lambda d: d.groupby("code").close.shift(-1), LONG)
    told = str(found)
    assert found.first.asset in NAMES
    assert found.first.time.startswith("2020-")
    assert found.reach == 0
    assert "shift(-1)" in told
    assert repr(found) == told


def test_how_far_a_window_reaches():
    assert check_causal(lambda d: d.close.rolling(9, center=True).mean(), ONE, cuts=4).reach == 3


@pytest.mark.parametrize(
    "fn, passes",
    [
        (lambda d: d.open / d.close.shift(1), True),
        (lambda d: d.close / d.open, False),
        (lambda d: (d.high > d.high.shift(1)).astype(float), False),
        (lambda d: d.close.shift(1).rolling(3).mean(), True),
    ],
    ids=["gap", "own close", "own high", "yesterday"],
)
def test_what_is_used_at_the_open_knows_no_close(fn, passes):
    assert bool(check_causal(fn, ONE, known="open")) is passes
    assert check_causal(fn, ONE)


def test_what_draws_without_a_seed_is_not_judged():
    rng = np.random.default_rng()
    found = check_causal(lambda x: x + rng.normal(size=len(x)), ONE.close.to_numpy())
    assert found.status == "could not run"
    assert "seed" in str(found)
    with pytest.raises(ClockError, match="could not be judged"):
        found.require()


def test_a_function_that_works_on_the_whole_alone_is_not_passed():
    def stubborn(d):
        if len(d) < len(ONE):
            raise ValueError("I want it all")
        return d.close

    found = check_causal(stubborn, ONE, scrambles=0)
    assert found.status == "could not run"
    assert "I want it all" in str(found)


@pytest.mark.parametrize(
    "fn, data, match",
    [
        (lambda d: 3.0, ONE, "gives no table"),
        (lambda x: x[::2], ONE.close.to_numpy(), "can't be laid beside"),
        (lambda x: x, "text", "no table"),
        (lambda x: x, np.array([1.0, 2.0]), "too few moments"),
        (lambda x: x, np.array([]), "empty"),
    ],
    ids=["scalar", "half", "text", "short", "empty"],
)
def test_what_cannot_be_judged_is_refused(fn, data, match):
    with pytest.raises(SettingError, match=match):
        check_causal(fn, data)


def test_an_unknown_column_of_times_is_refused():
    with pytest.raises(SettingError, match="no time of this name"):
        check_causal(lambda d: d.close, ONE, time="when")


def columns_of(frame):
    return frame.rename(columns={"date": "t", "code": "who"})


def test_columns_of_other_names_can_be_said():
    fn = lambda d: d.groupby("who").close.shift(-1)  # noqa: E731
    assert not check_causal(fn, columns_of(LONG), time="t", asset="who")
    assert check_causal(lambda d: d.groupby("who").close.shift(1), columns_of(LONG), time="t", asset="who")


CUT = ONE.index[100]


class Scaler:
    """As an estimator keeps what it learned."""

    def fit(self, x):
        self.mean_, self.scale_ = x.mean(axis=0), x.std(axis=0)
        return self


def purged(d, upto, span):
    ahead = d.close.shift(-span) / d.close - 1
    known = d.index.to_series().shift(-span)
    use = (known <= upto).to_numpy()
    x, y = d.close.pct_change().fillna(0).to_numpy()[use], ahead.to_numpy()[use]
    return np.polyfit(x, y, 1)


def unpurged(d, upto, span):
    ahead = (d.close.shift(-span) / d.close - 1).fillna(0)
    use = d.index <= upto
    return np.polyfit(d.close.pct_change().fillna(0).to_numpy()[use], ahead.to_numpy()[use], 1)


def best_columns(d, upto=None):
    used = d if upto is None else d[d.index <= upto]
    score = {
        c: abs(used[c].pct_change().corr(used.close.pct_change().shift(-1))) for c in ("open", "volume", "high", "low")
    }
    return {"score": score, "best": max(score, key=score.get)}


def stops_on_test(d, upto):
    train, rest = d[d.index <= upto].close.pct_change().dropna(), d[d.index > upto].close.pct_change().dropna()
    path = [train.mean() * n for n in range(20)]
    return path[int(np.argmin([((rest - one) ** 2).mean() for one in path]))]


FITS = {
    "scaler on all": (lambda d: Scaler().fit(d[["close", "volume"]].to_numpy()), False),
    "scaler on train": (lambda d: Scaler().fit(d[d.index <= CUT][["close", "volume"]].to_numpy()), True),
    "no purge": (lambda d: unpurged(d, CUT, 5), False),
    "purged": (lambda d: purged(d, CUT, 5), True),
    "clipped by all": (lambda d: d.close.clip(*d.close.quantile([0.1, 0.9]))[d.index <= CUT].to_numpy(), False),
    "clipped by train": (lambda d: d.close[d.index <= CUT].clip(*d.close[d.index <= CUT].quantile([0.1, 0.9])), True),
    "selected on all": (best_columns, False),
    "selected on train": (lambda d: best_columns(d, CUT), True),
    "stops on test": (lambda d: stops_on_test(d, CUT), False),
    "rows of all": (len, False),
    "survivors": (lambda d: sorted(set(np.round(d.close[d.volume > d.volume.iloc[-1]][:5], 2))), False),
}


@pytest.mark.parametrize("name", FITS)
def test_what_a_fit_of_ones_own_knows(name):
    fit, passes = FITS[name]
    found = check_fitted(fit, ONE, CUT, name=name)
    assert bool(found) is passes, found


def test_a_changed_member_of_a_fit_is_named():
    found = check_fitted(lambda d: Scaler().fit(d[["close"]].to_numpy()), ONE, CUT)
    assert found.first.column in {"it.mean_", "it.scale_"}


def test_a_cut_outside_the_data_is_refused():
    with pytest.raises(SettingError, match="go on after the cut"):
        check_fitted(lambda d: d.close.mean(), ONE, ONE.index[-1])


def test_a_split_of_ones_own():
    anchor = np.arange(100)
    counted = check_train_test(anchor < 60, anchor >= 66, anchor, anchor + 5, first_input=anchor - 10)
    assert counted["train"] == 60
    assert counted["gap"] == 2
    assert counted["test inputs that reach into training"] == 4
    with pytest.raises(ClockError, match=r"4 training targets are known only after testing begins \(sample 56\)"):
        check_train_test(anchor < 60, anchor >= 61, anchor, anchor + 5)
    with pytest.raises(ClockError, match="embargo of 3"):
        check_train_test(anchor < 60, anchor >= 66, anchor, anchor + 5, embargo=3)
    with pytest.raises(ClockError, match="both learned from and judged"):
        check_train_test(anchor < 60, anchor > 58, anchor, anchor)
    shuffled = np.random.default_rng(0).permutation(100)
    with pytest.raises(ClockError, match="known only after"):
        check_train_test(shuffled[:70], shuffled[70:], anchor, anchor + 1)


@pytest.mark.parametrize(
    "text",
    [
        "x.shift(-1)",
        "x.pct_change(periods=-5)",
        "np.roll(x, -1)",
        "x.bfill()",
        "x.fillna(method='bfill')",
        "pl.col('x').fill_null(strategy='backward')",
        "x.rolling(5, center=True).mean()",
        "x.interpolate()",
        "(x - x.mean()) / x.std()",
        "x.rank()",
        "x.cum_min(reverse=True)",
        "x[::-1]",
        "x[-1]",
        "pd.merge_asof(a, b, direction='forward')",
        "np.convolve(x, k, mode='same')",
        "StandardScaler().fit_transform(x)",
        "x.groupby('code').transform('mean')",
        "pl.col('x').mean().over('asset')",
        "savgol_filter(x, 5, 2)",
    ],
)
def test_a_sign_of_looking_ahead_is_read(text):
    assert lint_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "x.shift(1)",
        "x.pct_change(5)",
        "np.roll(x, 1)",
        "x.ffill()",
        "x.rolling(5).mean()",
        "x.expanding().std()",
        "pl.col('x').mean().over('time')",
        "x.groupby('date').transform('mean')",
        "x.mean(axis=1)",
        "np.maximum(a, b)",
        "x[1:]",
        "x[:-1]",
        "pd.merge_asof(a, b, direction='backward')",
        "x.cum_sum()",
    ],
)
def test_an_innocent_line_is_not_flagged(text):
    assert not lint_text(text)
