"""The gated cells as compiled steps on a block of rows that lie together: what the ponder kernel thinks with.

An entry is one row at one ponder step. Four arrays hold it, and nothing else is kept for the backward pass:

    z       what the gates became, ``[entries, gH]``; the backward pass writes their gradients in its place
    out     LSTM family: φ(c'); GRU, reset after: the candidate; reset before: what the candidate's product saw; RNN: h'
    seen    the h that the recurrent product saw ``[entries, H]``, dropout applied
    held    the state that is carried past the product ``[entries, H]``: c, or h of a GRU

`advance` does the equations, `recall` computes the state after the step again from what is kept, and `retreat` goes
back through the equations. Cells and curves are told by number, chosen once per row, so that one compiled form serves
all of them.
"""

from typing import Any

from tidegate.models.fast.compiled import inner
from tidegate.models.fast.curves import lower, squash
from tidegate.models.fast.product import STRIP, multiply

__all__ = [
    "COUPLED",
    "GRU_AFTER",
    "GRU_BEFORE",
    "LSTM",
    "PEEPHOLE",
    "RNN",
    "advance",
    "dot",
    "recall",
    "retreat",
]

LSTM, PEEPHOLE, COUPLED, GRU_AFTER, GRU_BEFORE, RNN = range(6)


@inner
def advance(
    kind: Any,
    fresh: Any,
    z: Any,
    out: Any,
    seen: Any,
    held: Any,
    row: Any,
    low: Any,
    rows: Any,
    weights: Any,
    projected: Any,
    shift: Any,
    said: Any,
    carried: Any,
) -> None:
    """Do one step of `rows` entries from `low`: gates in `z`, h' in `said`, c' in `carried`; `fresh`: from zero.

    The sums of an entry are its recurrent product, the projected input of its row, and `shift` (the bias, and the
    flag's column of the kernel where the flag is up).
    """
    cell, gate, state = kind
    recurrent, candidate, extra = weights
    h = seen.shape[1]
    wide = z.shape[1]
    products = 2 * h if cell == GRU_BEFORE else wide
    full = _filled(rows, low, z.shape[0])
    if not fresh:
        multiply(seen, low * h, h, full, recurrent, 0, 0, h, products, False, z, low * wide, wide)
    if cell == GRU_BEFORE:
        for j in range(rows):
            e = low + j
            _join(fresh, z[e, : 2 * h], projected[row[e], : 2 * h], shift[: 2 * h])
            _reset(gate, z[e], seen[e], out[e])
        if not fresh:
            at = low * wide + 2 * h
            multiply(out, low * h, h, full, candidate, 0, 0, h, h, False, z, at, wide)
    for j in range(rows):
        e = low + j
        v, given = z[e], projected[row[e]]
        if cell <= COUPLED:
            _join(fresh, v, given, shift)
            _remember(cell, gate, state, extra, v, out[e], held[e], said[j], carried[j])
        elif cell == RNN:
            _join(fresh, v, given, shift)
            squash(v, 0, h, state)
            out[e] = v
            said[j] = v
        else:
            if cell == GRU_BEFORE:
                _join(fresh, v[2 * h :], given[2 * h :], shift[2 * h :])
            else:
                _join(fresh, v[: 2 * h], given[: 2 * h], shift[: 2 * h])
                _stand_apart(fresh, v[2 * h :], extra, out[e], given[2 * h :], shift[2 * h :])
            _mix(cell, gate, state, v, out[e], held[e], said[j])


@inner
def _join(fresh: Any, z: Any, projected: Any, shift: Any) -> None:
    """Add the input's part to the recurrent product, or begin with it where there is none."""
    if fresh:
        for j in range(z.shape[0]):
            z[j] = projected[j] + shift[j]
    else:
        for j in range(z.shape[0]):
            z[j] += projected[j] + shift[j]


