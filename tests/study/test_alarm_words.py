"""Every alarm that a market raises can be told in Chinese."""

import ast
from pathlib import Path

import pytest

import tidegate.market
from tidegate.market.alarms import Alarm
from tidegate.market.stacking import ODD_AVERAGE
from tidegate.study.alarm_words import alarm_text
from tidegate.study.words import stamp_text


def phrases():
    """What the calls of `alarm` in the market's files say; a side stands for both."""
    said = [ODD_AVERAGE]
    for file in sorted(Path(tidegate.market.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "alarm":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    said.append(first.value)
                elif isinstance(first, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in first.values]
                    said += ["".join(parts).replace("{}", side) for side in ("upper", "lower")]
    return said


@pytest.mark.parametrize("phrase", phrases())
@pytest.mark.parametrize("times", [1, 1234])
def test_an_alarm_has_both_languages(phrase, times):
    told = Alarm(phrase, times, ("600000.SH 2006-07-25 (10.00 against 9.99)",)).told
    chinese = stamp_text(told).zh
    assert chinese != told
    assert f"{times:,} 次" in chinese
    assert "600000.SH" in chinese


def test_there_are_phrases():
    assert len(phrases()) >= 9


def test_what_is_no_alarm_is_left_alone():
    assert alarm_text("Dividends are not taxed.") is None
    assert stamp_text("29 spells that end on the day they begin are left out.").zh == "剔除当日起讫的成分区间 29 条。"
