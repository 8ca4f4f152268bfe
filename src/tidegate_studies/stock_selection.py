"""Stock selection: an LSTM over five days of seven price ratios ranks all A shares every day; the best are bought.

The document gives the idea and most of the rules, the public template of the same strategy the numbers that it leaves
out, marked (T). Where the two part, or the template is mistaken, this file declares both:

published    the document's rules with the template's numbers, honestly timed: trained 2010–2015, traded 2016–2019
published-…  the same forecasts held five days on average, as the template does; and sold at the next open
template     the template as it is: axes scrambled, judged data standardised by itself, 2016 in both ranges, tanh at the
             end, five days on average
walk         trained anew every year on what was known by then, both sides at the next open after slippage, shares
             under risk warning and new listings left out: the honest headline
mistake-…    one mistake each, from `published`: what it is worth is told in one table
try-…        the experiments that the document names, at a small size that their titles tell

Readings where the documents are silent (?): extremes are dropped by date, and what is left is standardised by the
moments of the training range and pulled in to ±5; windows count the days that a share traded, and one with a dropped day
in it is left out; the label's bounds and moments are those of the training targets. Fees are the document's 0.03 % and 0.13 % as commission and stamp duty; the
transfer fee that the law adds, 0.002 %, is paid besides.
"""

from datetime import date
from importlib.util import find_spec
from typing import NamedTuple

from tidegate.backtest.portfolio import Execution
from tidegate.data.source import Source
from tidegate.data.stock_world import StockWorld
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.errors import SettingError
from tidegate.factors.expressions import PriceRatios
from tidegate.learn.losses import MAE, MSE
from tidegate.learn.optimisers import RMSprop
from tidegate.learn.target import ClippedTarget
from tidegate.learn.training import Training
from tidegate.market.a_share import AShare
from tidegate.market.adjusted_lots import AdjustedLots
from tidegate.market.impossible_fills import ImpossibleFills
from tidegate.market.universe import UniverseRule
from tidegate.market.universe_rules import ListingAge, NoRiskWarning, Trading
from tidegate.models.cells.lstm import LSTM
from tidegate.models.drift import Drift
from tidegate.models.linear import Linear
from tidegate.models.one_field import OneField
from tidegate.models.ranker import Ranker
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.models.scrambled_axes import ScrambledAxes
from tidegate.prepare.bounds import Quantiles
from tidegate.prepare.extremes import DropExtremes
from tidegate.prepare.fillable_return import FillableReturn
from tidegate.prepare.overlapping_split import OverlappingSplit
from tidegate.prepare.scalers import Standard
from tidegate.prepare.split import ShareSplit, SingleSplit, Split, WalkForward
from tidegate.prepare.standard_each_side import StandardEachSide
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.study.declare import Dates, Study
from tidegate.study.reproduction import Contrast, Reproduction, Shown
from tidegate.types.axes import TimeArray
from tidegate.types.clock import Horizon
from tidegate.types.report import Text
from tidegate_studies.multifactor import elsewhere
from tidegate_studies.stock_selection_claims import claims
from tidegate_studies.stock_selection_trials import contrasts, of_books, of_networks

__all__ = ["declare"]

WINDOW, FACTORS, UNITS, DENSE = 5, 7, 32, 30
PRINTED = Horizon(lag=1, span=4, exit="close")
"""(T) In at the next open, out at the close of the fifth day from now: close(t+5) / open(t+1) - 1."""

HONEST = Horizon(lag=1, span=5)
"""In at the next open, out at the open five days later: what a book that sells at opens earns."""

TRAINING = Training(loss=MSE(), metrics=(MAE(),), optimiser=RMSprop(rate=0.001), epochs=5, batch=256)
"""RMSprop at Keras's own rate (?); five epochs; batch 256 (T)."""

FIRST = date(2009, 12, 1)
"""23 sessions before 2010: what the mean of 20 days and a window of five need. The template warms up 30 days."""

