"""The same rules traded three times: without costs, with fees alone, with fees and slippage (C14)."""

from collections.abc import Mapping, Sequence

from tidegate.report.figures.plain import numbers, sentences
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["cost_views"]


def cost_views(
    key: str,
    title: Text,
    members: Sequence[tuple[str, Text, Role]],
    views: Mapping[str, Sequence[float]],
    *,
    note: Text | None = None,
) -> Figure:
    """Draw total returns before costs, after fees and after slippage too, for each member.

    Parameters
    ----------
    views
        By member: the three total returns. Each is a book of its own, so a rule that loses its money trades less.

    >>> cost_views("c14", Text.same("C"), [("a", Text.same("A"), "main")], {"a": (0.1, 0.0, -0.2)}).series[0].data["y"]
    (0.1, 0.0, -0.2)
    """
    caption = Text(
        en="Three books each: no costs, fees alone, fees and slippage. One round trip a bar pays both twice a bar.",
        zh="每者三个账本：无成本、仅手续费、手续费加滑点。每根K线一次往返，成本每根付两次。",
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
                data={"x": tuple(step.model_dump() for step in _STEPS), "y": numbers(views[name])},
            )
            for name, label, role in members
        ),
        y_titles=(Text(en="Total return", zh="总收益"),),
        y_styles=("percent",),
    )


_STEPS = (
    Text(en="before costs", zh="成本前"),
    Text(en="after fees", zh="计手续费后"),
    Text(en="after fees and slippage", zh="计手续费与滑点后"),
)
