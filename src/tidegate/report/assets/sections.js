// The page's own parts: the bar, the contents, the lead, measures, claims, provenance.
function barView() {
  const choice = (label, options, current, pick) => el("div", { class: "switch", role: "group", "aria-label": label },
    options.map(([value, text]) => el("button", { type: "button", "aria-pressed": String(value === current), onclick: () => { pick(value); writeState(); } }, text)));
  const parts = [
    choice(word("language"), [["en", "EN"], ["zh", "中文"]], state.lang, (v) => { state.lang = v; }),
    choice(word("theme"), [["light", word("light")], ["dark", word("dark")]], state.theme, (v) => { state.theme = v; })
  ];
  if (REPORT.figures.some((f) => f.series.some((s) => s.kind === "candle"))) parts.push(choice(word("candles"), [["redup", word("redup")], ["greenup", word("greenup")]], redUp() ? "redup" : "greenup", (v) => { state.up = v; }));
  return [el("span", { class: "brand" }, el("i", { "aria-hidden": "true" }), word("brand")), el("span", { class: "run" }, REPORT.name), el("div", { class: "switches" }, parts)];
}

// What stands where: the sections as written, then whatever no section shows.
function plan() {
  const listed = new Set(REPORT.sections.flatMap((s) => s.shows)), out = [];
  if (REPORT.measures.length && !listed.has("measures")) out.push({ id: "measures", title: word("measures"), words: [], shows: ["measures"] });
  for (const s of REPORT.sections) out.push({ id: "section-" + s.key, title: say(s.title), words: s.words, folded: s.folded, fold: s.fold, shows: s.shows });
  if (REPORT.claims.length && !listed.has("claims")) out.push({ id: "claims", title: word("claims"), words: [], shows: ["claims"] });
  const rest = [...REPORT.tables, ...REPORT.figures].map((held) => held.key).filter((key) => !listed.has(key));
  if (rest.length) out.push({ id: "rest", title: word("rest"), words: [], shows: rest });
  if (Object.keys(REPORT.provenance).length && !listed.has("provenance")) out.push({ id: "provenance", title: word("provenance"), words: [], shows: ["provenance"] });
  return out;
}

function contentsView(parts) {
  const link = (part) => el("li", {}, el("a", { href: "#" + part.id, "data-to": part.id, onclick: (event) => { event.preventDefault(); state.at = part.id; writeState(); jump(part.id); } }, part.title));
  return el("details", { open: innerWidth >= 1100 }, el("summary", {}, word("contents")), el("ol", {}, parts.map(link)));
}

function jump(id) {
  const target = document.getElementById(id);
  if (target) { target.scrollIntoView({ block: "start" }); target.focus({ preventScroll: true }); }
}

function headView() {
  // Stamps of failed audits come first, one for each study.
  const alarms = Object.values(REPORT.provenance.audit ?? {}).filter((held) => held.status === "failed").length;
  const stamps = REPORT.stamps.map((text, i) => el("li", { class: i < alarms ? "alarm" : null }, el("strong", {}, word(i < alarms ? "alarm" : "stamp")), el("span", {}, prose(text))));
  return el("div", { class: "head" }, el("h1", {}, say(REPORT.title)), el("p", { class: "lead" }, prose(REPORT.lead)), stamps.length ? el("ul", { class: "stamps" }, stamps) : null);
}

function sectionView(part, numbers) {
  const views = part.shows.map((key) => {
    if (key === "measures") return measuresView();
    if (key === "claims") return claimsView();
    if (key === "provenance") return provenanceView(REPORT.provenance);
    const figure = REPORT.figures.find((f) => f.key === key);
    if (figure) return figureView(figure, numbers.get(key));
    const table = REPORT.tables.find((t) => t.key === key), view = tableView(table);
    return el("div", { class: "table", id: "table-" + key }, view, el("div", { class: "tools" }, el("button", { type: "button", title: say(table.title), onclick: () => save(key + ".csv", new Blob(["\ufeff" + tableCsv(table)], { type: "text/csv" })) }, word("csv"))));
  });
  return el("section", { id: part.id, tabindex: "-1", "aria-labelledby": part.id + "-title" }, el("h2", { id: part.id + "-title" }, part.title), part.words.map((text) => el("p", { class: "words" }, prose(text))), foldView(part), views);
}

function foldView(part) {
  if (!(part.folded || []).length) return null;
  return el("details", { class: "words fold" }, el("summary", {}, say(part.fold)), el("ul", {}, part.folded.map((text) => el("li", {}, prose(text)))));
}

