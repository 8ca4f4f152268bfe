"""Losses against other libraries' formulas, plain loops, and what must not matter to them."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors import SettingError
from tidegate.learn.losses import (
    IC,
    MAE,
    MSE,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Huber,
    ListMLE,
    ListNet,
    Pairwise,
    Quantile,
)
from tidegate.learn.losses.classes import balanced

functional = torch.nn.functional
REGRESSION = [MSE(), MAE(), Huber(delta=0.4), Quantile(level=0.3)]
SOFTMAX = [CrossEntropy(), CrossEntropy(label_smoothing=0.2), Focal(gamma=0.0), Focal(gamma=1.5)]
RANKING = [IC(), IC(against="ranks"), Pairwise(), ListNet(temperature=0.5), ListMLE()]


def named(part):
    return "-".join([part.name, *(str(v) for v in part.model_dump().values())]) if hasattr(part, "name") else None


def drawn(seed, windows=40, outputs=1, dates=6):
    source = torch.Generator().manual_seed(seed)
    score = torch.randn(windows, outputs, generator=source, dtype=torch.float64)
    target = torch.randn(windows, generator=source, dtype=torch.float64)
    weight = torch.rand(windows, generator=source, dtype=torch.float64) + 0.5
    group = torch.randint(0, dates, (windows,), generator=source)
    return score, target, weight, group


def test_quantile_against_numpy():
    score, target, weight, _ = drawn(1)
    missed = (target - score[:, 0]).numpy()
    errors = np.maximum(0.3 * missed, -0.7 * missed)
    assert Quantile(level=0.3).value(score, target, weight).item() == pytest.approx(
        np.average(errors, weights=weight.numpy())
    )


def test_the_quantile_loss_is_smallest_at_the_quantile():
    target = torch.arange(1.0, 101.0)
    loss = Quantile(level=0.8)
    best = min(range(1, 101), key=lambda s: loss.value(torch.full((100, 1), float(s)), target, None).item())
    assert best in (80, 81)


def test_cross_entropy_against_torch():
    score, _, weight, number = drawn(2, outputs=5, dates=5)
    target = number.double()
    ours = CrossEntropy(label_smoothing=0.1).value(score, target, None)
    torch.testing.assert_close(ours, functional.cross_entropy(score, number, label_smoothing=0.1))
    each = functional.cross_entropy(score, number, reduction="none")
    torch.testing.assert_close(CrossEntropy().value(score, target, weight), (each * weight).sum() / weight.sum())
    shares = (0.5, 1.0, 2.0, 0.0, 3.0)
    classed = CrossEntropy(class_weights=shares).value(score, target, weight)
    torch.testing.assert_close(classed, (each * weight * torch.tensor(shares)[number]).sum() / weight.sum())


def test_focal_against_numpy():
    score, _, weight, number = drawn(3, outputs=3, dates=3)
    table = np.exp(score.numpy()) / np.exp(score.numpy()).sum(axis=1, keepdims=True)
    p = table[np.arange(40), number.numpy()]
    for gamma in (0.0, 0.5, 2.0):
        expected = np.average(-((1 - p) ** gamma) * np.log(p), weights=weight.numpy())
        assert Focal(gamma=gamma).value(score, number.double(), weight).item() == pytest.approx(expected)


def test_focal_of_a_sure_window_has_a_finite_gradient():
    score = torch.tensor([[80.0, -80.0]], requires_grad=True)
    Focal(gamma=0.5).value(score, torch.zeros(1), None).backward()
    assert torch.isfinite(score.grad).all()


def test_binary_cross_entropy_against_torch():
    score, target, weight, _ = drawn(4)
    target = target.sigmoid()
    ours = BinaryCrossEntropy().value(score, target, weight)
    each = functional.binary_cross_entropy_with_logits(score[:, 0], target, reduction="none")
    torch.testing.assert_close(ours, (each * weight).sum() / weight.sum())
    hard = (target > 0.5).double()
    both = BinaryCrossEntropy(class_weights=(1.0, 3.0)).value(score, hard, None)
    theirs = functional.binary_cross_entropy_with_logits(
        score[:, 0], hard, pos_weight=torch.tensor(3.0, dtype=torch.float64)
    )
    torch.testing.assert_close(both, theirs)
    two = torch.cat([torch.zeros_like(score), score], dim=1)
    torch.testing.assert_close(BinaryCrossEntropy().value(score, hard, None), CrossEntropy().value(two, hard, None))
    assert math.isfinite(BinaryCrossEntropy().value(torch.tensor([[1e4], [-1e4]]), torch.tensor([0.0, 1.0]), None))


@pytest.mark.parametrize("loss", REGRESSION + RANKING, ids=named)
def test_gradients_of_one_output(loss):
    score, target, weight, group = drawn(5, windows=9, dates=3)
    assert torch.autograd.gradcheck(lambda s: loss.value(s, target, weight, group), score.requires_grad_())


@pytest.mark.parametrize("loss", [*SOFTMAX, CrossEntropy(class_weights=(1.0, 2.0, 0.5))], ids=named)
def test_gradients_of_classes(loss):
    score, _, weight, number = drawn(6, windows=9, outputs=3, dates=3)
    assert torch.autograd.gradcheck(lambda s: loss.value(s, number.double(), weight), score.requires_grad_())


# ---------------------------------------------------------------- class weights


def test_balanced_weights_count_every_class_alike():
    target, weight = np.array([0.0, 0, 0, 1, 2, 2]), np.array([1.0, 2, 1, 5, 1, 1])
    found = np.array(balanced(target, weight, 3))
    masses = [(weight * (target == k)).sum() * found[k] for k in range(3)]
    assert masses == pytest.approx([masses[0]] * 3)
    assert np.average(found[target.astype(int)], weights=weight) == pytest.approx(1.0)


def test_a_fit_knows_the_training_targets_alone_and_changes_nothing_else():
    declared = Focal(gamma=3.0, class_weights="balanced")
    fitted = declared.fit(np.array([0.0, 1.0, 1.0, 1.0]), np.ones(4), 2)
    assert fitted == Focal(gamma=3.0, class_weights=(2.0, 2 / 3))
    assert declared.class_weights == "balanced"
    assert CrossEntropy().fit(np.array([0.0, 1.0]), np.ones(2), 2) == CrossEntropy()
    with pytest.raises(SettingError, match="not known yet"):
        declared.value(torch.zeros(1, 2), torch.zeros(1), None)


def test_what_cannot_be_learned_is_refused():
    ones = np.ones(3)
    with pytest.raises(SettingError, match="a class has no training window"):
        CrossEntropy(class_weights="balanced").fit(np.array([0.0, 2.0, 2.0]), ones, 3)
    for target in ([-1.0, 0.0, 1.0], [0.0, 0.5, 1.0], [0.0, 1.0, 3.0]):
        with pytest.raises(SettingError, match="is of class numbers"):
            CrossEntropy().fit(np.array(target), ones, 3)
    with pytest.raises(SettingError, match="one output per class"):
        CrossEntropy().fit(ones, ones, 1)
    with pytest.raises(SettingError, match="one weight per class"):
        CrossEntropy(class_weights=(1.0, 2.0)).fit(ones, ones, 3)
    with pytest.raises(SettingError, match="class numbers"):
        BinaryCrossEntropy().fit(np.array([0.0, 1.5, 1.0]), ones, 1)
    with pytest.raises(SettingError, match="class numbers"):
        BinaryCrossEntropy(class_weights="balanced").fit(np.array([0.0, 0.5, 1.0]), ones, 1)
    for loss in (MSE(), IC(), BinaryCrossEntropy()):
        with pytest.raises(SettingError, match="output"):
            loss.fit(np.zeros(3), ones, 2)
    for bad in ((1.0,), (-1.0, 2.0), (0.0, 0.0)):
        with pytest.raises(SettingError, match="class weights are one per class"):
            CrossEntropy(class_weights=bad)
    for loss in RANKING:
        with pytest.raises(SettingError, match="which windows share a session"):
            loss.value(torch.zeros(2, 1), torch.zeros(2), None)


# ---------------------------------------------------------------- reading outputs


@given(seed=st.integers(0, 10**6), size=st.floats(0.1, 400), outputs=st.integers(2, 6))
@settings(max_examples=25)
def test_probabilities_are_a_law_and_the_score_its_mean(seed, size, outputs):
    logits = np.random.default_rng(seed).normal(size=(64, outputs)) * size
    score, p, spread = CrossEntropy().said(logits)
    theirs = torch.from_numpy(logits).softmax(dim=1).numpy()
    np.testing.assert_allclose(p, theirs, atol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(score, p @ np.arange(outputs), atol=1e-12)
    assert spread is None
    score, p, _ = BinaryCrossEntropy().said(logits[:, :1])
    np.testing.assert_allclose(score, torch.from_numpy(logits[:, 0]).sigmoid().numpy(), atol=1e-12)
    np.testing.assert_allclose(p, np.column_stack([1 - score, score]), atol=1e-12)


def test_a_regression_says_its_output():
    assert MSE().said(np.array([[2.0], [3.0]])).score.tolist() == [2.0, 3.0]
    assert IC().said(np.array([[2.0]])).probabilities is None


# ---------------------------------------------------------------- order within a date


def slow(loss, s, y, w):
    """One date in plain NumPy."""
    count = len(s)
    if loss.name == "ic":
        if loss.against == "ranks":
            y = np.array([(y < one).sum() + ((y == one).sum() - 1) / 2 for one in y])
        ms, my = np.average(s, weights=w), np.average(y, weights=w)
        together = np.sum(w * (s - ms) * (y - my))
        return 1 - together / math.sqrt(np.sum(w * (s - ms) ** 2) * np.sum(w * (y - my) ** 2))
    if loss.name == "pairwise":
        pairs = [(i, j) for i in range(count) for j in range(count) if y[i] > y[j]]
        mass = [w[i] * w[j] for i, j in pairs]
        return np.average([math.log(1 + math.exp(s[j] - s[i])) for i, j in pairs], weights=mass)
    if loss.name == "list-net":
        hoped = w * np.exp(y / loss.temperature)
        return -np.sum(hoped / hoped.sum() * (s - np.log(np.sum(w * np.exp(s)))))
    order = np.argsort(y, kind="stable")
    total = 0.0
    for at, i in enumerate(order):
        total += w[i] * (np.log(np.sum(w[order[: at + 1]] * np.exp(s[order[: at + 1]]))) - s[i])
    return total / w.sum()


@pytest.mark.parametrize("loss", RANKING, ids=named)
@given(seed=st.integers(0, 10**6), ties=st.booleans())
@settings(max_examples=20)
def test_ranking_losses_against_a_loop_over_dates(loss, seed, ties):
    score, target, weight, group = drawn(seed, windows=30, dates=9)
    if ties:
        target = target.round()
    values = []
    for date in group.unique():
        at = group == date
        if len(target[at].unique()) > 1:
            values.append(slow(loss, score[at, 0].numpy(), target[at].numpy(), weight[at].numpy()))
    assert loss.mass(target, weight, group).item() == len(values)
    assert loss.value(score, target, weight, group).item() == pytest.approx(np.mean(values), abs=1e-9)


@pytest.mark.parametrize("loss", RANKING, ids=named)
def test_a_level_of_its_own_for_each_date_does_not_matter(loss):
    score, target, weight, group = drawn(7)
    moved = score + torch.arange(6.0, dtype=torch.float64)[group, None]
    torch.testing.assert_close(loss.value(moved, target, weight, group), loss.value(score, target, weight, group))


@pytest.mark.parametrize("loss", [IC(), IC(against="ranks")], ids=named)
def test_the_correlation_knows_no_scale(loss):
    score, target, weight, group = drawn(8)
    scale = torch.tensor([1e-6, 1.0, 7.0, 1e3, 2.0, 0.1], dtype=torch.float64)[group]
    plain = loss.value(score, target, weight, group)
    torch.testing.assert_close(loss.value(score * scale[:, None], target, weight, group), plain)
    torch.testing.assert_close(loss.value(score, target * scale, weight, group), plain)


@pytest.mark.parametrize("loss", [Pairwise(), ListNet(), IC()], ids=named)
def test_a_weight_of_two_is_a_window_seen_twice(loss):
    score, target, _, group = drawn(9, windows=12, dates=2)
    weight = torch.ones(12, dtype=torch.float64)
    weight[:4] = 2.0
    twice = torch.cat([torch.arange(12), torch.arange(4)])
    torch.testing.assert_close(
        loss.value(score, target, weight, group), loss.value(score[twice], target[twice], None, group[twice])
    )


@pytest.mark.parametrize("loss", RANKING, ids=named)
def test_the_true_order_is_better_than_its_opposite(loss):
    _, target, _, group = drawn(10)
    right, wrong = (loss.value(sign * 3 * target[:, None], target, None, group).item() for sign in (1, -1))
    assert right < loss.value(torch.zeros(40, 1, dtype=torch.float64), target, None, group).item() < wrong


@pytest.mark.parametrize("loss", RANKING, ids=named)
def test_in_any_order_of_the_batch(loss):
    score, target, weight, group = drawn(11)
    mixed = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        loss.value(score[mixed], target[mixed], weight[mixed], group[mixed]), loss.value(score, target, weight, group)
    )


@pytest.mark.parametrize("loss", RANKING, ids=named)
def test_dates_without_an_order_count_for_nothing(loss):
    score, target, group = torch.randn(4, 1, requires_grad=True), torch.tensor([1.0, 1.0, 2.0, 3.0]), torch.arange(4)
    group = torch.tensor([0, 0, 1, 2])
    value = loss.value(score, target, None, group)
    value.backward()
    assert value.item() == 0.0
    assert loss.mass(target, None, group).item() == 0.0
    assert not score.grad.any()


def test_equal_scores_have_a_correlation_of_zero_and_no_gradient():
    score = torch.full((5, 1), 0.3, requires_grad=True)
    value = IC().value(score, torch.arange(5.0), None, torch.zeros(5, dtype=torch.int64))
    value.backward()
    assert value.item() == 1.0
    assert not score.grad.any()


@pytest.mark.parametrize("loss", RANKING, ids=named)
def test_single_precision_and_large_scores_stay_finite(loss):
    score, target, _, group = drawn(12)
    score = (score * 1e3).float().requires_grad_()
    value = loss.value(score, target.float(), None, group)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(score.grad).all()
