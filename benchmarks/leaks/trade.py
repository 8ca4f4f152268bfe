"""Execution and reporting: what is traded at an open, and what is drawn of a book afterwards.

Cases of execution give what is decided for the open of a row, and may use of that row what its open shows.
"""

import numpy as np

from leaks.case import clean, leak
from leaks.tables import by_date, each, halfhours, one

EXECUTION, REPORTING = "execution", "reporting"


@leak(EXECUTION, "the signal of a close, filled at the open before it", kind="open")
def position_of_the_same_bar(d):
    return each(d, lambda own: np.sign(own.close.pct_change()))


@clean(EXECUTION, "the signal of a close, filled at the next open", kind="open")
def position_of_the_bar_before(d):
    return each(d, lambda own: np.sign(own.close.pct_change()).shift(1))


@leak(EXECUTION, "an order at the open, capped by the volume of the day that begins", kind="open")
def capped_by_the_days_volume(d):
    return np.minimum(10_000.0, 0.1 * d.volume)


@clean(EXECUTION, "an order at the open, capped by yesterday's volume", kind="open")
def capped_by_yesterdays_volume(d):
    return np.minimum(10_000.0, 0.1 * d.groupby("asset").volume.shift(1))


@leak(EXECUTION, "shares that close at their limit are not bought at the open", kind="open")
def not_at_limit_at_the_close(d):
    return (d.close < d.limit_up).astype(float)


@clean(EXECUTION, "shares that open at their limit are not bought there: the limit is known before", kind="open")
def not_at_limit_at_the_open(d):
    return (d.open < d.limit_up).astype(float)


@leak(EXECUTION, "shares whose limit was touched in the day are not bought at its open", kind="open")
def limit_not_touched(d):
    return (d.high < d.limit_up).astype(float)


@clean(EXECUTION, "shares whose limit was touched the day before", kind="open")
def limit_not_touched_before(d):
    return each(d, lambda own: (own.high < own.limit_up).shift(1, fill_value=False).astype(float))


@leak(EXECUTION, "buys at the open of those days whose low comes near it", kind="open")
def buys_where_the_low_is_near(d):
    return (d.low > d.open * 0.99).astype(float)


@clean(EXECUTION, "buys at an open that lies above yesterday's high: a gap is seen at the open", kind="open")
def buys_at_a_gap(d):
    return each(d, lambda own: (own.open > own.high.shift(1)).astype(float))


@leak(EXECUTION, "the return of the day, ranked among shares, traded at its open", kind="open")
def rank_of_the_day(d):
    return by_date(d.close / d.open, d).rank()


@clean(EXECUTION, "the gap from the previous close, ranked among shares, traded at the open", kind="open")
def rank_of_the_gap(d):
    return by_date(d.open / d.preclose, d).rank()


@leak(EXECUTION, "the average price of the day as what is paid at its open", kind="open")
def average_price_at_the_open(d):
    return d.amount / d.volume


@clean(EXECUTION, "the average price of yesterday, in today's factor", kind="open")
def average_price_of_yesterday(d):
    return each(d, lambda own: (own.amount / own.volume * own.factor).shift(1) / own.factor)


@leak(EXECUTION, "a stop that is moved up by today's high and hit by today's low", kind="open")
def stop_with_todays_high(d):
    return each(d, lambda own: own.high.cummax() * 0.95)


@clean(EXECUTION, "a stop below the highest price up to yesterday", kind="open")
def stop_with_yesterdays_high(d):
    return each(d, lambda own: own.high.cummax().shift(1) * 0.95)


@leak(EXECUTION, "a size by a volatility whose window ends today", kind="open")
def sized_by_todays_volatility(d):
    return each(d, lambda own: 0.01 / own.close.pct_change().rolling(10).std())


@clean(EXECUTION, "a size by a volatility whose window ends yesterday", kind="open")
def sized_by_yesterdays_volatility(d):
    return each(d, lambda own: 0.01 / own.close.shift(1).pct_change(fill_method=None).rolling(10).std())


@leak(EXECUTION, "who shifts once, on the newest signal of the file, and trades at the bar before", kind="open")
def shifted_the_wrong_way(d):
    return each(d, lambda own: np.sign(own.close.diff()).shift(-1))


@clean(EXECUTION, "a moving average of opens, this one included", kind="open")
def average_of_opens(d):
    return each(d, lambda own: own.open / own.open.rolling(5).mean())


@leak(EXECUTION, "the day's close as the price of a half hour's fill", data=halfhours)
def filled_at_the_days_close(d):
    return d.groupby(d.time.dt.date).close.transform("last")


@clean(EXECUTION, "the day's first open as a reference in all its half hours", data=halfhours)
def against_the_days_open(d):
    return d.close / d.groupby(d.time.dt.date).open.transform("first") - 1


