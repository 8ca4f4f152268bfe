"""How long positions were held, as a histogram of closed round trips (A8)."""

import numpy as np
from numpy.typing import ArrayLike

from tidegate.errors import SettingError
from tidegate.report.figures.plain import numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["holding_time"]

_BINS, _SHOWN = 40, 0.99
"""Bars of the histogram; where there are more lengths than that, it ends at this part of all trips."""


def holding_time(
    key: str,
    title: Text,
    bars: ArrayLike,
    *,
    still_open: int = 0,
    rule: tuple[float, Text] | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw how many closed round trips lasted how many bars, from the first purchase to the last sale.

    Parameters
    ----------
    bars
        ``[k]`` bars from entry to exit of each closed trip, at least one.
    still_open
        Trips open at the end, which the histogram cannot show.
    rule
        A number of bars to mark, with its words ("held at least").

    >>> figure = holding_time("t", Text.same("Held"), [5, 5, 6, 9], still_open=2)
    >>> figure.series[0].data["y"], "median 5.5" in figure.caption.en
    ((2.0, 1.0, 0.0, 0.0, 1.0), True)
    """
    lasted = np.asarray(bars, dtype=np.int64)
    if lasted.size == 0:
        raise SettingError("no round trip was closed", where=f"figure {key}", expected="at least one", found=0)
    low, high = int(lasted.min()), int(lasted.max())
    last = high if high - low < _BINS else max(int(np.quantile(lasted, _SHOWN, method="higher")), low + 1)
    wide = max(1, -(-(last - low + 1) // _BINS))
    edges = np.arange(low, last + wide + 1, wide) - 0.5
    counts, _ = np.histogram(lasted, bins=edges)
    beyond = lasted.size - int(counts.sum())
    series = [
        Series(
            key="trips",
            title=Text(en="Closed round trips", zh="已平仓交易"),
            kind="bar",
            role="main",
            data={"x": numbers(edges[:-1]), "x2": numbers(edges[1:]), "y": numbers(counts)},
        )
    ]
    if rule is not None:
        series.append(
            Series(
                key="rule",
                title=rule[1],
                kind="rule",
                role="benchmark",
                stroke="dashed",
                data={"x": (float(rule[0]),)},
            )
        )
    middle = float(np.median(lasted))
    told = Text(
        en=(
            f"{lasted.size:,} closed round trips, median {middle:g} bars, longest {high}; {still_open} "
            "still open at the end. A trip runs from flat to flat: what is bought again while it is held "
            "makes it longer."
        ),
        zh=(
            f"{lasted.size:,} 次已平仓交易，中位数 {middle:g} 根K线，最长 {high}；期末仍持有 {still_open} "
            "只。一次交易自空仓至空仓：持有期间再次买入会使其变长。"
        ),
    )
    tail = Text(
        en=f"{beyond:,} that lasted longer are not drawn, such as shares that were suspended.",
        zh=f"另有 {beyond:,} 次更长者（如停牌股）未绘出。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(told, tail if beyond else None, note),
        x="number",
        x_title=Text(en="Bars held", zh="持有K线数"),
        x_style="integer",
        series=tuple(series),
        y_titles=(Text(en="Round trips", zh="交易次数"),),
        y_styles=("integer",),
    )
