"""Why an order was given is told in both languages, by every selection of the catalogue."""

import re

import pytest

from tidegate.catalog import entries, find
from tidegate.strategy.selection import Selection

SELECTIONS = [name for name in entries("strategy") if issubclass(find("strategy", name), Selection)]


@pytest.mark.parametrize("name", SELECTIONS)
def test_every_reason_has_a_chinese_one(name):
    member = find("strategy", name)
    strategy = member(**getattr(member, "example", {}))
    words, chinese = strategy.words(), strategy.words_in_chinese()
    assert len(chinese) == len(words) == len(set(chinese))
    assert all(re.search("[\u4e00-\u9fff]", word) for word in chinese)
