"""Classifiers speak probabilities, and the expected class as their score."""

import numpy as np
import pytest

from tidegate.errors import RecordError, SettingError
from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.losses import MSE, BinaryCrossEntropy, CrossEntropy, Focal
from tidegate.learn.speak import say, speak
from tidegate.learn.target import AsIs, Classes, StandardTarget
from tidegate.learn.training import Training
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Forecast, Horizon, Windows


def classed(world, values=(-1.0, 0.0, 1.0)):
    """The world's windows with its targets told apart."""
    windows = world.windows
    edges = np.quantile(windows.target, np.arange(1, len(values)) / len(values))
    target = np.array(values)[np.searchsorted(edges, windows.target)]
    return Windows.of(
        windows.panel,
        windows.lookback,
        windows.inputs,
        windows.context,
        windows.horizon,
        windows.anchors,
        target,
        windows.known,
        windows.weight,
    )


def fit(world, windows, loss, outputs, scaling, folder, epochs=1, scale_of=None):
    return fit_network(
        RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=outputs),
        Training(epochs=epochs, batch=16, loss=loss, optimiser={"name": "adam", "rate": 0.02}),
        windows,
        world.affine,
        scaling.fit(windows.target[world.train] if scale_of is None else scale_of),
        world.train,
        world.valid,
        {"test": world.test},
        1,
        folder,
    )


def test_three_classes_are_learned_and_spoken(world, tmp_path):
    windows = classed(world)
    loss = CrossEntropy(class_weights="balanced")
    fitted = fit(world, windows, loss, 3, Classes(first=-1.0), tmp_path, epochs=12)
    everyone = np.arange(len(windows))
    score, p, spread = say(fitted, windows, world.affine, everyone)
    assert spread is None
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(score, p[:, 2] - p[:, 0], atol=1e-12)
    assert np.mean(p[world.test].argmax(axis=1) - 1 == windows.target[world.test]) > 0.5
    assert fitted.loss.class_weights != "balanced"
    again = load_fitted(tmp_path)
    assert (again.loss, again.fingerprint) == (fitted.loss, fitted.fingerprint)
    few = np.array([80, 3, 41])
    for held in (fitted, again):
        told = say(held, windows, world.affine, few)
        np.testing.assert_array_equal(told.score, score[few])
        np.testing.assert_array_equal(told.probabilities, p[few])
    np.testing.assert_array_equal(speak(fitted, windows, world.affine, few), score[few])


def test_the_score_is_the_expected_class_in_the_labels_unit(world, tmp_path):
    windows = classed(world, values=(-2.0, -1.0, 0.0, 1.0, 2.0))
    fitted = fit(world, windows, Focal(), 5, Classes(first=-2.0), tmp_path / "five")
    score, p, _ = say(fitted, windows, world.affine, world.test)
    np.testing.assert_allclose(score, p @ np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), atol=1e-12)
    windows = classed(world, values=(-1.0, 1.0))
    fitted = fit(world, windows, BinaryCrossEntropy(), 1, Classes(first=-1.0, step=2.0), tmp_path / "two")
    score, p, _ = say(fitted, windows, world.affine, world.test)
    np.testing.assert_allclose(score, p[:, 1] - p[:, 0], atol=1e-12)
    assert say(fitted, windows, world.affine, np.zeros(0, dtype=np.int64)).score.shape == (0,)


def test_balance_is_learned_from_the_training_targets_alone(world, tmp_path):
    windows = classed(world)
    share = np.bincount((windows.target[world.train] + 1).astype(int))
    fitted = fit(world, windows, CrossEntropy(class_weights="balanced"), 3, Classes(first=-1.0), tmp_path)
    assert fitted.loss.class_weights == pytest.approx(tuple(share.sum() / (3 * share)))


def test_targets_that_are_no_classes_are_refused_before_any_training(world, tmp_path):
    windows = classed(world)
    with pytest.raises(SettingError, match="class numbers"):
        fit(world, windows, CrossEntropy(), 3, AsIs(), tmp_path)
    with pytest.raises(SettingError, match="class numbers"):
        fit(world, windows, CrossEntropy(), 3, StandardTarget(), tmp_path)
    with pytest.raises(SettingError, match="class numbers"):
        fit(world, world.windows, CrossEntropy(), 3, AsIs(), tmp_path)
    with pytest.raises(SettingError, match="one output per class"):
        fit(world, windows, CrossEntropy(), 1, Classes(first=-1.0), tmp_path)
    with pytest.raises(SettingError, match="1 output"):
        fit(world, windows, MSE(), 3, AsIs(), tmp_path)
    with pytest.raises(SettingError, match="is no class"):
        Classes(first=0.0).fit(windows.target)
    assert not any(tmp_path.iterdir())
    counted = classed(world, values=(0.0, 1.0, 2.0))
    assert fit(world, counted, CrossEntropy(), 3, AsIs(), tmp_path).loss == CrossEntropy()


# ---------------------------------------------------------------- the record


def forecast(**columns):
    import polars as pl

    days = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]").astype("datetime64[us]")
    frame = {"time": days, "asset": ["a"] * 3, "fold": [0] * 3, "score": [0.1, 0.2, 0.3], "truth": [0.0] * 3}
    return Forecast.of(pl.DataFrame({**frame, **columns}), Horizon(lag=1, span=1), "class", {0: "x"})


def test_a_forecast_may_carry_probabilities_and_a_spread():
    plain = forecast()
    assert plain.probabilities is None
    assert plain.spread is None
    assert plain.frame.columns == ["time", "asset", "fold", "score", "truth"]
    full = forecast(p_1=[0.5, 1.0, 0.0], p_0=[0.5, 0.0, 1.0], spread=[0.0, 1.0, 2.0], other=[1, 2, 3])
    assert full.frame.columns[5:] == ["p_0", "p_1", "spread"]
    assert full.probabilities.tolist() == [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]
    assert full.spread.tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "columns, match",
    [
        ({"p_0": [0.5, 0.5, 0.5], "p_1": [0.5, 0.5, 0.4]}, "sum to one"),
        ({"p_0": [-0.5, 0.5, 0.5], "p_1": [1.5, 0.5, 0.5]}, "below zero"),
        ({"p_0": [1.0, 1.0, 1.0]}, "no choice"),
        ({"spread": [1.0, float("nan"), 0.0]}, "missing or below zero"),
        ({"spread": [1.0, None, 0.0]}, "missing or below zero"),
    ],
)
def test_what_is_no_law_is_refused(columns, match):
    with pytest.raises(RecordError, match=match):
        forecast(**columns)


def test_a_mean_of_forecasts_averages_scores_and_probabilities():
    one, two = (forecast(p_0=[p] * 3, p_1=[1 - p] * 3, score=[s] * 3) for p, s in ((0.2, 1.0), (0.6, 4.0)))
    both = Forecast.mean([one, two], {0: "both"})
    assert both.score.tolist() == [2.5] * 3
    np.testing.assert_allclose(both.probabilities, [[0.4, 0.6]] * 3)
    assert both.spread.tolist() == [1.5] * 3
    assert both.fingerprints == {0: "both"}
    moved = Forecast.of(one.frame[:2], one.horizon, one.unit, one.fingerprints)
    with pytest.raises(RecordError, match="different bars"):
        Forecast.mean([one, moved], {0: "x"})
