"""Schedules: how the learning rate goes over a training, as a factor of the optimiser's own rate."""

import math
from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import Field

from tidegate.component import Component

__all__ = ["Constant", "Cosine", "Schedule", "Step", "Warmup"]


class Schedule(Component):
    """Epochs done → factor."""

    family: ClassVar[str] = "schedule"

    @abstractmethod
    def factor(self, done: float, epochs: int) -> float:
        """Return the factor after `done` of `epochs`, a fraction of an epoch included."""


class Constant(Schedule):
    """Always one.

    >>> Constant().factor(3.5, 10)
    1.0
    """

    name: ClassVar[str] = "constant"

    def factor(self, done: float, epochs: int) -> float:  # noqa: ARG002
        """Say one."""
        return 1.0


class Step(Schedule):
    """Times `by` after every `every` epochs: ``by ** floor(done / every)``.

    >>> Step(every=2, by=0.1).factor(5.0, 10) == 0.1**2
    True
    """

    name: ClassVar[str] = "step"
    example: ClassVar[dict[str, Any]] = {"every": 10, "by": 0.5}

    every: int = Field(ge=1, description="epochs between two steps")
    by: float = Field(gt=0, le=1, description="factor of each step")

    def factor(self, done: float, epochs: int) -> float:  # noqa: ARG002
        """Count the steps taken."""
        return float(self.by ** math.floor(done / self.every))


class Cosine(Schedule):
    """From one to `last` along half a cosine (Loshchilov & Hutter 2017).

    >>> [round(Cosine(last=0.1).factor(done, 10), 3) for done in (0, 5, 10)]
    [1.0, 0.55, 0.1]
    """

    name: ClassVar[str] = "cosine"

    last: float = Field(default=0.0, ge=0, le=1, description="factor at the end")

    def factor(self, done: float, epochs: int) -> float:
        """Follow the cosine."""
        share = min(done / epochs, 1.0)
        return self.last + (1.0 - self.last) * 0.5 * (1.0 + math.cos(math.pi * share))


class Warmup(Schedule):
    """Rise in a line from `start` to one over the first epochs, then follow another schedule for the rest.

    >>> schedule = Warmup(epochs=2, then=Cosine())
    >>> [schedule.factor(done, 10) for done in (0.0, 1.0, 2.0, 10.0)]
    [0.0, 0.5, 1.0, 0.0]
    """

    name: ClassVar[str] = "warmup"
    example: ClassVar[dict[str, Any]] = {"epochs": 5.0}

    epochs: float = Field(gt=0, description="epochs of the rise")
    start: float = Field(default=0.0, ge=0, le=1, description="factor at the start")
    then: Schedule = Field(default=Constant(), description="what follows, on the epochs that are left")

    def factor(self, done: float, epochs: int) -> float:
        """Rise, then hand over."""
        if done < self.epochs:
            return self.start + (1.0 - self.start) * done / self.epochs
        return self.then.factor(done - self.epochs, max(1, round(epochs - self.epochs)))
