// Nodes in layers with arrows between: the pipeline, a network with its shapes.
function networkOption(figure, width, alone) {
  const top = alone ? 44 : 8, plan = layered(figure.graph.nodes, figure.graph.links);
  const narrow = width < 560;
  plan.box = Math.max(...plan.nodes.filter((n) => !n.ghost).map((n) => nodeLines(n, narrow).length)) > 2 ? 68 : 52;
  plan.narrow = narrow;
  const size = (node) => node.ghost ? 8 : Math.min(width - 16, Math.max(72, ...nodeLines(node, narrow).map((line, i) => textWidth(line, font(i ? 400 : 600, i ? SMALL : 13)))) + 26);
  const sizes = new Map(plan.nodes.map((n) => [n.id, size(n)]));
  const across = plan.layers.reduce((sum, layer) => sum + Math.max(...layer.map((n) => sizes.get(n.id))) + GAP, -GAP);
  const flat = across <= width - 16;
  if (!flat) evenOut(plan, sizes, width);
  const height = flat ? placeFlat(plan, sizes, width, top, across) : placeTall(plan, sizes, width, top);
  const elements = [];
  for (const link of plan.links) elements.push(...arrow(plan.at.get(link[0]), plan.at.get(link[1]), flat, !plan.at.get(link[1]).ghost));
  for (const { id } of plan.nodes.filter((n) => n.ghost)) elements.push(through(plan.at.get(id), flat));
  for (const node of plan.nodes.filter((n) => !n.ghost)) elements.push(...nodeBox(node, plan.at.get(node.id), plan));
  return { option: drawing(figure, elements, width, alone), height: height + 12 };
}

function drawing(figure, elements, width, alone) {
  if (alone) elements.unshift(words(say(figure.title), 14, 12, { weight: 600, size: 15 }));
  return { animation: false, backgroundColor: alone ? palette.paper : "transparent", graphic: { elements } };
}

function words(text, x, y, how) {
  const h = { weight: 400, size: SMALL, colour: palette.ink, align: "left", ...how };
  return { type: "text", silent: true, z: 5, style: { text, x, y, fill: h.colour, font: font(h.weight, h.size), stroke: h.halo ? palette.paper : undefined, lineWidth: h.halo ? 4 : 0, align: h.align, verticalAlign: h.vertical || "top", width: h.width, overflow: h.width ? "truncate" : undefined, ellipsis: "\u2026" } };
}

function nodeLines(node, narrow) {
  const count = typeof node.parameters === "number" && node.parameters > 0 ? fixed(node.parameters, 0) + (state.lang === "zh" ? " 个参数" : " parameters") : "";
  const shape = Array.isArray(node.shape) ? "[" + node.shape.join(", ") + "]" : say(node.shape);
  return [say(node.label ?? node.id), ...(narrow ? [shape, count] : [[shape, count].filter(Boolean).join("  \u00b7  ")]).filter(Boolean)];
}

// Layers by the longest way from a source; a link over several layers gets a ghost in each, so that it keeps clear of boxes.
function layered(given, pairs) {
  const nodes = given.map((n) => ({ ...n })), level = new Map(nodes.map((n) => [n.id, 0]));
  for (let round = 0; round < nodes.length; round++) for (const [a, b] of pairs) if (level.has(a) && level.has(b) && level.get(b) < level.get(a) + 1 && round < nodes.length - 1) level.set(b, level.get(a) + 1);
  for (const n of nodes) { // a source stands right before what it feeds
    const next = pairs.filter(([a]) => a === n.id).map(([, b]) => level.get(b));
    if (next.length && !pairs.some(([, b]) => b === n.id)) level.set(n.id, Math.max(level.get(n.id), Math.min(...next) - 1));
  }
  const links = [];
  for (const [a, b] of pairs) {
    if (!level.has(a) || !level.has(b)) continue;
    let before = a;
    for (let l = level.get(a) + 1; l < level.get(b); l++) {
      const id = `ghost ${a} ${b} ${l}`;
      nodes.push({ id, ghost: true }); level.set(id, l); links.push([before, id]); before = id;
    }
    links.push([before, b]);
  }
  const layers = Array.from({ length: 1 + Math.max(0, ...level.values()) }, (_, l) => nodes.filter((n) => level.get(n.id) === l)).filter((l) => l.length);
  const place = new Map();
  for (const layer of layers) {
    const weight = (n) => { const from = links.filter(([, b]) => b === n.id).map(([a]) => place.get(a) ?? 0); return from.length ? from.reduce((x, y) => x + y, 0) / from.length : 0.5; };
    const keyed = layer.map((n, i) => ({ n, w: weight(n), i })).sort((p, q) => p.w - q.w || p.i - q.i);
    layer.splice(0, layer.length, ...keyed.map((k) => k.n));
    layer.forEach((n, i) => place.set(n.id, (i + 0.5) / layer.length));
  }
  return { nodes, links, layers, at: new Map(), starts: new Set(given.filter((n) => !pairs.some(([, b]) => b === n.id)).map((n) => n.id)), ends: new Set(given.filter((n) => !pairs.some(([a]) => a === n.id)).map((n) => n.id)) };
}

