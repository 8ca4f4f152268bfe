"""Forecasts of the next close against what came (C3–C5, C7–C9), and a few bars of it close by (C13).

On a chart of a thousand bars any forecast near the last price lies on the price. Below it stands what it erred by,
beside what the last price erred by; close by, one sees it come a bar late.
"""

from collections.abc import Sequence

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.report.figures.trades import Candles
from tidegate.types.report import Figure, Mark, Role, Series, Text

__all__ = ["price_forecast", "price_zoom"]

_CAME, _SAID = Text(en="What came", zh="实际"), Text(en="Forecast", zh="预测")
_PRICE = Text(en="Close", zh="收盘价")


def price_forecast(
    key: str, title: Text, time: Times, came: Floats, said: Floats, still: Floats, *, note: Text | None = None
) -> Figure:
    """Draw forecast and price over time; below, the absolute errors of the forecast and of the last price, averaged.

    Parameters
    ----------
    time, came, said, still
        ``[n]``: label of the bar forecast, its close, what was said of it, and the last close when it was said.

    >>> time = np.array(["2019-01-02", "2019-01-03"], dtype="datetime64[D]")
    >>> made = price_forecast(
    ...     "c3", Text.same("C3"), time, np.array([2.0, 3.0]), np.array([2.0, 2.5]), np.array([1.0, 2.0])
    ... )
    >>> made.series[2].data["y"], made.series[3].data["y"]
    ((0.0, 0.25), (1.0, 1.0))
    """
    words = texts(time)
    ours, last = _mean_so_far(np.abs(said - came)), _mean_so_far(np.abs(still - came))
    places, thin = thinning(came)
    x = tuple(words[at] for at in places)

    def line(name: str, label: Text, values: Floats, role: Role, panel: int = 0, like: str | None = None) -> Series:
        data = {"x": x, "y": numbers(values[places])}
        return Series(key=name, title=label, kind="line", role=role, panel=panel, follows=like, data=data)

    caption = Text(
        en="On levels, any forecast near the last price looks right. Below: the mean absolute error from the "
        "first judged "
        "bar to each, beside that of saying the last close.",
        zh="在价格水平上，任何接近前收盘的预测都显得准确。下图为自首个评判K线起的平均绝对误差，旁为“前收盘”的误差。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, thin, note),
        x="time",
        series=(
            line("came", _CAME, came, "truth"),
            line("said", _SAID, said, "main"),
            line("error", Text(en="Error of the forecast", zh="预测误差"), ours, "main", 1, "said"),
            line("still", Text(en="Error of the last close", zh="前收盘误差"), last, "rival", 1),
        ),
        y_titles=(_PRICE, Text(en="Mean absolute error so far", zh="累计平均绝对误差")),
        y_styles=("number", "number"),
    )


def price_zoom(
    key: str,
    title: Text,
    candles: Candles,
    said: Floats,
    *,
    entries: Sequence[tuple[np.datetime64, str, float, float]] | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw the last bars as candles with what was said of each one's close on them, and the side taken in each.

    Parameters
    ----------
    candles
        ``[n]`` bars forecast, raw.
    said
        ``[n]`` forecast of each one's close, made at the close before; NaN where nothing was said.
    entries
        Where it was traded: rows of (time, side, price, quantity), one a trade, as it went in; a price has the slippage
        in it.

    Errors
        `SettingError` where there is no bar.

    >>> time = np.array(["2019-01-02", "2019-01-03"], dtype="datetime64[D]")
    >>> one = Candles(time, *(np.array([10.0, 11.0]) for _ in range(4)))
    >>> price_zoom("c13", Text.same("Z"), one, np.array([np.nan, 10.0])).series[1].data["y"]
    (None, 10.0)
    """
    if len(candles.time) == 0:
        raise SettingError("there are no bars to look at", where=f"figure {key}")
    x = texts(candles.time)
    columns = {"open": candles.open, "high": candles.high, "low": candles.low, "close": candles.close}
    caption = Text(
        en="Each dot of the line is what was said of that bar's close, at the close before. A forecast that "
        "repeats the "
        "last close is the price moved one bar to the right.",
        zh="折线上每一点为在前一收盘时对该K线收盘价的预测。若预测只是重复前收盘，折线即为价格右移一根K线。",
    )
    marks = [] if entries is None else _marks(entries)
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, _TAKEN if marks else None, note),
        x="time",
        series=(
            Series(
                key="price",
                title=Text(en="Raw price", zh="原始价格"),
                kind="candle",
                role="truth",
                data={"x": x, **{name: numbers(values) for name, values in columns.items()}},
            ),
            Series(key="said", title=_SAID, kind="line", role="main", data={"x": x, "y": numbers(said)}),
            *marks,
        ),
        y_titles=(Text(en="Price", zh="价格"),),
        y_styles=("number",),
    )


_TAKEN = Text(
    en="A triangle is a trade as it went in, at the open, slippage included: up bought, down sold short. It is left at "
    "the close of its bar.",
    zh="三角为开仓成交（开盘价，含滑点）：向上为买入，向下为卖空；当根K线收盘平仓。",
)
_SIDES: tuple[tuple[str, Text, Role, Mark], ...] = (
    ("buy", Text(en="Bought at the open", zh="开盘买入"), "main", "up"),
    ("sell", Text(en="Sold short at the open", zh="开盘卖空"), "rival", "down"),
)


def _marks(entries: Sequence[tuple[np.datetime64, str, float, float]]) -> list[Series]:
    made = []
    for side, label, role, mark in _SIDES:
        rows = [(time, price, quantity) for time, one, price, quantity in entries if one == side]
        if rows:
            when = texts(np.array([row[0] for row in rows], dtype="datetime64[us]"))
            data = {"x": when, "y": numbers([row[1] for row in rows]), "quantity": numbers([row[2] for row in rows])}
            made.append(Series(key=f"{side}s", title=label, kind="scatter", role=role, mark=mark, data=data))
    return made


def _mean_so_far(errors: Floats) -> Floats:
    return np.asarray(np.cumsum(errors) / np.arange(1, len(errors) + 1))
