"""A ledger replayed against raw rows, rule by rule; what is looked at is counted, so that none holds for want of cases.

Nothing of Tidegate is imported. `orders` and `fills` carry the times of decision and fill, side, quantity, what was
filled, price in yuan and fees; `book` one line a session; `actions` what happened to holdings at an open.
"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import polars as pl

__all__ = ["RULES", "Checked", "Rules", "check"]

RULES = (
    "suspended", "lifetime", "limit", "price", "volume", "lots", "settled", "fees", "action", "cash", "equity", "age",
    "cap", "spend", "names",
)  # fmt: skip
CENT, LOT, STAR_LEAST = 0.0101, 100, 200
DUTY, TRANSFER = 0.001, 0.00002
TRANSFER_SINCE = pl.date(2015, 8, 1)
FEES = ("commission", "stamp_duty", "transfer_fee")


class Rules(NamedTuple):
    """What a book was declared with; `at_least` is None where another strategy decides on sales too."""

    names: int
    days: int
    at_least: bool | None
    cap: float
    spend: float
    participation: float
    commission: float
    minimum: float
    slippage: int


class Checked(NamedTuple):
    """Breaches (rule, date, asset, found, allowed), how often rules were looked at and broken, what the book did."""

    breaches: pl.DataFrame
    looked: dict[str, int]
    broken: dict[str, int]
    facts: dict[str, float]


def check(raw, ledger: dict[str, pl.DataFrame], rules: Rules) -> Checked:
    """Hold one ledger against the raw rows and the rules it was declared with."""
    tables = {name: frame.with_columns(date=pl.col("time").dt.date()) for name, frame in ledger.items()}
    first, last = tables["book"]["date"].min(), tables["book"]["date"].max()
    rows = raw.rows.filter(pl.col("date").is_between(first, last))
    looked, listed, facts = dict.fromkeys(RULES, 0), [], {}
    _fills(rows, raw.listed, tables["fills"], rules, looked, listed, facts)
    facts["disputed"] = tables["fills"].join(raw.halted, on=["asset", "date"], how="semi").height
    book = _Book(rows, tables, rules, looked, listed)
    for bar, line in enumerate(tables["book"].iter_rows(named=True)):
        book.pass_by(bar, line)
    schema = {"rule": pl.String, "date": pl.Date, "asset": pl.String, "found": pl.Float64, "allowed": pl.Float64}
    breaches = pl.DataFrame(listed, schema=schema, orient="row")
    broken = dict.fromkeys(RULES, 0) | dict(breaches.group_by("rule").len().rows())
    return Checked(breaches, looked, broken, facts | book.facts())


def _enter(listed, rule, frame, found, allowed):
    """Add the rows of a frame as breaches of one rule."""
    found, allowed = (one.cast(pl.Float64).alias(name) for one, name in ((found, "found"), (allowed, "allowed")))
    listed.extend(frame.select(pl.lit(rule).alias("rule"), "date", "asset", found, allowed).rows())


def _fills(rows, ends, fills, rules, looked, listed, facts):
    """Everything that one fill tells by itself, beside its raw row."""
    beside = (
        fills.select("date", "asset", "side", "at", "quantity", "price", *FEES)
        .join(rows.drop("listed", "ends"), on=["asset", "date"], how="left")
        .join(ends, on="asset", how="left")
        .with_columns(paid=(pl.col("price") * 100).round().cast(pl.Int64), buys=pl.col("side") == "buy")
        .with_columns(base=pl.when(pl.col("at") == "close").then(pl.col("close")).otherwise(pl.col("open")))
    )
    there = beside.filter(pl.col("open").is_not_null())
    facts["fills"], facts["lifted"] = fills.height, there.filter(pl.col("lifted")).height
    looked |= dict.fromkeys(("suspended", "lifetime", "lots"), fills.height)
    looked |= dict.fromkeys(("limit", "price", "fees"), there.height)
    _enter(listed, "suspended", beside.filter(pl.col("open").is_null()), pl.col("quantity"), pl.lit(0))
    outside = (pl.col("date") < pl.col("listed")) | (pl.col("date") > pl.col("ends"))
    _enter(listed, "lifetime", beside.filter(outside.fill_null(value=False)), pl.col("quantity"), pl.lit(0))
    buys = pl.col("buys")
    bound = pl.when(buys).then(pl.col("up")).otherwise(pl.col("down"))
    locked = pl.when(buys).then(pl.col("base") >= bound).otherwise(pl.col("base") <= bound)
    _enter(listed, "limit", there.filter(locked), pl.col("base"), bound)
    worse = pl.col("base") + pl.when(buys).then(rules.slippage).otherwise(-rules.slippage)
    within = (
        pl.when(buys)
        .then(pl.min_horizontal(worse, pl.max_horizontal("up", "base")))
        .otherwise(pl.max_horizontal(worse, pl.min_horizontal("down", "base"), pl.lit(1)))
    )
    _enter(listed, "price", there.filter(pl.col("paid") != within), pl.col("paid"), within)
    value = pl.col("paid") * pl.col("quantity") / 100
    duty = pl.when(buys).then(0.0).otherwise(value * DUTY)
    transfer = pl.when(pl.col("date") >= TRANSFER_SINCE).then(value * TRANSFER).otherwise(pl.col("transfer_fee"))
    fee = pl.max_horizontal(value * rules.commission, pl.lit(rules.minimum)) + duty + transfer
    paid = pl.sum_horizontal(FEES)
    _enter(listed, "fees", there.filter((paid - fee).abs() > 2 * CENT), paid, fee)
    _volume(there, rules, looked, listed, facts)


def _volume(there, rules, looked, listed, facts):
    """What was filled up to each moment of a day, against the volume that was known of it."""
    moment, share = pl.col("at") == "close", (rules.participation or 1.0) * (1 + 1e-9)
    taken = there.group_by("asset", "date", maintain_order=True).agg(
        opened=pl.col("quantity").filter(~moment).sum(),
        whole=pl.col("quantity").sum(),
        closed=moment.any(),
        volume=pl.col("volume").first(),
        last_volume=pl.col("last_volume").first().fill_null(0),
    )
    before, own = share * pl.col("last_volume"), share * pl.col("volume")
    facts["beyond_own"] = taken.filter(pl.col("whole") > own).height
    if rules.participation:
        looked["volume"] = taken.height
        _enter(listed, "volume", taken.filter(pl.col("opened") > before), pl.col("opened"), before)
        _enter(listed, "volume", taken.filter(pl.col("closed") & (pl.col("whole") > own)), pl.col("whole"), own)


class _Book:
    """Holdings, cash and equity, session by session, from fills, actions and raw prices alone."""

    def __init__(self, rows, tables, rules, looked, listed):
        self.rules, self.looked, self.listed = rules, looked, listed
        days = tables["book"]["date"].to_list()
        assets = sorted(set().union(*(tables[name]["asset"] for name in ("orders", "fills", "actions"))))
        self.place = {asset: number for number, asset in enumerate(assets)}
        bars = {day: number for number, day in enumerate(days)}
        kept = rows.filter(pl.col("asset").is_in(assets) & pl.col("date").is_in(days))
        at = kept["date"].replace_strict(bars, return_dtype=pl.Int64).to_numpy()
        who = kept["asset"].replace_strict(self.place, return_dtype=pl.Int64).to_numpy()
        self.grid = {}
        for name in ("close", "preclose", "before"):
            self.grid[name] = np.zeros((len(days), len(assets)), dtype=np.int64)
            self.grid[name][at, who] = kept[name].fill_null(0).to_numpy()
        self.mark = np.zeros(len(assets), dtype=np.int64)
        seen = kept.sort("date").unique("asset", keep="first").filter(pl.col("before").is_not_null())
        self.mark[[self.place[asset] for asset in seen["asset"]]] = seen["before"].to_numpy()
        self.days = {name: tables[name].partition_by("date", as_dict=True) for name in ("orders", "fills", "actions")}
        self.empty = {name: tables[name].clear() for name in self.days}
        self.held, self.since, self.lots = defaultdict(int), {}, defaultdict(list)
        self.cash = self.equity = float(tables["book"]["equity"][0])
        self.ages, self.spent, self.largest, self.above = [], [], 0.0, 0

    def breach(self, rule, found, allowed, asset=""):
        self.listed.append((rule, self.day, asset, float(found), float(allowed)))

    def today(self, name):
        return self.days[name].get((self.day,), self.empty[name])

    def pass_by(self, bar, line):
        """Go through one session: what was ordered for it, what happened at its open, its fills, its close."""
        self.bar, self.day = bar, line["date"]
        self.ordered()
        self.acted()
        self.filled()
        self.closed(line)

    def ordered(self):
        """What was ordered at the close before: the day's budget, and each name's part of equity."""
        buys = self.today("orders").filter(pl.col("side") == "buy").select("asset", "quantity").rows()
        if not buys:
            return
        part = self.equity / self.rules.days
        budget = min(self.cash, part if self.bar - 1 < self.rules.days else self.rules.spend * part)
        asked = sum(count * self.mark[self.place[asset]] / 100 for asset, count in buys)
        self.looked["spend"] += 1
        self.looked["names"] += 1
        self.looked["cap"] += len(buys)
        self.spent.append(asked / part)
        if asked > budget + CENT:
            self.breach("spend", asked, budget)
        if len(buys) > self.rules.names:
            self.breach("names", len(buys), self.rules.names)
        for asset, count in buys:
            whole = (self.held[asset] + count) * self.mark[self.place[asset]] / 100
            if whole > self.rules.cap * self.equity + CENT:
                self.breach("cap", whole, self.rules.cap * self.equity, asset)

    def acted(self):
        """Ex-days and ends of listing: shares and cash, as raw prices have them, and none left out."""
        done = set()
        for each in self.today("actions").iter_rows(named=True):
            asset, was, now = each["asset"], each["before"], each["after"]
            done.add(asset)
            self.looked["action"] += 1
            column = self.place[asset]
            close, reference, last = (
                int(self.grid[name][self.bar, column]) for name in ("close", "preclose", "before")
            )
            if was != self.held[asset]:
                self.breach("action", was, self.held[asset], asset)
            if each["kind"] == "end of listing":
                if close or now or each["cash"] > was * self.mark[column] / 100 + CENT:
                    self.breach("action", now, 0, asset)
            else:
                worth, before = now * reference / 100 + each["cash"], was * last / 100
                grown = abs(now * reference - was * last) <= last + reference
                if not grown or abs(worth - before) > now * 0.005 + CENT:
                    self.breach("action", worth, before, asset)
            self.lots[asset] = [(at, count * now / was) for at, count in self.lots[asset]]
            self.held[asset] = int(now)
            self.cash += each["cash"]
        for asset in [one for one, count in self.held.items() if count and one not in done]:
            reference, last = (self.grid[name][self.bar, self.place[asset]] for name in ("preclose", "before"))
            if reference and last and reference != last:
                self.looked["action"] += 1
                self.breach("action", reference, last, asset)

    def filled(self):
        """Fills in their order: lots, T+1, the declared days."""
        overnight, sold, since = dict(self.held), defaultdict(int), dict(self.since)
        for each in self.today("fills").iter_rows(named=True):
            asset, count, buys = each["asset"], int(each["quantity"]), each["side"] == "buy"
            whole = count >= STAR_LEAST if asset.startswith("688") else count % LOT == 0
            if not whole and (buys or count != self.held[asset]):
                self.breach("lots", count, LOT, asset)
            value = count * round(each["price"] * 100) / 100
            self.cash -= sum(each[fee] for fee in FEES) + (value if buys else -value)
            self.held[asset] += count if buys else -count
            if buys:
                self.since[asset] = self.bar
                self.lots[asset].append((self.bar, float(count)))
                continue
            sold[asset] += count
            self.looked["settled"] += 1
            if sold[asset] > overnight.get(asset, 0):
                self.breach("settled", sold[asset], overnight.get(asset, 0), asset)
            self.aged(asset, self.bar - since.get(asset, self.bar))
            self.released(asset, count, value)

    def aged(self, asset, age):
        """No sale in the first days, and where it is so declared none before the days since a purchase are over.

        A purchase of the sale's own session comes after what was decided.
        """
        if self.rules.at_least is None:
            return
        self.looked["age"] += 1
        if self.bar <= self.rules.days or (self.rules.at_least and age < self.rules.days):
            self.breach("age", age, self.rules.days, asset)

    def released(self, asset, count, value):
        """How long what was sold had been held, first in first out."""
        left = float(count)
        while left > 1e-6 and self.lots[asset]:
            at, there = self.lots[asset].pop(0)
            part = min(left, there)
            self.ages.append((self.bar - at, part * value / count))
            left -= part
            if there - part > 1e-6:
                self.lots[asset].insert(0, (at, there - part))

    def closed(self, line):
        """Cash and equity at the close; each mistake is told once, on its own day."""
        close = self.grid["close"][self.bar]
        self.mark = np.where(close > 0, close, self.mark)
        worth = [count * self.mark[self.place[asset]] / 100 for asset, count in self.held.items() if count]
        for rule, own in (("cash", self.cash), ("equity", self.cash + sum(worth))):
            self.looked[rule] += 1
            if abs(own - line[rule]) > CENT:
                self.breach(rule, line[rule], own)
        self.cash, self.equity = line["cash"], line["equity"]
        heavy = max(worth, default=0.0) / self.equity
        self.largest, self.above = max(self.largest, heavy), self.above + (heavy > self.rules.cap)

    def facts(self):
        """What the book did."""
        total = sum(value for _, value in self.ages)
        return {
            "largest": self.largest,
            "above_cap": self.above,
            "most_spent": max(self.spent, default=0.0),
            "shortest": min((age for age, _ in self.ages), default=0),
            "longest": max((age for age, _ in self.ages), default=0),
            "mean_held": sum(age * value for age, value in self.ages) / total if total else float("nan"),
        }
