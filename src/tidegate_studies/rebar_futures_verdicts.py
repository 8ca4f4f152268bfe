"""How the rebar ledger judges: near a printed figure, better than the last close, better than another study."""

from collections.abc import Mapping

import numpy as np

from tidegate.evaluate.doubt.overlap import Tested
from tidegate.study.findings import Finding
from tidegate.study.levels import priced
from tidegate.study.verdicts import Verdict, judged
from tidegate.types.axes import FloatArray
from tidegate.types.report import Text

__all__ = [
    "Verdict",
    "beats",
    "beside_last",
    "beyond",
    "chosen",
    "compared",
    "earns",
    "last_losses",
    "near",
    "sureness",
]

_SURE, _NEAR, _FAR, _LUCK = 0.05, 0.10, 0.25, 0.95


def near(errors: FloatArray, printed: float) -> Verdict:
    """Whether a printed error comes out again: by the median within a tenth of it; not, beyond a quarter.

    >>> near(np.array([50.0, 52.0, 60.0]), 52.4), near(np.array([80.0]), 52.4), near(np.array([np.nan]), 52.4)
    ('holds', 'fails', 'not tested')
    """
    apart = abs(float(np.median(errors)) / printed - 1.0)
    return judged("holds" if apart <= _NEAR else "fails" if apart > _FAR else "unclear", errors)


def beats(ratios: FloatArray, p_value: float) -> Verdict:
    """Whether every seed errs less than the last close and the test is sure of it; fails where the median does not.

    >>> beats(np.array([0.9, 0.95]), 0.01), beats(np.array([0.98, 1.01]), 0.4), beats(np.array([1.2]), 0.001)
    ('holds', 'unclear', 'fails')
    >>> beats(np.array([0.9]), float("nan"))
    'not tested'
    """
    if float(np.median(ratios)) >= 1:
        return judged("fails", ratios)
    return judged("holds" if float(ratios.max()) < 1 and p_value < _SURE else "unclear", ratios, p_value)


def earns(gross: FloatArray, net: FloatArray, place: float) -> Verdict:
    """Whether a rule earns: every seed's return after costs is above zero, and luck seldom does as well.

    `gross`, `net`: total returns before and after costs ``[seeds]``, fractions; `place`: the share of placebos that
    earned less. Without placebos nothing is judged: a rule that does the same on every bar says nothing of its forecast.

    >>> up, down = np.array([0.1, 0.2]), np.array([-0.1, -0.2])
    >>> earns(up, up, 0.97), earns(up, up, 0.6), earns(up, down, 0.6), earns(down, down, 0.1)
    ('holds', 'unclear', 'unclear', 'fails')
    >>> earns(up, up, float("nan"))
    'not tested'
    """
    held: Verdict = "unclear" if np.median(gross) > 0 else "fails"
    if np.median(net) > 0:
        held = "holds" if net.min() > 0 and place >= _LUCK else "unclear"
    return judged(held, gross, net, place)


def compared(before: FloatArray, after: FloatArray, held: Tested | None) -> Verdict:
    """Whether errors became smaller: in every seed against every seed, and surely so over time; nothing is judged without it.

    Seeds share one test range, so that they tell nothing of its luck: `held` is the duel of the two ensembles over
    that range, above zero where `after` is better.

    >>> two, sure = np.array([2.0, 3.0]), Tested(*map(np.float64, (1.0, 0.5, 1.5, 4.0, 0.001)), 0.95, 500, 500)
    >>> compared(two, two / 2 - 0.1, sure), compared(two, two / 2 - 0.1, None), compared(two, two, sure)
    ('holds', 'not tested', 'fails')
    """
    if held is None:
        return "not tested"
    if float(np.median(after)) >= float(np.median(before)):
        return judged("fails", before, after)
    apart = float(after.max()) < float(before.min())
    sure = float(held.estimate) > 0 and float(held.p_value) < _SURE
    return judged("holds" if apart and sure else "unclear", before, after, held.estimate, held.p_value)


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
    """The p-value of a duel, "nan" where none was fought: a ledger reads that as missing."""
    return f"{float('nan') if held is None else float(held.p_value):.2g}"
