"""The studies that leaking components, and fair ones beside them, are put into, and what an audit says of each.

Two tiny studies carry them all: two assets of noise that a line forecasts and a timing trades, and ten made A shares
that are ranked and held. A case is what it changes of one of them.
"""

# ruff: noqa: E501 - a case a line
from pathlib import Path
from typing import Any, NamedTuple

import tidegate

__all__ = ["STUDIES", "Planted", "audited", "found"]

NOISE: dict[str, Any] = {
    "name": "noise",
    "title": {"en": "Noise", "zh": "噪声"},
    "source": {"name": "noise-world", "sessions": 240, "seed": 3, "assets": 2},
    "universe": [],
    "span": {"first": None, "last": None},
    "factors": {"name": "raw-fields", "fields": ["close", "volume"]},
    "lookback": 5,
    "count": "rows",
    "label": {"name": "forward-return", "horizon": {"lag": 1, "span": 3}},
    "normaliser": {"name": "standard"},
    "target_scaling": {"name": "standard-target"},
    "split": {"name": "share-split", "train": 0.5, "valid": 0.2},
    "model": {"name": "linear"},
    "training": None,
    "seeds": [0],
    "rivals": [],
    "strategy": {"name": "hold-after-signal", "days": 3},
    "markets": [{"name": "frictionless"}],
}
SHARES: dict[str, Any] = {
    **NOISE,
    "name": "shares",
    "source": {"name": "stock-world", "assets": 10, "sessions": 260, "seed": 1, "ic": 0.05},
    "strategy": {"name": "rank-and-hold", "names": 3, "days": 3},
    "markets": [{"name": "a-share"}],
}
H3 = {"horizon": {"lag": 1, "span": 3}}


