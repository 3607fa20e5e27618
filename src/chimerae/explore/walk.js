// The walk between two codes: its ends, its place, and the pictures on the way.

import { ask, latest } from "./ask.js";
import { element, saver, show } from "./parts.js";
import { name, parsed, shown, state, text, words } from "./state.js";

const at = document.getElementById("at");
const way = document.getElementById("way");
const ways = document.getElementById("ways");
const slots = {};
let about = null;
let rows = [];

/** Prepare the ends. `picked(end, file)` takes a file, `opened(code)` shows a code above, `moved()` saves the state. */
export function build(facts, picked, opened, moved) {
  about = facts;
  for (const end of ["from", "to"]) slots[end] = slot(end, picked, opened);
  at.addEventListener("input", () => { state.at = Number(at.value); place(); moved(); });
  way.addEventListener("change", () => { state.way = way.value; walk(); moved(); });
}

function slot(end, picked, opened) {
  const img = element("img", { hidden: true });
  const title = element("b");
  const open = element("button", { type: "button", title: "Show this code above" }, "Show above");
  open.addEventListener("click", () => opened(parsed(state[end])));
  const file = element("input", { type: "file", accept: "image/*", "aria-label": `Your picture as the ${end === "from" ? "start" : "end"}` });
  file.addEventListener("change", () => { if (file.files.length) picked(end, file.files[0]); file.value = ""; });
  const head = element("span", { class: "soft" }, end === "from" ? "Start" : "End");
  file.hidden = !about.runs.some((run) => run.encodes);
  document.getElementById(end).replaceChildren(img, head, title, element("div", { class: "row" }, open), file);
  return { img, title };
}

function queries(run, network) {
  return { run, network, from: state.from, to: state.to, way: state.way };
}

/** Ask for the walk and show it. */
export const walk = latest(async () => {
  const asked = { from: state.from, to: state.to, way: state.way, runs: shown() };
  const found = await ask("walk", asked);
  found.names.forEach((file, i) => name(parsed(asked[["from", "to"][i]]).which, file));
  rows = [];
  const made = [];
  for (const run of found.runs) {
    const label = about.runs[run.run].label;
    if (run.error) made.push(element("p", { class: "notes" }, `${label}: ${run.error}`));
    for (const [network, frames] of Object.entries(run.networks || {})) {
      made.push(wayOf(run.run, label, network, frames));
    }
  }
  ways.replaceChildren(...made);
  ends(found.runs);
  place();
});

function wayOf(run, label, network, frames) {
  const big = show(element("img"), frames[0], "");
  const few = frames.filter((_, i) => i % (frames.length > 9 ? 2 : 1) === 0);
  const strip = few.map((frame, i) => {
    const img = show(element("img"), frame, "");
    img.addEventListener("click", () => { at.value = (100 * i) / (few.length - 1); at.dispatchEvent(new Event("input")); });
    return img;
  });
  rows.push({ big, frames, strip, title: `${label}, ${network}` });
  const title = about.runs.length > 1 ? `${label}, ${network}` : network;
  const gif = saver("GIF", "walk.gif", queries(run, network), `${label}-${network}-walk.gif`);
  return element(
    "figure", { class: "way" },
    element("figcaption", {}, element("b", {}, title), gif),
    element("div", { class: "frame" }, big), element("div", { class: "strip-of" }, ...strip),
  );
}

function ends(runs) {
  const first = runs.find((run) => !run.error);
  ["from", "to"].forEach((end, i) => {
    const code = parsed(state[end]);
    slots[end].title.textContent = words(code);
    slots[end].img.hidden = !first;
    if (!first) return;
    const frames = Object.values(first.networks).at(-1);
    show(slots[end].img, first.ends[i] || frames[i ? frames.length - 1 : 0], words(code));
  });
}

/** Show the picture at the place of the slider. */
export function place() {
  at.value = state.at;
  way.value = state.way;
  at.setAttribute("aria-valuetext", `${state.at} percent of the way`);
  for (const { big, frames, strip, title } of rows) {
    show(big, frames[Math.round((state.at / 100) * (frames.length - 1))], `${title}, ${state.at} percent of the way`);
    const here = Math.round((state.at / 100) * (strip.length - 1));
    strip.forEach((img, i) => img.classList.toggle("here", i === here));
  }
}

/** Keep the code above as an end. */
export function lock(end) {
  state[end] = text(state.code);
  walk();
}
