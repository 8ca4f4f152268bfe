"""Studies with one leak each, in every room, are caught by the test that is made for it; honest look-alikes are not."""

import json
from typing import ClassVar

import numpy as np
import polars as pl
import pytest
from audited_study import many, one

import tidegate.catalog  # noqa: F401 - lets settings find members by name
from tidegate.auditing.audit import audit, audit_study
from tidegate.auditing.verdict import Audited, Verdict
from tidegate.component import document
from tidegate.data.stock_world import StockWorld
from tidegate.errors import UnknownNameError
from tidegate.factors.base import FactorSet, panel_of
from tidegate.market.base import Conditions, Market
from tidegate.market.frictionless_index import FrictionlessIndex
from tidegate.market.universe import UniverseRule
from tidegate.models.base import Rival
from tidegate.prepare.ahead import row_ahead
from tidegate.prepare.label import Label, forward_return
from tidegate.prepare.normaliser import Normaliser, training_rows
from tidegate.strategy.base import State, Timing
from tidegate.types import Affine
from tidegate.types.report import Text


class Shifted(FactorSet):
    """Tomorrow's close."""

    name: ClassVar[str] = "audit-leak-shifted"

    def compute(self, bars):
        close = bars.adjusted("close")
        return panel_of(bars, {"close": close, "next": np.append(close[1:], close[-1]) / close})


class NextOpen(FactorSet):
    """The next open over this close: at every open it is known, at no close before it."""

    name: ClassVar[str] = "audit-leak-next-open"

    def compute(self, bars):
        close, opens = bars.column("close"), bars.column("open")
        return panel_of(bars, {"close": close, "gap": np.append(opens[1:], opens[-1:]) / close})


class OfTheSample(FactorSet):
    """Centred on all there is."""

    name: ClassVar[str] = "audit-leak-of-the-sample"

    def compute(self, bars):
        close = bars.adjusted("close")
        return panel_of(bars, {"close": close / close.mean()})


class AliveAtTheEnd(FactorSet):
    """Relative to those that live to the end."""

    name: ClassVar[str] = "audit-leak-alive-at-the-end"

    def compute(self, bars):
        alive = bars.frame.filter(pl.col("time") == bars.times[-1])["asset"]
        made = bars.frame.select(
            pl.col("close") / pl.col("close").filter(pl.col("asset").is_in(alive.implode())).mean().over("time")
        )
        return panel_of(bars, {"relative": made["close"].fill_null(np.nan).to_numpy()})


class OneLooksAhead(FactorSet):
    """Honest but for one share, the last of the alphabet."""

    name: ClassVar[str] = "audit-leak-of-one-share"

    def compute(self, bars):
        close = bars.adjusted("close")
        ahead = np.append(close[1:], close[-1])
        lies = bars.frame["asset"].to_numpy() == bars.assets[-1]
        return panel_of(bars, {"close": np.where(lies, ahead, close), "volume": bars.column("volume")})


class Trailing(FactorSet):
    """Relative to the highest close so far."""

    name: ClassVar[str] = "audit-fair-trailing"

    def compute(self, bars):
        top = bars.frame.select(pl.col("close").cum_max().over("asset"))["close"].to_numpy()
        return panel_of(bars, {"fall": bars.column("close") / top, "volume": bars.column("volume")})


class ClippedByAll(Label):
    """Clipped at quantiles of all labels."""

    name: ClassVar[str] = "audit-leak-clipped-by-all"

    def target(self, bars, panel, count):
        made = forward_return(bars, panel, self.horizon, count)
        return np.clip(made, *np.nanquantile(made, [0.2, 0.8]))


class KnownEarly(Label):
    """Says that it is known two bars before it is: the purge is too short."""

    name: ClassVar[str] = "audit-leak-known-early"

    def exit_row(self, panel, count):
        return row_ahead(panel, self.horizon.purge - 2, count)

    def target(self, bars, panel, count):
        return forward_return(bars, panel, self.horizon, count)


class Doubled(Label):
    """An honest label on another scale."""

    name: ClassVar[str] = "audit-fair-doubled"

    def target(self, bars, panel, count):
        return 2 * forward_return(bars, panel, self.horizon, count)


class FittedOnAll(Normaliser):
    """Standardised by the moments of all windows, and silent about it."""

    name: ClassVar[str] = "audit-leak-fitted-on-all"

    def fit(self, windows, training):
        rows, _ = training_rows(windows, np.ones_like(training))
        _, upto = training_rows(windows, training)
        return Affine.of(rows.mean(axis=0)[None, :], rows.std(axis=0)[None, :], upto)


