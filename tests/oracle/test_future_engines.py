"""backtrader's and vectorbt's books of fifty thousand bars of a future, frozen: ours is the same to the cent.

Both ran on the same made market with the same rule (``benchmarks/future_engines.py``), each by its own broker; what they
came to is kept as fen at every five hundredth bar and a hash over all bars.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from made_future import BARS, CAPITAL, EXPOSURE, FEES, TONS, made_bars, sides
from our_future import equity_of, laid_out

FROZEN = json.loads((Path(__file__).parent / "frozen" / "future_engines.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def books():
    work, _ = laid_out()
    return work()


@pytest.mark.parametrize("who", ["backtrader", "vectorbt"])
def test_every_bar_is_the_rivals_to_the_cent(who, books):
    told = FROZEN[who]
    fen = np.rint(equity_of(books) * 100).astype(np.int64)
    assert told["bars"] == len(fen) == BARS
    assert fen[:: told["every"]].tolist() == told["fen"]
    assert int(fen[-1]) == told["last"]
    assert hashlib.sha256(fen.astype("<i8").tobytes()).hexdigest() == told["sha256"]


def test_the_frozen_books_are_of_a_market_that_trades(books):
    """About ten thousand round trips whose size follows equity; both rivals came to one and the same book."""
    assert 9_000 < books.round_trips[0] < 12_000
    assert FROZEN["backtrader"]["sha256"] == FROZEN["vectorbt"]["sha256"]
    assert len(set(FROZEN["vectorbt"]["fen"])) > 90


@pytest.mark.parametrize("what", ["fee", "slippage", "size"])
def test_another_rule_is_another_book(what):
    """A plain loop over whole fen comes to the frozen book, and one with a single rule changed does not."""
    opens, closes, forecast = made_bars()
    taken = sides(opens, forecast)
    right, wrong = (_plain(opens, closes, taken, changed) for changed in ("", what))
    assert right[:: FROZEN["vectorbt"]["every"]] == FROZEN["vectorbt"]["fen"]
    assert right[-1] == FROZEN["backtrader"]["last"] != wrong[-1]


def _plain(opens, closes, taken, changed):
    fen, told = int(CAPITAL * 100), []
    slip = 0 if changed == "slippage" else 1
    rates = (FEES[0], FEES[1] + 1_000) if changed == "fee" else FEES
    for opened, closed, side in zip(
        opens.astype(int).tolist(), closes.astype(int).tolist(), taken.tolist(), strict=True
    ):
        worth = EXPOSURE * (fen if changed != "size" else told[0] if told else fen) // 1_000_000
        lots = worth // (opened * TONS * 100) if side else 0
        if lots:
            into, out = opened + side * slip, closed - side * slip
            fen += side * (out - into) * lots * TONS * 100
            for price, rate in ((into, rates[0]), (out, rates[1])):
                fen -= (2 * price * lots * TONS * rate + 1_000_000) // 2_000_000
        told.append(fen)
    return told
