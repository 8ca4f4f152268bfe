"""Rebar futures: an LSTM says where the next bar closes, five minutes, an hour or a day ahead, from one field or six.

The document (main contract, 2016-07 … 2019-08) scales prices to 0 … 1, feeds the last bar alone, reports losses, seconds
and an error in yuan, and trades hourly against its forecast. It never shows what saying "the last price" would err by.
This file declares what was printed, and what it takes to judge it:

5m-…, 1h-…, 1d-…   one field (`uni`) and six (`multi`), as printed; each beside persistence, drift and a ridge regression
1hw-…              hours of the index weighted over contracts, which have an open interest: forecasts only
if-…               the same on CSI 300 index futures, five minutes
1h-rows-…          more bars of context: 5, 20, 60
…-return           the next return in place of the next level, 20 bars, each window standardised by itself
1h-contract, 1d-contract   levels of the contracts themselves: nothing joined, prices begin anew at each change
1h-gru, 1h-min-lstm, 1h-direction, 1h-q-…   other cells, the sign alone, quantiles

What the document leaves open is decided here, marked (?), and told in the report:

- 50 units, 50 epochs, batches of 72, no dropout (?): the usual sizes of this recipe. The loss is the mean absolute error
  (?): the printed losses are of its size, a squared one would be ten times smaller.
- CSI 300 futures, and five-minute returns, learn for 10 epochs: their windows make as many steps, or are 20 bars long.
- prices are joined by the recorded ratio at each change of contract, so that no roll is a return of a feature, a label
  or a trade (?): the document's series was most likely joined without. Errors are told in yuan of the contract traded.
- which of its months a data set has is asked of the bars: nineteen of twenty sessions make them the document's months,
  a tenth keeps the study within them; each data set is stamped with what it has.
"""

from datetime import date
from itertools import takewhile

from tidegate.data.rebar_world import RebarWorld
from tidegate.data.rolled import ContractLevels, DeliveryWeeks, RolledBars
from tidegate.data.source import Source
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.factors.raw import RawFields
from tidegate.learn.losses.classes import BinaryCrossEntropy
from tidegate.learn.losses.regression import MAE, MSE, Quantile
from tidegate.learn.optimisers import Adam
from tidegate.learn.target import Classes, MinMaxTarget, StandardTarget
from tidegate.learn.training import Training
from tidegate.market.base import Market
from tidegate.market.index_future import IndexFuture
from tidegate.market.rebar_future import RebarFuture
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_lstm import MinLSTM
from tidegate.models.drift import Drift
from tidegate.models.linear import Linear
from tidegate.models.majority import Majority
from tidegate.models.persistence import Persistence
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.models.zero import Zero
from tidegate.prepare.direction import Direction
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.future_level import FutureLevel
from tidegate.prepare.scalers import MinMax
from tidegate.prepare.split import ShareSplit
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.strategy.drawdown_switch import DrawdownSwitch
from tidegate.strategy.fixed_fraction import FixedFraction
from tidegate.strategy.margin_cap import MarginCap
from tidegate.strategy.open_against_forecast import OpenAgainstForecast
from tidegate.strategy.stop_loss import StopLoss
from tidegate.strategy.volatility_scaled import VolatilityScaled
from tidegate.study.declare import Dates, Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.bars import Bars
from tidegate.types.clock import Horizon
from tidegate.types.report import Text
from tidegate_studies.multifactor import elsewhere
from tidegate_studies.rebar_futures_claims import claims
from tidegate_studies.rebar_futures_months import FIRST, LAST, SWITCHES, invented, months_stamp, within

__all__ = ["declare"]

