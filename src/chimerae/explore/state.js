// The state of the page, and its form in the address: ?run=...&code=...&from=...&to=...&at=...&way=...

/** Code: origin, number or key, class ("" for its own), and moved directions (from 1 on) with their places. */
export const state = { code: null, from: "", to: "", at: 50, way: "spherical", shown: [] };
const names = new Map();

/** Names of the classes. */
export const classNames = [];

/** The code `{origin, which, label, moves}` of a text such as draw-12@4*1_0.5, or null. */
export function parsed(text) {
  const [base, ...moves] = (text || "").split("*");
  const found = /^(draw|held|mine)-(\w{1,16})(?:@(\d{1,6}))?$/.exec(base);
  if (!found) return null;
  return { origin: found[1], which: found[2], label: found[3] || "", moves: new Map(moves.map((move) => move.split("_").map(Number))) };
}

/** The text of a code; without its moves along the directions of `except`. */
export function text(code, except = []) {
  const moves = [...code.moves].filter(([axis]) => !except.includes(axis)).sort((a, b) => a[0] - b[0]);
  const base = `${code.origin}-${code.which}${code.label ? `@${code.label}` : ""}`;
  return [base, ...moves.map(([axis, place]) => `${axis}_${Number(place.toFixed(2))}`)].join("*");
}

/** Remember the file name of an uploaded picture. */
export function name(which, file) {
  if (file) names.set(which, file);
}

/** A code in words. */
export function words(code) {
  const own = names.get(code.which) || "your picture";
  const origin = { draw: `draw ${code.which}`, held: `held-out image ${code.which}`, mine: own }[code.origin];
  return `${origin}${code.label ? ` as ${classNames[code.label] ?? `class ${code.label}`}` : ""}${code.moves.size ? ", moved" : ""}`;
}

/** Take the state of the address; a line tells of what it cannot restore, or is empty. */
export function restore(about) {
  const given = new URLSearchParams(location.search);
  const labels = about.runs.map((run) => run.label);
  const wanted = given.getAll("run");
  const missing = wanted.filter((label) => !labels.includes(label));
  state.shown = labels.map((_, i) => i).filter((i) => wanted.includes(labels[i]));
  if (!state.shown.length) state.shown = labels.map((_, i) => i);
  const first = about.runs.some((run) => run.draws) ? "draw" : "held";
  state.code = parsed(given.get("code")) || parsed(`${first}-0`);
  state.from = parsed(given.get("from")) ? given.get("from") : `${first}-0`;
  state.to = parsed(given.get("to")) ? given.get("to") : `${first}-1`;
  state.at = Math.min(100, Math.max(0, Number(given.get("at") ?? 50) || 0));
  state.way = given.get("way") === "linear" ? "linear" : "spherical";
  return missing.length ? `The link is of the run '${missing[0]}', which is not on this page.` : "";
}

let due = 0;

/** Write the state into the address, soon; a new code is a step of the browser's history. */
export function remember(about, step = false) {
  const put = () => {
    due = 0;
    const params = new URLSearchParams();
    for (const i of state.shown) params.append("run", about.runs[i].label);
    params.set("code", text(state.code));
    for (const key of ["from", "to", "at", "way"]) params.set(key, state[key]);
    history[step ? "pushState" : "replaceState"](null, "", `?${params}`);
  };
  clearTimeout(due);
  if (step) put();
  else due = setTimeout(put, 250);
}

/** Numbers of the runs that are shown, as the server takes them. */
export const shown = () => state.shown.join(".");
