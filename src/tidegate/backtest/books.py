"""Books: what many runs through one market came to, in the arrays that measures ask for."""

from dataclasses import dataclass

from tidegate.types.axes import FloatArray, IntArray, TimeArray

__all__ = ["Books"]


@dataclass(frozen=True)
class Books:
    """K books over T bars; every array is read-only.

    Known at
        Column *t* of `equity` and `exposure` at CLOSE(t); the sums over a book at its last close.
    Units
        Money in the market's currency; `exposure` is value held over equity.
    """

    times: TimeArray
    capital: float
    """Money before the first bar; ``equity[:, 0]`` equals it, since nothing is filled in the first bar."""
    equity: FloatArray
    """``[K, T]`` at each close."""
    exposure: FloatArray
    """``[K, T]`` actually held at each close."""
    trades: IntArray
    """Fills ``[K]``."""
    unfilled: IntArray
    """Orders not filled, or not wholly, ``[K]``; one that is tried again at the next open counts again."""
    round_trips: IntArray
    """Positions closed ``[K]``: from flat to flat."""
    winning_trips: IntArray
    """Those with a profit after all fees ``[K]``."""
    fees: dict[str, FloatArray]
    """commission, stamp_duty, transfer_fee ``[K]``, sums over the book."""
    slippage: FloatArray
    """What fills were worse than the open ``[K]``; already inside their prices, so no part of `fees`."""
    bought: FloatArray
    """Value of purchases ``[K]``."""
    sold: FloatArray
    """Value of sales ``[K]``."""

    def __len__(self) -> int:
        return int(self.equity.shape[0])
