"""Ledgers of claims: a verdict follows from all that its statement says, and from an interval where there is one."""

from types import SimpleNamespace

import numpy as np
import pytest

from tidegate.study.findings import Finding, Findings
from tidegate.types.report import Measure, Text
from tidegate_studies import multifactor_act_claims, multifactor_lstm_claims
from tidegate_studies.multifactor_lstm_claims import told
from tidegate_studies.multifactor_settling import converged, sooner

LEAD = {
    "groups_spread_total": 0.06,
    "groups_won": 0.8,
    "groups_spread_p": 0.01,
    "groups_break_even": 0.002,
    "groups_between": (0.75, 0.45, 0.93),
    "top_hits": 0.16,
    "top_base": 0.03,
    "top_p": 1e-9,
    "top_mean_p": 0.01,
    "bullish_share": 0.42,
    "bullish_rose": 0.33,
    "bullish_excess": (0.09, 0.02, 0.16),
    "bullish_agreed": 0.8,
    "bullish_agreed_p": 0.02,
    "bullish_margins_p": 0.03,
}
SEEDS = ("seed-0", "seed-1", "seed-2")
HOW = Text(en="by class", zh="按类别")


def finding(measures, *, members=("ensemble",), losses=(), iterations=5000):
    made = []
    for member in members:
        for name, value in measures.items():
            values = value if isinstance(value, tuple) else (value, None, None)
            said, low, high = (values[members.index(member)], None, None) if member in SEEDS else values
            level = None if low is None else 0.95
            told = {"subject": {"member": member}, "unit": "fraction", "n": 14, "note": ""}
            made.append(Measure(name=name, value=said, low=low, high=high, level=level, **told))
    histories = {seed: ({"train": loss},) for seed, loss in enumerate(losses)}
    study = SimpleNamespace(training=SimpleNamespace(epochs=iterations // 50, sampling=SimpleNamespace(count=50)))
    nothing = dict.fromkeys(("bars", "windows", "explained", "folder"))
    empty = {name: {} for name in ("dropped", "learned", "pondered", "paths", "books")}
    return Finding(
        forecasts=dict.fromkeys(members),
        histories=histories,
        measures=tuple(made),
        folds=(),
        study=study,
        **nothing,
        **empty,
    )


def ledger(monkeypatch, picks=100, base=(), lstm=(), gap=None, iterations=5000, **changes):
    held = SimpleNamespace(tops=SimpleNamespace(k=picks))
    monkeypatch.setattr(multifactor_act_claims, "judged_classes", lambda found, member: held)
    gaps = gap or dict.fromkeys(("relative", "twelve", "short", "five"), (0.0, -0.01, 0.01))

    def compared(first, second, level):
        (name,) = [name for name, one in found.items() if one is second]
        if gaps[name] is None:
            return None
        apart = SimpleNamespace(estimate=gaps[name][0], low=gaps[name][1], high=gaps[name][2])
        return SimpleNamespace(rows=900, dates=12, spread=apart, spreads=(0.01, 0.01 + gaps[name][0]))

    monkeypatch.setattr(multifactor_act_claims, "compared", compared)
    found = {"published": finding(LEAD | changes)}
    for name in ("base", "lstm", "relative", "twelve", "short", "five"):
        high, losses = {"base": base, "lstm": lstm}.get(name) or ((0.1, 0.2, 0.3), (1.0, 1.1, 1.2))
        spreads = {"top_groups_spread": (0.01, 0.02, 0.03), "groups_high": high}
        found[name] = finding(spreads, members=SEEDS[: len(high)], losses=losses, iterations=iterations)
    return {claim.key: claim for claim in multifactor_act_claims.claims(Findings("published", found))}


def verdicts(*args, **changes):
    return {key: claim.verdict for key, claim in ledger(*args, **changes).items()}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "holds"),
        ({"groups_won": 0.4}, "unclear"),  # it earned, and lost most months
        ({"groups_spread_p": 0.2}, "unclear"),
        ({"groups_spread_total": 0.02}, "unclear"),  # less than half of what was printed
        ({"groups_spread_total": -0.02}, "fails"),
        ({"groups_spread_total": None, "groups_spread_p": None}, "not tested"),
        ({"groups_spread_p": None}, "not tested"),
    ],
)
def test_a_long_short_holds_by_all_that_is_said_of_it(changes, verdict):
    claim = told(finding(LEAD | changes), "groups", HOW, (0.045, 0.75))
    assert claim.verdict == verdict
    assert claim.published.en == "4.5%, 75% of 12 months"


