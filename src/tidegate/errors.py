"""Every error that Tidegate raises on purpose.

    TidegateError
    ├── SettingError          a declaration is wrong (also a ValueError)
    │   └── UnknownNameError  a name that the catalog or a record does not know; carries the nearest names
    ├── DataError             market data is wrong or unreadable (also a ValueError)
    │   ├── FileRefusedError  a file was refused as a whole; nothing of it was kept
    │   └── RecordError       a record broke one of its invariants when it was made
    ├── ClockError            a number would be used before it is known (also a ValueError)
    ├── KeptError             what lies on disk is not what was put there (also an OSError)
    │   ├── IntegrityError    a hash does not agree
    │   └── BusyError         another process holds this run, stage or store
    └── MissingExtraError     an optional library is needed (also an ImportError)

Each error says what was expected, what was found and where, and ends with a hint: what to do about it. The parts are
fields, so that a program can read them; the message is made from the fields.
"""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "BusyError",
    "ClockError",
    "DataError",
    "FileRefusedError",
    "IntegrityError",
    "KeptError",
    "MissingExtraError",
    "RecordError",
    "SettingError",
    "TidegateError",
    "UnknownNameError",
    "nearest",
]


MANY = 60
"""Names up to which a list is printed whole."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Names among `known` that resemble `name`, best first.

    >>> nearest("hiden", ["hidden", "layers", "dropout"])
    ['hidden']
    """
    return get_close_matches(name, list(known), n=count, cutoff=0.55)


class TidegateError(Exception):
    """The root: a problem stated as expected, found, where and hint.

    >>> str(
    ...     DataError("prices must be positive", expected="close > 0", found=-1.0, where="row 7", hint="remove the row")
    ... )
    'prices must be positive (row 7): expected close > 0, found -1.0. Hint: remove the row.'
    """

    def __init__(
        self, what: str, *, expected: object = None, found: object = None, where: object = None, hint: str | None = None
    ) -> None:
        self.what, self.expected, self.found, self.where, self.hint = what, expected, found, where, hint
        place = "" if where is None else f" ({where})"
        parts = [
            *([] if expected is None else [f"expected {expected}"]),
            *([] if found is None else [f"found {found}"]),
        ]
        told = f": {', '.join(parts)}" if parts else ""
        advice = "" if hint is None else f". Hint: {hint.rstrip('.')}."
        super().__init__(f"{what}{place}{told}{advice}")


class SettingError(TidegateError, ValueError):
    """A declaration is wrong: a value outside its range, a field missing, settings that contradict each other."""


class UnknownNameError(SettingError):
    """A name nobody knows; the nearest known names are in the hint.

    >>> str(UnknownNameError.among("setting", "hiden", ["hidden", "layers"], where="model"))
    "unknown setting 'hiden' (model). Hint: did you mean 'hidden'? Known: hidden, layers."
    """

    @classmethod
    def among(
        cls, kind: str, name: str, known: Iterable[str], where: object = None, *, hint: str = ""
    ) -> "UnknownNameError":
        """Say which `kind` of name was not found, which known names come nearest, and how many there are.

        Long lists are not printed: of more than `MANY` names, the first few stand for all. `hint` is put last.

        >>> str(UnknownNameError.among("asset", "A7", [f"A{n:05}" for n in range(3821)]))
        "unknown asset 'A7'. Hint: 3,821 are known, among them A00000, A00001, A00002."
        """
        names = sorted(known)
        close = nearest(name, names)
        guess = f"did you mean {' or '.join(repr(c) for c in close)}? " if close else ""
        told = f"Known: {', '.join(names) or 'none'}"
        if len(names) > MANY:
            told = f"{len(names):,} are known, among them {', '.join(names[:3])}"
        return cls(f"unknown {kind} {name!r}", where=where, hint=f"{guess}{told}{f'; {hint}' if hint else ''}")


class DataError(TidegateError, ValueError):
    """Market data is wrong, or cannot be read."""


class FileRefusedError(DataError):
    """A file was refused as a whole; nothing of it was kept."""


class RecordError(DataError):
    """A record broke one of its invariants when it was made."""


class ClockError(TidegateError, ValueError):
    """A number would be used before it is known."""


class KeptError(TidegateError, OSError):
    """What lies on disk is not what was put there, or cannot be put there."""


class IntegrityError(KeptError):
    """A hash does not agree with the bytes."""


class BusyError(KeptError):
    """Another process holds this run, stage or store."""


class MissingExtraError(TidegateError, ImportError):
    """An optional library is needed for this and is not installed."""
