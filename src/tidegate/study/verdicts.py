"""Verdicts of a ledger of claims: what a verdict rests on must have been measured."""

import re
from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tidegate.types.report import Claim, Text

__all__ = ["Verdict", "judged", "ledger_of", "untested"]

Verdict = Literal["holds", "fails", "unclear", "not tested"]
_MISSING = re.compile(r"[+-]?(?<![A-Za-z])nan(?![A-Za-z])\s?%?")
_UNTAKEN = Text(en="Not tested: a measure that it rests on could not be taken.", zh="未检验：所依据的指标无法计算。")


def judged(verdict: Verdict, *measures: ArrayLike) -> Verdict:
    """A verdict where every one of the measures that it rests on was taken, else "not tested".

    A comparison with NaN is false, so that a missing measure would choose whichever verdict comes last. `measures`:
    numbers or arrays of any shape and unit; one missing value among them is enough. Known at: as the latest of them.

    >>> judged("holds", 0.97, [0.1, 0.2]), judged("holds", float("nan")), judged("fails", [0.1, float("nan")])
    ('holds', 'not tested', 'not tested')
    """
    there = all(bool(np.isfinite(np.asarray(measure, dtype=np.float64)).all()) for measure in measures)
    return verdict if there else "not tested"


def ledger_of(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """A ledger as it is read: a figure that is missing is a dash, and where nothing was judged for it, that is said.

    >>> half = Text.same("nan% of 4")
    >>> one = Claim(
    ...     key="a", statement=half, published=half, ours=half, difference="+nan%", reason=half, verdict="not tested"
    ... )
    >>> ledger_of([one])[0].ours.en, ledger_of([one])[0].difference, ledger_of([one])[0].reason.en[-58:]
    ('– of 4', '–', 'Not tested: a measure that it rests on could not be taken.')
    """
    return tuple(_read(claim) for claim in claims)


def untested(key: str, statement: Text, published: Text, reason: Text) -> Claim:
    """A claim whose studies were not run in this form of a reproduction, and why.

    >>> said = Text.same("as printed")
    >>> untested("a", said, said, Text.same("Left out.")).verdict
    'not tested'
    """
    return Claim(
        key=key,
        statement=statement,
        published=published,
        ours=Text(en="not run in this form", zh="此形式下未运行"),
        difference="–",
        reason=reason,
        verdict="not tested",
    )


def _read(claim: Claim) -> Claim:
    ours, reason, difference = _dashed(claim.ours), _dashed(claim.reason), _MISSING.sub("–", claim.difference)
    if (ours, reason, difference) == (claim.ours, claim.reason, claim.difference):
        return claim
    if claim.verdict == "not tested" and "Not tested" not in reason.en:
        reason = Text(en=f"{reason.en} {_UNTAKEN.en}", zh=f"{reason.zh}{_UNTAKEN.zh}")
    return claim.but(ours=ours, reason=reason, difference=difference)


def _dashed(words: Text) -> Text:
    return Text(en=_MISSING.sub("–", words.en), zh=_MISSING.sub("–", words.zh))
