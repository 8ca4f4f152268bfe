"""Every breach of a computed limit is found and classed by what is known besides the price."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from tidegate.data.limit_audit import CLASSES, audit_limits, audit_references
from tidegate.data.panel import import_panel
from tidegate.market.a_share import AShare
from tidegate.market.instruments import Instruments
from tidegate.types.bars import Bars, BarSpec

SPEC = BarSpec(frequency="1d", kind="stock", currency="CNY", title="by hand", source="by hand")
DAYS = np.busday_offset(np.datetime64("2019-08-01", "D"), np.arange(140), roll="forward")
CALM = "600099.SH"  # trades on every day, so that a halt of others can be counted


def share(asset, rows=range(140), *, high=None, low=None, risk=False, total=None, floating=None):
    """Bars at 10.00 with a breach on the last row, unless told otherwise; limits are 9.00 … 11.00, or 9.50 … 10.50."""
    rows = list(rows)
    made = pl.DataFrame(
        {"time": DAYS[rows].astype("datetime64[us]"), "session": DAYS[rows], "asset": [asset] * len(rows)}
    )
    last = pl.int_range(pl.len()) == pl.len() - 1
    return made.with_columns(
        open=10.0, close=10.0, preclose=10.0, at_risk=risk,
        high=pl.when(last).then(high or 10.0).otherwise(10.0), low=pl.when(last).then(low or 10.0).otherwise(10.0),
        total_shares=pl.Series(total or [100.0] * len(rows)), float_shares=pl.Series(floating or [50.0] * len(rows)),
    )  # fmt: skip


def audited(*shares, listed=None):
    listed = {CALM: date(2000, 1, 4), **(listed or {})}
    table = Instruments.of(pl.DataFrame({"asset": list(listed), "listed": list(listed.values())}))
    return audit_limits(Bars.of(pl.concat([share(CALM), *shares]), SPEC), table)


OLD = date(2001, 1, 3)
GAP = [0, 1, 2, 20]  # 17 sessions without a bar
CASES = {
    "listing": ({"rows": [20], "high": 14.4}, DAYS[20].item()),
    "warning": ({"risk": True, "high": 11.0}, OLD),
    "unseen": ({"rows": [20], "high": 14.4}, OLD),
    "long halt": ({"rows": [0, 1, 62], "low": 5.0}, OLD),
    "share reform": ({"rows": GAP, "low": 7.0, "floating": [50.0, 50.0, 50.0, 65.0]}, OLD),
    "resumption": ({"rows": GAP, "low": 8.99}, OLD),
    "float": ({"rows": [0, 1, 2], "high": 11.01, "floating": [50.0, 50.0, 51.0]}, OLD),
    "new shares": ({"rows": range(70), "high": 11.01, "total": [100.0] * 9 + [120.0] * 61}, OLD),
    "unexplained": ({"rows": range(71), "high": 11.01, "total": [100.0] * 9 + [120.0] * 62}, OLD),
}


@pytest.mark.parametrize("name", CASES)
def test_a_breach_is_given_its_class(name):
    settings, listed = CASES[name]
    audit = audited(share("600001.SH", **settings), listed={"600001.SH": listed})
    assert audit.breaches.select("asset", "class").rows() == [("600001.SH", name)]
    assert audit.by_year().columns == ["year", name]


def test_star_shares_are_free_for_five_sessions():
    first = DAYS[5].item()
    for count, told in ((5, ["registration"]), (6, ["unexplained"])):
        made = share("688001.SH", range(5, 5 + count), high=12.01)
        assert audited(made, listed={"688001.SH": first}).breaches["class"].to_list() == told
    assert audited(share("688001.SH", high=12.0), listed={"688001.SH": OLD}).breaches.is_empty()


def test_every_class_has_a_case():
    assert {*CASES, "registration"} == set(CLASSES)


def test_prices_on_the_limit_are_counted_and_no_breach():
    audit = audited(share("600001.SH", high=11.0, low=9.0), share("600002.SH", high=10.5, risk=True))
    assert (audit.at_upper, audit.at_lower, audit.bars, audit.breaches.height) == (2, 1, 420, 0)


def test_a_halt_is_counted_in_sessions_of_the_others():
    (row,) = audited(share("600001.SH", GAP, low=8.0), listed={"600001.SH": OLD}).breaches.to_dicts()
    assert (row["halted"], row["percent"], row["lower"], row["upper"]) == (17, 10, 9.0, 11.0)


def test_without_instruments_a_first_bar_is_unseen():
    audit = audit_limits(Bars.of(pl.concat([share(CALM), share("600001.SH", [20], high=14.4)]), SPEC))
    assert audit.breaches["class"].to_list() == ["unseen"]


def test_ex_days_and_continuity():
    frame = pl.DataFrame(
        {
            "time": DAYS[:3].astype("datetime64[us]"), "session": DAYS[:3], "asset": ["600001.SH"] * 3,
            "close": [10.0, 5.5, 5.5], "preclose": [9.9, 5.0, 5.5],
        }
    ).with_columns(open="close", high="close", low="close")  # fmt: skip
    audit = audit_references(Bars.of(frame, SPEC))
    assert audit.ex_days.rows() == [("600001.SH", DAYS[1].item(), 10.0, 5.0, 2.0)]
    assert audit.returns == 2
    assert audit.worst < 1e-15
    assert audit.by_year().rows() == [(2019, 1)]
    wrong = audit_references(Bars.of(frame.with_columns(factor=1.0), SPEC))
    assert wrong.worst == pytest.approx(0.55)


@pytest.mark.real_data
def test_2009_as_it_happened(real_data, tmp_path):
    (tmp_path / "daily").mkdir()
    for name in ("daily/2009.parquet", "instruments.parquet"):
        (tmp_path / name).symlink_to(real_data / "ashare" / name)
    bars, _, _, instruments = import_panel(tmp_path)
    audit = audit_limits(bars, instruments)
    counts = dict(audit.breaches["class"].value_counts().iter_rows())
    assert counts == {"listing": 98, "unseen": 17, "long halt": 1, "share reform": 4, "float": 4, "new shares": 5}
    references = audit_references(bars)
    assert references.worst < 1e-14
    assert references.ex_days.height == 919


def test_the_audit_and_the_exchange_know_one_rule():
    """What the audit counts as a breach is beyond the limit that an order would have met, around changes of both."""
    for start, prices in (("2020-08-19", (10.05, 33.35)), ("2023-04-05", (0.04, 10.05)), ("2026-07-01", (9.99, 0.05))):
        days = np.busday_offset(np.datetime64(start, "D"), np.arange(6), roll="forward")
        names = ("000001.SZ", "300001.SZ", "600001.SH", "688001.SH")
        frame = pl.concat(
            pl.DataFrame({"time": days.astype("datetime64[us]"), "session": days}).with_columns(
                asset=pl.lit(name), at_risk=pl.lit(risk), high=pl.lit(99.0),
                **{column: pl.lit(prices[risk]) for column in ("open", "low", "close", "preclose")},
            )
            for name, risk in zip(names, (False, True, True, False), strict=True)
        )  # fmt: skip
        bars = Bars.of(frame, SPEC)
        breaches = audit_limits(bars).breaches.sort("asset", "session")
        exchange = AShare().exchange(bars)
        assert breaches.height == 24
        assert np.rint(breaches["upper"].to_numpy() * 100).tolist() == exchange.limit_up.T.ravel().tolist()
        assert np.rint(breaches["lower"].to_numpy() * 100).tolist() == exchange.limit_down.T.ravel().tolist()
