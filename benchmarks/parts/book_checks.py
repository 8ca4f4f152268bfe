"""What must hold of a finished book, asked of its ledger alone and of books that must equal it.

Every cent is counted again from fills and actions, in whole numbers; the columns of assets are dealt out in another
order; later bars are cut off; and the exchange is built from earlier bars only. Each check tells how much differs, and
0 is right.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from tidegate.backtest.portfolio import Portfolio
from tidegate.market.exchange import Exchange

__all__ = ["cents", "differing_closes", "recounted", "standing"]


def cents(column: pl.Series) -> np.ndarray:
    """Money in the currency as whole cents."""
    return np.rint(column.to_numpy() * 100).astype(np.int64)


def recounted(book: Portfolio) -> dict[str, int]:
    """Largest gap over all closes, in cents (shares: in shares), of each sum that must come out."""
    ledger = book.ledger()
    fills, actions, lines, positions = ledger.fills, ledger.actions, ledger.book, ledger.positions
    times = lines["time"].to_numpy()

    def by_close(when: pl.Series, amounts: np.ndarray) -> np.ndarray:
        made = np.zeros(len(times), dtype=np.int64)
        np.add.at(made, np.searchsorted(times, when.to_numpy()), amounts)
        return made

    side = np.where(fills["side"] == "buy", 1, -1)
    fees = sum(cents(fills[kind]) for kind in ("commission", "stamp_duty", "transfer_fee"))
    paid = cents(fills["quantity"] * fills["price"])
    came = actions.filter(pl.col("credited").is_not_null())
    flow = by_close(fills["time"], -side * paid - fees) + by_close(came["credited"], cents(came["cash"]))
    cash = round(book.capital * 100) + np.cumsum(flow)
    held = by_close(positions["time"], cents(positions["quantity"] * positions["price"]))
    due = cents(lines["due"])
    return {
        "cash counted from fills, fees and actions": _largest(cash - cents(lines["cash"])),
        "fees of the fills": _largest(by_close(fills["time"], fees) - cents(lines["fees"])),
        "shares × price of every position": _largest(held - cents(lines["holdings"])),
        "cash + due + holdings − equity": _largest(cash + due + held - cents(lines["equity"])),
        "shares held at the end": _shares(book, fills, actions),
    }


def differing_closes(book: Portfolio, other: Portfolio) -> int:
    """Closes at which `other` has another line (cash, holdings, equity, fees, ...), of those that it has."""
    theirs = other.account.lines
    return int((book.account.lines[: len(theirs)] != theirs).any(axis=1).sum())


def standing(
    book: Portfolio,
    score: np.ndarray,
    run: Callable[[np.ndarray, Exchange], Portfolio],
    cuts: tuple[int, ...],
) -> dict[str, int]:
    """Closes that differ with columns in another order, and with later bars cut off at each of `cuts`."""
    exchange = book.exchange
    order = np.random.default_rng(1).permutation(len(exchange.assets))
    other = run(np.ascontiguousarray(score[:, order]), exchange.permuted(order))
    found = {"columns of assets in another order": differing_closes(book, other)}
    for cut in cuts:
        early = run(score[:cut], exchange.until(cut))
        found[f"bars after {str(exchange.times[cut - 1])[:10]} cut off"] = differing_closes(book, early)
    return found


def _shares(book: Portfolio, fills: pl.DataFrame, actions: pl.DataFrame) -> int:
    """Shares by which fills and actions miss what the account holds at the end, summed over assets."""
    bought = fills.select("asset", shares=pl.when(pl.col("side") == "buy").then(1).otherwise(-1) * pl.col("quantity"))
    acted = actions.select("asset", shares=pl.col("after") - pl.col("before"))
    summed = pl.concat([bought, acted]).group_by("asset").agg(pl.col("shares").sum())
    left = dict(summed.iter_rows())
    held = zip(book.exchange.assets, book.account.shares.tolist(), strict=True)
    return round(sum(abs(left.get(asset, 0.0) - shares) for asset, shares in held))


def _largest(gap: np.ndarray) -> int:
    return int(np.abs(gap).max(initial=0))
