"""A network, or the pipeline, as boxes with shapes and arrows (B1)."""

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.errors import UnknownNameError
from tidegate.report.figures.plain import sentences
from tidegate.types.report import Figure, Text

__all__ = ["network"]


def network(
    key: str,
    title: Text,
    nodes: Sequence[Mapping[str, Any]],
    links: Sequence[Sequence[str]],
    *,
    note: Text | None = None,
) -> Figure:
    """Draw nodes in layers, from sources to results.

    Parameters
    ----------
    nodes
        Each ``{"id", "label", "shape", "parameters"}``: label a text, a `Text` or its document; shape a text or a list
        (``["B", 30, 6]``); parameters a count or None. Only "id" must be there.
    links
        Pairs ``[from, to]`` of ids.

    Raises
    ------
    UnknownNameError
        Where a link names a node that is not there.

    >>> figure = network(
    ...     "b1",
    ...     Text.same("Net"),
    ...     [{"id": "in", "shape": ["B", 30, 6]}, {"id": "lstm", "parameters": 18_000}],
    ...     [["in", "lstm"]],
    ... )
    >>> figure.graph["nodes"][1]["label"], "18,000" in figure.caption.en
    ('lstm', True)
    """
    known = [str(node["id"]) for node in nodes]
    for link in links:
        for end in link:
            if str(end) not in known:
                raise UnknownNameError.among("node", str(end), known, where=f"figure {key}")
    plain: list[dict[str, Any]] = [
        {
            "id": str(node["id"]),
            "label": _label(node.get("label", node["id"])),
            "shape": _shape(node.get("shape")),
            "parameters": node.get("parameters"),
        }
        for node in nodes
    ]
    total = sum(int(node["parameters"] or 0) for node in plain)
    counted = Text(
        en=(
            f"{total:,} parameters in all. B is the batch; compare their number with that of independent training "
            "labels."
        ),
        zh=f"共 {total:,} 个参数。B 为批量；请与相互独立的训练标签数对照。",
    )
    return Figure(
        key=key,
        title=title,
        caption=sentences(counted if total else None, note),
        kind="graph",
        graph={"nodes": plain, "links": [[str(a), str(b)] for a, b in links]},
    )


def _label(label: object) -> object:
    return label.model_dump() if isinstance(label, Text) else label


def _shape(shape: object) -> object:
    return list(shape) if isinstance(shape, (tuple, list)) else shape
