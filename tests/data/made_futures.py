"""Rebar bars of one convention, and the same bars as four vendors would print them."""

import datetime as dt

import numpy as np
import polars as pl

from tidegate.market.calendar import XSHG
from tidegate.market.sessions import HOURS, cuts

WEEK = "一二三四五六日"


def true_bars(first, last, minutes, *, hours="shfe-rebar", how="clock", seed=1):
    """Bars labelled at their ends, nights in front of their day, volumes counted once; begins beside them."""
    known = HOURS[hours]
    days = XSHG.sessions(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    plans = known.plans(days)
    rows = []
    for day, place in zip(days.tolist(), plans.which, strict=True):
        plan = plans.plans[place]
        evening = XSHG.previous_session(day)
        for end in cuts(plan, minutes, how):
            held = next(s for s in plan if s.holds(end))
            midnight = dt.datetime.combine(evening, dt.time()) + dt.timedelta(days=1)
            midnight = midnight if held.night else dt.datetime.combine(day, dt.time())
            begin = (end - 1) // minutes * minutes
            rows.append((midnight + dt.timedelta(minutes=end), day, held.night, midnight + dt.timedelta(minutes=begin)))
    frame = pl.DataFrame(rows, schema=["time", "session", "night", "begin"], orient="row")
    generator = np.random.default_rng(seed)
    close = 3500 + np.cumsum(generator.integers(-5, 6, frame.height))
    open_ = close + generator.integers(-3, 4, frame.height)
    return frame.with_columns(
        asset=pl.lit("RB"), open=pl.Series(open_.astype(float)),
        high=pl.Series(np.maximum(open_, close) + 2.0), low=pl.Series(np.minimum(open_, close) - 2.0),
        close=pl.Series(close.astype(float)), volume=pl.Series(generator.integers(1, 10**5, frame.height) + 0.0),
        open_interest=pl.Series(generator.integers(10**5, 10**6, frame.height) + 0.0),
    ).with_columns(pl.col("time").cast(pl.Datetime("us")))  # fmt: skip


def _cells(frame, *columns):
    return frame.select(pl.col(c).cast(pl.Int64) if c != "at" else c for c in columns)


def both_sides(frame, until="2100-01-01"):
    """Volume and open interest as the exchanges counted them."""
    twice = pl.col("session") < dt.date.fromisoformat(until)
    return frame.with_columns(
        pl.when(twice).then(2 * pl.col(c)).otherwise(c).alias(c) for c in ("volume", "open_interest")
    )


def starts_without_header(frame):
    """Labels at the start of the bar, nights under the calendar date, no header line."""
    told = both_sides(frame).with_columns(at=pl.col("begin").dt.strftime("%Y/%m/%d %H:%M"))
    cells = _cells(told, "at", "open", "high", "low", "close", "volume", "open_interest")
    return cells.write_csv(include_header=False).encode()


def ends_by_trading_day(frame):
    """Labels at the end, nights under the trading day that they come first in, a header."""
    told = both_sides(frame).with_columns(
        at=pl.col("session").dt.strftime("%Y/%m/%d") + pl.col("time").dt.strftime("-%H:%M")
    )
    return _cells(told, "at", "open", "high", "low", "close", "volume").rename({"at": "date"}).write_csv().encode()


def weekdays_in_gbk(frame):
    """Labels at the end, the weekday inside the calendar date, volumes of both sides until the end of 2019."""
    days = [f"{t.year}/{t.month}/{t.day} 星期{WEEK[t.weekday()]}" for t in frame["time"].to_list()]
    told = both_sides(frame, "2020-01-01").with_columns(at=pl.Series(days))
    cells = _cells(told, "at", "open", "high", "low", "close", "volume")
    cells.insert_column(1, frame["time"].dt.strftime("%H:%M:%S").alias("clock"))
    names = dict(
        zip(cells.columns, ["<Date>", " <Time>", " <Open>", " <High>", " <Low>", " <Close>", " <Volume>"], strict=True)
    )
    return cells.rename(names).write_csv().replace("\n", "\r\n").encode("gbk")
