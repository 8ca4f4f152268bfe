"""What a user may say about a file: everything has a default, and what it had to assume stands in the report."""

from typing import Literal

from pydantic import Field, model_validator

from tidegate.component import Settings
from tidegate.data.codes import is_code
from tidegate.data.moments import DateOrder, Epoch
from tidegate.errors import SettingError
from tidegate.types.bars import Frequency

__all__ = ["ImportSettings"]

Kind = Literal["index", "stock", "future", "fund", "coin", "synthetic"]


class ImportSettings(Settings):
    """How to read a file of bars.

    >>> ImportSettings(frequency="5min", label="end").max_bad
    0.01
    """

    columns: dict[str, str] = Field(
        default_factory=dict,
        description='your own mapping, header → column (or "ignore"), over the headers known by name',
    )
    header: tuple[str, ...] = Field(default=(), description="names of the columns of a file without a header line")
    skip_lines: int = Field(default=0, ge=0, description="lines before the header")
    asset: str | None = Field(default=None, description="the asset's code, where the file has none or a varying one")
    pad_codes: int = Field(
        default=0, ge=0, le=12, description="fill numeric codes with leading zeros up to so many digits"
    )
    frequency: Frequency | None = Field(default=None, description="length of a bar; None reads it off the times")
    label: Literal["end", "start"] | None = Field(
        default=None,
        description="whether an intraday label is the end or the start of its bar; starts are moved to ends",
    )
    date_order: DateOrder = Field(default="auto", description="order of day and month in dates that end in the year")
    epoch: Epoch = Field(default="none", description="times are seconds or milliseconds since 1970 (UTC)")
    epoch_hours: float = Field(default=0.0, ge=-14, le=14, description="hours from UTC to the exchange, with `epoch`")
    decimal: Literal[".", ","] | None = Field(default=None, description="the decimal sign; None is a point")
    volume_unit: Literal["auto", "shares", "lots", "10k lots", "10k shares"] = Field(
        default="auto",
        description="unit of volume in the file; a lot is 100 shares, or one contract; auto: as the header says",
    )
    amount_unit: Literal["auto", "yuan", "1k", "10k", "100m"] = Field(
        default="auto", description="unit of amount in the file; auto: as the header says, else as printed"
    )
    price_unit: Literal["auto", "yuan", "cents"] = Field(
        default="auto", description="unit of prices; auto: as the header says"
    )
    calendar: Literal["weekdays", "always"] = Field(
        default="weekdays", description="weekdays: day sessions, Monday to Friday; always: around the clock"
    )
    hours: Literal["none", "shfe-rebar", "cffex-index"] = Field(
        default="none",
        description="trading hours of a future, nights included; labels are brought to the end of the bar",
    )
    night_dates: Literal["auto", "calendar", "trading-day"] = Field(
        default="auto", description="date that night bars carry; auto: as the file itself tells, else it is refused"
    )
    night_tail: Literal["refuse", "to the close", "as labelled"] = Field(
        default="refuse",
        description="what the last bar of a night holds, where no label of the file reaches the night's end",
    )
    volume_sides: Literal["auto", "one", "both", "as the exchange"] = Field(
        default="auto",
        description="sides of a trade that volume and open interest count, with `hours`; auto: as their parity tells",
    )
    max_bad: float = Field(
        default=0.01, ge=0, le=1, description="largest share of quarantined rows; more refuses the file"
    )
    keep_unfinished: bool = Field(default=False, description="keep a last line that lacks its line end")
    sha256: str = Field(default="", description="refuse the file unless its bytes have this SHA-256")
    kind: Kind = Field(default="index", description="what the assets are; decides where they can be traded")
    currency: str = Field(default="CNY", description="unit of prices and amounts")
    title: str = Field(default="", description="what a reader calls this data; default: the file's name")
    source: str = Field(default="", description="where the data came from, in words; default: the file's name")

    @model_validator(mode="after")
    def _agree(self) -> "ImportSettings":
        if self.asset is not None and not is_code(self.asset):
            raise SettingError(
                "the asset's code cannot be one", found=self.asset, hint="letters, digits and . _ ^ = & / -"
            )
        if self.frequency == "1d" and self.label is not None:
            raise SettingError("a daily bar has no start or end label", found=self.label, hint="leave `label` out")
        if self.hours != "none" and (self.kind != "future" or self.calendar == "always"):
            raise SettingError(
                "trading hours of futures are for futures", expected='kind="future", calendar="weekdays"',
                found=f'kind="{self.kind}", calendar="{self.calendar}"', hint='say kind="future", or leave `hours` out',
            )  # fmt: skip
        return self
