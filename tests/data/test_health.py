"""Each class of defects, over several seeds: all found, in the right rows, and none on clean data."""

import datetime as dt
import os

import polars as pl
import pytest
from made import clean, clean_hours, joined, pick, rows_of

from tidegate.data.import_settings import ImportSettings
from tidegate.data.importer import import_file
from tidegate.data.sieve import DEFECTS
from tidegate.errors import FileRefusedError

SEEDS = range(int(os.environ.get("TIDEGATE_SEEDS", "2")))  # the long run takes 50
STOCK = ImportSettings(kind="stock")
DATE, CODE, OPEN, HIGH, LOW, CLOSE, VOLUME, AMOUNT = range(8)


def swap(cells, a, b):
    cells[a], cells[b] = cells[b], cells[a]


def spoil(defect, rows, at):  # noqa: PLR0912
    """Put one defect into row `at` (a list of cells; row 0 is the header)."""
    cells = rows[at]
    match defect:
        case "ragged_line":
            del cells[HIGH]
        case "unreadable_time":
            cells[DATE] = "2015-13-45"
        case "bad_code":
            cells[CODE] = "平安银行"
        case "lost_zeros":
            cells[CODE] = "300"
        case "unreadable_number":
            cells[CLOSE] += "x"
        case "missing_price":
            cells[OPEN] = "--"
        case "not_finite":
            cells[HIGH] = "inf"
        case "not_positive":
            cells[LOW] = "0.0"
        case "negative":
            cells[VOLUME] = "-" + cells[VOLUME]
        case "high_below_low":
            swap(cells, HIGH, LOW)
        case "outside_range":
            cells[OPEN] = f"{float(cells[LOW]) * 0.99:.2f}"
        case "non_session":
            day = dt.date.fromisoformat(cells[DATE])
            cells[DATE] = str(day + dt.timedelta(days=6 - day.weekday() - (day.weekday() == 6)))
        case "duplicate":
            rows.insert(at + 1, list(cells))
        case "conflict":
            rows.insert(at + 1, [*cells[:AMOUNT], f"{float(cells[AMOUNT]) * 1.01:.2f}"])
        case "mixed_units":
            cells[VOLUME] = str(float(cells[VOLUME]) / 100)
        case "missing_session":
            del rows[at]
        case "jump":
            for row in rows[at:]:
                row[OPEN:VOLUME] = [f"{float(price) * 2:.2f}" for price in row[OPEN:VOLUME]]
                row[VOLUME] = str(float(row[VOLUME]) / 2)
        case "flat":
            cells[OPEN : AMOUNT + 1] = [cells[CLOSE]] * 4 + ["0", "0"]
        case "weekday":
            cells[DATE] += " 星期日"
        case _:
            raise AssertionError(defect)


