"""A steady machine: the same sums in the same order, while inside.

Everything that is set here is the process's own state; it is put back on the way out, however one leaves.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import torch

__all__ = ["Interrupts", "interrupts", "steady"]


@contextlib.contextmanager
def steady(threads: int) -> Iterator[None]:
    """Compute with `threads` threads and deterministic algorithms only; puts back what was set before."""
    before = torch.get_num_threads()
    strict = torch.get_deterministic_debug_mode()
    filling = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("error")  # the same switch as use_deterministic_algorithms, but loads nothing
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = filling  # type: ignore[attr-defined]
        torch.set_deterministic_debug_mode(strict)
        torch.set_num_threads(before)


class Interrupts:
    """Whether somebody pressed Ctrl-C; asked between two steps, so that no step is ever torn."""

    def __init__(self) -> None:
        self.asked = False

    def heard(self, number: int, frame: FrameType | None) -> None:
        """Remember the first; raise at the second."""
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True


@contextlib.contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Hold Ctrl-C back until it is asked for; a second one is not held back. Other threads never get one anyway."""
    held = Interrupts()
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield held
        return
    before = signal.signal(signal.SIGINT, held.heard)
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, before)
