"""A main series made of contracts: the source that a study names when it has every contract's own bars."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from tidegate.data.futures_chain import main_series
from tidegate.data.source import Source
from tidegate.types.bars import Bars

__all__ = ["JoinedContracts"]


class JoinedContracts(Source):
    """Bars of contracts, daily or shorter → the main contract's bars, with `factor` and `roll_from` at each switch.

    Formula
        `main_series`: the switch is decided at a session's close and holds from the next session's first open; prices
        stay those of the contracts.
    Known at
        As the contracts' bars.
    Missing values
        `roll_from` is null but in the first bar of a switch.
    Errors
        As `main_series`.

    >>> from tidegate.data.rebar_chain import RebarChain
    >>> bars = JoinedContracts(
    ...     contracts=RebarChain(sessions=30, seed=1, frequency="60min", spacing=12), product="RB"
    ... ).bars()
    >>> bars.assets, bars.frame["roll_from"].drop_nulls().len()
    (('RB',), 2)
    """

    name: ClassVar[str] = "joined-contracts"
    example: ClassVar[dict[str, Any]] = {
        "contracts": {"name": "rebar-chain", "sessions": 30, "seed": 1, "frequency": "1d", "spacing": 12},
        "product": "RB",
    }

    contracts: Source = Field(description="bars of the contracts, one asset each, named in the order of delivery")
    product: str = Field(min_length=1, description="name of the series")
    by: Literal["open_interest", "volume"] = Field(
        default="open_interest", description="what decides which contract is the main one"
    )

    def bars(self) -> Bars:
        """Read the contracts and join them."""
        return main_series(self.contracts.bars(), self.product, self.by).bars
