"""Rolls: known at the time, never a return, and where a vendor recorded them."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tidegate.data.futures_chain import main_series, recorded_rolls, with_recorded_factor
from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.errors import DataError, RecordError
from tidegate.types.bars import Bars, BarSpec

DAYS = [dt.datetime(2024, 1, 1) + dt.timedelta(days=d) for d in range(30)]
SPEC = BarSpec(frequency="1d", kind="future", currency="CNY", title="made", source="made here")


def chain(days=30):
    """Three contracts with prices of their own; interest moves on after 10 and 20 sessions, volume 2 before."""
    generator = np.random.default_rng(5)
    pieces = []
    for place, name in enumerate(("RB2401", "RB2405", "RB2410")):
        close = 4000.0 - 100 * place + np.cumsum(generator.integers(-20, 21, len(DAYS)))
        open_ = close + generator.integers(-5, 6, len(DAYS))
        peak = 5 + 10 * place
        interest = 2000.0 - 40 * np.abs(np.arange(len(DAYS)) - peak)
        volume = 2000.0 - 40 * np.abs(np.arange(len(DAYS)) + 2 - peak)
        pieces.append(pl.DataFrame({"time": DAYS, "open": open_, "high": np.maximum(open_, close), "close": close,
                                    "low": np.minimum(open_, close), "open_interest": interest, "volume": volume}
                                   ).with_columns(asset=pl.lit(name), session=pl.col("time").dt.date()))  # fmt: skip
    return Bars.of(pl.concat(pieces).filter(pl.col("time") < DAYS[0] + dt.timedelta(days=days)), SPEC)


def own(name, column="close"):
    return chain().frame.filter(pl.col("asset") == name)[column].to_numpy()


def test_rolls_are_decided_by_the_session_before():
    rolls = main_series(chain(), "RB").rolls
    assert [(r.decided.day - 1, r.switched.day - 1, r.old, r.new) for r in rolls] == [
        (11, 12, "RB2401", "RB2405"), (21, 22, "RB2405", "RB2410"),
    ]  # fmt: skip
    by_volume = main_series(chain(), "RB", "volume").rolls
    assert [r.switched.day - 1 for r in by_volume] == [10, 20]


def test_no_roll_is_a_return_or_a_profit():
    made = main_series(chain(), "RB")
    ratio, difference = made.prices["ratio"].to_numpy(), made.prices["difference"].to_numpy()
    main = np.array(["RB2401"] * 12 + ["RB2405"] * 10 + ["RB2410"] * 8)
    returns = [own(name)[t] / own(name)[t - 1] - 1 for t, name in enumerate(main) if t]
    profits = [own(name)[t] - own(name)[t - 1] for t, name in enumerate(main) if t]
    assert made.prices["contract"].to_list() == main.tolist()
    np.testing.assert_allclose(ratio[1:] / ratio[:-1] - 1, returns, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(np.diff(difference), profits)
    raw = made.prices["close"].to_numpy()
    assert abs(raw[12] - raw[11] - profits[11]) > 50  # unadjusted, the roll is a step
    np.testing.assert_allclose(made.bars.adjusted("close"), ratio, rtol=1e-15)


def test_the_contract_that_is_left_opens_at_its_own_price():
    bars = main_series(chain(), "RB").bars.frame
    told = bars.filter(pl.col("roll_from").is_not_null())
    assert told["session"].to_list() == [DAYS[12].date(), DAYS[22].date()]
    assert told["roll_from"].to_list() == [own("RB2401", "open")[12], own("RB2405", "open")[22]]
    assert bars["asset"].unique().to_list() == ["RB"]


@pytest.mark.parametrize("by", ["open_interest", "volume"])
@pytest.mark.parametrize("days", [5, 12, 13, 22, 29])
def test_nothing_later_moves_what_is_past(days, by):
    whole, part = main_series(chain(), "RB", by), main_series(chain(days), "RB", by)
    assert part.prices.equals(whole.prices.head(days))
    assert part.bars.frame.select("close", "factor", "open_interest").equals(
        whole.bars.frame.head(days).select("close", "factor", "open_interest")
    )


def test_what_is_refused():
    with pytest.raises(RecordError, match="contracts lack volume"):
        main_series(Bars.of(chain().frame.drop("volume"), SPEC), "RB", "volume")
    with pytest.raises(DataError, match="a session has two contracts"):
        recorded_rolls(chain())
    main = main_series(chain(), "RB").bars
    with pytest.raises(DataError, match=r"no daily bar to read its factor from.*1 sessions, the first 2024-01-30"):
        with_recorded_factor(main, Bars.of(main.frame[:-1], SPEC))


@pytest.mark.real_data
def test_recorded_switches_of_rebar(real_data):
    path = real_data / "futures" / "RB_main_daily.csv"
    settings = {"kind": "future", "hours": "shfe-rebar", "columns": {"price_adjust_factor": "factor"}}
    contracts = import_file(path, ImportSettings(**settings)).bars
    series = import_file(path, ImportSettings(**settings, asset="RB")).bars
    rolls = recorded_rolls(contracts)
    assert len(rolls) == 40
    assert [(str(r.switched), r.old, r.new) for r in (rolls[0], rolls[-1])] == [
        ("2009-07-14", "RB0909", "RB0910"), ("2021-04-07", "RB2105", "RB2110"),
    ]  # fmt: skip
    factor, sessions = series.column("factor"), series.frame["session"].to_list()
    steps = {sessions[t]: factor[t] / factor[t - 1] for t in range(1, len(factor)) if factor[t] != factor[t - 1]}
    assert list(steps) == [roll.switched for roll in rolls]  # a factor steps where the contract changes, and only there
    np.testing.assert_allclose(list(steps.values()), [roll.ratio for roll in rolls], rtol=1e-12)
    adjusted, close, before = series.adjusted("close"), series.column("close"), series.column("preclose")
    np.testing.assert_allclose(adjusted[1:] / adjusted[:-1], close[1:] / before[1:], rtol=1e-12)
    hours = import_file(
        real_data / "futures" / "RB_main_60min_bar_end.csv",
        ImportSettings(kind="future", asset="RB", hours="shfe-rebar", frequency="60min", night_tail="to the close"),
    ).bars
    moved = with_recorded_factor(hours, series)
    assert int(np.sum(np.diff(moved.column("factor")) != 0)) == 12
