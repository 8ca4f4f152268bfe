"""Index timing as a gate over stocks: the second backtest of the index-timing document.

On +1 a learning-to-rank model may buy by its scores; on −1 it may not, and holdings run off within five days of their
own purchase. The timings are those of `index-timing`; each of their seeds gates the same ranker, so that the spread over
initial weights is seen in both backtests. Beside the gated books stand the ranker alone and random gates that are open
as long, in spells as long: what a gate is worth is told after exposure.

gated-return …        the gate of each experiment: the real return, the ±1 label, L2, two inputs
gated-sooner          the other reading of "within five days": the ranker may sell sooner
gated-counted         open as long as the first backtest would hold the index, five days after each +1
gated-liquidated      sold at once where the gate shuts
gated-scaled          invested by degrees: the larger the forecast, the more

Where the document is silent (?): the ranker is of the platform's kind with its documented settings, on the seven price
ratios of the stock-selection document; its universe is what traded, was listed for 60 sessions and is under no warning;
30 names, five days, A-share rules and costs.
"""

from datetime import date

from tidegate.backtest.portfolio import Execution
from tidegate.data.equal_index import EqualIndex
from tidegate.data.source import Source
from tidegate.data.stock_world import StockWorld
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.errors import SettingError
from tidegate.factors.expressions import PriceRatios
from tidegate.learn.target import AsIs
from tidegate.market.a_share import AShare
from tidegate.market.universe import UniverseRule
from tidegate.market.universe_rules import ListingAge, NoRiskWarning, Trading
from tidegate.models.linear import Linear
from tidegate.models.ranker import Ranker
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.scalers import Standard
from tidegate.prepare.split import ShareSplit, Split, WalkForward
from tidegate.strategy.gated import Gated
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.strategy.scaled import Scaled
from tidegate.study.declare import Dates, Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.report import Text
from tidegate_studies.index_timing import HORIZON
from tidegate_studies.index_timing import declare as declare_timing
from tidegate_studies.index_timing_stocks_claims import claims
from tidegate_studies.multifactor import elsewhere

__all__ = ["declare"]

