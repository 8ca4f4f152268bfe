"""What to do about a file without a header line can be pasted as it stands."""

import shlex

import pytest

from tidegate.data.lines import _header
from tidegate.errors import FileRefusedError
from tidegate.study.values import assignment


def test_the_hint_is_a_setting_that_the_command_line_takes():
    line = "2020-01-02,1,2,0.5,1.5,100"
    with pytest.raises(FileRefusedError, match="no header line") as refused:
        _header(line, ",", "bars.csv", [line])
    command = str(refused.value.hint).partition("columns: ")[2]
    option, setting = shlex.split(command)
    assert option == "-s"
    assert assignment(setting) == ("header", ["time", "open", "high", "low", "close", "volume"])
