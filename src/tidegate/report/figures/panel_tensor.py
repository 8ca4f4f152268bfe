"""From a panel of stocks, dates and factors to the tensor that a network reads (D1)."""

from tidegate.report.figures.network import network
from tidegate.report.figures.plain import sentences
from tidegate.types.report import Figure, Text

__all__ = ["panel_tensor"]


def panel_tensor(
    key: str,
    title: Text,
    *,
    stocks: int,
    dates: int,
    factors: int,
    rows: int,
    windows: int,
    lookback: int,
    batch: int,
    outputs: int,
    horizon: Text,
    note: Text | None = None,
) -> Figure:
    """Draw the way from the ragged panel to a batch and its label, with the counts of this study.

    `rows` are what the panel holds (a stock that was not listed has none), `windows` those with all their rows and a
    label; `horizon` says what the label looks at.

    >>> figure = panel_tensor(
    ...     "d1",
    ...     Text.same("P"),
    ...     stocks=3,
    ...     dates=40,
    ...     factors=48,
    ...     rows=100,
    ...     windows=31,
    ...     lookback=24,
    ...     batch=10,
    ...     outputs=3,
    ...     horizon=Text.same("next month"),
    ... )
    >>> figure.graph["nodes"][0]["shape"], figure.graph["nodes"][2]["shape"]
    ([3, 40, 48], [10, 24, 48])
    """
    nodes = [
        {
            "id": "panel",
            "label": Text(en="Panel: stock × date × factor", zh="面板：股票 × 日期 × 因子"),
            "shape": [stocks, dates, factors],
        },
        {
            "id": "windows",
            "label": Text(en=f"Windows: {lookback} dates of one stock", zh=f"窗口：一只股票的 {lookback} 期"),
            "shape": [windows, lookback, factors],
        },
        {
            "id": "batch",
            "label": Text(en="Batch: window, time, factor", zh="批次：样本、时间、因子"),
            "shape": [batch, lookback, factors],
        },
        {"id": "classes", "label": Text(en="Probabilities of classes", zh="各类概率"), "shape": [batch, outputs]},
        {"id": "label", "label": Text(en=f"Label: {horizon.en}", zh=f"标签：{horizon.zh}"), "shape": [windows]},
    ]
    links = [["panel", "windows"], ["windows", "batch"], ["batch", "classes"], ["panel", "label"], ["label", "classes"]]
    share = rows / max(stocks * dates, 1)
    words = Text(
        en=(
            f"The panel is ragged: {rows:,} of {stocks * dates:,} stock-dates exist ({share:.0%}). A window is one "
            f"sample; {windows:,} have all {lookback} rows and a label. Neighbouring windows of a stock share all "
            "rows but one."
        ),
        zh=(
            f"面板参差：{stocks * dates:,} 个股票日期中存在 {rows:,} 个（{share:.0%}）。每个窗口是一个样本，"
            f"{windows:,} 个具有完整的 {lookback} 行与标签。同一股票的相邻窗口只差一行。"
        ),
    )
    drawn = network(key, title, nodes, links)
    return drawn.but(caption=sentences(words, note))
