"""Qlib's 158 factors of prices and volumes (``Alpha158``), computed by its own expression engine from its own files.

The files are Qlib's binary folders, written from our bars: per share and field a run of single-precision numbers on the
market's calendar, the first of them the position of the first day. No label is asked for, no cache is kept, and there
is one process.
"""

import logging
import warnings
from pathlib import Path

import numpy as np
import qlib
from qlib.contrib.data.loader import Alpha158DL
from qlib.data.dataset.loader import QlibDataLoader

from tidegate.types.bars import Bars

__all__ = ["QlibFactors"]


class QlibFactors:
    """The rival, ready to compute; `names` are the shares as Qlib calls them."""

    def __init__(self, bars: Bars, folder: Path) -> None:
        warnings.filterwarnings("ignore")
        self.names = _written(bars, folder)
        qlib.init(
            provider_uri=str(folder), region="cn", kernels=1, logging_level=logging.ERROR, expression_cache=None,
            dataset_cache=None,
        )  # fmt: skip
        self.loader = QlibDataLoader(config={"feature": Alpha158DL.get_feature_config()})

    def compute(self) -> tuple[int, int]:
        """Rows and columns of what came out."""
        return self.loader.load(self.names).shape


def _written(bars: Bars, folder: Path) -> list[str]:
    for name in ("calendars", "instruments", "features"):
        (folder / name).mkdir(parents=True)
    days = [str(day)[:10] for day in bars.times]
    (folder / "calendars" / "day.txt").write_text("\n".join(days) + "\n", encoding="utf-8")
    prices = {name: bars.adjusted(name) for name in ("open", "high", "low", "close")}
    volume, amount = bars.column("volume"), bars.column("amount")
    with np.errstate(all="ignore"):
        fields = {**prices, "volume": volume / bars.adjustment, "vwap": amount / volume * bars.adjustment}
    names, lines = [], []
    for number, asset in enumerate(bars.assets):
        code, _, place = asset.partition(".")
        name = f"{place}{code}"
        own = slice(bars.offsets[number], bars.offsets[number + 1])
        places = bars.places[own]
        home = folder / "features" / name.lower()
        home.mkdir()
        for field, values in fields.items():
            run = np.full(places[-1] - places[0] + 2, np.nan, dtype="<f4")
            run[0] = places[0]
            run[1 + places - places[0]] = values[own]
            run.tofile(home / f"{field}.day.bin")
        names.append(name)
        lines.append(f"{name}\t{days[places[0]]}\t{days[places[-1]]}")
    (folder / "instruments" / "all.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return names
