"""Training and selection that saw the test range: what is fitted is asked for, and must not move with what comes later.

A model here is a ridge regression on three factors, since what leaks around a network does so around anything.
"""

import numpy as np
import pandas as pd

from leaks.case import clean, leak
from leaks.tables import CUT, each, learned_from

TRAINING, SELECTION = "training", "selection"
VALID = pd.Timestamp("2014-03-10")
H = 3


def _table(d):
    """Factors and targets, the day at which each target is known, gaps left out."""
    made = pd.DataFrame({"date": d.date, "asset": d.asset, "industry": d.industry})
    made["move"] = each(d, lambda own: own.close.pct_change())
    made["week"] = each(d, lambda own: own.close.pct_change(5))
    made["volume"] = each(d, lambda own: own.volume / own.volume.rolling(5).mean() - 1)
    made["y"] = each(d, lambda own: own.close.shift(-H) / own.close - 1)
    made["known"] = each(d, lambda own: own.date.shift(-H))
    return made.dropna()


FACTORS = ["move", "week", "volume"]


def _train(table):
    """Rows whose targets were known when validation began."""
    return table[table.known < VALID]


def _valid(table):
    """Rows of the validation range, their targets known by the cut."""
    return table[(table.date >= VALID) & (table.known <= CUT)]


def _test(table):
    """Rows after the cut."""
    return table[table.date > CUT]


def _ridge(table, strength=1.0):
    x = table[FACTORS].to_numpy()
    return np.linalg.solve(x.T @ x + strength * np.eye(3), x.T @ table.y)


def _error(table, weights):
    return float(((table[FACTORS] @ weights - table.y) ** 2).mean())


def _ic(table, name):
    return float(np.corrcoef(table[name], table.y)[0, 1])


@leak(TRAINING, "fit(X, y) on everything, then a backtest over the same years", kind="fit")
def fitted_on_all(d):
    return _ridge(_table(d))


@clean(TRAINING, "the same fit on targets known by the cut", kind="fit")
def fitted_on_known(d):
    table = _table(d)
    return _ridge(table[table.known <= CUT])


@leak(TRAINING, "rows up to the cut by anchor: targets of the last days end after it", kind="fit")
def fitted_without_purge(d):
    return _ridge(learned_from(_table(d)))


@clean(TRAINING, "features made on the whole table before the cut: they look back only", kind="fit")
def features_before_the_cut(d):
    return _train(_table(d))[FACTORS].describe().to_dict()


def _epochs(learn, watch, epochs=60):
    """Gradient descent, each factor at a rate of its own; weights and epoch at which the watched error was lowest."""
    weights = np.zeros(3)
    best = (np.inf, 0, weights)
    x, y = learn[FACTORS].to_numpy(), learn.y.to_numpy()
    for epoch in range(epochs):
        weights = weights - 0.05 * x.T @ (x @ weights - y) / (x**2).sum(axis=0)
        best = min(best, (_error(watch, weights), epoch, weights), key=lambda one: one[0])
    return {"epoch": best[1], "weights": best[2]}


@leak(TRAINING, "early stopping on the test range: validation_data=(X_test, y_test)", kind="fit")
def stopped_early_on_test(d):
    table = _table(d)
    return _epochs(_train(table), _test(table))["weights"]


@clean(TRAINING, "early stopping on a validation range before the cut", kind="fit")
def stopped_early_on_valid(d):
    table = _table(d)
    return _epochs(_train(table), _valid(table))


@clean(TRAINING, "the loss on the test range is computed by epoch, to be drawn; it steers nothing", kind="fit")
def test_loss_watched_only(d):
    table = _table(d)
    made = _epochs(_train(table), _valid(table))
    drawn = _error(_test(table), made["weights"])
    assert drawn >= 0
    return made["weights"]


