"""What a long run tells while it works: plain events, drawn by whoever listens."""

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Event", "Tell", "silent"]


class Event(NamedTuple):
    """One thing that happened.

    `kind`: plan (total steps of a task known), step (a task went on to `done` of `total`), done (a task ended), note.
    """

    kind: str
    task: str
    done: int = 0
    total: int = 0
    note: str = ""


Tell = Callable[[Event], None]


def silent(event: Event) -> None:
    """Tell nobody."""
