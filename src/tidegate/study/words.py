"""The words of reports: names of measures, members and markets, in both languages."""

import re

from tidegate.study.alarm_words import alarm_text
from tidegate.types.report import Text

__all__ = ["GATES", "GLOSSARY", "GROUPS", "HOW", "LOSSES", "loss_words", "member_title", "stamp_text", "titled"]

_NAMES: dict[str, tuple[str, str]] = {
    "total_return": ("total return", "总收益"),
    "total_return_before_fees": ("total return before fees", "费前总收益"),
    "return_after_fees": ("total return after fees, before slippage", "计费用、未计滑点总收益"),
    "margin_of_equity": ("margin over equity at entries", "开仓时保证金占权益"),
    "as-printed": ("the same forecast, as printed", "同一预测，按原文规则"),
    "follow-forecast": ("the same forecast, followed", "同一预测，顺势跟随"),
    "always-long": ("long in every bar", "每根K线做多"),
    "gap-momentum": ("side of the gap from the last close", "按跳空方向"),
    "random-sides": ("a side by the toss of a coin", "随机方向"),
    "fixed-fraction": ("the same, a fixed fraction", "同一规则，固定仓位"),
    "volatility-scaled": ("the same, sized by volatility", "同一规则，按波动率定仓"),
    "margin-cap": ("the same, margin capped", "同一规则，保证金上限"),
    "stop-loss": ("the same, with a stop", "同一规则，止损"),
    "drawdown-switch": ("the same, shut after a fall", "同一规则，回撤停手"),
    "total_return_before_costs": ("total return before fees and slippage", "费用与滑点前总收益"),
    "annualised_return": ("annualised return", "年化收益"),
    "volatility": ("volatility", "波动率"),
    "sharpe": ("Sharpe ratio", "夏普比率"),
    "sharpe_p": ("Sharpe ratio, p-value", "夏普比率 p 值"),
    "probabilistic_sharpe": ("probabilistic Sharpe ratio", "概率夏普比率"),
    "minimum_track": ("minimum track length", "最短业绩长度"),
    "max_drawdown": ("maximum drawdown", "最大回撤"),
    "calmar": ("Calmar ratio", "卡玛比率"),
    "positive_bars": ("share of positive bars", "盈利交易日占比"),
    "bars_in_market": ("bars in the market", "持仓K线数"),
    "longest_out": ("longest spell out", "最长空仓期"),
    "trades": ("round trips", "交易次数"),
    "orders_unfilled": ("orders not filled", "未成交委托"),
    "deflated_sharpe": ("deflated Sharpe ratio", "缩减夏普比率"),
    "deflated_sharpe_independent": ("deflated Sharpe ratio, independent trials", "缩减夏普比率（等效独立次数）"),
    "win_rate": ("win rate of round trips", "交易胜率"),
    "win_rate_p": ("win rate, p-value", "胜率 p 值"),
    "turnover": ("turnover", "换手率"),
    "fees": ("fees", "费用"),
    "fees_of_gross": ("fees of gross profit", "费用占毛利"),
    "slippage": ("slippage", "滑点"),
    "names_outside": ("names held outside the universe", "持有的池外股票数"),
    "names_held": ("names held", "持股数"),
    "largest_weight": ("largest single weight", "单只最大权重"),
    "cash_share": ("share in cash", "现金占比"),
    "holding_bars": ("bars held, median", "持有K线数中位数"),
    "excess_return": ("excess return", "超额收益"),
    "alpha": ("alpha", "阿尔法"),
    "beta": ("beta", "贝塔"),
    "tracking_error": ("tracking error", "跟踪误差"),
    "information_ratio": ("information ratio", "信息比率"),
    "total_return_percentile": ("percentile among placebos", "在对照中的分位"),
    "total_return_placebo_p": ("p-value among placebos", "对照 p 值"),
    "placebo_turnover": ("turnover of placebos", "对照的换手率"),
    "sharpe_percentile": ("Sharpe percentile among placebos", "夏普在对照中的分位"),
    "sharpe_placebo_p": ("Sharpe p-value among placebos", "夏普对照 p 值"),
    "pairs": ("forecasts judged", "被评判的预测数"),
    "independent_periods": ("independent periods", "独立期数"),
    "ic": ("IC", "IC"),
    "ic_p": ("IC, p-value", "IC p 值"),
    "ic_apart": ("IC, non-overlapping", "IC（不重叠）"),
    "ic_apart_p": ("IC, non-overlapping, p-value", "IC（不重叠）p 值"),
    "rank_ic": ("rank IC", "秩 IC"),
    "rank_ic_p": ("rank IC, p-value", "秩 IC p 值"),
    "icir": ("ICIR", "ICIR"),
    "direction_accuracy": ("direction accuracy", "方向准确率"),
    "majority_rate": ("majority rate", "多数类比例"),
    "direction_p": ("direction, p-value", "方向 p 值"),
    "rmse": ("RMSE", "均方根误差"),
    "mae": ("MAE", "平均绝对误差"),
    "skill": ("skill over no change", "相对“不变”的技巧"),
    "skill_p": ("skill, Diebold–Mariano p-value", "技巧 DM 检验 p 值"),
    "share_above_zero": ("share of forecasts above zero", "预测为正的比例"),
    "falls_covered": ("share of sharp falls in negative spells", "负预测期覆盖的大跌比例"),
    "falls_base_rate": ("share of all bars in negative spells", "负预测期占全部交易日比例"),
    "falls_p": ("sharp falls covered, p-value", "大跌覆盖 p 值"),
    "reachable": ("what is reachable here", "可达上限"),
    "study": ("study", "研究"),
    "member": ("member", "成员"),
    "market": ("market", "市场"),
    "seed": ("seed", "种子"),
    "model": ("network, median of seeds", "网络（种子中位数）"),
    "ensemble": ("ensemble of seeds", "种子集成"),
    "persistence": ("persistence", "持续性"),
    "drift": ("drift", "漂移"),
    "majority": ("majority", "多数类"),
    "linear": ("linear (ridge)", "线性（岭回归）"),
    "zero": ("zero", "零"),
    "always-in": ("always in, from the first score on", "自首个预测起一直持有"),
    "buy-and-hold": ("buy and hold", "买入持有"),
    "equal-weight": ("equal weight of the universe, no costs", "股票池等权（无成本）"),
    "equal-weight-traded": ("equal weight of the universe, with costs", "股票池等权（含成本）"),
    "small-caps": ("the smallest tenth in equal parts, no costs", "市值最小十分之一等权（无成本）"),
    "one-field": ("one factor alone", "单一因子"),
    "ranker": ("boosted ranker", "提升树排序模型"),
    "index": ("the index, no costs", "指数（无成本）"),
    "ungated": ("the same without its gate", "去掉择时的同一策略"),
    "frictionless": ("the index itself, no costs", "指数本身（无成本）"),
    "etf-proxy": ("ETF proxy, with costs", "ETF 替代（含成本）"),
    "us-fund-proxy": ("US fund proxy, with costs", "美国基金替代（含成本）"),
    "a-share": ("A-share rules, with costs", "A 股规则（含成本）"),
    "index-future": ("index future, with costs", "股指期货（含成本）"),
    "rebar-future": ("rebar future, with costs", "螺纹钢期货（含成本）"),
}

