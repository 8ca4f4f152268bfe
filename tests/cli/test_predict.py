"""`tidegate predict`, as a user types it."""

import csv
import io
import json

import pytest
from small import finish

from ranker import ranker
from tidegate.strategy.given_orders import GivenOrders


@pytest.fixture(scope="module")
def ranked(tmp_path_factory):
    """A folder of runs with the ranker in it. Only to be read."""
    out = tmp_path_factory.mktemp("ranked")
    finish(ranker(gates=0, rivals=[]), out)
    return out


def test_the_best_are_shown_and_everything_is_written(tidegate, ranked, tmp_path):
    ranking, orders = tmp_path / "ranking.csv", tmp_path / "orders.csv"
    code, out, err = tidegate(
        "predict", "ranker", "--date", "2010-08-02", "--top", 3, "--to", ranking, "--orders", orders, "--out", ranked
    )
    assert code == 0, err
    rows = list(csv.DictReader(io.StringIO(ranking.read_text(encoding="utf-8"))))
    assert [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    assert {row["date"] for row in rows} == {"2010-08-02"}
    assert rows[0]["name"] == f"share {rows[0]['asset']}"
    assert f"the best 3 of {len(rows)}" in out.replace("\n", " ")
    assert all(row["asset"] in out for row in rows[:3])
    assert rows[3]["asset"] not in out.split("orders for")[0]
    assert all(order.quantity > 0 for order in GivenOrders.read(orders).orders)
    assert "no advice" in err


def test_programs_get_the_same_as_json(tidegate, ranked, tmp_path):
    path = tmp_path / "ranking.json"
    mine = tmp_path / "mine.csv"
    mine.write_text("asset,quantity,bought\n000001.SZ,300,2010-07-01\n", encoding="utf-8")
    asked = ("predict", "ranker", "--date", "2010-08-02", "--out", ranked, "--to", path, "--holdings", mine)
    code, out, _ = tidegate(*asked, "--cash", 50000, "--json")
    assert code == 0
    held = json.loads(out)
    assert held["ranking"] == json.loads(path.read_text(encoding="utf-8"))["ranking"]
    assert (held["day"], held["member"], held["unit"]) == ("2010-08-02", "seed-1", "return")
    assert {order["side"] for order in held["orders"]} <= {"buy", "sell"}
    assert sum(order["value"] for order in held["orders"] if order["side"] == "buy") <= 50000


@pytest.mark.parametrize(
    "more, told",
    [
        (("--to", "ranking.xlsx"), "a ranking is written as .csv or .json"),
        (("--gate", "ajar"), "a gate is open or shut"),
        (("--holdings", "nowhere.csv", "--cash", 1), "the holdings cannot be read"),
        (("--allow", "everything"), "unknown allowance"),
        (("--date", "2010-08-01"), "no bar of that day"),
    ],
)
def test_what_cannot_be_is_said_kindly_and_nothing_is_written(tidegate, ranked, tmp_path, monkeypatch, more, told):
    monkeypatch.chdir(tmp_path)
    code, _, err = tidegate("predict", "ranker", "--date", "2010-08-02", "--orders", "o.csv", *more, "--out", ranked)
    assert code == 2
    assert told in err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []
