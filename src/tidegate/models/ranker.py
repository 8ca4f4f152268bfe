"""A learning-to-rank model of assets: boosted trees that are taught which of a date's assets did better than which.

It is the ranker of the public platform on which the index-timing document traded stocks, as far as its settings say:
LightGBM takes its place. LightGBM is imported where it is used, and nowhere else.
"""

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tidegate.errors import RecordError
from tidegate.models.base import Rival, Seen
from tidegate.models.needs import needed
from tidegate.models.pairs import Pairs
from tidegate.models.relevance import Dealt, dealt
from tidegate.types.axes import FloatArray, IntArray, Single

__all__ = ["Ranker"]

_END = "end of trees"
"""What stands after the trees in LightGBM's text is for people: settings, and how often each field was used."""


class Ranker(Rival):
    """Gradient-boosted trees that learn each date's order (LambdaRank, XE-NDCG or RankNet), by LightGBM.

    Formula
        Each date is a list. A target's relevance is its standing among those of its date, in `grades` equal parts. The
        trees' sum *s* ranks; the forecast is ``level + slope (s - centre)``, a line fitted to the training rows (slope
        within dates, not below zero), so that it is in the label's unit and orders assets as the trees do.
        Objectives: ``lambdarank``, pairs weighed by what their exchange changes in the NDCG of the first `truncation`
        places (list-wise in its weights); ``xendcg``, the cross entropy of the whole list; ``pairwise``, RankNet on
        `pairs` drawn partners a row and tree.
    Shapes
        Columns are the last row of each window, or all of it: ``[F + C]`` or ``[L·F + C]``, normalised, in float32.
    Known at
        A forecast at CLOSE of the window's anchor; dates group what is learned from and are nothing to learn from.
    Missing values
        Refused, as of every model here.
    Errors
        `MissingExtraError` without LightGBM; `SettingError` where every date has one asset, or one has more than
        10,000; `RecordError` where nobody said which windows stand beside each other.
    Reproducible
        The same trees, bit for bit, whatever the order of rows and the number of threads; kept as LightGBM's own text,
        without its comments, as bytes. A forecast depends on its own row alone.
    Source
        Burges (2010), *From RankNet to LambdaRank to LambdaMART*; Bruch (2021), *An alternative cross entropy loss for
        learning-to-rank*; Ke et al. (2017), *LightGBM*. Defaults of leaves, rows in a leaf, trees, rate and bins are
        those that BigQuant documents for its StockRanker.

    >>> from tidegate.types import Horizon
    >>> rng = np.random.default_rng(0)
    >>> z = rng.normal(size=(400, 1, 2))
    >>> when = np.repeat(np.arange(20), 20)
    >>> seen = Seen(z, z, np.zeros((400, 0)), ("a", "b"), Horizon(lag=1, span=1), when)
    >>> ranker = Ranker(smallest_leaf=20)
    >>> said = ranker.predict(ranker.fit(seen, z[:, 0, 0], np.ones(400)), seen)
    >>> bool(np.corrcoef(said, z[:, 0, 0])[0, 1] > 0.8)
    True
    """

    name: ClassVar[str] = "ranker"
    needs: ClassVar[dict[str, str]] = {"lightgbm": "ranker"}
    example: ClassVar[dict[str, Any]] = {"smallest_leaf": 10, "trees": 5}

    objective: Literal["lambdarank", "xendcg", "pairwise"] = Field(
        default="lambdarank", description="what makes an order good: its first places, the whole list, or its pairs"
    )
    sees: Literal["last", "window"] = Field(
        default="window", description="the last row of each window, or all its rows as columns beside each other"
    )
    trees: int = Field(default=20, ge=1, description="trees, one after another")
    leaves: int = Field(default=30, ge=2, description="most leaves of a tree")
    smallest_leaf: int = Field(default=1000, ge=1, description="fewest training rows in a leaf")
    rate: float = Field(default=0.1, gt=0, le=1, description="what part of each tree's answer is taken")
    bins: int = Field(default=1023, ge=2, description="most values that a column is told apart by")
    grades: int = Field(default=20, ge=2, le=31, description="equal parts of each date's targets")
    gain: Literal["linear", "exponential"] = Field(
        default="linear", description="what a grade g is worth: g, or 2^g - 1; for lambdarank alone"
    )
    truncation: int = Field(default=30, ge=1, description="places at the top that lambdarank looks at")
    pairs: int = Field(default=4, ge=1, description="draws a row and tree; for pairwise alone")
    seed: int = Field(default=0, ge=0, lt=2**31, description="of the draws, and of the order within each date")
    threads: int = Field(default=1, ge=1, description="threads; they change no bit")

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Grow the trees, and fit the line from their sum to the label's unit."""
        if seen.time is None:
            raise RecordError(
                "a ranker must know which windows stand beside each other", expected="their dates", found="none"
            )
        lightgbm = needed("lightgbm", "ranker")
        generator = np.random.default_rng(self.seed)
        table = self._table(seen)
        rows = dealt(seen.time, target, table, self.grades, generator)
        table, target, weight, when = table[rows.order], target[rows.order], weight[rows.order], seen.time[rows.order]
        settings = self._settings()
        lists = lightgbm.Dataset(
            table,
            label=rows.grades,
            group=rows.sizes,
            weight=None if bool(np.all(weight == weight[0])) else weight / weight.mean(),
            params=settings,
        )
        if self.objective == "pairwise":
            settings["objective"] = _objective(rows, weight / weight.mean(), self.pairs, generator)
        sums = [np.zeros(len(target))]

        def hear(score: FloatArray, _: Any) -> tuple[str, float, bool]:
            """Keep the trees' sum of the training rows, which the last one completes; nothing is measured."""
            sums[0] = score
            return "nothing", 0.0, True

        grown = lightgbm.train(settings, lists, self.trees, valid_sets=[lists], feval=hear)
        text = str(grown.model_to_string()).partition(_END)[0] + _END + "\n"
        model: NDArray[Any] = np.frombuffer(text.encode(), dtype=np.uint8).copy()
        level, slope, centre = _line(np.array(sums[0], dtype=np.float64), target, weight, when)
        return {"model": model, "line": np.array([level, slope, centre])}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """``level + slope (s - centre)``."""
        lightgbm = needed("lightgbm", "ranker")
        trees = lightgbm.Booster(model_str=learned["model"].tobytes().decode())
        level, slope, centre = learned["line"]
        score = np.asarray(trees.predict(self._table(seen), num_threads=self.threads), dtype=np.float64)
        return np.asarray(level + slope * (score - centre))

    def _table(self, seen: Seen) -> Single:
        z = seen.z[:, -1:] if self.sees == "last" else seen.z
        flat = z.reshape(z.shape[0], -1).astype(np.float32)
        return np.concatenate([flat, seen.context.astype(np.float32)], axis=1) if seen.context.shape[1] else flat

    def _settings(self) -> dict[str, Any]:
        gains = [grade if self.gain == "linear" else 2**grade - 1 for grade in range(self.grades)]
        return {
            "objective": {"lambdarank": "lambdarank", "xendcg": "rank_xendcg", "pairwise": "none"}[self.objective],
            "num_leaves": self.leaves,
            "min_data_in_leaf": self.smallest_leaf,
            "learning_rate": self.rate,
            "max_bin": self.bins,
            "label_gain": gains,
            "lambdarank_truncation_level": self.truncation,
            "metric": "None",
            "seed": self.seed,
            "num_threads": self.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


def _objective(rows: Dealt, weight: FloatArray, draws: int, generator: np.random.Generator) -> Any:
    met = Pairs(rows.sizes, rows.grades, weight, draws, generator)
    return lambda score, lists: met.slopes(score)  # noqa: ARG005


def _line(score: FloatArray, target: FloatArray, weight: FloatArray, time: IntArray) -> tuple[float, float, float]:
    """Level and centre are weighted means; the slope is that of deviations from each date's means, or zero."""
    starts = np.flatnonzero(np.append(True, time[1:] != time[:-1]))
    sizes = np.diff(np.append(starts, len(time)))

    def apart(values: FloatArray) -> FloatArray:
        means = np.add.reduceat(values * weight, starts) / np.add.reduceat(weight, starts)
        return np.asarray(values - np.repeat(means, sizes))

    moved = apart(score)
    spread = float(np.sum(weight * moved**2))
    slope = float(np.sum(weight * moved * apart(target))) / spread if spread > 0 else 0.0
    return float(np.average(target, weights=weight)), max(slope, 0.0), float(np.average(score, weights=weight))