QUICK = Text(
    en="Quick form: a synthetic market whose prices tell nothing of returns, a small network, few seeds. Its figures show "
    "that everything works, not what is true.",
    zh="快速版：模拟市场（价格不含收益信息）、小网络、少量种子。其数字只说明流程可用，不足以下结论。",
)
UNBOOSTED = Text(
    en="The boosted ranker is not among the rivals: LightGBM is not installed (pip install 'tidegate[ranker]').",
    zh="对手中缺少提升树排序模型：未安装 LightGBM（pip install 'tidegate[ranker]'）。",
)
SATURATES = Text(
    en="MISTAKE: a tanh at the end can't say more than ±1 standard deviation: the best ranks are ties of what saturates.",
    zh="错误：输出层为 tanh，预测不超过 ±1 个标准差，排名最前者多为饱和后的并列。",
)


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The reproduction on `source`; on the A shares of the store where they are, else on the synthetic market."""
    source = _here(quick=quick) if source is None else source
    told = _told(source)
    published = _published(source, quick=quick)
    held = _held(published)
    average = published.but(
        name="published-average",
        title=Text(en="Held five days on average", zh="平均持有五日"),
        strategy=held.but(holding="average"),
    )
    next_open = published.but(
        name="published-next-open",
        title=Text(en="Sold at the next open, after slippage", zh="次日开盘卖出、计滑点"),
        strategy=held.but(sell_at="open"),
        markets=(_shares(slippage=1),),
    )
    walk = _walk(published, warned="at_risk" in told.columns)
    template = _template(published, told, quick=quick)
    mistakes = _mistakes(published, told, quick=quick)
    networks, books = ((), ()) if quick else (of_networks(published), of_books(published))
    lags = (networks[0].name, "try-rnn") if networks else (published.name,)
    return Reproduction(
        name="stock-selection",
        title=Text(en="Stock selection with an LSTM", zh="LSTM 选股"),
        document=Text(
            en="An LSTM over five days of seven price ratios ranks all A shares every day; the best thirty are bought",
            zh="LSTM 以五日、七个价格比率因子每日为全部 A 股排序，买入前三十名",
        ),
        studies=(walk, published, average, next_open, *mistakes, template, *networks, *books),
        lead=walk.name,
        shown=(
            Shown("A1", "gradients", lags),
            Shown("A2", "gates", (published.name,)),
            Shown("A3", "pipeline", (walk.name,)),
            Shown("A4", "network", (published.name,)),
            Shown("A5", "equity", (walk.name,)),
            Shown("A5p", "equity", (published.name,)),
            Shown("A6", "losses", (published.name,)),
            Shown("A6m", "metrics", (published.name,)),
            Shown("A7", "held", (walk.name,)),
            Shown("A7s", "spending", (walk.name,)),
            Shown("A8", "holding-time", (walk.name, average.name)),
            Shown("S1", "seeds", (walk.name, published.name, average.name, next_open.name)),
        ),
        claims=claims if _real(source) else elsewhere(claims),
        stamps=(*((QUICK,) if quick else ()), *(() if _boosts() else (UNBOOSTED,))),
        contrasts=(
            Contrast(
                "mistakes",
                Text(en="What each mistake is worth", zh="每个错误的代价"),
                published.name,
                (*(study.name for study in mistakes), template.name),
            ),
            Contrast(
                "readings",
                Text(en="What each reading is worth", zh="不同读法之差"),
                published.name,
                (average.name, next_open.name),
            ),
            *contrasts(networks, books, published),
        ),
        compared=(published.name, template.name, walk.name),
    )


def _here(*, quick: bool) -> Source:
    """The A shares of the store; the quick form is always of a synthetic market, which is read in a second."""
    if quick:
        return StockWorld(assets=120, sessions=500, seed=1, ic=0.1)
    if "ashare" in Store.default().list():
        return Stored(dataset="ashare")
    return StockWorld(assets=500, sessions=2430, seed=1, ic=0.05)


def _real(source: Source) -> bool:
    """Whether the document's own years lie in a source."""
    return isinstance(source, Stored)


