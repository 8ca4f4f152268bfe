"""One setting of a study changed by its path: another cell by its bare name, with what both cells have."""

import pytest

from tidegate.errors import UnknownNameError
from tidegate.study.declare import changed
from tidegate_studies.index_timing import declare


@pytest.fixture(scope="module")
def study():
    return declare().study("b1-return")


@pytest.mark.parametrize("path", ["model.cell", "model.cell.name"])
@pytest.mark.parametrize("name", ["gru", "min-gru", "peephole-lstm"])
def test_another_cell_keeps_what_both_have(study, path, name):
    other = changed(study, path, name).model.cell
    assert other.name == name
    assert (other.hidden, other.layers, other.dropout) == (
        study.model.cell.hidden,
        study.model.cell.layers,
        study.model.cell.dropout,
    )


def test_another_loss_and_the_rest_stays(study):
    other = changed(study, "training.loss", "mae")
    assert other.training.loss.name == "mae"
    assert other.training.but(loss=study.training.loss) == study.training


def test_a_wrong_name_is_answered_with_the_nearest(study):
    with pytest.raises(UnknownNameError, match="peephole-lstm"):
        changed(study, "model.cell", "peephole-lstn")


def test_a_study_can_be_renamed(study):
    assert changed(study, "name", "other").name == "other"