// One row for each subject, one column for each measure; measures of other subjects' shape stand in a table of their own.
function measuresView() {
  const groups = new Map();
  for (const m of REPORT.measures) {
    const shape = JSON.stringify(Object.keys(m.subject));
    if (!groups.has(shape)) groups.set(shape, []);
    groups.get(shape).push(m);
  }
  return [...groups.values()].map((group) => tableView(measureTable(group)));
}

function measureTable(group) {
  const subject = Object.keys(group[0].subject), names = [...new Set(group.map((m) => m.name))], rows = new Map();
  for (const m of group) {
    const id = JSON.stringify(subject.map((key) => m.subject[key]));
    if (!rows.has(id)) rows.set(id, Object.fromEntries(subject.map((key) => ["s " + key, named(m.subject[key])])));
    rows.get(id)["m " + m.name] = { value: m.value, low: m.low, high: m.high, note: [Object.hasOwn(REPORT.glossary, m.note) ? named(m.note) : m.note, "n = " + m.n].filter(Boolean).join(" \u00b7 ") };
  }
  const of = (name) => group.filter((m) => m.name === name);
  const columns = [...subject.map((key) => ({ key: "s " + key, title: named(key), style: "text" })), ...names.map((name) => ({ key: "m " + name, title: named(name), style: unitStyle(of(name)[0].unit, of(name).map((m) => m.value)) }))];
  const levels = [...new Set(group.filter((m) => m.low !== null && m.level !== null).map((m) => shown(m.level, "percent", 0)))];
  const told = (note) => (Object.hasOwn(REPORT.glossary, note) ? named(note) : note), notes = [...new Set(group.map((m) => told(m.note)).filter(Boolean))];
  const note = [levels.length ? word("intervalAt", { level: levels.join(", ") }) : "", ...notes.slice(0, 4)].filter(Boolean).join(" ");
  return { key: "measures", title: null, columns, rows: [...rows.values()], note: note || null };
}

const SIGNS = { holds: "\u2713", fails: "\u2715", unclear: "?", "not tested": "\u2013" };

function badge(verdict, told = word(verdict)) {
  return el("span", { class: "badge", "data-verdict": verdict }, el("i", { "aria-hidden": "true" }, SIGNS[verdict]), told);
}

// A ledger whose rows all say the same of themselves (another market, say) says it once, above them.
function claimsView() {
  const all = (of) => REPORT.claims.length > 2 && new Set(REPORT.claims.map((c) => JSON.stringify(of(c)))).size === 1;
  const once = all((c) => [c.reason, c.verdict]), names = ["statement", "published", "ours", "difference", "reason", "verdict"].filter((n) => !once || (n !== "reason" && n !== "verdict" && !(n === "difference" && all((c) => c.difference))));
  const row = (c) => {
    const cells = { statement: prose(c.statement), published: prose(c.published), ours: prose(c.ours), difference: c.difference, reason: prose(c.reason), verdict: badge(c.verdict) };
    return el("tr", {}, names.map((n, i) => el(i ? "td" : "th", { "data-label": word(n), class: n, scope: i ? null : "row" }, cells[n])));
  };
  const first = REPORT.claims[0], told = once ? el("p", { class: "words" }, badge(first.verdict), " ", prose(first.reason)) : null;
  return [told, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word("claims") }, el("table", { class: once ? "claims once" : "claims" }, el("caption", {}, word("claims")), el("thead", {}, el("tr", {}, names.map((n) => el("th", { scope: "col" }, word(n))))), el("tbody", {}, REPORT.claims.map(row))))];
}

function provenanceView(held) {
  if (held === null || typeof held !== "object") return el("span", { class: /^[0-9a-f]{16,}$/.test(String(held)) ? "hash" : null }, held === null ? MISSING : String(held));
  if (Array.isArray(held) && held.every((one) => one === null || typeof one !== "object")) return el("span", {}, held.map(String).join(", ") || MISSING);
  if (!Array.isArray(held) && "en" in held && "zh" in held) return el("span", {}, say(held));
  const entries = Array.isArray(held) ? held.map((one, i) => [String(i + 1), one]) : Object.entries(held);
  return el("dl", { class: "tree" }, entries.map(([key, one]) => el("div", { class: one !== null && typeof one === "object" && !(Array.isArray(one) && one.every((v) => v === null || typeof v !== "object")) ? "branch" : "leaf" }, el("dt", {}, named(key)), el("dd", {}, provenanceView(one)))));
}
