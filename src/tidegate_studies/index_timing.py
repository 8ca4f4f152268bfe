"""Index timing: an LSTM over thirty days of an index forecasts its next five, and a simple rule trades on the sign.

The document (CSI 300, trained 2005–2014, tested 2015-01 … 2017-05) tells three things, and this file declares each:

B0   a first attempt that failed: 100 past closes → the next close, then 20 days ahead by feeding forecasts back
B1   30 days × six raw fields, each z-scored within its own window → the next five days' return, clipped at ±0.2, times 10
     then: ±1 labels, L2 penalties of several sizes, and a second input that says how high the index stands

Where the document is silent, the choice is marked (?) and told in the report. Its second backtest (the timing as a gate
over a stock ranker) needs a market of stocks: `index_timing_stocks`.
"""

from datetime import date

from tidegate.data.samples import Sample
from tidegate.data.source import Source
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.factors.level import PriceLevel
from tidegate.factors.raw import RawFields
from tidegate.factors.together import Together
from tidegate.learn.losses import MSE
from tidegate.learn.optimisers import Adam
from tidegate.learn.target import AsIs, MinMaxTarget, Times
from tidegate.learn.training import Training
from tidegate.market.a_share import AShare
from tidegate.market.base import Market
from tidegate.market.etf_proxy import EtfProxy
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.index_future import IndexFuture
from tidegate.market.us_fund_proxy import UsFundProxy
from tidegate.models.cells.lstm import LSTM
from tidegate.models.drift import Drift
from tidegate.models.linear import Linear
from tidegate.models.majority import Majority
from tidegate.models.persistence import Persistence
from tidegate.models.recurrent import Penalty, RecurrentNetwork
from tidegate.prepare.direction import Direction
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.future_level import FutureLevel
from tidegate.prepare.scalers import MinMax
from tidegate.prepare.split import ShareSplit, SingleSplit, Split
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.strategy.hold_after_signal import HoldAfterSignal
from tidegate.study.declare import Dates, Rollout, Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.clock import Horizon
from tidegate.types.report import Text
from tidegate_studies.index_timing_claims import claims

__all__ = ["declare"]

HORIZON = Horizon(lag=1, span=5)
"""In at the next open, out at the open five bars later (?): the document says "the coming five days" and trades at
opens; a label from this close to the fifth close could not have been traded."""

