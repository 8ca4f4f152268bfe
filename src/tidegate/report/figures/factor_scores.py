"""What factors said: IC with its interval, the hurdles for many, decay over horizons, spreads of groups, stability."""

from collections.abc import Sequence

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["factor_decay", "factor_hurdles", "factor_intervals", "factor_stability"]

_SMALLEST = 1e-12


def factor_intervals(
    key: str,
    title: Text,
    fields: Sequence[str],
    middle: Floats,
    low: Floats,
    high: Floats,
    *,
    caption: Text,
    unit: Text,
    style: str = "number",
    before: Floats | None = None,
) -> Figure:
    """Draw a mean with its interval for each factor ``[F]``, and beside it what it was before the steps.

    >>> one = np.array([0.02])
    >>> made = factor_intervals(
    ...     "f", Text.same("F"), ["pe"], one, one - 0.01, one + 0.01, caption=Text.same(""), unit=Text.same("IC")
    ... )
    >>> made.series[0].data["median"], made.series[0].data["high"]
    ((0.02,), (0.03,))
    """
    _parallel(key, fields, middle, low, high, *([] if before is None else [before]))
    places = tuple(fields)
    series = [
        Series(
            key="interval",
            title=Text(en="Mean and interval", zh="均值与区间"),
            kind="box",
            role="main",
            data=_marks(places, middle) | {"low": numbers(low), "high": numbers(high)},
        ),
        _rule("zero", 0.0, Text(en="Zero", zh="零"), "plain"),
    ]
    if before is not None:
        series.append(
            Series(
                key="before",
                title=Text(en="Before the steps", zh="处理之前"),
                kind="box",
                role="rival",
                data=_marks(places, before),
            )
        )
    return Figure(
        key=key,
        title=title,
        caption=caption,
        x="category",
        series=tuple(series),
        y_titles=(unit,),
        y_styles=("percent" if style == "percent" else "number",),
    )


def factor_hurdles(
    key: str,
    title: Text,
    fields: Sequence[str],
    p_values: Floats,
    apart: Floats,
    *,
    level: float,
    bonferroni: float,
    discovery: float,
    tried: int,
    note: Text | None = None,
) -> Figure:
    """Draw ``-log₁₀ p`` of each factor ``[F]``, with all dates and without overlap, and the hurdles for many tries.

    A p-value below 1e-12 is drawn there; `discovery` is 0 where no factor passes.

    >>> p = np.array([0.01])
    >>> made = factor_hurdles("h", Text.same("H"), ["pe"], p, p, level=0.05, bonferroni=0.05, discovery=0.05, tried=1)
    >>> [series.key for series in made.series]
    ['whole', 'apart', 'level', 'bonferroni', 'discovery']
    """
    _parallel(key, fields, p_values, apart)
    places = tuple(fields)

    def height(values: Floats) -> Floats:
        return np.asarray(-np.log10(np.maximum(values, _SMALLEST)))

    series = [
        Series(
            key="whole",
            title=Text(en="All dates, fixed-b", zh="全部日期，fixed-b"),
            kind="bar",
            role="main",
            data={"x": places, "y": numbers(height(p_values))},
        ),
        Series(
            key="apart",
            title=Text(en="Dates that share no return", zh="互不重叠的日期"),
            kind="box",
            role="rival",
            data=_marks(places, height(apart)),
        ),
        _rule(
            "level",
            float(height(np.array(level))),
            Text(en=f"p = {level:g}, one factor", zh=f"p = {level:g}，单因子"),
            "plain",
        ),
        _rule(
            "bonferroni",
            float(height(np.array(bonferroni))),
            Text(en=f"Bonferroni, {tried} factors", zh=f"Bonferroni，{tried} 个因子"),
            "doubt",
        ),
    ]
    words = Text(
        en=(
            f"Taller is less likely by chance. {tried} factors were tried: about {level * tried:.1f} of them would "
            "pass the lowest line if none knew anything. Bonferroni's line is passed by chance in at most one such "
            f"report in {1 / level:.0f}. What was tried before this report and thrown away is not counted. A p-value "
            "below 1e-12 is drawn there."
        ),
        zh=(
            f"柱越高越不像偶然。共检验 {tried} 个因子：即使全部无效，也约有 {level * tried:.1f} 个越过最低的线；"
            f"越过 Bonferroni 线的偶然概率至多为每 {1 / level:.0f} 份报告一次。"
            "此前试过又放弃的因子没有计入。小于 1e-12 的 p 值画在该处。"
        ),
    )  # fmt: skip
    if discovery > 0:
        line = Text(en="Benjamini and Hochberg", zh="Benjamini-Hochberg")
        series.append(_rule("discovery", float(height(np.array(discovery))), line, "benchmark"))
    else:
        words = sentences(
            words, Text(en="No factor passes Benjamini and Hochberg's.", zh="没有因子通过 Benjamini-Hochberg。")
        )
    return Figure(
        key=key,
        title=title,
        caption=sentences(words, note),
        x="category",
        series=tuple(series),
        y_titles=(Text(en="−log₁₀ p of the mean rank IC", zh="秩 IC 均值的 −log₁₀ p"),),
        y_styles=("number",),
    )


