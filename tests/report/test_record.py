"""The record: what it refuses, and that its JSON gives it back exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import example

from tidegate.errors import SettingError, UnknownNameError
from tidegate.types.report import Claim, Column, Figure, Measure, Report, Section, Series, Table, Text, dump, parse

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
both = st.builds(Text, en=words, zh=words)
finite = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | finite | words,
    lambda held: st.lists(held, max_size=3) | st.dictionaries(words, held, max_size=3),
    max_leaves=8,
)
measures = st.builds(
    Measure,
    name=words,
    subject=st.dictionaries(words, words, max_size=2),
    value=st.none() | finite | st.integers(-(10**9), 10**9),
    unit=words,
    low=st.none() | finite,
    high=st.none() | finite,
    level=st.none() | finite,
    n=st.integers(0, 10**9),
    note=words,
)
tables = st.builds(
    Table,
    key=st.just("table"),
    title=both,
    columns=st.just((Column(key="a", title=Text.same("A")),)),
    rows=st.lists(st.dictionaries(words, plain, max_size=3), max_size=3).map(tuple),
    note=st.none() | both,
)
reports = st.builds(
    Report,
    name=words,
    title=both,
    lead=both,
    stamps=st.lists(both, max_size=2).map(tuple),
    measures=st.lists(measures, max_size=3).map(tuple),
    tables=st.tuples() | st.tuples(tables),
    glossary=st.dictionaries(words, both, max_size=2),
    provenance=st.dictionaries(words, plain, max_size=3),
)


def line(key="a", **data):
    return Series(key=key, title=Text.same(key), kind="line", data=data or {"x": (1, 2), "y": (1.0, None)})


def figure(*series, **fields):
    return Figure(key="f", title=Text.same("F"), caption=Text.same("C"), series=series, **fields)


def report(**fields):
    return Report(name="r", title=Text.same("R"), lead=Text.same("L"), **fields)


class TestProperties:
    @given(reports)
    def test_json_gives_the_report_back(self, held):
        assert parse(dump(held)) == held
        assert dump(parse(dump(held))) == dump(held)

    def test_the_example_comes_back(self):
        held = example()
        assert parse(dump(held)) == held

    def test_equal_reports_give_equal_text(self):
        assert dump(example.__wrapped__()) == dump(example())


class TestValidation:
    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_numbers_must_be_finite(self, value):
        with pytest.raises(SettingError, match="finite numbers"):
            line(x=(1,), y=(value,))

    def test_only_plain_values(self):
        with pytest.raises(SettingError, match="plain values"):
            report(provenance={"when": object()})

    def test_lists_are_parallel(self):
        with pytest.raises(SettingError, match="not parallel"):
            line(x=(1, 2), y=(1.0,))

    def test_a_kind_needs_its_columns(self):
        with pytest.raises(SettingError, match=r"a band lacks data.*x, y, y2"):
            Series(key="b", title=Text.same("B"), kind="band", data={"x": (1,), "y": (2.0,)})
        assert Series(key="s", title=Text.same("S"), kind="shade", data={"y": (0.0,), "y2": (1.0,)}).kind == "shade"

    def test_roles_are_parallel_to_rows(self):
        with pytest.raises(SettingError, match="roles are not parallel"):
            Table(key="t", title=Text.same("T"), columns=(), rows=({},), roles=("main", "rival"))

    def test_a_series_follows_one_that_is_there(self):
        with pytest.raises(UnknownNameError, match=r"unknown series 'lime'.*'line'"):
            figure(line("line"), line("band").but(follows="lime"))

    def test_keys_stand_once(self):
        with pytest.raises(SettingError, match=r"stands twice.*series of figure f"):
            figure(line(), line())
        with pytest.raises(SettingError, match="stands twice"):
            report(figures=(figure(), figure()))
        claim = Claim(
            key="c",
            statement=Text.same("s"),
            published=Text.same(""),
            ours=Text.same(""),
            difference="",
            reason=Text.same(""),
            verdict="holds",
        )
        with pytest.raises(SettingError, match=r"stands twice.*claims"):
            report(claims=(claim, claim))

    def test_a_key_does_not_hide_what_is_shown_by_name(self):
        with pytest.raises(SettingError, match="stands twice"):
            report(figures=(figure().but(key="measures"),))

    def test_sections_show_what_is_there(self):
        with pytest.raises(UnknownNameError, match="unknown table or figure 'g'"):
            report(figures=(figure(),), sections=(Section(key="s", title=Text.same("S"), shows=("g",)),))

    @pytest.mark.parametrize("kind, missing", [("graph", "links"), ("clock", "rows"), ("split", "ranges")])
    def test_drawings_need_their_data(self, kind, missing):
        with pytest.raises(SettingError, match=f"a {kind} lacks data.*{missing}"):
            figure(kind=kind)
