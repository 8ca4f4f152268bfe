"""Fitted: a model that has learned, with everything it needs to speak and to be believed.

weights.safetensors   what was learned, as named arrays
traces.safetensors    what was seen while it learned, as named arrays; not there where nothing was
fit.json              what it is, how it learned, and the hashes of both; nothing in it depends on the clock
timings.json          measured seconds
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from tidegate.component import document, fingerprint
from tidegate.errors import IntegrityError, KeptError
from tidegate.files import read_json, write_bytes, write_json
from tidegate.learn.digests import digest_arrays
from tidegate.learn.losses.base import Loss
from tidegate.learn.target import TargetScale
from tidegate.learn.traces import NOTHING, Traces
from tidegate.models.base import Model, Network
from tidegate.types.axes import frozen

if TYPE_CHECKING:
    import torch

__all__ = ["Fitted", "load_fitted", "save_fitted"]

_WEIGHTS, _TRACES, _CARD = "weights.safetensors", "traces.safetensors", "fit.json"


@dataclass(frozen=True)
class Fitted:
    """A fitted model; equal fingerprints mean equal forecasts.

    `arrays` are the weights (float32) or what a rival learned (float64). `scaler` is the hash of the normaliser fitted
    on train, or "per window". `history` has one entry per epoch: epoch (from 1), train, valid and watched losses (in
    the network's unit, without penalties), rate, gradient_norm (mean over the steps, before clipping).
    """

    model: Model
    arrays: dict[str, NDArray[Any]]
    inputs: tuple[str, ...]
    context: tuple[str, ...]
    lookback: int
    target_scale: TargetScale
    scaler: str
    seed: int | None
    identity: str
    history: tuple[dict[str, Any], ...]
    best_epoch: int | None
    threads: int
    torch_version: str
    loss: Loss | None = None
    """The loss as fitted, which reads a network's outputs; None for a rival, whose forecast is its score."""
    traces: Traces = NOTHING
    """What was seen while it learned; it steered nothing and is no part of the fingerprint."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the model's document, what it learned, its scalers and what it sees."""
        return fingerprint(
            self.model,
            digest_arrays(self.arrays),
            self.inputs,
            self.context,
            self.lookback,
            self.target_scale,
            self.scaler,
            self.loss,
        )

    def module(self, *, apart: bool = True) -> "torch.nn.Module":
        """Build the network with the learned weights, ready to speak.

        With `apart`, no window's bits depend on its neighbours; without, it is faster.
        """
        import torch

        from tidegate.models.dense import by_row

        assert isinstance(self.model, Network)
        module = self.model.build(len(self.inputs), len(self.context), torch.Generator().manual_seed(0))
        module.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in self.arrays.items()})
        return by_row(module.eval()) if apart else module.eval()


def save_fitted(fitted: Fitted, folder: Path) -> None:
    """Write weights first, then the card that names their hash."""
    digest = write_bytes(
        folder / _WEIGHTS, save({name: np.ascontiguousarray(array) for name, array in fitted.arrays.items()})
    )
    card = {
        "model": document(fitted.model),
        "inputs": list(fitted.inputs),
        "context": list(fitted.context),
        "lookback": fitted.lookback,
        "target_scale": document(fitted.target_scale),
        "scaler": fitted.scaler,
        "seed": fitted.seed,
        "identity": fitted.identity,
        "history": list(fitted.history),
        "best_epoch": fitted.best_epoch,
        "threads": fitted.threads,
        "torch": fitted.torch_version,
        "loss": document(fitted.loss),
        "weights_sha256": digest,
        "traces_sha256": _save_traces(fitted.traces, folder),
        "traces": {axis: list(names) for axis, names in fitted.traces.names.items()},
        "fingerprint": fitted.fingerprint,
    }
    write_json(folder / _CARD, {**card, "seal": fingerprint(card)})


def load_fitted(folder: Path) -> Fitted:
    """Read a fitted model back.

    Raises `KeptError` where it is not there, `IntegrityError` where a byte of it is not what was written.
    """
    card = read_json(folder / _CARD)
    seal = card.pop("seal", None) if isinstance(card, dict) else None
    _agree(seal, fingerprint(card), folder / _CARD)
    content = _read(folder / _WEIGHTS, card["weights_sha256"])
    fitted = Fitted(
        model=Model.of(card["model"]),
        arrays={name: frozen(array) for name, array in load(content).items()},
        inputs=tuple(card["inputs"]),
        context=tuple(card["context"]),
        lookback=card["lookback"],
        target_scale=TargetScale.of(card["target_scale"]),
        scaler=card["scaler"],
        seed=card["seed"],
        identity=card["identity"],
        history=tuple(card["history"]),
        best_epoch=card["best_epoch"],
        threads=card["threads"],
        torch_version=card["torch"],
        loss=None if card.get("loss") is None else Loss.of(card["loss"]),
        traces=_load_traces(card, folder),
    )
    _agree(card["fingerprint"], fitted.fingerprint, folder)
    return fitted


def _save_traces(traces: Traces, folder: Path) -> str | None:
    if not traces.arrays:
        return None
    return write_bytes(
        folder / _TRACES, save({name: np.ascontiguousarray(array) for name, array in traces.arrays.items()})
    )


def _load_traces(card: dict[str, Any], folder: Path) -> Traces:
    if card.get("traces_sha256") is None:
        return NOTHING
    return Traces.of(load(_read(folder / _TRACES, card["traces_sha256"])), card["traces"])


def _read(path: Path, told: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise KeptError(f"could not read {path.name}", where=path.parent, found=error.strerror) from error
    _agree(told, hashlib.sha256(content).hexdigest(), path)
    return content


def _agree(told: object, found: str, where: Path) -> None:
    if told != found:
        raise IntegrityError(
            "a fitted model is not what was written",
            where=where,
            expected=str(told)[:12],
            found=found[:12],
            hint="remove its folder and run again: it will be fitted anew",
        )
