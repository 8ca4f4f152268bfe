"""A missing measure gives no verdict: not by falling through a comparison, in no ledger of claims."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from test_bar_trading import declared, rebar_file
from test_claims import HOW, LEAD, finding, verdicts

from tidegate.report.figures.placebo import PLACEBOS
from tidegate.strategy.hold_after_signal import HoldAfterSignal
from tidegate.study.api import run
from tidegate.study.findings import Findings
from tidegate.study.luck import among_placebos, no_placebos, percentile
from tidegate.study.notes import note_text
from tidegate.study.verdicts import judged, ledger_of
from tidegate.types.report import Claim, Text
from tidegate_studies import (
    index_timing_claims,
    index_timing_stocks_claims,
    rebar_futures_claims,
    stock_selection_claims,
)
from tidegate_studies.multifactor_lstm_claims import told

MARKET = "rebar-future"
GONE = float("nan")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rebar")
    path = rebar_file(folder)
    return [run(declared(path, gates=gates), out=folder / "runs", jobs=1) for gates in (20, 0)]


@pytest.fixture(scope="module")
def found(ran):
    return ran[0].findings["small"]


def one_sided(found):
    """The same study where its seed went long in every bar: one arrangement of its sides, so that no placebo differs."""
    books = found.books[MARKET]
    ledgers = books.ledgers | {"seed-1": books.ledgers["always-long"]}
    gone = {"value": None, "low": None, "high": None, "level": None}

    def changed(one):
        if one.subject.get("market") != MARKET or one.subject["member"] != "seed-1":
            return one
        if one.name.endswith("_percentile"):
            return one.but(**gone)
        earned = one.name in {"total_return", "total_return_before_costs"}
        return one.but(**gone | {"value": 0.2}) if earned else one

    measures = [changed(one) for one in found.measures]
    long = replace(books, gates={}, ledgers=ledgers)
    return replace(found, books={MARKET: long}, measures=tuple(measures))


def strategy(found):
    (claim,) = rebar_futures_claims.claims(Findings("own-uni", {"own-uni": found}))
    assert claim.key == "strategy"
    return claim


def test_a_rule_of_one_side_is_not_tested_and_says_why(found, monkeypatch):
    monkeypatch.setattr(rebar_futures_claims, "own_months", lambda bars: True)
    assert strategy(found).verdict != "not tested"
    books = found.books[MARKET]
    later = replace(books, times=books.times + np.timedelta64(900, "D"))  # the months are there, and others are traded
    assert strategy(replace(found, books={MARKET: later})).verdict == "not tested"
    claim = strategy(one_sided(found))
    assert claim.verdict == "not tested"
    assert "20.0% before costs, 20.0% after" in claim.ours.en  # earned in every seed, and says nothing
    bars = found.books[MARKET].ledgers["always-long"].fills["trip"].n_unique()
    assert (
        f"it took the same side (long) on all {bars} bars that it traded, which is the very account of"
        in claim.reason.en
    )
    assert "方向全部相同（做多）" in claim.reason.zh
    assert "nan" not in str(claim)


def test_a_rule_on_other_months_is_not_tested(found):
    claim = strategy(found)
    assert (claim.verdict, claim.difference) == ("not tested", "–")
    assert "not the document's months, 2016-07-01 … 2019-08-30: " in claim.reason.en


def test_the_headline_says_in_words_that_nothing_stands_beside_it(ran, found):
    asked, unasked = (one.report.lead for one in ran)
    assert "The same sides in another order earned less in" in asked.en
    assert "No placebo stands beside it, so that luck is not ruled out: the study asks for none." in unasked.en
    assert "该研究未要求对照" in unasked.zh
    assert np.isnan(percentile(ran[1].findings["small"], MARKET))
    assert percentile(found, MARKET) == found.median("total_return_percentile", MARKET)
    assert "the same side (long) on all" in among_placebos(one_sided(found), MARKET).en
    few = one_sided(found)
    mixed = replace(few.books[MARKET], ledgers=found.books[MARKET].ledgers)
    assert "fewer than 100 different arrangements" in no_placebos(replace(few, books={MARKET: mixed}), MARKET).en


def test_the_placebos_of_a_rule_within_bars_are_described_one_way(ran):
    report = ran[0].report
    assert note_text("its sides have fewer than 100 different arrangements").zh == "其方向的不同排列少于 100 种"
    notes = {table.key: table.note for table in report.tables}
    words = PLACEBOS["random sides"][1]
    assert words.en in notes[f"results-{MARKET}"].en
    assert words.zh in notes[f"results-{MARKET}"].zh
    (doubt,) = [table for table in report.tables if table.key == "doubt"]
    assert {"en": words.en, "zh": words.zh} in [row["how"] for row in doubt.rows]
    assert not any("spell length" in str(table) or "and spells" in str(table) for table in report.tables)


@pytest.mark.parametrize(
    ("exposure", "words"),
    [(1.0, "in the market at all closes"), (0.0, "never in the market"), (None, "fewer than 100 different")],
)
def test_a_timing_without_placebos_says_what_it_did(exposure, words):
    wanted = np.array([0.0, 1.0, 1.0]) if exposure is None else np.full(3, exposure)
    books = SimpleNamespace(gates={}, selects=False, wanted={"seed-0": wanted})
    study = SimpleNamespace(gates=100, strategy=HoldAfterSignal(days=2))
    assert words in no_placebos(Fake(study, books), "fund").en


class Fake:
    """A finding of measures by name, the same for each of two seeds."""

    def __init__(self, study, books, **measures):
        self.study, self.books, self.measures, self.forecasts = study, {"fund": books}, measures, {"ensemble": None}
        self.seeds = ("seed-0", "seed-1")

    def traders(self, market):
        return tuple(self.books[market].wanted)

    def value(self, name, member, market=None):
        return self.measures.get(name, 0.5)

    def over_seeds(self, name, market=None):
        return np.full(2, self.value(name, "seed-0"))

    median = value


def test_no_ledger_of_timings_judges_what_is_missing():
    one, gone = np.array([2.0, 3.0]), np.array([1.0, GONE])
    assert index_timing_claims.compared(one, gone) == index_timing_claims.compared(gone, one) == "not tested"
    books = SimpleNamespace(gates={}, selects=True, wanted={"seed-0": one})
    names = ("gated-return", "gated-sign", "gated-l2", "gated-two-inputs")
    missing = dict.fromkeys(("max_drawdown", "total_return", "cash_share", "max_drawdown_percentile"), GONE)
    study = SimpleNamespace(gates=100, strategy=None)
    held = Findings(names[0], {name: Fake(study, books, **missing) for name in names})
    told = index_timing_stocks_claims.claims(held)
    assert {claim.verdict for claim in told} == {"not tested"}
    assert "nan" not in str(told)


def test_a_selection_without_placebos_has_not_beaten_luck(monkeypatch):
    monkeypatch.setattr(stock_selection_claims, "reach_of", lambda found: GONE)
    monkeypatch.setattr(stock_selection_claims, "leading", lambda found: "ensemble")
    books = SimpleNamespace(gates={}, selects=True, wanted={"seed-0": None}, benchmark="equal-weight")
    study = SimpleNamespace(gates=0, strategy=None, rivals=())
    one = Fake(study, books, excess_return=0.3, total_return_percentile=GONE, rank_ic_p=GONE)
    one.histories = {0: [{"watched": {"test": 1.0}}]}
    claims = stock_selection_claims.claims(Findings("published", {"published": one, "walk": one}))
    told = {claim.key: claim for claim in claims}
    assert {key: claim.verdict for key, claim in told.items() if key != "fits"} == dict.fromkeys(
        ("beats", "informs", "better", "reaches"), "not tested"
    )
    assert "no placebo stands beside it: the study asks for none" in told["beats"].ours.en
    assert "nan" not in str(claims)


def test_no_ledger_of_classes_judges_what_is_missing(monkeypatch):
    assert told(finding(LEAD | {"groups_spread_p": None}), "groups", HOW, None).verdict == "not tested"
    gone = dict.fromkeys(("top_hits", "bullish_agreed_p"), None) | {"bullish_excess": (None, None, None)}
    made = verdicts(monkeypatch, **gone)
    assert [made[key] for key in ("top-100", "bullish", "agreement")] == ["not tested"] * 3
    assert verdicts(monkeypatch)["agreement"] == "holds"


def test_a_ledger_is_read_without_nan_and_words_keep_theirs():
    words = Text(en="nan% of nanoseconds, p nan", zh="为nan，p = nan")
    claim = Claim(
        key="a", statement=words, published=words, ours=words, difference="+nan%", reason=words, verdict="fails"
    )
    (read,) = ledger_of([claim])
    assert (read.ours.en, read.ours.zh, read.difference) == ("– of nanoseconds, p –", "为–，p = –", "–")
    assert read.verdict == "fails"
    assert judged("unclear", [[0.1, 0.2], [0.3, GONE]]) == "not tested"
