"""Records on disk: Parquet for rows, JSON for the rest; what is read back passes the same checks as what was made."""

from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl

from tidegate.component import document
from tidegate.files import read_json, write_bytes, write_json
from tidegate.types.bars import Bars, BarSpec
from tidegate.types.clock import Horizon
from tidegate.types.fold import Fold, Span
from tidegate.types.forecast import Forecast
from tidegate.types.ledger import Ledger
from tidegate.types.panel import Panel
from tidegate.types.windows import Windows

__all__ = [
    "load_bars", "load_folds", "load_forecast", "load_ledger", "load_panel", "load_windows",
    "save_bars", "save_folds", "save_forecast", "save_ledger", "save_panel", "save_windows", "write_frame",
]  # fmt: skip


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame as Parquet, untorn; the lowest level takes half the time, and a twentieth more room."""
    buffer = BytesIO()
    frame.write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
    write_bytes(path, buffer.getvalue())


def save_bars(folder: Path, bars: Bars) -> None:
    """Bars → bars.parquet, bars.json."""
    write_frame(folder / "bars.parquet", bars.frame)
    write_json(folder / "bars.json", document(bars.spec))


def load_bars(folder: Path) -> Bars:
    """Read what `save_bars` wrote."""
    return Bars.of(pl.read_parquet(folder / "bars.parquet"), BarSpec.of(read_json(folder / "bars.json")))


def save_panel(folder: Path, panel: Panel) -> None:
    """Panel → panel.parquet (time, asset, one column a field), panel.json (the axes)."""
    frame = pl.DataFrame(
        {
            "time": panel.times[panel.row_time],
            "asset": pl.Series(panel.assets, dtype=pl.String).gather(pl.Series(panel.row_asset)),
        }
    )
    columns = [pl.Series(field, panel.values[:, i]) for i, field in enumerate(panel.fields)]
    write_frame(folder / "panel.parquet", frame.with_columns(columns))
    write_json(
        folder / "panel.json",
        {
            "fields": panel.fields,
            "forcings": sorted(panel.forcings),
            "assets": panel.assets,
            "offsets": panel.offsets.tolist(),
        },
    )


def load_panel(folder: Path) -> Panel:
    """Read what `save_panel` wrote."""
    card = read_json(folder / "panel.json")
    frame = pl.read_parquet(folder / "panel.parquet")
    when = frame["time"].to_numpy().astype("datetime64[us]")
    times = frame["time"].unique().sort().to_numpy().astype("datetime64[us]")  # a table of values beats a sort of rows
    values = frame.select(card["fields"]).to_numpy(order="c").astype(np.float32, copy=False)
    del frame  # a market's panel is large
    return Panel.of(
        values,
        times,
        tuple(card["assets"]),
        tuple(card["fields"]),
        np.searchsorted(times, when).astype(np.int64),
        np.array(card["offsets"], dtype=np.int64),
        frozenset(card["forcings"]),
    )


def save_windows(folder: Path, windows: Windows, dropped: dict[str, int]) -> None:
    """Windows → windows.parquet (anchors), windows.json (lookback, fields, horizon, what was dropped)."""
    write_frame(
        folder / "windows.parquet",
        pl.DataFrame(
            {"anchor": windows.anchors, "target": windows.target, "known": windows.known, "weight": windows.weight}
        ),
    )
    write_json(
        folder / "windows.json",
        {
            "lookback": windows.lookback,
            "inputs": windows.inputs,
            "context": windows.context,
            "horizon": document(windows.horizon),
            "dropped": dropped,
        },
    )


def load_windows(folder: Path, panel: Panel) -> Windows:
    """Read what `save_windows` wrote, on its panel."""
    card = read_json(folder / "windows.json")
    frame = pl.read_parquet(folder / "windows.parquet")
    return Windows.of(
        panel,
        card["lookback"],
        tuple(card["inputs"]),
        tuple(card["context"]),
        Horizon.of(card["horizon"]),
        frame["anchor"].to_numpy(),
        frame["target"].to_numpy(),
        frame["known"].to_numpy(),
        frame["weight"].to_numpy(),
    )


def save_folds(folder: Path, folds: tuple[Fold, ...]) -> None:
    """Folds → folds.json."""
    write_json(
        folder / "folds.json",
        [
            {
                "index": f.index,
                "train": f.train,
                "valid": f.valid,
                "test": f.test,
                "embargo": f.embargo,
                **({"overlap": f.overlap} if f.overlap else {}),
            }
            for f in folds
        ],
    )


def load_folds(folder: Path) -> tuple[Fold, ...]:
    """Read what `save_folds` wrote."""
    return tuple(
        Fold.of(
            f["index"],
            Span(*f["train"]),
            None if f["valid"] is None else Span(*f["valid"]),
            Span(*f["test"]),
            f["embargo"],
            f.get("overlap", 0),
        )
        for f in read_json(folder / "folds.json")
    )


def save_forecast(folder: Path, forecast: Forecast) -> None:
    """Forecast → forecast.parquet, forecast.json."""
    write_frame(folder / "forecast.parquet", forecast.frame)
    prints = {str(fold): print_ for fold, print_ in forecast.fingerprints.items()}
    write_json(
        folder / "forecast.json", {"horizon": document(forecast.horizon), "unit": forecast.unit, "fingerprints": prints}
    )


def load_forecast(folder: Path) -> Forecast:
    """Read what `save_forecast` wrote."""
    card = read_json(folder / "forecast.json")
    prints = {int(fold): print_ for fold, print_ in card["fingerprints"].items()}
    return Forecast.of(pl.read_parquet(folder / "forecast.parquet"), Horizon.of(card["horizon"]), card["unit"], prints)


def save_ledger(folder: Path, ledger: Ledger) -> None:
    """Ledger → orders.parquet, fills.parquet, book.parquet, ledger.json; actions and positions where it has them."""
    for name in ("orders", "fills", "book", "actions", "positions"):
        frame = getattr(ledger, name)
        if frame is not None:
            write_frame(folder / f"{name}.parquet", frame)
    write_json(folder / "ledger.json", {"capital": ledger.capital})


def load_ledger(folder: Path) -> Ledger:
    """Read what `save_ledger` wrote."""
    orders, fills, book = (pl.read_parquet(folder / f"{name}.parquet") for name in ("orders", "fills", "book"))
    more = {
        name: pl.read_parquet(folder / f"{name}.parquet")
        for name in ("actions", "positions")
        if (folder / f"{name}.parquet").is_file()
    }
    return Ledger.of(orders, fills, book, read_json(folder / "ledger.json")["capital"], **more)
