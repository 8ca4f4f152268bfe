"""`tidegate orders`: the orders for the next bar as CSV, from the last decision of a run."""

from tidegate.cli.screen import say, say_json, say_rows, warn
from tidegate.cli.writing import place_of

__all__ = ["write_orders"]


def write_orders(
    run: str, study: str | None, market: str | None, member: str | None, to: str | None, out: str, *, json: bool
) -> None:
    """Write CSV to a file, or to standard output with what must be said of it on standard error."""
    from tidegate.files import write_text
    from tidegate.study.api import orders

    place = place_of(to, "--to") if to else None
    told = orders(run, study=study, market=market, member=member, out=out)
    if json:
        rows = [{**row, "decided": row["decided"].isoformat()} for row in told.frame.iter_rows(named=True)]
        about = {"study": told.study, "market": told.market, "member": told.member, "decided": told.decided}
        say_json({**about, "run": told.run, "cash": told.cash, "stamps": told.stamps, "orders": rows})
        return
    text = told.frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S")
    if place:
        write_text(place, text)
    else:
        say_rows(text)
    buys = int((told.frame["side"] == "buy").sum())
    warn(
        f"{told.frame.height} orders ({buys} to buy) for the bar after {told.decided}: study {told.study}, market "
        f"{told.market}, member {told.member}, cash {told.cash:,.2f}"
    )
    for stamp in told.stamps:
        warn(f"Note: {stamp}")
    if to:
        say(f"Written: {to}")
