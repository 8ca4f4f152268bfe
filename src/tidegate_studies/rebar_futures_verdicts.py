"""How the rebar ledger judges: near a printed figure, better than the last close, better than another study."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from tidegate.evaluate.doubt.overlap import Tested
from tidegate.study.findings import Finding
from tidegate.study.levels import priced
from tidegate.types.axes import FloatArray
from tidegate.types.report import Text

__all__ = ["Verdict", "beats", "beside_last", "beyond", "chosen", "compared", "last_losses", "near", "sureness"]

Verdict = Literal["holds", "fails", "unclear", "not tested"]
_SURE, _NEAR, _FAR = 0.05, 0.10, 0.25


def near(errors: FloatArray, printed: float) -> Verdict:
    """Whether a printed error comes out again: by the median within a tenth of it; not, beyond a quarter.

    >>> near(np.array([50.0, 52.0, 60.0]), 52.4), near(np.array([80.0]), 52.4)
    ('holds', 'fails')
    """
    apart = abs(float(np.median(errors)) / printed - 1.0)
    return "holds" if apart <= _NEAR else "fails" if apart > _FAR else "unclear"


def beats(ratios: FloatArray, p_value: float) -> Verdict:
    """Whether every seed errs less than the last close and the test is sure of it; fails where the median does not.

    >>> beats(np.array([0.9, 0.95]), 0.01), beats(np.array([0.98, 1.01]), 0.4), beats(np.array([1.2]), 0.001)
    ('holds', 'unclear', 'fails')
    """
    if float(np.median(ratios)) >= 1:
        return "fails"
    return "holds" if float(ratios.max()) < 1 and p_value < _SURE else "unclear"


def compared(before: FloatArray, after: FloatArray, held: Tested | None) -> Verdict:
    """Whether errors became smaller: in every seed against every seed, and surely so over time.

    Seeds share one test range, so that they tell nothing of its luck: `held` is the duel of the two ensembles over
    that range, above zero where `after` is better.

    >>> two, sure = np.array([2.0, 3.0]), Tested(*map(np.float64, (1.0, 0.5, 1.5, 4.0, 0.001)), 0.95, 500, 500)
    >>> compared(two, two / 2 - 0.1, sure), compared(two, two / 2 - 0.1, None), compared(two, two, sure)
    ('holds', 'unclear', 'fails')
    """
    if float(np.median(after)) >= float(np.median(before)):
        return "fails"
    apart = float(after.max()) < float(before.min())
    sure = held is not None and float(held.estimate) > 0 and float(held.p_value) < _SURE
    return "holds" if apart and sure else "unclear"


def chosen(losses: Mapping[str, float]) -> str | None:
    """Which variant the validation range prefers; None where a validation loss was not kept.

    >>> chosen({"a": 0.3, "b": 0.2}), chosen({"a": 0.3, "b": float("nan")})
    ('b', None)
    """
    if not losses or not all(np.isfinite(loss) for loss in losses.values()):
        return None
    return min(losses, key=lambda name: losses[name])


def last_losses(found: Finding) -> tuple[float, float]:
    """Median over seeds of the last epoch's training and validation loss; NaN where there was no validation."""
    last = [history[-1] for history in found.histories.values()]
    train, valid = ([float(one[side]) for one in last if one.get(side) is not None] for side in ("train", "valid"))
    return float(np.median(train)), float(np.median(valid)) if valid else float("nan")


def beside_last(worth: FloatArray) -> Text:
    """Say whether a forecast errs less than the last close, by its median ratio.

    >>> beside_last(np.array([1.5])).en
    'worse than the last close (error ratio 1.500)'
    """
    middle = float(np.median(worth))
    words = ("worse than the last close", "不如前收盘") if middle >= 1 else ("below the last close", "小于前收盘")
    return Text(en=f"{words[0]} (error ratio {middle:.3f})", zh=f"{words[1]}（误差比 {middle:.3f}）")


def beyond(found: Finding) -> float:
    """Share of judged bars whose joined close lies outside the range of the training windows' targets: 0 … 1."""
    learned = found.windows.target[found.folds[-1].training(found.windows)]
    close = found.bars.adjusted("close")[priced(found, found.seeds[0]).at]
    return float(np.mean((close < np.nanmin(learned)) | (close > np.nanmax(learned))))


def sureness(held: Tested | None) -> str:
    """The p-value of a duel, or a dash where none was fought."""
    return "–" if held is None else f"{float(held.p_value):.2g}"
