"""Sharpe ratios with what deflates them: the table, its note, and the histogram of overfitting."""

from types import SimpleNamespace

import numpy as np
import pytest

from tidegate.evaluate.doubt.deflated import deflated_sharpe
from tidegate.evaluate.doubt.effective import effective_trials
from tidegate.evaluate.stated import stated
from tidegate.measures.returns import periods_per_year, simple_returns
from tidegate.study.notes import note_text
from tidegate.study.sharpes import independent_trials, overfit_figures, sharpe_tables
from tidegate.study.trials import deflated_measures
from tidegate.types.report import Text

BARS = 400
TIMES = np.datetime64("2020-01-01", "us") + np.arange(BARS).astype("timedelta64[D]")


def grown(seed, drift=0.0, bars=BARS):
    moves = np.random.default_rng(seed).normal(drift, 0.01, bars)
    return 1e6 * np.cumprod(1 + moves)


def found(name, seeds, *, drift=0.0, rivals=(), together=True, times=TIMES):
    equity = {f"seed-{seed}": grown(10 * len(name) + seed, drift, len(times)) for seed in range(seeds)}
    if together and seeds > 1:
        equity["ensemble"] = np.mean(list(equity.values()), axis=0)
    equity |= {rival: grown(900 + place, 0.0, len(times)) for place, rival in enumerate(rivals)}
    holding = grown(990, 0.0, len(times))
    books = SimpleNamespace(
        members=tuple(equity), times=times, capital=1e6, benchmark="buy-and-hold", paths={}, selects=False,
        equity=lambda member: equity.get(member, holding),
    )  # fmt: skip

    def measure(what, member, market):
        assert (what, market) == ("sharpe", "etf-proxy")
        return stated("sharpe", {"member": member}, 1.0, "ratio a year", n=BARS, low=-0.5, high=2.5, level=0.95)

    study = SimpleNamespace(name=name, seeds=tuple(range(seeds)), title=Text(en=f"Study {name}", zh=f"研究 {name}"))
    names = [f"seed-{seed}" for seed in range(seeds)]
    leader = "ensemble" if "ensemble" in equity else names[0]
    return SimpleNamespace(
        books={"etf-proxy": books}, study=study, measure=measure, leader=leader, traders=lambda market: names
    )


class Findings:
    def __init__(self, *studies, told=0):
        self.found = {one.study.name: one for one in studies}
        self.lead, self.provenance = studies[0].study.name, {"trials": {"trials": told}} if told else {}

    def __getitem__(self, name):
        return self.found[name]


def test_everybody_with_a_book_has_a_row_and_only_trials_are_deflated():
    made = Findings(found("a", 3, rivals=("linear", "buy-and-hold")), found("bb", 2))
    (table,) = sharpe_tables(made)
    assert [row["who"]["en"] for row in table.rows] == [
        "Study a, ensemble of seeds", "Study bb, ensemble of seeds", "linear (ridge)", "buy and hold",
    ]  # fmt: skip
    assert table.roles == ("main", "plain", "rival", "benchmark")
    for name in ("deflated", "independent"):
        assert [row[name] is None for row in table.rows] == [False, False, True, True]
    assert table.rows[0]["sharpe"] == {"value": 1.0, "low": -0.5, "high": 2.5}


def test_the_figures_are_those_of_the_room_of_doubt():
    made = Findings(found("a", 3), found("bb", 2))
    (table,) = sharpe_tables(made)
    held = [one.books["etf-proxy"] for one in made.found.values()]
    moves = np.vstack([simple_returns(b.equity(m), 1e6) for b in held for m in b.members if m.startswith("seed-")])
    variance = float((moves.mean(axis=1) / moves.std(axis=1, ddof=1)).var(ddof=1))
    own = simple_returns(held[0].equity("ensemble"), 1e6)
    theirs = deflated_sharpe(own, trials=5, variance=variance)
    assert table.rows[0]["deflated"] == pytest.approx(float(theirs.deflated))
    assert table.rows[0]["probabilistic"] == pytest.approx(float(theirs.probabilistic))
    assert table.rows[0]["bars"] == BARS
    best = theirs.hurdle * np.sqrt(periods_per_year(TIMES))
    assert f"that 5 trials were made: the best of so many without skill would show {best:.2f} a year" in table.note.en
    assert "共有 5 次尝试" in table.note.zh
    number = effective_trials(moves).number
    assert 4.5 < number < 5
    assert f"The 5 of this run on these bars are as good as {number:.1f} independent ones, in 5 groups" in table.note.en


def test_what_the_ledger_tells_counts_where_it_is_more():
    few, many = (sharpe_tables(Findings(found("a", 4), told=told))[0] for told in (2, 500))
    assert few.rows[0]["deflated"] > many.rows[0]["deflated"]
    assert "that 500 trials were made" in many.note.en


