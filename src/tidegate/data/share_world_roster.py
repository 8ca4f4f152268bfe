"""Who is in the synthetic market: codes, boards, first sessions and industries, drawn once and for every length of it.

Some shares are there from the first session on; the others are listed after an exponential wait, which begins on the
day their board opens. A share whose day lies beyond the world's end has no bars.
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from tidegate.market.boards import BoardRules, board_of
from tidegate.market.calendar import XSHG
from tidegate.market.limits import LIMITS
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.facts import Days

__all__ = ["INDUSTRIES", "Roster", "drawn"]

_STREAMS = (
    *("boards", "listings", "industries", "classed"),
    *("quality", "announcements", "late reports", "restatements", "restated values", "missing values"),
    *("market", "market volatility", "industry moves", "news", "news volatility", "beta", "nights", "reach"),
    *("first prices", "ex-days", "halts", "turnover", "typical turnover"),
    *("equity", "debt", "revenue", "cash flow", "investment", "parent"),
)
_BOARDS = (("600", "SH", 0.40), ("000", "SZ", 0.35), ("300", "SZ", 0.22), ("688", "SH", 0.03))
"""First digits, exchange, share of all codes."""
_WAIT = 1_500.0
"""Mean sessions from the opening of a board to a later listing on it."""
_UNCLASSED = 0.07
INDUSTRIES: tuple[tuple[str, str, float], ...] = (
    *(("C", code, weight) for code, weight in (
        ("C13", 2), ("C15", 2), ("C17", 2), ("C22", 2), ("C26", 9), ("C27", 8), ("C28", 1), ("C29", 4), ("C30", 4),
        ("C31", 2), ("C32", 3), ("C33", 3), ("C34", 5), ("C35", 8), ("C36", 5), ("C37", 2), ("C38", 9), ("C39", 14),
    )),
    *(("A", "A01", 1), ("B", "B06", 2), ("B", "B09", 1), ("D", "D44", 4), ("E", "E48", 3), ("F", "F51", 3)),
    *(("F", "F52", 3), ("G", "G54", 1), ("G", "G55", 2), ("I", "I64", 2), ("I", "I65", 9), ("J", "J66", 1)),
    *(("J", "J67", 2), ("K", "K70", 5), ("L", "L72", 2), ("N", "N77", 2), ("R", "R86", 1)),
)  # fmt: skip
"""Section and industry as the securities regulator's classification names them, and how common."""


def drawn(seed: int, what: str) -> np.random.Generator:
    """Open the stream of draws for one purpose: what one part draws never moves another.

    >>> bool(drawn(1, "market").random() == drawn(1, "news").random())
    False
    """
    return np.random.default_rng((seed, 10, _STREAMS.index(what)))


@dataclass(frozen=True)
class Roster:
    """Shares of a world, sorted by code.

    Shapes
        Everything ``[N]``.
    """

    seed: int
    assets: int
    first: date
    later: float

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes, sorted."""
        share = np.array([board[2] for board in _BOARDS])
        kinds = drawn(self.seed, "boards").choice(len(_BOARDS), size=self.assets, p=share / share.sum())
        count = [0] * len(_BOARDS)
        made = []
        for kind in kinds:
            count[kind] += 1
            digits, exchange, _ = _BOARDS[kind]
            made.append(f"{int(digits) * 1000 + count[kind]:06d}.{exchange}")
        return tuple(sorted(made))

    @cached_property
    def boards(self) -> tuple[BoardRules, ...]:
        """The board of each code."""
        return tuple(board_of(code) for code in self.codes)

    @cached_property
    def listed(self) -> IntArray:
        """Place of each share's first session among the sessions from `first` on; 0 for what was there before."""
        luck = drawn(self.seed, "listings").random((2, self.assets))
        days = XSHG.days[np.searchsorted(XSHG.days, np.datetime64(self.first)) :]
        opened = np.array([LIMITS[board.board].rows[0].since for board in self.boards], dtype="datetime64[D]")
        begins = np.searchsorted(days, opened)
        wait = 1 + np.floor(-_WAIT * np.log1p(-luck[1])).astype(np.int64)
        return np.where((luck[0] < self.later) | (begins > 0), begins + wait, 0)

    @cached_property
    def listing_days(self) -> Days:
        """The day of each listing; one before `first` for what was there, NaT beyond the calendar's end."""
        days = XSHG.days[np.searchsorted(XSHG.days, np.datetime64(self.first)) :]
        earliest = np.array([LIMITS[board.board].rows[0].since for board in self.boards], dtype="datetime64[D]")
        span = (np.datetime64(self.first) - earliest).astype(np.int64)
        back = 1 + (np.arange(self.assets) * 97) % 3_000
        old = np.datetime64(self.first) - np.minimum(back, np.maximum(span, 1))
        inside = self.listed < len(days)
        then = np.where(inside, days[np.minimum(self.listed, len(days) - 1)], np.datetime64("NaT"))
        return np.where(self.listed == 0, old, then)

    @cached_property
    def industry(self) -> IntArray:
        """Place of each share's industry among `INDUSTRIES`."""
        weights: FloatArray = np.array([weight for _, _, weight in INDUSTRIES], dtype=np.float64)
        luck = drawn(self.seed, "industries").random(self.assets)
        return np.searchsorted(np.cumsum(weights) / weights.sum(), luck).astype(np.int64)

    @cached_property
    def classed(self) -> tuple[bool, ...]:
        """Whether somebody classed each share; nobody did 7 % of them, whatever becomes of them."""
        return tuple((drawn(self.seed, "classed").random(self.assets) >= _UNCLASSED).tolist())
