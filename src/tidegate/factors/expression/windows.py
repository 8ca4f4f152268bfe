"""Window operators: which kernel serves which, what the kernels' statistics become, and one call for many windows.

Operators that need the same statistics of the same column share them: a slope, its r² and its residual, over five
windows, are one call of one kernel.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tidegate.factors.expression import finishing, kernels, ordering
from tidegate.factors.expression.tree import Expression
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Call", "Group", "group_key"]

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and what it is called with, piece after piece."""

_KERNEL: Final = {
    "sum": "sums", "mean": "sums", "count": "hits", "variance": "moments", "std": "moments", "skew": "shapes",
    "kurt": "shapes", "min": "lowest", "max": "highest", "bars_since_min": "since_lowest",
    "bars_since_max": "since_highest", "rank": "ranks", "quantile": "quantiles", "exponential_mean": "decayed",
    "slope": "trends", "r_squared": "trends", "residual": "trends", "covariance": "comoments",
    "correlation": "comoments", "beta": "comoments", "beta_residual": "comoments",
}  # fmt: skip
_STATISTICS: Final = {"moments": 2, "shapes": 4, "since_lowest": 2, "since_highest": 2, "trends": 3, "comoments": 5}
_TURNED: Final = frozenset({"lowest", "since_lowest"})


def group_key(node: Expression) -> tuple[str, ...]:
    """Nodes of one key share one call; quantiles of one window do, too."""
    kernel = _KERNEL[node.operator]
    own = (str(node.bars),) if kernel == "quantiles" else ()
    return (kernel, *own, *(child.digest for child in node.children))


@dataclass
class Group:
    """All windows of one kernel over the same columns; holds their memory."""

    kernel: str
    variants: list[tuple[float | int | str, ...]] = field(default_factory=list)
    statistics: FloatArray = field(default_factory=lambda: np.empty((0, 0, 0)))
    _flat: FloatArray = field(default_factory=lambda: np.empty(0))

    def add(self, node: Expression) -> None:
        """Count in a node; before `ready`."""
        if self._variant(node) not in self.variants:
            self.variants.append(self._variant(node))

    def ready(self, cap: int) -> None:
        """Take memory for columns of up to `cap` rows."""
        self.variants.sort()
        self._flat = np.empty(len(self.variants) * _STATISTICS.get(self.kernel, 1) * cap)

    def _variant(self, node: Expression) -> tuple[float | int | str, ...]:
        return node.settings if self.kernel in {"quantiles", "decayed"} else node.settings[:1]

    def computing(
        self, columns: list[FloatArray], run: IntArray, work: FloatArray, spare: FloatArray
    ) -> Iterator[Call]:
        """The calls that compute every window over this piece; `work` is flat and large enough, `spare` is [n]."""
        n, kind = columns[0].size, self.kernel
        deep = _STATISTICS.get(kind, 1)
        made = self._flat[: len(self.variants) * deep * n].reshape(len(self.variants), deep, n)
        held = work[: 3 * deep * n].reshape(3, deep, n)
        self.statistics = made
        x = columns[0]
        windows = np.array([variant[0] for variant in self.variants], np.int64)
        if kind in _TURNED:
            yield np.negative, (x, spare)
            x = spare
        elif kind == "hits":
            yield np.not_equal, (x, 0.0, spare)
            x = spare
        if kind == "quantiles":
            shares = np.array([variant[1] for variant in self.variants], np.float64)
            yield ordering.quantiles, (x, run, int(windows[0]), shares, work[-int(windows[0]) :], made[:, 0])
        elif kind == "decayed":
            keeps = np.array([1.0 - 2.0 / (float(variant[1]) + 1.0) for variant in self.variants])
            yield kernels.decayed, (x, windows, keeps, made, held)
        elif kind in {"moments", "shapes"}:
            yield kernels.moments, (x, windows, made, held, deep)
        elif kind == "comoments":
            yield kernels.comoments, (x, columns[1], windows, made, held)
        else:
            yield _PLAIN[kind], (x, windows, made, held)

    def finishing(self, node: Expression, columns: list[FloatArray], run: IntArray, made: FloatArray) -> Iterator[Call]:
        """The calls that bring one node's statistics into its values; missing where its window is not full."""
        statistics = self.statistics[self.variants.index(self._variant(node))]
        bars, count, name = node.bars, float(node.bars), node.operator
        if name in _DIVISOR:
            which, divisor = _DIVISOR[name](count)
            yield finishing.divided, (statistics[which], divisor, run, bars, made)
        elif name == "exponential_mean":
            keep = 1.0 - 2.0 / (float(node.settings[1]) + 1.0)
            yield finishing.divided, (statistics[0], float(np.sum(keep ** np.arange(bars)[::-1])), run, bars, made)
        elif name == "std":
            yield finishing.spread, (statistics[1], count - 1.0, run, bars, made)
        elif name == "correlation":
            yield finishing.correlation, (statistics[2:], run, bars, made)
        elif name == "r_squared":
            yield finishing.squared, (statistics, _over_time(count), run, bars, made)
        elif name == "residual":
            yield finishing.residual, (columns[0], statistics, (count - 1.0) / 2.0 / _over_time(count), run, bars, made)
        else:
            yield _FINISH[name], (statistics, count, columns, made)
            yield ordering.masked, (made, run, bars)


