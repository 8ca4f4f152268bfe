"""Which of the document's months a set of bars holds, asked of the bars themselves, and what must be said of it."""

from datetime import date

import numpy as np

from tidegate.market.calendar import XSHG
from tidegate.types.axes import TimeArray
from tidegate.types.bars import Bars, BarSpec
from tidegate.types.report import Text

__all__ = ["FIRST", "LAST", "SWITCHES", "covered", "invented", "months_stamp", "own_months", "traded_within", "within"]

FIRST, LAST = date(2016, 7, 1), date(2019, 8, 30)
_WHOLE, _SOME = 0.95, 0.10
SWITCHES = Text(
    en="Switch dates are the vendor's; that the next contract is known at the close before is assumed.",
    zh="换月日期取自数据商；“前一收盘时已知下一合约”为假设。",
)


def covered(bars: Bars) -> float:
    """Share of the document's sessions, 2016-07-01 … 2019-08-30, on which there is a bar: 0 … 1.

    >>> from tidegate.data.rebar_world import RebarWorld
    >>> [round(covered(RebarWorld(sessions=count, seed=1, frequency="1d").bars()), 2) for count in (300, 775)]
    [0.39, 1.0]
    """
    asked = XSHG.sessions(FIRST, LAST)
    return float(np.mean(np.isin(asked, bars.frame["session"].to_numpy().astype("datetime64[D]"))))


def own_months(bars: Bars) -> bool:
    """Whether bars are of the document's months: nineteen of twenty of its sessions are there."""
    return covered(bars) >= _WHOLE


def within(bars: Bars) -> bool:
    """Whether a study keeps to the document's months: a tenth of them is there, else all bars are taken."""
    return covered(bars) >= _SOME


def traded_within(times: TimeArray) -> bool:
    """Whether all of the closes ``[T]`` at which a book stands lie in the document's months.

    >>> ends = np.array(["2019-03-01T15:00", "2021-06-17T15:00"], dtype="datetime64[us]")
    >>> traded_within(ends[:1]), traded_within(ends)
    (True, False)
    """
    days = times.astype("datetime64[D]")
    return bool((days >= np.datetime64(FIRST)).all() and (days <= np.datetime64(LAST)).all())


def invented(spec: BarSpec) -> bool:
    """Whether bars were drawn and never traded, wherever they lie now.

    >>> from tidegate.data.rebar_world import RebarWorld
    >>> invented(RebarWorld(sessions=5, seed=1, frequency="1d").bars().spec)
    True
    """
    return spec.kind == "synthetic" or "synthetic" in spec.source.lower()


def months_stamp(bars: Bars, what: Text, *, published: bool = True) -> Text | None:
    """First and last month taken, the share of the published sessions, and whether open interest is missing.

    None where nothing needs to be said. `published` is False for a market that the document does not tell of.
    """
    days = bars.frame["session"]
    if published and within(bars):
        days = days.filter(days.is_between(FIRST, LAST))
    first, last = (str(day)[:7] for day in (days.min(), days.max()))
    held = bars.has("open_interest")
    if published and own_months(bars) and held:
        return None
    english, chinese = [f"{what.en}: bars of {first} … {last}"], [f"{what.zh}：数据为 {first} 至 {last}"]
    if published:
        share = covered(bars)
        english.append(f"{share:.0%} of the published months' sessions")
        chinese.append(f"占原文交易日的 {share:.0%}")
    told = Text(en=", ".join(english), zh="，".join(chinese))
    none = ("", "") if held else ("; no open interest", "；无持仓量")
    return Text(en=f"{told.en}{none[0]}.", zh=f"{told.zh}{none[1]}。")
