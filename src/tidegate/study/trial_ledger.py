"""The trial ledger: every fit and variant that a project runs, counted once, never taken back.

    <out>/trials.jsonl       one line a trial: what was asked, what was tried, and the hash of the line before it
    <out>/trials.head.json   how many lines there are and the last one's hash, so that lines cut off the end are missed
    <out>/trials.lock        held while writing; the system frees it when the process ends

A Sharpe ratio is worth less the more was tried before it was shown, and nobody remembers how much that was. So a trial
enters when it *begins*: one that was stopped because it looked bad has been looked at too. A line that is changed,
removed or put in between breaks the chain of hashes, and every reader says so.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tidegate.component import document, fingerprint
from tidegate.errors import IntegrityError
from tidegate.files import append_synced, held, read_json, write_json
from tidegate.models.base import Network
from tidegate.study.code import outside
from tidegate.study.declare import Study
from tidegate.study.reproduction import Reproduction

__all__ = ["Counted", "Trial", "TrialLedger", "question_of", "settings_of", "trials_of", "variant_of"]

_FILE, _HEAD, _LOCK = "trials.jsonl", "trials.head.json", "trials.lock"
_FIRST = "0" * 64
_IDLE = ("name", "title", "stamps", "explain", "watch_test", "rollout", "gates", "placebo", "rivals", "seeds", "index")
"""Fields of a study that decide no forecast and no order: changing them tries nothing new."""
_TRADED = ("strategy", "reads", "markets", "filters", "execution", "gate", "capital")
"""Fields that decide orders alone: changing them tries another book on the same fit."""


class Trial(NamedTuple):
    """One thing that was tried: a variant's one seed (or a rival), on a question."""

    question: str
    variant: str
    fit: str
    study: str
    member: str
    role: str
    """model or rival: a rival is there to be beaten, and is no candidate."""
    title: str

    @property
    def key(self) -> str:
        """What makes it the same trial again."""
        return fingerprint(self.question, self.variant, self.fit, self.member)[:32]


class Counted(NamedTuple):
    """What was tried on a question: trials (a variant's every seed), variants, fits, and rivals' fits."""

    question: str
    trials: int
    variants: int
    fits: int
    rivals: int


def question_of(study: Study) -> str:
    """The question that a study asks: what can be made of these data? Another model or label is another try at it.

    The span is no part of it: a few days more or less would make every count begin anew.
    """
    return fingerprint(document(study.source), sorted(study.universe))[:16]


def variant_of(study: Study | dict[str, Any]) -> str:
    """Everything that decides a study's forecasts and orders, as a hash; of a study or of its document.

    A document tells the code of components from outside the package under *outside*, as run folders keep it.
    """
    return fingerprint(settings_of(study))[:16]


def settings_of(study: Study | dict[str, Any]) -> dict[str, Any]:
    """The settings that make a study the variant that it is: its document without what decides no forecast or order."""
    held = study if isinstance(study, dict) else {**document(study), **_outside(study)}
    return {name: value for name, value in held.items() if name not in _IDLE}


def trials_of(reproduction: Reproduction) -> tuple[Trial, ...]:
    """Everything that a run tries: every seed of every study, and every rival."""
    found = []
    for study in reproduction.studies:
        question, title = question_of(study), _data_of(document(study.source))
        seeds = study.seeds if isinstance(study.model, Network) else study.seeds[:1]
        for seed in seeds:
            fit = _fit_of(study, seed)
            found.append(Trial(question, variant_of(study), fit, study.name, f"seed-{seed}", "model", title))
        for rival in study.rivals:
            other = study.but(model=rival, rivals=(), explain=None, rollout=None)
            found.append(Trial(question, variant_of(other), _fit_of(other, 0), study.name, rival.name, "rival", title))
    return tuple(found)


def _data_of(source: dict[str, Any]) -> str:
    """A source in few words: its name, and which data sets and files it reads, or how long its bars are.

    >>> _data_of({"name": "rolled-bars", "short": {"name": "stored", "dataset": "rb-60min"}})
    'rolled-bars: rb-60min'
    >>> _data_of({"name": "rebar-world", "frequency": "60min"})
    'rebar-world: 60min'
    >>> _data_of({"name": "file", "path": "rb.csv", "settings": {"kind": "future"}})
    'file: rb.csv'
    """
    held: list[str] = []
    for key, value in source.items():
        if isinstance(value, dict):
            held += [part.rpartition(": ")[2] for part in [_data_of(value)] if ": " in part]
        elif key in {"dataset", "path", "frequency"}:
            held.append(str(value))
    name = str(source.get("name", ""))  # a source's own settings have none
    return ": ".join([name, ", ".join(dict.fromkeys(held))]) if held else name


