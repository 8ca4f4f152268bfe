"""Findings → figures of a selection: what its books held, paid, could not get, and would come to with more money.

All figures are of the leading member: the ensemble, or the only fit.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.evaluate.holdings import costs_of, trips_of_ledger, unfilled_by_reason
from tidegate.measures.returns import annualised_return, periods_per_year
from tidegate.measures.scores import rank_ic
from tidegate.report.figures.capacity import capacity
from tidegate.report.figures.costs import COSTS, cost_ladder, costs
from tidegate.report.figures.holding_time import holding_time
from tidegate.report.figures.holdings import holdings
from tidegate.report.figures.rank_ic import rank_ic as rank_ic_figure
from tidegate.report.figures.spending import spending
from tidegate.report.figures.trades import Candles, trades
from tidegate.report.figures.unfilled import unfilled
from tidegate.study.books import BookSet
from tidegate.study.findings import Finding, Findings
from tidegate.study.gated import gate_figures
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.study.words import GLOSSARY, member_title, titled
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.forecast import Forecast
from tidegate.types.report import Figure, Role, Section, Table, Text

__all__ = ["SELECTED_DRAWERS", "SELECTED_KINDS", "leading", "leading_title", "selected_sections", "selected_shown"]

_CHARTED = 3


def leading(found: Finding) -> str:
    """The member whose forecasts figures are of: the ensemble, or the only fit; its books are `Finding.leader`'s."""
    return found.speaker


def leading_title(found: Finding) -> Text:
    """How figures name the leading member, so that the ensemble never stands under the name of its seeds."""
    title, own = found.study.title, member_title("ensemble")
    if found.leader != "ensemble":
        return title
    return Text(en=f"{title.en}, {own.en}", zh=f"{title.zh}，{own.zh}")


def selected_shown(reproduction: Reproduction, findings: Findings) -> tuple[Shown, ...]:
    """What every report shows of a leading selection, besides what the reproduction asks for itself."""
    lead = findings[findings.lead]
    if not any(held.selects for held in lead.books.values()):
        return ()
    asked = {shown.figure for shown in reproduction.shown}
    kinds = [kind for kind in ("equity", *SELECTED_KINDS) if kind not in asked]
    return tuple(Shown(f"P{place}", kind, (findings.lead,)) for place, kind in enumerate(kinds, 1))


def selected_sections(keys: Mapping[str, Sequence[str]], tables: Sequence[Table]) -> tuple[Section, ...]:
    """The parts of the page that only a selection has."""
    there = [table.key for table in tables]

    def named(start: str) -> tuple[str, ...]:
        return tuple(key for key in there if key.startswith(start))

    return (
        Section(
            key="gate",
            title=Text(en="What the gate is worth", zh="择时门的价值"),
            shows=(*named("gate-"), *keys["gated"]),
        ),
        Section(
            key="held",
            title=Text(en="What it held", zh="持有了什么"),
            shows=(*keys["held"], *keys["spending"], *keys["holding-time"], *named("held-"), *named("universe-")),
        ),
        Section(
            key="costs",
            title=Text(en="From gross to net", zh="从毛到净"),
            shows=(*keys["ladder"], *keys["costs"], *keys["capacity"]),
        ),
        Section(
            key="orders",
            title=Text(en="Orders, filled and not", zh="委托：成交与未成交"),
            shows=(*keys["unfilled"], *keys["trades"], *named("next-")),
        ),
        Section(
            key="signal",
            title=Text(en="The signal by date", zh="逐日信号"),
            shows=(*keys["rank-ic"], *named("ranking")),
        ),
    )


Drawn = Callable[[str, Text, Finding, BookSet], tuple[Figure, ...]]


