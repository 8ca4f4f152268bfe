"""The backward pass of adaptive computation time over a tile of rows, compiled: the stack of entries walked in reverse.

With ``S = Σ_{n<N} h_n s_n + R s_N`` and ``R = 1 - Σ_{n<N} h_n``, and d the gradient of S, r that of R from outside:
``∂h_n = d·s_n - (d·s_N + r)`` for ``n < N``, and none for the last halting weight. A row's last entry is met first, so
that ``d·s_N + r`` is at hand when the others are. The gradient of each projected input is summed over the ponder steps
and multiplied once; that of the recurrent weights is one product over all entries of a time step.
"""

from typing import Any

from tidegate.models.fast.compiled import compiled, inner
from tidegate.models.fast.ponder_cells import COUPLED, GRU_AFTER, GRU_BEFORE, RNN, dot, recall, retreat
from tidegate.models.fast.product import gather, multiply

__all__ = ["think_back"]


@compiled
def think_back(
    rule: Any,
    kind: Any,
    first: Any,
    reach: Any,
    tensors: Any,
    weights: Any,
    tile: Any,
    stack: Any,
    pulls: Any,
    found: Any,
) -> None:
    """Go back over one stack of a tile, whose time steps `reach` from the first to before the last.

    rule      whether masked, noisy, flagged, fresh; whether outputs and remainders are pulled, and x wants a gradient
    weights   kernel, (recurrent, peepholes or inner bias), halting weights; matrices laid out by `pack`
    tile      gradients of h and c [m, H] (in: after the last step; out: before the first), pull of masked outputs,
              gradient of the projected input [m, gH], pull, back and both carries [m, H], r + d·s_N [m], rooms
    stack     as the forward pass left it; z is overwritten
    pulls     gradients of outputs [B, L, H] and remainder [B, L]
    found     gradients: x, kernel, recurrent, candidate's part (as `gather` has them), flag's column, bias, peepholes
              or inner bias, halting weights and bias
    """
    begin, end = reach
    masked, noisy, flagged, fresh, pulled, priced, wanted = rule
    x, mask, noise = tensors
    kernel, recalled, halting = weights
    dh, dc, waiting, given, pull, back, carry, carried, last, room, strips, panel = tile
    z, out, seen, held, row, place, share, ends = stack
    outputs_pull, remainder_pull = pulls
    d_x, d_kernel, d_recurrent, d_candidate, d_flags, d_bias, d_extra, d_halting, d_halting_bias = found
    length, inputs = x.shape[1], x.shape[2]
    m, hidden = dh.shape
    wide = z.shape[1]
    for t in range(end - 1, begin - 1, -1):
        low, high = ends[t, 0], ends[t, 1]
        _untaken(masked, pulled, mask, first, t, outputs_pull, waiting, dh, given)
        stop, ahead, going = high, high, 0
        while stop > low:
            start = stop - 1
            while start > low and place[start - 1] == place[stop - 1]:
                start -= 1
            rows, went = stop - start, 0
            for j in range(rows):
                e = start + j
                r = row[e]
                on = went < going and row[ahead + went] == r
                if not on and place[e] == 1:  # it thought once: no other weight asks what that was worth
                    _give(share[e], dh[r], pull[j])
                    if kind[0] <= COUPLED:
                        _give(share[e], dc[r], carry[j])
                    continue
                recall(kind[0], z[e], out[e], held[e], room[:hidden], room[hidden : 2 * hidden])
                worth = dot(dh[r], room[:hidden])
                if kind[0] <= COUPLED:
                    worth += dot(dc[r], room[hidden : 2 * hidden])
                if on:
                    slope = (worth - last[r]) * share[e] * (x.dtype.type(1) - share[e])
                    d_halting_bias[0] += slope
                    for i in range(hidden):
                        d_halting[i] += slope * room[i]
                        pull[j, i] = share[e] * dh[r, i] + slope * halting[i]
                    _receive(kind[0], noisy, noise, first + r, back[went], carried[went], pull[j])
                    went += 1
                else:
                    last[r] = worth + (remainder_pull[first + r, t] if priced else x.dtype.type(0))
                    _give(share[e], dh[r], pull[j])
                if kind[0] <= COUPLED:
                    _pass_on(on, share[e], dc[r], carried[went - 1 if on else 0], carry[j])
            needless = fresh and t == 0 and start == low
            retreat(kind, needless, z, out, seen, held, start, rows, recalled, pull, carry, back, room, d_extra)
            went = 0
            for j in range(rows):
                r = row[start + j]
                on = went < going and row[ahead + went] == r
                went += on
                _sum_up(kind[0], on, z[start + j], out[start + j], given[r])
                if flagged and start == low:
                    _sum_up(kind[0], True, z[start + j], out[start + j], d_flags)
            carry, carried = carried, carry
            stop, ahead, going = start, start, rows
        if not (fresh and t == 0):
            for j in range(going):
                r = row[low + j]
                dh[r] = 0
                _receive(kind[0], noisy, noise, first + r, back[j], carried[j], dh[r])
                if kind[0] <= COUPLED:
                    dc[r] = carried[j]
        if fresh and t == 0:
            low += going
        of_seen = wide - hidden if kind[0] == GRU_BEFORE else wide
        count = high - low
        at_z, at_seen = low * wide, low * hidden
        gather(seen, at_seen, hidden, hidden, z, at_z, wide, of_seen, count, d_recurrent, 0, 0, strips, panel)
        if kind[0] == GRU_BEFORE:
            gather(
                out, at_seen, hidden, hidden, z, at_z + of_seen, wide, hidden, count, d_candidate, 0, 0, strips, panel
            )
        for r in range(m):
            for i in range(wide):
                d_bias[i] += given[r, i]
        at = (first * length + t) * inputs
        gather(x, at, length * inputs, inputs, given, 0, wide, wide, m, d_kernel, 0, 0, strips, panel)
        if wanted:
            multiply(given, 0, wide, m, kernel, 0, 0, wide, inputs, False, d_x, at, length * inputs)


