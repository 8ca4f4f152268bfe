"""Kinds of models in the corridor: an ensemble stands where a network does, a classifier's probabilities are kept."""

import json

import numpy as np
import pytest
from small import files_below, finish, small

from tidegate.errors import SettingError
from tidegate.study.records import load_forecast


def forecasts(out):
    (run,) = (path.parent for path in out.glob("small/*/report.json"))
    return {path.name: load_forecast(path) for path in sorted((run / "records" / "small" / "forecast").iterdir())}


def test_an_ensemble_stands_where_a_network_does(tmp_path):
    plain = small()["model"]
    declared = small(
        model={"name": "ensemble", "member": plain, "count": 2, "combine": "rank-mean"}, training__epochs=2, gates=0
    )
    finish(declared, tmp_path)
    found = forecasts(tmp_path)
    assert (found["seed-1"].spread > 0).any()
    assert found["linear"].spread is None
    kept = [path for path in tmp_path.glob("stages/fit/*") if (path / "member-2" / "fit.json").is_file()]
    assert len(kept) == 2
    for fit in kept:
        card = json.loads((fit / "stage.json").read_text())
        assert not [name for name in card["files"] if name.endswith("timings.json")]
        assert (fit / "timings.json").is_file()
    before = {name: digest for name, digest in files_below(tmp_path / "stages").items() if "timings" not in name}
    finish(declared, tmp_path)
    after = files_below(tmp_path / "stages")
    assert {name: after[name] for name in before} == before


def test_a_classifier_goes_through_every_room(tmp_path):
    declared = small(
        label={"name": "return-classes", "horizon": {"lag": 1, "span": 2}, "thresholds": [0.01]},
        target_scaling={"name": "classes", "first": -1.0},
        model__outputs=3,
        training__loss={"name": "cross-entropy", "class_weights": "balanced"},
        training__epochs=2,
        rivals=[{"name": "majority"}],
        gates=0,
    )
    finish(declared, tmp_path)
    found = forecasts(tmp_path)
    for seed in ("seed-1", "seed-2"):
        p = found[seed].probabilities
        assert p.shape[1] == 3
        np.testing.assert_allclose(found[seed].score, p[:, 2] - p[:, 0], atol=1e-12)
    assert set(np.unique(found["seed-1"].truth[np.isfinite(found["seed-1"].truth)])) == {-1.0, 0.0, 1.0}
    assert found["majority"].probabilities is None


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"training__loss": {"name": "cross-entropy"}, "model__outputs": 3}, "is of class numbers"),
        ({"training__loss": {"name": "cross-entropy"}}, "one output per class"),
        ({"model__outputs": 2}, "compares one score with one number"),
        ({"training__loss": {"name": "ic"}}, "must share a batch"),
        ({"training__loss": {"name": "ic"}, "training__sampling": {"name": "by-date"}}, "has no order to learn"),
    ],
)
def test_losses_that_do_not_fit_are_refused_before_anything_is_fitted(changes, told, tmp_path):
    with pytest.raises(SettingError, match=told):
        finish(small(**changes), tmp_path)
    assert not (tmp_path / "stages" / "fit").exists()
