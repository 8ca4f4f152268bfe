// Each kind of marks as the chart library wants it; a line stands where its number is (the library rounds by default).
function seriesOption(series, figure, ink, context) {
  const d = series.data, xs = context.place;
  const base = {
    id: series.key, name: ink.leader || series.key, xAxisIndex: series.panel, yAxisIndex: series.panel, animation: false,
    itemStyle: { color: ink.colour }, z: series.role === "doubt" ? 2 : series.role === "benchmark" ? 3 : 4, emphasis: { disabled: true }
  };
  const thin = series.follows !== null && series.stroke !== "solid";
  const stroke = { color: ink.colour, width: thin ? 1 : series.role === "main" || series.role === "truth" ? 1.9 : 1.4, type: ink.stroke === "solid" ? "solid" : ink.stroke === "dashed" ? [6, 4] : [2, 3] };
  const pairs = () => (d.y || []).map((y, i) => [xs(d.x[i]), context.row ? context.row(y) : y]);
  switch (series.kind) {
    case "line": return { ...base, type: "line", showSymbol: few(d.y), symbol: "circle", symbolSize: 5, data: pairs(), lineStyle: stroke };
    case "step": return { ...base, type: "line", step: "end", showSymbol: false, data: pairs(), lineStyle: stroke };
    case "area": return { ...base, type: "line", showSymbol: false, data: pairs(), lineStyle: { ...stroke, width: 1.2 }, areaStyle: { color: faded(ink.colour, 0.16), origin: 0 } };
    case "scatter": return series.mark && series.mark !== "dot" ? marked(series, base, ink, pairs()) : { ...base, type: "scatter", symbolSize: d.y.length > 400 ? 4 : 7, data: scattered(pairs(), figure), itemStyle: { color: faded(ink.colour, d.y.length > 400 ? 0.4 : 0.72) } };
    case "bar": return d.x2 ? bins(base, d, ink, xs) : { ...base, type: "bar", barMaxWidth: figure.x === "category" ? 54 : 26, barGap: apart(figure, series.panel) ? "-100%" : undefined, data: pairs(), itemStyle: { color: ink.colour } };
    case "band": return band(base, d, ink, series, xs);
    case "candle": return candles(base, d, xs);
    case "box": return boxes(base, d, ink, series, figure, xs);
    case "heat": return { ...base, type: "heatmap", data: d.value.map((v, i) => [xs(d.x[i]), context.row(d.y[i]), v]), itemStyle: { borderColor: palette.paper, borderWidth: 1 } };
    case "shade": return { ...base, type: "line", data: [], z: 1, itemStyle: { color: faded(ink.colour, 0.3) }, lineStyle: { color: faded(ink.colour, 0.3), width: 0 }, markArea: { silent: true, animation: false, itemStyle: { color: faded(ink.colour, 0.14) }, data: spans(d, xs) } };
    default: return { ...base, type: "line", data: [], z: 6, lineStyle: stroke, markLine: { silent: true, animation: false, symbol: "none", precision: -1, label: { show: false }, lineStyle: { ...stroke, width: 1.6 }, data: rules(d, xs) } };
  }
}

// Fills and refusals on candles: arrows beside the price, so that the candle stays seen.
const MARKS = {
  up: { symbol: "triangle", symbolSize: [9, 10], symbolOffset: [0, 9] }, down: { symbol: "triangle", symbolRotate: 180, symbolSize: [9, 10], symbolOffset: [0, -9] },
  cross: { symbol: "path://M0 2L2 0L8 6L14 0L16 2L10 8L16 14L14 16L8 10L2 16L0 14L6 8Z", symbolSize: 8 }
};
function marked(series, base, ink, data) { return { ...base, type: "scatter", z: 7, ...MARKS[series.mark], data, itemStyle: { color: ink.colour, borderColor: palette.paper, borderWidth: 0.8 } }; }

// Bars of several series stand side by side only where they share a place.
function apart(figure, panel) {
  const places = figure.series.filter((s) => s.kind === "bar" && s.panel === panel).flatMap((s) => s.data.x.map((x) => JSON.stringify(x)));
  return new Set(places).size === places.length;
}

function few(values) { return values.filter((v) => v !== null).length < 16; }
function spans(d, xs) { return d.x2 ? d.x.map((x, i) => [{ xAxis: xs(x) }, { xAxis: xs(d.x2[i]) }]) : d.y.map((y, i) => [{ yAxis: y }, { yAxis: d.y2[i] }]); }
function rules(d, xs) { return d.y ? d.y.map((y) => ({ yAxis: y })) : d.x.map((x) => ({ xAxis: xs(x) })); }

