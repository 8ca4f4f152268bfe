"""What an audit says in words: what to mend first, how near a limit a pass was, and one of a thing as one."""

from typing import ClassVar

import numpy as np
import pytest
from audited_study import one

import tidegate.catalog  # noqa: F401 - lets settings find members by name
from tidegate.auditing import placebos, reading
from tidegate.auditing.audit import audit_study
from tidegate.auditing.following import hints_followed
from tidegate.auditing.skill import Skill
from tidegate.auditing.verdict import Change, Verdict
from tidegate.factors.base import FactorSet
from tidegate.types.report import Text


def verdict(test, status="failed", room="factors"):
    change = Change(room=room, where="time 2020-01-03", expected="1", found="2")
    return Verdict(
        test=test,
        status=status,
        words=Text.same(""),
        path=(change,) if status in {"failed", "warned"} else (),
        hint="own",
    )


def hints(*verdicts):
    return {held.test: held.hint for held in hints_followed(verdicts)}


def test_what_comes_later_points_to_what_came_first():
    told = hints(verdict("L1"), verdict("L3"), verdict("L4", room="normaliser"), verdict("L10"))
    assert told["L1"] == "own"
    assert told["L3"].startswith("mend L1 first")
    assert told["L4"].startswith("mend L3 first")
    assert told["L10"].startswith("mend L1 first")


def test_a_room_of_its_own_keeps_its_hint():
    assert hints(verdict("L1", "passed"), verdict("L3", room="normaliser"), verdict("L10")) == {
        "L1": "own",
        "L3": "own",
        "L10": "own",
    }
    assert hints(verdict("L3"))["L3"] == "factors moved first: look there (L1 tests them alone)"
    assert hints(verdict("L5", room="split"), verdict("L4", room="decisions of seed-0"))["L4"] == "own"


def test_a_lint_is_likely_wrong_only_where_others_passed():
    sign = verdict("L11", "warned")
    assert hints(verdict("L1", "passed"), sign)["L11"] == "what the other tests let pass is likely right"
    assert hints(verdict("L1"), verdict("L3"), sign)["L11"] == "look at these lines first: L1, L3 did not pass"
    for alone in ((sign,), (verdict("L10", "not tested"), sign)):
        assert "likely right" not in hints(*alone)["L11"]


def test_a_lint_says_what_a_line_does(monkeypatch):
    class Rolled(FactorSet):
        """Takes the row that comes."""

        name: ClassVar[str] = "audit-words-rolled"

        def compute(self, bars):
            return np.roll(bars.column("close"), -1)

    found = reading.read(one(factors={"name": "audit-words-rolled"}))
    assert found.status == "warned"
    (change,) = found.path
    assert str(change).endswith("`np.roll(bars.column('close'), -1)` takes a later row")
    assert "became" not in str(change)
    assert found.words.en == "1 place to look at in 1 component of your own; a lint may be wrong"
    assert found.words.zh == "自有的 1 个组件中有 1 处需要查看；静态检查可能误报"
    monkeypatch.setattr(reading, "mistakes_in", lambda _: ("fits on both sides",))
    declared = reading.read(one())
    assert declared.words.en == "1 place to look at in the declaration"
    assert str(declared.path[0]) == "declaration: a component's own words: fits on both sides"
    both = reading.read(one(factors={"name": "audit-words-rolled"}))
    assert both.words.en.startswith("2 places to look at in 1 component of your own and in the declaration")


def test_a_pass_of_shuffled_labels_says_how_near_it_was():
    words = audit_study(one(), ("L6",), cuts=2).verdict("L6").words
    assert "of 4 allowed standard errors" in words.en
    assert "the largest of 2 draws" in words.en
    assert "允许 4 个" in words.zh
    assert "0 is expected" not in words.en


@pytest.mark.parametrize(
    "skill, said, told",
    [
        (Skill(0.060, 0.026, 1.9), "too little to tell", "无法判断"),
        (Skill(-0.2, 0.05, -4.0), "points the wrong way", "方向相反"),
        (Skill(0.2, 0.05, 4.0), "", ""),
    ],
)
def test_a_skill_that_is_not_sure_is_too_little_to_tell(monkeypatch, skill, said, told):
    monkeypatch.setattr(placebos, "skill_of", lambda *_: skill)
    words = audit_study(one(), ("L7",), cuts=2).verdict("L7").words
    assert said in words.en
    assert told in words.zh
    assert ("too little" in words.en) == (said == "too little to tell")
    assert ("no skill" in words.en) == (said == "points the wrong way")


def test_one_of_a_thing_is_one():
    found = audit_study(one(), ("L5",), cuts=2).verdict("L5")
    assert found.words.en.startswith("1 fold: ")
    assert verdict("L1").but(cuts=1).line.startswith("L1 Truncate and recompute: failed (1 cut).")
