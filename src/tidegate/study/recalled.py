"""Forecasts that are read again when they are asked for: a run of many studies holds one study's at a time.

A whole market's forecasts of four years are a hundred megabytes a member, and a reproduction has a hundred members;
its report asks for a handful of them.
"""

from collections.abc import Callable, Iterator, Mapping

from tidegate.types.forecast import Forecast

__all__ = ["Recalled"]


class Recalled(Mapping[str, Forecast]):
    """Forecasts by member; the one asked for last is held, every other is read (or averaged) anew.

    Known at, missing values
        As the forecast that is read.

    >>> list(Recalled({}))
    []
    """

    def __init__(self, sources: Mapping[str, Callable[[], Forecast]]) -> None:
        self._sources = dict(sources)
        self._last: tuple[str, Forecast] | None = None

    def __getitem__(self, member: str) -> Forecast:
        """Return the forecast of a member; raises `KeyError` where there is none."""
        read = self._sources[member]
        held = self._last
        if held is None or held[0] != member:
            held = self._last = None
            held = self._last = (member, read())
        return held[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, member: object) -> bool:
        """Whether a member speaks; nothing is read."""
        return member in self._sources
