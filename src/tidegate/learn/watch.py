"""Watch: what is looked at while a network learns, and how often; looking steers nothing.

Three things: the loss by iteration on a fixed subset of every set (training, validation, and the watched ones), the
distributions of weights and biases by layer, group and gate, and how far back in the window a gradient reaches. Moments
lie evenly over the steps that are planned, the first before any step and the last after all. By default all of it costs
less than three per cent of a training (benchmarks/watching.py measures it); a training of few steps is looked at less.
"""

from pydantic import Field

from tidegate.component import Settings

__all__ = ["Watch", "moments"]

_STEPS_BETWEEN = 10
_FORWARD = 1.0 / 3.0


class Watch(Settings):
    """Settings of what is watched; zero moments switch one kind off.

    >>> Watch().curves, Watch(curves=0).curves
    (40, 0)
    """

    curves: int = Field(default=40, ge=0, description="points of each learning curve by iteration")
    windows: int | None = Field(
        default=None, ge=1, description="windows of each set that a point is measured on; null: as many as share allows"
    )
    share: float = Field(
        default=0.015, gt=0, le=1, description="share of the training's work that the curves may take, by count"
    )
    weights: int = Field(default=20, ge=0, description="snapshots of the distributions of weights and biases")
    bins: int = Field(default=128, ge=2, description="bins of their histograms")
    lags: int = Field(default=3, ge=0, description="times that gradients are measured by lag")
    lag_windows: int = Field(default=32, ge=1, description="training windows that they are measured on")

    def subset(self, planned: int, sets: int) -> int:
        """Windows of each set for one point, where `planned` windows are trained on in all and `sets` are watched.

        A point asks a forward pass alone, a third of a step's work.

        >>> Watch().subset(planned=1_000_000, sets=3), Watch(windows=100).subset(planned=10, sets=3)
        (375, 100)
        """
        if self.windows is not None:
            return self.windows
        allowed = self.share * planned / _FORWARD / max(self.curves * sets, 1)
        return int(min(max(allowed, 16), 4096))


def moments(steps: int, count: int) -> tuple[int, ...]:
    """Steps after which to look, `count` of them evenly from 0 to `steps`; fewer where they would lie too close.

    >>> moments(1000, 5), moments(30, 40), moments(4, 40), moments(100, 0)
    ((0, 250, 500, 750, 1000), (0, 10, 20, 30), (0, 4), ())
    """
    if count == 0:
        return ()
    spans = max(min(count - 1, steps // _STEPS_BETWEEN), 1)
    return tuple(sorted({round(at * steps / spans) for at in range(spans + 1)}))
