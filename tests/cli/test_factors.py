"""`tidegate factors`, as a user types it."""

import json

import pytest

WORLD = "world:stock-world,assets=40,sessions=90,seed=1,ic=0.3"


def test_a_set_gives_a_table_and_a_page(tidegate, tmp_path):
    code, out, _ = tidegate(
        "factors", "expressions", "--data", WORLD, "-s", "formulas.turned=log(turnover)", "-s", "formulas.gap=open / lag(close, 1)",
        "--step", "rank-normal", "--horizons", "2", "--out", tmp_path,
    )  # fmt: skip
    assert code == 0
    assert out.index("turned") < out.index("gap")
    assert "Bonferroni" in out
    assert "before costs" in out.replace("\n", " ")
    (page,) = tmp_path.glob("expressions-*/report.html")
    assert "turned" in page.read_text(encoding="utf-8")


def test_programs_get_json_alone(tidegate, tmp_path):
    code, out, _ = tidegate("factors", "price-ratios", "--data", WORLD, "--horizons", "1", "--out", tmp_path, "--json")
    assert code == 0
    held = json.loads(out)
    assert len(held["factors"]) == 7
    assert held["factors"][0]["rank_ic"]["low"] < held["factors"][0]["rank_ic"]["high"]


@pytest.mark.parametrize(
    "more, told",
    [
        (("price-rations", "--data", WORLD), "did you mean 'price-ratios'"),
        (("price-ratios",), "--data store:NAME"),
        (("price-ratios", "--data", WORLD, "--cadence", "weeks"), "bars or months"),
        (("price-ratios", "--data", WORLD, "--until", "June"), "2015-06-12"),
        (("price-ratios", "--data", WORLD, "--step", "rank-norml"), "rank-normal"),
        (("price-ratios", "--data", WORLD, "--step", "{name"), "a step is a name or a JSON document"),
    ],
)
def test_wrong_requests_are_answered_kindly(tidegate, tmp_path, more, told):
    code, _, err = tidegate("factors", *more, "--out", tmp_path)
    assert code == 2
    assert told in err.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_writes_nothing(tidegate, tmp_path, monkeypatch):
    def stopped(*given, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("tidegate.study.factor_report.score_factors", stopped)
    code, out, _ = tidegate("factors", "price-ratios", "--data", WORLD, "--out", tmp_path)
    assert code == 130
    assert "nothing was written" in out
    assert not list(tmp_path.iterdir())
