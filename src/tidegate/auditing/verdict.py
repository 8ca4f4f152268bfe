"""What a test of the audit says: passed, failed, warned, not tested or could not run, and on what grounds.

A pass refutes nothing but the cuts it tried, so every verdict carries how many they were and on how much of the data. A
failure carries the first offending number and the rooms that it went through.
"""

from typing import Any, Literal

from pydantic import Field

from tidegate.component import Settings, document
from tidegate.errors import IntegrityError
from tidegate.types.report import Text

__all__ = ["CODES", "TITLES", "Audited", "Change", "Status", "Verdict", "counted"]

Status = Literal["passed", "failed", "warned", "not tested", "could not run"]
CODES = {"passed": 0, "could not run": 2, "failed": 3}
"""Exit codes of the command: a leak was found (3), a test could not run (2), neither (0)."""

TITLES: dict[str, Text] = {
    "L1": Text(en="Truncate and recompute", zh="截断重算"),
    "L2": Text(en="Scramble the future", zh="打乱未来"),
    "L3": Text(en="Weights-hash invariance", zh="权重哈希不变"),
    "L4": Text(en="Decisions", zh="交易决策"),
    "L5": Text(en="Split audit", zh="样本划分审计"),
    "L6": Text(en="Label shuffle", zh="打乱标签"),
    "L7": Text(en="One-day lag", zh="滞后一日"),
    "L8": Text(en="Canaries", zh="金丝雀"),
    "L9": Text(en="Synthetic truth", zh="已知答案的合成数据"),
    "L10": Text(en="Point in time", zh="时点数据"),
    "L11": Text(en="Static lint", zh="静态代码检查"),
}
"""The leak tests by their ids."""


