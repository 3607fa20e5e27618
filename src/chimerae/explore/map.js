// The plane of the first two directions as a map of pictures.

import { ask, latest } from "./ask.js";
import { element, saver } from "./parts.js";
import { shown, state, text } from "./state.js";

const place = document.getElementById("maps");
let about = null;
let go = null;
let key = "";
let planes = new Map();
const places = new Map();
let agreed = false;

/** Prepare the maps; `moved(places)` is called with new places of the first two directions. */
export function build(facts, moved) {
  about = facts;
  go = moved;
}

/** Ask for the maps, unless they are those of the code but for its first two directions. */
export const draw = latest(async () => {
  const base = text(state.code, [1, 2]);
  const runs = shown();
  if (key === `${base} ${runs}`) return;
  if (!agreed && state.shown.some((i) => about.runs[i].large)) {
    const button = element("button", { type: "button" }, "Draw the map");
    button.addEventListener("click", () => { agreed = true; draw(); });
    place.replaceChildren(button);
    return;
  }
  const found = await ask("map", { code: base, runs });
  key = `${base} ${runs}`;
  planes = new Map();
  place.replaceChildren(...found.runs.map((run) => mapOf(run, base)));
  mark();
});

function mapOf(run, code) {
  const facts = about.runs[run.run];
  if (run.error) return element("p", { class: "notes" }, `${facts.label}: ${run.error}`);
  const network = facts.networks.at(-1);
  const img = element("img", { src: run.src, alt: "" });
  img.classList.toggle("pixels", Math.max(facts.width, facts.height) < 48);
  const dot = element("i");
  const plane = element("div", {
    class: "plane", tabIndex: 0, role: "application",
    "aria-label": `Map of ${facts.label}: arrow keys move the code along directions 1 and 2`,
  }, img, dot);
  planes.set(run.run, { dot, run });
  plane.addEventListener("click", (event) => {
    const box = img.getBoundingClientRect();
    go(placesAt(run, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
  });
  plane.addEventListener("keydown", (event) => arrow(event, run));
  const title = about.runs.length > 1 ? `${facts.label}, ${network}` : network;
  const png = saver("PNG", "map.png", { run: run.run, code }, `${facts.label}-map.png`);
  return element(
    "figure", { class: "map" }, element("figcaption", {}, element("b", {}, title), png), plane,
    element("div", { class: "axis" }, `direction 1: −${about.reach}`, element("span", {}, `${about.reach}`)),
  );
}

const cell = (run) => (2 * about.reach) / (run.columns - 1);

function placesAt(run, x, y) {
  const column = x * run.columns - 0.5;
  const line = run.rows - 1 - (y * run.rows - 0.5);
  return [-about.reach + column * cell(run), run.rows > 1 ? -about.reach + line * cell(run) : 0];
}

function arrow(event, run) {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!step) return;
  event.preventDefault();
  const here = placesOf(run);
  go(step.map((way, i) => here[i] + (way * cell(run)) / 2));
}

const placesOf = (run) => [0, 1].map((i) => state.code.moves.get(i + 1) ?? (places.get(run.run) || [])[i] ?? 0);

/** Mark the place of the code on the maps, with the places that the server told for each run. */
export function mark(runs = []) {
  for (const run of runs) places.set(run.run, run.places || []);
  for (const { dot, run } of planes.values()) {
    const [x, y] = placesOf(run);
    const column = (x + about.reach) / cell(run) + 0.5;
    const line = run.rows > 1 ? run.rows - 1 - (y + about.reach) / cell(run) + 0.5 : 0.5;
    dot.style.left = `${100 * Math.min(1, Math.max(0, column / run.columns))}%`;
    dot.style.top = `${100 * Math.min(1, Math.max(0, line / run.rows))}%`;
  }
}
