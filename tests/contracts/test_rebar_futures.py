"""The rebar study, every kind of variant of it, knows nothing later: weights, scores, orders and fills, over rolls."""

import pytest

from tidegate.data.rebar_world import RebarWorld
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
