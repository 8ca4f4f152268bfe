"""The product of rows and weights in which a row's bits depend neither on its place nor on its neighbours.

A library picks its kernel by the shapes and treats what is left over at the edges in another order. Measured with the
products of torch, single precision, 1 to 400 inputs and outputs: a row's bits depend on where it stands where the
outputs are few and not a multiple of 16, and on how many rows there are below four. So both are filled up with zeros.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["product_apart"]

_OUTPUTS = 16
_FEWEST_ROWS = 8


def product_apart(x: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
    """``x W.T`` for ``x [..., K]`` and ``W [N, K]`` → ``[..., N]``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> x, w = torch.randn(64, 7, generator=generator), torch.randn(5, 7, generator=generator)
    >>> torch.equal(product_apart(x, w)[9:11], product_apart(x[9:11], w))
    True
    """
    import torch

    count, outputs = x.numel() // x.shape[-1], weights.shape[0]
    few, short = max(0, _FEWEST_ROWS - count), -outputs % _OUTPUTS
    if short:
        weights = torch.nn.functional.pad(weights, (0, 0, 0, short))
    if not few:
        return (x @ weights.T)[..., :outputs]
    rows = torch.nn.functional.pad(x.reshape(count, -1), (0, 0, 0, few))
    return (rows @ weights.T)[:count, :outputs].reshape(*x.shape[:-1], outputs)
