"""One A share under the rules of its board and its day."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from tidegate.market.base import RATE_UNIT, Conditions, Market
from tidegate.market.boards import FEN_PER_YUAN, SHARE_TICK, board_of
from tidegate.market.exchange import Exchange
from tidegate.market.given_fees import GivenFee
from tidegate.market.instruments import Instruments
from tidegate.market.lending import Lending
from tidegate.market.limits import ONE_TICK
from tidegate.market.order_rules import largest_order, pieces
from tidegate.market.prices import as_prices, limit_prices, own_bars, rate
from tidegate.market.rules import Rule, rows_in_force
from tidegate.market.share_events import HeldFor, Rights
from tidegate.market.share_exchange import ShareTerms, share_exchange
from tidegate.market.share_fees import share_fees
from tidegate.market.share_limits import ShareLimits
from tidegate.market.share_rows import ShareRows, share_stamps
from tidegate.market.share_rules import limit_rules, share_fee_rules
from tidegate.types.axes import frozen
from tidegate.types.bars import EVENTS, Bars

__all__ = ["AShare"]

_UNTAXED = "Dividends are not taxed."
_BY_REFERENCE = "One share alone: its dividends and new shares are read from reference prices, whatever the bars tell."


class AShare(Market):
    """One A share: lots and limits of its board, T+1, dated stamp duty and transfer fee, commission with a minimum.

    Bars hold **raw** prices; `preclose` is the exchange's reference price (without it, the last close × factor then /
    factor now), and where it differs from the last close the holding is changed by a corporate action (shares × close /
    preclose, the remainder in cash). Where bars tell dividends, new shares and rights of an ex-day, the exchange of
    many assets pays and gives those instead (`tidegate.market.share_events`). Limits come from the bars where they have
    them, else from the reference price. A bar that opens *beyond* the computed limit shows that none held that session
    (share reform, first days of listing). A suspended session has no bar.

    Errors
        `DataError` for a code that is no A share, a price off the tick of 0.01, or a session before a rule's first row.

    >>> from tidegate.testing.history import example_bars
    >>> AShare().conditions(example_bars(sessions=30, assets=1), "000001.SZ").lot
    100
    """

    name: ClassVar[str] = "a-share"
    asset_class: ClassVar[Literal["index", "fund", "stock", "future", "coin"]] = "stock"

    commission: float = Field(
        default=0.00025, ge=0, le=0.003, description="broker's commission, fraction of value, each side"
    )
    minimum_commission_yuan: float = Field(default=5.0, ge=0, description="smallest commission of one order, yuan")
    slippage_ticks: int = Field(default=1, ge=0, description="ticks of 0.01 yuan that a fill is worse than the open")
    at_risk: bool = Field(default=False, description="whether the share is under risk warning (ST) over the whole span")

    recovery: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="what a share that is gone from the exchange pays, fraction of its last price",
    )
    exchange_fees: Literal["in the commission", "on top"] = Field(
        default="in the commission",
        description="handling and regulatory fees: inside the commission, as retail brokers quote it, or on top of it",
    )
    dividend_tax: HeldFor = Field(
        default="no tax",
        description="how long shares count as held when a dividend that the bars tell is taxed, all of it at payment",
    )
    rights: Rights = Field(
        default="subscribe", description="what becomes of rights that the bars tell: subscribed, or left to lapse"
    )
    lending: Lending | None = Field(
        default=None, description="terms on which shares are lent to be sold short; null: nothing may be sold short"
    )
    given_fees: tuple[GivenFee, ...] = Field(
        default=(), description="a vendor's table of fees, which goes before the rules where it speaks"
    )

    def conditions(self, bars: Bars, asset: str, instruments: Instruments | None = None) -> Conditions:
        """Resolve board, limits, fees and corporate actions; `instruments` tell first days and delisting periods."""
        board = board_of(asset)
        own = own_bars(bars, asset)
        count = len(own.times)
        rows = ShareRows(
            own.frame, (asset,), np.zeros(count, dtype=np.int64), np.arange(count), own.dates, at_risk=self.at_risk
        )
        open_, close = rows.open, rows.close
        up, down, holds = ShareLimits(rows, instruments).limits
        free = rows.trades
        limit_up, limit_down = limit_prices(up, down, holds, SHARE_TICK)
        commission = frozen(rate(self.commission, count))
        fees = share_fees(board.exchange, own.dates, self.given_fees, on_top=self.exchange_fees == "on top")
        acted = np.where(rows.first_of_session & (rows.reference > 0), rows.reference, np.append(0, close[:-1]))
        acted[0] = acted[0] or open_[0]
        return Conditions(
            times=frozen(own.times),
            session=frozen(own.session),
            open=frozen(as_prices(open_, SHARE_TICK)),
            close=frozen(as_prices(close, SHARE_TICK)),
            can_buy_open=frozen(free & ~(holds[0] & (open_ >= up))),
            can_sell_open=frozen(free & ~(holds[1] & (open_ <= down))),
            exact=True,
            money_unit=1 / FEN_PER_YUAN,
            lot=board.lot,
            minimum_quantity=board.minimum,
            multiplier=1,
            settlement_days=1,
            margin_rate=1.0,
            rates={
                "commission_buy": commission,
                "commission_sell": commission,
                "stamp_duty_buy": frozen(fees.stamp_duty_buy),
                "stamp_duty_sell": frozen(fees.stamp_duty_sell),
                "transfer_fee": frozen(fees.transfer_fee),
            },
            per_share={"transfer_fee": frozen(fees.transfer_per_share)} if fees.transfer_per_share.any() else {},
            minimum_commission=round(self.minimum_commission_yuan * FEN_PER_YUAN),
            tick=SHARE_TICK,
            slippage_ticks=self.slippage_ticks,
            suspended=own.suspended,
            currency="CNY",
            limit_up=frozen(limit_up),
            limit_down=frozen(limit_down),
            reference=frozen(as_prices(acted, SHARE_TICK)),
            stamps=(
                *share_stamps(bars, at_risk=self.at_risk),
                _UNTAXED,
                *((_BY_REFERENCE,) if any(bars.has(name) for name in EVENTS) else ()),
                *fees.stamps,
                *ONE_TICK[board.exchange].unconfirmed(own.dates),
            ),
        )

    def exchange(self, bars: Bars, *, instruments: Instruments | None = None) -> Exchange:
        """Resolve every share at once, without a loop over assets: the numbers of the stacked `conditions`."""
        terms = ShareTerms(
            commission=round(self.commission * RATE_UNIT),
            minimum_commission=round(self.minimum_commission_yuan * FEN_PER_YUAN),
            slippage_ticks=self.slippage_ticks,
            at_risk=self.at_risk,
            recovery=self.recovery,
            given_fees=self.given_fees,
            on_top=self.exchange_fees == "on top",
            held_for=self.dividend_tax,
            rights=self.rights,
        )
        made = share_exchange(bars, terms, instruments)
        return made if self.lending is None else self.lending.on(made)

    def rules(
        self, bars: Bars, asset: str, when: np.datetime64, side: str, *, instruments: Instruments | None = None
    ) -> tuple[Rule, ...]:
        """Name the dated rows that an order rests on, with their sources: limits, duty, transfer fee, commission."""
        own = own_bars(bars, asset)
        session = next(iter(own.dates[own.times == when]), when.astype("datetime64[D]"))
        commission = f"{self.commission:.4%} of value, at least {self.minimum_commission_yuan:g} yuan"
        return (
            *limit_rules(own, asset, when, instruments, at_risk=self.at_risk),
            *rows_in_force([largest_order(asset, session[None])[0]], session),
            *share_fee_rules(asset, session, side, self.given_fees, on_top=self.exchange_fees == "on top"),
            Rule("broker's commission", commission, "a setting of the market"),
        )

    def orders_for(self, asset: str, when: np.datetime64, quantity: int) -> int:
        """Count the limit orders that a quantity is sent in: no order may be larger than its board takes."""
        largest = largest_order(asset, when.astype("datetime64[D]")[None])[1]
        return int(pieces(np.array([quantity]), largest)[0])
