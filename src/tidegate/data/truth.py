"""What a world with a known answer can say about it: the ceiling that no forecaster can beat for long."""

from typing import Protocol, runtime_checkable

__all__ = ["Reachable"]


@runtime_checkable
class Reachable(Protocol):
    """A source that knows how much of its next return can be told.

    >>> from tidegate.data.worlds import HourlyWorld, PlantedWorld
    >>> isinstance(PlantedWorld(sessions=100, seed=1, ic=0.2), Reachable)
    True
    >>> isinstance(HourlyWorld(days=9, seed=1), Reachable)
    False
    """

    def reachable(self, lookback: int) -> float:
        """Tell the best correlation that a forecast from `lookback` bars has with the next return, open to open."""
