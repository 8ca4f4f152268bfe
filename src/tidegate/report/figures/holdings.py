"""What a book over many assets held from close to close: names, cash, and the largest weight under its cap (A7)."""

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.types.report import Figure, Series, Text

__all__ = ["holdings"]


def holdings(
    key: str,
    title: Text,
    time: Times,
    names: Floats,
    cash: Floats,
    largest: Floats,
    *,
    cap: float | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw the number of names, the share of equity in cash and the largest weight of a single name, close by close.

    Parameters
    ----------
    time, names, cash, largest
        ``[T]`` each; `cash` and `largest` as fractions of equity.
    cap
        The largest weight that a purchase may lead to, drawn as a line, or None.

    Raises
    ------
    SettingError
        Where the columns differ in length.

    >>> time = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    >>> half = np.array([0.5, 0.4])
    >>> figure = holdings("h", Text.same("Held"), time, np.array([1.0, 2.0]), half, half, cap=0.2)
    >>> [(series.key, series.panel) for series in figure.series]
    [('names', 0), ('cash', 1), ('largest', 2), ('cap', 2)]
    """
    if not len(time) == len(names) == len(cash) == len(largest):
        raise SettingError(
            "columns over time differ in length",
            where=f"figure {key}",
            expected=len(time),
            found=[len(names), len(cash), len(largest)],
        )
    places, thin = thinning(np.asarray(largest, dtype=np.float64))
    x = tuple(np.array(texts(time))[places].tolist())
    series = [
        Series(key="names", title=_NAMES, kind="step", role="main", data={"x": x, "y": numbers(names[places])}),
        Series(key="cash", title=_CASH, kind="area", role="main", panel=1, data={"x": x, "y": numbers(cash[places])}),
        Series(
            key="largest",
            title=_LARGEST,
            kind="line",
            role="main",
            panel=2,
            data={"x": x, "y": numbers(largest[places])},
        ),
    ]
    over = None
    if cap is not None:
        series.append(
            Series(
                key="cap",
                title=Text(en=f"Cap of {cap:.0%} when bought", zh=f"买入时上限 {cap:.0%}"),
                kind="rule",
                role="benchmark",
                panel=2,
                stroke="dashed",
                data={"y": (float(cap),)},
            )
        )
        above = int((np.asarray(largest) > cap).sum())
        over = Text(
            en=(
                f"The largest weight was above the cap at {above} of {len(time)} closes: a cap binds a "
                "purchase, and what is held may grow past it."
            ),
            zh=f"在 {len(time)} 个收盘中有 {above} 个的最大单只权重高于上限：上限只约束买入，持有后可因上涨而超过。",
        )
    return Figure(
        key=key,
        title=title,
        caption=sentences(_ABOUT, over, thin, note),
        x="time",
        series=tuple(series),
        y_titles=(_NAMES, _CASH, _LARGEST),
        y_styles=("integer", "percent", "percent"),
    )


_NAMES = Text(en="Names held", zh="持股数")
_CASH = Text(en="Cash, share of equity", zh="现金占净值比例")
_LARGEST = Text(en="Largest single name, share of equity", zh="单只最大权重")
_ABOUT = Text(en="At each close.", zh="每个收盘时的数值。")
