"""What is in a key: the rooms a stage goes through, and the source of components from elsewhere."""

import hashlib
import inspect
import os
import sys
import tomllib
from importlib import import_module, util
from pathlib import Path

import pytest

import tidegate
from tidegate.errors import UnknownNameError
from tidegate.factors.raw import RawFields
from tidegate.factors.together import Together
from tidegate.study.code import _source_digest, code_version, outside
from tidegate.study.own_modules import own_modules, own_source

SOURCE = '''
from typing import ClassVar
from tidegate.factors.base import FactorSet, panel_of


class Mine(FactorSet):
    """Twice the close."""

    name: ClassVar[str] = "mine-of-test-code"

    def compute(self, bars):
        return panel_of(bars, {{"twice": {factor} * bars.adjusted("close")}})
'''


def kind_from(path, factor, module):
    path.write_text(SOURCE.format(factor=factor), encoding="utf-8")
    spec = util.spec_from_file_location(module, path)
    made = util.module_from_spec(spec)
    sys.modules[module] = made
    spec.loader.exec_module(made)
    return made.Mine


def test_own_components_are_hashed_by_their_rooms_alone():
    assert outside(RawFields(), Together(sets=(RawFields(),)), None) == {}


def test_an_edit_to_a_component_from_elsewhere_changes_the_key(tmp_path):
    first = kind_from(tmp_path / "one.py", 2, "test_code_one")
    second = kind_from(tmp_path / "two.py", 3, "test_code_two")
    inside = outside(Together(sets=(RawFields(), first())))
    assert list(inside) == ["Mine"]
    assert inside == outside(first())
    assert inside != outside(second())


IMPORTS = """
import numpy, json
from {package}.deep import twice
from tidegate.component import Settings


class Mine(Settings):
    def late(self):
        from {package} import lazily
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A component in a package of its author's, with modules that it imports at once, from each other, and late."""
    monkeypatch.syspath_prepend(tmp_path)
    package = f"own_of_{tmp_path.name.replace('-', '_')}"
    home = tmp_path / package
    (home / "deep").mkdir(parents=True)
    files = {
        "__init__.py": "", "mine.py": IMPORTS.format(package=package), "lazily.py": "x = 1\n", "apart.py": "x = 1\n",
        "deep/__init__.py": "from .other import twice\n", "deep/other.py": "from ..far import FACTOR\ntwice = 2\n",
        "far.py": "FACTOR = 2\nfrom . import far\n",
    }  # fmt: skip
    for name, text in files.items():
        (home / name).write_text(text, encoding="utf-8")
    kind = import_module(f"{package}.mine").Mine
    yield home, package, kind
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_a_component_stands_on_its_authors_modules_and_on_no_others(own):
    _, package, kind = own
    assert list(own_modules(kind)) == [
        package,
        *(f"{package}.{name}" for name in ("deep", "deep.other", "far", "lazily")),
    ]


@pytest.mark.parametrize(
    ("file", "changes"), [("deep/other.py", True), ("far.py", True), ("lazily.py", True), ("apart.py", False)]
)
def test_an_edit_to_what_a_component_imports_changes_the_key(own, file, changes):
    home, _, kind = own
    before = outside(kind())
    (home / file).write_text("edited = True\n" if file != "deep/other.py" else "from ..far import FACTOR\ntwice = 3\n")
    _source_digest.cache_clear()
    assert (outside(kind()) != before) is changes


def test_what_somebody_installed_is_not_its_users_own(tmp_path, monkeypatch):
    home = tmp_path / "lib" / "dist-packages"
    home.mkdir(parents=True)
    (home / "installed_elsewhere.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(home)
    assert own_source("installed_elsewhere") is None


def test_a_class_in_a_cell_stands_on_the_modules_behind_its_names(tmp_path, monkeypatch):
    """A notebook's namespace has no file; its cells' source is kept beside it, as here."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "beside_a_cell.py").write_text("def twice(x):\n    return 2 * x\n")
    (tmp_path / "idle_beside_a_cell.py").write_text("x = 1\n")
    cell = "class Mine:\n    def compute(self, x):\n        return held.twice(x)\n"
    (tmp_path / "cell_of_a_notebook.py").write_text(f"import beside_a_cell as held, idle_beside_a_cell\n{cell}")
    kind = import_module("cell_of_a_notebook").Mine
    monkeypatch.delitem(vars(sys.modules["cell_of_a_notebook"]), "__file__")
    monkeypatch.setattr(inspect, "getsource", lambda asked: cell)
    assert list(own_modules(kind)) == ["beside_a_cell"]


def test_a_component_without_imports_of_its_own_keeps_its_key(tmp_path):
    kind = kind_from(tmp_path / "one.py", 2, "test_code_alone")
    assert outside(kind()) == {"Mine": hashlib.sha256((tmp_path / "one.py").read_bytes()).hexdigest()}


def test_rooms_have_hashes_of_their_own():
    assert code_version("prepare") != code_version("learn")
    assert code_version("prepare", "learn") == code_version("learn", "prepare")


def test_a_run_that_was_stopped_does_not_hide_the_finished_one(tmp_path):
    from tidegate.study.folder import find_run

    for moment, (name, files) in enumerate(
        {"aaaa1111": ("study.json", "report.json"), "bbbb2222": ("study.json",)}.items()
    ):
        (tmp_path / "small" / name).mkdir(parents=True)
        for file in files:
            path = tmp_path / "small" / name / file
            path.write_text("{}")
            os.utime(path, (moment, moment))
    assert find_run("small", tmp_path).name == "aaaa1111"
    assert find_run("small", tmp_path, finished=False).name == "bbbb2222"


def test_a_run_that_never_finished_is_not_told_as_known(tmp_path):
    from tidegate.study.folder import find_run

    for name, files in {"small": ("study.json", "report.json"), "broken": ("study.json",)}.items():
        (tmp_path / name / "aaaa1111").mkdir(parents=True)
        for file in files:
            (tmp_path / name / "aaaa1111" / file).write_text("{}")
    with pytest.raises(UnknownNameError, match=r"Known: small, small/aaaa1111; 1 more did not finish"):
        find_run("none", tmp_path)
    with pytest.raises(UnknownNameError, match=r"Known: broken, broken/aaaa1111, small"):
        find_run("none", tmp_path, finished=False)


def test_the_version_has_one_home():
    from tidegate.study.folder import environment

    assert environment()["packages"]["tidegate"] == tidegate.__version__
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in settings["project"]  # read from the package when a wheel is built
    home = Path(__file__).parents[2] / settings["tool"]["hatch"]["version"]["path"]
    assert home.samefile(tidegate.__file__)
