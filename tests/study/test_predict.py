"""A frozen run, asked about a day: the walk-forward's own bits, the backtest's own orders, and every refusal."""

import json
import shutil
from datetime import UTC, date, datetime, time

import numpy as np
import polars as pl
import pytest
from small import finish

from ranker import ranker
from tidegate.component import document
from tidegate.data.file_source import FileSource
from tidegate.data.source import Source
from tidegate.data.stock_world import StockWorld
from tidegate.data.store import Store
from tidegate.errors import ClockError, DataError, IntegrityError, KeptError, SettingError, UnknownNameError
from tidegate.study.asking import predict
from tidegate.study.records import load_forecast
from tidegate.study.tomorrow import Holdings
from tidegate.types.bars import Bars

WORLD = StockWorld(assets=24, sessions=170, seed=4, ic=0.3)
LONGER = WORLD.but(sessions=190)
DECLARED = {
    "source": document(WORLD),
    "rivals": [],
    "gates": 0,
    "seeds": [1, 2],
    "factors": {"name": "price-ratios"},
    "lookback": 5,
    "normaliser": {"name": "standard"},
    "model": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 3}, "dense": [3]},
    "training": {"epochs": 1, "batch": 256},
    "split": {"name": "walk-forward", "first_test": "2010-07-01", "every": "month"},
    "filters": [{"name": "trading"}, {"name": "no-risk-warning"}, {"name": "listing-age", "sessions": 5}],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A monthly walk-forward of two seeds, to 2010-09-10. Only to be read."""
    return finish(ranker(**DECLARED), tmp_path_factory.mktemp("frozen")).folder


@pytest.fixture(scope="module")
def longer(tmp_path_factory):
    """The same study on twenty sessions more. Only to be read."""
    declared = {**DECLARED, "source": document(LONGER), "strategy": None, "markets": [], "filters": []}
    return finish(ranker(**declared), tmp_path_factory.mktemp("longer")).folder


def scores(run, member, day):
    frame = load_forecast(run / "records" / "ranker" / "forecast" / member).frame
    return dict(frame.filter(pl.col("time") == day).select("asset", "score").iter_rows())


def days_of(run):
    return load_forecast(run / "records" / "ranker" / "forecast" / "seed-1").frame["time"].unique().sort().to_list()


def bits(scores):
    return {asset: float(score).hex() for asset, score in scores.items()}


def told(said):
    return dict(said.ranking.select("asset", "forecast").iter_rows())


def test_twenty_past_days_have_the_walk_forwards_bits(run):
    days = np.random.default_rng(0).choice(days_of(run), 20, replace=False)
    folds = set()
    for day in days:
        said = predict(run, str(day.date()))
        parts = [scores(run, f"seed-{seed}", day) for seed in (1, 2)]
        mean = {asset: float(np.mean([part[asset] for part in parts])) for asset in parts[0]}
        assert bits(told(said)) == bits(mean)
        folds.add(said.fold)
    assert folds == {0, 1, 2}


def test_a_day_is_predicted_without_what_came_after_it(run):
    for sessions in (140, 155):
        early = WORLD.but(sessions=sessions)
        day = early.bars().times[-1].item()
        said = predict(run, str(day.date()), data=early, member="seed-2")
        assert bits(told(said)) == bits(scores(run, "seed-2", day))


def test_newer_data_are_forecast_as_a_longer_run_forecasts_them(run, longer):
    last = days_of(run)[-1]
    new = [day for day in days_of(longer) if day > last and day.month == last.month]
    assert len(new) >= 5
    for day in new[:2] + new[-1:]:
        said = predict(run, str(day.date()), data=LONGER, member="seed-1")
        assert bits(told(said)) == bits(scores(longer, "seed-1", day))
        assert said.learned_upto < str(last.date())


def test_a_model_past_its_month_is_stale_unless_that_is_allowed(run, longer):
    day = next(str(day.date()) for day in days_of(longer) if day.month == days_of(run)[-1].month + 1)
    with pytest.raises(
        KeptError, match=r"stale.*expected a model that learned up to 2010-09-30, found one that learned"
    ):
        predict(run, day, data=LONGER)
    said = predict(run, day, data=LONGER, allow=("stale",))
    assert said.fold == 2
    assert "Allowed: stale." in said.stamps


def test_days_that_nobody_may_predict_are_refused(run):
    with pytest.raises(ClockError, match=r"no fit .* knew nothing of that day.*from 2010-07-01 on, found 2010-03-04"):
        predict(run, "2010-03-04", allow=("stale",))
    with pytest.raises(DataError, match=r"no bar of that day.*expected 2010-07-02 or 2010-07-05"):
        predict(run, "2010-07-03")
    with pytest.raises(DataError, match=r"no bar of that day.*data end before it"):
        predict(run, "2011-07-04")
    with pytest.raises(DataError, match=r"not over.*found 2010-08-02 14:59"):
        predict(run, "2010-08-02", now=datetime(2010, 8, 2, 6, 59, tzinfo=UTC))
    assert predict(run, "2010-08-02", now=datetime(2010, 8, 2, 7, 0, tzinfo=UTC)).ranking.height


def without(path, keep):
    """The world's bars as a file, without some of them."""
    WORLD.bars().frame.filter(keep).drop("session").write_parquet(path)
    return FileSource(path=str(path), settings={"kind": "stock", "currency": "CNY"})