GLOSSARY: dict[str, Text] = {key: Text(en=en, zh=zh) for key, (en, zh) in _NAMES.items()}


def member_title(member: str) -> Text:
    """How a report names a member; unknown names stand for themselves.

    >>> member_title("seed-3").zh
    '种子 3'
    """
    if member.startswith("seed-"):
        number = member.removeprefix("seed-")
        return Text(en=f"seed {number}", zh=f"种子 {number}")
    return GLOSSARY.get(member, Text.same(member))


_STAMPS: tuple[tuple[str, str], ...] = (
    (r"(\d+) spells that end on the day they begin are left out\.", r"剔除当日起讫的成分区间 \1 条。"),
    (r"Members of (\S+) are known from (\S+) on\.", r"\1 成分自 \2 起可知。"),
    (r"Frictionless: no costs, lots or limits, as published; nobody can trade like this\.", "无摩擦：按原文不计费用、手数与涨跌停，现实中无法如此交易。"),
    (r"Proxy: an ETF is imitated by the index / (\S+); no tracking error, dividends or fund fees\.", r"替代：以指数 ÷ \1 模拟 ETF，不含跟踪误差、分红与管理费。"),
    (r"Proxy: a US fund is imitated by the index / (\S+); no tracking error, no dividends\.", r"替代：以指数 ÷ \1 模拟美国基金，不含跟踪误差与分红。"),
    (r"Fees are today's at all dates; the regulator's fees and wider ticks before 2001 are left out\.", "各日期均用当前费率，未计监管费用与 2001 年前较宽的最小变动价位。"),
    (r"Unconfirmed rule: no transfer fee on ETFs\.", "未经证实的规则：ETF 不收过户费。"),
    (r"Unconfirmed rule: transfer fee by value, (\w+), (\d+) \(1e-8 of value\) from (\S+)\.", r"未经证实的规则：过户费（\1，按成交额）自 \3 起为 \2e-8。"),
    (r"Unconfirmed rule: transfer fee by face value, (\w+), (\d+) \(1e-8 yuan per share\) from (\S+)\.", r"未经证实的规则：过户费（\1，按面值）自 \3 起为每股 \2e-8 元。"),
    (r"Unconfirmed rule: stamp duty on (purchases|sales), (\d+) \(1e-8 of value\) from (\S+)\.", r"未经证实的规则：印花税（\1）自 \3 起为 \2e-8。"),
    (r"Unconfirmed rule: (.*)", r"未经证实的规则：\1"),
    (r"What is gone from the exchange pays (\S+) of its last price after its last session \(a setting\)\.", r"退市股票在最后交易日之后按最新价的 \1 兑付（可设定）。"),
    (r"What is gone from the exchange keeps its last price: its last session is not known\.", "退市股票保持最新价：其最后交易日未知。"),
    (r"No instruments: first days after listing show only by opens beyond the limits\.", "没有证券资料：上市首日只能由超出涨跌停的开盘价看出。"),
    (r"Synthetic data: no market ever printed these prices\.", "模拟数据：这些价格从未在任何市场出现过。"),
    (r"Corporate actions are read from reference prices: shares × close / reference, the remainder in cash\.", "除权除息由参考价推得：股数 × 前收盘 ÷ 参考价，余额计入现金。"),
    (r"This money cannot hold the universe in equal parts: .* with (\S+) and scaled down, .*", r"本金不足以等权持有整个股票池：无成本等权以 \1 元持有后按比例缩小，且不列含成本者。"),
    (r"No volume in a known unit: nothing is said of what larger money would earn\.", "没有单位已知的成交量：更大资金的收益不作说明。"),
    (r"Reference prices are derived from the adjustment factor .*", "参考价由复权因子推得（前收盘 × 旧因子 ÷ 新因子，取整到最小变动价位），除权除息据此计算。"),
    (r"Corporate actions are not known: .*", "除权除息未知：数据既无参考价也无复权因子，持有人会损失送转与分红。"),
    (r"The bars do not tell risk warnings \(ST\): .*", "数据未标明风险警示（ST）：所有股票均按非 ST 处理。"),
    (r"The unit of volume is not known \((.*)\): .*", r"成交量单位未知（\1）：没有均价，也不能按成交量占比限制。"),
    (r"The instruments tell no listings: .*", "证券资料没有上市日期：上市首日只能由超出涨跌停的开盘价看出。"),
    (r"The instruments tell no delisting periods: .*", "证券资料没有退市整理期：按原涨跌停规则延续。"),
    (r"The instruments tell no issue prices: .*", "证券资料没有发行价：没有参考价的首日不设涨跌停。"),
    (r"Dividends are not taxed\.", "未计红利税。"),
    (r"Classes are static, not point in time\.", "行业等分类为静态数据，并非当时所知。"),
    (r"(\d+) of (\d+) assets have no (\w+)(?: \(.*\))?: no class, and no filter\.", r"\2 只股票中有 \1 只没有 \3：既不成类，也不据此筛选。"),
    (r"Reports without a day of announcement are used from legal deadlines on\.", "没有公告日的财报自法定披露截止日起使用。"),
    (r"Days on which prices begin anew were not looked for: factors, labels and returns reach across share reforms and restructurings\.", "未查找价格重新起算的日子：因子、标签与收益会跨越股改与重组。"),
    (r"Growth of revenue, net profit and equity is derived from market values and their multiples, not as reported\.", "营收、净利润与净资产的增长由市值及其倍数推得，并非财报原值。"),
    (r"LEAKS: windows drawn at random; .*", "存在泄漏：窗口随机划分；同一股票相差一个月的窗口、同月的其他股票分处两侧。"),
    (r"LEAKS: held out by stock; .*", "存在泄漏：按股票留出；被评判月份的市场走势已从其他股票学到。"),
    (r"LEAKS: held out by month; .*", "存在泄漏：按月份留出；学习了之后的月份，且其窗口回看被评判的月份。"),
    (r"LEAKS: judged windows are standardised by .*", "存在泄漏：评判样本按整个评判区间的均值与标准差标准化，其中大部分尚在未来。"),
    (r"LEAKS: inputs are scaled by what the judged range holds, .*", "存在泄漏：输入按包含评判区间的全部数据缩放。"),
    (r"LEAKS: each window is standardised together with .*", "存在泄漏：每个窗口与其所预测的K线一同标准化。"),
    (r"LEAKS: labels are clipped at quantiles of the whole table, .*", "存在泄漏：标签按全样本（含评判年份）的分位数截断。"),
    (r"LEAKS: a mean that is drawn around a bar .*", "存在泄漏：居中均线用到其后的K线。"),
    (r"LEAKS: factors were chosen by .*", "存在泄漏：因子按其对被评判收益的表现挑选。"),
    (r"LEAKS: the universe is that of the last day; .*", "存在泄漏：股票池取自最后一日，从一开始就知道谁会变大。"),
    (r"MISTAKE: fills at a price of the bar that decided, .*", "错误：按决策当根K线的价格成交，而它当时已经结束。"),
    (r"LEAKS: days are both learned from and judged\.", "存在泄漏：部分日期既用于训练又用于评判。"),
    (r"MISTAKE: the axes of its windows are scrambled; .*", "错误：窗口的坐标轴被打乱，所谓时间步混合了日期与因子。"),
    (r"MISTAKE: fills beyond price limits and during suspensions, .*", "错误：在涨跌停外与停牌期间成交，现实中不可能。"),
    (r"MISTAKE: lots, fees and volumes are counted on adjusted prices, .*", "错误：手数、费用与成交量按复权价计算，而复权价从未成交过。"),
    (r"The bars record no change of contract: a position is carried over each without a fee, and the price gap is booked as if it were earned\.", "数据未记录换月：换月不计费用、持仓顺延，换月价差被当作盈亏计入。"),
    (r"At each recorded change of contract what is held is closed and opened anew, with fees and slippage of both\. The contract left trades at the new one's open × the recorded ratio, whatever its own limits were; the new one as its bar allows\.", "每次记录的换月：平旧合约、开新合约，两次均计费用与滑点。旧合约按新合约开盘价 × 换月比例成交（不论其涨跌停）；新合约按其K线的规则成交。"),
    (r"At each recorded change of contract what is held is closed and opened anew, with fees and slippage of both\. The contract left trades at its own open where the bars have it, else at the new one's open × the recorded ratio, whatever its own limits were; the new one as its bar allows\.", "每次记录的换月：平旧合约、开新合约，两次均计费用与滑点。旧合约按其自身开盘价（数据有则用之，否则为新合约开盘价 × 换月比例）成交（不论其涨跌停）；新合约按其K线的规则成交。"),
    (r"At each recorded change of contract what is held is closed and opened anew, with fees and slippage of both\. The contract left trades at (.*), whatever its own limits were; the new one as its bar allows\.", r"每次记录的换月：平旧合约、开新合约，两次均计费用与滑点。旧合约成交价：\1（不论其涨跌停）；新合约按其K线的规则成交。"),
    (r"In at a bar's open and out at its close; what cannot be left there \(a limit\) is carried and left at the next price that anybody takes\.", "开盘进、收盘出；收盘因涨跌停无法平仓者顺延，在下一个可成交价平仓。"),
    (r"Short selling: from (\S+) margin (\S+) and maintenance (\S+) of what is sold short, (\S+) a year for borrowing \(a setting\); everything is found to borrow\.", r"融券卖空：自 \1 起保证金比例 \2、维持比例 \3（占所卖空市值），融券年费率 \4（可设定）；假定任何标的均可融到。"),
    (r"Prices between ticks: round\.", "不在最小变动价位上的价格按最近的价位取整。"),
    (r"Prices between ticks: (\w+)\.", r"不在最小变动价位上的价格：\1。"),
    (r"Individuals must be out before the month of delivery: that is not enforced\.", "个人须在交割月前平仓：此处未强制执行。"),
    (r"(\d+) first bars after a change of contract open at the contract left, and are left out\.", r"换月后有 \1 根首根K线以旧合约开盘，已剔除。"),
    (r"Levels of the contracts themselves: prices begin anew at each change of contract\.", "价格取各合约自身：每次换月价格重新起算。"),
    (r"Changes of contract are not recorded: prices begin anew on each session around a month's third Friday\.", "换月未被记录：每月第三个星期五前后各交易日价格重新起算。"),
    (r"The source has no traded amount: five raw fields instead of six\.", "数据源没有成交额：使用五个原始特征而非六个。"),
    (r"The volume of (.*) is missing \(the source prints 0\)\.", r"\1 的成交量缺失（数据源记为 0）。"),
    (r"The unit of (\w+) is not stated by the source\.", r"数据源未说明 \1 的单位。"),
)  # fmt: skip


