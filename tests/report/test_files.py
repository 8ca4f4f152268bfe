"""CSV files, comparison of reports, thinning."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import HOSTILE, example

from tidegate.errors import SettingError
from tidegate.report.compare import compare
from tidegate.report.csvs import figure_csv, measures_csv, table_csv, write_csvs
from tidegate.report.page import page
from tidegate.report.thin import kept
from tidegate.types.report import Measure, Report, Text, dump, parse


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def measure(value, *, name="sharpe", unit="ratio", variant="lstm"):
    return Measure(name=name, subject={"variant": variant}, value=value, unit=unit, n=10)


def report(name, *measures, **fields):
    return Report(name=name, title=Text.same(name), lead=Text.same(""), measures=measures, **fields)


class TestCsv:
    def test_each_table_and_figure_has_a_file(self, tmp_path):
        held = example()
        paths = write_csvs(held, tmp_path)
        assert {p.stem for p in paths} == {"measures", *(t.key for t in held.tables), *(f.key for f in held.figures)}
        assert all(p.is_file() for p in paths)

    def test_a_curve_comes_back_at_full_precision(self):
        figure = next(f for f in example().figures if f.key == "b2")
        rows = [row for row in read(figure_csv(figure)) if row["series"] == "hold"]
        data = next(s for s in figure.series if s.key == "hold").data
        assert [float(row["y"]) for row in rows] == list(data["y"])
        assert [row["x"] for row in rows] == list(data["x"])

    def test_every_mark_is_a_row(self):
        for figure in example().figures:
            if figure.kind == "chart":
                assert len(read(figure_csv(figure))) == sum(len(next(iter(s.data.values()))) for s in figure.series)

    def test_intervals_and_hostile_names(self):
        rows = read(table_csv(next(t for t in example().tables if t.key == "results")))
        assert rows[-1]["experiment"] == HOSTILE
        assert rows[-1]["return_low"] == ""
        assert float(rows[0]["return"]) >= float(rows[0]["return_low"])
        assert rows[0]["market"] == "Frictionless index"

    def test_measures(self):
        rows = read(measures_csv([measure(0.1 + 0.2), measure(None, variant="b")]))
        assert rows[0]["value"] == "0.30000000000000004"
        assert (rows[1]["variant"], rows[1]["value"]) == ("b", "")

    def test_keys_are_no_paths(self, tmp_path):
        figure = example().figures[0].but(key="../../b1")
        held = report("r").but(figures=(figure,))
        assert [p.parent for p in write_csvs(held, tmp_path)] == [tmp_path]


class TestCompare:
    def test_difference_is_second_less_first(self):
        row = compare([report("a", measure(0.5)), report("b", measure(0.75))]).tables[0].rows[0]
        assert (row["a"]["value"], row["b"]["value"], row["difference"]) == (0.5, 0.75, 0.25)

    def test_what_only_one_has_has_no_difference(self):
        rows = compare([report("a", measure(0.5)), report("b", measure(0.7, variant="other"))]).tables[0].rows
        assert [row["difference"] for row in rows] == [None, None]
        assert "b" not in rows[0]

    def test_units_are_not_mixed(self):
        made = compare([report("a", measure(0.5), measure(3, name="trades", unit="count")), report("b", measure(0.5))])
        assert [len(table.rows) for table in made.tables[:2]] == [1, 1]

    def test_settings_that_differ(self):
        made = compare(
            [
                report("a", provenance={"seed": 1, "data": {"rows": 3}}),
                report("b", provenance={"seed": 1, "data": {"rows": 4}}),
            ]
        )
        assert made.tables[-1].rows == ({"key": "data.rows", "a": "3", "b": "4"},)

    def test_it_is_a_report_like_any_other(self):
        made = compare([example(), example()])
        assert parse(dump(made)) == made
        assert "index-timing 2" in page(made)

    def test_refusals(self):
        with pytest.raises(SettingError, match="nothing to compare"):
            compare([report("a")])
        with pytest.raises(SettingError, match="labels do not fit"):
            compare([report("a"), report("b")], ["x", "x"])


class TestThinning:
    @given(st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), max_size=400), st.integers(4, 60))
    def test_few_points_ends_and_extremes(self, values, most):
        curve = np.array(values, dtype=float)
        places = kept(curve, most)
        assert len(places) <= max(most, 4)
        assert (np.diff(places) > 0).all()
        if len(curve):
            assert places[0] == 0
            assert places[-1] == len(curve) - 1
        if np.isfinite(curve).any():
            assert np.nanmax(curve[places]) == np.nanmax(curve)
            assert np.nanmin(curve[places]) == np.nanmin(curve)
