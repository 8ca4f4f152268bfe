"""The factor report: a planted signal is found with an interval that covers it, noise is not, and what is promised is there."""

from datetime import date

import numpy as np
import pytest

from tidegate.data.stock_world import StockWorld
from tidegate.errors import DataError, SettingError, UnknownNameError
from tidegate.factors.expressions import Expressions
from tidegate.prepare.rank_normal import RankNormal
from tidegate.prepare.split import SingleSplit
from tidegate.report.page import page
from tidegate.study.factor_report import FactorRequest, factor_findings, requested, write_factor_report
from tidegate.study.factor_telling import tell_factors
from tidegate.types.report import Report, Text

WORLD = StockWorld(assets=150, sessions=320, seed=3, ic=0.06)
FORMULAS = {
    "planted": "log(turnover)",
    "opposite": "0 - log(turnover)",
    "reversal": "0 - close / lag(close, 5)",
    "range": "(high - low) / close",
    "gap": "open / lag(close, 1)",
}
ASKED = FactorRequest(
    "ours", Text.same("ours"), WORLD, Expressions(formulas=FORMULAS), "bars", (RankNormal(),), spans=(1, 2, 5)
)


@pytest.fixture(scope="module")
def found():
    return factor_findings(ASKED)


@pytest.fixture(scope="module")
def report(found):
    return tell_factors(found)


def row(report, factor, key="factors"):
    table = next(table for table in report.tables if table.key == key)
    return next(held for held in table.rows if held["factor"] == factor)


def test_the_planted_signal_is_found_and_its_interval_covers_the_truth(report):
    planted = row(report, "planted")
    assert planted["ic"]["low"] <= WORLD.ic <= planted["ic"]["high"]
    assert planted["passes"] == "Bonferroni"
    assert planted["periods"] > 300
    assert planted["spread"]["low"] > 0
    mirrored = row(report, "opposite")
    for key in ("ic", "rank_ic"):
        assert mirrored[key]["value"] == pytest.approx(-planted[key]["value"], abs=1e-12)
        assert mirrored[key]["low"] == pytest.approx(-planted[key]["high"], abs=1e-12)


def test_what_is_not_planted_is_not_found(report):
    assert [row(report, name)["passes"] for name in ("reversal", "range", "gap")] == ["", "", ""]


def test_with_the_signal_off_nothing_is_found():
    quiet = WORLD.but(ic=0.0, sessions=160)
    made = tell_factors(factor_findings(FactorRequest(
        "quiet", Text.same("quiet"), quiet, Expressions(formulas=FORMULAS), "bars", spans=(1,)
    )))  # fmt: skip
    assert {held["passes"] for held in made.tables[0].rows} == {""}
    assert [table.key for table in made.tables] == ["factors", "decay-table"]


def test_decay_is_that_of_the_world(found):
    """Over longer spans the planted correlation grows as the world says it does."""
    means = [np.nanmean(one[:, 0]) for one in found.scores.ic]
    for span, mean in zip(ASKED.spans, means, strict=True):
        assert mean == pytest.approx(WORLD.reachable_over(span), abs=0.02)
    assert means[2] > means[0]


def test_ranks_do_not_feel_a_step_that_keeps_the_order(found, report):
    assert np.array_equal(found.scores.rank_ic[0], found.before.rank_ic[0], equal_nan=True)
    assert row(report, "planted", "steps")["before"] == row(report, "planted", "steps")["after"]
    counts = next(table for table in report.tables if table.key == "counts").rows
    assert counts[0]["step"] == "rank-normal"
    assert counts[0]["changed"] > 0


def test_shares_at_their_upper_limit_are_no_observation(found):
    """Every share opens at its limit now and then in this world; then it has a return, but nobody could have had it."""
    all_of_them = found.scores.names[:-2, None]
    assert (found.scores.pairs[0][:-2] < all_of_them).any()
    assert (found.scores.pairs[0][:-2, 0] > 0.8 * all_of_them[:, 0]).all()


def test_the_page_holds_all_of_it_in_both_languages(report):
    keys = {figure.key for figure in report.figures}
    assert keys == {"intervals", "hurdles", "decay", "spreads", "groups", "stability", "coverage", "likeness"}
    made = page(report)
    for words in ("秩 IC", "Bonferroni", "before costs", "未扣成本"):
        assert words in made
    for text in (report.lead, *report.stamps, *(figure.caption for figure in report.figures)):
        assert text.zh != text.en or text.en == ""
    assert "any test that lies among them" in report.stamps[0].en


