"""Distributions of weights and biases: as a fan over the training, and at its end beside where they began (D9–D12).

What is kept during training are histograms, at a few moments spread over the run; groups are put together, and
quantiles read off, straight within a bin: they are as fine as the bins are. The initial distribution stands in every
picture: a network whose weights barely left it has memorised little, and may have learned little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, joined, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["Spread", "fan", "histogram", "merged", "quantiles", "widths"]

_ITERATION = Text(en="Iteration (steps of the optimiser)", zh="迭代次数（优化器步数）")
_FEWEST_BINS = 8
_READ = Text(
    en="Read off histograms: no finer than their bins.",
    zh="由直方图读出，精度不超过其组距。",
)


@dataclass(frozen=True)
class Spread:
    """One group of weights over the training: histograms ``counts [K, bins]`` at `x` ``[K]`` iterations.

    `edges` are ``[bins + 1]`` or, where bins move, ``[K, bins + 1]``.
    """

    key: str
    label: Text
    x: Floats
    counts: Floats
    edges: Floats

    def __post_init__(self) -> None:
        counts = np.atleast_2d(np.asarray(self.counts, dtype=np.float64))
        edges = np.asarray(self.edges, dtype=np.float64)
        edges = np.broadcast_to(edges, (len(counts), edges.shape[-1]))
        if edges.shape[1] != counts.shape[1] + 1 or len(self.x) != len(counts):
            raise SettingError(
                "a histogram's edges, counts and moments do not fit",
                where=self.key,
                expected=f"{len(self.x)} moments, {counts.shape[1] + 1} edges",
                found=(counts.shape, edges.shape),
            )
        object.__setattr__(self, "counts", counts)
        object.__setattr__(self, "edges", edges)

    def but(self, key: str) -> "Spread":
        """The same under another key."""
        return Spread(key, self.label, self.x, self.counts, self.edges)


def merged(key: str, label: Text, spreads: Sequence[Spread]) -> Spread:
    """Put groups together as one: their counts on the widest group's bins, spread evenly within each of their own.

    >>> one = Spread("w", Text.same("w"), np.array([0.0]), np.array([[2.0, 2.0]]), np.array([-1.0, 0.0, 1.0]))
    >>> two = Spread("v", Text.same("v"), np.array([0.0]), np.array([[4.0, 0.0]]), np.array([-2.0, 0.0, 2.0]))
    >>> merged("all", Text.same("all"), [one, two]).counts.tolist()
    [[6.0, 2.0]]
    """
    widest = max(spreads, key=lambda spread: float(np.ptp(spread.edges)))
    total = np.zeros_like(widest.counts)
    for spread in spreads:
        for row, (counts, edges, into) in enumerate(zip(spread.counts, spread.edges, widest.edges, strict=True)):
            held = np.interp(into, edges, np.concatenate([[0.0], np.cumsum(counts)]))
            total[row] += np.diff(held)
    return Spread(key, label, widest.x, total, widest.edges)


def quantiles(spread: Spread, shares: Sequence[float]) -> Floats:
    """Give the quantiles of every histogram ``[K, len(shares)]``, straight within a bin; NaN where it is empty.

    >>> one = Spread("w", Text.same("w"), np.array([0.0]), np.array([[1.0, 1.0]]), np.array([0.0, 1.0, 3.0]))
    >>> quantiles(one, [0.25, 0.5, 0.75]).tolist()
    [[0.5, 1.0, 2.0]]
    """
    made = np.full((len(spread.counts), len(shares)), np.nan)
    for row, (counts, edges) in enumerate(zip(spread.counts, spread.edges, strict=True)):
        total = counts.sum()
        if total > 0:
            some = np.flatnonzero(counts)  # an empty bin holds no quantile
            above = np.cumsum(counts[some]) / total
            at = np.minimum(np.searchsorted(above, shares), some.size - 1)
            part = 1.0 - (above[at] - np.asarray(shares)) * total / counts[some][at]
            lower, upper = edges[some][at], edges[some + 1][at]
            made[row] = lower + np.clip(part, 0.0, 1.0) * (upper - lower)
    return made


def fan(key: str, title: Text, spreads: Sequence[Spread], *, measure: Text, note: Text | None = None) -> Figure:
    """Draw the median, the middle half and the middle nine tenths of each group by iteration.

    >>> one = Spread("w", Text.same("w"), np.array([0.0, 5.0]), np.ones((2, 4)), np.linspace(-1, 1, 5))
    >>> [series.key for series in fan("d9", Text.same("Weights"), [one], measure=Text.same("w")).series]
    ['w middle 90 %', 'w middle half', 'w', 'zero']
    """
    series: list[Series] = []
    for spread in spreads:
        cuts = [numbers(cut) for cut in quantiles(spread, [0.05, 0.25, 0.5, 0.75, 0.95]).T]
        x = numbers(spread.x)
        for name, words, low, high in (
            ("middle 90 %", Text(en=", middle 90 %", zh="，中间 90%"), cuts[0], cuts[4]),
            ("middle half", Text(en=", middle half", zh="，中间一半"), cuts[1], cuts[3]),
        ):
            series.append(
                Series(
                    key=f"{spread.key} {name}",
                    title=joined(spread.label, words),
                    kind="band",
                    role="plain",
                    follows=spread.key,
                    data={"x": x, "y": low, "y2": high},
                )
            )
        series.append(
            Series(key=spread.key, title=spread.label, kind="line", role="plain", data={"x": x, "y": cuts[2]})
        )
    series.append(Series(key="zero", title=Text(en="Zero", zh="零"), kind="rule", role="benchmark", data={"y": (0.0,)}))
    caption = Text(
        en=(
            "Bands hold the middle nine tenths and the middle half of the group, the line is its median. A fan "
            "that opens shows weights that grow; one that stays as it began has hardly learned."
        ),
        zh="色带为该组权重的中间 90% 与中间一半，线为中位数。扇形张开说明权重在增大；与起点无异则几乎没有学到东西。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, _READ, note),
        x="number",
        x_title=_ITERATION,
        x_style="integer",
        series=tuple(series),
        y_titles=(measure,),
        y_styles=("number",),
    )


def histogram(
    key: str, title: Text, whole: Spread, parts: Sequence[Spread] = (), *, measure: Text, note: Text | None = None
) -> Figure:
    """Draw a group's last histogram as a density, its first one as an outline, and the last ones of its parts.

    >>> one = Spread("w", Text.same("w"), np.array([0.0, 5.0]), np.ones((2, 4)), np.linspace(-1, 1, 5))
    >>> [
    ...     series.kind
    ...     for series in histogram("d11", Text.same("Weights"), one, [one.but("v")], measure=one.label).series
    ... ]
    ['bar', 'step', 'step', 'rule']
    """
    edges, density = _density(whole, -1)
    series = [
        Series(
            key=whole.key,
            title=joined(whole.label, Text(en=", at the end", zh="，训练结束时")),
            kind="bar",
            role="doubt",
            data={"x": numbers(edges[:-1]), "x2": numbers(edges[1:]), "y": numbers(density)},
        ),
        _outline(
            f"{whole.key} first", joined(whole.label, Text(en=", at the start", zh="，训练开始时")), whole, 0, "truth"
        ),
        *(_outline(part.key, part.label, part, -1, "plain") for part in parts),
        Series(key="zero", title=Text(en="Zero", zh="零"), kind="rule", role="benchmark", data={"x": (0.0,)}),
    ]
    caption = Text(
        en=(
            "Bars are the group at the end of training, the outline where it began: the difference is all that "
            "was learned. Tails that reach out belong to few weights."
        ),
        zh="柱为该组训练结束时的分布，轮廓为起始分布：二者之差就是学到的全部。伸出的尾部只属于少数权重。",
    )
    gates = Text(
        en="Coloured outlines are single gates at the end; every outline encloses the same area.",
        zh="彩色轮廓为训练结束时的各个门；各轮廓面积相等。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, gates if parts else None, note),
        x="number",
        x_title=measure,
        series=tuple(series),
        y_titles=(Text(en="Density", zh="密度"),),
        y_styles=("number",),
    )


def widths(key: str, title: Text, spreads: Sequence[Spread], *, measure: Text, note: Text | None = None) -> Figure:
    """Draw how wide each group is by iteration: the width of its middle nine tenths.

    >>> one = Spread("w", Text.same("w"), np.array([0.0, 5.0]), np.ones((2, 4)), np.linspace(-1, 1, 5))
    >>> widths("d9w", Text.same("Widths"), [one], measure=Text.same("w")).series[0].data["y"]
    (1.8, 1.8)
    """
    series = []
    for spread in spreads:
        cuts = quantiles(spread, [0.05, 0.95])
        wide = numbers(np.round(cuts[:, 1] - cuts[:, 0], 12))
        series.append(
            Series(
                key=spread.key,
                title=spread.label,
                kind="line",
                role="plain",
                data={"x": numbers(spread.x), "y": wide},
            )
        )
    caption = Text(
        en=(
            "The width of the middle nine tenths of each group. What widens is what training uses; a group that "
            "keeps its first width was left as it was drawn."
        ),
        zh="各组权重中间 90% 的宽度。变宽者正被训练所用；宽度不变者仍是初始的随机数。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, _READ, note),
        x="number",
        x_title=_ITERATION,
        x_style="integer",
        series=tuple(series),
        y_titles=(measure,),
        y_styles=("number",),
    )


def _density(spread: Spread, row: int) -> tuple[Floats, Floats]:
    """Edges and densities of one histogram, trimmed to what is counted, with bins as wide as its weights are few."""
    counts, edges = spread.counts[row], spread.edges[row]
    held = np.flatnonzero(counts > 0)
    if not held.size:
        return edges[:2], np.zeros(1)
    first, end = int(held[0]), int(held[-1]) + 1
    wanted = max(_FEWEST_BINS, int(np.ceil(2.0 * np.cbrt(counts.sum()))))  # the rule of Rice
    joined_bins = max(1, (end - first) // wanted)
    cuts = np.unique(np.append(np.arange(first, end, joined_bins), end))
    totals = np.add.reduceat(counts, cuts[:-1])[: len(cuts) - 1]
    totals[-1] = counts[cuts[-2] : end].sum()
    places = edges[cuts]
    return places, totals / (counts.sum() * np.diff(places))


def _outline(key: str, label: Text, spread: Spread, row: int, role: str) -> Series:
    edges, density = _density(spread, row)
    data = {
        "x": numbers(np.concatenate([edges[:1], edges, edges[-1:]])),
        "y": numbers([0.0, *density, density[-1], 0.0]),
    }
    return Series.of({"key": key, "title": label, "kind": "step", "role": role, "data": data})
