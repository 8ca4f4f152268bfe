"""A few whole books, order by order, are those that were kept: a change that nobody meant is seen, whatever its size."""

import copy
import json

import pytest
from golden_books import KEPT, different, made

HINT = """
If a rule or a mistake was changed on purpose, write them anew and say in the commit why:

    python tests/contracts/golden_books.py
"""


@pytest.fixture(scope="module")
def kept():
    return json.loads(KEPT.read_text(encoding="utf-8"))


def test_books_are_those_that_were_kept(kept):
    told = different(kept, made())
    assert not told, "books differ from tests/contracts/golden/books.json:\n  " + "\n  ".join(told) + HINT


def test_a_difference_is_told_with_its_cause(kept):
    now = copy.deepcopy(kept)
    assert different(kept, now) == []
    now["rules"] = now["books"]["top k"]["equity"] = "0"
    first, second = different(kept, now)
    assert first == "the rules changed"
    assert second.startswith("top k: equity changed (")
    del now["books"]["groups"]
    assert "groups: gone" in different(kept, now)