TIMINGS = ("b1-return", "b1-sign", "b1-l2-1e-3", "b1-two-inputs")
FIRST, LAST = date(2009, 12, 1), date(2017, 5, 1)
WHOLE = 0.01
"""The forecast of five days at which the scaled gate is wide open (?)."""
QUICK = Text(
    en="Quick form: a synthetic market and an index of its own shares, few seeds, few epochs, few random gates. Its figures show that everything works, not what is true.",
    zh="快速版：模拟市场及其自身股票编制的指数，种子、训练轮数与随机择时均较少。其数字只说明流程可用，不足以下结论。",
)


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The study on `source`, a market of stocks; on the A shares and the CSI 300 of the store where both are there."""
    source = _present(quick=quick) if source is None else source
    index = _index(source)
    made = declare_timing(index, quick=quick)
    timings = tuple(made.study(name) for name in TIMINGS)
    lead = _gated(source, index, quick=quick)
    experiments = (
        lead,
        lead.but(name="gated-sign", title=Text(en="Gate: ±1 label", zh="择时：±1 标签"), gate="b1-sign"),
        lead.but(name="gated-l2", title=Text(en="Gate: L2 0.001", zh="择时：L2 0.001"), gate="b1-l2-1e-3"),
        lead.but(name="gated-two-inputs", title=Text(en="Gate: two inputs", zh="择时：双输入"), gate="b1-two-inputs"),
    )
    gates = () if quick else _other_gates(lead)
    return Reproduction(
        name="index-timing-stocks",
        title=Text(en="Index timing as a gate over stocks", zh="指数择时作为选股的择时门"),
        document=Text(
            en="An LSTM's forecast of the CSI 300 says when a learning-to-rank model of stocks may buy",
            zh="以 LSTM 对沪深300的预测决定排序选股模型何时可以买入",
        ),
        studies=(*timings, *experiments, *gates),
        lead=lead.name,
        shown=(
            *(
                Shown(figure, "equity", (gated.name,))
                for figure, gated in zip(("B2", "B3", "B4", "B5"), experiments, strict=True)
            ),
            *(
                Shown(f"{figure}i", "equity", (timing.name,))
                for figure, timing in zip(("B2", "B3", "B4", "B5"), timings, strict=True)
            ),
            Shown("B9", "seeds", tuple(study.name for study in (*experiments, *gates))),
            Shown("B9i", "seeds", tuple(study.name for study in timings)),
            *(
                Shown(f"B10{part}", "gated", (study.name,))
                for part, study in zip(("", "b", "c", "d"), experiments, strict=True)
            ),
        ),
        claims=claims if isinstance(source, Stored) and isinstance(index, Stored) else elsewhere(claims),
        stamps=(QUICK,) if quick else (),
    )


def _present(*, quick: bool) -> Source:
    """The real market where it and its index are imported; the quick form is always of a synthetic one."""
    known = Store.default().list()
    if not quick and "ashare" in known and "csi300" in known:
        return Stored(dataset="ashare")
    return StockWorld(assets=80 if quick else 500, sessions=500 if quick else 1500, seed=1, ic=0.05)


def _index(source: Source) -> Source:
    """The CSI 300 for stored shares, if it is there; else an index of the shares themselves."""
    if isinstance(source, Stored) and "csi300" in Store.default().list():
        return Stored(dataset="csi300")
    return EqualIndex(inner=source)


def _gated(source: Source, index: Source, *, quick: bool) -> Study:
    published = isinstance(index, Stored)
    split: Split = WalkForward(first_test=date(2015, 1, 1), every="year") if published else ShareSplit(train=0.7)
    return Study(
        name="gated-return",
        title=Text(en="Gate: five-day return", zh="择时：五日收益"),
        source=source,
        universe=(),
        span=Dates(first=FIRST, last=LAST) if published else Dates(first=None, last=None),
        factors=PriceRatios(),
        lookback=1,
        count="rows",
        label=ForwardReturn(horizon=HORIZON, clip=0.5),
        normaliser=Standard(),
        target_scaling=AsIs(),
        split=split,
        model=Ranker(sees="last", smallest_leaf=100) if quick else Ranker(sees="last"),
        training=None,
        seeds=(0,),
        rivals=(Linear(),),
        strategy=Gated(inner=RankAndHold(names=10 if quick else 30, days=5), days=5),
        markets=(AShare(),),
        filters=_filters(source),
        execution=Execution(participation=0.025),
        gate="b1-return",
        gate_reads="sign",
        index=index,
        capital=1_000_000.0,
        gates=100 if quick else 1000,
    )


def _other_gates(lead: Study) -> tuple[Study, ...]:
    """The same timing read and used otherwise; fewer placebos, since these are read beside the first."""
    assert isinstance(lead.strategy, Gated)
    gated, ranked = lead.strategy, lead.strategy.inner
    return (
        lead.but(
            name="gated-sooner",
            title=Text(en="Sold sooner where the ranker says so", zh="排序下降者可提前卖出"),
            strategy=gated.but(meanwhile="inner sells"),
            gates=200,
        ),
        lead.but(
            name="gated-counted",
            title=Text(en="Open for five days after each +1", zh="每次 +1 后开放五日"),
            gate_reads="exposure",
            gates=200,
        ),
        lead.but(
            name="gated-liquidated",
            title=Text(en="Sold at once", zh="择时门关闭即清仓"),
            strategy=gated.but(days=1),
            gates=200,
        ),
        lead.but(
            name="gated-scaled",
            title=Text(en="Invested by degrees", zh="按预测大小调整仓位"),
            strategy=gated.but(inner=Scaled(inner=ranked, whole=WHOLE)),
            gate_reads="score",
            gates=200,
        ),
    )


def _filters(source: Source) -> tuple[UniverseRule, ...]:
    """What traded, was listed for a while and, where the data tell, is under no risk warning."""
    if isinstance(source, Stored):
        card = Store.default().describe(source.dataset)
        kind, warned, title = card.spec.kind, "at_risk" in card.columns, card.spec.title
    else:
        bars = source.bars()
        kind, warned, title = bars.spec.kind, bars.has("at_risk"), bars.spec.title
    if kind != "stock":
        raise SettingError(
            "this study gates a selection of stocks",
            where=title,
            expected="data of the kind stock",
            found=kind,
            hint="import with -s kind=stock, or leave --data out for the synthetic market",
        )
    return (Trading(), ListingAge(sessions=60), *((NoRiskWarning(),) if warned else ()))
