"""A mask of missing values goes the whole way: from the step by date through panel and windows into the network."""

import numpy as np
import pytest
import torch

from ranker import ranker
from tidegate.learn.batches import Gather
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.scalers import AsGiven
from tidegate.study.declare import Study
from tidegate.study.ground import stand
from tidegate.study.records import load_panel, load_windows
from tidegate.study.stages import Stages

FORMULAS = {"slow": "close / mean(close, 40) - 1", "turned": "log(turnover)"}


def windows_of(tmp_path, **changes):
    study = Study.of(
        ranker(
            factors={"name": "expressions", "formulas": FORMULAS},
            steps=[{"name": "z-score"}, {"name": "fill-missing", "mask": "each", **changes}],
            normaliser={"name": "as-given"},
        )
    )
    made = stand(study, study.source.bars(), Stages(tmp_path / "stages"))
    return load_windows(made.ground.windows.folder, load_panel(made.ground.panel.folder))


def test_the_mask_is_an_input_and_one_where_the_value_was_missing(tmp_path):
    windows = windows_of(tmp_path)
    assert windows.inputs == ("slow", "turned", "slow_missing", "turned_missing")
    early = np.flatnonzero(windows.anchors - windows.panel.first_row[windows.anchors] < 39)
    late = np.flatnonzero(windows.anchors - windows.panel.first_row[windows.anchors] >= 39 + windows.lookback)
    assert min(early.size, late.size) > 100
    gather = Gather(windows, AsGiven().fit(windows, np.ones(len(windows), dtype=bool)))
    before, after = (gather.batch(gather.admit(which)).x for which in (early, late))
    assert bool((before[..., 2] == 1).all())
    assert bool((before[..., 0] == 0).all())
    assert bool((after[..., 2] == 0).all())
    assert float(after[..., 0].abs().mean()) > 0.1
    assert bool((before[..., 3] == 0).all())


def test_without_a_step_these_windows_are_not_there(tmp_path):
    kept = windows_of(tmp_path)
    study = Study.of(ranker(factors={"name": "expressions", "formulas": FORMULAS}, steps=[{"name": "z-score"}]))
    made = stand(study, study.source.bars(), Stages(tmp_path / "other"))
    fewer = load_windows(made.ground.windows.folder, load_panel(made.ground.panel.folder))
    assert fewer.inputs == ("slow", "turned")
    assert 0 < len(fewer) < len(kept)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_network_hears_the_mask(tmp_path, cell):
    """Its score moves with the mask alone, and so does the gradient: a zero that is told from a zero that was filled."""
    windows = windows_of(tmp_path)
    gather = Gather(windows, AsGiven().fit(windows, np.ones(len(windows), dtype=bool)))
    x, context = gather.batch(gather.admit(np.arange(0, len(windows), 50)))
    network = RecurrentNetwork(cell={"name": cell, "hidden": 4}, dense=())
    module = network.build(x.shape[2], context.shape[1], torch.Generator().manual_seed(1))
    turned = x.clone()
    turned[..., 2] = 1 - turned[..., 2]
    moved = (module(x, context) - module(turned, context)).detach().abs()
    assert float(moved.min()) > 1e-6
    x = x.clone().requires_grad_()
    module(x, context).sum().backward()
    assert float(x.grad[..., 2].abs().sum()) > 0


def test_one_share_can_stand_for_all(tmp_path):
    windows = windows_of(tmp_path, mask="share")
    assert windows.inputs == ("slow", "turned", "missing_share")
    assert set(np.unique(windows.panel.column("missing_share"))) == {0.0, 0.5}
