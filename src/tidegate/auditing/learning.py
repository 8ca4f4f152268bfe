"""What a study learns and decides owes the same as its factors: the future of its cut moves no weight and no order."""

import numpy as np

from tidegate.auditing.changes import WHEN, Room
from tidegate.auditing.deciding import decided_alone
from tidegate.auditing.ground import Ground
from tidegate.auditing.splits import folds_of
from tidegate.auditing.trading import nothing_traded, traded
from tidegate.auditing.verdict import Change, Verdict
from tidegate.auditing.walk import Walk, changes_between, walk
from tidegate.strategy.base import Timing
from tidegate.testing.corridor import knows_contract
from tidegate.types.bars import Bars
from tidegate.types.forecast import Forecast
from tidegate.types.report import Text

__all__ = ["decisions", "other_future", "said_otherwise", "weights"]

_LEARNED = ("learned windows", "normaliser", "target scaling", "weights")
_HINTS = {
    "learned windows": "labels or the choice of windows know what came after the cut: purge by the horizon, clip and rank by training data alone",
    "normaliser": "fit centre and scale on the training windows alone",
    "target scaling": "scale targets by the training targets alone",
    "weights": "something that steers the fit (its fields, early stopping, a selection) looks past the cut",
}
_DONE = ("forecast", "universe", "decisions", "fills", "book")
_HINT_DECISIONS = (
    "decide from what is known at the close: scores, holdings and listings up to it; fill at the next open"
)


def weights(
    ground: Ground, base: Walk, *, whole: bool = False, tries: int = 2, seed: int = 0, begun: Walk | None = None
) -> Verdict:
    """L3: every raw number after the training cut is another one, and scalers, choices and weights stay as they are.

    Names are others too, where there are many: one is listed after it, one ends, bars vanish. `begun` is the first walk
    on another future, where it has been made before.
    """
    tried, places = 0, _places(ground, base, whole=whole)
    for which in places:
        held = base if which == 0 else walk(ground, which=which, whole=whole)
        for throw in range(tries):
            tried += 1
            other = begun if tried == 1 else None
            if other is None:
                other = walk(other_future(ground, held.cut, seed + throw), which=which, whole=whole)
            path = changes_between(held.rooms, other.rooms, held.cut)
            first = next((change for change in path if change.room in _LEARNED), None)
            if first is not None:
                words = Text(
                    en=f"what was learned by {str(held.cut)[:16]} (fold {which}) changes with what came after it: {_rooms(path)}",
                    zh=f"{str(held.cut)[:16]} 之前学到的内容（第 {which} 折）随其后的数据而变：{_rooms(path)}",
                )
                return Verdict(
                    test="L3", status="failed", words=words, cuts=tried, on=_on(ground, whole=whole), partial=not whole,
                    first=first, path=path, hint=_HINTS[first.room],
                )  # fmt: skip
    members = ", ".join(base.learned.fits)
    words = Text(
        en=f"weights, scalers, chosen fields and learned windows of {members} have the same hash",
        zh=f"{members} 的权重、缩放参数、所选特征与学习窗口哈希不变",
    )
    return Verdict(test="L3", status="passed", words=words, cuts=tried, on=_on(ground, whole=whole), partial=not whole)


