"""Checkpoints: two are kept, each with its own hash; a broken one is passed over, never believed.

    checkpoint-0.safetensors   checkpoint-0.sha256
    checkpoint-1.safetensors   checkpoint-1.sha256

A save goes to the slot that is not the newest, tensors first, hash second. Whatever happens in between, the other slot
is whole. What the training counts (epoch, step, history) travels in the same file as a tensor of JSON bytes, so that
one hash covers all of it. A checkpoint also carries the fingerprint of everything it was computed from: one of another
training is as if it were not there.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load, save

from tidegate.files import write_bytes, write_text

__all__ = ["Checkpoint", "Checkpoints", "packed", "unpacked"]

_FACTS = "facts"
_SLOTS = 2


class Checkpoint(NamedTuple):
    """Tensors by name, and plain facts."""

    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any]


def packed(checkpoint: Checkpoint, **words: Any) -> bytes:
    """Write a checkpoint, and `words` beside its facts, as the bytes of one safetensors file."""
    held = json.dumps({**words, "facts": checkpoint.facts}).encode()
    facts = torch.frombuffer(bytearray(held), dtype=torch.uint8)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    return save({**tensors, _FACTS: facts})


def unpacked(content: bytes) -> Checkpoint:
    """Read what `packed` wrote."""
    return _opened(content)[1]


def _opened(content: bytes) -> tuple[dict[str, Any], Checkpoint]:
    tensors = load(content)
    words = json.loads(tensors.pop(_FACTS).numpy().tobytes())
    return words, Checkpoint(tensors, words.pop("facts"))


class Checkpoints:
    """The two slots in one folder, for the training named by `identity`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = Checkpoints(Path(folder), "a")
    ...     kept.save(Checkpoint({"w": torch.ones(2)}, {"epoch": 3}))
    ...     Checkpoints(Path(folder), "a").load().facts, Checkpoints(Path(folder), "b").load()
    ({'epoch': 3}, None)
    """

    def __init__(self, folder: Path, identity: str) -> None:
        self.folder, self.identity = folder, identity
        self._serial = 0

    def save(self, checkpoint: Checkpoint) -> None:
        """Write the older slot; raises `KeptError` where the disk refuses, and what was there before is intact."""
        serial = self._serial + 1
        path = self._path(serial % _SLOTS)
        digest = write_bytes(path, packed(checkpoint, identity=self.identity, serial=serial))
        write_text(path.with_suffix(".sha256"), digest + "\n")
        self._serial = serial

    def load(self) -> Checkpoint | None:
        """Return the newest whole checkpoint of this training, or None."""
        found = [held for held in map(self._read, range(_SLOTS)) if held is not None]
        if not found:
            return None
        serial, newest = max(found, key=lambda held: held[0])
        self._serial = serial
        return newest

    def clear(self) -> None:
        """Remove both slots: the training has ended."""
        for slot in range(_SLOTS):
            self._path(slot).with_suffix(".sha256").unlink(missing_ok=True)
            self._path(slot).unlink(missing_ok=True)

    def _path(self, slot: int) -> Path:
        return self.folder / f"checkpoint-{slot}.safetensors"

    def _read(self, slot: int) -> tuple[int, Checkpoint] | None:
        path = self._path(slot)
        try:
            content = path.read_bytes()
            told = path.with_suffix(".sha256").read_bytes()
        except OSError:
            return None
        if told != hashlib.sha256(content).hexdigest().encode() + b"\n":
            return None
        words, checkpoint = _opened(content)
        if words["identity"] != self.identity:
            return None
        return int(words["serial"]), checkpoint
