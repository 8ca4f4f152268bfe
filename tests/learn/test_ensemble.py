"""Ensembles: members as they would be alone, put together as was said, and gone on with one by one."""

import numpy as np
import pytest

from tidegate.component import document
from tidegate.errors import SettingError
from tidegate.files import read_json
from tidegate.learn.combine import combined, graded
from tidegate.learn.ensemble import fit_members
from tidegate.learn.fit import fit_network, load_fitted
from tidegate.learn.losses import MSE, CrossEntropy, Said
from tidegate.learn.ranks import Ranks
from tidegate.learn.speak import say, speak
from tidegate.learn.target import TargetScale
from tidegate.learn.training import Training
from tidegate.models.base import Model
from tidegate.models.cells.lstm import LSTM
from tidegate.models.ensemble import Ensemble
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types import Windows


def fit(world, folder, combine="mean", count=3, tell=None, windows=None, loss=None, outputs=1, **more):
    member = RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=outputs)
    return fit_network(
        Ensemble(member=member, count=count, combine=combine),
        Training(epochs=2, batch=32, checkpoint_seconds=0, loss=loss or MSE(), **more),
        world.windows if windows is None else windows,
        world.affine,
        TargetScale(centre=0.5, scale=2.0),
        world.train,
        world.valid,
        {"test": world.test},
        7,
        folder,
        tell,
    )


def each(world, folder, count=3):
    members = [load_fitted(folder / f"member-{at + 1}") for at in range(count)]
    everyone = np.arange(len(world.windows))
    return members, np.stack([speak(member, world.windows, world.affine, everyone) for member in members])


@pytest.mark.parametrize("combine", ["mean", "median", "rank-mean"])
def test_members_differ_and_are_put_together(world, combine, tmp_path):
    fitted = fit(world, tmp_path, combine)
    members, scores = each(world, tmp_path)
    assert len({member.seed for member in members}) == 3
    assert len({member.fingerprint for member in members}) == 3
    everyone = np.arange(len(world.windows))
    said = say(fitted, world.windows, world.affine, everyone)
    np.testing.assert_allclose(said.spread, scores.std(axis=0), atol=1e-12)
    if combine == "rank-mean":
        train = scores[:, world.train]
        shares = [np.mean([(own < s).mean() for own, s in zip(train, column, strict=True)]) for column in scores.T]
        expected = np.quantile(train, shares)
        np.testing.assert_allclose(said.score, expected, atol=0.05 * np.ptp(train))
        assert train.min() <= said.score.min() <= said.score.max() <= train.max()
    else:
        expected = scores.mean(axis=0) if combine == "mean" else np.median(scores, axis=0)
        np.testing.assert_allclose(said.score, expected, atol=1e-12)
    few = np.array([61, 5, 90])
    for held in (fitted, load_fitted(tmp_path)):
        again = say(held, world.windows, world.affine, few)
        np.testing.assert_array_equal(again.score, said.score[few])
        np.testing.assert_array_equal(again.spread, said.spread[few])
    assert [entry["epoch"] for entry in fitted.history] == [1, 2]
    assert fitted.history[1]["train"] == pytest.approx(np.mean([m.history[1]["train"] for m in members]))
    assert fitted.history[1]["watched"]["test"] == pytest.approx(
        np.mean([m.history[1]["watched"]["test"] for m in members])
    )


def test_a_member_is_what_it_would_be_alone(world, tmp_path):
    fit(world, tmp_path / "all")
    members, _ = each(world, tmp_path / "all")
    alone = fit_network(
        members[1].model,
        Training(epochs=2, batch=32),
        world.windows,
        world.affine,
        TargetScale(centre=0.5, scale=2.0),
        world.train,
        world.valid,
        {},
        members[1].seed,
        tmp_path / "alone",
    )
    assert alone.fingerprint == members[1].fingerprint


def test_a_stopped_ensemble_goes_on_where_it_stopped(world, tmp_path):
    straight = fit(world, tmp_path / "a")
    heard = []

    def stop(progress):
        heard.append((progress.epoch, progress.epochs, progress.step))
        if progress.epoch == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(world, tmp_path / "b", tell=stop)
    assert heard[-1] == (4, 6, 1)
    assert (tmp_path / "b" / "member-1" / "fit.json").is_file()
    assert not (tmp_path / "b" / "fit.json").is_file()
    later = []
    resumed = fit(world, tmp_path / "b", tell=lambda p: later.append((p.epoch, p.step)))
    assert resumed.fingerprint == straight.fingerprint
    assert later[0] == (4, 2)
    before = len(later)
    assert fit(world, tmp_path / "b", tell=later.append).fingerprint == straight.fingerprint
    assert len(later) == before


