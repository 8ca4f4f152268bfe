"""Pulling a whole market: question after question at a polite pace, every answer kept before the next one is asked.

A pull that was stopped, by a key, a kill or a broken line, goes on where it stopped: what is answered is not asked
again. A later end adds questions about the days since the last one; what was answered stays as it was.
"""

import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.data.vendors.answers import Answers
from tidegate.data.vendors.asking import Ask, Client, Span, Vendor
from tidegate.errors import DataError, KeptError, SettingError
from tidegate.files import held, read_json, sweep, write_json

__all__ = ["Pace", "Plan", "Pulled", "answered", "planned", "pull"]

_TRIES = 4


class Plan(Settings):
    """What a pull asks for; kept beside its answers, so that a second call goes on with the same."""

    vendor: str
    reports: bool = False
    codes: tuple[str, ...] = Field(default=(), description="only these shares, as the vendor writes them; else all")
    spans: tuple[tuple[date, date], ...] = Field(description="first and last day of each part; a later end adds one")


class Pulled(NamedTuple):
    """What a pull did: questions there are, answered before, and answered now."""

    asks: int
    before: int
    now: int


class Pace:
    """A wait between questions, a little uneven; a longer one after each failure.

    >>> slept = []
    >>> pace = Pace(2.0, sleep=slept.append, now=lambda: 0.0)
    >>> for _ in range(2):
    ...     pace.step()
    >>> pace.after_failure(2)
    >>> slept[0], slept[1] >= 8.0
    (2.0, True)
    """

    def __init__(
        self, wait: float, sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.monotonic
    ) -> None:
        if wait < 0:
            raise SettingError("a pace cannot be negative", expected="seconds, 0 or more", found=wait)
        self.wait, self._sleep, self._now = wait, sleep, now
        self._last: float | None = None

    def step(self) -> None:
        """Wait until the next question may be asked."""
        if self._last is not None and (left := self._last + self.wait - self._now()) > 0:
            self._sleep(left)
        self._last = self._now()

    def after_failure(self, times: int) -> None:
        """Wait after the n-th failure of one question."""
        spread = random.Random(times).random()  # noqa: S311 - a wait, not a secret
        self._sleep(max(self.wait, 1.0) * 2.0**times * (1.0 + 0.1 * spread))


def planned(
    folder: Path, vendor: Vendor, *, since: date | None, until: date, reports: bool, codes: Sequence[str] = ()
) -> Plan:
    """Read or make the plan of a pull.

    Raises `KeptError` where the folder holds answers to another plan, `SettingError` where a day is missing or wrong.
    """
    path = folder / "plan.json"
    if reports and not vendor.has_reports:
        raise SettingError(
            f"{vendor.name} has no reports that are known point in time", hint="leave --reports out, or take baostock"
        )
    if not path.is_file():
        if since is None or since > until:
            raise SettingError(
                "a pull needs a first day, not after its last", expected=f"--since, up to {until}", found=since,
                hint="for example --since 2010-01-01",
            )  # fmt: skip
        return Plan(vendor=vendor.name, reports=reports, codes=tuple(codes), spans=((since, until),))
    there = Plan.of(read_json(path))
    first, last = there.spans[0][0], there.spans[-1][1]
    asked = (vendor.name, reports, tuple(codes), since or first)
    if asked != (there.vendor, there.reports, there.codes, first):
        raise KeptError(
            "this name holds answers to other questions", where=folder, found=asked,
            expected=(there.vendor, there.reports, there.codes, first), hint="choose another --name, or ask the same",
        )  # fmt: skip
    if until > last:
        return there.but(spans=(*there.spans, (last + timedelta(days=1), until)))
    return there


def pull(
    folder: Path, vendor: Vendor, plan: Plan, client: Client, pace: Pace,
    tell: Callable[[int, int, str], None] | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Pulled:  # fmt: skip
    """Ask what is not answered yet, and keep every answer.

    Parameters
    ----------
    folder
        Where the plan and the answers are kept.
    tell
        Called before each question with how many are answered, how many there are, and the question.

    Raises
    ------
    BusyError
        Another process pulls into this folder.
    DataError
        The vendor did not answer one question after several tries; what was answered before is kept.
    """
    with held(folder / ".lock", f"the pull in {folder.name}"):
        sweep(folder)
        answers = Answers(folder)
        write_json(folder / "plan.json", plan.model_dump(mode="json"))
        before = len(answers)
        listing = vendor.listing(plan.spans[-1][1])

        def asked(asks: Sequence[Ask], total: int) -> int:
            now = 0
            for done, ask in enumerate(asks):
                if not answers.has(ask):
                    if tell is not None:
                        tell(done, total, str(ask))
                    answers.keep(ask, answered(client, ask, pace, len(answers)), clock())
                    now += 1
            return now

        now = asked(listing, 0)
        codes = _wanted(vendor.codes(answers.each), plan.codes)
        asks = [
            ask for code in codes for span in plan.spans for ask in vendor.asks(code, Span(*span), reports=plan.reports)
        ]
        now += asked(asks, len(asks))
        return Pulled(len(asks) + len(listing), before, now)


def answered(client: Client, ask: Ask, pace: Pace, kept: int) -> pl.DataFrame:
    """Put one question, several times where it fails; raises `DataError`, which tells how many answers are kept."""
    for times in range(1, _TRIES + 1):
        pace.step()
        try:
            return client.ask(ask)
        except DataError as error:
            if times == _TRIES:
                raise DataError(
                    f"the vendor did not answer after {_TRIES} tries", where=ask, found=str(error),
                    hint=f"{kept} answers are kept: run the same command again later, and it goes on from there",
                ) from error  # fmt: skip
            pace.after_failure(times)
    raise AssertionError(ask)


def _wanted(there: Sequence[str], only: Sequence[str]) -> Sequence[str]:
    strange = [code for code in only if code not in set(there)]
    if strange:
        raise SettingError(
            "the vendor lists no such share", found=strange[:5], expected=list(there[:3]),
            hint="write codes as the vendor does",
        )  # fmt: skip
    return list(only) or there