def decisions(
    ground: Ground, base: Walk, *, whole: bool = False, tries: int = 2, cuts: int = 8, seed: int = 0
) -> Verdict:
    """L4: other bars after *t* leave forecasts, orders and books up to *t*, and what is filled at the open of *t* + 1.

    The whole study is walked again after `tries` closes. Its forecasts up to a close, and others after it, are then
    traded on other bars after these and `cuts` more: in turn after CLOSE(t), where the next open is another one too, and
    after OPEN(t+1), where what is filled at that open must stay. Last, a timing is asked at every close by itself.
    """
    if not base.forecasts:
        words = Text(en="no window of the first test range can be forecast", zh="首个测试区间内没有可预测的窗口")
        return Verdict(test="L4", status="not tested", words=words, on=ground.on)
    members = 3 if whole else 1
    mine, _ = traded(ground, base.forecasts, members)
    moments = _moments(ground, base, mine, tries + (cuts if mine else 0))
    walked = moments[len(moments) // (2 * tries) :: max(1, len(moments) // tries)][:tries]
    tried = 0
    for throw, moment in enumerate([*walked, *(one for one in moments if one not in walked)]):
        tried += 1
        path: tuple[Change, ...] = ()
        at_open = throw < len(walked) or throw % 2 == 1
        if throw < len(walked):
            other = walk(other_future(ground, moment, seed + throw), whole=whole, known=base.learned)
            theirs, _ = traded(other.ground, other.forecasts, members)
            path = changes_between((*base.rooms, *mine), (*other.rooms, *theirs), moment)
        if mine and _first(path) is None:
            path = _traded_on(ground, base, mine, moment, seed + throw, members=members, at_open=at_open)
        if _first(path) is not None:
            return _moved(ground, moment, path, tried, whole=whole)
    alone = decided_alone(ground, base.forecasts, seed)
    tried += alone.closes
    if alone.change is not None:
        return _moved(ground, None, (alone.change,), tried, whole=whole)
    words = Text(
        en="forecasts, orders, fills at the next open and books up to a bar stay as they are",
        zh="某根K线之前的预测、委托、次日开盘成交与账簿均不变",
    )
    if not mine:
        words = Text(en=f"forecasts stay as they are; {nothing_traded().en}", zh=f"预测不变；{nothing_traded().zh}")
    return Verdict(test="L4", status="passed", words=words, cuts=tried, on=_on(ground, whole=whole), partial=not whole)


def other_future(ground: Ground, moment: np.datetime64, throw: int, *, at_open: bool = False) -> Ground:
    """Another future; where many assets are looked at, other suspensions, listings and ends too.

    No session is left without a bar, so that a split by shares of time stays as it is.
    """
    within = knows_contract(ground.study)
    many = len(ground.bars.assets) > 1 and not isinstance(ground.study.strategy, Timing) and not within
    return ground.scrambled(
        moment, throw, rows=many, keep_sessions=True, keep_open_of_next=at_open, keep_factor_of_next=within
    )


def _traded_on(
    ground: Ground,
    base: Walk,
    mine: tuple[Room, ...],
    moment: np.datetime64,
    throw: int,
    *,
    members: int,
    at_open: bool,
) -> tuple[Change, ...]:
    """What was said up to a close, and something else after it, traded on other bars: no room may change."""
    other = other_future(ground, moment, throw, at_open=at_open)
    forecasts = {
        name: said_otherwise(one, moment, throw, other.bars) for name, one in list(base.forecasts.items())[:members]
    }
    theirs, _ = traded(other, forecasts, members)
    times = ground.bars.times
    following = times[min(int(np.searchsorted(times, moment)) + 1, len(times) - 1)]
    return changes_between(mine, theirs, moment, following if at_open else moment)


def said_otherwise(forecast: Forecast, after: np.datetime64, seed: int, bars: Bars) -> Forecast:
    """What was said by the close of bar `after`, and the later scores dealt out anew among the bars there are.

    Missing values: rows of bars that are not there any more are gone.
    """
    held = forecast.frame.join(
        bars.frame.select("time", "asset"), on=["time", "asset"], how="semi", maintain_order="left"
    )
    later = held["time"].to_numpy() > after
    order = np.arange(held.height)
    order[later] = np.random.default_rng((seed, 13)).permutation(order[later])
    spoken = [name for name in held.columns if name not in {"time", "asset", "fold", "truth"}]
    made = held.with_columns(held[name].gather(order) for name in spoken)
    return Forecast.of(made, forecast.horizon, forecast.unit, forecast.fingerprints)


def _first(path: tuple[Change, ...]) -> Change | None:
    return next((change for change in path if change.room.startswith(_DONE)), None)


def _moved(
    ground: Ground, moment: np.datetime64 | None, path: tuple[Change, ...], tried: int, *, whole: bool
) -> Verdict:
    """The verdict on what moved; without a moment it was the strategy alone."""
    by = Text(en="what is decided", zh="交易决策")
    if moment is not None:
        by = Text(en=f"what was said and done by {str(moment)[:16]}", zh=f"{str(moment)[:16]} 之前的预测与交易")
    words = Text(
        en=f"{by.en} changes with what came after it: {_rooms(path)}", zh=f"{by.zh}随其后的数据而变：{_rooms(path)}"
    )
    return Verdict(
        test="L4", status="failed", words=words, cuts=tried, on=_on(ground, whole=whole), partial=not whole,
        first=_first(path), path=path, hint=_HINT_DECISIONS,
    )  # fmt: skip


def _moments(ground: Ground, base: Walk, mine: tuple[Room, ...], tries: int) -> list[np.datetime64]:
    """Closes to change the future after, spread over the judged dates; those before a fill where there are fills."""
    dates, times = base.asked, ground.bars.times
    fills = [room.frame[WHEN].to_numpy().astype("datetime64[us]") for room in mine if room.at_open]
    filled = np.unique(np.concatenate(fills)) if fills else dates[:0]
    eves = np.intersect1d(times[np.maximum(np.searchsorted(times, filled) - 1, 0)], dates)
    held = eves if len(eves) >= tries else dates
    return [held[(throw + 1) * len(held) // (tries + 1)] for throw in range(tries)]


def _places(ground: Ground, base: Walk, *, whole: bool) -> tuple[int, ...]:
    """Folds that are tried: the first, and the last too where whole trainings were asked for."""
    last = len(folds_of(ground.study, base.windows.panel)) - 1
    return (0, last) if whole and last else (0,)


def _rooms(path: tuple[Change, ...]) -> str:
    return " → ".join(change.room for change in path)


def _on(ground: Ground, *, whole: bool) -> Text:
    if whole:
        return Text(en=f"{ground.on.en}; whole trainings", zh=f"{ground.on.zh}；完整训练")
    return Text(
        en=f"{ground.on.en}; the first fold and a few steps of training",
        zh=f"{ground.on.zh}；仅首折与少量训练步",
    )
