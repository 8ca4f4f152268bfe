"""Pooled industries: one network for all shares, one for each industry, and one for each of as many groups by lot.

The index-timing document promises that all shares of an industry will be trained together, and stops there. Three
studies that differ in nothing but the pool answer what comes of it: one network learns from everybody; the largest
industries have one each, and the rest share one; and, so that a gain is not laid at the industries' door that any
smaller pool would bring, shares dealt into groups by their names alone have one each.

Choices that matter: daily price ratios, which tell no industry by themselves; every member learns as long, and from
its own group's windows only, so a pool trades bias for fewer samples; classes are static, which the report says. On the
synthetic market that comes along industries tell nothing of returns, and neither does any price: whoever finds a
difference there has found luck.
"""

from tidegate.data.share_world import ShareWorld
from tidegate.data.source import Source
from tidegate.errors import SettingError
from tidegate.factors.asset_class import AssetClass
from tidegate.factors.base import FactorSet
from tidegate.factors.dealt_group import DealtGroup
from tidegate.factors.expressions import PriceRatios
from tidegate.factors.together import Together
from tidegate.learn.losses import MSE
from tidegate.learn.optimisers import Adam
from tidegate.learn.target import StandardTarget
from tidegate.learn.training import Training
from tidegate.models.base import Network
from tidegate.models.cells.lstm import LSTM
from tidegate.models.linear import Linear
from tidegate.models.pooled import Pooled
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.scalers import Standard
from tidegate.prepare.split import ShareSplit
from tidegate.study.declare import Dates, Study
from tidegate.study.reproduction import Reproduction
from tidegate.types.clock import Horizon
from tidegate.types.report import Text

__all__ = ["declare"]

BY = "csrc_section"
GROUPS = 12
QUICK = Text(
    en="Quick form: settings are cut down until a run takes a minute. Its figures show that everything works, not what is true.",
    zh="快速版：各项设置缩减至一分钟内可完成。其数字只说明流程可用，不足以下结论。",
)


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """The three studies on `source`, a market of shares with classes; on the synthetic one if none is named."""
    if source is not None and source.reported().classes is None:
        raise SettingError(
            "this study pools shares by industry, and the data have no classes",
            expected=f"a table of classes with {BY}",
            hint="import one with the data, or leave --data out for the synthetic market",
        )
    whole = _one_for_all(source, quick=quick)
    assert isinstance(whole.model, Network)
    least = 500 if quick else 5000
    pooled = Pooled(member=whole.model, groups=GROUPS, at_least=least)
    return Reproduction(
        name="pooled-industries",
        title=Text(en="One network for an industry", zh="按行业合并训练"),
        document=Text(
            en="The index-timing document's outlook: all shares of an industry trained together",
            zh="指数择时原文的展望：同一行业的股票一起训练",
        ),
        studies=(
            whole,
            _with(whole, AssetClass(by=BY), pooled).but(
                name="by-industry", title=Text(en="One for each industry", zh="每个行业一个网络")
            ),
            _with(whole, DealtGroup(groups=GROUPS), pooled).but(
                name="by-lot", title=Text(en="One for each group by lot", zh="随机分组，每组一个网络")
            ),
        ),
        lead="by-industry",
        stamps=(QUICK,) if quick else (),
    )


def _with(whole: Study, groups: FactorSet, pooled: Pooled) -> Study:
    """The same study with a network a group, which the context tells."""
    field = "asset_class" if isinstance(groups, AssetClass) else "dealt_group"
    sets = Together(sets=(whole.factors, groups))
    return whole.but(factors=sets, context=(field,), model=pooled, rivals=())


def _one_for_all(source: Source | None, *, quick: bool) -> Study:
    world = ShareWorld(assets=120 if quick else 600, sessions=400 if quick else 1500, seed=1, ic=0.1)
    return Study(
        name="one-for-all",
        title=Text(en="One for all", zh="全部股票一个网络"),
        source=world if source is None else source,
        universe=(),
        span=Dates(first=None, last=None),
        factors=PriceRatios(),
        lookback=5,
        count="rows",
        label=ForwardReturn(horizon=Horizon(lag=1, span=5), clip=0.3),
        normaliser=Standard(),
        target_scaling=StandardTarget(),
        split=ShareSplit(train=0.6),
        model=RecurrentNetwork(cell=LSTM(hidden=8 if quick else 32), dense=()),
        training=Training(loss=MSE(), optimiser=Adam(rate=2e-3), epochs=1 if quick else 5, batch=1000),
        seeds=tuple(range(2 if quick else 5)),
        rivals=(Linear(),),
        strategy=None,
        markets=(),
    )
