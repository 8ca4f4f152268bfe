"""The clock table of a run, drawn: what a decision at the close of *t* knows, when it is filled, when it is judged."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.report.figures.plain import sentences
from tidegate.types.clock import Horizon, Instant, Moment
from tidegate.types.report import Figure, Role, Text

__all__ = ["PROMISE", "ClockRow", "clock"]

PROMISE = Text(
    en="Nothing left of the dashed line depends on anything right of it. ",
    zh="虚线左侧的一切都不依赖虚线右侧的任何信息。",
)
"""What the picture says of a run; a report whose audit failed takes it back (see `study.audit_alarm`)."""


@dataclass(frozen=True)
class ClockRow:
    """One line: from `start` to `end`, or at `start` alone; bars are counted from *t*."""

    label: Text
    start: Instant
    end: Instant | None = None
    role: Role = "main"


def clock(
    key: str,
    title: Text,
    horizon: Horizon,
    lookback: int,
    *,
    traded: Horizon | None = None,
    more: Sequence[ClockRow] = (),
    note: Text | None = None,
) -> Figure:
    """Draw inputs, forecast, order, label and purge around the close of *t*.

    Parameters
    ----------
    horizon
        Of the label: what the model is asked.
    lookback
        Bars of input, ending at *t*.
    traded
        When the strategy gets in and out, where that differs from the label's horizon.
    more
        Further lines, put before the last one.

    >>> figure = clock("clock", Text.same("Clock"), Horizon(lag=1, span=5), lookback=30)
    >>> [row["from"] for row in figure.graph["rows"]]
    [[-29, 'OPEN'], [0, 'CLOSE'], [1, 'OPEN'], [6, 'OPEN'], [6, 'OPEN']]
    """
    way = traded or horizon
    entry, known = horizon.entry_at(0), horizon.exit_at(0)
    rows = [
        ClockRow(
            Text(
                en=f"Inputs: {lookback} bars, the last ends at the decision",
                zh=f"输入：{lookback} 根，最后一根止于决策时刻",
            ),
            Instant(1 - lookback, Moment.OPEN),
            Instant(0, Moment.CLOSE),
            "truth",
        ),
        ClockRow(
            Text(en="Forecast made and order decided", zh="作出预测、决定委托"), Instant(0, Moment.CLOSE), None, "rival"
        ),
        ClockRow(
            Text(en="Held: filled at the entry, out at the exit", zh="持有：入场成交至离场"),
            way.entry_at(0),
            way.exit_at(0),
            "main",
        ),
        *more,
        *(
            [ClockRow(Text(en="Return that the label counts", zh="标签所计的收益"), entry, known, "benchmark")]
            if traded
            else []
        ),
        ClockRow(Text(en="Label known: it may be learned from", zh="标签已知：可用于训练"), known, None, "main"),
        ClockRow(
            Text(
                en=f"A test range may begin, if training ends at t (purge {horizon.purge})",
                zh=f"训练若止于 t，测试最早由此开始（清除 {horizon.purge} 根）",
            ),
            known,
            None,
            "doubt",
        ),
    ]
    unreal = Text(
        en=(
            "This label enters at a price that is already past when the decision is made: it can be learned, not "
            "traded. "
        ),
        zh="该标签的入场价在决策时已经过去：可以学习，不能交易。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(PROMISE, None if horizon.tradable else unreal, note),
        kind="clock",
        graph={
            "rows": [
                {
                    "label": r.label.model_dump(),
                    "from": _at(r.start),
                    "to": None if r.end is None else _at(r.end),
                    "role": r.role,
                }
                for r in rows
            ]
        },
    )


def _at(instant: Instant) -> list[int | str]:
    return [instant.bar, instant.moment.name]
