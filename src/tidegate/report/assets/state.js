// What the reader has chosen. It lives in the address after "#" and nowhere else: #zh,dark,redup,at=SECTION
const SOURCE = JSON.parse(document.getElementById("report").textContent);
const REPORT = SOURCE.report;
for (const figure of REPORT.figures) {
  for (const series of figure.series) {
    for (const name of Object.keys(series.data)) series.data[name] = SOURCE.columns[series.data[name]];
  }
}

const state = { lang: "en", theme: "light", up: null, at: null, figure: null, pictures: false };
const faults = [];
window.addEventListener("error", (event) => { faults.push(String(event.message)); mark(); });
document.addEventListener("securitypolicyviolation", (event) => { faults.push("policy: " + event.violatedDirective); mark(); });

function mark() {
  document.documentElement.dataset.errors = String(faults.length);
  if (faults.length) document.documentElement.dataset.fault = faults[0];
}

function readState() {
  const language = (navigator.language || "en").toLowerCase();
  state.lang = language.startsWith("zh") ? "zh" : "en";
  state.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  state.up = null; state.at = null; state.figure = null; state.pictures = false;
  for (const token of location.hash.replace(/^#/, "").split(/[,&]/)) {
    const [name, value] = token.split("=").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
    if (name === "en" || name === "zh") state.lang = name;
    if (name === "light" || name === "dark") state.theme = name;
    if (name === "redup" || name === "greenup") state.up = name;
    if (name === "at") state.at = value;
    if (name === "figure") state.figure = value;
    if (name === "pictures") state.pictures = true;
  }
}

function writeState() {
  const tokens = [state.lang, state.theme];
  if (state.up) tokens.push(state.up);
  if (state.figure) tokens.push("figure=" + encodeURIComponent(state.figure));
  if (state.at) tokens.push("at=" + encodeURIComponent(state.at));
  location.replace("#" + tokens.join(","));
}

function redUp() { return state.up ? state.up === "redup" : state.lang === "zh"; }

function word(key, values) {
  let text = WORDS[state.lang][key] ?? key;
  for (const [name, value] of Object.entries(values || {})) text = text.replace("{" + name + "}", value);
  return text;
}

// A text in two languages, or a plain value, as it is shown.
function say(text) {
  if (text === null || text === undefined) return "";
  if (typeof text === "object" && "en" in text) return String(state.lang === "zh" ? text.zh : text.en);
  return String(text);
}

// The name of a measure or a subject.
function named(key) {
  if (Object.hasOwn(REPORT.glossary, key)) return say(REPORT.glossary[key]);
  if (Object.hasOwn(GLOSSARY, key)) return GLOSSARY[key][state.lang === "zh" ? 1 : 0];
  return key.replace(/_/g, " ");
}
