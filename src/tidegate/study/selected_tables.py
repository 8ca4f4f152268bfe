"""Findings → tables of a selection: what was held on a day, and the orders for the session to come."""

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.strategy.selection import Selection
from tidegate.study.books import BookSet
from tidegate.study.findings import Finding, Findings
from tidegate.study.gated import gate_tables
from tidegate.study.universe_words import rule_title
from tidegate.study.words import GLOSSARY
from tidegate.types.report import Column, Table, Text

__all__ = ["selected_tables"]

_DAYS, _NAMES, _ORDERS = 40, 15, 60
"""Days that a reader may choose from, names a day, and orders: a page has a size, the records have all."""
_RANK, _AMONG = Text(en="rank", zh="排名"), Text(en="among", zh="参与排名数")
_RANKED = Text(
    en="Ranks are among the names that the universe's rules left and that have a score at that close; a dash: not among them.",
    zh="排名范围为当日收盘时股票池规则保留且有得分的标的；横线表示不在其中。",
)


def selected_tables(findings: Findings) -> tuple[Table, ...]:
    """Tables of the leading study, one of each kind a market; none where it selects nothing."""
    lead = findings[findings.lead]
    made: list[Table] = []
    for market, held in lead.books.items():
        if held.selects:
            made += [_held_table(market, lead, held), _next_table(market, lead, held)]
            removed = held.decided("universe")
            made += [] if removed is None else [_universe_table(market, lead, removed)]
    return (*gate_tables(findings), *made)


def _held_table(market: str, found: Finding, held: BookSet) -> Table:
    member = found.leader
    positions = held.table(member, "positions")
    days = positions["time"].unique().sort()
    chosen = days.gather(np.unique(np.linspace(0, len(days) - 1, min(_DAYS, len(days))).astype(np.int64)))
    known = pl.col("score").is_finite()
    shown = (
        positions.filter(pl.col("time").is_in(chosen.to_list()))
        .with_columns(rank=pl.when(known).then(pl.col("rank")), score=pl.when(known).then(pl.col("score")))
        .sort("time", "weight", "asset", descending=[False, True, False])
        .group_by("time", maintain_order=True)
        .head(_NAMES)
    )
    rows = tuple(
        {**row, "time": str(row["time"].date()) if row["time"].time().hour == 0 else row["time"].isoformat()}
        for row in shown.select(
            "time", "asset", "weight", "value", "quantity", "price", "rank", "scored", "score"
        ).iter_rows(named=True)
    )
    return Table(
        key=f"held-{market}",
        title=_titled(Text(en="Holdings on a day", zh="某日持仓"), market, found),
        columns=(
            Column(key="time", title=Text(en="Close of", zh="收盘日"), style="date"),
            Column(key="asset", title=Text(en="asset", zh="标的")),
            Column(key="weight", title=Text(en="weight", zh="权重"), style="percent"),
            Column(key="value", title=Text(en="value", zh="市值"), style="money"),
            Column(key="quantity", title=Text(en="quantity", zh="数量"), style="integer"),
            Column(key="price", title=Text(en="last price", zh="最新价"), style="number"),
            Column(key="rank", title=_RANK, style="integer"),
            Column(key="scored", title=_AMONG, style="integer"),
            Column(key="score", title=Text(en="score that day", zh="当日得分"), style="number"),
        ),
        rows=rows,
        note=Text(
            en=f"Of {len(days)} closes, {len(chosen)} are here, with up to {_NAMES} names each; positions.parquet in the run folder has all. {_RANKED.en}",
            zh=f"共 {len(days)} 个收盘，此处列 {len(chosen)} 个，每个至多 {_NAMES} 只；运行目录的 positions.parquet 有全部。{_RANKED.zh}",
        ),
        pick="time",
    )


def _universe_table(market: str, found: Finding, removed: pl.DataFrame) -> Table:
    return Table(
        key=f"universe-{market}",
        title=_titled(Text(en="What the universe's rules removed", zh="股票池规则剔除了什么"), market, found),
        columns=(
            Column(key="rule", title=Text(en="rule", zh="规则")),
            Column(key="asked", title=Text(en="asked about, asset-sessions", zh="受检（标的×日）"), style="integer"),
            Column(key="removed", title=Text(en="removed, of those", zh="其中剔除"), style="integer"),
            Column(key="alone", title=Text(en="would remove alone", zh="单独使用时剔除"), style="integer"),
        ),
        rows=tuple({**row, "rule": document(rule_title(row["rule"]))} for row in removed.iter_rows(named=True)),
        note=Text(
            en="Each rule sees what the rules before it left. An asset without a score at a close is not bought there.",
            zh="每条规则只检查前面规则留下的部分。某收盘没有得分的标的当时不会被买入。",
        ),
    )


def _next_table(market: str, found: Finding, held: BookSet) -> Table:
    member = found.leader
    every = held.table(member, "next")
    orders = (
        every if every.height <= _ORDERS else every.sort("value", descending=True, maintain_order=True).head(_ORDERS)
    )
    strategy = found.study.strategy
    assert isinstance(strategy, Selection)
    words, told = strategy.words(), strategy.words_in_chinese()
    chinese = dict(zip(words, told, strict=True)) if len(words) == len(told) else {}
    rows = tuple(
        {
            "side": {"en": row["side"], "zh": {"buy": "买", "sell": "卖"}[row["side"]]},
            "asset": row["asset"],
            "quantity": row["quantity"],
            "reference_price": row["reference_price"],
            "value": row["value"],
            "rank": row["rank"] or None,
            "scored": row["scored"],
            "reason": {"en": row["reason"], "zh": chinese.get(row["reason"], row["reason"])},
        }
        for row in orders.iter_rows(named=True)
    )
    last = str(held.times[-1].astype("datetime64[D]"))
    cut = Text.same("")
    if every.height > orders.height:
        cut = Text(
            en=f"Of {every.height:,} orders, the {_ORDERS} largest are here. ",
            zh=f"共 {every.height:,} 笔委托，此处列金额最大的 {_ORDERS} 笔。",
        )
    return Table(
        key=f"next-{market}",
        title=_titled(Text(en="Orders decided after the last close", zh="最后一个收盘后的委托"), market, found),
        columns=(
            Column(key="side", title=Text(en="side", zh="方向")),
            Column(key="asset", title=Text(en="asset", zh="标的")),
            Column(key="quantity", title=Text(en="quantity", zh="数量"), style="integer"),
            Column(key="reference_price", title=Text(en="last close", zh="最新收盘"), style="number"),
            Column(key="value", title=Text(en="value at it", zh="按其计市值"), style="money"),
            Column(key="rank", title=_RANK, style="integer"),
            Column(key="scored", title=_AMONG, style="integer"),
            Column(key="reason", title=Text(en="why", zh="原因")),
        ),
        rows=rows,
        note=Text(
            en=f"{cut.en}Decided after the close of {last}, the last of this data, by a backtest: no advice, and whether they would be filled nobody knows yet. `tidegate orders` writes them as CSV. {_RANKED.en}",
            zh=f"{cut.zh}由回测在数据最后一日 {last} 收盘后给出：不构成建议，能否成交尚不可知。`tidegate orders` 可写出 CSV。{_RANKED.zh}",
        ),
    )


def _titled(what: Text, market: str, found: Finding) -> Text:
    if len(found.books) == 1:
        return what
    words = GLOSSARY.get(market, Text.same(market))
    return Text.of(document(Text(en=f"{what.en}: {words.en}", zh=f"{what.zh}：{words.zh}")))