@pytest.mark.parametrize(
    "keep, what",
    [
        (pl.col("session") != pl.date(2010, 7, 14), r"sessions are missing.*the first that is missing: 2010-07-14"),
        (
            (pl.col("session") != pl.date(2010, 8, 2)) | (pl.col("asset") < "3"),
            r"fewer assets .* than usual.*expected about \d+",
        ),
    ],
)
def test_gaps_are_refused_unless_allowed(run, tmp_path, keep, what):
    source = without(tmp_path / "bars.parquet", keep)
    with pytest.raises(DataError, match=what):
        predict(run, "2010-08-02", data=source)
    assert predict(run, "2010-08-02", data=source, allow=("gaps", "data")).ranking.height


def test_revised_data_are_refused_unless_allowed(run):
    other = WORLD.but(seed=5)
    with pytest.raises(IntegrityError, match=r"not those that the model learned from.*others on 60 of 60 days"):
        predict(run, "2010-08-02", data=other)
    assert predict(run, "2010-08-02", data=other, allow=("data",)).ranking.height


def test_data_of_another_kind_are_refused(run):
    index = Source.of({"name": "planted-world", "sessions": 170, "seed": 1, "ic": 0.1})
    with pytest.raises(DataError):
        predict(run, "2010-08-02", data=index)


def test_changed_code_and_declarations_and_fits_are_refused(run, tmp_path):
    held = tmp_path / "ranker" / "copy"
    shutil.copytree(run, held)
    fit = held / "records" / "ranker" / "fit" / "seed-1" / "fold-1"
    card = json.loads((fit / "frozen.json").read_text())
    (fit / "frozen.json").write_text(json.dumps({**card, "code": "0" * 64}))
    with pytest.raises(KeptError, match=r"code .* has changed.*expected 000000000000, found [0-9a-f]{12}"):
        predict(held, "2010-08-03", member="seed-1")
    assert predict(held, "2010-08-03", member="seed-1", allow=("code",)).fold == 1
    moved = [[value + 1 for value in card["normaliser"]["centre"][0]]]
    (fit / "frozen.json").write_text(json.dumps({**card, "normaliser": {**card["normaliser"], "centre": moved}}))
    with pytest.raises(IntegrityError, match="not the one that the model was fitted with"):
        predict(held, "2010-08-03", member="seed-1")
    (fit / "frozen.json").write_text(json.dumps(card))
    for name in ("fit.json", "weights.safetensors", "traces.safetensors"):
        shutil.copy(fit.parent / "fold-2" / name, fit / name)
    with pytest.raises(IntegrityError, match="did not make the run's forecasts"):
        predict(held, "2010-08-03", member="seed-1")
    study = json.loads((held / "study.json").read_text())
    study["studies"][0]["lookback"] = 6
    (held / "study.json").write_text(json.dumps(study))
    with pytest.raises(IntegrityError, match="not the one that was run"):
        predict(held, "2010-08-03")


def test_unknown_names_come_with_the_nearest(run):
    with pytest.raises(UnknownNameError, match="did you mean 'seed-1'"):
        predict(run, "2010-08-02", member="sed-1")
    with pytest.raises(UnknownNameError, match="did you mean 'stale'"):
        predict(run, "2010-08-02", allow=("stael",))
    with pytest.raises(UnknownNameError, match="ranker"):
        predict(run, "2010-08-02", study="ranked")


def book_of(run, day):
    """What the backtest of the ensemble held after a close, and what it ordered then."""
    place = run / "records" / "ranker" / "ledger" / "a-share" / "ensemble"
    frames = {name: pl.read_parquet(place / f"{name}.parquet") for name in ("positions", "book", "fills", "orders")}
    buys = frames["fills"].filter((pl.col("time") <= day) & (pl.col("side") == "buy"))
    bought = buys.group_by("asset").agg(bought=pl.col("time").max().dt.date())
    held = frames["positions"].filter(pl.col("time") == day).join(bought, on="asset", how="left")
    line = frames["book"].row(by_predicate=pl.col("time") == day, named=True)
    wanted = frames["orders"].filter(pl.col("decided") == day)
    return held.select("asset", pl.col("quantity").cast(pl.Int64), "bought"), line["cash"], wanted


def ordered(frame):
    return sorted(frame.select("side", "asset", pl.col("quantity").cast(pl.Int64), "reason", "rank").iter_rows())


def test_orders_from_the_backtests_holdings_are_the_backtests_orders(run):
    compared = 0
    for day in days_of(run)[6:-1:4]:
        held, cash, wanted = book_of(run, day)
        said = predict(run, str(day.date()), holdings=held, cash=cash)
        assert ordered(said.orders.frame) == ordered(wanted)
        compared += wanted.height
    assert compared > 20


