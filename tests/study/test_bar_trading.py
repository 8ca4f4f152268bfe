"""A study that trades rebar within its bars: through every room, beside its rivals, and told fill by fill."""

import numpy as np
import polars as pl
import pytest
from small import finish, small

from tidegate.backtest.bar_trades import BarTable, Size, size_of, trade_bars
from tidegate.errors import SettingError, UnknownNameError
from tidegate.market.rebar_future import RebarFuture
from tidegate.study import bar_trading
from tidegate.study.declare import Study
from tidegate.study.explain import explain_number
from tidegate.study.trading import Judged
from tidegate.study.words import stamp_text
from tidegate.testing.corridor import check_corridor

BARS, ROLLS = 260, (120, 200)
CLOSE_TO_CLOSE = {"lag": 0, "span": 1, "entry": "close", "exit": "close"}


def rebar_file(folder):
    """Daily rebar in whole yuan with a memory in its moves, and two changes of contract that the factor records."""
    rng = np.random.default_rng(4)
    true = np.empty((BARS, 2))
    price, move = 3600.0, 0.0
    for t in range(BARS):
        true[t, 0] = price * (1 + rng.normal(0, 0.003))
        move = 0.3 * move + rng.normal(0, 0.008)
        price = true[t, 1] = price * (1 + move)
    factor = np.ones(BARS)
    for at, step in zip(ROLLS, (1.05, 0.96), strict=True):
        factor[at:] *= step
    raw = np.rint(true / factor[:, None])
    days = np.busday_offset("2017-03-01", np.arange(BARS), roll="forward").astype("datetime64[us]")
    frame = pl.DataFrame(
        {
            "time": days, "asset": ["RB"] * BARS, "open": raw[:, 0], "close": raw[:, 1], "high": raw.max(axis=1) + 3,
            "low": raw.min(axis=1) - 3, "volume": rng.uniform(1e5, 2e5, BARS).round(), "factor": factor,
        }
    )  # fmt: skip
    path = folder / "rebar.parquet"
    frame.write_parquet(path)
    return path


def declared(path, **changes):
    fixed = {
        "source": {"name": "file", "path": str(path), "settings": {"kind": "future", "volume_unit": "lots"}},
        "factors": {"name": "raw-fields", "fields": ["close", "open", "volume"]},
        "label": {"name": "future-level", "horizon": CLOSE_TO_CLOSE},
        "normaliser": {"name": "min-max"},
        "target_scaling": {"name": "min-max-target"},
        "rivals": [{"name": "persistence", "speaks": "level"}],
        "strategy": {"name": "open-against-forecast"},
        "markets": [{"name": "rebar-future"}],
        "seeds": [1],
        "capital": 1_000_000.0,
    }
    return small(**{**fixed, **changes})


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rebar")
    return finish(declared(rebar_file(folder)), folder / "runs")


@pytest.fixture(scope="module")
def books(ran):
    return ran.findings["small"].books["rebar-future"]


def test_every_rival_stands_beside(books):
    assert books.members == (
        "seed-1", "persistence", "follow-forecast", "always-long", "gap-momentum", "random-sides", "buy-and-hold",
    )  # fmt: skip
    assert all(books.ledgers[member].fills.height > 0 for member in books.members)


def by_hand(found, says):
    """What persistence says of the next close, in the next bar's contract and to its tick; and the judged bars."""
    bars, forecast = found.bars, found.forecasts["persistence"].frame["time"].to_numpy()
    first, last = (int(np.searchsorted(bars.times, forecast[place])) for place in (0, -1))
    factor = bars.column("factor")
    level = (says(bars.column("close") * factor) / np.append(factor[1:], factor[-1]))[first : last + 1]
    near = np.rint(level)
    level = np.where(np.abs(level - near) < 1e-3, near, level)
    return level, BarTable.of(RebarFuture().conditions(bars.upto(bars.times[last]), "RB").between(first, last + 1))


def test_the_book_is_what_the_bar_loop_makes_of_the_levels(ran, books):
    """Levels from the kept forecasts, by hand, through `trade_bars`: the same equity, bit for bit."""
    level, table = by_hand(ran.findings["small"], lambda close: close)
    made = trade_bars(level[None], level[None], table, 1e6, Size(exposure=1.0), against=True)
    assert np.array_equal(made.equity[0], books.equity("persistence"))
    # as printed against the last close is what follows the gap
    assert np.array_equal(books.equity("persistence"), books.equity("gap-momentum"))


