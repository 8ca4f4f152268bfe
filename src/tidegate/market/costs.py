"""What trading costs in China, as dated tables; rates in 1e-8 of value, so that 0.05 % is 50,000.

Sources: the dated records of marina-rules 2026.10.26.5, which quote the notices named below. Rows without one are
marked unconfirmed. Broker commission is no fact of the world and is a setting of each market; its minimum of 5 yuan per
order is the custom since 2002-05-01.
"""

from datetime import date

from tidegate.market.dated import DatedTable, Row

__all__ = [
    "DIVIDEND_TAX",
    "FUTURE_CLOSE_TODAY",
    "FUTURE_FEE",
    "HANDLING",
    "REBAR_CLOSE_TODAY",
    "REBAR_FEE",
    "REGULATORY",
    "STAMP_DUTY_BUY",
    "STAMP_DUTY_SELL",
    "TRANSFER_BEIJING",
    "TRANSFER_BY_VALUE",
    "TRANSFER_SHANGHAI",
    "TRANSFER_SHANGHAI_FACE",
    "TRANSFER_SHENZHEN",
]

_RATE = "1e-8 of value"
_FACE = "1e-8 yuan per share"
_KNOWN = "general knowledge"
_CLEARING_2015 = "ChinaClear 201507/59ccd417, which quotes the earlier rates"
_CLEARING_2022 = "ChinaClear 202204/837e3c50"
_DUTY_2008 = "mof.gov.cn t20080919_76432"
_DUTY_2023 = "gov.cn content_6900443"

_DUTY_BEFORE = (
    Row(date(2001, 11, 16), 200_000, _KNOWN, confirmed=False),
    Row(date(2005, 1, 24), 100_000, _KNOWN, confirmed=False),
    Row(date(2007, 5, 30), 300_000, _KNOWN, confirmed=False),
    Row(date(2008, 4, 24), 100_000, _KNOWN, confirmed=False),
)
STAMP_DUTY_BUY = DatedTable("stamp duty on purchases", _RATE, (*_DUTY_BEFORE, Row(date(2008, 9, 19), 0, _DUTY_2008)))
"""Both sides paid until 2008-09-18."""
STAMP_DUTY_SELL = DatedTable(
    "stamp duty on sales",
    _RATE,
    (*_DUTY_BEFORE, Row(date(2008, 9, 19), 100_000, _DUTY_2008), Row(date(2023, 8, 28), 50_000, _DUTY_2023)),
)
TRANSFER_SHANGHAI = DatedTable(
    "transfer fee by value, Shanghai",
    _RATE,
    (
        Row(date(2001, 11, 16), 0, _KNOWN, confirmed=False),
        Row(date(2015, 8, 1), 2_000, _CLEARING_2015),
        Row(date(2022, 4, 29), 1_000, _CLEARING_2022),
    ),
)
TRANSFER_SHANGHAI_FACE = DatedTable(
    "transfer fee by face value, Shanghai",
    _FACE,
    (
        # The first notice gives 0.03 % of face value as the rate before it; for how long it had held is not sourced.
        Row(date(2001, 11, 16), 100_000, _KNOWN, confirmed=False),
        Row(date(2012, 6, 1), 75_000, _KNOWN, confirmed=False),
        Row(date(2012, 9, 1), 30_000, _CLEARING_2015, confirmed=False),
        Row(date(2015, 8, 1), 0, _CLEARING_2015),
    ),
)
"""A share's face value is 1 yuan: 0.03 % of it is 0.0003 yuan a share."""
TRANSFER_SHENZHEN = DatedTable(
    "transfer fee by value, Shenzhen",
    _RATE,
    (
        Row(date(2001, 11, 16), 2_550, _CLEARING_2015, confirmed=False),
        Row(date(2015, 8, 1), 2_000, _CLEARING_2015),
        Row(date(2022, 4, 29), 1_000, _CLEARING_2022),
    ),
)
TRANSFER_BEIJING = DatedTable(
    "transfer fee by value, Beijing",
    _RATE,
    (
        Row(date(2021, 11, 15), 2_500, "general knowledge: quoted by ChinaClear 202204", confirmed=False),
        Row(date(2022, 4, 29), 1_000, _CLEARING_2022),
    ),
)
TRANSFER_BY_VALUE = {"SH": TRANSFER_SHANGHAI, "SZ": TRANSFER_SHENZHEN, "BJ": TRANSFER_BEIJING}
"""Exchange → table; each side pays."""
_BOTH_2012 = (
    Row(date(2012, 6, 1), 8_700, _KNOWN, confirmed=False),
    Row(date(2012, 9, 1), 6_960, _KNOWN, confirmed=False),
    Row(date(2015, 8, 1), 4_870, _KNOWN, confirmed=False),
    Row(date(2023, 8, 28), 3_410, _KNOWN, confirmed=False),
)
HANDLING: dict[str, DatedTable] = {
    "SH": DatedTable(
        "handling fee, Shanghai", _RATE, (Row(date(2001, 11, 16), 11_000, _KNOWN, confirmed=False), *_BOTH_2012)
    ),
    "SZ": DatedTable(
        "handling fee, Shenzhen", _RATE, (Row(date(2001, 11, 16), 14_750, _KNOWN, confirmed=False), *_BOTH_2012)
    ),
    "BJ": DatedTable(
        "handling fee, Beijing",
        _RATE,
        (
            Row(date(2021, 11, 15), 50_000, _KNOWN, confirmed=False),
            Row(date(2022, 12, 1), 25_000, _KNOWN, confirmed=False),
            Row(date(2023, 8, 28), 12_500, _KNOWN, confirmed=False),
        ),
    ),
}
"""Exchange → what it takes itself, each side (经手费); most commissions are quoted with it."""
REGULATORY = DatedTable(
    "regulatory fee",
    _RATE,
    (
        Row(
            date(2001, 11, 16), 2_000, "general knowledge; higher in earlier years, since when unknown", confirmed=False
        ),
    ),
)
"""Each side (证管费); most commissions are quoted with it."""
_TAX = "percent of the dividend"
_TAX_LAW = (
    Row(date(1994, 1, 1), 20, "income tax law: general knowledge", confirmed=False),
    Row(date(2005, 6, 13), 10, "Cai Shui 2005/102: half of it counts; number from memory", confirmed=False),
)
_TAX_2012, _TAX_2015 = "Cai Shui 2012/85; number from memory", "Cai Shui 2015/101; number from memory"
DIVIDEND_TAX: dict[str, DatedTable] = {
    "up to a month": DatedTable(
        "dividend tax, held up to a month", _TAX, (*_TAX_LAW, Row(date(2013, 1, 1), 20, _TAX_2012, confirmed=False))
    ),
    "up to a year": DatedTable(
        "dividend tax, held up to a year", _TAX, (*_TAX_LAW, Row(date(2013, 1, 1), 10, _TAX_2012, confirmed=False))
    ),
    "over a year": DatedTable(
        "dividend tax, held over a year",
        _TAX,
        (
            *_TAX_LAW,
            Row(date(2013, 1, 1), 5, _TAX_2012, confirmed=False),
            Row(date(2015, 9, 8), 0, _TAX_2015, confirmed=False),
        ),
    ),
}
"""How long a share was held → what a private holder pays; until 2012 that did not matter."""

