"""The linear rival: ridge regression on everything that the network sees."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from tidegate.models.base import Rival, Seen
from tidegate.types.axes import FloatArray

__all__ = ["Linear"]

_BLOCK = 8192
"""Rows of the table that stand beside each other at a time: it is as wide as a window is long."""


class Linear(Rival):
    """Ridge regression on the flattened normalised window and the context, in closed form, float64.

    ``min_b Σ w (y - ȳ - X b)² + ridge Σ b²``, with the columns of X standardised by the training windows.

    Shapes
        ``X [M, L·F + C]``; a column that never changes gets no weight.
    Source
        Hoerl & Kennard (1970). The normal equations are solved by Cholesky's factors; a forecast is summed row by row,
        so that it does not depend on its neighbours.

    >>> import numpy as np
    >>> from tidegate.types import Horizon
    >>> z = np.linspace(-1.0, 1.0, 12).reshape(6, 2, 1) ** 3
    >>> seen = Seen(x=z, z=z, context=np.zeros((6, 0)), fields=("close",), horizon=Horizon(lag=1, span=1))
    >>> y = 2.0 * z[:, 0, 0] - z[:, 1, 0] + 0.5
    >>> rival = Linear(ridge=1e-9)
    >>> bool(np.allclose(rival.predict(rival.fit(seen, y, np.ones(6)), seen), y))
    True
    """

    name: ClassVar[str] = "linear"

    ridge: float = Field(default=1.0, gt=0, description="penalty on the squared coefficients of standardised columns")

    def fit(self, seen: Seen, target: FloatArray, weight: FloatArray) -> dict[str, FloatArray]:
        """Learn centre and scale of the columns, coefficients and level; rows are taken block by block."""
        import torch

        share = weight / np.sum(weight)
        blocks = [slice(at, at + _BLOCK) for at in range(0, len(target), _BLOCK)]
        centre = sum(np.einsum("mk,m->k", _table(seen, rows), share[rows]) for rows in blocks)
        spread = sum(np.einsum("mk,m->k", (_table(seen, rows) - centre) ** 2, share[rows]) for rows in blocks)
        scale = np.sqrt(spread)
        alive = scale > 1e-12 * np.maximum(1.0, np.abs(centre))
        divisor = np.where(alive, scale, 1.0)
        level = float(np.sum(target * share))
        columns = len(centre)
        normal = self.ridge * torch.eye(columns, dtype=torch.float64)
        right = torch.zeros(columns, dtype=torch.float64)
        for rows in blocks:
            x = torch.from_numpy(np.where(alive, _table(seen, rows) - centre, 0.0) / divisor)
            weighted = x * torch.tensor(weight[rows])[:, None]
            normal += x.T @ weighted
            right += weighted.T @ torch.from_numpy(target[rows] - level)
        solved = torch.cholesky_solve(right[:, None], torch.linalg.cholesky(normal))[:, 0].numpy()
        slope = np.where(alive, solved, 0.0) / divisor
        return {"slope": slope, "level": np.array([level]), "centre": centre}

    def predict(self, learned: dict[str, FloatArray], seen: Seen) -> FloatArray:
        """``level + Σ slope (x - centre)``."""
        moved = _table(seen, slice(None)) - learned["centre"]
        return np.asarray(np.sum(moved * learned["slope"], axis=1) + learned["level"][0])


def _table(seen: Seen, rows: slice) -> FloatArray:
    z = seen.z[rows]
    return np.concatenate([z.reshape(z.shape[0], -1), seen.context[rows]], axis=1)