@inner
def _stand_apart(fresh: Any, z: Any, inner_bias: Any, out: Any, projected: Any, shift: Any) -> None:
    """Keep the candidate's recurrent product, with its bias, apart from the input's part."""
    if fresh:
        for j in range(z.shape[0]):
            z[j] = inner_bias[j]
    else:
        for j in range(z.shape[0]):
            z[j] += inner_bias[j]
    for j in range(z.shape[0]):
        out[j] = projected[j] + shift[j]


@inner
def _remember(
    cell: Any, gate: Any, state: Any, peephole: Any, z: Any, out: Any, held: Any, said: Any, carried: Any
) -> None:
    h = out.shape[0]
    if cell == COUPLED:
        f, g, o = z[:h], z[h : 2 * h], z[2 * h :]
        squash(z, 0, h, gate)
        squash(z, h, 2 * h, state)
        squash(z, 2 * h, 3 * h, gate)
        for j in range(h):
            carried[j] = g[j] + f[j] * (held[j] - g[j])
    else:
        i, f, g, o = z[:h], z[h : 2 * h], z[2 * h : 3 * h], z[3 * h :]
        if cell == PEEPHOLE:
            into_i, into_f = peephole[:h], peephole[h : 2 * h]
            for j in range(h):
                i[j] += into_i[j] * held[j]
                f[j] += into_f[j] * held[j]
        squash(z, 0, 2 * h, gate)
        squash(z, 2 * h, 3 * h, state)
        for j in range(h):
            carried[j] = f[j] * held[j] + i[j] * g[j]
        if cell == PEEPHOLE:
            into_o = peephole[2 * h :]
            for j in range(h):
                o[j] += into_o[j] * carried[j]
        squash(z, 3 * h, 4 * h, gate)
    for j in range(h):
        out[j] = carried[j]
    squash(out, 0, h, state)
    for j in range(h):
        said[j] = o[j] * out[j]


@inner
def _reset(gate: Any, z: Any, seen: Any, out: Any) -> None:
    h = seen.shape[0]
    squash(z, 0, 2 * h, gate)
    for j in range(h):
        out[j] = z[j] * seen[j]


@inner
def _mix(cell: Any, gate: Any, state: Any, z: Any, out: Any, held: Any, said: Any) -> None:
    h = held.shape[0]
    r, keep, last = z[:h], z[h : 2 * h], z[2 * h :]
    if cell == GRU_BEFORE:
        squash(z, 2 * h, 3 * h, state)
        for j in range(h):
            said[j] = last[j] + keep[j] * (held[j] - last[j])
        return
    squash(z, 0, 2 * h, gate)
    for j in range(h):
        out[j] += r[j] * last[j]
    squash(out, 0, h, state)
    for j in range(h):
        said[j] = out[j] + keep[j] * (held[j] - out[j])


@inner
def recall(cell: Any, z: Any, out: Any, held: Any, said: Any, carried: Any) -> None:
    """Compute h' and c' of one entry again."""
    h = out.shape[0]
    if cell <= COUPLED:
        wide = z.shape[0]
        o = z[wide - h :]
        f = z[:h] if cell == COUPLED else z[h : 2 * h]
        g = z[h : 2 * h] if cell == COUPLED else z[2 * h : 3 * h]
        i = z[:h]
        for j in range(h):
            said[j] = o[j] * out[j]
        if cell == COUPLED:
            for j in range(h):
                carried[j] = g[j] + f[j] * (held[j] - g[j])
        else:
            for j in range(h):
                carried[j] = f[j] * held[j] + i[j] * g[j]
    elif cell == RNN:
        for j in range(h):
            said[j] = out[j]
    else:
        keep = z[h : 2 * h]
        n = z[2 * h :] if cell == GRU_BEFORE else out
        for j in range(h):
            said[j] = n[j] + keep[j] * (held[j] - n[j])