def factor_decay(
    key: str,
    title: Text,
    fields: Sequence[str],
    spans: Sequence[int],
    middle: Floats,
    *,
    unit: Text,
    note: Text | None = None,
) -> Figure:
    """Draw the mean rank IC of each factor over horizons ``[S, F]``; `unit` names what a span counts.

    >>> made = factor_decay("d", Text.same("D"), ["pe"], [1, 2], np.array([[0.04], [0.05]]), unit=Text.same("months"))
    >>> made.series[0].data["y"]
    (0.04, 0.05)
    """
    _parallel(key, fields, *middle)
    series = [
        Series(
            key=field, title=Text.same(field), kind="line", role="plain", data={"x": tuple(spans), "y": numbers(column)}
        )
        for field, column in zip(fields, middle.T, strict=True)
    ]
    caption = Text(
        en=(
            "Returns run from the fill over the whole horizon, so longer ones hold the shorter ones, and neighbouring "
            "dates share most of theirs: a smooth curve is not many observations."
        ),
        zh="收益自成交起计到期末，长期限包含短期限，相邻日期大部分重叠：曲线平滑并不意味着观测很多。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="number",
        x_title=Text(en=f"Horizon in {unit.en}", zh=f"期限（{unit.zh}）"),
        x_style="integer",
        series=(*series, _rule("zero", 0.0, Text(en="Zero", zh="零"), "plain")),
        y_titles=(Text(en="Mean rank IC", zh="秩 IC 均值"),),
        y_styles=("number",),
    )  # fmt: skip


def factor_stability(
    key: str, title: Text, fields: Sequence[str], stability: Floats, *, note: Text | None = None
) -> Figure:
    """Draw the mean rank correlation of each factor ``[F]`` with itself one date before.

    >>> factor_stability("s", Text.same("S"), ["pe"], np.array([0.9])).series[0].data["y"]
    (0.9,)
    """
    _parallel(key, fields, stability)
    caption = Text(
        en=(
            "One date's ranks against the date before: near 1 a book made of it would hardly turn over, near 0 it "
            "would be new each time."
        ),
        zh="本期秩与上期秩的相关：接近 1 时组合几乎不换手，接近 0 时每期全部换新。",
    )
    bars = Series(
        key="stability",
        title=Text(en="Rank autocorrelation", zh="秩自相关"),
        kind="bar",
        role="main",
        data={"x": tuple(fields), "y": numbers(stability)},
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=(bars,),
        y_titles=(Text(en="Rank autocorrelation", zh="秩自相关"),),
        y_styles=("number",),
    )  # fmt: skip


def _marks(places: tuple[str, ...], values: Floats) -> dict[str, tuple[object, ...]]:
    """Boxes without extent: a stroke at each value, however many stand side by side."""
    return {"x": places} | dict.fromkeys(("low", "q1", "median", "q3", "high"), numbers(values))


def _rule(key: str, at: float, title: Text, role: Role) -> Series:
    return Series(key=key, title=title, kind="rule", role=role, stroke="dashed", data={"y": (at,)})


def _parallel(key: str, fields: Sequence[str], *columns: Floats) -> None:
    """Raise `SettingError` where there is nothing to draw, or a column is not one number a factor."""
    found = [len(column) for column in columns]
    if not fields or any(count != len(fields) for count in found):
        raise SettingError("one number for each factor", where=f"figure {key}", expected=len(fields), found=found)
