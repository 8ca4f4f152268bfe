"""Which tests an audit makes: the default set, the full one, or those that were named."""

from tidegate.auditing.verdict import TITLES
from tidegate.errors import UnknownNameError

__all__ = ["DEFAULT", "FULL", "chosen"]

DEFAULT = ("L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L10", "L11")
FULL = DEFAULT


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
