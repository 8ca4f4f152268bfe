"""A whole synthetic market of A shares with its reports: prices, trading rules, accounts, and one planted signal.

Where `StockWorld` has bars alone and a signal for tomorrow, this world has what studies by month look at: reports with
the days on which they became known, industries, market values. One thing in it tells returns, the profitability of
the last report, for a month and ever less for those after. The parts stand in files of their own: who is there
(`share_world_roster`), what is reported when (`share_world_reports`), what moves prices (`share_world_returns`), the
signal (`share_world_planted`), the sessions (`share_world_walk`), the accounts and the facts made of them
(`share_world_accounts`, `share_world_facts`).
"""

from datetime import date
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from tidegate.data.share_world_facts import Told
from tidegate.data.share_world_planted import Planted
from tidegate.data.share_world_reports import Reports
from tidegate.data.share_world_returns import OWN_VOLATILITY, Returns, waves
from tidegate.data.share_world_roster import INDUSTRIES, Roster, drawn
from tidegate.data.share_world_walk import Moves, Walk, walk
from tidegate.data.source import Source
from tidegate.market.calendar import XSHG
from tidegate.market.instruments import Instruments
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars, BarSpec
from tidegate.types.facts import Days
from tidegate.types.history import Reported
from tidegate.types.memberships import StaticClasses

__all__ = ["ShareWorld"]

_SYNTHETIC = "Synthetic data: no market ever printed these prices."
_TURNOVER, _TURNOVER_SPREAD = 0.015, 0.5
_TURNOVER_WAVES = ((0.987, 0.7), (0.6, 0.4))
"""What is left a session later, and the deviation, of two waves of log turnover."""
_FLOATING = ((245, 0.25), (735, 0.5), (10**6, 0.85))
"""Up to how many sessions after listing, and which part of all shares may be traded."""


