"""Components that Tidegate did not bring along: dropped into its rooms, installed beside it, or named by --with."""

import subprocess
import sys
from importlib import metadata

import pytest
from small import command, finish, small

from tidegate import catalog
from tidegate.errors import SettingError, UnknownNameError

SOURCE = '''
"""A module of somebody else."""

from typing import ClassVar

from tidegate.factors.base import FactorSet, panel_of


class Twice(FactorSet):
    """Twice the close."""

    name: ClassVar[str] = "{name}"

    def compute(self, bars):
        return panel_of(bars, {{"twice": 2 * bars.adjusted("close")}})
'''


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """Write a module with one factor set into a working folder of its own; gives its maker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(catalog, "_brought", {})
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make(module, name):
        (tmp_path / f"{module}.py").write_text(SOURCE.format(name=name), encoding="utf-8")
        return module

    return make


def test_a_module_named_with_with_is_listed_and_shown(tidegate, theirs):
    module = theirs("theirs_listed", "twice-listed")
    code, out, _ = tidegate("list", "factors", "--with", module)
    assert (code, "twice-listed" in out) == (0, True)
    code, out, _ = tidegate("show", "twice-listed", "--with", module)
    assert (code, "Twice the close." in out) == (0, True)


def test_factors_of_ones_own_are_judged_with_their_module(tidegate, theirs):
    module = theirs("theirs_judged", "twice-judged")
    world = "world:stock-world,assets=40,sessions=120,seed=1,ic=0.1"
    code, out, _ = tidegate("factors", "twice-judged", "--data", world, "--horizons", "1", "--json", "--with", module)
    assert (code, '"twice"' in out) == (0, True)


def test_an_installed_package_tells_of_itself_by_an_entry_point(tidegate, theirs, monkeypatch):
    module = theirs("theirs_installed", "twice-installed")
    point = metadata.EntryPoint(name="mine", value=module, group=catalog.GROUP)
    monkeypatch.setattr(catalog.metadata, "entry_points", lambda **_: [point])
    monkeypatch.syspath_prepend(".")
    assert "twice-installed" in catalog.entries("factors")
    assert catalog.find("factors", "twice-installed").__module__ == module
    assert "Twice the close." in tidegate("show", "twice-installed")[1]


def test_a_file_that_the_index_does_not_name_yet_is_listed(monkeypatch):
    known = {family: dict(kinds) for family, kinds in catalog._index().items()}
    gone = known["cell"].pop("gru")
    monkeypatch.setattr(catalog, "_index", lambda: known)
    catalog._members_in.cache_clear()
    try:
        assert catalog.entries("cell")["gru"] == gone
        assert catalog.find("cell", "gru").__name__ == gone.home.partition(":")[2]
    finally:
        catalog._members_in.cache_clear()


def test_a_room_that_was_given_another_folder_is_looked_into(tmp_path, monkeypatch):
    import tidegate.factors

    text = '''"""Here."""\nfrom typing import ClassVar\n\nfrom tidegate.factors.base import FactorSet, panel_of\n\n
class Here(FactorSet):
    """Twice the close, from elsewhere."""

    name: ClassVar[str] = "from-elsewhere"

    def compute(self, bars):
        """Do it."""
        return panel_of(bars, {"twice": 2 * bars.column("close")})
'''
    (tmp_path / "dropped_elsewhere.py").write_text(text, encoding="utf-8")
    assert "from-elsewhere" not in catalog.entries("factors")
    monkeypatch.setattr(tidegate.factors, "__path__", [*tidegate.factors.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "tidegate.factors.dropped_elsewhere", raising=False)
    assert catalog.find("factors", "from-elsewhere").__module__ == "tidegate.factors.dropped_elsewhere"
    assert catalog.entries("factors")["from-elsewhere"].summary == "Twice the close, from elsewhere."


def test_what_cannot_be_brought_in_is_told(tidegate, theirs, tmp_path):
    code, _, err = tidegate("list", "--with", "no_such_module")
    assert code == 2
    assert "cannot be found: found 'no_such_module'" in err
    (tmp_path / "theirs_broken.py").write_text("from tidegate.errors import Nothing\n", encoding="utf-8")
    with pytest.raises(SettingError, match="cannot be imported: found theirs_broken: cannot import name 'Nothing'"):
        catalog.plug("theirs_broken")
    with pytest.raises(SettingError, match="Tidegate has a factors of this name"):
        catalog.plug(theirs("theirs_same", "raw-fields"))
    with pytest.raises(UnknownNameError, match="--with MODULE"):
        catalog.find("factors", "nobodys")


def test_a_run_with_components_of_ones_own_is_explained_with_their_module(theirs, tmp_path):
    module = theirs("theirs_run", "twice-run")
    catalog.plug(module)
    study = small(factors={"name": "twice-run"}, seeds=[1], rivals=[])
    ran = finish(study, tmp_path / "runs")
    day = str(ran.findings["small"].bars.times[-30])[:10]

    def told(*more):
        arguments = ["explain", str(ran.folder), "planted", day, *more]
        return subprocess.run(command(*arguments), capture_output=True, text=True, check=False)

    alone = told()
    assert alone.returncode == 2
    assert "unknown factors 'twice-run'" in alone.stderr
    assert "--with MODULE" in alone.stderr
    known = told("--with", module)
    assert known.returncode == 0
    assert "score, seed-1" in known.stdout