_PLAIN: Final[dict[str, Callable[..., Any]]] = {
    "sums": kernels.sums,
    "hits": kernels.sums,
    "highest": kernels.highest,
    "lowest": kernels.highest,
    "since_highest": kernels.latest_highest,
    "since_lowest": kernels.latest_highest,
    "ranks": ordering.ranks,
    "trends": kernels.trends,
}

Columns = list[FloatArray]


def _over_time(n: float) -> float:
    """Σ (time - its mean)² of n bars."""
    return n * (n * n - 1.0) / 12.0


def _skew(s: FloatArray, n: float, _: Columns, to: FloatArray) -> None:
    to[:] = (n * np.sqrt(n - 1.0) / (n - 2.0)) * s[2] / (s[1] * np.sqrt(s[1]))


def _kurt(s: FloatArray, n: float, _: Columns, to: FloatArray) -> None:
    first = n * (n + 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0))
    to[:] = first * s[3] / (s[1] * s[1]) - 3.0 * (n - 1.0) ** 2 / ((n - 2.0) * (n - 3.0))


def _beta(s: FloatArray, _n: float, _: Columns, to: FloatArray) -> None:
    np.divide(s[3], s[4], out=to)


def _beta_residual(s: FloatArray, _n: float, x: Columns, to: FloatArray) -> None:
    np.divide(s[3], s[4], out=to)
    to *= x[1] - s[1]
    np.subtract(x[0] - s[0], to, out=to)


_FINISH: Final[dict[str, Callable[[FloatArray, float, Columns, FloatArray], None]]] = {
    "skew": _skew, "kurt": _kurt, "beta": _beta, "beta_residual": _beta_residual,
}  # fmt: skip

# Which statistic, divided by what.
_DIVISOR: Final[dict[str, Callable[[float], tuple[int, float]]]] = {
    "sum": lambda _: (0, 1.0),
    "mean": lambda n: (0, n),
    "count": lambda _: (0, 1.0),
    "variance": lambda n: (1, n - 1.0),
    "min": lambda _: (0, -1.0),
    "max": lambda _: (0, 1.0),
    "bars_since_min": lambda _: (1, 1.0),
    "bars_since_max": lambda _: (1, 1.0),
    "rank": lambda _: (0, 1.0),
    "quantile": lambda _: (0, 1.0),
    "slope": lambda n: (2, _over_time(n)),
    "covariance": lambda n: (3, n - 1.0),
}