def _outside(study: Study, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The code of components from outside the package, under *outside*; nothing where there are none."""
    code = outside([getattr(study, name) for name in type(study).model_fields if name not in without])
    return {"outside": code} if code else {}


def _fit_of(study: Study, seed: int) -> str:
    told = {name: value for name, value in document(study).items() if name not in {*_IDLE, *_TRADED}}
    told |= _outside(study, (*_IDLE, *_TRADED))
    return fingerprint(told, seed if isinstance(study.model, Network) else None)[:16]


@dataclass
class TrialLedger:
    """The ledger of one project, below the folder of its runs.

    Any number of processes may write: each waits for the others, and a trial that is there already is not entered
    twice.
    """

    out: Path
    _lines: list[dict[str, Any]] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _read: int = 0

    @property
    def path(self) -> Path:
        """The file of lines."""
        return self.out / _FILE

    def enter(self, trials: Iterable[Trial]) -> int:
        """Enter what is not there yet; returns how many lines were added. They are on the disk when it returns.

        Errors
            `IntegrityError` where lines were changed or cut off: a broken chain is not written on.
        """
        with held(self.out / _LOCK, "the trial ledger", wait=True):
            self._catch_up()
            fresh: list[str] = []
            for trial in trials:
                if trial.key in self._keys:
                    continue
                before = self._lines[-1]["sha256"] if self._lines else _FIRST
                line = {
                    "number": len(self._lines) + 1,
                    "at": _now(),
                    "key": trial.key,
                    **trial._asdict(),
                    "before": before,
                }
                line["sha256"] = _hash(line)
                self._lines.append(line)
                self._keys.add(trial.key)
                fresh.append(json.dumps(line, ensure_ascii=False, sort_keys=True))
            if fresh:
                if not (self.out / _HEAD).is_file():  # before the first line: lines without a head were tampered with
                    write_json(self.out / _HEAD, {"lines": 0, "sha256": _FIRST})
                self._read += append_synced(self.path, fresh)
                write_json(self.out / _HEAD, {"lines": len(self._lines), "sha256": self._lines[-1]["sha256"]})
        return len(fresh)

    def lines(self) -> tuple[dict[str, Any], ...]:
        """Every line, the chain checked from its first to its last; raises `IntegrityError` where it is broken."""
        self._lines, self._keys, self._read = [], set(), 0
        self._catch_up()
        return tuple(self._lines)

    def count(self, question: str) -> Counted:
        """What was tried on a question so far."""
        own = [line for line in self.lines() if line["question"] == question]
        models = [line for line in own if line["role"] == "model"]
        return Counted(
            question,
            len({(line["variant"], line["member"]) for line in models}),
            len({line["variant"] for line in models}),
            len({line["fit"] for line in models}),
            len({line["fit"] for line in own if line["role"] == "rival"}),
        )

    def place(self, trials: Sequence[Trial]) -> int:
        """Which trial of its question the first of `trials` was, counted from 1; 0 where it never entered."""
        first = trials[0]
        keys = [line["key"] for line in self.lines() if line["question"] == first.question and line["role"] == "model"]
        return keys.index(first.key) + 1 if first.key in keys else 0

    def _catch_up(self) -> None:
        """Read what was written since the last look, and hold it against the chain and the head.

        The head is read first: it is written after its lines, so while others write it tells of no line that the
        file, read after it, does not hold yet.
        """
        head = self._head()
        self._read_on()
        if head is None and self._lines:  # the first lines may have come since: their head came before them
            head = self._head()
            if head is None:
                raise self._broken("its head is missing", len(self._lines))
            self._read_on()
        if head is None:
            return
        lines, last = int(head["lines"]), head["sha256"]
        if lines > len(self._lines) or (lines and self._lines[lines - 1]["sha256"] != last):
            raise self._broken("its head tells of other lines", lines)

    def _read_on(self) -> None:
        """Read the whole lines that came since the last look."""
        content = self.path.read_bytes() if self.path.is_file() else b""
        if len(content) < self._read:
            raise self._broken("lines that were there are gone", len(self._lines))
        whole = content.rfind(b"\n") + 1  # a torn last line was never acknowledged
        for text in content[self._read : whole].splitlines():
            self._lines.append(self._checked(text))
            self._keys.add(self._lines[-1]["key"])
        self._read = whole

    def _head(self) -> dict[str, Any] | None:
        path = self.out / _HEAD
        return read_json(path) if path.is_file() else None

    def _checked(self, text: bytes) -> dict[str, Any]:
        number = len(self._lines) + 1
        try:
            line: dict[str, Any] = json.loads(text)
            told = {name: value for name, value in line.items() if name != "sha256"}
            right = line["sha256"] == _hash(told) and line["number"] == number
            right = right and line["before"] == (self._lines[-1]["sha256"] if self._lines else _FIRST)
        except (ValueError, KeyError, TypeError) as error:
            raise self._broken("a line cannot be read", number) from error
        if not right:
            raise self._broken("a line is not what was written", number)
        return line

    def _broken(self, what: str, line: int) -> IntegrityError:
        return IntegrityError(
            f"the trial ledger was changed: {what}",
            where=f"{self.path}, line {line}",
            hint="a count that can be edited is none: restore the file from a backup, or begin a new project folder",
        )


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


def _hash(line: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(line, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
