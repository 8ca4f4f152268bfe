"""Nothing new after a deep fall: a switch on the book's own equity."""

from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from tidegate.strategy.within_bar import BarPlan, BarsSeen, BarWish, Wrapped

__all__ = ["DrawdownSwitch", "Watched"]

_MILLION = 1_000_000


class Watched(NamedTuple):
    """What the switch remembers: the highest equity since it last opened, and the first bar that may open something.

    Units
        Equity in whole money units; `shut` None for a switch that is off for good.
    """

    highest: int
    shut: int | None = 0


class DrawdownSwitch(Wrapped):
    """Open nothing for `pause` bars once equity lies `fall` below its highest; then count the height anew.

    Formula
        At CLOSE(t), with the highest equity H since the switch last opened (the capital among it): where
        equity(t) ≤ ⌊H · (1 - `fall`)⌋ in whole money units, bars t + 1 … t + `pause` open nothing (with a pause of 0:
        no bar ever again). At the close before the first bar that may open something again, H is that equity.
    Readings
        It refuses entries; what is held in that moment (carried at a limit) is left as ever.
    Known at
        CLOSE(t), from equity up to it: the one rule that looks at the book.
    Missing values
        As the inner rule.
    Errors
        `SettingError` for a switch within a switch.

    >>> from tidegate.strategy.always_long import AlwaysLong
    >>> rule, state = DrawdownSwitch(inner=AlwaysLong(), fall=0.1, pause=2), Watched(highest=100)
    >>> for bar, equity in enumerate([100, 90, 90, 89]):
    ...     state = rule.after_close(state, bar, equity)
    ...     print(bar, state.highest, state.shut)
    0 100 0
    1 100 4
    2 100 4
    3 89 4
    """

    name: ClassVar[str] = "drawdown-switch"
    example: ClassVar[dict[str, Any]] = {"inner": {"name": "open-against-forecast"}, "fall": 0.05, "pause": 5}

    fall: float = Field(gt=0, lt=1, description="fall from the highest equity that shuts it, as a fraction")
    pause: int = Field(default=0, ge=0, description="bars that open nothing then; 0 for all that follow")

    def model_post_init(self, context: object, /) -> None:
        """Refuse a second switch."""
        del context
        self.refuse_inside(DrawdownSwitch)

    def wish(self, seen: BarsSeen) -> BarWish:
        """Ask the inner rule: what the book may do of it, `after_close` says."""
        return self.inner.wish(seen)

    def plan(self, seen: BarsSeen) -> BarPlan:
        """Tell the loop what to watch."""
        return self.inner.plan(seen)._replace(fall=self.fall, pause=self.pause)

    def after_close(self, state: Watched, bar: int, equity: int) -> Watched:
        """Look at equity after CLOSE(bar): the switch in its plainest form, and the reference for the loop's."""
        following = bar + 1
        if state.shut is None or following < state.shut:
            return state
        highest = max(equity if following == state.shut else state.highest, equity)
        fallen = equity <= max(highest, 0) * (_MILLION - round(self.fall * _MILLION)) // _MILLION
        if not fallen:
            return Watched(highest, state.shut)
        return Watched(highest, following + self.pause if self.pause > 0 else None)