ROW_DEFECTS = sorted(
    set(DEFECTS)
    - {
        "unfinished_line",
        "no_night",
        "outside_hours",
        "time_back",
        "unsorted",
        "missing_bar",
        "stray_asset",
        "traded_suspended",
        "reset",
    }
)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("defect", ROW_DEFECTS)
def test_a_defect_is_found_where_it_is(tmp_path, defect, seed):
    rows = rows_of(clean(seed, sessions=250))
    at = pick(seed, 30, 220)[0]
    spoil(defect, rows, at)
    path = tmp_path / "bars.csv"
    path.write_text(joined(rows))
    imported = import_file(path, STOCK)
    found = dict(imported.listed.group_by("defect").agg("row").iter_rows())
    line = at + 1
    expected = {"duplicate": [line + 1], "conflict": [line, line + 1]}.get(defect, [line])
    assert sorted(found.pop(defect)) == expected
    # Leaving a row out, or a new weekday, leaves a hole, which is flagged as well; nothing else is.
    assert set(found) <= {"missing_session"}
    if DEFECTS[defect].action == "quarantined":
        assert imported.health.quarantined == len(expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("assets", [1, 3])
def test_no_false_alarm_on_clean_days(tmp_path, seed, assets):
    path = tmp_path / "bars.csv"
    path.write_text(joined(rows_of(clean(seed, sessions=400, assets=assets))))
    health = import_file(path, STOCK).health
    assert health.clean
    assert health.defects == ()
    assert health.rows == health.kept == 400 * assets


def hours(tmp_path, frame):
    path = tmp_path / "bars.csv"
    path.write_text(
        frame.select(
            pl.col("time").dt.strftime("%Y-%m-%d %H:%M").alias("bar_end"),
            "asset",
            "open",
            "high",
            "low",
            "close",
            "volume",
        ).write_csv()
    )
    return path


@pytest.mark.parametrize("seed", SEEDS)
def test_intraday_defects(tmp_path, seed):
    frame = clean_hours(seed)
    assert import_file(hours(tmp_path, frame), ImportSettings()).health.defects == ()
    at = pick(seed, 30, frame.height - 30)[0]
    gone = frame[at]["time"].item()
    imported = import_file(hours(tmp_path, frame.filter(pl.col("time") != gone)), ImportSettings())
    assert {defect.name: defect.count for defect in imported.health.defects} == {"missing_bar": 1}
    assert imported.listed["found"][0].startswith(f"{gone:%Y-%m-%d %H:%M}")
    night = frame.with_columns(
        time=pl.when(pl.col("time") == gone).then(pl.lit(gone).dt.replace(hour=3)).otherwise("time")
    )
    imported = import_file(hours(tmp_path, night), ImportSettings())
    assert imported.health.count("outside_hours") == 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("newest_first", [False, True])
def test_a_row_out_of_place_is_in_doubt_and_a_shuffled_file_is_not(tmp_path, seed, newest_first):
    rows = rows_of(clean(seed, sessions=250))
    body = rows[1:][::-1] if newest_first else rows[1:]
    at = pick(seed, 50, 150)[0]
    body.insert(at + 80, body.pop(at))
    path = tmp_path / "bars.csv"
    path.write_text(joined([rows[0], *body]))
    imported = import_file(path, STOCK)
    assert imported.listed.filter(pl.col("defect") == "time_back")["row"].to_list() == [at + 82]
    path.write_text(joined([rows[0], *(body[i] for i in pick(seed, 0, 250, 250))]))
    imported = import_file(path, STOCK)
    assert imported.health.count("time_back") == 0
    assert imported.health.count("unsorted") > 50
    assert imported.health.kept == 250


def test_a_code_that_occurs_once_is_flagged(tmp_path):
    rows = rows_of(clean(1, sessions=100, assets=2))
    rows.append([rows[-1][DATE], "600999", *rows[-1][OPEN:]])
    path = tmp_path / "bars.csv"
    path.write_text(joined(rows))
    imported = import_file(path, STOCK)
    assert imported.health.count("stray_asset") == 1
    assert imported.health.kept == 201


def test_a_change_of_units_halfway_is_refused_and_says_so(tmp_path):
    rows = rows_of(clean(1, sessions=200))
    for row in rows[150:]:
        row[VOLUME] = str(float(row[VOLUME]) / 100)
    path = tmp_path / "bars.csv"
    path.write_text(joined(rows))
    with pytest.raises(FileRefusedError, match="in other units than the rest") as refused:
        import_file(path, STOCK)
    assert refused.value.hint.startswith("split the file where the unit changes")
    assert import_file(path, STOCK.but(max_bad=0.5)).health.count("mixed_units") == 51


def test_too_many_bad_rows_refuse_the_file_unless_allowed(tmp_path):
    rows = rows_of(clean(1, sessions=100))
    for at in (10, 20, 30):
        rows[at][CLOSE] = "?"
    path = tmp_path / "bars.csv"
    path.write_text(joined(rows))
    with pytest.raises(FileRefusedError, match=r"3 of 100 rows are bad.*bars\.csv, row 11, column close"):
        import_file(path, STOCK)
    imported = import_file(path, STOCK.but(max_bad=0.05))
    assert (imported.health.rows, imported.health.kept, imported.health.quarantined) == (100, 97, 3)
    assert imported.listed.filter(pl.col("defect") == "unreadable_number").rows() == [
        ("unreadable_number", at + 1, "close", "?") for at in (10, 20, 30)
    ]


def test_a_split_told_by_a_factor_is_no_jump(tmp_path):
    rows = rows_of(clean(2, sessions=100))
    rows[0].append("factor")
    for at, row in enumerate(rows[1:], start=1):
        scale = 1 if at < 50 else 2
        row[OPEN:VOLUME] = [f"{float(price) * scale:.4f}" for price in row[OPEN:VOLUME]]
        row[VOLUME] = str(float(row[VOLUME]) / scale)
        row.append(str(1 / scale))
    path = tmp_path / "bars.csv"
    path.write_text(joined(rows))
    assert import_file(path, STOCK).health.count("jump") == 0
    assert import_file(path, STOCK.but(columns={"factor": "ignore"})).health.count("jump") == 1