// Points of one category are set side by side, always in the same way, so that they can be counted.
function scattered(pairs, figure) {
  if (figure.x !== "category") return pairs;
  return pairs.map((value, i) => ({ value, symbolOffset: [Math.round((((i * 0.618034) % 1) - 0.5) * 26), 0] }));
}

function bins(base, d, ink, xs) {
  const draw = (params, api) => {
    const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), 0]);
    const width = Math.max(1, b[0] - a[0] - 1);
    return { type: "rect", shape: { x: a[0] + 0.5, y: Math.min(a[1], b[1]), width, height: Math.abs(b[1] - a[1]) }, style: { fill: faded(ink.colour, 0.75) } };
  };
  return { ...base, type: "custom", renderItem: draw, encode: { x: [0, 1], y: 2 }, data: d.y.map((y, i) => [xs(d.x[i]), xs(d.x2[i]), y]), clip: true };
}

// Boxes side by side only where two series share a category.
function boxes(base, d, ink, series, figure, xs) {
  const rivals = figure.series.filter((s) => s.kind === "box" && s.panel === series.panel);
  const all = rivals.flatMap((s) => s.data.x.map((x) => JSON.stringify(x))), shared = new Set(all).size < all.length;
  const slots = shared ? rivals.length : 1, slot = shared ? rivals.indexOf(series) : 0;
  const draw = (params, api) => {
    const room = api.size([1, 0])[0] * 0.7, width = Math.min(46, room / slots * 0.8), shift = shared ? (slot - (slots - 1) / 2) * Math.min(60, room / slots) : 0;
    const at = (i) => api.coord([api.value(0), api.value(i)]), x = at(1)[0] + shift, y = [1, 2, 3, 4, 5].map((i) => at(i)[1]), half = width / 2;
    const line = (x1, y1, x2, y2, wide) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: ink.colour, lineWidth: wide } });
    return { type: "group", children: [
      { type: "rect", shape: { x: x - half, y: y[3], width, height: Math.max(1, y[1] - y[3]) }, style: { fill: faded(ink.colour, 0.16), stroke: ink.colour, lineWidth: 1.2 } },
      line(x, y[0], x, y[1], 1.2), line(x, y[3], x, y[4], 1.2), line(x - half / 2, y[0], x + half / 2, y[0], 1.2), line(x - half / 2, y[4], x + half / 2, y[4], 1.2), line(x - half, y[2], x + half, y[2], 2.4)
    ] };
  };
  return { ...base, type: "custom", renderItem: draw, clip: true, encode: { x: 0, y: [1, 2, 3, 4, 5] }, data: d.x.map((x, i) => [Number(xs(x)), d.low[i], d.q1[i], d.median[i], d.q3[i], d.high[i]]) };
}

// A band is one polygon for each unbroken run of points, drawn with the first visible point.
function band(base, d, ink, series, xs) {
  const fill = faded(ink.colour, series.role === "doubt" ? 0.16 : 0.22);
  const draw = (params, api) => {
    if (params.dataIndexInside !== 0) return null;
    const runs = [];
    let lower = [], upper = [];
    const close = () => { if (lower.length > 1) runs.push([...lower, ...upper.reverse()]); lower = []; upper = []; };
    for (let i = 0; i < params.dataInsideLength; i++) {
      const x = api.value(0, i), lo = api.value(1, i), hi = api.value(2, i);
      if (Number.isNaN(lo) || Number.isNaN(hi) || lo === null) { close(); continue; }
      lower.push(api.coord([x, lo])); upper.push(api.coord([x, hi]));
    }
    close();
    return { type: "group", children: runs.map((points) => ({ type: "polygon", shape: { points }, style: { fill }, silent: true })) };
  };
  return { ...base, type: "custom", z: 2, renderItem: draw, clip: true, silent: true, encode: { x: 0, y: [1, 2] }, data: d.y.map((y, i) => [xs(d.x[i]), y, d.y2[i]]), itemStyle: { color: series.follows === null ? faded(ink.colour, 0.4) : ink.colour } };
}

function candles(base, d, xs) {
  const up = redUp() ? palette.red : palette.green, down = redUp() ? palette.green : palette.red;
  return {
    ...base, type: "candlestick", itemStyle: { color: up, borderColor: up, color0: down, borderColor0: down },
    data: d.open.map((o, i) => (o === null ? [xs(d.x[i]), "-", "-", "-", "-"] : [xs(d.x[i]), o, d.close[i], d.low[i], d.high[i]])), encode: { x: 0, y: [1, 2, 3, 4] }
  };
}

function legendIcon(kind) { return { band: "roundRect", area: "roundRect", bar: "roundRect", box: "roundRect", shade: "rect", scatter: "circle", candle: "roundRect" }[kind] || "path://M0 4.4 L24 4.4 L24 6.6 L0 6.6 Z"; }
