"""The rebar study on real bars: what the last close errs by, by another way; rolls that are none of it; its own months."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.store import Store
from tidegate.study.levels import priced
from tidegate.study.progress import silent
from tidegate.study.reproduction import Reproduction
from tidegate.study.run import run_reproduction
from tidegate_studies.rebar_futures import declare
from tidegate_studies.rebar_futures_months import covered

pytestmark = pytest.mark.real_data
REBAR = {"kind": "future", "asset": "RB", "hours": "shfe-rebar"}


@pytest.fixture(scope="module")
def declared(real_data, tmp_path_factory):
    """The study on a store that holds the vendor's daily, hourly and index files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIDEGATE_STORE", str(tmp_path_factory.mktemp("store")))
        store, folder = Store.default(), real_data / "futures"
        store.put("rebar-daily", import_file(folder / "RB_main_daily.csv", ImportSettings(**REBAR)).bars)
        hours = ImportSettings(**REBAR, frequency="60min", night_tail="to the close")
        store.put("rebar-60min", import_file(folder / "RB_main_60min_bar_end.csv", hours).bars)
        index = ImportSettings(kind="future", asset="IF", hours="cffex-index")
        store.put("csi300-future-5min", import_file(folder / "IF_main_5min_bar_end.parquet", index).bars)
        yield declare()


def test_each_data_set_has_its_own_months_and_says_so(declared):
    names = [study.name for study in declared.studies]
    assert {"1h-uni", "1h-multi", "1d-uni", "1d-multi", "if-uni", "if-multi"} <= set(names)
    assert not any(name.startswith("5m") for name in names)
    assert declared.study("1d-uni").span.last == date(2019, 8, 30)
    told = " ".join(stamp.en for stamp in declared.stamps)
    assert "1 hour: bars of 2016-07 … 2017-11, 4" in told
    assert "CSI 300 futures, 5 minutes: bars of 2014-01 … 2019-10; no open interest." in told
    assert covered(declared.study("1d-uni").source.bars()) == 1.0


def test_the_last_close_errs_by_what_the_vendors_own_reference_says(declared, real_data, tmp_path):
    lead = declared.study("1d-uni")
    assert lead.training is not None
    short = lead.but(seeds=(0,), training=lead.training.but(epochs=1))
    made = Reproduction("one", lead.title, lead.title, (short,), short.name)
    found = run_reproduction(made, tmp_path, jobs=1, tell=silent).findings["1d-uni"]
    held = priced(found, "persistence")
    inside = pl.col("time").is_between(pl.lit("2016-07-01"), pl.lit("2019-08-30"))
    raw = pl.read_csv(real_data / "futures" / "RB_main_daily.csv").filter(inside)
    moves = (raw["close"] - raw["pre_close"]).to_numpy()[-len(held.at) :]
    np.testing.assert_allclose(held.prices.came - held.prices.now, moves, atol=1e-6)
    assert held.prices.still == pytest.approx(45.1416, abs=1e-4)  # the document prints 52.401, and 45.1 with six fields
    assert (np.diff(found.bars.adjustment) != 0).sum() == 10


def test_hours_hold_no_bar_of_two_contracts(declared):
    bars = declared.study("1h-uni").source.bars()
    assert any(stamp.startswith("7 first bars after a change of contract") for stamp in bars.spec.stamps)
    step = np.append(1.0, bars.adjustment[1:] / bars.adjustment[:-1])
    inside = np.abs(np.log(bars.column("close") / bars.column("open")))
    assert inside[step != 1.0].max() < 0.02 < np.abs(np.log(step)).max()


def test_index_futures_begin_anew_around_each_delivery(declared):
    bars = declared.study("if-uni").source.bars()
    resets = bars.frame.filter("reset")["session"]
    months = resets.dt.strftime("%Y-%m").unique()
    assert len(months) == 70  # 2014-01 … 2019-10
    assert 6 * 70 <= len(resets) <= 8 * 70
