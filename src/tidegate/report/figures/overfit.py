"""What became of the variant that looked best so far: a histogram over all ways of halving the past (PBO)."""

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["overfit"]


def overfit(
    key: str,
    title: Text,
    logits: Floats,
    *,
    probability: float,
    loss: float,
    variants: int,
    blocks: int,
    bins: int = 31,
    note: Text | None = None,
) -> Figure:
    """Draw the histogram of the best variant's place outside, and mark the median variant's.

    Parameters
    ----------
    logits
        ``[C]`` of `evaluate.doubt.overfitting`: log odds of the rank outside, one a choice of blocks.
    probability, loss
        Share of choices below the median, and with a loss, outside.
    variants, blocks
        How many variants were chosen among, and blocks of time halved.

    Raises
    ------
    SettingError
        Where there is no choice.

    >>> figure = overfit("pbo", Text.same("PBO"), np.array([-1.0, 0.5, 1.0]), probability=1 / 3, loss=0.0,
    ...                  variants=9, blocks=8, bins=3)
    >>> sum(figure.series[0].data["y"]), "33%" in figure.caption.en
    (3.0, True)
    """  # fmt: skip
    held = np.asarray(logits, dtype=np.float64)
    held = held[np.isfinite(held)]
    if held.size == 0:
        raise SettingError("there are no choices to draw", where=f"figure {key}", expected="one or more", found=0)
    reach = float(np.log(variants)) + 1e-9
    counts, edges = np.histogram(held, bins=bins, range=(-reach, reach))
    return Figure(
        key=key,
        title=title,
        caption=sentences(
            Text(
                en=f"The bars are cut into {blocks} blocks; each half of them is once the past, in which the best of "
                f"{variants} variants by its Sharpe ratio is picked, and the other half is what came. Left of zero the "
                f"one picked was below the median afterwards: in {probability:.0%} of {held.size:,} choices (the "
                f"probability of backtest overfitting; 50 % is blind picking). In {loss:.0%} it lost money. Choices "
                "share their blocks and are one stretch of history: the share is noisy, and no p-value.",
                zh=f"将全部K线分为 {blocks} 段，每次取其一半作为“过去”，"
                f"从中按夏普比率选出 {variants} 个变体中最好的一个，另一半即“其后”。"
                f"零的左侧表示被选中者其后低于中位数：占 {held.size:,} 种取法的 {probability:.0%}"
                f"（即回测过拟合概率，50% 等于盲选）；其中 {loss:.0%} 的取法亏损。"
                "各取法共用同样的区段、同一段历史：该比例噪声很大，并非 p 值。",
            ),
            note,
        ),
        x="number",
        x_title=Text(en="rank afterwards, log odds (0: the median variant)", zh="其后排名的对数几率（0 为中位变体）"),
        series=(
            Series(
                key="choices",
                title=Text(en=f"{held.size:,} choices of the past", zh=f"{held.size:,} 种“过去”的取法"),
                kind="bar",
                role="doubt",
                data={"x": numbers(edges[:-1]), "x2": numbers(edges[1:]), "y": numbers(counts)},
            ),
            Series(
                key="median",
                title=Text(en="The median variant", zh="中位变体"),
                kind="rule",
                role="benchmark",
                data={"x": (0.0,)},
            ),
        ),
        y_titles=(Text(en="Choices", zh="取法个数"),),
        y_styles=("integer",),
    )
