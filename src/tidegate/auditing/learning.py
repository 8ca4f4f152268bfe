"""What a study learns and decides owes the same as its factors: the future of its cut moves no weight and no order."""

import numpy as np

from tidegate.auditing.changes import WHEN, Room
from tidegate.auditing.ground import Ground
from tidegate.auditing.splits import folds_of
from tidegate.auditing.trading import nothing_traded, traded
from tidegate.auditing.verdict import Change, Verdict
from tidegate.auditing.walk import Walk, changes_between, walk
from tidegate.testing.corridor import knows_contract
from tidegate.types.report import Text

__all__ = ["decisions", "weights"]

_LEARNED = ("learned windows", "normaliser", "target scaling", "weights")
_HINTS = {
    "learned windows": "labels or the choice of windows know what came after the cut: purge by the horizon, clip and rank by training data alone",
    "normaliser": "fit centre and scale on the training windows alone",
    "target scaling": "scale targets by the training targets alone",
    "weights": "something that steers the fit (its fields, early stopping, a selection) looks past the cut",
}
_DONE = ("forecast", "decisions", "fills", "book")
_HINT_DECISIONS = (
    "decide from what is known at the close: scores, holdings and listings up to it; fill at the next open"
)


def weights(ground: Ground, base: Walk, *, whole: bool = False, tries: int = 2, seed: int = 0) -> Verdict:
    """L3: every raw number after the training cut is another one, and scalers, choices and weights stay as they are."""
    tried, places = 0, _places(ground, base, whole=whole)
    for which in places:
        held = base if which == 0 else walk(ground, which=which, whole=whole)
        for throw in range(tries):
            tried += 1
            other = walk(ground.scrambled(held.cut, seed + throw, rows=False), which=which, whole=whole)
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


def decisions(ground: Ground, base: Walk, *, whole: bool = False, tries: int = 2, seed: int = 0) -> Verdict:
    """L4: other bars after *t* leave forecasts, orders and books up to *t*, and what is filled at the open of *t* + 1.

    Each moment is tried twice: after CLOSE(t), where the next open is another one too, and after OPEN(t+1), where what
    is filled at that open must stay.
    """
    if not base.forecasts:
        words = Text(en="no window of the first test range can be forecast", zh="首个测试区间内没有可预测的窗口")
        return Verdict(test="L4", status="not tested", words=words, on=ground.on)
    members = 3 if whole else 1
    mine, _ = traded(base, members=members)
    rooms = (*base.rooms, *mine)
    tried = 0
    for throw, middle in enumerate(_moments(ground, base, mine, tries)):
        tried += 1
        times = ground.bars.times
        following = times[min(int(np.searchsorted(times, middle)) + 1, len(times) - 1)]
        path: tuple[Change, ...] = ()
        for at_open in (False, True):
            other_ground = ground.scrambled(
                middle, seed + throw, rows=False, keep_open_of_next=at_open,
                keep_factor_of_next=knows_contract(ground.study),
            )  # fmt: skip
            other = walk(other_ground, whole=whole, known=base.learned)
            theirs, _ = traded(other, members=members)
            path = changes_between(rooms, (*other.rooms, *theirs), middle, following if at_open else middle)
            first = next((c for c in path if c.room.startswith(_DONE)), None)
            if first is not None:
                break
        if first is not None:
            words = Text(
                en=f"what was said and done by {str(middle)[:16]} changes with what came after it: {_rooms(path)}",
                zh=f"{str(middle)[:16]} 之前的预测与交易随其后的数据而变：{_rooms(path)}",
            )
            return Verdict(
                test="L4", status="failed", words=words, cuts=tried, on=_on(ground, whole=whole), partial=not whole,
                first=first, path=path, hint=_HINT_DECISIONS,
            )  # fmt: skip
    words = Text(
        en="forecasts, orders, fills at the next open and books up to a bar stay as they are",
        zh="某根K线之前的预测、委托、次日开盘成交与账簿均不变",
    )
    if not mine:
        words = Text(en=f"forecasts stay as they are; {nothing_traded().en}", zh=f"预测不变；{nothing_traded().zh}")
    return Verdict(test="L4", status="passed", words=words, cuts=tried, on=_on(ground, whole=whole), partial=not whole)


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
