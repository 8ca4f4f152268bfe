"""A vendor's table of fees as a file."""

from datetime import date

import pytest

from tidegate.data.fee_tables import read_fees
from tidegate.errors import FileRefusedError
from tidegate.market.a_share import AShare


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "fees.tsv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_becomes_the_settings_of_a_market(file):
    path = file(
        "fee\tsince\trate\tper_unit\tplace\nstamp_duty_sell\t2023-08-28\t0.0005\t\t\ntransfer_fee\t2012-09-01\t\t0.0003\tSH\n"
    )
    first, second = read_fees(path)
    assert (first.fee, first.since, first.rate, first.per_unit, first.place) == (
        "stamp_duty_sell", date(2023, 8, 28), 0.0005, 0.0, ""
    )  # fmt: skip
    assert (second.rate, second.per_unit, second.place) == (0.0, 0.0003, "SH")
    assert AShare(given_fees=(first, second)).given_fees == read_fees(str(path))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("fee,since,rate\nstamp,2023-08-28,0.0005\n", r"a row is no fee \(fees.tsv, row 2\)"),
        ("fee,since,rate\nstamp_duty_sell,soon,0.0005\n", "a row is no fee"),
        ("fee,since,rate\nstamp_duty_sell,2023-08-28,5 per mille\n", "a row is no fee"),
        ("fee,since,rate\nstamp_duty_sell,2023-08-28,0.5\n", "a row is no fee"),
        ("fee,since,rate\nstamp_duty_sell,2023-08-28\n", "a row is no fee"),
        ("fee,since,rate,side\nstamp_duty_sell,2023-08-28,0.0005,both\n", "the columns are not those of fees"),
        ("fee,rate\nstamp_duty_sell,0.0005\n", "the columns are not those of fees"),
        (
            "fee,since,rate\nstamp_duty_sell,2023-08-28,0.0005\nstamp_duty_sell,2023-08-28,0.001\n",
            "a fee is given twice",
        ),
    ],
)
def test_what_is_no_table_of_fees_is_refused(file, text, match):
    with pytest.raises(FileRefusedError, match=match):
        read_fees(file(text))