def test_what_a_document_gives_no_figure_of_has_none(monkeypatch):
    claim = ledger(monkeypatch)["spread-groups"]
    assert (claim.published.en, claim.published.zh) == ("stated, no figure", "仅文字，无数字")
    assert claim.difference == "–"
    assert claim.verdict == "holds"


def test_networks_are_told_apart_by_seeds_not_by_their_medians(monkeypatch):
    same = (0.1, 0.2, 0.3), (1.0, 1.1, 1.2)
    near = verdicts(monkeypatch, base=((0.11, 0.21, 0.31), (0.99, 1.09, 1.19)), lstm=same)
    assert (near["above"], near["faster"]) == ("unclear", "unclear")
    far = verdicts(monkeypatch, base=((1.1, 1.2, 1.3), (0.1, 0.2, 0.3)), lstm=same)
    assert (far["above"], far["faster"]) == ("holds", "holds")
    behind = verdicts(monkeypatch, base=same, lstm=((1.1, 1.2, 1.3), (0.1, 0.2, 0.3)))
    assert (behind["above"], behind["faster"]) == ("fails", "fails")


def test_what_is_ahead_early_has_not_converged_first(monkeypatch):
    same = (0.1, 0.2, 0.3), (1.0, 1.1, 1.2)
    early = ledger(monkeypatch, base=((0.1, 0.2, 0.3), (0.1, 0.2, 0.3)), lstm=same, iterations=150)["faster"]
    assert early.verdict == "unclear"
    assert "the last 50 of 150 iterations" in early.reason.en


def test_one_seed_tells_no_network_apart_and_says_so(monkeypatch):
    told = ledger(monkeypatch, base=((1.1,), (0.1,)), lstm=((0.1,), (1.1,)))
    assert [told[key].verdict for key in ("above", "faster")] == ["not tested", "not tested"]
    assert "One seed of each" in told["above"].reason.en
    assert "means of 3 seeds" in told["trial-twelve"].reason.en


@pytest.mark.parametrize(
    ("between", "verdict"),
    [((0.75, 0.45, 0.93), "holds"), ((0.5, 0.2, 0.8), "unclear"), ((0.3, 0.1, 0.6), "fails")],
)
def test_groups_part_where_the_neutral_one_lies_between_more_often_than_by_luck(monkeypatch, between, verdict):
    assert verdicts(monkeypatch, groups_between=between)["parted"] == verdict


@pytest.mark.parametrize(
    ("random", "later", "verdict"),
    [
        ((0.55, 0.56), (0.45, 0.46), "fails"),
        ((0.55, 0.56), (0.552, 0.556), "holds"),
        ((0.55, 0.56), (0.53, 0.55), "unclear"),
        ((0.55,), (0.45,), "unclear"),
    ],
)
def test_what_is_held_out_at_random_is_held_against_later_months(monkeypatch, random, later, verdict):
    names = ("split-random", "split-stock", "split-month", "split-time")
    shares = {name: np.array(later if name == "split-time" else random) for name in names}
    found = {name: finding({}) for name in names}
    monkeypatch.setattr(
        multifactor_lstm_claims, "held_accuracy",
        lambda one: next((shares[name], 0.45) for name in names if found[name] is one),
    )  # fmt: skip
    assert multifactor_lstm_claims._leak(Findings(names[0], found)).verdict == verdict


@pytest.mark.parametrize(
    ("sure", "verdict"), [(0.09, "holds"), (0.06, "unclear"), (0.03, "fails"), (None, "not tested")]
)
def test_the_surest_must_earn_clearly_more(sure, verdict):
    lead = finding({"groups_spread_total": 0.045, "top_groups_spread_total": sure})
    assert multifactor_lstm_claims._surer(lead).verdict == verdict


def test_hits_want_a_hundred_picks_and_months_that_agree(monkeypatch):
    assert verdicts(monkeypatch)["top-100"] == "holds"
    assert verdicts(monkeypatch, top_mean_p=0.3)["top-100"] == "unclear"
    assert verdicts(monkeypatch, top_hits=0.08)["top-100"] == "fails"
    assert verdicts(monkeypatch, picks=12)["top-100"] == "not tested"


def test_bullish_shares_by_interval_and_by_both_margins(monkeypatch):
    assert verdicts(monkeypatch)["bullish"] == "holds"
    assert verdicts(monkeypatch, bullish_excess=(0.09, -0.02, 0.2))["bullish"] == "unclear"
    assert verdicts(monkeypatch, bullish_excess=(-0.09, -0.2, -0.02))["bullish"] == "fails"
    assert verdicts(monkeypatch)["agreement"] == "holds"
    assert verdicts(monkeypatch, bullish_margins_p=0.4)["agreement"] == "unclear"
    assert verdicts(monkeypatch, bullish_agreed=0.4)["agreement"] == "fails"
    assert "of 14 changes" in ledger(monkeypatch)["agreement"].ours.en


