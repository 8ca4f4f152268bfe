"""Studies by month: the ground they stand on, and that nothing later than a cut enters it."""

from datetime import date
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from tidegate.data.share_world import ShareWorld
from tidegate.errors import ClockError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.files import read_json
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.missing import FillMissing
from tidegate.prepare.pruning import Pruning
from tidegate.study.beside import Beside
from tidegate.study.ground import seen_bars, seen_reports, stand
from tidegate.study.records import load_folds, load_panel, load_windows
from tidegate.study.speakers import first_speakers
from tidegate.study.stages import Stages
from tidegate.testing.corridor import check_corridor
from tidegate.types.bars import Bars
from tidegate.types.facts import Facts
from tidegate.types.history import History
from tidegate.types.panel import Panel
from tidegate_studies.multifactor_lstm import declare

WORLD = ShareWorld(assets=40, sessions=900, seed=3, ic=0.1)
QUICK = declare(WORLD, quick=True)
LEAD = QUICK.study("published")
TINY = RecurrentNetwork(cell=LSTM(hidden=4), dense=(), outputs=3)


@pytest.fixture(scope="module")
def told():
    return WORLD.bars(), WORLD.reported()


def ground(study, told, folder):
    bars, reported = told
    return stand(study, seen_bars(study, bars), Stages(folder), seen_reports(study, reported))


def test_rows_are_months_and_windows_years(told, tmp_path):
    standing = ground(LEAD, told, tmp_path)
    panel = load_panel(standing.ground.panel.folder)
    windows = load_windows(standing.ground.windows.folder, panel)
    assert panel.times.tolist() == standing.rows.times.tolist()
    assert len(panel.fields) == 48
    assert windows.lookback == 24
    assert np.isfinite(panel.values).all()
    steps = read_json(standing.ground.panel.folder / "steps.json")
    assert [one["step"] for one in steps] == ["winsorise", "z-score", "neutralise", "fill-missing"]


def test_a_panel_of_months_knows_nothing_later(told, tmp_path):
    whole = load_panel(ground(LEAD, told, tmp_path / "whole").ground.panel.folder)
    cut = date(2009, 8, 31)
    short = LEAD.but(span=LEAD.span.but(last=cut))
    panel = load_panel(ground(short, told, tmp_path / "short").ground.panel.folder)
    ends = panel.times[panel.row_time]
    assert ends.max() <= np.datetime64(cut)
    for asset in panel.assets:
        rows = panel.row_asset == panel.assets.index(asset)
        same = (whole.row_asset == whole.assets.index(asset)) & (whole.times[whole.row_time] <= ends.max())
        assert panel.values[rows].tobytes() == whole.values[same].tobytes()


def test_pruning_is_decided_on_the_first_learning_range_and_takes_masks_along(told, tmp_path):
    study = LEAD.but(pruning=Pruning(limit=0.7), steps=(*LEAD.steps[:-1], FillMissing(by="zero", mask="each")))
    standing = ground(study, told, tmp_path / "whole")
    panel = load_panel(standing.ground.panel.folder)
    told_ = read_json(standing.ground.panel.folder / "pruning.json")
    gone = [one["field"] for one in told_["removed"]]
    assert gone
    assert tuple(told_["kept"]) == panel.fields
    assert not {name for name in panel.fields if name.removesuffix("_missing") in gone}
    assert any(name.endswith("_missing") for name in panel.fields)
    first = load_folds(standing.ground.folds.folder)[0]
    last = standing.rows.times[first.train.end].astype("datetime64[D]").item()
    # the same choice, made by somebody for whom nothing later exists
    cut = study.but(span=study.span.but(last=last), split={"name": "share-split", "train": 0.97})
    other = load_panel(ground(cut, told, tmp_path / "cut").ground.panel.folder)
    assert set(other.fields) == set(panel.fields)


@pytest.mark.parametrize("name", ["published", "walk"])
def test_the_corridor_of_months_knows_nothing_later(told, name):
    bars, reported = told
    study = QUICK.study(name).but(gates=0, seeds=(0,), lookback=6, model=TINY)
    beside = Beside(WORLD.instruments(), None, None)
    assert check_corridor(study, bars, beside=beside, reported=reported) >= 2


class Early(FactorSet):
    """Return on equity from the end of its period on: before anybody was told."""

    name: ClassVar[str] = "leak-early-report"

    @property
    def reads_reports(self) -> bool:
        return True

    def compute(self, bars: Bars) -> Panel:
        raise AssertionError

    def at(self, history: History) -> FactorValues:
        held = history.reported.facts.only("return_on_equity_ytd").unique(["asset", "period"], keep="first")
        early = Facts.of(held.with_columns(usable=pl.col("period")))
        return FactorValues.of(history, {"roe": early.as_of("return_on_equity_ytd", history.wanted)})


def test_a_report_known_too_early_is_caught_on_its_way_through_the_corridor(told):
    bars, reported = told
    study = QUICK.study("published").but(
        factors=Early(),
        lookback=6,
        gates=0,
        seeds=(0,),
        strategy=None,
        markets=(),
        reads="score",
        rivals=(),
        model=TINY,
    )
    with pytest.raises(ClockError, match=r"learned in fold|changes with what came after"):
        check_corridor(study, bars, reported=reported)


def test_a_table_of_forecasts_tells_each_once():
    names = [study.name for study in first_speakers(QUICK.studies)]
    assert names == ["published", "walk", "split-stock", "split-month", "split-time", "noise", "pruned"]