@inner
def _untaken(
    masked: Any, pulled: Any, mask: Any, first: Any, t: Any, outputs_pull: Any, waiting: Any, dh: Any, given: Any
) -> None:
    """Hand the pull of the outputs to the state; that of a repeated output waits for the step that made it."""
    for r in range(dh.shape[0]):
        if not masked:
            if pulled:
                dh[r] += outputs_pull[first + r, t]
        elif mask[first + r, t]:
            if pulled:
                dh[r] += waiting[r]
                dh[r] += outputs_pull[first + r, t]
                waiting[r] = 0
        else:
            given[r] = 0
            if pulled:
                waiting[r] += outputs_pull[first + r, t]


@inner
def _receive(cell: Any, noisy: Any, noise: Any, row: Any, back: Any, carried: Any, pull: Any) -> None:
    """Add what came back from the step after to the pull of h."""
    if noisy:
        for i in range(pull.shape[0]):
            pull[i] += back[i] * noise[row, i]
    else:
        for i in range(pull.shape[0]):
            pull[i] += back[i]
    if COUPLED < cell < RNN:
        for i in range(pull.shape[0]):
            pull[i] += carried[i]


@inner
def _give(share: Any, d: Any, pull: Any) -> None:
    """Hand an entry its part of the mean's pull."""
    for i in range(d.shape[0]):
        pull[i] = share * d[i]


@inner
def _pass_on(on: Any, share: Any, dc: Any, carried: Any, carry: Any) -> None:
    """Compute the pull of c: its part of the mean, and what came back from the step after."""
    if on:
        for i in range(dc.shape[0]):
            carry[i] = share * dc[i] + carried[i]
    else:
        for i in range(dc.shape[0]):
            carry[i] = share * dc[i]


@inner
def _sum_up(cell: Any, more: Any, z: Any, out: Any, total: Any) -> None:
    """Begin or go on with the sum of an entry's gradients as the projected input sees them."""
    wide = z.shape[0]
    if cell == GRU_AFTER:
        h = out.shape[0]
        wide = 2 * h
        if more:
            for i in range(h):
                total[wide + i] += out[i]
        else:
            for i in range(h):
                total[wide + i] = out[i]
    if more:
        for i in range(wide):
            total[i] += z[i]
    else:
        for i in range(wide):
            total[i] = z[i]
