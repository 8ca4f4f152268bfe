"""Forecast paths of many bars against what came (B8): the figure of levels, and the figure of changes that unmasks it.

A path that starts at today's price is near tomorrow's price whatever it says; on a figure of levels every forecast
looks good. The figure of changes takes the start away: forecast change across, actual change up.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.types.report import Figure, Series, Text

__all__ = ["changes", "paths"]


def paths(
    key: str,
    title: Text,
    time: Times,
    close: Floats,
    origins: NDArray[np.int64],
    forecasts: Floats,
    *,
    every: int | None = None,
    price: Text | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw forecast paths as segments over the price that came.

    Parameters
    ----------
    time, close
        ``[T]``.
    origins
        ``[K]`` positions on `time` at whose close a path was made, rising.
    forecasts
        ``[K, h]`` forecast closes of the bars origin+1 ... origin+h.
    every
        Draw the paths whose origins lie at least so many bars apart; h where None, so that none overlap.

    >>> time = np.array(["2015-01-05", "2015-01-06", "2015-01-07"], dtype="datetime64[D]")
    >>> figure = paths("b8", Text.same("Paths"), time, np.array([1.0, 2.0, 3.0]), np.array([0]), np.array([[1.0, 1.5]]))
    >>> figure.series[1].data["y"]
    (1.0, 1.0, 1.5, None)
    """
    forecasts = _checked(origins, forecasts)
    gap = every or forecasts.shape[1]
    words = np.array(texts(time))
    x: list[str] = []
    y: list[float | None] = []
    drawn, last = 0, -gap
    for origin, path in zip(origins.tolist(), forecasts, strict=True):
        if origin - last < gap or origin + 1 >= len(time):
            continue
        end = min(len(time), origin + 1 + len(path))
        x += [*words[origin:end].tolist(), str(words[end - 1])]
        y += [float(close[origin]), *numbers(path[: end - origin - 1]), None]
        drawn, last = drawn + 1, origin
    places, thin = thinning(close)
    caption = Text(
        en=(
            f"Every path starts at the close of the day it was made; {drawn} of {len(origins)} are drawn, at least "
            f"{gap} bars apart. On levels, any forecast near today's price looks close: see the figure of changes."
        ),
        zh=(
            f"每条路径从作出预测当日的收盘价出发；{len(origins)} 条中绘出 {drawn} 条，间隔至少 {gap} 根。"
            "在价格水平上，任何接近现价的预测看上去都很准：请看变化量的图。"
        ),
    )
    name = price or Text(en="Price", zh="价格")
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, thin, note),
        x="time",
        y_titles=(name,),
        y_styles=("number",),
        series=(
            Series(
                key="actual",
                title=Text(en="What came", zh="实际"),
                kind="line",
                role="truth",
                data={"x": tuple(words[places].tolist()), "y": numbers(close[places])},
            ),
            Series(
                key="forecast",
                title=Text(en=f"Forecast paths of {forecasts.shape[1]} bars", zh=f"{forecasts.shape[1]} 根预测路径"),
                kind="line",
                role="main",
                data={"x": tuple(x), "y": tuple(y)},
            ),
        ),
    )


def changes(
    key: str, title: Text, close: Floats, origins: NDArray[np.int64], forecasts: Floats, *, note: Text | None = None
) -> Figure:
    """Draw the forecast change over the whole path against the change that came.

    Parameters
    ----------
    close, origins, forecasts
        As for `paths`; origins whose path ends after the last bar are left out.

    The caption gives the correlation and the error ratio ``RMSE(forecast) / RMSE(no change)``.

    >>> close = np.array([1.0, 2.0, 3.0, 3.0])
    >>> figure = changes("b8c", Text.same("Changes"), close, np.array([0, 1]), np.array([[2.0, 3.0], [2.0, 2.0]]))
    >>> figure.series[0].data["x"], figure.series[0].data["y"]
    ((2.0, 0.0), (2.0, 0.5))
    """
    forecasts = _checked(origins, forecasts)
    h = forecasts.shape[1]
    whole = origins + h < len(close)
    start, end = close[origins[whole]], close[origins[whole] + h]
    said, came = forecasts[whole, -1] / start - 1.0, end / start - 1.0
    told = np.isfinite(said) & np.isfinite(came)
    said, came = said[told], came[told]
    places, thin = thinning(came)
    flat = said.size == 0 or float(said.std()) == 0.0 or float(came.std()) == 0.0
    correlation = "—" if flat else f"{float(np.corrcoef(said, came)[0, 1]):.2f}".replace("-", "−")
    still = float(np.sqrt(np.mean(came**2))) if len(came) else 0.0
    ratio = f"{float(np.sqrt(np.mean((said - came) ** 2))) / still:.2f}" if still > 0 else "—"
    independent = int(_independent(origins[whole][told].tolist(), h))
    caption = Text(
        en=(
            f"{len(said)} paths of {h} bars, of which {independent} do not overlap. Correlation {correlation}; "
            f"error {ratio} times that of “no change”. Above 1, the last price was the better forecast."
        ),
        zh=(
            f"{len(said)} 条 {h} 根的路径，其中互不重叠的 {independent} 条。相关系数 {correlation}；"
            f"误差为“价格不变”的 {ratio} 倍。大于 1 说明直接用最后价格更准。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, thin, note),
        x="number",
        x_style="percent",
        x_title=Text(en=f"Forecast change over {h} bars", zh=f"预测的 {h} 根变化"),
        y_titles=(Text(en="Change that came", zh="实际变化"),),
        y_styles=("percent",),
        series=(
            Series(
                key="paths",
                title=Text(en="One path", zh="一条路径"),
                kind="scatter",
                role="main",
                data={"x": numbers(said[places]), "y": numbers(came[places])},
            ),
            Series(
                key="zero", title=Text(en="No change", zh="不变"), kind="rule", role="benchmark", data={"y": (0.0,)}
            ),
        ),
    )


def _checked(origins: NDArray[np.int64], forecasts: Floats) -> Floats:
    held = np.asarray(forecasts, dtype=np.float64)
    if held.shape[:1] != (len(origins),) or held.ndim == 1:
        raise SettingError("one path for each origin is needed", expected=f"[{len(origins)}, h]", found=held.shape)
    return held


def _independent(origins: Sequence[int], h: int) -> int:
    """Count origins at least h bars apart, taken greedily from the first."""
    count, last = 0, -h
    for origin in origins:
        if origin - last >= h:
            count, last = count + 1, origin
    return count
