"""L11 reads what a component reaches by name, in its file and in its author's modules, and nothing else of them."""

import sys
from importlib import import_module

import pytest

from tidegate.auditing.reached import reached

COMPONENT = """
from tidegate.component import Settings

from {package} import deep
from {package}.helper import ahead as looking
import {package}.far as far

BACK = 1


def here(frame):
    return frame.shift(-BACK)


def idle(frame):
    return frame.shift(-7)


from {package}.stars import *
import {package}.chained.last

try:
    def either(frame):
        return frame.shift(-11)
except NameError:
    def either(frame):
        return frame.shift(-12)


class Mine(Settings):
    def compute(self, frame):
        from {package} import lazy

        told = here(frame) + looking(frame) + far.further(frame) + deep.deeper(frame) + either(frame)
        return told + starry(frame) + {package}.chained.last.link(frame) + lazy.slow(frame)
"""
FILES = {
    "__init__.py": "",
    "helper.py": "from . import far\n\ndef ahead(x):\n    return far.further(x).shift(-2)\n\ndef unused(x):\n    return x.shift(-8)\n",
    "far.py": "def further(x):\n    return x.shift(-3)\n\ndef never(x):\n    return x.shift(-9)\n",
    "stars.py": "def starry(x):\n    return x.shift(-5)\n",
    "chained/__init__.py": "",
    "chained/last.py": "def link(x):\n    return x.shift(-6)\n",
    "lazy/__init__.py": "from .inner import slow\n",
    "lazy/inner.py": "def slow(x):\n    return x.shift(-10)\n",
    "deep/__init__.py": "from .within import deeper\n",
    "deep/within.py": "def deeper(x):\n    return x.shift(-4)\n",
}


@pytest.fixture
def kind(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package = f"reached_in_{tmp_path.name}"
    for name, text in {**FILES, "mine.py": COMPONENT.format(package=package)}.items():
        path = tmp_path / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    yield import_module(f"{package}.mine").Mine
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_what_is_reached_by_name_is_read_and_nothing_else(kind):
    told = {piece.text.split("(")[0].split(" =")[0].strip(): piece for piece in reached(kind)}
    assert set(told) == {
        "class Mine", "def here", "BACK", "def ahead", "def further", "def deeper", "def either", "def starry", "def link",
        "def slow",
    }  # fmt: skip
    assert sum("def either" in piece.text for piece in reached(kind)) == 2
    assert told["def ahead"].first == 3
    assert told["def further"].module.endswith(".far")


def test_a_class_within_a_function_reaches_its_file():
    class Inner:
        def compute(self):
            return outer_helper()

    assert [piece.text.split("(")[0].strip() for piece in reached(Inner)] == [
        "class Inner:\n        def compute",
        "def outer_helper",
    ]


def outer_helper():
    return 1


def test_text_at_the_left_edge_of_a_class_within_a_function_is_no_crash():
    class Inner:
        words = """
at the edge
"""

    (piece,) = reached(Inner)
    assert "at the edge" in piece.text


def test_what_has_no_source_reaches_nothing():
    made = type("Made", (), {"__module__": "nowhere"})
    assert reached(made) == ()
