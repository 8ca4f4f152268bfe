// Build the page, draw the figures, and do so again when the reader chooses otherwise.
let built = null;
function choices() { return JSON.stringify([state.lang, state.theme, state.up, state.figure, state.pictures]); }

function build() {
  built = choices();
  const root = document.documentElement;
  root.lang = state.lang === "zh" ? "zh-CN" : "en";
  root.dataset.theme = state.theme;
  root.dataset.ready = "false";
  document.title = say(REPORT.title);
  readPalette();
  for (const held of drawnFigures.values()) held.chart?.dispose();
  drawnFigures.clear();
  const parts = plan(), numbers = new Map(), main = empty(document.getElementById("main"));
  parts.flatMap((p) => p.shows).filter((key) => REPORT.figures.some((f) => f.key === key)).forEach((key) => { if (!numbers.has(key)) numbers.set(key, numbers.size + 1); });
  if (state.pictures) return picturesView(main);
  if (state.figure !== null) return aloneView(main);
  root.dataset.view = "page";
  document.getElementById("skip").textContent = word("skip");
  empty(document.getElementById("bar")).append(...barView());
  const contents = empty(document.getElementById("contents"));
  contents.setAttribute("aria-label", word("contents"));
  contents.append(contentsView(parts));
  main.append(headView(), ...parts.map((part) => sectionView(part, numbers)));
  empty(document.getElementById("foot")).append(el("p", {}, word("foot")));
  fitTables();
  follow();
  drawAll([...drawnFigures.values()]);
  if (state.at) jump(state.at);
}

// One figure after the other, so that the page can be read while they are drawn.
let turn = 0;
function drawAll(waiting) {
  const mine = ++turn;
  const next = () => {
    if (mine !== turn) return;
    const held = waiting.shift();
    if (!held) { done(); return; }
    drawFigure(held, true);
    setTimeout(next, 0);
  };
  next();
}

function done() {
  mark();
  document.documentElement.dataset.figures = String(drawnFigures.size);
  document.documentElement.dataset.ready = "true";
}

function aloneView(main) {
  document.documentElement.dataset.view = "alone";
  const figure = REPORT.figures.find((f) => f.key === state.figure);
  if (figure) main.append(figureView(figure, 1)); else main.append(el("p", {}, word("nothing")));
  drawAll([...drawnFigures.values()]);
}

// Every figure as text: the vector drawing, and the pixels in base 64. For programs that read the page.
function picturesView(main) {
  document.documentElement.dataset.view = "pictures";
  for (const figure of REPORT.figures) {
    main.append(el("pre", { "data-figure": figure.key, "data-form": "svg" }, svgOf(figure)));
    main.append(el("pre", { "data-figure": figure.key, "data-form": "png" }, pngOf(figure).toDataURL("image/png").replace(/^.*,/, "")));
  }
  done();
}

// The contents mark the section that is being read: the last one whose head has passed the bar.
function follow() {
  const links = [...document.querySelectorAll("#contents a")];
  const passed = links.filter((a) => document.getElementById(a.dataset.to)?.getBoundingClientRect().top < 160);
  const here = passed.at(-1) || links[0];
  for (const a of links) if (a === here) a.setAttribute("aria-current", "true"); else a.removeAttribute("aria-current");
}

function redraw() { for (const held of drawnFigures.values()) drawFigure(held, false); fitTables(); follow(); }

let resting = null, scrolled = 0, lastWidth = 0;
addEventListener("scroll", () => { cancelAnimationFrame(scrolled); scrolled = requestAnimationFrame(follow); }, { passive: true });
// At once for a single change of width, at the end for a long drag.
new ResizeObserver(() => {
  const width = document.getElementById("main").clientWidth, first = resting === null;
  if (width === lastWidth) return;
  lastWidth = width;
  if (first) requestAnimationFrame(redraw);
  clearTimeout(resting);
  resting = setTimeout(() => { resting = null; redraw(); }, 150);
}).observe(document.getElementById("main"));
addEventListener("hashchange", () => {
  const place = scrollY;
  readState();
  if (built === choices()) return;
  build();
  if (!state.at) scrollTo(0, place);
});
addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; readPalette(); for (const held of drawnFigures.values()) drawFigure(held, true); });
addEventListener("afterprint", () => { document.documentElement.dataset.theme = state.theme; readPalette(); for (const held of drawnFigures.values()) drawFigure(held, true); });
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); document.getElementById("main").focus(); });
mark();
readState();
build();
