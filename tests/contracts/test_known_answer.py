"""The yardstick of an audit: intervals cover a planted IC, and one that is too narrow is found out."""

import pytest

from tidegate.auditing import known_answer
from tidegate.auditing.known_answer import coverage_of
from tidegate.auditing.plan import Costs, chosen
from tidegate.errors import UnknownNameError


@pytest.mark.parametrize("true", [0.0, 0.05])
def test_intervals_cover_what_was_planted(true):
    assert coverage_of(true, 200, 1, 5, 40, seed=2) >= 0.85


def test_narrow_intervals_are_found_out(monkeypatch):
    real = known_answer.judge_forecast

    def narrow(*arguments, **named):
        return real(*arguments, **{**named, "level": 0.4})

    monkeypatch.setattr(known_answer, "judge_forecast", narrow)
    assert coverage_of(0.0, 200, 1, 5, 40, seed=2) < 0.7


def test_estimates_grow_with_cuts_and_say_what_is_long():
    costs = Costs(panel=1.0, walk=10.0)
    assert costs.of("L1", 20) > costs.of("L1", 8)
    assert "L3 25 s" in costs.told(("L1", "L3", "L11"), 8)
    assert chosen(("l11", "L2"), full=False) == ("L2", "L11")
    assert "L9" in chosen(None, full=True)
    assert "L9" not in chosen(None, full=False)
    with pytest.raises(UnknownNameError, match="unknown test"):
        chosen(("M1",), full=False)