@pytest.mark.parametrize(
    ("interval", "better", "same", "worse"),
    [
        ((0.02, 0.01, 0.03), "holds", "fails", "fails"),
        ((-0.02, -0.03, -0.01), "fails", "fails", "holds"),
        ((0.0, -0.001, 0.001), "unclear", "holds", "unclear"),
        ((0.002, -0.01, 0.014), "unclear", "unclear", "unclear"),
        (None, "not tested", "not tested", "not tested"),
    ],
)
def test_trials_are_judged_by_an_interval_over_months_on_common_rows(monkeypatch, interval, better, same, worse):
    gap = dict.fromkeys(("relative", "twelve", "short", "five"), interval)
    told = verdicts(monkeypatch, gap=gap)
    assert [told[f"trial-{name}"] for name in ("twelve", "short", "five")] == [better, same, worse]


def trained(*curves, held=None):
    """A finding whose seeds lost so much, an entry for every hundred iterations."""
    held = held or curves[0]
    histories = {
        seed: tuple({"train": one, "valid": out} for one, out in zip(curve, held, strict=True))
        for seed, curve in enumerate(curves)
    }
    training = SimpleNamespace(sampling=SimpleNamespace(count=100))
    title = Text(en="Long", zh="长")
    return SimpleNamespace(study=SimpleNamespace(training=training, title=title), histories=histories)


@pytest.mark.parametrize(
    ("train", "verdict"),
    [
        ((1.1, 1.0, 0.9, 0.8), "fails"),
        ((1.1, 1.0, 1.0, 0.995), "holds"),
        ((1.1, 1.0, 1.0, 0.97), "unclear"),
        ((1.1, 1.0, 0.9, 1.6), "fails"),  # it learned on, and blew up
        ((1.1, 1.0, 1.2, 1.6), "fails"),
        ((1.1, 1.0, 0.9, float("nan")), "not tested"),
    ],
)
def test_what_still_falls_has_not_converged(train, verdict):
    found = {"long": trained(train, held=(1.05, 1.04, 1.06, 1.2))}
    told = converged(Findings("long", found))
    assert told.verdict == verdict
    assert "1.050 after 100, lowest 1.040 after 200, 1.200 at the end" in told.ours.en
    assert converged(Findings("other", {"other": found["long"]})).verdict == "not tested"


def test_who_converges_first_reaches_what_both_reach_before_the_other():
    quick, slow = np.linspace(1.0, 0.5, 40), np.linspace(1.0, 0.8, 40)
    kinds = {
        "quick": (quick, quick - 0.001),
        "slow": (slow, slow + 0.001),
        "quick alone": (quick,),
        "slow alone": (slow,),
    }
    cases = {("quick", "slow"): "holds", ("slow", "quick"): "fails", ("quick alone", "slow alone"): "not tested"}
    for (one, other), verdict in cases.items():
        found = {"long": trained(*kinds[one]), "long-lstm": trained(*kinds[other])}
        told = sooner(Findings("long", found))
        assert told.verdict == verdict
    both = {"long": trained(*kinds["quick"], *kinds["slow"]), "long-lstm": trained(*kinds["slow"], *kinds["quick"])}
    assert sooner(Findings("long", both)).verdict == "unclear"


def test_a_level_is_reached_by_the_mean_of_what_came_before_it():
    falling = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]  # means of five: …, 0.8, 0.7, 0.6, 0.5
    at_once = [0.5] * 8
    told = sooner(Findings("long", {"long": trained(at_once), "long-lstm": trained(falling)}))
    assert "0.500, which both reach, after 100 iterations, without pondering after 800" in told.ours.en
    assert told.difference == "-700"


def test_settings_that_differ_are_named_with_their_interval():
    values = {"base": (0.34, 0.341, 0.342), "set-fast": (0.36, 0.361, 0.362), "set-wide": (0.341, 0.34, 0.342)}
    titles = {"base": ("base", "基准"), "set-fast": ("fast", "快"), "set-wide": ("wide", "宽")}

    def stub(name):
        title = Text(en=titles[name][0], zh=titles[name][1])
        return SimpleNamespace(study=SimpleNamespace(title=title), over_seeds=lambda what: np.array(values[name]))

    told = multifactor_lstm_claims._settings(Findings("base", {name: stub(name) for name in values}))
    assert told.verdict == "fails"
    assert "1 are equal within 1% accuracy, 1 differ: “fast” (+2.0%," in told.ours.en
    assert "1 项不同：“快” (+2.0%" in told.ours.zh
    assert "the largest is “fast” (+2.0%)" in told.ours.en
