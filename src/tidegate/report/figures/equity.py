"""Equity of several variants over the same sessions, with drawdown and position below (B2-B5).

A variant has one curve for each seed. What is drawn is the median of each session and the band between its quartiles:
the median curve is nobody's account, and the caption says so. Drawdown is the median of the seeds' own drawdowns, not
the drawdown of the median, which would be smaller.
"""

from collections.abc import Sequence

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import (
    BAND_SEEDS,
    Curve,
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

__all__ = ["equity"]


def equity(
    key: str,
    title: Text,
    time: Times,
    variants: Sequence[Curve],
    *,
    rivals: Sequence[Curve] = (),
    benchmark: Curve | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw growth of 1, drawdown and position over sessions.

    Parameters
    ----------
    time
        ``[T]`` sessions, the same for every curve.
    variants, rivals, benchmark
        Curves over `time`; several seeds become a median and a quartile band. One variant alone also shows its best and
        worst seed as thin lines.
    note
        Words to put after the caption: costs, proxies, what the curve leaves out.

    Raises
    ------
    SettingError
        Where a curve does not have T points.

    >>> time = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    >>> figure = equity("b2", Text.same("Equity"), time, [Curve("lstm", Text.same("LSTM"), np.array([1.0, 1.1]))])
    >>> [(series.key, series.panel) for series in figure.series]
    [('lstm', 0), ('lstm drawdown', 1)]
    """
    named: list[tuple[Curve, Role]] = [*((c, "main") for c in variants), *((c, "rival") for c in rivals)]
    if benchmark is not None:
        named.append((benchmark, "benchmark"))
    for curve, _ in named:
        if curve.equity.shape[1] != len(time):
            raise SettingError(
                "a curve and its sessions differ in length",
                where=curve.key,
                expected=len(time),
                found=curve.equity.shape[1],
            )
    lead = quartiles(named[0][0].growth)[1] if named else np.zeros(len(time))
    places, thin = thinning(lead)
    x = tuple(np.array(texts(time))[places].tolist())
    series: list[Series] = []
    for curve, role in named:
        series += spread(curve.key, curve.label, x, curve.growth[:, places], role=role)
        if len(variants) == 1 and curve is variants[0] and len(curve.equity) > 1:
            series += _extremes(curve, places.tolist(), x)
    for curve, role in named:
        middle = quartiles(curve.drawdown)[1][places]
        kind = "area" if curve is named[0][0] else "line"
        series.append(
            Series(
                key=f"{curve.key} drawdown",
                title=joined(curve.label, _DRAWDOWN),
                kind=kind,
                panel=1,
                role=role,
                follows=curve.key,
                data={"x": x, "y": numbers(middle)},
            )
        )
    with_position = [(curve, role) for curve, role in named if curve.position is not None and role != "benchmark"]
    for curve, role in with_position:
        held = np.nanmean(np.asarray(curve.position), axis=0)[places]
        series.append(
            Series(
                key=f"{curve.key} position",
                title=joined(curve.label, _POSITION),
                kind="step",
                panel=2,
                role=role,
                follows=curve.key,
                data={"x": x, "y": numbers(held)},
            )
        )
    panes = 3 if with_position else 2
    return Figure(
        key=key,
        title=title,
        caption=sentences(_caption(variants, positions=bool(with_position)), thin, note),
        x="time",
        series=tuple(series),
        y_titles=(
            Text(en="Growth of 1", zh="净值（起点为 1）"),
            Text(en="Drawdown", zh="回撤"),
            Text(en="Share of capital in the market", zh="持仓占资金比例"),
        )[:panes],
        y_styles=("number", "percent", "percent")[:panes],
    )


MANY_TRADES = 300
_FEW = Text(
    en="One stretch of history and few trades: differences between curves are mostly which moves were caught.",
    zh="只有一段历史、为数不多的交易：曲线间的差异多半取决于碰巧抓住了哪几段行情。",
)
_MANY = Text(
    en="One stretch of history: many trades, but all of them in the same market moves.",
    zh="只有一段历史：交易虽多，却都处于同样的行情之中。",
)
_DRAWDOWN = Text(en=", drawdown", zh="，回撤")
_POSITION = Text(en=", position", zh="，持仓")


def _extremes(curve: Curve, places: list[int], x: tuple[str, ...]) -> list[Series]:
    order = np.argsort(curve.growth[:, -1], kind="stable")
    ends = (
        (order[-1], Text(en=", best seed", zh="，最好的种子")),
        (order[0], Text(en=", worst seed", zh="，最差的种子")),
    )
    return [
        Series(
            key=f"{curve.key} {words.en[2:]}",
            title=joined(curve.label, words),
            kind="line",
            role="main",
            follows=curve.key,
            stroke="dotted",
            data={"x": x, "y": numbers(curve.growth[seed, places])},
        )
        for seed, words in ends
    ]


def _caption(variants: Sequence[Curve], *, positions: bool) -> Text:
    counted = [(c.label, np.asarray(c.trades)) for c in variants if c.trades is not None]
    english = "; ".join(f"{label.en} {_range(trades)}" for label, trades in counted)
    chinese = ";".join(f"{label.zh} {_range(trades)}" for label, trades in counted)
    seeds = sorted({len(c.equity) for c in variants})
    many = bool(seeds) and seeds[-1] > 1
    told = "/".join(map(str, seeds))
    band = Text(en=", bands their quartiles", zh="，色带为四分位区间")
    dots = Text(en=", dotted lines the best and the worst seed", zh="，虚线为最好与最差的种子")
    parts = [band] if many and seeds[-1] >= BAND_SEEDS else []
    parts += [dots] if many and len(variants) == 1 else []
    drawn = joined(*parts) if parts else Text.same("")
    median = Text(
        en=(
            f"Lines are the median of {told} seeds at each close{drawn.en}; the median curve is no seed's account, and "
            "drawdown is the median of the seeds' own. "
        ),
        zh=(
            f"曲线为每个收盘时 {told} 个种子的中位数{drawn.zh}；中位数曲线不是任何一个种子的账户，"
            "回撤为各种子自身回撤的中位数。"
        ),
    )
    position = Text(en="Positions are the mean over seeds. ", zh="持仓为各种子均值。")
    trades = Text(
        en=f"Round trips, median (least to most): {english}. ", zh=f"交易次数，中位数（最少至最多）：{chinese}。"
    )
    most = max((int(trades.max(initial=0)) for _, trades in counted), default=0)
    few = _MANY if most > MANY_TRADES else _FEW
    return sentences(
        median if many else None, position if many and positions else None, trades if counted else None, few
    )


def _range(trades: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> str:
    middle = float(np.median(trades))
    return f"{middle:g}" if trades.size == 1 else f"{middle:g} ({trades.min()}–{trades.max()})"
