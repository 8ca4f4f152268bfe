"""A fill that happens once a year is found where it happens, and a lint is told where it was let pass."""

import numpy as np
import pytest

from tidegate.testing import check_causal

pandas = pytest.importorskip("pandas")

T = 600
RARE = 437


def bars(gap):
    rng = np.random.default_rng(5)
    close = np.round(20 * np.exp(np.cumsum(rng.normal(0, 0.01, T))), 2)
    volume = np.round(1e6 * np.exp(rng.normal(0, 0.3, T)))
    volume[RARE] = gap
    return pandas.DataFrame({"date": pandas.bdate_range("2018-01-01", periods=T), "close": close, "volume": volume})


LEAKS = {
    "small volumes filled backward": (lambda t: t["volume"].where(t["volume"] > 1000).bfill(), 300.0),
    "a line drawn over a small volume": (lambda t: t["volume"].where(t["volume"] > 1000).interpolate(), 300.0),
    "missing volumes filled backward": (lambda t: t["volume"].bfill(), np.nan),
    "a mean of missing volumes filled": (lambda t: t["volume"].bfill().rolling(3).mean() / t.close, np.nan),
    "zero volumes taken from the next": (lambda t: t.close / t["volume"].replace(0, np.nan).bfill(), 0.0),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", LEAKS)
def test_a_rare_fill_is_found_where_it_is(name, seed):
    fn, gap = LEAKS[name]
    found = check_causal(fn, bars(gap), seed=seed)
    assert found.status == "failed", found


@pytest.mark.parametrize("gap", [300.0, np.nan, 0.0])
def test_a_rare_fill_from_before_is_let_pass(gap):
    found = check_causal(lambda t: t["volume"].where(t["volume"] > 1000).ffill(), bars(gap))
    assert found, found
    assert "but line" not in str(found)


def test_what_a_lint_sees_stands_beside_a_pass():
    whole = bars(1e6)  # nothing to fill: nothing moves
    filled = check_causal(lambda t: t["volume"].bfill(), whole)
    assert filled
    assert "; but line " in str(filled)
    assert "fills backward, from later values" in str(filled)
    unsure = check_causal(lambda t: t["volume"] / t["volume"].rolling(5).apply(lambda x: x.mean()), whole)
    assert unsure
    assert "but line" not in str(unsure)
