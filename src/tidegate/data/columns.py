"""Cells → typed columns: which header is what, then moments, codes and numbers with row-level errors."""

from datetime import timedelta
from typing import NamedTuple, cast

import polars as pl

from tidegate.data.codes import holds_codes, read_codes
from tidegate.data.futures_hours import known_hours, label_of, share_outside
from tidegate.data.headers import Header, Matched, match_headers
from tidegate.data.import_settings import ImportSettings
from tidegate.data.moments import FIRST_MOMENT, LAST_MOMENT, read_clocks, read_moments
from tidegate.data.numbers import BLANKS, read_numbers
from tidegate.data.sieve import Sieve
from tidegate.data.units import Units, units_of
from tidegate.errors import FileRefusedError
from tidegate.types.bars import EVENTS, Frequency

__all__ = ["Typed", "typed"]

_PRICES = ("open", "high", "low", "close")
_NUMBERS = (*_PRICES, "volume", "amount", "settle", "open_interest", "preclose", "factor", "limit_up", "limit_down",
            "total_shares", "float_shares", *EVENTS)  # fmt: skip
_FLAGS = ("suspended", "at_risk", "reset")
_MINUTES: dict[str, int] = {"60min": 60, "30min": 30, "15min": 15, "5min": 5, "1min": 1}
_MUCH = 0.05
"""Share of labels outside the given hours above which the hours are asked about."""
_TRUE, _FALSE = ("true", "1", "1.0", "yes", "是", "停牌", "st", "*st"), ("false", "0", "0.0", "no", "否", "")


class Typed(NamedTuple):
    """Rows with the columns of bars and ``row``; what they are in."""

    frame: pl.DataFrame
    matched: Matched
    units: dict[str, str]
    frequency: Frequency
    minutes: int
    label: str


def typed(
    cells: pl.DataFrame, headers: tuple[str, ...], settings: ImportSettings, sieve: Sieve, where: str, stem: str
) -> Typed:
    """Understand the columns; raises `FileRefusedError` where one that bars need is missing or has no meaning."""
    matched = match_headers(headers, settings.columns, where)
    for note in matched.notes:
        sieve.note(note)
    _require(matched, headers, where)
    places = {header.column: f"cell {headers.index(header.text)}" for header in matched.headers}
    frame = _with_times(cells, places, settings, sieve, where)
    unnamed = {header: f"cell {at}" for at, header in enumerate(headers) if header in matched.ignored}
    unnamed = {header: place for header, place in unnamed.items() if header not in settings.columns}
    frame = _with_assets(frame, places, unnamed, settings, sieve, where, stem)
    units = units_of(matched, settings, sieve)
    frame = _with_numbers(frame, places, matched, units, settings, sieve, where)
    frequency, minutes, label = _clockwork(frame, matched, settings, sieve, where)
    frame = _labelled(frame, minutes, label)
    order = [column for column in ("row", "time", "session", "asset", *_NUMBERS, *_FLAGS) if column in frame.columns]
    return Typed(frame.select(order), matched, units.told(), frequency, minutes, label)


def _require(matched: Matched, headers: tuple[str, ...], where: str) -> None:
    held = {header.column for header in matched.headers}
    missing = [column for column in _PRICES if column not in held]
    if not held & {"datetime", "date", "clock"}:
        missing.insert(0, "time")
    if missing:
        raise FileRefusedError(
            f"no column is known as {' or '.join(missing)}", where=f"{where}, row 1", found=list(headers),
            hint=f'say which it is: columns={{"your header": "{missing[0]}"}}',
        )  # fmt: skip


def _texts(series: pl.Series) -> pl.Series:
    if series.dtype.is_float():
        series = series.fill_nan(None).cast(pl.Int64, strict=False)
    return series.cast(pl.String).str.strip_chars(BLANKS + "'\"").fill_null("")


