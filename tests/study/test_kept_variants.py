"""Run folders are held against the trial ledger: what it does not know is counted, what differs is named."""

import json

import pytest
from small import small

from tidegate.cli.trials import list_trials
from tidegate.component import document
from tidegate.study.api import declare, run
from tidegate.study.kept_variants import differing, kept_variants, unlisted_runs
from tidegate.study.trial_ledger import TrialLedger, trials_of, variant_of
from tidegate.study.tried import tried_words


def folder(out, made):
    """A run folder that was declared, as a run begins it."""
    place = out / made.name / made.fingerprint[:8]
    place.mkdir(parents=True)
    studies = [document(study) for study in made.studies]
    (place / "study.json").write_text(json.dumps({"studies": studies}), encoding="utf-8")
    return place


@pytest.fixture
def two(tmp_path):
    """Two runs in a folder, of which the ledger knows the second alone."""
    made = [declare(small(lookback=lookback)) for lookback in (5, 6)]
    TrialLedger(tmp_path).enter(trials_of(made[1]))
    return tmp_path, made, [folder(tmp_path, one) for one in made]


def test_runs_that_a_ledger_begun_anew_does_not_know(two):
    out, _, (first, _) = two
    assert unlisted_runs(out, TrialLedger(out).lines()) == (first,)
    (out / "trials.jsonl").unlink()
    (out / "trials.head.json").unlink()
    assert len(unlisted_runs(out, TrialLedger(out).lines())) == 2


def test_a_declaration_that_cannot_be_read_is_in_no_ledger(two):
    out, _, (_, second) = two
    (second / "study.json").write_text("{")
    assert second in unlisted_runs(out, TrialLedger(out).lines())


def test_what_differs_is_named_and_what_is_gone_is_said(two):
    out, made, (first, _) = two
    ledger = TrialLedger(out)
    ledger.enter(trials_of(made[0]))
    base, other = (variant_of(one.studies[0]) for one in (made[1], made[0]))
    told = differing(ledger.lines(), kept_variants(out))
    assert (told[base], told[other]) == ((), ("lookback=5",))
    rivals = {line["variant"] for line in ledger.lines() if line["role"] == "rival"}
    assert rivals
    assert all(any(change.startswith("model=") for change in told[rival]) for rival in rivals)
    (first / "study.json").unlink()
    assert differing(ledger.lines(), kept_variants(out))[other] is None


def test_a_report_says_how_many_runs_its_ledger_lacks(tmp_path):
    ran = run(small(), out=tmp_path, jobs=1)
    assert ran.report.provenance["trials"]["unlisted"] == 0
    folder(tmp_path, declare(small(lookback=7)))
    again = run(small(), out=tmp_path, jobs=1)
    told = again.report.provenance["trials"]
    assert told["unlisted"] == 1
    (section,) = [section for section in again.report.sections if section.key == "doubt"]
    assert "1 run in this folder is not in the ledger" in section.words[-1].en
    assert "有 1 次运行不在台账中" in section.words[-1].zh
    assert "not in the ledger" not in tried_words({**told, "unlisted": 0}).en


def test_the_command_says_both(two, capsys):
    out, made, _ = two
    list_trials(str(out), every=True, json=False)
    said = capsys.readouterr().out
    assert f"1 run in this folder is not in the ledger: small/{made[0].fingerprint[:8]}" in said
    assert "model=" in said
    (out / "trials.jsonl").unlink()
    (out / "trials.head.json").unlink()
    list_trials(str(out), every=False, json=False)
    said = capsys.readouterr().out
    assert "2 runs in this folder are not in the ledger" in said
    assert "No trial has been run" not in said
