// What is known when, bar by bar; and the ranges of a split, to scale.
function clockOption(figure, width, alone) {
  const rows = figure.graph.rows, bars = clockBars(rows, width < 560), top = alone ? 44 : 6, left = 10, wide = (width - 2 * left) / bars.length;
  const xOf = ([bar, moment]) => { const i = bars.indexOf(bar); return left + wide * (i + (moment === "OPEN" ? 0.2 : 0.8)); };
  const head = 46, step = 46, bottom = top + head + rows.length * step + 8, elements = [];
  bars.forEach((bar, i) => elements.push(...clockColumn(bar, left + wide * i, wide, top, head, bottom, i)));
  const now = xOf([0, "CLOSE"]);
  if (bars.includes(0)) elements.push({ type: "line", silent: true, z: 2, shape: { x1: now, y1: top + head - 4, x2: now, y2: bottom }, style: { stroke: palette.rival[0], lineWidth: 1.6, lineDash: [5, 3] } });
  rows.forEach((row, i) => elements.push(...clockRow(row, xOf, top + head + i * step, width)));
  elements.push(words(word("now"), Math.max(4, Math.min(width - 60, now + 6)), bottom - 4, { colour: palette.rival[0], weight: 600 }));
  return { option: drawing(figure, elements, width, alone), height: bottom + 20 };
}

// Bars that are named, their neighbours where there is room; null stands for those left out.
function clockBars(rows, narrow) {
  const named = new Set([0]);
  for (const row of rows) for (const at of [row.from, row.to]) if (at) { named.add(at[0]); if (!narrow && at[0] > 0) named.add(at[0] - 1); }
  if (!narrow) { named.add(-1); named.add(1); }
  const all = [...named].sort((a, b) => a - b), out = [];
  all.forEach((bar, i) => { if (i && bar - all[i - 1] === 2 && !narrow) out.push(bar - 1); else if (i && bar - all[i - 1] > 1) out.push(null); out.push(bar); });
  return out;
}

function clockColumn(bar, x, wide, top, head, bottom, i) {
  if (bar === null) return [words("\u22ef", x + wide / 2, top + 4, { align: "center", colour: palette.soft })];
  const name = bar === 0 ? "t" : "t" + (bar > 0 ? "+" : MINUS) + Math.abs(bar), close = wide > 74;
  const out = [
    { type: "rect", silent: true, z: 0, shape: { x: x + 2, y: top, width: wide - 4, height: bottom - top, r: 3 }, style: { fill: bar === 0 ? faded(palette.rival[0], 0.08) : faded(palette.doubt[0], 0.1) } },
    words(name, x + wide / 2, top + 6, { align: "center", weight: 600 })
  ];
  for (const [place, text] of [[0.2, "open"], [0.8, "close"]]) {
    const tag = close ? word(text) : state.lang === "zh" ? word(text).slice(0, 1) : word(text).slice(0, 1).toUpperCase();
    out.push(words(tag, x + wide * place, top + 25, { align: "center", colour: palette.soft, size: 11 }));
  }
  return out;
}

function clockRow(row, xOf, y, width) {
  const colour = palette[row.role || "main"][0], a = xOf(row.from), b = row.to ? xOf(row.to) : a, mid = y + 30, text = say(row.label);
  const long = textWidth(text, font(400, SMALL)), x = Math.max(6, Math.min(a - 4, width - long - 8));
  const marks = row.to
    ? [{ type: "rect", silent: true, z: 4, shape: { x: a - 4, y: mid - 4, width: Math.max(8, b - a + 8), height: 8, r: 4 }, style: { fill: colour } }]
    : [{ type: "polygon", silent: true, z: 4, shape: { points: [[a, mid - 7], [a + 7, mid], [a, mid + 7], [a - 7, mid]] }, style: { fill: colour } }];
  return [words(text, x, y + 4, { halo: true, width: Math.min(long + 2, width - 12) }), ...marks];
}

const PARTS = ["train", "purge", "valid", "embargo", "test"];

