"""A small market with holes and ties for which alphalens-reloaded's figures are kept in ``frozen/alphalens.json``.

    pip install alphalens-reloaded==0.5.1
    python tests/evaluate/factor_example.py

writes them anew. Forward returns are taken by pandas from a table of opens, nothing of ours is used.
"""

import json
import warnings
from pathlib import Path

import numpy as np

KEPT = Path(__file__).parent / "frozen" / "alphalens.json"
DATES, ASSETS, SPANS, GROUPS = 24, 38, (1, 3), 5
FIELDS = ("smooth", "coarse")


def example():
    """Opens ``[D + 1, N]`` and factors ``[D, N, 2]``, one smooth, one full of ties, with a tenth of the values missing."""
    generator = np.random.default_rng(20)
    signal = generator.standard_normal((DATES, ASSETS))
    moves = 0.02 * generator.standard_normal((DATES, ASSETS)) + 0.004 * signal
    opens = 10 * np.exp(np.cumsum(np.vstack([np.zeros(ASSETS), moves]), axis=0))
    factors = np.stack([signal + generator.standard_normal(signal.shape), np.round(2 * signal) / 2], axis=2)
    factors[generator.random(factors.shape) < 0.1] = np.nan
    return opens, factors


def alphalens_figures():
    """IC, mean return of each group (less the date's mean) and rank autocorrelation, by span and field."""
    import alphalens
    import pandas as pd

    opens, factors = example()
    days = pd.date_range("2020-01-01", periods=DATES + 1, freq="D")
    names = [str(n) for n in range(ASSETS)]
    price = pd.DataFrame(opens, index=days, columns=names)
    found = {"version": alphalens.__version__, "figures": {}}
    for span in SPANS:
        # the row of a date is filled at the next open: opens[0] is the day after the first date's close
        forward = (price.shift(-span) / price - 1).iloc[:DATES].stack()  # noqa: PD013
        forward.index.names = ["date", "asset"]
        forward = forward.to_frame(f"{span}D")
        for place, field in enumerate(FIELDS):
            factor = pd.DataFrame(factors[:, :, place], index=days[:DATES], columns=names).stack().dropna()  # noqa: PD013
            factor.index.names = ["date", "asset"]
            merged = forward.copy()
            merged["factor"] = factor
            merged = merged.dropna()
            cut = {"quantiles": GROUPS} if field == "smooth" else {"quantiles": None, "bins": 4}  # ties can't be cut
            table = alphalens.utils.get_clean_factor(factor, forward, max_loss=1.0, **cut)
            ic = alphalens.performance.factor_information_coefficient(table)
            mean, _ = alphalens.performance.mean_return_by_quantile(table, by_date=True, demeaned=True)
            by_group = {
                str(day.date()): {int(q): float(v) for q, v in part[f"{span}D"].droplevel("date").items()}
                for day, part in mean.groupby("date")
            }
            pearson = merged.groupby("date").apply(lambda held, column=f"{span}D": held["factor"].corr(held[column]))
            turnover = alphalens.performance.factor_rank_autocorrelation(table, period=1)
            found["figures"][f"{field} {span}"] = {
                "rank_ic": {str(day.date()): float(v) for day, v in ic[f"{span}D"].items()},
                "ic by pandas": {str(day.date()): float(v) for day, v in pearson.items()},
                "groups": by_group if field == "smooth" else None,
                "stability": {str(day.date()): float(v) for day, v in turnover.dropna().items()},
            }
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(alphalens_figures(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
