"""The counting of `benchmarks/monthly_worlds.py`, small: what is planted in a market of shares, and what the rooms find.

A few worlds cannot show a rate; the benchmark draws ten of each, larger ones, and trains networks too.
"""

import importlib.util
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2] / "benchmarks" / "monthly_worlds.py"


@pytest.fixture(scope="module")
def monthly():
    spec = importlib.util.spec_from_file_location("monthly_worlds_benchmark", HERE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(monthly, ic, count=3):
    return [monthly.factor_row(monthly.world_of(seed, ic, assets=60, sessions=700)) for seed in range(count)]


def test_a_planted_factor_is_found_and_covered(monthly):
    made = rows(monthly, 0.3)
    assert all(row["low"] > 0 for row in made)
    assert sum(row["low"] <= row["truth"] <= row["high"] for row in made) >= 2
    assert all(0.1 < row["truth"] < 0.3 for row in made)  # reports age, so less than a fresh one's 0.3
    assert monthly.judged("factor", 0.3, made)[1] == []


def test_nothing_is_found_where_nothing_is_planted(monthly):
    made = rows(monthly, 0.0)
    assert all(row["truth"] == 0.0 for row in made)
    assert sum(row["low"] > 0 or row["high"] < 0 for row in made) <= 1
    assert sum(row["others"] for row in made) <= 3 * 47 * 0.2  # nominal 5 % of each; factors of a world move together


def test_a_count_that_luck_does_not_allow_is_told(monthly):
    far = {"low": 0.5, "high": 0.6, "truth": 0.0, "estimate": 0.55, "others": 1}
    told, wrong = monthly.judged("factor", 0.0, [far] * 5)
    assert (told["covered"], told["above"]) == (0, 5)
    assert len(wrong) == 2
