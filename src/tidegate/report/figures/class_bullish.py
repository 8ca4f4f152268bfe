"""The bullish share by date, and against the market's next return (E8, E9)."""

import numpy as np

from tidegate.report.figures.plain import Floats, Times, numbers, sentences, spread, texts
from tidegate.types.report import Figure, Series, Text

__all__ = ["bullish_market", "bullish_share"]


def bullish_share(
    key: str,
    title: Text,
    time: Times,
    share: Floats,
    rose: Floats,
    *,
    chance: Floats | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw the share of stocks called rising (``[S, D]``) beside the share that then rose ``[D]``.

    `chance` ``[S, D]`` is the mean probability of the highest class, which is what the share should be read beside.

    >>> time = np.array(["2016-05-31"], dtype="datetime64[D]")
    >>> figure = bullish_share("e8", Text.same("B"), time, np.array([[0.4]]), np.array([0.3]))
    >>> [(one.key, one.data["y"]) for one in figure.series]
    [('rose', (0.3,)), ('share', (0.4,))]
    """
    x = texts(time)
    held = np.atleast_2d(np.asarray(share, dtype=np.float64))
    series = [
        Series(
            key="rose",
            title=Text(en="Share that then was of the highest class", zh="其后实际属最高类的比例"),
            kind="bar",
            role="truth",
            data={"x": x, "y": numbers(rose)},
        ),
        *spread(
            "share",
            Text(en="Share called rising (likeliest class the highest)", zh="看多比例（最可能为最高类）"),
            x,
            held,
            role="main",
        ),
    ]
    if chance is not None and bool(np.isfinite(chance).any()):
        words = Text(en="Mean probability of the highest class", zh="最高类的平均概率")
        series += spread("chance", words, x, np.atleast_2d(chance), role="rival")
    said, came = float(np.nanmean(held)), float(np.nanmean(rose)) if bool(np.isfinite(rose).any()) else float("nan")
    caption = Text(
        en=(
            f"Called rising {said:.0%} on average, {came:.0%} rose. A share of likeliest classes need not equal the "
            "share that rises even when every probability is right: the mean probability does."
        ),
        zh=(
            f"平均看多 {said:.0%}，实际上涨 {came:.0%}。即使概率全部准确，“最可能”的比例也不必等于实际比例；"
            "平均概率才应相等。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="time",
        series=tuple(series),
        y_titles=(Text(en="Share of stocks", zh="股票比例"),),
        y_styles=("percent",),
    )


def bullish_market(
    key: str, title: Text, time: Times, share: Floats, market: Floats, *, whose: Text, note: Text | None = None
) -> Figure:
    """Draw the market's next return of each date ``[D]``, by whether its sign is that of the share's change.

    `whose` names the market. The first date has no change before it. `time` ``[D + 1]`` has the dates of the decision
    and the end of the last.

    >>> time = np.array(["2016-04-29", "2016-05-31", "2016-06-30", "2016-07-29"], dtype="datetime64[D]")
    >>> share, market = np.array([0.4, 0.5, 0.4]), np.array([0.0, 0.1, 0.1])
    >>> figure = bullish_market("e9", Text.same("B"), time, share, market, whose=Text.same("index"))
    >>> [(one.key, one.data["y"]) for one in figure.series]
    [('agreed', (0.1,)), ('differed', (0.1,)), ('first', (0.0,)), ('share', (0.4, 0.5, 0.4, 0.4))]
    """
    x, until = np.array(texts(time[:-1])), np.array(texts(time[1:]))
    change = np.concatenate([[np.nan], np.diff(share)])
    known = np.isfinite(market)
    same = known & (np.sign(change) * np.sign(market) > 0)
    other = known & (np.sign(change) * np.sign(market) < 0)
    neither = known & ~same & ~other
    series: list[Series] = []
    for name, label, inside, role in (
        ("agreed", Text(en="same sign as the share's change", zh="与看多比例变动同号"), same, "main"),
        ("differed", Text(en="other sign", zh="异号"), other, "rival"),
        ("first", Text(en="no change to compare", zh="无变动可比"), neither, "benchmark"),
    ):
        if inside.any():
            series.append(
                Series.of(
                    {
                        "key": name,
                        "title": label,
                        "kind": "bar",
                        "role": role,
                        "data": {
                            "x": tuple(x[inside].tolist()),
                            "x2": tuple(until[inside].tolist()),
                            "y": numbers(market[inside]),
                        },
                    }
                )
            )
    series.append(
        Series(
            key="share",
            title=Text(en="Share called rising", zh="看多比例"),
            kind="step",
            role="plain",
            panel=1,
            data={"x": texts(time), "y": numbers(np.concatenate([share, share[-1:]]))},
        )
    )
    n, agreed = int(same.sum() + other.sum()), int(same.sum())
    caption = Text(
        en=f"Bars are the return after each date; {agreed} of {n} have the sign of the share's change before them.",
        zh=f"柱形为各期之后的收益；{n} 期中有 {agreed} 期与此前看多比例的变动同号。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="time",
        series=tuple(series),
        y_titles=(
            Text(en=f"Next return, {whose.en}", zh=f"下期收益：{whose.zh}"),
            Text(en="Share called rising", zh="看多比例"),
        ),
        y_styles=("percent", "percent"),
    )
