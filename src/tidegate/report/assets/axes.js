// Where things stand: the legend's rows, the panes, the axes under them.
const SMALL = 12;

function font(weight, size) { return `${weight} ${size}px ${palette.sans}`; }

// Categories of a figure, in order of first appearance; their names are texts, maybe in two languages.
function categoriesOf(figure, name) {
  const found = new Map();
  for (const series of figure.series) for (const value of series.data[name] || []) {
    const id = JSON.stringify(value);
    if (!found.has(id)) found.set(id, { index: found.size, value });
  }
  return found;
}

// A scale that begins early in January begins with its year.
function yearStart(figure) {
  let first = null;
  for (const s of figure.series) for (const x of s.data.x || []) if (x !== null && (first === null || x < first)) first = x;
  return first !== null && first.slice(5, 10) <= "01-12" ? first.slice(0, 4) + "-01-01" : undefined;
}

// Candles and times within a day are drawn bar by bar, without nights and holidays between; other days are drawn to scale.
function timeGrid(figure) {
  const times = new Set();
  for (const s of figure.series) for (const n of ["x", "x2"]) for (const v of s.data[n] || []) if (v !== null) times.add(v);
  const inside = [...times].some((v) => String(v).length > 10 && !/T00:00/.test(v));
  return inside || figure.series.some((s) => s.kind === "candle") ? [...times].sort() : null;
}

function legendOf(figure, width) {
  const entries = figure.series.filter((s) => s.follows === null);
  if (entries.length < 2) return { entries: [], height: 0 };
  const longest = width - 70;
  let row = 0, used = 0;
  for (const s of entries) {
    const w = Math.min(longest, textWidth(say(s.title), font(400, SMALL))) + 41;
    if (used + w > width - 8 && used > 0) { row += 1; used = 0; }
    used += w;
  }
  return { entries, height: (row + 1) * 26 + 2, longest };
}

function panesOf(figure, width, top) {
  const n = 1 + Math.max(0, ...figure.series.map((s) => s.panel));
  const narrow = width < 560;
  const tall = n === 1 ? (narrow ? 270 : 340) : (narrow ? 230 : 280), low = narrow ? 84 : 92, gap = 40;
  const panes = [];
  let y = top;
  for (let i = 0; i < n; i++) {
    y += figure.y_titles[i] ? 24 : 10;
    const height = i === 0 ? tall : low;
    panes.push({ top: y, height });
    y += height + (i < n - 1 ? gap - 24 : 0);
  }
  return { panes, bottom: y };
}

function leftMargin(figure, width, rows) {
  if (rows) return Math.min(width * 0.36, 16 + Math.max(...[...rows.values()].map((c) => textWidth(say(c.value), font(400, SMALL)))));
  let most = 24;
  figure.series.forEach((s) => {
    const style = figure.y_styles[s.panel] || "number";
    const all = [].concat(...["y", "y2", "low", "high"].map((n) => s.data[n] || [])).filter((v) => typeof v === "number");
    if (!all.length) return;
    const lo = all.reduce((a, b) => Math.min(a, b)), hi = all.reduce((a, b) => Math.max(a, b)), step = (hi - lo) / 5 || Math.abs(hi) || 1;
    const unit = 10 ** Math.floor(Math.log10(step));
    for (let k = 0; k <= 5; k++) most = Math.max(most, textWidth(tick(Math.round((lo + k * step) / unit) * unit, style, (hi - lo) / 5), font(400, SMALL)));
  });
  return Math.ceil(most) + 14;
}

function categoryLabels(categories, room) {
  const widths = [...categories.values()].map((c) => textWidth(say(c.value), font(400, SMALL)));
  const slot = room / Math.max(1, widths.length), widest = Math.max(0, ...widths);
  if (widest + 10 <= slot) return { rotate: 0, height: 24, widest };
  if (slot >= 84) return { rotate: 0, height: 24 + 15 * Math.min(2, Math.ceil(widest / (slot - 12)) - 1), widest: slot - 12, wrap: true };
  const held = Math.min(widest, 130);
  return { rotate: 40, height: 18 + Math.sin(0.7) * held, widest: held };
}

function timeLabel() {
  const month = state.lang === "zh" ? "{M}月" : "{MMM}";
  const day = state.lang === "zh" ? "{M}月{d}日" : "{d} {MMM}";
  return { year: "{b|{yyyy}}", month, day, hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}" };
}

// About how far apart an axis' ticks will stand: so many decimals do they need.
function stepOf(series, ground) {
  const all = [].concat(...series.map((s) => [].concat(...["y", "y2", "low", "high", "q1", "q3"].map((n) => s.data[n] || [])))).filter((v) => typeof v === "number");
  if (!all.length) return 0;
  const lo = all.reduce((a, b) => Math.min(a, b)), hi = all.reduce((a, b) => Math.max(a, b));
  return ground ? 0 : (hi - lo) / 5;
}