NEXT_CLOSE = Horizon(lag=0, span=1, entry="close", exit="close")
FIELDS = RawFields(
    fields=("open", "close", "high", "low", "volume", "open_interest"), optional=("volume", "open_interest")
)
UNITS, CONTEXT = 50, 20
TRAINING = Training(loss=MAE(), optimiser=Adam(rate=1e-3), epochs=50, batch=72)
_NAMES = frozenset({"rebar-daily", "rebar-60min", "rebar-5min", "rebar-weighted-60min", "csi300-future-5min"})
"""Data sets of the store that it takes by itself."""
INDEX = Text(
    en="1 hour, weighted: an index over contracts; nobody can trade it.",
    zh="1 小时加权：合约加权指数，不可交易。",
)
QUICK = Text(
    en="Quick form: a short synthetic market, few seeds, few epochs. Its figures show that everything works, not what is "
    "true.",
    zh="快速版：短的模拟市场，种子与训练轮数均较少。其数字只说明流程可用，不足以下结论。",
)
QUICK_GIVEN = Text(
    en="Quick form: few seeds, few epochs. Its figures show that everything works, not what is true.",
    zh="快速版：种子与训练轮数均较少。其数字只说明流程可用，不足以下结论。",
)
UNREAD = Text(
    en="The store's own bars of rebar are left alone by the quick form: it is without --quick that they are run, or one "
    "of them with --data store:NAME.",
    zh="快速版不读取数据仓库中的螺纹钢行情：去掉 --quick 即可使用，或以 --data store:NAME 指定其一。",
)
UNTRADED = Text(
    en="As declared, forecasts only: fees, limits and lots are known here of rebar (codes RB…) and CSI 300 futures (IF…), and these "
    "bars are of neither; a market by its own terms is `listed-future` (docs/rebar-futures.md shows how to set it).",
    zh="默认仅预测，不交易：此处只备有螺纹钢（代码 RB…）与沪深300股指期货（IF…）的手续费、涨跌停与手数；其他品种可自行给定 "
    "`listed-future` 市场（设置方法见 docs/rebar-futures.md）。",
)
SYNTHETIC = Text(
    en="No bars of rebar were found in the store: a synthetic market stands in, whose prices nobody can forecast.",
    zh="数据仓库中没有螺纹钢行情：以模拟市场代替，其价格本就无法预测。",
)
WHAT = {
    "5m": Text(en="5 minutes", zh="5 分钟"),
    "1h": Text(en="1 hour", zh="1 小时"),
    "1d": Text(en="1 day", zh="1 日"),
    "1hw": Text(en="1 hour, weighted index", zh="1 小时（加权）"),
    "if": Text(en="CSI 300 futures, 5 minutes", zh="沪深300期货 5 分钟"),
    "own": Text(en="given bars", zh="所给数据"),
}


