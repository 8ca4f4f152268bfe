"""The audit of a study: its tests in order, what they cost, and what they found, kept in the run folder."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate import __version__
from tidegate.auditing.blind import panel_on, point_in_time, scramble, truncate
from tidegate.auditing.following import hints_followed
from tidegate.auditing.ground import Ground, ground_of
from tidegate.auditing.known_answer import known_answers
from tidegate.auditing.learning import decisions, weights
from tidegate.auditing.placebos import canaries, late, shuffled
from tidegate.auditing.plan import SLOW, chosen, measured
from tidegate.auditing.reading import read
from tidegate.auditing.splits import audit_split
from tidegate.auditing.verdict import TITLES, Audited, Verdict
from tidegate.auditing.walk import Walk, walk
from tidegate.data.source import Source
from tidegate.errors import TidegateError
from tidegate.files import read_json
from tidegate.strategy.selection import Selection
from tidegate.study.api import declare
from tidegate.study.audited import FILE, tell_audit
from tidegate.study.beside import Beside
from tidegate.study.code import code_version, outside
from tidegate.study.declare import Study
from tidegate.study.folder import RunFolder
from tidegate.study.progress import Event, Tell, silent
from tidegate.study.reproduction import Reproduction
from tidegate.types.bars import Bars
from tidegate.types.panel import Panel
from tidegate.types.report import Text

__all__ = ["Audit", "Bench", "audit", "audit_study"]

_BROKEN = (
    TidegateError,
    ArithmeticError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    pl.exceptions.PolarsError,
)
"""What code of a user's own may raise when it is shown a shorter history than it expects."""


class Audit(dict[str, Audited]):
    """The audits of a reproduction's studies, by name, with the folder in which they are kept.

    `passed`: nothing was found and all could run. `code`: what the command exits with. `standing`: what is kept and
    reported, with verdicts of earlier audits of the same code that these do not replace (`Audited.beside`).
    """

    def __init__(self, held: dict[str, Audited], folder: Path, standing: dict[str, Audited] | None = None) -> None:
        super().__init__(held)
        self.folder = folder
        self.standing = held if standing is None else standing

    @property
    def code(self) -> int:
        """0: nothing found; 3: a test failed; 2: a test could not run."""
        codes = {held.code for held in self.values()}
        return next((code for code in (3, 2) if code in codes), 0)

    @property
    def passed(self) -> bool:
        """Whether nothing was found and everything that was asked for could run."""
        return self.code == 0


def audit(
    study: str | Study | Reproduction | dict[str, Any] | Path,
    *,
    data: str | Source | None = None,
    settings: dict[str, Any] | None = None,
    quick: bool = False,
    full: bool = False,
    only: Iterable[str] | None = None,
    studies: Iterable[str] | None = None,
    cuts: int = 8,
    seed: int = 0,
    out: Path | str = "runs",
    tell: Tell = silent,
) -> Audit:
    """Audit a study as declared; the result is kept as ``audit.json`` in its run folder, and in its report.

    Parameters
    ----------
    study, data, settings, quick
        As `tidegate.run`.
    full
        All tests, on four times as much data, with whole trainings. The default set is quick and marked *partial*.
    only
        Ids of tests, for example ``("L1", "L3")``; overrides the set.
    studies
        Names of studies of a reproduction; the leading one alone where none is given.
    cuts, seed
        How many moments are tried at least, and what is thrown for other futures.
    out
        The folder of all runs.

    Errors
        `UnknownNameError` for a test or a study that is not there; whatever the study's own source says.
    """
    made = declare(study, data=data, settings=settings, quick=quick)
    tests = chosen(None if only is None else tuple(only), full=full)
    names = [made.lead] if studies is None else list(studies)
    held = {}
    for name in names:
        held[name] = audit_study(made.study(name), tests, full=full, cuts=cuts, seed=seed, tell=tell)
    folder = RunFolder(Path(out) / made.name / made.fingerprint[:8])
    kept = read_json(folder.path / FILE) if (folder.path / FILE).is_file() else {}
    standing = {name: one.beside(Audited.read(kept[name])) if name in kept else one for name, one in held.items()}
    folder.write(FILE, {**kept, **{name: one.kept() for name, one in standing.items()}})
    tell_audit(folder.path)
    return Audit(held, folder.path, standing)


