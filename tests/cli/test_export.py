"""`tidegate export`: from a run to a file that any runtime reads."""

import json

import numpy as np
import pytest

from tidegate.errors import IntegrityError
from tidegate.learn.export.model import run_onnx
from tidegate.study import exporting
from tidegate.study.api import export
from tidegate.study.records import load_forecast

onnx = pytest.importorskip("onnx", reason="the extra 'export' is not installed")
pytest.importorskip("onnxruntime", reason="the extra 'export' is not installed")


def test_a_run_becomes_a_file(tidegate, runs, tmp_path):
    file = tmp_path / "model.onnx"
    code, out, _ = tidegate("export", "small", "--to", file, "--seed", 1, "--out", runs, "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["study"], told["seed"], told["fold"], told["path"]) == ("small", 1, 0, str(file))
    assert told["compared"] > 50
    assert told["difference"] < 1e-5
    properties = {each.key: each.value for each in onnx.load(file).metadata_props}
    assert (properties["study"], properties["fingerprint"]) == ("small", told["fingerprint"])
    code, out, _ = tidegate("export", "small", "--to", file, "--out", runs)
    assert code == 0
    assert "of the largest score" in out


def test_the_file_speaks_as_the_run_did(runs, tmp_path):
    from tidegate.study.folder import find_run
    from tidegate.study.records import load_panel, load_windows

    place = find_run("small", runs) / "records" / "small"
    told = export("small", tmp_path / "m.onnx", seed=1, out=runs)
    windows = load_windows(place / "windows", load_panel(place / "panel"))
    forecast = load_forecast(place / "forecast" / "seed-1").frame
    times = windows.panel.times[windows.anchor_time]
    which = np.flatnonzero(np.isin(times, forecast["time"].to_numpy()))
    found = run_onnx(told.path, *exporting._as_they_are(windows, which))["score"]
    np.testing.assert_allclose(found, forecast["score"].to_numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "given, match",
    [
        (("smal",), "did you mean 'small'"),
        (("small", "--study", "smll"), "did you mean 'small'"),
        (("small", "--seed", 7), "unknown seed '7'"),
        (("small", "--fold", 3), "unknown fold '3'"),
    ],
)
def test_what_is_not_there_is_one_line(tidegate, runs, tmp_path, given, match):
    code, _, err = tidegate("export", *given, "--to", tmp_path / "m.onnx", "--out", runs)
    assert code == 2
    assert match in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_that_says_something_else_is_not_written(runs, tmp_path, monkeypatch):
    def off(*given):
        return {name: said * 1.001 for name, said in run_onnx(*given).items()}

    monkeypatch.setattr(exporting, "run_onnx", off)
    with pytest.raises(IntegrityError, match="does not say what the network says"):
        export("small", tmp_path / "m.onnx", out=runs)
    assert not list(tmp_path.iterdir())
