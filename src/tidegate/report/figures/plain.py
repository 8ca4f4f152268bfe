"""From arrays to the plain lists of a `Series`, and small sums that several figures share.

Times become ISO texts (a date where no bar lies within a day), NaN becomes None, and a curve over more than 4,000
points is thinned to its peaks and troughs; every builder says so in its caption.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tidegate.errors import SettingError
from tidegate.report.thin import MOST_POINTS, kept
from tidegate.types.report import Role, Series, Text

__all__ = [
    "BAND_SEEDS",
    "Curve",
    "Floats",
    "Times",
    "joined",
    "numbers",
    "quartiles",
    "runs",
    "sentences",
    "spread",
    "texts",
    "thinning",
]

BAND_SEEDS = 3
"""Seeds from which on quartiles are drawn."""

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]


def numbers(values: ArrayLike) -> tuple[float | None, ...]:
    """Floats as a report holds them: NaN and infinities are None.

    >>> numbers([1.0, float("nan")])
    (1.0, None)
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    return tuple(value if ok else None for value, ok in zip(array.tolist(), np.isfinite(array).tolist(), strict=True))


def texts(times: Times) -> tuple[str, ...]:
    """Write times as ISO texts: dates where every time is at midnight, minutes (or seconds) elsewhere.

    >>> texts(np.array(["2015-01-05", "2015-01-06"], dtype="datetime64[us]"))
    ('2015-01-05', '2015-01-06')
    >>> texts(np.array(["2015-01-05T09:35"], dtype="datetime64[us]"))
    ('2015-01-05T09:35',)
    """
    for unit in ("D", "m", "s"):
        short = times.astype(f"datetime64[{unit}]")
        if np.array_equal(short.astype(times.dtype), times):
            return tuple(np.datetime_as_string(short).tolist())
    return tuple(np.datetime_as_string(times.astype("datetime64[ms]")).tolist())


def thinning(values: Floats) -> tuple[NDArray[np.int64], Text]:
    """Which points of a curve [n] stay, and the words that say so (empty where all do)."""
    places = kept(np.asarray(values, dtype=np.float64), MOST_POINTS)
    if len(places) == len(values):
        return places, Text.same("")
    return places, Text(
        en=f" Drawn with {len(places):,} of {len(values):,} points; peaks and troughs are kept.",
        zh=f" 共 {len(values):,} 点，绘出 {len(places):,} 点，保留峰谷。",
    )


def quartiles(values: Floats, axis: int = 0) -> tuple[Floats, Floats, Floats]:
    """First quartile, median and third quartile along `axis`, over what is there; NaN where nothing is."""
    held = np.asarray(values, dtype=np.float64)
    none = np.isnan(held).all(axis=axis, keepdims=True)
    low, middle, high = np.nanquantile(np.where(none, 0.0, held), [0.25, 0.5, 0.75], axis=axis)
    empty = np.squeeze(none, axis=axis)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, middle), np.where(empty, np.nan, high)


def runs(marked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First and last position of each unbroken run of True.

    >>> list(runs(np.array([False, True, True, False, True])))
    [(1, 2), (4, 4)]
    """
    edges = np.diff(np.concatenate([[0], np.asarray(marked, dtype=np.int8), [0]]))
    yield from zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True)


def joined(*parts: Text | None) -> Text:
    """Texts one after the other, in each language."""
    held = [part for part in parts if part is not None]
    return Text(en="".join(part.en for part in held), zh="".join(part.zh for part in held))


def sentences(*parts: Text | None) -> Text:
    """Sentences one after the other: with a space between in English, with none in Chinese.

    >>> sentences(Text(en="One.", zh="一。"), None, Text(en="Two.", zh="二。"))
    Text(en='One. Two.', zh='一。二。')
    """
    held = [part for part in parts if part is not None]
    english = [part.en.strip() for part in held if part.en.strip()]
    return Text(en=" ".join(english), zh="".join(part.zh.strip() for part in held))


@dataclass(frozen=True)
class Curve:
    """A variant of a strategy as it is drawn: one row for each seed.

    Fields
    ------
    key, label
        Its name in the data, and as it is shown.
    equity
        ``[S, T]`` or ``[T]``: worth of one unit of capital at each close; any positive start, drawn from 1.
    position
        ``[S, T]`` or ``[T]``: share of the capital in the market at each close, or None.
    trades
        ``[S]`` round trips of each seed, or None.
    """

    key: str
    label: Text
    equity: Floats
    position: Floats | None = None
    trades: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        equity = np.atleast_2d(np.asarray(self.equity, dtype=np.float64))
        position = None if self.position is None else np.atleast_2d(np.asarray(self.position, dtype=np.float64))
        if position is not None and position.shape != equity.shape:
            raise SettingError(
                "position and equity differ in shape", where=self.key, expected=equity.shape, found=position.shape
            )
        object.__setattr__(self, "equity", equity)
        object.__setattr__(self, "position", position)

    @property
    def growth(self) -> Floats:
        """Worth of 1 at the first close [S, T]."""
        return self.equity / self.equity[:, :1]

    @property
    def drawdown(self) -> Floats:
        """``equity / running maximum - 1`` [S, T], never above 0."""
        return self.equity / np.maximum.accumulate(self.equity, axis=1) - 1.0


def spread(
    key: str, label: Text, x: tuple[Any, ...], values: Floats, *, role: Role, panel: int = 0
) -> tuple[Series, ...]:
    """Draw the median over rows of `values` [S, n]; from three rows on, with the band between the quartiles."""
    low, middle, high = quartiles(np.atleast_2d(values))
    line = Series(key=key, title=label, kind="line", role=role, panel=panel, data={"x": x, "y": numbers(middle)})
    if len(np.atleast_2d(values)) < BAND_SEEDS:
        return (line,)
    title = joined(label, Text(en=", quartiles over seeds", zh="，种子四分位区间"))
    return (
        Series(
            key=f"{key} quartiles",
            title=title,
            kind="band",
            role=role,
            panel=panel,
            follows=key,
            data={"x": x, "y": numbers(low), "y2": numbers(high)},
        ),
        line,
    )
