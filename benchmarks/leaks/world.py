"""Universe and adjustment: who is looked at, and in which prices."""

from itertools import pairwise

import numpy as np
import pandas as pd

from leaks.case import clean, leak
from leaks.tables import by_date, each, market, one

UNIVERSE, ADJUSTMENT = "universe", "adjustment"


@leak(UNIVERSE, "shares that are still there at the end of the file: survivors")
def survivors(d):
    there = d.groupby("asset").date.transform("max") == d.date.max()
    return d.close.where(there)


@clean(UNIVERSE, "shares that have been there for twenty bars")
def of_some_age(d):
    return d.close.where(d.groupby("asset").cumcount() >= 20)


@leak(UNIVERSE, "dropna(axis=1) of a wide table: shares without a gap in all the years", kind="fit")
def without_a_gap(d):
    wide = d.pivot_table(index="date", columns="asset", values="close")
    return list(wide.dropna(axis=1).columns)


@clean(UNIVERSE, "shares without a gap in the last twenty sessions")
def without_a_recent_gap(d):
    wide = d.pivot_table(index="date", columns="asset", values="close")
    there = wide.notna().rolling(20).sum() == 20
    return d.close.where([bool(there.loc[day, asset]) for day, asset in zip(d.date, d.asset, strict=True)])


@leak(UNIVERSE, "the most traded shares of the whole sample")
def largest_of_all_time(d):
    mean = d.groupby("asset").amount.transform("mean")
    return d.close.where(mean >= mean.drop_duplicates().nlargest(2).min())


@clean(UNIVERSE, "the most traded shares of the last ten bars")
def largest_of_late(d):
    mean = each(d, lambda own: own.amount.rolling(10).mean())
    return d.close.where(by_date(mean, d).rank(ascending=False) <= 2)


@leak(UNIVERSE, "members of the index as it is today, ten years back")
def members_of_today(d):
    return d.close.where(d.groupby("asset").member.transform("last"))


@clean(UNIVERSE, "members of the index as it was on the day")
def members_of_the_day(d):
    return d.close.where(d.member)


@leak(UNIVERSE, "shares that ever came under a risk warning, left out from the start")
def never_at_risk(d):
    return d.close.where(
        d.groupby("asset").at_risk.transform("sum") < d.groupby("asset").at_risk.transform("count") / 9
    )


@clean(UNIVERSE, "shares not under a risk warning in the last ten bars")
def not_lately_at_risk(d):
    return d.close.where(each(d, lambda own: own.at_risk.astype(float).rolling(10, min_periods=1).max()) == 0)


@leak(UNIVERSE, "penny stocks left out by the lowest price they ever had")
def never_below(d):
    return d.close.where(d.groupby("asset").low.transform("min") > d.groupby("asset").low.transform("first") * 0.9)


@clean(UNIVERSE, "penny stocks left out by the lowest price they have had so far")
def not_yet_below(d):
    return each(d, lambda own: own.close.where(own.low.cummin() > own.low.iloc[0] * 0.9))


@leak(UNIVERSE, "the industry of the last row, given to the whole past")
def industry_of_today(d):
    last = d.groupby("asset").industry.transform("last")
    return d.turnover / d.turnover.groupby([d.date, last]).transform("mean")


@clean(UNIVERSE, "the industry of the row")
def industry_of_the_day(d):
    return d.turnover / d.turnover.groupby([d.date, d.industry]).transform("mean")


@leak(UNIVERSE, "shares that trade tomorrow, since the backtest stumbled over the others", data=market)
def trades_tomorrow(d):
    sessions = pd.Series(np.sort(d.date.unique()))
    following = d.date.map(dict(pairwise(sessions)))
    return d.close.where(d.groupby("asset").date.shift(-1) == following)


@clean(UNIVERSE, "shares that traded yesterday")
def traded_yesterday(d):
    sessions = pd.Series(np.sort(d.date.unique()))
    before = d.date.map({day: last for last, day in pairwise(sessions)})
    return d.close.where(d.groupby("asset").date.shift(1) == before)


@leak(UNIVERSE, "how long a share lives, as a feature")
def length_of_life(d):
    return d.groupby("asset").date.transform("count").astype(float)


@clean(UNIVERSE, "how long a share has lived")
def age(d):
    return d.groupby("asset").cumcount().astype(float)


@leak(UNIVERSE, "the main contract by the volume of its whole life", data=market)
def main_by_whole_volume(d):
    whole = d.groupby("asset").volume.transform("sum")
    return d.close.where(whole == whole.max())


@clean(UNIVERSE, "the main contract by yesterday's volume", data=market)
def main_by_yesterday(d):
    before = d.groupby("asset").volume.shift(1)
    return d.close.where(before == by_date(before, d).transform("max"))


@leak(ADJUSTMENT, "prices adjusted from the last day, their level as a feature")
def adjusted_from_the_last_day(d):
    return each(d, lambda own: own.close * own.factor / own.factor.iloc[-1])


@clean(ADJUSTMENT, "prices adjusted from the first day")
def adjusted_from_the_first_day(d):
    return d.close * d.factor


@clean(ADJUSTMENT, "returns of prices adjusted from the last day: the last factor cancels but for rounding")
def returns_adjusted_from_the_last_day(d):
    return each(d, lambda own: (own.close * own.factor / own.factor.iloc[-1]).pct_change())


@leak(ADJUSTMENT, "lots of a hundred in prices adjusted from the last day")
def lots_in_adjusted_prices(d):
    return each(d, lambda own: 1e6 // (own.close * own.factor / own.factor.iloc[-1] * 100))


@clean(ADJUSTMENT, "lots of a hundred in raw prices")
def lots_in_raw_prices(d):
    return 1e6 // (d.close * 100)


@leak(ADJUSTMENT, "a volume before a split put into shares of after it")
def volume_in_last_shares(d):
    return each(d, lambda own: own.volume * own.factor.iloc[-1] / own.factor)


@clean(ADJUSTMENT, "a volume in shares of the first day")
def volume_in_first_shares(d):
    return d.volume / d.factor


@leak(ADJUSTMENT, "cheap shares by prices adjusted from the last day: those that will be split are cheap")
def rank_of_adjusted_price(d):
    price = each(d, lambda own: own.close * own.factor / own.factor.iloc[-1])
    return by_date(price, d).rank()


@clean(ADJUSTMENT, "cheap shares by raw prices")
def rank_of_raw_price(d):
    return by_date(d.close, d).rank()


@leak(ADJUSTMENT, "a continuous future, shifted so that the newest contract is as printed", data=one)
def contracts_shifted_to_the_newest(d):
    jump = (d.open - d.preclose).where(np.arange(len(d)) % 20 == 0, 0.0)
    return d.close + jump[::-1].cumsum()[::-1] - jump


@clean(ADJUSTMENT, "a continuous future, shifted so that the oldest contract is as printed", data=one)
def contracts_shifted_to_the_oldest(d):
    jump = (d.open - d.preclose).where(np.arange(len(d)) % 20 == 0, 0.0)
    return d.close - jump.cumsum()


@leak(ADJUSTMENT, "the ex-day's fall spread over the bars before it", data=market)
def fall_before_the_ex_day(d):
    return each(d, lambda own: own.factor.shift(-3).ffill() / own.factor)


@clean(ADJUSTMENT, "whether there was an ex-day in the last three bars", data=market)
def lately_ex(d):
    return each(d, lambda own: (own.factor != own.factor.shift(3)).astype(float))
