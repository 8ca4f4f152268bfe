"""What a book bought each bar, in equal shares of itself, under the rule on how much cash may be used (A7)."""

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts, thinning
from tidegate.types.report import Figure, Series, Text

__all__ = ["spending"]

_CLOSE = 1e-6


def spending(
    key: str, title: Text, time: Times, bought: Floats, *, days: int, most: float, note: Text | None = None
) -> Figure:
    """Draw purchases a bar, as a multiple of equity / days, and the most that may be spent: 1 at first, `most` later.

    Parameters
    ----------
    bought
        ``[T]``: value bought in each bar over the equity of the close before, times `days`; the first bar's own equity
        is the capital.
    days
        Bars in which only the equal share may be spent, counted from the first decision, which buys a bar later.

    >>> time = np.arange("2015-01-05", "2015-01-08", dtype="datetime64[D]")
    >>> figure = spending("s", Text.same("Spent"), time, np.array([0.0, 0.9, 1.6]), days=1, most=1.5)
    >>> [series.key for series in figure.series], "1 of 3" in figure.caption.en
    (['bought', 'most'], True)
    """
    if len(time) != len(bought):
        raise SettingError(
            "columns over time differ in length", where=f"figure {key}", expected=len(time), found=len(bought)
        )
    held = np.asarray(bought, dtype=np.float64)
    allowed = np.where(np.arange(len(held)) <= days, 1.0, most)
    over = int((held > allowed + _CLOSE).sum())
    places, thin = thinning(held)
    x = tuple(np.array(texts(time))[places].tolist())
    about = Text(
        en=(
            f"What is allowed is counted at the last close, what is bought at the price of the fill: {over} of "
            f"{len(held)} bars cost more than that, by an open above the close."
        ),
        zh=f"额度按前收盘计算，买入按成交价计算：{len(held)} 根K线中有 {over} 根因高开而超出额度。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(about, thin, note),
        x="time",
        series=(
            Series(key="bought", title=_BOUGHT, kind="step", role="main", data={"x": x, "y": numbers(held[places])}),
            Series(
                key="most",
                title=Text(en=f"The most: 1 at first, {most:g} later", zh=f"上限：起初为 1，其后为 {most:g}"),
                kind="step",
                role="benchmark",
                stroke="dashed",
                data={"x": x, "y": numbers(allowed[places])},
            ),
        ),
        y_titles=(_BOUGHT,),
        y_styles=("number",),
    )


_BOUGHT = Text(en="Bought in a bar, in equal shares (equity / days)", zh="单根K线买入额（以等份净值÷天数计）")
"""Title of what is drawn."""