def test_costs_come_in_three_views_and_the_last_is_the_book(books):
    costs = books.decided("costs")
    for member in books.members[:-1]:
        rows = {row["view"]: row for row in costs.filter(pl.col("member") == member).iter_rows(named=True)}
        assert list(rows) == ["gross", "after fees", "after slippage"]
        assert rows["gross"]["fees"] == rows["gross"]["slippage"] == rows["after fees"]["slippage"] == 0.0
        assert (
            rows["gross"]["total_return"] > rows["after fees"]["total_return"] > rows["after slippage"]["total_return"]
        )
        assert rows["after slippage"]["total_return"] == pytest.approx(books.equity(member)[-1] / 1e6 - 1, abs=1e-12)
        paid = books.ledgers[member].fills["commission"].sum()
        assert rows["after slippage"]["fees"] == pytest.approx(paid, abs=0.005)


def test_a_ladder_of_costs(books):
    ladder = books.decided("ladder")
    costs = books.decided("costs")
    for member in books.members[:-1]:
        rungs = ladder.filter(pl.col("member") == member)
        assert rungs.select("fees_charged", "slippage_ticks").rows() == [
            (False, 0), (True, 0), (True, 1), (True, 2), (True, 3),
        ]  # fmt: skip
        assert rungs["total_return"].is_sorted(descending=True)
        views = costs.filter(pl.col("member") == member)
        for place in range(3):  # the market's own slippage is a tick
            assert rungs["total_return"][place] == views["total_return"][place]


@pytest.fixture(scope="module")
def managed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("managed")
    core = {"name": "open-against-forecast"}
    stopped = {"name": "stop-loss", "inner": core, "distance": 0.004}
    document = declared(
        rebar_file(folder), gates=30,
        strategy={"name": "fixed-fraction", "inner": core, "fraction": 0.5},
        managed=[
            stopped,
            {"name": "margin-cap", "inner": core, "share": 0.02},
            {"name": "drawdown-switch", "inner": core, "fall": 0.01},
        ],
    )  # fmt: skip
    return finish(document, folder / "runs")


class TestManaged:
    """Wrappers around the study's rule hold for those beside it; `managed` rules stand beside on the lead's forecast."""

    def test_members_and_sizes(self, managed):
        books = managed.findings["small"].books["rebar-future"]
        assert books.members == (
            "seed-1", "persistence", "follow-forecast", "always-long", "gap-momentum", "random-sides", "stop-loss",
            "margin-cap", "drawdown-switch", "buy-and-hold",
        )  # fmt: skip
        for member, most in (("seed-1", 0.05), ("always-long", 0.05), ("stop-loss", 0.1), ("margin-cap", 0.02)):
            of_equity = books.table(member, "margin")["of_equity"]
            assert of_equity.max() <= most * 1.001  # a tick of slippage is in the value
            assert of_equity.max() > most - 0.005
        stops = books.ledgers["stop-loss"].orders.filter(pl.col("outcome") == "stopped out")
        assert stops.height > 5
        fall = books.equity("drawdown-switch") / np.maximum.accumulate(books.equity("drawdown-switch"))
        shut = int(np.argmax(fall <= 0.99))
        assert shut > 0
        assert len(set(books.equity("drawdown-switch")[shut:])) == 1

    def test_a_stop_is_told(self, managed):
        books = managed.findings["small"].books["rebar-future"]
        stop = books.ledgers["stop-loss"].orders.filter(pl.col("outcome") == "stopped out").row(0, named=True)
        told = explain_number(managed.folder, "RB", str(stop["decided"])[:10], None, "stop-loss")
        assert any("its stop was reached" in line.value for line in told.lines)

    def test_nothing_later_reaches_them(self, tmp_path):
        core = {"name": "open-against-forecast"}
        wrapped = {"name": "volatility-scaled", "inner": {"name": "stop-loss", "inner": core, "distance": 0.004},
                   "target": 0.008, "lookback": 10}  # fmt: skip
        document = declared(
            rebar_file(tmp_path),
            gates=0,
            strategy={"name": "drawdown-switch", "inner": wrapped, "fall": 0.02, "pause": 4},
        )
        assert check_corridor(Study.of(document)) == 2

    def test_what_cannot_be_declared(self, tmp_path):
        path = rebar_file(tmp_path)
        core = {"name": "open-against-forecast"}
        with pytest.raises(SettingError, match="a managed rule appears twice"):
            Study.of(declared(path, managed=[core, core]))
        with pytest.raises(SettingError, match="stands beside the strategy anyway"):
            Study.of(declared(path, managed=[{"name": "gap-momentum"}]))
        with pytest.raises(SettingError, match="managed rules stand beside one that trades futures"):
            Study.of(declared(path, strategy={"name": "sign-follow"}, managed=[core]))
        with pytest.raises(SettingError, match="on margin stand alone"):
            Study.of(declared(path, strategy={"name": "always-long"}, markets=[{"name": "etf-proxy"}]))
        with pytest.raises(SettingError, match="reads its forecasts"):
            finish(declared(path, strategy={"name": "always-long"}), tmp_path / "runs")