@inner
def retreat(
    kind: Any,
    needless: Any,
    z: Any,
    out: Any,
    seen: Any,
    held: Any,
    low: Any,
    rows: Any,
    weights: Any,
    pull: Any,
    carry: Any,
    back: Any,
    room: Any,
    found: Any,
) -> None:
    """Go back through one step of `rows` entries from `low`.

    `pull` is the gradient of h' and `carry` that of c' (LSTM family). On return `z` holds the gradients of the sums
    that `advance` began with (as the recurrent product is to be multiplied with), `out` of a GRU with its reset after
    that of the candidate's sum, `carry` that of `held`, and `back` that of what the recurrent product saw. `found`
    collects the gradients of the peepholes or of the inner bias; `room` is a row to work in; `needless`: nobody asks
    for `back`.
    """
    cell, gate, state = kind
    recurrent, peephole = weights
    h = seen.shape[1]
    wide = z.shape[1]
    for j in range(rows):
        e = low + j
        if cell == COUPLED:
            _forget_coupled(gate, state, z[e], out[e], held[e], pull[j], carry[j], room)
        elif cell <= PEEPHOLE:
            _forget(cell, gate, state, peephole, z[e], out[e], held[e], pull[j], carry[j], room, found)
        elif cell == RNN:
            _slopes(state, z[e], 0, h, room, 0)
            for i in range(h):
                z[e, i] = room[i] * pull[j, i]
        else:
            _unmix(cell, gate, state, z[e], out[e], held[e], pull[j], carry[j], room, found)
    of_seen = wide
    if cell == GRU_BEFORE:
        of_seen, at = 2 * h, low * wide + 2 * h
        multiply(z, at, wide, rows, recurrent, 0, 2 * h, 3 * h, h, False, pull, 0, h)
        for j in range(rows):
            _unreset(gate, z[low + j], seen[low + j], pull[j], room)
    if not needless:
        full = _filled(rows, low, z.shape[0])
        multiply(z, low * wide, wide, full, recurrent, 0, 0, of_seen, h, False, back, 0, h)
        if cell == GRU_BEFORE:
            for j in range(rows):
                for i in range(h):
                    back[j, i] += pull[j, i]


@inner
def _forget(
    cell: Any,
    gate: Any,
    state: Any,
    peephole: Any,
    z: Any,
    out: Any,
    held: Any,
    pull: Any,
    carry: Any,
    room: Any,
    found: Any,
) -> None:
    h = out.shape[0]
    i, f, g, o = z[:h], z[h : 2 * h], z[2 * h : 3 * h], z[3 * h :]
    _slopes(gate, z, 0, 2 * h, room, 0)
    _slopes(state, z, 2 * h, 3 * h, room, 2 * h)
    _slopes(gate, z, 3 * h, 4 * h, room, 3 * h)
    _slopes(state, out, 0, h, room, 4 * h)
    di, df, dg, do, bent = room[:h], room[h : 2 * h], room[2 * h : 3 * h], room[3 * h : 4 * h], room[4 * h : 5 * h]
    if cell == PEEPHOLE:
        into_i, into_f, into_o = peephole[:h], peephole[h : 2 * h], peephole[2 * h :]
        by_i, by_f, by_o = found[:h], found[h : 2 * h], found[2 * h : 3 * h]
        for j in range(h):
            into = pull[j] * out[j] * do[j]
            total = carry[j] + pull[j] * o[j] * bent[j] + into * into_o[j]
            by_o[j] += into * (f[j] * held[j] + i[j] * g[j])
            first, second = total * g[j] * di[j], total * held[j] * df[j]
            by_i[j] += first * held[j]
            by_f[j] += second * held[j]
            carry[j] = total * f[j] + first * into_i[j] + second * into_f[j]
            g[j] = total * i[j] * dg[j]
            i[j], f[j], o[j] = first, second, into
        return
    for j in range(h):
        total = carry[j] + pull[j] * o[j] * bent[j]
        o[j] = pull[j] * out[j] * do[j]
        carry[j] = total * f[j]
        f[j] = total * held[j] * df[j]
        kept = i[j]
        i[j] = total * g[j] * di[j]
        g[j] = total * kept * dg[j]


