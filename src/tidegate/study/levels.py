"""Findings → forecasts as prices: what each member said of the next close, in the currency of the contract traded.

Series of futures are joined by a factor, so a level there is no price that anybody pays. Here it is one again: a
forecast of the next close, divided by the factor of the next bar. Switch dates are the vendor's; that the next contract
is known at the close before is assumed.
Returns from close to close become prices by the last one, so that levels and returns stand in one table and one unit.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from tidegate.errors import DataError
from tidegate.evaluate.doubt.duel import persistent_duel
from tidegate.evaluate.doubt.overlap import Tested
from tidegate.evaluate.levels import PriceForecast
from tidegate.learn.losses.regression import Quantile
from tidegate.study.declare import Study
from tidegate.study.findings import Finding, Findings
from tidegate.study.notes import data_title
from tidegate.types.axes import BoolArray, FloatArray, IntArray, TimeArray
from tidegate.types.clock import Horizon
from tidegate.types.report import Text

__all__ = [
    "LEVEL",
    "Priced",
    "PricedGround",
    "foresees",
    "leading_member",
    "learning_bars",
    "priced",
    "priced_grounds",
    "quantile_level",
    "ratios",
    "rival_duel",
]

LEVEL = 0.95
_LEAST = 30
_NEXT_CLOSE = Horizon(lag=0, span=1, entry="close", exit="close")


class Priced(NamedTuple):
    """One member's forecasts of the next close as prices, and the bars that they were made at.

    Known at: what was said at CLOSE(t), `prices.came` at CLOSE(t + 1); `factor` is the next bar's: switch dates are the
    vendor's; that the next contract is known at the close before is assumed.
    """

    prices: PriceForecast
    at: IntArray
    """``[rows]``: places of the anchors among the bars."""
    factor: FloatArray
    """``[rows]``: factor of the bar forecast; prices times it are levels of the joined series."""
    times: TimeArray
    """``[rows]``: labels of the anchors."""


class PricedGround(NamedTuple):
    """Studies on the same bars: their errors are of the same prices and stand in one table."""

    key: str
    title: Text
    studies: tuple[str, ...]


def foresees(study: Study) -> bool:
    """Whether a study names the next close of one asset, as a level or as a return: not its sign, not a quantile.

    Known at: before any bar, from the declaration.
    """
    return (
        study.cadence == "bars"
        and study.label.unit in {"level", "return"}
        and study.label.horizon == _NEXT_CLOSE
        and quantile_level(study) is None
    )


def quantile_level(study: Study) -> float | None:
    """Which quantile of the next return a study names; None where it names none."""
    loss = None if study.training is None else study.training.loss
    return loss.level if isinstance(loss, Quantile) else None


def leading_member(found: Finding) -> str:
    """The mean of the seeds where there are several, else the only fit."""
    return "ensemble" if "ensemble" in found.forecasts else found.seeds[0]


def priced(found: Finding, member: str) -> Priced:
    """Turn a member's forecasts into prices of the next bar's contract; rows whose truth has not come are left out.

    Known at: as `Priced`.
    """
    forecast = found.forecasts[member]
    known = np.isfinite(forecast.truth)
    times = forecast.frame["time"].to_numpy().astype("datetime64[us]")[known]
    at = np.searchsorted(found.bars.times, times).astype(np.int64)
    factor = found.bars.adjustment[at + 1]
    close = found.bars.adjusted("close")
    said, came = forecast.score[known], close[at + 1]
    if found.study.label.unit == "return":
        said = close[at] * (1.0 + said)
    return Priced(PriceForecast(said / factor, came / factor, close[at] / factor), at, factor, times)


def ratios(found: Finding) -> FloatArray:
    """Every seed's error over the last price's ``[seeds]``. Known at: when the last judged close is."""
    return np.array([priced(found, member).prices.ratio for member in found.seeds])


def rival_duel(base: Finding, other: Finding) -> Tested | None:
    """Test over time whether `other` errs less than `base`: squared errors of their leading members, on common bars.

    `persistent_duel`; above zero where `other` is better. Known at: when the last judged close is. None of fewer than
    30 common bars. Raises `DataError` where the two are not of the same bars.
    """
    if base.bars.digest != other.bars.digest:
        raise DataError("a duel is over the same bars", expected=base.study.name, found=other.study.name)
    one, two = (priced(found, leading_member(found)) for found in (base, other))
    _, left, right = np.intersect1d(one.at, two.at, return_indices=True)
    if len(left) < _LEAST:
        return None
    theirs, ours = ((held.prices.said - held.prices.came) ** 2 for held in (one, two))
    return persistent_duel(ours[right], theirs[left], level=LEVEL)


def learning_bars(found: Finding) -> BoolArray:
    """Whether each bar lies before the end of what the last fold learned from ``[T]``.

    Known at: once the folds are cut, from the bars' places alone.
    """
    marked = np.zeros(len(found.bars.times), dtype=bool)
    marked[: found.folds[-1].train.end] = True
    return marked


def priced_grounds(names: Sequence[str], findings: Findings) -> tuple[PricedGround, ...]:
    """Put studies of the next close together by their bars, in their order; others are left out.

    A ground is called what the titles of its studies share; where they share nothing, what its data are called.
    """
    held: dict[str, list[str]] = {}
    for name in names:
        found = findings[name]
        if foresees(found.study) and len(found.bars.assets) == 1:
            held.setdefault(found.bars.digest, []).append(name)
    made = []
    specs = [findings[group[0]].bars.spec for group in held.values()]
    common = [_shared([findings[name].study.title for name in group]) for group in held.values()]
    told = {words.en for words in common if words}
    if len(names) > 1 and len(told) == len(common):
        several = zip(held.values(), common, strict=True)
        return tuple(PricedGround(str(at), w, tuple(group)) for at, (group, w) in enumerate(several, 1) if w)
    for place, (group, spec) in enumerate(zip(held.values(), specs, strict=True), 1):
        words = data_title(spec.title)
        if sum(one.title == spec.title for one in specs) > 1:  # one title of several bar lengths
            often = _OFTEN.get(spec.frequency, Text.same(spec.frequency))
            words = Text(en=f"{words.en}, {often.en}", zh=f"{words.zh}，{often.zh}")
        made.append(PricedGround(str(place), words, tuple(group)))
    return tuple(made)


def _shared(titles: Sequence[Text]) -> Text | None:
    """What titles begin with, up to a comma; None where they share nothing."""
    english, chinese = (
        mark.join(
            parts[0]
            for parts in takewhile(
                lambda parts: len(set(parts)) == 1,
                zip(*(getattr(title, side).split(mark) for title in titles), strict=False),
            )
        )
        for side, mark in (("en", ", "), ("zh", "，"))
    )
    return Text(en=english, zh=chinese) if english and chinese else None


_OFTEN = {
    "1d": Text(en="1 day", zh="1 日"),
    "60min": Text(en="1 hour", zh="1 小时"),
    "30min": Text(en="30 minutes", zh="30 分钟"),
    "15min": Text(en="15 minutes", zh="15 分钟"),
    "5min": Text(en="5 minutes", zh="5 分钟"),
    "1min": Text(en="1 minute", zh="1 分钟"),
}
