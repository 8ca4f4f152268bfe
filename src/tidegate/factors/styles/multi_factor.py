"""The two named sets: 48 factors of ten styles, and the twelve that are compared with them."""

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from tidegate.errors import DataError
from tidegate.factors.base import FactorSet, FactorValues
from tidegate.factors.expression.evaluate import evaluate
from tidegate.factors.expression.text import parse
from tidegate.factors.styles.cards import MULTI_FACTOR, MULTI_FACTOR_12, card
from tidegate.factors.styles.fundamentals import REPORTED
from tidegate.factors.styles.known import Known
from tidegate.types.axes import FloatArray
from tidegate.types.bars import Bars
from tidegate.types.history import History
from tidegate.types.panel import Panel

__all__ = ["MultiFactor", "MultiFactorTwelve"]

_DERIVED: Final = (
    "Growth of revenue, net profit and equity is derived from market values and their multiples, not as reported."
)


class MultiFactor(FactorSet):
    """48 factors in ten styles.

    Value, growth, profitability, leverage, momentum and reversal, volatility, liquidity and turnover, size, beta,
    technical. The cards of `tidegate.factors.styles.cards` say of each what it is.

    Known at
        CLOSE(t), from bars up to *t* and reports usable by *t*.
    Units
        As each card says: fractions, ratios, logarithms of yuan.
    Missing values
        As each card says; a number that nobody reported is missing, never 0.
    Errors
        `DataError` where the history has no reports, or the bars lack shares, volume or amount.

    >>> from tidegate.testing.reports import example_history
    >>> values = MultiFactor().at(example_history())
    >>> values.values.shape[1], values.fields[:2]
    (48, ('earnings_to_price', 'book_to_price'))
    """

    name: ClassVar[str] = "multi-factor"

    @property
    def reads_reports(self) -> bool:
        """It does."""
        return True

    @property
    def styles(self) -> Mapping[str, str]:
        """As the cards say."""
        return {name: card(name).style for name in MULTI_FACTOR}

    def compute(self, bars: Bars) -> Panel:
        """Refuse: bars alone are not enough."""
        raise _bars_alone(self.name, bars)

    def at(self, history: History) -> FactorValues:
        """Compute the 48 at the wanted rows."""
        return _values(MULTI_FACTOR, history, self.name)


class MultiFactorTwelve(FactorSet):
    """The twelve of the ACT-LSTM document.

    Price over earnings, cash-flow volatility, growth of revenue and of net profit, book leverage, turnover and momentum
    of a month, market value, book over price, price, beta, return on equity. All but the first are among the 48.

    Known at
        CLOSE(t), from bars up to *t* and reports usable by *t*.
    Units
        As each card says; market value and price are logarithms.
    Missing values
        As each card says.
    Errors
        As `MultiFactor`.

    >>> from tidegate.testing.reports import example_history
    >>> MultiFactorTwelve().at(example_history()).fields[:2]
    ('price_to_earnings', 'cash_flow_volatility')
    """

    name: ClassVar[str] = "multi-factor-12"

    @property
    def reads_reports(self) -> bool:
        """It does."""
        return True

    @property
    def styles(self) -> Mapping[str, str]:
        """As the cards say."""
        return {name: card(name).style for name in MULTI_FACTOR_12}

    def compute(self, bars: Bars) -> Panel:
        """Refuse: bars alone are not enough."""
        raise _bars_alone(self.name, bars)

    def at(self, history: History) -> FactorValues:
        """Compute the twelve at the wanted rows."""
        return _values(MULTI_FACTOR_12, history, self.name)


def _bars_alone(name: str, bars: Bars) -> DataError:
    return DataError(
        f"{name} reads reports, and bars alone have none",
        where=bars.spec.title,
        expected="bars and reports",
        hint="ask with at(History.of(bars, rows, reported)); price-volume is a set for markets without reports",
    )


def _values(names: tuple[str, ...], history: History, asker: str) -> FactorValues:
    """The daily part by one pass over the bars, the reported part at the wanted rows alone."""
    known = Known(history, asker)
    cards = [card(name) for name in names]
    made: dict[str, FloatArray] = {one.name: REPORTED[one.name](known) for one in cards if one.reads_reports}
    daily = [one for one in cards if not one.reads_reports]
    values = evaluate([parse(one.formula) for one in daily], history.bars, rows=np.asarray(history.at))
    made.update({one.name: values[:, at] for at, one in enumerate(daily)})
    return FactorValues.of(history, {one.name: made[one.name] for one in cards}, stamps=(_DERIVED, *known.stamps))
