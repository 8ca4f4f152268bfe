"""The last rooms of a walk: forecasts → decisions, fills and books, in every market of the study."""

import tempfile
from pathlib import Path

import polars as pl

from tidegate.auditing.changes import WHEN, Room
from tidegate.auditing.walk import Walk
from tidegate.strategy.selection import Selection
from tidegate.study.bar_trading import trade_within_bars, trades_within_bars
from tidegate.study.books import load_books
from tidegate.study.progress import silent
from tidegate.study.selecting import trade_selection
from tidegate.study.stages import Stages
from tidegate.study.trading import trade_study
from tidegate.types.forecast import Forecast
from tidegate.types.report import Text

__all__ = ["nothing_traded", "traded"]

_DECIDED = ("asset", "side", "quantity", "at", "reason", "score", "rank")
"""What a selection's order holds when it is given, before anything becomes of it."""


def traded(
    walked: Walk, forecasts: dict[str, Forecast] | None = None, members: int = 2
) -> tuple[tuple[Room, ...], dict[str, float]]:
    """Decisions, fills and books of the first `members` in each market, and each one's return by (market, member)."""
    ground, study = walked.ground, walked.ground.study.but(gates=0)
    said = dict(list((walked.forecasts if forecasts is None else forecasts).items())[:members])
    rooms: list[Room] = []
    earned: dict[str, float] = {}
    keys = {member: member for member in said}
    with tempfile.TemporaryDirectory() as place:
        stages = Stages(Path(place))
        for market in study.markets if study.strategy is not None and said else ():
            within = trades_within_bars(study, market)
            if within:
                kept = trade_within_bars(study, ground.bars, said, keys, market, stages)
            elif isinstance(study.strategy, Selection):
                kept = trade_selection(study, ground.bars, said, keys, market, stages, ground.beside, silent)
            else:
                kept = trade_study(study, ground.bars, said, keys, market, stages)
            books = load_books(kept.folder)
            for member in said:
                title = f"{member} in {market.name}"
                wishes = books.decided("wishes")
                if books.selects:
                    orders = books.table(member, "orders")
                    decided = orders.select(pl.col("decided").alias(WHEN), pl.col("decided").alias("time"), *_DECIDED)
                elif wishes is not None:
                    decided = wishes.filter(pl.col("member") == member).select(
                        pl.col("time").alias(WHEN), pl.all().exclude("member")
                    )
                else:
                    decided = pl.DataFrame({WHEN: books.times, "time": books.times, "exposure": books.wanted[member]})
                fills, book = books.ledgers[member].fills, books.ledgers[member].book
                if within:  # what leaves at a bar's close is not known at its open
                    fills = fills.unique("trip", keep="first", maintain_order=True)
                keys_of = ("time", "asset") if "asset" in decided.columns else ("time",)
                rooms += [
                    Room(f"decisions of {title}", decided, keys_of, ordered=True),
                    Room(
                        f"fills of {title}",
                        fills.with_columns(pl.col("time").alias(WHEN)),
                        ("time",),
                        at_open=True,
                        ordered=True,
                    ),
                    Room(f"book of {title}", book.with_columns(pl.col("time").alias(WHEN)), ("time",)),
                ]
                earned[title] = float(books.equity(member)[-1] / books.capital - 1)
    return tuple(rooms), earned


def nothing_traded() -> Text:
    """Why there is nothing to say."""
    return Text(en="this study forecasts only: nothing is traded", zh="该研究只做预测，没有交易")