def counted(number: int, noun: str) -> str:
    """How many there are, in English.

    >>> counted(1, "fold"), counted(2, "fold"), counted(1234, "number")
    ('1 fold', '2 folds', '1,234 numbers')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


class Change(Settings):
    """The first number of a room that the future changed, or what else is not as it must be.

    >>> str(Change(room="factors", where="time 2020-01-03, x", expected="1", found="2"))
    'factors: time 2020-01-03, x: 1 became 2'
    >>> str(Change(room="split", where="fold 0", expected="≤ 90", found="100", moved=False))
    'split: fold 0: expected ≤ 90, found 100'
    >>> str(
    ...     Change(
    ...         room="factors", where="mine, line 3", expected="", found="`x.shift(-1)` takes a later row", moved=False
    ...     )
    ... )
    'factors: mine, line 3: `x.shift(-1)` takes a later row'
    """

    room: str = Field(description="where it stands: factors, labels, learned windows, normaliser, weights, ...")
    where: str = Field(description="time, asset and field")
    expected: str = Field(description="what it was")
    found: str = Field(description="what it became when only the future was another one")
    count: int = Field(default=1, description="how many numbers of the room changed")
    moved: bool = Field(default=True, description="a number that changed with the future; else a rule that is not kept")

    def __str__(self) -> str:
        if not self.moved:
            told = f"expected {self.expected}, found {self.found}" if self.expected else self.found
            return f"{self.room}: {self.where}: {told}"
        return f"{self.room}: {self.where}: {self.expected} became {self.found}"


class Verdict(Settings):
    """One test's answer; see the head of this file.

    >>> Verdict(test="L1", status="passed", words=Text.same("nothing changed"), cuts=10).line
    'L1 Truncate and recompute: passed (10 cuts). nothing changed'
    """

    test: str
    status: Status
    words: Text = Field(description="what was found, or why nothing was tested")
    cuts: int = Field(default=0, ge=0, description="cuts, draws or windows tried")
    on: Text = Field(default=Text.same(""), description="how much of the data, and what was cut short")
    partial: bool = Field(default=False, description="not the whole study: fewer assets, windows or steps")
    first: Change | None = Field(default=None, description="the first offending number")
    path: tuple[Change, ...] = Field(default=(), description="the rooms that it went through, in their order")
    hint: str = ""
    seconds: float = Field(default=0.0, ge=0)
    data: str = Field(default="", description="SHA-256 of the bars that it was asked of")
    seed: int = Field(default=0, description="what other futures were thrown from")
    full: bool = Field(default=False, description="whether it was asked of more data, with whole trainings")

    @property
    def title(self) -> Text:
        """The test in words."""
        return TITLES[self.test]

    @property
    def line(self) -> str:
        """The verdict in one line."""
        tried = f" ({counted(self.cuts, 'cut')})" if self.cuts else ""
        return f"{self.test} {self.title.en}: {self.status}{tried}. {self.words.en}".rstrip()


class Audited(Settings):
    """The audit of one study: every verdict, on which data and with which code."""

    study: str
    title: Text
    verdicts: tuple[Verdict, ...]
    data: str = Field(description="SHA-256 of the bars that the study may see")
    version: str = Field(description="version of Tidegate")
    seed: int
    full: bool
    seconds: float = Field(default=0.0, ge=0)
    outside: dict[str, str] = Field(
        default_factory=dict, description="components from outside the package: class → SHA-256 of its source"
    )
    package: str = Field(default="", description="SHA-256 of Tidegate's own source")

    @property
    def status(self) -> Status:
        """Failed where a test failed, could not run where one could not, else passed (warnings do not fail)."""
        found = {verdict.status for verdict in self.verdicts}
        if not found & {"passed", "failed", "warned"}:
            return "could not run"
        return next((one for one in ("failed", "could not run") if one in found), "passed")

    @property
    def passed(self) -> bool:
        """Whether nothing was found and everything that was asked for could run."""
        return self.status == "passed"

    @property
    def code(self) -> int:
        """The exit code of the command."""
        return CODES[self.status]

    def verdict(self, test: str) -> Verdict:
        """One test's verdict; raises `IntegrityError` where it was not asked for."""
        for held in self.verdicts:
            if held.test == test:
                return held
        raise IntegrityError("this audit has no such test", found=test, expected=[v.test for v in self.verdicts])

    def failed(self) -> tuple[Verdict, ...]:
        """The tests that found something."""
        return tuple(verdict for verdict in self.verdicts if verdict.status == "failed")

    def beside(self, earlier: "Audited") -> "Audited":
        """These verdicts, with those of an earlier audit that they do not replace.

        A test that was not asked again keeps its verdict. One that failed keeps it too as long as code and data are the
        same: a pass refutes nothing but the cuts that it tried. Of verdicts by another version of Tidegate those that
        failed stand until they are asked again; an audit of other components is replaced as a whole.
        """
        if earlier.outside != self.outside:
            return self
        same = earlier.package == self.package
        held = {verdict.test: verdict for verdict in earlier.verdicts if same or verdict.status == "failed"}
        for verdict in self.verdicts:
            before = held.get(verdict.test)
            stands = same and before is not None and before.status == "failed" and before.data == verdict.data
            if not stands or verdict.status == "failed":
                held[verdict.test] = verdict
        return self.but(verdicts=tuple(held[test] for test in TITLES if test in held))

    def kept(self) -> dict[str, Any]:
        """The document that is kept in the run folder, with titles for whoever reads it alone."""
        told: dict[str, Any] = document(self)
        for verdict in told["verdicts"]:
            verdict["title"] = document(TITLES[verdict["test"]])
        asked = {verdict.test for verdict in self.verdicts}
        return {**told, "status": self.status, "not_asked": [test for test in TITLES if test not in asked]}

    @classmethod
    def read(cls, held: dict[str, Any]) -> "Audited":
        """Read what `kept` wrote."""
        plain = {name: value for name, value in held.items() if name in cls.model_fields}
        verdicts = [{name: v[name] for name in Verdict.model_fields if name in v} for v in held["verdicts"]]
        return cls.of({**plain, "verdicts": verdicts})