class _Ground:
    """One data set of the study: its short name, its bars, the days of them, and what must be said of its period."""

    def __init__(
        self, key: str, source: Source, first: date | None, last: date | None, stamp: Text | None, *, drawn: bool
    ) -> None:
        self.key, self.source, self.span, self.stamp = key, source, Dates(first=first, last=last), stamp
        self.drawn = drawn
        """Whether its bars were drawn and never traded."""


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The reproduction on the bars of the store, on one `source` of your own, or on the synthetic market."""
    grounds = _grounds(source, quick=quick)
    pairs = {ground.key: _pair(ground, quick=quick) for ground in grounds}
    main = next((key for key in ("1h", "own", "1d") if key in pairs), next(iter(pairs)))
    market = _market(next(ground for ground in grounds if ground.key == main))
    lead = pairs[main][0] if market is None else _traded(pairs[main][0], market, quick=quick)
    studies = [lead if study.name == lead.name else study for pair in pairs.values() for study in pair]
    better = {key: _return(pair[1], key, quick=quick) for key, pair in pairs.items() if key not in {"1hw", "if"}}
    if market is not None:
        better[main] = _traded(better[main], market, quick=quick)
    joined = [pairs[key][0] for key in ("1h", "1d") if key in pairs]
    trials = () if quick else (*map(_contract, joined), *_trials(pairs[main][0], better[main], main))
    contracts = tuple(study.name for study in trials if study.name.endswith("-contract"))
    rows = tuple(study.name for study in trials if "-rows-" in study.name)
    levels = tuple(study.name for study in studies)
    three = tuple(key for key in pairs if key in {"5m", "1h", "1d"}) or tuple(pairs)
    uni, multi = (tuple(pairs[key][side].name for key in three) for side in (0, 1))
    everyone = (*studies, *better.values(), *trials)
    return Reproduction(
        name="rebar-futures",
        title=Text(en="Rebar futures at three frequencies", zh="三种频率的螺纹钢期货预测"),
        document=Text(
            en="An LSTM forecasts the next close of rebar from one field or six, at 5 minutes, 1 hour and 1 day",
            zh="LSTM 以单变量或多变量预测螺纹钢下一根K线收盘价：5 分钟、1 小时、1 日",
        ),
        studies=everyone,
        lead=lead.name,
        shown=(
            Shown("C1", "activations", (lead.name,)),
            Shown("C2", "losses", uni),
            *(Shown(f"C{at}", "level-forecast", (name,)) for at, name in enumerate(uni, 3)),
            Shown("C6", "losses", multi),
            *(Shown(f"C{at}", "level-forecast", (name,)) for at, name in enumerate(multi, 7)),
            *((Shown("C10", "equity", (lead.name,)),) if market is not None else ()),
            Shown("C11", "error-ratio", (*levels, *rows, *(one.name for one in better.values()), *contracts)),
            Shown("C12", "lag-correlation", levels),
            Shown("C13", "level-zoom", (lead.name,)),
            *((Shown("C14", "cost-views", (lead.name,)),) if market is not None else ()),
            Shown("C15", "training-work", levels),
            Shown("C16", "level-regimes", (*uni, *multi)),
            Shown("C17", "rolls", tuple(pairs[key][0].name for key in three)),
        ),
        claims=elsewhere(claims) if any(ground.drawn for ground in grounds) else claims,
        stamps=(
            *((QUICK if _synthetic(grounds) else QUICK_GIVEN,) if quick else ()),
            *((UNREAD,) if quick and source is None and _NAMES & set(Store.default().list()) else ()),
            *((UNTRADED,) if market is None else ()),
            *((SYNTHETIC,) if source is None and not quick and _synthetic(grounds) else ()),
            *(ground.stamp for ground in grounds if ground.stamp is not None),
            *((INDEX,) if "1hw" in pairs else ()),
            *((SWITCHES,) if any(_recorded(ground) for ground in grounds) else ()),
        ),
    )


def _market(ground: _Ground) -> Market | None:
    """Where a ground is traded: rebar's market, or that of given bars by the letters of their one asset's code."""
    if ground.key != "own":
        return RebarFuture() if ground.key in {"1h", "1d"} else None
    assets = ground.source.bars().assets
    letters = "".join(takewhile(str.isalpha, assets[0])).upper() if len(assets) == 1 else ""
    return {"RB": RebarFuture(), "IF": IndexFuture()}.get(letters)


def _contract(uni: Study) -> Study:
    """Levels of the contracts themselves, which the document's series most likely were, without the rolls' moves."""
    return uni.but(
        name=f"{uni.name.split('-')[0]}-contract",
        title=Text(en=f"{uni.title.en}, contracts not joined", zh=f"{uni.title.zh}，合约不拼接"),
        source=ContractLevels(held=uni.source),
        strategy=None,
        markets=(),
        managed=(),
        gates=0,
    )


def _recorded(ground: _Ground) -> bool:
    """Whether a vendor wrote down when the contract changed."""
    return not ground.drawn and ground.key in {"5m", "1h", "1d"}


def _synthetic(grounds: tuple[_Ground, ...]) -> bool:
    return all(isinstance(ground.source, RebarWorld) for ground in grounds)


def _grounds(source: Source | None, *, quick: bool) -> tuple[_Ground, ...]:
    """What there is: of the store, of a world at three frequencies, or one source as it is."""
    if source is None and not quick and (held := _stored()):
        return held
    world = source or RebarWorld(sessions=240 if quick else 775, seed=1, frequency="60min")
    if isinstance(world, RebarWorld):
        return tuple(
            _Ground(key, world.but(frequency=frequency), None, None, None, drawn=True)
            for key, frequency in (("5m", "5min"), ("1h", "60min"), ("1d", "1d"))
        )
    drawn = not isinstance(world, Stored) or invented(world.bars().spec)
    return (_Ground("own", world, None, None, None, drawn=drawn),)


def _stored() -> tuple[_Ground, ...]:
    """The data sets of the store, each with the months that it has of the document's."""
    names, made = set(Store.default().list()) & _NAMES, []
    daily = Stored(dataset="rebar-daily")
    if "rebar-daily" in names:
        for key, name in (("5m", "rebar-5min"), ("1h", "rebar-60min")):
            if name in names:
                short = Stored(dataset=name)
                made.append(_held(key, RolledBars(short=short, daily=daily), short.bars()))
        made.append(_held("1d", daily, daily.bars()))
    if "rebar-weighted-60min" in names:
        weighted = Stored(dataset="rebar-weighted-60min")
        made.append(_held("1hw", weighted, weighted.bars()))
    if "csi300-future-5min" in names:
        index = Stored(dataset="csi300-future-5min")
        bars = index.bars()
        stamp = months_stamp(bars, WHAT["if"], published=False)
        made.append(_Ground("if", DeliveryWeeks(held=index), None, None, stamp, drawn=invented(bars.spec)))
    return tuple(made)


def _held(key: str, source: Source, bars: Bars) -> _Ground:
    """A data set of rebar: within the document's months where it has some of them, else whole."""
    first, last = (FIRST, LAST) if within(bars) else (None, None)
    return _Ground(key, source, first, last, months_stamp(bars, WHAT[key]), drawn=invented(bars.spec))