function yAxis(figure, panel, pane, rows) {
  const style = figure.y_styles[panel] || "number";
  const mine = figure.series.filter((s) => s.panel === panel);
  const ground = mine.some((s) => s.kind === "bar" || s.kind === "area");
  const edges = [].concat(...mine.filter((s) => ["rule", "shade"].includes(s.kind)).map((s) => [...(s.data.y || []), ...(s.data.y2 || [])])).filter((v) => v !== null);
  const step = stepOf(mine, ground);
  const axis = {
    type: rows ? "category" : "value", gridIndex: panel, scale: !ground, name: say(figure.y_titles[panel]), nameLocation: rows ? "start" : "end", nameGap: rows ? 12 : 10,
    nameTextStyle: { align: "left", color: palette.soft, fontSize: SMALL, fontFamily: palette.sans, padding: [0, 0, 0, -pane.left + pane.inset + 2] },
    splitNumber: pane.height > 150 ? 5 : 2, axisLine: { show: false, onZero: false }, axisTick: { show: false }, inverse: Boolean(rows),
    splitLine: { show: !rows, lineStyle: { color: palette.rule, width: 1 } },
    axisLabel: { color: palette.soft, fontSize: SMALL, fontFamily: palette.sans, margin: 8, formatter: (v) => tick(v, style, step) }
  };
  if (style === "integer" && !rows) axis.minInterval = 1; // half a thing is not counted
  if (rows) {
    const names = [...rows.values()];
    axis.data = names.map((c) => String(c.index));
    axis.axisLabel = { ...axis.axisLabel, interval: 0, width: pane.left - 14, overflow: "truncate", formatter: (v) => say(names[Number(v)].value) };
  } else if (edges.length) {
    const least = Math.min(...edges), most = Math.max(...edges);
    axis.min = (v) => (v.min < least || (ground && least >= 0) ? null : niceDown(least, v, most)); // bars stand on zero
    axis.max = (v) => (v.max > most || (ground && most <= 0) ? null : niceUp(most, v, least));
  }
  return axis;
}

function niceStep(span) { const p = 10 ** Math.floor(Math.log10(span / 5 || 1)); const r = span / 5 / p; return (r > 5 ? 10 : r > 2 ? 5 : r > 1 ? 2 : 1) * p; }
// Room for a line across that would otherwise lie on the edge.
function niceDown(value, seen, most) { const step = niceStep(Math.max(seen.max, most) - value || 1); return Math.floor(value / step - 0.15) * step; }
function niceUp(value, seen, least) { const step = niceStep(value - Math.min(seen.min, least) || 1); return Math.ceil(value / step + 0.15) * step; }

function xAxis(figure, panel, last, context) {
  const axis = {
    gridIndex: panel, axisLine: { onZero: false, lineStyle: { color: palette.faint } }, axisTick: { show: last, lineStyle: { color: palette.faint } }, splitLine: { show: false },
    axisLabel: { show: last, color: palette.soft, fontSize: SMALL, fontFamily: palette.sans, hideOverlap: true, rich: { b: { color: palette.ink, fontWeight: 600, fontSize: SMALL, fontFamily: palette.sans } } },
    name: last ? say(figure.x_title) : "", nameLocation: "middle", nameGap: context.labelHeight + 4, nameTextStyle: { color: palette.soft, fontSize: SMALL, fontFamily: palette.sans },
    axisPointer: { label: { show: false }, lineStyle: { color: palette.faint, type: "solid" } }
  };
  if (figure.x === "category") return categoryAxis(axis, last, context);
  if (figure.x === "time" && context.times) {
    const text = context.times, whole = text.every((v) => v.length <= 10);
    return { ...axis, type: "category", data: text, boundaryGap: context.wide, axisLabel: { ...axis.axisLabel, formatter: (v) => (whole ? v : dateText(v).slice(5)) } };
  }
  if (figure.x === "time") return { ...axis, type: "time", min: context.start, boundaryGap: context.wide ? ["1%", "1%"] : false, axisLabel: { ...axis.axisLabel, formatter: timeLabel() } };
  const all = [].concat(...figure.series.map((s) => [...(s.data.x || []), ...(s.data.x2 || [])])).filter((v) => typeof v === "number");
  const low = all.reduce((a, b) => Math.min(a, b), Infinity), high = all.reduce((a, b) => Math.max(a, b), -Infinity), pad = context.loose ? (high - low) * 0.03 || 1 : 0;
  if (Number.isFinite(low)) { axis.min = low - pad; axis.max = high + pad; }
  return { ...axis, type: "value", axisLabel: { ...axis.axisLabel, showMinLabel: context.loose ? false : null, showMaxLabel: context.loose ? false : null, formatter: (v) => tick(v, figure.x_style) } };
}

function categoryAxis(axis, last, context) {
  const names = [...context.categories.values()], labels = context.labels;
  return {
    ...axis, type: "category", data: names.map((c) => String(c.index)), axisTick: { show: false },
    axisLabel: {
      ...axis.axisLabel, interval: 0, rotate: labels.rotate, hideOverlap: false, formatter: (v) => say(names[Number(v)].value),
      width: labels.wrap || labels.rotate ? labels.widest : undefined, overflow: labels.wrap ? "break" : labels.rotate ? "truncate" : undefined
    }
  };
}
