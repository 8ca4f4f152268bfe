"""How long an adaptive network ponders: its steps as a histogram, by time step, and what the limit cut off (E10–E12).

Pondering is compute. A network that always takes one step is a plain cell at a higher price; one that always runs into
its limit was stopped, it did not decide to stop.
"""

from dataclasses import dataclass

import numpy as np

from tidegate.report.figures.plain import Floats, numbers, sentences
from tidegate.types.report import Figure, Series, Text

__all__ = ["Pondered", "ponder_by_difficulty", "ponder_by_row", "ponder_steps", "remainders"]

_ROW = Text(en="Row of the window (the last is the anchor)", zh="窗口内的行（最后一行为锚点）")
_STEPS = Text(en="Ponder steps", zh="思考步数")


@dataclass(frozen=True)
class Pondered:
    """What a network pondered over some windows: `steps` and `remainder` ``[M, L]``, and its `limit` of steps."""

    steps: Floats
    remainder: Floats
    limit: int

    @property
    def stopped(self) -> Floats:
        """Share of windows that the limit stopped, by row ``[L]``."""
        return np.asarray((self.steps >= self.limit).mean(axis=0), dtype=np.float64)


def ponder_steps(key: str, title: Text, held: Pondered, *, note: Text | None = None) -> Figure:
    """Draw the share of all steps of all windows that took 1, 2, … ponder steps, with the mean and the limit.

    >>> figure = ponder_steps("e10", Text.same("Steps"), Pondered(np.array([[1.0, 2.0]]), np.zeros((1, 2)), 3))
    >>> figure.series[0].data["y"]
    (0.5, 0.5, 0.0)
    """
    counts = np.bincount(np.clip(np.rint(held.steps).astype(np.int64).ravel(), 0, held.limit), minlength=held.limit + 1)
    shares = counts[1:] / max(int(counts.sum()), 1)
    mean = float(held.steps.mean())
    last = max(int(np.flatnonzero(shares)[-1]) + 2 if shares.any() else 1, 3)
    shares = shares[: min(last, held.limit)]
    stopped = float((held.steps >= held.limit).mean())
    return Figure(
        key=key,
        title=title,
        caption=sentences(
            Text(
                en=(
                    f"On average {mean:.2f} steps, so about {mean:.1f} times the work of the plain cell; "
                    f"{stopped:.1%} of all were stopped by the limit of {held.limit}. One step everywhere would "
                    "be a plain cell at a higher price."
                ),
                zh=(
                    f"平均 {mean:.2f} 步，计算量约为普通单元的 {mean:.1f} 倍；{stopped:.1%} 被上限 {held.limit} "
                    "截断。若处处只用一步，便是更贵的普通单元。"
                ),
            ),
            note,
        ),
        x="category",
        x_title=_STEPS,
        series=(
            Series(
                key="steps",
                title=Text(en="Share of all rows", zh="占全部行的比例"),
                kind="bar",
                role="main",
                data={"x": tuple(str(n) for n in range(1, len(shares) + 1)), "y": numbers(shares)},
            ),
        ),
        y_titles=(Text(en="Share of all rows", zh="占全部行的比例"),),
        y_styles=("percent",),
    )


def ponder_by_row(key: str, title: Text, held: Pondered, *, note: Text | None = None) -> Figure:
    """Draw mean and middle nine tenths of the steps by row of the window.

    >>> ponder_by_row("e10r", Text.same("Steps"), Pondered(np.ones((4, 3)), np.zeros((4, 3)), 5)).series[1].data["y"]
    (1.0, 1.0, 1.0)
    """
    rows = tuple(range(1, held.steps.shape[1] + 1))
    low, high = np.quantile(held.steps, [0.05, 0.95], axis=0)
    series = (
        Series(
            key="steps middle 90 %",
            title=Text(en="Middle 90 % of windows", zh="样本的中间 90%"),
            kind="band",
            role="main",
            follows="steps",
            data={"x": rows, "y": numbers(low), "y2": numbers(high)},
        ),
        Series(
            key="steps",
            title=Text(en="Mean over windows", zh="样本均值"),
            kind="line",
            role="main",
            data={"x": rows, "y": numbers(held.steps.mean(axis=0))},
        ),
    )
    caption = Text(
        en=(
            "Steps at each row of the window, mean and middle nine tenths over windows. A flat line with a band "
            "of no width says that pondering does not depend on what is seen."
        ),
        zh="窗口内各行的思考步数：均值与样本的中间 90%。平直且无宽度的色带说明思考与所见无关。",
    )
    return Figure(
        key=key, title=title, caption=sentences(caption, note), x="number", x_title=_ROW, x_style="integer",
        series=series, y_titles=(_STEPS,), y_styles=("number",),
    )  # fmt: skip