class TestSizedByThePast:
    """A rule that is sized by what lies behind it, from the first judged bar on."""

    FIRST, LOOKBACK = 150, 20

    @pytest.fixture
    def held(self, tmp_path):
        """The study, its judged bars with the last close as forecast, and the market."""
        core = {"name": "open-against-forecast", "rule": "follow"}
        scaled = {"name": "volatility-scaled", "inner": core, "target": 0.004, "lookback": self.LOOKBACK}
        study = Study.of(declared(rebar_file(tmp_path), strategy=scaled, gates=70))
        bars = study.source.bars()
        said = bars.adjusted("close")[None, self.FIRST :]
        judged = Judged(bars, self.FIRST, bars.times[self.FIRST :], said)
        conditions = RebarFuture(slippage_ticks=0).conditions(bars, "RB").between(self.FIRST, BARS)
        return study, judged, conditions

    def plan(self, held):
        study, judged, conditions = held
        levels = {"persistence": bar_trading._levels(study, judged, conditions.tick)[0]}
        return bar_trading._plans(study, study.strategy, levels, judged, conditions)

    def test_its_first_judged_bar_knows_the_bars_before(self, held):
        plans = self.plan(held)
        joined = held[1].seen.adjusted("close")
        past = joined[self.FIRST - self.LOOKBACK : self.FIRST + 1]
        expected = min(1.0, 0.004 / np.std(past[1:] / past[:-1] - 1, ddof=1))
        for member in ("persistence", "always-long", "gap-momentum"):
            assert plans[member].exposure[0] == pytest.approx(expected)
            assert len(plans[member].below) == BARS - self.FIRST
        assert (plans["gap-momentum"].below == plans["persistence"].below).all()

    def test_a_placebo_makes_as_many_trips(self, held, monkeypatch):
        """A third of the bars has no size: sides dealt out over them too would be lost there."""
        study, _, conditions = held
        plan = self.plan(held)["persistence"]
        unsized = np.arange(len(plan.exposure)) % 3 == 0
        plan = plan._replace(exposure=np.where(unsized, 0.0, plan.exposure))
        table = BarTable.of(conditions)
        own = trade_bars(plan.below[None], plan.above[None], table, study.capital, size_of(plan))
        books = []
        monkeypatch.setattr(bar_trading, "trade_bars", lambda *told: books.append(trade_bars(*told)) or books[-1])
        drawn = bar_trading._placebos(study, plan, conditions.open, table, 0)
        assert len(set(drawn["total_return"].tolist())) > 50
        assert sum(len(book.round_trips) for book in books) == study.gates
        assert own.unfilled[0] == 0
        assert {int(trips) for book in books for trips in book.round_trips} == {int(own.round_trips[0])}


def test_margin_is_a_tenth_of_what_was_opened(books):
    margin = books.table("always-long", "margin")
    assert margin["of_equity"].is_between(0.095, 0.1001).all()
    assert (margin["lots"] > 0).all()
    entries = books.ledgers["always-long"].fills.unique("trip", keep="first", maintain_order=True)
    assert margin["margin"].to_list() == pytest.approx((entries["value"] * 0.1).to_list())


def test_measures_and_placebos(ran):
    told = {(m.subject.get("member"), m.name): m for m in ran.findings["small"].measures}
    for name in (
        "total_return",
        "total_return_before_costs",
        "return_after_fees",
        "margin_of_equity",
        "orders_unfilled",
    ):
        assert told["seed-1", name].value is not None
    assert 0 <= told["seed-1", "total_return_percentile"].value <= 1
    assert told["always-long", "total_return_before_costs"].value > told["always-long", "total_return"].value
    traded = told["always-long", "trades"].value
    assert told["always-long", "bars_in_market"].value == traded > 0  # a trip a bar, flat at every close


