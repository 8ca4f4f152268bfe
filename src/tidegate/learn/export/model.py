"""A fitted network as one ONNX model: what goes in are windows as the panel has them, what comes out are scores.

    window [B, L, F] ─► normaliser ─► layers ─► last h ─┬─► dense ─► head ─► outputs [B, O]
    context [B, C] ─────────────────────────────────────┘
    outputs ─► as the loss reads them ─► (one of an ensemble's members) ─► target scale ─► score [B]

A number that is not finite in a window makes its score NaN (this library refuses such windows; a graph cannot refuse).
The operators are those of opset 17, so that runtimes of the last few years can read the file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tidegate import __version__
from tidegate.component import document
from tidegate.errors import SettingError
from tidegate.files import write_bytes
from tidegate.learn.digests import digest_scaler
from tidegate.learn.export.extra import required
from tidegate.learn.export.graph import Graph, Named
from tidegate.learn.export.inputs import write_normalised
from tidegate.learn.export.network import write_network
from tidegate.learn.export.saying import Told, write_combined, write_read
from tidegate.learn.fitted import Fitted
from tidegate.models.ensemble import Ensemble
from tidegate.models.recurrent import RecurrentNetwork
from tidegate.prepare.window_z_score import WindowZScore
from tidegate.types.axes import FloatArray, Single
from tidegate.types.clock import Horizon
from tidegate.types.windows import Affine

__all__ = ["Exported", "export_onnx", "onnx_bytes", "run_onnx"]

_OPSET, _IR = 17, 8


@dataclass(frozen=True)
class Exported:
    """What was written: where, its SHA-256, and the names of its inputs and outputs."""

    path: Path
    sha256: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def export_onnx(
    fitted: Fitted,
    path: Path,
    *,
    normaliser: Affine | WindowZScore | None,
    horizon: Horizon | None = None,
    facts: Mapping[str, str] | None = None,
    scaled: bool = True,
) -> Exported:
    """Write a fitted recurrent network as an ONNX file that turns windows into scores in the label's unit.

    Parameters
    ----------
    fitted
        A fitted `RecurrentNetwork`, or an `Ensemble` of them.
    normaliser
        What the windows were normalised with: the fitted map, or the settings of the normaliser by each window's own
        moments. None leaves it out: the graph then takes windows that are normalised already.
    horizon
        Kept in the file's metadata, as `facts` are.
    scaled
        Whether the score is turned into the label's unit; otherwise it is what the network was trained on.

    Shapes
        ``window [B, L, F]`` and, if there is one, ``context [B, C]``, float32 → ``score [B]``; ``probabilities [B, K]``
        where classes were learned, ``spread [B]`` of an ensemble; for a cell that ponders ``ponder_steps_k`` and
        ``ponder_remainder_k [B, L]`` of each layer k (of member m: ``_m_k``). B is free.
    Missing values
        A window with a number that is not finite gets the score NaN.
    Errors
        `MissingExtraError` without the extra "export"; `SettingError` for a model that is not a recurrent network, for
        another normaliser than the model was fitted with, and for a cell or a loss that has no translation.
    """
    content = onnx_bytes(fitted, normaliser=normaliser, horizon=horizon, facts=facts, scaled=scaled)
    model = required("onnx").load_from_string(content)
    names = [tuple(str(each.name) for each in part) for part in (model.graph.input, model.graph.output)]
    return Exported(path, write_bytes(path, content), names[0], names[1])


def onnx_bytes(
    fitted: Fitted,
    *,
    normaliser: Affine | WindowZScore | None,
    horizon: Horizon | None = None,
    facts: Mapping[str, str] | None = None,
    scaled: bool = True,
) -> bytes:
    """Make the model that `export_onnx` writes, checked by ONNX's own checker."""
    onnx = required("onnx")
    graph = Graph()
    _refuse_other(fitted, normaliser)
    outputs = _write(graph, fitted, normaliser, scaled=scaled)
    inputs: list[Named] = [("window", ("batch", fitted.lookback, len(fitted.inputs)))]
    if fitted.context:
        inputs.append(("context", ("batch", len(fitted.context))))
    written = graph.written("tidegate", [graph.value(each) for each in inputs], [graph.value(each) for each in outputs])
    made = onnx.helper.make_model(
        written,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
        producer_name="tidegate",
        producer_version=__version__,
        doc_string=f"tidegate model {fitted.fingerprint[:12]}: {fitted.model.name}, {len(fitted.inputs)} fields",
    )
    onnx.helper.set_model_props(made, _properties(fitted, normaliser, horizon, facts or {}, scaled=scaled))
    onnx.checker.check_model(made, full_check=True)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def run_onnx(
    model: bytes | Path, window: FloatArray | Single, context: FloatArray | Single | None = None
) -> dict[str, FloatArray]:
    """Run an exported model in onnxruntime, on one thread of the processor: outputs by name, float64."""
    runtime = required("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    held = str(model) if isinstance(model, Path) else model
    session = runtime.InferenceSession(held, options, providers=["CPUExecutionProvider"])
    fed = {"window": np.ascontiguousarray(window, dtype=np.float32)}
    if context is not None and context.shape[1]:
        fed["context"] = np.ascontiguousarray(context, dtype=np.float32)
    names = [each.name for each in session.get_outputs()]
    return {name: np.asarray(said, dtype=np.float64) for name, said in zip(names, session.run(names, fed), strict=True)}


def _refuse_other(fitted: Fitted, normaliser: Affine | WindowZScore | None) -> None:
    if normaliser is None:
        return
    found = digest_scaler(normaliser) if isinstance(normaliser, Affine) else "per window"
    if isinstance(normaliser, Affine) and found == "per window":
        raise SettingError(
            "a normaliser with a pair for each window knows only its own windows",
            expected="one pair for all windows, or the settings of a window-z-score",
            hint="give the normaliser's settings instead of what it was fitted to, or None to leave it out",
        )
    if found != fitted.scaler:
        raise SettingError(
            "the model was fitted with another normaliser", expected=fitted.scaler[:12], found=found[:12]
        )


def _networks(fitted: Fitted) -> list[tuple[RecurrentNetwork, dict[str, NDArray[Any]]]]:
    """The recurrent network with what it learned; of an ensemble, every member's."""
    model, arrays = fitted.model, fitted.arrays
    inner = model.member if isinstance(model, Ensemble) else model
    if not isinstance(inner, RecurrentNetwork):
        raise SettingError("only recurrent networks can be exported", expected="recurrent-network", found=inner.name)
    if not isinstance(model, Ensemble):
        return [(inner, dict(arrays))]
    prefixes = [f"members.{at}." for at in range(model.count)]
    return [
        (inner, {name.removeprefix(prefix): held for name, held in arrays.items() if name.startswith(prefix)})
        for prefix in prefixes
    ]


def _write(graph: Graph, fitted: Fitted, normaliser: Affine | WindowZScore | None, *, scaled: bool) -> list[Named]:
    """Write all nodes; returns names and shapes of the outputs."""
    networks = _networks(fitted)
    x = write_normalised(graph, "window", normaliser)
    told, pondered = [], []
    for member, (network, arrays) in enumerate(networks, start=1):
        outputs, passes = write_network(graph, network, arrays, x, "context" if fitted.context else None)
        told.append(write_read(graph, fitted.loss, outputs, network.outputs))
        mark = "" if len(networks) == 1 else f"{member}_"
        layers = enumerate((each for each in passes if each.ponder), start=1)
        pondered += [(f"{mark}{layer}", each.ponder) for layer, each in layers]
    said = told[0]
    if isinstance(fitted.model, Ensemble):
        grades = (fitted.arrays["grades"], fitted.arrays["together"]) if "grades" in fitted.arrays else None
        said = write_combined(graph, told, fitted.model.combine, grades)
    score, spread = said.score, said.spread
    if scaled:
        scale = graph.constant(fitted.target_scale.scale, "target_scale")
        centre = graph.constant(fitted.target_scale.centre, "target_centre")
        score = graph.add("Add", graph.add("Mul", score, scale), centre)
        spread = None if spread is None else graph.add("Mul", spread, scale)
    return _put_out(graph, fitted, said._replace(score=score, spread=spread), networks[0][0].outputs, pondered)


def _put_out(
    graph: Graph, fitted: Fitted, said: Told, outputs: int, pondered: list[tuple[str, tuple[str, ...]]]
) -> list[Named]:
    """Name the outputs; those of a window that is not finite are NaN, except for what was pondered."""
    whole, nothing = _finite(graph, fitted), graph.constant(np.nan)
    named: list[Named] = []
    for name, held in (("score", said.score), ("spread", said.spread)):
        if held is not None:
            graph.put("Where", (whole, held, nothing), (name,))
            named.append((name, ("batch",)))
    if said.probabilities is not None:
        column = graph.add("Unsqueeze", whole, graph.integers(1))
        graph.put("Where", (column, said.probabilities, nothing), ("probabilities",))
        named.append(("probabilities", ("batch", max(outputs, 2))))
    for mark, names in pondered:
        for what, held in zip(("steps", "remainder"), names, strict=True):
            graph.put("Transpose", (held,), (f"ponder_{what}_{mark}",), perm=[1, 0])
            named.append((f"ponder_{what}_{mark}", ("batch", fitted.lookback)))
    return named


def _finite(graph: Graph, fitted: Fitted) -> str:
    """``[B]``: whether every number of a window and its context is finite."""
    parts = [("window", (1, 2)), *([("context", (1,))] if fitted.context else [])]
    found = []
    for name, axes in parts:
        bad = graph.add("Cast", graph.add("Or", graph.add("IsNaN", name), graph.add("IsInf", name)), to=1)
        worst = graph.add("ReduceMax", bad, axes=list(axes), keepdims=0)
        found.append(graph.add("Less", worst, graph.constant(0.5)))
    return found[0] if len(found) == 1 else graph.add("And", *found)


def _properties(
    fitted: Fitted,
    normaliser: Affine | WindowZScore | None,
    horizon: Horizon | None,
    facts: Mapping[str, str],
    *,
    scaled: bool,
) -> dict[str, str]:
    """What the file says about itself: plain words, or JSON where there is more than one."""
    known: dict[str, Any] = {
        "fingerprint": fitted.fingerprint,
        "fields": list(fitted.inputs),
        "context": list(fitted.context),
        "lookback": fitted.lookback,
        "horizon": None if horizon is None else document(horizon),
        "normaliser": "left out" if normaliser is None else "inside",
        "scaler": fitted.scaler,
        "score": "in the label's unit" if scaled else "in the network's unit",
        "target_scale": document(fitted.target_scale),
        "model": document(fitted.model),
        "seed": fitted.seed,
        "torch": fitted.torch_version,
    }
    words = {key: held if isinstance(held, str) else json.dumps(held, sort_keys=True) for key, held in known.items()}
    return {**words, **facts}