def test_an_ensemble_killed_before_its_own_card_is_put_together_again(world, tmp_path):
    straight = fit(world, tmp_path)
    took = read_json(tmp_path / "timings.json")
    assert set(took) == set(read_json(tmp_path / "member-1" / "timings.json"))
    assert took["processor_seconds"] >= read_json(tmp_path / "member-1" / "timings.json")["processor_seconds"]
    for name in ("fit.json", "timings.json"):
        (tmp_path / name).unlink()
    assert fit(world, tmp_path).fingerprint == straight.fingerprint


def test_seconds_are_kept_before_the_card(world, tmp_path, monkeypatch):
    """A fit that is read as finished has its seconds beside it, whenever it was killed."""

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("tidegate.learn.fit.save_fitted", killed)
    with pytest.raises(KeyboardInterrupt):
        fit(world, tmp_path)
    assert (tmp_path / "member-1" / "timings.json").is_file()
    assert not (tmp_path / "member-1" / "fit.json").is_file()


def test_members_that_stop_early_leave_the_mean_history(world, tmp_path):
    fitted = fit(world, tmp_path, early_stopping={"patience": 1, "min_delta": 1e-9}, count=2)
    members, _ = each(world, tmp_path, count=2)
    assert len(fitted.history) == max(len(member.history) for member in members)


def test_classifiers_average_their_probabilities(world, tmp_path):
    old = world.windows
    number = (old.target > np.median(old.target)).astype(float) * 2.0 + 0.5
    windows = Windows.of(
        old.panel, old.lookback, old.inputs, old.context, old.horizon, old.anchors, number, old.known, old.weight
    )
    fitted = fit(world, tmp_path, windows=windows, loss=CrossEntropy(), outputs=2, count=2)
    said = say(fitted, windows, world.affine, world.test)
    members = [
        say(load_fitted(tmp_path / f"member-{at}"), windows, world.affine, world.test).probabilities for at in (1, 2)
    ]
    np.testing.assert_allclose(said.probabilities, np.mean(members, axis=0), atol=1e-12)
    np.testing.assert_allclose(said.score, 0.5 + 2.0 * said.probabilities[:, 1], atol=1e-12)


def test_the_mean_rank_does_not_listen_to_who_is_loud():
    quiet, loud = np.linspace(0.0, 1.0, 101), np.linspace(-1e3, 1e3, 101)
    grades = graded([quiet, loud], 101)
    said = combined([Said(np.array([0.9, 0.1])), Said(np.array([-800.0, 800.0]))], "rank-mean", grades)
    assert said.score[0] == pytest.approx(said.score[1])
    apart = combined([Said(np.array([0.1, 0.9])), Said(np.array([-800.0, 800.0]))], "rank-mean", grades)
    assert apart.score[0] < said.score[0] < apart.score[1]


def test_parts_add_up_to_the_module():
    import torch

    ensemble = Ensemble(member=RecurrentNetwork(cell=LSTM(hidden=3, layers=2), dense=(2,)), count=4)
    module = ensemble.build(5, 2, torch.Generator().manual_seed(1))
    assert sum(part.parameters for part in ensemble.parts(6, 5, 2)) == sum(w.numel() for w in module.parameters())
    x, c = torch.randn(3, 6, 5), torch.randn(3, 2)
    torch.testing.assert_close(module(x, c), torch.stack([member(x, c) for member in module.members]).mean(dim=0))
    assert Model.of(document(ensemble)) == ensemble
    with pytest.raises(SettingError, match="ensemble of ensembles"):
        Ensemble(member=ensemble, count=2)


class Second(Ranks):
    """The second of two ranks, without a process for the first: what the first would say is told beforehand."""

    def __init__(self, *, first_said: bool):
        super().__init__(rank=1, size=2)
        self.first_said, self.met = first_said, 0

    def agreed(self, *, first_says):
        assert not first_says
        return self.first_said

    def meet(self):
        self.met += 1


def test_of_several_ranks_only_the_first_writes_the_ensemble(world, tmp_path):
    whole = fit(world, tmp_path, "rank-mean", count=2)
    members, _ = each(world, tmp_path, count=2)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def second(folder, ranks):
        return fit_members(
            whole.model, world.windows, world.affine, world.train, 7, folder, lambda at, *_: members[at], ranks
        )

    waits = Second(first_said=False)
    assert second(elsewhere, waits).fingerprint == whole.fingerprint
    assert not any(elsewhere.iterdir())
    assert waits.met == 1
    reads = Second(first_said=True)
    assert second(tmp_path, reads).fingerprint == whole.fingerprint
    assert reads.met == 0
