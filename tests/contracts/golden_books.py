"""Books that must stay what they are: hashes of the market, of every order and of equity, kept in ``golden/books.json``.

    python tests/contracts/golden_books.py

writes them anew. Whoever does so says in the commit which rule or mistake changed them.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from tidegate.backtest import tape as t_
from tidegate.backtest.filling import OUTCOMES
from tidegate.backtest.portfolio import Execution, Signals, run_portfolio
from tidegate.data.stock_world import StockWorld
from tidegate.files import write_text
from tidegate.market.a_share import AShare
from tidegate.market.rulebook import rules_version
from tidegate.strategy.equal_weight import EqualWeight
from tidegate.strategy.gated import Gated
from tidegate.strategy.groups import Groups
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.top_k_dropout import TopKDropout

KEPT = Path(__file__).parent / "golden" / "books.json"
WORLD = StockWorld(assets=48, sessions=420, seed=11, ic=0.1)
RANKED = RankAndHold(names=6, days=4)
BOOKS = {
    "rank and hold": (RANKED, 1e6, Execution()),
    "rank and hold, short of lots": (RANKED, 3e4, Execution()),
    "rank and hold, whole orders, dearer": (RANKED, 1e6, Execution(whole_orders=True, slippage_rate=0.001)),
    "rank and hold, at most a thousandth of the volume before": (RANKED, 1e9, Execution(participation=0.001)),
    "rank and hold at the average price, at most a thousandth of the volume": (
        RankAndHold(names=6, days=4, buy_at="vwap", sell_at="vwap"), 1e9, Execution(participation=0.001)
    ),
    "rank and hold, bought at the open, sold at the close": (
        RankAndHold(names=6, days=4, holding="average", weights="equal", sell_at="close"), 1e6, Execution()
    ),
    "top k": (TopKDropout(names=8, drop=2), 1e6, Execution()),
    "groups": (Groups(count=5, group=5, every=5), 1e6, Execution()),
    "equal weight": (EqualWeight(every=20), 1e6, Execution()),
    "behind a gate": (Gated(inner=RANKED, days=4), 1e6, Execution()),
}  # fmt: skip
"""Title → strategy, capital, and how its orders meet the market."""
_ORDER = (t_.SIDE, t_.WANTED, t_.AT, t_.LIMIT, t_.DONE, t_.PRICE, t_.COMMISSION, t_.STAMP, t_.TRANSFER, t_.AFTER)


def made():
    """Everything that is kept, made anew."""
    exchange = AShare().exchange(WORLD.bars(), instruments=WORLD.instruments())
    place = [WORLD.codes().index(name) for name in exchange.assets]
    said = np.round(WORLD.signals()[-len(exchange) :, place], 6)
    gate = np.where(np.arange(len(exchange)) % 40 < 30, 1.0, 0.0)
    found = {}
    for title, (strategy, capital, execution) in BOOKS.items():
        book = run_portfolio(strategy, Signals(said, gate=gate), exchange, capital, execution)
        days = [str(day)[:10] for day in exchange.times]
        orders = [
            (days[row[t_.BAR]], exchange.assets[row[t_.ASSET]], OUTCOMES[row[t_.OUTCOME]], *row[list(_ORDER)].tolist())
            for row in book.events
        ]
        equity = list(zip(days, book.account.lines[:, t_.L_EQUITY].tolist(), strict=True))
        found[title] = {
            "orders": _hash(orders),
            "equity": _hash(equity),
            "in words": f"{len(orders)} orders and actions, {equity[-1][1] / 100:.2f} left",
        }
    return {"rules": rules_version()["sha256"], "market": _market(exchange), "books": found}


def different(kept, now):
    """What differs, in words, causes before what follows from them; nothing where all is the same."""
    told = [f"the {name} changed" for name in ("rules", "market") if kept[name] != now[name]]
    for title in sorted({*kept["books"], *now["books"]}):
        before, after = kept["books"].get(title), now["books"].get(title)
        if before is None or after is None:
            told.append(f"{title}: {'new' if before is None else 'gone'}")
        elif before != after:
            parts = [name for name in ("orders", "equity") if before[name] != after[name]]
            told.append(f"{title}: {' and '.join(parts)} changed ({before['in words']} → {after['in words']})")
    return told


def _market(exchange):
    """Hash of all that orders meet: prices, limits, lots, fees, actions."""
    cells = ("open", "high", "low", "close", "vwap", "limit_up", "limit_down", "volume", "session", "lot", "minimum")
    rows = [(name, getattr(exchange, name).tolist()) for name in (*cells, "waits", "fees", "group")]
    rows += [("actions", [column.tolist() for column in exchange.actions]), ("assets", exchange.assets)]
    rows += [(name, getattr(exchange, name)) for name in ("minimum_commission", "slippage_ticks", "money_scale")]
    return _hash(rows)


def _hash(rows):
    return hashlib.sha256("\n".join(map(str, rows)).encode()).hexdigest()


if __name__ == "__main__":
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"rules": "", "market": "", "books": {}}
    fresh = made()
    write_text(KEPT, json.dumps(fresh, indent=1, sort_keys=True) + "\n")
    sys.stdout.write("\n".join(different(kept, fresh)) + "\n")
