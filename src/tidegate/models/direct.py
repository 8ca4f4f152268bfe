"""A recurrent network forward and backward without autograd: the same operations in the same order, called one by one.

Autograd is worth its price where a graph is new every time. The standard stack (fused cell, dense layers, head) is the
same at every step of a training, and at batches of some hundred windows recording and walking its graph costs more than
the numbers do. Here backward is written down once. What a training learns this way is equal, bit for bit, to what it
learns through autograd, which stays the reference and computes whatever is not known here: cells without fused kernels
or with layer norm, cells that ponder, windows read both ways, and other activations of dense layers.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from numpy.typing import NDArray

from tidegate.models.activations import Activation
from tidegate.models.cells.gated import Gated
from tidegate.models.dense import Dense
from tidegate.models.direct_layer import DirectLayer
from tidegate.models.fast.kinds import known
from tidegate.models.stacked import RecurrentModule

__all__ = ["Direct", "direct_of"]

Slope = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_aten = torch.ops.aten
_SLOPES: Mapping[Activation, Slope] = MappingProxyType(
    {
        "linear": lambda up, _: up,
        "relu": lambda up, out: _aten.threshold_backward(up, out, 0.0),
        "tanh": _aten.tanh_backward,
        "sigmoid": _aten.sigmoid_backward,
    }
)
_CURVES: Mapping[Activation, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {"linear": lambda x: x, "relu": torch.relu_, "tanh": torch.tanh_, "sigmoid": torch.sigmoid_}
)


class _Dense(NamedTuple):
    """A dense layer's weights and the gradients over which new ones are written, all outside autograd."""

    kernel: torch.Tensor
    turned: torch.Tensor
    bias: torch.Tensor
    kernel_slope: torch.Tensor
    bias_slope: torch.Tensor
    curve: Callable[[torch.Tensor], torch.Tensor]
    slope: Slope


class _Below(NamedTuple):
    """What a layer of cells saw: the factors of its outputs below and of its inputs, None where nothing is dropped."""

    between: torch.Tensor | None
    entering: torch.Tensor | None


class Direct:
    """Scores of `module` in training, and then the gradients of its weights from that of the scores.

    Gradients are written over those in ``weight.grad``, which must be there. Dropout draws what the module would draw.

    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> network = RecurrentNetwork(cell=LSTM(hidden=4), dense=(3,), activation="tanh")
    >>> module = network.build(2, 0, torch.Generator().manual_seed(1))
    >>> x, c = torch.ones(5, 6, 2), torch.ones(5, 0)
    >>> module(x, c).sum().backward()
    >>> wanted = [weight.grad.clone() for weight in module.parameters()]
    >>> direct = direct_of(module)
    >>> score = direct.forward(x, c)
    >>> direct.backward(torch.ones_like(score))
    >>> all(torch.equal(weight.grad, want) for weight, want in zip(module.parameters(), wanted))
    True
    """

    def __init__(self, module: RecurrentModule, cell: Gated) -> None:
        assert cell.fused_as is not None
        kind, stack = known(cell.fused_as), module.stack
        self._hidden = cell.hidden
        self._between, self._entering, self._recalling = stack.between, stack.entering, stack.recalling
        self._layers = [DirectLayer(kind, dict(layer.items())) for layer in stack.layers]  # type: ignore[operator]
        self._drop = module.drop
        self._dense = [_dense(layer) for layer in (*module.dense, module.head) if isinstance(layer, Dense)]
        self._seen: list[_Below] = []
        self._joined: list[torch.Tensor] = []
        self._said: list[torch.Tensor] = []
        self._dropped: list[torch.Tensor | None] = []

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        """Windows ``[B, L, F]`` and context ``[B, C]`` → scores ``[B, outputs]``."""
        self._seen, self._joined, self._said, self._dropped = [], [], [], []
        for at, layer in enumerate(self._layers):
            between = self._between.drawn(x) if at else None
            x = x if between is None else x * between
            entering = self._entering.drawn(x, x.shape[2])
            x = x if entering is None else x * entering.unsqueeze(1)
            noise = self._recalling.drawn(x, self._hidden)
            self._seen.append(_Below(between, entering))
            outputs, h = layer.forward(x.contiguous().numpy(), None if noise is None else noise.numpy())
            x = torch.from_numpy(outputs)
        seen = self._thinned(torch.from_numpy(h))
        if c.shape[1]:
            seen = torch.cat((seen, c), dim=1)
        for at, dense in enumerate(self._dense):
            self._joined.append(seen)
            said = dense.curve(torch.addmm(dense.bias, seen, dense.turned))
            self._said.append(said)
            seen = said if at == len(self._dense) - 1 else self._thinned(said)
        return seen

    def backward(self, slope: torch.Tensor) -> None:
        """Write the gradients of all weights, given that of the scores ``[B, outputs]`` of the last `forward`."""
        for at in range(len(self._dense) - 1, -1, -1):
            dense = self._dense[at]
            if at < len(self._dense) - 1:
                slope = _times(slope, self._dropped[at + 1])
            slope = dense.slope(slope, self._said[at])
            torch.sum(slope, 0, out=dense.bias_slope)
            torch.mm(slope.t(), self._joined[at], out=dense.kernel_slope)
            slope = slope.mm(dense.kernel)
        if slope.shape[1] > self._hidden:  # the context's part
            slope = slope[:, : self._hidden]
        slope = _times(slope, self._dropped[0])
        up: NDArray[Any] | None = None
        up_h: NDArray[Any] | None = slope.contiguous().numpy()
        for at in range(len(self._layers) - 1, -1, -1):
            dx = self._layers[at].backward(up, up_h, inputs=at > 0)
            if dx is not None:
                below = self._seen[at]
                entering = None if below.entering is None else below.entering.unsqueeze(1)
                up = _times(_times(torch.from_numpy(dx), entering), below.between).numpy()
                up_h = None
        self._seen, self._joined, self._said, self._dropped = [], [], [], []

    def _thinned(self, x: torch.Tensor) -> torch.Tensor:
        """Drop units of a layer's outputs, and remember which."""
        drawn = self._drop.drawn(x)
        self._dropped.append(drawn)
        return x if drawn is None else x * drawn


def direct_of(module: torch.nn.Module) -> Direct | None:
    """How to compute `module` directly, on the processor; None where only autograd knows it."""
    if not isinstance(module, RecurrentModule):
        return None
    cell, dense = module.stack.cell, [*module.dense, module.head]
    ready = all(weight.is_cpu and weight.grad is not None for weight in module.parameters())
    plain = isinstance(cell, Gated) and not cell.bidirectional and cell.computed_by == "fast"
    curved = all(isinstance(layer, Dense) and not layer.apart and layer.activation in _SLOPES for layer in dense)
    return Direct(module, cell) if isinstance(cell, Gated) and ready and plain and curved else None


def _dense(layer: Dense) -> _Dense:
    kernel, bias = layer.kernel.detach(), layer.bias.detach()
    assert layer.kernel.grad is not None
    assert layer.bias.grad is not None
    curve, slope = _CURVES[layer.activation], _SLOPES[layer.activation]
    return _Dense(kernel, kernel.t(), bias, layer.kernel.grad, layer.bias.grad, curve, slope)


def _times(slope: torch.Tensor, drawn: torch.Tensor | None) -> torch.Tensor:
    return slope if drawn is None else slope * drawn
