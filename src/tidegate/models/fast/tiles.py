"""How a batch is cut, decided by shapes alone, so that bits never depend on the machine or its threads.

A tile is what one thread takes at a time: few enough rows that a step's numbers stay in its cache, enough that a
product with the weights is worth it. A lane is a run of tiles whose gradients of the weights are added in one place.
"""

from typing import NamedTuple

from tidegate.models.fast.product import STRIP

__all__ = ["Tiles", "cut", "micro_rows"]

_LANES = 16
_SMALL, _LARGE = 66, 132  # rows: from a third of these to these, the time for a row differs by a tenth
_FEW = 4
_WIDE = 128
_FEWEST, _MANY, _CACHE = 512, 8192, 1 << 25


class Tiles(NamedTuple):
    """A batch of `batch` rows in `tiles` tiles of `rows` rows each, the last ones filled up, in `lanes` lanes."""

    batch: int
    rows: int
    tiles: int
    lanes: int

    def place(self, tile: int) -> tuple[int, int]:
        """First row of a tile and how many it has.

        >>> cut(100, 64).place(1)
        (54, 46)
        """
        first = tile * self.rows
        return first, min(self.rows, self.batch - first)

    def lane(self, lane: int) -> range:
        """Tiles of a lane, one after the other."""
        return range(lane * self.tiles // self.lanes, (lane + 1) * self.tiles // self.lanes)


def cut(batch: int, hidden: int) -> Tiles:
    """Cut `batch` rows of `hidden` units into even tiles: small ones until there are some, then larger ones.

    >>> cut(256, 64), cut(2000, 64)
    (Tiles(batch=256, rows=66, tiles=4, lanes=4), Tiles(batch=2000, rows=126, tiles=16, lanes=16))
    """
    small = -(-batch // _SMALL)
    tiles = small if hidden > _WIDE else max(-(-batch // _LARGE), min(small, _FEW))
    rows = max(-(-batch // max(tiles, 1)), 1)
    rows = -(-rows // STRIP) * STRIP
    tiles = max(-(-batch // rows), 1)
    return Tiles(batch, rows, tiles, min(tiles, _LANES))


def micro_rows(steps: int, inputs: int, hidden: int, layers: int) -> int:
    """Rows of a micro-batch, from shapes alone: what they leave for backward stays in a cache of the last level.

    The kernels themselves lose nothing on larger batches (a tile at a time is in cache anyway), but memory does; below
    some hundred rows the work around them shows.

    >>> micro_rows(20, 20, 64, 1), micro_rows(24, 48, 400, 2)
    (512, 512)
    """
    row = 4 * steps * (layers * 7 * hidden + inputs)
    rows = _FEWEST
    while rows < _MANY and 2 * rows * row <= _CACHE:
        rows *= 2
    return rows