def stamp_text(stamp: str) -> Text:
    """A stamp of bars or markets in both languages; one without a translation stands in English.

    >>> stamp_text("Dividends are not taxed.").zh
    '未计红利税。'
    """
    for pattern, chinese in _STAMPS:
        if found := re.fullmatch(pattern, stamp):
            return Text(en=stamp, zh=found.expand(chinese))
    return alarm_text(stamp) or Text.same(stamp)


HOW: dict[str, Text] = {
    "ic": Text(en="fixed-b interval for overlapping labels; of many assets, the mean over dates", zh="考虑标签重叠的 fixed-b 区间；多标的时为逐日均值"),
    "rank_ic": Text(en="fixed-b interval for overlapping labels; of many assets, the mean over dates", zh="考虑标签重叠的 fixed-b 区间；多标的时为逐日均值"),
    "direction_accuracy": Text(en="compare with the majority rate in the table below", zh="请与下表多数类比例对照"),
    "direction_p": Text(en="more agreement than the same ups and downs have by luck, two-sided", zh="是否多于同样涨跌比例而相互独立时的一致（双侧）"),
    "skill": Text(en="1 − MSE / MSE(no change)", zh="1 − MSE / MSE(不变)"),
    "annualised_return": Text(en="compounded; interval by stationary block bootstrap", zh="复利；平稳区块自助法区间"),
    "sharpe": Text(en="studentised stationary block bootstrap", zh="学生化平稳区块自助法"),
    "deflated_sharpe_independent": Text(en="the same, for as many independent trials as these amount to", zh="同上，按这些尝试所相当的独立次数修正"),
    "deflated_sharpe": Text(en="the same, for the best of all variants tried here", zh="同上，按此处尝试的全部变体中最佳者修正"),
    "probabilistic_sharpe": Text(en="chance that the true ratio is above zero, for one trial", zh="真实比率大于零的概率（单次检验）"),
    "win_rate": Text(en="closed round trips, net; exact interval", zh="已平仓交易（净）；精确区间"),
}  # fmt: skip
"""How the figures of the doubt table were made."""