const GAP = 28;

function placeFlat(plan, sizes, width, top, across) {
  const most = Math.max(...plan.layers.map((l) => l.length)), height = top + most * (plan.box + 22) + 8;
  let x = Math.max(8, (width - across) / 2);
  for (const layer of plan.layers) {
    const wide = Math.max(...layer.map((n) => sizes.get(n.id)));
    layer.forEach((n, i) => plan.at.set(n.id, { x: x + wide / 2, y: top + (height - top) * (i + 0.5) / layer.length, w: wide, h: plan.box, ghost: n.ghost }));
    x += wide + GAP;
  }
  return height;
}

// One width for all boxes that stand under each other, where there is room for it.
function evenOut(plan, sizes, width) {
  const widest = Math.max(...plan.nodes.map((n) => sizes.get(n.id)));
  if (plan.layers.every((layer) => layer.reduce((sum, n) => sum + (n.ghost ? 8 : widest) + 18, -18) <= width - 16)) for (const n of plan.nodes) if (!n.ghost) sizes.set(n.id, widest);
}

function through(at, flat) {
  const shape = flat ? { x1: at.x - at.w / 2, y1: at.y, x2: at.x + at.w / 2, y2: at.y } : { x1: at.x, y1: at.y - at.h / 2, x2: at.x, y2: at.y + at.h / 2 };
  return { type: "line", silent: true, z: 1, shape, style: { stroke: palette.soft, lineWidth: 1.4 } };
}

function placeTall(plan, sizes, width, top) {
  let y = top + plan.box / 2;
  for (const layer of plan.layers) {
    const full = layer.reduce((sum, n) => sum + sizes.get(n.id) + 18, -18), squeeze = Math.min(1, (width - 16) / full);
    let x = (width - full * squeeze) / 2;
    for (const n of layer) { const w = sizes.get(n.id) * squeeze; plan.at.set(n.id, { x: x + w / 2, y, w, h: plan.box, ghost: n.ghost }); x += w + 18 * squeeze; }
    y += plan.box + 36;
  }
  return y - plan.box / 2 - 30;
}

function arrow(a, b, flat, tip) {
  const from = flat ? { x: a.x + a.w / 2, y: a.y } : { x: a.x, y: a.y + a.h / 2 };
  const to = flat ? { x: b.x - b.w / 2 - (tip ? 5 : 0), y: b.y } : { x: b.x, y: b.y - b.h / 2 - (tip ? 5 : 0) };
  const mid = flat ? { cpx1: (from.x + to.x) / 2, cpy1: from.y, cpx2: (from.x + to.x) / 2, cpy2: to.y } : { cpx1: from.x, cpy1: (from.y + to.y) / 2, cpx2: to.x, cpy2: (from.y + to.y) / 2 };
  const line = { type: "bezierCurve", silent: true, z: 1, shape: { x1: from.x, y1: from.y, x2: to.x, y2: to.y, ...mid }, style: { stroke: palette.soft, lineWidth: 1.4, fill: "none" } };
  if (!tip) return [line];
  const points = flat ? [[to.x + 5, to.y], [to.x - 3, to.y - 4], [to.x - 3, to.y + 4]] : [[to.x, to.y + 5], [to.x - 4, to.y - 3], [to.x + 4, to.y - 3]];
  return [line, { type: "polygon", silent: true, z: 1, shape: { points }, style: { fill: palette.soft } }];
}

function nodeBox(node, at, plan) {
  const lines = nodeLines(node, plan.narrow), tall = plan.box, edge = plan.starts.has(node.id) ? palette.truth[0] : plan.ends.has(node.id) ? palette.rival[0] : palette.main[0];
  const box = { type: "rect", silent: true, z: 3, shape: { x: at.x - at.w / 2, y: at.y - tall / 2, width: at.w, height: tall, r: plan.starts.has(node.id) || plan.ends.has(node.id) ? 26 : 4 }, style: { fill: palette.raised, stroke: edge, lineWidth: 1.4 } };
  return [box, ...lines.map((line, i) => words(line, at.x, at.y + (i - (lines.length - 1) / 2) * 19, { weight: i ? 400 : 600, size: i ? SMALL : 13, colour: i ? palette.soft : palette.ink, align: "center", vertical: "middle", width: at.w - 16 }))];
}
