"""The trial ledger counts each trial once, whoever writes and however often, and nothing can be taken back unseen."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from small import finish, small

from tidegate.errors import IntegrityError
from tidegate.files import append_synced
from tidegate.study import trial_ledger
from tidegate.study.api import declare
from tidegate.study.trial_ledger import Trial, TrialLedger, question_of, trials_of, variant_of


def trial(number, question="q", role="model"):
    return Trial(question, f"v{number // 2}", f"f{number}", "study", f"seed-{number % 2}", role, "data")


def study(**changes):
    return declare(small(**changes)).studies[0]


def test_each_trial_counts_once(tmp_path):
    ledger = TrialLedger(tmp_path)
    assert ledger.enter([trial(n) for n in range(4)]) == 4
    assert ledger.enter([trial(n) for n in range(6)]) == 2
    assert TrialLedger(tmp_path).enter([trial(0)]) == 0
    counted = TrialLedger(tmp_path).count("q")
    assert counted == ("q", 6, 3, 6, 0)
    assert [line["number"] for line in ledger.lines()] == [1, 2, 3, 4, 5, 6]
    assert TrialLedger(tmp_path).place([trial(4)]) == 5
    assert TrialLedger(tmp_path).place([trial(9)]) == 0


def test_a_rival_is_counted_beside_and_not_among(tmp_path):
    ledger = TrialLedger(tmp_path)
    ledger.enter([trial(0), trial(1, role="rival"), trial(2, "another")])
    assert ledger.count("q") == ("q", 1, 1, 1, 1)


WRITER = """
import sys
from pathlib import Path
from tidegate.study.trial_ledger import Trial, TrialLedger
out, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
ledger = TrialLedger(out)
for n in range(first, first + count):
    ledger.enter([Trial("q", f"v{n}", f"f{n}", "s", "seed-0", "model", "d")])
