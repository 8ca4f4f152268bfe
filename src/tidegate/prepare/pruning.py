"""Which factors of a style say the same: the lesser known of two is left out, and a log says which and why.

A style with five versions of one idea weighs five times what it should, and a linear rival can't tell them apart. What
is alike is decided on training dates alone: a choice of inputs is fitted, like any other scaler or weight.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from tidegate.component import Settings
from tidegate.errors import DataError, UnknownNameError
from tidegate.prepare.rank_correlation import mean_rank_correlations
from tidegate.prepare.sections import CrossSections
from tidegate.types.axes import BoolArray, FloatArray, require

__all__ = ["Pruned", "Pruning", "Removal", "prune"]


@dataclass(frozen=True)
class Removal:
    """One factor that went: against which it was held, their mean rank correlation by date, over how many dates.

    `coverage` is the share of training rows that have the factor, `against_coverage` that of the one that stayed.
    """

    field: str
    style: str
    against: str
    correlation: float
    dates: int
    coverage: float
    against_coverage: float

    def __str__(self) -> str:
        return (
            f"{self.field} ({self.style}) went: mean rank correlation {self.correlation:+.3f} with {self.against} over "
            f"{self.dates} dates; coverage {self.coverage:.1%} against {self.against_coverage:.1%}"
        )


@dataclass(frozen=True)
class Pruned:
    """Fields that stay, in their old order, and the log of those that went.

    `unseen` are pairs of one style without a single date on which both could be compared: both stayed.

    Known at
        CLOSE of the last training date, `upto`.
    """

    kept: tuple[str, ...]
    log: tuple[Removal, ...]
    unseen: tuple[tuple[str, str], ...]
    upto: np.datetime64

    def of(self, sections: CrossSections) -> CrossSections:
        """Keep the fields that stay; raises `UnknownNameError` where one is not there."""
        for name in self.kept:
            if name not in sections.fields:
                raise UnknownNameError.among("field", name, sections.fields, where="pruning")
        columns = [sections.fields.index(name) for name in self.kept]
        return CrossSections.of(
            np.ascontiguousarray(sections.values[:, columns]),
            self.kept,
            sections.times,
            sections.assets,
            sections.offsets,
            sections.asset,
            sections.groups,
            sections.exposures,
        )


class Pruning(Settings):
    """Leave out a factor that ranks assets as another of its style does: ``|mean rank correlation by date| > limit``.

    Within a style, factors are taken by coverage on training dates (the share of rows that have a value, highest
    first), then in the order in which they are given. One stays unless it is too near to one that already stays; it is
    then logged against the nearest of those. A field without a style stays.

    Known at
        CLOSE of the last training date.

    >>> values = np.random.default_rng(0).normal(size=(8, 40, 1))
    >>> made = CrossSections.of_grid(np.concatenate([values, 2 * values, -(values**2)], axis=2), ("a", "b", "c"))
    >>> found = Pruning(styles={"a": "one", "b": "one", "c": "one"}).fit(made, np.arange(8) < 6)
    >>> found.kept, str(found.log[0])
    (('a', 'c'), 'b (one) went: mean rank correlation +1.000 with a over 6 dates; coverage 100.0% against 100.0%')
    """

    styles: Mapping[str, str] = Field(
        default={}, description="the style of each field; empty takes those that the factor set tells"
    )
    limit: float = Field(default=0.8, gt=0, le=1, description="largest absolute mean rank correlation that is borne")
    least: int = Field(default=20, ge=3, description="assets that two factors share on a date for it to count")

    def fit(self, sections: CrossSections, training: BoolArray, styles: Mapping[str, str] | None = None) -> Pruned:
        """Decide on training dates ``[T]``; `styles` are taken where the settings name none. Raises as `prune` does."""
        return prune(sections, self.styles or styles or {}, training, limit=self.limit, least=self.least)


def prune(
    sections: CrossSections, styles: Mapping[str, str], training: BoolArray, *, limit: float = 0.8, least: int = 20
) -> Pruned:
    """Decide which fields stay, from the training dates ``[T]`` of cross-sections; see `Pruning` for the rule.

    Known at
        CLOSE of the last training date: no later row is looked at.
    Missing values
        Left out by `rank_correlations`; coverage counts them.
    Errors
        `UnknownNameError` for a style of a field that is not there; `DataError` without a training date.
    """
    require(
        holds=training.shape == (len(sections),) and training.dtype == np.bool_,
        what="a mask of training dates",
        expected=(len(sections), "bool"),
        found=(training.shape, training.dtype),
    )
    if not training.any():
        raise DataError("there is no training date to prune on", found=f"{len(sections)} dates")
    for name in styles:
        if name not in sections.fields:
            raise UnknownNameError.among("field", name, sections.fields, where="styles")
    coverage = _coverage(sections, training)
    gone: set[int] = set()
    log: list[Removal] = []
    unseen: list[tuple[str, str]] = []
    for style, members in _by_style(sections.fields, styles):
        mean, count = mean_rank_correlations(_some(sections, members), training, least=least)
        order = sorted(range(len(members)), key=lambda place: (-coverage[members[place]], place))
        stays: list[int] = []
        for place in order:
            size = np.abs(mean[place, stays])
            unseen += [
                (sections.fields[members[one]], sections.fields[members[place]])
                for one, held in zip(stays, size, strict=True)
                if np.isnan(held)
            ]
            if not (size > limit).any():
                stays.append(place)
                continue
            nearest = stays[int(np.nanargmax(size))]
            gone.add(members[place])
            log.append(
                Removal(
                    sections.fields[members[place]],
                    style,
                    sections.fields[members[nearest]],
                    float(mean[place, nearest]),
                    int(count[place, nearest]),
                    float(coverage[members[place]]),
                    float(coverage[members[nearest]]),
                )
            )
    kept = tuple(name for place, name in enumerate(sections.fields) if place not in gone)
    return Pruned(kept, tuple(log), tuple(unseen), sections.times[np.flatnonzero(training)[-1]])


def _by_style(fields: tuple[str, ...], styles: Mapping[str, str]) -> Iterator[tuple[str, list[int]]]:
    """Styles with two members or more, and the members' places, both in the order of the fields."""
    for style in dict.fromkeys(styles[name] for name in fields if name in styles):
        members = [place for place, name in enumerate(fields) if styles.get(name) == style]
        if len(members) > 1:
            yield style, members


def _coverage(sections: CrossSections, training: BoolArray) -> FloatArray:
    """Share of the rows of training dates that have each field ``[F]``."""
    rows = np.repeat(training, np.diff(sections.offsets))
    return np.asarray((~np.isnan(sections.values[rows])).mean(axis=0)) if rows.any() else np.zeros(len(sections.fields))


def _some(sections: CrossSections, members: list[int]) -> CrossSections:
    return CrossSections.of(
        np.ascontiguousarray(sections.values[:, members]),
        tuple(sections.fields[place] for place in members),
        sections.times,
        sections.assets,
        sections.offsets,
        sections.asset,
    )
