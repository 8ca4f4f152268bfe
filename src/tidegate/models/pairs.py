"""RankNet's loss for boosted trees: of two assets of one date, the one that did better should score higher.

LightGBM has objectives for lists alone. All pairs of a date of 3,000 assets are 4.5 million; here each row meets a few
others of its date before each tree, drawn anew: the mean of the gradient over the draws is that over all pairs.
"""

import numpy as np
from scipy.special import expit

from tidegate.types.axes import FloatArray, IntArray

__all__ = ["Pairs"]


class Pairs:
    """Gradient and curvature of ``log(1 + exp(-(s_i - s_j)))`` over drawn pairs with grade i above grade j.

    Each draw turns every date by a chance number of places, so that a row meets one row ahead and one behind: no pair
    is met with another chance than any other. Rows of one date lie beside each other.

    Shapes
        ``sizes [D]`` adds up to M; `grade` and `weight` ``[M]``.
    Source
        Burges et al. (2005), *Learning to rank using gradient descent*.
    """

    def __init__(
        self, sizes: IntArray, grade: IntArray, weight: FloatArray, draws: int, generator: np.random.Generator
    ) -> None:
        self.sizes, self.grade, self.weight = sizes, grade, weight
        self.draws, self.generator = draws, generator
        self._first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        self._size = np.repeat(sizes, sizes)
        self._place = np.arange(len(grade)) - self._first

    def slopes(self, score: FloatArray) -> tuple[FloatArray, FloatArray]:
        """First and second derivative by each row's score ``[M]``, mean over the draws, times the rows' weights."""
        slope, bend = np.zeros(len(score)), np.zeros(len(score))
        for _ in range(self.draws):
            steps = 1 + self.generator.integers(0, np.maximum(self.sizes - 1, 1))
            met = self._first + (self._place + np.repeat(steps, self.sizes)) % self._size
            sign = np.sign(self.grade - self.grade[met])
            wrong = expit(-sign * (score - score[met]))
            push, curve = -sign * wrong, np.abs(sign) * wrong * (1.0 - wrong)
            slope += push
            bend += curve
            slope[met] -= push  # each row is met once
            bend[met] += curve
        return slope * self.weight / self.draws, bend * self.weight / self.draws
