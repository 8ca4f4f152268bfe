"""The rebar study, every kind of variant of it, knows nothing later: weights, scores, orders and fills, over rolls."""

import numpy as np
import pytest

from tidegate.auditing.audit import audit_study
from tidegate.data.rebar_world import RebarWorld
from tidegate.errors import ClockError
from tidegate.study import bar_trading
from tidegate.testing.corridor import check_corridor
from tidegate_studies.rebar_futures import declare

WORLD = RebarWorld(sessions=80, seed=1, roll=14, frequency="60min")


@pytest.fixture(scope="module")
def study():
    return declare(WORLD)


@pytest.mark.parametrize("name", ["5m-uni", "1h-multi", "1h-return", "1h-direction", "1h-q-90"])
def test_no_variant_sees_the_future(study, name):
    one = study.study(name)
    source = one.source.but(sessions=20) if name == "5m-uni" else one.source
    short = one.but(source=source, seeds=(0,), gates=0, training=one.training.but(epochs=1))
    assert check_corridor(short) >= 1


def next_open(judged):
    """What opens the bar after each, in yuan; the last bar's own where there is none."""
    own = judged.seen.column("open")[judged.first :]
    return np.append(own[1:], own[-1:])


def level_from_the_next_open(honest):
    """Trade what was decided at the close by what the next open turned out to be."""
    return lambda study, judged, tick: 0 * honest(study, judged, tick) + next_open(judged) - 5


def size_from_the_next_open(honest):
    """Go by an honest level, with a size that knows whether the next bar opens higher."""

    def plans(study, strategy, levels, judged, conditions):
        made = honest(study, strategy, levels, judged, conditions)
        up = np.where(next_open(judged) > judged.seen.column("close")[judged.first :], 0.5, 0.25)
        return {member: plan._replace(exposure=plan.exposure * up) for member, plan in made.items()}

    return plans


LEAKS = {"_levels": level_from_the_next_open, "_plans": size_from_the_next_open}


@pytest.fixture(scope="module")
def plain(study):
    """A variant with a network of one pass, to be led astray."""
    one = study.study("1h-return")
    return one.but(seeds=(0,), gates=0, training=one.training.but(epochs=1), managed=())


@pytest.mark.parametrize("place", LEAKS)
def test_a_peek_at_the_next_open_is_caught(plain, place, monkeypatch):
    monkeypatch.setattr(bar_trading, place, LEAKS[place](getattr(bar_trading, place)))
    with pytest.raises(ClockError, match="decisions rebar-future seed-0 changes with what came after"):
        check_corridor(plain)
    (verdict,) = audit_study(plain, ("L4",)).verdicts
    assert verdict.status == "failed", verdict.line
    assert verdict.first.room == "decisions of seed-0 in rebar-future"


def test_a_side_taken_at_the_open_against_an_honest_level_is_no_leak(plain):
    (verdict,) = audit_study(plain, ("L4",)).verdicts
    assert verdict.status == "passed", verdict.line
