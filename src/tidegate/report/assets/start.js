// Build the page, draw the figures, and do so again when the reader chooses otherwise.
function build() {
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
  follow(parts);
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

let watcher = null;
function follow(parts) {
  watcher?.disconnect();
  const links = new Map([...document.querySelectorAll("#contents a")].map((a) => [a.dataset.to, a]));
  watcher = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) {
      for (const a of links.values()) a.removeAttribute("aria-current");
      links.get(one.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-72px 0px -70% 0px" });
  for (const part of parts) watcher.observe(document.getElementById(part.id));
}

function redraw() { for (const held of drawnFigures.values()) drawFigure(held, false); }

let resting = null;
addEventListener("resize", () => { clearTimeout(resting); resting = setTimeout(redraw, 120); });
addEventListener("hashchange", () => {
  const before = JSON.stringify([state.lang, state.theme, state.up, state.figure, state.pictures]);
  const place = scrollY;
  readState();
  if (before === JSON.stringify([state.lang, state.theme, state.up, state.figure, state.pictures])) return;
  build();
  if (!state.at) scrollTo(0, place);
});
addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; readPalette(); for (const held of drawnFigures.values()) drawFigure(held, true); });
addEventListener("afterprint", () => { document.documentElement.dataset.theme = state.theme; readPalette(); for (const held of drawnFigures.values()) drawFigure(held, true); });
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); document.getElementById("main").focus(); });
mark();
readState();
build();
