"""`tidegate predict`: the ranking of one day by a frozen run, and what the strategy would order after it."""

from pathlib import Path
from typing import Any

from tidegate.cli.screen import say, say_json, table, warn
from tidegate.cli.writing import place_of
from tidegate.errors import SettingError

__all__ = ["predict_day_of"]

_GATE = {"open": 1.0, "shut": 0.0}


def predict_day_of(
    run: str,
    day: str,
    data: str | None,
    study: str | None,
    member: str | None,
    market: str | None,
    holdings: str | None,
    cash: float | None,
    gate: str | None,
    to: str | None,
    orders: str | None,
    top: int,
    allow: list[str],
    out: str,
    *,
    json: bool,
) -> None:
    """Rank, write the files that were named, and show the best; nothing is written before everything is there."""
    if gate is not None and gate not in _GATE:
        raise SettingError("a gate is open or shut", where="--gate", expected=list(_GATE), found=gate)
    if to is not None and Path(to).suffix.lower() not in {".csv", ".json"}:
        raise SettingError("a ranking is written as .csv or .json", where="--to", found=to)
    files = {option: place_of(named, option) for option, named in (("--to", to), ("--orders", orders)) if named}
    from tidegate.files import write_text
    from tidegate.study.asking import predict

    said = predict(
        run,
        day,
        data=data,
        study=study,
        member=member,
        market=market,
        holdings=None if holdings is None else Path(holdings),
        cash=cash,
        gate=None if gate is None else _GATE[gate],
        with_orders=orders is not None or holdings is not None,
        allow=allow,
        out=out,
    )
    about: dict[str, Any] = {
        "run": said.run, "study": said.study, "member": said.member, "day": said.day, "fold": said.fold,
        "learned_upto": said.learned_upto, "unit": said.unit, "assets": said.ranking.height,
        "stamps": [*said.stamps, *(() if said.orders is None else said.orders.stamps)],
    }  # fmt: skip
    rows = [{**row, "date": row["date"].isoformat()} for row in said.ranking.iter_rows(named=True)]
    if "--to" in files:
        text = said.ranking.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S")
        write_text(files["--to"], _text({**about, "ranking": rows}) if files["--to"].suffix == ".json" else text)
    if "--orders" in files and said.orders is not None:
        write_text(files["--orders"], said.orders.frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S"))
    if json:
        held = [] if said.orders is None else said.orders.frame.iter_rows(named=True)
        ordered = [{**row, "decided": row["decided"].isoformat()} for row in held]
        say_json({**about, "ranking": rows, **({} if said.orders is None else {"orders": ordered})})
        return
    shown = said.ranking.head(top)
    title = f"{said.study} ({said.member}) after {said.day}: the best {shown.height} of {said.ranking.height}"
    chances = [name for name in shown.columns if name.startswith("p_")]
    body = [
        [row["rank"], row["asset"], row["name"] or "", f"{row['forecast']:.6g}", *(f"{row[p]:.1%}" for p in chances)]
        for row in shown.iter_rows(named=True)
    ]
    heads = ["rank", "asset", "name", f"forecast ({said.unit})", *_classes(len(chances))]
    table(title, heads, body, right=(0, *range(3, len(heads))))
    warn(f"Run {said.run}, fold {said.fold}, which learned up to {said.learned_upto}.")
    if said.orders is not None:
        frame = said.orders.frame
        body = [
            [row["side"], row["asset"], row["quantity"], f"{row['reference_price']:.2f}", row["reason"]]
            for row in frame.iter_rows(named=True)
        ]
        say()
        table(
            f"{frame.height} orders for the bar after {said.day}: {said.orders.market}, cash {said.orders.cash:,.2f}",
            ["side", "asset", "quantity", "last close", "why"],
            body,
            right=(2, 3),
        )
    for stamp in about["stamps"]:
        warn(f"Note: {stamp}")
    for path in files.values():
        say(f"Written: {path}")


def _classes(count: int) -> list[str]:
    """Heads of the classes' probabilities, from the lowest to the highest.

    >>> _classes(3), _classes(2), _classes(5)[1], _classes(0)
    (['p lowest', 'p middle', 'p highest'], ['p lowest', 'p highest'], 'p 2nd of 5', [])
    """
    ends = {0: "p lowest", count - 1: "p highest"}
    middle = {(count - 1) // 2: "p middle"} if count % 2 else {}
    order = {1: "2nd", 2: "3rd"}
    return [(middle | ends).get(at, f"p {order.get(at, f'{at + 1}th')} of {count}") for at in range(count)]


def _text(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"
