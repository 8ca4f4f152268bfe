"""The audit of price limits and the exchange hold the same ones: both rest on rows of bars, by two paths."""

import numpy as np
import pytest

from tidegate.data.limit_audit import audit_limits
from tidegate.data.panel import import_panel
from tidegate.data.stock_world import StockWorld
from tidegate.market.share_limits import ShareLimits
from tidegate.market.share_rows import ShareRows
from tidegate.types.axes import frozen


def require_the_same(bars):
    """Widths and ticks of every row, read from the counts and from each breach; returns both counts at a limit."""
    asset = np.repeat(np.arange(len(bars.assets)), np.diff(bars.offsets))
    days = bars.times.astype("datetime64[D]")
    rows = ShareRows(
        frame=bars.frame, names=bars.assets, asset=frozen(asset), bar=bars.places, days=days, at_risk=False
    )
    up, down, holds = ShareLimits(rows).ruled
    audit = audit_limits(bars)
    given = rows.ticks("preclose") > 0
    assert bool(holds[given].all())
    at_upper, at_lower = (int((given & (rows.high == up)).sum()), int((given & (rows.low == down)).sum()))
    assert (audit.bars, audit.at_upper, audit.at_lower) == (int(given.sum()), at_upper, at_lower)
    beyond = np.flatnonzero(given & ((rows.high > up) | (rows.low < down)))
    theirs = audit.breaches.select("session", "asset", "upper", "lower").rows()
    ours = sorted((days[rows.bar[r]].item(), bars.assets[asset[r]], up[r] / 100, down[r] / 100) for r in beyond)
    assert theirs == ours
    return at_upper, at_lower


def test_on_a_synthetic_market():
    at_upper, at_lower = require_the_same(StockWorld(assets=60, sessions=400, seed=3, ic=0.0).bars())
    assert min(at_upper, at_lower) > 10


@pytest.mark.real_data
def test_on_real_years(real_data, tmp_path):
    """A year of share reforms, one of a fall at the lower limits, and the first of STAR."""
    (tmp_path / "daily").mkdir()
    for year in (2007, 2015, 2019):
        (tmp_path / "daily" / f"{year}.parquet").symlink_to(real_data / "ashare" / "daily" / f"{year}.parquet")
    at_upper, at_lower = require_the_same(import_panel(tmp_path).bars)
    assert min(at_upper, at_lower) > 30_000