def _with_times(
    cells: pl.DataFrame, places: dict[str, str], settings: ImportSettings, sieve: Sieve, where: str
) -> pl.DataFrame:
    first = next(column for column in ("datetime", "date", "clock") if column in places)
    series = cells[places[first]]
    column = f"{where}, column {first}"
    if series.dtype in (pl.Datetime, pl.Date):
        if getattr(series.dtype, "time_zone", None):
            raise FileRefusedError(
                "times have a time zone", where=column, hint="bring them to the exchange's own time, without a zone"
            )
        usable = pl.col(places[first]).is_between(FIRST_MOMENT, LAST_MOMENT)
        frame = sieve.drop(cells, ~usable.fill_null(value=False), "unreadable_time", first, "none, or out of range")
        frame = frame.with_columns(time=pl.col(places[first]).cast(pl.Datetime("us")))
    else:
        texts = _texts(series)
        counts = dict(texts.value_counts().iter_rows())
        read = read_moments(counts, column, settings.date_order, settings.epoch, settings.epoch_hours)
        frame = cells.with_columns(text=texts)
        for defect in ("unreadable_time", "weekday"):
            broken = [text for text, why in read.broken.items() if why == defect]
            frame = sieve.drop(frame, pl.col("text").is_in(broken), defect, first, "{text}")
        known = pl.DataFrame(
            {"text": list(read.moments), "time": list(read.moments.values())},
            schema={"text": pl.String, "time": pl.Datetime("us")},
        )
        frame = frame.join(known, on="text", how="left", maintain_order="left").drop("text")
    if first == "date" and "clock" in places:
        frame = _with_clock(frame, places["clock"], sieve)
    if not frame.height:
        _nothing_left(sieve, cells.height, where, first)
    return frame


def _with_clock(frame: pl.DataFrame, place: str, sieve: Sieve) -> pl.DataFrame:
    texts = frame[place].cast(pl.String).str.strip_chars(BLANKS + "'\"").fill_null("")
    clocks = read_clocks(dict(texts.value_counts().iter_rows()))
    frame = frame.with_columns(text=texts)
    frame = sieve.drop(frame, ~pl.col("text").is_in(list(clocks)), "unreadable_time", "clock", "{text}")
    known = pl.DataFrame(
        {"text": list(clocks), "since": list(clocks.values())}, schema={"text": pl.String, "since": pl.Duration("us")}
    )
    frame = frame.join(known, on="text", how="left", maintain_order="left")
    return frame.with_columns(time=pl.col("time").dt.truncate("1d") + pl.col("since")).drop("text", "since")


def _nothing_left(sieve: Sieve, rows: int, where: str, column: str) -> None:
    listed = sieve.listed()
    found = listed["found"][0] if listed.height else ""
    row = listed["row"][0] if listed.height else 1
    raise FileRefusedError(
        f"none of {rows} rows has a date or time that can be read", where=f"{where}, row {row}, column {column}",
        expected="dates such as 2015-01-05, 2015/1/5, 20150105, with or without 09:35", found=found or "nothing",
        hint="map the column that holds them (columns=...), or say date_order or epoch",
    )  # fmt: skip


def _with_assets(
    frame: pl.DataFrame, places: dict[str, str], unnamed: dict[str, str], settings: ImportSettings, sieve: Sieve,
    where: str, stem: str,
) -> pl.DataFrame:  # fmt: skip
    if settings.asset is not None:
        if "asset" in places:
            sieve.note(f"the column of codes was set aside; every row is taken as {settings.asset}")
        return frame.with_columns(asset=pl.lit(settings.asset))
    if "asset" not in places:
        if not stem:
            raise FileRefusedError(
                "the file has no column of codes, and its name is no code",
                where=where,
                hint='say the code: asset="000300"',
            )
        for header, place in unnamed.items():
            if holds_codes(frame[place]):
                raise FileRefusedError(
                    f"column {header!r} holds codes but is not known by name", where=f"{where}, row 1",
                    hint=f'say so: columns={{"{header}": "asset"}}; or name the one asset: asset="000300"',
                )  # fmt: skip
        sieve.note(f"the file has no column of codes; the asset is called {stem}, after the file")
        return frame.with_columns(asset=pl.lit(stem))
    codes, bad, lost = read_codes(frame[places["asset"]], chinese=settings.currency == "CNY", pad=settings.pad_codes)
    if settings.pad_codes:
        sieve.note(f"numeric codes were filled with zeros up to {settings.pad_codes} digits, as asked")
    frame = frame.with_columns(asset=codes, bad=bad, lost=lost)
    frame = sieve.drop(frame, pl.col("bad"), "bad_code", "asset", "{asset}")
    frame = sieve.drop(frame, pl.col("lost"), "lost_zeros", "asset", "{asset}")
    return frame.drop("bad", "lost")


