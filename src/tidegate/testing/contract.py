"""The contract of a family, run over a member: laws of every component first, then the kit of its family.

Nothing is registered. `every_member` walks packages; a new member is one new file, and it is under contract at once:

    for kind in every_member("factors", "my_package"):
        check_member(kind)
"""

from collections.abc import Callable

import tidegate.catalog  # noqa: F401 - lets settings find members by name
from tidegate.component import Component
from tidegate.errors import UnknownNameError
from tidegate.factors.base import FactorSet
from tidegate.market.base import Market
from tidegate.market.universe import UniverseRule
from tidegate.models.base import Model
from tidegate.prepare.date_step import DateStep
from tidegate.prepare.label import Label
from tidegate.prepare.normaliser import Normaliser
from tidegate.prepare.split import Split
from tidegate.strategy.base import Timing
from tidegate.strategy.selection import Selection
from tidegate.strategy.within_bar import WithinBar
from tidegate.testing.blind_bars import check_within_bar
from tidegate.testing.blind_decisions import check_market, check_timing
from tidegate.testing.blind_factors import check_factor_set
from tidegate.testing.blind_labels import check_label
from tidegate.testing.blind_models import check_model
from tidegate.testing.blind_reports import check_reporting_set
from tidegate.testing.blind_selections import check_selection
from tidegate.testing.blind_steps import check_step
from tidegate.testing.blind_universes import check_universe_rule
from tidegate.testing.blind_windows import check_normaliser, check_split
from tidegate.testing.history import example_bars
from tidegate.testing.laws import check_component
from tidegate.types.bars import Bars
from tidegate.walk import families_of, walk

__all__ = ["check_blind", "check_member", "every_member", "families"]


def families(*packages: str) -> dict[str, type[Component]]:
    """Each family's name → the abstract class that stands for it; see `tidegate.walk.families_of`."""
    return families_of(*packages)


def every_member(family: str, *packages: str) -> list[type[Component]]:
    """Members of a family found by walking `packages` (all of Tidegate where none is given), by name.

    Raises `UnknownNameError` for a family nobody stands for.

    >>> "price-level" in [kind.name for kind in every_member("factors", "tidegate.factors")]
    True
    """
    known = families_of(*packages)
    if family not in known:
        raise UnknownNameError.among("family", family, known)
    return list(walk(*packages).get(family, {}).values())


def check_member(kind: type[Component], bars: Bars | None = None) -> int:
    """Hold a member to the laws of components and to the contract of its family; returns how many cuts were tried.

    Errors
        `SettingError` where a law is broken, `ClockError` where a number knows its future.

    >>> from tidegate.factors.level import PriceLevel
    >>> check_member(PriceLevel, example_bars(sessions=60)) >= 8
    True
    """
    return check_blind(check_component(kind), bars)


def check_blind(member: Component, bars: Bars | None = None) -> int:
    """Hold one member, as it is set, to the contract of its family alone; returns the cuts tried, 0 without a clock."""
    held = example_bars() if bars is None else bars
    kits: list[tuple[type[Component], Callable[..., int]]] = [
        (FactorSet, check_factor_set),
        (Label, check_label),
        (Normaliser, check_normaliser),
        (Split, check_split),
        (DateStep, check_step),
        (Model, check_model),
        (Market, check_market),
        (UniverseRule, check_universe_rule),
    ]
    if isinstance(member, Timing):
        return check_timing(member)
    traded: list[tuple[type[Component], Callable[..., int]]] = [
        (WithinBar, check_within_bar),
        (Selection, check_selection),
    ]
    if owed := [check for branch, check in traded if isinstance(member, branch)]:
        return sum(check(member) for check in owed)
    if isinstance(member, FactorSet) and member.reads_reports:
        return check_reporting_set(member)
    for family, check in kits:
        if isinstance(member, family):
            return check(member, held)
    return 0