def _pair(ground: _Ground, *, quick: bool) -> tuple[Study, Study]:
    """One field and six, as printed: the last bar alone, levels scaled to 0 … 1."""
    key, what = ground.key, WHAT[ground.key]
    epochs = {"5m": 2, "1h": 8, "1d": 30}.get(key, 5) if quick else 10 if key == "if" else TRAINING.epochs
    uni = Study(
        name=f"{key}-uni",
        title=Text(en=f"{what.en}, close alone", zh=f"{what.zh}，单变量"),
        source=ground.source,
        universe=(),
        span=ground.span,
        factors=RawFields(fields=("close",)),
        lookback=1,
        count="rows",
        label=FutureLevel(horizon=NEXT_CLOSE),
        normaliser=MinMax(),
        target_scaling=MinMaxTarget(),
        split=ShareSplit(train=0.70, valid=0.15),
        model=RecurrentNetwork(cell=LSTM(hidden=8 if quick else UNITS), dense=()),
        training=TRAINING.but(epochs=epochs),
        seeds=tuple(range(2 if quick else 3 if key in {"5m", "if"} else 5)),
        rivals=(Persistence(speaks="level"), Drift(speaks="level"), Linear()),
        strategy=None,
        markets=(),
        gates=0,
        watch_test=True,
    )
    multi = uni.but(
        name=f"{key}-multi", title=Text(en=f"{what.en}, several fields", zh=f"{what.zh}，多变量"), factors=FIELDS
    )
    return uni, multi


def _traded(study: Study, market: Market, *, quick: bool) -> Study:
    """The document's strategy: against the forecast, from the open to the close of every bar, the whole of equity.

    Beside it the risk management that the document left out (?): half of equity; sized to 0.4 % of volatility a bar; at
    most 5 % of equity as margin; a stop at one percent; a switch that shuts after a fall of five percent.
    """
    printed = OpenAgainstForecast(rule="as printed")
    managed = (
        FixedFraction(inner=printed, fraction=0.5),
        VolatilityScaled(inner=printed, target=0.004),
        MarginCap(inner=printed, share=0.05),
        StopLoss(inner=printed, distance=0.01),
        DrawdownSwitch(inner=printed, fall=0.05),
    )
    return study.but(strategy=printed, markets=(market,), gates=50 if quick else 500, managed=managed)


def _return(multi: Study, key: str, *, quick: bool) -> Study:
    """What should work better: the next return, from twenty bars that are standardised by themselves."""
    assert multi.training is not None
    fewer = {"epochs": 10} if key == "5m" and not quick else {}
    return multi.but(
        name=f"{key}-return",
        title=Text(en=f"{WHAT[key].en}, next return, {CONTEXT} bars", zh=f"{WHAT[key].zh}，收益标签，{CONTEXT} 根"),
        lookback=CONTEXT,
        label=ForwardReturn(horizon=NEXT_CLOSE),
        normaliser=WindowZScore(),
        target_scaling=StandardTarget(),
        training=multi.training.but(loss=MSE(), **fewer),
        rivals=(Zero(), Drift(speaks="return"), Linear()),
    )


def _trials(uni: Study, better: Study, key: str) -> tuple[Study, ...]:
    """More bars of context, other cells, the sign alone, and quantiles."""
    what = WHAT[key]
    assert better.training is not None
    seeds = uni.seeds[:3]
    flat = better.but(strategy=None, markets=(), managed=(), gates=0, seeds=seeds)
    rows = tuple(
        uni.but(
            name=f"{key}-rows-{count}",
            title=Text(en=f"{what.en}, close alone, {count} bars", zh=f"{what.zh}，单变量，{count} 根"),
            lookback=count,
            seeds=seeds,
            strategy=None,
            markets=(),
            managed=(),
            gates=0,
        )
        for count in (5, 20, 60)
    )
    cells = tuple(
        flat.but(
            name=f"{key}-{cell.name}",
            title=Text(en=f"{what.en}, next return, {title}", zh=f"{what.zh}，收益标签，{title}"),
            model=RecurrentNetwork(cell=cell, dense=()),
        )
        for cell, title in ((GRU(hidden=UNITS), "GRU"), (MinLSTM(hidden=UNITS), "minLSTM"))
    )
    sign = flat.but(
        name=f"{key}-direction",
        title=Text(en=f"{what.en}, the sign alone", zh=f"{what.zh}，仅方向"),
        label=Direction(horizon=NEXT_CLOSE),
        target_scaling=Classes(first=-1.0, step=2.0),
        training=better.training.but(loss=BinaryCrossEntropy()),
        rivals=(Majority(), Linear()),
    )
    quantiles = tuple(
        flat.but(
            name=f"{key}-q-{level}",
            title=Text(en=f"{what.en}, {level} % quantile of the return", zh=f"{what.zh}，收益的 {level}% 分位"),
            training=better.training.but(loss=Quantile(level=level / 100)),
            rivals=(Zero(),),
        )
        for level in (10, 50, 90)
    )
    return (*rows, *cells, sign, *quantiles)