@leak(TRAINING, "a random tenth of the rows as training: train_test_split by default", kind="fit")
def fitted_on_random_rows(d):
    table = _table(d)
    return _ridge(table.iloc[np.random.default_rng(0).permutation(len(table))[: len(table) // 2]])


@clean(TRAINING, "a bootstrap of rows of the training range", kind="fit")
def fitted_on_bootstrap(d):
    table = _train(_table(d))
    return _ridge(table.iloc[np.random.default_rng(0).integers(0, len(table), len(table))])


@leak(TRAINING, "samples weighted by the volatility of the days after them, beyond the cut", kind="fit")
def weighted_by_volatility_to_come(d):
    table = _table(d)
    calm = 1 / table.groupby("asset").move.transform(lambda x: x[::-1].rolling(20, min_periods=1).std()[::-1])
    held = table.assign(calm=calm.fillna(1.0))[lambda x: x.known <= CUT]
    return float(np.average(held.y, weights=held.calm))


@clean(TRAINING, "samples weighted by how near they are to the cut", kind="fit")
def weighted_by_age(d):
    held = _table(d)[lambda x: x.known <= CUT]
    return float(np.average(held.y, weights=0.98 ** (CUT - held.date).dt.days))


@leak(TRAINING, "oversampling before the split: copies of test rows among the training rows", kind="fit")
def oversampled_before_split(d):
    table = _table(d).reset_index(drop=True)
    rare = table[table.y > table.y.quantile(0.9)]
    more = pd.concat([table, rare.sample(200, replace=True, random_state=0)])
    return _ridge(more.sample(frac=0.6, random_state=1))


@clean(TRAINING, "oversampling of the training range alone", kind="fit")
def oversampled_after_split(d):
    table = _train(_table(d)).reset_index(drop=True)
    rare = table[table.y > table.y.quantile(0.9)]
    return _ridge(pd.concat([table, rare.sample(200, replace=True, random_state=0)]))


@leak(TRAINING, "a residual network pretrained on the whole price", kind="fit")
def autoencoder_of_all(d):
    x = _table(d)[FACTORS].to_numpy()
    return np.abs(np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:2])


@clean(TRAINING, "the same, pretrained on the training range without targets", kind="fit")
def autoencoder_of_training(d):
    x = _train(_table(d))[FACTORS].to_numpy()
    return np.abs(np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[2][:2])


@leak(SELECTION, "factors picked by their IC over the whole sample", kind="fit")
def factors_by_ic_of_all(d):
    table = _table(d)
    return {name: _ic(table, name) for name in FACTORS}


@leak(SELECTION, "the same, of which only the winner's name is kept", kind="fit")
def best_factor_of_test(d):
    table = _test(_table(d))
    return [max(FACTORS, key=lambda name: abs(_ic(table, name)))]


@clean(SELECTION, "factors picked by their IC in training", kind="fit")
def factors_by_ic_of_training(d):
    table = _train(_table(d))
    return {name: _ic(table, name) for name in FACTORS}


@leak(SELECTION, "the penalty that does best on the test range", kind="fit")
def penalty_by_test(d):
    table = _table(d)
    grid = np.geomspace(1e-4, 1e2, 60)
    return min(grid, key=lambda strength: _error(_test(table), _ridge(_train(table), strength)))


@clean(SELECTION, "the penalty that does best on the validation range, then a fit on both", kind="fit")
def penalty_by_valid(d):
    table = _table(d)
    strength = min(np.geomspace(1e-4, 1e2, 60), key=lambda s: _error(_valid(table), _ridge(_train(table), s)))
    return {"strength": strength, "weights": _ridge(table[table.known <= CUT], strength)}


def _seeds(table, judged, count=30):
    learn = _train(table)
    makes = [np.random.default_rng(seed) for seed in range(count)]
    fits = [_ridge(learn.iloc[one.integers(0, len(learn), len(learn))]) for one in makes]
    return int(np.argmin([_error(judged, weights) for weights in fits]))


@leak(SELECTION, "the best of thirty seeds by their test result: what is printed in many papers", kind="fit")
def best_seed_of_test(d):
    table = _table(d)
    return _seeds(table, _test(table))


@clean(SELECTION, "the best of thirty seeds by the validation range", kind="fit")
def best_seed_of_valid(d):
    table = _table(d)
    return _seeds(table, _valid(table))


@leak(SELECTION, "members of an ensemble weighed by their test errors", kind="fit")
def ensemble_by_test(d):
    table = _table(d)
    errors = np.array([_error(_test(table), _ridge(_train(table), s)) for s in (0.01, 0.1, 1.0)])
    return (1 / errors) / (1 / errors).sum()


@clean(SELECTION, "members of an ensemble weighed alike", kind="fit")
def ensemble_of_equals(d):
    table = _train(_table(d))
    return np.mean([_ridge(table, s) for s in (0.01, 0.1, 1.0)], axis=0)


@leak(SELECTION, "a threshold for buying: the top tenth of all scores, those to come too", kind="fit")
def threshold_of_all_scores(d):
    table = _table(d)
    return float((table[FACTORS] @ _ridge(_train(table))).quantile(0.9))


@clean(SELECTION, "a threshold for buying: the top tenth of the scores in training", kind="fit")
def threshold_of_training_scores(d):
    table = _train(_table(d))
    return float((table[FACTORS] @ _ridge(table)).quantile(0.9))


@leak(SELECTION, "a pair of shares that moved together over the whole sample", kind="fit")
def pair_of_all(d):
    wide = d.pivot_table(index="date", columns="asset", values="close").iloc[:, :3]
    return np.polyfit(np.log(wide.iloc[:, 0].ffill()), np.log(wide.iloc[:, 1].ffill()), 1)


@clean(SELECTION, "a pair of shares that moved together before the cut", kind="fit")
def pair_of_training(d):
    return pair_of_all(learned_from(d))


@leak(SELECTION, "probabilities calibrated on the test range", kind="fit")
def calibrated_on_test(d):
    table = _table(d)
    score = _test(table)[FACTORS] @ _ridge(_train(table))
    return float(np.polyfit(score, _test(table).y > 0, 1)[0])


@clean(SELECTION, "probabilities calibrated on the validation range", kind="fit")
def calibrated_on_valid(d):
    table = _table(d)
    score = _valid(table)[FACTORS] @ _ridge(_train(table))
    return float(np.polyfit(score, _valid(table).y > 0, 1)[0])


@leak(SELECTION, "the length of a moving average that earned most, chosen in hindsight", kind="rows")
def best_length_of_all(d):
    def of(own, n):
        return (own.close > own.close.rolling(n).mean()).astype(float)

    earned = {n: (each(d, lambda own, n=n: of(own, n).shift(1) * own.close.pct_change())).sum() for n in range(2, 21)}
    best = max(earned, key=earned.__getitem__)
    return each(d, lambda own: own.close / own.close.rolling(best).mean() - 1)


@clean(SELECTION, "the length that earned most so far, chosen on each day anew", kind="rows")
def best_length_so_far(d):
    def of(own):
        lengths = range(2, 21)
        held = pd.DataFrame({n: (own.close > own.close.rolling(n).mean()).shift(1, fill_value=False) for n in lengths})
        earned = held.mul(own.close.pct_change().fillna(0), axis=0).cumsum()
        return earned.idxmax(axis=1).astype(float)

    return each(d, of)