function splitOption(figure, width, alone) {
  const ranges = figure.graph.ranges, folds = [...new Set(ranges.map((r) => r.fold))], top = alone ? 44 : 4;
  const day = (text) => Date.parse(String(text).slice(0, 10)) / 864e5, first = Math.min(...ranges.map((r) => day(r.from))), last = Math.max(...ranges.map((r) => day(r.to))) + 1;
  const left = folds.length > 1 ? 46 : 8, right = 12, scale = (d) => left + (width - left - right) * (d - first) / (last - first);
  const present = PARTS.filter((part) => ranges.some((r) => r.part === part)), elements = [];
  const key = splitKey(ranges, present, folds.length === 1, width, top);
  elements.push(...key.elements);
  const tall = folds.length === 1 ? 44 : 20, gap = folds.length === 1 ? 10 : 7, start = key.bottom + 8;
  folds.forEach((fold, i) => {
    const y = start + i * (tall + gap);
    if (folds.length > 1) elements.push(words(String(fold), left - 12, y + tall / 2, { align: "right", vertical: "middle", colour: palette.soft }));
    for (const r of ranges.filter((one) => one.fold === fold)) {
      const a = scale(day(r.from)), b = Math.max(a + 2, scale(day(r.to) + 1));
      elements.push({ type: "rect", silent: true, z: r.part === "purge" || r.part === "embargo" ? 4 : 3, shape: { x: a, y, width: b - a, height: tall }, style: { fill: partColour(r.part) } });
    }
  });
  const base = start + folds.length * (tall + gap);
  elements.push(...yearTicks(first, last, scale, base, start));
  return { option: drawing(figure, elements, width, alone), height: base + 26 };
}

function partColour(part) { return palette.split[PARTS.indexOf(part)] || palette.doubt[0]; }

function splitKey(ranges, present, single, width, top) {
  const elements = [];
  let x = 8, y = top + 4;
  for (const part of present) {
    const mine = ranges.filter((r) => r.part === part), counts = mine.map((r) => r.count).filter((n) => n !== null && n !== undefined);
    const spans = single ? "  " + mine.map((r) => dateText(String(r.from)) + (r.to === r.from ? "" : " \u2013 " + dateText(String(r.to)))).join(", ") : "";
    const count = counts.length ? "  \u00b7  " + counts.map((n) => fixed(n, 0)).join(" + ") : "";
    const text = word(part) + spans + (single || counts.length < 2 ? count : "  \u00b7  " + fixed(counts.reduce((a, b) => a + b, 0), 0));
    const wide = textWidth(text, font(400, SMALL)) + 42;
    if (x + wide > width && x > 8) { x = 8; y += 22; }
    elements.push({ type: "rect", silent: true, z: 3, shape: { x, y: y + 1, width: 14, height: 11, r: 2 }, style: { fill: partColour(part) } }, words(text, x + 20, y, {}));
    x += wide;
  }
  return { elements, bottom: y + 20 };
}

function yearTicks(first, last, scale, base, start) {
  const year = (d) => new Date(d * 864e5).getUTCFullYear(), elements = [];
  const span = year(last) - year(first), room = (scale(last) - scale(first)) / Math.max(1, span), every = Math.max(1, Math.ceil(44 / room));
  if (span === 0) return [words(new Date(first * 864e5).toISOString().slice(0, 10), scale(first), base + 4, { colour: palette.soft }), words(new Date((last - 1) * 864e5).toISOString().slice(0, 10), scale(last), base + 4, { colour: palette.soft, align: "right" })];
  for (let y = year(first) + (new Date(first * 864e5).toISOString().slice(5, 10) > "01-31" ? 1 : 0); y <= year(last); y += 1) {
    const x = scale(Math.max(first, Date.UTC(y, 0, 1) / 864e5));
    elements.push({ type: "line", silent: true, z: 5, shape: { x1: x, y1: start - 2, x2: x, y2: base }, style: { stroke: palette.paper, lineWidth: 1, opacity: 0.55 } });
    if ((y - year(first)) % every === 0 && x < scale(last) - 24) elements.push(words(String(y), x, base + 2, { colour: palette.soft, align: x < 20 ? "left" : "center" }));
  }
  return elements;
}
