"""The health report of an import of reports: what was read, what was left out and why, and what every use must say."""

import polars as pl
from pydantic import Field

from tidegate.component import Settings
from tidegate.data.health import Defect, Example
from tidegate.data.sieve import DefectKind, Sieve
from tidegate.types.facts import Facts

__all__ = ["FACT_DEFECTS", "FactFile", "FactHealth", "FieldHealth", "fact_defects", "field_health"]

_EXAMPLES = 5

FACT_DEFECTS: dict[str, DefectKind] = {
    "bad_code": DefectKind("quarantined", "an asset code that cannot be one", "证券代码不合法"),
    "unreadable_time": DefectKind("quarantined", "a period or date that cannot be read", "报告期或日期无法识别"),
    "unreadable_number": DefectKind(
        "flagged",
        "a number that cannot be read; the report is kept without it",
        "数字无法识别；保留该报告，此项记为缺失",
    ),
    "unknown_asset": DefectKind("quarantined", "an asset that has no bars", "无行情的证券"),
    "stray_period": DefectKind("quarantined", "a period that ends no quarter", "报告期不是季度末"),
    "not_listed": DefectKind("quarantined", "a period that ended before the asset was listed", "上市前的报告期"),
    "no_session": DefectKind("quarantined", "a market value after the asset's last session", "报告期后无交易日"),
    "early": DefectKind("quarantined", "announced before its period was over", "公告日早于报告期末"),
    "duplicate": DefectKind("quarantined", "the same fact again, value for value", "完全重复的记录"),
    "conflict": DefectKind("quarantined", "facts of one key that disagree; none is kept", "同一记录相互矛盾"),
    "impossible": DefectKind("quarantined", "a value that cannot be; the report is kept without it", "数值不可能"),
    "late": DefectKind("flagged", "announced after the legal deadline", "公告晚于法定期限"),
    "after_end": DefectKind("flagged", "a period that ended after the asset was gone", "退市后的报告期"),
}  # fmt: skip
"""What an import of reports may find: rows or values left out (quarantined), and kept ones pointed at (flagged)."""


class FactFile(Settings):
    """One file of an import."""

    file: str
    sha256: str
    rows: int
    ignored: tuple[str, ...] = Field(default=(), description="headers or fields that were not used")


class FieldHealth(Settings):
    """What is there of one field."""

    name: str
    facts: int
    missing: int = Field(description="facts whose report did not give the field")
    assets: int
    restated: int = Field(description="facts that change one that was known before")
    first: str
    last: str


class FactHealth(Settings):
    """What an import of reports found; `defects` count rows of the files, `impossible` and repeats single values."""

    files: tuple[FactFile, ...]
    fields: tuple[FieldHealth, ...]
    defects: tuple[Defect, ...]
    notes: tuple[str, ...] = Field(description="what was assumed, and how facts became known")
    stamps: tuple[str, ...] = Field(description="what every report that uses these facts must say")

    def count(self, defect: str) -> int:
        """How many of one class of defects; 0 where there are none."""
        return next((held.count for held in self.defects if held.name == defect), 0)


def fact_defects(sieve: Sieve) -> tuple[Defect, ...]:
    """Sum up what a sieve holds, in the order of `FACT_DEFECTS`."""
    listed = sieve.listed()
    return tuple(
        Defect(
            name=name, action=kind.action, meaning=kind.en, meaning_zh=kind.zh, count=sieve.counts[name],
            examples=tuple(
                Example(row=row, column=column, found=text)
                for _, row, column, text in listed.filter(pl.col("defect") == name).head(_EXAMPLES).iter_rows()
            ),
        )
        for name, kind in FACT_DEFECTS.items()
        if sieve.counts.get(name)
    )  # fmt: skip


def field_health(facts: Facts) -> tuple[FieldHealth, ...]:
    """Count the facts of every field."""
    told = facts.frame.group_by("field").agg(
        facts=pl.len(),
        missing=pl.col("value").null_count(),
        assets=pl.col("asset").n_unique(),
        restated=pl.len() - pl.struct("asset", "period").n_unique(),
        first=pl.col("period").min(),
        last=pl.col("period").max(),
    )
    return tuple(
        FieldHealth(
            name=name, facts=count, missing=missing, assets=assets, restated=restated,
            first=str(first), last=str(last),
        )
        for name, count, missing, assets, restated, first, last in told.sort("field").iter_rows()
    )  # fmt: skip