class Planted(NamedTuple):
    """One study: what is changed, whether that leaks, who does it, and why no test can find it, if none can."""

    name: str
    room: str
    leak: bool
    who: str
    changes: dict[str, Any]
    base: dict[str, Any]
    limit: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The study as it is declared."""
        return {**self.base, **self.changes, "name": self.name}


def _leak(name: str, room: str, who: str, base: dict[str, Any], limit: str = "", **changes: Any) -> Planted:
    return Planted(name, room, True, who, changes, base, limit)


def _fair(name: str, room: str, who: str, base: dict[str, Any], **changes: Any) -> Planted:
    return Planted(name, room, False, who, changes, base)


def _of(name: str, **settings: Any) -> dict[str, Any]:
    return {"name": name, **settings}


_IN_SPLIT = {"train_end": "2000-07-14", "test_start": "2000-06-01"}
_PAST = "the price is past when it is paid, so nothing of the future moves it: what it means is not in the numbers"
_FILE = "the file itself is wrong: whoever changes later rows of it changes nothing earlier"

STUDIES: tuple[Planted, ...] = (
    _leak("centred", "features", "who convolves in mode same", NOISE, factors=_of("leaky-centred-closes")),
    _fair("trailing", "features", "the same convolution, cut", NOISE, factors=_of("fair-trailing-closes")),
    _leak("next-return", "features", "who leaves the label among the factors", NOISE, factors=_of("leaky-next-return")),
    _fair("last-return", "features", "a shift, backwards", NOISE, factors=_of("fair-last-return")),
    _leak("rank-of-all", "features", "who ranks a whole column", SHARES, factors=_of("leaky-rank")),
    _fair("rank-of-day", "features", "ranks by date", SHARES, factors=_of("fair-rank")),
    _leak("rare-peek", "features", "who repairs jumps with the next bar", NOISE, factors=_of("leaky-rare-peek")),
    _fair("rare-look-back", "features", "repairs with the bar before", NOISE, factors=_of("fair-rare-look-back")),
    _leak("adjusted-level", "adjustment", "who adjusts from the last day", SHARES, factors=_of("leaky-adjusted-level")),
    _fair("first-level", "adjustment", "adjusts from the first day", SHARES, factors=_of("fair-adjusted-level")),
    _leak("adjusted-file", "adjustment", "who downloads adjusted prices", SHARES, source=_of("leaky-adjusted-file")),
    _leak("adjusted-timing", "adjustment", "the same, one share, where no lots are traded", NOISE, limit=_FILE,
          source=_of("leaky-adjusted-file"), universe=["000001.SZ"]),
    _leak("smoothed-label", "labels", "who smooths a label past its horizon", NOISE, label=_of("leaky-smoothed-label", **H3)),
    _fair("smoothed-within", "labels", "smooths within the horizon", NOISE, label=_of("fair-smoothed-label", **H3)),
    _leak("scaled-label", "labels", "who scales labels by their own deviation", NOISE, label=_of("leaky-scaled-label", **H3)),
    _fair("scaled-by-anchor", "labels", "scales labels by the anchor's bar", NOISE, label=_of("fair-scaled-label", **H3)),
    _leak("early-label", "labels", "who forgets that labels overlap the cut", NOISE, label=_of("leaky-early-label", **H3)),
    _fair("late-label", "labels", "purges more than it must", NOISE,
          label=_of("fair-late-label", horizon={"lag": 1, "span": 5})),
    _leak("fit-on-all", "preprocessing", "who fits a scaler before the split", NOISE, normaliser=_of("leaky-standard")),
    _fair("fit-on-training", "preprocessing", "a scaler of quartiles, of training", NOISE, normaliser=_of("fair-median")),
    _leak("window-future", "preprocessing", "who scales windows by input and target together", NOISE,
          normaliser=_of("leaky-window")),
    _fair("window-itself", "preprocessing", "scales windows by themselves", NOISE, normaliser=_of("fair-window")),
    _leak("overlap", "splits", "the published split that judges a year it learned", NOISE,
          split=_of("overlapping-split", **_IN_SPLIT)),
    _fair("one-cut", "splits", "a cut without embargo: the purge is enough", NOISE,
          split=_of("single-split", train_end="2000-06-30", test_start="2000-07-01", valid_share=0.2)),
    _leak("random-windows", "splits", "the published hold-out of random windows", NOISE,
          hold_out=_of("random-windows", share=0.2, seed=0)),
    _fair("walk-forward", "splits", "a month after another, each learned anew", NOISE,
          split=_of("walk-forward", first_test="2000-08-01", every="month")),
    _leak("centred-forecasts", "training", "who centres forecasts on the test range", NOISE, model=_of("leaky-centred-forecasts")),
    _fair("centred-before", "training", "centres forecasts on training", NOISE, model=_of("fair-centred-forecasts")),
    _leak("batch-statistics", "training", "who forgets eval() before the forecast", NOISE, model=_of("leaky-batch-statistics")),
    _fair("window-statistics", "training", "statistics of each window", NOISE, model=_of("fair-window-statistics")),
    _leak("next-window", "training", "who is off by one between windows and answers", NOISE, model=_of("leaky-next-window")),
    _leak("rival-next-window", "training", "the same in a rival: it flatters nobody, and is a leak", NOISE,
          rivals=[_of("leaky-next-window")]),
    _leak("sign-of-next", "execution", "who trades on the sign of the score to come", NOISE,
          factors=_of("fair-last-return"), strategy=_of("leaky-early-entry")),
    _leak("median-threshold", "selection", "who sets a threshold by the scores of the test", NOISE,
          strategy=_of("leaky-median-threshold")),
    _fair("fading-exposure", "selection", "a book that remembers", NOISE, strategy=_of("fair-fading-exposure")),
    _leak("early-entry", "execution", "who rolls exposures the wrong way", NOISE, strategy=_of("leaky-early-entry")),
    _leak("survivors", "universe", "who takes the shares of today", SHARES, filters=[_of("leaky-survivors")]),
    _fair("traded-lately", "universe", "what traded within five sessions", SHARES, filters=[_of("fair-traded-lately")]),
    _leak("largest", "universe", "who takes the most traded of all time", SHARES, filters=[_of("leaky-largest")]),
    _fair("largest-so-far", "universe", "the most traded so far", SHARES, filters=[_of("fair-largest")]),
    _leak("never-at-risk", "universe", "who leaves out what was warned later", SHARES, filters=[_of("leaky-never-at-risk")]),
    _fair("not-yet-at-risk", "universe", "leaves out what has been warned", SHARES, filters=[_of("fair-not-yet-at-risk")]),
    _leak("trades-tomorrow", "universe", "who leaves out what is suspended tomorrow", SHARES,
          filters=[_of("leaky-trades-tomorrow")]),
    _leak("survivors-file", "universe", "who downloads today's list", SHARES, limit=_FILE, source=_of("leaky-survivors-file")),
    _fair("whole-file", "universe", "a file with all that is gone", SHARES, source=_of("fair-whole-file")),
    _leak("at-the-low", "execution", "who buys at the low", NOISE, markets=[_of("leaky-at-the-low")]),
    _fair("yesterdays-range", "execution", "slippage by yesterday's range", NOISE, markets=[_of("fair-yesterdays-range")]),
    _leak("at-the-close", "execution", "who fills tomorrow's open at tomorrow's close", NOISE, markets=[_of("leaky-at-the-close")]),
    _leak("no-losers", "execution", "who refuses purchases by the day's close", NOISE, markets=[_of("leaky-no-losers")]),
    _fair("no-gaps", "execution", "refuses purchases by the open", NOISE, markets=[_of("fair-no-gaps")]),
    _leak("fees-of-all", "execution", "who takes a fee tier by the turnover of all years", NOISE, markets=[_of("leaky-fees")]),
    _fair("fees-of-yesterday", "execution", "a fee by yesterday's volume", NOISE, markets=[_of("fair-fees")]),
    _leak("at-the-decision", "execution", "who trades at the close that decided", NOISE, limit=_PAST,
          markets=[_of("leaky-at-the-decision")]),
    _leak("shifted-column", "features", "who joins a vendor's column a day off, in the file", NOISE, limit=_FILE,
          source=_of("leaky-shifted-column")),
)  # fmt: skip


def audited(case: Planted, out: Path, only: tuple[str, ...] | None = None) -> tuple[dict[str, str], str]:
    """What each test said of a case by itself, and the first sentence of a test that found something."""
    from leaks import after, before, places

    assert all((after, before, places))  # importing them makes their components known by name
    made = tidegate.audit(case.document, only=only, out=out)[case.name]
    said = {verdict.test: verdict.status for verdict in made.verdicts}
    first = next((v for v in made.verdicts if v.status in {"failed", "could not run", "warned"}), None)
    return said, "" if first is None else f"{first.test} {first.status}: {first.words.en} {first.first or ''}"


def found(said: dict[str, str]) -> str:
    """What an audit came to: found (a test failed), refused (could not run), warned (L7 or L10), or nothing."""
    if "failed" in said.values():
        return "found"
    if "could not run" in said.values():
        return "refused"
    return "warned" if "warned" in (said.get("L7"), said.get("L10")) else "nothing"
