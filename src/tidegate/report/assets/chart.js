// A figure of series as options of the chart library; the same at any width, on screen or in a file.
function chartOption(figure, width, alone) {
  const colours = inks(figure), heat = figure.series.some((s) => s.kind === "heat");
  const title = alone ? 34 : 0, legend = heat ? { entries: [], height: 0 } : legendOf(figure, width);
  const context = {
    categories: figure.x === "category" ? categoriesOf(figure, "x") : null, times: figure.x === "time" ? timeGrid(figure) : null,
    wide: figure.series.some((s) => ["candle", "bar"].includes(s.kind)), start: figure.x === "time" ? yearStart(figure) : undefined, loose: figure.series.some((s) => ["scatter", "rule", "box"].includes(s.kind))
  };
  const rows = heat ? categoriesOf(figure, "y") : null;
  const { panes, bottom } = panesOf(figure, width, title + legend.height);
  if (rows) panes[0].height = Math.max(120, Math.min(560, rows.size * 30));
  const end = rows ? panes[0].top + panes[0].height : bottom;
  const inset = alone ? 14 : 0, left = leftMargin(figure, width, rows) + inset, right = 18 + inset;
  panes.forEach((pane) => { pane.left = left; pane.inset = inset; });
  context.labels = context.categories ? categoryLabels(context.categories, width - left - right) : null;
  context.labelHeight = context.labels ? context.labels.height : 24;
  context.place = context.categories ? (x) => String(context.categories.get(JSON.stringify(x)).index) : (x) => x;
  context.row = rows ? (y) => String(rows.get(JSON.stringify(y)).index) : null;
  const zoomable = figure.x !== "category" && !heat && figure.series.some((s) => (s.data.x || []).length > 40) && !context.loose || (figure.x === "time");
  const height = end + context.labelHeight + (figure.x_title ? 24 : 6) + (zoomable && !alone ? 38 : 8 + inset) + (heat ? 40 : 0);
  const last = panes.length - 1;
  const option = {
    animation: false, backgroundColor: alone ? palette.paper : "transparent", textStyle: { fontFamily: palette.sans, color: palette.ink },
    grid: panes.map((p) => ({ left: p.left, right, top: p.top, height: p.height, outerBoundsMode: "none" })),
    xAxis: panes.map((p, i) => xAxis(figure, i, i === last, context)), yAxis: panes.map((p, i) => yAxis(figure, i, p, rows)),
    series: figure.series.map((s) => seriesOption(s, figure, colours[s.key], context)),
    axisPointer: { link: [{ xAxisIndex: "all" }] }, tooltip: alone ? { show: false } : tooltipOf(figure, colours, context, rows)
  };
  if (alone) option.title = { text: say(figure.title), left: 14, top: 10, padding: 0, textStyle: { fontSize: 15, fontWeight: 600, color: palette.ink, fontFamily: palette.sans, width: width - 16, overflow: "truncate" } };
  if (legend.entries.length) option.legend = legendOption(figure, legend, colours, title, inset);
  if (zoomable && !alone) option.dataZoom = zoomOf(panes, height, left, right, width);
  if (heat) option.visualMap = heatScale(figure, height);
  return { option, height };
}

function legendOption(figure, legend, colours, top, inset) {
  return {
    type: "plain", left: inset, top, itemWidth: 22, itemHeight: 11, itemGap: 12, padding: [2, 0, 0, 0], icon: "roundRect", inactiveColor: palette.faint,
    textStyle: { color: palette.ink, fontSize: SMALL, fontFamily: palette.sans, width: legend.longest, overflow: "truncate" },
    formatter: (key) => say(figure.series.find((s) => s.key === key).title),
    data: legend.entries.map((s) => {
      const line = ["line", "step", "rule"].includes(s.kind), stroke = colours[s.key].stroke;
      const icon = s.mark === "up" ? "path://M0 12L14 12L7 0Z" : s.mark === "down" ? "path://M0 0L14 0L7 12Z" : s.mark === "cross" ? MARKS.cross.symbol : !line ? legendIcon(s.kind) : stroke === "dashed" ? "path://M0 4.4h9v2.2h-9zM13 4.4h9v2.2h-9z" : stroke === "dotted" ? "path://M0 4.4h3v2.2h-3zM6 4.4h3v2.2h-3zM12 4.4h3v2.2h-3zM18 4.4h3v2.2h-3z" : "path://M0 4.4h22v2.2h-22z";
      return { name: s.key, icon, itemStyle: s.kind === "candle" ? { color: redUp() ? palette.red : palette.green } : s.kind === "shade" || s.kind === "band" ? { color: faded(colours[s.key].colour, 0.35) } : { color: colours[s.key].colour, borderWidth: 0 }, lineStyle: { width: 0 } };
    })
  };
}

function zoomOf(panes, height, left, right, width) {
  const axes = panes.map((_, i) => i);
  const slider = {
    type: "slider", xAxisIndex: axes, filterMode: "weakFilter", left, right, height: 20, top: height - 28, showDetail: false, brushSelect: false, borderColor: palette.rule,
    fillerColor: faded(palette.main[0], 0.1), backgroundColor: "transparent", dataBackground: { lineStyle: { color: palette.faint, width: 1 }, areaStyle: { color: palette.rule, opacity: 0.6 } },
    selectedDataBackground: { lineStyle: { color: palette.main[0], width: 1 }, areaStyle: { color: palette.main[0], opacity: 0.08 } },
    handleStyle: { color: palette.paper, borderColor: palette.soft }, moveHandleSize: 0, handleSize: 18, handleLabel: { show: false }, emphasis: { handleStyle: { borderColor: palette.main[0] } }
  };
  const inside = { type: "inside", xAxisIndex: axes, filterMode: "weakFilter", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, moveOnMouseWheel: false, preventDefaultMouseMove: true };
  return width < 560 ? [slider] : [slider, inside];
}

