"""What the training loop learns from, made of windows: for benchmarks that drive the loop themselves."""

import numpy as np
import torch

from tidegate.learn.batches import Gather
from tidegate.learn.loop import Ground
from tidegate.types import Affine, Windows

__all__ = ["ground_of"]


def ground_of(windows: Windows, affine: Affine, train, valid=(), watched=None, gather=None) -> Ground:
    """The ground of a training on windows at positions `train`; targets are not scaled."""
    return Ground(
        gather=Gather(windows, affine) if gather is None else gather,
        target=torch.from_numpy(windows.target.astype(np.float32)),
        weight=windows.weight,
        session=windows.anchor_time,
        asset=windows.panel.row_asset[windows.anchors],
        train=np.asarray(train, dtype=np.int64),
        valid=np.asarray(valid, dtype=np.int64),
        watched={} if watched is None else watched,
    )
