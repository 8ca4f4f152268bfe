"""What an import leaves out or points at, with row, column and value: nothing disappears without a line here.

`DEFECTS` is the one list of defect classes. *Quarantined* rows are left out of the bars and listed; *flagged* rows are
kept and listed; *counted* ones were put right by nothing but sorting.
"""

from string import Formatter
from typing import Literal, NamedTuple

import polars as pl

__all__ = ["DEFECTS", "Action", "DefectKind", "Sieve"]

Action = Literal["quarantined", "flagged", "counted"]


class DefectKind(NamedTuple):
    """What is done with such a row, and what it is in both languages."""

    action: Action
    en: str
    zh: str


DEFECTS: dict[str, DefectKind] = {
    "ragged_line": DefectKind("quarantined", "a line with another number of cells than the header", "列数与表头不符"),
    "unfinished_line": DefectKind("quarantined", "the last line has no line end: perhaps cut off", "末行无换行符"),
    "unreadable_time": DefectKind("quarantined", "a date or time that cannot be read", "日期或时间无法识别"),
    "weekday": DefectKind("quarantined", "a weekday that does not agree with its date", "星期与日期不符"),
    "bad_code": DefectKind("quarantined", "an asset code that cannot be one", "证券代码不合法"),
    "lost_zeros": DefectKind("quarantined", "a code that lost its leading zeros", "代码丢失前导零"),
    "unreadable_number": DefectKind("quarantined", "a number that cannot be read", "数字无法识别"),
    "missing_price": DefectKind("quarantined", "a price is missing", "价格缺失"),
    "not_finite": DefectKind("quarantined", "NaN or infinite", "非有限数"),
    "not_positive": DefectKind("quarantined", "a price of zero or below", "价格为零或负"),
    "negative": DefectKind("quarantined", "a negative volume, amount or open interest", "成交量、成交额或持仓量为负"),
    "high_below_low": DefectKind("quarantined", "the high is below the low", "最高价低于最低价"),
    "outside_range": DefectKind("quarantined", "open or close outside low … high", "开盘价或收盘价超出最高最低范围"),
    "non_session": DefectKind("quarantined", "a bar on a day without a session", "非交易日"),
    "outside_hours": DefectKind("quarantined", "a bar outside trading hours", "非交易时段"),
    "no_night": DefectKind("quarantined", "a night bar of a session that no night opened", "当日无夜盘却有夜盘数据"),
    "duplicate": DefectKind("quarantined", "the same bar again, value for value", "完全重复的行"),
    "conflict": DefectKind("quarantined", "bars of one time and asset that disagree", "同一时间的行相互矛盾"),
    "time_back": DefectKind("quarantined", "a row out of its place in an ordered file", "时间倒退"),
    "mixed_units": DefectKind("quarantined", "amount or volume in other units than the rest", "单位不一致"),
    "unsorted": DefectKind("counted", "rows were not in order of time; sorted", "行未按时间排序，已排序"),
    "missing_session": DefectKind("flagged", "a weekday without a bar: holiday, halt or hole", "缺少交易日"),
    "missing_bar": DefectKind("flagged", "a bar that the sessions before and after have", "缺少盘中数据"),
    "jump": DefectKind("flagged", "a return beyond ±45 % without an adjustment factor", "价格跳变而无复权因子"),
    "flat": DefectKind("flagged", "open = high = low = close without volume", "四价相同且无成交"),
    "traded_suspended": DefectKind("flagged", "a bar on a day that is listed as a suspension", "停牌日有成交"),
    "reset": DefectKind("flagged", "prices begin anew: a share reform or a restructuring", "股改或重组，价格重新起算"),
    "stray_asset": DefectKind("flagged", "a code that occurs once in a file of long series", "只出现一次的代码"),
}  # fmt: skip

_LONGEST = 60
_LISTED = {"defect": pl.String, "row": pl.UInt32, "column": pl.String, "found": pl.String}


class Sieve:
    """Collects defects while a file is read."""

    def __init__(self) -> None:
        self._pieces: list[pl.DataFrame] = []
        self.notes: list[str] = []
        self.counts: dict[str, int] = {}

    def note(self, text: str) -> None:
        """Remember what must be said about the file."""
        self.notes.append(text)

    def add(self, defect: str, row: int, column: str, found: str) -> None:
        """List one row."""
        self._list(
            pl.DataFrame({"defect": [defect], "row": [row], "column": [column], "found": [found]}, schema=_LISTED)
        )

    def count(self, defect: str, rows: int, row: int, found: str) -> None:
        """Count many rows and list the first."""
        self.add(defect, row, "", found)
        self.counts[defect] += rows - 1

    def flag(self, frame: pl.DataFrame, which: pl.Expr, defect: str, column: str, found: str = "") -> None:
        """List the rows of `frame` (it has a column ``row``) where `which` holds.

        `found` is a template over the frame's columns, such as ``"{open}"``; it is filled in here, row by row, because
        Polars 2.1 panics when it formats some filtered columns.
        """
        rows = frame.filter(which.fill_null(value=False))
        if not rows.height:
            return
        fields = [
            field for _, field, _, _ in Formatter().parse(found) if field
        ]  # only these: others may be unprintable
        told = [found] * rows.height
        if fields:
            held = rows.select(fields).iter_rows(named=True)
            told = [
                found.format_map({name: "" if value is None else value for name, value in row.items()}) for row in held
            ]
        told = [text[:_LONGEST] for text in told]
        self._list(
            pl.DataFrame(
                {
                    "defect": [defect] * rows.height,
                    "row": rows["row"].to_list(),
                    "column": [column] * rows.height,
                    "found": told,
                },
                schema=_LISTED,
            )
        )

    def drop(self, frame: pl.DataFrame, which: pl.Expr, defect: str, column: str, found: str = "") -> pl.DataFrame:
        """List the rows where `which` holds and return the others."""
        broken = frame.select(which.fill_null(value=False).alias("broken"))["broken"]
        if not broken.any():
            return frame
        self.flag(frame, pl.lit(broken), defect, column, found)
        return frame.filter(~broken)

    def listed(self) -> pl.DataFrame:
        """Everything listed, by row."""
        if not self._pieces:
            return pl.DataFrame(schema=_LISTED)
        return pl.concat(self._pieces).sort("row", maintain_order=True)

    @property
    def quarantined(self) -> int:
        """How many rows were left out, not counting a last line without its end."""
        return sum(
            count for defect, count in self.counts.items()
            if DEFECTS[defect].action == "quarantined" and defect != "unfinished_line"
        )  # fmt: skip

    def _list(self, piece: pl.DataFrame) -> None:
        for defect, count in piece.group_by("defect").len().iter_rows():
            self.counts[defect] = self.counts.get(defect, 0) + count
        self._pieces.append(piece)
