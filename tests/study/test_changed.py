"""One setting of a study changed by its path: another cell by its bare name, with what both cells have."""

import pytest

from tidegate.errors import SettingError, UnknownNameError
from tidegate.study.api import declare as declared
from tidegate.study.changing import CHANGED
from tidegate.study.declare import changed
from tidegate_studies.index_timing import declare
from tidegate_studies.stock_ranks import declare as declare_ranks


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


def test_a_wrong_study_is_answered_with_the_studies_of_the_run():
    with pytest.raises(UnknownNameError, match=r"unknown study or setting 'b1-retur'.*did you mean 'b1-return'"):
        declared("index-timing").but("b1-retur.lookback", 12)


def test_a_study_can_be_renamed(study):
    assert changed(study, "name", "other").name == "other"


def test_only_settings_that_mean_the_same_are_kept():
    ranks = declare_ranks(quick=True).study("ranks")
    other = changed(ranks, "strategy", "top-k-dropout").strategy
    assert ranks.strategy.spend != other.spend
    assert other.spend == type(other)().spend  # another meaning under the same name: its own default
    assert other.names == type(other)().names
    sold = changed(changed(ranks, "strategy.sell_at", "close"), "strategy", "top-k-dropout")
    assert sold.strategy.sell_at == "close"


def test_what_was_changed_is_told_in_stamp_and_title():
    made = declared("stock-ranks", quick=True, settings={"model.cell": "gru", "training.epochs": 3})
    (lead,) = (study for study in made.studies if study.name == made.lead)
    assert lead.title.en == "LSTM ranks (model.cell = gru)"
    told = made.stamps[-1]
    assert told.en.startswith(f"{CHANGED.en}model.cell = gru instead of lstm (kept: hidden, ")
    assert "not kept: unit_forget_bias" in told.en
    assert told.en.endswith(
        f"training.epochs = 3 instead of {declare_ranks(quick=True).study('ranks').training.epochs}."
    )
    assert told.zh.startswith(CHANGED.zh)
    assert not any(stamp.en.startswith(CHANGED.en) for stamp in declared("stock-ranks", quick=True).stamps)


def test_a_plain_value_leaves_the_title():
    made = declared("index-timing", settings={"b1-sign.lookback": 25})
    assert [study.title for study in made.studies] == [study.title for study in declare().studies]
    assert made.stamps[-1].en == f"{CHANGED.en}b1-sign.lookback = 25 instead of {declare().study('b1-sign').lookback}."


@pytest.mark.parametrize(
    "path, value, told",
    [
        ("training.epochs", "many", "expected a whole number, found 'many'"),
        ("training.epochs", 0, "expected at least 1, found 0"),
        ("count", "weeks", "expected 'rows' or 'sessions', found 'weeks'"),
        ("span.first", "tomorrow", "expected a date such as 2015-06-12"),
        ("seeds", [], "expected at least 1 of them"),
        ("universe", "a", "expected a list, found 'a'"),
    ],
)
def test_a_wrong_value_is_refused_in_the_words_of_the_house(path, value, told):
    with pytest.raises(SettingError) as refused:
        declared("index-timing", settings={path: value})
    assert told in str(refused.value)
    assert "should be" not in str(refused.value)
