"""Preprocessing that looks ahead: scaling, clipping, filling, joining, coding; beside each what may be done instead."""

import zlib

import numpy as np
import pandas as pd
import polars as pl

from leaks.case import clean, leak
from leaks.tables import CUT, by_date, each, halfhours, lean, learned_from, market, one, reports

ROOM = "preprocessing"


@leak(ROOM, "the z-score of a column, in one line of a notebook")
def z_score_of_all(d):
    return (d.turnover - d.turnover.mean()) / d.turnover.std()


@clean(ROOM, "the z-score with mean and deviation so far")
def z_score_so_far(d):
    return each(d, lambda own: (own.turnover - own.turnover.expanding().mean()) / own.turnover.expanding().std())


@clean(ROOM, "the z-score among the shares of the day: whole-column words, by date")
def z_score_of_the_day(d):
    day = by_date(d.turnover, d)
    return (d.turnover - day.transform("mean")) / day.transform("std")


@leak(ROOM, "minima and maxima of the whole price, before windows are cut from it: most tutorials of LSTMs", data=lean)
def min_max_of_all(d):
    close = pl.col("close")
    return d.select(((close - close.min()) / (close.max() - close.min())).over("asset"))


@clean(ROOM, "minima and maxima of the last twenty bars", data=lean)
def min_max_of_window(d):
    close = pl.col("close")
    low, high = close.rolling_min(20), close.rolling_max(20)
    return d.select(((close - low) / (high - low)).over("asset"))


@leak(ROOM, "prices over the last price of the file")
def over_the_last(d):
    return each(d, lambda own: own.close / own.close.iloc[-1])


@clean(ROOM, "prices over the first price of the share")
def over_the_first(d):
    return each(d, lambda own: own.close / own.close.iloc[0])


@leak(ROOM, "extremes pulled in to quantiles of all time")
def winsorised_by_all(d):
    return d.turnover.clip(*d.turnover.quantile([0.01, 0.99]))


@clean(ROOM, "extremes pulled in to quantiles of the day")
def winsorised_by_day(d):
    day = by_date(d.turnover, d)
    return d.turnover.clip(d.date.map(day.quantile(0.1)), d.date.map(day.quantile(0.9)))


@leak(ROOM, "df.bfill(), to be rid of the gaps at the start")
def filled_backwards(d):
    return each(d, lambda own: own.earnings.bfill())


@clean(ROOM, "df.ffill(), gaps at the start stay gaps")
def filled_forwards(d):
    return each(d, lambda own: own.earnings.ffill())


@leak(ROOM, "interpolate() between one report and the next")
def interpolated(d):
    return each(d, lambda own: own.earnings.interpolate())


@clean(ROOM, "a number that fades since the last report")
def faded(d):
    def of(own):
        known, since = own.earnings.ffill(), own.groupby(own.earnings.notna().cumsum()).cumcount()
        return known * 0.98**since

    return each(d, of)


@leak(ROOM, "fillna(mean) of the column")
def filled_by_mean(d):
    return d.earnings.fillna(d.earnings.mean())


@clean(ROOM, "fillna(mean) of the shares on that day")
def filled_by_mean_of_the_day(d):
    known = each(d, lambda own: own.earnings.ffill())
    return known.fillna(by_date(known, d).transform("mean"))


@leak(ROOM, "a report joined from the day on that its quarter ended, not that it came out", data=reports)
def profit_by_period_end(r):
    made = r.rename(columns={"date": "announced"}).drop_duplicates(["asset", "period_end"])
    return made.set_index(["period_end", "asset"]).profit.rename_axis(["date", "asset"])


@clean(ROOM, "the growth over the quarter before, on the day it came out", data=reports)
def profit_by_announcement(r):
    first = r.drop_duplicates(["asset", "period_end"])
    return first.set_index(["date", "asset"]).groupby("asset").profit.pct_change()


@leak(ROOM, "profits as they were restated later, on the day they were first told", data=reports)
def restated_profit(r):
    return r.profit / r.groupby(["asset", "period_end"]).profit.transform("last")


@clean(ROOM, "how much a restatement changed, on the day of the restatement", data=reports)
def change_by_restatement(r):
    return r.profit / r.groupby(["asset", "period_end"]).profit.transform("first")


@leak(ROOM, "merge_asof(direction='nearest') of two clocks", data=one)
def merged_nearest(d):
    fridays = d[d.date.dt.day_of_week == 4][["date", "close"]].rename(columns={"close": "weekly"})
    return pd.merge_asof(d[["date"]], fridays, on="date", direction="nearest").weekly


@leak(ROOM, "merge_asof(direction='forward'), since that left no gaps", data=one)
def merged_forward(d):
    fridays = d[d.date.dt.day_of_week == 4][["date", "close"]].rename(columns={"close": "weekly"})
    return pd.merge_asof(d[["date"]], fridays, on="date", direction="forward").weekly


