"""When the multi-factor networks have learned what they learn: two statements that only a long training can be asked."""

import numpy as np

from tidegate.study.findings import Finding, Findings
from tidegate.study.verdicts import Verdict, judged, untested
from tidegate.types.axes import FloatArray
from tidegate.types.report import Claim, Text

__all__ = ["converged", "reached", "sooner"]

_FIRST = 100
"""Iterations after which the first document sees convergence."""
_FALLEN, _SAME = 0.05, 0.01
"""By how much of itself a loss must still fall not to have converged, and what counts as none; named when the first 1,500 iterations of
one long training had been seen, and none of the others."""
_SHORT = Text(en="It takes a long training, which the quick form leaves out.", zh="需要长时训练，快速版不含。")
_WIDTH = 500
"""Iterations that a loss is a mean of where one network is held against another."""


def converged(findings: Findings) -> Claim:
    """Whether training is over after a hundred iterations, asked of the long training."""
    statement = Text(en="Training has converged after 100 iterations", zh="经过 100 次迭代训练已收敛")
    published = Text(en="seen on a chart; the companion document says 7,000", zh="仅图示；另一篇文档称 7000 次")
    if "long" not in findings:
        return untested("converged", statement, published, _SHORT)
    found = findings["long"]
    per, histories = _per(found), list(found.histories.values())
    entries = histories[0]
    train = np.median([[entry["train"] for entry in one] for one in histories], axis=0)
    valid = np.median([[entry["valid"] for entry in one] for one in histories], axis=0)
    at = max(_FIRST // per, 1)  # epochs that those iterations are
    early, last, low = float(train[at]), float(train[-1]), int(np.argmin(valid))
    least, count = float(train[at:].min()), per * len(entries)
    fallen, risen = 1 - least / early, last / early - 1
    return Claim(
        key="converged",
        statement=statement,
        published=published,
        ours=Text(
            en=f"training loss {early:.3f} over iterations {at * per + 1:,}–{(at + 1) * per:,}, lowest later {least:.3f}, over "
            f"the last {per} of {count:,} {last:.3f}; held out {valid[at - 1]:.3f} after {at * per:,}, lowest {valid[low]:.3f} after "
            f"{(low + 1) * per:,}, {valid[-1]:.3f} at the end",
            zh=f"第 {at * per + 1}–{(at + 1) * per} 次迭代训练损失 {early:.3f}，此后最低 {least:.3f}，最后 {per} 次（共 {count} 次）{last:.3f}；"
            f"留出损失在 {at * per} 次后 {valid[at - 1]:.3f}，最低 {valid[low]:.3f}（{(low + 1) * per} 次后），最终 {valid[-1]:.3f}",
        ),
        difference=f"{-fallen:+.1%}",
        reason=Text(
            en=f"{_size(found).en}. Converged: what it learns from falls by less than {_SAME:.0%} of its loss afterwards; "
            f"not: by more than {_FALLEN:.0%}, or it ends as much above. What is learned after the lowest point of what was held out is learned by "
            "heart.",
            zh=f"{_size(found).zh}。此后训练损失降幅小于 {_SAME:.0%} 视为收敛，大于 {_FALLEN:.0%}（或最终反升同样幅度）视为未收敛。留出损失最低点之后"
            "学到的只是死记样本。",
        ),
        verdict=judged(
            "fails" if max(fallen, risen) > _FALLEN else "holds" if max(fallen, risen) < _SAME else "unclear",
            early,
            train,
        ),
    )


def sooner(findings: Findings) -> Claim:
    """Whether pondering reaches what both reach in fewer iterations, asked of two long trainings."""
    statement = Text(en="Pondering converges in fewer iterations", zh="ACT 收敛所需迭代次数更少")
    published = Text(en="under 5,000 iterations against 7,000", zh="少于 5000 次，LSTM 为 7000 次")
    if "long" not in findings or "long-lstm" not in findings:
        return untested("sooner", statement, published, _SHORT)
    one, other = findings["long"], findings["long-lstm"]
    ours, theirs = (_smooth(found) for found in (one, other))
    level = max(float(ours[:, -1].max()), float(theirs[:, -1].max()))
    first, second = (reached(curves, level) * _per(one) for curves in (ours, theirs))
    seeds, count = len(first), _per(one) * ours.shape[1]
    few = seeds < 2
    apart: Verdict = "holds" if first.max() < second.min() else "fails" if first.min() > second.max() else "unclear"
    alone = Text(en=" Not tested: one seed of each tells nothing apart.", zh="未检验：每种仅一个种子，无从区分。")
    return Claim(
        key="sooner",
        statement=statement,
        published=published,
        ours=Text(
            en=f"a training loss of {level:.3f}, which both reach, after {np.median(first):,.0f} iterations, without "
            f"pondering after {np.median(second):,.0f}",
            zh=f"达到两者都能达到的训练损失 {level:.3f}，需 {np.median(first):.0f} 次迭代，不使用 ACT 需 {np.median(second):.0f} 次",
        ),
        difference=f"{np.median(first) - np.median(second):+,.0f}",
        reason=Text(
            en=f"{_size(one).en}; means of {_WIDTH} iterations, {count:,} of each. It holds where every seed is there before "
            f"every one of the other; an iteration that ponders takes as many times more work as it takes steps (E13)."
            f"{alone.en if few else ''}",
            zh=f"{_size(one).zh}；每 {_WIDTH} 次迭代取均值，各训练 {count} 次。每个种子都先于对方全部种子到达才算成立；思考时每次迭代的"
            f"计算量随步数成倍增加（E13）。{alone.zh if few else ''}",
        ),
        verdict="not tested" if few else judged(apart, first, second),
    )


def reached(curves: FloatArray, level: float) -> FloatArray:
    """After how many points each row of `curves` ``[S, K]`` is at `level` or below for the first time; NaN where never.

    >>> reached(np.array([[1.0, 0.8, 0.9], [1.0, 0.9, 0.85]]), 0.85)
    array([2., 3.])
    """
    there = curves <= level
    return np.where(there.any(axis=1), there.argmax(axis=1) + 1.0, np.nan)


def _per(found: Finding) -> int:
    training = found.study.training
    assert training is not None
    return int(getattr(training.sampling, "count", 0))


def _smooth(found: Finding) -> FloatArray:
    """Training loss ``[S, K]`` of every seed: each point the mean of the iterations up to it, `_WIDTH` at most."""
    width = max(_WIDTH // _per(found), 1)
    curves = np.array([[entry["train"] for entry in one] for one in found.histories.values()])
    sums = np.concatenate([np.zeros((len(curves), 1)), np.cumsum(curves, axis=1)], axis=1)
    ends = np.arange(1, curves.shape[1] + 1)
    begins = np.maximum(ends - width, 0)
    return np.asarray((sums[:, ends] - sums[:, begins]) / (ends - begins))


def _size(found: Finding) -> Text:
    return found.study.title
