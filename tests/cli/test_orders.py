"""`tidegate orders` and `tidegate explain` of a selection, as a user types them."""

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
    finish(ranker(gates=0), out)
    return out


def test_orders_are_rows_on_standard_output_and_words_beside_them(tidegate, ranked):
    code, out, err = tidegate("orders", "ranker", "--out", ranked)
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert rows
    assert {row["side"] for row in rows} <= {"buy", "sell"}
    assert all(int(row["quantity"]) > 0 and float(row["reference_price"]) > 0 and row["reason"] for row in rows)
    assert "no advice" in err
    assert f"{len(rows)} orders" in err


def test_orders_go_to_a_file_or_to_programs(tidegate, ranked, tmp_path):
    path = tmp_path / "tomorrow.csv"
    code, out, _ = tidegate("orders", "ranker", "--member", "persistence", "--to", path, "--out", ranked)
    assert code == 0
    assert str(path) in out
    assert "persistence" in path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    given = GivenOrders.read(path).orders
    signed = [int(row["quantity"]) * (1 if row["side"] == "buy" else -1) for row in rows]
    assert [(order.asset, order.quantity) for order in given] == [
        (row["asset"], quantity) for row, quantity in zip(rows, signed, strict=True)
    ]
    held = json.loads(tidegate("orders", "ranker", "--json", "--out", ranked)[1])
    assert held["member"] == "seed-1"
    assert len(held["orders"]) > 0


def test_no_folder_is_made_for_a_file_that_is_named(tidegate, ranked, tmp_path):
    code, _, err = tidegate("orders", "ranker", "--to", tmp_path / "fodler" / "tomorrow.csv", "--out", ranked)
    assert code == 2
    assert "the folder for this file is not there (--to)" in err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "more, told",
    [(("--member", "sed-1"), "did you mean 'seed-1'"), (("--market", "etf"), "a-share"), (("--study", "x"), "ranker")],
)
def test_orders_say_kindly_what_is_not_there(tidegate, ranked, more, told):
    code, _, err = tidegate("orders", "ranker", *more, "--out", ranked)
    assert code == 2
    assert told in err.replace("\n", " ")


def test_a_timing_has_no_orders_to_write(tidegate, runs):
    code, _, err = tidegate("orders", "small", "--out", runs)
    assert code == 2
    assert "only a selection" in err


def test_explain_tells_the_order_of_a_day(tidegate, ranked):
    held = json.loads(tidegate("orders", "ranker", "--json", "--out", ranked)[1])
    one = held["orders"][0]
    code, out, _ = tidegate("explain", "ranker", one["asset"], one["decided"][:10], "--out", ranked)
    assert code == 0
    assert "order for the next bar" in out.replace("\n", " ") or "next bar" in out
    code, _, err = tidegate(
        "explain", "ranker", one["asset"], one["decided"][:10], "--member", "nobody", "--out", ranked
    )
    assert code == 2
    assert "nobody" in err