def test_of_many_factors_the_figures_show_some_and_say_so(monkeypatch, found):
    monkeypatch.setattr("tidegate.study.factor_telling.SHOWN", 3)
    made = tell_factors(found)
    interval = next(figure for figure in made.figures if figure.key == "intervals")
    assert len(interval.series[0].data["x"]) == 3
    assert "3 of 5 factors" in interval.caption.en
    assert len(made.tables[0].rows) == 5


def test_the_training_range_alone_is_judged_and_later_bars_are_not_looked_at():
    split = SingleSplit(train_end=date(2010, 12, 31), test_start=date(2011, 1, 4))
    asked = FactorRequest("t", Text.same("t"), WORLD, Expressions(formulas=FORMULAS), "bars", (), split, spans=(1, 3))
    longer = factor_findings(asked)
    days = longer.scores.times[np.isfinite(longer.scores.rank_ic[0]).any(axis=1)].astype("datetime64[D]")
    assert days[-1] < np.datetime64("2010-12-31")
    ended = int((longer.scores.times < np.datetime64("2011-01-01")).sum())
    shorter = factor_findings(FactorRequest(
        "t", Text.same("t"), WORLD.but(sessions=ended), asked.factors, "bars", (), None, spans=(1, 3)
    ))  # fmt: skip
    made = [tell_factors(one) for one in (longer, shorter)]
    assert "training range alone" in made[0].stamps[0].en
    judged = int(longer.judged.sum())
    for name in ("ic", "rank_ic"):
        ours, theirs = (getattr(one.scores, name)[:, : judged - 3] for one in (longer, shorter))
        assert np.array_equal(ours, theirs, equal_nan=True), name
    assert np.isnan(longer.scores.rank_ic[:, judged:]).all()


def test_months_are_judged_month_by_month():
    asked = FactorRequest("m", Text.same("m"), WORLD, Expressions(formulas=FORMULAS), "months", spans=(1, 2))
    made = factor_findings(asked)
    assert 13 <= np.isfinite(made.scores.rank_ic[0][:, 0]).sum() <= 16
    assert "month" in tell_factors(made).sections[0].words[1].en


def test_it_is_written_whole_and_the_same_twice(tmp_path):
    small = FactorRequest("w", Text.same("w"), WORLD.but(assets=40, sessions=80), ASKED.factors, "bars", spans=(1,))
    told = []
    made = write_factor_report(small, tmp_path, told.append)
    again = write_factor_report(small, tmp_path / "again")
    assert made.page.read_bytes() == again.page.read_bytes()
    assert Report.model_validate_json((made.folder / "report.json").read_text(encoding="utf-8")) == made.report
    assert (made.folder / "figures" / "likeness.csv").is_file()
    assert [event.kind for event in told if event.task == "dates"][-1] == "done"


def test_requests_are_read_and_wrong_ones_refused(tmp_path):
    asked = requested("price-ratios", data="world:stock-world,assets=30,sessions=60,seed=1,ic=0.0", spans=[2, 1, 2])
    assert (asked.factors.name, asked.cadence, asked.spans) == ("price-ratios", "bars", (1, 2))
    assert requested("price-ratios", data=WORLD).fingerprint != asked.fingerprint
    with pytest.raises(SettingError, match="no data of its own"):
        requested("price-ratios")
    with pytest.raises(SettingError, match="no training range"):
        requested("price-ratios", data=WORLD, train_only=True)
    with pytest.raises(UnknownNameError, match="price-ratios"):
        requested("price-ratio", data=WORLD)
    with pytest.raises(DataError, match="across the assets of a date"):
        factor_findings(requested("price-ratios", data="sample:nasdaq"))
    with pytest.raises(DataError, match="no date is left"):
        factor_findings(requested("price-ratios", data=WORLD, until=date(2009, 1, 1)))


def test_a_study_is_judged_on_its_own_universe_span_and_steps():
    asked = requested("stock-ranks", data=WORLD, train_only=True)
    assert asked.study is not None
    assert asked.factors == asked.study.factors
    assert asked.split == asked.study.split
