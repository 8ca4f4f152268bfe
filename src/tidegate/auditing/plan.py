"""Which tests an audit makes, and what each is going to cost: told before it starts."""

import time
from typing import NamedTuple

from tidegate.auditing.blind import panel_on
from tidegate.auditing.ground import Ground
from tidegate.auditing.learning import other_future
from tidegate.auditing.verdict import TITLES
from tidegate.auditing.walk import MOST_WINDOWS, Walk, walk
from tidegate.errors import UnknownNameError
from tidegate.types.panel import Panel

__all__ = ["DEFAULT", "FULL", "SLOW", "Begun", "Costs", "chosen", "measured"]

DEFAULT = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L10", "L11")
FULL = tuple(TITLES)
_WALKS = frozenset({"L3", "L4", "L6", "L7", "L8"})
_TIMES: dict[str, tuple[float, float]] = {
    "L1": (0.6, 0.0),
    "L2": (1.5, 0.0),
    "L3": (0.0, 2.5),
    "L4": (0.0, 5.0),
    "L5": (4.0, 0.0),
    "L6": (0.0, 2.5),
    "L7": (0.0, 0.5),
    "L8": (5.0, 0.5),
    "L9": (0.0, 0.0),
    "L10": (1.2, 0.0),
    "L11": (0.0, 0.0),
}
"""What a test costs, in panels (a cut, for L1, L2 and L10) and in walks; from runs of the studies that come along."""
_WORLDS = 20.0
"""Seconds for worlds with a known answer, which depend on no factor and no training."""
SLOW = 2.0
"""Seconds of the processor that a panel may take before an audit looks at fewer assets."""
_EACH_CUT = frozenset({"L1", "L2", "L10"})


class Costs(NamedTuple):
    """Seconds that a panel took, that a walk took (of a whole training, as estimated from a part of it)."""

    panel: float
    walk: float

    def of(self, test: str, cuts: int) -> float:
        """Seconds that a test is estimated to take."""
        panels, walks = _TIMES[test]
        if test == "L9":
            return _WORLDS
        return panels * self.panel * (cuts + 2 if test in _EACH_CUT else 1) + walks * self.walk

    def told(self, tests: tuple[str, ...], cuts: int) -> str:
        """The estimates in one line."""
        each = [(test, self.of(test, cuts)) for test in tests]
        words = ", ".join(f"{test} {seconds:.0f} s" for test, seconds in each if seconds >= 1)
        return f"Estimated: {sum(seconds for _, seconds in each):.0f} s in all{f' ({words})' if words else ''}."


def chosen(only: tuple[str, ...] | None, *, full: bool) -> tuple[str, ...]:
    """The tests by id, in their order; raises `UnknownNameError` with the nearest.

    >>> chosen(("l5", "L1"), full=False)
    ('L1', 'L5')
    """
    if only is None:
        return FULL if full else DEFAULT
    wanted = {name.strip().upper() for name in only}
    for name in sorted(wanted - set(TITLES)):
        raise UnknownNameError.among("test", name, TITLES)
    return tuple(test for test in TITLES if test in wanted)


def _timed(ground: Ground) -> tuple[Panel, float, float]:
    """A panel, and the seconds that it took by the clock and of the processor."""
    began, worked = time.monotonic(), time.process_time()
    made = panel_on(ground)
    return made, time.monotonic() - began, time.process_time() - worked


class Begun(NamedTuple):
    """What was made to take the time of, and can be gone on with."""

    costs: Costs
    work: float
    """Seconds of the processor that the panel took: they say little of what else runs."""
    panel: Panel
    walk: Walk | None
    other: Walk | None
    """The same on the first other future of L3."""


def measured(ground: Ground, tests: tuple[str, ...], *, full: bool, seed: int = 0) -> Begun:
    """Make one panel and, where a test needs it, one partial walk, and take the time.

    Where L3 goes on with it, the walk that is timed is a second one: the first waits for kernels and libraries.
    """
    made, panel, work = _timed(ground)
    if work > SLOW:  # kernels may have been compiled on the way
        made, panel, work = _timed(ground)
    if not _WALKS & set(tests):
        return Begun(Costs(panel, 0.0), work, made, None, None)
    began, other = time.monotonic(), None
    base = walk(ground)
    if "L3" in tests and not full:
        began = time.monotonic()
        other = walk(other_future(ground, base.cut, seed))
    took = time.monotonic() - began
    training = ground.study.training
    more = 1.0
    if full:
        epochs = 1 if training is None else training.epochs
        more = max(1.0, epochs * len(base.learned.train) / min(MOST_WINDOWS, max(len(base.learned.train), 1)))
    return Begun(Costs(panel, took * more), work, made, base, other)