def _each_market(
    draw: Drawn, what: Text, whose: Callable[[Finding], Text] = leading_title
) -> Callable[[Shown, Findings], tuple[Figure, ...]]:
    """A drawer of one figure for each market in which the study's books select; `whose` books, its title says."""

    def drawn(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
        made: list[Figure] = []
        for name in shown.studies:
            found = findings[name]
            for market, held in found.books.items():
                if held.selects:
                    parts = [shown.key.lower(), *([name] if len(shown.studies) > 1 else [])]
                    parts += [market] if len(found.books) > 1 else []
                    about = whose(found) if len(found.books) == 1 else GLOSSARY.get(market, Text.same(market))
                    made += draw("-".join(parts), titled(shown.key, what, about), found, held)
        return tuple(made)

    return drawn


def _held(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    member = found.leader
    book = held.ledgers[member].book
    largest = held.table(member, "positions").group_by("time").agg(pl.col("weight").max())
    joined = book.join(largest, on="time", how="left", maintain_order="left")
    return (
        holdings(
            key,
            title,
            held.times,
            book["quantity"].to_numpy(),
            (book["cash"] / book["equity"]).to_numpy(),
            joined["weight"].fill_null(0.0).to_numpy(),
            cap=_setting(document(found.study.strategy), "cap"),
        ),
    )


def _spending(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    """Purchases bar by bar against the rule on cash; nothing for a strategy that has none."""
    declared = document(found.study.strategy)
    days, most = _setting(declared, "days"), _setting(declared, "spend")
    if days is None or most is None:
        return ()
    book = held.table(found.leader, "book")
    before = np.concatenate([[held.capital], book["equity"].to_numpy()[:-1]])
    return (spending(key, title, held.times, book["bought"].to_numpy() / before * days, days=int(days), most=most),)


def _setting(declared: object, name: str) -> float | None:
    """A number by its name in a strategy's document, in what it wraps too; None where it has none."""
    if not isinstance(declared, dict):
        return None
    if isinstance(declared.get(name), (int, float)):
        return float(declared[name])
    return next((value for held in declared.values() if (value := _setting(held, name)) is not None), None)


def _costs(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    ledger = held.ledgers[found.leader]
    return (costs(key, title, held.times, ledger.book["equity"].to_numpy(), costs_of(ledger), held.capital),)


def _ladder(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    who = [found.leader, *(m for m in held.members if not m.startswith("seed-") and m != "ensemble")]
    members: list[tuple[str, Text, Role]] = []
    gross, paid = {}, {}
    for member in who:
        total = {kind: float(values.sum()) / held.capital for kind, values in costs_of(held.ledgers[member]).items()}
        paid[member] = {kind: total[kind] for kind in COSTS}
        gross[member] = float(held.equity(member)[-1]) / held.capital - 1.0 + sum(total.values())
        own = member == who[0]
        members.append((member, leading_title(found) if own else member_title(member), "main" if own else "rival"))
    return (cost_ladder(key, title, members, gross, paid),)


def _unfilled(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    ledger = held.ledgers[found.leader]
    counts = unfilled_by_reason(ledger).select("outcome", "side", "orders").rows()
    return (unfilled(key, title, counts, ledger.orders.height),) if counts else ()


def _holding_time(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    member = found.leader
    trips = trips_of_ledger(held.ledgers[member], _held_last(held, member), held.table(member, "actions"))
    lasted = (trips.exit - trips.entry)[trips.closed]
    if lasted.size == 0:
        return ()
    days = _setting(document(found.study.strategy), "days")
    rule = None if days is None else (days, Text(en=f"The strategy's {days:g} bars", zh=f"策略设定的 {days:g} 根K线"))
    return (holding_time(key, title, lasted, still_open=int((~trips.closed).sum()), rule=rule),)


def _held_last(held: BookSet, member: str) -> frozenset[str]:
    last = held.table(member, "positions").filter(pl.col("time") == pl.lit(held.times[-1]).cast(pl.Datetime("us")))
    return frozenset(last["asset"].to_list())


def _trades(key: str, title: Text, found: Finding, held: BookSet) -> tuple[Figure, ...]:
    """Three assets: the most earned, the most lost, and, of the others, the most orders that were not filled."""
    member = found.leader
    fills, orders = held.ledgers[member].fills, held.ledgers[member].orders
    earned = fills.group_by("asset").agg(pl.col("realised").sum()).sort("realised", "asset", descending=[True, False])
    if earned.height == 0:
        return ()
    best, worst = earned["asset"][0], earned["asset"][-1]
    missed = (
        orders.filter((pl.col("filled") == 0) & ~pl.col("asset").is_in([best, worst]))
        .group_by("asset")
        .len()
        .sort("len", "asset", descending=[True, False])
    )
    chosen = {best: _BEST, worst: _WORST}
    if missed.height:
        chosen[missed["asset"][0]] = _MISSED
    return tuple(
        _charted(f"{key}-{place}", title, why, str(asset), found, held)
        for place, (asset, why) in enumerate(list(chosen.items())[:_CHARTED], 1)
    )


def _charted(key: str, title: Text, why: Text, asset: str, found: Finding, held: BookSet) -> Figure:
    member = found.leader
    one = pl.col("asset") == asset
    fills = held.ledgers[member].fills.filter(one)
    orders = held.ledgers[member].orders.filter(one & (pl.col("filled") == 0))
    first, last = _around(held.times, fills, orders)
    times = held.times[first : last + 1]
    seen = pl.col("time").is_between(pl.lit(times[0]), pl.lit(times[-1]))
    bars = pl.DataFrame({"time": times}).join(
        found.bars.frame.filter(one), on="time", how="left", maintain_order="left"
    )
    closes = bars.select("time", "close").drop_nulls()
    marked = orders.filter(seen).join_asof(closes, on="time", strategy="backward").drop_nulls("close")
    position = held.table(member, "positions").filter(one).select("time", "quantity")
    kept = bars.select("time").join(position, on="time", how="left", maintain_order="left")["quantity"].fill_null(0.0)
    actions = held.table(member, "actions").filter(one & seen & pl.col("kind").is_in(list(_EX_DAYS)))["time"]
    columns = (bars[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("open", "high", "low", "close"))
    return trades(
        key,
        Text(en=f"{title.en}, {asset} ({why.en})", zh=f"{title.zh}，{asset}（{why.zh}）"),
        Candles(times, *columns),
        fills.filter(seen).select("time", "side", "price", "quantity").rows(),
        kept.to_numpy(),
        refused=marked.select("time", "side", "close").rows(),
        actions=actions.to_list(),
        note=_stretch(times, len(held.times)),
    )


def _around(times: TimeArray, fills: pl.DataFrame, missed: pl.DataFrame) -> tuple[int, int]:
    """First and last bar of a stretch around what mattered most: the largest profit or loss, or the last missed order."""
    most = fills.sort(pl.col("realised").abs(), descending=True)["time"]
    middle = (most if len(most) else missed["time"].sort(descending=True)).to_numpy()[0].astype("datetime64[us]")
    last = min(len(times) - 1, int(np.searchsorted(times, middle)) + _AFTER)
    first = max(0, last - _BARS + 1)
    return first, min(len(times), first + _BARS) - 1


def _stretch(times: TimeArray, whole: int) -> Text:
    """Which part of the judged bars a chart of candles shows."""
    first, last = (str(time.astype("datetime64[D]")) for time in (times[0], times[-1]))
    if len(times) == whole:
        return Text(
            en=f"All {whole} judged bars, {first} to {last}.", zh=f"全部 {whole} 根评判K线，{first} 至 {last}。"
        )
    return Text(
        en=f"Drawn are {len(times)} of {whole} judged bars, {first} to {last}, around the largest profit or loss taken in it, or the last order missed where it never traded; the run folder's fills.parquet has every fill.",
        zh=f"绘出 {whole} 根评判K线中的 {len(times)} 根（{first} 至 {last}），取其最大一笔盈亏附近；从未成交者取最后一次未成交委托附近。全部成交见运行目录的 fills.parquet。",
    )


_BARS, _AFTER = 160, 30


_BEST = Text(en="most earned", zh="盈利最多")
_WORST = Text(en="most lost", zh="亏损最多")
_MISSED = Text(en="most orders not filled", zh="未成交委托最多")
_EX_DAYS = ("reference price", "split", "dividend")


def _capacity(key: str, title: Text, _: Finding, held: BookSet) -> tuple[Figure, ...]:
    curve = held.decided("capacity")
    if curve is None:
        return ()
    year = periods_per_year(held.times)
    yard = float(annualised_return(held.equity(held.benchmark), held.capital, periods_per_year=year))
    return (
        capacity(
            key,
            title,
            curve["capital"].to_list(),
            curve["annualised_return"].to_numpy(),
            curve["invested"].to_numpy(),
            benchmark=yard,
            participation=float(curve["participation"][0]),
        ),
    )


def _rank_ic(shown: Shown, findings: Findings) -> tuple[Figure, ...]:
    found = findings[shown.studies[0]]
    lead = leading(found)
    rivals = [rival.name for rival in found.study.rivals]
    members: list[tuple[str, Text, Role, TimeArray, FloatArray]] = []
    for member in (lead, *rivals):
        times, values = _by_date(found.forecasts[member])
        if np.isfinite(values).any():
            own = member == lead
            title = leading_title(found) if own else member_title(member)
            members.append((member, title, "main" if own else "rival", times, values))
    if not members:
        return ()
    title = titled(shown.key, Text(en="Rank IC by date", zh="逐日秩 IC"), leading_title(found))
    return (rank_ic_figure(shown.key.lower(), title, members, span=found.study.label.horizon.span),)


def _by_date(forecast: Forecast) -> tuple[TimeArray, FloatArray]:
    """Dates, and the rank IC of each, NaN where it has none."""
    frame = forecast.frame.with_columns(truth=pl.Series(forecast.truth)).filter(pl.col("truth").is_finite())
    days = frame.sort("time", maintain_order=True).partition_by("time", maintain_order=True)
    values = [float(rank_ic(day["score"].to_numpy(), day["truth"].to_numpy())) for day in days]
    return np.array([day["time"][0] for day in days], dtype="datetime64[us]"), np.array(values)


SELECTED_DRAWERS = {
    "held": _each_market(_held, Text(en="Names, cash and the largest weight", zh="持股数、现金与最大权重")),
    "holding-time": _each_market(_holding_time, Text(en="How long positions were held", zh="持有期分布")),
    "ladder": _each_market(_ladder, Text(en="From gross to net", zh="从毛收益到净收益")),
    "costs": _each_market(_costs, Text(en="Gross, after slippage, after fees", zh="毛、计滑点后、计费用后")),
    "capacity": _each_market(_capacity, Text(en="Return by capital", zh="资金容量")),
    "unfilled": _each_market(_unfilled, Text(en="Orders not filled, by reason", zh="未成交委托（按原因）")),
    "trades": _each_market(_trades, Text(en="Trades on candles", zh="K 线上的成交")),
    "rank-ic": _rank_ic,
    "gated": _each_market(
        gate_figures,
        Text(en="Behind its gate, and behind random ones", zh="择时门之后与随机择时门之后"),
        lambda found: found.study.title,
    ),
    "spending": _each_market(_spending, Text(en="Cash used a bar", zh="每日资金使用")),
}
SELECTED_KINDS = tuple(SELECTED_DRAWERS)
