"""Many seeds of one study, told as a distribution: median, quartiles, worst, and how many; never the best seed."""

from collections.abc import Iterable

from tidegate.evaluate.doubt.counts import spread
from tidegate.evaluate.stated import stated
from tidegate.types.report import Measure

__all__ = ["judge_seeds"]

_HALF = 0.5
_LOWER_IS_BETTER = frozenset({"rmse", "mae", "volatility", "tracking_error", "fees", "turnover", "longest_out"})


def judge_seeds(runs: Iterable[Iterable[Measure]]) -> tuple[Measure, ...]:
    """Summarise each measure over the seeds of one study.

    Measures that agree in name, unit and subject (but for ``subject["seed"]``) belong together. Of each: the median
    as `value`, the first and third quartiles as `low` and `high` (level 0.5: where the middle half of seeds lies,
    **not** a confidence interval), the number of seeds as `n`; and a second measure ``<name>_worst``. Worst is
    lowest, but highest for errors and costs; p-values have no worst. Missing values: seeds whose value is None are
    counted in the note. Order: as first met.

    >>> seeds = [[stated("sharpe", {"seed": str(i)}, i / 10, "ratio", n=100)] for i in range(5)]
    >>> [(m.name, m.value, m.low, m.high, m.n) for m in judge_seeds(seeds)]
    [('sharpe', 0.2, 0.1, 0.3, 5), ('sharpe_worst', 0.0, None, None, 5)]
    """
    groups: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Measure]] = {}
    for run in runs:
        for one in run:
            subject = tuple(sorted((k, v) for k, v in one.subject.items() if k != "seed"))
            groups.setdefault((one.name, one.unit, subject), []).append(one)
    found: list[Measure] = []
    for (name, unit, pairs), group in groups.items():
        values = [float("nan") if one.value is None else float(one.value) for one in group]
        over = spread(values, higher_is_better=name not in _LOWER_IS_BETTER)
        subject_of = dict(pairs)
        note = f"median of {over.n} seeds, quartiles" + (
            f"; {over.missing} seeds without a value" if over.missing else ""
        )
        found.append(
            stated(name, subject_of, over.median, unit, low=over.q1, high=over.q3, level=_HALF, n=over.n, note=note)
        )
        if unit != "p-value":
            found.append(stated(f"{name}_worst", subject_of, over.worst, unit, n=over.n, note="worst of all seeds"))
    return tuple(found)