class ByTheMedian(Normaliser):
    """Fitted on the training windows."""

    name: ClassVar[str] = "audit-fair-by-the-median"

    def fit(self, windows, training):
        rows, upto = training_rows(windows, training)
        return Affine.of(np.median(rows, axis=0)[None, :], rows.std(axis=0)[None, :], upto)


class AsTheTest(Normaliser):
    """Scaled as the last windows are, which nobody had seen."""

    name: ClassVar[str] = "audit-leak-as-the-test"

    def fit(self, windows, training):
        columns = [windows.panel.field(field) for field in windows.inputs]
        last = windows.panel.values[windows.anchors[-20:]][:, columns].astype(np.float64)
        return Affine.of(last.mean(axis=0)[None, :], np.ones((1, len(columns))), 0)


class Centred(Rival):
    """Forecasts less the mean of all that are asked for together."""

    name: ClassVar[str] = "audit-leak-centred"

    def fit(self, seen, target, weight):
        return {"mean": np.array([target.mean()])}

    def predict(self, learned, seen):
        said = seen.z[:, -1, 0]
        return (said - said.mean()) / said.std() + learned["mean"]


class LastInput(Rival):
    """Forecasts by the last input, row by row."""

    name: ClassVar[str] = "audit-fair-last-input"

    def fit(self, seen, target, weight):
        return {"mean": np.array([target.mean()])}

    def predict(self, learned, seen):
        return seen.z[:, -1, 0] + learned["mean"]


class BetterHalf(Timing):
    """In the market on the better half of all scores that there will be."""

    name: ClassVar[str] = "audit-leak-better-half"

    def decide(self, state, score):
        return State(), float(score > 0)

    def exposures(self, scores):
        return (scores > np.nanmedian(scores, axis=1, keepdims=True)).astype(float)


class SeldomEarly(Timing):
    """Looks at the score to come, but only after the largest score of twenty."""

    name: ClassVar[str] = "audit-leak-seldom-early"

    def decide(self, state, score):
        return State(), float(score > 0)

    def exposures(self, scores):
        held = np.nan_to_num(scores)
        made = (held > 0).astype(float)
        for t in range(20, held.shape[1] - 1):
            rare = held[:, t] > held[:, t - 20 : t].max(axis=1)
            made[:, t] = np.where(rare, held[:, t + 1] > 0, made[:, t])
        return made


class WhenPositive(Timing):
    """In the market after a score above zero."""

    name: ClassVar[str] = "audit-fair-when-positive"

    def decide(self, state, score):
        return State(), float(score > 0)

    def exposures(self, scores):
        return (np.nan_to_num(scores) > 0).astype(float)


def shown(made, **changes):
    return Conditions(**{**{name: getattr(made, name) for name in made.__dataclass_fields__}, **changes})


class AtTheLow(Market):
    """Fills at the bar's low, which nobody knows at its open."""

    name: ClassVar[str] = "audit-leak-at-the-low"
    asset_class: ClassVar[str] = "index"

    def conditions(self, bars, asset):
        return shown(FrictionlessIndex().conditions(bars, asset), open=bars.column("low").copy())


class AtTheOpen(Market):
    """Fills at the open, a little worse."""

    name: ClassVar[str] = "audit-fair-at-the-open"
    asset_class: ClassVar[str] = "index"

    def conditions(self, bars, asset):
        made = FrictionlessIndex().conditions(bars, asset)
        return shown(made, open=made.open * 1.001)


class Winners(UniverseRule):
    """Only what will have risen by the end."""

    name: ClassVar[str] = "audit-leak-winners"

    def keeps(self, grid):
        close = grid.last("close")
        return np.broadcast_to(close[-1] > np.nanmedian(close[-1]), close.shape)


class Survivors(UniverseRule):
    """Only what trades in the last session that there is."""

    name: ClassVar[str] = "audit-leak-survivors"

    def keeps(self, grid):
        return np.broadcast_to(grid.trades[-1], grid.trades.shape)


class TradesTomorrow(UniverseRule):
    """Only what is not suspended in the next session."""

    name: ClassVar[str] = "audit-leak-trades-tomorrow"

    def keeps(self, grid):
        return np.vstack([grid.trades[1:], grid.trades[-1:]])


class Risen(UniverseRule):
    """Only what has risen so far."""

    name: ClassVar[str] = "audit-fair-risen"

    def keeps(self, grid):
        close = grid.last("close")
        return np.nan_to_num(close) >= np.nan_to_num(np.nanmin(np.where(np.isnan(close), np.inf, close)[:1], axis=0))


