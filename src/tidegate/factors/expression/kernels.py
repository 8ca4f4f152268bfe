"""Window sums, extremes and moments of one column, built by doubling.

A window of n bars is put together from blocks of 1, 2, 4, 8, … bars, each made of two of half its size, all bars of a
column at once. Each value is a fixed sequence of operations on its own n values and on nothing else, so that it does
not depend, by a single bit, on where the data start or end. Sums are pairwise; variances, covariances and higher
moments are merged from those of blocks (Chan, Golub & LeVeque 1979; Pébay 2008), which loses nothing to cancellation
and gives exactly 0 for a constant.

Windows of one column share their blocks. Arrays: `x` and `y` ``[n]``, `windows` ``[W]``, results ``[W, K, n]`` for K
statistics, `work` ``[3, K, n]``. Rows with fewer bars before them are left as they come: whoever calls masks them.
Loops run over views from 0 on: an index that might be negative is not computed several rows at a time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tidegate.compiling import keep
from tidegate.types.axes import FloatArray, IntArray

__all__ = ["comoments", "compiled", "decayed", "highest", "latest_highest", "moments", "sums", "trends"]

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile `function` when it is first called; strict floats: what is written is what is computed."""
    return keep(function, Path(__file__).parent, nogil=True, fastmath=False, error_model="numpy")


@compiled
def sums(x: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray) -> None:
    """Sums over each window; K = 1."""
    n, most = x.size, windows.max()
    level, other = work[0, 0], work[1, 0]
    level[:] = x
    size = 1
    while True:
        for w in range(windows.size):
            bars = windows[w]
            if bars & size:
                newer = bars & (size - 1)
                out = made[w, 0]
                if newer == 0:
                    out[:] = level
                else:
                    to = out[newer:]
                    for t in range(n - newer):
                        to[t] = level[t] + to[t]
        if size * 2 > most:
            break
        to, now = other[size:], level[size:]
        for t in range(n - size):
            to[t] = level[t] + now[t]
        level, other = other, level
        size *= 2


@compiled
def decayed(x: FloatArray, windows: IntArray, keeps: FloatArray, made: FloatArray, work: FloatArray) -> None:
    """Sums with weights keep^k, k bars ago, over each window; one window after the other; K = 1."""
    n = x.size
    for w in range(windows.size):
        level, other = work[0, 0], work[1, 0]
        level[:] = x
        out, bars, size, power = made[w, 0], windows[w], 1, keeps[w]
        taken = 1.0
        while True:
            if bars & size:
                newer = bars & (size - 1)
                if newer == 0:
                    out[:] = level
                else:
                    to = out[newer:]
                    for t in range(n - newer):
                        to[t] = level[t] * taken + to[t]
                taken *= power
            if size * 2 > bars:
                break
            to, now = other[size:], level[size:]
            for t in range(n - size):
                to[t] = level[t] * power + now[t]
            level, other = other, level
            size *= 2
            power *= power


@compiled
def highest(x: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray) -> None:
    """Greatest value of each window; K = 1."""
    n, most = x.size, windows.max()
    level, other = work[0, 0], work[1, 0]
    level[:] = x
    size = 1
    while True:
        for w in range(windows.size):
            bars = windows[w]
            if size <= bars < size * 2:
                out, back = made[w, 0], bars - size
                to, now = out[back:], level[back:]
                for t in range(n - back):
                    to[t] = max(now[t], level[t])
        if size * 2 > most:
            break
        to, now = other[size:], level[size:]
        for t in range(n - size):
            to[t] = max(now[t], level[t])
        level, other = other, level
        size *= 2


@compiled
def latest_highest(x: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray) -> None:
    """Bars since the latest greatest value of each window; K = 2, the second is what is asked for."""
    n, most = x.size, windows.max()
    level, other, place, there = work[0, 0], work[1, 0], work[0, 1], work[1, 1]
    level[:] = x
    for t in range(n):
        place[t] = t
    size = 1
    while True:
        for w in range(windows.size):
            bars = windows[w]
            if size <= bars < size * 2:
                out, back = made[w, 1], bars - size
                to, now, here = out[back:], level[back:], place[back:]
                for t in range(n - back):
                    to[t] = (t + back) - (place[t] if level[t] > now[t] else here[t])
        if size * 2 > most:
            break
        to, now, where, here = other[size:], level[size:], there[size:], place[size:]
        for t in range(n - size):
            older = level[t] > now[t]
            to[t] = level[t] if older else now[t]
            where[t] = place[t] if older else here[t]
        level, other, place, there = other, level, there, place
        size *= 2


@compiled
def moments(x: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray, order: int) -> None:
    """Mean and Σ (x - mean)^k for k = 2 … `order` of each window; K = order."""
    n, most = x.size, windows.max()
    level, other = work[0], work[1]
    level[0, :] = x
    level[1:, :] = 0.0
    size = 1
    while True:
        for w in range(windows.size):
            bars = windows[w]
            if bars & size:
                newer = bars & (size - 1)
                out = made[w]
                if newer == 0:
                    out[:, :] = level[:, :]
                else:
                    _merge(out, level, work[2], newer, size, order, n)
        if size * 2 > most:
            break
        other[:, :] = level
        _merge(other, level, work[2], size, size, order, n)
        level, other = other, level
        size *= 2