LOSSES: dict[str, Text] = {
    "mse": Text(en="mean squared error", zh="均方误差"),
    "mae": Text(en="mean absolute error", zh="平均绝对误差"),
    "huber": Text(en="Huber loss", zh="Huber 损失"),
    "quantile": Text(en="quantile loss", zh="分位数损失"),
    "cross-entropy": Text(en="cross-entropy", zh="交叉熵"),
    "binary-cross-entropy": Text(en="binary cross-entropy", zh="二元交叉熵"),
    "focal": Text(en="focal loss", zh="Focal 损失"),
    "ic": Text(en="1 − IC", zh="1 − IC"),
    "pairwise": Text(en="pairwise ranking loss", zh="成对排序损失"),
    "list-net": Text(en="ListNet loss", zh="ListNet 损失"),
    "list-mle": Text(en="ListMLE loss", zh="ListMLE 损失"),
}
"""Names of the losses, as axes and captions have them."""

GATES: dict[str, Text] = {
    "input": Text(en="input gate", zh="输入门"),
    "forget": Text(en="forget gate", zh="遗忘门"),
    "candidate": Text(en="candidate", zh="候选状态"),
    "output": Text(en="output gate", zh="输出门"),
    "reset": Text(en="reset gate", zh="重置门"),
    "update": Text(en="update gate", zh="更新门"),
    "hidden": Text(en="output h", zh="输出 h"),
    "cell": Text(en="memory c", zh="记忆 c"),
}
"""Names of gates, and of the states among them."""

GROUPS: dict[str, Text] = {
    "kernel": Text(en="Input weights", zh="输入权重"),
    "recurrent": Text(en="Recurrent weights", zh="循环权重"),
    "bias": Text(en="Biases", zh="偏置"),
}
"""Names of a cell's groups of weights."""


def loss_words(name: str) -> Text:
    """What a training makes small, by the loss's name, as the title of an axis.

    >>> loss_words("mse").en
    'mean squared error of the scaled label'
    """
    words = LOSSES.get(name, Text.same(name))
    return Text(en=f"{words.en} of the scaled label", zh=f"缩放标签的{words.zh}")


def titled(key: str, what: Text, about: Text) -> Text:
    """A figure's title: its id, what it shows, and of what.

    >>> titled("D9", Text.same("Weights"), Text.same("LSTM")).en
    'D9 Weights: LSTM'
    """
    return Text(en=f"{key} {what.en}: {about.en}", zh=f"{key} {what.zh}：{about.zh}")
