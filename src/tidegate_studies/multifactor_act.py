"""Multi-factor ACT: the monthly study with a network that decides how long to think about each month, and four trials.

The document puts adaptive computation time (Graves 2016) around an LSTM of one layer and 400 units, halts at 0.9 or
after 30 steps, and first tries four changes of the data. This file declares:

published    ACT around the LSTM at the document's size
lstm         the same without pondering
relative     E1: classes by standing, 30/40/30 of each month, against ±3 %
twelve       E2: twelve factors against 48
short        E3: twelve months against 24
five         E4: five classes against three
long, long-lstm    E5: both for the 7,000 iterations that the document's network without pondering needs
epsilon-…    E14: other thresholds, limits and prices of pondering
walk         trained anew every year on what was known by then, entered at the next open
…-down, …-up-30, …-down-30    the other groups of published and walk as books on the engine

The price of pondering, the flag of a first step and the halting unit's bias (?) are this library's defaults: the
document names none. Trials run smaller than published, which their titles say.
"""

from datetime import date

from tidegate.data.source import Source
from tidegate.factors.styles.multi_factor import MultiFactorTwelve
from tidegate.models.cells.act import ACT
from tidegate.models.cells.base import Cell
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.relative_classes import RelativeClasses
from tidegate.prepare.return_classes import ReturnClasses
from tidegate.study.declare import Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.report import Text
from tidegate_studies.multifactor import (
    PRINTED,
    QUICK,
    elsewhere,
    here,
    iterations,
    monthly,
    on_the_engine,
    real,
    walked,
    walking,
)
from tidegate_studies.multifactor_act_claims import claims

__all__ = ["declare"]

