"""The same rules traded at each rung of costs: without any, with fees alone, with more and more slippage (C14)."""

from collections.abc import Mapping, Sequence

from tidegate.report.figures.plain import numbers, sentences
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["cost_views"]


def cost_views(
    key: str,
    title: Text,
    members: Sequence[tuple[str, Text, Role]],
    returns: Mapping[str, Sequence[float]],
    ticks: Sequence[int],
    *,
    note: Text | None = None,
) -> Figure:
    """Draw total returns before costs, after fees, and with so many ticks of slippage a fill too, for each member.

    Parameters
    ----------
    returns
        By member: total returns before costs, then with fees at each of `ticks`. Each is a book of its own, so a rule
        that loses its money trades less.
    ticks
        Ticks of slippage a fill, rung by rung.

    >>> one = [("a", Text.same("A"), "main")]
    >>> cost_views("c14", Text.same("C"), one, {"a": (0.1, 0.0, -0.2)}, (0, 1)).series[0].data["x"][2]["en"]
    'fees and 1 tick'
    """
    steps = (Text(en="no costs", zh="无成本"), *(_step(count) for count in ticks))
    caption = Text(
        en="Each rung is a book of its own. One round trip a bar pays fees and slippage twice a bar.",
        zh="每一档为独立账本。每根K线一次往返，手续费与滑点每根付两次。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, note),
        x="category",
        series=tuple(
            Series(
                key=name,
                title=label,
                kind="bar",
                role=role,
                data={"x": tuple(step.model_dump() for step in steps), "y": numbers(returns[name])},
            )
            for name, label, role in members
        ),
        y_titles=(Text(en="Total return", zh="总收益"),),
        y_styles=("percent",),
    )


def _step(ticks: int) -> Text:
    if not ticks:
        return Text(en="fees", zh="仅手续费")
    return Text(en=f"fees and {ticks} tick{'' if ticks == 1 else 's'}", zh=f"手续费与 {ticks} 跳滑点")
