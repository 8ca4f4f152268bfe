"""Fitted models owe: weights know the training range, and a forecast knows its own past (leak test L3).

The strongest test is the shortest: replace every number dated after the cut by other valid history and fit again. If
the SHA-256 of what was learned is the same, nothing after the cut was looked at: not by the scaler, not by the
selection of windows, not by early stopping.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegate.errors import ClockError
from tidegate.models.base import Model, Network, Rival
from tidegate.prepare.normaliser import Normaliser
from tidegate.prepare.scalers import Standard
from tidegate.testing.blind_windows import example_windows
from tidegate.testing.compare import Place, require_same
from tidegate.testing.scramble import scramble_future
from tidegate.types.axes import FloatArray, TimeArray
from tidegate.types.bars import Bars
from tidegate.types.fold import Fold, Span

__all__ = ["Fitting", "Trained", "check_fitting", "check_model", "fitting_of"]

_SHARES = (0.5, 0.7)


class Trained(NamedTuple):
    """A fitted model's hash, and what it said: one score per (time, asset)."""

    fingerprint: str
    scores: FloatArray
    times: TimeArray
    assets: NDArray[np.str_]


Fitting = Callable[[Bars, np.datetime64], Trained]
"""Bars and the label of the last bar to learn from → what was learned, and scores for every anchor after it."""


def check_fitting(fitting: Fitting, bars: Bars, title: str = "fit", seed: int = 0) -> int:
    """Fit, change everything after the cut, fit again: the hash of what was learned must be the same.

    Then change everything after a later anchor *t*: the forecasts up to *t* must be the same, bit for bit. Returns how
    many cuts were tried.

    Errors
        `ClockError` with both hashes, or the first forecast that changed.
    """
    for number, share in enumerate(_SHARES):
        position = int(len(bars.times) * share)
        cut = bars.times[position]
        full = fitting(bars, cut)
        other = fitting(scramble_future(bars, cut, seed + number), cut)
        if other.fingerprint != full.fingerprint:
            raise ClockError(
                f"{title}: what was learned up to {str(cut)[:16]} changes with what came after it",
                expected=full.fingerprint[:16],
                found=other.fingerprint[:16],
                where="SHA-256 of all that was learned",
                hint="look at windows whose target is known after the cut, at scalers, selections and early stopping",
            )
        later = bars.times[(position + len(bars.times)) // 2]
        again = fitting(scramble_future(bars, later, seed + number), cut)
        past, same = full.times <= later, again.times <= later
        kept = _places(full, past)
        if kept != _places(again, same):
            raise ClockError(
                f"{title}: which forecasts are made up to {str(later)[:16]} changes with what came after it"
            )
        require_same(
            full.scores[past],
            again.scores[same],
            f"{title}: forecasts change with what came after {str(later)[:16]}",
            _named(kept),
            "a forecast may use its own window only",
        )
    return len(_SHARES)


def check_model(model: Model, bars: Bars, seed: int = 0) -> int:
    """`check_fitting` of a model in the house's own way of fitting; returns how many cuts were tried."""
    return check_fitting(fitting_of(model), bars, f"model {model.name!r}", seed)


def fitting_of(model: Model, normaliser: Normaliser | None = None) -> Fitting:
    """Make the house's way from bars to a fitted model: windows, purged fold, fitted normaliser, fit, speak.

    A network learns for two epochs, in small batches, with one seed.
    """
    from tidegate.learn.fit import fit_network, fit_rival
    from tidegate.learn.speak import speak
    from tidegate.learn.target import StandardTarget
    from tidegate.learn.training import Training

    scaler = Standard() if normaliser is None else normaliser

    def fitting(bars: Bars, cut: np.datetime64) -> Trained:
        windows = example_windows(bars, grouped=isinstance(model, Network) and model.reads_context > 0)
        position = int(np.searchsorted(bars.times, cut)) + 1
        fold = Fold.of(0, Span(0, position), None, Span(position, len(bars.times)))
        marked = fold.training(windows)
        train, affine = np.flatnonzero(marked), scaler.fit(windows, marked)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            if isinstance(model, Rival):
                learned = fit_rival(model, windows, affine, train, work)
            else:
                assert isinstance(model, Network)
                scale, training = StandardTarget().fit(windows.target[train]), Training(epochs=2, batch=32)
                learned = fit_network(model, training, windows, affine, scale, train, train[:0], {}, 0, work)
            which = np.flatnonzero(fold.testing(windows))
            scores = speak(learned, windows, affine, which)
        panel, rows = windows.panel, windows.anchors[which]
        assets = np.array(panel.assets)[panel.row_asset[rows]]
        return Trained(learned.fingerprint, scores, panel.times[panel.row_time[rows]], assets)

    return fitting


def _named(places: list[tuple[str, str]]) -> Place:
    def place(at: tuple[int, ...]) -> str:
        return " ".join(places[at[0]])

    return place


def _places(trained: Trained, which: NDArray[np.bool_]) -> list[tuple[str, str]]:
    return [
        (str(time)[:16], str(asset)) for time, asset in zip(trained.times[which], trained.assets[which], strict=True)
    ]
