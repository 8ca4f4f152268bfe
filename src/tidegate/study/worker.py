"""What a worker process knows before its first job: whom it tells, and when to stop.

Nothing heavy is imported here, so that a worker watches its parent before it loads anything. The parent holds one end
of a pipe; when that end closes, the parent has asked for a stop or is gone, however it ended.
"""

import os
import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.queues import SimpleQueue

from tidegate.study.progress import Event

__all__ = ["begin", "tell"]

_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 3.0
"""How long a worker that was asked to stop may take to reach a place where it can."""

_channel: "list[SimpleQueue[Event | None]]" = []
_stopping = threading.Event()


def begin(queue: "SimpleQueue[Event | None]", line: Connection, parent: int) -> None:
    """Set a worker up: Ctrl-C is the parent's to hear, and the parent is watched."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _channel.append(queue)
    threading.Thread(target=_watch, args=(line, parent), daemon=True).start()


def tell(event: Event) -> None:
    """Pass an event on to the parent; raises `KeyboardInterrupt` where it has asked for a stop."""
    if _stopping.is_set():
        raise KeyboardInterrupt
    _channel[0].put(event)


def _watch(line: Connection, parent: int) -> None:
    while os.getppid() == parent and not line.poll(_LOOK_SECONDS):
        pass
    _stopping.set()
    waiting = threading.Event()
    for _ in range(round(_GRACE_SECONDS / _LOOK_SECONDS)):
        if os.getppid() != parent:
            break
        waiting.wait(_LOOK_SECONDS)
    os._exit(1)
