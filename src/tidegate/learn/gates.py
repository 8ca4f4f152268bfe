"""What the gates of an LSTM do on some windows: its equations once more, in double precision, every gate kept.

The kernels that train and speak keep no gate; a look at them is for a few hundred windows, where speed is nothing.
"""

import numpy as np

from tidegate.errors import SettingError
from tidegate.learn.batches import Gather
from tidegate.learn.fitted import Fitted
from tidegate.models.activations import activate
from tidegate.models.cells.lstm import LSTM
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.types.axes import FloatArray, IntArray
from tidegate.types.windows import Affine, Windows

__all__ = ["gate_activations"]


def gate_activations(fitted: Fitted, windows: Windows, affine: Affine, which: IntArray) -> dict[str, FloatArray]:
    """Every gate and the candidate of a fitted LSTM's first layer on windows at positions `which`.

    Shapes
        Each ``[B, L, H]`` by its name: input, forget, candidate, output.
    Known at
        As the windows: CLOSE(anchor).
    Errors
        `SettingError` for a network whose cell is no plain LSTM; `RecordError` for missing inputs.
    """
    import torch

    model = fitted.model
    cell = model.cell if isinstance(model, RecurrentNetwork) else None
    if not isinstance(cell, LSTM) or cell.layer_norm or cell.bidirectional:
        raise SettingError(
            "only the gates of a plain LSTM are looked at",
            expected="a recurrent-network with the cell lstm, one way, without layer norm",
            found=model.name if cell is None else cell.name,
        )
    gather = Gather(windows, affine)
    x = gather.batch(gather.admit(which)).x.double()
    kernel, recurrent, bias = (
        torch.from_numpy(fitted.arrays[f"stack.layers.0.{name}"].astype(np.float64))
        for name in ("kernel", "recurrent", "bias")
    )
    h, c = x.new_zeros(len(x), cell.hidden), x.new_zeros(len(x), cell.hidden)
    kept: dict[str, list[torch.Tensor]] = {name: [] for name in cell.gates}
    for at in range(x.shape[1]):
        parts = dict(zip(cell.gates, (x[:, at] @ kernel.T + h @ recurrent.T + bias).chunk(4, dim=1), strict=True))
        now = {
            name: activate(cell.activation if name == "candidate" else cell.gate_activation, part)
            for name, part in parts.items()
        }
        c = now["forget"] * c + now["input"] * now["candidate"]
        h = now["output"] * activate(cell.activation, c)
        for name, held in kept.items():
            held.append(now[name])
    return {name: np.asarray(torch.stack(held, dim=1).numpy()) for name, held in kept.items()}
