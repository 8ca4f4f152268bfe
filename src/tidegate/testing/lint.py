"""Signs of looking ahead in source text: negative shifts, backward fills, centred windows, whole-sample fits (L11).

A lint reads, it does not run: it finds about a third of what cutting and scrambling find, and it may be wrong. What it
says is a warning, and a hint where something was found by other means.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["Sign", "lint_function", "lint_text"]


class Sign(NamedTuple):
    """One suspicious place: the line, what stands there, and why it may look ahead."""

    line: int
    code: str
    why: str

    def __str__(self) -> str:
        return f"line {self.line}, `{self.code}`: {self.why}"


_BACKWARD = {
    "bfill": "fills backward, from later values",
    "backfill": "fills backward, from later values",
    "backward_fill": "fills backward, from later values",
    "interpolate": "draws lines to later values",
    "filtfilt": "filters in both directions of time",
    "sosfiltfilt": "filters in both directions of time",
    "savgol_filter": "smooths with a centred window",
    "gaussian_filter1d": "smooths with a centred window",
    "gaussian_filter": "smooths with a centred window",
    "detrend": "takes a trend of the whole sample away",
    "rfft": "transforms the whole sample",
    "fft": "transforms the whole sample",
    "argrelextrema": "knows an extreme by what comes after it",
    "find_peaks": "knows an extreme by what comes after it",
    "fit_transform": "fits on everything that it transforms",
    "seasonal_decompose": "decomposes with centred windows",
    "hpfilter": "smooths in both directions of time",
    "qcut": "takes quantiles of the whole sample",
    "cumsum_reverse": "sums from the end",
}
_SHIFTS = {"shift", "pct_change", "diff", "tshift"}
_WHOLE = {
    "mean",
    "std",
    "var",
    "min",
    "max",
    "median",
    "quantile",
    "rank",
    "skew",
    "kurt",
    "sum",
    "nanmean",
    "nanstd",
    "nanmax",
    "nanmin",
    "percentile",
    "nanpercentile",
    "nanquantile",
    "nanmedian",
    "zscore",
    "corr",
    "cov",
}
_LIMITED = {"rolling", "expanding", "ewm", "over", "groupby", "group_by", "resample", "rolling_mean"}
_LAST = {"last", "tail"}


def lint_text(text: str) -> tuple[Sign, ...]:
    r"""Read a source text; what cannot be parsed says nothing.

    >>> [str(sign) for sign in lint_text("def f(x):\n    return x.shift(-1)\n")]
    ['line 2, `x.shift(-1)`: takes a later row']
    """
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return ()
    by_date = _by_date(tree)
    return tuple(sorted({sign for node in ast.walk(tree) if id(node) not in by_date for sign in _signs(node)}))


def lint_function(fn: Callable[..., Any]) -> tuple[Sign, ...]:
    """Read a function's source, where it has one; lines are counted in its file."""
    try:
        lines, first = inspect.getsourcelines(fn)
    except (OSError, TypeError):
        return ()
    text = "".join(lines)
    return tuple(sign._replace(line=sign.line + max(first, 1) - 1) for sign in lint_text(text))


def _signs(node: ast.AST) -> Iterator[Sign]:
    if isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Subscript):
        last = node.slice
        if isinstance(last, ast.UnaryOp) and _number(last) == -1 and isinstance(node.ctx, ast.Load):
            yield _sign(node, "takes the last value of a sample")
        if isinstance(last, ast.Slice) and last.step is not None and (_number(last.step) or 0) < 0:
            yield _sign(node, "turns time round")


def _of_call(node: ast.Call) -> Iterator[Sign]:  # noqa: C901, PLR0912 - one line for each sign
    name = _name(node.func)
    given = {one.arg: one.value for one in node.keywords}
    first = node.args[0] if node.args else None
    if name in _SHIFTS:
        moved = given.get("periods", given.get("n", first))
        if moved is not None and (_number(moved) or 0) < 0:
            yield _sign(node, "takes a later row")
    if name == "roll" and len(node.args) > 1 and (_number(node.args[1]) or 0) < 0:
        yield _sign(node, "takes a later row")
    if name in _BACKWARD:
        yield _sign(node, _BACKWARD[name])
    if _true(given.get("center")):
        yield _sign(node, "a centred window reaches ahead")
    if _true(given.get("reverse")) or (_true(given.get("descending")) and name.startswith("cum")):
        yield _sign(node, "runs from the end")
    method = given.get("method", given.get("strategy"))
    if (
        isinstance(method, ast.Constant)
        and method.value in {"bfill", "backfill", "backward"}
        and name in {"fillna", "fill_null", "reindex", "replace"}
    ):
        yield _sign(node, "fills backward, from later values")
    direction = given.get("direction", given.get("strategy"))
    if isinstance(direction, ast.Constant) and direction.value in {"forward", "nearest"} and "asof" in name:
        yield _sign(node, "joins what comes later")
    mode = given.get("mode")
    if name == "convolve" and isinstance(mode, ast.Constant) and mode.value == "same":
        yield _sign(node, "a centred window reaches ahead")
    if name == "fit" and not _mentions(node, "train"):
        yield _sign(node, "fits; make sure that it sees the training range alone")
    if name in _LAST and isinstance(node.func, ast.Attribute) and not _limited(node.func.value):
        yield _sign(node, "takes the last value of a sample")
    if name == "transform" and isinstance(first, ast.Constant) and first.value in _WHOLE and not _dated(node):
        yield _sign(node, "may be a statistic of the whole sample")
    if (
        name in _WHOLE
        and isinstance(node.func, ast.Attribute)
        and "axis" not in given
        and not _limited(node.func.value)
    ):
        yield _sign(node, "may be a statistic of the whole sample")


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.UnaryOp) or not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return -1.0 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else None
    return float(node.value) if isinstance(node.value, (int, float)) else None


def _true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _mentions(node: ast.AST, word: str) -> bool:
    return any(word in _name(inner) for inner in ast.walk(node) if isinstance(inner, (ast.Name, ast.Attribute)))


def _dated(node: ast.AST) -> bool:
    """Whether a call names a column of dates: what it groups by."""
    words = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
    return any(word in _DATES for word in words if isinstance(word, str))


def _limited(node: ast.expr) -> bool:
    """Whether what a statistic is taken of is a window, a group or a history so far."""
    return any(
        _name(inner.func) in _LIMITED or _name(inner.func).startswith(("rolling", "cum"))
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call)
    )


def _by_date(tree: ast.AST) -> set[int]:
    """Nodes whose result is taken within one date: what stands before ``.over("time")``."""
    held: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "over" and isinstance(node.func, ast.Attribute):
            words = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)]
            if any(word in _DATES for word in words if isinstance(word, str)):
                held |= {id(inner) for inner in ast.walk(node.func.value)}
    return held


_DATES = {"time", "date", "session", "trade_date", "month", "datetime"}


def _sign(node: ast.expr, why: str) -> Sign:
    code = ast.unparse(node)
    return Sign(node.lineno, code if len(code) <= _LONGEST else f"{code[: _LONGEST - 1]}…", why)


_LONGEST = 70
