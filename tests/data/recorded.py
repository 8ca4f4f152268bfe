"""One small market as three vendors would answer, in the shapes that they document, and a client that replays it."""

from datetime import date, timedelta

import polars as pl

from tidegate.data.vendors.asking import Ask
from tidegate.errors import DataError

FIRST, LAST = date(2018, 3, 1), date(2018, 4, 27)
DAYS = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1) if (FIRST + timedelta(n)).weekday() < 5]
SHARES = ("600000", "000001", "600001")  # the last is gone after DAYS[20], the second rests on DAYS[7]
REST, EX, GONE = DAYS[7], DAYS[12], DAYS[20]


def rows():
    """(digits, day, open, high, low, close, reference, shares traded, yuan): an ex-day of 600000 halves its price."""
    told = []
    for number, digits in enumerate(SHARES):
        close = 10.0 + number
        for place, day in enumerate(DAYS):
            if digits == "600001" and day > GONE:
                continue
            before = close / 2 if (digits, day) == ("600000", EX) else close
            if (digits, day) == ("000001", REST):
                told.append((digits, day, close, close, close, close, close, 0, 0.0))
                continue
            opened = round(before + 0.01 * (place % 3), 2)
            close = round(before + 0.02 * (place % 5 - 2), 2)
            high, low = max(opened, close) + 0.01, min(opened, close) - 0.01
            volume = 100_000 + 100 * place
            told.append((digits, day, opened, round(high, 2), round(low, 2), close, before, volume, volume * close))
    return told


def prefixed(digits):
    return f"{'sh' if digits[0] == '6' else 'sz'}.{digits}"


def suffixed(digits):
    return f"{digits}.{'SH' if digits[0] == '6' else 'SZ'}"


def factor(digits, day):
    return 2.0 if digits == "600000" and day >= EX else 1.0


class Recorded:
    """Answers from tables; breaks off as told, and remembers what it was asked."""

    def __init__(self, answers, *, fails=(), stops_after=None):
        self.answers, self.fails, self.stops_after = answers, list(fails), stops_after
        self.asked = []
        self.closed = False

    def ask(self, ask):
        if self.stops_after is not None and len(self.asked) >= self.stops_after:
            raise KeyboardInterrupt
        self.asked.append(ask)
        if self.fails and self.fails[0] == ask.what:
            self.fails.pop(0)
            raise DataError("the line broke")
        return self.answers(ask)

    def close(self):
        self.closed = True


def baostock(ask: Ask) -> pl.DataFrame:
    """Answer with texts only, as the package does."""
    told = dict(ask.arguments)
    if ask.what == "query_stock_basic":
        table = [
            (
                prefixed(d),
                f"share {d}",
                "1999-11-10",
                "2018-04-02" if d == "600001" else "",
                "1",
                "0" if d == "600001" else "1",
            )
            for d in SHARES
        ]
        table += [
            ("sh.000001", "index", "1991-07-15", "", "2", "1"),
            ("sh.900901", "B share", "1992-02-21", "", "1", "1"),
        ]
        return texts(["code", "code_name", "ipoDate", "outDate", "type", "status"], table)
    if ask.what == "query_history_k_data_plus":
        fields = told["fields"].split(",")
        table = []
        for digits, day, opened, high, low, close, before, volume, amount in rows():
            if prefixed(digits) == told["code"] and told["start_date"] <= str(day) <= told["end_date"]:
                rest = volume == 0
                prices = [f"{price:.4f}" for price in (opened, high, low, close, before)]
                table.append((
                    str(day), prefixed(digits), *prices, "" if rest else str(volume), "" if rest else f"{amount:.4f}",
                    "" if rest else "0.5", "0" if rest else "1", "1" if digits == "600001" else "0",
                ))  # fmt: skip
        return texts(fields, table)
    reports = {
        "query_profit_data": (["roeAvg", "npMargin", "gpMargin", "netProfit", "epsTTM", "MBRevenue", "totalShare", "liqaShare"],
                              ["0.074617", "0.342179", "", "28522000000.000000", "1.939029", "", "28103763899.00", "28103763899.00"]),
        "query_growth_data": (["YOYEquity", "YOYAsset", "YOYNI", "YOYEPSBasic", "YOYPNI"], ["0.1202", "0.1013", "0.0548", "0.0211", "0.0521"]),
        "query_balance_data": (["currentRatio", "liabilityToAsset", "assetToEquity"], ["", "0.93", "14.2"]),
    }  # fmt: skip
    fields, values = reports.get(ask.what, ([], []))
    head = ["code", "pubDate", "statDate"]
    out = fields and told["code"] == "sh.600000" and (told["year"], told["quarter"]) == ("2017", "4")
    return texts([*head, *fields], [(told["code"], "2018-04-20", "2017-12-31", *values)] if out else [])