def remainders(key: str, title: Text, held: Pondered, *, note: Text | None = None) -> Figure:
    """Draw the remainders' histogram over all rows.

    >>> figure = remainders("e12", Text.same("R"), Pondered(np.ones((4, 3)), np.full((4, 3), 0.3), 5))
    >>> sum(figure.series[0].data["y"])
    1.0
    """
    counts, edges = np.histogram(np.clip(held.remainder, 0.0, 1.0), bins=25, range=(0.0, 1.0))
    stopped = held.stopped
    worst = int(stopped.argmax())
    weight = Text(
        en=(
            "The weight of the last step. Near one, the first step decided alone; remainders are what the ponder cost "
            "pushes on."
        ),
        zh="最后一步的权重。接近一表示第一步独自决定；思考代价正是作用于此。",
    )
    limit = Text(en="The limit stopped none.", zh="没有一行被上限截断。")
    if stopped.any():
        limit = Text(
            en=(
                f"The limit stopped {float(stopped.mean()):.1%} of all rows, most at row {worst + 1} "
                f"({float(stopped[worst]):.1%}): there the remainder is what was left, not what was wanted."
            ),
            zh=(
                f"上限截断了全部行的 {float(stopped.mean()):.1%}，以第 {worst + 1} 行最多"
                f"（{float(stopped[worst]):.1%}）：在那里剩余权重是被迫的，而非所愿。"
            ),
        )
    return Figure(
        key=key,
        title=title,
        caption=sentences(weight, limit, note),
        x="number",
        x_title=Text(en="Remainder", zh="剩余权重"),
        series=(
            Series(
                key="remainder",
                title=Text(en="Share of all rows", zh="占全部行的比例"),
                kind="bar",
                role="main",
                data={"x": numbers(edges[:-1]), "x2": numbers(edges[1:]), "y": numbers(counts / max(counts.sum(), 1))},
            ),
        ),
        y_titles=(Text(en="Share of all rows", zh="占全部行的比例"),),
        y_styles=("percent",),
    )


def ponder_by_difficulty(
    key: str,
    title: Text,
    held: Pondered,
    difficulty: Floats,
    *,
    measure: Text,
    groups: int = 5,
    note: Text | None = None,
) -> Figure:
    """Draw the mean steps of a window against `difficulty` ``[M]`` (its volatility, say) in groups of equal size.

    The caption gives Spearman's rank correlation over all windows.

    >>> held = Pondered(np.arange(1.0, 11.0)[:, None], np.zeros((10, 1)), 30)
    >>> "1.00" in ponder_by_difficulty("e11", Text.same("S"), held, np.arange(10.0), measure=Text.same("v")).caption.en
    True
    """
    means = np.asarray(held.steps, dtype=np.float64).mean(axis=1)
    told = np.asarray(difficulty, dtype=np.float64)
    known = np.isfinite(told)
    means, told = means[known], told[known]
    order = np.argsort(told, kind="stable")
    parts = [part for part in np.array_split(order, groups) if part.size]
    cuts = np.array([np.quantile(means[part], [0.05, 0.25, 0.5, 0.75, 0.95]) for part in parts])
    columns = dict(zip(("low", "q1", "median", "q3", "high"), (numbers(c) for c in cuts.T), strict=True))
    names = tuple(f"{told[part].min():.3g} … {told[part].max():.3g}" for part in parts)
    rank = _spearman(means, told)
    told_rank = f"{rank:.2f}" if np.isfinite(rank) else "—"
    caption = Text(
        en=(
            f"Mean steps of a window, windows in {len(parts)} groups of equal size by {measure.en}; boxes hold "
            f"the middle half, whiskers 5 % to 95 %. Rank correlation over all windows {told_rank}: windows "
            "overlap, so it is less sure than their number suggests."
        ),
        zh=(
            f"按{measure.zh}将样本等分为 {len(parts)} 组的窗口平均步数；箱体为中间一半，须线为 5% 至 95%。"
            f"全部样本的秩相关为 {told_rank}：样本相互重叠，其把握小于样本数所示。"
        ),
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        x_title=measure,
        series=(
            Series(
                key="steps",
                title=Text(en="Mean steps of a window", zh="窗口平均步数"),
                kind="box",
                role="main",
                data={"x": names, **columns},
            ),
        ),
        y_titles=(_STEPS,),
        y_styles=("number",),
    )


def _spearman(one: Floats, other: Floats) -> float:
    if one.size < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:  # noqa: PLR2004 - no line through two points
        return float("nan")
    ranks = [np.unique(values, return_inverse=True)[1].astype(np.float64) for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