FUTURE_FEE = DatedTable(
    "CSI 300 future: fee to open and to close",
    _RATE,
    (
        Row(date(2010, 4, 16), 5_000, _KNOWN, confirmed=False),
        Row(date(2012, 6, 1), 3_500, _KNOWN, confirmed=False),
        Row(date(2012, 9, 1), 2_500, _KNOWN, confirmed=False),
        Row(date(2015, 8, 3), 2_300, "WonderTrader fees.json (rate); date: general knowledge", confirmed=False),
    ),
)
FUTURE_CLOSE_TODAY = DatedTable(
    "CSI 300 future: fee to close what the session opened",
    _RATE,
    (
        Row(date(2010, 4, 16), 5_000, _KNOWN, confirmed=False),
        Row(date(2012, 6, 1), 3_500, _KNOWN, confirmed=False),
        Row(date(2012, 9, 1), 2_500, _KNOWN, confirmed=False),
        Row(date(2015, 8, 3), 2_300, _KNOWN, confirmed=False),
        Row(date(2015, 8, 26), 11_500, _KNOWN, confirmed=False),
        Row(date(2015, 9, 7), 230_000, _KNOWN, confirmed=False),
        Row(date(2017, 2, 17), 92_000, _KNOWN, confirmed=False),
        Row(date(2017, 9, 18), 69_000, _KNOWN, confirmed=False),
        Row(date(2018, 12, 3), 46_000, _KNOWN, confirmed=False),
        Row(date(2019, 4, 22), 34_500, _KNOWN, confirmed=False),
        Row(date(2023, 10, 23), 23_000, _KNOWN, confirmed=False),
    ),
)
_REBAR = "WonderTrader fees.json (one rate for all dates); it changes by notice and by contract"
REBAR_FEE = DatedTable(
    "rebar: fee to open and to close", _RATE, (Row(date(2009, 3, 27), 10_000, _REBAR, confirmed=False),)
)
REBAR_CLOSE_TODAY = DatedTable(
    "rebar: fee to close what the session opened", _RATE, (Row(date(2009, 3, 27), 10_000, _REBAR, confirmed=False),)
)