def tushare(ask: Ask) -> pl.DataFrame:
    """Answer newest first, volume in lots, amount in thousands, shares in tens of thousands."""
    told = dict(ask.arguments)
    if ask.what == "stock_basic":
        kinds = {"L": ("600000", "000001"), "D": ("600001",), "P": ()}[told["list_status"]]
        table = [
            (suffixed(d), f"share {d}", "19991110", "20180402" if d == "600001" else None, told["list_status"])
            for d in kinds
        ]
        return pl.DataFrame(table, schema=["ts_code", "name", "list_date", "delist_date", "list_status"], orient="row")
    if ask.what == "fina_indicator":
        if told["ts_code"] != "600000.SH":
            return pl.DataFrame()
        fields = ["roe", "roa", "roic", "debt_to_assets", "debt_to_eqt", "ebit", "invest_capital"]
        table = [
            ("600000.SH", "20180420", "20171231", flag, roe, 1.0, 2.0, 93.0, 14.2, 7e9, 3e11)
            for flag, roe in (("1", 13.2), ("0", 14.45))
        ]
        return pl.DataFrame(table, schema=["ts_code", "ann_date", "end_date", "update_flag", *fields], orient="row")
    held = [
        row for row in rows()
        if suffixed(row[0]) == told["ts_code"] and told["start_date"] <= f"{row[1]:%Y%m%d}" <= told["end_date"] and row[7]
    ][::-1]  # fmt: skip
    if ask.what == "daily":
        table = [
            (suffixed(d), f"{day:%Y%m%d}", o, h, low, c, before, v / 100, a / 1000)
            for d, day, o, h, low, c, before, v, a in held
        ]
        return pl.DataFrame(
            table,
            schema=["ts_code", "trade_date", "open", "high", "low", "close", "pre_close", "vol", "amount"],
            orient="row",
        )
    table = [
        (suffixed(r[0]), f"{r[1]:%Y%m%d}", 2_935_208.0397, 2_810_376.3899, 7.1, 0.9, None, 3.4, r[5] * 2_935_208.0397)
        for r in held
    ]
    names = ["ts_code", "trade_date", "total_share", "float_share", "pe", "pb", "ps", "dv_ratio", "total_mv"]
    kinds = dict.fromkeys(names[2:], pl.Float64) | {"ts_code": pl.String, "trade_date": pl.String}
    return pl.DataFrame(table, schema={name: kinds[name] for name in names}, orient="row")


def akshare(ask: Ask) -> pl.DataFrame:
    """Answer with Chinese headers, volume in lots; adjusted prices on request."""
    told = dict(ask.arguments)
    if ask.what == "stock_info_a_code_name":
        return pl.DataFrame({"code": ["000001", "600000"], "name": ["share 000001", "share 600000"]})
    if ask.what == "stock_info_sh_delist":
        days = {"上市日期": [date(1999, 11, 10)], "暂停上市日期": [date(2018, 4, 2)]}
        return pl.DataFrame({"公司代码": ["600001"], "公司简称": ["share 600001"], **days})
    if ask.what == "stock_info_sz_delist":
        return pl.DataFrame()
    by = factor if told["adjust"] == "hfq" else lambda digits, day: 1.0
    names = ["日期", "股票代码", "开盘", "收盘", "最高", "最低", "成交量", "成交额"]
    table = [
        (day, d, *(price * by(d, day) for price in (o, c, h, low)), v // 100, a)
        for d, day, o, h, low, c, _, v, a in rows()
        if d == told["symbol"] and told["start_date"] <= f"{day:%Y%m%d}" <= told["end_date"] and v
    ]
    return pl.DataFrame(table, schema=names, orient="row")


def texts(names, table):
    return pl.DataFrame(table, schema=dict.fromkeys(names, pl.String), orient="row")
