"""Changes of contract drawn (C17): the price as traded, the joined series, and where one contract follows the other."""

import numpy as np
from numpy.typing import NDArray

from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.types.report import Figure, Series, Text

__all__ = ["rolls"]


def rolls(key: str, title: Text, time: Times, raw: Floats, factor: Floats, *, note: Text | None = None) -> Figure:
    """Draw raw closes, the series joined by its factor (1 at the first bar), and a rule at each step of the factor.

    Parameters
    ----------
    time, raw, factor
        ``[T]``.

    >>> time = np.array(["2019-01-02", "2019-01-03"], dtype="datetime64[D]")
    >>> made = rolls("c17", Text.same("Rolls"), time, np.array([100.0, 90.0]), np.array([2.0, 2.2]))
    >>> made.series[1].data["y"][1].__round__(6), made.series[2].data["x"]
    (99.0, ('2019-01-03',))
    """
    steps = np.flatnonzero(np.diff(factor)) + 1
    adjusted = raw * factor / factor[0]
    first, thin = thinning(raw)
    places = np.union1d(first, np.concatenate([steps, steps - 1])).astype(np.int64)
    words = texts(time)
    x = tuple(words[at] for at in places)
    series = [
        Series(
            key="raw",
            title=Text(en="Close of the main contract, as traded", zh="主力合约收盘价（未复权）"),
            kind="line",
            role="truth",
            data={"x": x, "y": numbers(raw[places])},
        ),
        Series(
            key="joined",
            title=Text(en="Joined by the recorded ratio, from the first bar on", zh="按换月比例拼接（自首根K线起）"),
            kind="line",
            role="main",
            data={"x": x, "y": numbers(adjusted[places])},
        ),
    ]
    if len(steps):
        label = Text(en="Change of contract", zh="换月")
        data = {"x": tuple(words[at] for at in steps)}
        series.append(Series(key="rolls", title=label, kind="rule", role="doubt", stroke="dotted", data=data))
    return Figure(
        key=key,
        title=title,
        caption=sentences(_words(raw, factor, steps), thin, note),
        x="time",
        series=tuple(series),
        y_titles=(Text(en="Price", zh="价格"),),
        y_styles=("number",),
    )


def _words(raw: Floats, factor: Floats, steps: NDArray[np.int64]) -> Text:
    if not len(steps):
        return Text(en="No change of contract is recorded here.", zh="数据未记录换月。")
    gaps = 1.0 - factor[steps - 1] / factor[steps]
    low, high = (f"{value:.1%}".replace("-", "−") for value in (gaps.min(), gaps.max()))
    jump = float(np.abs(raw[steps] - raw[steps - 1]).max())
    return Text(
        en=f"{len(steps)} changes of contract; the new one was {low} to {high} below the old. As traded, the "
        "largest step "
        f"from bar to bar at one is {jump:,.0f}: on the joined series it is none.",
        zh=f"共 {len(steps)} 次换月；新合约较旧合约低 {low} 至 {high}。未复权时换月处相邻K线的最大跳变为 "
        f"{jump:,.0f}；拼接后不存在。",
    )
