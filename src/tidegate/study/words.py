"""The words of reports: names of measures, members and markets, in both languages."""

from tidegate.types.report import Text

__all__ = ["GLOSSARY", "member_title"]

_NAMES: dict[str, tuple[str, str]] = {
    "total_return": ("total return", "总收益"),
    "total_return_before_fees": ("total return before fees", "费前总收益"),
    "annualised_return": ("annualised return", "年化收益"),
    "volatility": ("volatility", "波动率"),
    "sharpe": ("Sharpe ratio", "夏普比率"),
    "sharpe_p": ("Sharpe ratio, p-value", "夏普比率 p 值"),
    "probabilistic_sharpe": ("probabilistic Sharpe ratio", "概率夏普比率"),
    "minimum_track": ("minimum track length", "最短业绩长度"),
    "max_drawdown": ("maximum drawdown", "最大回撤"),
    "calmar": ("Calmar ratio", "卡玛比率"),
    "positive_bars": ("share of positive bars", "盈利交易日占比"),
    "bars_in_market": ("bars in the market", "持仓天数"),
    "longest_out": ("longest spell out", "最长空仓期"),
    "trades": ("round trips", "交易次数"),
    "win_rate": ("win rate of round trips", "交易胜率"),
    "win_rate_p": ("win rate, p-value", "胜率 p 值"),
    "turnover": ("turnover", "换手率"),
    "fees": ("fees", "费用"),
    "fees_of_gross": ("fees of gross profit", "费用占毛利"),
    "excess_return": ("excess return", "超额收益"),
    "alpha": ("alpha", "阿尔法"),
    "beta": ("beta", "贝塔"),
    "tracking_error": ("tracking error", "跟踪误差"),
    "information_ratio": ("information ratio", "信息比率"),
    "total_return_percentile": ("percentile among random gates", "在随机择时中的分位"),
    "total_return_placebo_p": ("p-value among random gates", "随机择时 p 值"),
    "sharpe_percentile": ("Sharpe percentile among random gates", "夏普在随机择时中的分位"),
    "sharpe_placebo_p": ("Sharpe p-value among random gates", "夏普随机择时 p 值"),
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
    "rmse": ("RMSE", "均方根误差"),
    "mae": ("MAE", "平均绝对误差"),
    "skill": ("skill over persistence", "相对持续性的技巧"),
    "skill_p": ("skill, Diebold–Mariano p-value", "技巧 DM 检验 p 值"),
    "share_above_zero": ("share of forecasts above zero", "预测为正的比例"),
    "falls_covered": ("share of sharp falls in negative spells", "负预测期覆盖的大跌比例"),
    "falls_base_rate": ("share of all bars in negative spells", "负预测期占全部交易日比例"),
    "falls_p": ("sharp falls covered, p-value", "大跌覆盖 p 值"),
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
    "buy-and-hold": ("buy and hold", "买入持有"),
    "frictionless": ("the index itself, no costs", "指数本身（无成本）"),
    "etf-proxy": ("ETF proxy, with costs", "ETF 替代（含成本）"),
    "us-fund-proxy": ("US fund proxy, with costs", "美国基金替代（含成本）"),
    "a-share": ("the stock, A-share rules", "个股（A 股规则）"),
    "index-future": ("index future, with costs", "股指期货（含成本）"),
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
