"""Several processes that train one network together: ``torchrun --nproc-per-node 2 script.py``.

Every process (a rank) does all that the loop does, on its own share of each batch; one sum over all ranks per step
makes their gradients, and so their weights, the same. Losses are summed likewise. Only the first rank writes, and only
it tells of progress; it also reads the checkpoint and hands its bytes to the others (bytes, never pickled objects). A
script needs nothing but `fit_network` in it: under `torchrun` the ranks find each other by the environment, without it
there is one rank and nothing of torch's distributed package is loaded.

All ranks must see the same folder, and the same windows.
"""

import atexit
import os

import torch

from tidegate.learn.checkpoint import Checkpoint, packed, unpacked

__all__ = ["ALONE", "Ranks", "joined"]


class Ranks:
    """The processes that train together: this one is number `rank` of `size`.

    >>> ALONE.first, ALONE.mine(5)
    (True, range(0, 5))
    """

    def __init__(self, rank: int = 0, size: int = 1, device: torch.device | None = None) -> None:
        self.rank, self.size = rank, size
        self.device = device or torch.device("cpu")

    @property
    def first(self) -> bool:
        """Whether this process writes and tells."""
        return self.rank == 0

    def mine(self, count: int) -> range:
        """Which of `count` pieces of work are this process's own."""
        return range(self.rank, count, self.size)

    def add(self, numbers: torch.Tensor) -> torch.Tensor:
        """Sum `numbers` over all ranks, in place; every rank gets the same bits."""
        if self.size > 1:
            torch.distributed.all_reduce(numbers)
        return numbers

    def agreed(self, *, first_says: bool) -> bool:
        """What the first rank says, at every rank."""
        if self.size == 1:
            return first_says
        said = torch.tensor([float(first_says)], device=self.device)
        torch.distributed.broadcast(said, 0)
        return bool(said.item())

    def handed(self, held: Checkpoint | None) -> Checkpoint | None:
        """The first rank's checkpoint, at every rank."""
        if self.size == 1:
            return held
        content = packed(held) if self.first and held is not None else b""
        length = torch.tensor([len(content)], device=self.device)
        torch.distributed.broadcast(length, 0)
        if not int(length):
            return None
        room = torch.zeros(int(length), dtype=torch.uint8, device=self.device)
        if self.first:
            room.copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        torch.distributed.broadcast(room, 0)
        return unpacked(room.cpu().numpy().tobytes())

    def meet(self) -> None:
        """Wait until every rank is here."""
        if self.size > 1:
            torch.distributed.barrier()


ALONE = Ranks()


def joined(device: torch.device) -> Ranks:
    """Join the ranks that `torchrun` started, over gloo on the processor and nccl on a GPU; alone without it.

    They stay joined until the process ends: a group that is left and made anew could meet itself half made.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return ALONE
    import torch.distributed as group

    if not group.is_initialized():
        if device.type == "cuda":
            torch.cuda.set_device(device)
        group.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(group.destroy_process_group)
    return Ranks(group.get_rank(), group.get_world_size(), device)
