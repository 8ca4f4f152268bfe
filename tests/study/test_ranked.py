"""A day's ranking: the best first, of equal classes the surest of the highest, then the lower code."""

from types import SimpleNamespace

import polars as pl

from tidegate.study.predicting import _ranked
from tidegate.types.clock import Horizon
from tidegate.types.forecast import Forecast

DAY = pl.datetime(2016, 6, 30)


def test_equal_classes_are_ordered_by_the_highest_ones_probability():
    chances = {"A": (0.2, 0.3, 0.5), "B": (0.1, 0.3, 0.6), "C": (0.6, 0.2, 0.2), "D": (0.2, 0.2, 0.6)}
    rows = [
        {"asset": asset, "fold": 0, "score": p[2] - p[0], "truth": None, **{f"p_{k}": p[k] for k in range(3)}}
        for asset, p in chances.items()
    ]
    frame = pl.DataFrame(rows, schema_overrides={"truth": pl.Float64}).select(DAY.alias("time"), pl.all())
    forecast = Forecast.of(frame, Horizon(lag=1, span=1), "class", {0: "f" * 64})
    frozen = SimpleNamespace(study=SimpleNamespace(reads="likeliest class"), spec=SimpleNamespace(frequency="1mo"))
    table = _ranked(forecast, frozen, None)
    assert table["asset"].to_list() == ["B", "D", "A", "C"]
    assert table["rank"].to_list() == [1, 1, 1, 4]
