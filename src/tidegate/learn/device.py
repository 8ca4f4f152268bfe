"""Where a network is trained, and in which precision.

The processor is the measured home. A CUDA device is asked for by name and refused where there is none: nothing falls
back in silence. *float32* is exact on both. *tf32* shortens the factors of matrix products on a GPU to 10 bits of
mantissa, *bf16* runs the network's forward pass in bfloat16 (7 bits) where torch's autocast knows an operation;
weights, sums of gradients, losses and optimiser stay float32 in either case. The fused kernels of the processor do not
know bfloat16, and autocast does not see them: a network that they compute is refused it. The forms on a GPU are written
with care and have not been measured.
"""

import contextlib
import os
import warnings
from collections.abc import Iterator

import torch

from tidegate.errors import SettingError
from tidegate.models.base import Network

__all__ = ["found_device", "lower", "numerics", "refuse_bf16"]


def found_device(asked: str) -> torch.device:
    """Find the device "cpu", "cuda" or "auto" (cuda where there is one).

    Errors
        `SettingError` for cuda where torch finds none.

    >>> found_device("cpu")
    device(type='cpu')
    """
    there = torch.cuda.is_available()
    if asked == "cuda" and not there:
        raise SettingError(
            "there is no CUDA device that torch can use",
            where="training.device",
            found="no device" if torch.version.cuda is not None else "a torch built without CUDA",
            hint="take device 'cpu' or 'auto', or install a torch built for your GPU",
        )
    if asked == "cpu" or not there:
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


@contextlib.contextmanager
def numerics(device: torch.device, precision: str) -> Iterator[None]:
    """Set how float32 products are computed on a GPU, and put it back on the way out.

    Errors
        `SettingError` for tf32 on a device that does not have it.
    """
    if precision == "tf32" and device.type != "cuda":
        raise SettingError(
            "tf32 is a precision of CUDA devices",
            where="training.precision",
            found=device.type,
            hint="take float32 or bf16, or device 'cuda'",
        )
    if device.type != "cuda":
        with _without_onednn() if precision == "bf16" else contextlib.nullcontext():
            yield
        return
    # Without this cuBLAS may sum in another order from run to run, and torch refuses it in its strict mode.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    products, networks = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, networks.allow_tf32, networks.benchmark
    products.allow_tf32 = networks.allow_tf32 = precision == "tf32"
    networks.benchmark = False
    try:
        yield
    finally:
        products.allow_tf32, networks.allow_tf32, networks.benchmark = before


@contextlib.contextmanager
def _without_onednn() -> Iterator[None]:
    """Leave oneDNN aside: its LSTM knows bfloat16 on some processors only, torch's own on all."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*TF32 acceleration.*", category=UserWarning)
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def refuse_bf16(network: Network, device: torch.device, precision: str) -> None:
    """Refuse bf16 where the processor's fused kernels, which stay in float32, would compute the cell.

    Errors
        `SettingError` for such a network.

    >>> from tidegate.models.cells.lstm import LSTM
    >>> from tidegate.models.recurrent import RecurrentNetwork
    >>> refuse_bf16(RecurrentNetwork(cell=LSTM(hidden=2, form="torch")), torch.device("cpu"), "bf16")
    """
    cell = getattr(network, "cell", None)
    fused = getattr(cell, "fused_as", None) is not None and getattr(cell, "computed_by", None) == "fast"
    if precision == "bf16" and device.type == "cpu" and fused:
        raise SettingError(
            "the fused kernels of the processor do not know bfloat16",
            where="training.precision",
            expected="float32",
            found=f"bf16, with form '{getattr(cell, 'form', 'auto')}', which is computed by 'fast'",
            hint="take float32, or say form='plain' (or 'torch', where the cell has it) in the cell",
        )


def lower(device: torch.device, precision: str) -> contextlib.AbstractContextManager[object]:
    """Return the context of a forward pass: autocast to bfloat16 where asked for.

    >>> with lower(torch.device("cpu"), "bf16"):
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.bfloat16
    """
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return contextlib.nullcontext()
