"""A real result among placebos: random gates, shuffled scores, noise markets, all traded the same way.

The placebos are run by the study; here they are only compared. A percentile from K draws is itself an estimate, so it
comes with the interval that K draws leave open.
"""

from numpy.typing import ArrayLike

from tidegate.evaluate.doubt.counts import placed
from tidegate.evaluate.stated import stated
from tidegate.types.report import Measure

__all__ = ["judge_placebos"]


def judge_placebos(
    name: str,
    real: float,
    placebos: ArrayLike,
    subject: dict[str, str],
    *,
    level: float,
    kind: str,
    higher_is_better: bool = True,
) -> tuple[Measure, ...]:
    """Place the real value of measure `name` among K placebo values: ``<name>_percentile`` and ``<name>_placebo_p``.

    The percentile (0 to 1) has the exact binomial interval of K draws; the p-value is ``(1 + #{placebo ≥ real}) / (1
    + K)``, one-sided. `kind` says in words what the placebos are. Shapes: `placebos` ``[K]``. Raises `DataError` on
    missing values.

    >>> found = judge_placebos("sharpe", 2.0, [0.0, 1.0, 3.0], {"market": "fund"}, level=0.95, kind="random gates")
    >>> [(m.name, round(m.value, 3), m.n) for m in found]
    [('sharpe_percentile', 0.667, 3), ('sharpe_placebo_p', 0.5, 3)]
    """
    stands = placed(real, placebos, level=level, higher_is_better=higher_is_better)
    note = f"among {stands.n} {kind}"
    return (
        stated(
            f"{name}_percentile",
            subject,
            stands.percentile,
            "fraction",
            low=stands.low,
            high=stands.high,
            level=level,
            n=stands.n,
            note=note,
        ),
        stated(f"{name}_placebo_p", subject, stands.p_value, "p-value", n=stands.n, note=f"{note}, one-sided"),
    )
