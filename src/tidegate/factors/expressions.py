"""Factors of one's own, written as text, and the two named sets that are nothing but such text."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from tidegate.errors import SettingError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.factors.expression.evaluate import evaluate, panel_from
from tidegate.factors.expression.named import PRICE_RATIOS, WINDOWS, price_volume
from tidegate.factors.expression.operators import OPERATORS
from tidegate.factors.expression.text import parse
from tidegate.factors.expression.tree import Expression
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel

__all__ = ["Expressions", "PriceRatios", "PriceVolume"]


class Expressions(FactorSet):
    """Factors by name, each an expression: text, or an object made of the words of `tidegate.factors.expression.words`.

    Known at
        CLOSE(t). A lag into the future and a statistic of the whole sample are refused when the expression is made.
    Units
        As written.
    Missing values
        By each operator's rule; the first rows of an asset are missing as far as an expression looks back.
    Errors
        `SettingError`, `UnknownNameError` or `ClockError` when it is made; `DataError` where the bars lack a field.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> from tidegate.factors.expression.words import Close, Mean
    >>> made = Expressions(formulas={"above_mean": Close / Mean(Close, 20) - 1, "range": "(high - low) / close"})
    >>> made.formulas["above_mean"], made.lookback
    ('close / mean(close, 20) - 1', 19)
    >>> made.compute(NoiseWorld(sessions=40, seed=1).bars()).fields
    ('above_mean', 'range')
    """

    name: ClassVar[str] = "expressions"
    example: ClassVar[dict[str, Any]] = {"formulas": {"above_mean": "close / mean(close, 20) - 1"}}

    formulas: Mapping[str, str] = Field(min_length=1, description="expressions, by the names of the factors")

    @field_validator("formulas", mode="before")
    @classmethod
    def _as_text(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        return {name: str(held) if isinstance(held, Expression) else held for name, held in given.items()}

    @model_validator(mode="after")
    def _understood(self) -> "Expressions":
        for name in self.formulas:
            if not name.isidentifier():
                raise SettingError("a factor's name is a word", where=self.name, found=name)
        self.expressions()
        return self

    def expressions(self) -> dict[str, Expression]:
        """The expressions, by name."""
        return {name: parse(text) for name, text in self.formulas.items()}

    @property
    def lookback(self) -> int:
        """How many earlier bars of the same asset a row needs."""
        return max(held.lookback for held in self.expressions().values())

    @property
    def earlier_rows(self) -> int | None:
        """As far as the expressions look back; None where one looks across assets."""
        return _earlier(self.expressions())

    def compute(self, bars: Bars) -> Panel:
        """Compute every factor for every bar."""
        return panel_from(self.expressions(), bars)

    def at(self, history: History) -> FactorValues:
        """Compute every factor at the wanted rows, in double precision."""
        return _at(self.expressions(), history)


class PriceRatios(FactorSet):
    """Close and open over the mean close of 5, 10 and 20 bars, and close over open: seven factors.

    Known at
        CLOSE(t).
    Units
        Ratios of adjusted prices; around 1.
    Missing values
        The first 19 bars of an asset.
    Source
        The seven factors of the daily stock-selection document.

    >>> from tidegate.data.worlds import NoiseWorld
    >>> PriceRatios().compute(NoiseWorld(sessions=40, seed=1).bars()).fields[:4]
    ('close_to_mean_5', 'close_to_mean_10', 'close_to_mean_20', 'close_to_open')
    """

    name: ClassVar[str] = "price-ratios"

    @property
    def earlier_rows(self) -> int | None:
        """19, for the longest mean."""
        return _earlier({name: parse(text) for name, text in PRICE_RATIOS.items()})

    def compute(self, bars: Bars) -> Panel:
        """Compute the seven."""
        return panel_from({name: parse(text) for name, text in PRICE_RATIOS.items()}, bars)

    def at(self, history: History) -> FactorValues:
        """Compute the seven at the wanted rows, in double precision."""
        return _at({name: parse(text) for name, text in PRICE_RATIOS.items()}, history)


class PriceVolume(FactorSet):
    """Factors of prices and volumes alone: 13 shapes of a bar, and 29 over each window; 158 for the five windows.

    Every formula is readable text: ``price_volume()`` of `tidegate.factors.expression.named` gives all of them.

    Known at
        CLOSE(t).
    Units
        Ratios, shares and correlations: no price or volume level enters.
    Missing values
        Until a window is full; shares of a bar without range, correlations over a bar without volume, and shares of a
        sum that is 0.

    >>> from tidegate.testing.history import example_bars
    >>> len(PriceVolume().compute(example_bars(sessions=70)).fields)
    158
    """

    name: ClassVar[str] = "price-volume"

    windows: tuple[int, ...] = Field(default=WINDOWS, min_length=1, description="window lengths in bars")

    @model_validator(mode="after")
    def _long_enough(self) -> "PriceVolume":
        price_volume(self.windows)
        return self

    @property
    def earlier_rows(self) -> int | None:
        """As far as the longest window looks back."""
        return _earlier({name: parse(text) for name, text in price_volume(self.windows).items()})

    def compute(self, bars: Bars) -> Panel:
        """Compute every factor for every bar."""
        return panel_from({name: parse(text) for name, text in price_volume(self.windows).items()}, bars)

    def at(self, history: History) -> FactorValues:
        """Compute every factor at the wanted rows, in double precision."""
        return _at({name: parse(text) for name, text in price_volume(self.windows).items()}, history)


def _earlier(expressions: dict[str, Expression]) -> int | None:
    """How far back they look, None where one of them looks across assets."""
    nodes = (node for held in expressions.values() for node in held.walk())
    if any(node.operator in OPERATORS and OPERATORS[node.operator].kind == "cross" for node in nodes):
        return None
    return max(held.lookback for held in expressions.values())


def _at(expressions: dict[str, Expression], history: History) -> FactorValues:
    values = evaluate(list(expressions.values()), history.bars, rows=history.at)
    return FactorValues(values, tuple(expressions))