class _About(NamedTuple):
    """What is asked of a source before anything is run; of a stored one its card tells it, and no bar is read."""

    columns: tuple[str, ...]
    kind: str
    title: str
    times: TimeArray | None


def _told(source: Source) -> _About:
    """What the source has; raises `SettingError` for anything but stocks."""
    if isinstance(source, Stored):
        card = Store.default().describe(source.dataset)
        told = _About(tuple(card.columns), card.spec.kind, card.spec.title, None)
    else:
        bars = source.bars()
        told = _About(tuple(bars.frame.columns), bars.spec.kind, bars.spec.title, bars.times)
    if told.kind != "stock":
        raise SettingError(
            "this study ranks stocks",
            where=told.title,
            expected="data of the kind stock",
            found=told.kind,
            hint="import with -s kind=stock, or leave --data out for the synthetic market",
        )
    return told


def _boosts() -> bool:
    """Whether the library of the boosted ranker is there; where it is not, the report says that this rival is missing."""
    return find_spec("lightgbm") is not None


def _index(source: Source) -> Source | None:
    return Stored(dataset="csi300") if _real(source) and "csi300" in Store.default().list() else None


def _shares(slippage: int = 0) -> AShare:
    """0.03 % a side, at least 5 yuan, and the stamp duty of the day on sales, which was 0.1 % in these years."""
    return AShare(commission=0.0003, minimum_commission_yuan=5.0, slippage_ticks=slippage)


def _network(units: int = UNITS, dense: int = DENSE) -> RecurrentNetwork:
    """LSTM → dropout → dense tanh → dropout → one linear score; Keras 2's hard sigmoid, which the document's years had."""
    return RecurrentNetwork(
        cell=LSTM(
            hidden=units,
            activation="tanh",
            gate_activation="hard_sigmoid_keras2",
            kernel_initialiser="glorot_uniform",
            recurrent_initialiser="orthogonal",
            unit_forget_bias=True,
        ),
        dense=(dense,),
        activation="tanh",
        dropout=0.2,
        output_activation="linear",
    )


def _published(source: Source, *, quick: bool) -> Study:
    known = _real(source)
    split: Split = (
        SingleSplit(train_end=date(2015, 12, 31), test_start=date(2016, 1, 1), test_end=date(2019, 12, 31))
        if known
        else ShareSplit(train=0.6)
    )
    return Study(
        name="published",
        title=Text(en="As published", zh="按原文"),
        source=source,
        universe=(),
        span=Dates(first=FIRST if known else None, last=date(2019, 12, 31) if known else None),
        factors=PriceRatios(),
        steps=(DropExtremes(bounds=Quantiles(lower=0.005, upper=0.995), scope="asset"),),
        lookback=WINDOW,
        count="rows",
        label=FillableReturn(horizon=PRINTED),
        normaliser=Standard(clip=5.0),
        target_scaling=ClippedTarget(lower=0.01, upper=0.99),
        split=split,
        model=_network(8, 8) if quick else _network(),
        training=TRAINING.but(epochs=3) if quick else TRAINING,
        seeds=tuple(range(2 if quick else 10)),
        rivals=(
            Linear(),
            OneField(field="close_to_mean_5", direction="down"),
            Drift(speaks="return"),
            *((Ranker(smallest_leaf=50 if quick else 1000),) if _boosts() else ()),
        ),
        strategy=RankAndHold(names=30, days=5, holding="at least", cap=0.2, spend=1.5, sell_at="close"),
        markets=(_shares(),),
        execution=Execution(participation=0.025),
        index=_index(source),
        capital=1_000_000.0,
        gates=20 if quick else 200,
        watch_test=True,
    )


