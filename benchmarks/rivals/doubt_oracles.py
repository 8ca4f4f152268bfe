"""Ask arch, purgedcv and scikit-learn what our own statistics say too, and keep the answers for the tests.

Run in an environment of its own (``pip install -r benchmarks/rivals/doubt-requirements.txt``), from the repository's
root: ``python benchmarks/rivals/doubt_oracles.py``. It writes ``tests/evaluate/frozen/doubt.json``. Half a minute.
"""

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from arch.bootstrap import SPA, StepM
from purgedcv import deflated_sharpe_ratio, probabilistic_sharpe_ratio, probability_of_backtest_overfitting
from purgedcv._metrics import _sharpe_moments, min_track_record_length
from sklearn.cluster import AgglomerativeClustering

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "evaluate"))
from doubt_example import families, gains, tracks, zoo  # noqa: E402

BLOCK, REPS = 6, 5000


def of_track(returns):
    ratio, skew, kurtosis = _sharpe_moments(returns)
    length = min_track_record_length(ratio, 0.0, 0.05, skew, kurtosis)
    return {
        "sharpe": ratio,
        "skew": skew,
        "kurtosis": kurtosis,
        "probabilistic": probabilistic_sharpe_ratio(returns, 0.0),
        "deflated": {
            str(trials): deflated_sharpe_ratio(returns, trials, 1.0 / (returns.size - 1)) for trials in (1, 10, 1000)
        },
        "minimum_track": length if np.isfinite(length) else None,
    }


def of_zoo(returns):
    found = probability_of_backtest_overfitting(returns, n_splits=8)
    return {
        "probability": found.pbo,
        "logits": found.logits.tolist(),
        "slope": found.slope,
        "inside": found.is_oos_performance[:, 0].tolist(),
        "outside": found.is_oos_performance[:, 1].tolist(),
    }


def of_gains(held):
    """Arch's `studentize` divides nothing; the studentised test is asked on gains that were divided before."""
    still = np.zeros(held.shape[1])
    plain = SPA(still, -held.T, block_size=BLOCK, reps=REPS, seed=1)
    plain.compute()
    plain_p = plain.pvalues.to_dict()
    error = np.sqrt(np.asarray(plain._loss_diff_var))  # noqa: SLF001 - told nowhere else
    scaled = held.T / error
    each = SPA(still, -scaled, block_size=BLOCK, reps=REPS, seed=2)
    each.compute()
    steps = StepM(still, -scaled, size=0.05, block_size=BLOCK, reps=REPS, seed=3)
    steps.compute()
    return {
        "error": error.tolist(),
        "plain": plain_p,
        "studentised": each.pvalues.to_dict(),
        "better": [int(k) for k in steps.superior_models],
    }


def of_families(returns):
    apart = 1 - np.corrcoef(returns)
    found = AgglomerativeClustering(n_clusters=None, distance_threshold=0.5, metric="precomputed", linkage="average")
    return {"labels": found.fit_predict(apart).tolist()}


def main():
    warnings.simplefilter("error")
    told = {
        "versions": {name: version(name) for name in ("arch", "purgedcv", "scikit-learn", "numpy")},
        "block": BLOCK,
        "reps": REPS,
        "tracks": {name: of_track(held) for name, held in tracks().items()},
        "zoo": {name: of_zoo(held) for name, held in zoo().items()},
        "gains": {name: of_gains(held) for name, held in gains().items()},
        "families": of_families(families()),
    }
    text = json.dumps(told, indent=1, sort_keys=True)
    (ROOT / "tests" / "evaluate" / "frozen" / "doubt.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
