"""All weights of a module in one flat tensor, and all gradients in another.

The module's parameters become views into them: an optimiser step, a gradient's norm, a checkpoint or a copy of the best
weights is then one operation on one tensor. Each weight starts on a boundary of 64 bytes; the gaps stay zero. Behind
the gradient there is room for a few numbers more, so that several processes can add up all they share in one go.
"""

import torch

__all__ = ["Flat"]

_ALIGN = 16


class Flat:
    """The flat tensors `weights` and `gradient` of one module; `shared` is the gradient and `notes`, 16 numbers more.

    >>> module = torch.nn.Linear(2, 1)
    >>> flat = Flat(module)
    >>> flat.weights.fill_(1.0).shape, module(torch.ones(1, 2)).item()
    (torch.Size([32]), 3.0)
    >>> flat.shared.shape
    torch.Size([48])
    """

    def __init__(self, module: torch.nn.Module) -> None:
        spans: list[tuple[torch.nn.Parameter, int]] = []
        end = 0
        for weight in module.parameters():
            spans.append((weight, end))
            end += -(-weight.numel() // _ALIGN) * _ALIGN
        first = spans[0][0]
        self.weights = torch.zeros(end, dtype=first.dtype, device=first.device)
        self.shared = torch.zeros(end + _ALIGN, dtype=first.dtype, device=first.device)
        self.gradient, self.notes = self.shared[:end], self.shared[end:]
        for weight, start in spans:
            place = slice(start, start + weight.numel())
            held = self.weights[place].view(weight.shape)
            held.copy_(weight.detach())
            weight.data = held
            weight.grad = self.gradient[place].view(weight.shape)