class ShareWorld(Source):
    """N A shares over T sessions with quarterly reports, and a signal in them of a known information coefficient.

    Formula
        ``s(m) = z · 2^(−a / half_life)``: `z` is the profitability, standard normal among shares, behind the last
        report that may be used by its deadline at the close of month `m`; `a` the months since it may. The return of
        month m + 1, close to close, is that of a market without signals plus
        ``ic / √(1 − ic²) · spread(m + 1) · s(m)``, earned between opens and closes in equal parts. Among shares with a
        report of age `a`, the correlation of `z` with it is ``ic · w / √(1 − ic² + ic² w²)``, ``w = 2^(−a/half_life)``.
        Halts, limits and whole cents take some 5 % of that.
    Known at
        ``s(m)`` at the close of the last session of month `m`. Nothing else tells anything: not prices, turnover,
        boards, industries or halts; other figures of a report do as far as they grow with profitability.
    Found by
        ``return_on_equity_ytd`` by its deadline: in one quarter it rises with `z` alone. Its ranks lose nothing.
    Shapes, units
        At most `assets` × `sessions` bars on real sessions of Shanghai from `first` on; raw prices in yuan, volume in
        shares. Facts in the units of `tidegate.data.fact_fields`.
    Missing values
        A suspended session has no row; one value in a hundred of a report is missing; 7 % have no industry.
    Errors
        `SettingError` where `ic` is outside −0.5 … 0.5; `DataError` where the calendar ends before the world.

    >>> world = ShareWorld(assets=20, sessions=60, seed=1, ic=0.1)
    >>> bars, reported = world.bars(), world.reported()
    >>> str(bars.times[0])[:10], bars.has("preclose"), len(reported.facts.fields)
    ('2006-06-01', True, 37)
    >>> reported.classes.names
    ('csrc_industry', 'csrc_section')
    """

    name: ClassVar[str] = "share-world"
    example: ClassVar[dict[str, Any]] = {"assets": 12, "sessions": 80, "seed": 1, "ic": 0.1}

    assets: int = Field(default=60, ge=2, le=5_000, description="shares, some of which are listed later")
    sessions: int = Field(default=750, ge=3, le=4_980, description="sessions of history")
    seed: int = Field(ge=0, description="the same seed gives the same world")
    ic: float = Field(ge=-0.5, le=0.5, description="correlation, among shares, of a fresh report and the next month")
    half_life: float = Field(default=3.0, gt=0, le=120, description="months after which a report tells half as much")
    first: date = Field(default=date(2006, 6, 1), ge=date(2000, 1, 1), description="where the history begins")
    later: float = Field(default=0.3, ge=0, le=1, description="part of the shares that are listed after `first`")

    def bars(self) -> Bars:
        """Draw the world: the same declaration gives the same bars."""
        made, days = self._walked, self._days
        asset, bar = np.nonzero(made.trades.T)

        def column(grid: NDArray[Any]) -> NDArray[Any]:
            return grid[bar, asset]

        prices = {name: column(getattr(made, name)) / 100 for name in ("open", "high", "low", "close")}
        volume = column(self._volume)
        frame = pl.DataFrame(
            {
                "time": days[bar].astype("datetime64[us]"),
                "session": days[bar],
                "asset": pl.Series(self._roster.codes).gather(asset),
                **prices,
                "volume": volume,
                "amount": np.round(volume * sum(prices.values()) / 4, 2),
                "preclose": column(made.reference) / 100,
                "at_risk": column(self._reports.warned(days)),
                "total_shares": column(made.shares),
                "float_shares": column(self._floating),
            }
        )
        spec = BarSpec(
            frequency="1d", kind="stock", currency="CNY", title=f"Share world, IC {self.ic}",
            source="Tidegate, synthetic and seeded", stamps=(_SYNTHETIC,),
        )  # fmt: skip
        return Bars.of(frame, spec)

    def instruments(self) -> Instruments:
        """Tell listings, ends, names and issue prices; an end that has not come yet is not told."""
        roster, days, made = self._roster, self._days, self._walked
        gone = np.append(days, np.datetime64("NaT"))[made.gone]
        frame = pl.DataFrame(
            {
                "asset": roster.codes,
                "name": [f"share {code}" for code in roster.codes],
                "board": [board.board for board in roster.boards],
                "listed": roster.listing_days,
                "delisted": gone,
                "issue_price": np.where(roster.listed > 0, made.issue / 100, np.nan),
            }
        ).with_columns(pl.col("issue_price").fill_nan(None))
        return Instruments.of(frame.filter(pl.Series(roster.listed < self.sessions)))

    def reported(self) -> Reported:
        """Tell reports, each from the day on which it may be used, and classes, which are static."""
        roster = self._roster
        told = Told(roster, self._reports, self._walked, self._floating, self._days)
        industry = [INDUSTRIES[place] for place in roster.industry.tolist()]
        there = (roster.listed < self.sessions).tolist()
        rows = [
            (code, section if known else None, name if known else None)
            for code, (section, name, _), known, here in zip(roster.codes, industry, roster.classed, there, strict=True)
            if here
        ]
        frame = pl.DataFrame(
            rows, schema={"asset": pl.String, "csrc_section": pl.String, "csrc_industry": pl.String}, orient="row"
        )
        blank = frame["csrc_section"].null_count()
        stamps = (f"{blank} of {len(rows)} assets have no csrc_section: no class, and no filter.",) if blank else ()
        return Reported(told.facts(), StaticClasses.of(frame, stamps))

    def planted(self) -> Planted:
        """Tell the truth: the signal by month, and what it is made of."""
        return Planted(self.ic, self.half_life, self._whole_months, self._reports)

    def codes(self) -> tuple[str, ...]:
        """Codes ``[N]``, sorted; one that was not listed in time has no bars."""
        return self._roster.codes

    @cached_property
    def _roster(self) -> Roster:
        return Roster(self.seed, self.assets, self.first, self.later)

    @cached_property
    def _days(self) -> Days:
        return XSHG.following(self.first, self.sessions)

    @cached_property
    def _whole_months(self) -> Days:
        """The sessions, and those that the last month has beyond them: a month's signal is spread over all of it."""
        days = self._days
        end = (days[-1].astype("datetime64[M]") + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
        return XSHG.sessions(self.first, end.item())

    @cached_property
    def _reports(self) -> Reports:
        return Reports(self.seed, self.assets, self.first, self._days[-1].item())

    @cached_property
    def _returns(self) -> Returns:
        return Returns(self.seed, len(self._whole_months), self._roster.industry)

    @cached_property
    def _walked(self) -> Walk:
        returns, count = self._returns, self.sessions
        inside = returns.whole - returns.night + self.planted().drift(returns.whole)
        reach = np.abs(drawn(self.seed, "reach").standard_normal((count, 2, self.assets)))
        reach *= 0.35 * returns.own_volatility[:count, None]
        moves = Moves(returns.night[:count], inside[:count], reach[:, 0], reach[:, 1])
        return walk(self._roster, self._days, moves, self._reports.warned(self._days))

    @cached_property
    def _floating(self) -> FloatArray:
        """Shares that may be traded ``[T, N]``: ever more of them after a listing."""
        listed = self._roster.listed
        age = np.arange(self.sessions)[:, None] - np.where(listed > 0, listed, -(10**5))
        part = np.select([age < upto for upto, _ in _FLOATING], [part for _, part in _FLOATING], 0.0)
        return np.round(part * self._walked.shares)

    @cached_property
    def _volume(self) -> FloatArray:
        """Shares traded ``[T, N]``: in waves, more of them in a wild market and in a share's own wild weeks."""
        noise = drawn(self.seed, "turnover").standard_normal((self.sessions, 2, self.assets))
        steady = _TURNOVER_SPREAD * drawn(self.seed, "typical turnover").standard_normal(self.assets)
        wave = sum(waves(*told, noise[:, place]) for place, told in enumerate(_TURNOVER_WAVES))
        own = np.log(self._returns.own_volatility[: self.sessions] / OWN_VOLATILITY)
        swing = self._returns.swing[: self.sessions, None] + own
        part = _TURNOVER * np.exp(wave + steady + 0.5 * swing)
        lots = np.round(np.minimum(part, 0.6) * self._floating / 100)
        return np.asarray(100 * np.maximum(lots, 1))
