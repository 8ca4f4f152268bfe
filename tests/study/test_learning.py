"""How a network learned is told in every report: what is drawn, from which numbers, at which bounded cost."""

import json

import numpy as np
import pytest
from small import finish, small

from tidegate.catalog import studies
from tidegate.data.worlds import MemoryWorld, PlantedWorld
from tidegate.errors import SettingError
from tidegate.study.api import declare
from tidegate.study.comparing import TRAINING, grounds, reachable, work
from tidegate.types.report import Report

ACT = {"name": "act", "cell": {"name": "lstm", "hidden": 4}, "limit": 5, "epsilon": 0.1, "form": "plain"}
CHANGES = {
    "factors": {"name": "together", "sets": [{"name": "raw-fields", "fields": ["volume"]}, {"name": "planted-noise"}]},
    "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 1}},
    "normaliser": {"name": "standard"},
    "target_scaling": {"name": "standard-target"},
    "model__cell": ACT,
    "training__watch": {"curves": 3, "windows": 32, "weights": 3, "lags": 2, "lag_windows": 2},
    "rivals": [{"name": "linear"}],
    "strategy": None,
    "markets": [],
    "gates": 0,
    "watch_test": True,
    "explain": {"windows": 40, "repeats": 2, "nodes": 4},
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    out = tmp_path_factory.mktemp("learned")
    return finish(small(**CHANGES), out), out


def figure(ran, key):
    return next(held for held in ran.report.figures if held.key == key)


def section(ran, key):
    return next(held for held in ran.report.sections if held.key == key)


class TestReport:
    def test_forecasts_alone_do_not_ask_for_money(self, ran):
        keys = [held.key for held in ran[0].report.sections]
        assert "results" not in keys
        assert keys[0] == "found"
        assert "of 0.300 that is there" in ran[0].report.lead.en
        assert ran[0].report == Report.of(json.loads((ran[0].folder / "report.json").read_text(encoding="utf-8")))

    def test_the_learning_section_shows_every_kind(self, ran):
        shown = section(ran[0], "learning").shows
        assert [key for key in shown if key.startswith("l1")] == ["l1"]  # curves
        assert {"l2-1-kernel-fan", "l2-1-kernel-end", "l2-1-recurrent-fan", "l2-1-bias-end"} <= set(shown)
        assert {"l3-1", "l4", "l4-gates", "l4-lags", "networks"} <= set(shown)
        assert {"l5-small-steps", "l5-small-rows", "l5-small-remainders"} <= set(shown)
        for key in shown:
            assert (ran[0].folder / "figures" / f"{key}.csv").is_file()

    def test_curves_are_those_that_were_watched(self, ran):
        found = ran[0].findings["small"]
        drawn = {held.key: held for held in figure(ran[0], "l1").series}
        assert {"small test", "small valid", "small train"} <= set(drawn)
        traces = [fitted.traces for fitted in found.learned.values()]
        at = traces[0].names["sets"].index("test")
        middle = np.median([one.arrays["curves.loss"][:, at] for one in traces], axis=0)
        assert drawn["small test"].data["y"] == tuple(middle.tolist())
        assert drawn["small test"].data["x"] == tuple(map(float, traces[0].arrays["curves.step"]))
        level = {key: drawn[key].data["y"][0] for key in ("none", "reachable")}
        assert level["reachable"] == pytest.approx(level["none"] * (1 - 0.3**2))

    def test_the_noise_is_the_yardstick_and_the_cost_is_told(self, ran):
        found = ran[0].findings["small"]
        assert found.explained.fields == ("volume", "planted_noise_1")
        assert found.explained.asked == 40 * (1 + 2 * 2)
        caption = figure(ran[0], "l4").caption.en
        assert "200 forecasts asked" in caption
        assert "Above the planted noise" in caption
        heights = {held.key: held.data["y"] for held in figure(ran[0], "l4").series if held.kind == "bar"}
        assert sum(heights["factors"] + heights["noise"]) == pytest.approx(1.0, abs=0.1)

    def test_work_is_counted_with_the_steps_that_were_taken(self, ran):
        found = ran[0].findings["small"]
        steps = np.mean([held["steps.0"].mean() for held in found.pondered.values()])
        assert 1.0 <= steps <= 5.0
        per_row = 4 * 4 * (2 + 1 + 4) + 4
        assert work(found) == pytest.approx(8 * steps * per_row + 4 * 4 + 4)
        row = next(table for table in ran[0].report.tables if table.key == "networks").rows[0]
        windows = found.folds[0].training(found.windows).sum()
        assert row["training"] == pytest.approx(TRAINING * work(found) * windows * 3 / 1e9)
        assert row["ponder"] == pytest.approx(steps)

    def test_looking_inside_is_kept_and_seconds_are_in_the_timings_alone(self, ran):
        again = finish(small(**CHANGES), ran[1])
        assert again.computed == 0
        assert again.report == ran[0].report
        timings = json.loads((ran[0].folder / "timings.json").read_text(encoding="utf-8"))
        assert set(timings["fits"]["small"]["seed-1"]) == {"seconds", "processor_seconds"}
        assert "processor_seconds" not in (ran[0].folder / "report.json").read_text(encoding="utf-8")


def test_every_layer_and_member_that_ponders_is_charged_and_drawn(tmp_path):
    member = {
        "name": "recurrent-network",
        "cell": {**ACT, "halting_bias": 0.0, "cell": {**ACT["cell"], "layers": 2}},
        "dense": (),
    }
    changed = {**CHANGES, "model": {"name": "ensemble", "member": member, "count": 2}, "explain": None, "rivals": []}
    ran = finish(small(**{name: held for name, held in changed.items() if name != "model__cell"}), tmp_path)
    found = ran.findings["small"]
    for held in found.pondered.values():
        assert set(held) == {f"{kind}.{layer}" for kind in ("steps", "remainder") for layer in (0, 1)}
    windows = len(held["steps.0"]) // 2
    assert not np.array_equal(held["remainder.0"][:windows], held["remainder.0"][windows:])
    steps = [np.mean([held[f"steps.{layer}"].mean() for held in found.pondered.values()]) for layer in (0, 1)]
    first, second = 4 * 4 * (2 + 1 + 4) + 4, 4 * 4 * (4 + 1 + 4) + 4
    assert work(found) == pytest.approx(2 * (8 * (steps[0] * first + steps[1] * second) + 4))
    assert work(found, (2.0, 3.0)) == 2 * (8 * (2 * first + 3 * second) + 4)
    row = next(table for table in ran.report.tables if table.key == "networks").rows[0]
    assert row["ponder"] == pytest.approx(np.mean(steps))
    drawn = next(held for held in ran.report.figures if held.key == "l5-small-2-steps")
    assert f"Over {windows} judged windows, by each of 2 members." in drawn.model_dump_json()


class TestWhatIsThere:
    def test_only_a_world_that_knows_tells_and_only_of_its_own_return(self):
        document = small(**CHANGES)
        study = declare(document).studies[0]
        assert reachable(study) == 0.3
        assert np.isnan(reachable(study.but(source=MemoryWorld(sessions=400, seed=1, ic=0.3), lookback=2).but(
            label={"name": "forward-return", "horizon": {"lag": 1, "span": 2}})))  # fmt: skip
        other = study.but(source={"name": "hourly-world", "days": 30, "seed": 1})
        assert np.isnan(reachable(other))

    def test_studies_of_one_world_stand_together(self, ran):
        assert [group.studies for group in grounds(["small"], ran[0].findings)] == [("small",)]

    def test_only_a_network_is_explained(self):
        with pytest.raises(SettingError, match="only a network"):
            declare(small(model={"name": "linear"}, explain={"windows": 40}, rivals=[]))


class TestRecurrentCells:
    def test_every_cell_stands_on_both_worlds(self):
        assert "recurrent-cells" in studies()
        made = declare("recurrent-cells")
        assert len(made.studies) == 16
        assert {type(study.source) for study in made.studies} == {PlantedWorld, MemoryWorld}
        assert {len(study.seeds) for study in made.studies} == {10}
        assert len({study.model.cell.name for study in made.studies}) == 8
        assert {study.model.cell.hidden for study in made.studies} == {16}
        assert len(declare("recurrent-cells", quick=True).stamps) == 1

    def test_data_of_ones_own_is_refused(self):
        with pytest.raises(SettingError, match="known answer"):
            declare("recurrent-cells", data="world:noise-world,sessions=300,seed=1")