function heatScale(figure, height) {
  const values = [].concat(...figure.series.filter((s) => s.kind === "heat").map((s) => s.data.value)).filter((v) => v !== null);
  const low = values.reduce((a, b) => Math.min(a, b), Infinity), high = values.reduce((a, b) => Math.max(a, b), -Infinity), most = Math.max(Math.abs(low), Math.abs(high));
  const crossing = low < 0 && high > 0, style = figure.y_styles[0] || "number";
  return {
    min: crossing ? -most : low, max: crossing ? most : high, calculable: false, orient: "horizontal", left: "center", top: height - 36, itemHeight: 160, itemWidth: 10,
    text: [tick(crossing ? most : high, style), tick(crossing ? -most : low, style)], textStyle: { color: palette.soft, fontFamily: palette.sans, fontSize: SMALL },
    inRange: { color: crossing ? [palette.rival[0], palette.paper, palette.main[0]] : palette.heat }
  };
}

function tooltipOf(figure, colours, context, rows) {
  const axis = figure.x !== "category" && !rows && figure.series.some((s) => !["scatter", "box", "shade", "rule"].includes(s.kind) && !s.data.x2);
  return {
    trigger: axis ? "axis" : "item", confine: true, transitionDuration: 0, backgroundColor: palette.raised, borderColor: palette.rule, borderWidth: 1, padding: [8, 12],
    textStyle: { color: palette.ink, fontSize: SMALL, fontFamily: palette.sans }, extraCssText: "box-shadow:0 4px 16px rgba(0,0,0,.14);border-radius:4px;", axisPointer: { type: "line", snap: true },
    formatter: (params) => tipNode(figure, colours, context, Array.isArray(params) ? params : [params])
  };
}

// The tooltip is made of nodes: names in the data stay names. Panes are told apart; a band stands behind its line's value.
function tipNode(figure, colours, context, hits) {
  const seen = hits.filter((hit) => hit.seriesId && figure.series.some((s) => s.key === hit.seriesId));
  if (!seen.length) return "";
  const first = seen[0], series = figure.series.find((s) => s.key === first.seriesId), at = series.data.x ? series.data.x[first.dataIndex] : null;
  const head = figure.x === "time" ? dateText(String(at ?? "")) : figure.x === "number" ? tick(at, figure.x_style) : say(at);
  const panes = [...new Set(seen.map((hit) => figure.series.find((s) => s.key === hit.seriesId).panel))].sort((a, b) => a - b);
  const parts = panes.flatMap((panel) => {
    const mine = seen.filter((hit) => figure.series.find((s) => s.key === hit.seriesId).panel === panel);
    const rows = mine.map((hit) => tipRow(figure, colours, hit, mine)).filter((row) => row !== null).slice(0, 12);
    return panes.length > 1 && rows.length ? [el("em", {}, say(figure.y_titles[panel])), ...rows] : rows;
  });
  return el("div", { class: "tip" }, el("strong", {}, series.data.x2 ? head + " \u2026 " + tick(series.data.x2[first.dataIndex], figure.x_style) : head), parts);
}

function tipRow(figure, colours, hit, mine) {
  const of = (one) => figure.series.find((s) => s.key === one.seriesId), series = of(hit), d = series.data, i = hit.dataIndex, style = figure.y_styles[series.panel] || "number";
  const digits = digitsFor(Object.entries(d).filter(([name]) => name !== "x" && name !== "x2").flatMap(([, values]) => values), style);
  const tell = (name) => shown(d[name][i], style, typeof d[name][i] === "number" ? digits : undefined);
  const lead = series.follows === null ? null : figure.series.find((s) => s.key === series.follows);
  const shares = (one) => of(one).key !== series.key && of(one).follows === series.key && of(one).kind === "band";
  if (series.kind === "band" && lead && mine.some((one) => of(one).key === lead.key)) return null;
  const parts = { band: () => "[" + tell("y") + ", " + tell("y2") + "]", candle: () => ["open", "high", "low", "close"].map(tell).join(" \u00b7 "), box: () => ["low", "q1", "median", "q3", "high"].map(tell).join(" \u00b7 "), heat: () => say(d.y[i]) + ": " + tell("value") };
  if (["shade", "rule"].includes(series.kind) || (series.kind !== "candle" && (d.y || d.median)[i] === null)) return null;
  const band = mine.find(shares), held = band ? of(band).data : null, range = held ? " [" + shown(held.y[band.dataIndex], style, digits) + ", " + shown(held.y2[band.dataIndex], style, digits) + "]" : "";
  const dot = el("i", { class: "swatch" }), name = lead && series.panel !== lead.panel ? lead.title : series.title;
  dot.style.background = colours[series.key].colour;
  return el("div", {}, dot, el("span", {}, say(name)), el("b", {}, (parts[series.kind] || (() => tell("y")))(), range ? el("span", { class: "range" }, range) : null));
}
