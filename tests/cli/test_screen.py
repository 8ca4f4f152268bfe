"""What people read on the screen."""

import pytest

from tidegate.cli.screen import cell


@pytest.mark.parametrize(
    "value, told",
    [
        (12345.678, "1.2e+06%"),
        (-4e300, "-4.0e+302%"),
        (9999.0, "999900.0%"),
        ({"value": 0.1, "low": -1.0, "high": 1e9}, "10.0% [-100.0%, 1.0e+11%]"),
    ],
)
def test_percentages_too_long_to_read_are_powers_of_ten(value, told):
    assert cell(value, "percent") == told
