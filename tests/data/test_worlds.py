"""Worlds have the answers they claim."""

import numpy as np
import pytest

from tidegate.data.samples import Sample
from tidegate.data.worlds import CrashWorld, HourlyWorld, MemoryWorld, NoiseWorld, PlantedWorld, RegimeWorld
from tidegate.errors import SettingError

WORLDS = [
    NoiseWorld(sessions=600, seed=4),
    NoiseWorld(sessions=600, seed=4, volatility=0.1, assets=3),
    PlantedWorld(sessions=600, seed=4, ic=0.05),
    MemoryWorld(sessions=600, seed=4, ic=0.3),
    RegimeWorld(sessions=600, seed=4),
    CrashWorld(sessions=600, seed=4, depth=0.5),
    HourlyWorld(days=30, seed=4),
]


@pytest.mark.parametrize("world", WORLDS, ids=lambda w: f"{w.name}")
def test_same_declaration_same_bars_other_seed_other_bars(world):
    assert world.bars().digest == world.bars().digest
    assert world.but(seed=5).bars().digest != world.bars().digest


def test_worlds_do_not_share_draws():
    noise = NoiseWorld(sessions=500, seed=1).bars().column("close")
    planted = PlantedWorld(sessions=500, seed=1, ic=0.0).bars().column("close")
    assert abs(np.corrcoef(np.diff(np.log(noise)), np.diff(np.log(planted)))[0, 1]) < 0.2


@pytest.mark.parametrize("ic", [-0.6, 0.0, 0.05, 0.3, 0.8])
def test_planted_correlation_and_volatility(ic):
    bars = PlantedWorld(sessions=1000, assets=200, seed=9, ic=ic, volatility=0.02).bars()
    opens = bars.column("open").reshape(200, 1000)
    volume = bars.column("volume").reshape(200, 1000)
    signal = (np.log(volume) - np.log(1e7)) / 0.25
    forward = opens[:, 2:] / opens[:, 1:-1] - 1
    told = signal[:, :-2]
    assert np.corrcoef(told.ravel(), forward.ravel())[0, 1] == pytest.approx(ic, abs=0.01)
    assert forward.std() == pytest.approx(0.02, rel=0.01)
    assert signal.std() == pytest.approx(1.0, abs=0.01)
    for lag in (1, 2, 3):  # nothing about any other return
        assert abs(np.corrcoef(told[:, lag:].ravel(), forward[:, :-lag].ravel())[0, 1]) < 0.01
        assert abs(np.corrcoef(told[:, :-lag].ravel(), forward[:, lag:].ravel())[0, 1]) < 0.01


def test_memory_hides_from_every_line_and_speaks_to_the_rule():
    ic, assets, sessions = 0.5, 200, 1000
    world = MemoryWorld(sessions=sessions, assets=assets, seed=9, ic=ic, volatility=0.02)
    bars = world.bars()
    opens, volume = (bars.column(name).reshape(assets, sessions) for name in ("open", "volume"))
    signal = (np.log(volume) - np.log(1e7)) / 0.25
    forward = opens[:, 2:] / opens[:, 1:-1] - 1
    told, came = signal[:, 20:-2], forward[:, 20:]
    assert forward.std() == pytest.approx(0.02, rel=0.01)
    for lag in range(10):  # no single bar tells anything, whatever is made of its volume or its return
        before = signal[:, 20 - lag : sessions - 2 - lag]
        body = forward[:, 18 - lag : sessions - 4 - lag]
        for seen in (before, before**3, np.abs(before), body):
            assert abs(np.corrcoef(seen.ravel(), came.ravel())[0, 1]) < 0.01

    def rule(lookback):
        held = np.zeros_like(told)
        for lag in range(lookback - 1, 0, -1):
            seen = signal[:, 20 - lag : sessions - 2 - lag]
            held = np.where(np.abs(seen) > world.threshold, np.sign(seen), held)
        return float(np.corrcoef((held * told).ravel(), came.ravel())[0, 1])

    assert rule(20) == pytest.approx(ic, abs=0.01)
    for lookback in (2, 4):
        assert rule(lookback) == pytest.approx(world.reachable(lookback), abs=0.01)


def test_noise_has_no_memory():
    bars = NoiseWorld(sessions=1000, assets=200, seed=2).bars()
    opens, closes = (bars.column(c).reshape(200, 1000) for c in ("open", "close"))
    seen = {"body": closes / opens - 1, "volume": np.log(bars.column("volume").reshape(200, 1000)),
            "range": np.log(bars.column("high") / bars.column("low")).reshape(200, 1000)}  # fmt: skip
    forward = opens[:, 2:] / opens[:, 1:-1] - 1
    for told in seen.values():
        assert abs(np.corrcoef(told[:, :-2].ravel(), forward.ravel())[0, 1]) < 0.01
    assert forward.std() == pytest.approx(0.012, rel=0.01)


def test_regimes_have_their_moments():
    world = RegimeWorld(sessions=2000, assets=100, seed=3)
    bars, states = world.bars(), world.states()
    body = (bars.column("close") / bars.column("open") - 1).reshape(100, 2000)
    assert body[states == 1].mean() == pytest.approx(0.0008, abs=0.0001)
    assert body[states == 0].mean() == pytest.approx(-0.0006, abs=0.0002)
    assert body[states == 1].std() == pytest.approx(0.009 * np.sqrt(0.8), rel=0.02)
    turns = (np.diff(states, axis=1) != 0).mean()
    assert turns == pytest.approx(1 / 120, rel=0.1)


def test_crash_falls_once_and_where_it_says():
    world = CrashWorld(sessions=1000, seed=5, depth=0.6, at=0.5, assets=200)
    first, end = world.crash_bars()
    assert (first, end) == (500, 510)
    closes = world.bars().column("close").reshape(200, 1000)
    assert (closes[:, end - 1] / closes[:, first - 1]).mean() == pytest.approx(0.4, rel=0.02)
    assert (closes[:, first - 1] / closes[:, first - 11]).mean() == pytest.approx(1.0, abs=0.02)


def test_hours_follow_the_clock_and_cluster():
    bars = HourlyWorld(days=400, seed=6).bars()
    assert set(np.diff(bars.times)) == {np.timedelta64(1, "h")}
    volume = np.log(bars.column("volume")).reshape(400, 24).mean(axis=0)
    assert volume.argmax() in (14, 15, 16)
    size = np.abs(bars.column("close") / bars.column("open") - 1)
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.15
    returns = bars.column("close") / bars.column("open") - 1
    assert abs(np.corrcoef(returns[1:], returns[:-1])[0, 1]) < 0.05


def test_a_correlation_beyond_the_daytime_share_is_refused():
    with pytest.raises(SettingError, match=r"at most 0\.8"):
        PlantedWorld(sessions=100, seed=1, ic=0.9)
    with pytest.raises(SettingError, match="ic"):
        MemoryWorld(sessions=100, seed=1, ic=0.9)


def test_sample_is_what_arch_prints():
    bars = Sample(dataset="nasdaq").bars()
    first, last = bars.frame.row(0, named=True), bars.frame.row(-1, named=True)
    assert (first["open"], first["close"], first["volume"]) == (2207.540039, 2208.050049, 936660000.0)
    assert (last["high"], last["low"]) == (6659.959961, 6570.060059)
    assert bars.frame["volume"].null_count() == 2
    assert not bars.has("amount")
    assert bars.digest == Sample(dataset="nasdaq").bars().digest
