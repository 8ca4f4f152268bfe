"""Stock ranks: a small LSTM ranks a market of A shares every day, and the best ranked are bought and held five days.

The same machinery that a published stock selection needs, in small and with a known answer: on the synthetic market that
comes along, unusual turnover tells a little of the next returns and nothing else does. So the report can say how much of
what is there was found, what was left of it after lots, limits, suspensions, fees and slippage, and how much a ranker
that knows nothing would have earned.

Choices that matter: features and label are of the share alone, so that nothing of a date's other shares is needed; the
universe is filtered after each close; a decision is filled at the next open, by the law of the day.
"""

from tidegate.data.source import Source
from tidegate.data.stock_world import StockWorld
from tidegate.errors import SettingError
from tidegate.factors.raw import RawFields
from tidegate.learn.losses import MSE
from tidegate.learn.optimisers import Adam
from tidegate.learn.target import StandardTarget
from tidegate.learn.training import EarlyStopping, Training
from tidegate.market.a_share import AShare
from tidegate.market.universe import UniverseRule
from tidegate.market.universe_rules import ListingAge, NoRiskWarning, Trading
from tidegate.models.cells.lstm import LSTM
from tidegate.models.linear import Linear
from tidegate.models.persistence import Persistence
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.split import ShareSplit
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.study.declare import Dates, Study
from tidegate.study.reproduction import Reproduction
from tidegate.types.clock import Horizon
from tidegate.types.report import Text

__all__ = ["declare"]

HORIZON = Horizon(lag=1, span=5)
"""In at the next open, out at the open five bars later: as long as a share is held at least."""

TRAINING = Training(
    loss=MSE(), optimiser=Adam(rate=5e-3), epochs=8, batch=256, early_stopping=EarlyStopping(patience=3)
)
QUICK = Text(
    en="Quick form: settings are cut down until a run takes a minute. Its figures show that everything works, not what is true.",
    zh="快速版：各项设置缩减至一分钟内可完成。其数字只说明流程可用，不足以下结论。",
)


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The study on `source`, a market of A shares; on the synthetic one if none is named."""
    lead = _ranks(source, quick=quick)
    studies = [lead]
    if not quick:
        assert isinstance(lead.strategy, RankAndHold)
        studies += [
            lead.but(
                name="ranks-average",
                title=Text(en="Held five days on average", zh="平均持有五日"),
                strategy=lead.strategy.but(holding="average"),
            ),
            lead.but(
                name="ranks-equal",
                title=Text(en="Equal weights", zh="等权买入"),
                strategy=lead.strategy.but(weights="equal"),
            ),
        ]
    return Reproduction(
        name="stock-ranks",
        title=Text(en="Ranking stocks with an LSTM", zh="LSTM 选股排序"),
        document=Text(
            en="A small LSTM ranks a market of A shares every day; the best ranked are bought and held five days",
            zh="小型 LSTM 每日为 A 股排序，买入排名靠前者并持有五日",
        ),
        studies=tuple(studies),
        lead=lead.name,
        stamps=(QUICK,) if quick else (),
    )


def _ranks(source: Source | None, *, quick: bool) -> Study:
    world = StockWorld(assets=150 if quick else 500, sessions=600 if quick else 1500, seed=1, ic=0.1 if quick else 0.05)
    return Study(
        name="ranks",
        title=Text(en="LSTM ranks", zh="LSTM 排序"),
        source=world if source is None else source,
        universe=(),
        span=Dates(first=None, last=None),
        factors=RawFields(fields=("close", "volume")),
        lookback=10,
        count="rows",
        label=ForwardReturn(horizon=HORIZON, clip=0.3),
        normaliser=WindowZScore(),
        target_scaling=StandardTarget(),
        split=ShareSplit(train=0.5, valid=0.1),
        model=RecurrentNetwork(cell=LSTM(hidden=16), dense=(16,)),
        training=TRAINING.but(epochs=4) if quick else TRAINING,
        seeds=tuple(range(2 if quick else 5)),
        rivals=(Linear(), Persistence(speaks="return")),
        strategy=RankAndHold(names=10 if quick else 30, days=5),
        markets=(AShare(),),
        filters=_filters(source),
        capital=1_000_000.0,
        gates=100 if quick else 500,
    )


def _filters(source: Source | None) -> tuple[UniverseRule, ...]:
    """What traded, was listed for a while and, where the data tell, is under no risk warning."""
    plain = (Trading(), ListingAge(sessions=60))
    if source is None:
        return (*plain, NoRiskWarning())
    bars = source.bars()
    if bars.spec.kind != "stock":
        raise SettingError(
            "this study ranks stocks",
            where=bars.spec.title,
            expected="data of the kind stock",
            found=bars.spec.kind,
            hint="import with -s kind=stock, or leave --data out for the synthetic market",
        )
    return (*plain, NoRiskWarning()) if bars.has("at_risk") else plain