def _walk(published: Study, *, warned: bool) -> Study:
    """The honest headline: both sides at the next open, one tick worse, on shares that one would have bought."""
    split: Split = (
        WalkForward(first_test=date(2016, 1, 1), every="year")
        if _real(published.source)
        else ShareSplit(train=0.5, valid=0.1)
    )
    filters: tuple[UniverseRule, ...] = (Trading(), ListingAge(sessions=60), *((NoRiskWarning(),) if warned else ()))
    return published.but(
        name="walk",
        title=Text(en="Walk-forward, next open", zh="逐年滚动、次日开盘成交"),
        label=published.label.but(horizon=HONEST),
        split=split,
        strategy=_held(published).but(sell_at="open"),
        markets=(_shares(slippage=1),),
        filters=filters,
        watch_test=False,
    )


def _template(published: Study, told: _About, *, quick: bool) -> Study:
    """The public template as it is, with all that is wrong with it."""
    return published.but(
        name="template",
        title=Text(en="The public template as it is", zh="公开模板原样"),
        normaliser=StandardEachSide(clip=5.0),
        split=_overlapping(told),
        model=_scrambled(_tanh(published)),
        seeds=published.seeds if quick else (0, 1, 2),
        rivals=(),
        strategy=_held(published).but(holding="average"),
        gates=0,
        stamps=(SATURATES,),
        watch_test=False,
    )


def _mistakes(published: Study, told: _About, *, quick: bool) -> tuple[Study, ...]:
    """One mistake each: what differs from `published` is the mistake alone, and so is what it costs.

    Where only the market differs the networks are those of `published`; others are not watched as they learn.
    """
    kinds: tuple[tuple[str, Text, dict[str, object]], ...] = (
        ("axes", Text(en="Scrambled axes", zh="坐标轴打乱"), {"model": _scrambled(_network_of(published))}),
        (
            "standardised",
            Text(en="Judged data standardised by itself", zh="评判数据自行标准化"),
            {"normaliser": StandardEachSide(clip=5.0)},
        ),
        ("overlap", Text(en="Overlapping years", zh="训练与评判年份重叠"), {"split": _overlapping(told)}),
        (
            "tanh",
            Text(en="Saturating output", zh="输出饱和"),
            {"model": _tanh(published), "stamps": (SATURATES,)},
        ),
        (
            "lots",
            Text(en="Lots on adjusted prices", zh="按复权价计手数"),
            {"markets": (AdjustedLots(inner=_shares()),)},
        ),
        ("fills", Text(en="Impossible fills", zh="不可能的成交"), {"markets": (ImpossibleFills(inner=_shares()),)}),
    )
    return tuple(
        published.but(
            name=f"mistake-{name}",
            title=title,
            seeds=published.seeds if quick else (0, 1, 2),
            rivals=(),
            gates=0,
            watch_test="markets" in changes,
            **changes,
        )
        for name, title, changes in kinds
    )


def _overlapping(told: _About) -> OverlappingSplit:
    """2016 in both ranges; on other data, the first half of what is judged."""
    if told.times is None:
        return OverlappingSplit(train_end=date(2016, 12, 31), test_start=date(2016, 1, 1), test_end=date(2019, 12, 31))
    times = told.times.astype("datetime64[D]")
    first, last = times[round(len(times) * 0.6)], times[round(len(times) * 0.8)]
    return OverlappingSplit(train_end=last.item(), test_start=first.item())


def _network_of(study: Study) -> RecurrentNetwork:
    assert isinstance(study.model, RecurrentNetwork)
    return study.model


def _tanh(study: Study) -> RecurrentNetwork:
    return _network_of(study).but(output_activation="tanh")


def _scrambled(network: RecurrentNetwork) -> ScrambledAxes:
    """Windows of (5, 7) read off as (7, 5), as the template's reshape does."""
    return ScrambledAxes(inner=network, rows=FACTORS, columns=WINDOW)


def _held(study: Study) -> RankAndHold:
    assert isinstance(study.strategy, RankAndHold)
    return study.strategy