def _with_numbers(
    frame: pl.DataFrame, places: dict[str, str], matched: Matched, units: Units, settings: ImportSettings, sieve: Sieve,
    where: str,
) -> pl.DataFrame:  # fmt: skip
    headers: dict[str, Header] = {header.column: header for header in matched.headers}
    for column in _NUMBERS:
        if column not in places:
            continue
        raw = frame[places[column]]
        numbers = read_numbers(raw, units.power(headers[column]), settings.decimal or ".")
        if numbers.grouped and settings.decimal is None and units.ambiguous(raw):
            raise FileRefusedError(
                "a comma in a number may group thousands or mark the decimals", where=f"{where}, column {column}",
                hint='say which sign marks the decimals: decimal="." or decimal=","',
            )  # fmt: skip
        frame = frame.with_columns(numbers.values.alias(column), numbers.broken.alias("broken"))
        frame = sieve.drop(frame, pl.col("broken"), "unreadable_number", column, f"{{{places[column]}}}").drop("broken")
    for column in (column for column in _FLAGS if column in places):
        if frame[places[column]].dtype == pl.Boolean:
            frame = frame.with_columns(pl.col(places[column]).alias(column))
            continue
        text = pl.col(places[column]).cast(pl.String).str.strip_chars(BLANKS).str.to_lowercase().fill_null("")
        told = f"{{{places[column]}}}"
        frame = sieve.drop(frame, ~text.is_in([*_TRUE, *_FALSE]), "unreadable_number", column, told)
        frame = frame.with_columns(text.is_in(_TRUE).alias(column))
    return frame


def _clockwork(
    frame: pl.DataFrame, matched: Matched, settings: ImportSettings, sieve: Sieve, where: str
) -> tuple[Frequency, int, str]:
    """Tell the length of a bar, in words and minutes, and whether labels are its end or its start."""
    clocks = frame["time"].dt.time().n_unique()
    frequency = settings.frequency or _frequency(frame, clocks, sieve, where)
    if frequency == "1d":
        return frequency, 0, ""
    if clocks == 1:
        raise FileRefusedError(
            f"bars of {frequency} need times, and the labels have none",
            where=where,
            hint='map the column of times, or say frequency="1d"',
        )
    label = settings.label or matched.label or label_of(frame, settings.hours)
    if label and not (settings.label or matched.label):
        sieve.note(f"labels are the {label} of their bars: the day's first and last ones tell")
    if not label:
        raise FileRefusedError(
            "an intraday label may be the start or the end of its bar", where=f"{where}, column time",
            found=str(frame["time"].cast(pl.String).min()), hint=_label_hint(frame, settings),
        )  # fmt: skip
    return frequency, _MINUTES[frequency], label


def _frequency(frame: pl.DataFrame, clocks: int, sieve: Sieve, where: str) -> Frequency:
    if clocks <= 1:
        return "1d"
    steps = (
        frame.select("asset", "time").unique().sort("asset", "time")
        .select(step=pl.col("time").diff().over("asset"), day=pl.col("time").dt.date(), asset="asset")
        .with_columns(same=pl.col("day") == pl.col("day").shift(1).over("asset"))
        .filter("same")["step"].value_counts(sort=True)
    )  # fmt: skip
    usual = steps["step"][0] if steps.height else timedelta(0)
    found = next((name for name, minutes in _MINUTES.items() if usual == timedelta(minutes=minutes)), None)
    if found is None:
        raise FileRefusedError(
            "the length of a bar cannot be told from the times", where=f"{where}, column time",
            found=f"steps of {usual}",
            expected=f"one of {', '.join(_MINUTES)} or one bar a day", hint=f'say it: frequency="{_nearest(usual)}"',
        )  # fmt: skip
    sieve.note(f"bars of {found}, read off the usual step between labels")
    return cast("Frequency", found)


def _nearest(step: timedelta) -> str:
    """The length of a bar nearest to a step between labels: an hour with a break in it is an hour."""
    return min(_MINUTES, key=lambda name: abs(_MINUTES[name] - step.total_seconds() / 60))


def _label_hint(frame: pl.DataFrame, settings: ImportSettings) -> str:
    """Say what would tell it: the hours of futures, other hours where many labels lie outside those given, a word."""
    word = 'say label="end" or label="start"'
    if settings.kind == "future" and settings.hours == "none":
        return (
            f"hours={known_hours()} may tell it from the day's first and last labels; else ask the vendor, then {word}"
        )
    outside = share_outside(frame, settings.hours)
    if outside > _MUCH:
        told = f"{outside:.0%} of the labels lie outside the hours of {settings.hours}"
        return f"{told}: say whose hours they keep, hours={known_hours()}"
    return f"ask the vendor, then {word}"


def _labelled(frame: pl.DataFrame, minutes: int, label: str) -> pl.DataFrame:
    """Move labels to the end of their bar; a bar belongs to the day in which it began."""
    if not minutes:
        return frame.with_columns(time=pl.col("time").dt.truncate("1d")).with_columns(session=pl.col("time").dt.date())
    length = pl.duration(minutes=minutes)
    end = pl.col("time") + length if label == "start" else pl.col("time")
    return frame.with_columns(time=end.cast(pl.Datetime("us"))).with_columns(
        session=(pl.col("time") - length).dt.date()
    )
