"""Recurrent cells on worlds with a known answer: who finds the planted signal, and with how much work.

Two worlds, both with one signal in noise and a known ceiling:

planted   today's volume tells the next return, in a straight line: a linear model is the best there is
memory    what today's volume means depends on the last unusual day before it: no line finds anything, at any lookback

Beside the volume every cell sees one factor of planted noise, the yardstick of what it leans on. Every cell sees the
same windows, has the same units, the same head and the same training; only its equations differ. So cells differ in
work, and the report draws what they find against multiply-adds, and learning curves by iteration and by work spent. A
cell that wins at ten times the work has not been shown to be the better cell.
"""

from tidegate.data.source import Source
from tidegate.data.worlds import MemoryWorld, PlantedWorld
from tidegate.errors import SettingError
from tidegate.factors.noise import PlantedNoise
from tidegate.factors.raw import RawFields
from tidegate.factors.together import Together
from tidegate.learn.losses import MSE
from tidegate.learn.optimisers import Adam
from tidegate.learn.target import StandardTarget
from tidegate.learn.training import Training
from tidegate.learn.watch import Watch
from tidegate.models.cells.act import ACT
from tidegate.models.cells.base import Cell
from tidegate.models.cells.coupled_lstm import CoupledLSTM
from tidegate.models.cells.gru import GRU
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.min_gru import MinGRU
from tidegate.models.cells.min_lstm import MinLSTM
from tidegate.models.cells.peephole_lstm import PeepholeLSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.linear import Linear
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.forward_return import ForwardReturn
from tidegate.prepare.scalers import Standard
from tidegate.prepare.split import ShareSplit
from tidegate.study.declare import Dates, Explain, Study
from tidegate.study.reproduction import Reproduction, Shown
from tidegate.types.clock import Horizon
from tidegate.types.report import Text

__all__ = ["declare"]

UNITS = 16
"""Units of every cell: enough for either world, so that cells differ by their equations and not by their room."""

CELLS: tuple[tuple[Cell, Text], ...] = (
    (RNN(hidden=UNITS), Text(en="RNN", zh="普通 RNN")),
    (GRU(hidden=UNITS), Text.same("GRU")),
    (LSTM(hidden=UNITS), Text.same("LSTM")),
    (PeepholeLSTM(hidden=UNITS), Text(en="Peephole LSTM", zh="窥视孔 LSTM")),
    (CoupledLSTM(hidden=UNITS), Text(en="Coupled LSTM", zh="耦合门 LSTM")),
    (MinGRU(hidden=UNITS), Text.same("minGRU")),
    (MinLSTM(hidden=UNITS), Text.same("minLSTM")),
    (ACT(cell=LSTM(hidden=UNITS), epsilon=0.1, ponder_cost=0.001), Text.same("ACT-LSTM")),
)
"""The ACT ponders with an LSTM inside; ε as the multifactor-act document has it, a small price for pondering."""

LEAD = "memory-lstm"
LOOKBACK = 10
"""In the memory world nine bars before the last hold an unusual one in 97 of 100 windows."""

TRAINING = Training(loss=MSE(), optimiser=Adam(rate=6e-3), epochs=16, batch=128, watch=Watch(curves=17, windows=800))
QUICK = Text(
    en="Quick form: short worlds, few seeds, few epochs. Its figures show that everything works, not what is true.",
    zh="快速版：数据短、种子与训练轮数少。其数字只说明流程可用，不足以下结论。",
)


def declare(source: Source | None = None, *, quick: bool = False) -> Reproduction:
    """Every cell on both worlds. `source` must be None: elsewhere nobody knows what there is to find."""
    if source is not None:
        raise SettingError(
            "this study is about worlds with a known answer",
            found=source.name,
            hint="leave --data out; to compare cells on data of your own, change model.cell of another study",
        )
    sessions = 4_000 if quick else 16_000
    worlds = {
        "planted": PlantedWorld(sessions=sessions, seed=1, ic=0.1 if not quick else 0.2),
        "memory": MemoryWorld(sessions=sessions, seed=1, ic=0.5),
    }
    studies = tuple(
        _study(kind, world, cell, title, quick=quick) for kind, world in worlds.items() for cell, title in CELLS
    )
    everyone = tuple(study.name for study in studies)
    return Reproduction(
        name="recurrent-cells",
        title=Text(en="Recurrent cells", zh="循环单元比较"),
        document=Text(
            en="Every cell on two worlds with a known answer: who finds it, and with how much work",
            zh="两个已知答案的模拟世界中比较各循环单元：谁能发现信号、代价多大",
        ),
        studies=studies,
        lead=LEAD,
        shown=(
            Shown("S1", "found", everyone),
            Shown("E13", "effort", everyone),
            Shown("D15", "learning", everyone),
            Shown("E5", "compute", everyone),
            Shown("A1", "gradients", everyone),
            Shown("D13", "contributions", ("planted-lstm", "memory-lstm")),
            Shown("E10", "ponder", tuple(name for name in everyone if name.endswith("-act"))),
        ),
        stamps=(QUICK,) if quick else (),
    )


def _study(kind: str, world: Source, cell: Cell, title: Text, *, quick: bool) -> Study:
    return Study(
        name=f"{kind}-{cell.name}",
        title=title,
        source=world,
        universe=(),
        span=Dates(first=None, last=None),
        factors=Together(sets=(RawFields(fields=("volume",)), PlantedNoise())),
        lookback=LOOKBACK,
        count="rows",
        label=ForwardReturn(horizon=Horizon(lag=1, span=1)),
        normaliser=Standard(),
        target_scaling=StandardTarget(),
        split=ShareSplit(train=0.4, valid=0.1),
        model=RecurrentNetwork(cell=cell, dense=(16,)),
        training=TRAINING.but(epochs=6) if quick else TRAINING,
        seeds=tuple(range(2 if quick else 10)),
        rivals=(Linear(),),
        strategy=None,
        markets=(),
        watch_test=True,
        explain=Explain() if cell.name == "lstm" else None,
    )