@clean(ROOM, "merge_asof, as it is by itself: backward", data=one)
def merged_backward(d):
    fridays = d[d.date.dt.day_of_week == 4][["date", "close"]].rename(columns={"close": "weekly"})
    return pd.merge_asof(d[["date"]], fridays, on="date").weekly


@leak(ROOM, "category codes in alphabetical order: a newcomer in front moves all others")
def codes_of_all(d):
    return d.industry.astype("category").cat.codes.astype(float)


@clean(ROOM, "codes by a fixed vocabulary")
def codes_of_vocabulary(d):
    return d.industry.map({"banks": 0.0, "steel": 1.0}).fillna(2.0)


@clean(ROOM, "codes by a hash of the name")
def codes_by_hash(d):
    return d.industry.map(lambda name: float(zlib.crc32(str(name).encode()) % 8))


@leak(ROOM, "target encoding: an industry's mean return over all time")
def industry_mean_of_all(d):
    move = each(d, lambda own: own.close.pct_change())
    return move.groupby(d.industry).transform("mean")


@clean(ROOM, "an industry's mean return so far")
def industry_mean_so_far(d):
    move = each(d, lambda own: own.close.pct_change()).rename("move")
    daily = pd.DataFrame({"date": d.date, "industry": d.industry, "move": move})
    means = daily.pivot_table(index="date", columns="industry", values="move", dropna=False).expanding().mean()
    return pd.Series([means.loc[day, name] for day, name in zip(d.date, d.industry, strict=True)], d.index)


@leak(ROOM, "principal components of all days")
def components_of_all(d):
    wide = d.pivot_table(index="date", columns="asset", values="close").pct_change(fill_method=None).fillna(0)
    axis = np.linalg.svd(wide - wide.mean(), full_matrices=False)[2][0]
    return (wide @ axis).abs()


@clean(ROOM, "principal components of the last thirty days, on each day anew")
def components_of_window(d):
    wide = d.pivot_table(index="date", columns="asset", values="close").pct_change(fill_method=None).fillna(0)
    made = pd.Series(np.nan, wide.index)
    for t in range(30, len(wide)):
        held = wide.iloc[t - 29 : t + 1].to_numpy()
        axis = np.linalg.svd(held - held.mean(axis=0), full_matrices=False)[2][0]
        made.iloc[t] = abs(held[-1] @ axis)
    return made


@leak(
    ROOM, "outliers thrown away by the deviation of all time, then a moving average over what is left", data=halfhours
)
def outliers_of_all_dropped(d):
    move = np.log(d.close).diff()
    return d.close[(move - move.mean()).abs() < 2 * move.std()].rolling(5).mean().reindex(d.index)


@clean(ROOM, "outliers thrown away by a bound that was written down before", data=halfhours)
def outliers_of_law_dropped(d):
    move = np.log(d.close).diff()
    return d.close[move.abs() < 0.008].rolling(5).mean().reindex(d.index)


@leak(ROOM, "a scaler that fit_transform()s before the split", kind="fit")
def scaler_of_all(d):
    return {"mean": d.turnover.mean(), "deviation": d.turnover.std()}


@clean(ROOM, "a scaler of the training range", kind="fit")
def scaler_of_training(d):
    return scaler_of_all(learned_from(d))


@leak(ROOM, "features with many gaps thrown away, gaps of the test range counted", kind="fit")
def columns_by_gaps_of_all(d):
    return d[["earnings", "turnover"]].notna().mean().to_dict()


@clean(ROOM, "the same, gaps of the training range counted", kind="fit")
def columns_by_gaps_of_training(d):
    return columns_by_gaps_of_all(learned_from(d))


@leak(ROOM, "a vocabulary of all industries there will ever be", kind="fit")
def vocabulary_of_all(d):
    return sorted(d.industry.unique())


@clean(ROOM, "a vocabulary of the training range, unknown names apart", kind="fit")
def vocabulary_of_training(d):
    return [*sorted(learned_from(d).industry.unique()), "other"]


@leak(ROOM, "clusters of shares by returns of the whole sample", kind="fit")
def whitening_of_all(d):
    wide = d.pivot_table(index="date", columns="asset", values="close").pct_change(fill_method=None)
    return wide.cov().to_numpy()


@clean(ROOM, "a covariance of the training range", kind="fit")
def whitening_of_training(d):
    return whitening_of_all(learned_from(d))


@leak(ROOM, "a training range cut by share of rows, of a file that grows", kind="fit")
def eighty_percent_of_rows(d):
    held = d.sort_values("date").iloc[: int(0.8 * len(d))]
    return {"mean": held.turnover.mean()}


@clean(ROOM, "a training range cut by day, its rows sorted by volume before they are averaged", kind="fit", data=market)
def rows_up_to_a_day(d):
    held = d.sort_values("volume")[lambda x: x.date <= CUT].sort_index()
    return {"mean": held.turnover.mean()}
