// A figure on the page: title, drawing, caption, and its data as a table and as files.
const drawnFigures = new Map();

function optionOf(figure, width, alone) {
  const kinds = { chart: chartOption, graph: networkOption, clock: clockOption, split: splitOption };
  return kinds[figure.kind](figure, width, alone);
}

function figureView(figure, number) {
  const id = "figure-" + figure.key, canvas = el("div", { class: "canvas", role: "img", "aria-label": say(figure.title) + ". " + say(figure.caption) });
  const table = el("div", { class: "behind", hidden: true, id: id + "-table" });
  const toggle = el("button", { type: "button", "aria-expanded": "false", "aria-controls": id + "-table" }, word("table"));
  toggle.addEventListener("click", () => {
    const open = table.hidden;
    if (open && !table.firstChild) table.append(tableView(figureTable(figure), { class: "grid dense" }));
    table.hidden = !open; if (open) fitTables(); toggle.setAttribute("aria-expanded", String(open)); toggle.classList.toggle("on", open);
  });
  const button = (name, act) => el("button", { type: "button", onclick: act, title: say(figure.title) + " \u2013 " + word(name) }, word(name));
  const zooms = figure.x === "time" && figure.kind === "chart";
  const view = el("figure", { class: "figure", id, "aria-labelledby": id + "-title" },
    el("h3", { id: id + "-title" }, el("span", { class: "number" }, word("figure") + " " + number), say(figure.title)), canvas,
    el("figcaption", {}, el("p", {}, prose(figure.caption), figure.thinned ? " " + word("thinned") : null), zooms ? el("p", { class: "hint" }, word("zoom")) : null),
    el("div", { class: "tools" }, toggle, button("csv", () => save(figure.key + ".csv", new Blob(["\ufeff" + figureCsv(figure)], { type: "text/csv" }))),
      button("png", () => pngOf(figure).toBlob((blob) => save(figure.key + ".png", blob))), button("svg", () => save(figure.key + ".svg", new Blob([svgOf(figure)], { type: "image/svg+xml" })))), table);
  drawnFigures.set(figure.key, { figure, canvas, chart: null, width: 0 });
  return view;
}

function drawFigure(held, force) {
  const width = Math.floor(held.canvas.clientWidth);
  if (!width || (!force && width === held.width)) return;
  const { option, height } = optionOf(held.figure, width, false);
  held.width = width;
  held.canvas.style.height = height + "px";
  held.chart?.dispose();
  held.chart = echarts.init(held.canvas, null, { renderer: "canvas", width, height, locale: state.lang === "zh" ? "ZH" : "EN" });
  held.chart.setOption(option);
}

const FILE_WIDTH = 960;

function svgOf(figure) {
  const { option, height } = optionOf(figure, FILE_WIDTH, true);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: FILE_WIDTH, height, locale: state.lang === "zh" ? "ZH" : "EN" });
  chart.setOption(option);
  const text = chart.renderToSVGString();
  chart.dispose();
  return text;
}

function pngOf(figure) {
  const { option, height } = optionOf(figure, FILE_WIDTH, true), host = document.createElement("div");
  const chart = echarts.init(host, null, { renderer: "canvas", width: FILE_WIDTH, height, devicePixelRatio: 2, locale: state.lang === "zh" ? "ZH" : "EN" });
  chart.setOption(option);
  const canvas = chart.renderToCanvas({ pixelRatio: 2, backgroundColor: palette.paper });
  chart.dispose();
  return canvas;
}

// One row for each mark: series, then every column that any series has.
function figureCsv(figure) {
  if (figure.kind === "graph") return csvText(["node", "label", "shape", "parameters", "leads_to"], figure.graph.nodes.map((n) => [n.id, n.label, Array.isArray(n.shape) ? n.shape.join(" ") : n.shape, n.parameters, leadsTo(figure, n).join(" ")]));
  if (figure.kind === "clock") return csvText(["label", "from_bar", "from_moment", "to_bar", "to_moment"], figure.graph.rows.map((r) => [r.label, ...r.from, ...(r.to || [null, null])]));
  if (figure.kind === "split") return csvText(["fold", "part", "from", "to", "count"], figure.graph.ranges.map((r) => [r.fold, r.part, r.from, r.to, r.count]));
  const columns = [...new Set(figure.series.flatMap((s) => Object.keys(s.data)))];
  const rows = figure.series.flatMap((s) => Array.from({ length: rowCount(s) }, (_, i) => [s.key, ...columns.map((c) => (s.data[c] ? s.data[c][i] : null))]));
  return csvText(["series", ...columns], rows);
}

