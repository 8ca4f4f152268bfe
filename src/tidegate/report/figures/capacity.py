"""What becomes of a strategy as its money grows: return and unfilled orders against capital, under a cap on volume."""

from collections.abc import Sequence

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["capacity"]

_MYRIAD, _HUNDRED_MILLION = 1e4, 1e8
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1.0, ""))


def capacity(
    key: str,
    title: Text,
    capitals: Sequence[float],
    returns: Floats,
    invested: Floats,
    *,
    benchmark: float | None = None,
    participation: float,
    note: Text | None = None,
) -> Figure:
    """Draw the annualised net return and the mean share invested against the capital at the start.

    Parameters
    ----------
    capitals
        ``[K]`` in the market's currency.
    returns, invested
        ``[K]`` net annualised return, and mean share of equity that is not cash.
    benchmark
        The benchmark's annualised return, drawn as a line.
    participation
        The largest share of a bar's volume that the book may trade in one asset.

    >>> figure = capacity(
    ...     "k", Text.same("K"), [1e6, 1e8], np.array([0.2, 0.1]), np.array([0.9, 0.5]), participation=0.1
    ... )
    >>> figure.series[0].data["x"][1]
    {'en': '100M', 'zh': '1亿'}
    """
    if not len(capitals) == len(returns) == len(invested) or not len(capitals):
        raise SettingError("columns of a capacity curve differ in length", where=f"figure {key}")
    x = tuple(_money(value).model_dump() for value in capitals)
    series = [
        Series(key="return", title=_RETURN, kind="line", role="main", data={"x": x, "y": numbers(returns)}),
        Series(
            key="invested",
            title=_INVESTED,
            kind="bar",
            role="main",
            panel=1,
            follows="return",
            data={"x": x, "y": numbers(invested)},
        ),
    ]
    if benchmark is not None and np.isfinite(benchmark):
        series.append(
            Series(
                key="benchmark",
                title=Text(en="Benchmark", zh="基准"),
                kind="rule",
                role="benchmark",
                stroke="dashed",
                data={"y": (float(benchmark),)},
            )
        )
    told = Text(
        en=(
            "Each point is the whole backtest again with another capital; no order is filled beyond "
            f"{participation:.1%} of its bar's volume. Prices do not move with the orders: beyond "
            "slippage there is no impact, so large capitals are flattered."
        ),
        zh=(
            f"每一点为以不同本金重新回测；单笔成交不超过当根K线成交量的 {participation:.1%}。除滑点外未计"
            "冲击成本，因此大资金的结果偏乐观。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(told, note),
        x="category",
        x_title=Text(en="Capital at the start", zh="初始本金"),
        series=tuple(series),
        y_titles=(_RETURN, _INVESTED),
        y_styles=("percent", "percent"),
    )


_RETURN = Text(en="Net return a year", zh="年化净收益")
_INVESTED = Text(en="Mean share invested", zh="平均仓位")


def _money(value: float) -> Text:
    english = next(f"{value / unit:g}{sign}" for unit, sign in _UNITS if value >= unit or unit == 1.0)
    chinese = f"{value / _HUNDRED_MILLION:g}亿" if value >= _HUNDRED_MILLION else f"{value / _MYRIAD:g}万"
    return Text(en=english, zh=chinese)
