// Numbers as they are read: fractions become percents here and nowhere else.
const MINUS = "\u2212", MISSING = "\u2014";

function fixed(value, digits) {
  const [whole, part] = Math.abs(value).toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "");
  return (value < 0 && Number(whole + "." + (part || "")) !== 0 ? MINUS : "") + grouped;
}

function trimmed(value, digits) { return fixed(value, digits).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, ""); }

// A number too long to read: 1.2e+9 becomes 1.2×10⁹.
function powered(value) {
  const [part, power] = value.toExponential(1).replace("-", MINUS).split("e");
  return part + "\u00d710" + [...power.replace("+", "")].map((c) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[Number(c)]).join("");
}

// Decimals that suit a whole column, so that points stand under points.
function digitsFor(values, style) {
  const sizes = values.flat().filter((v) => typeof v === "number" && v !== 0).map((v) => Math.abs(v) * (style === "percent" ? 100 : 1));
  if (style === "integer") return 0;
  if (style === "percent") return sizes.length && Math.max(...sizes) < 1 ? 2 : 1;
  if (!sizes.length) return 0;
  const whole = values.every((v) => typeof v !== "number" || Number.isInteger(v));
  if (style === "money") return whole || Math.max(...sizes) >= 10000 ? 0 : 2;
  if (whole) return 0;
  const largest = sizes.reduce((a, b) => Math.max(a, b), 0);
  return largest >= 1000 ? 0 : largest >= 100 ? 1 : largest >= 1 ? 2 : largest >= 0.01 ? 4 : 6;
}

function shown(value, style, digits) {
  if (value === null || value === undefined || value === "") return MISSING;
  if (typeof value === "boolean") return value ? "\u2713" : "\u2715";
  if (typeof value !== "number") return style === "date" ? dateText(String(value)) : say(value);
  const places = digits ?? digitsFor([value], style);
  if (style === "percent") return (Math.abs(value) < 1e4 ? fixed(value * 100, places) : powered(value * 100)) + "%";
  if (style === "text") return String(value);
  if (value !== 0 && Math.abs(value) < 1e-4 && style === "number") return value.toExponential(1).replace("-", MINUS).replace("e\u2212", "e" + MINUS);
  return fixed(value, places);
}

// On an axis: as short as can be.
function tick(value, style, step) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "";
  const needed = step > 0 ? Math.min(7, Math.ceil(-Math.log10(step))) : 0; // neighbours must not read alike
  if (style === "percent") return trimmed(value * 100, Math.max(2, needed - 2)) + "%";
  const size = Math.abs(value);
  if (size >= 1e5 && style !== "integer") {
    const units = state.lang === "zh" ? [[1e8, "亿"], [1e4, "万"]] : [[1e9, "B"], [1e6, "M"], [1e3, "k"]];
    for (const [unit, sign] of units) if (size >= unit) return trimmed(value / unit, 2) + sign;
  }
  if (size > 0 && size < 1e-4) return value.toExponential(0).replace("e-", "e" + MINUS);
  return trimmed(value, Math.max(needed, size >= 100 ? 1 : size >= 1 ? 2 : 4));
}

function dateText(text) { return text.replace("T", " ").replace(/ 00:00(:00)?(\.0+)?$/, "").replace(/(:\d\d):00$/, "$1"); }

function unitStyle(unit, values) {
  if (/^(fraction|percent|share)/.test(unit)) return "percent";
  if (/yuan|cny|usd|dollar|money/i.test(unit)) return "money";
  return values.every((v) => v === null || Number.isInteger(v)) ? "integer" : "number";
}