def test_buy_and_hold_pays_for_the_roll_and_earns_no_gap(books):
    orders = books.ledgers["buy-and-hold"].orders
    assert orders["outcome"].to_list() == ["filled", *["contract change"] * (orders.height - 1)]
    assert orders.height >= 3
    jump = np.abs(np.diff(books.equity("buy-and-hold")) / books.equity("buy-and-hold")[:-1]).max()
    assert jump < 0.035  # the gap of a roll is 4 % at least


class TestExplained:
    def test_a_fill_says_why(self, ran, books):
        entry = books.ledgers["seed-1"].fills.row(0, named=True)
        bars = ran.findings["small"].bars
        at = int(np.searchsorted(bars.times, np.datetime64(entry["time"])))
        told = explain_number(ran.folder, "RB", str(bars.times[at - 1])[:10], None, "seed-1")
        strategy = [line for line in told.lines if line.room == "strategy"]
        fills = [line for line in told.lines if line.what.startswith("fill")]
        word = "above" if entry["side"] == "buy" else "below"
        assert f"{entry['side']} {word} it" in strategy[0].value
        assert f"lies {word}" in fills[0].value
        assert f"{entry['side']} {entry['quantity']:g} at {entry['price']:g}" in fills[0].value
        assert "the bar is over" in fills[1].value

    def test_who_goes_by_no_price_says_so(self, ran, books):
        entry = books.ledgers["always-long"].fills.row(0, named=True)
        bars = ran.findings["small"].bars
        at = int(np.searchsorted(bars.times, np.datetime64(entry["time"])))
        told = explain_number(ran.folder, "RB", str(bars.times[at - 1])[:10], None, "always-long")
        assert any("in at every open" in line.value for line in told.lines)

    def test_one_member_is_told_and_an_unknown_one_refused(self, ran, books):
        asked = ran.folder, "RB", str(ran.findings["small"].bars.times[-40])[:10], None
        told = [line.what for line in explain_number(*asked).lines if "(rebar-future, " in line.what]
        assert told
        assert {what.split("(")[1] for what in told} == {"rebar-future, seed-1)"}  # the only fit
        with pytest.raises(UnknownNameError, match=r"unknown member 'seed-9'.*'seed-1'.*always-long"):
            explain_number(*asked, "seed-9")


class TestRefused:
    def test_stocks_that_cannot_be_sold_short(self, tmp_path):
        strategy = {"name": "open-against-forecast"}
        document = declared(rebar_file(tmp_path), strategy=strategy, markets=[{"name": "etf-proxy"}])
        with pytest.raises(SettingError, match="sells short, and nothing may be sold short here"):
            finish(document, tmp_path / "runs")

    def test_a_forecast_of_something_else(self, tmp_path):
        label = {"name": "future-level", "horizon": {"lag": 1, "span": 2}}
        with pytest.raises(SettingError, match="forecast of the next close"):
            finish(declared(rebar_file(tmp_path), label=label, rivals=[]), tmp_path / "runs")

    def test_futures_beside_what_is_paid_in_full(self, tmp_path):
        markets = [{"name": "rebar-future"}, {"name": "etf-proxy"}]
        with pytest.raises(SettingError, match="on margin stand alone"):
            Study.of(declared(tmp_path, markets=markets))
        with pytest.raises(SettingError, match="on margin stand alone"):
            Study.of(declared(tmp_path, execution={"participation": 0.1}))


def test_returns_are_turned_into_prices(tmp_path):
    """The return of the last bar, said again: the level is the last close times it, in the next bar's contract."""
    label = {"name": "forward-return", "horizon": CLOSE_TO_CLOSE}
    rivals = [{"name": "persistence", "speaks": "return"}]
    document = declared(rebar_file(tmp_path), label=label, rivals=rivals, gates=0)
    found = finish(document, tmp_path / "runs").findings["small"]
    level, judged = by_hand(found, lambda close: close * (close / np.append(np.nan, close[:-1])))
    made = trade_bars(level[None], level[None], judged, 1e6, Size(exposure=1.0), against=True)
    assert np.array_equal(made.equity[0], found.books["rebar-future"].equity("persistence"))


def test_nothing_later_reaches_a_level_a_side_or_a_book(tmp_path):
    """Bars after a cut are scrambled: forecasts, levels, fills and books up to it stay what they were."""
    study = Study.of(declared(rebar_file(tmp_path), gates=0))
    assert check_corridor(study) == 2


def test_a_stamp_says_what_a_roll_costs(books):
    told = " ".join(stamp_text(stamp).zh for stamp in books.stamps)
    assert any("recorded change of contract" in stamp for stamp in books.stamps)
    assert "平旧合约" in told
    assert "开盘进、收盘出" in told
