"""Features that look ahead, and such as only look as if they did: smoothers, drawings on charts, states, calendars."""

# A case is a line or few, whose words are in its mark; some are written as their authors write them, mistakes and all.
import numpy as np
import pandas as pd
import polars as pl
from scipy.signal import filtfilt, lfilter, savgol_filter

from leaks.case import clean, leak
from leaks.tables import each, halfhours, lean, newest_first, one

ROOM = "features"


@leak(ROOM, "who likes how a centred average lies on the chart")
def centred_mean(d):
    return each(d, lambda own: own.close / own.close.rolling(9, center=True, min_periods=1).mean() - 1)


@clean(ROOM, "the same average of the past")
def trailing_mean(d):
    return each(d, lambda own: own.close / own.close.rolling(9, min_periods=1).mean() - 1)


@leak(ROOM, "who takes shift(-1) for yesterday")
def tomorrows_return(d):
    return each(d, lambda own: own.close.shift(-1) / own.close - 1)


@clean(ROOM, "a shift, in the right direction")
def todays_return(d):
    return each(d, lambda own: own.close / own.close.shift(1) - 1)


@leak(ROOM, "who loads a file with the newest day on top, and shifts by one", data=newest_first)
def shift_on_newest_first(d):
    return each(d, lambda own: own.close / own.close.shift(1) - 1)


@clean(ROOM, "shift(-1), on a file with the newest day on top: that is yesterday", data=newest_first)
def negative_shift_on_newest_first(d):
    return each(d, lambda own: own.close / own.close.shift(-1) - 1)


@leak(ROOM, "who forgets groupby: a share's first return is against the last close of the share above it")
def shift_across_shares(d):
    return d.close / d.close.shift(1) - 1


@clean(ROOM, "no groupby either, but what crosses a border is made missing")
def shift_within_shares(d):
    return (d.close / d.close.shift(1) - 1).where(d.asset == d.asset.shift(1))


@leak(ROOM, "who copies a denoiser from a blog: zero phase, forwards and backwards")
def zero_phase_filter(d):
    return each(d, lambda own: pd.Series(filtfilt([0.3], [1, -0.7], own.close.to_numpy()), own.index))


@clean(ROOM, "the same filter, forwards alone")
def one_way_filter(d):
    return each(d, lambda own: pd.Series(lfilter([0.3], [1, -0.7], own.close.to_numpy()), own.index))


@leak(ROOM, "who smooths with Savitzky and Golay, and calls it preprocessing")
def savitzky_golay(d):
    return each(d, lambda own: pd.Series(savgol_filter(own.close.to_numpy(), 11, 2), own.index))


@clean(ROOM, "the same parabola, its value at the end of a window of the past")
def trailing_parabola(d):
    t = np.arange(11) - 10.0
    last = np.linalg.pinv(np.vander(t, 3))[2]
    return each(d, lambda own: own.close.rolling(11).apply(lambda y: last @ y, raw=True))