@inner
def _forget_coupled(gate: Any, state: Any, z: Any, out: Any, held: Any, pull: Any, carry: Any, room: Any) -> None:
    h = out.shape[0]
    f, g, o = z[:h], z[h : 2 * h], z[2 * h :]
    _slopes(gate, z, 0, h, room, 0)
    _slopes(state, z, h, 2 * h, room, h)
    _slopes(gate, z, 2 * h, 3 * h, room, 2 * h)
    _slopes(state, out, 0, h, room, 3 * h)
    df, dg, do, bent = room[:h], room[h : 2 * h], room[2 * h : 3 * h], room[3 * h : 4 * h]
    one = out.dtype.type(1)
    for j in range(h):
        total = carry[j] + pull[j] * o[j] * bent[j]
        o[j] = pull[j] * out[j] * do[j]
        carry[j] = total * f[j]
        kept = f[j]
        f[j] = total * (held[j] - g[j]) * df[j]
        g[j] = total * (one - kept) * dg[j]


@inner
def _unmix(
    cell: Any, gate: Any, state: Any, z: Any, out: Any, held: Any, pull: Any, carry: Any, room: Any, found: Any
) -> None:
    h = held.shape[0]
    r, keep, last = z[:h], z[h : 2 * h], z[2 * h :]
    _slopes(gate, z, 0, 2 * h, room, 0)
    one = held.dtype.type(1)
    dr, dk, bent = room[:h], room[h : 2 * h], room[2 * h : 3 * h]
    if cell == GRU_BEFORE:
        _slopes(state, z, 2 * h, 3 * h, room, 2 * h)
        for j in range(h):
            carry[j] = pull[j] * keep[j]
            n = last[j]
            last[j] = pull[j] * (one - keep[j]) * bent[j]
            keep[j] = pull[j] * (held[j] - n) * dk[j]
        return
    _slopes(state, out, 0, h, room, 2 * h)
    inner = found[:h]
    for j in range(h):
        carry[j] = pull[j] * keep[j]
        into = pull[j] * (one - keep[j]) * bent[j]
        keep[j] = pull[j] * (held[j] - out[j]) * dk[j]
        product = last[j]
        last[j] = into * r[j]
        inner[j] += last[j]
        r[j] = into * product * dr[j]
        out[j] = into


@inner
def _unreset(gate: Any, z: Any, seen: Any, pull: Any, room: Any) -> None:
    h = seen.shape[0]
    r = z[:h]
    _slopes(gate, z, 0, h, room, 0)
    for j in range(h):
        through = pull[j] * r[j]
        r[j] = pull[j] * seen[j] * room[j]
        pull[j] = through


@inner
def _slopes(curve: Any, v: Any, start: Any, stop: Any, into: Any, at: Any) -> None:
    """Write the slope of `curve` where its values are ``v[start:stop]``."""
    count = stop - start
    into[at : at + count] = 1
    lower(into, at, v, start, count, curve)


@inner
def dot(a: Any, b: Any) -> Any:
    """``Σ a b`` in eight running sums, whatever the width of the machine's vectors."""
    zero = a.dtype.type(0)
    s0, s1, s2, s3, s4, s5, s6, s7 = zero, zero, zero, zero, zero, zero, zero, zero
    whole = a.shape[0] // 8
    for k in range(whole):
        u, v = a[8 * k : 8 * k + 8], b[8 * k : 8 * k + 8]
        s0 += u[0] * v[0]
        s1 += u[1] * v[1]
        s2 += u[2] * v[2]
        s3 += u[3] * v[3]
        s4 += u[4] * v[4]
        s5 += u[5] * v[5]
        s6 += u[6] * v[6]
        s7 += u[7] * v[7]
    for i in range(8 * whole, a.shape[0]):
        s0 += a[i] * b[i]
    return ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))


@inner
def _filled(rows: Any, low: Any, room: Any) -> Any:
    """Round a number of entries up to whole strips, as far as there is room: what lies behind is computed in vain."""
    return min((rows + STRIP - 1) // STRIP * STRIP, room - low)
