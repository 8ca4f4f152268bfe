// Tables: sorted by a click, numbers right-aligned under each other, long ones folded.
const FEW = 24;

function tableView(table, options) {
  const choices = table.pick ? [...new Map(table.rows.map((row) => [JSON.stringify(row[table.pick]), row[table.pick]])).values()] : [];
  const view = { sort: null, down: false, all: false, pick: choices.length ? JSON.stringify(choices[choices.length - 1]) : null };
  const box = el("div", { class: "tablebox" }), place = el("div");
  const digits = Object.fromEntries(table.columns.map((c) => [c.key, columnDigits(table, c)]));

  function draw() {
    const rows = sorted(table, view);
    const cut = view.all || rows.length <= FEW + 6 ? rows : rows.slice(0, FEW);
    const shownColumns = choices.length > 1 ? table.columns.filter((c) => c.key !== table.pick) : table.columns;
    const head = shownColumns.map((column) => headCell(table, column, view, draw));
    const body = cut.map(({ row, role }) => el("tr", { "data-role": role },
      shownColumns.map((column, i) => bodyCell(row[column.key], column, digits[column.key], i === 0, role))));
    const grid = el("table", { class: (options || {}).class || "grid" },
      table.title && el("caption", {}, say(table.title)), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
    empty(place).append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say(table.title) || word("table") }, grid));
    if (cut.length < rows.length || view.all) {
      const label = view.all ? word("showFew") : word("showAll", { n: rows.length.toLocaleString("en") });
      place.append(el("button", { class: "more", type: "button", onclick: () => { view.all = !view.all; draw(); } }, label));
    }
    if (table.note) place.append(el("p", { class: "note" }, prose(table.note)));
  }
  if (choices.length > 1) box.append(picker(table, choices, view, draw));
  box.append(place);
  draw();
  box.addEventListener("click", () => requestAnimationFrame(fitTables));
  return box;
}

// One value of a column at a time, chosen by its list or a step to either side.
function picker(table, choices, view, draw) {
  const column = table.columns.find((c) => c.key === table.pick), name = say(column.title);
  const list = el("select", { "aria-label": name }, choices.map((v) => el("option", { value: JSON.stringify(v) }, shown(v, column.style))));
  list.value = view.pick;
  const show = () => { view.pick = list.value; draw(); };
  const step = (by) => { const i = list.selectedIndex + by; if (i >= 0 && i < choices.length) { list.selectedIndex = i; show(); } };
  list.addEventListener("change", show);
  return el("div", { class: "picker" }, el("span", {}, name),
    el("button", { type: "button", class: "more", title: word("earlier"), "aria-label": word("earlier"), onclick: () => step(-1) }, "\u2039"), list,
    el("button", { type: "button", class: "more", title: word("later"), "aria-label": word("later"), onclick: () => step(1) }, "\u203a"));
}

function sorted(table, view) {
  const rows = table.rows.map((row, i) => ({ row, role: (table.roles || [])[i], i })).filter((item) => view.pick === null || JSON.stringify(item.row[table.pick]) === view.pick);
  if (view.sort === null) return rows;
  const of = (item) => plainCell(item.row[view.sort]);
  return rows.sort((a, b) => {
    const x = of(a), y = of(b), gone = (v) => v === null || v === undefined || v === "";
    if (gone(x) || gone(y)) return gone(x) - gone(y) || a.i - b.i;
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), state.lang);
    return (view.down ? -order : order) || a.i - b.i;
  });
}

function headCell(table, column, view, draw) {
  const active = view.sort === column.key;
  const press = () => { view.down = active ? !view.down : isNumeric(column); view.sort = column.key; draw(); };
  const name = say(column.title);
  return el("th", { scope: "col", class: isNumeric(column) ? "num" : null, "aria-sort": active ? (view.down ? "descending" : "ascending") : null },
    el("button", { type: "button", class: "sort", title: word("sortBy", { name }), onclick: press }, name,
      el("span", { class: "arrow", "aria-hidden": "true" }, active ? (view.down ? "\u2193" : "\u2191") : "")));
}

function bodyCell(value, column, digits, first, role) {
  const kind = { class: isNumeric(column) ? "num" : column.style === "date" ? "date" : first && role ? "dotted" : null, title: isInterval(value) && value.note ? say(value.note) : null };
  const dot = first && role ? el("i", { class: "dot", "data-role": role, "aria-hidden": "true" }) : null;
  const judged = value !== null && typeof value === "object" && "verdict" in value;
  const text = judged ? badge(value.verdict, say(value)) : isInterval(value) ? intervalText(value, column.style, digits) : shown(value, column.style, digits);
  return el(first ? "th" : "td", { ...kind, scope: first ? "row" : null }, dot, text);
}

function intervalText(value, style, digits) {
  const main = shown(value.value, style, digits);
  if (value.low === null || value.low === undefined) return main;
  const range = "[" + shown(value.low, style, digits) + ", " + shown(value.high, style, digits) + "]";
  return [main, el("span", { class: "range" }, " " + range)];
}

// Where a table is wider than its place, intervals go below their values; only then does it scroll.
function fitTables() {
  for (const box of document.querySelectorAll(".scroll")) {
    const table = box.firstElementChild;
    table.classList.remove("stacked");
    if (box.scrollWidth > box.clientWidth + 1) table.classList.add("stacked");
    box.classList.toggle("wide", box.scrollWidth > box.clientWidth + 1);
  }
}

function isInterval(value) { return value !== null && typeof value === "object" && "value" in value; }
function plainCell(value) { return isInterval(value) ? value.value : value !== null && typeof value === "object" ? say(value) : value; }
function isNumeric(column) { return ["integer", "number", "percent", "money"].includes(column.style); }

function columnDigits(table, column) {
  if (column.digits !== undefined) return column.digits;
  if (!isNumeric(column)) return undefined;
  const cells = table.rows.map((row) => row[column.key]), widths = cells.filter((c) => isInterval(c) && typeof c.low === "number").map((c) => c.high - c.low).filter((w) => w > 0);
  const plain = digitsFor(cells.map(plainCell), column.style);
  if (!widths.length || column.style !== "number") return plain;
  const widest = Math.max(...widths); // an interval says how many decimals mean anything
  return widest >= 100 ? 0 : widest >= 10 ? 1 : widest >= 0.2 ? 2 : widest >= 0.02 ? 3 : 4;
}

function csvText(header, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : typeof value === "object" ? say(value) : String(value);
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  };
  return [header, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function tableCsv(table) {
  const header = [], pick = [];
  for (const { key } of table.columns) {
    const wide = table.rows.some((row) => isInterval(row[key]));
    for (const part of wide ? ["value", "low", "high"] : [null]) {
      header.push(part && part !== "value" ? key + "_" + part : key);
      pick.push((row) => (isInterval(row[key]) ? row[key][part] : part === null || part === "value" ? row[key] : null));
    }
  }
  return csvText(header, table.rows.map((row) => pick.map((of) => of(row))));
}