@leak(
    EXECUTION,
    "filled at the close that decided",
    data=one,
    limit="the price is past when it is paid: causal; only who knows what the number is for can tell",
)
def filled_at_the_close_that_decided(d):
    position = np.sign(d.close.diff()).fillna(0)
    entry = d.close
    return position * entry


@clean(EXECUTION, "booked at the next open, on the day of the fill", data=one)
def filled_at_the_next_open(d):
    position = np.sign(d.close.diff()).fillna(0)
    return position.shift(1) * d.open


def _book(d):
    """Return of a book that follows yesterday's sign, all shares alike."""
    move = each(d, lambda own: own.close.pct_change() * np.sign(own.close.diff()).shift(1))
    return by_date(move.fillna(0), d).mean()


@leak(REPORTING, "a curve scaled to a volatility of ten percent, by that of the whole curve")
def scaled_by_all(d):
    book = _book(d)
    return (1 + book * 0.1 / (book.std() * 252**0.5)).cumprod()


@clean(REPORTING, "a curve scaled to a volatility of ten percent, by the twenty bars before")
def scaled_by_the_past(d):
    book = _book(d)
    scale = 0.1 / (book.rolling(20).std().shift(1) * 252**0.5)
    return (1 + (book * scale).fillna(0)).cumprod()


@leak(REPORTING, "a curve that begins at its own lowest point")
def begun_at_the_bottom(d):
    curve = (1 + _book(d)).cumprod()
    return curve / curve.min()


@clean(REPORTING, "a curve over the lowest it has had so far")
def above_the_bottom_so_far(d):
    curve = (1 + _book(d)).cumprod()
    return curve / curve.cummin()


@leak(REPORTING, "drawdowns from the highest point of all time")
def drawdown_from_all(d):
    curve = (1 + _book(d)).cumprod()
    return curve / curve.max() - 1


@clean(REPORTING, "drawdowns, by cummax")
def drawdown(d):
    curve = (1 + _book(d)).cumprod()
    return curve / curve.cummax() - 1


@leak(REPORTING, "a book without its worst days: 'outliers removed'")
def without_worst_days(d):
    book = _book(d)
    return (1 + book.where(book > book.quantile(0.05), 0.0)).cumprod()


@clean(REPORTING, "a book that stops after a loss of three percent")
def stopped_after_a_loss(d):
    book = _book(d)
    curve = (1 + book).cumprod()
    lost = (curve / curve.cummax() - 1 < -0.03).cummax().shift(1, fill_value=False)
    return (1 + book.where(~lost, 0.0)).cumprod()


@leak(REPORTING, "a book of those shares that earned something")
def of_winners(d):
    move = each(d, lambda own: own.close.pct_change().fillna(0))
    won = move.groupby(d.asset).transform("sum") > 0
    return by_date(move.where(won, 0.0), d).mean()


@clean(REPORTING, "a book of those shares that had earned something by yesterday")
def of_winners_so_far(d):
    move = each(d, lambda own: own.close.pct_change().fillna(0))
    won = move.groupby(d.asset).cumsum().groupby(d.asset).shift(1) > 0
    return by_date(move.where(won, 0.0), d).mean()


@leak(REPORTING, "excess over the beta of the whole sample, drawn from the first day on")
def alpha_by_beta_of_all(d):
    book, all_ = _book(d), by_date(each(d, lambda own: own.close.pct_change().fillna(0)), d).mean()
    return (book - book.cov(all_) / all_.var() * all_).cumsum()


@clean(REPORTING, "excess over the beta of the thirty bars before")
def alpha_by_past_beta(d):
    book, all_ = _book(d), by_date(each(d, lambda own: own.close.pct_change().fillna(0)), d).mean()
    beta = (book.rolling(30).cov(all_) / all_.rolling(30).var()).shift(1)
    return (book - beta * all_).cumsum()


@leak(REPORTING, "monthly returns, drawn on the first day of their month")
def months_drawn_at_their_start(d):
    return _book(d).resample("MS").sum()


@clean(REPORTING, "monthly returns, drawn on the day after their month")
def months_drawn_at_their_end(d):
    made = _book(d).resample("MS").sum()
    made.index = made.index + np.timedelta64(31, "D")
    return made


@leak(REPORTING, "the better of two strategies, drawn from the start", data=one)
def better_of_two(d):
    move = d.close.pct_change().fillna(0)
    books = [move, -move]
    return max(books, key=lambda book: book.sum()).cumsum()


@clean(REPORTING, "the better of two strategies so far, followed from the next bar on", data=one)
def better_of_two_so_far(d):
    move = d.close.pct_change().fillna(0)
    ahead = np.sign(move.cumsum()).shift(1, fill_value=0.0)
    return (ahead * move).cumsum()
