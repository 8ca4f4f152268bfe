"""Initial weights by name, every one drawn from a generator that is handed in.

The shapes are torch's, ``[out, in]``; the laws are those of LeCun et al. (1998), Glorot & Bengio (2010), Saxe et al.
(2014) and He et al. (2015), as Keras uses them: a kernel that holds several gates is drawn as one matrix, and a normal
law is cut off at two of its standard deviations and widened until its variance is the one that was asked for.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

__all__ = ["Initialiser", "initial"]

Initialiser = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "zeros",
    "ones",
]
Shape = tuple[int, ...]
_BELOW = 0.022750131948179195  # Φ(-2)
_NARROWER = 0.8796256610342398  # standard deviation of a standard normal cut off at ±2


def initial(name: Initialiser, shape: Shape, generator: "torch.Generator") -> "torch.Tensor":
    """Draw a float32 tensor of `shape` ``[out, in]`` (or ``[out]``) from the law `name`.

    >>> import torch
    >>> w = initial("orthogonal", (8, 4), torch.Generator().manual_seed(1))
    >>> torch.allclose(w.T @ w, torch.eye(4), atol=1e-6)
    True
    """
    return _LAWS[name](shape, generator)


def _fans(shape: Shape) -> tuple[int, int]:
    return shape[-1], shape[0]


def _uniform(shape: Shape, generator: "torch.Generator", variance: float) -> "torch.Tensor":
    import torch

    bound = (3.0 * variance) ** 0.5
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


def _normal(shape: Shape, generator: "torch.Generator", variance: float) -> "torch.Tensor":
    import torch

    below = torch.empty(shape, dtype=torch.float64).uniform_(_BELOW, 1.0 - _BELOW, generator=generator)
    drawn: torch.Tensor = torch.special.ndtri(below) * (variance**0.5 / _NARROWER)
    return drawn.to(torch.float32)


def _orthogonal(shape: Shape, generator: "torch.Generator") -> "torch.Tensor":
    """Return a matrix with orthonormal columns (or rows, where it is wide), uniform among them."""
    import torch

    rows, columns = shape
    drawn = torch.empty((max(rows, columns), min(rows, columns)), dtype=torch.float64).normal_(generator=generator)
    q, r = torch.linalg.qr(drawn)
    q = q * r.diagonal().sign()
    tall: torch.Tensor = q if rows >= columns else q.T
    return tall.to(torch.float32).contiguous()


def _constant(value: float) -> Callable[[Shape, "torch.Generator"], "torch.Tensor"]:
    def fill(shape: Shape, generator: "torch.Generator") -> "torch.Tensor":  # noqa: ARG001 - nothing is drawn
        import torch

        return torch.full(shape, value)

    return fill


_LAWS: Mapping[str, Callable[[Shape, "torch.Generator"], "torch.Tensor"]] = MappingProxyType(
    {
        "glorot_uniform": lambda shape, generator: _uniform(shape, generator, 2.0 / sum(_fans(shape))),
        "glorot_normal": lambda shape, generator: _normal(shape, generator, 2.0 / sum(_fans(shape))),
        "he_uniform": lambda shape, generator: _uniform(shape, generator, 2.0 / _fans(shape)[0]),
        "he_normal": lambda shape, generator: _normal(shape, generator, 2.0 / _fans(shape)[0]),
        "lecun_uniform": lambda shape, generator: _uniform(shape, generator, 1.0 / _fans(shape)[0]),
        "lecun_normal": lambda shape, generator: _normal(shape, generator, 1.0 / _fans(shape)[0]),
        "orthogonal": _orthogonal,
        "zeros": _constant(0.0),
        "ones": _constant(1.0),
    }
)