def _haar(x):
    """Haar's wavelet, small details set to nothing."""
    even = x[: len(x) // 2 * 2].reshape(-1, 2)
    detail = (even[:, 0] - even[:, 1]) / 2
    detail = np.where(np.abs(detail) > np.median(np.abs(detail)), detail, 0.0)
    level = even.mean(axis=1)
    return np.r_[np.stack([level + detail, level - detail], axis=1).ravel(), x[len(even) * 2 :]]


@leak(ROOM, "published LSTM studies that denoise the whole series by wavelets first", data=one)
def wavelet_of_all(d):
    return _haar(d.close.to_numpy())


@clean(ROOM, "wavelets of the last 32 closes, and of them the last number", data=one)
def wavelet_of_window(d):
    return d.close.rolling(32).apply(lambda x: _haar(x)[-1], raw=True)


@leak(ROOM, "who takes low frequencies of the whole price", data=one)
def fourier_of_all(d):
    spectrum = np.fft.rfft(d.close.to_numpy())
    spectrum[8:] = 0
    return np.fft.irfft(spectrum, len(d))


@clean(ROOM, "how much of the last 32 closes is low frequency", data=one)
def fourier_of_window(d):
    power = lambda x: (np.abs(np.fft.rfft(x - x.mean())[1:4]) ** 2).sum()  # noqa: E731
    return d.close.rolling(32).apply(power, raw=True)


@leak(ROOM, "np.convolve with mode='same', which is centred")
def convolve_same(d):
    return each(d, lambda own: pd.Series(np.convolve(own.close, np.ones(5) / 5, mode="same"), own.index))


@clean(ROOM, "np.convolve too, cut where it ends")
def convolve_full(d):
    return each(d, lambda own: pd.Series(np.convolve(own.close, np.ones(5) / 5)[: len(own)], own.index))


@leak(ROOM, "np.gradient as a momentum: central differences")
def gradient(d):
    return each(d, lambda own: pd.Series(np.gradient(own.close.to_numpy()), own.index))


@clean(ROOM, "differences backwards")
def backward_difference(d):
    return each(d, lambda own: pd.Series(np.diff(own.close, prepend=own.close.iloc[0]), own.index))


@leak(ROOM, "swing highs drawn on the bar where they were, which nobody knew then")
def pivot_where_it_was(d):
    return each(d, lambda own: (own.high == own.high.rolling(7, center=True, min_periods=7).max()).astype(float))


@clean(ROOM, "the same swing highs, told three bars later")
def pivot_when_told(d):
    return each(d, lambda own: (own.high.shift(3) == own.high.rolling(7, min_periods=7).max()).astype(float))


@leak(ROOM, "who counts the days to an event that the same table tells")
def days_to_next_jump(d):
    def of(own):
        jump = (own.close / own.close.shift(1) - 1).abs() > 0.03
        at = pd.Series(np.where(jump, np.arange(len(own)), np.nan), own.index).bfill()
        return at - np.arange(len(own))

    return each(d, of)


@clean(ROOM, "days since the same event")
def days_since_last_jump(d):
    def of(own):
        jump = (own.close / own.close.shift(1) - 1).abs() > 0.03
        at = pd.Series(np.where(jump, np.arange(len(own)), np.nan), own.index).ffill()
        return np.arange(len(own)) - at

    return each(d, of)


@leak(ROOM, "a rank of today among all days there are")
def rank_among_all_days(d):
    return each(d, lambda own: own.volume.rank(pct=True))


@clean(ROOM, "a rank of today among the days so far")
def rank_among_days_so_far(d):
    return each(d, lambda own: own.volume.expanding().rank(pct=True))


@leak(ROOM, "weekly bars labelled with their first day: resample('W-MON', label='left')", data=one)
def week_labelled_left(d):
    return d.set_index("date").close.resample("W-MON", label="left", closed="left").last()


@clean(ROOM, "weekly bars labelled with the day after their last", data=one)
def week_labelled_right(d):
    return d.set_index("date").close.resample("W-SUN", label="right", closed="right").last()


@leak(ROOM, "the day's average joined to its half hours", data=halfhours)
def mean_of_the_day(d):
    return d.close / d.groupby(d.time.dt.date).close.transform("mean") - 1


@clean(ROOM, "the day's average so far", data=halfhours)
def mean_of_the_day_so_far(d):
    return d.close / d.groupby(d.time.dt.date).close.expanding().mean().to_numpy() - 1


@leak(ROOM, "the month's close joined to its days")
def close_of_the_month(d):
    return d.close / d.groupby([d.asset, d.date.dt.to_period("M")]).close.transform("last") - 1


@clean(ROOM, "the close of the month before, joined to the days of this one")
def close_of_the_last_month(d):
    month = d.date.dt.to_period("M")
    last = d.close.groupby([d.asset, month]).last().groupby("asset").shift(1).rename("before")
    joined = pd.DataFrame({"asset": d.asset, "date": month}).join(last, on=["asset", "date"])
    return d.close / joined["before"] - 1


@leak(ROOM, "last day of the month, told by whether the table goes on", data=one)
def last_row_of_month(d):
    month = d.date.dt.to_period("M")
    return (month != month.shift(-1)).astype(float)


@clean(ROOM, "business days left in the month, by the calendar: known for years ahead")
def business_days_left_in_month(d):
    day = d.date.to_numpy().astype("datetime64[D]")
    return pd.Series(np.busday_count(day, (day.astype("datetime64[M]") + 1).astype("datetime64[D]")), d.index)


@clean(ROOM, "days to the third Friday, on which contracts expire: future, and lawfully known")
def days_to_expiry(d):
    month = d.date.to_numpy().astype("datetime64[M]")
    third = np.busday_offset(month.astype("datetime64[D]"), 2, roll="forward", weekmask="Fri")
    after = np.busday_offset((month + 1).astype("datetime64[D]"), 2, roll="forward", weekmask="Fri")
    day = d.date.to_numpy().astype("datetime64[D]")
    return pd.Series(np.where(day <= third, third - day, after - day).astype(float), d.index)


def _likelihood(x, scale):
    return np.exp(-0.5 * (x[:, None] / scale) ** 2) / scale


def _forward(x, stay=0.95, scale=(0.01, 0.04)):
    """Two states of volatility, filtered: what is known of each at each bar."""
    seen, made = _likelihood(x, np.array(scale)), np.empty((len(x), 2))
    state = np.array([0.5, 0.5])
    for t, row in enumerate(seen):
        state = (stay * state + (1 - stay) * state[::-1]) * row
        state = made[t] = state / state.sum()
    return made


@leak(ROOM, "hidden states of the whole sample: predict() of an HMM smooths", data=one)
def states_smoothed(d, stay=0.95):
    x = np.log(d.close).diff().fillna(0).to_numpy()
    seen, made = _likelihood(x, np.array([0.01, 0.04])), _forward(x)
    back = np.ones(2)
    for t in range(len(x) - 2, -1, -1):
        ahead = back * seen[t + 1]
        back = stay * ahead + (1 - stay) * ahead[::-1]
        back /= back.sum()
        made[t] = made[t] * back / (made[t] * back).sum()
    return made[:, 1]


@clean(ROOM, "hidden states, filtered: the same model, forwards alone", data=one)
def states_filtered(d):
    return _forward(np.log(d.close).diff().fillna(0).to_numpy())[:, 1]


def _kalman(x, q=0.1):
    level, spread, made = x[0], 1.0, []
    for value in x:
        spread += q
        gain = spread / (spread + 1.0)
        level, spread = level + gain * (value - level), spread * (1 - gain)
        made.append((level, spread))
    return np.array(made)


@leak(ROOM, "Kalman's smoother where his filter is meant", data=one)
def kalman_smoother(d, q=0.1):
    made = _kalman(d.close.to_numpy())
    level = made[:, 0].copy()
    for t in range(len(level) - 2, -1, -1):
        level[t] += made[t, 1] / (made[t, 1] + q) * (level[t + 1] - made[t, 0])
    return d.close - level


@clean(ROOM, "Kalman's filter", data=one)
def kalman_filter(d):
    return d.close - _kalman(d.close.to_numpy())[:, 0]


@leak(ROOM, "what Mondays did on average, future Mondays included")
def weekday_mean_of_all(d):
    move = each(d, lambda own: own.close.pct_change())
    return move.groupby(d.date.dt.day_of_week).transform("mean")


@clean(ROOM, "the weekday itself")
def weekday(d):
    return d.date.dt.day_of_week.astype(float)


@leak(ROOM, "calm or wild, against the median volatility of all time")
def regime_by_median_of_all(d):
    spread = each(d, lambda own: own.close.pct_change().rolling(10).std())
    return (spread > spread.median()).astype(float)


@clean(ROOM, "calm or wild, against the median so far")
def regime_by_median_so_far(d):
    def of(own):
        spread = own.close.pct_change().rolling(10).std()
        return (spread > spread.expanding().median()).astype(float)

    return each(d, of)


@leak(ROOM, "a shift with a sign from the settings: lag = -2", data=lean)
def polars_lead(d):
    lag = -2
    return d.select(pl.col("close").shift(lag).over("asset") / pl.col("close") - 1)


@clean(ROOM, "the same line, lag = 2", data=lean)
def polars_lag(d):
    lag = 2
    return d.select(pl.col("close").shift(lag).over("asset") / pl.col("close") - 1)


@leak(ROOM, "who reverses, rolls and reverses back: what is to come, as an array", data=one)
def reversed_rolling_max(d):
    return d.high[::-1].rolling(5, min_periods=1).max()[::-1] / d.close


@clean(ROOM, "who reverses twice before it rolls", data=one)
def twice_reversed_rolling_max(d):
    return d.high[::-1][::-1].rolling(5, min_periods=1).max() / d.close


@leak(ROOM, "np.roll goes round: the last close becomes the first one's yesterday", data=one)
def roll_goes_round(d):
    return d.close.to_numpy() / np.roll(d.close.to_numpy(), 1) - 1


@clean(ROOM, "np.roll, its round end made missing", data=one)
def roll_made_missing(d):
    before = np.roll(d.close.to_numpy(), 1)
    before[0] = np.nan
    return d.close.to_numpy() / before - 1


@leak(ROOM, "exact fits to the whole price: residuals from a straight line through all of it", data=one)
def residual_from_trend_of_all(d):
    t = np.arange(len(d))
    return d.close - np.polyval(np.polyfit(t, d.close, 1), t)


@clean(ROOM, "an exponential average from the first bar on, whose weights look as if they needed an end", data=one)
def exponential_average(d):
    return d.close / d.close.ewm(span=12, adjust=True).mean() - 1


@clean(ROOM, "fractional differences by a window of fixed width", data=one)
def fractional_difference(d):
    weight = np.cumprod(np.r_[1.0, [(k - 1 - 0.4) / k for k in range(1, 12)]])
    return np.log(d.close).rolling(12).apply(lambda x: weight @ x[::-1], raw=True)
