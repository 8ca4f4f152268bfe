"""backtrader on the made future: in at a bar's open, out at its close. Served to ``benchmarks/future_engines.py``.

An order given in one bar is filled at the next one's open, so each bar is fed as two: its open, then its close. The
sides are given, which spares backtrader the conditions; sizes are counted on its own equity. Its commission scheme
rounds each fee to the cent, its broker slips a tick.
"""

import backtrader as bt
import numpy as np
from made_future import BARS, CAPITAL, EXPOSURE, FEES, TONS, made_bars, sides

from parts.turns import serve


class Fees(bt.CommInfoBase):
    """A future of ten tonnes a lot; the fee to open in the first half of a bar, that to close today in the second."""

    params = (("stocklike", False), ("mult", TONS), ("margin", 360.0), ("commtype", bt.CommInfoBase.COMM_PERC))
    which = 0

    def _getcommission(self, size, price, pseudoexec):  # noqa: ARG002
        value = abs(int(size)) * round(price) * TONS * FEES[self.which]
        return (2 * value + 1_000_000) // 2_000_000 / 100


class Halves(bt.feed.DataBase):
    """Opens and closes in turn, each a flat bar."""

    params = (("prices", None),)

    def start(self):
        """Begin."""
        super().start()
        self.place = 0

    def _load(self):
        if self.place >= len(self.p.prices):
            return False
        price = self.p.prices[self.place]
        self.lines.datetime[0] = 730_000.0 + self.place / 288.0
        for line in (self.lines.open, self.lines.high, self.lines.low, self.lines.close):
            line[0] = price
        self.lines.volume[0] = self.lines.openinterest[0] = 0.0
        self.place += 1
        return True


class Within(bt.Strategy):
    """Order for the next open at a close, and for the close at an open."""

    params = (("opens", None), ("sides", None), ("fees", None))

    def __init__(self):
        self.equity = np.empty(len(self.p.opens))
        self.half = 0

    def next(self):
        """Look at one half of a bar."""
        bar, closes = divmod(self.half, 2)
        self.half += 1
        self.p.fees.which = 1 - closes
        if not closes:
            if self.position:
                self.close()
            return
        value = self.broker.getvalue()
        self.equity[bar] = value
        if bar + 1 < len(self.p.opens) and self.p.sides[bar + 1]:
            lots = round(value * 100) * EXPOSURE // 1_000_000 // (int(self.p.opens[bar + 1]) * TONS * 100)
            if lots:
                (self.buy if self.p.sides[bar + 1] > 0 else self.sell)(size=lots)


def main():
    opens, closes, forecast = made_bars(BARS)
    taken = sides(opens, forecast)
    prices = np.stack([opens, closes], axis=1).ravel().tolist()

    def work():
        cerebro, fees = bt.Cerebro(stdstats=False), Fees()
        cerebro.broker.setcash(CAPITAL)
        cerebro.broker.addcommissioninfo(fees)
        cerebro.broker.set_slippage_fixed(1.0, slip_open=True, slip_match=True, slip_out=True)
        cerebro.adddata(Halves(prices=prices))
        cerebro.addstrategy(Within, opens=opens.tolist(), sides=taken.tolist(), fees=fees)
        return cerebro.run()[0]

    serve(work, lambda done: done.equity, {"version": bt.__version__})


if __name__ == "__main__":
    main()
