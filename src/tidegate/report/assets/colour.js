// One palette, kept in the style sheet; a series gets its colour by its role and its place among that role.
let palette = null;

function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue("--" + name).trim();
  const ramp = (name, n) => Array.from({ length: n }, (_, i) => get(name + "-" + (i + 1)));
  const main = ramp("main", 5), rival = ramp("rival", 3);
  palette = {
    main, rival, benchmark: ramp("benchmark", 2), truth: [get("truth")], doubt: [get("doubt")], plain: [...main, ...rival],
    ink: get("ink"), soft: get("soft"), faint: get("faint"), rule: get("rule"), paper: get("paper"), raised: get("raised"),
    red: get("red"), green: get("green"), heat: ramp("heat", 5), split: ramp("split", 7), sans: get("sans").replace(/"/g, "")
  };
}

const STROKES = ["solid", "dashed", "dotted"];

// Key → {colour, stroke}: what follows another series shares its colour; when a role's colours are used up, the stroke changes.
function inks(figure) {
  const used = {}, out = {};
  for (const series of figure.series.filter((s) => s.follows === null)) {
    const ramp = palette[series.role], i = used[series.role] ?? 0;
    used[series.role] = i + 1;
    const turn = Math.floor(i / ramp.length);
    const base = series.role === "benchmark" && series.stroke === "solid" ? i : 0;
    out[series.key] = { colour: ramp[i % ramp.length], stroke: series.stroke === "solid" ? STROKES[(turn + (base ? 1 : 0)) % 3] : series.stroke };
  }
  for (const series of figure.series.filter((s) => s.follows !== null)) {
    let leader = series, steps = 0;
    while (leader.follows !== null && steps++ < 9) leader = figure.series.find((s) => s.key === leader.follows);
    out[series.key] = { colour: (out[leader.key] || { colour: palette.plain[0] }).colour, stroke: series.stroke, leader: leader.key };
  }
  return out;
}

function faded(colour, opacity) {
  const n = parseInt(colour.slice(1), 16);
  return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${opacity})`;
}
