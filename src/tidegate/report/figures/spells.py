"""A price with the spells in which the forecast was negative shaded, and the sharp falls marked (B6).

Shading always looks clever: the eye finds the falls inside it and forgets the rises. So the caption puts the share of
falls inside beside the share of all sessions inside, which is what a blind shading of the same length would catch.
"""

import numpy as np
from numpy.typing import NDArray

from tidegate.report.figures.plain import Floats, Times, numbers, runs, sentences, texts, thinning
from tidegate.types.report import Figure, Series, Text

__all__ = ["spells"]


def spells(
    key: str,
    title: Text,
    time: Times,
    close: Floats,
    negative: NDArray[np.bool_],
    *,
    opens: Floats | None = None,
    high: Floats | None = None,
    low: Floats | None = None,
    falls: NDArray[np.bool_] | None = None,
    fall_words: Text | None = None,
    price: Text | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw a price (candles where open, high and low are given) and shade the spells of negative forecasts.

    Parameters
    ----------
    time, close, negative
        ``[T]``; `negative` says in which sessions the forecast in force was below zero: one made at an *earlier* close.
        A forecast made after the session it is drawn on would shade falls that it has already seen.
    opens, high, low
        ``[T]`` each, all three or none.
    falls
        ``[T]`` sessions that count as sharp falls, or None; `fall_words` says what counts ("falls of 3 % or more").

    >>> time = np.array(["2015-01-05", "2015-01-06", "2015-01-07"], dtype="datetime64[D]")
    >>> down = np.array([False, True, True])
    >>> figure = spells("b6", Text.same("Spells"), time, np.array([3.0, 2.0, 1.0]), down, falls=down)
    >>> [series.kind for series in figure.series], "2 of 2" in figure.caption.en
    (['line', 'shade', 'scatter'], True)
    """
    places, thin = thinning(close)
    words = np.array(texts(time))
    x = tuple(words[places].tolist())
    spans = list(runs(negative))
    name = price or Text(en="Price", zh="价格")
    shaded = Series(
        key="negative",
        title=Text(en="Forecast below zero", zh="预测为负"),
        kind="shade",
        role="rival",
        data={
            "x": tuple(words[np.array([a for a, _ in spans], dtype=np.int64)].tolist()),
            "x2": tuple(words[np.array([min(b + 1, len(time) - 1) for _, b in spans], dtype=np.int64)].tolist()),
        },
    )
    if opens is not None and high is not None and low is not None:
        columns = {"open": opens, "high": high, "low": low, "close": close}
        data = {"x": x, **{n: numbers(v[places]) for n, v in columns.items()}}
        drawn = Series(key="price", title=name, kind="candle", role="truth", data=data)
    else:
        drawn = Series(key="price", title=name, kind="line", role="truth", data={"x": x, "y": numbers(close[places])})
    series = [drawn, shaded]
    caught = None
    if falls is not None:
        where = np.flatnonzero(falls)
        series.append(
            Series(
                key="falls",
                title=fall_words or Text(en="Sharp falls", zh="急跌"),
                kind="scatter",
                role="main",
                data={"x": tuple(words[where].tolist()), "y": numbers(close[where])},
            )
        )
        caught = _caught(negative, falls)
    told = Text(
        en=f"{len(spans)} spells, {float(np.mean(negative)):.0%} of the sessions. ",
        zh=f"共 {len(spans)} 段，占全部交易日的 {float(np.mean(negative)):.0%}。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(told, caught, thin, note),
        x="time",
        series=tuple(series),
        y_titles=(name,),
        y_styles=("number",),
    )


def _caught(negative: NDArray[np.bool_], falls: NDArray[np.bool_]) -> Text:
    inside, total = int((negative & falls).sum()), int(falls.sum())
    base = float(np.mean(negative))
    share = inside / total if total else float("nan")
    return Text(
        en=(
            f"{inside} of {total} sharp falls ({share:.0%}) lie inside them; a blind shading of the same length "
            f"would hold {base:.0%} on average."
        ),
        zh=f"{total} 次急跌中有 {inside} 次（{share:.0%}）落在其中；同样长度的盲目标注平均也会覆盖 {base:.0%}。",
    )
