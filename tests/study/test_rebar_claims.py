"""The rebar ledger: months asked of the bars, nothing held that could not fail, one test range is no proof by seeds."""

import numpy as np
import polars as pl
import pytest

from tidegate.data.rebar_world import RebarWorld
from tidegate.data.rolled import ContractLevels
from tidegate.data.store import Store
from tidegate.data.stored import Stored
from tidegate.errors import DataError
from tidegate.evaluate.doubt.overlap import mean_hac
from tidegate.learn.losses.regression import Quantile
from tidegate.study.comparing import trained
from tidegate.study.findings import Findings
from tidegate.study.levels import priced, ratios, rival_duel
from tidegate.study.progress import silent
from tidegate.study.reproduction import Reproduction
from tidegate.study.run import run_reproduction
from tidegate.types.bars import Bars
from tidegate.types.report import Text
from tidegate_studies.rebar_futures import declare
from tidegate_studies.rebar_futures_claims import claims
from tidegate_studies.rebar_futures_months import covered, own_months
from tidegate_studies.rebar_futures_verdicts import beyond, compared

WHOLE, PART = (RebarWorld(sessions=count, seed=1, frequency="1d") for count in (790, 300))


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One field and several on all the document's days, and on a part of them; levels, returns, a sign, a median."""
    declared = declare(WHOLE)
    picked = {"1h-uni": WHOLE, "1h-multi": WHOLE, "1h-return": WHOLE, "1h-rows-5": WHOLE, "1h-rows-20": WHOLE,
              "1h-contract": ContractLevels(held=WHOLE), "1h-direction": WHOLE, "1h-q-50": WHOLE, "1d-uni": PART}  # fmt: skip
    studies = []
    for name, source in picked.items():
        one = declared.study(name)
        training = one.training.but(epochs=2)
        short = one.but(source=source, seeds=(0, 1), training=training, gates=0, strategy=None, markets=(), managed=())
        studies.append(short)
    made = Reproduction("r", Text.same("R"), Text.same("R"), tuple(studies), "1h-uni")
    return run_reproduction(made, tmp_path_factory.mktemp("out"), jobs=1, tell=silent).findings


def ledger(findings, names):
    """Claims by key, over findings that stand under other names."""
    held = Findings(next(iter(names)), {name: findings[one] for name, one in names.items()})
    return {claim.key: claim for claim in claims(held)}


def test_whether_months_are_the_documents_is_asked_of_the_bars(ran):
    told = ledger(ran, {"1h-uni": "1h-uni", "1h-multi": "1h-multi"})
    told |= ledger(ran, {"1d-uni": "1d-uni", "1d-multi": "1d-uni"})
    assert own_months(ran["1h-uni"].bars)
    assert told["table-1h-uni"].verdict != "not tested"
    assert told["table-1h-uni"].reason.en.startswith("The document's months")
    assert told["table-1d-uni"].verdict == "not tested"
    assert "39% of its sessions" in told["table-1d-uni"].reason.en


def test_work_is_told_and_tests_nothing(ran):
    names = {f"{key}-{side}": f"1h-{side}" for key in ("5m", "1h", "1d") for side in ("uni", "multi")}
    claim = ledger(ran, names)["time"]
    assert claim.verdict == "not tested"
    assert f"{trained(ran['1h-uni']) / 1e9:.2f}" in claim.ours.en


def test_several_fields_are_judged_on_prediction_and_beside_the_last_close(ran):
    claim = ledger(ran, {"1h-uni": "1h-uni", "1h-multi": "1h-multi"})["fields-1h"]
    assert claim.reason.en.startswith("Judged on prediction alone")
    assert f"worse than the last close (error ratio {np.median(ratios(ran['1h-multi'])):.3f})" in claim.ours.en


def test_a_duel_is_over_the_bars_that_both_judged(ran):
    base, other = ran["1h-uni"], ran["1h-rows-20"]
    one, two = (priced(found, "ensemble") for found in (base, other))
    frames = [pl.DataFrame({"at": held.at, "loss": (held.prices.said - held.prices.came) ** 2}) for held in (one, two)]
    both = frames[0].join(frames[1], on="at").sort("at")
    told = mean_hac((both["loss"] - both["loss_right"]).to_numpy(), span=1, level=0.95)
    assert float(rival_duel(base, other).p_value) == pytest.approx(float(told.p_value))
    with pytest.raises(DataError, match="over the same bars"):
        rival_duel(base, ran["1d-uni"])


def test_seeds_on_one_range_prove_nothing_without_a_duel():
    before, after = np.array([2.0, 3.0]), np.array([1.0, 1.5])
    rng = np.random.default_rng(0)
    sure, unsure = (mean_hac(rng.normal(middle, 1, 300), span=1, level=0.95) for middle in (1.0, 0.0))
    assert compared(before, after, sure) == "holds"
    assert compared(before, after, unsure) == "unclear"
    assert compared(before, after, None) == "not tested"
    assert compared(before, after, mean_hac(rng.normal(-1, 1, 300), span=1, level=0.95)) == "unclear"
    assert compared(after, before, sure) == "fails"


