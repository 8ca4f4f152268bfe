"""Hints in the light of all verdicts: what is found further down the rooms is mended where it came in.

A factor that looks ahead moves normalisers, weights and orders too. Whoever reads each test's own hint would look for
the mistake in four places; there is one.
"""

from collections.abc import Iterable

from tidegate.auditing.verdict import Verdict

__all__ = ["hints_followed"]

_TESTED = {
    "factors": ("L1", "L2", "L10"),
    "labels": ("L5",),
    "learned windows": ("L3",),
    "normaliser": ("L3",),
    "target scaling": ("L3",),
    "weights": ("L3",),
}
"""Which tests look at a room by itself."""
_LATER = ("L3", "L4", "L10")


def hints_followed(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The same verdicts; hints of L3, L4 and L10 name what to mend first, that of L11 says how the other tests went.

    >>> from tidegate.auditing.verdict import Change
    >>> from tidegate.types.report import Text
    >>> wrong = Change(room="factors", where="x", expected="1", found="2")
    >>> both = [Verdict(test=t, status="failed", words=Text.same(""), path=(wrong,), hint="look") for t in ("L1", "L3")]
    >>> [verdict.hint for verdict in hints_followed(both)]
    ['look', 'mend L1 first: factors moved first, and what comes after them follows']
    """
    held = tuple(verdicts)
    return tuple(_followed(verdict, held) for verdict in held)


def _followed(verdict: Verdict, held: tuple[Verdict, ...]) -> Verdict:
    if verdict.test == "L11" and verdict.status == "warned":
        return verdict.but(hint=_of_lint(held))
    if verdict.status != "failed" or verdict.test not in _LATER or not verdict.path:
        return verdict
    room = verdict.path[0].room
    failed = [other.test for other in held if other.status == "failed"]
    tests = _TESTED.get(room, ())
    if verdict.test in tests and verdict.test != "L10":
        return verdict  # its own room: its own hint
    first = next((test for test in tests if test in failed and test != verdict.test), None)
    if first is not None:
        return verdict.but(hint=f"mend {first} first: {room} moved first, and what comes after them follows")
    if tests and verdict.test not in tests:
        return verdict.but(hint=f"{room} moved first: look there ({tests[0]} tests them alone)")
    return verdict


def _of_lint(held: tuple[Verdict, ...]) -> str:
    others = [other for other in held if other.test not in {"L7", "L11"} and other.status != "not tested"]
    wrong = [other.test for other in others if other.status in {"failed", "could not run"}]
    if wrong:
        return f"look at these lines first: {', '.join(wrong)} did not pass"
    if others:
        return "what the other tests let pass is likely right"
    return "look at these lines; L1 to L4 run them"
