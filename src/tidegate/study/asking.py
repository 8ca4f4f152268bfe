"""The verb `predict` as a function: a frozen run, asked about a day. Nothing that fits or draws is loaded."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from tidegate.data.source import Source
from tidegate.errors import SettingError
from tidegate.study.folder import find_run
from tidegate.study.given import source_from
from tidegate.study.predicting import Predicted, predict_day

__all__ = ["predict"]


def predict(
    named: str | Path,
    day: str,
    *,
    data: str | Source | None = None,
    study: str | None = None,
    member: str | None = None,
    market: str | None = None,
    holdings: Path | pl.DataFrame | None = None,
    cash: float | None = None,
    gate: float | None = None,
    with_orders: bool = False,
    allow: Collection[str] = (),
    out: Path | str = "runs",
    now: datetime | None = None,
) -> Predicted:
    """Rank every asset on one day by a frozen run's newest lawful fit; with `with_orders`, say what it would order.

    Parameters
    ----------
    named, day
        A run folder, a study's name (its newest run) or fingerprint digits, and a bar's label such as ``2019-06-12``.
    data
        Newer data of the same market: a source, or its short form (``store:ashare``); None for the study's own.
    holdings, cash
        What is held after that close, as a CSV file or frame of asset, quantity and bought, and the money beside it;
        None for a book that begins with the study's capital. Holdings ask for orders by themselves.
    gate
        What a gated strategy is told of its gate: above 0 is open.
    allow
        What may pass that is refused otherwise: ``"stale"``, ``"gaps"``, ``"data"``, ``"code"``.

    Known at
        CLOSE of the day; nothing later is looked at.
    Errors
        As `tidegate.study.predicting.predict_day` and `tidegate.study.tomorrow.orders_after`.
    """
    source = source_from(data) if isinstance(data, str) else data
    run = find_run(str(named), Path(out))
    said = predict_day(run, day, source=source, study=study, member=member, allow=allow, now=now)
    if holdings is None and not with_orders:
        return said
    from tidegate.study.tomorrow import Holdings, orders_after, read_holdings

    if holdings is None:
        return replace(said, orders=orders_after(said, market=market, gate=gate))
    if cash is None:
        raise SettingError(
            "holdings stand beside some money", where="cash", expected="cash after that close, 0 or more",
            hint="say --cash 12345.67",
        )  # fmt: skip
    held = read_holdings(holdings, cash) if isinstance(holdings, Path) else Holdings.of(holdings, cash)
    return replace(said, orders=orders_after(said, market=market, holdings=held, gate=gate))