def gaps(grid):
    """Whether an asset opens above its close before, at the session of its opening."""
    before = grid.last("close")[:-1]
    return np.vstack([np.zeros((1, before.shape[1]), dtype=bool), grid.column("open")[1:] > before])


class WillGapUp(UniverseRule):
    """Only what opens higher on the morning after the decision."""

    name: ClassVar[str] = "audit-leak-will-gap-up"

    def keeps(self, grid):
        up = gaps(grid)
        return np.vstack([up[1:], up[-1:]])


class HasGappedUp(UniverseRule):
    """Only what opened higher this morning."""

    name: ClassVar[str] = "audit-fair-has-gapped-up"

    def keeps(self, grid):
        return gaps(grid)


PLANTED = {
    "feature, the next open": (one, {"factors": {"name": "audit-leak-next-open"}}, ("L1", "L4"), "factors"),
    "feature, shifted": (one, {"factors": {"name": "audit-leak-shifted"}}, ("L1", "L2"), "factors"),
    "feature, whole sample": (one, {"factors": {"name": "audit-leak-of-the-sample"}}, ("L1", "L2", "L3"), "factors"),
    "feature, survivors": (many, {"factors": {"name": "audit-leak-alive-at-the-end"}}, ("L1", "L2"), "factors"),
    "label, clipped by all": (one, {"label": {"name": "audit-leak-clipped-by-all", "horizon": {"lag": 1, "span": 3}}}, ("L5", "L3"), "labels"),
    "label, purge too short": (one, {"label": {"name": "audit-leak-known-early", "horizon": {"lag": 1, "span": 3}}}, ("L5", "L3"), "labels"),
    "preprocessing, fitted on all": (one, {"normaliser": {"name": "audit-leak-fitted-on-all"}}, ("L3",), "normaliser"),
    "preprocessing, as the test": (one, {"normaliser": {"name": "audit-leak-as-the-test"}}, ("L3",), "normaliser"),
    "preprocessing, each side by itself": (one, {"normaliser": {"name": "standard-each-side"}}, ("L4",), "normaliser"),
    "split, overlapping": (one, {"split": {"name": "overlapping-split", "train_end": "2000-09-29", "test_start": "2000-08-01"}}, ("L5",), "learned windows"),
    "split, held out at random": (one, {"hold_out": {"name": "random-windows", "share": 0.2, "seed": 1}}, ("L5",), "learned windows"),
    "forecast, centred on its company": (one, {"model": {"name": "audit-leak-centred"}}, ("L4",), "forecast of seed-1"),
    "decision, better half": (one, {"strategy": {"name": "audit-leak-better-half"}}, ("L4",), "decisions of seed-1 in frictionless"),
    "execution, at the low": (one, {"markets": [{"name": "audit-leak-at-the-low"}]}, ("L4",), "fills of seed-1 in audit-leak-at-the-low"),
    "universe, winners": (many, {"filters": [{"name": "audit-leak-winners"}]}, ("L4",), "universe"),
    "universe, the next open": (many, {"filters": [{"name": "audit-leak-will-gap-up"}]}, ("L4",), "universe"),
    "universe, survivors": (many, {"filters": [{"name": "audit-leak-survivors"}]}, ("L4",), "universe"),
    "universe, suspended tomorrow": (many, {"filters": [{"name": "audit-leak-trades-tomorrow"}]}, ("L4",), "universe"),
    "decision, seldom of the next score": (one, {"strategy": {"name": "audit-leak-seldom-early"}}, ("L4",), "decisions of seed-1"),
}  # fmt: skip

