"""The contract over every member of every family, found by walking the package; and a leak dropped in as one new file."""

import textwrap

import pytest

import tidegate.factors
from tidegate.component import Component, members
from tidegate.data.source import Source
from tidegate.errors import ClockError, SettingError, UnknownNameError
from tidegate.testing.contract import check_blind, check_member, every_member, families
from tidegate.testing.history import example_bars
from tidegate.testing.laws import CLOCKED, check_component, check_source
from tidegate.walk import example_of, modules_of, walk

BARS = example_bars(sessions=120)
FOUND = walk()
MEMBERS = [kind for own in FOUND.values() for kind in own.values()]
BLIND = [
    kind
    for kind in MEMBERS
    if kind.family in {"factors", "label", "normaliser", "split", "strategy", "model", "market", "date-step"}
    or (kind.family == "universe" and not kind.reads_files)
]
OFFLINE = [kind for kind in MEMBERS if issubclass(kind, Source) and not getattr(kind, "reads_files", False)]


def told(kind):
    return f"{kind.family}-{kind.name}"


def test_the_walk_finds_the_families_and_members_of_every_room():
    assert set(FOUND) <= set(families())
    assert {"factors", "label", "normaliser", "split", "model", "source"} <= set(FOUND)
    assert set(families()) >= CLOCKED
    assert len(MEMBERS) >= 25


def test_the_walk_and_the_subclasses_agree():
    alive = {
        kind
        for kind in members(Component).values()
        if kind.__module__.startswith("tidegate.") and "dropped" not in kind.__module__
    }
    assert alive <= set(MEMBERS)


@pytest.mark.parametrize("kind", MEMBERS, ids=told)
def test_laws_of_components(kind):
    made = check_component(kind, families()[kind.family])
    assert made.name == kind.name


@pytest.mark.parametrize("kind", BLIND, ids=told)
def test_no_member_knows_its_future(kind):
    if kind.mistake.startswith("LEAKS"):  # what leaks on purpose says so, and the contract must see it
        with pytest.raises(ClockError):
            check_blind(example_of(kind), BARS)
        return
    tried = check_blind(example_of(kind), BARS)
    assert tried >= (0 if kind.family == "market" else 1)


@pytest.mark.parametrize("kind", OFFLINE, ids=told)
def test_a_source_gives_the_same_bars_twice(kind):
    assert check_source(example_of(kind)).frame.height > 0


DROPPED = '''
    """A file that nobody announced."""

    from typing import ClassVar

    import numpy as np

    from tidegate.factors.base import FactorSet, panel_of


    class Dropped(FactorSet):
        """Tomorrow's close.

        Known at
            It says CLOSE(t).
        """

        name: ClassVar[str] = "dropped-{number}"

        def compute(self, bars):
            return panel_of(bars, {{"next": np.roll(bars.column("close"), -{shift})}})
'''


@pytest.mark.parametrize("number, shift", [(1, 1), (2, 0)], ids=["leak", "honest"])
def test_one_new_file_is_under_contract_with_no_registration(tmp_path, monkeypatch, number, shift):
    text = textwrap.dedent(DROPPED).format(number=number, shift=shift).lstrip()
    (tmp_path / f"dropped_{number}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(tidegate.factors, "__path__", [*tidegate.factors.__path__, str(tmp_path)])
    kinds = {kind.name: kind for kind in every_member("factors", "tidegate.factors")}
    kind = kinds[f"dropped-{number}"]
    if shift:
        with pytest.raises(ClockError, match=r"dropped-1.*look past"):
            check_member(kind, BARS)
    else:
        assert check_member(kind, BARS) >= 8


def test_a_package_of_ones_own_is_walked_too(tmp_path, monkeypatch):
    folder = tmp_path / "my_factors_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "mine.py").write_text(textwrap.dedent(DROPPED).format(number=3, shift=1).lstrip(), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    kind = walk("my_factors_package")["factors"]["dropped-3"]
    with pytest.raises(ClockError):
        check_member(kind, BARS)


def test_two_members_of_one_name_are_refused(tmp_path, monkeypatch):
    folder = tmp_path / "twice_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    for name in ("first", "second"):
        (folder / f"{name}.py").write_text(
            textwrap.dedent(DROPPED).format(number=4, shift=1).lstrip(), encoding="utf-8"
        )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingError, match="two members of family 'factors' are called 'dropped-4'"):
        walk("twice_package")


def test_a_module_that_cannot_be_imported_is_not_passed_over(tmp_path, monkeypatch):
    folder = tmp_path / "broken_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "broken.py").write_text("import nothing_of_this_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError):
        modules_of("broken_package")


def test_an_unknown_family_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'factors'"):
        every_member("factor", "tidegate.factors")
