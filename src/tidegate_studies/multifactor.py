"""What the two multi-factor documents share: the panel of (stock, month, factor), its preparation, and the protocol.

Both train on the months from 2007-05 to 2016-04 and are judged from 2016-05 on; both take 24 months of 48 factors of
ten styles into a recurrent network that names one of three classes of next month's return. What they leave open is
decided here, marked (?), and told in the report:

- months run from the last session's close to the next month's last close, as a frictionless net value does (?); nobody
  could have bought at the close that decided. The walk-forward study beside it enters at the next open.
- extremes are pulled in to five median absolute deviations (?); the industries are the CSRC's (?), as somebody looked
  them up once, so not point in time; a missing factor is put at its date's mean (?).
- windows count rows: months in which a share did not trade are left out (?), which is what comes nearest to the
  documents' 180,000 samples. Prices here begin in 2006-06, so the first anchors lie two years later than theirs.
- the learning rate, printed as "0001", is read as 0.001 (?).
"""

from collections.abc import Callable
from datetime import date
from math import gcd

from tidegate.data.share_world import ShareWorld
from tidegate.data.source import Source
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.factors.base import FactorSet
from tidegate.factors.styles.multi_factor import MultiFactor
from tidegate.learn.losses.classes import CrossEntropy
from tidegate.learn.optimisers import Adam
from tidegate.learn.sampling import Drawn
from tidegate.learn.target import Classes
from tidegate.learn.training import Training
from tidegate.learn.watch import Watch
from tidegate.market.a_share import AShare
from tidegate.models.base import Network
from tidegate.models.linear import Linear
from tidegate.models.majority import Majority
from tidegate.prepare.extremes import Winsorise
from tidegate.prepare.hold_out import RandomWindows
from tidegate.prepare.missing import FillMissing
from tidegate.prepare.neutralise import Neutralise
from tidegate.prepare.return_classes import ReturnClasses
from tidegate.prepare.scalers import AsGiven
from tidegate.prepare.split import ShareSplit, SingleSplit, Split, WalkForward
from tidegate.prepare.z_score import ZScore
from tidegate.strategy.groups import Groups
from tidegate.study.declare import Dates, Study
from tidegate.study.findings import Findings
from tidegate.types.clock import Horizon
from tidegate.types.report import Claim, Text

__all__ = [
    "HONEST",
    "MONTHS",
    "QUICK",
    "STEPS",
    "elsewhere",
    "here",
    "iterations",
    "monthly",
    "on_the_engine",
    "real",
    "walked",
    "walking",
]

MONTHS = 24
PRINTED = Horizon(lag=0, span=1, entry="close", exit="close")
HONEST = Horizon(lag=1, span=1)
"""Decided at a month's last close, in at the next month's first open, out at the first open of the month after."""

STEPS = (
    Winsorise(bounds={"name": "median-deviations", "times": 5.0}),
    ZScore(),
    Neutralise(group="csrc_industry"),
    FillMissing(by="zero"),
)
LARGE = 1_000_000_000.0
"""Money of a group of a thousand shares: with a million most of it could not buy one lot of each."""

QUICK = Text(
    en="Quick form: a small network, few iterations, few seeds, few trials. Its figures show that everything works, not "
    "what is true.",
    zh="快速版：网络小，迭代、种子与对照试验均少。其数字只说明流程可用，不足以下结论。",
)


def here(*, quick: bool) -> Source:
    """The A shares of the store where they are, else the synthetic market that comes along.

    The quick form is always of a synthetic market: real ones take minutes to read, and say nothing in a minute.
    """
    if quick:
        return ShareWorld(assets=120, sessions=1500, seed=1, ic=0.1)
    if "ashare" in Store.default().list():
        return Stored(dataset="ashare")
    return ShareWorld(assets=500, sessions=2900, seed=1, ic=0.05)


def real(source: Source) -> bool:
    """Whether the documents' own months lie in a source."""
    return isinstance(source, Stored)


def elsewhere(claims: Callable[[Findings], tuple[Claim, ...]]) -> Callable[[Findings], tuple[Claim, ...]]:
    """The same ledger on another market than the documents': our figures stand beside theirs, and judge nothing."""

    def told(findings: Findings) -> tuple[Claim, ...]:
        reason = Text(
            en="Another market than the document's: this figure shows how it is measured, and says nothing of the claim.",
            zh="并非原文所用的市场：此处只展示如何度量，不对原文结论作判断。",
        )
        return tuple(claim.but(verdict="not tested", difference="–", reason=reason) for claim in claims(findings))

    return told