function rowCount(series) { return Math.max(0, ...Object.values(series.data).map((v) => v.length)); }
function leadsTo(figure, node) { return figure.graph.links.filter(([a]) => a === node.id).map(([, b]) => b); }

// The same data to be read: one row for each x where the figure has curves, one for each mark otherwise.
function figureTable(figure) {
  const base = { key: figure.key, title: figure.title, note: null };
  const column = (key, title, style, digits) => ({ key, title, style, digits });
  if (figure.kind === "graph") return { ...base, columns: [column("a", word("node"), "text"), column("b", word("shape"), "text"), column("c", word("parameters"), "integer"), column("d", word("links"), "text")], rows: figure.graph.nodes.map((n) => ({ a: n.label ?? n.id, b: Array.isArray(n.shape) ? "[" + n.shape.join(", ") + "]" : n.shape, c: n.parameters, d: leadsTo(figure, n).join(", ") })) };
  const at = (when) => (when ? when[1] + "(t" + (when[0] ? (when[0] > 0 ? "+" : MINUS) + Math.abs(when[0]) : "") + ")" : "");
  if (figure.kind === "clock") return { ...base, columns: [column("a", word("moment"), "text"), column("b", word("from"), "text"), column("c", word("to"), "text")], rows: figure.graph.rows.map((r) => ({ a: r.label, b: at(r.from), c: at(r.to) })) };
  if (figure.kind === "split") return { ...base, columns: [column("fold", word("fold"), "integer"), column("p", word("part"), "text"), column("from", word("from"), "date"), column("to", word("to"), "date"), column("count", word("count"), "integer")], rows: figure.graph.ranges.map((r) => ({ ...r, p: word(r.part) })) };
  const curves = figure.series.filter((s) => ["line", "area", "step", "band", "candle"].includes(s.kind));
  return curves.length ? wideTable(figure, curves, base, column) : longTable(figure, base, column);
}

const MANY = 2000;

function wideTable(figure, curves, base, column) {
  const columns = [column("x", figure.x_title || word(figure.x === "time" ? "when" : "x"), figure.x === "time" ? "date" : figure.x === "category" ? "text" : figure.x_style)], rows = new Map();
  for (const s of curves) for (const name of Object.keys(s.data).filter((n) => n !== "x")) {
    const key = s.key + " " + name, part = s.kind === "band" ? (name === "y" ? " \u00b7 " + word("low") : " \u00b7 " + word("high")) : name === "y" ? "" : " \u00b7 " + name;
    const style = figure.y_styles[s.panel] || "number";
    columns.push(column(key, say(s.title) + part, style, style === "number" ? Math.min(6, digitsFor(s.data[name], style) + 2) : undefined));
    s.data.x.forEach((x, i) => { if (s.data[name][i] !== null) { if (!rows.has(x)) rows.set(x, { x }); rows.get(x)[key] = s.data[name][i]; } });
  }
  const all = [...rows.values()].sort((a, b) => (a.x < b.x ? -1 : a.x > b.x ? 1 : 0));
  return { ...base, columns, rows: all.slice(0, MANY), note: all.length > MANY ? word("cut", { n: MANY, m: all.length }) : null };
}

function longTable(figure, base, column) {
  const order = ["x", "x2", "y", "y2"], rank = (n) => (order.includes(n) ? order.indexOf(n) : order.length);
  const names = [...new Set(figure.series.flatMap((s) => Object.keys(s.data)))].sort((a, b) => rank(a) - rank(b));
  const style = (n) => (n === "x" || n === "x2" ? (figure.x === "time" ? "date" : figure.x === "category" ? "text" : figure.x_style) : figure.y_styles[0] || "number");
  const text = figure.series.some((s) => (s.data.y || []).some((v) => v !== null && typeof v !== "number"));
  const columns = [column("series", word("series"), "text"), ...names.map((n) => column("c " + n, n, n === "y" && text ? "text" : style(n)))];
  const rows = figure.series.flatMap((s) => Array.from({ length: rowCount(s) }, (_, i) => ({ series: s.title, ...Object.fromEntries(names.map((n) => ["c " + n, s.data[n] ? s.data[n][i] : null])) })));
  return { ...base, columns, rows: rows.slice(0, MANY), note: rows.length > MANY ? word("cut", { n: MANY, m: rows.length }) : null };
}