"""


def test_several_writers_lose_and_double_nothing(tmp_path):
    writers, each = 4, 40
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(n * each // 2), str(each)])
        for n in range(writers)  # halves overlap: two writers enter the same trial
    ]
    assert [one.wait() for one in started] == [0] * writers
    lines = TrialLedger(tmp_path).lines()
    seen = Counter(line["variant"] for line in lines)
    assert set(seen) == {f"v{n}" for n in range((writers + 1) * each // 2)}
    assert set(seen.values()) == {1}


def written(tmp_path, count=6):
    TrialLedger(tmp_path).enter([trial(n) for n in range(count)])
    return tmp_path / "trials.jsonl"


@pytest.mark.parametrize(
    "tamper, match",
    [
        (lambda lines: lines[:2] + lines[3:], "line 3"),
        (lambda lines: lines[:-1], "other lines"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "line 1"),
        (lambda lines: [lines[0].replace('"v0"', '"v9"'), *lines[1:]], "not what was written"),
        (lambda lines: [*lines, lines[-1]], "line 7"),
        (lambda lines: ["{", *lines[1:]], "cannot be read"),
        (lambda lines: [], "other lines"),
    ],
    ids=["removed", "cut off", "swapped", "changed", "repeated", "broken", "emptied"],
)
def test_what_was_written_cannot_be_changed_unseen(tmp_path, tamper, match):
    path = written(tmp_path)
    made = tamper(path.read_text().splitlines())
    path.write_text("".join(f"{line}\n" for line in made))
    with pytest.raises(IntegrityError, match=match):
        TrialLedger(tmp_path).lines()
    with pytest.raises(IntegrityError, match="trial ledger was changed"):
        TrialLedger(tmp_path).enter([trial(50)])


def test_a_line_made_to_fit_is_given_away_by_the_next(tmp_path):
    path = written(tmp_path)
    lines = path.read_text().splitlines()
    first = json.loads(lines[0])
    forged = TrialLedger(tmp_path / "other")
    forged.enter([trial(8)])
    lines[0] = (tmp_path / "other" / "trials.jsonl").read_text().splitlines()[0]
    assert json.loads(lines[0])["number"] == first["number"]
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(IntegrityError, match="line 2"):
        TrialLedger(tmp_path).lines()


def test_without_its_head_it_is_not_trusted(tmp_path):
    written(tmp_path)
    (tmp_path / "trials.head.json").unlink()
    with pytest.raises(IntegrityError, match="head is missing"):
        TrialLedger(tmp_path).lines()


def test_a_torn_last_line_was_never_there(tmp_path):
    path = written(tmp_path)
    with path.open("a") as stream:
        stream.write('{"number": 7, "at"')
    assert len(TrialLedger(tmp_path).lines()) == 6
    assert TrialLedger(tmp_path).enter([trial(6)]) == 1
    assert len(TrialLedger(tmp_path).lines()) == 7


def test_a_ledger_that_is_open_sees_what_others_write_and_take(tmp_path):
    one, other = TrialLedger(tmp_path), TrialLedger(tmp_path)
    one.enter([trial(0)])
    assert other.enter([trial(0), trial(1)]) == 1
    assert one.enter([trial(1)]) == 0
    (tmp_path / "trials.jsonl").write_text("")
    with pytest.raises(IntegrityError, match="gone"):
        one.enter([trial(2)])


@pytest.mark.parametrize("already", [0, 3])
@pytest.mark.parametrize("when", ["before its head is read", "after its head is read"])
def test_a_reader_is_not_misled_by_lines_that_come_while_it_reads(tmp_path, monkeypatch, already, when):
    TrialLedger(tmp_path).enter([trial(n) for n in range(already)])
    read, another, entered = TrialLedger._head, TrialLedger(tmp_path), [already]

    def enter():
        another.enter([trial(entered[0])])
        entered[0] += 1

    def meanwhile(ledger):
        if ledger is another:
            return read(ledger)
        if when.startswith("before"):
            enter()
        head = read(ledger)
        enter()
        return head

    monkeypatch.setattr(TrialLedger, "_head", meanwhile)
    assert already < len(TrialLedger(tmp_path).lines()) <= entered[0]


def test_a_first_entry_cut_short_is_no_tampering(tmp_path, monkeypatch):
    def killed(path, lines):
        append_synced(path, lines)
        raise KeyboardInterrupt

    monkeypatch.setattr(trial_ledger, "append_synced", killed)
    with pytest.raises(KeyboardInterrupt):
        TrialLedger(tmp_path).enter([trial(n) for n in range(3)])
    monkeypatch.undo()
    assert len(TrialLedger(tmp_path).lines()) == 3
    assert TrialLedger(tmp_path).enter([trial(n) for n in range(4)]) == 1


@pytest.mark.parametrize(
    "change, variant, question",
    [
        ({"name": "other"}, False, False),
        ({"gates": 50}, False, False),
        ({"seeds": [5]}, False, False),
        ({"lookback": 9}, True, False),
        ({"training__epochs": 4}, True, False),
        ({"strategy__days": 3}, True, False),
        ({"capital": 5.0}, True, False),
        ({"span__first": "2001-01-01"}, True, False),
        ({"source__seed": 6}, True, True),
    ],
    ids=lambda held: next(iter(held)) if isinstance(held, dict) else str(held),
)
def test_what_makes_another_variant_and_another_question(change, variant, question):
    one, other = study(), study(**change)
    assert (variant_of(one) != variant_of(other)) is variant
    assert (question_of(one) != question_of(other)) is question


def test_another_book_is_another_trial_on_the_same_fit():
    one, other = (trials_of(declare(small(**change)))[0] for change in ({}, {"strategy__days": 3}))
    assert one.fit == other.fit
    assert one.variant != other.variant
    assert one.key != other.key


def test_a_run_enters_by_itself_and_says_which_trial_it_is(tmp_path):
    first = finish(small(rivals=[]), tmp_path)
    assert first.report.provenance["trials"] == {
        "question": question_of(study()), "place": 1, "trials": 2, "variants": 1, "fits": 2, "rivals": 0,
        "unlisted": 0,
    }  # fmt: skip
    second = finish(small(rivals=[], lookback=7), tmp_path)
    told = second.report.provenance["trials"]
    assert (told["place"], told["trials"], told["variants"]) == (3, 4, 2)
    words = next(section for section in second.report.sections if section.key == "doubt").words[-1]
    assert "This is trial 3 of its question" in words.en
    assert "第 3 次尝试" in words.zh
    deflated = [next(m for m in ran.report.measures if m.name == "deflated_sharpe") for ran in (first, second)]
    assert "best of 2 trials" in deflated[0].note
    assert "best of 4 trials on these data" in deflated[1].note
    again = finish(small(rivals=[]), tmp_path)
    assert len(TrialLedger(tmp_path).lines()) == 4
    assert again.report.provenance["trials"]["place"] == 1
    assert again.report.provenance["trials"]["trials"] == 4


OWN = '''
from typing import ClassVar
from tidegate.factors.base import FactorSet, panel_of


class Own(FactorSet):
    """Some times the close.

    Known at
        CLOSE(t).
    """

    name: ClassVar[str] = "own-of-the-ledger"

    def compute(self, bars):
        return panel_of(bars, {"times": FACTOR * bars.adjusted("close")})
'''
TRIED = """
import json, sys
from pathlib import Path
import own
from tidegate.study.api import declare
from tidegate.study.kept_variants import unlisted_runs
from tidegate.study.run import _declaration
from tidegate.study.trial_ledger import TrialLedger, trials_of
made = declare(json.loads(sys.argv[1]))
trials = trials_of(made)
ledger = TrialLedger(Path("runs"))
ledger.enter(trials)
folder = Path("runs", made.name, made.fingerprint[:8])
folder.mkdir(parents=True, exist_ok=True)
(folder / "study.json").write_text(json.dumps(_declaration(made)))
print(trials[0].question, trials[0].variant, trials[0].fit, folder.name, len(unlisted_runs(Path("runs"), ledger.lines())))
"""


def test_changed_code_of_ones_own_is_another_variant_in_another_folder(tmp_path):
    told = json.dumps(small(factors={"name": "own-of-the-ledger"}))
    said = []
    for factor in ("2", "3", "2"):
        (tmp_path / "own.py").write_text(OWN.replace("FACTOR", factor))
        words = [sys.executable, "-B", "-c", TRIED, told]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.split())
    first, second, again = said
    assert first == again
    assert first[0] == second[0]  # the same question
    assert all(one != other for one, other in zip(first[1:4], second[1:4], strict=True))
    assert second[4] == "0"
    assert TrialLedger(tmp_path / "runs").count(first[0]).variants == 2