@compiled
def _merge(to: FloatArray, old: FloatArray, gaps: FloatArray, a: int, b: int, order: int, n: int) -> None:
    """Join the `a` newer bars in `to` with the `b` bars before them (Pébay 2008)."""
    count = float(a + b)
    share, product = b / count, a * b / count
    gap, t1, t2, o1, o2 = gaps[0, a:], to[0, a:], to[1, a:], old[0], old[1]
    for t in range(n - a):
        gap[t] = o1[t] - t1[t]
    if order > 2:  # noqa: PLR2004
        cube, fourth = a * b * (a - b) / count**2, a * b * (a * a - a * b + b * b) / count**3
        t3, t4, o3, o4 = to[2, a:], to[3, a:], old[2], old[3]
        old_share, new_share = a / count, b / count
        for t in range(n - a):
            square = gap[t] * gap[t]
            pairs = old_share * old_share * o2[t] + new_share * new_share * t2[t]
            t4[t] += (
                o4[t]
                + square * (square * fourth + 6.0 * pairs)
                + 4.0 * gap[t] * (old_share * o3[t] - new_share * t3[t])
            )
        for t in range(n - a):
            square = gap[t] * gap[t]
            t3[t] += o3[t] + gap[t] * (square * cube + 3.0 * (old_share * o2[t] - new_share * t2[t]))
    for t in range(n - a):
        t2[t] += o2[t] + gap[t] * gap[t] * product
    for t in range(n - a):
        t1[t] += gap[t] * share


@compiled
def trends(x: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray) -> None:
    """Mean, Σ (x - mean)² and Σ (x - mean)(time - its mean) of each window; K = 3."""
    n, most = x.size, windows.max()
    level, other = work[0], work[1]
    level[0, :] = x
    level[1:, :] = 0.0
    size = 1
    while True:
        for w in range(windows.size):
            bars = windows[w]
            if bars & size:
                newer = bars & (size - 1)
                out = made[w]
                if newer == 0:
                    out[:, :] = level[:, :]
                else:
                    _merge_trend(out, level, work[2], newer, size, n)
        if size * 2 > most:
            break
        other[:, :] = level
        _merge_trend(other, level, work[2], size, size, n)
        level, other = other, level
        size *= 2


@compiled
def _merge_trend(to: FloatArray, old: FloatArray, gaps: FloatArray, a: int, b: int, n: int) -> None:
    count = float(a + b)
    share, product, half = b / count, a * b / count, 0.5 * a * b
    gap, o1, o2, o3 = gaps[0, a:], old[0], old[1], old[2]
    t1, t2, t3 = to[0, a:], to[1, a:], to[2, a:]
    for t in range(n - a):
        gap[t] = o1[t] - t1[t]
    for t in range(n - a):
        t3[t] += o3[t] - gap[t] * half
    for t in range(n - a):
        t2[t] += o2[t] + gap[t] * gap[t] * product
    for t in range(n - a):
        t1[t] += gap[t] * share


@compiled
def comoments(x: FloatArray, y: FloatArray, windows: IntArray, made: FloatArray, work: FloatArray) -> None:
    """Means of x and y, Σ (x - mean)², Σ (x - mean)(y - mean) and Σ (y - mean)² of each window; K = 5."""
    n, most = x.size, windows.max()
    level, other = work[0], work[1]
    level[0, :] = x
    level[1, :] = y
    level[2:, :] = 0.0
    size = 1
    while True:
        for w in range(windows.size):
            bars = windows[w]
            if bars & size:
                newer = bars & (size - 1)
                out = made[w]
                if newer == 0:
                    out[:, :] = level[:, :]
                else:
                    _merge_pair(out, level, work[2], newer, size, n)
        if size * 2 > most:
            break
        other[:, :] = level
        _merge_pair(other, level, work[2], size, size, n)
        level, other = other, level
        size *= 2


@compiled
def _merge_pair(to: FloatArray, old: FloatArray, gaps: FloatArray, a: int, b: int, n: int) -> None:
    count = float(a + b)
    share, product = b / count, a * b / count
    for k in range(2):
        gap, t1, o1 = gaps[k, a:], to[k, a:], old[k]
        for t in range(n - a):
            gap[t] = o1[t] - t1[t]
    for k in range(3):
        gap, other, t2, o2 = gaps[k // 2, a:], gaps[(k + 1) // 2, a:], to[2 + k, a:], old[2 + k]
        for t in range(n - a):
            t2[t] += o2[t] + gap[t] * other[t] * product
    for k in range(2):
        gap, t1 = gaps[k, a:], to[k, a:]
        for t in range(n - a):
            t1[t] += gap[t] * share
