"""A report with every kind of figure, table, text and name that a page must show; numbers are made up and seeded."""

from functools import cache

import numpy as np

from tidegate.report.figures.clock import clock
from tidegate.report.figures.equity import equity
from tidegate.report.figures.losses import LossCurve, losses
from tidegate.report.figures.network import network
from tidegate.report.figures.paths import changes, paths
from tidegate.report.figures.placebo import placebo
from tidegate.report.figures.plain import Curve
from tidegate.report.figures.scores import distribution, share_above_zero
from tidegate.report.figures.seeds import Level, Sample, seeds
from tidegate.report.figures.spells import spells
from tidegate.report.figures.split import Range, split
from tidegate.types.clock import Horizon
from tidegate.types.report import Claim, Column, Figure, Measure, Report, Section, Series, Table, Text

HOSTILE = '</script><img src=x onerror="document.documentElement.dataset.hacked=1"><!-- &amp; \u2028 ${1}'
SEEDS, SESSIONS = 10, 567


def T(en: str, zh: str) -> Text:
    return Text(en=en, zh=zh)


@cache
def example() -> Report:
    rng = np.random.default_rng(7)
    time = np.arange(np.datetime64("2015-01-05"), np.datetime64("2017-05-01")).astype("datetime64[D]")
    time = time[np.is_busday(time)][:SESSIONS]
    n = len(time)
    day = np.arange(n)
    drift = np.select([day < 110, day < 170, day < 260], [0.0034, -0.0082, 0.0006], 0.0003)
    returns = drift + rng.standard_t(4, n) * 0.009
    close = 3600 * np.exp(np.cumsum(returns) - returns[0])
    names = [
        ("real", T("Real label", "实际收益标签")),
        ("sign", T("±1 label", "±1 标签")),
        ("two-inputs", T("Two inputs", "双输入")),
    ]
    curves, gates = [], []
    for i, (key, label) in enumerate(names):
        held = np.zeros((SEEDS, n))
        for s in range(SEEDS):
            noisy = np.convolve(drift + rng.normal(0, 0.004, n), np.ones(12) / 12, "same")
            held[s] = (noisy > 0.0004 * i).astype(float)
        growth = np.exp(np.cumsum(held * returns, axis=1))
        gates.append(growth[:, -1] - 1)
        curves.append(Curve(key, label, growth, held, rng.integers(12, 30, SEEDS)))
    steady = (np.sin(day / 23.0) > -0.3).astype(float)
    hold = Curve("hold", T("Buy and hold", "买入持有"), close / close[0])
    linear = Curve(
        "linear",
        T("Linear model", "线性模型"),
        np.exp(np.cumsum(steady * returns)),
        steady,
    )
    random = rng.normal(0.05, 0.22, 1000)
    opens = close * np.exp(rng.normal(0, 0.004, n))
    high, low = (
        np.maximum(opens, close) * (1 + abs(rng.normal(0, 0.006, n))),
        np.minimum(opens, close) * (1 - abs(rng.normal(0, 0.006, n))),
    )
    negative = np.convolve(drift + rng.normal(0, 0.003, n), np.ones(15) / 15, "same") < 0
    falls = returns < -0.03
    coefficients = [0.0, 0.0001, 0.001, 0.01, 0.1]
    forecasts = [rng.normal(0.15 * (k - 1), 0.6 / (1 + 1.5 * k), (SEEDS, 400)) for k in range(5)]
    origins = np.arange(0, n - 21, 1)
    walk = close[origins, None] * np.exp(
        0.0015 * np.arange(1, 21) * rng.choice([-1, 1], len(origins))[:, None]
        + rng.normal(0, 0.004, (len(origins), 20))
    )
    epochs = 40
    decay = np.exp(-np.arange(epochs) / 9)

    def curve(floor, fit, up):
        return floor + fit * decay + up * np.arange(epochs) / epochs + rng.normal(0, 0.006, (SEEDS, epochs))

    stopped = curve(0.21, 0.2, 0.0)
    stopped[:4, 26:] = np.nan
    intraday = (np.datetime64("2017-03-01T09:35") + np.arange(48) * np.timedelta64(5, "m")).astype("datetime64[m]")
    intraday = np.concatenate([intraday, intraday + np.timedelta64(1, "D"), intraday + np.timedelta64(2, "D")])
    bars = 3450 * np.exp(np.cumsum(rng.normal(0, 0.0008, len(intraday))))

    figures = (
        network(
            "b1",
            T("The two-input network", "双输入网络"),
            [
                {"id": "bars", "label": T("30 bars × 6 fields", "30 根 × 6 个字段"), "shape": ["B", 30, 6]},
                {"id": "lstm", "label": "LSTM", "shape": ["B", 64], "parameters": 18176},
                {"id": "context", "label": T("round(close / 500)", "round（收盘价 / 500）"), "shape": ["B", 1]},
                {"id": "join", "label": T("Join", "拼接"), "shape": ["B", 65]},
                {"id": "d1", "label": T("Dense, tanh", "全连接 tanh"), "shape": ["B", 32], "parameters": 2112},
                {"id": "drop", "label": T("Dropout 0.2", "Dropout 0.2"), "shape": ["B", 32]},
                {"id": "d2", "label": T("Dense, tanh", "全连接 tanh"), "shape": ["B", 16], "parameters": 528},
                {"id": "out", "label": T("Forecast", "预测"), "shape": ["B", 1], "parameters": 17},
            ],
            [
                ["bars", "lstm"],
                ["lstm", "join"],
                ["context", "join"],
                ["join", "d1"],
                ["d1", "drop"],
                ["drop", "d2"],
                ["d2", "out"],
            ],
        ),
        network(
            "pipeline",
            T("The corridor", "处理流程"),
            [
                {"id": i, "label": T(i, z)}
                for i, z in (
                    ("files", "文件"),
                    ("data", "数据"),
                    ("factors", "因子"),
                    ("prepare", "样本"),
                    ("learn", "学习"),
                    ("backtest", "回测"),
                    ("report", "报告"),
                )
            ],
            [
                ["files", "data"],
                ["data", "factors"],
                ["factors", "prepare"],
                ["prepare", "learn"],
                ["learn", "backtest"],
                ["data", "backtest"],
                ["backtest", "report"],
            ],
        ),
        clock(
            "clock",
            T("What is known when", "何时已知"),
            Horizon(lag=0, span=5, entry="close", exit="close"),
            30,
            traded=Horizon(lag=1, span=5),
        ),
        split(
            "split",
            T("The split, to scale", "样本划分（按比例）"),
            [
                Range(1, "train", np.datetime64("2005-01-04"), np.datetime64("2014-12-23"), 2391),
                Range(1, "purge", np.datetime64("2014-12-24"), np.datetime64("2014-12-31"), 6),
                Range(1, "test", np.datetime64("2015-01-05"), np.datetime64("2017-04-28"), 564),
            ],
        ),
        split(
            "folds",
            T("Walk-forward folds", "滚动折"),
            [
                one
                for k in range(5)
                for one in (
                    Range(
                        k + 1, "train", np.datetime64("2005-01-04"), np.datetime64(f"{2009 + k}-10-10"), 900 + 240 * k
                    ),
                    Range(k + 1, "purge", np.datetime64(f"{2009 + k}-10-11"), np.datetime64(f"{2009 + k}-10-30"), 6),
                    Range(k + 1, "valid", np.datetime64(f"{2009 + k}-11-01"), np.datetime64(f"{2010 + k}-01-31"), 60),
                    Range(k + 1, "test", np.datetime64(f"{2010 + k}-02-01"), np.datetime64(f"{2011 + k}-01-31"), 240),
                )
            ],
        ),
        equity(
            "b2",
            T("Equity of three variants, frictionless index", "三个变体的净值（无摩擦指数）"),
            time,
            curves,
            rivals=[linear],
            benchmark=hold,
            note=T("Costs are not taken.", "未计成本。"),
        ),
        equity(
            "b4",
            T("Real label alone, with its best and worst seed", "实际收益标签，含最好与最差的种子"),
            time,
            curves[:1],
            benchmark=hold,
        ),
        spells(
            "b6",
            T("Negative spells of the two-input model", "双输入模型的负信号区间"),
            time,
            close,
            negative,
            opens=opens,
            high=high,
            low=low,
            falls=falls,
            fall_words=T("Falls of 3 % or more in a session", "单日跌幅 3% 以上"),
        ),
        distribution(
            "b7",
            T("Forecasts against the L2 coefficient", "预测分布与 L2 系数"),
            coefficients,
            forecasts,
            labels=rng.normal(0.02, 0.5, 400),
        ),
        share_above_zero(
            "b7-share", T("Share of forecasts above zero", "预测为正的比例"), coefficients, forecasts, base_rate=0.54
        ),
        paths("b8", T("Forecasts of 20 days against what came", "20 日预测与实际"), time, close, origins, walk),
        changes("b8-changes", T("The same forecasts as changes", "同一批预测的变化量"), close, origins, walk),
        seeds(
            "b9",
            T("Total return over seeds", "总收益的种子分布"),
            T("Total return", "总收益"),
            [Sample(k, t, g) for (k, t), g in zip(names, gates, strict=True)],
            style="percent",
            rivals=[
                Level("hold", T("Buy and hold", "买入持有"), float(close[-1] / close[0] - 1), benchmark=True),
                Level("linear", T("Linear model", "线性模型"), 0.02),
            ],
            gates=random,
        ),
        placebo(
            "gates",
            T("A thousand random gates", "一千个随机择时"),
            T("Total return", "总收益"),
            random,
            gates[0],
            percentile=0.71,
            others={"hold": (T("Buy and hold", "买入持有"), -0.05)},
        ),
        losses(
            "b11",
            T("Loss with and without dropout and L2", "有无 dropout 与 L2 的损失"),
            [
                LossCurve("plain", T("Plain", "无正则"), curve(0.08, 0.3, -0.05), test=curve(0.26, 0.1, 0.14)),
                LossCurve(
                    "dropout",
                    T("Dropout", "Dropout"),
                    curve(0.15, 0.25, -0.02),
                    curve(0.24, 0.12, 0.02),
                    curve(0.25, 0.12, 0.04),
                ),
                LossCurve("l2", T("Dropout + L2", "Dropout + L2"), curve(0.19, 0.22, 0.0), test=stopped),
            ],
            baseline=0.25,
        ),
        Figure(
            key="heat",
            title=T("Month by year", "按年月"),
            caption=T("Returns by month; twelve cells of noise a year.", "逐月收益；每年十二格多为噪声。"),
            x="category",
            y_titles=(T("Year", "年份"),),
            y_styles=("percent",),
            series=(
                Series(
                    key="monthly",
                    title=T("Return", "收益"),
                    kind="heat",
                    data={
                        "x": tuple({"en": f"{m}", "zh": f"{m}月"} for _ in range(3) for m in range(1, 13)),
                        "y": tuple(str(y) for y in (2015, 2016, 2017) for _ in range(12)),
                        "value": tuple(rng.normal(0, 0.05, 36).tolist()),
                    },
                ),
            ),
        ),
        Figure(
            key="intraday",
            title=T("Five-minute bars, without the nights", "五分钟线（不含夜间）"),
            caption=T("Three days of bars; the scale counts bars, not hours.", "三日五分钟线；横轴按根数而非小时。"),
            x="time",
            y_titles=(T("Index points", "指数点位"), T("Volume", "成交量")),
            y_styles=("number", "integer"),
            series=(
                Series(
                    key="close",
                    title=T("Close", "收盘"),
                    kind="line",
                    role="main",
                    data={"x": tuple(str(t) for t in intraday), "y": tuple(bars.tolist())},
                ),
                Series(
                    key="volume",
                    title=T("Volume", "成交量"),
                    kind="bar",
                    panel=1,
                    role="benchmark",
                    data={
                        "x": tuple(str(t) for t in intraday),
                        "y": tuple(rng.integers(1000, 90000, len(intraday)).tolist()),
                    },
                ),
            ),
        ),
        Figure(
            key="fees",
            title=T("Costs taken apart", "成本拆分"),
            caption=T(
                "Fees by kind over the whole test; the ETF pays no stamp duty.", "测试期内各项费用；ETF 免印花税。"
            ),
            x="category",
            y_titles=(T("Yuan", "元"),),
            y_styles=("money",),
            series=(
                Series(
                    key="fees",
                    title=T("Fees", "费用"),
                    kind="bar",
                    role="main",
                    data={
                        "x": (
                            {"en": "Commission", "zh": "佣金"},
                            {"en": "Slippage", "zh": "滑点"},
                            {"en": "Transfer fee", "zh": "过户费"},
                            HOSTILE,
                        ),
                        "y": (8123.4, 15210.0, 310.5, 42.0),
                    },
                ),
            ),
        ),
    )
    rows = [
        {
            "experiment": {"en": t.en, "zh": t.zh},
            "market": {"en": m, "zh": z},
            "return": {
                "value": float(np.median(g)) - 0.03 * j,
                "low": float(np.quantile(g, 0.25)) - 0.03 * j,
                "high": float(np.quantile(g, 0.75)) - 0.03 * j,
            },
            "drawdown": -0.21 - 0.02 * j,
            "trades": 21 - j,
            "sharpe": {"value": 0.61 - 0.2 * j, "low": -0.2, "high": 1.31},
            "percentile": 0.71,
        }
        for (_, t), g in zip(names, gates, strict=True)
        for j, (m, z) in enumerate((("Frictionless index", "无摩擦指数"), ("ETF proxy, net", "ETF 代理（净）")))
    ]
    rows.append(
        {
            "experiment": HOSTILE,
            "market": {"en": "Frictionless index", "zh": "无摩擦指数"},
            "return": {"value": -0.051, "low": None, "high": None},
            "drawdown": -0.47,
            "trades": None,
            "sharpe": {"value": -0.08, "low": -1.1, "high": 0.9},
            "percentile": None,
        }
    )
    columns = (
        Column(key="experiment", title=T("Experiment", "实验")),
        Column(key="market", title=T("Market", "市场")),
        Column(key="return", title=T("Total return, quartiles", "总收益（四分位）"), style="percent"),
        Column(key="drawdown", title=T("Maximum drawdown", "最大回撤"), style="percent"),
        Column(key="trades", title=T("Trades", "交易次数"), style="integer"),
        Column(key="sharpe", title=T("Sharpe, 95 %", "夏普（95%）"), style="number"),
        Column(key="percentile", title=T("Gate percentile", "择时百分位"), style="percent"),
    )
    trades = Table(
        key="trades",
        title=T("Trades of seed 1", "种子 1 的交易"),
        columns=(
            Column(key="in", title=T("Bought", "买入"), style="date"),
            Column(key="out", title=T("Sold", "卖出"), style="date"),
            Column(key="price", title=T("Price", "价格"), style="number"),
            Column(key="money", title=T("Value", "金额"), style="money"),
            Column(key="gain", title=T("Gain", "收益"), style="percent"),
            Column(key="asset", title=T("Asset", "标的")),
        ),
        rows=tuple(
            {
                "in": str(time[k * 9]),
                "out": str(time[k * 9 + 5]),
                "price": float(close[k * 9]) / 1000,
                "money": 1_000_000.0 * (1 + k / 100),
                "gain": float(returns[k]),
                "asset": HOSTILE if k == 3 else "000300.SH",
            }
            for k in range(45)
        ),
    )
    measures = [
        Measure(
            name=name,
            subject={"variant": key, "market": market},
            value=value + (i if name == "trades" else 0.01 * i),
            unit=unit,
            low=None if name == "trades" else value - 0.3,
            high=None if name == "trades" else value + 0.3,
            level=None if name == "trades" else 0.95,
            n=112,
            note="stationary block bootstrap" if name == "sharpe" else "",
        )
        for i, (key, _) in enumerate(names)
        for market in ("index", "etf")
        for name, value, unit in (
            ("total_return", 0.12, "fraction"),
            ("sharpe", 0.41, "ratio"),
            ("max_drawdown", -0.22, "fraction"),
            ("trades", 19, "count"),
        )
    ]
    measures.append(
        Measure(
            name="direction_accuracy",
            subject={"model": "linear"},
            value=None,
            unit="fraction",
            n=0,
            note="no anchor was known",
        )
    )
    claims = (
        Claim(
            key="real",
            statement=T("The real label beats the ±1 label", "实际收益标签优于 ±1 标签"),
            published=Text.same("—"),
            ours=Text.same("+1.2%"),
            difference="median of 10 seeds",
            reason=T("Quartiles overlap; the document shows *one* seed.", "四分位区间重叠；原文只展示*一个*种子。"),
            verdict="unclear",
        ),
        Claim(
            key="l2",
            statement=T("L2 lowers drawdown and the number of trades", "L2 降低回撤与交易次数"),
            published=Text.same("19 → 17"),
            ours=Text.same("21 → 18"),
            difference="+1",
            reason=T("Same direction in 8 of 10 seeds.", "十个种子中八个方向一致。"),
            verdict="holds",
        ),
        Claim(
            key="cover",
            statement=T("Negative spells cover most sharp falls", "负信号区间覆盖大部分急跌"),
            published=Text.same("most"),
            ours=Text.same("52%"),
            difference="base 47%",
            reason=T("Hardly more than blind shading of the same length.", "与同等长度的盲目标注相差无几。"),
            verdict="fails",
        ),
        Claim(
            key="minute",
            statement=T("Minute data will do better", "分钟数据会更好"),
            published=Text.same("—"),
            ours=Text.same("—"),
            difference="—",
            reason=T("Needs data that was not given.", "缺少所需数据。"),
            verdict="not tested",
        ),
    )
    sections = (
        Section(
            key="answer",
            title=T("Results", "结果"),
            words=(
                T(
                    "Every number is a median over ten seeds; brackets hold quartiles or a 95 % interval. Rivals stand in the same table.",
                    "所有数字为十个种子的中位数；方括号内为四分位或 95% 区间。对照模型列于同一张表。",
                ),
            ),
            shows=("results", "measures", "b2", "b4", "b9", "gates"),
        ),
        Section(
            key="protocol",
            title=T("Clock and split", "时钟与样本划分"),
            words=(
                T(
                    "The label is the published one, close to close; the trade enters at the *next open*. The setting is `horizon.lag = 1`.",
                    "标签按原文从收盘到收盘；交易在*次日开盘*入场。设置为 `horizon.lag = 1`。",
                ),
            ),
            shows=("clock", "split", "folds", "pipeline", "b1"),
        ),
        Section(key="signal", title=T("Forecasts", "预测"), shows=("b6", "b7", "b7-share", "b8", "b8-changes", "b11")),
        Section(key="claims", title=T("Published and ours", "原文与本次复现"), shows=("claims",)),
    )
    provenance = {
        "code": {"version": "0.1.0", "commit": "d2333b4"},
        "data": {
            "000300.SH": {
                "rows": 3000,
                "sha256": "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0",
                "first": "2005-01-04",
            }
        },
        "seeds": list(range(10)),
        "environment": {"python": "3.11.7", "torch": "2.13.0"},
        "trials": 130,
        HOSTILE: HOSTILE,
        "quick": False,
        "assumed": [{"what": "sizes of the dense layers", "chosen": [32, 16]}, {"what": "dropout", "chosen": 0.2}],
    }
    return Report(
        name="index-timing",
        title=T("Index timing with a 30-day LSTM: CSI 300, 2015–2017", "30 日 LSTM 指数择时：沪深 300,2015–2017"),
        lead=T(
            "The timing rule earned 13% where buy and hold lost 5%, but so did 29% of random gates with the same exposure. Ten seeds spread from −8% to +41%: *the published single run cannot be told from luck*.",
            "择时规则获利 13%，同期买入持有亏损 5%；但同等持仓比例的随机择时中有 29% 做得同样好。十个种子的结果从 −8% 到 +41% 不等：*原文的单次结果与运气无法区分*。",
        ),
        stamps=(
            T("Partial run: 10 seeds, 40 epochs (`--quick`).", "部分运行：10 个种子，40 轮（`--quick`）。"),
            T(
                "The ETF is a proxy: index / 1000, tick 0.001; no such fund traded at these prices.",
                "ETF 为代理：指数 / 1000，最小变动 0.001；并无基金以此价格交易。",
            ),
        ),
        measures=tuple(measures),
        tables=(
            Table(
                key="results",
                title=T("Experiments by market", "各实验与市场"),
                columns=columns,
                rows=tuple(rows),
                roles=("main",) * 6 + ("benchmark",),
                note=T("Frictionless rows cannot be traded.", "无摩擦各行不可交易。"),
            ),
            trades,
        ),
        figures=figures,
        claims=claims,
        sections=sections,
        glossary={
            "real": names[0][1],
            "sign": names[1][1],
            "two-inputs": names[2][1],
            "index": T("Frictionless index", "无摩擦指数"),
            "etf": T("ETF proxy", "ETF 代理"),
            "linear": T("Linear model", "线性模型"),
        },
        provenance=provenance,
    )
