"""One asset's candles with a book's own fills on them, and what it held below.

Prices are raw, as they were paid: a candle chart of adjusted prices would put fills where nobody traded.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts
from tidegate.types.report import Figure, Mark, Series, Text

__all__ = ["Candles", "trades"]


@dataclass(frozen=True)
class Candles:
    """Raw prices of one asset ``[n]`` each, at the market's bars; NaN where the asset did not trade."""

    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats


def trades(
    key: str,
    title: Text,
    candles: Candles,
    fills: Sequence[tuple[np.datetime64, str, float, float]],
    held: Floats,
    *,
    refused: Sequence[tuple[np.datetime64, str, float]] = (),
    actions: Sequence[np.datetime64] = (),
    note: Text | None = None,
) -> Figure:
    """Draw candles, fills and unfilled orders on them, and the quantity held below.

    Parameters
    ----------
    fills
        Rows of (time, side, price, quantity); a price has the slippage in it.
    held
        ``[n]`` quantity held at each close of `candles`.
    refused
        Orders that were not filled at all: (time, side, price at which to mark them).
    actions
        Bars before whose open a split or dividend happened: the gap there is no fall.

    Raises
    ------
    SettingError
        Where there are no candles.

    >>> time = np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[D]")
    >>> one = Candles(time, *(np.array([10.0, 11.0]) for _ in range(4)))
    >>> figure = trades("t", Text.same("T"), one, [(time[1], "buy", 11.0, 100.0)], np.array([0.0, 100.0]))
    >>> [(series.key, series.mark) for series in figure.series]
    [('price', 'dot'), ('buys', 'up'), ('held', 'dot')]
    """
    if len(candles.time) == 0:
        raise SettingError("there are no candles to draw trades on", where=f"figure {key}")
    x = texts(candles.time)
    columns = {"open": candles.open, "high": candles.high, "low": candles.low, "close": candles.close}
    series = [
        Series(
            key="price",
            title=Text(en="Raw price", zh="原始价格"),
            kind="candle",
            role="truth",
            data={"x": x, **{name: numbers(values) for name, values in columns.items()}},
        )
    ]
    sides: tuple[tuple[str, str, Text, Mark], ...] = (
        ("buys", "buy", Text(en="Bought", zh="买入"), "up"),
        ("sells", "sell", Text(en="Sold", zh="卖出"), "down"),
    )
    for name, side, label, mark in sides:
        rows = [(time, price, quantity) for time, one, price, quantity in fills if one == side]
        if rows:
            when = texts(np.array([row[0] for row in rows], dtype="datetime64[us]"))
            data = {"x": when, "y": numbers([r[1] for r in rows]), "quantity": numbers([r[2] for r in rows])}
            role = "main" if side == "buy" else "rival"
            series.append(Series(key=name, title=label, kind="scatter", role=role, mark=mark, data=data))
    if refused:
        when = texts(np.array([row[0] for row in refused], dtype="datetime64[us]"))
        series.append(
            Series(
                key="refused",
                title=Text(en="Order not filled", zh="未成交委托"),
                kind="scatter",
                role="doubt",
                mark="cross",
                data={"x": when, "y": numbers([row[2] for row in refused])},
            )
        )
    if actions:
        when = texts(np.array(actions, dtype="datetime64[us]"))
        title_of = Text(en="Ex-day: the gap is no fall", zh="除权除息日（跳空并非下跌）")
        series.append(
            Series(key="actions", title=title_of, kind="rule", role="benchmark", stroke="dotted", data={"x": when})
        )
    series.append(
        Series(
            key="held",
            title=_HELD,
            kind="step",
            role="main",
            panel=1,
            follows="buys" if any(one.key == "buys" for one in series) else None,
            data={"x": x, "y": numbers(held)},
        )
    )
    about = Text(
        en=(
            "Raw prices, one place a bar of the market: no gap for nights and holidays, an empty place where it did "
            "not trade. A fill's price has the slippage in it, so it may lie a tick outside the candle's open."
        ),
        zh="价格未复权；横轴每格为市场的一根K线，夜间与假日不留空，无成交（如停牌）处留空。成交价已含滑点，可能偏离开盘价一档。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(about, note),
        x="time",
        series=tuple(series),
        y_titles=(Text(en="Price", zh="价格"), _HELD),
        y_styles=("number", "integer"),
    )


_HELD = Text(en="Quantity held", zh="持有数量")
