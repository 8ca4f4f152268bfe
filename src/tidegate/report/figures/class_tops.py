"""How many of the most bullish stocks were among the true best, by date, with the band of luck and the lift (E7)."""

from typing import Any

import numpy as np

from tidegate.report.figures.plain import Floats, Times, numbers, sentences, texts
from tidegate.types.report import Figure, Series, Text

__all__ = ["top_hits"]


def top_hits(
    key: str,
    title: Text,
    time: Times,
    ratio: Floats,
    expected: Floats,
    low: Floats,
    high: Floats,
    *,
    picks: int,
    note: Text | None = None,
) -> Figure:
    """Draw the hit ratio of each date ``[D]`` over its hypergeometric band, and below it the lift over blind picks.

    All are shares of `picks`. The mean over dates is drawn across. `time` ``[D + 1]`` has the dates of the decision and
    the end of the last.

    >>> time = np.array(["2016-05-31", "2016-06-30"], dtype="datetime64[D]")
    >>> one = np.array([0.1])
    >>> figure = top_hits("e7", Text.same("T"), time, 2 * one, one, one, one, picks=100)
    >>> figure.series[-2].data["y"], figure.series[-1].data["y"]
    ((2.0,), (1.0,))
    """
    x = texts(time)
    bars: dict[str, tuple[Any, ...]] = {"x": x[:-1], "x2": x[1:]}
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = np.where(expected > 0, ratio / expected, np.nan)
    mean, base = (float(np.mean(values)) if values.size else float("nan") for values in (ratio, expected))
    series = [
        Series(
            key="luck",
            title=Text(en="Blind picks, 95 % band", zh="盲选的 95% 区间"),
            kind="band",
            role="doubt",
            data={"x": x, "y": numbers(_held(low)), "y2": numbers(_held(high))},
        ),
        Series(
            key="expected",
            title=Text(en="Blind picks, on average", zh="盲选的平均"),
            kind="step",
            role="benchmark",
            stroke="dashed",
            data={"x": x, "y": numbers(_held(expected))},
        ),
        Series(
            key="hits",
            title=Text(
                en=f"The {picks} most bullish among the true best {picks}", zh=f"最看多 {picks} 只进入真实前 {picks}"
            ),
            kind="bar",
            role="main",
            data={**bars, "y": numbers(ratio)},
        ),
    ]
    if np.isfinite(mean):
        words = Text(en=f"Mean {mean:.1%}", zh=f"均值 {mean:.1%}")
        series.append(
            Series(
                key="mean", title=words, kind="rule", role="main", follows="hits", stroke="dotted", data={"y": (mean,)}
            )
        )
    series += [
        Series(
            key="lift",
            title=Text(en="Lift over blind picks", zh="相对盲选的提升"),
            kind="bar",
            role="main",
            panel=1,
            follows="hits",
            data={**bars, "y": numbers(lift)},
        ),
        Series(
            key="no lift",
            title=Text(en="No lift", zh="无提升"),
            kind="rule",
            role="benchmark",
            panel=1,
            follows="expected",
            data={"y": (1.0,)},
        ),
    ]
    caption = Text(
        en=(
            f"Blind picks hit {base:.1%} on average here: {picks} names of as many as a date has. A hit ratio says "
            "nothing without it. The band takes all sets of names as equally likely; picks that share a trait hit or "
            "miss together and scatter more."
        ),
        zh=(
            f"此处盲选平均命中 {base:.1%}（每期从全部股票中取 {picks} 只）；离开它，命中率毫无意义。"
            "色带假定任何组合等可能；所选股票若有共同特征，会同中同失，离散更大。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="time",
        series=tuple(series),
        y_titles=(Text(en="Hit ratio", zh="命中率"), Text(en="Lift", zh="提升倍数")),
        y_styles=("percent", "number"),
    )


def _held(values: Floats) -> Floats:
    """The last value once more, at the end of its date."""
    return np.concatenate([values, values[-1:]])