def test_orders_of_a_book_that_begins_are_those_of_the_first_day(run):
    day = days_of(run)[0]
    said = predict(run, str(day.date()), with_orders=True)
    assert ordered(said.orders.frame) == ordered(book_of(run, day)[2])
    assert (said.orders.frame["side"] == "buy").all()


def test_holdings_are_looked_at_closely(run):
    def asked(rows, cash=1000.0):
        return predict(run, "2010-08-02", holdings=pl.DataFrame(rows), cash=cash)

    with pytest.raises(DataError, match=r"a holding has no price in the last bars.*999999\.SH"):
        asked({"asset": ["999999.SH"], "quantity": [100]})
    with pytest.raises(DataError, match="bought after that day"):
        asked({"asset": ["000001.SZ"], "quantity": [100], "bought": ["2010-08-03"]})
    with pytest.raises(DataError, match="whole number of shares above zero"):
        asked({"asset": ["000001.SZ"], "quantity": [0]})
    with pytest.raises(DataError, match="held twice"):
        asked({"asset": ["000001.SZ"] * 2, "quantity": [100, 100]})
    with pytest.raises(SettingError, match="holdings stand beside some money"):
        asked({"asset": ["000001.SZ"], "quantity": [100]}, cash=None)
    with pytest.raises(DataError, match="these are no holdings"):
        Holdings.of(pl.DataFrame({"asset": ["a"], "shares": [1]}), 0.0)


def test_steps_by_date_are_computed_as_the_run_computes_them(tmp_path):
    declared = {**DECLARED, "seeds": [1], "model": {"name": "linear"}, "training": None, "strategy": None}
    steps = [{"name": "z-score"}]
    made = finish(ranker(**{**declared, "markets": [], "filters": [], "steps": steps}), tmp_path).folder
    for day in days_of(made)[5::20]:
        assert bits(told(predict(made, str(day.date())))) == bits(scores(made, "seed-1", day))


EXTREMES = {"name": "drop-extremes", "bounds": {"name": "quantiles", "lower": 0.1, "upper": 0.9}, "scope": "asset"}


@pytest.mark.parametrize("steps", [[], [{"name": "z-score"}], [EXTREMES, {"name": "rank-normal"}]])
def test_a_store_is_read_no_further_back_than_a_day_needs(tmp_path, monkeypatch, steps):
    world = StockWorld(assets=24, sessions=330, seed=4, ic=0.3)
    bars, away = world.bars(), world.bars().assets[3]
    gone = (pl.col("asset") == away) & pl.col("session").is_between(date(2010, 11, 20), date(2011, 1, 20))
    later = [day for day in bars.times.astype("datetime64[D]").tolist() if day.year > 2010]
    for asset, out in ((bars.assets[5], later[:10]), (bars.assets[7], later[26:62])):  # few rows on a date long ago
        gone |= (pl.col("asset") == asset) & pl.col("session").is_between(out[0], out[-1])
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "store"))
    Store.default().put("shares", Bars.of(bars.frame.filter(~gone), bars.spec), instruments=world.instruments())
    declared = {
        **DECLARED, "source": {"name": "stored", "dataset": "shares"}, "seeds": [1], "model": {"name": "linear"},
        "training": None, "strategy": None, "markets": [], "filters": [], "steps": steps,
        "factors": {"name": "together", "sets": [{"name": "price-ratios"}, {"name": "raw-fields", "fields": ["close"]}]},
        "split": {"name": "single-split", "train_end": "2010-06-30", "test_start": "2010-07-01"},
    }  # fmt: skip
    made = finish(ranker(**declared), tmp_path).folder
    read = []
    whole = Store.years

    def watched(store, dataset, first, last):
        read.append((first, last))
        return whole(store, dataset, first, last)

    monkeypatch.setattr(Store, "years", watched)
    monkeypatch.setattr(Store, "read", None)  # nobody may read everything
    back = next(n for n, day in enumerate(days_of(made)) if day.date() > date(2011, 1, 20))
    for day in [*days_of(made)[3::37], *days_of(made)[back : back + 9 : 2], datetime.combine(later[62], time())]:
        assert bits(told(predict(made, str(day.date())))) == bits(scores(made, "seed-1", day))
    assert (2011, 2011) in read
    assert (2010, 2010) in read


def test_a_timing_whose_windows_are_scaled_by_themselves_is_asked_too(whole):
    (made,) = whole.glob("small/*/study.json")
    folder = made.parent
    kept = load_forecast(folder / "records" / "small" / "forecast" / "seed-2").frame
    for day, score in kept.select("time", "score").gather([0, 7, kept.height - 1]).iter_rows():
        said = predict(folder, str(day.date()), member="seed-2", now=datetime(2100, 1, 1, tzinfo=UTC))
        assert [one.hex() for one in said.ranking["forecast"].to_list()] == [score.hex()]
    with pytest.raises(SettingError, match="only a selection over many assets gives orders"):
        predict(folder, str(day.date()), with_orders=True, now=datetime(2100, 1, 1, tzinfo=UTC))