def test_context_is_chosen_on_the_validation_range(ran):
    names = {"1h-uni": "1h-uni", "1h-multi": "1h-multi", "1h-rows-5": "1h-rows-5", "1h-rows-20": "1h-rows-20"}
    claim = ledger(ran, names)["context"]
    valid = {
        count: np.median([held[-1]["valid"] for held in ran[f"1h-rows-{count}"].histories.values()])
        for count in (5, 20)
    }
    assert f"chosen on the validation range: {min(valid, key=valid.get)}," in claim.ours.en
    assert "worse than the last close" in claim.ours.en


def test_the_sign_has_the_p_of_signs_and_a_median_alone_is_no_quantile_judged(ran):
    names = {"1h-uni": "1h-uni", "1h-multi": "1h-multi", "1h-direction": "1h-direction", "1h-q-50": "1h-q-50"}
    told = ledger(ran, names)
    assert f"p of the sign {ran['1h-direction'].value('direction_p', 'ensemble'):.2g}" in told["direction"].ours.en
    assert isinstance(ran["1h-q-50"].study.training.loss, Quantile)
    assert told["quantiles"].verdict == "not tested"


def test_levels_that_are_not_joined_reach_over_no_change_of_contract(ran):
    claim = ledger(ran, {name: name for name in ("1h-uni", "1h-multi", "1h-contract")})["contract-1h"]
    found, joined = ran["1h-contract"], ran["1h-uni"]
    steps = np.flatnonzero(np.diff(joined.bars.adjustment)) + 1
    assert len(steps) > 5
    assert np.isnan(found.windows.target[np.isin(found.windows.anchors, steps - 1)]).all()
    assert np.isfinite(joined.windows.target[np.isin(joined.windows.anchors, steps - 1)]).all()
    assert (found.bars.adjustment == 1.0).all()
    assert f"{beyond(found):.0%} / {beyond(joined):.0%}" in claim.ours.en
    assert f"{np.median(ratios(found)):.3f}" in claim.ours.en


def as_vendors(bars):
    spec = bars.spec.model_copy(update={"source": "a vendor", "title": "Rebar"})
    return Bars.of(bars.frame.drop("open_interest"), spec)


def test_a_store_is_told_by_its_bars(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path))
    hours = RebarWorld(sessions=300, seed=1, frequency="60min").bars()
    Store.default().put("rebar-daily", WHOLE.bars())
    Store.default().put("rebar-60min", as_vendors(hours))
    drawn = declare()
    assert drawn.claims is not claims  # the days were drawn: nothing is judged by them
    told = " ".join(stamp.en for stamp in drawn.stamps)
    last = str(hours.frame["session"].max())[:7]
    assert f"1 hour: bars of 2016-07 … {last}, 39% of the published months' sessions; no open interest." in told
    assert "1 day:" not in told
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path / "other"))
    Store.default().put("rebar-daily", as_vendors(WHOLE.bars()))
    real = declare()
    told = " ".join(stamp.en for stamp in real.stamps)
    assert real.claims is claims
    assert "100% of the published months' sessions; no open interest" in told
    assert "the next contract is known at the close before is assumed" in told
    assert covered(WHOLE.bars()) == 1.0
    own, synthetic = (declare(source, quick=True) for source in (Stored(dataset="rebar-daily"), None))
    assert own.stamps[0].en.startswith("Quick form: few seeds, few epochs")
    assert synthetic.stamps[0].en.startswith("Quick form: a short synthetic market")
    assert all("are left alone" in made.stamps[1].en for made in (synthetic, declare(quick=True)))
    assert not any("are left alone" in stamp.en for stamp in own.stamps)


def test_given_bars_are_traded_where_their_market_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("TIDEGATE_STORE", str(tmp_path))
    bars = as_vendors(WHOLE.bars())
    Store.default().put("steel", bars)
    Store.default().put("copper", Bars.of(bars.frame.with_columns(asset=pl.lit("CU")), bars.spec))
    steel, copper = (declare(Stored(dataset=name)) for name in ("steel", "copper"))
    assert [market.name for market in steel.study("own-uni").markets] == ["rebar-future"]
    assert copper.study("own-uni").markets == ()
    told = [" ".join(stamp.en for stamp in made.stamps) for made in (steel, copper)]
    assert "forecasts only" not in told[0]
    assert "forecasts only: fees, limits and lots are known here of rebar" in told[1]
    assert "C10" in {shown.key for shown in steel.shown} - {shown.key for shown in copper.shown}
