"""The experiments that the stock-selection document names, each one change from a base that its table tells.

Windows, activations, layers and units change what is learned: they start from the published study cut down to so many
iterations, which stands in every title. Names, holding days and weights change the book alone: they trade the published
study's own forecasts, at its full size.
"""

from tidegate.learn.sampling import Drawn
from tidegate.models.cells.lstm import LSTM
from tidegate.models.cells.rnn import RNN
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.strategy.rank_and_hold import RankAndHold
from tidegate.study.declare import Study
from tidegate.study.reproduction import Contrast
from tidegate.types.report import Text

__all__ = ["contrasts", "of_books", "of_networks"]

EPOCHS, STEPS = 5, 400
"""2,000 iterations of 256 windows: half a million of the three that a single pass of the published study sees."""


def of_networks(published: Study) -> tuple[Study, ...]:
    """The cut-down base, then what varies the window and the network."""
    model = published.model
    assert isinstance(model, RecurrentNetwork)
    cell = model.cell
    assert isinstance(cell, LSTM)
    assert published.training is not None
    base = published.but(
        name="try-base",
        title=_sized(Text(en="base of the trials", zh="对照基准")),
        training=published.training.but(epochs=EPOCHS, sampling=Drawn(count=STEPS)),
        seeds=(0, 1, 2),
        rivals=(),
        gates=0,
        watch_test=False,
    )
    changes: tuple[tuple[str, Text, dict[str, object]], ...] = (
        ("window-3", Text(en="window of 3 days", zh="窗口 3 日"), {"lookback": 3}),
        ("window-10", Text(en="window of 10 days", zh="窗口 10 日"), {"lookback": 10}),
        ("window-20", Text(en="window of 20 days", zh="窗口 20 日"), {"lookback": 20}),
        ("relu", Text(en="relu cell", zh="relu 单元"), {"model": model.but(cell=cell.but(activation="relu"))}),
        (
            "sigmoid",
            Text(en="sigmoid gates", zh="sigmoid 门"),
            {"model": model.but(cell=cell.but(gate_activation="sigmoid"))},
        ),
        ("dense-relu", Text(en="relu dense layer", zh="relu 全连接层"), {"model": model.but(activation="relu")}),
        ("units-16", Text(en="16 units", zh="16 单元"), {"model": model.but(cell=cell.but(hidden=16))}),
        ("units-64", Text(en="64 units", zh="64 单元"), {"model": model.but(cell=cell.but(hidden=64))}),
        ("layers-2", Text(en="two layers", zh="两层"), {"model": model.but(cell=cell.but(layers=2))}),
        ("rnn", Text(en="plain RNN", zh="普通 RNN"), {"model": model.but(cell=RNN(hidden=cell.hidden))}),
    )
    return (base, *(base.but(name=f"try-{name}", title=_sized(title), **new) for name, title, new in changes))


def of_books(published: Study) -> tuple[Study, ...]:
    """Names, holding days and weights, on the published study's forecasts."""
    held = published.strategy
    assert isinstance(held, RankAndHold)
    base = published.but(seeds=published.seeds[:3], rivals=(), gates=0)
    changes: tuple[tuple[str, Text, RankAndHold], ...] = (
        ("names-10", Text(en="10 names", zh="持股 10 只"), held.but(names=10)),
        ("names-50", Text(en="50 names", zh="持股 50 只"), held.but(names=50)),
        ("names-100", Text(en="100 names", zh="持股 100 只"), held.but(names=100)),
        ("days-2", Text(en="held 2 days", zh="持有 2 日"), held.but(days=2)),
        ("days-10", Text(en="held 10 days", zh="持有 10 日"), held.but(days=10)),
        ("days-20", Text(en="held 20 days", zh="持有 20 日"), held.but(days=20)),
        ("equal", Text(en="equal weights", zh="等权买入"), held.but(weights="equal")),
    )
    return tuple(base.but(name=f"try-{name}", title=title, strategy=new) for name, title, new in changes)


def contrasts(networks: tuple[Study, ...], books: tuple[Study, ...], published: Study) -> tuple[Contrast, ...]:
    """Their two tables; none for trials that were not declared."""
    made = []
    if networks:
        base, *others = networks
        title = Text(en="Trials of the network", zh="网络对照试验")
        made.append(Contrast("trials-network", title, base.name, tuple(study.name for study in others)))
    if books:
        title = Text(en="Trials of the book", zh="持仓规则对照试验")
        made.append(Contrast("trials-book", title, published.name, tuple(study.name for study in books)))
    return tuple(made)


def _sized(what: Text) -> Text:
    count = EPOCHS * STEPS
    return Text(en=f"{what.en} ({count:,} iterations)", zh=f"{what.zh}（{count} 次迭代）")
