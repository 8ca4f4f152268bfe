// Every word of the page itself, in both languages, and names of common measures and subjects.
const WORDS = {
  en: {
    brand: "Tidegate", skip: "Skip to the report", contents: "Contents", language: "Language", theme: "Colours",
    light: "Light", dark: "Dark", candles: "Rising candles", redup: "Red up", greenup: "Green up",
    measures: "Measures", claims: "Published and ours", provenance: "Where this comes from", rest: "Further tables and figures",
    stamp: "Note", alarm: "Stop", table: "Table", chart: "Chart", csv: "CSV", png: "PNG", svg: "SVG", rows: "rows", showAll: "Show all {n} rows",
    showFew: "Show fewer", sortBy: "Sort by {name}", zoom: "Drag the handles below the chart to zoom; Ctrl + wheel works too.",
    thinned: "Drawn from a thinned curve (peaks and troughs kept); the run folder's CSV has every point.",
    cut: "First {n} of {m} rows; the CSV has all.", series: "Series", value: "Value", low: "Low", high: "High", n: "n", note: "Note",
    interval: "Intervals in brackets", intervalAt: "Brackets: {level} interval.", statement: "Statement", published: "Published", ours: "Ours", difference: "Difference",
    reason: "Reason", verdict: "Verdict", holds: "Holds", fails: "Fails", unclear: "Unclear", "not tested": "Not tested",
    train: "Train", purge: "Purge", valid: "Validate", embargo: "Embargo", test: "Test", fold: "Fold", part: "Part", from: "From", to: "To",
    count: "Anchors", open: "open", close: "close", now: "decision", node: "Node", shape: "Shape", parameters: "Parameters", links: "Leads to",
    moment: "Known or done", figure: "Figure", foot: "One file, no network: everything on this page is inside it. Drawn with Apache ECharts (Apache-2.0).",
    top: "Back to top", nothing: "No data.", when: "Time", x: "x", click: "Click a name to hide or show it.", earlier: "Earlier", later: "Later"
  },
  zh: {
    brand: "Tidegate", skip: "跳到报告正文", contents: "目录", language: "语言", theme: "配色",
    light: "浅色", dark: "深色", candles: "K 线颜色", redup: "红涨绿跌", greenup: "绿涨红跌",
    measures: "指标", claims: "原文与本次复现", provenance: "数据与环境来源", rest: "其他图表",
    stamp: "注意", alarm: "警报", table: "表格", chart: "图形", csv: "CSV", png: "PNG", svg: "SVG", rows: "行", showAll: "显示全部 {n} 行",
    showFew: "收起", sortBy: "按{name}排序", zoom: "拖动图下滑块可缩放，也可按住 Ctrl 滚动滚轮。",
    thinned: "曲线经抽稀绘制（保留峰谷）；运行目录中的 CSV 含全部数据点。",
    cut: "仅显示前 {n} 行（共 {m} 行），CSV 含全部。", series: "序列", value: "数值", low: "下限", high: "上限", n: "样本数", note: "说明",
    interval: "方括号内为区间", intervalAt: "方括号内为 {level} 区间。", statement: "论断", published: "原文", ours: "本次", difference: "差异",
    reason: "原因", verdict: "结论", holds: "成立", fails: "不成立", unclear: "不明确", "not tested": "未检验",
    train: "训练", purge: "清除", valid: "验证", embargo: "禁用间隔", test: "测试", fold: "折", part: "区段", from: "起", to: "止",
    count: "样本数", open: "开盘", close: "收盘", now: "决策", node: "节点", shape: "形状", parameters: "参数量", links: "指向",
    moment: "已知或执行时刻", figure: "图", foot: "单一文件，无需网络：本页一切内容都在文件之内。图形由 Apache ECharts 绘制（Apache-2.0）。",
    top: "回到顶部", nothing: "无数据。", when: "时间", x: "x", click: "点击图例可隐藏或显示。", earlier: "上一个", later: "下一个"
  }
};

const GLOSSARY = {
  total_return: ["Total return", "总收益"], annual_return: ["Annual return", "年化收益"], excess_return: ["Excess return", "超额收益"],
  sharpe: ["Sharpe ratio", "夏普比率"], sortino: ["Sortino ratio", "索提诺比率"], calmar: ["Calmar ratio", "卡玛比率"],
  volatility: ["Volatility", "波动率"], annual_volatility: ["Volatility", "年化波动率"], max_drawdown: ["Maximum drawdown", "最大回撤"], maximum_drawdown: ["Maximum drawdown", "最大回撤"], alpha: ["Alpha", "阿尔法"], beta: ["Beta", "贝塔"],
  win_rate: ["Win rate", "胜率"], information_ratio: ["Information ratio", "信息比率"], trades: ["Trades", "交易次数"], turnover: ["Turnover", "换手率"],
  exposure: ["Exposure", "持仓比例"], days_in_market: ["Sessions in the market", "持仓交易日"], sessions_in_market: ["Sessions in the market", "持仓交易日"],
  direction_accuracy: ["Direction accuracy", "方向准确率"], accuracy: ["Accuracy", "准确率"], skill: ["Skill", "技巧得分"], ic: ["IC", "信息系数"], rank_ic: ["Rank IC", "秩信息系数"],
  rmse: ["RMSE", "均方根误差"], mae: ["MAE", "平均绝对误差"], mse: ["MSE", "均方误差"], percentile: ["Percentile", "百分位"], gate_percentile: ["Percentile among random gates", "随机择时百分位"],
  variant: ["Variant", "变体"], market: ["Market", "市场"], model: ["Model", "模型"], experiment: ["Experiment", "实验"], seed: ["Seed", "随机种子"], fold: ["Fold", "折"],
  strategy: ["Strategy", "策略"], asset: ["Asset", "标的"], rival: ["Rival", "对照"], statistic: ["Statistic", "统计量"], fees: ["Fees", "费用"], cost: ["Cost", "成本"]
};
