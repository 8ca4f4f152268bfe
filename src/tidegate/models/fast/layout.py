"""How weights lie for the kernels, and their gradients afterwards: small loops that run once a pass.

A pass over a few hundred windows takes a millisecond; a handful of array operations around it would take as long.
"""

from typing import Any

from tidegate.models.fast.compiled import compiled, inner

__all__ = ["collect", "lay_across", "lay_turned"]


@compiled
def lay_turned(recurrent: Any, kernel: Any, bias: Any, group: int, panels: Any) -> None:
    """Lay ``[recurrent | kernel | bias]`` ``[G, H + F + 1]`` out, turned, in panels ``[panels, H + F + 1, width]``.

    The first `group` columns have panels of their own. `kernel` and `bias` may be empty.
    """
    wide, inputs, width = recurrent.shape[1], kernel.shape[1], panels.shape[2]
    for p in range(panels.shape[0]):
        first, last = _columns(p, group, recurrent.shape[0], width)
        panel = panels[p]
        for j in range(width):
            c = first + j
            if c >= last:
                for k in range(panel.shape[0]):
                    panel[k, j] = 0
                continue
            for k in range(wide):
                panel[k, j] = recurrent[c, k]
            if panel.shape[0] > wide:
                for k in range(inputs):
                    panel[wide + k, j] = kernel[c, k]
                panel[wide + inputs, j] = bias[c]


@compiled
def lay_across(weights: Any, panels: Any) -> None:
    """Lay ``[deep, columns]`` out in panels ``[panels, deep, width]``, filled up with zeros."""
    width = panels.shape[2]
    for p in range(panels.shape[0]):
        first, panel = p * width, panels[p]
        left = min(width, weights.shape[1] - first)
        for k in range(weights.shape[0]):
            for j in range(left):
                panel[k, j] = weights[k, first + j]
            for j in range(left, width):
                panel[k, j] = 0


@compiled
def collect(sums: Any, bent: Any, group: int, recurrent: Any, kernel: Any, bias: Any) -> None:
    """Add lanes up in their order, into the first, and write the gradients that lie there in panels.

    `sums` is ``[lanes, panels, rows, width]``, `bent` ``[lanes, extra]``; the gradients are ``[G, H]``, ``[G, F]`` and
    ``[G]``.
    """
    wide, inputs, width = recurrent.shape[1], kernel.shape[1], sums.shape[3]
    for lane in range(1, sums.shape[0]):
        for j in range(bent.shape[1]):
            bent[0, j] += bent[lane, j]
    for p in range(sums.shape[1]):
        total = sums[0, p]
        for lane in range(1, sums.shape[0]):
            more = sums[lane, p]
            for k in range(wide + inputs + 1):
                for j in range(width):
                    total[k, j] += more[k, j]
        first, last = _columns(p, group, bias.size, width)
        for c in range(first, last):
            for k in range(wide):
                recurrent[c, k] = total[k, c - first]
            for k in range(inputs):
                kernel[c, k] = total[wide + k, c - first]
            bias[c] = total[wide + inputs, c - first]


@inner
def _columns(panel: int, group: int, columns: int, width: int) -> tuple[int, int]:
    """First column of a panel, and the one behind its last."""
    before = (group + width - 1) // width
    first = panel * width if panel < before else group + (panel - before) * width
    return first, min(first + width, group if panel < before else columns)