def test_alike_trials_count_for_fewer():
    """Twelve seeds that earn nearly the same are hardly more than one; the ledger's others count in full."""
    alike, common = found("a", 12), np.random.default_rng(5).normal(0.0004, 0.01, BARS)

    def equity(member):
        own = np.random.default_rng(sum(map(ord, member))).normal(0, 0.001, BARS)
        return 1e6 * np.cumprod(1 + common + own)

    alike.books["etf-proxy"].equity = equity
    for told in (0, 30):
        made = Findings(alike, told=told)
        number, effective = independent_trials(made, "etf-proxy")
        assert effective.raw == 12
        assert effective.number < 3
        assert effective.clusters == 1
        assert number == int(np.ceil(effective.number)) + max(told - 12, 0)
        (table,) = sharpe_tables(made)
        moves = simple_returns(equity("ensemble"), 1e6)
        assert table.rows[0]["independent"] == pytest.approx(float(deflated_sharpe(moves, trials=number).deflated))
        assert f"deflated by {number} independent trials" in table.note.en
        assert f"按 {number} 次等效独立尝试" in table.note.zh
    assert deflated_sharpe(moves, trials=3).deflated > deflated_sharpe(moves, trials=12).deflated


def test_measures_tell_both_counts():
    plain, independent = deflated_measures(Findings(found("a", 5), told=40))
    assert (plain.name, independent.name) == ("deflated_sharpe", "deflated_sharpe_independent")
    assert plain.subject == independent.subject == {"study": "a", "member": "ensemble", "market": "etf-proxy"}
    assert "best of 40 independent trials; the 5 of this run amount to 5.0" in independent.note
    moves = simple_returns(found("a", 5).books["etf-proxy"].equity("ensemble"), 1e6)
    assert independent.value == pytest.approx(float(deflated_sharpe(moves, trials=40).deflated))
    (lone,) = deflated_measures(Findings(found("a", 1)))
    assert lone.name == "deflated_sharpe"


def test_the_best_is_held_against_the_benchmark():
    """Of many trials none is better than holding, or they all are."""
    for drift, words in ((0.0, "Wolf's steps 0 of 5 did"), (0.006, "Wolf's steps 5 of 5 did")):
        (table,) = sharpe_tables(Findings(found("a", 5, drift=drift, rivals=("buy-and-hold",))))
        assert words in table.note.en
    assert "5 次中有 5 次" in table.note.zh


def test_one_trial_is_not_deflated_and_never_is_a_dash():
    (table,) = sharpe_tables(Findings(found("a", 1, drift=-0.01)))
    assert table.rows[0]["deflated"] is None
    assert table.rows[0]["independent"] is None
    assert table.rows[0]["track"] is None
    assert table.rows[0]["who"]["en"] == "Study a, seed 0"
    assert "trials were made" not in table.note.en


def test_one_trial_of_this_run_is_deflated_by_what_the_ledger_tells():
    """A study of one seed after ninety others: nobody knows how they varied, and everybody knows that they were tried."""
    made = Findings(found("a", 1, drift=0.001), told=90)
    assert independent_trials(made, "etf-proxy") == (90, None)
    (table,) = sharpe_tables(made)
    moves = simple_returns(found("a", 1, drift=0.001).books["etf-proxy"].equity("seed-0"), 1e6)
    assert table.rows[0]["deflated"] is None
    assert table.rows[0]["independent"] == pytest.approx(float(deflated_sharpe(moves, trials=90).deflated))
    assert table.rows[0]["independent"] < table.rows[0]["probabilistic"]
    assert "90 trials are known of and one of them over these bars" in table.note.en
    assert "plain deflated ratio is a dash" in table.note.en
    assert "已知共 90 次尝试" in table.note.zh
    plain, independent = deflated_measures(made)
    assert plain.value is None
    assert "this run has one trial" in plain.note
    assert independent.value == pytest.approx(table.rows[0]["independent"])
    assert "90 次尝试全数计入" in note_text(independent.note).zh


def test_one_trial_over_these_bars_among_others_over_other_bars():
    made = Findings(found("a", 1, drift=0.001), found("bb", 4, times=TIMES[:300]))
    assert independent_trials(made, "etf-proxy") == (5, None)
    (table,) = sharpe_tables(made)
    assert table.rows[0]["deflated"] is not None
    assert "5 trials are known of and one of them over these bars" in table.note.en
    assert "a dash." not in table.note.en


def test_overfitting_is_drawn_from_eight_trials_on():
    assert overfit_figures(Findings(found("a", 7))) == ()
    (figure,) = overfit_figures(Findings(found("a", 5), found("bb", 4)))
    assert sum(figure.series[0].data["y"]) == 12_870
    assert "best of 9 variants" in figure.caption.en
    assert figure.key == "overfit-etf-proxy"


def test_trials_over_other_bars_are_counted_and_not_compared():
    other = found("bb", 4, times=TIMES[:300])
    made = Findings(found("a", 5), other)
    assert overfit_figures(made) == ()
    (table,) = sharpe_tables(made)
    assert "that 9 trials were made" in table.note.en
    assert "The 5 of this run on these bars" in table.note.en


def test_few_bars_have_no_histogram():
    short = found("a", 9, times=TIMES[:100])
    assert overfit_figures(Findings(short)) == ()
