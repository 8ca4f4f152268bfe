"""Factor sets that read reports owe: row *t* knows what was usable by CLOSE(t), and nothing later (L1, L2, L10)."""

import numpy as np

from tidegate.errors import ClockError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.testing.compare import name_rows, require_same
from tidegate.testing.reports import example_history, scramble_reports
from tidegate.testing.scramble import cut_times, scramble_future
from tidegate.types.axes import TimeArray
from tidegate.types.history import History

__all__ = ["check_reporting_set"]

_HINT = "look for a fact taken at its period's end, a restated value, a deadline passed over, or a filled-in gap"


def check_reporting_set(factors: FactorSet, history: History | None = None, cuts: int = 8, seed: int = 0) -> int:
    """Cut and scramble the future of bars and reports; no row up to a cut may change; returns the cuts tried.

    Three ways at each cut: everything later is cut off (L1); bars, facts, classes and memberships after it are
    replaced by others (L2); reports alone are, bars staying as they are (L10). Cuts lie over the axis, around splits,
    and on the eves of announcements.

    Errors
        `ClockError` with the first number that changed: row, time, asset, field, before and after.

    >>> from tidegate.factors.styles.multi_factor import MultiFactorTwelve
    >>> check_reporting_set(MultiFactorTwelve(), example_history(sessions=90, assets=2), cuts=2) >= 2
    True
    """
    held = example_history() if history is None else history
    full = _asked(factors, held)
    if not np.isfinite(full.values).any():
        raise ClockError(f"factors {factors.name!r}: not one number is left of the example")
    labels = _labels(held, cuts, seed)
    for number, cut in enumerate(labels):
        day, throw = cut.astype("datetime64[D]").item(), seed + number
        reported = scramble_reports(held, day, throw)
        ways = {
            "cutting": held.upto(cut),
            "scrambling": History.of(scramble_future(held.bars, cut, throw), None, reported),
            "scrambling the reports": History.of(held.bars, None, reported),
        }
        past = held.bars.frame["time"].to_numpy() <= cut
        for verb, other in ways.items():
            made = _asked(factors, other)
            if made.fields != full.fields:
                raise ClockError(
                    f"factors {factors.name!r}: the fields themselves depend on the future",
                    expected=full.fields, found=made.fields, where=cut,
                )  # fmt: skip
            require_same(
                full.values[past],
                made.values[other.bars.frame["time"].to_numpy() <= cut],
                f"factors {factors.name!r} look past {str(cut)[:10]} ({verb} what came after it)",
                name_rows(held.bars, past, full.fields),
                _HINT,
            )
    return len(labels)


def _asked(factors: FactorSet, history: History) -> FactorValues:
    made = factors.at(history)
    wanted = (history.rows.frame.height, len(made.fields))
    if made.values.shape != wanted:
        raise ClockError(
            f"factors {factors.name!r}: the values' rows are not the wanted rows",
            expected=wanted, found=made.values.shape, hint="give one row per wanted row, in their order",
        )  # fmt: skip
    return made


def _labels(history: History, cuts: int, seed: int) -> TimeArray:
    """Cuts over the axis, and the sessions before some announcements."""
    spread = cut_times(history.bars, cuts, seed)
    facts = history.reported.facts
    if facts is None:
        return spread
    days = facts.frame["usable"].unique().sort().to_numpy().astype("datetime64[us]")
    inside = days[(days > history.bars.times[1]) & (days <= history.bars.times[-1])]
    chosen = np.random.default_rng(seed).choice(inside, min(3, inside.size), replace=False)
    eves = history.bars.times[np.searchsorted(history.bars.times, chosen) - 1]
    return np.unique(np.concatenate([spread, eves]))