def iterations(count: int, *, batch: int = 1000, rate: float = 1e-3) -> Training:
    """So many iterations, each on a batch drawn at random, as the documents count them."""
    whole = gcd(count, 100)
    return Training(
        loss=CrossEntropy(),
        optimiser=Adam(rate=rate),
        sampling=Drawn(count=whole),
        epochs=count // whole,
        batch=batch,
        watch=Watch(curves=25),
    )


def monthly(
    name: str,
    title: Text,
    source: Source,
    model: Network,
    training: Training,
    *,
    seeds: int,
    last: date | None = date(2017, 4, 30),
    factors: FactorSet | None = None,
) -> Study:
    """A study as published: 24 months → the class of the next, a tenth of the windows held out at random."""
    known = real(source)
    split: Split = ShareSplit(train=0.7)
    if known:
        split = SingleSplit(train_end=date(2016, 3, 31), test_start=date(2016, 4, 1))
    return Study(
        name=name,
        title=title,
        source=source,
        universe=(),
        span=Dates(first=None, last=last if known else None),
        cadence="months",
        factors=MultiFactor() if factors is None else factors,
        steps=STEPS,
        lookback=MONTHS,
        count="rows",
        label=ReturnClasses(horizon=PRINTED, thresholds=(0.03,)),
        normaliser=AsGiven(),
        target_scaling=Classes(first=-1.0),
        split=split,
        hold_out=RandomWindows(share=0.1, seed=0),
        model=model,
        training=training,
        seeds=tuple(range(seeds)),
        rivals=(Majority(), Linear()),
        strategy=None,
        markets=(),
        gates=0,
        watch_test=True,
    )


def walked(source: Source) -> Text:
    """What `walking` does on a source, in words: what is not in the store is split once, and says so."""
    if real(source):
        return Text(en="Walk-forward, next open", zh="逐年滚动、次月开盘成交")
    return Text(en="Split once by time, next open", zh="按时间一次划分、次月开盘成交")


def walking(study: Study, name: str, title: Text) -> Study:
    """The honest headline: trained anew every year on what was known by then, entered at the next open.

    On what is not in the store, the synthetic market above all, it is trained once on the first part of the time.
    """
    split: Split = ShareSplit(train=0.5, valid=0.1)
    if real(study.source):
        split = WalkForward(first_test=date(2012, 1, 1), every="year", valid_share=0.1)
    return study.but(
        name=name,
        title=title,
        span=Dates(first=None, last=None),
        label=study.label.but(horizon=HONEST),
        split=split,
        hold_out=None,
    )


def on_the_engine(study: Study, *, gates: int) -> tuple[Study, ...]:
    """The study with its predicted rises as a book under the law and the costs of the market, then its other groups.

    By the likeliest class, and by the surest 30 % of rises and of falls. Whoever may not sell short holds an upper
    group; the lower one beside it tells what selling it would have brought.
    """
    lead = study.but(
        strategy=Groups(by="class", group=1),
        reads="likeliest class",
        markets=(AShare(),),
        capital=LARGE,
        gates=gates,
    )
    tenths = Groups(count=10, group=1, wide=3)
    kinds: tuple[tuple[str, Text, dict[str, object]], ...] = (
        ("down", Text(en="predicted falls", zh="预测下跌组"), {"strategy": Groups(by="class", group=-1)}),
        ("up-30", Text(en="surest 30 % of rises", zh="上涨概率前 30%"), {"strategy": tenths, "reads": "highest class"}),
        (
            "down-30",
            Text(en="surest 30 % of falls", zh="下跌概率前 30%"),
            {"strategy": tenths, "reads": "lowest class"},
        ),
    )
    others = tuple(
        lead.but(
            name=f"{study.name}-{kind}",
            title=Text(en=f"{study.title.en}: {title.en}", zh=f"{study.title.zh}：{title.zh}"),
            gates=0,
            **changes,
        )
        for kind, title, changes in kinds
    )
    return (lead, *others)
