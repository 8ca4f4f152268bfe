"""A selection alone and behind a gate, over the band of random gates that are open as long (B10).

A gate that shuts part of the time lowers drawdowns whatever it knows. What it knows is how far its curve leaves the
band of gates with the same spells in another order.
"""

from collections.abc import Sequence

import numpy as np

from tidegate.report.figures.plain import (
    Curve,
    Floats,
    Times,
    joined,
    numbers,
    quartiles,
    sentences,
    spread,
    texts,
    thinning,
)
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["gated"]


def gated(
    key: str,
    title: Text,
    time: Times,
    behind: Curve,
    alone: Curve,
    *,
    band: tuple[Floats, Floats, Floats] | None = None,
    gates: int = 0,
    benchmark: Curve | None = None,
    gate: Floats | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw growth of 1 with the band of random gates, drawdown, and where the gate was open.

    Parameters
    ----------
    time
        ``[T]`` sessions, the same for every curve.
    behind, alone
        The gated book (one row for each seed of its gate) and the same without a gate.
    band, gates
        ``[T]`` each: 5 %, median and 95 % of the worth of 1 behind random gates, and how many were drawn.
    gate
        ``[T]`` what the gate said after each close: above 0 is open.

    >>> time = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    >>> one = Curve("gated", Text.same("Gated"), np.array([1.0, 1.1]))
    >>> two = Curve("alone", Text.same("Alone"), np.array([1.0, 0.9]))
    >>> figure = gated("b10", Text.same("Gate"), time, one, two, band=(np.ones(2), np.ones(2), np.ones(2)), gates=1000)
    >>> [(series.key, series.panel) for series in figure.series]
    [('band', 0), ('band median', 0), ('gated', 0), ('alone', 0), ('gated drawdown', 1), ('alone drawdown', 1)]
    """
    named: list[tuple[Curve, Role]] = [(behind, "main"), (alone, "rival")]
    named += [] if benchmark is None else [(benchmark, "benchmark")]
    places, thin = thinning(quartiles(behind.growth)[1])
    x = tuple(np.array(texts(time))[places].tolist())
    series: list[Series] = []
    if band is not None:
        low, middle, high = (np.asarray(each)[places] for each in band)
        what = Text(en=f"{gates:,} random gates", zh=f"{gates:,} 次随机择时")
        ninety, half = Text(en=", middle 90 %", zh="，中间 90%"), Text(en=", median", zh="，中位数")
        edges = {"x": x, "y": numbers(low), "y2": numbers(high)}
        series += [
            Series(key="band", title=joined(what, ninety), kind="band", role="plain", data=edges),
            Series(
                key="band median",
                title=joined(what, half),
                kind="line",
                role="plain",
                follows="band",
                stroke="dotted",
                data={"x": x, "y": numbers(middle)},
            ),
        ]
    for curve, role in named:
        series += spread(curve.key, curve.label, x, curve.growth[:, places], role=role)
    for curve, role in named:
        series.append(
            Series(
                key=f"{curve.key} drawdown",
                title=joined(curve.label, Text(en=", drawdown", zh="，回撤")),
                kind="area" if curve is behind else "line",
                panel=1,
                role=role,
                follows=curve.key,
                data={"x": x, "y": numbers(quartiles(curve.drawdown)[1][places])},
            )
        )
    panes = _panes(series, [curve for curve, _ in named[:2]], places, x, gate)
    return Figure(
        key=key,
        title=title,
        caption=sentences(_caption(len(behind.equity), gates if band is not None else 0), thin, note),
        x="time",
        series=tuple(series),
        y_titles=(
            Text(en="Growth of 1", zh="净值（起点为 1）"),
            Text(en="Drawdown", zh="回撤"),
            Text(en="Share of capital in the market, and the gate", zh="持仓占资金比例与择时门"),
        )[:panes],
        y_styles=("number", "percent", "percent")[:panes],
    )


def _panes(
    series: list[Series], curves: Sequence[Curve], places: np.ndarray, x: tuple[str, ...], gate: Floats | None
) -> int:
    """Add positions and the gate below, where they are known; gives how many panes there are."""
    before = len(series)
    for curve, role in zip(curves, ("main", "rival"), strict=True):
        if curve.position is not None:
            series.append(
                Series(
                    key=f"{curve.key} position",
                    title=joined(curve.label, Text(en=", position", zh="，持仓")),
                    kind="step",
                    panel=2,
                    role=role,
                    follows=curve.key,
                    data={"x": x, "y": numbers(np.nanmean(curve.position, axis=0)[places])},
                )
            )
    if gate is not None:
        series.append(
            Series(
                key="gate",
                title=Text(en="gate open", zh="择时门开放"),
                kind="step",
                panel=2,
                role="plain",
                stroke="dotted",
                data={"x": x, "y": numbers((np.asarray(gate) > 0).astype(np.float64)[places])},
            )
        )
    return 3 if len(series) > before else 2


def _caption(seeds: int, gates: int) -> Text:
    many = Text(
        en=f"The gated curve is the median of {seeds} seeds of the gate, its band their quartiles, its drawdown the"
        " median of theirs; the gate itself is drawn as the mean of their forecasts has it.",
        zh=f"加择时曲线为 {seeds} 个择时种子的中位数，色带为四分位区间，回撤取各自的中位数；所绘择时门取其预测均值。",
    )
    one = Text(en="One book behind one gate.", zh="单一择时门下的一个账本。")
    drawn = Text(
        en=f"The wide band holds the middle 90 % of {gates:,} random gates that are open as long, in spells as long:"
        " inside it, a gate's timing can't be told from luck.",
        zh=f"宽色带为 {gates:,} 次开放时间与时段长度相同的随机择时的中间 90%：落在其中的择时与运气无法区分。",
    )
    none = Text(
        en="Random gates are not drawn: the gate's spells have too few arrangements.",
        zh="未绘随机择时：择时门时段的排列过少。",
    )
    return sentences(many if seeds > 1 else one, drawn if gates else none)