FAIR = {
    "one asset": (one, {}),
    "trailing factors": (many, {"factors": {"name": "audit-fair-trailing"}}),
    "another label": (one, {"label": {"name": "audit-fair-doubled", "horizon": {"lag": 1, "span": 3}}}),
    "a scaler of one's own": (one, {"normaliser": {"name": "audit-fair-by-the-median"}}),
    "a model of one's own": (one, {"model": {"name": "audit-fair-last-input"}}),
    "a timing of one's own": (one, {"strategy": {"name": "audit-fair-when-positive"}}),
    "a market of one's own": (one, {"markets": [{"name": "audit-fair-at-the-open"}]}),
    "sold at the close": (many, {"strategy": {"name": "rank-and-hold", "names": 3, "days": 3, "sell_at": "close"}}),
    "sold at the day's average": (
        many,
        {"strategy": {"name": "rank-and-hold", "names": 3, "days": 3, "sell_at": "vwap"}},
    ),
    "a universe of one's own": (many, {"filters": [{"name": "audit-fair-risen"}]}),
    "a universe of this morning's gaps": (many, {"filters": [{"name": "audit-fair-has-gapped-up"}]}),
    "held out by time": (one, {"hold_out": {"name": "by-time", "split": {"name": "share-split", "train": 0.4}}}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_caught_where_it_is(name):
    make, changes, tests, room = PLANTED[name]
    found = audit_study(make(**changes), tests, cuts=3)
    for verdict in found.verdicts:
        assert verdict.status == "failed", verdict.line
        assert verdict.first is not None
        assert verdict.first.expected != verdict.first.found
        assert verdict.path
        assert verdict.hint
    first = found.verdicts[0]
    assert room in {change.room for change in first.path}, [str(change) for change in first.path]
    assert first.path[0].room == room or first.first.room == room
    assert found.code == 3
    assert found.failed() == found.verdicts


TESTS = ("L1", "L2", "L3", "L4", "L5")


@pytest.mark.parametrize("name", FAIR)
def test_an_honest_study_passes(name):
    make, changes = FAIR[name]
    found = audit_study(make(**changes), TESTS, cuts=3)
    assert [verdict.status for verdict in found.verdicts] == ["passed"] * len(TESTS), [v.line for v in found.verdicts]
    assert all(verdict.cuts for verdict in found.verdicts)
    assert found.passed
    assert found.code == 0


def test_the_first_number_is_that_of_the_share_that_moved_and_not_of_those_that_follow_by_date():
    """A z-score by date moves every share of a date with the one that looked ahead."""
    study = many(factors={"name": "audit-leak-of-one-share"}, steps=[{"name": "z-score"}], filters=[])
    for test in ("L1", "L2"):
        found = audit_study(study, (test,), cuts=3).verdict(test)
        assert found.status == "failed"
        assert [change.room for change in found.path] == ["factors", "factors after the steps by date"]
        liar = StockWorld(assets=16, sessions=170, seed=2, ic=0.1).bars().assets[-1]
        assert f"asset {liar}" in found.first.where
        assert found.path[1].count > found.first.count


def test_a_timing_over_assets_with_suspensions_of_their_own_is_audited_on_one():
    source = document(StockWorld(assets=4, sessions=260, seed=5, ic=0.05))
    study = one(source=source, factors={"name": "raw-fields", "fields": ["close", "volume"]})
    bars = study.source.bars()
    assert len({int(rows) for rows in np.diff(bars.offsets)}) > 1
    found = audit_study(study, ("L4", "L7"), cuts=3)
    assert [verdict.status for verdict in found.verdicts] == ["passed", "passed"], [v.line for v in found.verdicts]
    leaking = audit_study(study.but(strategy={"name": "audit-leak-better-half"}), ("L4",), cuts=3)
    assert leaking.verdicts[0].status == "failed"


def test_the_path_goes_from_the_factor_to_the_book():
    found = audit_study(one(factors={"name": "audit-leak-of-the-sample"}), ("L3", "L4"), cuts=2)
    rooms = [change.room for change in found.verdict("L3").path]
    assert rooms[0] == "factors"
    assert rooms[-1] == "weights"
    assert rooms.index("normaliser") < rooms.index("weights")
    rooms = [change.room.split(" of ")[0] for change in found.verdict("L4").path]
    assert rooms[0] == "factors"
    assert "forecast" in rooms


def test_the_placebos_of_an_honest_study():
    found = audit_study(one(), ("L6", "L7", "L8", "L10", "L11"), cuts=2)
    told = {verdict.test: verdict.status for verdict in found.verdicts}
    assert told == {"L6": "passed", "L7": "passed", "L8": "passed", "L10": "not tested", "L11": "not tested"}
    assert "IC with the answer among the factors +1" in found.verdict("L8").words.en


def test_a_canary_that_is_not_caught_fails_the_audit(monkeypatch):
    from tidegate.auditing import placebos

    silent = Verdict(test="L1", status="passed", words=Text.same("saw nothing"), cuts=2)
    monkeypatch.setattr(placebos, "truncate", lambda *_, **__: silent)
    found = audit_study(one(), ("L8",), cuts=2).verdict("L8")
    assert found.status == "failed"
    assert "a planted factor of the future passed L1" in found.words.en


def test_the_source_of_ones_own_components_is_read():
    found = audit_study(one(factors={"name": "audit-leak-of-the-sample"}), ("L11",)).verdict("L11")
    assert found.status == "warned"
    assert "close.mean()" in found.path[0].found
    assert "line " in found.path[0].where


def test_what_breaks_on_another_history_could_not_run():
    class Stubborn(FactorSet):
        """Wants every bar of its own."""

        name: ClassVar[str] = "audit-stubborn"

        def compute(self, bars):
            return panel_of(bars, {"close": bars.column("close") + np.zeros(260)})

    found = audit_study(one(factors={"name": "audit-stubborn"}), ("L1",), cuts=2)
    assert found.verdicts[0].status == "could not run"
    assert "ValueError" in found.verdicts[0].words.en
    assert found.code == 2


def test_what_is_kept_can_be_read_and_stands_in_the_report(tmp_path):
    from tidegate.study.api import run

    study = one()
    ran = run(study, out=tmp_path, jobs=1)
    told = next(section for section in ran.report.sections if section.key == "audit")
    assert "Not audited yet" in told.words[0].en
    made = audit(study, only=("L5", "l1"), cuts=2, out=tmp_path)
    assert made.passed
    assert made.folder == ran.folder
    kept = json.loads((ran.folder / "audit.json").read_text())["audited"]
    assert Audited.read(kept) == made["audited"]
    report = json.loads((ran.folder / "report.json").read_text())
    section = next(held for held in report["sections"] if held["key"] == "audit")
    assert "2 passed" in section["words"][0]["en"]
    assert "A pass refutes nothing" in section["words"][0]["en"]
    rows = next(table for table in report["tables"] if table["key"] == "audit")["rows"]
    assert [row["test"]["en"][:2] for row in rows] == ["L1", "L5"]
    again = run(study, out=tmp_path, jobs=1)
    assert json.loads((ran.folder / "report.json").read_text())["sections"] == report["sections"]
    assert again.computed == 0


def test_trades_within_the_bars_of_a_future_are_audited():
    """The rule is a selection too, of shares; here it has one contract, on margin."""
    told = {
        "source": {"name": "rebar-world", "sessions": 60, "seed": 1, "frequency": "60min"},
        "factors": {"name": "raw-fields", "fields": ["close"]},
        "lookback": 1,
        "label": {"name": "future-level", "horizon": {"lag": 0, "span": 1, "entry": "close", "exit": "close"}},
        "strategy": {"name": "open-against-forecast", "rule": "as printed"},
        "markets": [{"name": "rebar-future"}],
    }
    found = audit_study(one(**told), ("L4", "L7"), cuts=2)
    assert [verdict.status for verdict in found.verdicts] == ["passed", "passed"], [v.line for v in found.verdicts]
    assert "seed-1 in rebar-future" in found.verdict("L7").words.en


def test_the_way_a_leak_took_is_a_table_of_its_own(tmp_path):
    from tidegate.study.api import run

    study = one(normaliser={"name": "standard-each-side"})
    ran = run(study, out=tmp_path, jobs=1)
    for _ in range(2):  # told twice, it stands there once
        made = audit(study, only=("L4", "L5", "L11"), cuts=2, out=tmp_path)
    report = json.loads((ran.folder / "report.json").read_text())
    section = next(held for held in report["sections"] if held["key"] == "audit")
    assert section["shows"] == ["audit", "audit-path"]
    (table,) = [held for held in report["tables"] if held["key"] == "audit-path"]
    told = [change for verdict in made["audited"].verdicts for change in verdict.path]
    assert [row["where"] for row in table["rows"]] == [change.where.replace(" 00:00:00", "") for change in told]
    assert {row["test"] for row in table["rows"]} == {"L4", "L11"}
    assert table["rows"][0]["room"] == {"en": "normaliser", "zh": "归一化"}
    assert table["rows"][-1]["became"]["zh"].startswith("存在泄漏")
    (found,) = [
        row["found"]
        for row in next(t for t in report["tables"] if t["key"] == "audit")["rows"]
        if row["test"]["en"].startswith("L4")
    ]
    assert "归一化 → 种子 1 的预测" in found["zh"]
    assert "T00:00" not in found["en"]


def test_an_unknown_test_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown test 'L12'"):
        audit(one(), only=("L12",))


def test_data_made_with_hindsight_are_warned_of():
    from tidegate.auditing.data_signs import data_signs
    from tidegate.testing.history import example_bars
    from tidegate.types.bars import Bars

    bars = example_bars(sessions=120)
    assert not list(data_signs(bars))
    last = pl.col("factor").last().over("asset")
    (found,) = data_signs(Bars.of(bars.frame.with_columns(factor=pl.col("factor") / last), bars.spec))
    assert "adjusted from the last day" in found.found
    alive = example_bars(sessions=900, assets=1)
    frames = [alive.frame.with_columns(asset=pl.lit(f"{n:06d}.SZ")) for n in range(24)]
    (found,) = data_signs(Bars.of(pl.concat(frames), alive.spec.but(kind="stock")))
    assert "survivors" in found.found