NEXT_CLOSE = Horizon(lag=0, span=1, entry="close", exit="close")
QUICK = Text(
    en="Quick form: few seeds, few epochs, few random gates. Its figures show that everything works, not what is true.",
    zh="快速版：种子、训练轮数与随机择时均较少。其数字只说明流程可用，不足以下结论。",
)
L2_COEFFICIENTS = (1e-5, 1e-4, 1e-3, 1e-2)
TRAINING = Training(loss=MSE(), optimiser=Adam(rate=1e-3), epochs=30, batch=64)
"""Optimiser, epochs and batch (?): the document names none; Adam's usual rate, thirty passes."""


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The reproduction on `source`; on the CSI 300 of the store where there is one, else on the NASDAQ sample."""
    source = source or _present()
    lead = _first_return(source, quick=quick)
    sign = lead.but(
        name="b1-sign", title=Text(en="±1 label", zh="±1 标签"), label=Direction(horizon=HORIZON), target_scaling=AsIs()
    )
    plain = _network(lead, "b1-plain", Text(en="No dropout, no L2", zh="无 Dropout、无 L2"), dropout=0.0)
    penalised = tuple(
        _network(
            lead,
            f"b1-l2-1e{exponent}",
            Text(en=f"L2 {coefficient:g}", zh=f"L2 {coefficient:g}"),
            l2=Penalty(kernel=coefficient, recurrent=coefficient, dense=coefficient),
        )
        for coefficient, exponent in zip(L2_COEFFICIENTS, ("-5", "-4", "-3", "-2"), strict=True)
    )
    two_inputs = lead.but(
        name="b1-two-inputs",
        title=Text(en="Two inputs", zh="双输入"),
        context=("level",),
        factors=Together(sets=(RawFields(), PriceLevel(step=500))),
    )
    closes = _first_attempt(lead)
    more = closes.but(
        name="b0-features",
        title=Text(en="First attempt, six fields", zh="初探（六个特征）"),
        factors=RawFields(),
        rollout=None,
    )
    variants = (lead, sign, plain, *penalised, two_inputs)
    return Reproduction(
        name="index-timing",
        title=Text(en="Index timing with an LSTM", zh="LSTM 指数择时"),
        document=Text(
            en="An LSTM forecasts the CSI 300's next five days; traded alone (its use as a gate over stocks is another study)",
            zh="LSTM 预测沪深300未来五日收益：单独择时（与选股模型结合的部分属于另一项研究）",
        ),
        studies=(closes, more, *variants),
        lead=lead.name,
        shown=(
            Shown("B1", "network", (lead.name, two_inputs.name)),
            Shown("B2", "equity", (lead.name,)),
            Shown("B3", "equity", (sign.name,)),
            Shown("B4", "equity", (penalised[2].name,)),
            Shown("B5", "equity", (two_inputs.name,)),
            Shown("B6", "spells", (two_inputs.name,)),
            Shown("B7", "scores", (lead.name, *(study.name for study in penalised))),
            Shown("B8", "paths", (closes.name,)),
            Shown("B9", "seeds", tuple(study.name for study in variants)),
            Shown("B11", "losses", (plain.name, lead.name, penalised[2].name)),
        ),
        claims=claims,
        stamps=(QUICK,) if quick else (),
    )


def _present() -> Source:
    return Stored(dataset="csi300") if "csi300" in Store.default().list() else Sample(dataset="nasdaq")


def _published(source: Source) -> bool:
    return isinstance(source, Stored) and source.dataset.startswith("csi300")


def _first_return(source: Source, *, quick: bool) -> Study:
    published = _published(source)
    split: Split = (
        SingleSplit(train_end=date(2014, 12, 31), test_start=date(2015, 1, 1), test_end=date(2017, 5, 1))
        if published
        else ShareSplit(train=0.7)
    )
    return Study(
        name="b1-return",
        title=Text(en="Five-day return", zh="五日收益"),
        source=source,
        universe=(),
        span=Dates(first=date(2005, 1, 1), last=date(2017, 5, 1)) if published else Dates(first=None, last=None),
        factors=RawFields(),
        lookback=30,
        count="rows",
        label=ForwardReturn(horizon=HORIZON, clip=0.2),
        normaliser=WindowZScore(),
        target_scaling=Times(factor=10),
        split=split,
        # One LSTM and three dense layers; units and dropout (?) are ours.
        model=RecurrentNetwork(cell=LSTM(hidden=32), dense=(32, 16), dropout=0.2),
        training=TRAINING.but(epochs=6) if quick else TRAINING,
        seeds=tuple(range(3 if quick else 10)),
        rivals=(Persistence(speaks="return"), Drift(speaks="return"), Majority(), Linear()),
        strategy=HoldAfterSignal(days=5),
        markets=_markets(source),
        capital=_capital(source),
        gates=200 if quick else 1000,
        watch_test=True,
    )


def _first_attempt(lead: Study) -> Study:
    """100 closes → the next close. Min–max on the training range (?): the document does not say how levels were scaled."""
    return lead.but(
        name="b0-close",
        title=Text(en="First attempt, closes only", zh="初探（仅收盘价）"),
        factors=RawFields(fields=("close",)),
        lookback=100,
        label=FutureLevel(horizon=NEXT_CLOSE),
        normaliser=MinMax(),
        target_scaling=MinMaxTarget(),
        rivals=(Persistence(speaks="level"), Drift(speaks="level"), Linear()),
        strategy=None,
        markets=(),
        gates=0,
        rollout=Rollout(steps=20, every=20),
    )


def _network(study: Study, name: str, title: Text, **changes: object) -> Study:
    assert isinstance(study.model, RecurrentNetwork)
    return study.but(name=name, title=title, model=study.model.but(**changes))


def _markets(source: Source) -> tuple[Market, ...]:
    if isinstance(source, Sample):
        return (FrictionlessIndex(), UsFundProxy())
    kind = source.bars().spec.kind
    return {
        "index": (FrictionlessIndex(), EtfProxy()),
        "stock": (FrictionlessIndex(), AShare()),
        "future": (FrictionlessIndex(), IndexFuture()),
    }.get(kind, (FrictionlessIndex(),))


def _capital(source: Source) -> float:
    """One million; thirty for a future, whose one lot is worth more than a million, so that exposures are not lots."""
    future = not isinstance(source, Sample) and source.bars().spec.kind == "future"
    return 30_000_000.0 if future else 1_000_000.0
