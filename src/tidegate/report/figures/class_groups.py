"""Net values of groups by predicted class, their long-short with its won months, trials (D5–D8, E1–E4, E6).

Published pictures show three curves that part. So do three curves of luck, one time in six in that order; and a curve
of twelve months has twelve points, however smooth it is drawn. What the curves cannot say stands in their captions: how
many months were won and how often a coin wins as many, the interval of the long-short, and that nobody paid anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tidegate.errors import SettingError
from tidegate.report.figures.plain import Floats, Times, numbers, quartiles, sentences, spread, texts
from tidegate.types.report import Figure, Role, Series, Text

__all__ = ["GroupCurve", "Trial", "group_values", "long_short", "trial_groups"]


@dataclass(frozen=True)
class GroupCurve:
    """One group's returns by date and seed, ``[S, D]``; NaN where the group was empty."""

    key: str
    label: Text
    returns: Floats

    @property
    def values(self) -> Floats:
        """Worth of one unit, before the first date and after each ``[S, D + 1]``; empty dates lie in cash."""
        held = np.nan_to_num(np.atleast_2d(np.asarray(self.returns, dtype=np.float64)), nan=0.0)
        return np.concatenate([np.ones((len(held), 1)), np.cumprod(1.0 + held, axis=1)], axis=1)


@dataclass(frozen=True)
class Trial:
    """The groups of one variant, over the dates of the figure."""

    key: str
    label: Text
    groups: Sequence[GroupCurve]


def group_values(
    key: str,
    title: Text,
    time: Times,
    groups: Sequence[GroupCurve],
    *,
    market: GroupCurve | None = None,
    note: Text | None = None,
) -> Figure:
    """Draw the net value of each group, frictionless, median over seeds with the quartiles, beside all stocks alike.

    Parameters
    ----------
    time
        ``[D + 1]``: the first decision, then when each date's return is known.
    note
        Words after the caption, for example of the long-short and its won months.

    Raises
    ------
    SettingError
        Where a group does not have D returns.

    >>> time = np.array(["2016-04-29", "2016-05-31"], dtype="datetime64[D]")
    >>> figure = group_values("d5", Text.same("G"), time, [GroupCurve("up", Text.same("up"), np.array([[0.1]]))])
    >>> figure.series[0].data["y"]
    (1.0, 1.1)
    """
    series = [one for group in groups for one in _drawn(group, time, key)]
    if market is not None:
        series += _drawn(market, time, key, benchmark=True)
    return Figure(
        key=key,
        title=title,
        caption=sentences(_GROSS, note),
        x="time",
        series=tuple(series),
        y_titles=(_NET,),
        y_styles=("number",),
    )


def trial_groups(key: str, title: Text, time: Times, trials: Sequence[Trial], *, note: Text | None = None) -> Figure:
    """Draw the groups of several variants in one pane: a colour for each trial, the highest class solid.

    The lowest class is dashed, those between are dotted; quartiles over seeds belong to the highest. Parameters are
    those of `group_values`; every trial has the same dates, and its groups stand from the lowest class up.

    >>> time = np.array(["2016-04-29", "2016-05-31"], dtype="datetime64[D]")
    >>> held = [GroupCurve(name, Text.same(name), np.array([[0.1]])) for name in ("down", "up")]
    >>> figure = trial_groups("e1", Text.same("T"), time, [Trial("a", Text.same("A"), held)])
    >>> [(one.key, one.stroke, one.follows) for one in figure.series]
    [('a up', 'solid', None), ('a down', 'dashed', 'a up')]
    """
    series: list[Series] = []
    for trial in trials:
        lead = trial.groups[-1]
        leader = f"{trial.key} {lead.key}"
        for place, group in ((len(trial.groups) - 1, lead), *enumerate(trial.groups[:-1])):
            label = Text(en=f"{trial.label.en}: {group.label.en}", zh=f"{trial.label.zh}：{group.label.zh}")
            own = GroupCurve(f"{trial.key} {group.key}", label, group.returns)
            for one in _drawn(own, time, key):
                if group is lead:
                    series.append(one)
                elif one.kind == "line":
                    series.append(one.but(follows=leader, stroke="dashed" if place == 0 else "dotted"))
    caption = Text(
        en="Solid is each trial's highest class, with quartiles over seeds; dashed the lowest, dotted those between.",
        zh="实线为各次试验的最高类（色带为种子四分位），虚线为最低类，点线为其间各类。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(caption, _GROSS, note),
        x="time",
        series=tuple(series),
        y_titles=(_NET,),
        y_styles=("number",),
    )


def long_short(key: str, title: Text, time: Times, spread_of: GroupCurve, *, note: Text | None = None) -> Figure:
    """Draw the compounded long-short, and below it each date's as a bar: won dates in one colour, lost ones in another.

    Bars are the median over seeds, from the decision to when the return is known. `time` is as in `group_values`.

    >>> time = np.array(["2016-04-29", "2016-05-31", "2016-06-30"], dtype="datetime64[D]")
    >>> figure = long_short("d6", Text.same("L"), time, GroupCurve("ls", Text.same("ls"), np.array([[0.1, -0.1]])))
    >>> [(one.key, one.data["y"]) for one in figure.series[1:]]
    [('won', (0.1,)), ('lost', (-0.1,))]
    """
    held = np.atleast_2d(np.asarray(spread_of.returns, dtype=np.float64))
    middle = quartiles(held)[1]
    x, until = np.array(texts(time[:-1])), np.array(texts(time[1:]))
    won = middle > 0
    series = _drawn(spread_of, time, key)
    for name, label, inside, role in (
        ("won", Text(en="dates won", zh="获胜期"), won, "main"),
        ("lost", Text(en="dates lost", zh="落败期"), ~won & np.isfinite(middle), "rival"),
    ):
        series.append(
            Series.of(
                {
                    "key": name,
                    "title": label,
                    "kind": "bar",
                    "role": role,
                    "panel": 1,
                    "data": {
                        "x": tuple(x[inside].tolist()),
                        "x2": tuple(until[inside].tolist()),
                        "y": numbers(middle[inside]),
                    },
                }
            )
        )
    return Figure(
        key=key,
        title=title,
        caption=sentences(_SPREAD, _GROSS, note),
        x="time",
        series=tuple(series),
        y_titles=(
            Text(en="Long-short, compounded", zh="多空累计净值"),
            Text(en="Long-short by date", zh="逐期多空收益"),
        ),
        y_styles=("number", "percent"),
    )


def _drawn(group: GroupCurve, time: Times, where: str, *, benchmark: bool = False) -> list[Series]:
    values = group.values
    if values.shape[1] != len(time):
        raise SettingError(
            "a group and its dates differ in length", where=where, expected=len(time) - 1, found=values.shape[1] - 1
        )
    role: Role = "benchmark" if benchmark else "plain"
    return list(spread(group.key, group.label, texts(time), values, role=role))


_NET = Text(en="Net value", zh="净值")
_GROSS = Text(
    en=(
        "Frictionless, equal weight, dealt anew at every date, as published: no costs, no limits, every stock to be "
        "had. Nobody can trade this. A group without a stock lies in cash."
    ),
    zh="按原文：无摩擦、等权、逐期重新分组，不计费用与涨跌停，假定每只股票都能成交。现实中无法如此交易。没有股票的组持有现金。",
)
_SPREAD = Text(
    en="The group of the highest class less that of the lowest, compounded; bars are the median over seeds.",
    zh="最高类组合减最低类组合的累计；柱形为各种子的中位数。",
)
