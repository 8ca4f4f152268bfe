"""Losses, optimisers, schedules and target scalings against independent ones."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import RecordError, SettingError
from tidegate.learn.losses import MAE, MSE, Huber
from tidegate.learn.optimisers import SGD, Adam, AdamW, RMSprop
from tidegate.learn.schedules import Constant, Cosine, Step, Warmup
from tidegate.learn.target import AsIs, MinMaxTarget, StandardTarget, Times

functional = torch.nn.functional


@pytest.mark.parametrize(
    "loss, theirs",
    [
        (MSE(), functional.mse_loss),
        (MAE(), functional.l1_loss),
        (Huber(delta=0.7), lambda s, y, **more: functional.huber_loss(s, y, delta=0.7, **more)),
    ],
)
def test_losses(loss, theirs):
    generator = torch.Generator().manual_seed(1)
    score, target, weight = (torch.randn(50, generator=generator, dtype=torch.float64) for _ in range(3))
    weight = weight.abs() + 0.1
    score = score.requires_grad_()
    ours, other = loss.value(score[:, None], target, None), theirs(score, target)
    torch.testing.assert_close(ours, other)
    torch.testing.assert_close(torch.autograd.grad(ours, score), torch.autograd.grad(other, score))
    expected = (theirs(score, target, reduction="none") * weight).sum() / weight.sum()
    torch.testing.assert_close(loss.value(score[:, None], target, weight), expected)
    torch.testing.assert_close(loss.value(score[:, None], target, torch.ones(50)), ours, check_dtype=False)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (SGD(rate=0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        (SGD(rate=0.1, momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        (Adam(rate=0.05), lambda p: torch.optim.Adam(p, lr=0.05, eps=1e-7)),
        (AdamW(rate=0.05, weight_decay=0.1), lambda p: torch.optim.AdamW(p, lr=0.05, eps=1e-7, weight_decay=0.1)),
        (RMSprop(rate=0.05, epsilon=1e-30), lambda p: torch.optim.RMSprop(p, lr=0.05, alpha=0.9, eps=1e-30)),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_optimisers(ours, theirs):
    generator = torch.Generator().manual_seed(2)
    w = torch.randn(20, generator=generator, dtype=torch.float64)
    p = torch.nn.Parameter(w.clone())
    other = theirs([p])
    memory = {name: torch.zeros_like(w) for name in ours.remembers}
    for t in range(1, 30):
        g = torch.randn(20, generator=generator, dtype=torch.float64)
        p.grad = g.clone()
        other.step()
        ours.step(w, g, memory, t, ours.rate)
        torch.testing.assert_close(w, p.detach(), rtol=1e-10, atol=1e-12)


def test_rmsprop_adds_epsilon_under_the_root():
    w, memory = torch.tensor([1.0], dtype=torch.float64), {"square": torch.zeros(1, dtype=torch.float64)}
    RMSprop(epsilon=0.5).step(w, torch.tensor([2.0], dtype=torch.float64), memory, 1, 0.01)
    assert w.item() == pytest.approx(1 - 0.01 * 2 / math.sqrt(0.1 * 4 + 0.5))


@given(done=st.floats(0, 20), epochs=st.integers(1, 20))
def test_schedules_stay_between_zero_and_one(done, epochs):
    for schedule in (Constant(), Step(every=3, by=0.5), Cosine(last=0.2), Warmup(epochs=2.5, then=Cosine())):
        assert 0.0 <= schedule.factor(done, epochs) <= 1.0


def test_a_warmup_hands_over_where_the_next_begins():
    schedule = Warmup(epochs=4, start=0.1, then=Step(every=2, by=0.5))
    assert [schedule.factor(done, 10) for done in (0, 2, 4, 5.9, 6)] == pytest.approx([0.1, 0.55, 1, 1, 0.5])


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20, unique=True).filter(lambda y: np.ptp(y) > 1e-3))
def test_target_scalings_are_undone(values):
    y = np.array(values)
    for scaling in (AsIs(), Times(factor=10), MinMaxTarget(), StandardTarget()):
        scale = scaling.fit(y)
        np.testing.assert_allclose(scale.to_unit(scale.to_model(y)), y, rtol=1e-9, atol=1e-9)
    bounded = MinMaxTarget().fit(y).to_model(y)
    assert bounded.min() == 0
    assert bounded.max() == pytest.approx(1)
    assert StandardTarget().fit(y).to_model(y).std() == pytest.approx(1)


def test_target_scalings_refuse():
    with pytest.raises(SettingError, match="all training targets are equal"):
        MinMaxTarget().fit(np.ones(3))
    with pytest.raises(SettingError, match="all training targets are equal"):
        StandardTarget().fit(np.ones(3))
    for scaling in (AsIs(), Times(factor=2), MinMaxTarget(), StandardTarget()):
        with pytest.raises(RecordError, match="missing or not finite"):
            scaling.fit(np.array([1.0, np.nan]))
