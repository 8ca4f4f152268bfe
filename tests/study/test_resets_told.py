"""A report says where nobody looked for days on which prices begin anew."""

from types import SimpleNamespace

import polars as pl
import pytest

from tidegate.study.ground import stamps_of
from tidegate.study.words import stamp_text
from tidegate.testing.history import example_bars
from tidegate.types.bars import Bars


@pytest.mark.parametrize(
    ("changes", "columns", "told"),
    [
        ({}, {}, True),
        ({}, {"reset": False}, False),
        ({"kind": "index"}, {}, False),
        ({"source": "Tidegate, synthetic and seeded"}, {}, False),
    ],
)
def test_bars_of_shares_without_flags_are_told(tmp_path, changes, columns, told):
    bars = example_bars(sessions=5, assets=1)
    bars = Bars.of(
        bars.frame.with_columns(**{name: pl.lit(value) for name, value in columns.items()}),
        bars.spec.but(**({"kind": "stock", "source": "a vendor"} | changes)),
    )
    ground = SimpleNamespace(panel=SimpleNamespace(folder=tmp_path))
    stamps = stamps_of(SimpleNamespace(hold_out=None), bars, ground, None, ())
    assert any("begin anew" in stamp for stamp in stamps) == told
    assert all(stamp_text(stamp).zh != stamp for stamp in stamps)


@pytest.mark.parametrize(
    ("kind", "columns", "told"),
    [
        ("future", {}, True),
        ("future", {"factor": 1.0}, False),
        ("future", {"roll_from": 3500.0}, False),
        ("index", {}, False),
    ],
)
def test_futures_whose_rolls_nobody_recorded_are_told(tmp_path, kind, columns, told):
    bars = example_bars(sessions=5, assets=1)
    frame = bars.frame.drop("factor", "roll_from", strict=False)
    frame = frame.with_columns(**{name: pl.lit(value) for name, value in columns.items()})
    ground = SimpleNamespace(panel=SimpleNamespace(folder=tmp_path))
    made = Bars.of(frame, bars.spec.but(kind=kind))
    stamps = stamps_of(SimpleNamespace(hold_out=None), made, ground, None, ())
    assert any("no change of contract" in stamp for stamp in stamps) == told
