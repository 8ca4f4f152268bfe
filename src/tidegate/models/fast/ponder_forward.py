"""The forward pass of adaptive computation time over a tile of rows, compiled: rows that have halted leave at once.

At every time step the input is projected once. Then the rows that still ponder lie close together as entries, one block
per ponder step; a row that goes on starts its next entry while its halting weight is counted, so that the blocks stay
dense with no second pass. For the backward pass the entries are pushed on a stack that the caller owns. When it has no
room for another block the kernel leaves the time step untouched and says where it stopped; the caller brings a new
stack and calls again. Without a backward pass two blocks take turns.
"""

from math import exp
from typing import Any

from tidegate.models.fast.compiled import compiled, inner
from tidegate.models.fast.ponder_cells import COUPLED, advance, dot
from tidegate.models.fast.product import multiply

__all__ = ["think_ahead"]


@compiled
def think_ahead(
    rule: Any,
    kind: Any,
    first: Any,
    begin: Any,
    tensors: Any,
    weights: Any,
    tile: Any,
    stack: Any,
    results: Any,
) -> Any:
    """Ponder over the time steps from `begin` of one tile; returns the time step reached.

    rule      epsilon, limit, whether masked, noisy, kept for a backward pass, fresh at the first time step
    tensors   x [B, L, F], mask [B, L], noise [B, H]
    weights   kernel, bias, bias with the flag's column, (recurrent, its candidate's part where that stands apart,
              peepholes or inner bias), halting weights and bias; matrices turned and laid out by `pack`
    tile      h and c [m, H] (the state, updated), their sums, projected [m, gH], said and carried [m, H], halting sums
    stack     z, out, seen, held, row, place, share, ends [L, 2]
    results   outputs [B, L, H], steps and remainder [B, L]
    """
    epsilon, limit, masked, noisy, kept, fresh = rule
    cell = kind[0]
    x, mask, noise = tensors
    kernel, bias, begun, recalled, halting, halting_bias = weights
    h, c, h_sum, c_sum, projected, said, carried, total = tile
    z, out, seen, held, row, place, share, ends = stack
    outputs, steps, remainder = results
    length, inputs = x.shape[1], x.shape[2]
    m = h.shape[0]
    wide = projected.shape[1]
    room = z.shape[0]
    one = x.dtype.type(1)
    enough = one - x.dtype.type(epsilon)
    used = 0
    for t in range(begin, length):
        low = used if kept else 0
        if low + m > room:
            return t
        at = (first * length + t) * inputs
        multiply(x, at, length * inputs, m, kernel, 0, 0, inputs, wide, False, projected, 0, wide)
        count = 0
        for r in range(m):
            if masked and not mask[first + r, t]:
                continue
            e = low + count
            row[e] = r
            total[r] = 0
            _hold(noisy, noise, first + r, h[r], c[r], seen[e], held[e])
            count += 1
        n = 0
        while count > 0:
            n += 1
            after = low + count if kept else (m if low == 0 else 0)
            if kept and n < limit and after + count > room:
                return t
            still, shift = fresh and t == 0 and n == 1, begun if n == 1 else bias
            advance(kind, still, z, out, seen, held, row, low, count, recalled, projected, shift, said, carried)
            going = 0
            for j in range(count):
                e = low + j
                r = row[e]
                y = said[j]
                reached = halting_bias[0] + dot(halting, y)
                halt = one / (one + x.dtype.type(exp(-reached)))
                reached = total[r] + halt
                done = n == limit or reached >= enough
                p = one - total[r] if done else halt
                share[e] = p
                place[e] = n
                _add(n == 1, p, y, h_sum[r])
                if cell <= COUPLED:
                    _add(n == 1, p, carried[j], c_sum[r])
                if done:
                    steps[first + r, t] = n
                    remainder[first + r, t] = p
                    continue
                total[r] = reached
                e = after + going
                row[e] = r
                _hold(noisy, noise, first + r, y, carried[j] if cell <= COUPLED else y, seen[e], held[e])
                going += 1
            low, count = after, going
        if kept:
            ends[t, 0] = used
            ends[t, 1] = low
            used = low
        _finish(masked, mask, first, t, h, c, h_sum, c_sum, outputs)
    return length


@inner
def _hold(noisy: Any, noise: Any, row: Any, h: Any, c: Any, seen: Any, held: Any) -> None:
    """Write what the next step of an entry starts from."""
    if noisy:
        for i in range(h.shape[0]):
            seen[i] = h[i] * noise[row, i]
    else:
        for i in range(h.shape[0]):
            seen[i] = h[i]
    for i in range(h.shape[0]):
        held[i] = c[i]


@inner
def _add(start: Any, share: Any, part: Any, total: Any) -> None:
    """Begin or go on with a weighted mean."""
    if start:
        for i in range(part.shape[0]):
            total[i] = share * part[i]
    else:
        for i in range(part.shape[0]):
            total[i] += share * part[i]


@inner
def _finish(masked: Any, mask: Any, first: Any, t: Any, h: Any, c: Any, h_sum: Any, c_sum: Any, outputs: Any) -> None:
    """Take over the means as the new state, and write the output; where nothing was done, repeat the last one."""
    for r in range(h.shape[0]):
        if masked and not mask[first + r, t]:
            if t > 0:
                outputs[first + r, t] = outputs[first + r, t - 1]
            else:
                outputs[first + r, t] = 0
            continue
        h[r] = h_sum[r]
        c[r] = c_sum[r]
        outputs[first + r, t] = h_sum[r]
