"""How a batch is cut, decided by shapes alone, so that bits never depend on the machine or its threads.

A tile is what one thread takes at a time: few enough rows that a step's numbers stay in its cache, enough that a
product with the weights is worth it. A lane is a run of tiles whose gradients of the weights are added in one place.
"""

from typing import NamedTuple

from tidegate.models.fast.product import STRIP

__all__ = ["Tiles", "cut", "micro_rows"]

_LANES = 16
_MOST = 66
_LEAST = 2


class Tiles(NamedTuple):
    """A batch of `batch` rows in `count` tiles of `rows` rows each, the last ones filled up, in `lanes` lanes."""

    batch: int
    rows: int
    count: int
    lanes: int

    def place(self, tile: int) -> tuple[int, int]:
        """First row of a tile and how many it has.

        >>> cut(100).place(1)
        (54, 46)
        """
        first = tile * self.rows
        return first, min(self.rows, self.batch - first)

    def lane(self, lane: int) -> range:
        """Tiles of a lane, one after the other."""
        return range(lane * self.count // self.lanes, (lane + 1) * self.count // self.lanes)


def cut(batch: int) -> Tiles:
    """Cut `batch` rows into even tiles.

    >>> cut(2000)
    Tiles(batch=2000, rows=66, count=31, lanes=16)
    """
    rows = -(-batch // max(-(-batch // _MOST), _LEAST))
    rows = max(-(-rows // STRIP), 1) * STRIP
    count = max(-(-batch // rows), 1)
    return Tiles(batch, rows, count, min(count, _LANES))


def micro_rows(steps: int, inputs: int, hidden: int, layers: int) -> int:
    """Rows of a micro-batch for which forward and backward stay in cache, from shapes alone.

    >>> micro_rows(20, 20, 64, 1)
    256
    """
    row = 4 * steps * layers * (7 * hidden + inputs)
    return 256 if row * 256 <= 1 << 25 else 512