PUBLISHED, SMALL, TINY = 400, 64, 16
COUNT, LONG = 150, 7000
"""Iterations of a trial, and those that the document's network without pondering needs."""
LAST = date(2017, 7, 31)
EPSILON, LIMIT = 0.1, 30


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The reproduction on `source`; on the A shares of the store where they are, else on the synthetic market."""
    source = source or here(quick=quick)
    units, count = (TINY, 60) if quick else (SMALL, COUNT)
    plain = monthly(
        "published",
        Text(en="As published", zh="按原文"),
        source,
        _network(_act(TINY if quick else PUBLISHED)),
        iterations(60 if quick else 100),
        seeds=2 if quick else 3,
        last=LAST,
    )
    base = _trial(plain, "base", Text(en="base of the trials", zh="对照基准"), _act(units), count, quick=quick)
    trials = (
        _trial(plain, "lstm", Text(en="without pondering", zh="不使用 ACT"), LSTM(hidden=units), count, quick=quick),
        base.but(
            name="relative",
            title=_sized(Text(en="relative classes", zh="相对收益标签"), units, count),
            label=RelativeClasses(horizon=PRINTED),
        ),
        base.but(
            name="twelve",
            title=_sized(Text(en="twelve factors", zh="12 个因子"), units, count),
            factors=MultiFactorTwelve(),
        ),
        base.but(name="short", title=_sized(Text(en="twelve months", zh="12 个月"), units, count), lookback=12),
        base.but(
            name="five",
            title=_sized(Text(en="five classes", zh="五类"), units, count),
            label=ReturnClasses(horizon=PRINTED, thresholds=(0.03, 0.05)),
            model=_network(_act(units), outputs=5),
            target_scaling=base.target_scaling.but(first=-2.0),
        ),
    )
    ponders = () if quick else _ponders(base, units, count)
    longs = () if quick else _longs(plain)
    walk = walking(
        _trial(plain, "walk", Text.same("walk"), _act(units), count, quick=quick).but(
            seeds=tuple(range(2 if quick else 5))
        ),
        "walk",
        _sized(walked(source), units, count),
    )
    gates = 20 if quick else 200
    lead, *groups = on_the_engine(plain, gates=gates)
    yearly, *others = on_the_engine(walk, gates=gates)
    thinking = (base.name, *(study.name for study in ponders))
    return Reproduction(
        name="multifactor-act",
        title=Text(en="A multi-factor network that ponders", zh="ACT-LSTM 多因子选股"),
        document=Text(
            en="Adaptive computation time around an LSTM on 24 months of 48 factors, and four trials of the data",
            zh="以自适应计算次数（ACT）增强 LSTM 多因子模型，并比较四种数据处理方式",
        ),
        studies=(lead, yearly, base, *trials, *ponders, *longs, *groups, *others),
        lead=yearly.name,
        shown=(
            *(
                Shown(f"E{place}", "trials-by-share", (base.name, name))
                for place, name in enumerate(("relative", "twelve", "short", "five"), 1)
            ),
            Shown("T1", "equity", (lead.name,)),
            Shown("T2", "equity", (yearly.name,)),
            Shown("E5", "settling", tuple(study.name for study in longs) or (base.name, "lstm")),
            Shown("E6", "class-groups", (lead.name,)),
            Shown("W6", "share-spread", (walk.name,)),
            Shown("E7", "tops", (lead.name,)),
            Shown("E8", "bullish", (lead.name,)),
            Shown("E9", "bullish-market", (lead.name,)),
            Shown("E10", "ponder", (lead.name,)),
            Shown("E11", "ponder-volatility", (lead.name,)),
            Shown("E13", "accuracy-by-work", (base.name, "lstm")),
            *((Shown("E14", "accuracy-by-setting", thinking),) if ponders else ()),
        ),
        claims=claims if real(source) else elsewhere(claims),
        stamps=(QUICK,) if quick else (),
    )


def _act(units: int, *, epsilon: float = EPSILON, limit: int = LIMIT, price: float = 0.001) -> ACT:
    return ACT(cell=LSTM(hidden=units), epsilon=epsilon, limit=limit, ponder_cost=price)


def _network(cell: Cell, outputs: int = 3) -> RecurrentNetwork:
    return RecurrentNetwork(cell=cell, dense=(), outputs=outputs)


def _sized(what: Text, units: int, count: int) -> Text:
    return Text(en=f"{what.en} ({units} units, {count} iterations)", zh=f"{what.zh}（{units} 单元，{count} 次迭代）")


def _trial(lead: Study, name: str, what: Text, cell: Cell, count: int, *, quick: bool) -> Study:
    """The lead at a smaller size, which its title tells."""
    inner = cell.cell if isinstance(cell, ACT) else cell
    assert isinstance(inner, LSTM)
    return lead.but(
        name=name,
        title=_sized(what, inner.hidden, count),
        model=_network(cell),
        training=iterations(count),
        seeds=tuple(range(2 if quick else 3)),
    )


def _longs(lead: Study) -> tuple[Study, ...]:
    """E5: as long as the document trains the network without pondering, both kinds; small."""
    kinds = (
        ("long", Text(en="trained long", zh="长时训练"), _act(SMALL)),
        ("long-lstm", Text(en="trained long, without pondering", zh="长时训练、不使用 ACT"), LSTM(hidden=SMALL)),
    )
    return tuple(_trial(lead, name, title, cell, LONG, quick=False).but(seeds=(0, 1)) for name, title, cell in kinds)


def _ponders(base: Study, units: int, count: int) -> tuple[Study, ...]:
    """E14: one setting of the pondering changed at a time."""
    kinds = (
        ("epsilon-1e-2", Text.same("ε = 0.01"), _act(units, epsilon=0.01)),
        ("epsilon-0.3", Text.same("ε = 0.3"), _act(units, epsilon=0.3)),
        ("limit-2", Text(en="at most 2 steps", zh="至多 2 步"), _act(units, limit=2)),
        ("limit-5", Text(en="at most 5 steps", zh="至多 5 步"), _act(units, limit=5)),
        ("price-0", Text(en="pondering is free", zh="思考代价 0"), _act(units, price=0.0)),
        ("price-1e-2", Text(en="pondering costs 0.01", zh="思考代价 0.01"), _act(units, price=0.01)),
    )
    return tuple(
        base.but(name=name.replace(".", "-"), title=_sized(title, units, count), model=_network(cell))
        for name, title, cell in kinds
    )
