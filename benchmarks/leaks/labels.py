"""Labels, and what is made of them: when a label is known, and what its classes, weights and costs were made from.

A label looks ahead by nature. A function here is therefore asked for what is *used* at a bar: labels that have become
known, a track record, a threshold.
"""

import numpy as np
import pandas as pd
import polars as pl

from leaks.case import clean, leak
from leaks.tables import by_date, each, lean, learned_from, one

ROOM = "labels"
H = 5


def _ahead(own, h=H):
    """Return of the next h bars, at its anchor."""
    return own.close.shift(-h) / own.close - 1


@leak(ROOM, "the target of yesterday as a feature, forgetting that it spans five days")
def last_target(d):
    return each(d, lambda own: _ahead(own).shift(1))


@clean(ROOM, "the target of five days ago as a feature: just known")
def last_known_target(d):
    return each(d, lambda own: _ahead(own).shift(H))


@leak(ROOM, "a model's hit rate so far, each hit booked at its forecast")
def hit_rate_at_anchor(d):
    def of(own):
        hit = (np.sign(own.close.diff()) == np.sign(_ahead(own))).astype(float)
        return hit.rolling(20).mean()

    return each(d, of)


@clean(ROOM, "a model's hit rate so far, each hit booked when it is known")
def hit_rate_when_known(d):
    def of(own):
        hit = (np.sign(own.close.diff()) == np.sign(_ahead(own))).astype(float)
        return hit.shift(H).rolling(20).mean()

    return each(d, of)


@leak(ROOM, "purged by the span, the day between decision and entry forgotten")
def target_known_a_day_early(d):
    lag = 1
    return each(d, lambda own: (own.open.shift(-H - lag) / own.open.shift(-lag) - 1).shift(H))


@clean(ROOM, "purged by lag and span")
def target_known_in_time(d):
    lag = 1
    return each(d, lambda own: (own.open.shift(-H - lag) / own.open.shift(-lag) - 1).shift(H + lag))


@leak(ROOM, "up, flat, down by terciles of all labels")
def classes_by_terciles_of_all(d):
    made = each(d, _ahead)
    low, high = made.quantile([1 / 3, 2 / 3])
    return each(d.assign(y=(made > high).astype(float) - (made < low)), lambda own: own.y.shift(H))


@leak(ROOM, "ranks among the day's labels, used when the own is known: a suspended share's label ends later")
def rank_among_labels_not_all_known(d):
    rank = by_date(each(d, _ahead), d).rank(pct=True)
    return each(d.assign(y=rank), lambda own: own.y.shift(H))


@clean(ROOM, "ranks among the day's labels, used when the last of them is known")
def rank_among_labels_all_known(d):
    rank = by_date(each(d, _ahead), d).rank(pct=True)
    ends = by_date(each(d, lambda own: own.date.shift(-H)), d).transform(lambda x: x.max(skipna=False))
    told = pd.DataFrame({"date": ends, "asset": d.asset, "y": rank}).dropna()
    return told.groupby(["date", "asset"], as_index=False).y.last()


@leak(ROOM, "labels in units of the volatility of all time")
def label_over_volatility_of_all(d):
    return each(d, lambda own: (_ahead(own) / own.close.pct_change().std()).shift(H))


@clean(ROOM, "labels in units of the volatility before the anchor")
def label_over_volatility_before(d):
    return each(d, lambda own: (_ahead(own) / own.close.pct_change().rolling(20).std()).shift(H))


@leak(ROOM, "the first barrier touched, told on the day of entry", data=one)
def barrier_at_entry(d):
    close, made = d.close.to_numpy(), np.zeros(len(d))
    for t in range(len(d)):
        path = close[t + 1 : t + 11] / close[t] - 1
        hit = np.flatnonzero(np.abs(path) > 0.03)
        made[t] = np.sign(path[hit[0]]) if hit.size else 0
    return made


@clean(ROOM, "the first barrier touched, told on the day it is touched", data=one)
def barrier_when_touched(d):
    close, made = d.close.to_numpy(), np.zeros(len(d))
    for t in range(len(d)):
        path = close[t + 1 : t + 11] / close[t] - 1
        hit = np.flatnonzero(np.abs(path) > 0.03)
        if hit.size:
            made[t + 1 + hit[0]] += np.sign(path[hit[0]])
    return made


@leak(ROOM, "samples weighted by how many labels overlap them, later ones too")
def weight_by_overlap(d):
    return each(d, lambda own: 1 / pd.Series(np.convolve(np.ones(len(own)), np.ones(2 * H + 1), "same"), own.index))


@clean(ROOM, "samples weighted by age within the last year, newest first")
def weight_by_age(d):
    return each(d, lambda own: own.turnover.ewm(halflife=20).mean())


@leak(ROOM, "returns less their mean over all time", data=lean)
def alpha_over_mean_of_all(d):
    move = pl.col("close").pct_change().over("asset")
    return d.select(move - move.mean())


@clean(ROOM, "returns less the mean of the day's shares", data=lean)
def alpha_over_the_day(d):
    move = pl.col("close").pct_change().over("asset")
    return d.select(move - move.mean().over("time" if "time" in d.columns else "date"))


@leak(ROOM, "class weights from labels of the test range", kind="fit")
def class_weights_of_all(d):
    return {"up": float((each(d, _ahead) > 0).mean())}


@leak(ROOM, "labels made on the whole table, then cut by anchor: the last of them end after the cut", kind="fit")
def labels_across_the_cut(d):
    held = learned_from(d.assign(y=each(d, _ahead)))
    return {"mean": held.y.mean()}


@clean(ROOM, "the table cut, then labels made: the last of them are missing", kind="fit")
def labels_before_the_cut(d):
    held = learned_from(d)
    return {"mean": each(held, _ahead).mean()}


@clean(ROOM, "labels made on the whole table, cut by when they are known", kind="fit")
def labels_known_before_the_cut(d):
    known = each(d, lambda own: own.date.shift(-H))
    ended = known <= learned_from(d).date.max()
    return {"mean": each(d, _ahead)[ended].mean()}
