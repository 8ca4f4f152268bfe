"""Watch: what is looked at while a network learns, and how often; looking steers nothing.

Three things: the loss by iteration on a fixed subset of every set (training, validation, and the watched ones), the
distributions of weights and biases by layer, group and gate, and how far back in the window a gradient reaches. Moments
lie evenly over the steps that are planned, the first before any step and the last after all. By default all of it costs
about three per cent of a training that takes some seconds, less of longer ones (benchmarks/watching.py measures it); a
training of few steps is looked at less, but at both ends always. Gradients of a cell that ponders take longer: a tenth
of a second each time.
"""

from pydantic import Field

from tidegate.component import Settings

__all__ = ["Watch", "moments"]

_FORWARD, _CALL = 1.0 / 3.0, 64


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

    def points(self, planned: int, sets: int) -> tuple[int, int]:
        """Points of each curve, and windows of each set at each of them.

        `planned` windows are trained on in all, `sets` are watched. A forward pass is a third of a step's work, and a
        pass on few windows costs as much as one on 64 more. Where that leaves too little, there are fewer points.

        >>> Watch().points(planned=1_000_000, sets=3), Watch().points(planned=50_000, sets=3)
        ((40, 311), (10, 32))
        >>> Watch(windows=100).points(planned=10, sets=3)
        (40, 100)
        """
        if self.windows is not None or not self.curves:
            return self.curves, self.windows or 0
        allowed = self.share * planned / _FORWARD / max(sets, 1)
        points = int(min(self.curves, max(allowed / (2 * _CALL), 10)))
        return points, int(min(max(allowed / points - _CALL, _CALL / 2), 4096))


def moments(steps: int, count: int, apart: int = 10) -> tuple[int, ...]:
    """Steps after which to look, `count` of them evenly from 0 to `steps`; fewer where they'd lie closer than `apart`.

    >>> moments(1000, 5), moments(30, 40), moments(4, 40), moments(100, 0)
    ((0, 250, 500, 750, 1000), (0, 10, 20, 30), (0, 4), ())
    """
    if count == 0:
        return ()
    spans = max(min(count - 1, steps // apart), 1)
    return tuple(sorted({round(at * steps / spans) for at in range(spans + 1)}))
