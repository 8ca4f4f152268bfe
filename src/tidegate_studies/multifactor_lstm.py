"""Multi-factor LSTM: 24 months of 48 factors of a share → whether it rises, stays or falls in the next month.

The document trains two layers of 400 units on some 180,000 (share, month) samples, holds out a tenth at random, and
reports 85–90 % accuracy on it and a little above 50 % out of sample; portfolios by predicted class then part. This file
declares that study as published and what it takes to judge it:

published    the document's sizes, its random tenth, its months
walk         trained anew every year on what was known by then, entered at the next open: the honest headline
long         the 7,000 iterations that the companion document names, at a smaller size
split-…      one network, four ways of holding out: at random (as published), by stock, by month, by time with purge
set-…        the four settings that the document calls insensitive: batch, units, layers, rate; and the held-out share
cell-…       the variants it describes: peephole, coupled gates, GRU; and a plain RNN
noise        a factor of planted noise beside the 48: what any contribution must rise above
pruned       factors of one style that rank alike removed, fitted on the training months
…-down, …-up-30, …-down-30    the other groups of published and walk as books, under the market's law and costs

Whatever runs smaller than published says so in its title; the published size is `published` alone.
"""

from tidegate.data.source import Source
from tidegate.factors.noise import PlantedNoise
from tidegate.factors.styles.multi_factor import MultiFactor
from tidegate.factors.together import Together
from tidegate.models.cells.base import Cell
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.hold_out import ByMonth, ByStock, RandomWindows
from tidegate.prepare.pruning import Pruning
from tidegate.study.declare import Explain, Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.report import Text
from tidegate_studies.multifactor import (
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
from tidegate_studies.multifactor_lstm_claims import claims

__all__ = ["declare"]

PUBLISHED, SMALL, TINY = 400, 64, 16
"""Units of a layer: the document's, those of the trials, those of the quick form."""

COUNT, SPLIT, LONG = 150, 1500, 7000
"""Iterations of a trial, of a way of holding out, and the count that the companion document names for this network."""


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The reproduction on `source`; on the A shares of the store where they are, else on the synthetic market."""
    source = source or here(quick=quick)
    units, count = (TINY, 60) if quick else (SMALL, COUNT)
    plain = monthly(
        "published",
        Text(en="As published", zh="按原文"),
        source,
        _network(LSTM(hidden=TINY if quick else PUBLISHED, layers=2)),
        iterations(60 if quick else 100),
        seeds=2 if quick else 10,
    )
    small = _trial(plain, "base", Text(en="base of the trials", zh="对照基准"), units, count, quick=quick)
    trials = () if quick else (*_settings(small, units), *_cells(small, units), _long(plain))
    splits = _splits(plain, units, quick=quick)
    noise = small.but(
        name="noise",
        title=_sized(Text(en="with a factor of noise", zh="加入噪声因子"), units, count),
        factors=Together(sets=(MultiFactor(), PlantedNoise())),
        explain=Explain(windows=200),
    )
    pruned = small.but(
        name="pruned",
        title=_sized(Text(en="factors that rank alike removed", zh="剔除同类高相关因子"), units, count),
        pruning=Pruning(limit=0.8),
    )
    walk = walking(
        _trial(plain, "walk", Text(en="walk-forward", zh="逐年滚动"), units, count, quick=quick).but(
            seeds=tuple(range(2 if quick else 10))
        ),
        "walk",
        _sized(walked(source), units, count),
    )
    lead, *groups = on_the_engine(plain, gates=20 if quick else 200)
    yearly, *others = on_the_engine(walk, gates=20 if quick else 200)
    everyone = (lead, yearly, small, *splits, noise, pruned, *trials, *groups, *others)
    cells = tuple(study.name for study in trials if study.name.startswith("cell-"))
    settings = tuple(study.name for study in trials if study.name.startswith("set-"))
    return Reproduction(
        name="multifactor-lstm",
        title=Text(en="A multi-factor LSTM", zh="LSTM 多因子选股"),
        document=Text(
            en="Two layers of LSTM on 24 months of 48 factors name next month's class of every A share",
            zh="两层 LSTM 以 24 个月、48 个因子预测每只 A 股下月收益类别",
        ),
        studies=everyone,
        lead=yearly.name,
        shown=(
            Shown("T1", "equity", (lead.name,)),
            Shown("T2", "equity", (yearly.name,)),
            Shown("D1", "tensor", (lead.name,)),
            Shown("D2", "learning", (lead.name,)),
            Shown("D3", "accuracy", (lead.name,)),
            Shown("D5", "class-groups", (lead.name,)),
            Shown("D6", "class-spread", (lead.name,)),
            Shown("D7", "share-groups", (lead.name,)),
            Shown("D8", "share-spread", (lead.name,)),
            Shown("W7", "share-groups", (walk.name,)),
            Shown("W8", "share-spread", (walk.name,)),
            Shown("D9", "weights", (lead.name,)),
            Shown("D13", "contributions", (noise.name,)),
            Shown("D14", "protocols", tuple(study.name for study in splits)),
            *((Shown("D4", "learning", ("long",)),) if trials else ()),
            *((Shown("D15", "learning", (small.name, *cells)),) if cells else ()),
            *((Shown("S1", "accuracy-by-setting", (small.name, *settings)),) if settings else ()),
        ),
        claims=claims if real(source) else elsewhere(claims),
        stamps=(QUICK,) if quick else (),
    )


def _network(cell: Cell) -> RecurrentNetwork:
    return RecurrentNetwork(cell=cell, dense=(), outputs=3)


def _sized(what: Text, units: int, count: int) -> Text:
    return Text(
        en=f"{what.en} (2 × {units} units, {count} iterations)", zh=f"{what.zh}（2 × {units} 单元，{count} 次迭代）"
    )


def _trial(lead: Study, name: str, what: Text, units: int, count: int, *, quick: bool) -> Study:
    """The lead at a smaller size, which its title tells."""
    return lead.but(
        name=name,
        title=_sized(what, units, count),
        model=_network(LSTM(hidden=units, layers=2)),
        training=iterations(count),
        seeds=tuple(range(2 if quick else 3)),
    )


def _splits(lead: Study, units: int, *, quick: bool) -> tuple[Study, ...]:
    """Trained long enough to learn windows by heart, where that can be rewarded."""
    count = 60 if quick else SPLIT
    ways = (
        ("random", Text(en="held out at random", zh="随机留出"), RandomWindows(share=0.1, seed=0)),
        ("stock", Text(en="held out by stock", zh="按股票留出"), ByStock(share=0.1, seed=0)),
        ("month", Text(en="held out by month", zh="按月份留出"), ByMonth(share=0.1, seed=0)),
    )
    base = _trial(lead, "split", Text.same("split"), units, count, quick=quick).but(seeds=(0, 1))
    made = [
        base.but(name=f"split-{kind}", title=_sized(title, units, count), hold_out=way) for kind, title, way in ways
    ]
    purged = base.split.but(valid_share=0.1) if real(lead.source) else base.split.but(train=0.6, valid=0.1)
    title = _sized(Text(en="held out by time, purged", zh="按时间留出并清除重叠"), units, count)
    return (*made, base.but(name="split-time", title=title, hold_out=None, split=purged))


def _long(lead: Study) -> Study:
    """As long as the companion document says that this network takes; one seed, and small."""
    what = Text(en="trained long", zh="长时训练")
    return _trial(lead, "long", what, SMALL, LONG, quick=False).but(seeds=(0,))


def _settings(base: Study, units: int) -> tuple[Study, ...]:
    """The settings that the document calls insensitive, each by itself from the trials' base."""
    assert base.training is not None
    training, count = base.training, COUNT
    wide, narrow = 2 * units, units // 2
    rate = training.optimiser.rate
    changes: tuple[tuple[str, Text, dict[str, object]], ...] = (
        ("batch-250", Text(en="batch 250", zh="批量 250"), {"training": training.but(batch=250)}),
        ("batch-4000", Text(en="batch 4,000", zh="批量 4000"), {"training": training.but(batch=4000)}),
        ("narrow", Text(en=f"{narrow} units", zh=f"{narrow} 单元"), {"model": _network(LSTM(hidden=narrow, layers=2))}),
        ("wide", Text(en=f"{wide} units", zh=f"{wide} 单元"), {"model": _network(LSTM(hidden=wide, layers=2))}),
        ("one-layer", Text(en="one layer", zh="单层"), {"model": _network(LSTM(hidden=units, layers=1))}),
        ("slow", Text(en="a third of the rate", zh="学习率三分之一"), {"training": iterations(count, rate=rate / 3)}),
        ("fast", Text(en="three times the rate", zh="学习率三倍"), {"training": iterations(count, rate=rate * 3)}),
        (
            "held-20",
            Text(en="a fifth held out", zh="留出 20%"),
            {"hold_out": RandomWindows(share=0.2, seed=0)},
        ),
    )
    return tuple(
        base.but(
            name=f"set-{name}", title=Text(en=f"{base.title.en}, {what.en}", zh=f"{base.title.zh}，{what.zh}"), **new
        )
        for name, what, new in changes
    )


def _cells(base: Study, units: int) -> tuple[Study, ...]:
    cells: tuple[tuple[Cell, Text], ...] = (
        (PeepholeLSTM(hidden=units, layers=2), Text(en="peephole LSTM", zh="窥视孔 LSTM")),
        (CoupledLSTM(hidden=units, layers=2), Text(en="coupled LSTM", zh="耦合门 LSTM")),
        (GRU(hidden=units, layers=2), Text.same("GRU")),
        (RNN(hidden=units, layers=2), Text(en="RNN", zh="普通 RNN")),
    )
    return tuple(
        base.but(
            name=f"cell-{cell.name.removesuffix('-lstm')}",
            title=Text(en=f"{base.title.en}, {title.en}", zh=f"{base.title.zh}，{title.zh}"),
            model=_network(cell),
        )
        for cell, title in cells
    )