def audit_study(
    study: Study, tests: tuple[str, ...], *, full: bool = False, cuts: int = 8, seed: int = 0, tell: Tell = silent
) -> Audited:
    """Audit one study with the named tests; nothing is kept."""
    began = time.monotonic()
    tell(Event("step", "audit", 0, len(tests), "reading the data"))
    held = study.source.bars(), study.source.reported()
    bench = Bench(ground_of(study, held, _beside(study, held[0]), times=4 if full else 1), cuts, seed, full=full)
    verdicts = []
    try:
        begun = measured(bench.ground, tests, full=full, seed=seed)
        if begun.work > SLOW and not full and len(bench.ground.bars.assets) > 1:
            halved = 0.5 ** math.ceil(math.log2(begun.work / SLOW))  # in halves: a little more time changes no asset
            fewer = ground_of(study, held, bench.ground.beside, times=halved)
            bench = Bench(fewer, cuts, seed, full=full)
            begun = measured(fewer, tests, full=full, seed=seed)
        tell(Event("note", "audit", note=f"{study.name}, {bench.ground.on.en}. {begun.costs.told(tests, cuts)}"))
        bench.panel = begun.panel
        if begun.walk is not None and not full:
            bench.base, bench.other = begun.walk, begun.other
    except _BROKEN as error:
        tell(Event("note", "audit", note=f"{study.name}: what it costs can't be estimated ({type(error).__name__})"))
    for place, test in enumerate(tests):
        tell(Event("step", "audit", place, len(tests), f"{test} {TITLES[test].en}"))
        verdicts.append(_timed(test, bench).but(data=bench.ground.digest, seed=seed, full=full))
    tell(Event("done", "audit"))
    return Audited(
        study=study.name, title=study.title, verdicts=hints_followed(verdicts), data=bench.ground.digest,
        version=__version__, seed=seed, full=full, seconds=time.monotonic() - began,
        outside=outside(study), package=code_version(*_ROOMS),
    )  # fmt: skip


def _beside(study: Study, bars: Bars) -> Beside:
    """What a selection is traded with; another study's gate is stood in for by one that opens and shuts by chance."""
    if not isinstance(study.strategy, Selection):
        return Beside()
    gate = None
    if study.gate is not None:
        open_ = np.random.default_rng(7).random(len(bars.times)) < _OPEN
        gate = pl.DataFrame({"time": bars.times, "open": open_.astype(float)})
    return Beside(study.source.instruments(), None, gate)


@dataclass
class Bench:
    """What the tests of one audit share: the ground, and the walk that most of them start from."""

    ground: Ground
    cuts: int
    seed: int
    full: bool
    other: Walk | None = None
    """The walk on the first other future of L3, where its time was taken."""

    @cached_property
    def panel(self) -> Panel:
        """The study's factors on its own history."""
        return panel_on(self.ground)

    @cached_property
    def base(self) -> Walk:
        """The study's walk on its own history."""
        return walk(self.ground, whole=self.full)


def _timed(test: str, bench: Bench) -> Verdict:
    """Run a test; code that breaks on another history is told, not passed over."""
    began = time.monotonic()
    try:
        found = _TESTS[test](bench)
    except _BROKEN as error:
        words = Text.same(f"{type(error).__name__}: {error}")
        found = Verdict(test=test, status="could not run", words=words, on=bench.ground.on)
    return found.but(seconds=round(time.monotonic() - began, 3))


_ROOMS = ("auditing", "backtest", "factors", "learn", "market", "models", "prepare", "strategy", "study/ground.py")
"""The rooms that an audit goes through: verdicts of other code than theirs are not kept beside newer ones."""
_OPEN = 0.7
"""How often a gate that is stood in for is open."""
_TESTS: dict[str, Callable[[Bench], Verdict]] = {
    "L1": lambda b: truncate(b.ground, cuts=b.cuts, seed=b.seed, made=b.panel),
    "L2": lambda b: scramble(b.ground, cuts=b.cuts, seed=b.seed, made=b.panel),
    "L3": lambda b: weights(b.ground, b.base, whole=b.full, seed=b.seed, begun=b.other),
    "L4": lambda b: decisions(b.ground, b.base, whole=b.full, cuts=b.cuts, seed=b.seed),
    "L5": lambda b: audit_split(b.ground, b.panel, seed=b.seed),
    "L6": lambda b: shuffled(b.ground, b.base, whole=b.full, seed=b.seed),
    "L7": lambda b: late(b.ground, b.base, whole=b.full),
    "L8": lambda b: canaries(b.ground, b.base, b.panel, seed=b.seed),
    "L9": lambda b: known_answers(b.ground, b.base, seed=b.seed),
    "L10": lambda b: point_in_time(b.ground, cuts=b.cuts, seed=b.seed, made=b.panel),
    "L11": lambda b: read(b.ground.study),
}
