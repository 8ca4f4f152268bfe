"""A network that is handed its windows with their axes scrambled: a published mistake, for comparison."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from tidegate.errors import SettingError
from tidegate.models.base import Network, Part

if TYPE_CHECKING:
    import torch

__all__ = ["ScrambledAxes"]


class ScrambledAxes(Network):
    """The network `inner` on windows ``[B, L, F]`` whose numbers are read off as ``[B, rows, columns]``.

    ``reshape``, no transposition: with 5 days of 7 factors read as 7 rows of 5, the first row is 5 factors of the first
    day, the second its other 2 and 3 of the day after. What the cell takes for time is neither time nor factor.

    Shapes
        ``rows · columns = L · F``; ``x [B, L, F]`` → ``[B, outputs]``.
    Errors
        `SettingError` where the numbers do not fill the rows.
    Source
        The public template of the stock-selection study reshapes its windows of (5, 7) to (7, 5).

    >>> import torch
    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> network = ScrambledAxes(inner=RecurrentNetwork(cell=LSTM(hidden=4), dense=()), rows=7, columns=5)
    >>> module = network.build(features=7, context=0, generator=torch.Generator().manual_seed(1))
    >>> module(torch.zeros(3, 5, 7), torch.zeros(3, 0)).shape
    torch.Size([3, 1])
    """

    name: ClassVar[str] = "scrambled-axes"
    mistake: ClassVar[str] = (
        "MISTAKE: the axes of its windows are scrambled; what it takes for time mixes days and factors."
    )
    example: ClassVar[dict[str, Any]] = {
        "inner": {"name": "recurrent-network", "cell": {"name": "lstm", "hidden": 4}, "dense": ()},
        "rows": 4,
        "columns": 5,
    }

    inner: Network = Field(description="the network that sees them")
    rows: int = Field(ge=1, description="rows that the numbers of a window are read as")
    columns: int = Field(ge=1, description="numbers in each")

    def build(self, features: int, context: int, generator: "torch.Generator") -> "torch.nn.Module":
        """Build the inner module for windows of `columns` features, behind the reshaping."""
        from tidegate.models.scrambled import Scrambled

        self._lookback(features)
        return Scrambled(self.inner.build(self.columns, context, generator), self.rows, self.columns)

    @property
    def penalised(self) -> bool:
        """Whether the inner network is."""
        return self.inner.penalised

    def penalty(self, module: "torch.nn.Module") -> "torch.Tensor":
        """The inner network's."""
        return self.inner.penalty(_within(module))

    def ponder_cost(self, module: "torch.nn.Module") -> "torch.Tensor | None":
        """The inner network's."""
        return self.inner.ponder_cost(_within(module))

    def parts(self, lookback: int, features: int, context: int) -> tuple[Part, ...]:
        """The window, the reshaping, then the inner network's parts, whose window is what was reshaped."""
        if self._lookback(features) != lookback:
            raise SettingError(
                "a window's numbers do not fill the rows",
                where=self.name,
                expected=f"{self.rows} · {self.columns} = {self.rows * self.columns}",
                found=f"{lookback} · {features} = {lookback * features}",
            )
        made = []
        for part in self.inner.parts(self.rows, self.columns, context):
            if part.key == "window":
                made.append(Part("window", "window", (lookback, features), 0, ()))
                made.append(Part("scrambled", "reshaped", (self.rows, self.columns), 0, ("window",)))
            else:
                sees = tuple("scrambled" if key == "window" else key for key in part.sees)
                made.append(part._replace(sees=sees))
        return tuple(made)

    def _lookback(self, features: int) -> int:
        """Rows of a window that has so many features; raises `SettingError` where that is no whole number."""
        if self.rows * self.columns % features:
            raise SettingError(
                "a window's numbers do not fill the rows",
                where=self.name,
                expected=f"a multiple of {features} features",
                found=f"{self.rows} · {self.columns}",
            )
        return self.rows * self.columns // features


def _within(module: "torch.nn.Module") -> "torch.nn.Module":
    from tidegate.models.scrambled import Scrambled

    assert isinstance(module, Scrambled)
    return module.inner
