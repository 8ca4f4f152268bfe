"""Factors as heat: coverage by year, return of each group, and which factors rank assets alike."""

from collections.abc import Sequence

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Style, Text

__all__ = ["factor_coverage", "factor_groups", "factor_likeness"]


def factor_coverage(
    key: str, title: Text, fields: Sequence[str], years: Sequence[str], shares: Floats, *, note: Text | None = None
) -> Figure:
    """Draw the share of rows that have each factor, by year ``[F, Y]``.

    >>> factor_coverage("c", Text.same("C"), ["pe"], ["2014"], np.array([[0.5]])).series[0].data["value"]
    (0.5,)
    """
    caption = Text(
        en=(
            "Share of a year's rows that have the factor. Where it changes from year to year, so does the market that "
            "a study sees."
        ),
        zh="当年各行中有该因子值的比例。覆盖率逐年变化，研究看到的市场也随之变化。",
    )
    told = Text(en="Share of rows", zh="行的比例")
    return _heat(key, title, fields, tuple(years), shares, told, "percent", sentences(caption, note))


def factor_groups(
    key: str, title: Text, fields: Sequence[str], means: Floats, *, over: Text, note: Text | None = None
) -> Figure:
    """Draw the mean return of each quantile group less that of all, ``[F, G]``, lowest values of the factor first.

    >>> factor_groups("g", Text.same("G"), ["pe"], np.array([[-0.01, 0.01]]), over=Text.same("a month")).x
    'category'
    """
    count = np.atleast_2d(means).shape[1]
    columns = [Text(en=f"group {place + 1}", zh=f"第 {place + 1} 组") for place in range(count)]
    columns[0], columns[-1] = Text(en="lowest", zh="最低组"), Text(en="highest", zh="最高组")
    caption = Text(
        en=(
            f"Mean return over {over.en} of each group, equally weighted, less that of all assets with the factor: "
            "before any cost, and as if every lot could be had. A factor that orders all groups says more than one "
            "that lives on its ends."
        ),
        zh=(
            f"各组{over.zh}的等权平均收益减去全体均值：未扣任何成本，且假定都能成交。"
            "各组依次排列的因子，比只靠两端的因子更可信。"
        ),
    )
    told = Text(en="Excess return", zh="超额收益")
    places = tuple(column.model_dump() for column in columns)
    return _heat(key, title, fields, places, means, told, "percent", sentences(caption, note))


def factor_likeness(
    key: str, title: Text, fields: Sequence[str], correlations: Floats, *, note: Text | None = None
) -> Figure:
    """Draw the mean rank correlation of each pair of factors ``[F, F]``, in the order given: style by style.

    >>> factor_likeness("l", Text.same("L"), ["pe"], np.array([[1.0]])).series[0].data["value"]
    (1.0,)
    """
    caption = Text(
        en=(
            "Rank correlation across the assets of a date, then its mean over dates. Blocks on the diagonal are "
            "factors that say the same: as evidence they are few, however many they are."
        ),
        zh="同一日期截面上的秩相关，再对日期取平均。对角线上的色块是说同一件事的因子：数量再多，证据也只有少数几份。",
    )
    told = Text(en="Mean rank correlation", zh="平均秩相关")
    return _heat(key, title, fields, tuple(fields), correlations, told, "number", sentences(caption, note))


def _heat(
    key: str,
    title: Text,
    fields: Sequence[str],
    columns: tuple[object, ...],
    values: Floats,
    told: Text,
    style: Style,
    caption: Text,
) -> Figure:
    held = np.asarray(values, dtype=np.float64)
    if not fields or held.shape != (len(fields), len(columns)):
        raise SettingError(
            "one number for each cell", where=f"figure {key}", expected=(len(fields), len(columns)), found=held.shape
        )
    data = {
        "x": tuple(column for _ in fields for column in columns),
        "y": tuple(field for field in fields for _ in columns),
        "value": numbers(held),
    }
    return Figure(
        key=key,
        title=title,
        caption=caption,
        x="category",
        series=(Series(key="cells", title=told, kind="heat", data=data),),
        y_titles=(Text(en="Factor", zh="因子"),),
        y_styles=(style,),
    )
